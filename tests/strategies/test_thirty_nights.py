"""A month of nights on a clock that the test turns, with real planning, gate, claims and runner: nothing outlasts, nothing starves."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import log

import pytest

from strategies import durations, predictions, runs
from strategies.audit import Actor
from strategies.execution import runner, watch
from strategies.models import JobRun, MaintenanceWindow, Origin, RunStatus, Target
from strategies.plans import ErrorClass, TargetError
from strategies.platforms.base import Session
from strategies.workers import WorkerIdentity
from tests import scripted
from tests.nightly import scripted_target
from tests.scripted import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(600),
]  # beside whatever else this machine does

ANNA, STRATEGY = Actor("anna"), "CLEANUP_MAINTENANCE"
FIRST = datetime(2026, 10, 12, 22, tzinfo=UTC)
NIGHTS, OBJECTS, PAST = 30, 50, 100
LENGTH, GRACE, DAY, MINUTE = timedelta(hours=4), timedelta(minutes=5), timedelta(days=1), timedelta(minutes=1)


@dataclass
class Night:
    """The simulated target: how long each object takes, and what it has seen."""

    seed: int
    world: World
    moment: datetime = FIRST
    closes: datetime = FIRST + LENGTH
    p90_ms: dict[str, int] = field(default_factory=dict)
    visits: Counter[str] = field(default_factory=Counter)
    order: list[str] = field(default_factory=list)
    steps: int = 0
    outlasted: int = 0
    latest: timedelta = timedelta(0)  # after the end of a window
    cut_off: int = 0

    def __post_init__(self) -> None:
        chance = random.Random(self.seed)
        self.chance = chance
        self.names = [f"index_{number:02}" for number in range(OBJECTS)]
        self.usual = {name: (log(chance.uniform(3, 8) * 60_000), chance.uniform(0.2, 0.7)) for name in self.names}
        for name in self.names:
            self.world.script[name] = Turns(self)  # type: ignore[assignment]

    def __call__(self) -> datetime:
        return self.moment

    def takes_ms(self, name: str) -> int:
        return round(self.chance.lognormvariate(*self.usual[name]))

    def work(self, name: str, session: Session) -> TargetError | None:
        """The step takes its time; what would still be at work at the end of the grace is there to be cancelled."""
        takes_ms = self.takes_ms(name)
        self.steps += 1
        self.outlasted += name in self.p90_ms and takes_ms > self.p90_ms[name]
        ends = self.moment + timedelta(milliseconds=takes_ms)
        assert self.moment < self.closes  # nothing begins after the end
        is_cut_off = ends > self.closes + GRACE
        self.cut_off += is_cut_off
        self.moment = min(ends, self.closes + GRACE)
        self.latest = max(self.latest, self.moment - self.closes)
        self.world.step_ms = takes_ms
        if is_cut_off:
            assert isinstance(session, scripted.ScriptedSession)
            assert session.cancelled.wait(20), "nobody cancelled it"
            return TargetError(ErrorClass.CANCELLED, "57014", "cancelled")
        self.visits[name] += 1
        self.order.append(name)
        return None


class Turns:
    """What the scripted world asks for the next turn of an object, for ever."""

    def __init__(self, night: Night) -> None:
        self._night = night

    def __len__(self) -> int:
        return 1

    def pop(self, _: int) -> object:
        return lambda world, session: self._night.work(world.executed[-1].removeprefix("fix ").rstrip(";"), session)


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> Night:
    world = World()
    scripted.install(monkeypatch, world)
    monkeypatch.setattr(watch, "EVERY_SECONDS", 0.2)
    return Night(20261012, world)


def remember_the_past(night: Night, target: Target) -> None:
    """A hundred runs of each object before the first night; when they were is so long ago that no order comes from it."""
    for name in night.names:
        times = [night.takes_ms(name) for _ in range(PAST)]
        row, _ = durations.Duration.objects.get_or_create(
            target=target, strategy_name=STRATEGY, step_key=f"fix:{name}", defaults={"updated_at": FIRST - 90 * DAY}
        )
        row.recent_ms = times[-durations.KEPT :]
        row.save()


def waiting() -> Iterator[JobRun]:
    """As the tick asks for them."""
    rows = JobRun.objects.select_related("target", "job", "config").filter(status=RunStatus.WAITING)
    yield from rows.order_by("-priority_level", "due_at", "id")


def one_night(night: Night, target: Target) -> None:
    """All that need it need it again; the run of the night is planned, and whatever the gate lets in is carried out."""
    night.world.needs = set(night.names)
    usual = durations.usual_by_step(target, STRATEGY, at_least=predictions.ENOUGH)
    night.p90_ms = {key.removeprefix("fix:"): p90 for key, (_, p90) in usual.items()}
    run = runs.ask(ANNA, target, STRATEGY, night.moment, is_released=True, wake=False, timeout_seconds=10 * 24 * 3600)
    assert runs.plan(run, night.moment)
    for _ in range(OBJECTS):
        Target.objects.filter(pk=target.pk).update(checked_at=night.moment)
        verdicts = runs.ask_gate(list(waiting()), night.moment, wake=False)
        ready = next((pk for pk, verdict in verdicts.items() if verdict.may_start), None)
        if ready is None:
            return
        taken = runs.claim(ready, WorkerIdentity.current().text, night.moment)
        assert taken is not None
        runner.carry_out(taken, now=night)
        taken.refresh_from_db()
        assert taken.status in (RunStatus.SUCCEEDED, RunStatus.CONTINUED), taken.message
        night.moment += timedelta(seconds=1)
    raise AssertionError("the night did not end")


@pytest.fixture
def target(night: Night) -> Target:
    MaintenanceWindow.objects.create(
        name="Night", starts="2026-10-01T22:00", minutes=LENGTH // MINUTE, rule="FREQ=DAILY", owner="olga",
        grace_minutes=GRACE // MINUTE,
    )  # fmt: skip
    return scripted_target(checked_at=FIRST, max_parallel_runs=9)


def go_through(night: Night, target: Target, nights: int) -> None:
    for number in range(nights):
        night.moment = FIRST + number * DAY
        night.closes = night.moment + LENGTH
        one_night(night, target)
        # Whatever order the plans were made in: nobody has a further turn before everybody had one.
        counts = [night.visits[name] for name in night.names]
        assert max(counts) - min(counts) <= 1, number
    assert night.order[:OBJECTS] == list(dict.fromkeys(night.order))  # once before twice
    assert night.latest <= GRACE
    assert not JobRun.objects.filter(status__in=(RunStatus.RUNNING, RunStatus.FAILED)).exists()


def test_of_a_month_of_nights_none_is_outlasted_and_no_object_starves(night: Night, target: Target) -> None:
    remember_the_past(night, target)
    go_through(night, target, NIGHTS)
    assert night.steps >= 1000
    assert night.outlasted / night.steps <= 0.15
    assert JobRun.objects.filter(origin=Origin.CONTINUE).count() >= NIGHTS - 5


def test_where_nobody_knows_how_long_anything_takes_it_is_cut_off_after_the_grace(night: Night, target: Target) -> None:
    go_through(night, target, 5)
    assert night.cut_off > 0
    assert night.latest == GRACE
