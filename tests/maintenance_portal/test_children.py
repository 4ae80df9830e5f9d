"""Workers at work are not taken for dead; a replaced cluster is ended only when it holds no run whose worker is still heard."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from maintenance_portal.children import ClusterOfWorkers, GivenUp, Leaver, Service
from maintenance_portal.held_runs import HeldRuns
from maintenance_portal.processes import Child, guarded
from maintenance_portal.silence import PassedOver
from strategies import queue, runs
from strategies.audit import Actor
from strategies.models import JobRun, Pulse, RunStatus, Stop, Target

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child(guarded(SLEEP))
    yield child
    child.clear()


@pytest.fixture
def run(sqlite_target: Target, child: Child) -> JobRun:
    run = runs.ask(Actor("anna"), sqlite_target, "STATISTICS_MAINTENANCE", timezone.now())
    now = timezone.now()
    JobRun.objects.filter(pk=run.pk).update(
        status=RunStatus.RUNNING, worker=f"{socket.gethostname()}/{child.pid}/{child.pid}/0.00", heartbeat_at=now,
        lease_until=now + timedelta(seconds=30), started_at=now,
    )  # fmt: skip
    return run


@pytest.mark.django_db(transaction=True)
def test_a_replaced_cluster_lives_as_long_as_its_run_is_heard(child: Child, run: JobRun) -> None:
    leaver = Leaver(child, HeldRuns(child.pid), patience=0, pauses=False)
    began = time.monotonic()
    for second in range(0, 7200, 20):
        JobRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() + timedelta(seconds=second))
        assert not leaver.is_over(began + second)
    run.refresh_from_db()
    assert (run.stop, child.is_running) == ("", True)
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.SUCCEEDED)
    assert leaver.is_over(began + 7300)
    assert not child.is_running


@pytest.mark.django_db(transaction=True)
def test_a_run_that_fell_silent_keeps_nobody_alive(child: Child, run: JobRun, settings: Any) -> None:
    settings.PORTAL_LEASE_SECONDS = 30
    leaver = Leaver(child, HeldRuns(child.pid), patience=0, pauses=False)
    now = time.monotonic()
    assert not leaver.is_over(now)
    assert not leaver.is_over(now + 59)
    assert leaver.is_over(now + 61)


@pytest.mark.django_db(transaction=True)
def test_a_run_that_holds_the_lock_of_the_portals_own_file_cannot_say_that_it_lives(
    child: Child, run: JobRun, settings: Any
) -> None:
    settings.PORTAL_LEASE_SECONDS = 5
    held = HeldRuns(child.pid)
    now = time.monotonic()
    assert held.look(now) == ([run.pk], [])
    assert [silent.pk for silent in held.look(now + 11)[1]] == [run.pk]
    if connection.vendor == "sqlite":
        Target.objects.update(is_home=False)
        Target.objects.filter(pk=run.target_id).update(is_home=True)
        assert held.look(now + 12) == ([run.pk], [])


@pytest.mark.django_db(transaction=True)
def test_workers_whose_main_process_is_dead_are_asked_to_pause_and_not_waited_for_without_end(
    child: Child, run: JobRun, settings: Any
) -> None:
    settings.PORTAL_GRACE_SECONDS = 10
    leaver = Leaver(child, HeldRuns(child.pid), patience=0, pauses=True)
    now = time.monotonic()
    assert not leaver.is_over(now)
    run.refresh_from_db()
    assert run.stop == Stop.SHUTDOWN
    assert leaver.is_over(now + 30)


class Watched(ClusterOfWorkers):
    """A cluster whose place another would take; time is the test's own."""

    def __init__(self, cluster: str, child: Child) -> None:
        super().__init__(cluster, lambda sentence: None)
        self.child = child
        self._watch(child)
        self._reporter = None  # the child has none
        self.replaced_after: list[int] = []

    def _replace_beside(self, child: Child, held: HeldRuns, why: str) -> None:
        self.replaced_after.append(self.second)

    def watch(self, seconds: int) -> Iterator[int]:
        for self.second in range(seconds):
            yield self.second
            assert self.child is not None
            self.look_closer(self.child, float(self.second))
            if self.replaced_after:
                return


@pytest.mark.django_db(transaction=True)
def test_a_short_cluster_whose_workers_are_at_work_for_minutes_is_left_in_peace(child: Child) -> None:
    """The question waits behind the work; signs come every few seconds."""
    asked_at = timezone.now()
    Pulse.objects.create(cluster=queue.DEFAULT, asked_at=asked_at)
    cluster = Watched(queue.DEFAULT, child)
    for second in cluster.watch(240):
        if second % 5 == 0:
            own = f"{socket.gethostname()}/{child.pid}/1/0.00"
            Pulse.objects.update(answered_at=asked_at + timedelta(seconds=second), answered_by=own)
    assert not cluster.replaced_after


@pytest.mark.django_db(transaction=True)
def test_a_cluster_that_was_asked_and_gives_no_sign_is_replaced(child: Child, settings: Any) -> None:
    Pulse.objects.create(cluster=queue.DEFAULT, asked_at=timezone.now(), answered_at=timezone.now())
    cluster = Watched(queue.DEFAULT, child)
    for _ in cluster.watch(240):
        pass
    assert cluster.replaced_after == [settings.PORTAL_PULSE_SECONDS + 1]


@pytest.mark.django_db(transaction=True)
def test_a_cluster_that_nobody_asked_need_not_say_anything(child: Child) -> None:
    Pulse.objects.create(cluster=queue.DEFAULT, answered_at=timezone.now() - timedelta(hours=1))
    cluster = Watched(queue.DEFAULT, child)
    for _ in cluster.watch(240):
        pass
    assert not cluster.replaced_after


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("workers", "is_replaced"), [(1, False), (2, True)])
def test_a_cluster_of_runs_is_locked_only_where_one_of_its_workers_is_free(
    child: Child, run: JobRun, settings: Any, workers: int, is_replaced: bool
) -> None:
    settings.PORTAL_RUN_WORKERS = workers
    Pulse.objects.create(cluster=queue.MAINTENANCE, asked_at=timezone.now(), answered_at=timezone.now())
    cluster = Watched(queue.MAINTENANCE, child)
    for second in cluster.watch(60):
        JobRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() + timedelta(seconds=second))
    assert bool(cluster.replaced_after) is is_replaced


@pytest.mark.django_db(transaction=True)
def test_a_locked_cluster_is_found_out_although_those_of_another_portal_answer(child: Child, settings: Any) -> None:
    settings.PORTAL_PULSE_SECONDS = 12
    begun = timezone.now()
    Pulse.objects.create(cluster=queue.DEFAULT, answered_by=f"{socket.gethostname()}/{child.pid * 10}/1/0.00")
    cluster = Watched(queue.DEFAULT, child)
    for second in cluster.watch(60):
        Pulse.objects.update(answered_at=begun + timedelta(seconds=second))
    assert cluster.replaced_after == [37]


@pytest.mark.parametrize(
    ("own", "every_seconds", "is_so"), [(range(0), 1, True), (range(0, 240, 59), 1, False), (range(0), 10, False)]
)
def test_passed_over_is_who_gave_no_sign_among_many(own: range, every_seconds: int, is_so: bool) -> None:
    over = PassedOver("host/7/", at_least=60)
    answers = [
        over.is_so(second // every_seconds, "host/7/8/1.00" if second in own else "host/70/8/1.00", float(second))
        for second in range(240)
    ]
    assert any(answers) is is_so


class Mortal(Service):
    """Dies at once; time is the test's own."""

    now = 0.0

    def launch(self) -> Child:
        child = Child([sys.executable, "-c", "raise SystemExit(3)"])
        child.started = self.now
        return child


def test_a_child_that_dies_at_once_is_started_less_and_less_often_and_then_given_up() -> None:
    said: list[str] = []
    service, starts = Mortal("thing", said.append), []

    def live() -> None:
        for tenth in range(10_000):
            service.now = tenth / 10
            before = service.child
            service.look(service.now)
            if service.child is not None and service.child is not before:
                starts.append(service.now)
                service.child.process.wait()

    with pytest.raises(GivenUp, match="thing ended 6 times"):
        live()
    waits = [round(after - before) for before, after in pairwise(starts)]
    assert waits == [1, 2, 4, 8, 16]
    assert said[0] == "The thing ended by itself (exit code 3); it is started again."
