"""What strategies, kinds of operation and jobs did over some days, and what it cost; read from the rollups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import F, Sum

from monitoring.models import Grain
from monitoring.rows import JobSummaries, JobSummary, Performance, Period
from monitoring.sums import Sums
from monitoring.trends import of
from strategies.models import MaintenanceJob, OperationStatus, User

NO_DATABASE = "no database"  # of what a strategy logs itself without naming one
AT_ONCE = 500  # values in one list: Oracle takes at most 1000
LastRun = tuple[datetime | None, str | None]


def strategies(user: User, period: Period, *, strategy: str = "", target: int | None = None) -> tuple[Performance, ...]:
    """What each strategy did, the busiest first; one query."""
    found = of(user, Grain.STRATEGY, period, strategy=strategy, target=target).summed("strategy_name")
    rows = (Performance(name, "", sums.summary, sums.meters) for (name,), sums in found.items())
    return tuple(sorted(rows, key=lambda row: (-row.summary.count, row.strategy)))


def operations(
    user: User, period: Period, *, strategy: str = "", operation_type: str = "", target: int | None = None
) -> tuple[Performance, ...]:
    """What each strategy did by type of operation, in the order of their names; one query."""
    rows = of(user, Grain.OPERATION, period, strategy=strategy, target=target)
    if operation_type:
        rows = rows.filter(name=operation_type)
    found = rows.summed("strategy_name", "name")
    in_order = sorted(found.items(), key=lambda item: item[0])
    return tuple(Performance(name, kind, sums.summary, sums.meters) for (name, kind), sums in in_order)


def jobs(
    user: User, period: Period, *, strategy: str = "", target: int | None = None, most: int | None = None
) -> JobSummaries:
    """How the runs of each job on each target ended, the most failed and missed first; all jobs, or the first `most`."""
    rows = of(user, Grain.RUN, period, strategy=strategy, target=target).exclude(name="").with_titles().order_by()
    keys = ("job_id", "title", "strategy_name", "target_id")
    how_many = rows.values(*keys).distinct().count()
    if most is not None:
        worst = rows.values_list("title").annotate(bad=Sum(F("failed") + F("missed")), n=Sum("count"))
        rows = rows.filter(title__in=[title for title, *_ in worst.order_by("-bad", "-n", "title")[:most]])
    summed = _with_own(rows.summed(*keys, "target__name", "target__is_home"))
    last = _last_runs(user, {job for job, *_ in summed})
    found = []
    for (job, title, by, at, at_name, is_home), sums in summed.items():
        own = last.get((job, at)) or (last.get((job, None)) if is_home else None)
        found.append(JobSummary(title, by, at_name or NO_DATABASE, sums.summary, *(own or (None, None))))
    found.sort(key=lambda row: (-row.summary.failed - row.summary.missed, -row.summary.count, row[:3]))
    return JobSummaries(tuple(found[:most]), how_many)


def _with_own(summed: dict[tuple[Any, ...], Sums]) -> dict[tuple[Any, ...], Sums]:
    """What a strategy logged itself under a job's name, without a run, is added to the job of that name, where there is one."""
    jobs: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for key in summed:
        if key[0] is not None:
            jobs[key[1:]].append(key)
    found = dict(summed)
    for key, sums in summed.items():
        if key[0] is None and len(same := jobs[key[1:]]) == 1:
            found[same[0]].add(sums)
            del found[key]
    return found


def _last_runs(user: User, jobs: Collection[int | None]) -> dict[tuple[int | None, int | None], LastRun]:
    """By job and target; a job that names no target means home."""
    rows = MaintenanceJob.objects.visible_to(user)
    if len(jobs) <= AT_ONCE:
        rows = rows.filter(pk__in=[job for job in jobs if job is not None])
    columns = rows.values_list("pk", "target_id", "last_run", "last_status")
    return {
        (job, target): (run, OperationStatus(status) if status in OperationStatus.values else status)
        for job, target, run, status in columns
    }
