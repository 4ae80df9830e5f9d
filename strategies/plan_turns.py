"""Which runs may be planned now: one at a time on each database, none on one that is off or out of reach, and again after trouble.

A run has a plan, is being planned (`planning_at`), or stands in line with the reason that keeps it there.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from strategies import queue, targets
from strategies.audit import PORTAL
from strategies.gate import out_of_reach, shut_out
from strategies.gate_values import UNREACHABLE, Reason
from strategies.models import JobRun, RunStatus, Target
from strategies.plans import TargetError
from strategies.sentences import sentences

NOT_PLANNED = "not_planned"  # an attempt failed because of trouble that may pass
FIRST_WAIT = timedelta(seconds=10)  # between attempts; each wait is twice the one before
LONGEST_WAIT = timedelta(minutes=5)
RECHECK_EVERY = timedelta(seconds=60)


def take(run: JobRun, moment: datetime) -> bool:
    """Take the run up for planning. False = something stands against it, which the run then says, or another has it already.

    Whoever asks for the same database takes turns: of two at once one is told to wait for the other.
    """
    with transaction.atomic():
        # An update that changes nothing: it locks the row as much as is needed, and keeps no foreign key to it waiting.
        Target.objects.filter(pk=run.target_id).update(is_active=F("is_active"))
        run.target = Target.objects.get(pk=run.target_id)
        reasons = _against(run, moment) or _turn(run.target, at_hand([run.target_id], moment), moment)
        if reasons:
            _say(run, reasons, moment)
            return False
        won = _in_line(run).update(planning_at=moment, reasons=[], reasons_at=moment) == 1
    run.refresh_from_db(fields=["planning_at", "reasons", "reasons_at"])
    return won


def put_off(run: JobRun, error: TargetError, moment: datetime, *, is_cut_off: bool = False) -> bool:
    """Trouble that may pass: the run stands in line again, from an instant that comes ever later. False = it is over, or planned.

    `is_cut_off`: the trouble is that its worker was lost.
    """
    again = moment + min(FIRST_WAIT * 2 ** min(run.plan_attempts, 10), LONGEST_WAIT)
    reason = Reason(
        NOT_PLANNED,
        sentences(
            f"{run.target} could not be looked at: {error}",
            f"The next attempt comes at {again.astimezone(UTC):%H:%M:%S} UTC",
        ),
        "This clears by itself when the database answers; a DBA can press “Check the connection” on its page.",
    )
    rows = JobRun.objects.filter(pk=run.pk, status=RunStatus.PLANNED, planned_at=None, planning_at=run.planning_at)
    won = rows.exclude(planning_at=None).update(
        planning_at=None, not_before=again, plan_attempts=F("plan_attempts") + 1, reasons=[reason.as_json()],
        reasons_at=moment, plan_cut_offs=F("plan_cut_offs") + int(is_cut_off),
    )  # fmt: skip
    run.refresh_from_db()
    return won == 1


def open_turns(moment: datetime) -> None:
    """For the tick: have the first in line on each database planned; the others say why they wait.

    Databases that are out of reach are checked again as long as a run waits to be planned there.
    """
    waiting = list(_line().select_related("target").defer("parameters"))
    against = {run.pk: _against(run, moment) for run in waiting}
    taken = at_hand([run.target_id for run in waiting], moment)
    away = {run.target_id: run.target for run in waiting if any(r.code == UNREACHABLE for r in against[run.pk])}
    for target in away.values():
        recheck(target, moment)
    for run in waiting:
        reasons = against[run.pk] or _turn(run.target, taken, moment)
        if reasons:
            _say(run, reasons, moment)
        else:
            taken.add(run.target_id)
            _wake(run, moment)


def next_in_line(target_id: int, moment: datetime) -> JobRun | None:
    """The run that is to be planned next on this database."""
    rows = _line().filter(target_id=target_id).select_related("target")
    return next((run for run in rows if not _against(run, moment)), None)


def hand_on(run: JobRun, moment: datetime) -> None:
    """Have a worker plan this run, whose turn it is."""
    with transaction.atomic():
        if _in_line(run).update(woken_at=moment):
            queue.enqueue("plan_run", run.pk)


def at_hand(target_ids: Iterable[int], moment: datetime) -> set[int]:
    """The databases among these on which a run is being planned."""
    rows = JobRun.objects.filter(status=RunStatus.PLANNED, planned_at=None, planning_at__gt=moment - _longest())
    return set(rows.order_by().filter(target_id__in=set(target_ids)).values_list("target_id", flat=True))


def recheck(target: Target, moment: datetime) -> None:
    """Have a target looked at again, unless that was asked for within the last minute."""
    if target.check_asked_at is None or target.check_asked_at < moment - RECHECK_EVERY:
        targets.ask_check(target, PORTAL, moment)


def _line() -> QuerySet[JobRun]:
    """Runs without a plan that nobody plans now, and that wait for no other job; the next first."""
    rows = JobRun.objects.filter(status=RunStatus.PLANNED, planned_at=None, planning_at=None, plans_late=False)
    return rows.order_by("-priority_level", "due_at", "pk")


def _in_line(run: JobRun) -> QuerySet[JobRun]:
    return JobRun.objects.filter(pk=run.pk, status=RunStatus.PLANNED, planned_at=None, planning_at=None)


def _longest() -> timedelta:
    """No look at a target by a worker takes longer: the worker would have been stopped."""
    return timedelta(seconds=settings.PORTAL_LOOK_SECONDS + 60)


def _against(run: JobRun, moment: datetime) -> list[Reason]:
    """What keeps the run from being planned, whoever else wants the same database."""
    target = run.target
    stopped_why = target.stopped_why if target.stopped_at else ""
    if shut := shut_out(target.name, is_active=target.is_active, stopped_why=stopped_why):
        return shut
    if away := out_of_reach(target.name, target.check_error):
        return away
    if run.not_before is not None and moment < run.not_before:
        return [Reason.from_json(reason) for reason in run.reasons if reason["code"] == NOT_PLANNED]
    return []


def _turn(target: Target, taken: Container[int], moment: datetime) -> list[Reason]:
    """Whether another look at this database is under way: one that hangs is to hold no more than one worker."""
    if target.pk in taken:
        sentence, by = f"Another run is planned first on {target}: one at a time on each database.", "that plan is made"
    elif target.is_being_checked and target.check_asked_at and target.check_asked_at > moment - _longest():
        sentence, by = f"{target} is being checked.", "it has answered"
    else:
        return []
    return [Reason("plan_turn", sentence, f"This clears by itself when {by}.")]


def _say(run: JobRun, reasons: Sequence[Reason], moment: datetime) -> None:
    told = [reason.as_json() for reason in reasons]
    if run.reasons != told:
        _in_line(run).update(reasons=told, reasons_at=moment)
        run.reasons = told


def _wake(run: JobRun, moment: datetime) -> None:
    """It is the first in line: a worker is woken when it got there, and again, ever less often, where nobody took it up."""
    if run.reasons:
        changed = {"reasons": [], "reasons_at": moment}
    elif queue.is_overdue(run.reasons_at or run.created_at, run.woken_at, moment):
        changed = {}
    else:
        return
    with transaction.atomic():
        if _in_line(run).filter(woken_at=run.woken_at).update(woken_at=moment, **changed):
            queue.enqueue("plan_run", run.pk)
