"""Runs, looks and checks that a command does in its own process, beside a portal that may be at work: no wake-up is sent for them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from maintenance_portal import tasks as story
from maintenance_portal.foreground import Attendant
from strategies import approvals, endings, gate, jobs, needs, planner, runs, targets
from strategies.assessments import Assessment as Seen
from strategies.audit import PORTAL, Actor
from strategies.gate_facts import Gatehouse
from strategies.models import ACTIVE, Assessment, JobRun, MaintenanceJob, Origin, RunStatus, Stop, Target
from strategies.plans import ErrorClass, Limits, Plan, TargetError
from strategies.platforms.base import NotSupported, PlatformError
from strategies.workers import WorkerIdentity


def _leave() -> bool:
    """A look at a target changes nothing there: whoever wants to leave may leave."""
    return False


def check(attendant: Attendant, actor: Actor, target: Target) -> None:
    """Look at the target now. A person who asks clears the stop after a refused sign-in. Raises StopAsked."""
    with transaction.atomic():  # taken up as it is asked for: no worker tries the same password beside us
        moment = timezone.now()
        targets.ask_check(target, actor, moment, wake=False)
        Target.objects.take_check(target.pk, moment)
    attendant.wait(
        lambda: targets.check(Target.objects.get(pk=target.pk), moment),
        progress=lambda: f"Checking {target.name}",
        stop=_leave,
    )
    target.refresh_from_db()


def check_if_old(attendant: Attendant, target: Target) -> None:
    """Look again where the gate would decide on facts that are old, or that speak against a start. Raises StopAsked.

    A right that keeps no run from starting does not: its lack may be meant.
    """
    if target.stopped_at is not None:
        return  # after a refused sign-in nothing tries again by itself
    oldest = timezone.now() - timedelta(seconds=settings.PORTAL_FACTS_MAX_AGE_SECONDS)
    is_writable = bool((target.facts or {}).get("is_writable"))
    is_good = not target.check_error and not target.rights_needed and is_writable
    if target.checked_at is None or target.checked_at < oldest or not is_good:
        check(attendant, PORTAL, target)


def assess(attendant: Attendant, actor: Actor, target: Target, strategy: str) -> tuple[Assessment, Seen | None]:
    """Look at the target with one strategy and keep the findings; None = the assessment says why not. Raises StopAsked."""
    assessment = needs.ask_assessment(actor, target, strategy, timezone.now(), wake=False)

    def stop() -> bool:
        needs.keep_error(assessment, f"Stopped by {actor.name}.", timezone.now())
        return _leave()

    seen = attendant.wait(
        lambda: needs.assess(Assessment.objects.select_related("target").get(pk=assessment.pk)),
        progress=lambda: f"Looking at {target.name}: {strategy}",
        stop=stop,
    )
    assessment.refresh_from_db()
    return assessment, seen


def look(
    attendant: Attendant, target: Target, strategy: str, target_object: str, parameters: Mapping[str, Any]
) -> tuple[Plan, list[dict[str, Any]]]:
    """The plan of a run that is not made, and why it would wait now. Raises PlatformError, ObjectUnknown, StopAsked."""
    check_if_old(attendant, target)
    plan = _look(attendant, target, strategy, target_object, parameters)
    moment = timezone.now()
    unborn = JobRun(
        strategy_name=strategy,
        target=target,
        steps_total=len(plan.steps),
        is_read_only=plan.is_read_only,
        due_at=moment,
    )
    if runs.is_done_with_nothing(unborn):
        return plan, []  # nothing to do is done at once, whatever else the gate says
    facts = Gatehouse(moment, [unborn], counts_ready=True).facts(unborn)
    facts = replace(facts, approval=approvals.foreseen(unborn, plan, moment))
    return plan, gate.verdict(facts, moment).as_json()


def _look(
    attendant: Attendant, target: Target, strategy: str, target_object: str, parameters: Mapping[str, Any],
    limits: Limits | None = None,
) -> Plan:  # fmt: skip
    return attendant.wait(
        lambda: planner.make_plan(target, strategy, target_object, parameters, limits, moment=timezone.now()),
        progress=lambda: f"Looking at {target.name}: {strategy}",
        stop=_leave,
    )


def run(
    attendant: Attendant,
    actor: Actor,
    target: Target,
    strategy: str,
    target_object: str,
    parameters: Mapping[str, Any],
) -> JobRun:
    """Plan a run and carry it out. It is over when this returns, or was cancelled because it may not start now.

    Raises ObjectUnknown, and StopAsked when an end is asked for before there is a run.
    """
    while True:
        planned = _planned(attendant, target, strategy, target_object, parameters)
        with transaction.atomic():
            if _has_moved(target):  # while it was planned: the plan is for another database
                continue
            asked = runs.ask(
                actor, target, strategy, timezone.now(), target_object=target_object, parameters=parameters,
                origin=Origin.COMMAND, is_released=True, wake=False,
            )  # fmt: skip
            claimed = _claim(asked, actor, planned, timezone.now())
        break
    return _end(attendant, actor, asked, claimed)


def run_job(attendant: Attendant, actor: Actor, job: MaintenanceJob) -> JobRun:
    """Plan a run of a job as its row says and carry it out, as `run` does.

    Raises JobRefused, ObjectUnknown, and StopAsked when an end is asked for before there is a run.
    """
    while True:
        order = jobs.order(actor, job, Origin.COMMAND, timezone.now())
        planned = _planned(
            attendant, order.target, order.strategy_name, order.target_object, order.parameters, Limits.of(order.limits)
        )
        with transaction.atomic():
            if _has_moved(order.target):
                continue
            asked = runs.begin(actor, order, wake=None)
            claimed = _claim(asked, actor, planned, timezone.now())
        break
    return _end(attendant, actor, asked, claimed)


def _planned(
    attendant: Attendant, target: Target, strategy: str, target_object: str, parameters: Mapping[str, Any],
    limits: Limits | None = None,
) -> Plan | TargetError:  # fmt: skip
    """The plan, or why there is none. Raises ObjectUnknown, StopAsked."""
    check_if_old(attendant, target)
    try:
        return _look(attendant, target, strategy, target_object, parameters, limits)
    except PlatformError as refusal:
        return refusal.error
    except NotSupported as refusal:
        return TargetError(ErrorClass.PERMANENT, "", str(refusal))


def _has_moved(target: Target) -> bool:
    """Whether the target's address is another by now; from here on an open run keeps it from changing."""
    seen = (target.platform, target.url)
    target.refresh_from_db()
    return (target.platform, target.url) != seen


def _end(attendant: Attendant, actor: Actor, asked: JobRun, claimed: JobRun | None) -> JobRun:
    if claimed is not None:
        _carry_out(attendant, actor, claimed)
    return _over(attendant, actor, asked)


def _claim(asked: JobRun, actor: Actor, planned: Plan | TargetError, moment: datetime) -> JobRun | None:
    """Planned, let in and claimed in the caller's transaction, or over in it.

    Seen between these by others, the run would be open to the workers of a portal beside us, or of tomorrow if we die.
    """
    if isinstance(planned, TargetError):
        endings.refuse_plan(asked, planned, moment)
        return None
    runs.keep_plan(asked, planned, moment)
    if asked.status == RunStatus.WAITING:
        runs.ask_gate([asked], moment, wake=False)
    claimed = runs.claim(asked.pk, WorkerIdentity.current().text, moment) if asked.status == RunStatus.READY else None
    if claimed is None:
        asked.refresh_from_db()
        if asked.is_open:
            endings.ask_stop(asked, actor, Stop.CANCEL, moment)
    return claimed


def _carry_out(attendant: Attendant, actor: Actor, claimed: JobRun) -> None:
    objects = [step.object for step in runs.plan_of(claimed).steps]

    def progress() -> str:
        now = JobRun.objects.defer("plan").get(pk=claimed.pk)
        if not now.step_number:
            return f"Run {now.pk}: {now.get_status_display().lower()}"
        percent = "" if now.step_fraction is None else f", {now.step_fraction:.0%}"
        phase = f" ({now.step_phase})" if now.step_phase else ""
        return f"Run {now.pk}: step {now.step_number} of {len(objects)}, {objects[now.step_number - 1]}{percent}{phase}"

    def stop() -> bool:
        attendant.say(f"Stopping run {claimed.pk}; the database is asked to confirm. A second time leaves at once.")
        endings.ask_stop(JobRun.objects.get(pk=claimed.pk), actor, Stop.CANCEL, timezone.now())
        return True

    try:
        attendant.wait(lambda: story.carry_out(claimed), progress=progress, stop=stop)
    except Exception:
        if JobRun.objects.filter(pk=claimed.pk, status__in=ACTIVE, fencing_token=claimed.fencing_token).exists():
            raise  # nobody has ended the run, so there is no answer to give


def _over(attendant: Attendant, actor: Actor, asked: JobRun) -> JobRun:
    """The run as it ended. While it stands open (put back to the gate, paused) it is cancelled: it does not start later.

    What it left for the next window is a run of its own, which the portal's workers take up.
    """
    while True:
        asked.refresh_from_db()
        if not asked.is_open:
            return asked
        if not asked.is_active or (attendant.is_asked and asked.stop != Stop.CANCEL):
            endings.ask_stop(asked, actor, Stop.CANCEL, timezone.now())
            continue
        attendant.show(f"Run {asked.pk}: {asked.get_status_display().lower()}, in another process")
        time.sleep(0.5)  # somebody looks after it, or took it up while it stood open
