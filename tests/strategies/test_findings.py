"""What a look sees is kept as findings, whichever look ends first and whatever happens to the target meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.utils import timezone

from maintenance_portal import tasks
from strategies import needs, runs, targets
from strategies.audit import Actor
from strategies.models import Assessment, Finding, Target, Tenant
from strategies.plans import TargetError
from strategies.platforms.base import Session
from strategies.targets import TargetValues
from strategies.workers import WorkerIdentity
from tests import scripted
from tests.scripted import World

ANNA = Actor("anna")
CLEANUP = "CLEANUP_MAINTENANCE"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(needs={"a"})
    scripted.install(monkeypatch, world)
    return world


@pytest.fixture
def values(db: None) -> TargetValues:
    return TargetValues(
        name="shop", platform="scripted", url="scripted://x", tenant=Tenant.objects.get(name="Main"), secret=""
    )


@pytest.fixture
def target(world: World, values: TargetValues) -> Target:
    target = targets.register(ANNA, values)
    Target.objects.filter(pk=target.pk).update(checked_at=timezone.now())
    return target


def look(target: Target) -> Assessment:
    asked = needs.ask_assessment(ANNA, target, CLEANUP, timezone.now(), wake=False)
    needs.assess(Assessment.objects.select_related("target").get(pk=asked.pk))
    asked.refresh_from_db()
    return asked


def meanwhile(world: World, act: Callable[[], None]) -> None:
    """During the next look, after it has begun."""

    def turn(world: World, session: Session) -> TargetError | None:
        act()
        return None

    world.asked["assess"] = [turn]


def current() -> list[str]:
    return sorted(Finding.objects.current().values_list("object", flat=True))


def test_of_two_looks_the_one_that_began_later_stands(world: World, target: Target) -> None:
    """The first saw nothing any more of what a run mended while it went on, or saw what is mended by now."""
    slow_saw = set(world.needs)

    def mended_and_looked_at() -> None:
        world.needs.clear()
        look(target)
        world.needs.update(slow_saw)  # what the slow one answers

    meanwhile(world, mended_and_looked_at)
    slow = look(target)
    assert (slow.found, slow.error) == (1, "")
    assert current() == []


def test_what_a_look_cannot_tell_stands_until_a_run_has_met_it(world: World, target: Target) -> None:
    """As where statistics are too old by now to estimate how much an index wastes."""
    look(target)
    run = runs.ask(ANNA, target, CLEANUP, timezone.now(), wake=False)
    assert runs.plan(run, timezone.now())
    world.untold = {"a"}
    look(target)
    assert current() == ["a"]
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    taken = runs.claim(run.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None
    tasks.carry_out(taken)
    assert world.needs == set()
    assert current() == []


def test_a_look_that_goes_on_while_the_address_is_changed_says_so_and_keeps_nothing(
    world: World, target: Target, values: TargetValues
) -> None:
    meanwhile(
        world, lambda: targets.change(ANNA, Target.objects.get(pk=target.pk), replace(values, url="scripted://y"))
    )
    assert look(target).error == "Its address was changed while it was looked at. Ask again."
    assert current() == []


def test_another_address_is_another_database_with_needs_of_its_own(
    world: World, target: Target, values: TargetValues
) -> None:
    look(target)
    assert current() == ["a"]
    targets.change(ANNA, target, replace(values, url="scripted://y"))
    assert current() == []
    assert needs.needs_of([target])[0].sentence == "not assessed yet"
    world.needs = {"b"}
    look(target)
    assert current() == ["b"]
    assert needs.needs_of([target])[0].is_assessed


def test_another_password_leaves_what_was_found(target: Target, values: TargetValues) -> None:
    look(target)
    targets.change(ANNA, target, replace(values, secret="env:OTHER"))
    assert current() == ["a"]
    assert needs.needs_of([target])[0].is_assessed
