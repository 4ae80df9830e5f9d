"""The work on some databases, to come and at work, for those who announce it: when each piece is expected, and what became of it.

Loaded with the same few queries however many databases and pieces there are. Jobs are read before runs: what the clock makes of an
instant meanwhile is then seen as its run.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from django.db.models import Q, QuerySet

from monitoring import upcoming
from monitoring.entries import Kind
from monitoring.expected import Expected, Work, at_work, expected
from monitoring.grounds import Grounds, Planned, Shut
from monitoring.maintenance_life import SOON, Doing, Piece
from monitoring.models import AnnouncedWork
from monitoring.upcoming import DueJob
from strategies import due_runs, timetables
from strategies.models import (
    GOOD,
    OPEN,
    CalendarKind,
    Hold,
    JobRun,
    JobState,
    MaintenanceJob,
    Origin,
    RunStatus,
    Target,
)

log = logging.getLogger(__name__)

_MOST_JOBS = 100_000
_AT_ONCE = 500  # keys in one query
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
    carries_on: int | None = None  # the run whose rest it does


@dataclass(slots=True)
class Sight:
    """What is known at `moment` of the work on some databases. `coming`, by database, is what changes something and is not over,
    without jobs that are due so often that nobody plans by them; each work once.
    """

    moment: datetime
    grounds: Grounds
    coming: Mapping[int, Sequence[Foreseen]]
    kept_back: frozenset[int]
    _jobs: Mapping[int, DueJob]
    _before: Mapping[int, JobRun]
    _runs: Mapping[int, JobRun]
    _by_work: Mapping[str, JobRun]

    def of(self, known: AnnouncedWork) -> Foreseen:
        """What has become of work that was announced."""
        run = self._run(known)
        if run is None:
            return self._without_run(known)
        found = self.of_run(run)
        if known.doing in _BEGUN and not run.has_begun:
            return replace(found, piece=replace(found.piece, doing=Doing.BROKEN))  # nobody saw how it ended
        if found.piece.doing is Doing.COMING and has_nothing_to_do(run):
            return replace(found, piece=replace(found.piece, doing=Doing.GONE))
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
        due = self._jobs.get(known.job_id)
        if due is not None and not due.job.is_settled:
            return kept  # the next tick reads it
        target = self.target_of(due.job) if due is not None else None
        if due is None or target is None or due.job.state is not JobState.SCHEDULED or known.due_at not in due.next_few:
            return _gone(kept)
        return self.of_due(due, target, known.due_at)

    def target_of(self, job: MaintenanceJob) -> int | None:
        if job.target_id is not None:
            return job.target_id
        return next((pk for pk, target in self.grounds.targets.items() if target.is_home), None)

    def of_run(self, run: JobRun) -> Foreseen:
        work = run.due_key.partition(":withdrawn:")[0]
        carries_on = run.parent_id if run.origin == Origin.CONTINUE else None
        return Foreseen(
            work, run.target_id, run.strategy_name, run.due_at, self._piece(run), run.job_id, run.pk, carries_on
        )  # fmt: skip

    def _piece(self, run: JobRun) -> Piece:
        doing, moment = doing_of(run), self.moment
        if doing is Doing.COMING:
            since = max(run.due_at, run.not_before or run.due_at)
            work = Work.predicted(run.predicted, since, run.start_before)
            return self._placed(work, run.target_id, run.is_read_only)
        if doing not in _BEGUN:
            ended = run.finished_at or moment
            return Piece(doing, run.started_at or ended, ended)
        work = Work.predicted(run.predicted, run.started_at or run.due_at)
        if run.status in (RunStatus.PLANNED, RunStatus.WAITING, RunStatus.READY):  # it was put back, with a rest to do
            rest = self._placed(replace(work, not_before=run.not_before or run.due_at), run.target_id, False)
            return Piece(doing, work.not_before, rest.ends_at, is_bound=rest.is_bound)
        found = at_work(work, run.worked(moment) or 0, run.window_ends_at, moment)
        ends_at, is_bound = _end(found)
        if ends_at is None or ends_at <= moment:
            return Piece(doing, found.starts_at, None)
        return Piece(doing, found.starts_at, ends_at, is_bound=is_bound)

    def of_due(self, due: DueJob, target: int, at: datetime) -> Foreseen:
        before = self._before.get(due.last) if due.last is not None else None
        bound = at + timedelta(minutes=due.job.start_within_minutes)
        work = Work.predicted(before.predicted if before else None, at, bound)
        piece = self._placed(work, target, before is not None and before.is_read_only)
        return Foreseen(due_runs.schedule_key(due.job, at), target, due.job.strategy_id, at, piece, due.job.pk)

    def _placed(self, work: Work, target: int, is_read_only: bool) -> Piece:
        """When windows and freezes let it begin. Where they do not in time, it is expected when it is due, and will be missed.

        What could begin by now and does not, has no known end: nobody knows how long it waits.
        """
        moment, found, is_bound = self.moment, None, False
        if target in self.grounds.places:
            found = expected(work, self.grounds.room(target, is_read_only=is_read_only), moment)
        is_kept_back = target in self.kept_back
        if found is None or (work.start_before is not None and found.starts_at > work.start_before):
            starts_at = max(work.not_before, moment)
            ends_at = _to_the_minute(starts_at + work.length if work.length is not None else None)
            is_kept_back = True
        else:
            starts_at, (ends_at, is_bound) = found.starts_at, _end(found)
        if starts_at <= moment and work.not_before < moment - SOON:
            ends_at, is_bound = None, False
        return Piece(Doing.COMING, starts_at, ends_at, is_kept_back, is_bound)


def load(targets: Mapping[int, Target], known: Iterable[AnnouncedWork], moment: datetime, until: datetime) -> Sight:
    """What is to be known of these databases, and of work that was announced before. A row that fails is left out."""
    known = list(known)
    jobs = {due.job.pk: due for due in _jobs(targets, known)}
    before = JobRun.objects.only("predicted", "is_read_only").in_bulk([due.last for due in jobs.values() if due.last])
    runs, by_work = _runs(known, list(jobs), moment)
    grounds = _grounds(targets, moment, until)
    coming: dict[int, dict[str, Foreseen]] = defaultdict(dict)
    kept_back = _kept_back(grounds)
    sight = Sight(moment, grounds, {}, kept_back, jobs, before, runs, by_work)
    everyday = {pk for pk, due in jobs.items() if due.is_everyday}
    looking = {pk for pk, due in jobs.items() if due.last in before and before[due.last].is_read_only}
    for run in _light(JobRun.objects.filter(target__in=targets, status__in=OPEN, is_released=True)):
        only_looks = has_nothing_to_do(run) or (run.planned_at is None and run.job_id in looking)
        if not only_looks and run.job_id not in everyday:
            _add(coming, partial(sight.of_run, run))
    for pk, due in jobs.items():
        target = sight.target_of(due.job)
        is_told = pk not in everyday and pk not in looking and due.job.state is JobState.SCHEDULED
        if not is_told or target is None or target not in targets:
            continue
        for at in due.next_few:
            is_new = due_runs.schedule_key(due.job, at) not in by_work  # else it has its run, or had it
            if moment <= at < until and is_new:
                _add(coming, partial(sight.of_due, due, target, at), is_possible=target not in kept_back)
    sight.coming = {target: list(works.values()) for target, works in coming.items()}
    return sight


def _add(
    coming: dict[int, dict[str, Foreseen]], make: Callable[[], Foreseen], *, is_possible: bool = False
) -> None:  # fmt: skip
    """Each work once; what was read first counts. Where work is possible, what is kept back all the same would be missed."""
    try:
        found = make()
    except Exception:
        log.exception("work that cannot be read is not announced")
        return
    if is_possible and found.piece.is_kept_back:
        return
    coming[found.target].setdefault(found.work, found)


def doing_of(run: JobRun) -> Doing:
    """What a run does, for those who only wait for its end. What is carried on by another run ended without all of its work."""
    if run.status == RunStatus.VERIFYING:
        return Doing.VERIFYING
    if run.is_open:
        return Doing.WORKING if run.has_begun else Doing.COMING
    if not run.has_begun:
        return Doing.GONE if run.status == RunStatus.CANCELLED else Doing.MISSED
    return Doing.DONE if run.status in GOOD else Doing.BROKEN


def has_nothing_to_do(run: JobRun) -> bool:
    """Whether its plan is there, and changes nothing."""
    return run.planned_at is not None and (run.is_read_only or not run.steps_total)


def piece_of(known: AnnouncedWork) -> Piece:
    return Piece(Doing(known.doing), known.starts_at, known.ends_at, is_bound=known.is_bound)


def _gone(kept: Foreseen) -> Foreseen:
    """It is nowhere any more: it never began, as far as anybody saw, or nobody knows how it ended."""
    doing = Doing.BROKEN if kept.piece.doing in _BEGUN else Doing.GONE
    return replace(kept, piece=replace(kept.piece, doing=doing))


def _end(found: Expected) -> tuple[datetime | None, bool]:
    """When it is likely to be done; where that is not known, or would be too late, when it has to stop: then it is only the latest."""
    ends_at, shuts_at = found.ends_at, found.shuts_at
    is_bound = shuts_at is not None and (ends_at is None or ends_at > shuts_at)
    return _to_the_minute(shuts_at if is_bound else ends_at), is_bound


def _to_the_minute(moment: datetime | None) -> datetime | None:
    """Nobody waits by the second; and what is expected is not another thing with each look."""
    if moment is None or (moment.second, moment.microsecond) == (0, 0):
        return moment
    return moment.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE


def _light(rows: QuerySet[JobRun]) -> QuerySet[JobRun]:
    return rows.defer("plan", "parameters", "limits", "reasons", "used")


def _runs(
    known: Sequence[AnnouncedWork], jobs: Sequence[int], moment: datetime
) -> tuple[dict[int, JobRun], dict[str, JobRun]]:  # fmt: skip
    """Those that are known to be announced work, by their keys; and all that were made of announced instants, or of those to come."""
    pks = [one.run_id for one in known if one.run_id is not None]
    found = {run.pk: run for some in _some(pks) for run in _light(JobRun.objects.filter(pk__in=some))}
    since = min((one.due_at for one in known if one.doing == Doing.COMING), default=moment)
    made = [
        run for some in _some(jobs)
        for run in _light(JobRun.objects.filter(job__in=some, due_at__gte=min(since, moment)))
    ]  # fmt: skip
    return found, {run.due_key: run for run in (*found.values(), *made)}


def _some(values: Sequence[int]) -> Iterable[Sequence[int]]:
    return (values[at : at + _AT_ONCE] for at in range(0, len(values), _AT_ONCE))


def _jobs(targets: Mapping[int, Target], known: Sequence[AnnouncedWork]) -> list[DueJob]:
    """The jobs on these databases that the clock starts, and those whose instants were announced, however they are now. One query."""
    here = Q(target__in=targets)
    if any(target.is_home for target in targets.values()):
        here |= Q(target__isnull=True)
    announced = MaintenanceJob.objects.filter(pk__in={one.job_id for one in known if one.job_id is not None})
    rows = MaintenanceJob.objects.scheduled().filter(here, next_run__isnull=False) | announced
    return upcoming.due_jobs(rows.defer("job_parameters", "resource_limits"), _MOST_JOBS)


def _kept_back(grounds: Grounds) -> frozenset[int]:
    """The databases on which nothing starts now: they are switched off, refused the sign-in, or are held."""
    holds = [hold.where for hold in Hold.objects.in_force()]
    return frozenset(
        pk for pk, target in grounds.targets.items()
        if not target.is_active or target.stopped_at is not None
        or any(scope.covers(grounds.places[pk]) for scope in holds)
    )  # fmt: skip


def _grounds(targets: Mapping[int, Target], moment: datetime, until: datetime) -> Grounds:
    places = {one.place.target: one.place for one in timetables.databases(targets.values())}
    freezes = timetables.freezes(moment, CalendarKind.FREEZE)
    return Grounds(
        moment, until, moment, targets, places, [Planned(window, "") for window in timetables.windows(moment)],
        [Shut(freeze, Kind.FREEZE, "", 0) for freeze in freezes],
    )  # fmt: skip
