"""Moving the end of a slot: by its owner or the role it names, within its limit, outside freezes, and felt by what is at work in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from strategies import gate_facts, openings, runs, timetables
from strategies.audit import Actor
from strategies.gate import verdict
from strategies.models import (
    AuditEntry,
    Calendar,
    CalendarEntry,
    CalendarScope,
    JobRun,
    MaintenanceWindow,
    Portal,
    Role,
    RunStatus,
    Target,
    Tenant,
    User,
    WindowChange,
)
from strategies.refused import Refused
from tests.jobs import beside, until_somebody_waits
from tests.pages import planned_run, step

OPENS = datetime(2026, 11, 28, 22, 0, tzinfo=UTC)
CLOSES = OPENS + timedelta(hours=4)
NOW = OPENS + timedelta(hours=3, minutes=50)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(db: None) -> Target:
    tenant = Tenant.objects.get_or_create(name="Main")[0]
    return Target.objects.create(
        name="shop", platform="sqlite", url="sqlite:////nowhere/shop.db", tenant=tenant, checked_at=NOW, max_parallel_runs=5,
        facts={"is_writable": True},
    )  # fmt: skip


@pytest.fixture
def night(shop: Target) -> MaintenanceWindow:
    return MaintenanceWindow.objects.create(
        name="Night",
        target=shop,
        starts="2026-11-20T22:00",
        minutes=240,
        rule="FREQ=DAILY",
        owner="olaf",
        extend_minutes=60,
    )


@pytest.fixture
def people(night: MaintenanceWindow, person: Callable[..., Any]) -> dict[str, User]:
    """olaf, a manager, owns the window; anna is a DBA, bert an approver; olga is a DBA who sees another tenant only."""
    return {
        "olaf": person("olaf", Role.MANAGER),
        "anna": person("anna", Role.DBA),
        "bert": person("bert", Role.APPROVER),
        "olga": person("olga", Role.DBA, tenant="Other"),
    }


@pytest.fixture
def anna(people: dict[str, User]) -> User:
    return people["anna"]


def extend(window: MaintenanceWindow, user: User, until: datetime, **values: Any) -> WindowChange:
    known: dict[str, Any] = {"starts_at": OPENS, "reason": "One index more", "moment": NOW} | values
    return openings.extend(window, until=until, user=user, actor=Actor(user.get_username()), **known)


def close(window: MaintenanceWindow, user: User, **values: Any) -> WindowChange:
    known: dict[str, Any] = {
        "actor": Actor(user.get_username()),
        "reason": "Month end came early",
        "moment": NOW,
    } | values
    return openings.close(window, OPENS, user=user, **known)


def ends_at(moment: datetime = NOW) -> datetime | None:
    (window,) = timetables.windows(moment)
    found = window.opening(moment)
    return found.slot.ends_at if found is not None else None


def at_work(target: Target, window: MaintenanceWindow, status: str = RunStatus.RUNNING) -> JobRun:
    run = planned_run(target, step(1))
    JobRun.objects.filter(pk=run.pk).update(status=status, window=window, window_starts_at=OPENS, window_ends_at=CLOSES)
    return run


@pytest.mark.parametrize("name", ["olaf", "anna"])
def test_its_owner_and_the_role_it_names_extend_it(
    name: str, night: MaintenanceWindow, people: dict[str, User]
) -> None:
    extend(night, people[name], CLOSES + 30 * MINUTE)
    assert ends_at() == CLOSES + 30 * MINUTE
    told = AuditEntry.objects.get(action="window.extended")
    assert (told.actor, told.reason, told.object_id) == (name, "One index more", str(night.pk))
    assert (told.before["ends_at"], told.after["ends_at"]) == (CLOSES.isoformat(), (CLOSES + 30 * MINUTE).isoformat())


@pytest.mark.parametrize("name", ["bert", "olga"])
def test_nobody_else_moves_its_end(name: str, night: MaintenanceWindow, people: dict[str, User]) -> None:
    for attempt in (lambda: extend(night, people[name], CLOSES + MINUTE), lambda: close(night, people[name])):
        with pytest.raises(Refused):
            attempt()
    assert not WindowChange.objects.exists()
    assert ends_at() == CLOSES


def test_where_approvers_extend_it_a_dba_who_does_not_own_it_may_not(
    night: MaintenanceWindow, people: dict[str, User]
) -> None:
    MaintenanceWindow.objects.filter(pk=night.pk).update(extended_by=Role.APPROVER)
    with pytest.raises(Refused, match="with the role Approver"):
        extend(night, people["anna"], CLOSES + MINUTE)
    extend(night, people["bert"], CLOSES + MINUTE)
    assert ends_at() == CLOSES + MINUTE


@pytest.mark.parametrize(
    ("until", "values", "said"),
    [
        (CLOSES + 61 * MINUTE, {}, "may be extended to .* at most, 60 min beyond"),
        (CLOSES, {}, "It is open until .* already"),
        (CLOSES - MINUTE, {}, "It is open until .* already"),
        (CLOSES + MINUTE, {"reason": "  "}, "Say why"),
        (CLOSES + MINUTE, {"starts_at": OPENS + MINUTE}, "It is not open now"),
        (CLOSES + MINUTE, {"moment": CLOSES}, "It is not open now"),
        (CLOSES + MINUTE, {"moment": OPENS - timedelta(days=1, minutes=1)}, "It is not open now"),
    ],
)  # fmt: skip
def test_what_goes_beyond_its_limit_or_is_over_is_refused(
    until: datetime, values: dict[str, Any], said: str, night: MaintenanceWindow, anna: User
) -> None:
    with pytest.raises(Refused, match=said):
        extend(night, anna, until, **values)
    assert not WindowChange.objects.exists()


def test_extended_again_it_stays_within_the_limit_beyond_the_planned_end(night: MaintenanceWindow, anna: User) -> None:
    extend(night, anna, CLOSES + 40 * MINUTE)
    with pytest.raises(Refused, match="at most"):
        extend(night, anna, CLOSES + 80 * MINUTE, moment=CLOSES + 30 * MINUTE)
    extend(night, anna, CLOSES + 60 * MINUTE, moment=CLOSES + 30 * MINUTE)
    assert ends_at(CLOSES + 50 * MINUTE) == CLOSES + 60 * MINUTE


def test_a_slot_that_opens_within_a_day_may_be_extended_before_it_does(night: MaintenanceWindow, anna: User) -> None:
    extend(night, anna, CLOSES + 30 * MINUTE, moment=OPENS - timedelta(hours=20))
    assert ends_at() == CLOSES + 30 * MINUTE


@pytest.mark.parametrize(("starts", "is_refused"), [("2026-11-29T02:20", True), ("2026-11-29T02:30", False)])
def test_it_is_not_extended_into_a_freeze_of_one_of_its_databases(
    starts: str, is_refused: bool, night: MaintenanceWindow, anna: User, shop: Target
) -> None:
    calendar = Calendar.objects.create(name="Company", owner="anna")
    CalendarScope.objects.create(calendar=calendar, tenant=shop.tenant)
    CalendarEntry.objects.create(calendar=calendar, name="Close", starts=starts, minutes=60)
    if is_refused:
        with pytest.raises(Refused, match="reaches into Close of the calendar Company"):
            extend(night, anna, CLOSES + 30 * MINUTE)
    else:
        extend(night, anna, CLOSES + 30 * MINUTE)
    assert WindowChange.objects.exists() is not is_refused


def test_a_freeze_elsewhere_does_not_stand_in_its_way(night: MaintenanceWindow, anna: User) -> None:
    calendar = Calendar.objects.create(name="Company", owner="anna")
    CalendarScope.objects.create(calendar=calendar, tenant=Tenant.objects.create(name="Third"))
    CalendarEntry.objects.create(calendar=calendar, name="Close", starts="2026-11-29T00:00", minutes=1440)
    extend(night, anna, CLOSES + 30 * MINUTE)
    assert ends_at() == CLOSES + 30 * MINUTE


def test_what_is_at_work_in_the_slot_has_the_new_end_and_nothing_else(
    night: MaintenanceWindow, anna: User, shop: Target
) -> None:
    mine, ready = at_work(shop, night), at_work(shop, night, RunStatus.READY)
    over, other = at_work(shop, night, RunStatus.SUCCEEDED), at_work(shop, night)
    JobRun.objects.filter(pk=other.pk).update(window_starts_at=OPENS - timedelta(days=1))
    extend(night, anna, CLOSES + 30 * MINUTE)
    found = dict(JobRun.objects.values_list("pk", "window_ends_at"))
    assert found == {
        mine.pk: CLOSES + 30 * MINUTE, ready.pk: CLOSES + 30 * MINUTE, over.pk: CLOSES, other.pk: CLOSES,
    }  # fmt: skip
    assert AuditEntry.objects.get(action="window.extended").after["runs"] == 2


def test_what_stops_before_a_freeze_within_the_slot_keeps_its_end(
    night: MaintenanceWindow, anna: User, shop: Target
) -> None:
    run = at_work(shop, night)
    JobRun.objects.filter(pk=run.pk).update(window_ends_at=CLOSES - 5 * MINUTE)
    extend(night, anna, CLOSES + 30 * MINUTE)
    run.refresh_from_db()
    assert run.window_ends_at == CLOSES - 5 * MINUTE
    close(night, anna)
    run.refresh_from_db()
    assert run.window_ends_at == NOW


def test_closed_early_it_is_closed_now_and_what_is_at_work_stops_as_at_its_end(
    night: MaintenanceWindow, anna: User, shop: Target
) -> None:
    run = at_work(shop, night)
    close(night, anna)
    assert ends_at() is None
    run.refresh_from_db()
    assert run.window_ends_at == NOW
    told = AuditEntry.objects.get(action="window.closed")
    assert (told.before["ends_at"], told.after["ends_at"]) == (CLOSES.isoformat(), NOW.isoformat())
    with pytest.raises(Refused, match="It is not open now"):
        close(night, anna, moment=NOW + MINUTE)
    assert ends_at(NOW + timedelta(hours=24) - 10 * MINUTE) == CLOSES + timedelta(days=1)


def test_closed_before_it_opens_it_does_not_open(night: MaintenanceWindow, anna: User) -> None:
    close(night, anna, moment=OPENS - timedelta(hours=1))
    assert ends_at(OPENS) is None
    assert ends_at(NOW) is None


def test_a_window_that_is_off_has_no_slot_to_move(night: MaintenanceWindow, anna: User) -> None:
    MaintenanceWindow.objects.filter(pk=night.pk).update(is_active=False)
    with pytest.raises(Refused, match="It is not open now"):
        extend(night, anna, CLOSES + MINUTE)


def test_what_waited_because_it_did_not_fit_starts_after_the_extension(
    night: MaintenanceWindow, anna: User, shop: Target
) -> None:
    """The queue is asked again with the next tick, a second later."""
    run = planned_run(shop, step(1))
    predicted = {
        "p50_ms": 900_000,
        "p90_ms": 1_200_000,
        "firsts_p90_ms": [1_200_000],
        "known": 1,
        "steps": 1,
    }
    JobRun.objects.filter(pk=run.pk).update(
        status=RunStatus.WAITING,
        is_released=True,
        needs_approval=False,
        predicted=predicted,
        is_read_only=False,
        due_at=OPENS,
    )

    def asked(moment: datetime) -> list[str]:
        run.refresh_from_db()
        Target.objects.filter(pk=shop.pk).update(checked_at=moment)
        verdict = runs.ask_gate([JobRun.objects.select_related("target").get(pk=run.pk)], moment)[run.pk]
        return [reason.code for reason in verdict.reasons]

    assert asked(NOW) == ["does_not_fit"]
    extend(night, anna, CLOSES + 30 * MINUTE)
    assert asked(NOW + timedelta(seconds=1)) == []
    run.refresh_from_db()
    assert (run.status, run.window_ends_at) == (RunStatus.READY, CLOSES + 30 * MINUTE)


def test_whoever_moves_an_end_takes_turns_with_those_who_start_runs(night: MaintenanceWindow, anna: User) -> None:
    turn = Portal.objects.get(pk=1).gate_turn
    extend(night, anna, CLOSES + 30 * MINUTE)
    close(night, anna)
    assert Portal.objects.get(pk=1).gate_turn == turn + 2


@pytest.mark.database
@pytest.mark.skipif(connection.vendor != "postgresql", reason="only there two write at once")
@pytest.mark.django_db(transaction=True)
def test_what_starts_while_its_window_is_closed_ends_as_that_says(
    night: MaintenanceWindow, anna: User, shop: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = at_work(shop, night, RunStatus.READY)
    JobRun.objects.update(is_released=True, needs_approval=False, due_at=OPENS)
    with beside(lambda: close(night, anna)) as closing:

        def judged(facts: Any, moment: datetime) -> Any:
            answer = verdict(facts, moment)
            closing.start()
            until_somebody_waits()
            return answer

        monkeypatch.setattr(gate_facts, "verdict", judged)
        assert runs.claim(run.pk, "w/1/1/1.00", NOW) is not None
    assert closing.errors == []
    run.refresh_from_db()
    assert (run.status, run.window_ends_at) == (RunStatus.RUNNING, NOW)
