"""A run between its steps: it waits while its target is too busy, rests where it nearly is, and ends at its budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from strategies import endings, runs, successors
from strategies.audit import Actor
from strategies.execution import runner, watch
from strategies.models import JobRun, Origin, RunStatus, Stop, Target, Tenant
from strategies.plans import ErrorClass, Locks, Step
from strategies.platforms.base import NotSupported
from strategies.workers import WorkerIdentity
from tests import scripted
from tests.scripted import World, fails

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")
Sleeps = list[tuple[float, str, int]]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(needs={"a", "b", "c"}, loads=[1])
    scripted.install(monkeypatch, world)
    monkeypatch.setattr(watch, "EVERY_SECONDS", 0.05)
    return world


@pytest.fixture
def meanwhile() -> list[Callable[[JobRun, watch.Watch], None]]:
    """What happens while the run sleeps for the first time, the second …"""
    return []


@pytest.fixture
def sleeps(world: World, meanwhile: list[Any], monkeypatch: pytest.MonkeyPatch) -> Sleeps:
    """No time passes: how long each sleep would have been (s), what pages would have said, and how many steps were sent by then."""
    found: Sleeps = []

    def sleep(self: watch.Watch, seconds: float, phase: str) -> None:
        found.append((seconds, phase, len(world.executed)))
        assert len(found) < 100, "it waits for ever"
        if meanwhile:
            meanwhile.pop(0)(JobRun.objects.get(pk=self._run.pk), self)

    monkeypatch.setattr(watch.Watch, "sleep", sleep)
    return found


@pytest.fixture
def target(world: World) -> Target:
    main = Tenant.objects.get(name="Main")
    return Target.objects.create(
        name="shop", platform="scripted", url="scripted://x", tenant=main, checked_at=timezone.now(), load_limit=10
    )


def carried_out(target: Target, **values: Any) -> JobRun:
    run = runs.ask(ANNA, target, "CLEANUP_MAINTENANCE", timezone.now(), wake=False)
    assert runs.plan(run, timezone.now())
    JobRun.objects.filter(pk=run.pk).update(**values)
    run.refresh_from_db()
    return go_on(run)


def go_on(run: JobRun) -> JobRun:
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    taken = runs.claim(run.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None
    runner.carry_out(taken)
    taken.refresh_from_db()
    return taken


def test_over_the_limit_no_step_begins_and_below_it_the_run_goes_on_by_itself(
    world: World, target: Target, sleeps: Sleeps
) -> None:
    world.loads = [1, 1, 14, 12, 11, 2]  # before the start, before the first step, and then before the second
    run = carried_out(target)
    assert run.status == RunStatus.SUCCEEDED
    assert [sent for _, _, sent in sleeps] == [1, 1, 1]
    assert sleeps[0][1] == "waits, since the database is busy (14 active sessions, limit 10)"


def test_near_the_limit_the_run_rests_after_each_step_as_long_as_the_step_was(
    world: World, target: Target, sleeps: Sleeps
) -> None:
    world.loads, world.step_ms = [1, 9], 5000
    assert carried_out(target).status == RunStatus.SUCCEEDED
    rests = [[seconds for seconds, _, sent in sleeps if sent == after] for after in (0, 1, 2)]
    assert rests == [[], [2, 2, 1], [2, 2, 1]]
    assert sleeps[0][1] == "rests before the next step, since the database is busy (9 active sessions, limit 10)"


def test_a_rest_ends_early_when_the_others_have_gone(world: World, target: Target, sleeps: Sleeps) -> None:
    world.loads, world.step_ms = [1, 1, 9, 2], 5000
    assert carried_out(target).status == RunStatus.SUCCEEDED
    assert len(sleeps) == 1


def test_a_stop_counts_while_the_run_waits(world: World, target: Target, sleeps: Sleeps, meanwhile: list[Any]) -> None:
    def stop(run: JobRun, seen: watch.Watch) -> None:
        assert endings.ask_stop(run, ANNA, Stop.AFTER_STEP, timezone.now())
        seen.look()

    world.loads = [1, 1, 14]
    meanwhile.append(stop)
    run = carried_out(target)
    assert (run.status, len(sleeps)) == (RunStatus.CANCELLED, 1)
    assert run.message == "Stopped by anna. 1 of 3 steps are done."


def test_the_end_of_its_window_counts_while_the_run_waits(
    world: World, target: Target, sleeps: Sleeps, meanwhile: list[Any]
) -> None:
    def close(run: JobRun, seen: watch.Watch) -> None:
        JobRun.objects.filter(pk=run.pk).update(window_ends_at=timezone.now() - timedelta(seconds=1))
        seen.look()

    world.loads = [1, 1, 14]
    meanwhile.append(close)
    run = carried_out(target)
    assert (run.status, len(sleeps)) == (RunStatus.CONTINUED, 1)
    rest = JobRun.objects.get(parent=run, origin=Origin.CONTINUE)
    assert rest.steps_total == 2


def test_its_limit_of_time_counts_while_the_run_waits(
    world: World, target: Target, sleeps: Sleeps, meanwhile: list[Any]
) -> None:
    def pass_time(run: JobRun, seen: watch.Watch) -> None:
        seen._run.deadline_at = timezone.now() - timedelta(seconds=1)
        seen.look()

    world.loads = [1, 1, 14]
    meanwhile.append(pass_time)
    run = carried_out(target)
    assert (run.status, len(sleeps)) == (RunStatus.TIMED_OUT, 1)


def test_a_limit_that_is_raised_meanwhile_counts_at_once(
    world: World, target: Target, sleeps: Sleeps, meanwhile: list[Any]
) -> None:
    world.loads = [1, 1, 14]
    meanwhile.append(lambda run, seen: Target.objects.update(load_limit=20))
    assert carried_out(target).status == RunStatus.SUCCEEDED
    assert len(sleeps) == 1


@pytest.mark.parametrize("refusal", [NotSupported("hidden"), None])
def test_a_load_that_is_not_told_between_steps_holds_nothing_up(
    refusal: Exception | None, world: World, target: Target, sleeps: Sleeps
) -> None:
    world.loads = [1, 1, refusal or 1, 1]
    if refusal is None:
        world.asked["load"] = [lambda *_: None, fails(ErrorClass.TRANSIENT), lambda *_: None]
    assert carried_out(target).status == RunStatus.SUCCEEDED
    assert sleeps == []


# Budgets.


def test_a_run_ends_at_its_budget_and_what_is_left_can_be_resumed(world: World, target: Target) -> None:
    world.step_ms, world.step_io = 600, 40
    run = carried_out(target, limits={"max_database_seconds": 1})
    assert (run.status, world.executed) == (RunStatus.CANCELLED, ["fix a;", "fix b;"])
    assert run.message == (
        "Stopped at its budget: time on the database (1.2 of 1 s). 2 of 3 steps are done. What is left can be resumed."
    )
    assert run.used == {"database_ms": 1200, "io_operations": 80, "lock_ms": 0}
    assert (run.error_code, run.state_left) == ("", "clean")
    rest = go_on(successors.resume(run, ANNA, timezone.now()))
    assert (rest.status, rest.limits, world.executed[2:]) == (
        RunStatus.SUCCEEDED, {"max_database_seconds": 1}, ["fix c;"],
    )  # fmt: skip
    assert rest.used["database_ms"] == 600


def test_a_budget_that_is_spent_with_the_last_step_ends_nothing(world: World, target: Target) -> None:
    world.step_ms, world.needs = 600, {"a", "b"}
    assert carried_out(target, limits={"max_database_seconds": 1}).status == RunStatus.SUCCEEDED


def test_every_attempt_costs_and_a_run_that_failed_at_its_budget_has_failed(
    world: World, target: Target, sleeps: Sleeps
) -> None:
    world.step_ms, world.script["a"] = 600, [fails(ErrorClass.TRANSIENT), fails(ErrorClass.PERMANENT, "E", "broken")]
    run = carried_out(target, limits={"max_database_seconds": 1})
    assert (run.status, len(world.executed)) == (RunStatus.FAILED, 2)
    assert run.message.startswith("E: broken. Stopped at its budget: time on the database (1.2 of 1 s). 0 of 3")


def test_what_a_run_had_used_before_it_was_paused_counts_when_it_goes_on(world: World, target: Target) -> None:
    used = {"database_ms": 900, "io_operations": None, "lock_ms": 0}
    world.step_ms = 100
    run = carried_out(target, limits={"max_database_seconds": 1}, used=used)
    assert (run.status, world.executed, run.used["database_ms"]) == (RunStatus.CANCELLED, ["fix a;"], 1000)


def test_a_budget_does_not_split_what_belongs_together(
    world: World, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = scripted.ScriptedConcern.steps

    def steps(self: Any, findings: Any, parameters: Any) -> list[Step]:
        found = real(self, findings, parameters)
        return [replace(step, after=("fix:a",)) if step.object == "b" else step for step in found]

    monkeypatch.setattr(scripted.ScriptedConcern, "steps", steps)
    world.step_ms = 1000
    run = carried_out(target, limits={"max_database_seconds": 1})
    assert (run.status, world.executed) == (RunStatus.CANCELLED, ["fix a;", "fix b;"])


def test_the_time_of_steps_that_keep_others_from_writing_is_counted_by_itself(
    world: World, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = scripted.ScriptedConcern.steps

    def steps(self: Any, findings: Any, parameters: Any) -> list[Step]:
        found = real(self, findings, parameters)
        return [replace(step, locks=Locks.WRITES) if step.object == "a" else step for step in found]

    monkeypatch.setattr(scripted.ScriptedConcern, "steps", steps)
    world.step_ms = 2000
    run = carried_out(target, limits={"max_lock_seconds": 2, "max_io_operations": 1})
    assert (run.status, world.executed) == (RunStatus.CANCELLED, ["fix a;"])
    assert "time that kept others from writing (2.0 of 2 s)" in run.message
    assert run.used == {"database_ms": 2000, "io_operations": None, "lock_ms": 2000}
