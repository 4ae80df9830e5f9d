"""Calendars and entries: judged before they are kept, changed by who sees everything in their scope, told by the audit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from strategies import calendars, timetables
from strategies.audit import Actor
from strategies.change_checks import ChangedMeanwhile, version
from strategies.models import (
    AuditEntry,
    Calendar,
    CalendarEntry,
    Role,
    Target,
    Tenant,
    User,
)
from strategies.refused import Refused

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


def calendar(user: User, *places: dict[str, Any], **values: Any) -> Calendar:
    row = Calendar(**{"name": "Company", "owner": user.get_username()} | values)
    calendars.keep_calendar(Actor(user.get_username()), user, row, places)
    return row


def entry(row: Calendar, **values: Any) -> CalendarEntry:
    known = {"calendar": row, "name": "Close", "starts": "2026-12-30T00:00", "minutes": 1440, "time_zone": "UTC"}
    return CalendarEntry(**known | values)


class TestCalendars:
    def test_a_calendar_holds_in_several_places_and_its_changes_are_told(self, anna: User, shop: Target) -> None:
        row = calendar(anna, {"target": shop}, {"tenant": shop.tenant})
        assert AuditEntry.objects.get(action="calendar.added").after["scopes"] == ["database shop", "tenant Main"]
        seen = version(row)
        assert not calendars.keep_calendar(
            ANNA, anna, row, [{"tenant": shop.tenant}, {"target": shop}], drawn_from=seen
        )
        assert calendars.keep_calendar(ANNA, anna, row, [{"target": shop}], drawn_from=seen)
        told = AuditEntry.objects.get(action="calendar.changed")
        assert (told.before, told.after) == (
            {"scopes": ["database shop", "tenant Main"]},
            {"scopes": ["database shop"]},
        )
        with pytest.raises(ChangedMeanwhile):
            calendars.keep_calendar(ANNA, anna, row, [{"tenant": shop.tenant}], drawn_from=seen)

    def test_a_calendar_without_a_place_is_refused(self, anna: User) -> None:
        with pytest.raises(Refused) as refusal:
            calendar(anna)
        assert refusal.value.field == "scopes"
        assert not Calendar.objects.exists()

    def test_one_place_out_of_sight_is_enough_to_keep_a_hand_off_all_of_it(
        self, anna: User, chief: User, shop: Target
    ) -> None:
        row = calendar(chief, {"target": shop}, {"tenant": Tenant.objects.get(name="Other")})
        kept = Calendar.objects.visible_to(anna).get()
        attempts: list[Callable[[], Any]] = [
            lambda: calendars.keep_calendar(ANNA, anna, kept, [{"target": shop}], drawn_from=version(row)),
            lambda: calendars.remove_calendar(ANNA, anna, kept),
            lambda: calendars.keep_entry(ANNA, anna, entry(kept)),
        ]
        for attempt in attempts:
            with pytest.raises(Refused, match="of a tenant that is not yours"):
                attempt()

    def test_what_is_removed_goes_with_its_entries_and_freezes_nothing(self, anna: User, shop: Target) -> None:
        row = calendar(anna, {"target": shop})
        calendars.keep_entry(ANNA, anna, entry(row))
        assert len(timetables.freezes(NOW)) == 1
        calendars.remove_calendar(ANNA, anna, row)
        assert timetables.freezes(NOW) == []
        assert AuditEntry.objects.get(action="calendar.removed").before["entries"] == ["Close"]


class TestEntries:
    @pytest.mark.parametrize(
        ("values", "ends"),
        [
            ({}, datetime(2026, 12, 31, tzinfo=UTC)),
            ({"rule": "FREQ=DAILY"}, None),
            ({"rule": "FREQ=DAILY;COUNT=3"}, datetime(2027, 1, 2, tzinfo=UTC)),
            ({"rule": "FREQ=DAILY;UNTIL=20270105"}, datetime(2027, 1, 6, tzinfo=UTC)),
            ({"rule": "FREQ=DAILY;COUNT=3", "left_out": ["2027-01-01T00:00"]}, datetime(2027, 1, 1, tzinfo=UTC)),
            ({"added": ["2027-06-01T00:00"]}, datetime(2027, 6, 2, tzinfo=UTC)),
            ({"time_zone": "Europe/Vienna"}, datetime(2026, 12, 30, 23, tzinfo=UTC)),
            ({"rule": "FREQ=YEARLY;UNTIL=99991231T235959Z"}, None),
        ],
    )
    def test_it_is_known_when_an_entry_is_over_for_good(
        self, values: dict[str, Any], ends: datetime | None, anna: User, shop: Target
    ) -> None:
        row = entry(calendar(anna, {"target": shop}), **values)
        calendars.keep_entry(ANNA, anna, row)
        row.refresh_from_db()
        assert row.last_end_at == ends

    def test_an_entry_is_added_changed_and_removed_with_its_traces(self, anna: User, shop: Target) -> None:
        row = entry(calendar(anna, {"target": shop}))
        assert calendars.keep_entry(ANNA, anna, row)
        seen = version(row)
        assert not calendars.keep_entry(ANNA, anna, row, drawn_from=seen)
        row.minutes = 60
        assert calendars.keep_entry(ANNA, anna, row, drawn_from=seen)
        told = AuditEntry.objects.get(action="calendar.entry_changed")
        assert (told.object_type, told.before["minutes"], told.after["minutes"]) == ("Calendar", 1440, 60)
        calendars.remove_entry(ANNA, anna, row)
        assert AuditEntry.objects.get(action="calendar.entry_removed").before["name"] == "Close"
        assert not CalendarEntry.objects.exists()

    @pytest.mark.parametrize(
        ("values", "field"),
        [({"name": ""}, "name"), ({"starts": "x"}, "starts"), ({"rule": "FREQ=DAILY;COUNT=0"}, "rule")],
    )
    def test_a_wrong_entry_is_refused_by_its_field(
        self, values: dict[str, Any], field: str, anna: User, shop: Target
    ) -> None:
        row = calendar(anna, {"target": shop})
        with pytest.raises(Refused) as refusal:
            calendars.keep_entry(ANNA, anna, entry(row, **values))
        assert refusal.value.field == field
        assert not CalendarEntry.objects.exists()


class TestLifting:
    @pytest.fixture
    def close(self, anna: User, shop: Target) -> CalendarEntry:
        row = entry(calendar(anna, {"target": shop}), starts="2026-11-28T00:00", rule="FREQ=DAILY")
        calendars.keep_entry(ANNA, anna, row)
        return row

    def frozen(self, moment: datetime) -> bool:
        return any(freeze.in_force(moment) for freeze in timetables.freezes(moment))

    def test_the_owner_lifts_one_time_of_it_and_the_next_one_holds_again(self, close: CalendarEntry) -> None:
        assert self.frozen(NOW)
        slot = calendars.lift(ANNA, close, datetime(2026, 11, 28, tzinfo=UTC), "Urgent repair", NOW)
        assert slot.ends_at == datetime(2026, 11, 29, tzinfo=UTC)
        assert not self.frozen(NOW)
        assert self.frozen(NOW + timedelta(days=1))
        told = AuditEntry.objects.get(action="calendar.entry_lifted")
        assert (told.reason, told.after["entry"]) == ("Urgent repair", "Close")

    def test_the_owners_commands_are_the_owner(self, close: CalendarEntry) -> None:
        calendars.lift(Actor("cli:anna"), close, datetime(2026, 11, 28, tzinfo=UTC), "Urgent repair", NOW)
        assert not self.frozen(NOW)

    @pytest.mark.parametrize(
        ("actor", "starts_at", "reason", "said"),
        [
            ("chief", datetime(2026, 11, 28, tzinfo=UTC), "Urgent", "Only anna, who owns the calendar"),
            ("anna", datetime(2026, 11, 28, tzinfo=UTC), "  ", "Say why"),
            ("anna", datetime(2026, 11, 28, 1, tzinfo=UTC), "Urgent", "no such freeze"),
            ("anna", datetime(2026, 11, 27, tzinfo=UTC), "Urgent", "no such freeze"),
        ],
    )
    def test_nobody_else_lifts_it_nor_what_is_not_there_nor_without_a_reason(
        self, actor: str, starts_at: datetime, reason: str, said: str, close: CalendarEntry
    ) -> None:
        with pytest.raises(Refused, match=said):
            calendars.lift(Actor(actor), close, starts_at, reason, NOW)
        assert self.frozen(NOW)

    def test_what_is_lifted_while_another_changes_the_entry_stays_lifted(
        self, close: CalendarEntry, anna: User
    ) -> None:
        read_before = CalendarEntry.objects.get(pk=close.pk)
        calendars.lift(ANNA, close, datetime(2026, 11, 28, tzinfo=UTC), "Urgent repair", NOW)
        drawn_from, read_before.reason = version(read_before), "Said better"
        assert calendars.keep_entry(ANNA, anna, read_before, drawn_from=drawn_from)
        close.refresh_from_db()
        assert (close.reason, len(close.lifted)) == ("Said better", 1)

    def test_lifting_twice_is_refused_the_second_time(self, close: CalendarEntry) -> None:
        at = datetime(2026, 11, 28, tzinfo=UTC)
        calendars.lift(ANNA, close, at, "Urgent", NOW)
        with pytest.raises(Refused, match="was lifted"):
            calendars.lift(ANNA, close, at, "Urgent", NOW)
        assert AuditEntry.objects.filter(action="calendar.entry_lifted").count() == 1

    def test_what_was_lifted_long_ago_is_forgotten(self, close: CalendarEntry) -> None:
        old = (NOW - timedelta(days=40)).isoformat()
        CalendarEntry.objects.filter(pk=close.pk).update(lifted=[old, "nonsense", 5])
        calendars.lift(ANNA, close, datetime(2026, 11, 28, tzinfo=UTC), "Urgent", NOW)
        close.refresh_from_db()
        assert close.lifted == ["2026-11-28T00:00:00+00:00"]
