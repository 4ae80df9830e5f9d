"""A worker's signs of life: one when it takes a task, more while it has a short one in hand, one when it is free again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone
from django.utils.module_loading import import_string

from strategies import queue
from strategies.cut_off import is_cut_off
from strategies.models import Pulse
from strategies.workers import WorkerIdentity

log = logging.getLogger(__name__)

SIGN_EVERY_SECONDS = 3.0  # half of the least that PORTAL_PULSE_SECONDS may be


def answer(cluster: str) -> None:
    """The pulse itself has come through the queue: nothing is asked any more."""
    now = timezone.now()
    with _cut_short("the pulse"):
        Pulse.objects.filter(cluster=cluster).update(
            asked_at=None, answered_at=now, answered_by=WorkerIdentity.current().text
        )


def take(path: str, argument: int, cluster: str) -> None:
    """Do the task that a wake-up is for. The question of the pulse may have to wait behind it; the signs do not.

    Runs give signs of their own (JobRun.heartbeat_at), and how many are in hand can be counted.
    """
    _sign(cluster)
    try:
        with _cut_short(f"{path}({argument})"):
            if cluster == queue.DEFAULT:
                with _signs(cluster):
                    import_string(path)(argument)
            else:
                import_string(path)(argument)
    finally:
        _sign(cluster)


@contextmanager
def _cut_short(what: str) -> Iterator[None]:
    """While the portal's database is away, a task that needs it ends here: the tick has it done again when it is back."""
    try:
        yield
    except Error as trouble:
        if not is_cut_off(trouble):
            raise
        log.warning("%s was cut short: the portal's database does not answer", what, exc_info=True)
        connection.close()


@contextmanager
def _signs(cluster: str) -> Iterator[None]:
    """Signs of life from a thread of its own: the task may wait for a target all the while."""
    over = threading.Event()
    thread = threading.Thread(target=_give_signs, args=(cluster, over), name="signs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=SIGN_EVERY_SECONDS)  # it may wait for the database; the next task need not


def _give_signs(cluster: str, over: threading.Event) -> None:
    """No longer than the queue lets a task take: a worker that hangs has to be found out."""
    try:
        for _ in range(int(settings.Q_CLUSTER["timeout"] / SIGN_EVERY_SECONDS)):
            if over.wait(SIGN_EVERY_SECONDS):
                return
            _sign(cluster)
    finally:
        connection.close()


def _sign(cluster: str) -> None:
    """Trouble here is no reason to leave the task undone."""
    try:
        Pulse.objects.filter(cluster=cluster).update(
            answered_at=timezone.now(), answered_by=WorkerIdentity.current().text
        )
    except Error:
        log.warning("a worker of %s could not give a sign of life", cluster, exc_info=True)
        connection.close()
