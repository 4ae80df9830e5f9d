"""A real process works on a real database and is killed with SIGKILL at some moment: what the portal then says must be true."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from maintenance_portal import tasks
from strategies import planner, runs
from strategies.audit import Actor
from strategies.execution import lost
from strategies.models import AuditEntry, JobRun, OperationLog, RunStatus, Target, Tenant

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")
POINTS = 20
TABLES = 12


@pytest.fixture
def sqlite_without_statistics(tmp_path: Path) -> Callable[[], Target]:
    """Makes a target whose twelve tables lack statistics, each worth some milliseconds of work."""

    def make() -> Target:
        path = tmp_path / f"{time.monotonic_ns()}.db"
        database = sqlite3.connect(path)
        database.execute("PRAGMA synchronous = OFF")
        for number in range(TABLES):
            database.executescript(
                f"CREATE TABLE t{number} (a INTEGER, b TEXT); CREATE INDEX i{number} ON t{number} (b, a);"
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)"
                f"INSERT INTO t{number} SELECT i, 'value ' || (i * 7919 % 6007) FROM n;"
            )
        database.close()
        main = Tenant.objects.get(name="Main")
        values: dict[str, Any] = {"platform": "sqlite", "url": f"sqlite:///{path}", "checked_at": timezone.now()}
        return Target.objects.create(name=path.stem, tenant=main, **values)

    return make


def ready(target: Target) -> JobRun:
    run = runs.ask(ANNA, target, "STATISTICS_MAINTENANCE", timezone.now(), wake=False)
    assert runs.plan(run, timezone.now())
    assert run.steps_total == TABLES
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


def usual_seconds(target: Target) -> float:
    run = ready(target)
    started = time.monotonic()
    os.waitpid(worker(run.pk), 0)
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCEEDED, run.message
    return time.monotonic() - started


def still_needed(target: Target) -> set[str]:
    return {finding.object for finding in planner.look(target, "STATISTICS_MAINTENANCE", "ALL", {}).findings}


def kill_and_judge(target: Target, after_seconds: float) -> JobRun:
    run = ready(target)
    pid = worker(run.pk)
    time.sleep(after_seconds)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    run.refresh_from_db()
    if run.status == RunStatus.RUNNING or run.is_active:
        lost.look_after(run, timezone.now() + timedelta(hours=1))
    run.refresh_from_db()
    return run


def test_killed_at_twenty_random_points_the_verdict_is_that_of_the_target(
    sqlite_without_statistics: Callable[[], Target],
) -> None:
    whole = usual_seconds(sqlite_without_statistics())
    chance = random.Random(20261124)
    seen: set[str] = set()
    for _ in range(POINTS):
        target = sqlite_without_statistics()
        run = kill_and_judge(target, chance.uniform(0, whole * 1.05))
        seen.add(run.status)
        needed = still_needed(target)
        steps = {step.key: step.object for step in runs.plan_of(run).steps}
        done = {steps[key] for key in runs.done_keys(run)}
        assert done == set(steps.values()) - needed, run.message
        assert not OperationLog.objects.filter(run=run, status="STARTED").exists()
        starts = AuditEntry.objects.filter(action="run.started", object_id=str(run.pk)).count()
        if run.status == RunStatus.READY:  # killed before the claim: nothing happened, the wake-up is sent again
            assert (starts, done) == (0, set())
            tasks.run_job(run.pk)
            run.refresh_from_db()
            assert (run.status, still_needed(target)) == (RunStatus.SUCCEEDED, set()), run.message
            continue
        assert starts == 1
        assert run.status == (RunStatus.LOST if needed else RunStatus.WARNING) or (
            run.status == RunStatus.SUCCEEDED and not needed
        )
        if needed:
            rest = runs.resume(run, ANNA, timezone.now())
            assert {step.object for step in runs.plan_of(rest).steps} == needed
            assert runs.release(rest, ANNA, rest.plan_digest, timezone.now())
            tasks.run_job(rest.pk)
            rest.refresh_from_db()
            assert rest.status == RunStatus.SUCCEEDED, rest.message
        assert still_needed(target) == set()
    assert RunStatus.LOST in seen
