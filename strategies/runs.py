"""The life of a run: asked, planned, released, ready, claimed, finished. Each change is a conditional update with its audit entry."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from strategies import audit, durations, planner, queue, registry, tallies
from strategies.audit import PORTAL, Actor
from strategies.gate import Reason, Verdict, verdict
from strategies.gate_facts import Gatehouse
from strategies.models import ACTIVE, GOOD, OPEN, JobRun, OperationStatus, Origin, Portal, RunStatus, Stop, Target
from strategies.plans import ErrorClass, LeftBehind, Plan, StateLeft, Step, TargetError
from strategies.platforms.base import NotSupported, ObjectUnknown, PlatformError
from strategies.routines.base import ParametersRefused

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
    return _begin(actor, run, "plan_run" if wake else None)


def _begin(actor: Actor, run: JobRun, wake: str | None) -> JobRun:
    with transaction.atomic():
        run.save()
        asked = {
            "strategy": run.strategy_name,
            "object": run.target_object,
            "parameters": run.parameters,
            "origin": run.origin,
        }
        audit.record(actor, "run.asked", run, after=asked, target=run.target)
        if wake:
            queue.enqueue(wake, run.pk)
    return run


def plan(run: JobRun, moment: datetime) -> bool:
    """Look at the target and freeze the plan. False = it could not be planned; the run has failed and says why.

    Planned by two at once, one does it: a refused sign-in is not tried twice.
    """
    rows = JobRun.objects.filter(pk=run.pk, status=RunStatus.PLANNED, planned_at=None, planning_at=None)
    if not rows.update(planning_at=moment):
        return False
    try:
        made = planner.make_plan(run.target, run.strategy_name, run.target_object, run.parameters)
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
    if kept and not made.steps and run.is_released:
        _end_without_start(run, RunStatus.SUCCEEDED, NOTHING_TO_DO, moment)
    elif kept and run.is_released:
        JobRun.objects.move(run.pk, leaving=(RunStatus.PLANNED,), to=RunStatus.WAITING)
    run.refresh_from_db()
    return bool(kept)


def refuse_plan(run: JobRun, error: TargetError, moment: datetime) -> None:
    """Planning failed: nothing was changed on the target."""
    left = StateLeft(LeftBehind.CLEAN, "Nothing was changed: the run failed while it was being planned.")
    _end_without_start(run, RunStatus.FAILED, f"Planning failed. {error}", moment, error=error, state_left=left)


def _end_without_start(
    run: JobRun,
    status: RunStatus,
    message: str,
    moment: datetime,
    *,
    actor: Actor = PORTAL,
    error: TargetError | None = None,
    state_left: StateLeft | None = None,
) -> bool:
    with transaction.atomic():
        won = JobRun.objects.move(
            run.pk, leaving=(RunStatus.PLANNED, RunStatus.WAITING, RunStatus.READY), to=status, finished_at=moment,
            **_ending(Finish(status, message, error, state_left)),
        )  # fmt: skip
        if won:
            audit.record(actor, f"run.{status.value}", run, after={"message": message}, target=run.target)
    run.refresh_from_db()
    if won and status is not RunStatus.CANCELLED:
        tallies.count(run)
    return won


def expire(run: JobRun, moment: datetime) -> bool:
    """Cancel a plan that nobody released in time."""
    return _end_without_start(run, RunStatus.CANCELLED, "Cancelled: nobody released this plan within a day.", moment)


def release(run: JobRun, actor: Actor, digest: str, moment: datetime) -> bool:
    """Let a planned run start once the gate agrees. `digest` is that of the plan which the person saw; False = it is another."""
    with transaction.atomic():
        rows = JobRun.objects.filter(pk=run.pk, status=RunStatus.PLANNED, plan_digest=digest, planned_at__isnull=False)
        won = rows.update(is_released=True, status=RunStatus.WAITING, due_at=moment) == 1
        if won:
            audit.record(actor, "run.released", run, after={"digest": digest}, target=run.target)
    run.refresh_from_db()
    if won and run.steps_total == 0:
        _end_without_start(run, RunStatus.SUCCEEDED, NOTHING_TO_DO, moment)
    elif won:
        ask_gate([run], moment)
    return won


def ask_gate(waiting: Iterable[JobRun], moment: datetime, *, wake: bool = True) -> dict[int, Verdict]:
    """Ask the gate for waiting runs in the order given; each that it lets in counts for those behind it.

    One that may start becomes ready and (with `wake`) a worker is woken; the others keep their reasons.
    """
    gatehouse = Gatehouse(moment, counts_ready=True)
    verdicts: dict[int, Verdict] = {}
    for run in waiting:
        answer = verdicts[run.pk] = verdict(gatehouse.facts(run), moment)
        if answer.may_start:
            gatehouse.admit(run)
            _make_ready(run, moment, wake)
        elif run.reasons != answer.as_json():
            JobRun.objects.filter(pk=run.pk, status=RunStatus.WAITING).update(
                reasons=answer.as_json(), reasons_at=moment
            )
            run.refresh_from_db()
    return verdicts


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
        run = JobRun.objects.select_related("target").filter(pk=pk, status=RunStatus.READY).first()
        if run is None:
            return None
        answer = verdict(Gatehouse(moment, counts_ready=False).facts(run), moment)
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
            deadline_at=moment + timedelta(seconds=run.timeout_seconds),
        )
        if token is None:
            return None
        audit.record(PORTAL, "run.started", run, after={"worker": worker, "digest": run.plan_digest}, target=run.target)
    run.refresh_from_db()
    return run


def ask_stop(run: JobRun, actor: Actor, how: Stop, moment: datetime) -> bool:
    """Stop a run: one that has not started is cancelled at once, one at work is asked to. A harder way replaces a milder one."""
    if run.status not in ACTIVE:
        return _cancel_idle(run, actor, moment)
    milder = ("", Stop.SHUTDOWN) if how is Stop.AFTER_STEP else ("", Stop.SHUTDOWN, Stop.AFTER_STEP)
    with transaction.atomic():
        won = (
            JobRun.objects.filter(pk=run.pk, status__in=ACTIVE, stop__in=milder).update(
                stop=how, stop_asked_at=moment, stop_asked_by=actor.name
            )
            == 1
        )
        if won:
            JobRun.objects.move(run.pk, leaving=(RunStatus.RUNNING,), to=RunStatus.STOPPING)
            audit.record(actor, "run.stop_asked", run, after={"how": how.value}, target=run.target)
    run.refresh_from_db()
    return won


def _cancel_idle(run: JobRun, actor: Actor, moment: datetime) -> bool:
    if run.status == RunStatus.PAUSED:
        with transaction.atomic():
            won = JobRun.objects.move(
                run.pk, leaving=(RunStatus.PAUSED,), to=RunStatus.CANCELLED, finished_at=moment,
                **_ending(Finish(RunStatus.CANCELLED, f"Cancelled by {actor.name} while it was paused.")),
            )  # fmt: skip
            if won:
                audit.record(actor, "run.cancelled", run, target=run.target)
        run.refresh_from_db()
        return won
    return _end_without_start(
        run, RunStatus.CANCELLED, f"Cancelled by {actor.name} before it started.", moment, actor=actor
    )


def pause(run: JobRun, token: int, message: str, moment: datetime) -> bool:
    """The worker shuts down: what is done is kept, and the run goes on with the next worker."""
    with transaction.atomic():
        won = JobRun.objects.move(
            run.pk,
            leaving=ACTIVE,
            to=RunStatus.PAUSED,
            token=token,
            worker="",
            lease_until=None,
            stop="",
            message=message,
        )
        if won:
            audit.record(PORTAL, "run.paused", run, after={"message": message}, target=run.target)
    return won


def back_to_gate(run: JobRun, token: int, reason: Reason, moment: datetime) -> bool:
    """A claimed run that could not begin waits again, with what stood in its way; nothing of it was started."""
    with transaction.atomic():
        won = JobRun.objects.move(
            run.pk, leaving=ACTIVE, to=RunStatus.WAITING, token=token, worker="", lease_until=None, started_at=None,
            reasons=[reason.as_json()], reasons_at=moment,
        )  # fmt: skip
        if won:
            audit.record(PORTAL, "run.put_back", run, reason=reason.sentence, target=run.target)
    return won


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
            duration_ms=_milliseconds(run.started_at, moment), step_fraction=None, step_phase="", **_ending(ending),
        )  # fmt: skip
        if won:
            audit.record(
                PORTAL, f"run.{ending.status.value}", run, after={"message": ending.message}, target=run.target
            )
    run.refresh_from_db()
    if won:
        if ending.status in (RunStatus.SUCCEEDED, RunStatus.WARNING) and run.duration_ms is not None:
            durations.remember(run.target, run.strategy_name, durations.WHOLE_RUN, run.duration_ms, moment)
        tallies.count(run)
    return won


def _ending(ending: Finish) -> dict[str, Any]:
    left = ending.state_left
    return {
        "message": ending.message[:2000],
        "error_code": ending.error.code[:50] if ending.error else "",
        "error_class": ending.error.error_class.value if ending.error else "",
        "state_left": left.kind.value if left else "",
        "state_left_message": left.message[:2000] if left else "",
    }


def _milliseconds(start: datetime | None, end: datetime) -> int | None:
    return None if start is None else int((end - start).total_seconds() * 1000)


def steps_left(run: JobRun, done: set[str]) -> tuple[Step, ...]:
    """The steps of an ended run that were not done: what a resumed run would do. Empty while the run is open."""
    if run.status in OPEN or run.plan is None:
        return ()
    rest = [step for step in plan_of(run).steps if step.key not in done]
    kept = {step.key for step in rest}
    return tuple(replace(step, after=tuple(key for key in step.after if key in kept)) for step in rest)


def resume(run: JobRun, actor: Actor, moment: datetime) -> JobRun:
    """A new run with the steps of the same plan that an ended one did not get done. Raises ValueError when there are none."""
    steps = steps_left(run, done_keys(run))
    if not steps:
        raise ValueError("There is nothing to resume: the run is not over, or all its steps are done.")
    return _begin_with(run, actor, moment, Origin.RESUME, replace(plan_of(run), steps=steps))


def reversals(run: JobRun, succeeded: set[str]) -> tuple[Step, ...]:
    """The steps that take back what an ended run changed, last first. Empty when nothing of it can be undone."""
    if run.status in OPEN or run.plan is None:
        return ()
    return tuple(
        step.reversal() for step in reversed(plan_of(run).steps) if step.is_reversible and step.key in succeeded
    )


def undo(run: JobRun, actor: Actor, moment: datetime) -> JobRun:
    """A new, unreleased run that brings back what the finished steps of this one changed, last step first.

    Raises ValueError when nothing of it can be undone, or an undo is on its way or done.
    """
    done = run.operations.filter(status=OperationStatus.SUCCESS, step_key__isnull=False)
    steps = reversals(run, {str(key) for key in done.values_list("step_key", flat=True)})
    if not steps:
        raise ValueError("There is nothing to undo: the run is not over, or none of its finished steps is reversible.")
    if (earlier := undone_by(run)) is not None:
        raise ValueError(f"Run {earlier.pk} undoes this one already.")
    return _begin_with(run, actor, moment, Origin.UNDO, replace(plan_of(run), steps=steps))


def undone_by(run: JobRun) -> JobRun | None:
    """The undo of this run that is open or has succeeded."""
    return run.children.filter(origin=Origin.UNDO, status__in=(*OPEN, *GOOD)).first()


def _begin_with(run: JobRun, actor: Actor, moment: datetime, origin: Origin, frozen: Plan) -> JobRun:
    successor = JobRun(
        due_key=f"{origin}:{run.pk}:{uuid.uuid4()}", strategy_name=run.strategy_name, target=run.target, job=run.job,
        target_object=run.target_object, parameters=run.parameters, timeout_seconds=run.timeout_seconds,
        origin=origin, asked_by=actor.name, due_at=moment, parent=run, woken_at=moment,
    )  # fmt: skip
    _begin(actor, successor, None)
    keep_plan(successor, frozen, moment)
    return successor


def try_again(run: JobRun, actor: Actor, moment: datetime) -> JobRun:
    """A new run of the same work, planned anew from what the target looks like now."""
    successor = JobRun(
        due_key=f"{Origin.RETRY}:{run.pk}:{uuid.uuid4()}", strategy_name=run.strategy_name, target=run.target, job=run.job,
        target_object=run.target_object, parameters=run.parameters, timeout_seconds=run.timeout_seconds,
        origin=Origin.RETRY, asked_by=actor.name, due_at=moment, parent=run, woken_at=moment,
    )  # fmt: skip
    return _begin(actor, successor, "plan_run")


def handle(run: JobRun, actor: Actor, note: str, moment: datetime) -> bool:
    """Somebody has dealt with a failed run: it leaves the list of what needs attention."""
    with transaction.atomic():
        rows = JobRun.objects.filter(pk=run.pk, handled_at__isnull=True).exclude(status__in=OPEN)
        won = rows.update(handled_at=moment, handled_by=actor.name, handled_note=note[:500]) == 1
        if won:
            audit.record(actor, "run.handled", run, reason=note, target=run.target)
    run.refresh_from_db()
    return won


def done_keys(run: JobRun) -> set[str]:
    """Keys of the steps that are done, or were found not to be needed: the checkpoint, read from the operation log."""
    rows = run.operations.filter(status__in=(OperationStatus.SUCCESS, OperationStatus.INFO), step_key__isnull=False)
    return {str(key) for key in rows.values_list("step_key", flat=True)}


def plan_of(run: JobRun) -> Plan:
    """The frozen plan. Raises ValueError for a run that has none yet."""
    if run.plan is None:
        raise ValueError(f"{run} has no plan yet.")
    return Plan.from_json(run.plan)
