"""How runs end: before they begin, at somebody's wish, or by the hand of the worker that carries them out.

Each change is a conditional update with its audit entry, and says whether it won.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from strategies import audit, consents, deployments, durations, glass, tallies
from strategies.audit import PORTAL, Actor
from strategies.gate_values import LATE, NOT_DUE, Reason
from strategies.models import ACTIVE, BAD, GOOD, JobRun, RunStatus, Stop
from strategies.plans import ErrorClass, LeftBehind, StateLeft, TargetError
from strategies.sentences import sentences

log = logging.getLogger(__name__)

_IDLE = Q(status__in=(RunStatus.PLANNED, RunStatus.WAITING, RunStatus.READY))
NOT_BEGUN = _IDLE & Q(started_at__isnull=True)  # what was paused waits at the gate like others, but has begun
_UNPLANNED = Q(status=RunStatus.PLANNED, planned_at__isnull=True)
_UNRELEASED = Q(status=RunStatus.PLANNED, is_released=False)
NOTHING_LEFT = StateLeft(LeftBehind.CLEAN, "Nothing half-done was left.")


@dataclass(frozen=True, slots=True)
class Finish:
    """How a run ends."""

    status: RunStatus
    message: str
    error: TargetError | None = None
    state_left: StateLeft | None = None


def end_without_start(
    run: JobRun,
    status: RunStatus,
    message: str,
    moment: datetime,
    *,
    leaving: Q = NOT_BEGUN,
    actor: Actor = PORTAL,
    error: TargetError | None = None,
    state_left: StateLeft | None = None,
    **values: Any,
) -> bool:
    """End a run that no worker has in hand, if it is in a state that `leaving` names. False = it is in another by now."""
    ending = Finish(status, message, error, state_left)
    with transaction.atomic():
        rows = JobRun.objects.filter(leaving, pk=run.pk)
        won = rows.update(status=status, finished_at=moment, **{**_ending(ending), **values}) == 1
        if won:
            audit.record(actor, f"run.{status.value}", run, after={"message": message}, target=run.target)
            run.refresh_from_db()
            _tally(run, ending, moment)
    run.refresh_from_db()
    return won


def fail_unreadable(run: JobRun, moment: datetime) -> None:
    """Left as it is, such a run would be tried for ever, and keep the place of another one on its database."""
    error = TargetError(
        ErrorClass.PERMANENT, "plan_unreadable", "Its plan cannot be read by this version of the portal."
    )
    left = StateLeft(LeftBehind.CLEAN, "Nothing was changed: the run did not begin.")
    end_without_start(run, RunStatus.FAILED, error.message, moment, error=error, state_left=left)


def refuse_plan(run: JobRun, error: TargetError, moment: datetime) -> None:
    """Planning failed: nothing was changed on the target."""
    left = StateLeft(LeftBehind.CLEAN, "Nothing was changed: the run failed while it was being planned.")
    end_without_start(
        run,
        RunStatus.FAILED,
        sentences("Planning failed", error),
        moment,
        leaving=_UNPLANNED,
        error=error,
        state_left=left,
    )


def expire(run: JobRun, moment: datetime) -> bool:
    """Cancel a plan that nobody released in time. False = somebody did meanwhile."""
    message = "Cancelled: nobody released this plan within a day."
    return end_without_start(run, RunStatus.CANCELLED, message, moment, leaving=_UNRELEASED)


def give_up_planning(run: JobRun, moment: datetime) -> bool:
    """Cancel a run without a bound that could not be planned within a day. False = it is planned, or being planned."""
    message = f"Cancelled: it could not be planned within a day. {_said(run.reasons)}".rstrip()
    leaving = _UNPLANNED & Q(planning_at__isnull=True)
    return end_without_start(run, RunStatus.CANCELLED, message, moment, leaving=leaving)


def miss(run: JobRun, moment: datetime) -> bool:
    """It could not start within its bound, for the reasons that kept it. False = it has begun, or is over."""
    message = f"It did not start in time. {why_missed(run)}"
    return end_without_start(run, RunStatus.MISSED, message[:2000], moment)


def why_missed(run: JobRun) -> str:
    """What kept it: the reasons that it had when it was due and within its bound, else how far it came."""
    was_asked = not any(reason["code"] == NOT_DUE for reason in run.reasons)  # else they are those of before its time
    if was_asked and (said := _said(reason for reason in run.reasons if reason["code"] != LATE)):
        return said
    if run.planned_at is None:
        return "It was still being planned." if run.planning_at else "Nobody had begun to plan it."
    if run.status == RunStatus.READY:
        return "It was let in, but no worker took it up."
    return "Nothing else stood against it; the portal did not come to it within that time."


def _said(reasons: Iterable[Mapping[str, Any]]) -> str:
    return sentences(*(reason["sentence"] for reason in reasons))


def leave_out(run: JobRun, reason: Reason, moment: datetime) -> bool:
    """What it depends on ended otherwise: it does not run this time. False = it has begun, or is over."""
    return end_without_start(
        run, RunStatus.CANCELLED, f"Left out. {reason.sentence}", moment, reasons=[reason.as_json()], reasons_at=moment
    )


def withdraw(run: JobRun, why: str, moment: datetime) -> bool:
    """Take back a run that its job no longer wants. False = it has begun, or is over."""
    return end_without_start(run, RunStatus.CANCELLED, f"Withdrawn before it began: {why}", moment)


def ask_stop(run: JobRun, actor: Actor, how: Stop, moment: datetime) -> bool:
    """Stop a run: one that has not started is cancelled at once, one at work is asked to. A harder way replaces a milder one.

    False = it is over, or was asked to already.
    """
    for _ in range(3):  # it may be claimed, paused or put back at this very moment: then the other way is the right one
        run.refresh_from_db()
        if not run.is_open:
            return False
        if _ask_active(run, actor, how, moment) if run.is_active else _cancel_idle(run, actor, moment):
            return True
    return False


def _ask_active(run: JobRun, actor: Actor, how: Stop, moment: datetime) -> bool:
    milder = ("", Stop.SHUTDOWN) if how is Stop.AFTER_STEP else ("", Stop.SHUTDOWN, Stop.AFTER_STEP)
    with transaction.atomic():
        rows = JobRun.objects.filter(pk=run.pk, status__in=ACTIVE, stop__in=milder)
        won = rows.update(stop=how, stop_asked_at=moment, stop_asked_by=actor.name) == 1
        if won:
            JobRun.objects.move(run.pk, leaving=(RunStatus.RUNNING,), to=RunStatus.STOPPING)
            audit.record(actor, "run.stop_asked", run, after={"how": how.value}, target=run.target)
    run.refresh_from_db()
    return won


def _cancel_idle(run: JobRun, actor: Actor, moment: datetime) -> bool:
    """Cancel a run that no worker has in hand; of one that was paused in the middle stays what was said of it then."""
    message = f"Cancelled by {actor.name} {'while it was paused' if run.has_begun else 'before it started'}."
    leaving, left, values = NOT_BEGUN, None, dict[str, Any]()
    if run.has_begun:
        leaving, values = Q(status=RunStatus.PAUSED) | _IDLE, {"duration_ms": run.worked(moment)}
        left = StateLeft(LeftBehind(run.state_left), run.state_left_message) if run.state_left else None
    return end_without_start(
        run, RunStatus.CANCELLED, message, moment, leaving=leaving, actor=actor, state_left=left, **values
    )


def ask_shutdown(host: str, group: int, moment: datetime) -> int:
    """Ask the runs of one cluster of workers to pause, because it shuts down; how many there were to ask."""
    rows = JobRun.objects.filter(worker__startswith=f"{host}/{group}/", status__in=ACTIVE, stop="")
    return rows.update(stop=Stop.SHUTDOWN, stop_asked_at=moment, stop_asked_by=PORTAL.name)


def pause(run: JobRun, token: int, message: str, moment: datetime, left: StateLeft = NOTHING_LEFT) -> bool:
    """The worker shuts down: what is done is kept, and the run goes on with the next worker. If somebody asked it to stop, it ends."""
    with transaction.atomic():
        won = _let_go(
            run, token, RunStatus.PAUSED, moment, message=message, state_left=left.kind.value,
            state_left_message=left.message[:2000],
        )  # fmt: skip
        if won:
            audit.record(PORTAL, "run.paused", run, after={"message": message}, target=run.target)
    return won or _end_as_asked(run, token, moment, left)


def back_to_gate(run: JobRun, token: int, reason: Reason, moment: datetime, *, wait: timedelta = timedelta(0)) -> bool:
    """A claimed run that could not begin waits again, with what stood in its way, at least for `wait`; nothing of it was started."""
    with transaction.atomic():
        won = _let_go(
            run, token, RunStatus.WAITING, moment, reasons=[reason.as_json()], reasons_at=moment,
            not_before=moment + wait if wait else None,
        )  # fmt: skip
        if won:
            audit.record(PORTAL, "run.put_back", run, reason=reason.sentence, target=run.target)
            if not run.worked_ms:
                glass.give_back(run, moment)
    return won or _end_as_asked(run, token, moment)


def _let_go(run: JobRun, token: int, to: RunStatus, moment: datetime, **values: Any) -> bool:
    """The worker gives the run out of its hand, unless a person asked it to stop meanwhile."""
    rows = JobRun.objects.filter(pk=run.pk, fencing_token=token, status__in=ACTIVE, stop__in=("", Stop.SHUTDOWN))
    if to is RunStatus.PAUSED:
        values["worked_ms"] = run.worked(moment) or 0
    elif not run.worked_ms:
        values["started_at"] = None
    return rows.update(status=to, worker="", lease_until=None, claimed_at=None, stop="", **values) == 1


def _end_as_asked(run: JobRun, token: int, moment: datetime, left: StateLeft = NOTHING_LEFT) -> bool:
    """A person's stop came while the worker let go: it counts."""
    by = JobRun.objects.filter(pk=run.pk, fencing_token=token, status__in=ACTIVE).exclude(stop="")
    asked_by = by.values_list("stop_asked_by", flat=True).first()
    if asked_by is None:
        return False
    return finish(run, token, Finish(RunStatus.CANCELLED, f"Stopped by {asked_by}.", None, left), moment)


def finish(run: JobRun, token: int, ending: Finish, moment: datetime) -> bool:
    """End a run that a worker (or whoever looks after a lost one) has in hand. False = it is no longer theirs."""
    with transaction.atomic():
        won = JobRun.objects.move(
            run.pk, leaving=ACTIVE, to=ending.status, token=token, finished_at=moment,
            duration_ms=run.worked(moment), step_fraction=None, step_phase="", **_ending(ending),
        )  # fmt: skip
        if won:
            audit.record(
                PORTAL, f"run.{ending.status.value}", run, after={"message": ending.message}, target=run.target
            )
            run.refresh_from_db()
            _tally(run, ending, moment)
    run.refresh_from_db()
    return won


def _tally(run: JobRun, ending: Finish, moment: datetime) -> None:
    """What else an end changes, in the transaction that ends the run. Trouble with one part keeps neither the others nor the end."""
    with _apart(run, "usual duration"):
        if ending.status in GOOD and run.duration_ms is not None and run.steps_total and run.is_whole:
            durations.remember(run.target, run.strategy_name, durations.WHOLE_RUN, run.duration_ms, moment)
    with _apart(run, "counters"):
        tallies.count(run)
    with _apart(run, "deployment"):
        deployments.run_ended(run, moment)
    with _apart(run, "approvals"):
        if run.needs_approval:
            consents.run_ended(run, moment, is_bad=ending.status in BAD)


@contextmanager
def _apart(run: JobRun, what: str) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except Exception:
        log.exception("run %s: its %s could not be kept", run.pk, what)


def _ending(ending: Finish) -> dict[str, Any]:
    left = ending.state_left
    return {
        "message": ending.message[:2000],
        "awaits_handling": ending.status in BAD,
        "error_code": ending.error.code[:50] if ending.error else "",
        "error_class": ending.error.error_class.value if ending.error else "",
        "state_left": left.kind.value if left else "",
        "state_left_message": left.message[:2000] if left else "",
    }
