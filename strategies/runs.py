"""The life of a run until it is claimed: asked, planned, released, let in. Each change is a conditional update with its audit entry."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from strategies import (
    approvals,
    audit,
    consents,
    deployments,
    durations,
    endings,
    glass,
    implementations,
    plan_turns,
    planner,
    predictions,
    queue,
    registry,
)
from strategies.audit import PORTAL, Actor
from strategies.gate_facts import Gatehouse, missing_rights
from strategies.gate_values import LATE, Reason, Verdict
from strategies.models import JobRun, OperationStatus, Origin, Portal, RunStatus, Target
from strategies.plans import UNREADABLE, ErrorClass, LeftBehind, Limits, Plan, StateLeft, TargetError
from strategies.platforms.base import NotSupported, ObjectUnknown, PlatformError
from strategies.routines.base import ParametersRefused
from strategies.sentences import sentences

log = logging.getLogger(__name__)

NOTHING_TO_DO = "Nothing to do: the plan has no steps."  # its notes may say what was seen and left alone
DAMAGED = "failed_check"  # the code of a run that failed by what was found, not by what it did
UNRELEASED_FOR = timedelta(hours=24)  # a plan that nobody releases within a day is cancelled: what it saw is old


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
    given = parameters or {}
    if strategy not in registry.routines() and implementations.why_not(target, strategy, given):
        raise ParametersRefused({"strategy": f"no strategy named {strategy!r} is installed"})
    checked = registry.routine_of(strategy, given).read_parameters(given)
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
    run.place = run.place or deployments.place_named(run)
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


def plan(
    run: JobRun, moment: datetime, *, limit_seconds: float | None = None, now: Callable[[], datetime] | None = None
) -> bool:
    """Look at the target, for so long at most, and freeze the plan. `now` tells the time of the end where the look takes any.

    False = it has none: something stands against it, or the trouble may pass, and it stands in line with the reason; or it has
    failed and says why. Planned by two at once, one does it: a refused sign-in is not tried twice.
    """
    if not plan_turns.take(run, moment):
        return False
    try:
        made = planner.make_plan(
            run.target, run.strategy_name, run.target_object, run.parameters, Limits.of(run.limits),
            moment=moment, limit_seconds=limit_seconds,
        )  # fmt: skip
    except PlatformError as refusal:
        _not_planned(run, refusal.error, now() if now else moment)
        return False
    except (NotSupported, ObjectUnknown) as refusal:
        endings.refuse_plan(run, TargetError(ErrorClass.PERMANENT, "", str(refusal)), moment)
        return False
    except Exception as bug:
        endings.refuse_plan(
            run, TargetError(ErrorClass.PERMANENT, "", f"The portal itself failed: {type(bug).__name__}."), moment
        )
        raise
    return keep_plan(run, made, moment)


def _not_planned(run: JobRun, error: TargetError, moment: datetime) -> None:
    if error.error_class is not ErrorClass.PERMANENT and run.target.stopped_at is None:
        plan_turns.recheck(run.target, moment)  # before the next in line has its turn: it would meet the same
    if error.error_class.may_pass:
        plan_turns.put_off(run, error, moment)
    else:
        endings.refuse_plan(run, error, moment)


def keep_plan(run: JobRun, made: Plan, moment: datetime) -> bool:
    """Freeze the plan. A released run goes on to the gate; an empty plan has nothing to wait for and succeeds.

    All of it or nothing: a run that had its plan, and did not go on, would be taken up by nobody.
    """
    with transaction.atomic():
        rows = JobRun.objects.filter(pk=run.pk, status=RunStatus.PLANNED, planned_at__isnull=True)
        kept = rows.update(
            plan=made.as_json(), plan_digest=made.digest, planned_at=moment, steps_total=len(made.steps),
            status=RunStatus.WAITING if run.is_released else RunStatus.PLANNED, reasons=[], not_before=None,
            is_read_only=made.is_read_only, predicted=asdict(predict(run, made)),
            strategy_version=deployments.number_for(run, made), place=deployments.place_of(run, made),
        )  # fmt: skip
        if kept:
            after = {"digest": made.digest, "steps": len(made.steps)}
            audit.record(PORTAL, "run.planned", run, after=after, target=run.target)
        run.refresh_from_db()
        if kept and run.is_released:
            approvals.ask(run, made, moment)
        # Planned ahead of its time, an empty plan is looked at again when it is due.
        if kept and run.is_released and run.due_at <= moment:
            _end_with_nothing(run, moment)
    return bool(kept)


def predict(run: JobRun, plan: Plan) -> predictions.Prediction:
    """How long the steps of this plan will take, by how long they took on this target."""
    usual = durations.usual_by_step(run.target, run.strategy_name, at_least=predictions.ENOUGH)
    return predictions.predict(plan.steps, usual)


def reopen_planned() -> int:
    """Runs that are released and have their plan wait at the gate; how many there were that did not."""
    rows = JobRun.objects.filter(status=RunStatus.PLANNED, is_released=True, planned_at__isnull=False)
    return rows.update(status=RunStatus.WAITING)


def is_done_with_nothing(run: JobRun) -> bool:
    """Whether an empty plan means that all is well. Where a right is missing it means nothing: the run waits for the right."""
    return run.steps_total == 0 and not missing_rights(run)


def _end_with_nothing(run: JobRun, moment: datetime) -> bool:
    """End a run that has nothing to do: well, unless the look itself saw damage. False = it goes on to the gate."""
    if not is_done_with_nothing(run):
        return False
    if damage := plan_of(run).damage:
        error = TargetError(ErrorClass.PERMANENT, DAMAGED, sentences(*damage))
        left = StateLeft(LeftBehind.CLEAN, "Nothing was changed: the plan has no steps.")
        endings.end_without_start(run, RunStatus.FAILED, error.message, moment, error=error, state_left=left)
    else:
        endings.end_without_start(run, RunStatus.SUCCEEDED, NOTHING_TO_DO, moment)
    return True


def release(run: JobRun, actor: Actor, digest: str, moment: datetime) -> bool:
    """Let a planned run start once the gate agrees. `digest` is that of the plan which the person saw; False = it is another."""
    with transaction.atomic():
        rows = JobRun.objects.filter(pk=run.pk, status=RunStatus.PLANNED, plan_digest=digest, planned_at__isnull=False)
        won = rows.update(is_released=True, released_by=actor.name, status=RunStatus.WAITING, due_at=moment) == 1
        if won:
            audit.record(actor, "run.released", run, after={"digest": digest}, target=run.target)
            run.refresh_from_db()
            approvals.ask(run, plan_of(run), moment)
    run.refresh_from_db()
    if won and not _end_with_nothing(run, moment):
        ask_gate([run], moment)
    return won


def ask_gate(waiting: Iterable[JobRun], moment: datetime, *, wake: bool = True) -> dict[int, Verdict]:
    """Ask the gate for waiting runs in the order given; each that it lets in counts for those behind it.

    One that may start becomes ready and (with `wake`) a worker is woken; the others keep their reasons, and one that is past its
    bound those that it had within it.
    """
    waiting = list(waiting)
    gatehouse = Gatehouse(moment, waiting, counts_ready=True)
    verdicts: dict[int, Verdict] = {}
    for run in waiting:
        answer = verdicts[run.pk] = gatehouse.judge(run)
        if answer.may_start:
            gatehouse.admit(run, answer)
            _make_ready(run, answer, wake)
        elif not answer.is_late:
            keep_reasons(run, answer.reasons, moment)
    return verdicts


def ask_gate_anew(pk: int, moment: datetime) -> None:
    """After people have decided something about a run, it tells at once what stands against it now, and not at the next tick."""
    ask_gate(JobRun.objects.select_related("target", "job", "config").filter(pk=pk, status=RunStatus.WAITING), moment)


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


def _make_ready(run: JobRun, answer: Verdict, wake: bool) -> None:
    with transaction.atomic():
        won = JobRun.objects.move(
            run.pk, leaving=(RunStatus.WAITING,), to=RunStatus.READY, ready_at=answer.moment, woken_at=answer.moment,
            reasons=[], **_window(answer),
        )  # fmt: skip
        if won and wake:
            queue.enqueue("run_job", run.pk)
    run.refresh_from_db()


def _window(answer: Verdict) -> dict[str, Any]:
    """What a run keeps of the window that lets it in; nothing where none is needed."""
    opening = answer.opening
    return {
        "window_id": opening.window.pk if opening else None,
        "window_starts_at": opening.slot.starts_at if opening else None,
        "window_ends_at": answer.ends_at,
    }


def claim(pk: int, worker: str, moment: datetime) -> JobRun | None:
    """Take a ready run, if it may start at this very moment. None = another has it, or it waits again, with its reasons.

    Claims take turns: each sees the runs that the one before it started, so that no cap is passed by two at once.
    """
    with transaction.atomic():
        Portal.objects.take_gate_turn()
        run = JobRun.objects.select_related("target", "job").filter(pk=pk, status=RunStatus.READY).first()
        if run is None:
            return None
        answer = Gatehouse(moment, [run], counts_ready=False).judge(run)
        # Of one past its bound: what stands against a start by now is not what kept it within the bound.
        reasons = [reason for reason in answer.reasons if reason.code == LATE or not answer.is_late]
        if answer.may_start and not run.has_begun:
            try:
                plan = plan_of(run)
            except UNREADABLE:
                endings.fail_unreadable(run, moment)
                return None
            if (opened := consents.opened(run, plan, moment)) is not None:
                reasons.append(opened)
        if reasons:
            JobRun.objects.move(
                pk, leaving=(RunStatus.READY,), to=RunStatus.WAITING, reasons=[reason.as_json() for reason in reasons],
                reasons_at=moment,
            )  # fmt: skip
            return None
        token = JobRun.objects.claim(
            pk,
            worker=worker,
            moment=moment,
            lease_until=moment + timedelta(seconds=settings.PORTAL_LEASE_SECONDS),
            deadline_at=moment + timedelta(seconds=run.timeout_seconds, milliseconds=-run.worked_ms),
            **_window(answer),
        )
        if token is None:
            return None
        if answer.overridden:
            glass.use(run, answer.overridden, moment)
        audit.record(PORTAL, "run.started", run, after={"worker": worker, "digest": run.plan_digest}, target=run.target)
    run.refresh_from_db()
    return run


def carry_on(run: JobRun) -> bool:
    """A paused run waits at the gate again."""
    return JobRun.objects.move(run.pk, leaving=(RunStatus.PAUSED,), to=RunStatus.WAITING)


def done_keys(run: JobRun) -> set[str]:
    """Keys of the steps that are done, or were found not to be needed: the checkpoint, read from the operation log."""
    rows = run.operations.filter(step_key__isnull=False)
    done = rows.filter(status__in=(OperationStatus.SUCCESS, OperationStatus.INFO)).values_list("step_key", flat=True)
    warned = rows.filter(status=OperationStatus.WARNING).values_list("step_key", "strategy_context")
    return {*map(str, done), *(str(key) for key, context in warned if is_told(context))}


def is_told(context: object) -> bool:
    """Whether the row of a step that ended with a warning is that of a check that came to its end, and found something."""
    return isinstance(context, dict) and bool(context.get("found"))


def plan_of(run: JobRun) -> Plan:
    """The frozen plan. Raises ValueError for a run that has none yet."""
    if run.plan is None:
        raise ValueError(f"{run} has no plan yet.")
    return Plan.from_json(run.plan)
