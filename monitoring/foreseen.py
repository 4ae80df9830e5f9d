"""The work on some databases, to come and at work, for those who announce it: when each piece is expected, and what became of it.

Loaded with the same few queries however many databases and pieces there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import TypeVar

from django.db.models import Q, QuerySet

from monitoring import upcoming
from monitoring.entries import Kind
from monitoring.expected import Work, at_work, expected
from monitoring.grounds import Grounds, Planned, Shut
from monitoring.maintenance_life import Doing, Piece
from monitoring.models import AnnouncedWork
from monitoring.upcoming import DueJob
from strategies import due_runs, timetables
from strategies.models import (
    GOOD,
    OPEN,
    CalendarKind,
    JobRun,
    MaintenanceJob,
    Origin,
    RunStatus,
    Target,
)

T = TypeVar("T")
MOST_OF_A_JOB = 20  # due instants of a job that are announced ahead
MOST_JOBS = 2000
_MINUTE = timedelta(minutes=1)
_BEGUN = (Doing.WORKING, Doing.VERIFYING)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One run, or one due instant of a job. `work` is its `due_key`."""

    work: str
    target: int
    strategy: str
    due_at: datetime
    piece: Piece
    job: int | None = None
    run: int | None = None


@dataclass(slots=True)
class Sight:
    """What is known at `moment` of the work on some databases. `coming`, by database, is what changes something and is not over,
    without jobs that are due so often that nobody plans by them.
    """

    moment: datetime
    grounds: Grounds
    coming: Mapping[int, Sequence[Foreseen]]
    _runs: Mapping[int, JobRun]
    _by_work: Mapping[str, JobRun]
    _carried_on: Mapping[int, JobRun]
    _jobs: Mapping[int, MaintenanceJob]
    _due: Mapping[int, DueJob]
    _before: Mapping[int, JobRun]
    _instants: dict[int, frozenset[datetime]] = field(default_factory=dict)

    def of(self, known: AnnouncedWork) -> Foreseen:
        """What has become of work that was announced."""
        first = self._run(known)
        if first is None:
            return self._without_run(known)
        run = self._carried_on.get(first.pk, first)
        found = self._of_run(run, known.work)
        if known.doing in _BEGUN or first.has_begun:
            began_at = known.starts_at if known.doing in _BEGUN else first.started_at
            return replace(found, piece=_went_on(found.piece, began_at or known.starts_at))
        return found

    def _run(self, known: AnnouncedWork) -> JobRun | None:
        """The one that was followed, unless its job took it back before it began: another one may stand for the same instant."""
        followed = self._runs.get(known.run_id) if known.run_id is not None else None
        if followed is None or (followed.due_key == f"{known.work}:withdrawn:{followed.pk}" and not followed.has_begun):
            return self._by_work.get(known.work)
        return followed

    def _without_run(self, known: AnnouncedWork) -> Foreseen:
        kept = Foreseen(known.work, known.target_id, known.strategy_name, known.due_at, piece_of(known), known.job_id)
        if known.job_id is None:
            return _gone(kept)
        job = self._jobs.get(known.job_id)
        if job is not None and not job.is_settled:
            return kept  # the next tick reads it
        due = self._due.get(known.job_id)
        if due is None or self._target(due.job) != known.target_id or known.due_at not in self._of_job(due):
            return _gone(kept)
        return self._of_due(due, known.target_id, known.due_at)

    def _of_job(self, due: DueJob) -> frozenset[datetime]:
        """Its next instants, also the first of them that has passed, and with which nobody has dealt yet."""
        pk = due.job.pk
        if pk not in self._instants:
            first = due.job.next_run
            following = due.schedule.after(first) if due.schedule is not None and first is not None else ()
            found = {first} if first is not None else set()
            self._instants[pk] = frozenset({*found, *islice(following, 3 * MOST_OF_A_JOB)})
        return self._instants[pk]

    def _target(self, job: MaintenanceJob) -> int | None:
        return job.target_id if job.target_id is not None else self._home

    @property
    def _home(self) -> int | None:
        return next((pk for pk, target in self.grounds.targets.items() if target.is_home), None)

    def _of_run(self, run: JobRun, work: str) -> Foreseen:
        return Foreseen(work, run.target_id, run.strategy_name, run.due_at, self._piece(run), run.job_id, run.pk)

    def _piece(self, run: JobRun) -> Piece:
        doing, moment = doing_of(run), self.moment
        if doing in (Doing.DONE, Doing.BROKEN, Doing.MISSED, Doing.GONE):
            ended = run.finished_at or moment
            return Piece(doing, run.started_at or ended, ended)
        if doing is Doing.COMING:
            since = max(run.due_at, run.not_before or run.due_at)
            work = Work.predicted(run.predicted, since, run.start_before)
            return self._placed(work, run.target_id, run.is_read_only)
        work = Work.predicted(run.predicted, run.started_at or run.due_at)
        if run.status in (RunStatus.PLANNED, RunStatus.WAITING, RunStatus.READY):  # it was put back, with a rest to do
            rest = self._placed(replace(work, not_before=max(moment, run.not_before or moment)), run.target_id, False)
            return replace(rest, doing=doing, starts_at=work.not_before)
        found = at_work(work, run.worked(moment) or 0, run.window_ends_at, moment)
        return Piece(doing, found.starts_at, _to_the_minute(found.ends_at or found.shuts_at))

    def _of_due(self, due: DueJob, target: int, at: datetime) -> Foreseen:
        before = self._before.get(due.last) if due.last is not None else None
        bound = at + timedelta(minutes=due.job.start_within_minutes)
        work = Work.predicted(before.predicted if before else None, at, bound)
        piece = self._placed(work, target, before is not None and before.is_read_only)
        return Foreseen(due_runs.schedule_key(due.job, at), target, due.job.strategy_id, at, piece, due.job.pk)

    def _placed(self, work: Work, target: int, is_read_only: bool) -> Piece:
        """When windows and freezes let it begin. Where they do not in time, it is expected when it is due, and will be missed."""
        moment, found = self.moment, None
        if target in self.grounds.places:
            found = expected(work, self.grounds.room(target, is_read_only=is_read_only), moment)
        if found is None or (work.start_before is not None and found.starts_at > work.start_before):
            starts_at = max(work.not_before, moment)
            ends_at = starts_at + work.length if work.length is not None else None
            return Piece(Doing.COMING, starts_at, _to_the_minute(ends_at))
        return Piece(Doing.COMING, found.starts_at, _to_the_minute(found.ends_at or found.shuts_at))


def load(targets: Mapping[int, Target], known: Iterable[AnnouncedWork], moment: datetime, until: datetime) -> Sight:
    """What is to be known of these databases, and of work that was announced before."""
    known = list(known)
    runs = _runs(known)
    after = JobRun.objects.filter(parent__in=[pk for pk, run in runs.items() if run.status == RunStatus.CONTINUED])
    carried_on = {run.parent_id: run for run in _light(after.filter(origin=Origin.CONTINUE)) if run.parent_id}
    due = _due_jobs(targets)
    before = JobRun.objects.only("predicted", "is_read_only").in_bulk([job.last for job in due if job.last is not None])
    sight = Sight(
        moment, _grounds(targets, moment, until), coming := defaultdict[int, list[Foreseen]](list), runs,
        {run.due_key: run for run in runs.values()}, carried_on,
        MaintenanceJob.objects.in_bulk({one.job_id for one in known if one.job_id is not None}),
        {one.job.pk: one for one in due}, before,
    )  # fmt: skip
    everyday = {job.job.pk for job in due if job.is_everyday}
    for run in _light(JobRun.objects.filter(target__in=targets, status__in=OPEN, is_released=True)):
        has_nothing_to_do = run.planned_at is not None and (run.is_read_only or not run.steps_total)
        if not has_nothing_to_do and run.job_id not in everyday:
            coming[run.target_id].append(sight._of_run(run, run.due_key))
    for job in due:
        if job.job.pk in everyday:
            continue
        target, last = sight._target(job.job), before.get(job.last) if job.last is not None else None
        if target in targets and target is not None and not (last is not None and last.is_read_only):
            ahead = takewhile(lambda at: at < until, job.instants(moment))
            coming[target] += [sight._of_due(job, target, at) for at in islice(ahead, MOST_OF_A_JOB)]
    return sight


def doing_of(run: JobRun) -> Doing:
    """What a run does, for those who only wait for its end."""
    if run.status == RunStatus.VERIFYING:
        return Doing.VERIFYING
    if run.is_open:
        return Doing.WORKING if run.has_begun else Doing.COMING
    if not run.has_begun:
        return Doing.GONE if run.status == RunStatus.CANCELLED else Doing.MISSED
    return Doing.DONE if run.status in GOOD else Doing.BROKEN


def piece_of(known: AnnouncedWork) -> Piece:
    return Piece(Doing(known.doing), known.starts_at, known.ends_at)


def _gone(kept: Foreseen) -> Foreseen:
    """It is nowhere any more: it never began, as far as anybody saw, or nobody knows how it ended."""
    doing = Doing.BROKEN if kept.piece.doing in _BEGUN else Doing.GONE
    return replace(kept, piece=replace(kept.piece, doing=doing))


def _went_on(piece: Piece, began_at: datetime) -> Piece:
    """A run that only carries on what had begun: before its own begin the work is under way all the same."""
    doing = {Doing.COMING: Doing.WORKING, Doing.MISSED: Doing.BROKEN, Doing.GONE: Doing.BROKEN}.get(
        piece.doing, piece.doing
    )
    return replace(piece, doing=doing, starts_at=min(began_at, piece.starts_at))


def _to_the_minute(moment: datetime | None) -> datetime | None:
    """Nobody waits by the second; and what is expected is not another thing with each look."""
    if moment is None or (moment.second, moment.microsecond) == (0, 0):
        return moment
    return moment.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE


def _light(rows: QuerySet[JobRun]) -> QuerySet[JobRun]:
    return rows.defer("plan", "parameters", "limits")


def _runs(known: Sequence[AnnouncedWork]) -> dict[int, JobRun]:
    """Those that are known to be announced work, and those that have become of due instants since."""
    pks = [one.run_id for one in known if one.run_id is not None]
    works = [one.work for one in known]
    found: dict[int, JobRun] = {}
    for some in _some(pks):
        found |= {run.pk: run for run in _light(JobRun.objects.filter(pk__in=some))}
    for keys in _some(works):
        found |= {run.pk: run for run in _light(JobRun.objects.filter(due_key__in=keys))}
    return found


def _some(values: Sequence[T], size: int = 500) -> Iterable[Sequence[T]]:
    return (values[at : at + size] for at in range(0, len(values), size))


def _due_jobs(targets: Mapping[int, Target]) -> list[DueJob]:
    here = Q(target__in=targets)
    if any(target.is_home for target in targets.values()):
        here |= Q(target__isnull=True)
    rows = MaintenanceJob.objects.scheduled().filter(here, next_run__isnull=False)
    return upcoming.due_jobs(rows, MOST_JOBS)


def _grounds(targets: Mapping[int, Target], moment: datetime, until: datetime) -> Grounds:
    places = {one.place.target: one.place for one in timetables.databases(targets.values())}
    freezes = timetables.freezes(moment, CalendarKind.FREEZE)
    return Grounds(
        moment, until, moment, targets, places, [Planned(window, "") for window in timetables.windows(moment)],
        [Shut(freeze, Kind.FREEZE, "", 0) for freeze in freezes],
    )  # fmt: skip
