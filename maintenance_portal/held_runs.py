"""The runs that one cluster of workers on this machine has in hand, and whether their workers still give signs of life."""

from __future__ import annotations

import os
import signal
import socket
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from maintenance_portal.silence import Silence
from strategies import endings
from strategies.models import ACTIVE, JobRun, Stop
from strategies.workers import WorkerIdentity


class HeldRuns:
    """Told apart by the process group, which leads the identity of each of its workers."""

    def __init__(self, group: int) -> None:
        self._group = group
        self._silences: dict[tuple[int, int], Silence] = {}  # by run and fencing token

    def _rows(self) -> QuerySet[JobRun]:
        return JobRun.objects.filter(worker__startswith=f"{socket.gethostname()}/{self._group}/", status__in=ACTIVE)

    def count(self) -> int:
        return self._rows().count()

    def look(self, now: float) -> tuple[list[int], list[JobRun]]:
        """(runs whose worker is heard, runs whose worker has been silent for two leases) by what we saw ourselves.

        Two leases: the run is looked after from the first on; and a portal's database that was away silences everybody.
        """
        heard, silent, silences = [], [], {}
        for run in (
            self._rows().select_related("target").only("worker", "heartbeat_at", "fencing_token", "target__is_home")
        ):
            key = (run.pk, run.fencing_token)
            silences[key] = self._silences.get(key) or Silence()
            is_silent = silences[key].seconds(run.heartbeat_at, now) > 2 * settings.PORTAL_LEASE_SECONDS
            if is_silent and not _locks_the_portal(run):
                silent.append(run)
            else:
                heard.append(run.pk)
        self._silences = silences
        return heard, silent

    def forget(self) -> None:
        """The database could not be read: nobody's silence counts."""
        self._silences = {}

    def ask_to_pause(self) -> None:
        """At the next step; after the grace the statement that runs is cancelled."""
        endings.ask_shutdown(socket.gethostname(), self._group, timezone.now())

    def hurry(self) -> None:
        """As if the grace were over."""
        self.ask_to_pause()
        long_ago = timezone.now() - timedelta(seconds=settings.PORTAL_GRACE_SECONDS)
        self._rows().filter(stop=Stop.SHUTDOWN, stop_asked_at__gt=long_ago).update(stop_asked_at=long_ago)


def _locks_the_portal(run: JobRun) -> bool:
    """Work on the portal's own SQLite file holds its one write lock: no sign of life can be written until the step is over."""
    return run.target.is_home and connection.vendor == "sqlite"


def kill_hung_worker(run: JobRun, group: int) -> int | None:
    """Kill the process that holds a silent run, if it still lives and belongs to this group; its pid.

    It is in the middle of a run, so it holds no lock of the queue: the cluster replaces it, the others work on.
    """
    worker = WorkerIdentity.parse(run.worker)
    if not worker.is_alive() or _group_of(worker.pid) != group:
        return None
    os.kill(worker.pid, signal.SIGKILL)
    return worker.pid


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
