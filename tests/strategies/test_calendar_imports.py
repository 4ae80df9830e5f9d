"""A file is taken into a calendar: new entries, changed ones by their UID, and what is gone only if people say so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from strategies import calendars, timetables
from strategies.audit import Actor
from strategies.calendar_imports import Imported, take
from strategies.models import AuditEntry, Calendar, CalendarEntry, CalendarScope, Role, Tenant, User
from strategies.refused import Refused
from tests.strategies.test_ics import file

ANNA = Actor("anna")
CLOSE = (
    "UID:close\nSUMMARY:Close\nDTSTART;TZID=Europe/Vienna:20261230T180000\nDURATION:PT4H\nRRULE:FREQ=MONTHLY;COUNT=3"
)
HOLIDAY = "UID:holiday\nSUMMARY:Holiday\nDTSTART;VALUE=DATE:20261224"
BROKEN = "UID:broken\nSUMMARY:Broken\nDTSTART:never"


@pytest.fixture
def anna(person: Callable[..., Any]) -> User:
    Tenant.objects.get_or_create(name="Other")
    found: User = person("anna", Role.DBA)
    return found


@pytest.fixture
def calendar(anna: User) -> Calendar:
    row = Calendar.objects.create(name="Company", owner="anna")
    CalendarScope.objects.create(calendar=row, tenant=Tenant.objects.get(name="Main"))
    return row


def taken(calendar: Calendar, user: User, *events: str, removes_gone: bool = False) -> Imported:
    return take(ANNA, user, calendar, file(*events), "Europe/Vienna", removes_gone=removes_gone)


def names() -> list[str]:
    return sorted(CalendarEntry.objects.values_list("name", flat=True))


def test_what_is_imported_freezes_as_the_file_says(anna: User, calendar: Calendar) -> None:
    done = taken(calendar, anna, CLOSE, HOLIDAY, BROKEN)
    assert (done.added, done.broken) == (["Close", "Holiday"], [("Broken", "'never' is no date and time.")])
    freezes = {freeze.name: freeze for freeze in timetables.freezes(datetime(2026, 12, 1, tzinfo=UTC))}
    assert freezes["Holiday"].in_force(datetime(2026, 12, 23, 23, tzinfo=UTC)) is not None
    assert freezes["Close"].in_force(datetime(2027, 1, 30, 17, tzinfo=UTC)) is not None
    assert freezes["Close"].in_force(datetime(2027, 1, 30, 21, tzinfo=UTC)) is None
    # The 30th of three months, of which February is none; in March Vienna is two hours ahead
    assert CalendarEntry.objects.get(uid="close").last_end_at == datetime(2027, 3, 30, 20, tzinfo=UTC)
    told = AuditEntry.objects.get(action="calendar.imported")
    assert told.after["added"] == ["Close", "Holiday"]
    assert told.after["broken"] == ["Broken: 'never' is no date and time."]


def test_imported_again_nothing_is_doubled_and_what_changed_is_changed(anna: User, calendar: Calendar) -> None:
    taken(calendar, anna, CLOSE, HOLIDAY)
    done = taken(calendar, anna, CLOSE.replace("PT4H", "PT6H"), HOLIDAY)
    assert (done.added, done.changed, done.same) == ([], ["Close"], ["Holiday"])
    assert names() == ["Close", "Holiday"]
    assert CalendarEntry.objects.get(uid="close").minutes == 360


def test_what_was_lifted_stays_lifted(anna: User, calendar: Calendar) -> None:
    taken(calendar, anna, CLOSE)
    at = datetime(2026, 12, 30, 17, tzinfo=UTC)
    calendars.lift(ANNA, CalendarEntry.objects.get(), at, "Urgent", datetime(2026, 12, 1, tzinfo=UTC))
    taken(calendar, anna, CLOSE.replace("SUMMARY:Close", "SUMMARY:Closing"))
    (freeze,) = timetables.freezes(datetime(2026, 12, 1, tzinfo=UTC))
    assert (freeze.name, freeze.in_force(at)) == ("Closing", None)


def test_what_is_gone_from_the_file_stays_unless_people_say_otherwise(anna: User, calendar: Calendar) -> None:
    taken(calendar, anna, CLOSE, HOLIDAY)
    assert taken(calendar, anna, CLOSE).gone == ["Holiday"]
    assert names() == ["Close", "Holiday"]
    done = taken(calendar, anna, CLOSE, removes_gone=True)
    assert (done.removed, done.gone, names()) == (["Holiday"], [], ["Close"])


def test_entries_that_were_typed_in_are_never_gone_from_a_file(anna: User, calendar: Calendar) -> None:
    typed = CalendarEntry(calendar=calendar, name="Typed", starts="2026-12-30T00:00", minutes=60)
    calendars.keep_entry(ANNA, anna, typed)
    done = taken(calendar, anna, CLOSE, removes_gone=True)
    assert (done.removed, names()) == ([], ["Close", "Typed"])


def test_while_an_event_cannot_be_read_nothing_is_taken_for_gone(anna: User, calendar: Calendar) -> None:
    taken(calendar, anna, CLOSE, HOLIDAY)
    done = taken(calendar, anna, CLOSE, HOLIDAY.replace("20261224", "never"), removes_gone=True)
    assert (done.removed, done.gone, names()) == ([], ["Holiday"], ["Close", "Holiday"])


def test_a_file_with_nothing_to_take_changes_nothing(anna: User, calendar: Calendar) -> None:
    taken(calendar, anna, CLOSE)
    done = take(ANNA, anna, calendar, b"hello", "UTC", removes_gone=True)
    assert done.is_nothing
    assert done.broken[0][0] == "the file"
    assert names() == ["Close"]
    assert AuditEntry.objects.filter(action="calendar.imported").count() == 1


def test_only_who_may_change_the_calendar_imports_into_it(
    anna: User, calendar: Calendar, person: Callable[..., Any]
) -> None:
    CalendarScope.objects.create(calendar=calendar, tenant=Tenant.objects.get(name="Other"))
    for user in (anna, person("bert", Role.APPROVER)):
        with pytest.raises(Refused):
            take(Actor(user.get_username()), user, calendar, file(CLOSE), "UTC", removes_gone=False)
    assert names() == []
