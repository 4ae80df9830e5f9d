"""Jobs by the clock: settling rows that are new or changed, planning what is due, events, and what was missed."""

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

from strategies import audit, job_definitions, runs, tallies
from strategies.audit import PORTAL, Actor
from strategies.dependencies import cycle, parse_jobs, parse_names
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

AT_ONCE = 500  # jobs dealt with in one tick; the rest has its turn in the next
LONGEST_LOOK_BACK = timedelta(days=30)  # older instants that were missed are not counted one by one
MOST_MISSED = 1000  # records of missed instants that one job leaves after a long outage; the audit tells how many more


def settle(moment: datetime) -> int:
    """Read rows that are new or were changed: compute when they are due, or set them aside with the reason. How many."""
    rows = list(MaintenanceJob.objects.unsettled().order_by("pk")[:AT_ONCE])
    if not rows:
        return 0
    home = Target.objects.get(is_home=True)
    for job in rows:
        try:
            _settle(job.pk, home, moment)
        except Exception:
            log.exception("job %s could not be settled", job.pk)
            quarantine(job, "The portal itself failed on this row; its log says where.", moment)
    reconsider(Q(depends_on_jobs__isnull=False) & ~Q(pk__in=[job.pk for job in rows]))
    return len(rows)


def _settle(pk: int, home: Target, moment: datetime) -> None:
    with transaction.atomic():
        job = MaintenanceJob.objects.select_for_update(of=("self",)).select_related("target").get(pk=pk)
        _withdraw_planned(job, moment)
        config = job_definitions.configurations([job]).get(job.pk)
        try:
            definition = job_definitions.read(job, config, home)
            refuse_cycles(job, config)
        except JobRefused as refusal:
            quarantine(job, f"{refusal.field}: {refusal}", moment)
            return
        next_run = job.next_run if job.is_active else None
        if job.is_active and next_run is None and not definition.is_manual:
            next_run = definition.recurrence.next_due(moment)
        MaintenanceJob.objects.filter(pk=job.pk).update(
            is_settled=True, next_run=next_run, prepared_for=None, quarantined_at=None, quarantine_reason=None
        )
        if job.quarantined_at is not None:
            audit.record(PORTAL, "job.readmitted", job, before={"reason": job.quarantine_reason}, target=job.target)


def _withdraw_planned(job: MaintenanceJob, moment: datetime) -> None:
    """What was planned ahead was planned for what the job was before; of one that was switched off nothing begins any more."""
    waiting = job.runs.filter(origin__in=BY_ITSELF, started_at=None, finished_at=None)
    if job.is_active:
        waiting = waiting.filter(due_at__gt=moment)
    for run in waiting.select_related("target"):
        runs.withdraw(run, "the job was changed." if job.is_active else "the job was switched off.", moment)


def quarantine(job: MaintenanceJob, reason: str, moment: datetime) -> None:
    """Set a job aside: nothing of it starts by itself until its row is changed, or the portal starts anew."""
    with transaction.atomic():
        MaintenanceJob.objects.filter(pk=job.pk).update(
            is_settled=True, next_run=None, prepared_for=None, quarantine_reason=reason[:1000],
            quarantined_at=job.quarantined_at or moment,
        )  # fmt: skip
        if job.quarantine_reason != reason[:1000]:
            audit.record(PORTAL, "job.quarantined", job, reason=reason[:500], target=job.target)


def reconsider(which: Q | None = None) -> int:
    """Have jobs that were set aside looked at again by the next tick: what they lacked may be there now."""
    rows = MaintenanceJob.objects.filter(which or Q(), is_settled=True, quarantined_at__isnull=False)
    return rows.update(is_settled=False)


def refuse_cycles(job: MaintenanceJob, config: StrategyConfig | None) -> None:
    """Raises JobRefused where the job depends on itself, by whatever way, or on a job that there is not."""
    known: dict[int | str, Sequence[int | str]] = {}

    def nexts(node: int | str) -> Sequence[int | str]:
        if node == job.pk:
            return [entry.job for entry in parse_jobs(job.depends_on_jobs)]
        if node not in known:
            text = MaintenanceJob.objects.filter(pk=node).values_list("depends_on_jobs", flat=True).first()
            try:
                known[node] = [entry.job for entry in parse_jobs(text)]
            except ValueError:
                known[node] = []
        return known[node]

    wanted = [entry.job for entry in parse_jobs(job.depends_on_jobs)]
    there = set(MaintenanceJob.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if missing := [number for number in wanted if number not in there]:
        raise JobRefused("depends_on_jobs", f"There is no job {missing[0]}.")
    if way := cycle(job.pk, nexts):
        raise JobRefused("depends_on_jobs", f"The jobs wait for each other: {' → '.join(map(str, way))}.")
    if config is not None:
        _refuse_cycle_of_strategies(config)


def _refuse_cycle_of_strategies(config: StrategyConfig) -> None:
    """On one database a strategy must not wait for itself."""
    if not parse_names(config.depends_on_strategies):
        return
    edges: dict[int | str, list[int | str]] = {}
    for other in StrategyConfig.objects.filter(is_active=True, target=config.target_id):
        edges.setdefault(other.strategy_id, []).extend(parse_names(other.depends_on_strategies))
    if way := cycle(config.strategy_id, lambda node: edges.get(node, [])):
        raise JobRefused("depends_on_strategies", f"The strategies wait for each other: {' → '.join(map(str, way))}.")


def plan_due(moment: datetime) -> int:
    """Plan the runs that come up within the lead time, and move on the jobs that are due. How many jobs were dealt with.

    Two at once are as safe as one: each due instant has one `due_key`, and `next_run` moves on by a conditional update.
    """
    lead = moment + timedelta(seconds=settings.PORTAL_PLAN_AHEAD_SECONDS)
    scheduled = MaintenanceJob.objects.scheduled().select_related("target").order_by("next_run")
    due = list(scheduled.filter(next_run__lte=moment)[:AT_ONCE])
    coming = scheduled.filter(next_run__gt=moment, next_run__lte=lead)
    unprepared = list(coming.filter(Q(prepared_for=None) | ~Q(prepared_for=F("next_run")))[:AT_ONCE])
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
            quarantine(job, f"{refusal.field}: {refusal}", moment)
        except Exception:
            log.exception("job %s could not be planned", job.pk)
            quarantine(job, "The portal itself failed on this row; its log says where.", moment)
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
            run.status, run.finished_at = RunStatus.MISSED, moment
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
    settle(moment)
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
            runs.leave_out(run, never.sentence, moment)
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
    return sum(runs.miss(run, moment) for run in late.defer("plan"))
