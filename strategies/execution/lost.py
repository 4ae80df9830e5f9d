"""Looks after runs whose worker fell silent: asks the process and the target what is true, and only then judges."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from strategies import audit, endings, operation_log, registry, runs, targets
from strategies.audit import PORTAL
from strategies.endings import Finish
from strategies.execution import verification
from strategies.models import ACTIVE, UNFINISHED, JobRun, OperationLog, OperationStatus, RunStatus
from strategies.operation_log import Ending
from strategies.plans import ErrorClass, LeftBehind, StateLeft, Step, TargetError, Verification
from strategies.platforms.base import PlatformError, Session
from strategies.workers import WorkerIdentity

log = logging.getLogger(__name__)

_A_LOOK_MAY_TAKE_SECONDS = 60  # connecting and asking; a task that takes longer has died
_LOST = TargetError(ErrorClass.LOST, "worker_lost", "The worker that carried this out is gone.")


def look_after(run: JobRun, moment: datetime) -> None:
    """Judge one run whose lease has passed: still at work, or over, and what of it is done. Nothing is started again."""
    run.refresh_from_db()
    if run.status not in ACTIVE or run.lease_until is None or run.lease_until > moment:
        return
    if not _take_turn(run, moment):
        return
    alive = _is_worker_alive(run)
    silent = (moment - (run.heartbeat_at or run.lease_until)).total_seconds()
    leases_missed = silent / settings.PORTAL_LEASE_SECONDS - 1
    platform = targets.platform_of(run.target)
    try:
        if platform.has_sessions:
            with targets.session(run.target, "look after", None) as session:
                if _still_works(run, session, alive, moment):
                    return
        if _may_come_back(platform.has_sessions, alive, leases_missed):
            _keep(run)
            return
        # Another session: ending one that was marked costs, on Oracle, the connection that asked for it.
        with targets.session(run.target, "look after", None) as session:
            _judge(run, session, moment)
    except PlatformError as refusal:
        _say(run, f"Its worker is silent, and the target cannot be asked: {refusal.error}")


def _take_turn(run: JobRun, moment: datetime) -> bool:
    """One looks after a run at a time, however long the target takes to answer. A sign of life meanwhile ends the turn."""
    turn = moment + timedelta(seconds=_A_LOOK_MAY_TAKE_SECONDS)
    rows = JobRun.objects.filter(
        pk=run.pk, fencing_token=run.fencing_token, status__in=ACTIVE, lease_until=run.lease_until
    )
    if rows.update(lease_until=turn) != 1:
        return False
    run.lease_until = turn
    return True


def _is_worker_alive(run: JobRun) -> bool | None:
    try:
        return WorkerIdentity.parse(run.worker).is_alive()
    except ValueError:
        return False


def _may_come_back(has_sessions: bool, alive: bool | None, leases_missed: float) -> bool:
    """A process that lives may only be late; one on another host cannot be asked. Both get another lease to speak up.

    Without sessions (SQLite) the work is in the process itself: while that lives, so may the work.
    """
    if alive is True and not has_sessions:
        return True
    return alive is not False and leases_missed < 1


def _still_works(run: JobRun, session: Session, alive: bool | None, moment: datetime) -> bool:
    """Whether a session of the run still works on the target. If nobody watches over it any more, stops and limits hold here."""
    platform = targets.platform_of(run.target)
    sessions = platform.our_sessions(session, targets.tag("run", run.pk))
    working = [remote for remote in sessions if remote.is_working]
    wants_end = bool(run.stop) or (run.deadline_at is not None and moment >= run.deadline_at)
    wants_end = wants_end or (run.must_end_at is not None and moment >= run.must_end_at)
    for remote in sessions:
        if alive is False and (wants_end or not remote.is_working):
            platform.end_session(session, remote, force=True)
    if working:
        who = "gone" if alive is False else "silent"
        _say(run, f"Its worker is {who}, but its statement still runs on the target.")
    return bool(working)


def _say(run: JobRun, phase: str) -> None:
    """Keep the run, say on its page what is known, and have it looked after again soon."""
    _keep(run, step_phase=phase[:200])


def _keep(run: JobRun, **values: Any) -> None:
    again = timezone.now() + timedelta(seconds=min(5, settings.PORTAL_LEASE_SECONDS))  # from now: asking took its time
    JobRun.objects.filter(
        pk=run.pk, fencing_token=run.fencing_token, status__in=ACTIVE, lease_until=run.lease_until
    ).update(lease_until=again, **values)


def _judge(run: JobRun, session: Session, moment: datetime) -> None:
    """Take the run over (its old worker stops before its next step), settle the open step, and finish."""
    if not _take_over(run, moment):
        return
    steps = {step.key: step for step in runs.plan_of(run).steps}
    left: StateLeft | None = None
    for operation in OperationLog.objects.filter(run=run, status__in=UNFINISHED):
        step = steps.get(operation.step_key or "")
        if step is not None:
            left = _settle(run, session, operation, step, moment) or left
    done = runs.done_keys(run) & steps.keys()
    progress = f"{len(done)} of {len(steps)} steps are done, as the target shows."
    if len(done) == len(steps):
        ending = Finish(RunStatus.WARNING, f"Its worker was lost after the last step. {progress}")
    else:
        left = left or StateLeft(LeftBehind.CLEAN, "No step was half-way: nothing was left behind.")
        ending = Finish(RunStatus.LOST, f"Its worker was lost. {progress} It can be resumed.", _LOST, left)
    endings.finish(run, run.fencing_token, ending, moment)


def _take_over(run: JobRun, moment: datetime) -> bool:
    with transaction.atomic():
        won = (
            JobRun.objects.filter(
                pk=run.pk, fencing_token=run.fencing_token, status__in=ACTIVE, lease_until=run.lease_until
            ).update(
                fencing_token=F("fencing_token") + 1,
                lease_until=moment + timedelta(seconds=settings.PORTAL_LEASE_SECONDS),
            )
            == 1
        )
        if won:
            audit.record(PORTAL, "run.taken_over", run, before={"worker": run.worker}, target=run.target)
    run.refresh_from_db()
    return won


def _settle(run: JobRun, session: Session, operation: OperationLog, step: Step, moment: datetime) -> StateLeft | None:
    """Give an operation that has no ending the one that the target shows; what is left behind if it is not done."""
    concern = registry.implementation(run.target.platform, run.strategy_name, run.parameters).concern
    try:
        checked = concern.verify_undo(session, step) if step.is_reversal else concern.verify(session, step, None)
    except PlatformError as refusal:
        checked = Verification(False, f"The target could not be asked: {refusal.error}")
    if checked.ok:
        message = f"Its worker was lost, but the target shows: {checked.message}"
        row = Ending(OperationStatus.SUCCESS, message, None, None, objects_affected=checked.objects_affected)
        operation_log.end(operation.pk, row, moment, operation.operation_time)
        return None
    left = verification.state_left(concern, session, step)
    row = Ending(OperationStatus.ERROR, f"{_LOST.message} {left.message}", None, _LOST)
    operation_log.end(operation.pk, row, moment, operation.operation_time)
    return left
