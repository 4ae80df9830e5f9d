"""What a claimed run asks of its target before its first step, on a target that does what the test scripts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from strategies import consents, endings, holds, runs
from strategies.audit import Actor
from strategies.execution import runner, watch
from strategies.models import JobRun, RunStatus, Stop, Target, Tenant
from strategies.plans import ErrorClass
from strategies.platforms.base import NotSupported, Unasked
from strategies.workers import WorkerIdentity
from tests import scripted
from tests.scripted import World, fails

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(needs={"a", "b"})
    scripted.install(monkeypatch, world)
    monkeypatch.setattr(watch, "EVERY_SECONDS", 0.05)
    return world


@pytest.fixture
def target(world: World) -> Target:
    main = Tenant.objects.get(name="Main")
    return Target.objects.create(
        name="shop", platform="scripted", url="scripted://x", tenant=main, checked_at=timezone.now(), load_limit=10
    )


def planned(target: Target, **values: Any) -> JobRun:
    """Released, and let in by the gate."""
    run = runs.ask(ANNA, target, "CLEANUP_MAINTENANCE", timezone.now(), wake=False)
    assert runs.plan(run, timezone.now())
    JobRun.objects.filter(pk=run.pk).update(**values)
    run.refresh_from_db()
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    return run


def taken_up(run: JobRun, moment: datetime | None = None) -> JobRun:
    taken = runs.claim(run.pk, WorkerIdentity.current().text, moment or timezone.now())
    assert taken is not None
    runner.carry_out(taken)
    taken.refresh_from_db()
    return taken


def test_a_run_does_not_start_while_its_target_is_too_busy_and_starts_by_itself_when_it_is_not(
    world: World, target: Target
) -> None:
    world.loads = [14, 2]
    run = taken_up(planned(target))
    assert (run.status, world.executed, run.has_begun) == (RunStatus.WAITING, [], False)
    (reason,) = run.reasons
    assert reason["code"] == "busy"
    assert reason["sentence"] == "shop is busy (14 active sessions, limit 10)."
    assert "a DBA may raise the limit" in reason["cleared_by"]
    later = timezone.now() + timedelta(seconds=61)
    again = JobRun.objects.select_related("target", "job", "config").get(pk=run.pk)
    assert not runs.ask_gate([again], timezone.now())[run.pk].may_start
    assert runs.ask_gate([again], later)[run.pk].may_start
    assert taken_up(run, later).status == RunStatus.SUCCEEDED


def test_what_the_gate_says_beside_it_is_said_once_however_often_it_is_asked(world: World, target: Target) -> None:
    world.loads = [14]
    run = taken_up(planned(target))
    hold = holds.place(ANNA, timezone.now(), "Close.", target=target)
    again = JobRun.objects.select_related("target", "job", "config").get(pk=run.pk)
    for _ in range(3):
        runs.ask_gate([again], timezone.now())
        again.refresh_from_db()
        assert [reason["code"] for reason in again.reasons] == ["hold", "busy"]
    holds.lift(hold, ANNA, timezone.now())
    runs.ask_gate([again], timezone.now())
    again.refresh_from_db()
    assert [reason["code"] for reason in again.reasons] == ["busy"]


def test_a_target_that_does_not_tell_its_load_is_worked_on_and_the_run_says_that_its_limit_was_not_heeded(
    world: World, target: Target
) -> None:
    world.loads = [NotSupported("Nobody knows.")]
    run = taken_up(planned(target))
    assert run.status == RunStatus.SUCCEEDED
    assert run.precheck_notes == ["Its limit of load is not heeded: Nobody knows."]


def test_a_load_that_could_not_be_asked_is_no_low_load(world: World, target: Target) -> None:
    world.loads, world.asked["load"] = [1], [fails(ErrorClass.TRANSIENT, "08006", "gone")]
    run = taken_up(planned(target))
    assert (run.status, world.executed) == (RunStatus.WAITING, [])
    assert "could not be asked: 08006: gone" in run.reasons[0]["sentence"]


def test_without_a_limit_nobody_asks_for_the_load(world: World, target: Target) -> None:
    Target.objects.update(load_limit=None)
    assert taken_up(planned(target)).status == RunStatus.SUCCEEDED


def test_what_a_check_only_notes_is_kept_with_the_run_and_does_not_stop_it(world: World, target: Target) -> None:
    world.loads, world.precheck, world.is_precheck_mild = [1], "the disk is half full.", True
    run = taken_up(planned(target, prechecks=["ROOM"]))
    assert (run.status, run.precheck_notes) == (RunStatus.SUCCEEDED, ["ROOM: the disk is half full."])


@pytest.mark.parametrize(
    ("unasked", "is_named", "starts", "notes"),
    [
        (Unasked.LEFT_OUT, False, True, []),
        (Unasked.LEFT_OUT, True, False, []),
        (Unasked.NOTED, False, True, ["ROOM: the disk is full."]),
        (Unasked.NOTED, True, False, []),
        (Unasked.HOLDS, False, False, []),
    ],
)
def test_what_a_job_asks_for_by_name_is_in_the_way_and_what_is_asked_of_every_run_only_where_it_is_meant_to_be(
    unasked: Unasked, is_named: bool, starts: bool, notes: list[str], world: World, target: Target
) -> None:
    world.loads, world.precheck, world.unasked = [1], "the disk is full.", unasked
    run = taken_up(planned(target, prechecks=["ROOM"] if is_named else []))
    assert run.status == (RunStatus.SUCCEEDED if starts else RunStatus.WAITING)
    assert run.precheck_notes == notes


def test_what_changes_nothing_is_not_asked_for_what_only_changes_need(world: World, target: Target) -> None:
    world.loads, world.precheck, world.unasked = [1], "the server takes no changes.", Unasked.HOLDS
    assert taken_up(planned(target, is_read_only=True)).status == RunStatus.SUCCEEDED


@pytest.mark.parametrize(("is_named", "status"), [(True, RunStatus.WAITING), (False, RunStatus.SUCCEEDED)])
def test_a_check_that_could_not_be_asked_does_not_hold(
    is_named: bool, status: RunStatus, world: World, target: Target
) -> None:
    world.loads, world.unasked = [1], Unasked.NOTED
    world.asked["room"] = [fails(ErrorClass.PERMANENT, "42501", "no right")]
    run = taken_up(planned(target, prechecks=["ROOM"] if is_named else []))
    told = run.reasons[0]["sentence"] if is_named else run.precheck_notes[0]
    assert (run.status, "it could not be asked: 42501: no right" in told) == (status, True)


def test_what_was_approved_is_asked_anew_where_a_check_failed_and_not_where_it_could_not_be_asked(
    world: World, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, str]] = []
    monkeypatch.setattr(consents, "check_failed", lambda run, why, moment: told.append((run.pk, why)))
    world.loads, world.precheck = [1], "the disk is full."
    failed = taken_up(planned(target, prechecks=["ROOM"]))
    assert told == [(failed.pk, "ROOM does not hold: the disk is full.")]
    endings.ask_stop(failed, ANNA, Stop.CANCEL, timezone.now())
    world.asked["room"] = [fails(ErrorClass.TRANSIENT)]
    assert taken_up(planned(target, prechecks=["ROOM"])).status == RunStatus.WAITING
    assert len(told) == 1


def test_a_check_that_this_version_does_not_have_is_not_passed_over_in_silence(world: World, target: Target) -> None:
    world.loads = [1]
    run = taken_up(planned(target, prechecks=["MOON_PHASE"]))
    assert (run.status, world.executed) == (RunStatus.WAITING, [])
    assert "MOON_PHASE cannot be asked" in run.reasons[0]["sentence"]
