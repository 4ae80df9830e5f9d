"""The list of jobs: a page of it by name, those that are set aside, and what its rows show, with a constant number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from strategies import job_definitions
from strategies.job_definitions import JobRefused
from strategies.models import OCCUPYING, OPEN, JobRun, JobState, MaintenanceJob, RunStatus, StrategyConfig
from strategies.schedule_words import schedule_words

SIZE = 50
SET_ASIDE = 20  # shown above the list; a filter shows them all
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class JobRow:
    """`last` is the latest run that ended, `present` one that is due and open."""

    job: MaintenanceJob
    schedule: str
    last: JobRun | None = None
    present: JobRun | None = None


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs by name. `after` and `before` are the keys to go on from, empty where there is nothing more."""

    jobs: Sequence[MaintenanceJob]
    before: str
    after: str


def page(rows: QuerySet[MaintenanceJob], query: Mapping[str, str], size: int = SIZE) -> JobPage:
    """The page that `?after=KEY` or `?before=KEY` asks for; the first where neither is a key."""
    after, before = _key(query.get("after")), _key(query.get("before"))
    if before is not None and after is None:
        pk, name = before
        earlier = rows.filter(Q(job_name__lt=name) | Q(job_name=name, pk__lt=pk))
        found = list(earlier.order_by("-job_name", "-pk")[: size + 1])
        has_earlier, found = len(found) > size, found[:size][::-1]
        return JobPage(found, _text(found[0]) if has_earlier else "", _text(found[-1]) if found else "")
    if after is not None:
        pk, name = after
        rows = rows.filter(Q(job_name__gt=name) | Q(job_name=name, pk__gt=pk))
    found = list(rows.order_by("job_name", "pk")[: size + 1])
    has_later, found = len(found) > size, found[:size]
    return JobPage(found, _text(found[0]) if found and after is not None else "", _text(found[-1]) if has_later else "")


def _text(job: MaintenanceJob) -> str:
    return f"{job.pk}:{job.job_name}"


def _key(text: str | None) -> tuple[int, str] | None:
    """Number and name, or None for whatever else was typed."""
    number, colon, name = (text or "").partition(":")
    if not colon or not (number.isascii() and number.isdigit()) or "\x00" in name:
        return None
    pk = int(number[:20])
    return (pk, name) if pk <= _LARGEST else None


def set_aside(rows: QuerySet[MaintenanceJob]) -> tuple[list[MaintenanceJob], int]:
    """The jobs that were set aside last, those that are on before the others, and how many there are in all."""
    found = rows.filter(quarantined_at__isnull=False)
    return list(found.order_by("-is_active", "-quarantined_at", "-pk")[:SET_ASIDE]), found.count()


def is_running() -> Exists:
    """A condition on jobs: a run of it is at work, or paused in the middle."""
    return Exists(JobRun.objects.filter(job=OuterRef("pk"), status__in=OCCUPYING))


def in_state(state: JobState) -> Q:
    """A condition on jobs: `MaintenanceJob.state` is this one."""
    if state is JobState.UNSETTLED:
        return Q(is_settled=False)
    settled = Q(is_settled=True)
    if state is JobState.QUARANTINED:
        return settled & Q(quarantined_at__isnull=False)
    in_order = settled & Q(quarantined_at__isnull=True)
    if state is JobState.OFF:
        return in_order & Q(is_active=False)
    return in_order & Q(is_active=True, next_run__isnull=state is JobState.UNCLOCKED)


def rows_of(jobs: Sequence[MaintenanceJob], runs: QuerySet[JobRun], moment: datetime) -> list[JobRow]:
    """What the list shows of these jobs, in their order; `runs` are those that the reader may see. Four queries."""
    if not jobs:
        return []
    configs = job_definitions.configurations(jobs)
    last, present = _latest_ended(jobs, runs), _present(jobs, runs, moment)
    return [JobRow(job, words_of(job, configs.get(job.pk)), last.get(job.pk), present.get(job.pk)) for job in jobs]


def words_of(job: MaintenanceJob, config: StrategyConfig | None) -> str:
    """The schedule in words; as it was typed where it is none."""
    try:
        return schedule_words(job.schedule_type_id, job.schedule_value, job_definitions.schedule_of(job, config))
    except JobRefused:
        return f"{job.schedule_type_id} {job.schedule_value or ''}".strip()


def _latest_ended(jobs: Sequence[MaintenanceJob], runs: QuerySet[JobRun]) -> dict[int | None, JobRun]:
    """By job. What was taken back before it began says nothing of how the job goes, nor does an undo."""
    ended = runs.filter(job=OuterRef("pk"), finished_at__isnull=False, is_undo=False)
    ended = ended.exclude(status=RunStatus.CANCELLED, started_at__isnull=True).order_by("-due_at", "-pk")
    latest = MaintenanceJob.objects.filter(pk__in=[job.pk for job in jobs]).order_by()
    ids = latest.annotate(latest=Subquery(ended.values("pk")[:1])).values_list("latest", flat=True)
    rows = JobRun.objects.filter(pk__in=[pk for pk in ids if pk is not None])
    return {run.job_id: run for run in rows.only("job", "status", "due_at", "started_at", "finished_at", "duration_ms")}


def _present(jobs: Sequence[MaintenanceJob], runs: QuerySet[JobRun], moment: datetime) -> dict[int | None, JobRun]:
    """By job, the run that is furthest; one that is planned ahead of its time is not there yet."""
    rows = runs.filter(job__in=[job.pk for job in jobs], status__in=OPEN, due_at__lte=moment)
    found: dict[int | None, JobRun] = {}
    for run in sorted(
        rows.only("job", "status", "due_at", "planned_at", "planning_at"), key=lambda run: OPEN.index(run.state)
    ):
        found[run.job_id] = run
    return found
