"""Entries laid over days: on the reader's clock, over midnight and both changes of the clock, and the sheets of a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from monitoring.entries import ENOUGH_A_DAY, FIRST, LAST, Entry, Kind, View, sheet

VIENNA = "Europe/Vienna"
SATURDAY = date(2026, 11, 28)


def entry(starts: datetime, ends: datetime | None = None, kind: Kind = Kind.WINDOW, name: str = "Night") -> Entry:
    return Entry(kind, name, "all databases", starts, ends, 1)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def hours(view: View, on: date, *entries: Entry, zone: str = VIENNA) -> dict[int, list[str]]:
    """By day of the month what its cell says of the time; days without anything are left out."""
    days = sheet(view, on).days(entries, zone)
    return {day.on.day: [piece.hours for piece in day.pieces] for day in days if day.pieces}


def test_a_night_lies_on_both_of_its_days_in_the_readers_zone() -> None:
    night = entry(at(27, 21), at(28, 1))
    assert hours(View.WEEK, SATURDAY, night) == {27: ["from 22:00"], 28: ["until 02:00"]}
    assert hours(View.WEEK, SATURDAY, night, zone="Asia/Tokyo") == {28: ["06:00–10:00"]}


def test_what_lasts_for_days_is_there_all_day_and_ends_with_its_last_instant() -> None:
    close = entry(at(26, 23), at(28, 23), Kind.FREEZE)  # two whole days in Vienna
    assert hours(View.WEEK, SATURDAY, close) == {27: ["all day"], 28: ["all day"]}


def test_what_has_no_known_end_stands_at_its_time_also_at_midnight() -> None:
    assert hours(View.WEEK, SATURDAY, entry(at(28, 12), None, Kind.DUE)) == {28: ["13:00"]}
    assert hours(View.WEEK, SATURDAY, entry(at(27, 23), None, Kind.DUE)) == {28: ["00:00"]}


def test_what_lies_beyond_the_sheet_is_not_on_it() -> None:
    before, after = entry(at(22, 10), at(22, 12)), entry(at(30, 10), at(30, 12))
    assert hours(View.WEEK, SATURDAY, before, after, entry(at(1, 0), None), entry(at(30, 0), None)) == {}


def test_a_day_has_what_lasts_first_and_then_the_order_of_time() -> None:
    found = sheet(View.DAY, SATURDAY).days(
        [
            entry(at(28, 12), None, Kind.DUE, "late"), entry(at(28, 3), at(28, 5), name="early"),
            entry(at(20, 0), at(30, 0), Kind.FREEZE, "long"), entry(at(28, 3), None, Kind.DUE, "early too"),
        ],
        VIENNA,
    )  # fmt: skip
    assert [piece.entry.name for piece in found[0].pieces] == ["long", "early", "early too", "late"]


@pytest.mark.parametrize(
    ("day", "month", "words"),
    [(25, 10, "01:30–04:30"), (29, 3, "01:30–06:30")],  # the clock goes back, and forward: four hours all the same
)
def test_a_slot_has_its_real_length_when_the_clock_changes(day: int, month: int, words: str) -> None:
    start = datetime(2026, month, day, 1, 30) - timedelta(hours=2 if month == 10 else 1)  # noqa: DTZ001
    slot = entry(start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + timedelta(hours=4))
    assert hours(View.DAY, date(2026, month, day), slot) == {day: [words]}


def test_a_day_without_a_midnight_begins_where_its_clock_begins() -> None:
    """In Beirut the clock goes from 00:00 to 01:00 on 29 March 2026."""
    found = hours(View.DAY, date(2026, 3, 29), entry(at(28, 20, month=3), at(28, 23, month=3)), zone="Asia/Beirut")
    assert found == {29: ["until 02:00"]}


def test_a_month_is_whole_weeks_from_monday_on() -> None:
    month = sheet(View.MONTH, SATURDAY)
    assert (month.dates[0], month.dates[-1], len(month.dates)) == (date(2026, 10, 26), date(2026, 12, 6), 42)
    days = month.days([], VIENNA)
    assert [day.on.day for day in days if day.is_outside] == [26, 27, 28, 29, 30, 31, 1, 2, 3, 4, 5, 6]
    assert not any(day.is_outside for day in sheet(View.WEEK, date(2026, 12, 1)).days([], VIENNA))


@pytest.mark.parametrize(
    ("view", "on", "title", "previous", "following"),
    [
        (View.MONTH, date(2026, 12, 31), "December 2026", date(2026, 11, 1), date(2027, 1, 1)),
        (View.MONTH, date(2027, 1, 31), "January 2027", date(2026, 12, 1), date(2027, 2, 1)),
        (View.WEEK, date(2026, 12, 31), "Week 53, 28 Dec to 3 Jan 2027", date(2026, 12, 21), date(2027, 1, 4)),
        (View.DAY, SATURDAY, "Saturday 28 November 2026", date(2026, 11, 27), date(2026, 11, 29)),
    ],
)
def test_sheets_have_a_title_and_lead_on(view: View, on: date, title: str, previous: date, following: date) -> None:
    found = sheet(view, on)
    assert (found.title, found.previous, found.next) == (title, previous, following)


def test_the_calendar_has_an_end_on_both_sides() -> None:
    for view in View:
        assert sheet(view, LAST).next is None
        assert sheet(view, FIRST).previous is None


def test_a_full_cell_shows_what_fits_and_counts_the_rest() -> None:
    most = ENOUGH_A_DAY["month"]
    for number, (shown, more) in {most: (most, 0), most + 1: (most - 1, 2)}.items():
        found = sheet(View.MONTH, SATURDAY).days([entry(at(28, 10), None, Kind.DUE) for _ in range(number)], VIENNA)
        day = next(day for day in found if day.on == SATURDAY)
        assert (len(day.shown), day.more, len(day.pieces)) == (shown, more, number)
