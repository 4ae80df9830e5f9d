"""Keeps the seed's counters, averages and `last_…` columns of jobs and configurations true after every run.

An execution is a run together with those that resumed it: it counts once, its duration is what all of them worked, and its last
run says how it ended. Taking a run back is no execution.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Q

from strategies.models import BAD, GOES_ON, GOOD, JobRun, MaintenanceJob, RunStatus, StrategyConfig

# The seed's words for how a run ended.
_WORDS = {
    RunStatus.SUCCEEDED: "SUCCESS",
    RunStatus.WARNING: "WARNING",
    RunStatus.CANCELLED: "CANCELLED",
    RunStatus.TIMED_OUT: "TIMEOUT",
}
_AVERAGE = ("execution_count", "avg_duration_ms", "duration_total_ms", "durations_counted")


@dataclass(frozen=True, slots=True)
class Figures:
    """How long executions took so far (ms, together) and how many of them that is: `mean` is the seed's average."""

    total_ms: int = 0
    count: int = 0

    @classmethod
    def of(cls, row: MaintenanceJob | StrategyConfig) -> Figures:
        """What a row knows. One that has only the seed's columns, as SQL may fill them, is taken at their word."""
        if row.avg_duration_ms is None:
            return cls()
        if row.duration_total_ms is None or not 0 < (row.durations_counted or 0) <= row.execution_count:
            return cls(row.avg_duration_ms * row.execution_count, row.execution_count)
        return cls(row.duration_total_ms, row.durations_counted or 0)

    @property
    def mean(self) -> int | None:
        return (2 * self.total_ms + self.count) // (2 * self.count) if self.count else None

    def and_run(self, duration_ms: int, *, is_first: bool) -> Figures:
        """With one more run; unless it `is_first`, its execution is among them already."""
        return Figures(self.total_ms + duration_ms, max(1, self.count + is_first))


@dataclass(frozen=True, slots=True)
class Execution:
    """An ended run, and the runs before it that it goes on with; `ended` is when it did."""

    run: JobRun
    before: Collection[JobRun]
    ended: datetime

    @property
    def status(self) -> RunStatus:
        return RunStatus(self.run.status)

    def is_first(self, among: Collection[RunStatus]) -> bool:
        """Whether it ended in one of these states, and none of its earlier runs did."""
        return self.status in among and not any(run.status in among for run in self.before)

    @property
    def duration_ms(self) -> int | None:
        """Of all its runs; None = that of the last one is not known."""
        if self.run.duration_ms is None:
            return None
        return self.run.duration_ms + sum(run.duration_ms or 0 for run in self.before)

    def average(self, row: MaintenanceJob | StrategyConfig) -> dict[str, Any]:
        """The columns that keep the average; they stay where the duration is not known."""
        if self.run.duration_ms is None:
            return {}
        is_first = all(run.duration_ms is None for run in self.before)
        figures = Figures.of(row).and_run(self.run.duration_ms, is_first=is_first)
        return {
            "avg_duration_ms": figures.mean, "duration_total_ms": figures.total_ms, "durations_counted": figures.count,
        }  # fmt: skip


def count(run: JobRun) -> None:
    """Add an ended run to its job and to its configuration. What was cancelled before it started, or missed, was not executed."""
    if run.finished_at is None or run.is_undo:
        return
    if run.status == RunStatus.MISSED:
        if run.job_id is not None:
            count_missed(run.job_id, run.message)
        return
    if not _was_executed(run):
        return
    execution = Execution(run, _resumed(run), run.finished_at)
    try:
        _count(execution)
    except OperationalError:  # two stood in each other's way, and this one gave way
        _count(execution)


def _count(execution: Execution) -> None:
    """The configurations come before the job: so lock them, too, those who change a configuration, which unsettles its jobs."""
    with transaction.atomic():
        _count_configs(execution)
        if execution.run.job_id is not None:
            _count_job(execution, execution.run.job_id)


def count_missed(job_id: int, message: str) -> None:
    """A due instant of the job passed without a start."""
    MaintenanceJob.objects.filter(pk=job_id).update(last_status="MISSED", last_error=message[:2000])


def _was_executed(run: JobRun) -> bool:
    return run.status != RunStatus.MISSED and not (run.status == RunStatus.CANCELLED and run.started_at is None)


def _resumed(run: JobRun) -> list[JobRun]:
    """The runs that this one goes on with, the latest first, as far as they were executed."""
    found, known = [], {run.pk}
    while run.origin in GOES_ON and run.parent is not None and run.parent_id not in known:
        run = run.parent
        known.add(run.pk)
        found.append(run)
    return [earlier for earlier in found if _was_executed(earlier)]


def _count_job(execution: Execution, job_id: int) -> None:
    run = execution.run
    rows = MaintenanceJob.objects.filter(pk=job_id).only(*_AVERAGE, "error_count")
    row = next(iter(rows.select_for_update(no_key=_without_key())), None)  # Oracle refuses a lock with `first`
    if row is None:
        return
    values: dict[str, Any] = {
        "execution_count": row.execution_count + (not execution.before),
        "last_run": run.started_at or execution.ended,
        "last_status": _WORDS.get(execution.status, "ERROR"),
        **execution.average(row),
    }
    if execution.duration_ms is not None:
        values["last_duration_ms"] = execution.duration_ms
    if execution.status in BAD:
        values |= {"error_count": row.error_count + execution.is_first(BAD), "last_error": run.message}
    MaintenanceJob.objects.filter(pk=job_id).update(**values)


def _without_key() -> bool:
    """Whether rows can be locked so that runs which name them are still begun meanwhile, as by whoever holds the job."""
    return connection.features.has_select_for_no_key_update


def _count_configs(execution: Execution) -> None:
    run = execution.run
    if run.config_id is not None:
        rows = StrategyConfig.objects.filter(pk=run.config_id)
    else:
        place = Q(target=run.target) | (Q(target__isnull=True) if run.target.is_home else Q(pk__in=()))
        rows = StrategyConfig.objects.filter(
            place, strategy__strategy_name=run.strategy_name, target_object=run.target_object, is_active=True
        )
    counters = (*_AVERAGE, "success_count", "failure_count")
    for row in rows.select_for_update(of=("self",), no_key=_without_key()).order_by("pk").only(*counters):
        values: dict[str, Any] = {
            "execution_count": row.execution_count + (not execution.before),
            "last_execution": run.started_at or execution.ended,
            **execution.average(row),
        }
        if execution.status in GOOD:
            values |= {
                "success_count": row.success_count + execution.is_first(GOOD), "last_success": execution.ended,
            }  # fmt: skip
        elif execution.status in BAD:
            values |= {"failure_count": row.failure_count + execution.is_first(BAD), "last_failure": execution.ended}
        StrategyConfig.objects.filter(pk=row.pk).update(**values)
