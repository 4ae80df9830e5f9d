"""`manage.py worker CLUSTER`: one cluster of workers, which ends in order and takes its whole process group with it."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, close_old_connections, connection
from django_q.cluster import Cluster

from maintenance_portal import processes
from maintenance_portal.held_runs import HeldRuns
from strategies import queue

log = logging.getLogger(__name__)

_AFTER_GRACE = 10.0  # seconds for a cancelled run to write down what became of it


class Command(BaseCommand):
    help = "Run one cluster of workers: `maintenance` carries out runs, `default` does everything short."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("cluster", choices=(queue.MAINTENANCE, queue.DEFAULT))

    def handle(self, *args: Any, cluster: str, **options: Any) -> None:
        if os.environ.get("Q_CLUSTER_NAME") != cluster:
            # django-q2 reads it once, when it is imported, and that was before this line.
            os.environ["Q_CLUSTER_NAME"] = cluster
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
        processes.lead_group()
        take_over(cluster)
        if not Workers().run():
            sys.exit(1)


def take_over(cluster: str) -> None:
    """From the cluster before. Trouble is no reason not to start: what was lost is sent again, only later."""
    try:
        queue.take_over(cluster)
    except Error:
        log.warning("the wake-ups of the cluster before could not be taken over", exc_info=True)
    finally:
        connection.close()  # no process that is started from here on may share it


class Workers:
    """One django-q2 cluster from its start to its end."""

    def __init__(self) -> None:
        self._stop, self._hurry, self._retire = processes.Flag(), processes.Flag(), processes.Flag()
        self._group = os.getpgid(0)
        self._held = HeldRuns(self._group)
        with processes.signals_held():
            self._cluster = Cluster()
            processes.stop_on_signals(self._stop, self._hurry)  # instead of django-q2's own, which wait without end
            signal.signal(signal.SIGUSR1, lambda *_: self._retire.set())

    def run(self) -> bool:
        """Until the end was asked for, or the cluster broke down (False)."""
        self._cluster.start()
        processes.watch_parent(self._stop.set)
        while self._is_alive() and not self._stop.wait(0.2):
            if self._retire.is_set():
                self._take_nothing_new()
        is_asked = self._stop.is_set() or self._retire.is_set()
        self._take_nothing_new()
        self._wait_for_runs()
        if len(processes.group_members(self._group)) > 1:
            processes.end_own_group()
        return is_asked

    def _is_alive(self) -> bool:
        return bool(self._cluster.sentinel.is_alive())

    def _take_nothing_new(self) -> None:
        self._cluster.stop_event.set()

    def _wait_for_runs(self) -> None:
        """Runs pause at their next step, are cancelled after the grace, and a little later everything ends."""
        until = time.monotonic() + settings.PORTAL_GRACE_SECONDS + _AFTER_GRACE
        is_hurried = False
        while time.monotonic() < until:
            if self._hurry.is_set() and not is_hurried:
                is_hurried, until = True, min(until, time.monotonic() + _AFTER_GRACE)
            has_runs = self._ask_runs(is_hurried)
            if not self._is_alive() and not has_runs:
                return  # without the sentinel nobody would tell idle workers to end
            self._cluster.sentinel.join(1.0) if self._is_alive() else time.sleep(1.0)

    def _ask_runs(self, is_hurried: bool) -> bool:
        """Whether there are any left; True where that cannot be known."""
        try:
            close_old_connections()
            if is_hurried:
                self._held.hurry()
            else:
                self._held.ask_to_pause()
            return self._held.count() > 0
        except Error:
            connection.close()
            return True
