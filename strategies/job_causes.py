"""Why a job does not run now, in sentences, and who or what clears each: pure, from its row, its open run and the portal's signs."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta

from strategies.approvals import APPROVED_LATER
from strategies.gate_values import NOT_DUE, Reason
from strategies.models import JobRun, JobState, MaintenanceJob, RunStatus
from strategies.recurrence import Kind

CLOCK_IS_LATE = timedelta(seconds=15)  # as for the vitals at the foot of each page
_OF_ITS_TIME = (NOT_DUE, APPROVED_LATER)  # said with the instant itself, in the reader's zone
MANUAL = Reason(
    "manual", "Its configuration leaves starting to people (execution mode MANUAL).",
    "A DBA starts it by hand, or changes the mode of the configuration.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cause:
    """Why the job does not run now: a sentence that `at` (if any) completes, and who or what clears it."""

    sentence: str
    cleared_by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signs:
    """When the portal's clock ticked last (None = never), when the job's event was announced last, and whether it is left to people."""

    clock_at: datetime | None
    announced_at: datetime | None = None
    is_manual: bool = False


def causes(job: MaintenanceJob, present: JobRun | None, signs: Signs, moment: datetime) -> list[Cause]:
    """Why nothing of the job runs now; empty while it does. `present` is the run that is furthest among the open ones."""
    if present is not None:
        return _of_run(present, moment)
    is_ticking = signs.clock_at is not None and moment - signs.clock_at <= CLOCK_IS_LATE
    stands = [] if is_ticking else [_clock_stands(signs.clock_at)]
    match job.state:
        case JobState.UNSETTLED:
            return stands or [
                Cause("It is new or was changed, and is read anew.", "This clears by itself within seconds.")
            ]
        case JobState.QUARANTINED:
            return [Cause(f"It was set aside: {job.quarantine_reason}", "A DBA changes the job; then it is read anew.")]
        case JobState.OFF:
            return [Cause("It is switched off.", "A DBA switches it on; until then it can be run by hand.")]
    if signs.is_manual:
        return [Cause(MANUAL.sentence, MANUAL.cleared_by)]
    return [*stands, _of_schedule(job, signs.announced_at, moment)]


def _clock_stands(clock_at: datetime | None) -> Cause:
    sentence = "The portal's clock does not tick, and nothing starts by itself"
    by = "Whoever runs the portal starts it again."
    return Cause(f"{sentence}; its last sign of life was at", by, clock_at) if clock_at else Cause(f"{sentence}.", by)


def _of_schedule(job: MaintenanceJob, announced_at: datetime | None, moment: datetime) -> Cause:
    """Of a job that is in order: what it waits for."""
    if job.schedule_type_id == Kind.EVENT_DRIVEN:
        by = f"Whoever announces it: manage.py emit {shlex.quote(job.schedule_value or '')}"
        sentence = f"It runs when the event {job.schedule_value} is announced"
        return Cause(f"{sentence}, as it last was at", by, announced_at) if announced_at else Cause(f"{sentence}.", by)
    if job.schedule_type_id == Kind.ON_DEMAND:
        return Cause("It has no schedule.", "Somebody runs it by hand or by command.")
    if job.next_run is None:
        return Cause("Its schedule has no further due instant.", "A DBA changes the schedule.")
    if job.next_run > moment:
        return Cause(
            "It is not due before",
            "This clears by itself at that time; until then it can be run by hand.",
            job.next_run,
        )
    return Cause(
        "Its run is about to be planned; it is due since", "This clears by itself within seconds.", job.next_run
    )


def _of_run(run: JobRun, moment: datetime) -> list[Cause]:
    """Why an open run of the job is not at work; its own reasons where the gate has given them."""
    name = f"Run {run.pk}"
    if run.status == RunStatus.READY:
        return [Cause(f"{name} may start.", "A worker takes it up next.")]
    if run.status == RunStatus.PAUSED:
        return [Cause(f"{name} is paused.", "It goes on with the next worker.")]
    if run.status not in (RunStatus.PLANNED, RunStatus.WAITING):
        return []
    is_unplanned = run.status == RunStatus.PLANNED and run.planned_at is None
    told = [(reason["code"], Cause(reason["sentence"], reason["cleared_by"])) for reason in run.reasons]
    if run.due_at > moment and not (is_unplanned and run.reasons):
        # What people have to clear by then comes first: else they learn of it when it is too late
        others = [cause for code, cause in told if code not in _OF_ITS_TIME]
        return [*others, Cause(f"{name} is prepared; it is due at", "This clears by itself at that time.", run.due_at)]
    if told:
        return [cause for _, cause in told]
    if is_unplanned:
        return [Cause(f"{name} is being planned.", "A worker looks at the database; this takes seconds as a rule.")]
    if not run.is_released:
        return [Cause(f"Nobody has released the plan of run {run.pk} yet.", "A DBA reads the plan and releases it.")]
    return [Cause(f"{name} is about to be asked at the gate.", "This clears by itself within seconds.")]
