"""Windows: judged before they are kept, changed by who sees everything in their scope, told by the audit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from strategies import window_changes
from strategies.audit import Actor
from strategies.change_checks import ChangedMeanwhile, version
from strategies.models import (
    AuditEntry,
    JobRun,
    MaintenanceWindow,
    Role,
    RunStatus,
    Tag,
    Target,
    Tenant,
    User,
)
from strategies.refused import Refused
from tests.pages import planned_run, step

ANNA = Actor("anna")
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.fixture
def shop(db: None) -> Target:
    tenant = Tenant.objects.get_or_create(name="Main")[0]
    return Target.objects.create(name="shop", platform="sqlite", url="sqlite:////nowhere/shop.db", tenant=tenant)


@pytest.fixture
def anna(person: Callable[..., Any], shop: Target) -> User:
    """A DBA of Main, where there is another tenant."""
    Tenant.objects.get_or_create(name="Other")
    return person("anna", Role.DBA)


@pytest.fixture
def chief(person: Callable[..., Any], anna: User) -> User:
    found: User = person("chief", Role.DBA)
    found.tenants.set(Tenant.objects.all())
    return found


def window(at: Target | None, **values: Any) -> MaintenanceWindow:
    return MaintenanceWindow(
        **{
            "name": "Night", "target": at, "starts": "2026-11-28T22:00", "minutes": 240, "time_zone": "Europe/Vienna",
            "rule": "FREQ=DAILY", "owner": "anna",
        } | values
    )  # fmt: skip


def test_a_window_is_kept_and_told_with_its_values(anna: User, shop: Target) -> None:
    row = window(shop)
    assert window_changes.keep_window(ANNA, anna, row)
    told = AuditEntry.objects.get(action="window.added", object_id=str(row.pk))
    assert (told.target, told.after["scope"], told.after["rule"]) == (shop, "database shop", "FREQ=DAILY")


def test_a_change_is_told_with_before_and_after_and_none_is_none(anna: User, shop: Target) -> None:
    row = window(shop)
    window_changes.keep_window(ANNA, anna, row)
    seen = version(row)
    assert not window_changes.keep_window(ANNA, anna, row, drawn_from=seen)
    row.minutes = 300
    assert window_changes.keep_window(ANNA, anna, row, drawn_from=seen)
    told = AuditEntry.objects.get(action="window.changed")
    assert (told.before, told.after) == ({"minutes": 240}, {"minutes": 300})


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(anna: User, shop: Target) -> None:
    row = window(shop)
    window_changes.keep_window(ANNA, anna, row)
    seen = version(row)
    MaintenanceWindow.objects.filter(pk=row.pk).update(minutes=60)
    row.minutes = 300
    with pytest.raises(ChangedMeanwhile):
        window_changes.keep_window(ANNA, anna, row, drawn_from=seen)
    assert MaintenanceWindow.objects.get(pk=row.pk).minutes == 60


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"), ({"starts": "soon"}, "starts"), ({"starts": "0001-01-01T00:00"}, "starts"),
        ({"minutes": 0}, "minutes"), ({"minutes": 10**6}, "minutes"), ({"time_zone": "Mars"}, "time_zone"),
        ({"rule": "FREQ=NEVER"}, "rule"), ({"rule": "FREQ=MONTHLY;BYMONTHDAY=40"}, "rule"), ({"capacity": 0}, "capacity"),
        ({"grace_minutes": 241}, "grace_minutes"), ({"extend_minutes": 1441}, "extend_minutes"),
        ({"extended_by": Role.MANAGER}, "extended_by"), ({"owner": "nobody"}, "owner"), ({"owner": ""}, "owner"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_its_field_before_it_is_kept(
    values: dict[str, Any], field: str, anna: User, shop: Target
) -> None:
    with pytest.raises(Refused) as refusal:
        window_changes.keep_window(ANNA, anna, window(shop, **values))
    assert refusal.value.field == field
    assert not MaintenanceWindow.objects.exists()


def test_two_windows_of_one_name_are_refused_whatever_the_case(anna: User, shop: Target) -> None:
    window_changes.keep_window(ANNA, anna, window(shop, name="Größe"))
    with pytest.raises(Refused, match="Another window is named GRÖSSE"):
        window_changes.keep_window(ANNA, anna, window(shop, name="GRÖSSE"))


def test_the_owner_is_a_person_whom_the_writer_could_meet(
    anna: User, chief: User, shop: Target, person: Callable[..., Any]
) -> None:
    person("olga", Role.DBA, tenant="Other")
    person("idle")
    for name in ("olga", "idle"):
        with pytest.raises(Refused, match=f"No person with a role is named {name}"):
            window_changes.keep_window(ANNA, anna, window(shop, owner=name))
    assert window_changes.keep_window(Actor("chief"), chief, window(shop, owner="olga"))


def test_only_who_sees_everything_in_a_scope_makes_a_window_of_it(anna: User, chief: User, shop: Target) -> None:
    other = Tenant.objects.get(name="Other")
    theirs = Target.objects.create(name="theirs", platform="sqlite", url="sqlite:////n/t.db", tenant=other)
    shared = Tag.objects.create(name="shared")
    shared.targets.set([shop, theirs])
    for number, place in enumerate(
        ({}, {"environment": "production"}, {"tag": shared}, {"tenant": other}, {"target": theirs})
    ):
        row = window(None, name=f"w{number}", **place)
        with pytest.raises(Refused):
            window_changes.keep_window(ANNA, anna, row)
        assert window_changes.keep_window(
            Actor("chief"), chief, window(None, name=f"w{number}", owner="chief", **place)
        )
        kept = MaintenanceWindow.objects.get(name=f"w{number}")
        with pytest.raises(Refused):
            window_changes.remove_window(ANNA, anna, kept)
    assert window_changes.keep_window(ANNA, anna, window(None, name="ours", tenant=shop.tenant))


def test_nobody_takes_a_window_over_by_giving_it_a_scope_of_their_own(anna: User, chief: User, shop: Target) -> None:
    window_changes.keep_window(Actor("chief"), chief, window(None, owner="chief"))
    kept = MaintenanceWindow.objects.get()
    seen = version(kept)
    kept.target, kept.owner = shop, "anna"
    with pytest.raises(Refused, match="reaches over every tenant"):
        window_changes.keep_window(ANNA, anna, kept, drawn_from=seen)


def test_an_approver_keeps_no_window(shop: Target, person: Callable[..., Any]) -> None:
    bert = person("bert", Role.APPROVER)
    with pytest.raises(Refused, match="Only a DBA"):
        window_changes.keep_window(Actor("bert"), bert, window(shop, owner="bert"))


def test_a_window_in_which_runs_are_at_work_stays(anna: User, shop: Target) -> None:
    row = window(shop)
    window_changes.keep_window(ANNA, anna, row)
    run = planned_run(shop, step(1))
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, window=row)
    with pytest.raises(Refused, match="Runs are at work in it"):
        window_changes.remove_window(ANNA, anna, row)
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.SUCCEEDED)
    window_changes.remove_window(ANNA, anna, row)
    assert AuditEntry.objects.get(action="window.removed").before["name"] == "Night"
    run.refresh_from_db()
    assert run.window_id is None
