from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from maintenance_portal import pulse, tasks
from monitoring.models import LogSize, RollupMark
from strategies import needs, plan_turns, queue, runs, targets
from strategies.audit import Actor
from strategies.models import Assessment, Finding, JobRun, Portal, Pulse, RunStatus, Target, Tenant
from strategies.plans import ErrorClass, TargetError
from tests import scripted
from tests.scripted import World

ANNA = Actor("anna")
WAKE_AGAIN = {"planned": plan_turns.open_turns, "ready": tasks.wake_again}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(needs={"a"})
    scripted.install(monkeypatch, world)
    return world


@pytest.fixture
def target(world: World, db: None) -> Target:
    main = Tenant.objects.get(name="Main")
    return Target.objects.create(name="shop", platform="scripted", url="scripted://x", tenant=main)


def asked(target: Target, **values: Any) -> JobRun:
    return runs.ask(ANNA, target, "CLEANUP_MAINTENANCE", timezone.now(), **values)


@pytest.mark.django_db
def test_the_tables_of_tasks_name_functions_that_exist() -> None:
    from django.utils.module_loading import import_string

    for path, cluster in queue.TASKS.values():
        assert callable(import_string(path))
        assert cluster in (queue.DEFAULT, queue.MAINTENANCE)


@pytest.mark.django_db(transaction=True)
def test_the_whole_way_of_a_run_from_asking_to_success(target: Target, world: World, wake_ups: list) -> None:
    run = asked(target)
    assert wake_ups.pop() == ("plan_run", run.pk)
    tasks.plan_run(run.pk)
    run.refresh_from_db()
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    assert (run.status, run.reasons[0]["code"]) == (RunStatus.WAITING, "facts_old")
    tasks.tick(timezone.now())
    assert ("check_target", target.pk) in wake_ups
    tasks.check_target(target.pk)
    wake_ups.clear()
    tasks.tick(timezone.now())
    assert ("run_job", run.pk) in wake_ups
    tasks.run_job(run.pk)
    tasks.run_job(run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCEEDED
    assert world.executed == ["fix a;"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", ["planned", "ready"])
def test_a_wake_up_that_vanished_is_sent_again_after_some_seconds_and_not_before(
    target: Target, wake_ups: list, status: str
) -> None:
    run = asked(target)
    JobRun.objects.filter(pk=run.pk).update(status=status)
    wake_ups.clear()
    now = timezone.now()
    wake_again = WAKE_AGAIN[status]
    wake_again(now + timedelta(seconds=2))
    assert wake_ups == []
    wake_again(now + timedelta(seconds=8))
    wake_again(now + timedelta(seconds=9))
    assert wake_ups == [("plan_run" if status == "planned" else "run_job", run.pk)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", ["planned", "ready"])
def test_a_run_that_waits_its_turn_for_hours_does_not_fill_the_queue(
    target: Target, wake_ups: list, status: str
) -> None:
    run = asked(target)
    now = timezone.now()
    JobRun.objects.filter(pk=run.pk).update(status=status, created_at=now, ready_at=now, woken_at=now)
    wake_ups.clear()
    for second in range(0, 2 * 3600, 5):
        WAKE_AGAIN[status](now + timedelta(seconds=second))
    assert 10 < len(wake_ups) < 25


@pytest.mark.django_db(transaction=True)
def test_checks_and_assessments_that_nobody_took_up_are_woken_again(target: Target, wake_ups: list) -> None:
    now = timezone.now()
    targets.ask_check(target, ANNA, now)
    assessment = needs.ask_assessment(ANNA, target, "CLEANUP_MAINTENANCE", now)
    wake_ups.clear()
    tasks.wake_again(now + timedelta(seconds=30))
    assert sorted(wake_ups) == [("assess", assessment.pk), ("check_target", target.pk)]


@pytest.mark.django_db
def test_a_look_at_a_target_that_was_cut_off_says_so_and_is_not_open_for_ever(target: Target) -> None:
    now = timezone.now()
    targets.ask_check(target, ANNA, now)
    assert Target.objects.take_check(target.pk, now)
    assessment = needs.ask_assessment(ANNA, target, "CLEANUP_MAINTENANCE", now)
    type(assessment).objects.filter(pk=assessment.pk).update(started_at=now)
    run = asked(target)
    JobRun.objects.filter(pk=run.pk).update(planning_at=now)
    tasks.give_up_cut_off(now + timedelta(minutes=9))
    target.refresh_from_db()
    assert target.is_being_checked
    tasks.give_up_cut_off(now + timedelta(minutes=11))
    for row in (target, assessment, run):
        row.refresh_from_db()
    assert "Cut off" in target.check_error
    assert "Cut off" in assessment.error
    assert (run.status, run.planning_at, "Cut off" in run.reasons[0]["sentence"]) == (RunStatus.PLANNED, None, True)


@pytest.mark.django_db
def test_trouble_of_the_target_does_not_count_as_a_lost_worker(target: Target) -> None:
    run, moment = asked(target), timezone.now()
    JobRun.objects.filter(pk=run.pk).update(planning_at=moment, plan_attempts=9)
    tasks.give_up_cut_off(moment + timedelta(minutes=11))
    run.refresh_from_db()
    assert (run.status, run.plan_cut_offs) == (RunStatus.PLANNED, 1)


@pytest.mark.django_db
def test_a_day_to_release_a_plan_begins_when_there_is_one(target: Target) -> None:
    early, late = asked(target), asked(target)
    asked_at = timezone.now()
    JobRun.objects.filter(pk=early.pk).update(planned_at=asked_at)
    JobRun.objects.filter(pk=late.pk).update(planned_at=asked_at + timedelta(hours=23, minutes=55))
    tasks.forget_unreleased(asked_at + timedelta(hours=24, minutes=5))
    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.status, late.status) == (RunStatus.CANCELLED, RunStatus.PLANNED)
    assert "nobody released this plan within a day" in early.message


@pytest.mark.django_db
def test_a_plan_that_costs_its_worker_the_life_each_time_is_not_made_for_ever(target: Target) -> None:
    run = asked(target)
    moment = timezone.now()
    for _ in range(4):
        run.refresh_from_db()
        assert run.status == RunStatus.PLANNED
        JobRun.objects.filter(pk=run.pk).update(planning_at=moment)
        moment += timedelta(minutes=11)
        tasks.give_up_cut_off(moment)
    run.refresh_from_db()
    assert (run.status, "Cut off" in run.message) == (RunStatus.FAILED, True)


@pytest.mark.django_db
def test_a_password_is_not_tried_twice_at_once(target: Target, world: World) -> None:
    targets.ask_check(target, ANNA, timezone.now())
    assert Target.objects.take_check(target.pk, timezone.now())
    assert not Target.objects.take_check(target.pk, timezone.now())
    run = asked(target)
    JobRun.objects.filter(pk=run.pk).update(planning_at=timezone.now())
    assert not runs.plan(run, timezone.now())


@pytest.mark.django_db
def test_a_slow_check_does_not_undo_the_answer_of_a_later_one(target: Target, world: World) -> None:
    """Two are under way where a person asks again meanwhile; the one that was asked first may end last."""
    first = timezone.now()
    second = first + timedelta(seconds=1)
    targets.ask_check(target, ANNA, first, wake=False)
    assert Target.objects.take_check(target.pk, first)
    slow = Target.objects.get(pk=target.pk)
    targets.ask_check(target, ANNA, second, wake=False)
    assert Target.objects.take_check(target.pk, second)
    targets.check(Target.objects.get(pk=target.pk), second)
    world.connect_error = TargetError(ErrorClass.TRANSIENT, "08001", "refused")
    targets.check(slow, first)
    target.refresh_from_db()
    assert (target.checked_at, target.check_error, target.is_being_checked) == (second, "", False)


@pytest.mark.django_db
@pytest.mark.filterwarnings("ignore")
def test_a_bug_of_ours_ends_the_look_with_a_plain_word(
    target: Target, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(scripted.ScriptedSession, "facts", bug)
    monkeypatch.setattr(scripted.ScriptedConcern, "assess", bug)
    assessment = needs.ask_assessment(ANNA, target, "CLEANUP_MAINTENANCE", timezone.now(), wake=False)
    run = asked(target)
    with pytest.raises(ZeroDivisionError):
        tasks.plan_run(run.pk)
    targets.ask_check(target, ANNA, timezone.now())
    for task, pk in ((tasks.check_target, target.pk), (tasks.assess, assessment.pk)):
        with pytest.raises(ZeroDivisionError):
            task(pk)
    for row in (target, assessment, run):
        row.refresh_from_db()
    assert "ZeroDivisionError" in target.check_error
    assert "ZeroDivisionError" in assessment.error
    assert (run.status, "ZeroDivisionError" in run.message) == (RunStatus.FAILED, True)


@pytest.mark.django_db
def test_an_assessment_keeps_findings_up_to_date(target: Target, world: World) -> None:
    def assess() -> None:
        tasks.assess(needs.ask_assessment(ANNA, target, "CLEANUP_MAINTENANCE", timezone.now(), wake=False).pk)

    assess()
    first = Finding.objects.get()
    assert (first.object, first.gone_at) == ("a", None)
    world.needs = {"b"}
    assess()
    first.refresh_from_db()
    assert first.gone_at is not None
    assert [finding.object for finding in Finding.objects.current()] == ["b"]
    world.needs = {"a", "b"}
    assess()
    first.refresh_from_db()
    assert first.gone_at is None
    assert Finding.objects.count() == 2


@pytest.mark.django_db
def test_an_assessment_delivered_twice_is_carried_out_once(target: Target) -> None:
    assessment = needs.ask_assessment(ANNA, target, "CLEANUP_MAINTENANCE", timezone.now(), wake=False)
    tasks.assess(assessment.pk)
    assessment.refresh_from_db()
    ended = assessment.finished_at
    tasks.assess(assessment.pk)
    assessment.refresh_from_db()
    assert assessment.finished_at == ended


@pytest.mark.django_db
def test_a_target_that_refuses_the_sign_in_is_asked_once_and_never_again_by_itself(
    target: Target, world: World
) -> None:
    world.connect_error = TargetError(ErrorClass.AUTHENTICATION, "28P01", "refused")
    now = timezone.now()
    targets.ask_check(target, ANNA, now)
    tasks.check_target(target.pk)
    target.refresh_from_db()
    assert target.stopped_at is not None
    world.connect_error = None
    run = asked(target, is_released=True)
    tasks.plan_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.planned_at, run.reasons[0]["code"]) == (RunStatus.PLANNED, None, "stopped")
    targets.ask_check(target, ANNA, timezone.now())
    target.refresh_from_db()
    tasks.check_target(target.pk)
    target.refresh_from_db()
    assert (target.stopped_at, target.check_error) == (None, "")
    tasks.plan_run(run.pk)
    run.refresh_from_db()
    assert run.planned_at is not None


@pytest.mark.django_db
def test_a_target_out_of_reach_makes_runs_wait_and_is_looked_at_again_each_minute(
    target: Target, world: World, wake_ups: list
) -> None:
    run = asked(target)
    tasks.plan_run(run.pk)
    run.refresh_from_db()
    runs.release(run, ANNA, run.plan_digest, timezone.now())
    world.connect_error = TargetError(ErrorClass.TRANSIENT, "08001", "refused")
    now = timezone.now()
    targets.check(target, now)
    run.target.refresh_from_db()
    tasks.open_gate(now)
    run.refresh_from_db()
    assert [reason["code"] for reason in run.reasons] == ["unreachable"]
    asked_at = Target.objects.get(pk=target.pk).check_asked_at
    tasks.open_gate(now + timedelta(seconds=30))
    assert Target.objects.get(pk=target.pk).check_asked_at == asked_at
    tasks.open_gate(now + timedelta(seconds=90))
    assert Target.objects.get(pk=target.pk).check_asked_at != asked_at


@pytest.mark.django_db(transaction=True)
def test_a_silent_worker_is_looked_for_when_its_lease_has_passed(target: Target, wake_ups: list) -> None:
    run = asked(target)
    now = timezone.now()
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, lease_until=now)
    wake_ups.clear()
    tasks.find_silent(now - timedelta(seconds=1))
    assert wake_ups == []
    tasks.find_silent(now + timedelta(seconds=1))
    assert wake_ups == [("look_after_run", run.pk)]


@pytest.mark.django_db(transaction=True)
def test_a_silent_run_whose_look_is_not_taken_up_is_announced_ever_less_often_and_at_once_when_it_is_silent_anew(
    target: Target, wake_ups: list
) -> None:
    run = asked(target)
    now = timezone.now()
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, lease_until=now)
    wake_ups.clear()
    sent = []
    for second in range(1, 121):
        tasks.find_silent(now + timedelta(seconds=second))
        if wake_ups:
            sent.append(second)
            wake_ups.clear()
    assert sent == [1, 7, 15, 31, 63]
    JobRun.objects.filter(pk=run.pk).update(lease_until=now + timedelta(seconds=125))  # it was looked after
    for second in range(121, 128):
        tasks.find_silent(now + timedelta(seconds=second))
    assert len(wake_ups) == 1


@pytest.mark.django_db
def test_a_plan_that_nobody_releases_is_cancelled_after_a_day(target: Target) -> None:
    run = asked(target)
    tasks.plan_run(run.pk)
    tasks.forget_unreleased(timezone.now() + timedelta(hours=23))
    run.refresh_from_db()
    assert run.status == RunStatus.PLANNED
    tasks.forget_unreleased(timezone.now() + timedelta(hours=25))
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_a_cluster_that_says_nothing_is_asked_every_few_seconds_even_with_two_beats(wake_ups: list) -> None:
    now = timezone.now()
    for _ in range(2):
        tasks.ask_pulses(now)
    assert sorted(argument for _, argument in wake_ups) == ["default", "maintenance"]
    wake_ups.clear()
    for cluster in (queue.DEFAULT, queue.MAINTENANCE):
        pulse.answer(cluster)
    tasks.ask_pulses(now + timedelta(seconds=4))
    assert not wake_ups
    tasks.ask_pulses(now + timedelta(seconds=10))
    assert len(wake_ups) == 2


@pytest.mark.django_db(transaction=True)
def test_while_all_workers_are_at_work_for_hours_the_question_is_not_piled_up(wake_ups: list) -> None:
    now = timezone.now()
    for second in range(0, 8 * 3600, 5):
        moment = now + timedelta(seconds=second)
        Pulse.objects.filter(cluster=queue.DEFAULT).update(
            answered_at=moment
        )  # its workers take one task after another
        tasks.ask_pulses(moment)
    for cluster in (queue.DEFAULT, queue.MAINTENANCE):
        assert 40 < sum(argument == cluster for _, argument in wake_ups) < 50


@pytest.mark.django_db(transaction=True)
def test_while_no_wake_up_can_be_sent_nobody_is_asked_and_nothing_is_overdue(
    wake_ups: list, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    now = timezone.now()
    settings.PORTAL_REDIS = {"host": "cache"}
    answers = [False, True]
    monkeypatch.setattr(queue._Server, "is_away", False)
    monkeypatch.setattr(queue, "get_broker", lambda cluster: SimpleNamespace(ping=lambda: answers.pop(0)))
    Pulse.objects.create(cluster=queue.DEFAULT, asked_at=now, answered_at=now)
    queue.look()
    tasks.ask_pulses(now + timedelta(hours=1))
    assert not wake_ups
    assert Pulse.objects.get().asked_at is None  # or the supervisor would replace who cannot answer
    assert not queue.is_overdue(now, now, now + timedelta(hours=1))
    queue.look()
    assert queue.is_overdue(now, now, now + timedelta(hours=1))
    tasks.ask_pulses(now + timedelta(hours=1))
    assert len(wake_ups) == 2


@pytest.mark.django_db
def test_a_tick_says_that_the_beat_lives() -> None:
    now = timezone.now()
    tasks.tick(now)
    assert Portal.objects.get().beat_at == now


@pytest.mark.django_db
def test_a_wake_up_for_a_row_that_is_gone_does_nothing() -> None:
    for task in (tasks.run_job, tasks.plan_run, tasks.check_target, tasks.assess, tasks.look_after_run):
        task(10**9)


def test_after_a_run_its_target_is_looked_at_again_once(sqlite_target: Target, wake_ups: list[Any]) -> None:
    now = timezone.now()
    run = runs.ask(ANNA, sqlite_target, "STATISTICS_MAINTENANCE", now, wake=False)
    JobRun.objects.filter(pk=run.pk).update(status="failed", started_at=now, finished_at=now)
    never_started = runs.ask(ANNA, sqlite_target, "INDEX_MAINTENANCE", now, wake=False)
    JobRun.objects.filter(pk=never_started.pk).update(status="cancelled", finished_at=now)
    for second in range(1, 4):
        tasks.tick(now + timedelta(seconds=second))
    assert list(Assessment.objects.values_list("strategy_name", "asked_by")) == [("STATISTICS_MAINTENANCE", "portal")]


@pytest.mark.parametrize("change", [{"is_active": False}, {"stopped_at": timezone.now(), "stopped_why": "refused"}])
def test_a_target_that_is_off_or_stopped_is_not_looked_at_again(change: dict[str, Any], sqlite_target: Target) -> None:
    now = timezone.now()
    run = runs.ask(ANNA, sqlite_target, "STATISTICS_MAINTENANCE", now, wake=False)
    JobRun.objects.filter(pk=run.pk).update(status="failed", started_at=now, finished_at=now)
    Target.objects.filter(pk=sqlite_target.pk).update(**change)
    tasks.tick(now + timedelta(seconds=1))
    assert not Assessment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_part_of_the_tick_that_fails_keeps_none_of_the_others_from_their_work(
    target: Target, wake_ups: list, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(moment: Any) -> None:
        raise ZeroDivisionError

    run = asked(target)
    now = timezone.now()
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, lease_until=now)
    wake_ups.clear()
    monkeypatch.setattr(tasks, "open_gate", broken)
    tasks.tick(now + timedelta(seconds=1))
    assert ("look_after_run", run.pk) in wake_ups
    assert {argument for _, argument in wake_ups} >= {"default", "maintenance"}
    assert [(record.message, record.exc_info is not None) for record in caplog.records] == [
        ("broken failed; the other parts of the tick go on", True)
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(("minute", "is_pruned"), [(0, True), (1, False)])
def test_traces_of_failed_tasks_go_in_the_first_minute_of_an_hour(
    monkeypatch: pytest.MonkeyPatch, minute: int, is_pruned: bool
) -> None:
    pruned: list[Any] = []
    monkeypatch.setattr(queue, "prune", pruned.append)
    tasks.tick(timezone.now().replace(minute=minute))
    assert bool(pruned) is is_pruned


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", [1, 2.7])
def test_once_a_minute_the_days_with_news_are_counted_anew(target: Target, wake_ups: list, step: float) -> None:
    """Also while ticks last longer than a second, so that no one of them falls on a certain one."""
    first = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    for n in range(round(119 / step)):
        for _ in range(2):  # beats
            tasks.ask_roll_up(first + timedelta(seconds=step * n))
    assert wake_ups == [("roll_up", 1), ("roll_up", 1)]
    tasks.roll_up(1)
    done = RollupMark.objects.get().looked_at
    assert done is not None
    wake_ups.clear()
    for second in range(59):
        tasks.ask_roll_up(done.replace(microsecond=999_999) + timedelta(seconds=second))
    assert wake_ups == [], "it has just been done"


@pytest.mark.django_db(transaction=True)
def test_the_portals_own_database_is_checked_when_the_portal_first_starts(wake_ups: list) -> None:
    home = Target.objects.get(is_home=True)
    tasks.begin()
    tasks.begin()
    assert wake_ups == [("check_target", home.pk)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", [1, 2.7])
def test_the_log_is_measured_and_pruned_by_a_short_task_once_it_is_due(
    target: Target, wake_ups: list, step: float
) -> None:  # fmt: skip
    first = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    for n in range(round(59 / step)):
        for _ in range(2):  # beats
            tasks.ask_care_for_log(first + timedelta(seconds=step * n))
    assert wake_ups == [("care_for_log", 1)]
    tasks.care_for_log(1)
    assert LogSize.objects.get().row_count == 0
