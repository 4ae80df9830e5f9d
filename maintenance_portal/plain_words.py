"""What readers are told who read no SQL: what happened, without hosts, paths, accounts, statements and codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strategies.models import JobRun, RunStatus, Target
from strategies.plans import ErrorClass

_ENDS = {
    RunStatus.SUCCEEDED: "All of it is done, and the database confirms it.",
    RunStatus.WARNING: "It is done, but something is left for a DBA to look at.",
    RunStatus.TIMED_OUT: "It was stopped at its time limit.",
    RunStatus.CANCELLED: "It was cancelled.",
    RunStatus.CONTINUED: "What is left goes on in another run.",
    RunStatus.MISSED: "It did not start in time.",
    RunStatus.LOST: "The program that carried it out was lost; a DBA has to look.",
    RunStatus.ROLLED_BACK: "What it changed was taken back.",
}
_ERRORS = {
    ErrorClass.TRANSIENT: "The database was in trouble that may pass by itself.",
    ErrorClass.LOCK: "Somebody else was using what it needed.",
    ErrorClass.PERMANENT: "The database refused the work, and will again until a DBA has changed something.",
    ErrorClass.AUTHENTICATION: "The database did not let the portal sign in.",
    ErrorClass.CANCELLED: "The work was stopped in the database.",
    ErrorClass.LOST: "The connection to the database broke.",
}
# Reasons of the gate whose own sentences name nothing technical. Any other, also one that is added later, is put in words here.
_PLAIN = {
    "no_routine", "inactive", "facts_old", "hold", "read_only", "overlap", "cap", "job_off", "left_out", "dependency", "not_due",
    "late", "plan_turn", "freeze", "window_closed", "window_full", "does_not_fit",
    "approved_later",
}  # fmt: skip
_REASONS = {
    "stopped": "The database did not let the portal sign in, and nothing tries again by itself.",
    "unreachable": "The database could not be reached at the last check.",
    "missing_right": "The portal lacks a right on the database.",
    "not_approved": "It waits for people to approve it.",
    "not_planned": "The database could not be looked at; the portal tries again.",
}


def of_run(run: JobRun) -> str:
    """How an ended run ended, and why; what was said of an open one is its state."""
    if run.status == RunStatus.FAILED:
        known = run.error_class in list(ErrorClass)
        return _ERRORS[ErrorClass(run.error_class)] if known else "It failed; a DBA has to look."
    return _ENDS.get(run.state, run.shown_state.label)


def of_target(target: Target) -> str:
    """What keeps the portal from this database; empty where nothing does."""
    if target.stopped_at is not None:
        return "It did not let the portal sign in; a DBA has to correct the account."
    return "It could not be reached at the last check; a DBA has to look." if target.check_error else ""


def of_reason(reason: Mapping[str, Any]) -> str:
    """Why a run waits."""
    code = str(reason.get("code", ""))
    if code in _PLAIN:
        return str(reason["sentence"])
    return _REASONS.get(code, "The database was not ready for it.")
