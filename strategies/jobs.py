"""Jobs by the clock: planning what is due, what was missed, and jobs that are run by hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from strategies import batches, due_runs, endings, job_clock, job_definitions, runs, settling
from strategies.audit import Actor
from strategies.batches import Behind, Budget
from strategies.due_runs import begin, run_of
from strategies.gate import job_reasons
from strategies.gate_values import LEFT_OUT
from strategies.job_definitions import Definition, JobRefused
from strategies.job_facts import job_facts
from strategies.models import Environment, JobRun, MaintenanceJob, Origin, RunStatus, StrategyConfig, Target

_behind = Behind()
_IS_UNPREPARED = Q(prepared_for=None) | ~Q(prepared_for=F("next_run"))
_TO_ASK_SECONDS = 5


def plan_due(moment: datetime, budget: Budget | None = None) -> int:
    """Plan the runs that come up within the lead time, and move on the jobs that are due. How many jobs were dealt with.

    What came due last comes first, so that jobs with a long past to make up for keep none waiting whose turn is now.
    Two at once are as safe as one: each due instant has one `due_key`, and `next_run` moves on by a conditional update.
    """
    wanted = _wanted(moment)
    due = wanted.filter(next_run__lte=moment).order_by("-next_run", "pk")
    unprepared = wanted.filter(next_run__gt=moment).order_by("next_run", "pk")
    return _plan_each(wanted, _behind.keys(due, unprepared, most=settling.AT_ONCE), moment, budget)


def plan_to_ask(moment: datetime, budget: Budget | None = None) -> int:
    """Within the first seconds of each minute: plan long ahead what people are likely to be asked for, so that they have the time.

    That is work on production, and of jobs whose run before this one needed approval.
    """
    if moment.second >= _TO_ASK_SECONDS:
        return 0
    wanted = _unprepared(moment + timedelta(seconds=settings.PORTAL_APPROVAL_AHEAD_SECONDS)).filter(next_run__gt=moment)
    before = JobRun.objects.filter(job=OuterRef("pk"), due_at=OuterRef("last_due"), needs_approval=True)
    wanted = wanted.filter(Q(target__environment=Environment.PRODUCTION) | Exists(before))
    pks = list(wanted.order_by("next_run", "pk").values_list("pk", flat=True)[: settling.AT_ONCE])
    return _plan_each(wanted, pks, moment, budget)


def _plan_each(wanted: QuerySet[MaintenanceJob], pks: Sequence[int], moment: datetime, budget: Budget | None) -> int:
    if not pks:
        return 0
    home = Target.objects.get(is_home=True)
    return batches.in_batches(
        pks,
        lambda some: _plan(wanted, some, home, moment, budget),
        lambda pk, _: settling.give_up(pk, moment, is_settled=True),
        budget,
        _behind,
    )


def _wanted(moment: datetime) -> QuerySet[MaintenanceJob]:
    """Jobs that are due, and those that come up within the lead time and are not prepared yet."""
    lead = moment + timedelta(seconds=settings.PORTAL_PLAN_AHEAD_SECONDS)
    return MaintenanceJob.objects.scheduled().filter(Q(next_run__lte=moment) | _IS_UNPREPARED, next_run__lte=lead)


def _unprepared(until: datetime) -> QuerySet[MaintenanceJob]:
    return MaintenanceJob.objects.scheduled().filter(_IS_UNPREPARED, next_run__lte=until)


def _plan(
    wanted: QuerySet[MaintenanceJob], pks: Sequence[int], home: Target, moment: datetime, budget: Budget | None
) -> int:
    """Asks again for what is wanted: a row that was dealt with since its key was read is none of them any more."""
    by_key = wanted.select_related("target").in_bulk(pks)
    rows = [by_key[pk] for pk in pks if pk in by_key]
    configs = job_definitions.configurations(rows)
    count = 0
    for job in rows:
        if count and batches.is_spent(budget):
            break
        config = configs.get(job.pk)
        try:
            definition = job_definitions.read(job, config, home)
        except JobRefused as refusal:
            settling.set_aside(job.pk, f"{refusal.field}: {refusal}", moment)
        else:
            is_ahead = job.next_run is not None and job.next_run > moment
            (_prepare if is_ahead else _move_on)(job, config, definition, moment)
        count += 1
    return count


def _prepare(job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, moment: datetime) -> None:
    """Plan ahead, so that the run can start at its very moment; until then the gate holds it."""
    due = job.next_run
    with transaction.atomic():
        rows = MaintenanceJob.objects.scheduled().filter(pk=job.pk, next_run=due)
        if due is not None and rows.exclude(prepared_for=due).update(prepared_for=due):
            due_runs.begin_due(job, config, definition, due, moment)


def _move_on(job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, moment: datetime) -> None:
    """The latest due instant is run if its bound allows it; those before it, which nobody was there to start, are missed."""
    due, next_run = job.next_run, definition.recurrence.next_due(moment)
    instants = job_clock.instants(definition.recurrence, due, moment)
    if due is None or not instants:
        return
    with transaction.atomic():
        if len(instants) > 1 or not due_runs.is_in_time(job, due, moment):
            due_runs.hold([job.pk])  # one that was planned ahead may have to be ended
        rows = MaintenanceJob.objects.scheduled().filter(pk=job.pk, next_run=due)
        clock = job.clock if next_run is not None else None
        if rows.update(next_run=next_run, clock=clock, last_due=instants[-1]):
            due_runs.deal_with(job, config, definition, instants, moment)


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


def open_plans(moment: datetime, budget: Budget | None = None) -> int:
    """Have runs planned whose dependencies are over; the others keep the reason, or are left out. How many were asked."""
    rows = JobRun.objects.filter(status=RunStatus.PLANNED, plans_late=True, due_at__lte=moment)
    return _each_batch(rows, lambda waiting: _open_plans(waiting, moment), budget)


def _open_plans(rows: QuerySet[JobRun], moment: datetime) -> int:
    waiting = list(rows.select_related("target", "job", "config"))
    facts = job_facts(waiting, moment)
    for run in waiting:
        reasons = job_reasons(facts.get(run.pk))
        if never := next((reason for reason in reasons if reason.code == LEFT_OUT), None):
            endings.leave_out(run, never, moment)
        elif reasons:
            runs.keep_reasons(run, reasons, moment)
        else:
            runs.let_plan(run, moment)
    return len(waiting)


def miss_late(moment: datetime, budget: Budget | None = None) -> int:
    """Runs of jobs that could not start within their bound are missed, with the reasons that they carry. How many."""
    late = JobRun.objects.filter(endings.NOT_BEGUN, start_before__lt=moment)
    return _each_batch(late, lambda some: _miss(some, moment), budget)


def _miss(rows: QuerySet[JobRun], moment: datetime) -> int:
    return sum(endings.miss(run, moment) for run in rows.select_related("target").defer("plan"))


def _each_batch(rows: QuerySet[JobRun], work: Callable[[QuerySet[JobRun]], int], budget: Budget | None) -> int:
    """Have `work` deal with these runs, a batch at a time; one on which it fails keeps none of the others waiting."""
    pks = list(rows.order_by("due_at", "pk").values_list("pk", flat=True))
    return batches.in_batches(pks, lambda some: work(rows.filter(pk__in=some)), lambda *_: None, budget)
