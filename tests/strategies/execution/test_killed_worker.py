"""A real process works on a real database and is killed with SIGKILL at some moment: what the portal then says must be true."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone

from maintenance_portal import tasks
from strategies import planner, runs, successors
from strategies.audit import Actor
from strategies.execution import lost
from strategies.models import AuditEntry, JobRun, OperationLog, RunStatus, Target
from tests.long import IS_ALL
from tests.servers import RunningServer
from tests.strategies.execution.conftest import registered

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")
POINTS = 100 if IS_ALL else 6  # on each of the two products
OBJECTS = 12


@dataclass(frozen=True)
class Work:
    """A strategy, and how to make a target that needs it on so many objects, each worth some milliseconds."""

    strategy: str
    make: Callable[[], Target]


def sqlite_without_statistics(folder: Path) -> Target:
    path = folder / f"{time.monotonic_ns()}.db"
    database = sqlite3.connect(path)
    database.execute("PRAGMA synchronous = OFF")
    for number in range(OBJECTS):
        database.executescript(
            f"CREATE TABLE t{number} (a INTEGER, b TEXT); CREATE INDEX i{number} ON t{number} (b, a);"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)"
            f"INSERT INTO t{number} SELECT i, 'value ' || (i * 7919 % 6007) FROM n;"
        )
    database.close()
    return registered("sqlite", f"sqlite:///{path}", path.stem)


def postgresql_with_invalid_indexes(server: RunningServer, name: str) -> Target:
    with server.connect(name) as connection:
        for number in range(OBJECTS):
            connection.execute(
                f"CREATE TABLE t{number} AS SELECT i AS a, md5(i::text) AS b FROM generate_series(1, 6000) i"
            )
            connection.execute(f"CREATE INDEX i{number} ON t{number} (b, a)")
        connection.execute("UPDATE pg_index SET indisvalid = false WHERE indrelid::regclass::text ~ '^t[0-9]+$'")
    return registered("postgresql", server.url(name), name)


@pytest.fixture(params=["sqlite", "postgresql"])
def work(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Work]:
    if request.param == "sqlite":
        yield Work("STATISTICS_MAINTENANCE", lambda: sqlite_without_statistics(tmp_path))
        return
    server: RunningServer = request.getfixturevalue("server")
    with ExitStack() as databases:
        yield Work(
            "INDEX_MAINTENANCE",
            lambda: postgresql_with_invalid_indexes(server, databases.enter_context(server.database())),
        )


def ready(target: Target, strategy: str) -> JobRun:
    run = runs.ask(ANNA, target, strategy, timezone.now(), wake=False)
    assert runs.plan(run, timezone.now())
    assert run.steps_total == OBJECTS
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    return run


def worker(pk: int) -> int:
    """Start a process that takes up the wake-up for this run; its pid."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            tasks.run_job(pk)
        finally:
            os._exit(0)
    return pid


def usual_seconds(work: Work) -> float:
    run = ready(work.make(), work.strategy)
    started = time.monotonic()
    os.waitpid(worker(run.pk), 0)
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCEEDED, run.message
    return time.monotonic() - started


def needed(target: Target, strategy: str) -> set[str]:
    return {finding.object for finding in planner.look(target, strategy, "ALL", {}).findings}


def carried_out(run: JobRun) -> None:
    tasks.run_job(run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCEEDED, run.message


def until_it_works(run: JobRun) -> None:
    """Wait until the first of its steps is done: it is then in the middle, however fast or slow this machine is just now."""
    done = OperationLog.objects.filter(run=run, status="SUCCESS")
    until = time.monotonic() + 60
    while not done.exists():
        assert time.monotonic() < until
        time.sleep(0.001)


def kill_and_judge(run: JobRun, after: Callable[[], None]) -> None:
    """Start its worker, kill it, and look after the run as the tick does, until there is a verdict."""
    pid = worker(run.pk)
    after()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    run.refresh_from_db()
    until, hours = time.monotonic() + 60, 0
    while run.is_active:  # its statement may still be at work on the server
        assert time.monotonic() < until, run.step_phase
        hours += 1
        lost.look_after(run, timezone.now() + timedelta(hours=hours))
        run.refresh_from_db()
        time.sleep(0.02)


@pytest.mark.timeout(900 if POINTS > 20 else 180)
def test_killed_at_random_points_the_verdict_is_that_of_the_target(work: Work) -> None:
    whole = usual_seconds(work)
    chance = random.Random(20261124)
    seen: set[str] = set()
    for point in range(POINTS):
        target = work.make()
        run = ready(target, work.strategy)
        moment = chance.uniform(0, whole * 1.05)
        kill_and_judge(run, partial(time.sleep, moment) if point else partial(until_it_works, run))
        seen.add(run.status)
        steps = {step.key: step.object for step in runs.plan_of(run).steps}
        left = needed(target, work.strategy) & set(steps.values())
        done = {steps[key] for key in runs.done_keys(run) & steps.keys()}
        assert done == set(steps.values()) - left, run.message
        assert not OperationLog.objects.filter(run=run, status="STARTED").exists()
        starts = AuditEntry.objects.filter(action="run.started", object_id=str(run.pk)).count()
        if run.status == RunStatus.READY:  # killed before the claim: nothing happened, and the wake-up is sent again
            assert (starts, done) == (0, set())
            carried_out(run)
        else:
            assert starts == 1
            follow_up(work, target, run, left)
        assert needed(target, work.strategy) == set()
    assert RunStatus.LOST in seen


def follow_up(work: Work, target: Target, run: JobRun, left: set[str]) -> None:
    """What is left is resumed; what a broken-off step left besides is found and removed by the next run."""
    if not left:
        assert run.status in (RunStatus.SUCCEEDED, RunStatus.WARNING)
        return
    assert run.status == RunStatus.LOST
    rest = successors.resume(run, ANNA, timezone.now())
    assert {step.object for step in runs.plan_of(rest).steps} == left
    assert runs.release(rest, ANNA, rest.plan_digest, timezone.now())
    carried_out(rest)
    if needed(target, work.strategy):
        assert run.state_left == "needs_cleanup"
        again = runs.ask(ANNA, target, work.strategy, timezone.now(), is_released=True, wake=False)
        assert runs.plan(again, timezone.now())
        assert {step.operation_type for step in runs.plan_of(again).steps} == {"CLEANUP"}
        runs.ask_gate([again], timezone.now())
        carried_out(again)
