"""The story: what happens, in the order in which it happens. The only module that knows both apps; each task is short.

A task gets a primary key, looks whether there is still something to do, and hands over. Delivered twice, it acts once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from strategies import needs, queue, runs, targets
from strategies.audit import PORTAL
from strategies.execution import lost, runner
from strategies.models import ACTIVE, Assessment, JobRun, Portal, Pulse, RunStatus, Target
from strategies.plans import ErrorClass, TargetError
from strategies.workers import WorkerIdentity

PULSE_EVERY = timedelta(seconds=5)
RECHECK_EVERY = timedelta(seconds=60)
LOOK_AGAIN_WITHIN = timedelta(minutes=10)  # longer ago, and the portal was off: an old run is no reason to look today
CUT_OFF_AFTER = timedelta(minutes=10)  # the short cluster ends a task after four


# What the beat does each second, on the portal's own database only.


def tick(moment: datetime) -> None:
    """One beat. Two beats are as safe as one: every effect is a conditional update or a wake-up that may come twice."""
    Portal.objects.filter(pk=1).update(beat_at=moment)
    resume_paused()
    open_gate(moment)
    wake_again(moment)
    give_up_cut_off(moment)
    find_silent(moment)
    forget_unreleased(moment)
    look_again(moment)
    ask_pulses(moment)


def resume_paused() -> None:
    """Runs that were paused by a shutdown wait at the gate again."""
    for run in JobRun.objects.filter(status=RunStatus.PAUSED):
        runs.carry_on(run)


def open_gate(moment: datetime) -> None:
    """Ask the gate for every waiting run, the urgent first; have targets looked at whose facts stand in the way."""
    waiting = list(
        JobRun.objects.select_related("target")
        .defer("plan")
        .filter(status=RunStatus.WAITING, is_released=True)
        .order_by("-priority_level", "due_at", "id")
    )
    if not waiting:
        return
    verdicts = runs.ask_gate(waiting, moment)
    to_check = {
        run.target_id: run.target
        for run in waiting
        if {reason.code for reason in verdicts[run.pk].reasons}
        & {"facts_old", "unreachable", "missing_right", "read_only"}
    }
    for target in to_check.values():
        if target.check_asked_at is None or target.check_asked_at < moment - RECHECK_EVERY:
            targets.ask_check(target, PORTAL, moment)


def wake_again(moment: datetime) -> None:
    """Send another wake-up for whatever has not been taken up for some seconds: wake-ups may vanish."""
    overdue = Q(woken_at__isnull=True) | Q(woken_at__lt=moment - timedelta(seconds=settings.PORTAL_WAKE_SECONDS))
    ready = JobRun.objects.filter(overdue, status=RunStatus.READY)
    unplanned = JobRun.objects.filter(overdue, status=RunStatus.PLANNED, planning_at=None, planned_at=None)
    unseen = Assessment.objects.filter(overdue, started_at=None, finished_at=None)
    for task, rows in (("run_job", ready), ("plan_run", unplanned), ("assess", unseen)):
        for pk in rows.values_list("pk", flat=True):
            if rows.filter(pk=pk).update(woken_at=moment):
                queue.enqueue(task, pk)
    late = Q(check_woken_at__lt=moment - timedelta(seconds=settings.PORTAL_WAKE_SECONDS))
    open_ = Q(check_started_at__isnull=True) | Q(check_started_at__lt=F("check_asked_at"))
    unchecked = Target.objects.being_checked().filter(late, open_)
    for pk in unchecked.values_list("pk", flat=True):
        if unchecked.filter(pk=pk).update(check_woken_at=moment):
            queue.enqueue("check_target", pk)


def give_up_cut_off(moment: datetime) -> None:
    """Looks at targets whose worker died in the middle: they changed nothing, and say that they were cut off."""
    before, why = moment - CUT_OFF_AFTER, "Cut off: its worker was lost. Ask again."
    for target in Target.objects.being_checked().filter(
        check_started_at__lt=before, check_started_at__gte=F("check_asked_at")
    ):
        targets.keep_check_error(target, why, moment)
    for assessment in Assessment.objects.filter(started_at__lt=before, finished_at=None):
        needs.keep_error(assessment, why, moment)
    for run in JobRun.objects.filter(status=RunStatus.PLANNED, planned_at=None, planning_at__lt=before):
        runs.refuse_plan(run, TargetError(ErrorClass.LOST, "worker_lost", why), moment)


def find_silent(moment: datetime) -> None:
    """Runs whose worker let the lease pass are looked after, by asking the target."""
    for pk in JobRun.objects.filter(status__in=ACTIVE, lease_until__lt=moment).values_list("pk", flat=True):
        queue.enqueue("look_after_run", pk)


def forget_unreleased(moment: datetime) -> None:
    """A plan that nobody released within a day is cancelled: what it saw is old."""
    for run in JobRun.objects.filter(
        status=RunStatus.PLANNED, planned_at__isnull=False, created_at__lt=moment - runs.UNRELEASED_FOR
    ):
        runs.expire(run, moment)


def look_again(moment: datetime) -> None:
    """After a run the findings of its strategy are seen anew, so that no page shows needs that were met, or hides new ones."""
    later = Assessment.objects.filter(
        target=OuterRef("target"), strategy_name=OuterRef("strategy_name"), asked_at__gte=OuterRef("finished_at")
    )
    ended = JobRun.objects.filter(finished_at__gt=moment - LOOK_AGAIN_WITHIN, started_at__isnull=False)
    for run in ended.exclude(Exists(later)).select_related("target").defer("plan"):
        if run.target.is_active and run.target.stopped_at is None:
            needs.ask_assessments(PORTAL, run.target, [run.strategy_name], moment)


def ask_pulses(moment: datetime) -> None:
    """Ask each cluster of workers, through its own queue, whether it takes wake-ups."""
    for cluster in (queue.DEFAULT, queue.MAINTENANCE):
        pulse, _ = Pulse.objects.get_or_create(cluster=cluster)
        if pulse.asked_at is not None and pulse.asked_at > moment - PULSE_EVERY:
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
        needs.assess(assessment)


def plan_run(pk: int) -> None:
    """Look at the target and freeze the steps."""
    run = JobRun.objects.select_related("target").filter(pk=pk).first()
    if run is not None:
        runs.plan(run, timezone.now())


def run_job(pk: int) -> None:
    """Claim a ready run and carry it out. A wake-up that comes twice, or too late, ends at the claim."""
    run = runs.claim(pk, WorkerIdentity.current().text, timezone.now())
    if run is not None:
        runner.carry_out(run)


def look_after_run(pk: int) -> None:
    """Find out what became of a run whose worker fell silent."""
    run = JobRun.objects.select_related("target").filter(pk=pk).first()
    if run is not None:
        lost.look_after(run, timezone.now())


def answer_pulse(cluster: str) -> None:
    """A worker says that its cluster takes wake-ups."""
    Pulse.objects.filter(cluster=cluster).update(answered_at=timezone.now(), answered_by=WorkerIdentity.current().text)
