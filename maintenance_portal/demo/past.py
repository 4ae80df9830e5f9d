"""Ninety days of a past for the demo's nightly jobs: runs and operations as they might have been, each marked as demo data."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Avg, Count, Max, Q

from maintenance_portal.demo.jobs import NIGHTLY, DemoJob
from monitoring import rollups
from strategies import job_definitions
from strategies.job_definitions import JobRefused
from strategies.models import (
    BAD,
    GOOD,
    JobRun,
    MaintenanceJob,
    OperationLog,
    OperationStatus,
    Origin,
    RunStatus,
    Target,
)

DAYS = 90
MARK = "demo"  # who asked for these runs, and the key in the context of their operations
_SEED = 20261125  # the same past on every machine

# What went wrong now and then: code and message, as the products write them.
_ERRORS = {
    "demo-sqlite": (("SQLITE_BUSY", "database is locked"), ("SQLITE_FULL", "database or disk is full")),
    "demo-postgresql": (
        ("55P03", "canceling statement due to lock timeout"),
        ("57014", "canceling statement due to statement timeout"),
        ("40P01", "deadlock detected DETAIL: Process 4711 waits for ShareLock on transaction 815."),
    ),
}


@dataclass(frozen=True, slots=True)
class Night:
    """One run of the past: `errors` are those of its operations, in their order; None = it went well."""

    due_at: datetime
    durations_ms: tuple[int, ...]
    errors: tuple[tuple[str, str] | None, ...]
    is_missed: bool

    @property
    def status(self) -> RunStatus:
        if self.is_missed:
            return RunStatus.MISSED
        return RunStatus.FAILED if any(self.errors) else RunStatus.SUCCEEDED


def ensure(moment: datetime) -> int:
    """Write the past of those nightly demo jobs that have none yet; how many runs were written."""
    home, past = Target.objects.get(is_home=True), []
    for demo in NIGHTLY:
        job = MaintenanceJob.objects.select_related("target").filter(target__is_demo=True, job_name=demo.name).first()
        if job is None or job.target is None or job.runs.filter(asked_by=MARK).exists():
            continue
        try:
            recurrence = job_definitions.read(job, None, home).recurrence
        except JobRefused:
            continue
        due = list(_until(recurrence.after(moment - timedelta(days=DAYS)), moment - timedelta(hours=1)))
        past += [(night.due_at, job.pk, job, job.target, night) for night in nights(demo, due)]
    with transaction.atomic():
        for _, _, job, target, night in sorted(past, key=lambda row: row[:2]):
            _write(job, target, night)
        for job in {row[1]: row[2] for row in past}.values():
            _count(job)
    if past:
        rollups.rebuild(min(row[0] for row in past).date(), moment.date())
    return len(past)


def _until(instants: Iterator[datetime], end: datetime) -> Iterator[datetime]:
    for instant in instants:
        if instant > end:
            return
        yield instant


def nights(demo: DemoJob, due: list[datetime]) -> Iterator[Night]:
    """What happened at these instants: work that slowly grows, longer on Mondays, with an outage of two nights. Pure."""
    dice = random.Random(f"{_SEED} {demo.name}")  # noqa: S311 (nothing here is secret)
    for number, due_at in enumerate(due):
        growth = 1 + 0.4 * number / max(1, len(due))
        weekday = 1.6 if due_at.weekday() == 0 else 1.0
        durations = tuple(
            round(math.exp(dice.gauss(7.2, 0.45)) * growth * weekday)
            for _ in range(1 + min(5, int(dice.expovariate(0.6))))
        )
        errors = tuple(dice.choice(_ERRORS[demo.database]) if dice.random() < 0.025 else None for _ in durations)
        yield Night(due_at, durations, errors, is_missed=len(due) // 2 <= number < len(due) // 2 + 2)


def _write(job: MaintenanceJob, target: Target, night: Night) -> None:
    begun = None if night.is_missed else night.due_at + timedelta(milliseconds=400)
    took = sum(night.durations_ms)
    error = next((error for error in night.errors if error), None)
    run = JobRun.objects.create(
        due_key=f"{MARK}:{job.pk}:{night.due_at:%Y%m%dT%H%M%S}", job=job, strategy_name=job.strategy_id, target=target,
        target_object=job.target_object, origin=Origin.SCHEDULE, asked_by=MARK, due_at=night.due_at, is_released=True,
        status=night.status, started_at=begun, finished_at=(begun or night.due_at) + timedelta(milliseconds=took),
        duration_ms=None if night.is_missed else took, message=_message(night, error),
        error_code=error[0] if error else "", steps_total=0 if night.is_missed else len(night.durations_ms),
        state_left="" if error is None else "clean", handled_at=night.due_at if night.status in BAD else None,
        handled_by=MARK if night.status in BAD else "", handled_note="Demo data." if night.status in BAD else "",
    )  # fmt: skip
    JobRun.objects.filter(pk=run.pk).update(created_at=night.due_at)  # which Django sets to now on creation
    if begun is not None:
        OperationLog.objects.bulk_create(_operations(job, run, night, begun))


def _message(night: Night, error: tuple[str, str] | None) -> str:
    if night.is_missed:
        return "It was due while the portal did not run, and was not started late. (Demo data.)"
    if error is not None:
        return f"{error[0]}: {error[1]}. (Demo data.)"
    return f"{len(night.durations_ms)} of {len(night.durations_ms)} steps are done. (Demo data.)"


def _operations(job: MaintenanceJob, run: JobRun, night: Night, begun: datetime) -> Iterator[OperationLog]:
    at = begun
    for number, (took, error) in enumerate(zip(night.durations_ms, night.errors, strict=True), 1):
        ended = at + timedelta(milliseconds=took)
        yield OperationLog(  # type: ignore[misc]
            strategy_name=job.strategy_id, operation_type="REBUILD" if "INDEX" in job.strategy_id else "ANALYZE",
            job_name=job.job_name, target_object=f"{job.target_object} ({number})", target_type=job.target_type_id,
            status=OperationStatus.ERROR if error else OperationStatus.SUCCESS, message=error[1] if error else "Demo data.",
            duration_ms=took, operation_time=at, ended_at=ended, user_name=MARK, error_code=error[0] if error else None,
            error_message=error[1] if error else None, strategy_context={MARK: True}, cpu_time_ms=round(took * 0.6),
            io_operations=took // 3, rows_processed=0 if error else took * 11, objects_affected=0 if error else 1,
            target=job.target, run=run, step_key=f"demo:{number}",
        )  # fmt: skip
        at = ended


def _count(job: MaintenanceJob) -> None:
    """The counters of the job as its past has them."""
    done = job.runs.exclude(status=RunStatus.MISSED)
    told = done.aggregate(
        n=Count("pk"), failed=Count("pk", filter=~Q(status__in=GOOD)), mean=Avg("duration_ms"), last=Max("started_at")
    )
    latest = done.order_by("-due_at").first()
    MaintenanceJob.objects.filter(pk=job.pk).update(
        execution_count=told["n"], error_count=told["failed"], avg_duration_ms=told["mean"] and round(told["mean"]),
        last_run=told["last"], last_duration_ms=latest.duration_ms if latest else None,
        last_status=None if latest is None else "SUCCESS" if latest.status in GOOD else "ERROR",
    )  # fmt: skip
