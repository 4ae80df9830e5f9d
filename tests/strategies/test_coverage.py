"""How far a strategy came in the nights of a window, and what waits for longest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from strategies import durations
from strategies.coverage import Round, coverage
from strategies.models import JobRun, MaintenanceWindow, Origin, Role, RunStatus, Target, Tenant, User
from tests.pages import planned_run, step

FIRST = datetime(2026, 11, 20, 22, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = FIRST + 6 * DAY


def told(done: dict[str, datetime], keys: int = 4, nights: int = 1) -> str:
    slots = [FIRST + number * DAY for number in range(nights)]
    found = Round([f"k{number}" for number in range(keys)], FIRST, done, slots)
    return found.told("shop", "INDEX_MAINTENANCE", "indexes").sentence(NOW)


def test_the_sentence_tells_how_many_in_how_many_nights_and_how_old() -> None:
    done = {"k0": FIRST + DAY, "k1": FIRST + 2 * DAY, "k2": FIRST + 3 * DAY, "k3": FIRST + 4 * DAY}
    assert told(done, nights=6) == "4 of 4 indexes in 6 nights, oldest 5 days."


def test_what_was_done_before_the_round_is_not_done_in_it_and_is_the_oldest() -> None:
    assert told({"k0": FIRST + DAY, "k1": FIRST - 3 * DAY}) == "1 of 4 indexes in 1 night, oldest 9 days; 2 never done."


def test_of_what_was_never_done_no_age_is_told() -> None:
    assert told({}) == "0 of 4 indexes in 1 night; 4 never done."
    assert "oldest less than a day" in told({f"k{n}": NOW for n in range(4)})


class TestOfWindow:
    @pytest.fixture
    def anna(self, person: Callable[..., Any]) -> User:
        found: User = person("anna", Role.DBA)
        return found

    @pytest.fixture
    def shop(self, anna: User) -> Target:
        return Target.objects.create(
            name="shop", platform="sqlite", url="sqlite:////n/shop.db", tenant=Tenant.objects.get(name="Main")
        )

    @pytest.fixture
    def night(self, shop: Target) -> MaintenanceWindow:
        return MaintenanceWindow.objects.create(
            name="Night", target=shop, starts="2026-11-01T22:00", minutes=240, rule="FREQ=DAILY", owner="anna"
        )

    def run(
        self,
        night: MaintenanceWindow,
        at: datetime,
        *steps: int,
        of: JobRun | None = None,
        target: Target | None = None,
    ) -> JobRun:
        assert night.target is not None
        run = planned_run(target or night.target, *(step(number) for number in steps))
        JobRun.objects.filter(pk=run.pk).update(
            status=RunStatus.CONTINUED, started_at=at, window=night, window_starts_at=at, parent=of,
            origin=Origin.CONTINUE if of else Origin.SCHEDULE,
        )  # fmt: skip
        run.refresh_from_db()
        return run

    def done(self, target: Target, *numbers: int, at: datetime) -> None:
        times = {f"rebuild:orders_{number}": (5, at) for number in numbers}
        durations.remember_all(target, "INDEX_MAINTENANCE", times)

    def test_a_round_over_three_nights_is_told_as_one(self, night: MaintenanceWindow, shop: Target, anna: User) -> None:
        root = self.run(night, FIRST, 1, 2, 3, 4)
        self.done(shop, 1, at=FIRST + timedelta(hours=1))
        second = self.run(night, FIRST + DAY, 2, 3, 4, of=root)
        self.done(shop, 2, at=FIRST + DAY)
        self.run(night, FIRST + 2 * DAY, 3, 4, of=second)
        self.done(shop, 3, at=FIRST + 2 * DAY)
        durations.begun(shop, "INDEX_MAINTENANCE", "rebuild:orders_4", FIRST + 2 * DAY)
        (found,) = coverage(night, anna)
        assert (found.database, found.strategy) == ("shop", "INDEX_MAINTENANCE")
        assert found.sentence(NOW) == "3 of 4 indexes in 3 nights, oldest 5 days; 1 never done."

    def test_a_new_round_begins_with_the_next_whole_plan(
        self, night: MaintenanceWindow, shop: Target, anna: User
    ) -> None:
        self.run(night, FIRST, 1, 2)
        self.done(shop, 1, 2, at=FIRST)
        self.run(night, FIRST + DAY, 1, 2)
        self.done(shop, 1, at=FIRST + DAY)
        (found,) = coverage(night, anna)
        assert (found.done, found.total, found.nights) == (1, 2, 1)

    def test_nothing_was_at_work_in_it_nothing_is_told(
        self, night: MaintenanceWindow, shop: Target, anna: User
    ) -> None:
        planned_run(shop, step(1))
        assert coverage(night, anna) == []

    def test_of_another_tenants_databases_nothing_is_told_and_more_cost_no_more(
        self, night: MaintenanceWindow, shop: Target, anna: User
    ) -> None:
        self.run(night, FIRST, 1)
        assert len(coverage(night, anna)) == 1  # the reader's roles are known from now on
        with CaptureQueriesContext(connection) as few:
            coverage(night, anna)
        for number in range(4):
            tenant = Tenant.objects.get_or_create(name="Main" if number else "Other")[0]
            other = Target.objects.create(
                name=f"db{number}", platform="sqlite", url=f"sqlite:////n/{number}.db", tenant=tenant
            )
            self.run(night, FIRST, 1, 2, target=other)
        with CaptureQueriesContext(connection) as many:
            found = coverage(night, anna)
        assert sorted(one.database for one in found) == ["db1", "db2", "db3", "shop"]
        assert len(many) == len(few)
