"""Asks the target: did the step help, what did a failed one leave, does a second look find the same needs again."""

from __future__ import annotations

import time
from typing import Any

from strategies import targets
from strategies.assessments import Assessment, Severity
from strategies.execution.watch import Watch, Wish
from strategies.models import JobRun
from strategies.plans import ErrorClass, LeftBehind, Outcome, Plan, StateLeft, Step, Verification
from strategies.platforms.base import Concern, PlatformError, Session

_ASK_EVERY_SECONDS = 1.0


def ask(concern: Concern[Any], session: Session, step: Step, outcome: Outcome) -> Verification | None:
    """What the target says after a step. None where its own refusal says it all; a lost connection is asked about."""
    error = outcome.error
    if error is not None and error.error_class is not ErrorClass.LOST:
        return concern.explain(step, error)
    try:
        if step.is_reversal:
            return concern.verify_undo(session, step)
        return concern.verify(session, step, outcome if error is None else None)
    except PlatformError as refusal:
        message = f"The target could not be asked whether it helped: {refusal.error}"
        return Verification(False, message, error=refusal.error)


def state_left(concern: Concern[Any], session: Session, step: Step) -> StateLeft:
    """What a step that did not succeed left, or that it cannot be told now."""
    try:
        return concern.state_left(session, step)
    except PlatformError as refusal:
        return StateLeft(LeftBehind.UNKNOWN, f"What was left behind cannot be told: {refusal.error}")


_BADNESS = (LeftBehind.CLEAN, LeftBehind.UNKNOWN, LeftBehind.NEEDS_CLEANUP)


def worse(one: StateLeft | None, other: StateLeft) -> StateLeft:
    """The one that people must hear of first."""
    if one is None or _BADNESS.index(other.kind) > _BADNESS.index(one.kind):
        return other
    return one


def wait_until_alone(run: JobRun, session: Session, watch: Watch) -> None:
    """After a lost connection: wait until no session of this run but this one works on the target. Raises PlatformError."""
    platform = targets.platform_of(run.target)
    if not platform.has_sessions:
        return
    while working := [s for s in platform.our_sessions(session, targets.tag("run", run.pk)) if s.is_working]:
        if watch.wish not in (None, Wish.AFTER_STEP):
            for remote in working:
                platform.end_session(session, remote, force=True)
        time.sleep(_ASK_EVERY_SECONDS)  # not `watch.sleep`, which returns at once when a stop is wished


def still_found(plan: Plan, seen: Assessment) -> list[str]:
    """Summaries of findings that a second look still has about objects of this plan; an undo brings them back on purpose.

    What is only for information was no need that a run had to meet, and what was only checked was not to be mended.
    """
    objects = {step.object for step in plan.steps if not step.is_reversal and not step.is_check}
    return [
        finding.summary
        for finding in seen.findings
        if finding.object in objects and finding.severity is not Severity.INFO
    ]
