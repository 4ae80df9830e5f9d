"""Loads what the gate must know of the jobs that began waiting runs: are they in order, and how their dependencies stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Max, OuterRef, Q, Subquery

from strategies.dependencies import Dependency, DependencyRefused, End, On, Upstream, parse_jobs, parse_names, unmet
from strategies.gate import JobFacts
from strategies.models import BAD, GOOD, OPEN, JobRun, MaintenanceJob, Origin

BY_ITSELF = (Origin.SCHEDULE, Origin.EVENT)  # whoever starts a job by hand does not wait for what it depends on
_CHUNK = 500  # Oracle takes at most 1000 expressions in a list


def job_facts(asking: Sequence[JobRun], moment: datetime) -> dict[int, JobFacts]:
    """By run, for those that a job began by itself. The same few queries however many runs ask (in parts of 500 jobs)."""
    begun = [run for run in asking if run.job_id is not None and run.origin in BY_ITSELF]
    if not begun:
        return {}
    wanted = {run.pk: _dependencies(run) for run in begun}
    by_job = _latest_of_jobs({entry.job for jobs, _ in wanted.values() for entry in jobs}, moment)
    by_strategy = _latest_of_strategies(
        {(run.target_id, name) for run in begun for name in wanted[run.pk][1]}, _earliest(begun), moment
    )
    found = {}
    for run in begun:
        jobs, names = wanted[run.pk]
        upstreams = [
            *(_of_job(entry, by_job, run.depends_since) for entry in jobs),
            *(_of_strategy(name, by_strategy.get((run.target_id, name)), run.depends_since) for name in names),
        ]
        job = run.job
        found[run.pk] = JobFacts(job.job_name if job else "", _problem(job), unmet(upstreams))
    return found


def _dependencies(run: JobRun) -> tuple[tuple[Dependency, ...], tuple[str, ...]]:
    job, config = run.job, run.config
    names = parse_names(config.depends_on_strategies) if config is not None else ()
    try:
        return parse_jobs(job.depends_on_jobs if job is not None else ""), names
    except DependencyRefused:  # the job is set aside for it; see settling.settle
        return (), names


def _problem(job: MaintenanceJob | None) -> str:
    if job is None:
        return ""
    if not job.is_active:
        return "is switched off."
    return f"is set aside: {job.quarantine_reason}" if job.quarantined_at is not None else ""


def _latest_of_jobs(ids: Iterable[int], moment: datetime) -> dict[int, tuple[MaintenanceJob, JobRun | None]]:
    """Each of these jobs, with its latest run that is due by now."""
    latest = JobRun.objects.filter(job=OuterRef("pk"), due_at__lte=moment).order_by("-due_at", "-pk").values("pk")[:1]
    found: dict[int, tuple[MaintenanceJob, JobRun | None]] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), _CHUNK):
        jobs = MaintenanceJob.objects.filter(pk__in=wanted[start : start + _CHUNK])
        latest_of: dict[int, int | None] = dict(jobs.annotate(latest=Subquery(latest)).values_list("pk", "latest"))
        rows = _runs([run for run in latest_of.values() if run is not None])
        found |= {job.pk: (job, rows.get(latest_of.get(job.pk) or 0)) for job in jobs}
    return found


def _latest_of_strategies(
    wanted: set[tuple[int, str]], since: datetime | None, moment: datetime
) -> Mapping[tuple[int, str], JobRun]:
    """The latest run of each strategy on each target that was due after `since`."""
    if not wanted or since is None:
        return {}
    by_target: dict[int, set[str]] = defaultdict(set)
    for target, name in wanted:
        by_target[target].add(name)
    places = Q()
    for target, names in by_target.items():
        places |= Q(target_id=target, strategy_name__in=names)
    latest = (
        JobRun.objects.filter(places, due_at__gt=since, due_at__lte=moment)
        .order_by()
        .values("target_id", "strategy_name")
        .annotate(latest=Max("pk"))
    )
    rows = _runs([row["latest"] for row in latest])
    return {(run.target_id, run.strategy_name): run for run in rows.values()}


def _runs(ids: Sequence[int]) -> dict[int, JobRun]:
    return {
        run.pk: run for run in JobRun.objects.filter(pk__in=ids).only("status", "due_at", "target", "strategy_name")
    }


def _earliest(begun: Sequence[JobRun]) -> datetime | None:
    return min((run.depends_since for run in begun if run.depends_since is not None), default=None)


def _of_job(
    entry: Dependency, known: Mapping[int, tuple[MaintenanceJob, JobRun | None]], since: datetime | None
) -> Upstream:
    if entry.job not in known:
        return Upstream(f"job {entry.job}, which no longer exists,", entry.on, End.NONE)
    job, run = known[entry.job]
    return Upstream(f"job {job.pk} ({job.job_name})", entry.on, *_end(run, since))


def _of_strategy(name: str, run: JobRun | None, since: datetime | None) -> Upstream:
    return Upstream(f"{name} on the same database", On.SUCCESS, *_end(run, since))


def _end(run: JobRun | None, since: datetime | None) -> tuple[End, int | None]:
    if run is None or (since is not None and run.due_at <= since):
        return End.NONE, None
    if run.status in OPEN:
        return End.OPEN, run.pk
    if run.status in GOOD:
        return End.SUCCEEDED, run.pk
    return (End.FAILED if run.status in BAD else End.LEFT_OUT), run.pk
