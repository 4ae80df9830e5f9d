"""What came and what ended on one day, read from the log and from the runs, in groups.

Operations that ended are SUCCESS, WARNING, ERROR and TIMEOUT (both are failures) and CANCELLED; rows that are at work, INFO,
and words that nobody knows are counted as rows only. Runs belong to the day on which they finished: failed, timed out, lost and
rolled back are failures, and one that goes on in the next window ended with a warning. Runs, and the operations of runs, belong
to their job by its number, so that its history is one whatever it is called. A row EXECUTE that names a job and belongs to no run is
one execution of that job: so do strategies log that are started elsewhere.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import QuerySet

from monitoring.models import Grain, LogSize
from monitoring.sums import Outcome, Sums
from strategies import maintenance_logger
from strategies.models import JobRun, OperationLog, OperationStatus, RunStatus, Target

OPERATIONS: dict[str, Outcome] = {
    OperationStatus.SUCCESS: "succeeded",
    OperationStatus.WARNING: "warned",
    OperationStatus.ERROR: "failed",
    OperationStatus.TIMEOUT: "failed",
    OperationStatus.CANCELLED: "cancelled",
}
RUNS: dict[str, Outcome] = {
    RunStatus.SUCCEEDED: "succeeded",
    RunStatus.WARNING: "warned",
    RunStatus.CONTINUED: "warned",
    RunStatus.FAILED: "failed",
    RunStatus.TIMED_OUT: "failed",
    RunStatus.LOST: "failed",
    RunStatus.ROLLED_BACK: "failed",
    RunStatus.CANCELLED: "cancelled",
    RunStatus.MISSED: "missed",
}
CHUNK = 2000
EXECUTE = maintenance_logger.EXECUTE
Group = tuple[Grain, str, str, int | None, int | None]  # grain, strategy, name, target, job
Groups = dict[Group, Sums]
_Job = tuple[str, int | None]  # name and number; no number where a row typed in SQL says the name
_Kind = tuple[str, _Job, str, int | None]  # strategy, job, type of operation, target
_Elsewhere = tuple[str, str, int | None]  # strategy, the name of a job, target


def on(day: date) -> Groups:
    """The day (UTC) in the groups of the rollups; memory grows with the groups and runs, not with the rows.

    Rows of a database that is not registered (SQLite may let them be typed) are nobody's, and left out.
    """
    start = datetime.combine(day, time.min, UTC)
    end = start + timedelta(days=1)
    groups: Groups = defaultdict(Sums)
    came, found, executed = _operations(start, end)
    for (strategy, target), rows in came.items():
        groups[Grain.ROW, strategy, "", target, None].count = rows
    for (strategy, (name, job), operation_type, target), sums in found.items():
        groups[Grain.STRATEGY, strategy, "", target, None].add(sums)
        groups[Grain.OPERATION, strategy, operation_type, target, None].add(sums)
        if name:
            groups[Grain.JOB, strategy, name, target, job].add(sums)
    for (strategy, name, target), sums in executed.items():
        groups[Grain.RUN, strategy, name, target, None].add(sums)
    runs = JobRun.objects.filter(finished_at__gte=start, finished_at__lt=end).order_by()
    for strategy, job_name, job, target, status, duration_ms in runs.values_list(
        "strategy_name", "job__job_name", "job_id", "target_id", "status", "duration_ms"
    ).iterator(CHUNK):
        if status in RUNS:
            groups[Grain.RUN, strategy, job_name or "", target, job].ended(RUNS[status], duration_ms)
    registered = {None, *Target.objects.order_by().values_list("pk", flat=True)}
    return {group: sums for group, sums in groups.items() if group[3] in registered}


def _operations(
    start: datetime, end: datetime
) -> tuple[Counter[tuple[str, int | None]], dict[_Kind, Sums], dict[_Elsewhere, Sums]]:
    """How many rows came, by strategy and target; those of them that ended; and of these the executions of jobs without a run."""
    rows = OperationLog.objects.filter(operation_time__gte=start, operation_time__lt=end).order_by()
    jobs = _jobs(rows)
    if _some_are_unreadable():
        rows = rows.readable()
    came: Counter[tuple[str, int | None]] = Counter()
    found: dict[_Kind, Sums] = defaultdict(Sums)
    executed: dict[_Elsewhere, Sums] = defaultdict(Sums)
    for strategy, run, job, operation_type, target, status, duration_ms, cpu_ms, memory_mb, io_operations, processed in (
        rows.values_list(
            "strategy_name", "run_id", "job_name", "operation_type", "target_id", "status", "duration_ms", "cpu_time_ms",
            "memory_used_mb", "io_operations", "rows_processed",
        )
        .iterator(CHUNK)
    ):  # fmt: skip
        came[strategy, target] += 1
        if status not in OPERATIONS:
            continue
        sums = found[strategy, jobs.get(run) or (job or "", None), operation_type, target]
        sums.ended(OPERATIONS[status], duration_ms)
        sums.cost(cpu_ms, memory_mb, io_operations, processed)
        if job and run is None and operation_type == EXECUTE:
            executed[strategy, job, target].ended(OPERATIONS[status], duration_ms)
    return came, found, executed


def _some_are_unreadable() -> bool:
    """Whether the log had rows whose time cannot be read when it was last measured. To ask each row costs half as much again."""
    found = LogSize.objects.order_by("-day").values_list("unreadable_count", flat=True).first()
    return found is None or found > 0


def _jobs(rows: QuerySet[OperationLog]) -> dict[int, _Job]:
    """By run, of the runs of these rows that belong to a job."""
    runs = JobRun.objects.filter(pk__in=rows.values("run_id"), job__isnull=False).order_by()
    return {run: (name, job) for run, name, job in runs.values_list("pk", "job__job_name", "job_id")}
