"""What a claimed run asks of its target before its first step: how busy it is, and what its job and its platform want checked."""

from __future__ import annotations

from collections.abc import Iterator

from strategies import targets
from strategies.execution.watch import Watch
from strategies.gate_values import BUSY, FAILED, UNANSWERED, Reason
from strategies.load import Pace, busy, decide
from strategies.models import JobRun
from strategies.platforms.base import NotSupported, PlatformError, Precheck, Problem, Session, Unasked

_AGAIN = "It is asked again each minute"


def ask(run: JobRun, session: Session, watch: Watch) -> Reason | None:
    """The first thing that stands against a start at this moment; None = it may begin, and what is to be noted is kept with it.

    A run that has begun before is only asked whether its target is too busy to go on.
    """
    notes: list[str] = []
    reason = _of_load(run, session, watch, notes)
    if reason is not None or run.operations.exists():
        return reason
    known = targets.platform_of(run.target).prechecks
    if unknown := [name for name in run.prechecks if name not in known]:
        words = f"{', '.join(unknown)} cannot be asked: this version of the portal has no such check for {run.target}."
        return Reason(UNANSWERED, words, "A DBA takes it out of the job, and has the run planned anew.")
    for check, is_wanted in _checks(run):
        code = FAILED
        try:
            with watch.at_work():
                problem = check.ask(session)
        except PlatformError as refusal:
            problem, code = Problem(f"it could not be asked: {refusal.error}"), UNANSWERED
        if problem is None:
            continue
        if problem.blocks and is_wanted:
            return Reason(code, f"{check.name} does not hold: {problem}", f"{_AGAIN}.")
        notes.append(f"{check.name}: {problem}")
    if notes != run.precheck_notes:
        JobRun.objects.filter(pk=run.pk, fencing_token=run.fencing_token).update(precheck_notes=notes)
    return None


def _checks(run: JobRun) -> Iterator[tuple[Precheck, bool]]:
    """Those that are asked of this run, and whether each keeps it from starting."""
    for name, check in targets.platform_of(run.target).prechecks.items():
        if name in run.prechecks:
            yield check, True
        elif check.unasked is not Unasked.LEFT_OUT and not run.is_read_only:
            yield check, check.unasked is Unasked.HOLDS


def _of_load(run: JobRun, session: Session, watch: Watch, notes: list[str]) -> Reason | None:
    limit = run.target.load_limit
    if limit is None:
        return None
    try:
        with watch.at_work():
            load = targets.platform_of(run.target).load(session)
    except NotSupported as why:
        notes.append(f"Its limit of load is not heeded: {why}")
        return None
    except PlatformError as refusal:
        return Reason(BUSY, f"How busy {run.target} is could not be asked: {refusal.error}", f"{_AGAIN}.")
    if decide(load, limit) is not Pace.PAUSE:
        return None
    cleared_by = f"{_AGAIN}; a DBA may raise the limit on the page of the database."
    return Reason(BUSY, f"{run.target} is {busy(load, limit)}.", cleared_by)
