from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from strategies import endings, runs, successors
from strategies.audit import Actor
from strategies.execution import journal, lost, runner, verification, watch
from strategies.models import JobRun, OperationLog, RunStatus, Stop, Target, Tenant
from strategies.plans import ErrorClass, LeftBehind, StateLeft, Step, StepRole, TargetError
from strategies.platforms.base import RemoteSession
from strategies.workers import WorkerIdentity
from tests import scripted
from tests.scripted import World, blocks, fails

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")
PARAMETERS = {"retries": 2, "retry_delay_seconds": 1}


REAL_SLEEP = watch.Watch.sleep


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(needs={"a", "b", "c"})
    scripted.install(monkeypatch, world)
    monkeypatch.setattr(watch, "EVERY_SECONDS", 0.05)
    monkeypatch.setattr(watch.Watch, "sleep", lambda self, seconds, phase: self._wished.wait(min(seconds, 0.02)))
    return world


@pytest.fixture
def target(world: World) -> Target:
    return Target.objects.create(
        name="shop",
        platform="scripted",
        url="scripted://x",
        tenant=Tenant.objects.get(name="Main"),
        checked_at=timezone.now(),
    )


def claimed(target: Target, **values: Any) -> JobRun:
    asked: dict[str, Any] = {"parameters": PARAMETERS, "wake": False, **values}
    run = runs.ask(ANNA, target, "CLEANUP_MAINTENANCE", timezone.now(), **asked)
    assert runs.plan(run, timezone.now())
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    taken = runs.claim(run.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None
    return taken


def carried_out(target: Target, **values: Any) -> JobRun:
    run = claimed(target, **values)
    runner.carry_out(run)
    run.refresh_from_db()
    return run


def operations(run: JobRun) -> list[tuple[str | None, str, int]]:
    rows = OperationLog.objects.filter(run=run).order_by("operation_id")
    return [(row.target_object, row.status, row.attempt) for row in rows]


@pytest.fixture
def in_thread() -> Iterator[Callable[[JobRun], threading.Thread]]:
    threads: list[threading.Thread] = []

    def start(run: JobRun) -> threading.Thread:
        def work() -> None:
            try:
                runner.carry_out(run)
            finally:
                connection.close()

        thread = threading.Thread(target=work)
        threads.append(thread)
        thread.start()
        return thread

    yield start
    for thread in threads:
        thread.join(20)


def test_each_step_is_logged_with_its_meters_and_the_run_succeeds_when_the_target_says_so(
    world: World, target: Target
) -> None:
    run = carried_out(target)
    assert run.status == RunStatus.SUCCEEDED
    assert operations(run) == [("a", "SUCCESS", 1), ("b", "SUCCESS", 1), ("c", "SUCCESS", 1)]
    row = OperationLog.objects.filter(run=run).first()
    assert row is not None
    assert (row.cpu_time_ms, row.memory_used_mb, row.io_operations, row.rows_processed) == (1, None, None, 10)
    assert row.strategy_context["after"] == {"size": 1}
    assert world.executed == ["fix a;", "fix b;", "fix c;"]


def test_a_step_that_reports_success_and_does_nothing_is_called_failed(world: World, target: Target) -> None:
    world.silent = {"b"}
    run = carried_out(target)
    assert run.status == RunStatus.FAILED
    assert operations(run) == [("a", "SUCCESS", 1), ("b", "ERROR", 1), ("c", "SUCCESS", 1)]
    assert "b is still broken" in run.message


def test_a_transient_error_is_tried_again_and_every_attempt_is_visible(world: World, target: Target) -> None:
    world.script["b"] = [fails(ErrorClass.TRANSIENT, "40001"), fails(ErrorClass.TRANSIENT, "40001")]
    run = carried_out(target)
    assert run.status == RunStatus.SUCCEEDED
    assert operations(run)[1:4] == [("b", "ERROR", 1), ("b", "ERROR", 2), ("b", "SUCCESS", 3)]
    assert world.cleaned == ["b", "b"]


def test_between_two_attempts_the_run_says_when_the_next_begins(
    world: World, target: Target, in_thread: Callable[[JobRun], threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch.Watch, "sleep", REAL_SLEEP)
    world.script["a"] = [fails(ErrorClass.TRANSIENT)]
    run = claimed(target, parameters={"retries": 1, "retry_delay_seconds": 60})
    thread = in_thread(run)
    words, until = "attempt 2 begins 60 s after the one before", time.monotonic() + 10
    while not JobRun.objects.filter(pk=run.pk, step_phase=words).exists():
        assert time.monotonic() < until
    assert endings.ask_stop(run, ANNA, Stop.CANCEL, timezone.now())
    thread.join(10)
    assert not thread.is_alive()


def test_a_permanent_error_is_not_tried_again_and_the_other_objects_are_still_done(
    world: World, target: Target
) -> None:
    world.script["a"] = [fails(ErrorClass.PERMANENT, "42501", "no right")]
    run = carried_out(target)
    assert run.status == RunStatus.FAILED
    assert operations(run) == [("a", "ERROR", 1), ("b", "SUCCESS", 1), ("c", "SUCCESS", 1)]
    assert run.error_code == "42501"
    assert run.state_left == LeftBehind.CLEAN


def test_an_object_that_stays_busy_is_a_warning_not_a_failure(world: World, target: Target) -> None:
    world.script["a"] = [fails(ErrorClass.LOCK, "55P03")] * 3
    run = carried_out(target)
    assert run.status == RunStatus.WARNING
    assert operations(run)[:3] == [("a", "WARNING", 1), ("a", "WARNING", 2), ("a", "WARNING", 3)]


def test_a_step_that_is_no_longer_needed_falls_away_and_says_so(world: World, target: Target) -> None:
    run = claimed(target)
    world.needs.discard("b")
    runner.carry_out(run)
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCEEDED
    assert operations(run)[1] == ("b", "INFO", 1)
    assert "fix b;" not in world.executed


def test_what_a_failed_step_left_behind_is_said_on_the_run(world: World, target: Target) -> None:
    world.script["a"] = [fails(ErrorClass.PERMANENT)]
    world.left["a"] = StateLeft(LeftBehind.NEEDS_CLEANUP, "An invalid copy is left.")
    run = carried_out(target)
    assert (run.state_left, run.state_left_message) == ("needs_cleanup", "An invalid copy is left.")


def test_after_a_lost_connection_the_target_is_asked_whether_the_step_is_done(world: World, target: Target) -> None:
    def done_but_lost(world: World, session: Any) -> TargetError:
        world.needs.discard("b")
        return TargetError(ErrorClass.LOST, "08006", "connection lost")

    world.script["b"] = [done_but_lost]
    run = carried_out(target)
    assert run.status == RunStatus.SUCCEEDED
    assert ("b", "SUCCESS", 1) in operations(run)
    assert world.executed.count("fix b;") == 1


def test_a_lost_connection_before_the_step_was_done_is_tried_again(world: World, target: Target) -> None:
    world.script["b"] = [fails(ErrorClass.LOST, "08006")]
    run = carried_out(target)
    assert run.status == RunStatus.SUCCEEDED
    assert [row for row in operations(run) if row[0] == "b"] == [("b", "ERROR", 1), ("b", "SUCCESS", 2)]


def test_a_connection_that_is_found_lost_before_a_step_costs_it_no_attempt(world: World, target: Target) -> None:
    """As after a statement that ended its session although its error says something else."""
    world.asked["is_needed"] = [lambda world, session: None, fails(ErrorClass.LOST, "08006")]
    run = carried_out(target, parameters={"retries": 0})
    assert run.status == RunStatus.SUCCEEDED, run.message
    assert [row for row in operations(run) if row[0] == "b"] == [("b", "SUCCESS", 1)]


def test_known_damage_fails_a_run_whose_steps_are_all_done(world: World, target: Target) -> None:
    world.damaged = {"pages"}
    run = carried_out(target)
    assert (run.status, run.error_code, run.awaits_handling) == (RunStatus.FAILED, "failed_check", True)
    assert run.message == "pages is damaged. 3 of 3 steps are done."
    assert "pages is left alone: pages is damaged. Restore it." in run.plan["notes"]


@pytest.mark.parametrize("is_released", [True, False])
def test_known_damage_fails_a_run_that_has_nothing_to_do(world: World, target: Target, is_released: bool) -> None:
    world.needs, world.damaged = set(), {"pages"}
    run = runs.ask(ANNA, target, "CLEANUP_MAINTENANCE", timezone.now(), wake=False, is_released=is_released)
    assert runs.plan(run, timezone.now())
    if not is_released:
        assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    assert (run.status, run.message, run.error_code) == (RunStatus.FAILED, "pages is damaged.", "failed_check")
    assert (run.awaits_handling, run.state_left) == (True, "clean")


def test_what_no_step_meets_takes_no_room_from_what_one_does(world: World, target: Target) -> None:
    world.needs, world.damaged = {"z"}, {f"d{n:03}" for n in range(150)}
    run = runs.ask(ANNA, target, "CLEANUP_MAINTENANCE", timezone.now(), wake=False, parameters={"max_objects": 100})
    assert runs.plan(run, timezone.now())
    assert [step["object"] for step in run.plan["steps"]] == ["z"]
    notes = run.plan["notes"]
    assert len(notes) == 102
    assert notes[-1] == "50 more are left alone for such reasons; the page of the database names them."


def test_a_target_that_cannot_be_reached_puts_the_run_back_to_wait(world: World, target: Target) -> None:
    run = claimed(target)
    world.connect_error = TargetError(ErrorClass.TRANSIENT, "08001", "refused")
    runner.carry_out(run)
    run.refresh_from_db()
    assert (run.status, run.started_at) == (RunStatus.WAITING, None)
    assert run.reasons[0]["code"] == "unreachable"


def test_a_refused_sign_in_fails_the_run_and_stops_the_target(world: World, target: Target) -> None:
    run = claimed(target)
    world.connect_error = TargetError(ErrorClass.AUTHENTICATION, "28P01", "password authentication failed")
    runner.carry_out(run)
    run.refresh_from_db()
    target.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert target.stopped_at is not None
    again = successors.try_again(run, ANNA, timezone.now())
    assert not runs.plan(again, timezone.now())
    again.refresh_from_db()
    assert (again.status, [reason["code"] for reason in again.reasons]) == (RunStatus.PLANNED, ["stopped"])


def test_cancel_ends_the_statement_and_the_rest_is_not_begun(
    world: World, target: Target, in_thread: Callable[[JobRun], threading.Thread]
) -> None:
    begun = threading.Event()
    world.script["b"] = [blocks(begun)]
    run = claimed(target)
    thread = in_thread(run)
    assert begun.wait(10)
    assert endings.ask_stop(run, ANNA, Stop.CANCEL, timezone.now())
    thread.join(10)
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    assert operations(run) == [("a", "SUCCESS", 1), ("b", "CANCELLED", 1)]
    assert "Stopped by anna. 1 of 3 steps are done." in run.message


def test_stop_after_this_step_lets_it_end(
    world: World, target: Target, in_thread: Callable[[JobRun], threading.Thread]
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(world: World, session: Any) -> None:
        begun.set()
        assert go_on.wait(10)

    world.script["a"] = [slow]
    run = claimed(target)
    thread = in_thread(run)
    assert begun.wait(10)
    assert endings.ask_stop(run, ANNA, Stop.AFTER_STEP, timezone.now())
    while not JobRun.objects.filter(pk=run.pk, step_phase="half-way").exists():
        pass
    go_on.set()
    thread.join(10)
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    assert operations(run) == [("a", "SUCCESS", 1)]


def test_a_run_that_reaches_its_limit_is_timed_out_and_its_statement_cancelled(
    world: World, target: Target, in_thread: Callable[[JobRun], threading.Thread]
) -> None:
    world.script["a"] = [blocks(threading.Event())]
    run = claimed(target, timeout_seconds=1)
    in_thread(run).join(10)
    run.refresh_from_db()
    assert run.status == RunStatus.TIMED_OUT
    assert operations(run) == [("a", "TIMEOUT", 1)]


def test_a_shutdown_pauses_the_run_and_the_next_worker_carries_on_where_it_stood(
    world: World, target: Target, in_thread: Callable[[JobRun], threading.Thread], settings: Any
) -> None:
    settings.PORTAL_GRACE_SECONDS = 0
    begun = threading.Event()
    world.script["b"] = [blocks(begun)]
    run = claimed(target)
    thread = in_thread(run)
    assert begun.wait(10)
    me = WorkerIdentity.current()
    assert endings.ask_shutdown(me.host, me.group, timezone.now()) == 1
    thread.join(10)
    run.refresh_from_db()
    assert run.status == RunStatus.PAUSED
    assert runs.carry_on(run)
    run.refresh_from_db()
    runs.ask_gate([run], timezone.now())
    again = runs.claim(run.pk, me.text, timezone.now())
    assert again is not None
    runner.carry_out(again)
    again.refresh_from_db()
    assert again.status == RunStatus.SUCCEEDED
    assert world.executed == ["fix a;", "fix b;", "fix b;", "fix c;"]


def test_a_worker_that_lost_the_run_cancels_its_statement_and_writes_nothing_more(
    world: World, target: Target, in_thread: Callable[[JobRun], threading.Thread]
) -> None:
    begun = threading.Event()
    world.script["a"] = [blocks(begun)]
    run = claimed(target)
    thread = in_thread(run)
    assert begun.wait(10)
    JobRun.objects.filter(pk=run.pk).update(fencing_token=99)
    thread.join(10)
    run.refresh_from_db()
    assert run.status == RunStatus.RUNNING
    assert world.executed == ["fix a;"]


def test_resume_takes_only_the_steps_that_are_not_done(world: World, target: Target) -> None:
    world.script["b"] = [fails(ErrorClass.PERMANENT)]
    run = carried_out(target)
    rest = successors.resume(run, ANNA, timezone.now())
    assert [step.object for step in runs.plan_of(rest).steps] == ["b"]
    assert rest.parent == run
    assert rest.status == RunStatus.PLANNED


def test_undo_takes_back_the_finished_steps_last_first(world: World, target: Target) -> None:
    run = carried_out(target)
    back = successors.undo(run, ANNA, timezone.now())
    assert [step.sql for step in runs.plan_of(back).steps] == ["break c;", "break b;", "break a;"]
    runs.release(back, ANNA, back.plan_digest, timezone.now())
    taken = runs.claim(back.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None
    runner.carry_out(taken)
    taken.refresh_from_db()
    assert taken.status == RunStatus.SUCCEEDED
    with pytest.raises(ValueError, match="nothing to undo"):
        successors.undo(taken, ANNA, timezone.now())


# Runs whose worker is gone.


def abandoned(target: Target, done: int, *, begun: bool) -> JobRun:
    """A run whose worker died: `done` steps done, the next one begun or not; its lease has passed."""
    run = claimed(target)
    plan = runs.plan_of(run)

    class Died(BaseException):
        pass

    with pytest.MonkeyPatch.context() as patch:
        count = 0
        original = journal.operation_log.begin

        def begin(*args: Any) -> int:
            nonlocal count
            if count == done and not begun:
                raise Died
            count += 1
            return original(*args)

        def execute(self: Any, step: Any) -> Any:
            if count > done:
                raise Died
            return real_execute(self, step)

        real_execute = scripted.ScriptedSession.execute
        patch.setattr(journal.operation_log, "begin", begin)
        patch.setattr(scripted.ScriptedSession, "execute", execute)
        if done == len(plan.steps):
            patch.setattr(runner.Runner, "_finish", lambda self: (_ for _ in ()).throw(Died()))
        with pytest.raises(Died):
            runner.carry_out(run)
    dead = WorkerIdentity(WorkerIdentity.current().host, 1, 2**22 - 1, 1.0)
    JobRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1), worker=dead.text)
    run.refresh_from_db()
    return run


def test_ending_a_session_may_cost_the_one_that_asked_for_it(
    world: World, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Oracle, where the driver takes the answer that another session is marked for the end of its own."""
    run, closed = abandoned(target, 1, begun=True), list[Any]()

    def end(self: Any, session: Any, remote: RemoteSession, *, force: bool) -> bool:
        closed.append(session)
        return True

    def refused(world: World, session: Any) -> TargetError | None:
        return TargetError(ErrorClass.LOST, "closed", "closed") if session in closed else None

    monkeypatch.setattr(scripted.ScriptedPlatform, "end_session", end)
    world.live, world.asked["verify"] = [RemoteSession("77", False, "", None)], [refused]
    lost.look_after(run, timezone.now())
    assert len(closed) == 1
    assert (run.status, run.state_left) == (RunStatus.LOST, "clean")
    row = OperationLog.objects.filter(run=run).latest("operation_id")
    assert "could not be asked" not in str(row.message)


@pytest.mark.parametrize(("done", "begun"), [(0, False), (0, True), (1, False), (1, True), (2, True)])
def test_a_run_whose_worker_died_is_lost_and_what_is_done_is_told_by_the_target(
    world: World, target: Target, done: int, begun: bool
) -> None:
    run = abandoned(target, done, begun=begun)
    lost.look_after(run, timezone.now())
    assert run.status == RunStatus.LOST
    assert f"{done} of 3 steps are done" in run.message
    expected = [("abc"[n], "SUCCESS", 1) for n in range(done)] + ([("abc"[done], "ERROR", 1)] if begun else [])
    assert operations(run) == expected
    assert len(world.executed) == done
    assert [step.object for step in runs.plan_of(successors.resume(run, ANNA, timezone.now())).steps] == list(
        "abc"[done:]
    )


def test_a_step_that_the_target_finished_without_its_worker_counts_as_done(world: World, target: Target) -> None:
    run = abandoned(target, 1, begun=True)
    world.needs.discard("b")
    lost.look_after(run, timezone.now())
    assert operations(run) == [("a", "SUCCESS", 1), ("b", "SUCCESS", 1)]
    assert "2 of 3 steps are done" in run.message


def test_a_worker_lost_after_the_last_step_is_a_warning_not_a_loss(world: World, target: Target) -> None:
    run = abandoned(target, 3, begun=False)
    lost.look_after(run, timezone.now())
    assert run.status == RunStatus.WARNING


def test_while_the_statement_still_runs_on_the_target_the_run_is_not_given_up(world: World, target: Target) -> None:
    run = abandoned(target, 1, begun=True)
    world.live = [RemoteSession("77", True, "fix b", 3.0)]
    lost.look_after(run, timezone.now())
    assert run.status == RunStatus.RUNNING
    run.refresh_from_db()
    assert "still runs on the target" in run.step_phase
    assert world.ended == []
    endings.ask_stop(run, ANNA, Stop.CANCEL, timezone.now())
    lost.look_after(run, timezone.now() + timedelta(seconds=60))
    assert world.ended == ["77"]


def test_when_the_target_cannot_be_asked_nothing_is_guessed(world: World, target: Target) -> None:
    run = abandoned(target, 1, begun=True)
    world.connect_error = TargetError(ErrorClass.TRANSIENT, "08001", "refused")
    lost.look_after(run, timezone.now())
    run.refresh_from_db()
    assert run.status == RunStatus.RUNNING
    assert "cannot be asked" in run.step_phase


def test_a_worker_that_lives_and_is_only_late_keeps_its_run(world: World, target: Target) -> None:
    run = abandoned(target, 1, begun=True)
    JobRun.objects.filter(pk=run.pk).update(worker=WorkerIdentity.current().text)
    lost.look_after(run, timezone.now())
    run.refresh_from_db()
    assert run.status == RunStatus.RUNNING


def test_looking_twice_judges_once(world: World, target: Target) -> None:
    run = abandoned(target, 1, begun=True)
    other = JobRun.objects.get(pk=run.pk)
    lost.look_after(run, timezone.now())
    lost.look_after(other, timezone.now())
    assert other.status == RunStatus.LOST
    assert other.fencing_token == run.fencing_token


# Stops that come at any moment, and trouble beside the run.


@pytest.mark.parametrize("question", ["is_needed", "verify"])
def test_cancel_also_stops_what_is_asked_around_a_step(
    world: World, target: Target, in_thread: Callable[[JobRun], threading.Thread], question: str
) -> None:
    begun = threading.Event()
    world.asked[question] = [blocks(begun)]
    run = claimed(target)
    thread = in_thread(run)
    assert begun.wait(10)
    assert endings.ask_stop(run, ANNA, Stop.CANCEL, timezone.now())
    thread.join(10)
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    assert operations(run) == [("a", "CANCELLED", 1)]


def test_cancel_during_the_second_look_ends_it_and_the_run_says_so(
    world: World, target: Target, in_thread: Callable[[JobRun], threading.Thread]
) -> None:
    begun = threading.Event()
    run = claimed(target)
    world.asked["assess"] = [blocks(begun)]
    thread = in_thread(run)
    assert begun.wait(10)
    assert endings.ask_stop(run, ANNA, Stop.CANCEL, timezone.now())
    thread.join(10)
    run.refresh_from_db()
    assert run.status == RunStatus.WARNING
    assert run.message == "3 of 3 steps are done. The second look was stopped by anna."


def test_a_shutdown_during_the_second_look_pauses_and_the_next_worker_only_looks(
    world: World, target: Target, in_thread: Callable[[JobRun], threading.Thread], settings: Any
) -> None:
    settings.PORTAL_GRACE_SECONDS = 0
    begun = threading.Event()
    run = claimed(target)
    world.asked["assess"] = [blocks(begun)]
    thread = in_thread(run)
    assert begun.wait(10)
    me = WorkerIdentity.current()
    assert endings.ask_shutdown(me.host, me.group, timezone.now()) == 1
    thread.join(10)
    run.refresh_from_db()
    assert run.status == RunStatus.PAUSED
    again = carried_on(run)
    runner.carry_out(again)
    again.refresh_from_db()
    assert again.status == RunStatus.SUCCEEDED
    assert world.executed == ["fix a;", "fix b;", "fix c;"]


def carried_on(run: JobRun) -> JobRun:
    assert runs.carry_on(run)
    run.refresh_from_db()
    runs.ask_gate([run], timezone.now())
    again = runs.claim(run.pk, WorkerIdentity.current().text, timezone.now())
    assert again is not None
    return again


def test_a_worker_whose_run_was_taken_over_begins_no_further_step(world: World, target: Target) -> None:
    run = claimed(target)

    def taken_over(world: World, session: Any) -> None:
        JobRun.objects.filter(pk=run.pk).update(fencing_token=99, status=RunStatus.LOST)

    world.script["a"] = [taken_over]
    runner.carry_out(run)
    run.refresh_from_db()
    assert run.status == RunStatus.LOST
    assert world.executed == ["fix a;"]
    assert operations(run)[1:] == []


def test_a_target_that_cannot_be_reached_is_asked_again_at_the_gates_own_pace(world: World, target: Target) -> None:
    run = claimed(target)
    world.connect_error = TargetError(ErrorClass.TRANSIENT, "08001", "refused")
    runner.carry_out(run)
    run.refresh_from_db()
    target.refresh_from_db()
    assert "refused" in target.check_error
    run = JobRun.objects.select_related("target").get(pk=run.pk)
    assert not runs.ask_gate([run], timezone.now())[run.pk].may_start


def test_trouble_in_one_look_of_the_watch_stops_neither_the_sign_of_life_nor_the_next_look(
    world: World, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = claimed(target)
    session = scripted.ScriptedSession(world)
    seen = watch.Watch(run, session)
    monkeypatch.setattr(session, "progress", lambda: 1 / 0)
    JobRun.objects.filter(pk=run.pk).update(stop=Stop.CANCEL, heartbeat_at=None)
    monkeypatch.setattr(session, "cancel", lambda: 1 / 0)
    with seen.at_work():
        seen.look()
        seen.look()
    run.refresh_from_db()
    assert run.heartbeat_at is not None
    assert seen.wish is watch.Wish.CANCEL


def test_waiting_for_our_own_lost_session_does_not_hammer_the_target(
    world: World, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = claimed(target)
    seen = watch.Watch(run, scripted.ScriptedSession(world))
    JobRun.objects.filter(pk=run.pk).update(stop=Stop.AFTER_STEP)
    seen.look()
    waits = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            world.live = []

    world.live = [RemoteSession("77", True, "fix a", 1.0)]
    monkeypatch.setattr(verification.time, "sleep", wait)
    verification.wait_until_alone(run, scripted.ScriptedSession(world), seen)
    assert waits == [1.0, 1.0, 1.0]


def test_clean_ups_of_an_attempt_do_not_count_as_steps(
    world: World, target: Target, in_thread: Callable[[JobRun], threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    def clean_up(self: Any, session: Any, step: Step) -> list[Step]:
        return [replace(step, key=f"clean:{step.key}", role=StepRole.CLEAN_UP, statements=("clean",))]

    monkeypatch.setattr(scripted.ScriptedConcern, "clean_up", clean_up)
    begun = threading.Event()
    world.script["a"] = [fails(ErrorClass.TRANSIENT)]
    world.script["b"] = [blocks(begun)]
    run = claimed(target)
    thread = in_thread(run)
    assert begun.wait(10)
    assert endings.ask_stop(run, ANNA, Stop.CANCEL, timezone.now())
    thread.join(10)
    run.refresh_from_db()
    assert (run.status, run.message) == (RunStatus.CANCELLED, "Stopped by anna. 1 of 3 steps are done.")


def test_a_prerequisite_that_does_not_hold_puts_the_run_back_for_a_minute(world: World, target: Target) -> None:
    run = claimed(target)
    JobRun.objects.filter(pk=run.pk).update(prechecks=["ROOM"])
    run.refresh_from_db()
    world.precheck = "the disk is full."
    runner.carry_out(run)
    run.refresh_from_db()
    assert (run.status, run.reasons[0]["sentence"]) == (RunStatus.WAITING, "ROOM does not hold: the disk is full.")
    now = timezone.now()
    run = JobRun.objects.select_related("target").get(pk=run.pk)
    assert not runs.ask_gate([run], now)[run.pk].may_start
    world.precheck = ""
    assert runs.ask_gate([run], now + timedelta(seconds=61))[run.pk].may_start
    taken = runs.claim(run.pk, WorkerIdentity.current().text, now + timedelta(seconds=61))
    assert taken is not None
    runner.carry_out(taken)
    taken.refresh_from_db()
    assert taken.status == RunStatus.SUCCEEDED


def test_pauses_do_not_count_as_work_and_the_limit_goes_on_where_it_stood(
    world: World, target: Target, in_thread: Callable[[JobRun], threading.Thread], settings: Any
) -> None:
    settings.PORTAL_GRACE_SECONDS = 0
    begun = threading.Event()
    world.script["b"] = [blocks(begun)]
    run = claimed(target, timeout_seconds=100)
    JobRun.objects.filter(pk=run.pk).update(claimed_at=timezone.now() - timedelta(seconds=60))
    run.refresh_from_db()
    thread = in_thread(run)
    assert begun.wait(10)
    me = WorkerIdentity.current()
    endings.ask_shutdown(me.host, me.group, timezone.now())
    thread.join(10)
    run.refresh_from_db()
    assert 60_000 <= run.worked_ms < 75_000
    began = run.started_at
    again = carried_on(run)
    assert again.started_at == began
    assert again.deadline_at is not None
    assert again.deadline_at - timezone.now() < timedelta(seconds=41)
    runner.carry_out(again)
    again.refresh_from_db()
    assert again.duration_ms is not None
    assert 60_000 <= again.duration_ms < 90_000


def test_a_run_that_goes_on_first_removes_what_the_broken_off_attempt_left(world: World, target: Target) -> None:
    world.script["b"] = [fails(ErrorClass.PERMANENT)]
    run = carried_out(target)
    world.cleaned.clear()
    rest = successors.resume(run, ANNA, timezone.now())
    assert runs.release(rest, ANNA, rest.plan_digest, timezone.now())
    taken = runs.claim(rest.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None
    runner.carry_out(taken)
    assert world.cleaned == ["b"]
