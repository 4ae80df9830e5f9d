"""Reads jobs that are new or were changed, by whatever way: computes when they are due, or sets them aside with the reason."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from strategies import audit, batches, due_runs, job_clock, job_definitions, job_edges
from strategies.audit import PORTAL
from strategies.batches import Budget
from strategies.job_clock import READ_WITHIN, Turn
from strategies.job_definitions import Definition, JobRefused
from strategies.job_facts import BY_ITSELF
from strategies.job_rings import Rings
from strategies.models import JobRun, MaintenanceJob, StrategyConfig, Target
from strategies.models.job import MaintenanceJobQuerySet

log = logging.getLogger(__name__)

AT_ONCE = 500  # jobs dealt with in one tick; the rest has its turn in the next


def settle(moment: datetime, budget: Budget | None = None) -> int:
    """Read rows that are new or were changed: compute when they are due, or set them aside with the reason. How many.

    Those that are due first come first. Two at once are as safe as one: each row is locked, and looked at again then.
    """
    rows = MaintenanceJob.objects.unsettled().order_by(F("next_run").asc(nulls_last=True), "pk")
    pks = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    if not pks:
        return 0
    home = Target.objects.get(is_home=True)
    count = batches.in_batches(
        pks, lambda some: _settle(some, home, moment), lambda pk, _: give_up(pk, moment, is_settled=False), budget
    )
    if count:
        _reconsider_dependants(home)
    return count


@dataclass(frozen=True, slots=True)
class _Ground:
    """What rows are judged by, read once for many of them."""

    home: Target
    configs: dict[int | None, StrategyConfig]
    rings: Rings

    @classmethod
    def of(cls, jobs: Sequence[MaintenanceJob], home: Target) -> _Ground:
        return cls(home, job_definitions.configurations(jobs), Rings(jobs))

    def judge(self, job: MaintenanceJob) -> Definition:
        """What the row means. Raises JobRefused."""
        config = self.configs.get(job.pk)
        definition = job_definitions.read(job, config, self.home)
        self.rings.refuse(job, config)
        return definition


def judge(job: MaintenanceJob) -> Definition:
    """What this row means, saved or not, as the tick judges it. Raises JobRefused."""
    return _Ground.of([job], Target.objects.get(is_home=True)).judge(job)


def _settle(pks: Sequence[int], home: Target, moment: datetime) -> int:
    with transaction.atomic():
        runs = due_runs.hold(pks)
        jobs = list(_locked(pks, is_settled=False))
        job_edges.keep(jobs)
        ground = _Ground.of(jobs, home)  # while the rows are held: who changes a configuration now unsettles them again
        for job in jobs:
            _settle_one(job, [run for run in runs if run.job_id == job.pk], ground, moment)
    return len(jobs)


def _locked(pks: Sequence[int], *, is_settled: bool) -> Sequence[MaintenanceJob]:
    rows = MaintenanceJob.objects.filter(pk__in=pks, is_settled=is_settled).select_related("target").order_by("pk")
    return list(rows.select_for_update(of=("self",)))


def _settle_one(job: MaintenanceJob, runs: Sequence[JobRun], ground: _Ground, moment: datetime) -> None:
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
    """Set a row aside on which the portal itself failed, or which it cannot even read: then the reason names the column."""
    column, reason = _unreadable(pk), "The portal itself failed on this row; its log says where."
    if column:
        reason = f"{column}: What stands there cannot be read."
    elif is_settled:
        try:
            set_aside(pk, reason, moment)
        except batches.PASSING:
            raise
        except Exception:
            log.exception("what was due of job %s could not be recorded", pk)
    _quarantine(pk, reason, moment, is_settled=is_settled)


def _unreadable(pk: int) -> str:
    """The first column of a row that cannot be read; empty = all can."""
    for field in MaintenanceJob._meta.concrete_fields:
        try:
            MaintenanceJob.objects.filter(pk=pk).values_list(field.attname, flat=True).first()
        except batches.PASSING:
            raise
        except Exception:
            return str(field.column)
    return ""


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


def _reconsider_dependants(home: Target) -> None:
    """Have jobs looked at again that were set aside for what they depend on, where that is no longer what is wrong.

    Only those that would come out differently: so two that wait for each other never unsettle one another for ever.
    """
    jobs = list(_set_asides().filter(quarantine_reason__startswith="depends_on_").select_related("target"))
    if not jobs:
        return
    ground = _Ground.of(jobs, home)
    changed = [job.pk for job in jobs if _refusal(job, ground) != job.quarantine_reason]
    for start in range(0, len(changed), AT_ONCE):
        _set_asides().filter(pk__in=changed[start : start + AT_ONCE]).update(is_settled=False)


def _refusal(job: MaintenanceJob, ground: _Ground) -> str | None:
    try:
        ground.judge(job)
    except JobRefused as refusal:
        return f"{refusal.field}: {refusal}"[:1000]
    return None
