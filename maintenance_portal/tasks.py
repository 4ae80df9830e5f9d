"""The story: what happens, in the order in which it happens. The only module that knows both apps; each task is short.

A task gets a primary key, looks whether there is still something to do, and hands over. Delivered twice, it acts once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from monitoring import (
    announcements,
    archives,
    deliveries,
    dispatch,
    log_health,
    partition_care,
    retention,
    rollups,
    subscriptions,
)
from strategies import (
    approval_clock,
    collecting,
    endings,
    events,
    findings,
    jobs,
    needs,
    plan_turns,
    queue,
    registry,
    run_ends,
    runs,
    sealing,
    settling,
    targets,
)
from strategies.audit import PORTAL
from strategies.batches import Budget
from strategies.execution import lost, runner
from strategies.gate_values import LEFT_OUT, UNREACHABLE
from strategies.models import ACTIVE, Assessment, FrameworkImport, JobRun, Portal, Pulse, RunStatus, Target
from strategies.partition_framework import imports
from strategies.plans import ErrorClass, TargetError
from strategies.workers import WorkerIdentity

log = logging.getLogger(__name__)

# A beat that says nothing for long is replaced: what is left of these when their time is over has its turn in the next tick.
SETTLE_SECONDS, PLAN_SECONDS, WAITING_SECONDS, APPROVAL_SECONDS = 3.0, 5.0, 5.0, 1.0
TELL_SECONDS, FOLLOW_SECONDS = 2.0, 0.5
PULSE_EVERY = timedelta(seconds=5)
PULSE_IS_LOST_AFTER = timedelta(minutes=10)  # a question without an answer may wait behind hours of work
PLANS_IN_A_ROW = timedelta(seconds=10)  # so long a worker goes on planning for one database, before others have it
CUT_OFF_PLANS = 3  # attempts, after which a plan that costs its worker the life each time is not made
LOOK_AGAIN_WITHIN = timedelta(minutes=10)  # longer ago, and the portal was off: an old run is no reason to look today


# What the beat does each second, on the portal's own database only.


def begin() -> None:
    """Before the first beat: jobs that were set aside are read anew, since this version may know what they lacked; *home* is met."""
    _alone(settling.reconsider)
    _alone(_meet_home)


def _meet_home() -> None:
    """Nobody registers the portal's own database, so nobody has it checked."""
    for home in Target.objects.filter(is_home=True, is_active=True, checked_at=None, check_asked_at=None):
        targets.ask_check(home, PORTAL, timezone.now())


def tick(moment: datetime) -> None:
    """One beat. Two beats are as safe as one: every effect is a conditional update or a wake-up that may come twice.

    Each part stands alone: a row that one of them cannot deal with keeps none of the others from their work.
    """
    Portal.objects.filter(pk=1).update(beat_at=moment)
    _alone(queue.look)
    _alone(settling.settle, moment, Budget(SETTLE_SECONDS))
    _alone(jobs.plan_due, moment, Budget(PLAN_SECONDS))
    _alone(jobs.plan_to_ask, moment, Budget(PLAN_SECONDS))
    _alone(events.go_on, moment, Budget(WAITING_SECONDS))
    _alone(jobs.open_plans, moment, Budget(WAITING_SECONDS))
    _alone(plan_turns.open_turns, moment)
    _alone(runs.reopen_planned)
    _alone(approval_clock.ask_undecided, moment, Budget(WAITING_SECONDS))
    _alone(approval_clock.expire, moment, Budget(APPROVAL_SECONDS))
    _alone(approval_clock.remind, moment, Budget(APPROVAL_SECONDS))
    _alone(approval_clock.escalate, moment, Budget(APPROVAL_SECONDS))
    _alone(resume_paused)
    _alone(open_gate, moment)
    _alone(run_ends.bring_forward, moment)
    _alone(jobs.miss_late, moment, Budget(WAITING_SECONDS))
    _alone(wake_again, moment)
    _alone(give_up_cut_off, moment)
    _alone(find_silent, moment)
    _alone(forget_unreleased, moment)
    _alone(look_again, moment)
    _alone(ask_collect, moment)
    _alone(ask_roll_up, moment)
    _alone(ask_care_for_log, moment)
    _alone(ask_pulses, moment)
    _alone(prune_queue, moment)
    _alone(announcements.follow, moment, Budget(FOLLOW_SECONDS))
    _alone(sealing.seal, moment, Budget(TELL_SECONDS))
    _alone(dispatch.dispatch, moment, Budget(TELL_SECONDS))
    _alone(deliveries.ask, moment)


def _alone(part: Callable[..., object], *arguments: object) -> None:
    try:
        part(*arguments)
    except Exception:
        log.exception("%s failed; the other parts of the tick go on", part.__name__)
        close_old_connections()  # only one that broke


def prune_queue(moment: datetime) -> None:
    """In the first minute of each hour, a batch a second: traces of failed tasks in the queue's own table, old messages,
    maintenance that was announced long ago, and archives that nobody imported."""
    if moment.minute == 0:
        queue.prune(moment)
        deliveries.prune(moment)
        announcements.prune(moment)
        subscriptions.prune(moment)
        collecting.prune()
        imports.prune(moment)


def resume_paused() -> None:
    """Runs that were paused by a shutdown wait at the gate again."""
    for run in JobRun.objects.filter(status=RunStatus.PAUSED):
        runs.carry_on(run)


def open_gate(moment: datetime) -> None:
    """Ask the gate for every waiting run, the urgent first; have targets looked at whose facts stand in the way."""
    waiting = list(
        JobRun.objects.select_related("target", "job", "config")
        .defer("plan")
        .filter(status=RunStatus.WAITING, is_released=True)
        .order_by("-priority_level", "due_at", "id")
    )
    if not waiting:
        return
    verdicts = runs.ask_gate(waiting, moment)
    for run in waiting:
        for reason in verdicts[run.pk].reasons:
            if reason.code == LEFT_OUT:
                endings.leave_out(run, reason, moment)
                break
    to_check = {
        run.target_id: run.target
        for run in waiting
        if {reason.code for reason in verdicts[run.pk].reasons}
        & {"facts_old", UNREACHABLE, "missing_right", "read_only"}
    }
    being_planned = plan_turns.at_hand(to_check, moment)
    for pk, target in to_check.items():
        if pk not in being_planned:  # one that hangs is to hold no more than one worker
            plan_turns.recheck(target, moment)


def wake_again(moment: datetime) -> None:
    """Send another wake-up for whatever is not taken up, after some seconds and then ever less often: wake-ups may vanish.

    Runs that are to be planned stand in a line of their own, see `plan_turns`.
    """
    ready = JobRun.objects.filter(status=RunStatus.READY)
    unseen = Assessment.objects.filter(started_at=None, finished_at=None)
    unchecked = Target.objects.being_checked().filter(
        Q(check_started_at__isnull=True) | Q(check_started_at__lt=F("check_asked_at"))
    )
    unread = FrameworkImport.objects.open().filter(busy_until=None)
    waiting: tuple[tuple[str, QuerySet[Any], str, str], ...] = (
        ("run_job", ready, "ready_at", "woken_at"),
        ("assess", unseen, "asked_at", "woken_at"),
        ("import_framework", unread, "asked_at", "woken_at"),
        ("check_target", unchecked, "check_asked_at", "check_woken_at"),
    )
    for task, rows, since, woken in waiting:
        for pk, since_at, woken_at in rows.values_list("pk", since, woken):
            is_due = queue.is_overdue(since_at, woken_at, moment)
            if is_due and rows.filter(pk=pk, **{woken: woken_at}).update(**{woken: moment}):
                queue.enqueue(task, pk)


def give_up_cut_off(moment: datetime) -> None:
    """Looks at targets whose worker died in the middle: they changed nothing, and say that they were cut off."""
    longest = 2.5 * settings.Q_CLUSTER["timeout"]  # well after the cluster has ended the task
    before, why = moment - timedelta(seconds=longest), "Cut off: its worker was lost. Ask again."
    for target in Target.objects.being_checked().filter(
        check_started_at__lt=before, check_started_at__gte=F("check_asked_at")
    ):
        targets.keep_check_error(target, why, moment)
    for assessment in Assessment.objects.filter(started_at__lt=before, finished_at=None):
        needs.keep_error(assessment, why, moment)
    imports.give_up_cut_off(moment)
    cut_off = TargetError(ErrorClass.LOST, "worker_lost", "Cut off: its worker was lost.")
    unplanned = JobRun.objects.filter(status=RunStatus.PLANNED, planned_at=None, planning_at__lt=before)
    for run in unplanned.select_related("target"):
        if run.plan_cut_offs < CUT_OFF_PLANS:
            plan_turns.put_off(run, cut_off, moment, is_cut_off=True)
        else:
            endings.refuse_plan(run, cut_off, moment)


def find_silent(moment: datetime) -> None:
    """Runs whose worker let the lease pass are looked after, by asking the target.

    Whoever looks moves the lease on first: one that stays passed although a wake-up was sent since has not been taken up.
    """
    silent = JobRun.objects.filter(status__in=ACTIVE, lease_until__lt=moment)
    for pk, lease_until, woken_at in silent.values_list("pk", "lease_until", "woken_at"):
        is_first = woken_at is None or lease_until is None or woken_at <= lease_until
        is_due = is_first or queue.is_overdue(lease_until, woken_at, moment)
        if is_due and silent.filter(pk=pk, woken_at=woken_at).update(woken_at=moment):
            queue.enqueue("look_after_run", pk)


def forget_unreleased(moment: datetime) -> None:
    """A plan that nobody released within a day is cancelled: what it saw is old. So is a run that could not be planned so long."""
    planned, day_ago = JobRun.objects.filter(status=RunStatus.PLANNED), moment - runs.UNRELEASED_FOR
    for run in planned.filter(planned_at__lt=day_ago):
        endings.expire(run, moment)
    unplanned = planned.filter(planned_at=None, planning_at=None, created_at__lt=day_ago)
    for run in unplanned.filter(start_before=None):  # one with a bound is missed
        endings.give_up_planning(run, moment)


def look_again(moment: datetime) -> None:
    """After a run that did not end with a look at everything, have its target looked at: no page shows needs that were met."""
    later = Assessment.objects.filter(
        target=OuterRef("target"), strategy_name=OuterRef("strategy_name"), asked_at__gte=OuterRef("finished_at")
    )
    ended = JobRun.objects.filter(finished_at__gt=moment - LOOK_AGAIN_WITHIN, started_at__isnull=False)
    for run in ended.exclude(Exists(later)).select_related("target").defer("plan"):
        known = registry.routines().get(run.strategy_name)
        if known is not None and known.is_of_one_table:  # which cannot look at everything
            continue
        if run.target.is_active and run.target.stopped_at is None:
            needs.ask_assessments(PORTAL, run.target, [run.strategy_name], moment)


def ask_collect(moment: datetime) -> None:
    """Have the logs read that databases keep themselves, each as often as the settings say."""
    for pk in collecting.due(moment):
        queue.enqueue("collect", pk)


def ask_roll_up(moment: datetime) -> None:
    """About once a minute: days of the log with news are counted anew. A wake-up that vanishes is followed by the next."""
    if rollups.wants_worker(moment):
        queue.enqueue("roll_up", 1)


def ask_care_for_log(moment: datetime) -> None:
    """About once a minute: whether the log is to be measured, or (by night) rid of what is past its time."""
    if log_health.wants_care(moment):
        queue.enqueue("care_for_log", 1)


def ask_pulses(moment: datetime) -> None:
    """Ask each cluster of workers that says nothing, through its own queue, whether it takes wake-ups.

    While the question waits its turn behind other work it is not asked again: that would make the queue longer.
    """
    if queue.is_away():
        return
    for cluster in (queue.DEFAULT, queue.MAINTENANCE):
        pulse, _ = Pulse.objects.get_or_create(cluster=cluster)
        last, every = (pulse.asked_at, PULSE_IS_LOST_AFTER) if pulse.asked_at else (pulse.answered_at, PULSE_EVERY)
        if last is not None and last > moment - every:
            continue
        if Pulse.objects.filter(cluster=cluster, asked_at=pulse.asked_at).update(asked_at=moment):
            queue.ask_pulse(cluster)


# What workers do.


def check_target(pk: int) -> None:
    """Connect to a target and keep what it says of itself."""
    now = timezone.now()
    if Target.objects.take_check(pk, now):
        targets.check(Target.objects.get(pk=pk), now)


def assess(pk: int) -> None:
    """Look at a target with one strategy and keep the findings."""
    assessment = Assessment.objects.select_related("target").filter(pk=pk).first()
    if assessment is not None:
        needs.assess(assessment, limit_seconds=settings.PORTAL_LOOK_SECONDS)


def import_framework(pk: int) -> None:
    """Work on an import for a part of a task's time; what is left then has its turn behind other work."""
    row = imports.take(pk, timezone.now())
    if row is not None and not imports.carry_out(row, timezone.now, limit_seconds=settings.PORTAL_LOOK_SECONDS):
        queue.enqueue("import_framework", pk)


def plan_run(pk: int) -> None:
    """Look at the target and freeze the steps; then, for some seconds, those of the runs that stand in line for the same target."""
    run = JobRun.objects.select_related("target").filter(pk=pk).first()
    until = timezone.now() + PLANS_IN_A_ROW
    while run is not None:
        is_planned = runs.plan(run, timezone.now(), limit_seconds=settings.PORTAL_LOOK_SECONDS, now=timezone.now)
        if not is_planned:
            return  # the tick gives the next turn, once it is known what the target is up to
        run = plan_turns.next_in_line(run.target_id, timezone.now())
        if run is not None and timezone.now() > until:
            plan_turns.hand_on(run, timezone.now())
            return


def run_job(pk: int) -> None:
    """Claim a ready run and carry it out. A wake-up that comes twice, or too late, ends at the claim."""
    run = runs.claim(pk, WorkerIdentity.current().text, timezone.now())
    if run is not None:
        carry_out(run)


def carry_out(run: JobRun) -> None:
    """Carry out a run that this process has claimed; what it found and what it saw at its end are the findings of its target now."""
    seen = None
    try:
        seen = runner.carry_out(run)
    finally:  # whatever became of the run, what its checks have told is known
        settled = findings.keep_checked(run, timezone.now())
    if seen is not None:
        needs.keep_look(run, seen, settled, timezone.now())


def look_after_run(pk: int) -> None:
    """Find out what became of a run whose worker fell silent."""
    run = JobRun.objects.select_related("target").filter(pk=pk).first()
    if run is not None:
        lost.look_after(run, timezone.now())
        if not run.is_open:
            findings.keep_checked(run, timezone.now())


def deliver(pk: int) -> None:
    """Deliver what waits on a channel for some seconds; what is left then has its turn behind other work."""
    if deliveries.deliver(pk, timezone.now):
        queue.enqueue("deliver", pk)


def collect(pk: int) -> None:
    """Read what strategies in a database have logged there since the last time."""
    target = Target.objects.filter(pk=pk, log_collection__isnull=False).first()
    if target is not None:
        collecting.collect(target, timezone.now())


def roll_up(_: int) -> None:
    """Count the days of the log with news anew, so that no page has to read it."""
    rollups.roll_up(timezone.now())


def care_for_log(_: int) -> None:
    """Make partitions ahead, delete what is past its time, measure what is left, and finish archives whose process was killed."""
    moment = timezone.now()
    partition_care.keep_ahead(moment)
    retention.prune(moment)
    log_health.monitor_log_table_size(moment)
    with suppress(retention.Busy):
        archives.finish_left_over(moment)
