"""Nothing starts that may not start: every way in, at thousands of moments, against an independent model of who forbids what."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from strategies import events, holds, jobs, runs, successors, timetables
from strategies.audit import Actor
from strategies.gate import verdict
from strategies.gate_facts import Gatehouse
from strategies.gate_values import CalendarFacts, GateFacts, GlassBroken, HoldInForce, Reason
from strategies.models import Approval, ApprovalState, BreakGlass, JobRun, Origin, RunStatus, Target
from strategies.plans import Plan, Step
from strategies.timetables import Timetable
from tests import jobs as rows
from tests.jobs import settled
from tests.long import IS_ALL
from tests.timetable import INSTANT, PLACES, SINCE, UNTIL, Rows, is_frozen, is_open, moments

ANNA = Actor("anna")
MOMENTS = 10_000
EACH = 120 if IS_ALL else 6  # moments of a claim, for each way and database
WITHIN = timedelta(days=7)  # so late may a job start here
WAITS = Reason("not_approved", "It waits for the approval of 1 approver.", "They find it among their approvals.")


@dataclass(frozen=True)
class Situation:
    """What stands for or against a start; `glass` = two people let it go against windows, freezes and holds."""

    target: str
    moment: datetime
    changes_data: bool
    is_held: bool
    is_approved: bool
    glass: bool
    due_at: datetime | None = None
    start_before: datetime | None = None

    @property
    def may_start(self) -> bool:
        """The model."""
        in_time = (self.due_at is None or self.due_at <= self.moment) and (
            self.start_before is None or self.moment <= self.start_before
        )
        is_free = not self.is_held
        if self.changes_data:
            is_free = is_free and is_open(self.target, self.moment) and not is_frozen(self.target, self.moment)
        return in_time and self.is_approved and (is_free or self.glass)


def situations(seed: int) -> list[Situation]:
    chance = random.Random(seed)
    return [
        Situation(
            chance.choice(list(PLACES)), moment, chance.random() < 0.9, chance.random() < 0.1, chance.random() < 0.9,
            chance.random() < 0.05, *chance.choice([(None, None), (moment - WITHIN, moment), (moment, None),
            (moment + timedelta(microseconds=1), None), (None, moment - timedelta(microseconds=1))]),
        )
        for moment in moments(seed, MOMENTS)
    ]  # fmt: skip


def facts_of(situation: Situation, calendar: CalendarFacts) -> GateFacts:
    return GateFacts(
        target=situation.target, is_target_active=True, stopped_why="", is_checked=True, check_error="",
        facts_age=timedelta(0), facts_max_age=timedelta(hours=1), changes_data=situation.changes_data, is_writable=True,
        holds=[HoldInForce("all databases", "audit week", "anna")] if situation.is_held else (), calendar=calendar,
        approval=None if situation.is_approved else WAITS, due_at=situation.due_at, start_before=situation.start_before,
        glass=GlassBroken(situation.moment + timedelta(minutes=1)) if situation.glass else None,
    )  # fmt: skip


def test_at_ten_thousand_moments_the_verdict_is_that_of_the_model() -> None:
    known = Rows(is_kept=False)
    windows = [timetables.window_of(row) for row in known.windows]
    freezes = [
        timetables.freeze_of(entry, calendar, [scope.where for scope in scopes])
        for entry, calendar, scopes in known.entries
    ]
    started = 0
    for situation in situations(5):
        calendar = Timetable(situation.moment, windows, freezes).facts(known.place(situation.target), {})
        answer = verdict(facts_of(situation, calendar), situation.moment)
        assert answer.may_start is situation.may_start, (situation, answer.reasons)
        if answer.may_start and answer.opening is not None:
            assert situation.moment in answer.opening.slot
        if answer.may_start and answer.ends_at is not None and not answer.overridden:
            for late in (answer.ends_at - INSTANT, situation.moment + (answer.ends_at - situation.moment) / 2):
                assert is_open(situation.target, late)
                assert not is_frozen(situation.target, late)
        started += answer.may_start
    assert MOMENTS * 0.1 < started < MOMENTS * 0.6  # both answers are common here


# The seven ways in.

DATABASES = "free", "vienna", "shop", "tagged", "never"


def a_plan(target: Target) -> Plan:
    steps = tuple(
        Step(key=f"fix:{name}", operation_type="REBUILD", object=name, object_type="INDEX", statements=(), reason="x")
        for name in ("a", "b")
    )
    return Plan(
        strategy="INDEX_MAINTENANCE", version="1", platform="sqlite", target=target.name, parameters={}, steps=steps
    )


def by_page(target: Target) -> JobRun:
    run = runs.ask(ANNA, target, "INDEX_MAINTENANCE", SINCE, wake=False)
    return released(run)


def by_command(target: Target) -> JobRun:
    run = runs.ask(ANNA, target, "INDEX_MAINTENANCE", SINCE, wake=False, origin=Origin.COMMAND, is_released=True)
    runs.keep_plan(run, a_plan(target), SINCE)
    return run


def by_schedule(target: Target) -> JobRun:
    job = settled(rows.a_job(target, f"J-{target.name}", start_within_minutes=WITHIN // timedelta(minutes=1)), SINCE)
    assert job.next_run is not None
    jobs.plan_due(job.next_run)
    run = JobRun.objects.get(job=job)
    runs.keep_plan(run, a_plan(target), job.next_run)
    return run


def by_event(target: Target) -> JobRun:
    values = {"schedule_value": f"LOADED_{target.name.upper()}", "start_within_minutes": WITHIN // timedelta(minutes=1)}
    settled(rows.a_job(target, f"E-{target.name}", "EVENT_DRIVEN", **values), SINCE)
    (run,) = events.emit(ANNA, values["schedule_value"], SINCE).runs
    runs.keep_plan(run, a_plan(target), SINCE)
    return run


def by_retry(target: Target) -> JobRun:
    return released(successors.try_again(ended(target), ANNA, SINCE))


def by_resume(target: Target) -> JobRun:
    return released(successors.resume(ended(target), ANNA, SINCE))


def by_redelivery(target: Target) -> JobRun:
    """Paused by a shutdown before it had done anything that counts, and waiting again: its old wake-up comes once more."""
    run = by_page(target)
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.PAUSED, fencing_token=1)
    assert runs.carry_on(run)
    return run


def released(run: JobRun) -> JobRun:
    if run.planned_at is None:
        runs.keep_plan(run, a_plan(run.target), SINCE)
    assert runs.release(run, ANNA, run.plan_digest, SINCE)
    return run


def ended(target: Target) -> JobRun:
    run = by_page(target)
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.FAILED, finished_at=SINCE)
    run.refresh_from_db()
    return run


WAYS: dict[str, Callable[[Target], JobRun]] = {
    "page": by_page, "command": by_command, "schedule": by_schedule, "event": by_event, "retry": by_retry,
    "resume": by_resume, "redelivery": by_redelivery,
}  # fmt: skip


def decided(run: JobRun, approval: Approval | None, chance: random.Random) -> bool:
    """People say yes, or have not said it yet, or no; whether they said yes."""
    if approval is None:
        return True
    state = chance.choice([ApprovalState.APPROVED] * 4 + [ApprovalState.ASKED, ApprovalState.SENT_BACK])
    Approval.objects.filter(pk=approval.pk).update(state=state)
    return state == ApprovalState.APPROVED


def waits_by(way: str, target: Target) -> tuple[JobRun, Approval | None]:
    """A waiting run that came in by this way, and what people are asked about it."""
    Target.objects.filter(pk=target.pk).update(checked_at=timezone.now())
    run = WAYS[way](Target.objects.get(pk=target.pk))
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.WAITING)  # it may have been let in already
    run.refresh_from_db()
    approval = Approval.objects.filter(run=run).first()
    assert (approval is not None) is (target.environment == "production")  # which asks people
    return run, approval


@dataclass(frozen=True)
class Stand:
    """What people have done about a run by the time at which its gate is asked; `is_early` and `is_past` are of their approval."""

    is_held: bool
    is_approved: bool
    glass: bool
    is_early: bool
    is_past: bool

    def facts(self, run: JobRun, approval: Approval | None, moment: datetime) -> GateFacts:
        """As the gate loads them."""
        with transaction.atomic():
            Target.objects.filter(pk=run.target_id).update(checked_at=moment)
            state = ApprovalState.APPROVED if self.is_approved else ApprovalState.ASKED
            Approval.objects.filter(run=run).update(state=state)
            if self.is_held:
                holds.place(ANNA, moment, "Audit week.")
            if self.glass:
                agreed: dict[str, Any] = {"asked_by": "bert", "asked_at": moment, "second": "cleo", "second_at": moment}
                BreakGlass.objects.create(run=run, reason="fire", ends_at=UNTIL + WITHIN, **agreed)
            row = JobRun.objects.select_related("target", "job", "config").get(pk=run.pk)
            found = Gatehouse(moment, [row], counts_ready=False).facts(row)
            transaction.set_rollback(True)
        return found


@pytest.mark.django_db
@pytest.mark.parametrize("way", WAYS)
def test_at_ten_thousand_moments_the_gate_lets_nothing_in_by_this_way_that_the_model_forbids(way: str) -> None:
    known, chance, started = Rows(is_kept=True), random.Random(f"{way} often"), 0
    windows, freezes = timetables.windows(SINCE - WITHIN), timetables.freezes(SINCE - WITHIN)
    for name in DATABASES:
        run, approval = waits_by(way, known.targets[name])
        loaded: dict[Stand, GateFacts] = {}
        for moment in moments(chance.randrange(10**6), MOMENTS // len(DATABASES), name, SINCE, UNTIL):
            first, last = (approval.not_before, approval.not_after) if approval else (moment, moment)
            stand = Stand(
                chance.random() < 0.1, chance.random() < 0.8, chance.random() < 0.1, moment < first, moment > last
            )
            if stand not in loaded:
                loaded[stand] = stand.facts(run, approval, moment)
            calendar = Timetable(moment, windows, freezes).facts(known.place(name), {})
            answer = verdict(replace(loaded[stand], calendar=calendar), moment)
            stands = approval is None or (stand.is_approved and not stand.is_early and not stand.is_past)
            situation = Situation(name, moment, True, stand.is_held, stands, stand.glass, run.due_at, run.start_before)
            assert answer.may_start is situation.may_start, (situation, answer.reasons)
            started += answer.may_start
    assert started >= MOMENTS * 0.01


@pytest.mark.django_db
@pytest.mark.parametrize("way", WAYS)
def test_by_no_way_a_run_starts_that_the_model_forbids(way: str) -> None:
    known, chance, started = Rows(is_kept=True), random.Random(way), 0
    for name in DATABASES:
        run, approval = waits_by(way, known.targets[name])
        until = min(UNTIL, (run.start_before or UNTIL) + timedelta(hours=12))
        for moment in moments(chance.randrange(10**6), EACH, name, SINCE, until):
            with transaction.atomic():
                started += asked_at(run, approval, moment, chance)
                transaction.set_rollback(True)
    assert started >= 5


def asked_at(run: JobRun, approval: Approval | None, moment: datetime, chance: random.Random) -> bool:
    """The run is let in and claimed at this moment, as the model says; a late wake-up finds the same. Whether it started."""
    Target.objects.filter(pk=run.target_id).update(checked_at=moment)
    is_approved = decided(run, approval, chance)
    bounds = (approval.not_before, approval.not_after) if approval else (moment, moment)
    if is_held := chance.random() < 0.15:
        holds.place(ANNA, moment, "Audit week.", target=chance.choice([None, run.target]))
    if glass := chance.random() < 0.1:
        agreed: dict[str, Any] = {"asked_by": "bert", "asked_at": moment, "second": "cleo", "second_at": moment}
        BreakGlass.objects.create(run=run, reason="fire", ends_at=moment + timedelta(hours=4), **agreed)
    situation = Situation(
        run.target.name, moment, True, is_held, is_approved and bounds[0] <= moment <= bounds[1], glass, run.due_at,
        run.start_before,
    )  # fmt: skip
    row = JobRun.objects.select_related("target", "job", "config").get(pk=run.pk)
    assert row.status == RunStatus.WAITING
    let_in = runs.ask_gate([row], moment, wake=False)[run.pk].may_start
    assert let_in is situation.may_start, (situation, row.reasons)
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.READY)  # as if it had been let in before all this
    claimed = runs.claim(run.pk, "w", moment)
    assert (claimed is not None) is situation.may_start, situation
    if claimed is not None:
        assert runs.claim(run.pk, "w2", moment) is None  # the wake-up was delivered twice
    row.refresh_from_db()
    assert (row.status == RunStatus.RUNNING) is situation.may_start
    assert (row.status == RunStatus.WAITING) is bool(row.reasons)
    return claimed is not None
