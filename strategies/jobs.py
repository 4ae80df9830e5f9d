"""Jobs by the clock: planning what is due, what was missed, events, and jobs that are run by hand."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from strategies import audit, endings, job_definitions, runs, settling, tallies
from strategies.audit import PORTAL, Actor
from strategies.dependencies import parse_jobs, parse_names
from strategies.gate import LEFT_OUT, job_reasons
from strategies.job_definitions import Definition, JobRefused
from strategies.job_facts import BY_ITSELF, job_facts
from strategies.models import (
    Event,
    JobRun,
    MaintenanceJob,
    Origin,
    RunStatus,
    StrategyConfig,
    Target,
    WhenLate,
)
from strategies.recurrence import Kind

log = logging.getLogger(__name__)

LONGEST_LOOK_BACK = timedelta(days=30)  # older instants that were missed are not counted one by one
MOST_MISSED = 1000  # records of missed instants that one job leaves after a long outage; the audit tells how many more


def plan_due(moment: datetime) -> int:
    """Plan the runs that come up within the lead time, and move on the jobs that are due. How many jobs were dealt with.

    Two at once are as safe as one: each due instant has one `due_key`, and `next_run` moves on by a conditional update.
    """
    lead = moment + timedelta(seconds=settings.PORTAL_PLAN_AHEAD_SECONDS)
    scheduled = MaintenanceJob.objects.scheduled().select_related("target").order_by("next_run")
    due = list(scheduled.filter(next_run__lte=moment)[: settling.AT_ONCE])
    coming = scheduled.filter(next_run__gt=moment, next_run__lte=lead)
    unprepared = list(coming.filter(Q(prepared_for=None) | ~Q(prepared_for=F("next_run")))[: settling.AT_ONCE])
    jobs = [*due, *unprepared]
    if not jobs:
        return 0
    home, configs = Target.objects.get(is_home=True), job_definitions.configurations(jobs)
    for job in jobs:
        try:
            config = configs.get(job.pk)
            definition = job_definitions.read(job, config, home)
            if job.next_run is not None and job.next_run > moment:
                _prepare(job, config, definition, moment)
            else:
                _move_on(job, config, definition, moment)
        except JobRefused as refusal:
            settling.quarantine(job, f"{refusal.field}: {refusal}", moment)
        except Exception:
            log.exception("job %s could not be planned", job.pk)
            settling.quarantine(job, "The portal itself failed on this row; its log says where.", moment)
    return len(jobs)


def _prepare(job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, moment: datetime) -> None:
    """Plan ahead, so that the run can start at its very moment; until then the gate holds it."""
    due = job.next_run
    with transaction.atomic():
        rows = MaintenanceJob.objects.scheduled().filter(pk=job.pk, next_run=due)
        if due is not None and rows.exclude(prepared_for=due).update(prepared_for=due):
            _begin(job, config, definition, due, moment)


def _move_on(job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, moment: datetime) -> None:
    """The latest due instant is run if its bound allows it; those before it, which nobody was there to start, are missed."""
    due = job.next_run
    if due is None:
        return
    begin_at = max(due, moment - LONGEST_LOOK_BACK)
    later = takewhile(lambda instant: instant <= moment, definition.recurrence.after(begin_at))
    *missed, latest = [due, *later]
    is_in_time = moment <= latest + timedelta(minutes=job.start_within_minutes)
    with transaction.atomic():
        rows = MaintenanceJob.objects.scheduled().filter(pk=job.pk, next_run=due)
        if not rows.update(next_run=definition.recurrence.next_due(moment), last_due=latest):
            return
        if is_in_time:
            _begin(job, config, definition, latest, moment)
        else:
            missed.append(latest)
        if missed and _record_missed(job, config, definition, missed, moment) and not is_in_time:
            _catch_up(job, config, definition, moment)


def _begin(
    job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, due: datetime, moment: datetime
) -> None:
    """The one run of this due instant, unless there is one."""
    run = run_of(job, config, definition, Origin.SCHEDULE, _key(job, due), due, moment)
    if not JobRun.objects.filter(due_key=run.due_key).exists():
        begin(PORTAL, run)


def begin(actor: Actor, run: JobRun) -> JobRun:
    """Keep a run of a job; it is planned now, or when what it waits for is over."""
    return runs.begin(actor, run, wake=None if run.plans_late else "plan_run")


def _key(job: MaintenanceJob, due: datetime) -> str:
    return f"schedule:{job.pk}:{due:%Y%m%dT%H%M%S}"


def run_of(
    job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, origin: Origin, due_key: str,
    due: datetime, moment: datetime,
) -> JobRun:  # fmt: skip
    """A run of a job, not yet kept."""
    is_by_itself = origin in BY_ITSELF
    depends = bool(parse_jobs(job.depends_on_jobs) or parse_names(config.depends_on_strategies if config else None))
    return JobRun(
        due_key=due_key, job=job, config=config, strategy_name=job.strategy_id, target=definition.target,
        target_object=job.target_object, parameters=dict(definition.parameters), limits=definition.limits.as_json(),
        prechecks=list(definition.prechecks), timeout_seconds=definition.timeout_seconds,
        priority_level=definition.priority, origin=origin, asked_by=PORTAL.name, due_at=due, woken_at=moment,
        is_released=is_by_itself, plans_late=is_by_itself and depends,
        depends_since=(job.last_due or job.created_date) if is_by_itself else None,
        start_before=due + timedelta(minutes=job.start_within_minutes) if is_by_itself else None,
    )  # fmt: skip


def _record_missed(
    job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, instants: Sequence[datetime],
    moment: datetime,
) -> bool:  # fmt: skip
    """One record for each instant, and one audit entry for all. False = all of them have a run."""
    keys = {_key(job, instant): instant for instant in instants[-MOST_MISSED:]}
    known = set(JobRun.objects.filter(job=job, due_at__gte=instants[0]).values_list("due_key", flat=True))
    rows = []
    for key, instant in keys.items():
        if key not in known:
            run = run_of(job, config, definition, Origin.SCHEDULE, key, instant, moment)
            run.status, run.finished_at, run.awaits_handling = RunStatus.MISSED, moment, True
            run.message = "It was due while the portal did not run, and was not started late."
            rows.append(run)
    if not rows:
        return False
    JobRun.objects.bulk_create(rows)
    tallies.count_missed(job.pk, rows[-1].message)
    after = {
        "missed": len(instants), "recorded": len(rows), "first": instants[0].isoformat(),
        "last": instants[-1].isoformat(), "when_late": job.when_late,
    }  # fmt: skip
    audit.record(PORTAL, "job.missed", job, after=after, target=definition.target)
    return True


def _catch_up(job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, moment: datetime) -> None:
    if job.when_late != WhenLate.RUN_ONCE:
        return
    key = f"catch-up:{job.pk}:{moment:%Y%m%dT%H%M%S}"
    begin(PORTAL, run_of(job, config, definition, Origin.SCHEDULE, key, moment, moment))


@dataclass(frozen=True, slots=True)
class Emitted:
    """What an announcement led to: the runs that begin, and the jobs that listen but cannot run, with the reason."""

    event: Event
    runs: tuple[JobRun, ...]
    left: tuple[tuple[MaintenanceJob, str], ...]


def emit(actor: Actor, name: str, moment: datetime) -> Emitted:
    """Announce an event: each job that listens to it runs once for it."""
    settling.settle(moment)
    listening = list(
        MaintenanceJob.objects.filter(
            schedule_type__schedule_type=Kind.EVENT_DRIVEN, schedule_value__iexact=name, is_active=True
        )
        .select_related("target")
        .order_by("pk")
    )
    home, configs = Target.objects.get(is_home=True), job_definitions.configurations(listening)
    begun, left = [], []
    with transaction.atomic():
        event = Event.objects.create(name=name, emitted_by=actor.name, emitted_at=moment)
        audit.record(actor, "event.emitted", event, after={"jobs": [job.pk for job in listening]})
        for job in listening:
            config = configs.get(job.pk)
            try:
                definition = job_definitions.read(job, config, home)
            except JobRefused as refusal:
                left.append((job, f"{refusal.field}: {refusal}"))
                continue
            if definition.is_manual:
                left.append((job, "Its configuration leaves starting to people (execution mode MANUAL)."))
                continue
            run = run_of(job, config, definition, Origin.EVENT, f"event:{event.pk}:{job.pk}", moment, moment)
            run.asked_by = actor.name
            begun.append(begin(actor, run))
            MaintenanceJob.objects.filter(pk=job.pk).update(last_due=moment)
    return Emitted(event, tuple(begun), tuple(left))


def order(actor: Actor, job: MaintenanceJob, origin: Origin, moment: datetime) -> JobRun:
    """A run by hand, not yet kept: it waits neither for the clock nor for what the job depends on. Raises JobRefused."""
    config = job_definitions.configurations([job]).get(job.pk)
    definition = job_definitions.read(job, config, Target.objects.get(is_home=True))
    run = run_of(job, config, definition, origin, f"{origin}:{job.pk}:{uuid.uuid4()}", moment, moment)
    run.asked_by, run.is_released = actor.name, origin == Origin.COMMAND
    return run


def ask_run(actor: Actor, job: MaintenanceJob, moment: datetime) -> JobRun:
    """A run by hand: planned now, and started by whoever has seen the plan. Raises JobRefused."""
    return begin(actor, order(actor, job, Origin.PAGE, moment))


def open_plans(moment: datetime) -> int:
    """Have runs planned whose dependencies are over; the others keep the reason, or are left out. How many were asked."""
    rows = JobRun.objects.select_related("target", "job", "config").filter(
        status=RunStatus.PLANNED, plans_late=True, due_at__lte=moment
    )
    waiting = list(rows)
    facts = job_facts(waiting, moment)
    for run in waiting:
        reasons = job_reasons(facts.get(run.pk))
        if never := next((reason for reason in reasons if reason.code == LEFT_OUT), None):
            endings.leave_out(run, never.sentence, moment)
        elif reasons:
            runs.keep_reasons(run, reasons, moment)
        else:
            runs.let_plan(run, moment)
    return len(waiting)


def miss_late(moment: datetime) -> int:
    """Runs of jobs that could not start within their bound are missed, with the reasons that they carry. How many."""
    late = JobRun.objects.select_related("target").filter(
        start_before__lt=moment, status__in=(RunStatus.PLANNED, RunStatus.WAITING, RunStatus.READY)
    )
    return sum(endings.miss(run, moment) for run in late.defer("plan"))
