"""People are asked once more whether a run may start: for its plan as it stands, or for one that is made anew where it is old."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from strategies import approvals, audit, endings, glass, queue, runs, successors
from strategies.audit import Actor
from strategies.models import GOES_ON, Approval, ApprovalState, JobRun, Origin, RunStatus
from strategies.refused import Refused

ENDED = (ApprovalState.SENT_BACK, ApprovalState.EXPIRED, ApprovalState.OPENED, ApprovalState.WITHDRAWN)
_IDLE = Q(status__in=(RunStatus.WAITING, RunStatus.READY), started_at__isnull=True)


def may_be_asked(run: JobRun, approval: Approval | None, moment: datetime) -> bool:
    """Whether the last question about a waiting run has come to its end without a yes that still counts."""
    if run.status not in (RunStatus.WAITING, RunStatus.READY) or run.has_begun or approval is None:
        return False
    is_past = approval.state == ApprovalState.APPROVED and approval.not_after < moment
    return approval.state in ENDED or is_past


def ask_again(run: JobRun, actor: Actor, moment: datetime) -> JobRun:
    """The run that people are asked about now; the same one, unless a plan that nothing bounds was too old. Raises Refused.

    What a run was to take back or to go on with is no newer tomorrow, so that its plan stays.
    """
    with transaction.atomic():
        run = JobRun.objects.select_for_update().get(pk=run.pk)
        if not may_be_asked(run, Approval.objects.filter(run=run).first(), moment):
            raise Refused("Nobody has to be asked again: the run does not wait for that.")
        is_fixed = run.is_undo or run.origin in (*GOES_ON, Origin.UNDO)
        if is_fixed or (run.planned_at is not None and run.planned_at > moment - runs.UNRELEASED_FOR):
            return _ask(run, actor, moment)
        return _plan_anew(run, actor, moment) if run.start_before is not None else _replace(run, actor, moment)


def _ask(run: JobRun, actor: Actor, moment: datetime) -> JobRun:
    JobRun.objects.move(run.pk, leaving=(RunStatus.READY,), to=RunStatus.WAITING)
    JobRun.objects.filter(pk=run.pk).update(released_by=actor.name)
    run.released_by = actor.name
    audit.record(actor, "run.asked_again", run, after={"digest": run.plan_digest}, target=run.target)
    approvals.ask(run, runs.plan_of(run), moment)
    run.refresh_from_db()
    return run


def _plan_anew(run: JobRun, actor: Actor, moment: datetime) -> JobRun:
    """The run of a job keeps its due time and its bound; approvers are asked as soon as its new plan is there."""
    JobRun.objects.filter(_IDLE, pk=run.pk).update(
        status=RunStatus.PLANNED, released_by=actor.name, planned_at=None, planning_at=None, needs_approval=None, reasons=[],
        reasons_at=moment, woken_at=moment, not_before=None, ready_at=None, plan=None, plan_digest="", steps_total=0, plan_attempts=0,
        plan_cut_offs=0,
    )  # fmt: skip
    glass.end(run, moment)
    audit.record(actor, "run.replanned", run, before={"digest": run.plan_digest}, target=run.target)
    queue.enqueue("plan_run", run.pk)
    run.refresh_from_db()
    return run


def _replace(run: JobRun, actor: Actor, moment: datetime) -> JobRun:
    """Somebody has to see the new plan before it is released, as they did with the old one."""
    begun = successors.try_again(run, actor, moment)
    message = f"Cancelled by {actor.name}: its plan was old, and run {begun.pk} is planned in its place."
    if not endings.end_without_start(run, RunStatus.CANCELLED, message, moment, actor=actor, leaving=_IDLE):
        raise Refused("The run has begun, or is over.")
    return begun
