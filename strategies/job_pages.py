"""What a job's page says: when it is due, what would stand in its way, why it does not run now, how its runs went, who changed it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from strategies import durations, events, job_changes, job_definitions
from strategies.approvals import NOT_APPROVED
from strategies.audit import KINDS
from strategies.due_times import DueTime, due_times
from strategies.durations import WHOLE_RUN, Usual
from strategies.gate import verdict
from strategies.gate_facts import Gatehouse
from strategies.gate_values import Reason
from strategies.job_causes import MANUAL, Cause, Signs, causes
from strategies.job_definitions import Definition, JobRefused
from strategies.job_facts import name_jobs
from strategies.job_list import words_of
from strategies.models import (
    OPEN,
    AuditEntry,
    ExecutionMode,
    JobRun,
    MaintenanceJob,
    Origin,
    Portal,
    StrategyConfig,
    Target,
)
from strategies.progress import SHOWN_FROM
from strategies.recurrence import Kind, Recurrence

SHOWN_DUE = 20
SHOWN_FIRST = 5  # the others are a click away
SHOWN_RUNS = 20
SOON = timedelta(minutes=2)  # a page that is open this long before a due instant follows it by itself
# What lasts until somebody or something changes it, in a few words; the gate's other reasons pass by themselves.
_LASTING = {
    "no_routine": "no implementation",
    "inactive": "database switched off",
    "stopped": "sign-in refused",
    "unreachable": "database not reachable",
    "missing_right": "a right is missing",
    "read_only": "database read-only",
    "hold": "held",
    MANUAL.code: "left to people",
}
_OF_JOB = ("job_off", MANUAL.code)


@dataclass(frozen=True, slots=True)
class Basis:
    """A job with everything that its page rests on. `definition` is None where the row cannot be carried out: `refusal` says why."""

    job: MaintenanceJob
    config: StrategyConfig | None
    target: Target | None  # None = the row names one that is not there
    definition: Definition | None
    refusal: JobRefused | None
    schedule: Recurrence | None  # None = the row's schedule cannot be read: `misread` says why
    misread: JobRefused | None
    words: str

    @property
    def is_manual(self) -> bool:
        return self.config is not None and self.config.execution_mode == ExecutionMode.MANUAL


@dataclass(frozen=True, slots=True)
class Due:
    """A due instant. `blocks` are a few words for each thing that would keep it from starting, as things stand.

    `opens_at` is when windows and freezes let it begin, where that is later; `is_too_late`: not before its start bound.
    """

    time: DueTime
    blocks: Sequence[str]
    opens_at: datetime | None = None
    is_too_late: bool = False


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of the job. `late` is the time from its due instant to its start; None = it never began."""

    run: JobRun
    late: timedelta | None

    @property
    def late_seconds(self) -> float | None:
        return None if self.late is None else self.late.total_seconds()


@dataclass(frozen=True, slots=True)
class LivePage:
    """The changing part of the page. `present` is the run that is furthest among the open ones; `lasting` stands against any run."""

    basis: Basis
    present: JobRun | None
    causes: Sequence[Cause]
    lasting: Sequence[Reason]
    due: Sequence[Due]
    runs: Sequence[PastRun]
    usual: Usual | None
    unhandled: int
    is_live: bool

    @property
    def beside(self) -> Sequence[Reason]:
        """What lasts, without what is said as the cause already."""
        return [reason for reason in self.lasting if self.present is not None or reason.code not in _OF_JOB]

    @property
    def first_due(self) -> Sequence[Due]:
        return self.due[:SHOWN_FIRST]

    @property
    def later_due(self) -> Sequence[Due]:
        return self.due[SHOWN_FIRST:]

    @property
    def has_other_zone(self) -> bool:
        """Whether the schedule's clock is another than the reader's."""
        schedule = self.basis.schedule
        return schedule is not None and schedule.zone != timezone.get_current_timezone_name()


def basis(job: MaintenanceJob) -> Basis:
    """Three queries, and those of the chain of jobs that it waits for."""
    config = job_definitions.configurations([job]).get(job.pk)
    definition, refusal, schedule, misread = None, None, None, None
    try:
        definition = job_changes.judge(job)
        schedule = definition.recurrence
    except JobRefused as refused:
        refusal = refused
        try:
            schedule = job_definitions.schedule_of(job, config)
        except JobRefused as of_schedule:
            misread = of_schedule
    target = job.target if job.target_id is not None else Target.objects.get(is_home=True)
    return Basis(job, config, target, definition, refusal, schedule, misread, words_of(job, config))


def live_page(
    job: MaintenanceJob, runs: QuerySet[JobRun], moment: datetime, *, jobs: QuerySet[MaintenanceJob]
) -> LivePage:
    """`runs` and `jobs` are those that the reader may see. The same few queries, however long the job's past is."""
    found = basis(job)
    rows = runs.filter(job=job).select_related("target").defer("plan", "parameters")
    open_ = sorted(rows.filter(status__in=OPEN).order_by("due_at")[:SHOWN_RUNS], key=lambda run: -OPEN.index(run.state))
    present = open_[0] if open_ else None
    past = list(rows.order_by("-due_at", "-pk")[:SHOWN_RUNS])
    name_jobs([*open_[:1], *past], jobs)
    usual = _usual(found)
    house, lasting = None, []
    if found.target is not None:
        run = _asking(found, moment)
        house = Gatehouse(moment, [run], counts_ready=False)
        lasting = _lasting(found, house, run, moment)
    due = _due(found, house, lasting, usual, moment, present)
    is_soon = bool(due) and job.next_run is not None and job.next_run <= moment + SOON
    return LivePage(
        basis=found,
        present=present,
        causes=causes(job, present, _signs(found), moment),
        lasting=lasting,
        due=due,
        runs=[PastRun(run, _late(run)) for run in past],
        usual=usual,
        unhandled=job_changes.unhandled(runs, job).count(),
        is_live=present is not None or is_soon or not job.is_settled,
    )


def _usual(found: Basis) -> Usual | None:
    if found.target is None:
        return None
    place = found.target.pk
    times = durations.past([place]).get((place, found.job.strategy_id, WHOLE_RUN), [])
    return durations.usual(times, at_least=SHOWN_FROM)


def _late(run: JobRun) -> timedelta | None:
    return max(run.started_at - run.due_at, timedelta(0)) if run.started_at is not None else None


def _asking(found: Basis, moment: datetime) -> JobRun:
    """A run as the job would begin it by itself."""
    job = found.job
    return JobRun(
        job=job, config=found.config, strategy_name=job.strategy_id, target=found.target, target_object=job.target_object,
        origin=Origin.SCHEDULE, due_at=moment, depends_since=moment,
    )  # fmt: skip


def _lasting(found: Basis, house: Gatehouse, run: JobRun, moment: datetime) -> list[Reason]:
    """What would stand against such a run, as long as nobody changes anything."""
    facts = replace(house.facts(run), changes_data=True)
    reasons = [reason for reason in verdict(facts, moment).reasons if reason.code in (*_LASTING, *_OF_JOB)]
    return [*reasons, *([MANUAL] if found.is_manual else [])]


def _due(
    found: Basis, house: Gatehouse | None, lasting: Sequence[Reason], usual: Usual | None, moment: datetime, present: JobRun | None
) -> list[Due]:  # fmt: skip
    """The next due instants; those of a job that is off or set aside as they would be. `present` stands at its own."""
    if found.schedule is None:
        return []
    times = due_times(found.schedule, moment, SHOWN_DUE, first=found.job.next_run)
    words = list(dict.fromkeys(_words(reason, found.job) for reason in lasting))
    rows, previous = [], found.job.last_due
    for time in times:
        overlaps = (
            previous is not None and usual is not None and time.at - previous < timedelta(milliseconds=usual.p90_ms)
        )
        asked = _for_people(present) if present is not None and present.due_at == time.at else []
        blocks = [*words, *asked, *(["the one before usually takes longer"] if overlaps else [])]
        opens_at: datetime | None = time.at
        is_too_late = False
        if house is not None and found.definition is not None:  # else the row's own bound may not be one
            bound = time.at + timedelta(minutes=found.job.start_within_minutes)
            opens_at = house.opens(found.definition.target, time.at, bound)
            is_too_late = opens_at is None or opens_at > bound
        rows.append(Due(time, blocks, opens_at if opens_at != time.at else None, is_too_late))
        previous = time.at
    return rows


def _for_people(run: JobRun) -> list[str]:
    """What keeps a run that is prepared until people have given their word."""
    return ["not approved"] if any(reason["code"] == NOT_APPROVED for reason in run.reasons) else []


def _words(reason: Reason, job: MaintenanceJob) -> str:
    return _LASTING.get(reason.code, "job set aside" if job.quarantined_at is not None else "job switched off")


def _signs(found: Basis) -> Signs:
    """What is known of the portal's clock, and of the event that the job listens to."""
    job = found.job
    clock_at = Portal.objects.values_list("beat_at", flat=True).filter(pk=1).first()
    is_listening = job.schedule_type_id == Kind.EVENT_DRIVEN
    announced_at = events.announced_at(job.schedule_value) if is_listening else None
    return Signs(clock_at, announced_at, found.is_manual)


@dataclass(frozen=True, slots=True)
class Told:
    """An audit entry about the job: what was done, in words, and each value that it tells as (name, before, after)."""

    entry: AuditEntry
    what: str
    changes: Sequence[tuple[str, str, str]]


def told(entry: AuditEntry) -> Told:
    what = KINDS["MaintenanceJob"].actions.get(entry.action, entry.action)
    before, after = entry.before or {}, entry.after or {}
    names = dict.fromkeys([*before, *after])
    return Told(entry, what, [(name, _plain(before.get(name)), _plain(after.get(name))) for name in names])


def _plain(value: object) -> str:
    """A value of a column as people read it."""
    if value in (None, "", [], {}):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
