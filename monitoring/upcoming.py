"""The work to come on the databases that a reader looks at: runs that are at work or wait, and the due instants of jobs, as entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from itertools import islice, takewhile
from operator import gt
from zoneinfo import ZoneInfo

from cronsim import CronSimError
from django.db.models import OuterRef, Q, QuerySet, Subquery

from monitoring.entries import Entry, Kind
from monitoring.expected import Work, at_work, expected, warning
from monitoring.grounds import Chosen, Grounds
from strategies import job_clock
from strategies.models import OCCUPYING, OPEN, JobRun, MaintenanceJob, RunStatus, User
from strategies.occurrences import placed
from strategies.recurrence import Recurrence

MOST_RUNS = 500
MOST_JOBS = 300
MOST_A_DAY = 24  # due instants of a job that are counted; more are said to be more
EVERYDAY = 6  # times a day
MOST_OF_A_JOB = 20  # due instants of a job that are shown one by one
_STEP = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Upcoming:
    """What a reader sees of the work to come. `is_cut`: there is more of it than is shown."""

    entries: Sequence[Entry]
    is_cut: bool


@lru_cache(maxsize=5000)
def _following(schedule: Recurrence, first: datetime) -> tuple[datetime, ...]:
    """The next due instants after one; the same from one look to the next, as long as that one is not over."""
    return tuple(islice(schedule.after(first), MOST_OF_A_JOB - 1))


def runs(user: User, chosen: Chosen, grounds: Grounds, zone: str) -> Upcoming:
    """Runs at work, and released ones that wait, at the time at which windows and freezes let them begin. One query."""
    rows = JobRun.objects.visible_to(user).filter(status__in=OPEN, due_at__lt=grounds.until)
    rows = rows.filter(Q(status__in=OCCUPYING) | Q(is_released=True))
    if not chosen.is_everything:
        rows = rows.filter(target__in=chosen.targets(user).values("pk"))
    light = rows.select_related("job").defer("plan", "parameters", "limits", "job__job_parameters")
    found = list(light.order_by("due_at", "pk")[: MOST_RUNS + 1])
    shown = [run for run in found[:MOST_RUNS] if run.target_id in grounds.targets]
    entries = ((_at_work if run.status in OCCUPYING else _waiting)(run, grounds, zone) for run in shown)
    return Upcoming([entry for entry in entries if _lies_in(entry, grounds)], len(found) > MOST_RUNS)


def _lies_in(entry: Entry, grounds: Grounds) -> bool:
    return entry.starts_at < grounds.until and max(entry.starts_at, entry.ends_at or entry.starts_at) >= grounds.since


def _named(run: JobRun) -> str:
    return run.job.job_name if run.job is not None else run.strategy_name.replace("_", " ").capitalize()


def _at_work(run: JobRun, grounds: Grounds, zone: str) -> Entry:
    """It lasts until now at least, whatever is known of its end."""
    moment = grounds.moment
    work = Work.predicted(run.predicted, run.started_at or run.due_at)
    found = at_work(work, run.worked(moment) or 0, run.window_ends_at, moment)
    note = "" if run.status == RunStatus.RUNNING else f"{run.state.label}."
    if found.ends_at is None and work.p90_ms is not None:
        note = f"{note} It takes longer than 9 of 10 such runs did.".strip()
    return Entry(
        Kind.RUNNING, _named(run), grounds.targets[run.target_id].name, found.starts_at, found.ends_at or moment, run.pk, note,
        shuts_at=found.shuts_at, warning=warning(work, found, grounds.until, zone),
    )  # fmt: skip


def _waiting(run: JobRun, grounds: Grounds, zone: str) -> Entry:
    since = max(run.due_at, run.not_before or run.due_at)
    bound = None if run.has_begun else run.start_before
    entry = Entry(Kind.PLANNED, _named(run), grounds.targets[run.target_id].name, since, None, run.pk)
    return given_place(
        entry, run.target_id, Work.predicted(run.predicted, since, bound), grounds, zone, run.is_read_only
    )


def given_place(
    entry: Entry, target: int, work: Work, grounds: Grounds, zone: str, is_read_only: bool = False
) -> Entry:
    """Work at the time at which windows and freezes let it begin; where they do not, at its own, with a warning."""
    ahead = grounds.ahead
    if ahead is None or work.not_before >= ahead.ends_at:
        return replace(entry, starts_at=max(entry.starts_at, grounds.moment))
    found = expected(work, grounds.room(target, is_read_only=is_read_only), grounds.moment)
    told = warning(work, found, ahead.ends_at, zone)
    if found is None or (work.start_before is not None and found.starts_at > work.start_before):
        return replace(entry, starts_at=max(entry.starts_at, grounds.moment), warning=told)
    is_put_back = found.starts_at > max(work.not_before, grounds.moment)
    note = "It waits for its window, or for the end of a freeze." if is_put_back else entry.note
    return replace(
        entry, starts_at=found.starts_at, ends_at=found.ends_at, shuts_at=found.shuts_at, note=note, warning=told
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DueJob:
    """A job that the clock starts. `schedule` None = it is due once; `last` is the key of its latest run that had something to do."""

    job: MaintenanceJob
    schedule: Recurrence | None
    last: int | None

    def instants(self, since: datetime) -> Iterator[datetime]:
        """When it is due from `since` on, ascending, without that for which a run is prepared: the run itself stands there."""
        first = self.job.next_run
        if first is None:
            return
        if since <= first != self.job.prepared_for:
            yield first
        if self.schedule is not None:
            yield from self.schedule.after(max(first, since - _STEP))

    @property
    def next_few(self) -> Sequence[datetime]:
        """When it is due next, ascending, also the first of these that has passed and with which nobody has dealt yet."""
        first = self.job.next_run
        if first is None:
            return ()
        return (first, *(_following(self.schedule, first) if self.schedule is not None else ()))

    @property
    def is_everyday(self) -> bool:
        """Whether it is due more often than every four hours: so often that nobody plans by it."""
        few = self.next_few
        return len(few) > EVERYDAY and few[EVERYDAY] < few[0] + timedelta(days=1)

    def entry(self, at: datetime, times: str = "") -> Entry:
        return Entry(Kind.DUE, self.job.job_name, self.job.database_name, at, None, self.job.pk, times=times)


def jobs(user: User, chosen: Chosen, grounds: Grounds) -> tuple[list[DueJob], bool]:
    """The jobs that the clock starts, those that are due next first; and whether there are more. One query."""
    rows = MaintenanceJob.objects.visible_to(user).scheduled().filter(next_run__isnull=False)
    if not chosen.is_everything:
        # A row that names no database means home
        of_home = Q(target__isnull=True) if _home(grounds) is not None else Q(pk__in=())
        rows = rows.filter(Q(target__in=chosen.targets(user).values("pk")) | of_home)
    found = due_jobs(rows, MOST_JOBS + 1)
    return found[:MOST_JOBS], len(found) > MOST_JOBS


def due_jobs(rows: QuerySet[MaintenanceJob], most: int) -> list[DueJob]:
    """These jobs, those that are due next first, no more than `most`. One query."""
    planned = JobRun.objects.filter(job=OuterRef("pk"), planned_at__isnull=False, steps_total__gt=0)
    last = Subquery(planned.order_by("-due_at", "-pk").values("pk")[:1])
    found = rows.select_related("target").annotate(last=last).order_by("next_run", "pk")[:most]
    return [DueJob(job, _schedule(job), job.last) for job in found]


def _schedule(job: MaintenanceJob) -> Recurrence | None:
    """None = it has no clock, or one that cannot be read."""
    if not job.clock or job.next_run is None:
        return None
    schedule = job_clock.schedule_of(job.clock)
    try:
        schedule.next_due(job.next_run)
    except (CronSimError, ValueError, KeyError, OSError):
        return None
    return schedule


def _home(grounds: Grounds) -> int | None:
    return next((pk for pk, target in grounds.targets.items() if target.is_home), None)


def due_by_day(rows: Iterable[DueJob], grounds: Grounds, zone: str) -> Iterator[Entry]:
    """For each day of this zone on which a job is due one entry, at the first time, that says how often."""
    for due in rows:
        for first, count in _by_day(due, max(grounds.since, grounds.moment), grounds.until, zone):
            times = "" if count == 1 else f"{count}×" if count <= MOST_A_DAY else f"over {MOST_A_DAY}×"
            yield due.entry(first, times)


def _by_day(due: DueJob, since: datetime, until: datetime, zone: str) -> Iterator[tuple[datetime, int]]:
    """The first due instant of each day, and how many there are that day, counted no further than is told."""
    instants = due.instants(since)
    at = next(instants, None)
    while at is not None and at < until:
        first, count, next_day = at, 0, _next_midnight(at, zone)
        while at is not None and at < next_day and count <= MOST_A_DAY:
            count, at = count + 1, next(instants, None)
        yield first, count
        if at is not None and at < next_day:
            instants = due.instants(next_day)
            at = next(instants, None)


def _next_midnight(at: datetime, zone: str) -> datetime:
    day = at.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    return placed(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 (of the wall clock)


def due_one_by_one(rows: Sequence[DueJob], grounds: Grounds, zone: str) -> dict[int, list[Entry]]:
    """By database: the next due instants of its jobs, each where windows and freezes let it begin, and as long as the last plan of
    its job was expected to take. One query.
    """
    last = JobRun.objects.only("predicted", "is_read_only").in_bulk([due.last for due in rows if due.last is not None])
    home, found = _home(grounds), defaultdict[int, list[Entry]](list)
    for due in rows:
        target = due.job.target_id if due.job.target_id is not None else home
        if target is None or target not in grounds.targets:
            continue
        before = last.get(due.last) if due.last is not None else None
        for at in islice(takewhile(partial(gt, grounds.until), due.instants(grounds.moment)), MOST_OF_A_JOB):
            bound = at + timedelta(minutes=due.job.start_within_minutes)
            work = Work.predicted(before.predicted if before else None, at, bound)
            is_read_only = before is not None and before.is_read_only
            found[target].append(given_place(due.entry(at), target, work, grounds, zone, is_read_only))
    return found
