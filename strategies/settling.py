"""Reads jobs that are new or were changed, by whatever way: computes when they are due, or sets them aside with the reason."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Field, Value
from django.db.models.functions import Coalesce

from strategies import audit, batches, due_runs, job_clock, job_definitions, job_edges
from strategies.audit import PORTAL
from strategies.batches import Behind, Budget
from strategies.job_clock import READ_WITHIN, Turn
from strategies.job_definitions import Definition, JobRefused
from strategies.job_facts import BY_ITSELF
from strategies.job_rings import Rings
from strategies.models import JobRun, MaintenanceJob, StrategyConfig, Target
from strategies.models.job import MaintenanceJobQuerySet

log = logging.getLogger(__name__)

AT_ONCE = 500  # jobs dealt with in one tick; the rest has its turn in the next
_behind = Behind()


def settle(moment: datetime, budget: Budget | None = None) -> int:
    """Read rows that are new or were changed: compute when they are due, or set them aside with the reason. How many.

    Those that are due first come first. Two at once are as safe as one: each row is locked, and looked at again then.
    """
    rows = MaintenanceJob.objects.unsettled().order_by(F("next_run").asc(nulls_last=True), "pk")
    pks = _behind.keys(rows, most=AT_ONCE)
    if not pks and _round.after is None:
        return 0
    home = Target.objects.get(is_home=True)
    count = batches.in_batches(
        pks,
        lambda some: _settle(some, home, moment, budget),
        lambda pk, _: give_up(pk, moment, is_settled=False),
        budget,
        _behind,
    )
    if count:
        _round.begin()
    _reconsider_dependants(home, budget)
    return count


@dataclass(frozen=True, slots=True)
class Ground:
    """What rows are judged by, read once for many of them."""

    home: Target
    configs: dict[int | None, StrategyConfig]
    rings: Rings

    @classmethod
    def of(cls, jobs: Sequence[MaintenanceJob], home: Target) -> Ground:
        return cls(home, job_definitions.configurations(jobs), Rings(jobs))

    def judge(self, job: MaintenanceJob) -> Definition:
        """What the row means. Raises JobRefused."""
        config = self.configs.get(job.pk)
        definition = job_definitions.read(job, config, self.home)
        self.rings.refuse(job, config)
        return definition


def judge(job: MaintenanceJob) -> Definition:
    """What this row means, saved or not, as the tick judges it. Raises JobRefused."""
    return Ground.of([job], Target.objects.get(is_home=True)).judge(job)


def _settle(pks: Sequence[int], home: Target, moment: datetime, budget: Budget | None = None) -> int:
    """How many there was time for, at least one: a row with a long past takes a second, and others wait for the lock meanwhile."""
    count = 0
    with transaction.atomic():
        runs = due_runs.hold(pks)
        jobs = list(_locked(pks, is_settled=False))
        job_edges.keep(jobs)
        ground = Ground.of(jobs, home)  # while the rows are held: who changes a configuration now unsettles them again
        for job in jobs:
            if count and batches.is_spent(budget):
                break
            _settle_one(job, [run for run in runs if run.job_id == job.pk], ground, moment)
            count += 1
    return count


def _locked(pks: Sequence[int], *, is_settled: bool) -> Sequence[MaintenanceJob]:
    rows = MaintenanceJob.objects.filter(pk__in=pks, is_settled=is_settled).select_related("target").order_by("pk")
    return list(rows.select_for_update(of=("self",)))


def _settle_one(job: MaintenanceJob, runs: Sequence[JobRun], ground: Ground, moment: datetime) -> None:
    since = moment - READ_WITHIN
    try:
        definition = ground.judge(job)
    except JobRefused as refusal:
        _set_aside(job, runs, f"{refusal.field}: {refusal}", moment, since)
        return
    config = ground.configs.get(job.pk)
    if not job.is_active or definition.is_manual:
        why = "its configuration leaves starting to people." if job.is_active else "the job was switched off."
        turn = job_clock.turn(job.clock, job.next_run, None, since)
        _withdraw(runs, lambda run: run.due_at in turn.passed, why, moment)
        due_runs.miss(job, config, definition, turn.passed, moment, _unseen(why))
        prepared = None
    else:
        turn = job_clock.turn(job.clock, job.next_run, definition.recurrence, since)
        prepared = job.prepared_for if _renew(job, config, definition, runs, turn, moment) else None
    MaintenanceJob.objects.filter(pk=job.pk).update(
        is_settled=True, next_run=turn.next_run, clock=turn.clock, prepared_for=prepared, quarantined_at=None,
        quarantine_reason=None, last_due=turn.passed[-1] if turn.passed else job.last_due,
    )  # fmt: skip
    if job.quarantined_at is not None:
        audit.record(PORTAL, "job.readmitted", job, before={"reason": job.quarantine_reason}, target=job.target)


def _renew(
    job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, runs: Sequence[JobRun], turn: Turn,
    moment: datetime,
) -> bool:  # fmt: skip
    """What was planned ahead gives way where the job is another now; what was due under the old schedule is dealt with.

    False = something gave way, and is to be planned anew.
    """
    overdue = (turn.passed, job_clock.instants(definition.recurrence, turn.next_run, moment))
    begin = {each[-1] for each in overdue if each and due_runs.is_in_time(job, each[-1], moment)}
    missed = {instant for each in overdue for instant in each} - begin

    def is_wanted(run: JobRun) -> bool:
        if not due_runs.is_ahead(run, job) or run.due_at in missed:
            return True  # somebody has dealt with it already, or it becomes the record of what was missed
        return run.due_at in {turn.next_run, *begin} and due_runs.is_as_planned(run, job, config, definition, moment)

    withdrawn = _withdraw(runs, is_wanted, "the job was changed.", moment)
    if turn.passed:
        due_runs.deal_with(job, config, definition, turn.passed, moment)
    return not withdrawn


def _withdraw(runs: Sequence[JobRun], is_wanted: Callable[[JobRun], bool], why: str, moment: datetime) -> int:
    """Take back what its job does not want any more, of the runs that begin by themselves. How many."""
    unwanted = [run for run in runs if run.origin in BY_ITSELF and not is_wanted(run)]
    return sum(due_runs.withdraw(run, why, moment) for run in unwanted)


def _unseen(why: str) -> str:
    return f"It was due before the portal saw this, and was not started late: {why}"[:2000]


def set_aside(pk: int, reason: str, moment: datetime) -> None:
    """Set a job that is due aside: nothing of it starts by itself until its row is changed, or the portal starts anew."""
    with transaction.atomic():
        runs = due_runs.hold([pk])
        for job in _locked([pk], is_settled=True):
            _set_aside(job, runs, reason, moment, moment)


def _set_aside(job: MaintenanceJob, runs: Sequence[JobRun], reason: str, moment: datetime, since: datetime) -> None:
    """What was due by `since` is missed, and what was planned ahead is withdrawn. What waits already goes on waiting."""
    turn = job_clock.turn(job.clock, job.next_run, None, since)
    _withdraw(
        runs, lambda run: not due_runs.is_ahead(run, job) or run.due_at in turn.passed, "the job was set aside.", moment
    )
    due_runs.miss(job, None, None, turn.passed, moment, _unseen(f"the job cannot be carried out. {reason}"))
    if turn.passed:
        MaintenanceJob.objects.filter(pk=job.pk).update(last_due=turn.passed[-1])
    _quarantine(job.pk, reason, moment, is_settled=job.is_settled)


def give_up(pk: int, moment: datetime, *, is_settled: bool) -> None:
    """Set a row aside on which the portal itself failed, or which it cannot even read: then the reason names the column.

    What was due of it is told as far as that can be done.
    """
    unreadable, reason = _unreadable(pk), "The portal itself failed on this row; its log says where."
    if unreadable is not None:
        reason = f"{unreadable.column}: What stands there cannot be read."
    try:
        with transaction.atomic():
            runs = due_runs.hold([pk])
            rows = MaintenanceJob.objects.filter(pk=pk, is_settled=is_settled).select_for_update(of=("self",))
            for job in rows.defer(unreadable.name) if unreadable is not None else rows:
                _set_aside(job, runs, reason, moment, moment)
    except batches.PASSING:
        raise
    except Exception:
        log.exception("what was due of job %s could not be recorded", pk)
        _quarantine(pk, reason, moment, is_settled=is_settled)


def _unreadable(pk: int) -> Field[Any, Any] | None:
    """The first column of a row that cannot be read; None = all can."""
    for field in MaintenanceJob._meta.concrete_fields:
        try:
            MaintenanceJob.objects.filter(pk=pk).values_list(field.attname, flat=True).first()
        except batches.PASSING:
            raise
        except Exception:
            return field
    return None


def _quarantine(pk: int, reason: str, moment: datetime, *, is_settled: bool) -> None:
    """Unless it was changed meanwhile, which is read first."""
    reason = reason[:1000]
    with transaction.atomic():
        rows = MaintenanceJob.objects.filter(pk=pk)
        before = rows.values_list("quarantine_reason", flat=True).first()
        won = rows.filter(is_settled=is_settled).update(
            is_settled=True, next_run=None, clock=None, prepared_for=None, quarantine_reason=reason,
            quarantined_at=Coalesce("quarantined_at", Value(moment)),
        )  # fmt: skip
        if won and before != reason:
            job = rows.only("job_name", "target").select_related("target").get()
            audit.record(PORTAL, "job.quarantined", job, reason=reason, target=job.target)


def reconsider() -> int:
    """Have jobs that were set aside looked at again by the next tick: this version of the portal may know what they lacked."""
    return _set_asides().update(is_settled=False)


def _set_asides() -> MaintenanceJobQuerySet:
    return MaintenanceJob.objects.filter(is_settled=True, quarantined_at__isnull=False)


class _Round:
    """How far the jobs that were set aside for what they depend on have been looked at again since rows were read.

    A process that ends in the middle leaves that to the next, which has all of them looked at when it begins.
    """

    def __init__(self) -> None:
        self.after: int | None = None  # the key behind which to go on; None = all have been looked at
        self._is_stale = False  # rows were read since it began: another one follows

    def begin(self) -> None:
        self._is_stale = bool(self.after)
        self.after = self.after or 0

    def reached(self, pk: int | None) -> None:
        """None = the end."""
        self.after, self._is_stale = (pk, self._is_stale) if pk else (0 if self._is_stale else None, False)


_round = _Round()


def _reconsider_dependants(home: Target, budget: Budget | None) -> None:
    """Have jobs looked at again that were set aside for what they depend on, where that is no longer what is wrong."""
    while _round.after is not None and not batches.is_spent(budget):
        rows = _set_asides().filter(quarantine_reason__startswith="depends_on_", pk__gt=_round.after).order_by("pk")
        pks = list(rows.values_list("pk", flat=True)[: batches.SIZE])
        batches.in_batches(pks, lambda some: _look_again(some, home), lambda *_: None, None)
        _round.reached(pks[-1] if len(pks) == batches.SIZE else None)


def _look_again(pks: Sequence[int], home: Target) -> int:
    """Only those are read anew that would come out differently: so two that wait for each other never unsettle one another for ever."""
    jobs = list(_set_asides().filter(pk__in=pks).select_related("target"))
    ground = Ground.of(jobs, home)
    changed = [job.pk for job in jobs if _refusal(job, ground) != job.quarantine_reason]
    return _set_asides().filter(pk__in=changed).update(is_settled=False)


def _refusal(job: MaintenanceJob, ground: Ground) -> str | None:
    try:
        ground.judge(job)
    except JobRefused as refusal:
        return f"{refusal.field}: {refusal}"[:1000]
    return None
