from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from strategies import runs
from strategies.audit import Actor
from strategies.execution import lost, runner, watch
from strategies.models import JobRun, OperationLog, RunStatus, Stop, Target, Tenant
from strategies.plans import ErrorClass, LeftBehind, StateLeft, TargetError
from strategies.platforms.base import RemoteSession
from strategies.workers import WorkerIdentity
from tests import scripted
from tests.scripted import World, blocks, fails

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")
PARAMETERS = {"retries": 2, "retry_delay_seconds": 1}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(needs={"a", "b", "c"})
    scripted.install(monkeypatch, world)
    monkeypatch.setattr(watch, "EVERY_SECONDS", 0.05)
    monkeypatch.setattr(watch.Watch, "sleep", lambda self, seconds: self._wished.wait(min(seconds, 0.02)))
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
    run = runs.ask(ANNA, target, "CLEANUP_MAINTENANCE", timezone.now(), parameters=PARAMETERS, wake=False, **values)
    assert runs.plan(run, timezone.now())
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    taken = runs.claim(run.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None
    return taken


def carried_out(target: Target) -> JobRun:
    run = claimed(target)
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
    again = runs.try_again(run, ANNA, timezone.now())
    runs.plan(again, timezone.now())
    assert again.status == RunStatus.FAILED
    assert "stopped" in again.error_code


def test_cancel_ends_the_statement_and_the_rest_is_not_begun(
    world: World, target: Target, in_thread: Callable[[JobRun], threading.Thread]
) -> None:
    begun = threading.Event()
    world.script["b"] = [blocks(begun)]
    run = claimed(target)
    thread = in_thread(run)
    assert begun.wait(10)
    assert runs.ask_stop(run, ANNA, Stop.CANCEL, timezone.now())
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
    assert runs.ask_stop(run, ANNA, Stop.AFTER_STEP, timezone.now())
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
    assert runs.ask_shutdown(me.host, me.group, timezone.now()) == 1
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
    rest = runs.resume(run, ANNA, timezone.now())
    assert [step.object for step in runs.plan_of(rest).steps] == ["b"]
    assert rest.parent == run
    assert rest.status == RunStatus.PLANNED


def test_undo_takes_back_the_finished_steps_last_first(world: World, target: Target) -> None:
    run = carried_out(target)
    back = runs.undo(run, ANNA, timezone.now())
    assert [step.sql for step in runs.plan_of(back).steps] == ["break c;", "break b;", "break a;"]
    runs.release(back, ANNA, back.plan_digest, timezone.now())
    taken = runs.claim(back.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None
    runner.carry_out(taken)
    taken.refresh_from_db()
    assert taken.status == RunStatus.SUCCEEDED
    with pytest.raises(ValueError, match="nothing to undo"):
        runs.undo(taken, ANNA, timezone.now())


# Runs whose worker is gone.


def abandoned(target: Target, done: int, *, begun: bool) -> JobRun:
    """A run whose worker died: `done` steps done, the next one begun or not; its lease has passed."""
    run = claimed(target)
    plan = runs.plan_of(run)

    class Died(BaseException):
        pass

    with pytest.MonkeyPatch.context() as patch:
        count = 0
        original = runner.operation_log.begin

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
        patch.setattr(runner.operation_log, "begin", begin)
        patch.setattr(scripted.ScriptedSession, "execute", execute)
        if done == len(plan.steps):
            patch.setattr(runner.Runner, "_finish", lambda self: (_ for _ in ()).throw(Died()))
        with pytest.raises(Died):
            runner.carry_out(run)
    dead = WorkerIdentity(WorkerIdentity.current().host, 1, 2**22 - 1, 1.0)
    JobRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1), worker=dead.text)
    run.refresh_from_db()
    return run


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
    assert [step.object for step in runs.plan_of(runs.resume(run, ANNA, timezone.now())).steps] == list("abc"[done:])


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
    runs.ask_stop(run, ANNA, Stop.CANCEL, timezone.now())
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
