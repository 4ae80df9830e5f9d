"""The life of a run: asked, planned, released, ready, claimed, finished. Each change is a conditional update with its audit entry."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from strategies import audit, durations, planner, queue, registry, tallies
from strategies.audit import PORTAL, Actor
from strategies.gate import Reason, Verdict, verdict
from strategies.gate_facts import Gatehouse, missing_rights
from strategies.models import ACTIVE, GOOD, JobRun, OperationStatus, Origin, Portal, RunStatus, Stop, Target
from strategies.plans import ErrorClass, LeftBehind, Limits, Plan, StateLeft, TargetError
from strategies.platforms.base import NotSupported, ObjectUnknown, PlatformError
from strategies.routines.base import ParametersRefused
from strategies.sentences import sentences

log = logging.getLogger(__name__)

NOTHING_TO_DO = "Nothing to do: the plan has no steps."  # its notes may say what was seen and left alone
UNRELEASED_FOR = timedelta(hours=24)  # a plan that nobody releases within a day is cancelled: what it saw is old


@dataclass(frozen=True, slots=True)
class Finish:
    """How a run ends."""

    status: RunStatus
    message: str
    error: TargetError | None = None
    state_left: StateLeft | None = None


def ask(
    actor: Actor,
    target: Target,
    strategy: str,
    moment: datetime,
    *,
    target_object: str = "ALL",
    parameters: Mapping[str, Any] | None = None,
    origin: Origin = Origin.PAGE,
    is_released: bool = False,
    timeout_seconds: int = 3600,
    wake: bool = True,
) -> JobRun:
    """Begin a run: it is planned first; unless released, it then waits for somebody who has seen the plan.

    With `wake` a worker plans it; without, the caller does. Raises ParametersRefused.
    """
    if strategy not in registry.routines():
        raise ParametersRefused({"strategy": f"no strategy named {strategy!r} is installed"})
    checked = registry.routines()[strategy].read_parameters(parameters or {})
    run = JobRun(
        due_key=f"{origin}:{uuid.uuid4()}",
        strategy_name=strategy,
        target=target,
        target_object=target_object,
        parameters=checked.model_dump(mode="json"),
        timeout_seconds=timeout_seconds,
        origin=origin,
        asked_by=actor.name,
        due_at=moment,
        is_released=is_released,
        woken_at=moment,
    )
    return begin(actor, run, wake="plan_run" if wake else None)


def begin(actor: Actor, run: JobRun, *, wake: str | None) -> JobRun:
    """Keep a run that is asked for; with `wake` a worker takes it up by that task. Raises IntegrityError for a known `due_key`."""
    with transaction.atomic():
        run.save()
        asked = {
            "strategy": run.strategy_name,
            "object": run.target_object,
            "parameters": run.parameters,
            "origin": run.origin,
            **({"job": run.job_id, "due_at": run.due_at.isoformat()} if run.job_id else {}),
        }
        audit.record(actor, "run.asked", run, after=asked, target=run.target)
        if wake:
            queue.enqueue(wake, run.pk)
    return run


def plan(run: JobRun, moment: datetime, *, limit_seconds: float | None = None) -> bool:
    """Look at the target, for so long at most, and freeze the plan. False = it could not be planned; the run has failed and says why.

    Planned by two at once, one does it: a refused sign-in is not tried twice.
    """
    rows = JobRun.objects.filter(pk=run.pk, status=RunStatus.PLANNED, planned_at=None, planning_at=None)
    if not rows.update(planning_at=moment):
        return False
    try:
        made = planner.make_plan(
            run.target, run.strategy_name, run.target_object, run.parameters, Limits.of(run.limits),
            limit_seconds=limit_seconds,
        )  # fmt: skip
    except PlatformError as refusal:
        refuse_plan(run, refusal.error, moment)
        return False
    except (NotSupported, ObjectUnknown) as refusal:
        refuse_plan(run, TargetError(ErrorClass.PERMANENT, "", str(refusal)), moment)
        return False
    except Exception as bug:
        refuse_plan(
            run, TargetError(ErrorClass.PERMANENT, "", f"The portal itself failed: {type(bug).__name__}."), moment
        )
        raise
    return keep_plan(run, made, moment)


def keep_plan(run: JobRun, made: Plan, moment: datetime) -> bool:
    """Freeze the plan. A released run goes on to the gate; an empty plan has nothing to wait for and succeeds."""
    with transaction.atomic():
        kept = JobRun.objects.filter(pk=run.pk, status=RunStatus.PLANNED, planned_at__isnull=True).update(
            plan=made.as_json(), plan_digest=made.digest, planned_at=moment, steps_total=len(made.steps)
        )
        if kept:
            audit.record(
                PORTAL, "run.planned", run, after={"digest": made.digest, "steps": len(made.steps)}, target=run.target
            )
    run.refresh_from_db()
    if kept and run.is_released and run.due_at <= moment and is_done_with_nothing(run):
        _end_without_start(run, RunStatus.SUCCEEDED, NOTHING_TO_DO, moment)
    elif kept and run.is_released:  # planned ahead of its time, an empty plan is looked at again when it is due
        JobRun.objects.move(run.pk, leaving=(RunStatus.PLANNED,), to=RunStatus.WAITING)
    run.refresh_from_db()
    return bool(kept)


def is_done_with_nothing(run: JobRun) -> bool:
    """Whether an empty plan means that all is well. Where a right is missing it means nothing: the run waits for the right."""
    return run.steps_total == 0 and not missing_rights(run)


def refuse_plan(run: JobRun, error: TargetError, moment: datetime) -> None:
    """Planning failed: nothing was changed on the target."""
    left = StateLeft(LeftBehind.CLEAN, "Nothing was changed: the run failed while it was being planned.")
    _end_without_start(
        run,
        RunStatus.FAILED,
        sentences("Planning failed", error),
        moment,
        leaving=_UNPLANNED,
        error=error,
        state_left=left,
    )


_NOT_BEGUN = Q(status__in=(RunStatus.PLANNED, RunStatus.WAITING, RunStatus.READY))
_UNPLANNED = Q(status=RunStatus.PLANNED, planned_at__isnull=True)
_UNRELEASED = Q(status=RunStatus.PLANNED, is_released=False)


def _end_without_start(
    run: JobRun,
    status: RunStatus,
    message: str,
    moment: datetime,
    *,
    leaving: Q = _NOT_BEGUN,
    actor: Actor = PORTAL,
    error: TargetError | None = None,
    state_left: StateLeft | None = None,
) -> bool:
    ending = Finish(status, message, error, state_left)
    with transaction.atomic():
        rows = JobRun.objects.filter(leaving, pk=run.pk)
        won = rows.update(status=status, finished_at=moment, **_ending(ending)) == 1
        if won:
            audit.record(actor, f"run.{status.value}", run, after={"message": message}, target=run.target)
            run.refresh_from_db()
            _tally(run, ending, moment)
    run.refresh_from_db()
    return won


def expire(run: JobRun, moment: datetime) -> bool:
    """Cancel a plan that nobody released in time. False = somebody did meanwhile."""
    message = "Cancelled: nobody released this plan within a day."
    return _end_without_start(run, RunStatus.CANCELLED, message, moment, leaving=_UNRELEASED)


def miss(run: JobRun, moment: datetime) -> bool:
    """It could not start within its bound, for the reasons that it carries. False = it has begun, or is over."""
    why = " ".join(reason["sentence"] for reason in run.reasons if reason["code"] != "late")
    message = f"It did not start in time. {why or 'It was not planned by then.'}"
    return _end_without_start(run, RunStatus.MISSED, message[:2000], moment)


def leave_out(run: JobRun, sentence: str, moment: datetime) -> bool:
    """What it depends on ended otherwise: it does not run this time. False = it has begun, or is over."""
    return _end_without_start(run, RunStatus.CANCELLED, f"Left out. {sentence}", moment)


def withdraw(run: JobRun, why: str, moment: datetime) -> bool:
    """Take back a run that its job no longer wants. False = it has begun, or is over."""
    return _end_without_start(run, RunStatus.CANCELLED, f"Withdrawn before it began: {why}", moment)


def release(run: JobRun, actor: Actor, digest: str, moment: datetime) -> bool:
    """Let a planned run start once the gate agrees. `digest` is that of the plan which the person saw; False = it is another."""
    with transaction.atomic():
        rows = JobRun.objects.filter(pk=run.pk, status=RunStatus.PLANNED, plan_digest=digest, planned_at__isnull=False)
        won = rows.update(is_released=True, status=RunStatus.WAITING, due_at=moment) == 1
        if won:
            audit.record(actor, "run.released", run, after={"digest": digest}, target=run.target)
    run.refresh_from_db()
    if won and is_done_with_nothing(run):
        _end_without_start(run, RunStatus.SUCCEEDED, NOTHING_TO_DO, moment)
    elif won:
        ask_gate([run], moment)
    return won


def ask_gate(waiting: Iterable[JobRun], moment: datetime, *, wake: bool = True) -> dict[int, Verdict]:
    """Ask the gate for waiting runs in the order given; each that it lets in counts for those behind it.

    One that may start becomes ready and (with `wake`) a worker is woken; the others keep their reasons.
    """
    waiting = list(waiting)
    gatehouse = Gatehouse(moment, waiting, counts_ready=True)
    verdicts: dict[int, Verdict] = {}
    for run in waiting:
        answer = verdicts[run.pk] = verdict(gatehouse.facts(run), moment)
        if answer.may_start:
            gatehouse.admit(run)
            _make_ready(run, moment, wake)
        else:
            keep_reasons(run, answer.reasons, moment)
    return verdicts


def keep_reasons(run: JobRun, reasons: Iterable[Reason], moment: datetime) -> None:
    """Say on the run why it waits, if that has changed."""
    told = [reason.as_json() for reason in reasons]
    if run.reasons != told:
        rows = JobRun.objects.filter(pk=run.pk, status__in=(RunStatus.PLANNED, RunStatus.WAITING))
        rows.update(reasons=told, reasons_at=moment)
        run.refresh_from_db()


def let_plan(run: JobRun, moment: datetime) -> bool:
    """What the run waited for is over: a worker plans it. False = another said so first."""
    with transaction.atomic():
        rows = JobRun.objects.filter(pk=run.pk, status=RunStatus.PLANNED, plans_late=True)
        won = rows.update(plans_late=False, woken_at=moment, reasons=[], reasons_at=moment) == 1
        if won:
            queue.enqueue("plan_run", run.pk)
    run.refresh_from_db()
    return won


def _make_ready(run: JobRun, moment: datetime, wake: bool) -> None:
    with transaction.atomic():
        won = JobRun.objects.move(
            run.pk, leaving=(RunStatus.WAITING,), to=RunStatus.READY, ready_at=moment, woken_at=moment, reasons=[]
        )
        if won and wake:
            queue.enqueue("run_job", run.pk)
    run.refresh_from_db()


def claim(pk: int, worker: str, moment: datetime) -> JobRun | None:
    """Take a ready run, if it may start at this very moment. None = another has it, or it waits again, with its reasons.

    Claims take turns: each sees the runs that the one before it started, so that no cap is passed by two at once.
    """
    with transaction.atomic():
        Portal.objects.filter(pk=1).update(gate_turn=F("gate_turn") + 1)
        run = JobRun.objects.select_related("target", "job").filter(pk=pk, status=RunStatus.READY).first()
        if run is None:
            return None
        answer = verdict(Gatehouse(moment, [run], counts_ready=False).facts(run), moment)
        if not answer.may_start:
            JobRun.objects.move(
                pk, leaving=(RunStatus.READY,), to=RunStatus.WAITING, reasons=answer.as_json(), reasons_at=moment
            )
            return None
        token = JobRun.objects.claim(
            pk,
            worker=worker,
            moment=moment,
            lease_until=moment + timedelta(seconds=settings.PORTAL_LEASE_SECONDS),
            deadline_at=moment + timedelta(seconds=run.timeout_seconds, milliseconds=-run.worked_ms),
        )
        if token is None:
            return None
        audit.record(PORTAL, "run.started", run, after={"worker": worker, "digest": run.plan_digest}, target=run.target)
    run.refresh_from_db()
    return run


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
    """Cancel a run that no worker has in hand."""
    is_paused = run.status == RunStatus.PAUSED
    message = f"Cancelled by {actor.name} {'while it was paused' if is_paused else 'before it started'}."
    leaving = Q(status=RunStatus.PAUSED) if is_paused else _NOT_BEGUN
    return _end_without_start(run, RunStatus.CANCELLED, message, moment, leaving=leaving, actor=actor)


def pause(run: JobRun, token: int, message: str, moment: datetime) -> bool:
    """The worker shuts down: what is done is kept, and the run goes on with the next worker. If somebody asked it to stop, it ends."""
    with transaction.atomic():
        won = _let_go(run, token, RunStatus.PAUSED, moment, message=message)
        if won:
            audit.record(PORTAL, "run.paused", run, after={"message": message}, target=run.target)
    return won or _end_as_asked(run, token, moment)


def back_to_gate(run: JobRun, token: int, reason: Reason, moment: datetime, *, wait: timedelta = timedelta(0)) -> bool:
    """A claimed run that could not begin waits again, with what stood in its way, at least for `wait`; nothing of it was started."""
    with transaction.atomic():
        won = _let_go(
            run, token, RunStatus.WAITING, moment, reasons=[reason.as_json()], reasons_at=moment,
            not_before=moment + wait if wait else None,
        )  # fmt: skip
        if won:
            audit.record(PORTAL, "run.put_back", run, reason=reason.sentence, target=run.target)
    return won or _end_as_asked(run, token, moment)


def _let_go(run: JobRun, token: int, to: RunStatus, moment: datetime, **values: Any) -> bool:
    """The worker gives the run out of its hand, unless a person asked it to stop meanwhile."""
    rows = JobRun.objects.filter(pk=run.pk, fencing_token=token, status__in=ACTIVE, stop__in=("", Stop.SHUTDOWN))
    if to is RunStatus.PAUSED:
        values["worked_ms"] = run.worked(moment) or 0
    elif not run.worked_ms:
        values["started_at"] = None
    return rows.update(status=to, worker="", lease_until=None, claimed_at=None, stop="", **values) == 1


def _end_as_asked(run: JobRun, token: int, moment: datetime) -> bool:
    """A person's stop came while the worker let go: it counts."""
    by = JobRun.objects.filter(pk=run.pk, fencing_token=token, status__in=ACTIVE).exclude(stop="")
    asked_by = by.values_list("stop_asked_by", flat=True).first()
    if asked_by is None:
        return False
    left = StateLeft(LeftBehind.CLEAN, "Nothing half-done was left.")
    return finish(run, token, Finish(RunStatus.CANCELLED, f"Stopped by {asked_by}.", None, left), moment)


def ask_shutdown(host: str, group: int, moment: datetime) -> int:
    """Ask the runs of one cluster of workers to pause, because it shuts down; how many there were to ask."""
    rows = JobRun.objects.filter(worker__startswith=f"{host}/{group}/", status__in=ACTIVE, stop="")
    return rows.update(stop=Stop.SHUTDOWN, stop_asked_at=moment, stop_asked_by=PORTAL.name)


def carry_on(run: JobRun) -> bool:
    """A paused run waits at the gate again."""
    return JobRun.objects.move(run.pk, leaving=(RunStatus.PAUSED,), to=RunStatus.WAITING)


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
    """The counters and the usual duration, in the transaction that ends the run; trouble with them never keeps it from ending."""
    try:
        with transaction.atomic():
            if ending.status in GOOD and run.duration_ms is not None and run.steps_total:
                durations.remember(run.target, run.strategy_name, durations.WHOLE_RUN, run.duration_ms, moment)
            tallies.count(run)
    except Exception:
        log.exception("run %s: its counters could not be kept", run.pk)


def _ending(ending: Finish) -> dict[str, Any]:
    left = ending.state_left
    return {
        "message": ending.message[:2000],
        "error_code": ending.error.code[:50] if ending.error else "",
        "error_class": ending.error.error_class.value if ending.error else "",
        "state_left": left.kind.value if left else "",
        "state_left_message": left.message[:2000] if left else "",
    }


def done_keys(run: JobRun) -> set[str]:
    """Keys of the steps that are done, or were found not to be needed: the checkpoint, read from the operation log."""
    rows = run.operations.filter(status__in=(OperationStatus.SUCCESS, OperationStatus.INFO), step_key__isnull=False)
    return {str(key) for key in rows.values_list("step_key", flat=True)}


def plan_of(run: JobRun) -> Plan:
    """The frozen plan. Raises ValueError for a run that has none yet."""
    if run.plan is None:
        raise ValueError(f"{run} has no plan yet.")
    return Plan.from_json(run.plan)
