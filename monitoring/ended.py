"""What ended on one day, read from the log and from the runs, in groups.

Operations that ended are SUCCESS, WARNING, ERROR and TIMEOUT (both are failures) and CANCELLED; rows that are at work, INFO,
and words that nobody knows are not counted. Runs belong to the day on which they finished: failed, timed out, lost and rolled
back are failures, and one that goes on in the next window ended with a warning.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta

from monitoring.models import Grain
from monitoring.sums import Outcome, Sums
from strategies.models import JobRun, OperationLog, OperationStatus, RunStatus

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
Group = tuple[Grain, str, str, int | None]  # grain, strategy, name, target
Groups = dict[Group, Sums]


def on(day: date) -> Groups:
    """The day (UTC) in the groups of the rollups; memory grows with the groups, not with the rows."""
    start = datetime.combine(day, time.min, UTC)
    end = start + timedelta(days=1)
    groups: Groups = defaultdict(Sums)
    for (strategy, job, operation_type, target), sums in _operations(start, end).items():
        groups[Grain.STRATEGY, strategy, "", target].add(sums)
        groups[Grain.OPERATION, strategy, operation_type, target].add(sums)
        if job:
            groups[Grain.JOB, strategy, job, target].add(sums)
    runs = JobRun.objects.filter(finished_at__gte=start, finished_at__lt=end).order_by()
    for strategy, job_name, target, status, duration_ms in runs.values_list(
        "strategy_name", "job__job_name", "target_id", "status", "duration_ms"
    ).iterator(CHUNK):
        if status in RUNS:
            groups[Grain.RUN, strategy, job_name or "", target].ended(RUNS[status], duration_ms)
    return groups


def _operations(start: datetime, end: datetime) -> dict[tuple[str, str, str, int | None], Sums]:
    """By strategy, job (or empty), type of operation and target."""
    found: dict[tuple[str, str, str, int | None], Sums] = defaultdict(Sums)
    rows = OperationLog.objects.filter(operation_time__gte=start, operation_time__lt=end)
    for strategy, job, operation_type, target, status, duration_ms, cpu_ms, memory_mb, io_operations, processed in (
        rows.order_by()
        .values_list(
            "strategy_name", "job_name", "operation_type", "target_id", "status", "duration_ms", "cpu_time_ms",
            "memory_used_mb", "io_operations", "rows_processed",
        )
        .iterator(CHUNK)
    ):  # fmt: skip
        if status not in OPERATIONS:
            continue
        sums = found[strategy, job or "", operation_type, target]
        sums.ended(OPERATIONS[status], duration_ms)
        sums.cost(cpu_ms, memory_mb, io_operations, processed)
    return found
