"""What follows an ended run: resume, undo, another try."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from strategies import runs, successors
from strategies.audit import Actor
from strategies.execution import runner
from strategies.models import AuditEntry, JobRun, Origin, RunStatus, Target, Tenant
from strategies.plans import ErrorClass
from strategies.workers import WorkerIdentity
from tests import scripted
from tests.scripted import World, fails

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(needs={"a", "b"})
    scripted.install(monkeypatch, world)
    return world


@pytest.fixture
def target(world: World) -> Target:
    main = Tenant.objects.get(name="Main")
    return Target.objects.create(
        name="shop", platform="scripted", url="scripted://x", tenant=main, checked_at=timezone.now()
    )


def done(target: Target) -> JobRun:
    run = runs.ask(ANNA, target, "CLEANUP_MAINTENANCE", timezone.now(), wake=False)
    runs.plan(run, timezone.now())
    return carried_out(run)


def carried_out(run: JobRun) -> JobRun:
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    taken = runs.claim(run.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None
    runner.carry_out(taken)
    taken.refresh_from_db()
    return taken


def test_an_undo_that_dies_before_it_has_its_plan_leaves_no_run_that_would_be_planned_forwards(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = done(target)
    monkeypatch.setattr(runs, "keep_plan", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        successors.undo(run, ANNA, timezone.now())
    assert not JobRun.objects.filter(origin=Origin.UNDO).exists()


def test_an_undo_that_was_resumed_still_counts_as_the_undo(world: World, target: Target) -> None:
    run = done(target)
    world.script["b"] = [fails(ErrorClass.PERMANENT)]
    half = carried_out(successors.undo(run, ANNA, timezone.now()))
    assert half.status == RunStatus.FAILED
    rest = carried_out(successors.resume(half, ANNA, timezone.now()))
    assert rest.status == RunStatus.SUCCEEDED
    assert successors.undone_by(run) == rest
    with pytest.raises(ValueError, match=f"Run {rest.pk} undoes"):
        successors.undo(run, ANNA, timezone.now())


def test_of_two_who_undo_at_once_one_does(target: Target) -> None:
    run = done(target)
    answers: list[Any] = []
    line = threading.Barrier(4)

    def undo() -> None:
        try:
            line.wait(10)
            answers.append(successors.undo(JobRun.objects.get(pk=run.pk), ANNA, timezone.now()))
        except ValueError as refusal:
            answers.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=undo) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(isinstance(answer, JobRun) for answer in answers) == 1
    assert JobRun.objects.filter(origin=Origin.UNDO).count() == 1
    assert len(answers) == 4


def test_what_follows_keeps_limits_prerequisites_and_rank_of_the_run_before(target: Target) -> None:
    run = done(target)
    JobRun.objects.filter(pk=run.pk).update(limits={"parallel_degree": 2}, prechecks=["ROOM"], priority_level=9)
    run.refresh_from_db()
    again = successors.try_again(run, ANNA, timezone.now())
    assert (again.limits, again.prechecks, again.priority_level) == ({"parallel_degree": 2}, ["ROOM"], 9)
    assert AuditEntry.objects.filter(action="run.asked", object_id=str(again.pk)).count() == 1
