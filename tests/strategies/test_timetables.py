"""Windows and freezes as they are loaded: what is off, over or unreadable, and with how many queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from strategies import timetables
from strategies.models import (
    Calendar,
    CalendarEntry,
    CalendarKind,
    CalendarScope,
    MaintenanceWindow,
    Tag,
    Target,
    Tenant,
    WindowChange,
)
from strategies.scope import Place

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 30, 23, tzinfo=UTC)
OPENS, CLOSES = NOW - timedelta(hours=1), NOW + timedelta(hours=3)
EVERYWHERE = Place(1, 7)


def a_window(name: str = "Night", **values: Any) -> MaintenanceWindow:
    known = {"starts": "2026-11-01T22:00", "minutes": 240, "rule": "FREQ=DAILY", "owner": "olga", **values}
    return MaintenanceWindow.objects.create(name=name, **known)


def a_freeze(
    name: str = "Close", kind: str = CalendarKind.FREEZE, is_active: bool = True, **values: Any
) -> CalendarEntry:
    calendar = Calendar.objects.create(name=name, kind=kind, owner="fred", is_active=is_active)
    CalendarScope.objects.create(calendar=calendar)
    known = {"starts": "2026-11-30T22:00", "minutes": 240, "name": name, **values}
    return CalendarEntry.objects.create(calendar=calendar, **known)


def frozen_by(moment: datetime = NOW, place: Place = EVERYWHERE) -> list[str]:
    return sorted(freeze.name for freeze in timetables.load(moment).facts(place, {}).freezes)


def open_windows(moment: datetime = NOW, place: Place = EVERYWHERE) -> list[str]:
    return [opening.window.name for opening, _ in timetables.load(moment).facts(place, {}).openings]


def test_a_window_that_is_off_neither_permits_nor_covers() -> None:
    a_window(is_active=False)
    facts = timetables.load(NOW).facts(EVERYWHERE, {})
    assert (facts.is_covered, list(facts.openings), facts.opens_next) == (False, [], None)


def test_the_window_that_opens_next_is_told_where_none_is_open() -> None:
    a_window()
    facts = timetables.load(CLOSES).facts(EVERYWHERE, {})
    assert facts.is_covered
    assert facts.opens_next is not None
    assert facts.opens_next.slot.starts_at == OPENS + timedelta(days=1)


def test_each_window_comes_with_the_runs_that_are_at_work_in_it() -> None:
    one, two = a_window("one"), a_window("two", minutes=300)
    timetable = timetables.load(NOW)
    assert [(opening.window.pk, n) for opening, n in timetable.facts(EVERYWHERE, {one.pk: 3}).openings] == [
        (two.pk, 0),
        (one.pk, 3),
    ]
    assert [n for _, n in timetable.facts(EVERYWHERE, {two.pk: 1}).openings] == [1, 0]  # and not those of before


@pytest.mark.parametrize(
    "broken",
    [
        {"starts": ""}, {"starts": "yesterday"}, {"starts": "2026-02-30T22:00"}, {"minutes": 0}, {"time_zone": "Mars/Olympus"},
        {"time_zone": ""}, {"rule": "FREQ=SOMETIMES"}, {"rule": "FREQ=DAILY;BYDAY=XX"}, {"rule": "RRULE"},
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_counts_against_a_start_and_keeps_no_other_from_being_read(broken: dict) -> None:
    a_window("broken", **{"starts": "2026-11-01T22:00", **broken})
    a_freeze("broken", **broken)
    a_window("well", minutes=300)
    a_freeze("well")
    assert open_windows() == ["well"]
    assert frozen_by() == ["broken", "well"]
    assert frozen_by(NOW + timedelta(days=365)) == ["broken"]


@pytest.mark.parametrize("kept", ["yesterday", ["yesterday"], [None], 7, {"a": 1}])
def test_times_left_out_that_cannot_be_read_make_the_freeze_hold_always(kept: Any) -> None:
    a_freeze(left_out=kept)
    assert frozen_by(NOW + timedelta(days=365)) == ["Close"]


@pytest.mark.parametrize("kept", ["always", ["always"], [None], 7, [NOW.replace(tzinfo=None).isoformat()]])
def test_what_cannot_be_read_lifts_nothing(kept: Any) -> None:
    a_freeze(lifted=kept)
    assert frozen_by() == ["Close"]


def test_a_lifted_slot_holds_no_more_and_the_next_one_does() -> None:
    a_freeze(rule="FREQ=DAILY", lifted=[OPENS.isoformat()])
    assert frozen_by() == []
    assert frozen_by(NOW + timedelta(days=1)) == ["Close"]


def test_neither_a_calendar_that_is_off_nor_one_of_backups_nor_one_without_a_scope_freezes() -> None:
    a_freeze("off", is_active=False)
    a_freeze("backup", kind=CalendarKind.BACKUP)
    CalendarScope.objects.filter(calendar=a_freeze("nowhere").calendar).delete()
    assert frozen_by() == []
    assert [freeze.name for freeze in timetables.freezes(NOW, CalendarKind.BACKUP)] == ["backup"]


def test_it_is_told_when_the_next_freeze_begins() -> None:
    def begins(moment: datetime) -> datetime | None:
        return timetables.load(moment).facts(EVERYWHERE, {}).freezes_at

    assert begins(NOW) is None
    a_freeze(rule="FREQ=DAILY", lifted=[(OPENS + timedelta(days=1)).isoformat()])
    assert begins(OPENS - timedelta(hours=1)) == OPENS
    assert begins(OPENS) == begins(NOW) == OPENS + timedelta(days=2)  # that of tomorrow was taken back
    assert begins(OPENS + timedelta(days=1)) == OPENS + timedelta(days=2)


def test_what_is_over_for_good_is_not_loaded_any_more() -> None:
    a_freeze(last_end_at=CLOSES)
    assert frozen_by() == ["Close"]
    assert timetables.freezes(CLOSES) == []


def test_a_freeze_holds_in_each_scope_of_its_calendar() -> None:
    home = Target.objects.get(is_home=True)
    entry = a_freeze()
    CalendarScope.objects.all().delete()
    tag = Tag.objects.create(name="finance")
    other = Tenant.objects.create(name="Other")
    for scope in ({"tag": tag}, {"tenant": other}, {"target": home}, {"environment": "production"}):
        CalendarScope.objects.create(calendar=entry.calendar, **scope)
    places = [
        Place(99, 1, "test", frozenset({tag.pk})), Place(99, other.pk), Place(home.pk, 1), Place(99, 1, "production"),
        Place(99, 1, "test", frozenset({tag.pk + 1})),
    ]  # fmt: skip
    assert [bool(frozen_by(NOW, place)) for place in places] == [True, True, True, True, False]


def test_of_several_changes_of_a_slot_the_last_counts() -> None:
    window = a_window()
    for hours in (2, 1):
        WindowChange.objects.create(
            window=window, starts_at=OPENS, planned_end_at=CLOSES, ends_at=CLOSES + timedelta(hours=hours), reason="more",
            changed_by="olga", changed_at=NOW,
        )  # fmt: skip
    assert open_windows(CLOSES + timedelta(minutes=59)) == ["Night"]
    assert open_windows(CLOSES + timedelta(minutes=60)) == []


def test_an_edited_window_takes_no_change_of_its_former_slots_with_it() -> None:
    window = a_window()
    WindowChange.objects.create(
        window=window, starts_at=OPENS, planned_end_at=CLOSES, ends_at=CLOSES + timedelta(hours=5), reason="more",
        changed_by="olga", changed_at=NOW,
    )  # fmt: skip
    MaintenanceWindow.objects.filter(pk=window.pk).update(starts="2026-11-01T21:00")
    assert open_windows(CLOSES) == []


def test_the_queries_are_the_same_however_many_windows_and_freezes_there_are() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            timetables.load(NOW).facts(EVERYWHERE, {})
        return len(seen)

    a_window()
    a_freeze()
    few = queries()
    for number in range(20):
        a_window(f"window {number}")
        a_freeze(f"freeze {number}")
    assert queries() == few
