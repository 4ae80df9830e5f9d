"""Loads what the gate must know of the jobs that began waiting runs: are they in order, and how their dependencies stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery

from strategies.dependencies import Dependency, DependencyRefused, End, On, Upstream, parse_jobs, parse_names, unmet
from strategies.gate_values import JobFacts
from strategies.models import BAD, GOES_ON, GOOD, OPEN, JobRun, MaintenanceJob, Origin, RunStatus

BY_ITSELF = (Origin.SCHEDULE, Origin.EVENT)  # whoever starts a job by hand does not wait for what it depends on
_CHUNK = 500  # Oracle takes at most 1000 expressions in a list
_MENDS = (Origin.RETRY, *GOES_ON)
_BY_HAND = (Origin.PAGE, Origin.COMMAND)
_NEVER_BEGAN = Q(status=RunStatus.CANCELLED, started_at__isnull=True)
_NEVER_DUE = Q(
    status=RunStatus.CANCELLED, finished_at__lt=F("due_at")
)  # taken back before its time, as when a job is changed
# Runs that say how an upstream stands: those that began by themselves, what people began to mend them, and what else was begun by
# hand once it has ended. A plan that nobody has released, or that was taken back, says nothing; nor does an undo.
_COUNTS = (Q(origin__in=BY_ITSELF) & ~_NEVER_DUE) | (
    Q(is_released=True, is_undo=False)
    & (Q(origin__in=_MENDS) | Q(origin__in=_BY_HAND, finished_at__isnull=False))
    & ~_NEVER_BEGAN
)
Key = TypeVar("Key")
Candidates = Sequence[
    JobRun
]  # of an upstream's runs that count: the latest open one, then the latest; either may be missing


def job_facts(asking: Sequence[JobRun], moment: datetime) -> dict[int, JobFacts]:
    """By run, for those that a job began by itself and no worker yet. The same few queries however many ask (in parts of 500 jobs)."""
    waiting = [run for run in asking if run.job_id is not None and run.origin in BY_ITSELF and not run.has_begun]
    if not waiting:
        return {}
    wanted = {run.pk: _dependencies(run) for run in waiting}
    counting = JobRun.objects.filter(_COUNTS, due_at__lte=moment)
    if since := _earliest(waiting):
        counting = counting.filter(due_at__gt=since)
    by_job = _of_jobs({entry.job for jobs, _ in wanted.values() for entry in jobs}, counting)
    by_strategy = _of_strategies({(run.target_id, name) for run in waiting for name in wanted[run.pk][1]}, counting)
    found = {}
    for run in waiting:
        jobs, names = wanted[run.pk]
        upstreams = [
            *(_job(entry, by_job, run.depends_since) for entry in jobs),
            *(_strategy(name, by_strategy.get((run.target_id, name), ()), run.depends_since) for name in names),
        ]
        job = run.job
        found[run.pk] = JobFacts(job.job_name if job else str(run.job_id), _problem(job), unmet(upstreams))
    return found


def name_jobs(runs: Iterable[JobRun], jobs: QuerySet[MaintenanceJob]) -> None:
    """Give other jobs their names in what these runs say, for a reader who sees `jobs`; of the rest there is but the number.

    The runs are for showing: what they say is changed here, and not to be saved. One query, none where no other job is told of.
    """
    telling = [run for run in runs if any(reason.get("job") for reason in run.reasons)]
    wanted = {reason["job"] for run in telling for reason in run.reasons if reason.get("job")}
    if not wanted:
        return
    names = dict(jobs.order_by().filter(pk__in=sorted(wanted)[:_CHUNK]).values_list("pk", "job_name"))
    for run in telling:
        for reason in run.reasons:
            number = reason.get("job")
            if number in names:
                told, named = f"job {number} ", f"job {number} ({names[number]}) "
                reason["sentence"] = reason["sentence"].replace(told, named, 1)
                run.message = run.message.replace(told, named, 1)


def _earliest(waiting: Sequence[JobRun]) -> datetime | None:
    """Before this nothing counts for any of them; None = there is no such bound."""
    bounds = [run.depends_since for run in waiting]
    return min((bound for bound in bounds if bound is not None), default=None) if None not in bounds else None


def _dependencies(run: JobRun) -> tuple[tuple[Dependency, ...], tuple[str, ...]]:
    job, config = run.job, run.config
    names = parse_names(config.depends_on_strategies) if config is not None else ()
    try:
        return parse_jobs(job.depends_on_jobs if job is not None else ""), names
    except DependencyRefused:  # the job is set aside for it; see settling.settle
        return (), names


def _problem(job: MaintenanceJob | None) -> str:
    if job is None:
        return "is not there any more."
    if not job.is_active:
        return "is switched off."
    return f"is set aside: {job.quarantine_reason}" if job.quarantined_at is not None else ""


def _of_jobs(ids: Iterable[int], counting: QuerySet[JobRun]) -> dict[int, Candidates]:
    """By number, of those among these jobs that there are."""
    latest = counting.filter(job=OuterRef("pk")).order_by("-due_at", "-pk").values("pk")
    pks: dict[int, list[int | None]] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), _CHUNK):
        jobs = MaintenanceJob.objects.order_by().filter(pk__in=wanted[start : start + _CHUNK])
        told = jobs.annotate(open=Subquery(latest.filter(status__in=OPEN)[:1]), latest=Subquery(latest[:1]))
        pks |= {row["pk"]: [row["open"], row["latest"]] for row in told.values("pk", "open", "latest")}
    return _candidates(pks)


def _of_strategies(wanted: set[tuple[int, str]], counting: QuerySet[JobRun]) -> Mapping[tuple[int, str], Candidates]:
    """By database and strategy, whichever job began them."""
    if not wanted:
        return {}
    targets = sorted({target for target, _ in wanted})
    named = counting.filter(strategy_name__in={name for _, name in wanted})
    pks: dict[tuple[int, str], list[int | None]] = {}
    for start in range(0, len(targets), _CHUNK):
        there = named.filter(target__in=targets[start : start + _CHUNK])
        groups = there.order_by().values("target_id", "strategy_name")
        for row in groups.annotate(open=Max("pk", filter=Q(status__in=OPEN)), latest=Max("pk")):
            place = row["target_id"], row["strategy_name"]
            if place in wanted:  # asked for by pairs, SQL would grow with each of them
                pks[place] = [row["open"], row["latest"]]
    return _candidates(pks)


def _candidates(pks: Mapping[Key, Sequence[int | None]]) -> dict[Key, Candidates]:
    wanted = sorted({pk for found in pks.values() for pk in found if pk is not None})
    rows: dict[int, JobRun] = {}
    for start in range(0, len(wanted), _CHUNK):
        chunk = JobRun.objects.filter(pk__in=wanted[start : start + _CHUNK])
        rows |= {run.pk: run for run in chunk.only("status", "due_at")}
    return {key: [rows[pk] for pk in found if pk in rows] for key, found in pks.items()}


def _job(entry: Dependency, known: Mapping[int, Candidates], since: datetime | None) -> Upstream:
    if entry.job not in known:
        return Upstream(f"job {entry.job}", entry.on, End.GONE)
    return Upstream(f"job {entry.job}", entry.on, *_end(known[entry.job], since), entry.job)


def _strategy(name: str, candidates: Candidates, since: datetime | None) -> Upstream:
    return Upstream(f"{name} on the same database", On.SUCCESS, *_end(candidates, since))


def _end(candidates: Candidates, since: datetime | None) -> tuple[End, int | None]:
    run = next((run for run in candidates if since is None or run.due_at > since), None)
    if run is None:
        return End.NONE, None
    if run.status in OPEN:
        return End.OPEN, run.pk
    if run.status in GOOD:
        return End.SUCCEEDED, run.pk
    return (End.FAILED if run.status in BAD else End.LEFT_OUT), run.pk
