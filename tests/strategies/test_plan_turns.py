"""Which runs are planned, and when: trouble that may pass, databases out of reach, one plan at a time on each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from maintenance_portal import tasks
from strategies import jobs, plan_turns, runs, targets
from strategies.gate_values import Reason
from strategies.models import Assessment, JobRun, MaintenanceJob, Origin, RunStatus, Target
from strategies.models.run import JobRunQuerySet
from strategies.plans import ErrorClass, TargetError
from tests import scripted
from tests.jobs import HOUR, MINUTE, NIGHT, SECOND
from tests.nightly import ANNA, carried_out, nightly, scripted_target, the_run
from tests.scripted import World, fails

pytestmark = pytest.mark.django_db(transaction=True)

AHEAD = NIGHT - 30 * SECOND
AWAY = TargetError(ErrorClass.TRANSIENT, "08006", "connection refused")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(needs={"a"})
    scripted.install(monkeypatch, world)
    return world


@pytest.fixture
def target(world: World, db: None) -> Target:
    return scripted_target(checked_at=AHEAD)


def prepared(job: MaintenanceJob) -> JobRun:
    jobs.plan_due(AHEAD)
    return the_run(job)


def codes(run: JobRun) -> list[str]:
    run.refresh_from_db()
    return [reason["code"] for reason in run.reasons]


def line(target: Target, count: int) -> list[JobRun]:
    """Runs on one database that nobody has planned."""
    return [runs.ask(ANNA, target, "CLEANUP_MAINTENANCE", NIGHT, wake=False) for _ in range(count)]


# Trouble that may pass.


def test_a_database_that_is_away_for_a_moment_while_a_run_is_planned_costs_nothing(
    world: World, target: Target, wake_ups: list[Any]
) -> None:
    run = prepared(nightly(target))
    world.connect_error = AWAY
    assert not runs.plan(run, AHEAD)
    run.refresh_from_db()
    assert (run.status, run.planning_at, run.not_before) == (RunStatus.PLANNED, None, AHEAD + 10 * SECOND)
    assert run.reasons[0]["sentence"] == (
        "shop could not be looked at: 08006: connection refused. The next attempt comes at 01:59:40 UTC."
    )
    world.connect_error = None
    assert targets.check(run.target, AHEAD + SECOND)
    wake_ups.clear()
    tasks.tick(AHEAD + 9 * SECOND)
    assert ("plan_run", run.pk) not in wake_ups
    tasks.tick(AHEAD + 10 * SECOND)
    tasks.tick(AHEAD + 11 * SECOND)
    assert wake_ups.count(("plan_run", run.pk)) == 1
    assert carried_out(run, NIGHT).status == RunStatus.SUCCEEDED


@pytest.mark.parametrize("error_class", ErrorClass)
def test_only_trouble_that_may_pass_is_tried_again(world: World, target: Target, error_class: ErrorClass) -> None:
    run = prepared(nightly(target))
    world.asked["assess"] = [fails(error_class)]
    world.ask_error = TargetError(error_class, "E", "scripted")
    assert not runs.plan(run, AHEAD)
    run.refresh_from_db()
    may_pass = error_class in (ErrorClass.TRANSIENT, ErrorClass.LOCK, ErrorClass.LOST)
    assert run.status == (RunStatus.PLANNED if may_pass else RunStatus.FAILED)


def test_a_refused_sign_in_fails_the_run_that_met_it_and_the_others_wait_for_a_person(
    world: World, target: Target
) -> None:
    first, second = line(target, 2)
    world.connect_error = TargetError(ErrorClass.AUTHENTICATION, "28P01", "refused")
    assert not runs.plan(first, NIGHT)
    world.connect_error = None
    assert not runs.plan(second, NIGHT)
    assert (first.status, codes(second)) == (RunStatus.FAILED, ["stopped"])


def test_attempts_come_ever_less_often(world: World, target: Target) -> None:
    run = line(target, 1)[0]
    world.connect_error = AWAY
    moment, waits = NIGHT, []
    for _ in range(8):
        Target.objects.filter(pk=target.pk).update(check_error="", check_asked_at=None)
        assert not runs.plan(JobRun.objects.get(pk=run.pk), moment)
        run.refresh_from_db()
        assert run.not_before is not None
        waits.append((run.not_before - moment).total_seconds())
        moment = run.not_before
    assert waits == [10, 20, 40, 80, 160, 300, 300, 300]


def test_a_run_whose_database_stays_away_is_missed_with_that_reason(world: World, target: Target) -> None:
    job = nightly(target, start_within_minutes=60)
    run = prepared(job)
    world.connect_error = AWAY
    runs.plan(run, AHEAD)
    targets.check(Target.objects.get(pk=target.pk), AHEAD + SECOND)
    tasks.tick(NIGHT + SECOND)
    assert codes(run) == ["unreachable"]
    tasks.tick(NIGHT + HOUR + SECOND)
    run.refresh_from_db()
    assert run.status == RunStatus.MISSED
    assert "shop could not be reached at the last check: 08006: connection refused." in run.message


def test_by_hand_it_is_tried_for_a_day(world: World, target: Target) -> None:
    run = line(target, 1)[0]
    world.connect_error = AWAY
    asked = run.created_at
    Target.objects.filter(pk=target.pk).update(check_error="08006", checked_at=asked)
    tasks.tick(asked + 23 * HOUR)
    assert codes(run) == ["unreachable"]
    tasks.tick(asked + 25 * HOUR)
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    assert run.message.startswith("Cancelled: it could not be planned within a day. shop could not be reached")


# Databases that are off, stopped, or out of reach.


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"is_active": False}, "inactive"),
        ({"stopped_at": NIGHT, "stopped_why": "28P01"}, "stopped"),
        ({"check_error": "no route"}, "unreachable"),
    ],
)
def test_nothing_is_planned_on_a_database_that_is_off_stopped_or_out_of_reach(
    world: World,
    target: Target,
    monkeypatch: pytest.MonkeyPatch,
    wake_ups: list[Any],
    change: dict[str, Any],
    code: str,
) -> None:
    connected: list[str] = []
    real = scripted.ScriptedPlatform.connect
    monkeypatch.setattr(
        scripted.ScriptedPlatform, "connect", lambda *args, **more: connected.append("x") or real(*args, **more)
    )
    run = prepared(nightly(target))
    Target.objects.filter(pk=target.pk).update(**change)
    tasks.plan_run(run.pk)
    assert (connected, codes(run), run.status) == ([], [code], RunStatus.PLANNED)
    Target.objects.filter(pk=target.pk).update(is_active=True, stopped_at=None, check_error="")
    wake_ups.clear()
    tasks.tick(NIGHT)
    assert ("plan_run", run.pk) in wake_ups
    assert codes(run) == []


def test_a_database_out_of_reach_is_checked_each_minute_while_a_run_waits_to_be_planned(
    target: Target, wake_ups: list[Any]
) -> None:
    prepared(nightly(target))
    Target.objects.filter(pk=target.pk).update(check_error="no route")
    wake_ups.clear()
    for second in range(90):
        tasks.tick(AHEAD + second * SECOND)
    assert wake_ups.count(("check_target", target.pk)) >= 2
    Target.objects.filter(pk=target.pk).update(is_active=False, check_asked_at=None)
    wake_ups.clear()
    tasks.tick(AHEAD + 5 * MINUTE)
    assert ("check_target", target.pk) not in wake_ups


def test_the_address_of_a_database_may_change_while_a_run_waits_to_be_planned_there(target: Target) -> None:
    from strategies.targets import TargetInUse, TargetValues

    run = line(target, 1)[0]
    values = TargetValues(name="shop", platform="scripted", url="scripted://elsewhere", tenant=target.tenant)
    JobRun.objects.filter(pk=run.pk).update(planning_at=NIGHT)
    with pytest.raises(TargetInUse):
        targets.change(ANNA, target, values)
    JobRun.objects.filter(pk=run.pk).update(planning_at=None)
    targets.change(ANNA, target, values)
    stale = JobRun.objects.select_related("target").get(pk=run.pk)
    stale.target.url = "scripted://before"
    assert runs.plan(stale, NIGHT)
    assert stale.target.url == "scripted://elsewhere"


# One plan at a time on each database.


def test_on_one_database_one_run_is_planned_at_a_time_and_the_next_says_so(target: Target) -> None:
    first, second = line(target, 2)
    elsewhere = line(scripted_target("other"), 1)[0]
    assert plan_turns.take(first, NIGHT)
    assert not plan_turns.take(second, NIGHT)
    assert plan_turns.take(elsewhere, NIGHT)
    assert codes(second) == ["plan_turn"]
    assert "one at a time" in second.reasons[0]["sentence"]


def test_of_many_workers_that_plan_on_one_database_at_once_one_has_the_turn(target: Target) -> None:
    waiting, start, won = line(target, 12), threading.Barrier(12), []

    def worker(run: JobRun) -> None:
        try:
            start.wait(10)
            if plan_turns.take(JobRun.objects.get(pk=run.pk), NIGHT):
                won.append(run.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=worker, args=(run,)) for run in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(won) == 1


def test_a_database_that_hangs_holds_one_worker_and_the_others_go_on(world: World, target: Target) -> None:
    first, second = line(target, 2)
    elsewhere = line(scripted_target("other"), 1)[0]
    begun, over = threading.Event(), threading.Event()

    def hang(*_: Any) -> None:
        begun.set()
        assert over.wait(20)

    def worker() -> None:
        try:
            tasks.plan_run(first.pk)
        finally:
            connection.close()

    world.asked["assess"] = [hang]
    thread = threading.Thread(target=worker)
    thread.start()
    assert begun.wait(20)
    try:
        tasks.plan_run(second.pk)
        tasks.plan_run(elsewhere.pk)
        assert codes(second) == ["plan_turn"]
        elsewhere.refresh_from_db()
        assert elsewhere.planned_at is not None
    finally:
        over.set()
        thread.join(20)
    second.refresh_from_db()
    assert second.planned_at is not None, "it had its turn after the first"


def test_while_one_plan_hangs_the_tick_wakes_nobody_else_for_that_database(target: Target, wake_ups: list[Any]) -> None:
    first, *others = line(target, 4)
    assert plan_turns.take(first, NIGHT)
    wake_ups.clear()
    for second in range(0, 200, 10):
        plan_turns.open_turns(NIGHT + second * SECOND)
    assert wake_ups == []
    assert [codes(run) for run in others] == [["plan_turn"]] * 3
    plan_turns.open_turns(NIGHT + 5 * MINUTE)  # its worker has been stopped by then
    assert wake_ups == [("plan_run", others[0].pk)]


def test_who_has_planned_a_run_goes_on_with_the_next_in_line_the_urgent_first(target: Target) -> None:
    first, second, third = line(target, 3)
    JobRun.objects.filter(pk=third.pk).update(priority_level=9)
    tasks.plan_run(first.pk)
    planned = dict(JobRun.objects.values_list("pk", "planned_at"))
    assert None not in planned.values()
    assert planned[first.pk] < planned[third.pk] < planned[second.pk]


def test_after_some_seconds_of_planning_for_one_database_the_others_have_their_turn(
    target: Target, monkeypatch: pytest.MonkeyPatch, wake_ups: list[Any]
) -> None:
    monkeypatch.setattr(tasks, "PLANS_IN_A_ROW", timedelta(0))
    first, second, _ = line(target, 3)
    wake_ups.clear()
    tasks.plan_run(first.pk)
    assert wake_ups == [("plan_run", second.pk)]
    assert JobRun.objects.filter(planned_at=None).count() == 2


def test_after_a_failed_attempt_the_database_is_checked_before_the_next_has_its_turn(
    world: World, target: Target, wake_ups: list[Any]
) -> None:
    first, second = line(target, 2)
    world.connect_error = AWAY
    now = timezone.now()
    Target.objects.filter(pk=target.pk).update(checked_at=now)
    wake_ups.clear()
    tasks.plan_run(first.pk)
    assert wake_ups == [("check_target", target.pk)]
    assert not plan_turns.take(second, timezone.now())
    assert "is being checked" in JobRun.objects.get(pk=second.pk).reasons[0]["sentence"]
    tasks.check_target(target.pk)
    plan_turns.open_turns(timezone.now())
    assert (codes(first), codes(second)) == (["unreachable"], ["unreachable"])


def test_while_a_run_is_being_planned_the_portal_sends_no_check_after_it(target: Target, wake_ups: list[Any]) -> None:
    waiting, planning = line(target, 2)
    JobRun.objects.filter(pk=waiting.pk).update(
        status=RunStatus.WAITING, planned_at=NIGHT, is_released=True, needs_approval=False
    )
    Target.objects.filter(pk=target.pk).update(checked_at=NIGHT - 2 * HOUR)
    assert plan_turns.take(planning, NIGHT)
    wake_ups.clear()
    tasks.open_gate(NIGHT + SECOND)
    assert (codes(waiting), wake_ups) == (["facts_old"], [])
    JobRun.objects.filter(pk=planning.pk).update(planned_at=NIGHT)
    tasks.open_gate(NIGHT + 2 * SECOND)
    assert wake_ups == [("check_target", target.pk)]


# What people see of it.


def test_its_page_and_home_say_why_a_run_is_not_planned_yet(
    world: World, target: Target, person: Callable[..., Any], client: Client
) -> None:
    run = prepared(nightly(target))
    world.connect_error = AWAY
    runs.plan(run, AHEAD)
    JobRun.objects.filter(pk=run.pk).update(due_at=timezone.now())
    for name, role, words in (
        ("anna", "DBA", "shop could not be looked at: 08006: connection refused."),
        ("rita", "stakeholder", "The database could not be looked at; the portal tries again."),
    ):
        client.force_login(person(name, role))
        for page in (f"/runs/{run.pk}/", "/runs/", "/"):
            assert words in client.get(page).content.decode(), (name, page)


# All of a plan, or nothing.


class Killed(BaseException):
    """The process dies here."""


def test_a_worker_that_dies_while_it_keeps_a_plan_leaves_a_run_that_is_planned_again(
    target: Target, monkeypatch: pytest.MonkeyPatch, wake_ups: list[Any]
) -> None:
    def die(*args: Any, **values: Any) -> None:
        raise Killed

    run = prepared(nightly(target))
    with monkeypatch.context() as dying:
        dying.setattr(runs.audit, "record", die)
        dying.setattr(JobRunQuerySet, "move", die)
        with pytest.raises(Killed):
            runs.plan(run, AHEAD)
    run.refresh_from_db()
    assert (run.planned_at, run.plan) == (None, None)
    for minute in (1, 12):
        tasks.tick(NIGHT + minute * MINUTE)
    targets.check(Target.objects.get(pk=target.pk), NIGHT + 12 * MINUTE)
    wake_ups.clear()
    tasks.tick(NIGHT + 13 * MINUTE)
    assert ("plan_run", run.pk) in wake_ups
    assert carried_out(run, NIGHT + 14 * MINUTE).status == RunStatus.SUCCEEDED


def test_a_released_run_with_a_plan_that_stands_still_is_taken_to_the_gate(target: Target) -> None:
    run = prepared(nightly(target))
    assert runs.plan(run, AHEAD)
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.PLANNED)
    unreleased = line(target, 1)[0]
    runs.plan(unreleased, AHEAD)
    Target.objects.update(checked_at=NIGHT)
    tasks.tick(NIGHT)
    run.refresh_from_db()
    unreleased.refresh_from_db()
    assert (run.status, unreleased.status) == (RunStatus.READY, RunStatus.PLANNED)


def test_what_stood_in_the_way_of_the_plan_is_forgotten_once_there_is_one(target: Target) -> None:
    run = line(target, 1)[0]
    reason = Reason(plan_turns.NOT_PLANNED, "x", "y").as_json()
    JobRun.objects.filter(pk=run.pk).update(not_before=NIGHT, reasons=[reason])
    assert runs.plan(JobRun.objects.select_related("target").get(pk=run.pk), NIGHT)
    run.refresh_from_db()
    assert (run.reasons, run.not_before, run.origin) == ([], None, Origin.PAGE)
    assert not Assessment.objects.exists()
