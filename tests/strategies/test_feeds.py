"""Feeds show what the person who made them sees, to whoever has the address, until they are revoked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar as Text

from strategies import calendars, feeds
from strategies.audit import Actor
from strategies.models import (
    AuditEntry,
    Calendar,
    CalendarEntry,
    CalendarScope,
    Feed,
    JobRun,
    MaintenanceWindow,
    Role,
    RunStatus,
    Target,
    Tenant,
    User,
)
from strategies.refused import Refused
from tests.jobs import a_job, settled
from tests.pages import planned_run, step

ANNA = Actor("anna")
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.fixture
def anna(person: Callable[..., Any]) -> User:
    found: User = person("anna", Role.DBA)
    return found


def target(name: str, tenant: str = "Main") -> Target:
    owner = Tenant.objects.get_or_create(name=tenant)[0]
    return Target.objects.create(name=name, platform="sqlite", url=f"sqlite:////nowhere/{name}.db", tenant=owner)


def window(at: Target, **values: Any) -> MaintenanceWindow:
    known = {"name": f"Night of {at.name}", "target": at, "starts": "2026-11-28T22:00", "minutes": 240, "owner": "anna"}
    return MaintenanceWindow.objects.create(**known | {"rule": "FREQ=WEEKLY"} | values)


def freeze(at: Target, **values: Any) -> CalendarEntry:
    calendar = Calendar.objects.create(name=f"Calendar of {at.name}", owner="anna", kind=values.pop("kind", "freeze"))
    CalendarScope.objects.create(calendar=calendar, target=at)
    known = {"calendar": calendar, "name": "Close", "starts": "2026-12-30T00:00", "minutes": 1440}
    return CalendarEntry.objects.create(**known | values)


def shown(user: User, moment: datetime = NOW, **place: Any) -> dict[str, list[tuple[datetime, datetime]]]:
    """Title → times, as a program reads the feed."""
    feed = feeds.make(Actor(user.get_username()), user, place, moment)
    text = feeds.as_text(feed, moment)
    assert text is not None
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for event in Text.from_ical(text).walk("VEVENT"):
        found.setdefault(str(event["SUMMARY"]), []).append((event["DTSTART"].dt, event["DTEND"].dt))
    return found


def test_windows_freezes_runs_and_due_instants_of_60_days_are_shown(anna: User) -> None:
    shop = target("shop")
    window(shop)
    freeze(shop)
    run = planned_run(shop, step(1))
    JobRun.objects.filter(pk=run.pk).update(
        status=RunStatus.WAITING, is_released=True, due_at=NOW + timedelta(hours=1), predicted={"p90_ms": 5_400_000}
    )
    settled(a_job(shop, schedule_value="02:00"), NOW)
    found = shown(anna)
    opens = datetime(2026, 11, 28, 22, tzinfo=UTC)
    assert found["Maintenance window: Night of shop"][0] == (opens, opens + timedelta(hours=4))
    assert len(found["Maintenance window: Night of shop"]) == 9
    assert found["Freeze: Close (Calendar of shop)"] == [
        (datetime(2026, 12, 30, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC))
    ]
    assert found[f"Run {run.pk}: Index maintenance on shop"] == [
        (NOW + timedelta(hours=1), NOW + timedelta(hours=2, minutes=30))
    ]
    due = found["Due: Index maintenance on shop"]
    assert due[0][0] == datetime(2026, 11, 29, 2, tzinfo=UTC)
    assert len(due) == 60


def test_a_feed_says_what_its_times_do_not_foresee(anna: User) -> None:
    text = feeds.as_text(feeds.make(ANNA, anna, {}, NOW), NOW)
    assert text is not None
    said = str(Text.from_ical(text)["X-WR-CALDESC"])
    assert said == (
        "Work stands at the time when it is due. Windows, freezes, limits of runs at once, holds and approvals may let it "
        "begin later."
    )


def test_what_was_extended_closed_lifted_or_switched_off_is_shown_as_it_is_by_now(anna: User) -> None:
    shop = target("shop")
    window(shop, is_active=False)
    row = window(shop, name="Once", rule="", starts="2026-11-28T10:00")
    row.changes.create(
        starts_at=datetime(2026, 11, 28, 10, tzinfo=UTC), planned_end_at=datetime(2026, 11, 28, 14, tzinfo=UTC),
        ends_at=datetime(2026, 11, 28, 15, tzinfo=UTC), reason="x", changed_by="anna", changed_at=NOW,
    )  # fmt: skip
    entry = freeze(shop, rule="FREQ=DAILY;COUNT=2")
    calendars.lift(ANNA, entry, datetime(2026, 12, 30, tzinfo=UTC), "Urgent", NOW)
    found = shown(anna)
    assert found["Maintenance window: Once"] == [
        (datetime(2026, 11, 28, 10, tzinfo=UTC), datetime(2026, 11, 28, 15, tzinfo=UTC))
    ]
    assert [since for since, _ in found["Freeze: Close (Calendar of shop)"]] == [datetime(2026, 12, 31, tzinfo=UTC)]
    assert "Maintenance window: Night of shop" not in found


def test_backups_are_told_apart_from_freezes_and_a_broken_row_stops_nothing(anna: User) -> None:
    shop = target("shop")
    freeze(shop, kind="backup", name="Full")
    freeze(target("billing"), starts="never", name="Broken")
    window(shop, rule="FREQ=NEVER")
    window(shop, name="Good")
    found = shown(anna)
    assert "Backup: Full (Calendar of shop)" in found
    assert "Maintenance window: Good" in found
    assert not [title for title in found if "Broken" in title or "Night" in title]


def test_of_another_tenant_nothing_is_shown(anna: User) -> None:
    theirs = target("theirs", "Other")
    window(theirs)
    freeze(theirs)
    settled(a_job(theirs), NOW)
    run = planned_run(theirs, step(1))
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.WAITING, is_released=True, due_at=NOW)
    assert shown(anna, tenant=Tenant.objects.get(name="Main")) == {}


def test_a_feed_shows_its_scope_only(anna: User) -> None:
    shop, billing = target("shop"), target("billing")
    window(shop)
    window(billing)
    freeze(billing)
    assert list(shown(anna, target=shop)) == ["Maintenance window: Night of shop"]


def test_nobody_has_a_feed_of_what_is_out_of_their_sight(anna: User) -> None:
    theirs = target("theirs", "Other")
    for place in ({}, {"environment": "production"}, {"target": theirs}, {"tenant": theirs.tenant}):
        with pytest.raises(Refused):
            feeds.make(ANNA, anna, place, NOW)
    assert not Feed.objects.exists()


def test_the_address_is_read_without_a_sign_in_until_it_is_revoked(anna: User) -> None:
    shop = target("shop")
    window(shop)
    feed = feeds.make(ANNA, anna, {"target": shop}, NOW)
    path = f"/feeds/{feed.token}.ics"
    response = Client().get(path)
    assert (response.status_code, response["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert b"Night of shop" in response.content
    assert feeds.revoke(ANNA, feed, NOW)
    assert not feeds.revoke(ANNA, feed, NOW)
    assert Client().get(path).status_code == 404
    assert [entry.action for entry in AuditEntry.objects.filter(object_type="Feed").order_by("pk")] == [
        "feed.made",
        "feed.revoked",
    ]


def test_a_guessed_or_changed_address_opens_nothing(anna: User) -> None:
    feed = feeds.make(ANNA, anna, {"target": target("shop")}, NOW)
    token = feed.token
    for wrong in (feed.key, token[:-1], token + "x", "x" + token, token.partition(".")[0] + ".", "x", "%00", "." * 40):
        assert Client().get(f"/feeds/{wrong}.ics").status_code == 404, wrong


@pytest.mark.parametrize("how", ["inactive", "without a role", "without the tenant"])
def test_who_may_see_nothing_any_more_shows_nothing_any_more(how: str, anna: User) -> None:
    shop = target("shop")
    window(shop)
    feed = feeds.make(ANNA, anna, {"target": shop}, NOW)
    if how == "inactive":
        anna.is_active = False
        anna.save()
    elif how == "without a role":
        anna.groups.clear()
    else:
        anna.tenants.clear()
        Tenant.objects.get_or_create(name="Other")
    response = Client().get(f"/feeds/{feed.token}.ics")
    assert response.status_code == (200 if how == "without the tenant" else 404)
    assert b"Night of shop" not in response.content


def test_a_feed_costs_the_same_queries_whatever_there_is(anna: User) -> None:
    shop = target("shop")
    window(shop)
    freeze(shop)
    feed = feeds.make(ANNA, anna, {"tenant": shop.tenant}, NOW)

    def cost() -> int:
        kept = Feed.objects.select_related("user").get(pk=feed.pk)
        with CaptureQueriesContext(connection) as queries:
            feeds.as_text(kept, NOW)
        return len(queries)

    before = cost()
    for number in range(5):
        other = target(f"db{number}")
        window(other)
        freeze(other)
        settled(a_job(other, f"job {number}"), NOW)
    assert cost() == before
