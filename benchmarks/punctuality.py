"""Figure 7: how late what is due begins, while long runs hold all but one of the workers.

A whole portal, started as people start it, with its usual settings but for the cap on all runs, so that nothing but the one free
worker stands in the way. Long runs wait for the lock of their database, which this process holds. Three jobs are due at the same
second of every minute, on databases whose tables keep growing. What counts is the time from a run's due instant to its start, of runs
that had no reason to wait; and beside it, for short tasks, that from asking for a check, or for a plan, to its beginning.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from benchmarks.bench import Bench
from benchmarks.measuring import Figure, at_most, p95
from strategies import runs, targets
from strategies.audit import Actor
from strategies.models import JobRun, MaintenanceJob, RunStatus, Target, Tenant
from tests.maintenance_portal.started import start, wait_for

GOAL = at_most(2)
JOBS = 3
WATCHED = timedelta(seconds=250)  # five due instants of each job
ASKED_EVERY_SECONDS = 2.0
OVERDUE_SECONDS = 30.0  # what has not begun by then counts as so late
STRATEGY = "STATISTICS_MAINTENANCE"
OPERATOR = Actor("anna")


def measure(bench: Bench) -> Iterator[Figure]:
    folder = bench.portals.folder / "started"
    folder.mkdir(mode=0o700)
    database = bench.portals.sqlite("started/portal")
    long = [folder / f"long-{number}.db" for number in range(settings.PORTAL_RUN_WORKERS - 1)]
    quick = [folder / f"quick-{number}.db" for number in range(1 if bench.is_small else JOBS)]
    watched = timedelta(seconds=1) if bench.is_small else WATCHED
    own = {
        "DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite3'}", "PORTAL_MAX_RUNS": "100",
        "PORTAL_SECRET_KEY": settings.SECRET_KEY,  # by which it knows the wake-ups that are sent from here
    }  # fmt: skip
    with database.use():
        held, free = [_registered(path) for path in long], [_registered(path) for path in quick]
        database.wrapper.close()
        with start(folder, "--no-demo", command=(), **own) as portal, _locked(long):
            wait_for(lambda: portal.answers("default") and portal.answers("maintenance"), "both clusters")
            _hold_workers(held)
            seen = _watch(free, quick, watched)
            if JobRun.objects.filter(target__in=held, status=RunStatus.RUNNING).count() != len(held):
                raise RuntimeError("a long run ended before its time")
    note = f"median {median(seen.late):.2f} s; over {watched.total_seconds() / 60:.0f} min, {len(long)} of {len(long) + 1} workers held"
    yield _figure(
        "due to running, p95", seen.late, f"{note}; {seen.reasoned} more had a reason to wait and do not count"
    )
    yield _figure("a check asked for, to its beginning, p95", seen.checks, "meanwhile")
    yield _figure("a plan asked for, to its beginning, p95", seen.plans, "meanwhile")


def _figure(what: str, seconds: list[float], note: str) -> Figure:
    return Figure(what, p95(seconds), GOAL, " s", len(seconds), (min(seconds), max(seconds)), note)


# Databases.


def _registered(path: Path) -> Target:
    """A database with a table that was never analysed, known to the portal and checked."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX i ON orders (name)"
        )
    _grow(path, 1000)
    tenant = Tenant.objects.get(name="Main")
    target = Target.objects.create(name=path.stem, platform="sqlite", url=f"sqlite:///{path}", tenant=tenant)
    targets.check(target, timezone.now())
    return target


def _grow(path: Path, rows: int) -> None:
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        connection.executemany("INSERT INTO orders (name) VALUES (?)", [(f"customer {n % 97}",) for n in range(rows)])


@contextmanager
def _locked(paths: list[Path]) -> Iterator[None]:
    """Nobody else writes into these databases meanwhile."""
    with ExitStack() as connections:
        for path in paths:
            connection = connections.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
            connection.execute("BEGIN IMMEDIATE")
        yield


# What goes on.


class Seen(NamedTuple):
    """Seconds that runs were late, and that checks and plans waited; `reasoned` = runs that had a reason to wait."""

    late: list[float]
    reasoned: int
    checks: list[float]
    plans: list[float]


def _hold_workers(held: list[Target]) -> None:
    """A run on each of these databases, which waits for its lock."""
    for target in held:
        runs.ask(OPERATOR, target, STRATEGY, timezone.now(), is_released=True, parameters={"lock_wait_seconds": 3600})
    running = JobRun.objects.filter(target__in=held, status=RunStatus.RUNNING)
    wait_for(lambda: running.count() == len(held), "the long runs")


def _watch(free: list[Target], paths: list[Path], watched: timedelta) -> Seen:
    """Let the databases grow and ask for checks until the end, then see what became of the runs that were due."""
    first = timezone.now() + timedelta(seconds=5)
    jobs = [_every_minute(target, first) for target in free]
    checks: list[float] = []
    while timezone.now() < first + watched:
        for path in paths:
            _grow(path, 10)
        checks.append(_check(free[len(checks) % len(free)]))
        time.sleep(ASKED_EVERY_SECONDS)
    due = JobRun.objects.filter(job__in=jobs, due_at__lte=timezone.now()).defer("plan")
    with suppress(AssertionError):
        wait_for(lambda: due.exists() and not due.filter(started_at=None).exists(), "all runs", OVERDUE_SECONDS)
    late = [_late(run) for run in due if run.reasons_at is None or run.reasons_at < run.due_at]
    planned = JobRun.objects.filter(job__in=jobs, planning_at__isnull=False).values_list("created_at", "planning_at")
    plans = [(begun - asked).total_seconds() for asked, begun in planned if begun is not None]
    return Seen(late, len(due) - len(late), checks, plans)


def _every_minute(target: Target, first: datetime) -> MaintenanceJob:
    """As typed in SQL: the portal's next tick reads it. The first time is sooner than the schedule's."""
    return MaintenanceJob.objects.create(
        strategy_id=STRATEGY, job_name=target.name, job_type_id="MAINTENANCE", schedule_type_id="CUSTOM", target=target,
        schedule_value="* * * * *", target_object="ALL", target_type_id="DATABASE", next_run=first,
        job_parameters={"stale_rows": 1, "stale_percent": 0.1},  # type: ignore[misc]
    )  # fmt: skip


def _late(run: JobRun) -> float:
    return ((run.started_at or timezone.now()) - run.due_at).total_seconds()


def _check(target: Target) -> float:
    """Ask for a check, as the button on its page does; the seconds until a worker begins with it."""
    now = timezone.now()
    targets.ask_check(target, OPERATOR, now)
    begun = Target.objects.filter(pk=target.pk, check_started_at__gte=now).values_list("check_started_at", flat=True)
    found: datetime = wait_for(lambda: begun.first(), "a check")
    return (found - now).total_seconds()
