"""What follows an ended run: the rest of its steps, an undo, another try, or the word that somebody has dealt with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from strategies import audit, runs
from strategies.audit import Actor
from strategies.continuing import begin_with, steps_left, successor
from strategies.models import GOES_ON, GOOD, OPEN, JobRun, OperationStatus, Origin
from strategies.plans import Step
from strategies.runs import done_keys, plan_of


def resume(run: JobRun, actor: Actor, moment: datetime) -> JobRun:
    """A new run with the steps of the same plan that an ended one did not get done. Raises ValueError when there are none."""
    steps = steps_left(run, done_keys(run))
    if not steps:
        raise ValueError("There is nothing to resume: the run is not over, or all its steps are done.")
    return begin_with(run, actor, moment, Origin.RESUME, replace(plan_of(run), steps=steps))


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
    with transaction.atomic():
        JobRun.objects.select_for_update().get(pk=run.pk)  # two who undo at once take turns
        if (earlier := undone_by(run)) is not None:
            raise ValueError(f"Run {earlier.pk} undoes this one already.")
        return begin_with(run, actor, moment, Origin.UNDO, replace(plan_of(run), steps=steps))


def undone_by(run: JobRun) -> JobRun | None:
    """The undo of this run, or what an undo was resumed as, that is open or has succeeded."""
    found = list(run.children.filter(origin=Origin.UNDO))
    while found:
        if (earlier := next((undo for undo in found if undo.status in (*OPEN, *GOOD)), None)) is not None:
            return earlier
        found = list(JobRun.objects.filter(parent__in=found, origin__in=GOES_ON))
    return None


def try_again(run: JobRun, actor: Actor, moment: datetime) -> JobRun:
    """A new run of the same work, planned anew from what the target looks like now."""
    return runs.begin(actor, successor(run, actor, moment, Origin.RETRY), wake="plan_run")


def handle(run: JobRun, actor: Actor, note: str, moment: datetime) -> bool:
    """Somebody has dealt with a failed run: it leaves the list of what needs attention."""
    with transaction.atomic():
        rows = JobRun.objects.filter(pk=run.pk, handled_at__isnull=True).exclude(status__in=OPEN)
        won = rows.update(awaits_handling=False, handled_at=moment, handled_by=actor.name, handled_note=note[:500]) == 1
        if won:
            audit.record(actor, "run.handled", run, reason=note, target=run.target)
    run.refresh_from_db()
    return won
