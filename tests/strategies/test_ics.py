"""Files of calendars: recurrence and zone are kept, what cannot be taken is named, and no bytes make it fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import ics
from strategies.ics import Entry, Read, read
from strategies.occurrences import Slot

SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)


def file(*events: str, more: str = "") -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", *more.splitlines()]
    for number, event in enumerate(events):
        known = "" if "UID" in event else f"UID:event-{number}\n"
        lines += ["BEGIN:VEVENT", *f"{known}{event}".splitlines(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def one(event: str, *, zone: str = "Europe/Vienna", more: str = "") -> Entry:
    found = read(file(event, more=more), zone)
    assert found.broken == ()
    (entry,) = found.entries
    return entry


def starts(entry: Entry, count: int = 4) -> list[str]:
    return [f"{slot.starts_at:%Y-%m-%d %H:%M}" for slot in islice(entry.when.slots(SINCE, UNTIL), count)]


def why(event: str, more: str = "") -> str:
    found = read(file(event, more=more), "UTC")
    assert found.entries == ()
    ((_, reason),) = found.broken
    return reason


def test_recurrence_and_zone_are_kept_over_the_change_of_the_clock() -> None:
    entry = one(
        "SUMMARY:Close\nDTSTART;TZID=America/New_York:20261030T180000\nDURATION:PT4H\nRRULE:FREQ=WEEKLY;COUNT=3"
    )
    assert (entry.name, entry.when.zone, entry.when.minutes) == ("Close", "America/New_York", 240)
    assert starts(entry) == ["2026-10-30 22:00", "2026-11-06 23:00", "2026-11-13 23:00"]


@pytest.mark.parametrize(
    ("tzid", "more", "zone"),
    [
        ("Europe/Berlin", "", "Europe/Berlin"),
        ("/mozilla.org/20070129_1/Europe/Berlin", "", "Europe/Berlin"),
        ("W. Europe Standard Time", "", "Europe/Berlin"),
        (
            "Our office",
            "BEGIN:VTIMEZONE\nTZID:Our office\nX-LIC-LOCATION:Europe/Vienna\nBEGIN:STANDARD\nDTSTART:19701025T030000\n"
            "TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE",
            "Europe/Vienna",
        ),
    ],
)
def test_zones_go_by_many_names(tzid: str, more: str, zone: str) -> None:
    entry = one(f'DTSTART;TZID="{tzid}":20260701T120000\nDTEND;TZID="{tzid}":20260701T130000', more=more)
    assert entry.when.zone == zone
    assert starts(entry) == ["2026-07-01 10:00"]


def test_a_time_without_a_zone_follows_the_chosen_clock_and_utc_stays_utc() -> None:
    assert starts(one("DTSTART:20260701T120000\nDURATION:PT1H", zone="Asia/Kathmandu")) == ["2026-07-01 06:15"]
    entry = one("DTSTART:20260701T120000Z\nDURATION:PT1H", zone="Asia/Kathmandu")
    assert (entry.when.zone, starts(entry)) == ("UTC", ["2026-07-01 12:00"])


def test_whole_days_are_those_of_the_chosen_zone_also_where_the_clock_changes() -> None:
    one_day = one("DTSTART;VALUE=DATE:20261225")
    assert (one_day.when.minutes, starts(one_day)) == (1440, ["2026-12-24 23:00"])
    longer = one("DTSTART;VALUE=DATE:20261025\nDTEND;VALUE=DATE:20261026")
    assert (longer.when.minutes, longer.when.is_whole_days) == (1440, True)
    [slot] = longer.when.slots(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert slot.ends_at - slot.starts_at == timedelta(hours=25)


def test_whole_days_that_recur_each_end_at_midnight_and_timed_ones_after_their_real_time() -> None:
    """One of 24 hours that begins in winter would end at 01:00 of the day after the clock went on."""
    rule = "RRULE:FREQ=WEEKLY;BYDAY=SA;COUNT=30"
    days = one(f"DTSTART;VALUE=DATE:20260314\nDTEND;VALUE=DATE:20260316\n{rule}")
    timed = one(f"DTSTART;TZID=Europe/Vienna:20260314T000000\nDURATION:P2D\n{rule}")
    change = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert days.when.at(change) == Slot(datetime(2026, 3, 27, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))
    assert timed.when.at(change) == Slot(datetime(2026, 3, 27, 23, tzinfo=UTC), datetime(2026, 3, 29, 23, tzinfo=UTC))
    assert (days.when.is_whole_days, timed.when.is_whole_days) == (True, False)


def test_a_day_with_a_length_that_is_none_of_days_lasts_so_long() -> None:
    entry = one("DTSTART;VALUE=DATE:20260329\nDURATION:PT6H")
    assert (entry.when.minutes, entry.when.is_whole_days) == (360, False)
    assert one("DTSTART;VALUE=DATE:20260329\nDURATION:P1W").when.is_whole_days


def test_seconds_are_rounded_to_whole_minutes_so_that_nothing_is_shorter() -> None:
    assert one("DTSTART:20260701T120000\nDTEND:20260701T130030").when.minutes == 61
    assert one("DTSTART:20260701T120000\nDURATION:PT90S").when.minutes == 2


def test_times_that_are_left_out_and_added_are_kept() -> None:
    entry = one(
        "DTSTART;TZID=Europe/Vienna:20260105T220000\nDURATION:PT2H\nRRULE:FREQ=WEEKLY;COUNT=4\n"
        "EXDATE;TZID=Europe/Vienna:20260112T220000\nEXDATE:20260119T210000Z\nRDATE;TZID=Europe/Vienna:20260114T200000"
    )
    assert starts(entry) == ["2026-01-05 21:00", "2026-01-14 19:00", "2026-01-26 21:00"]


def test_a_day_that_is_left_out_leaves_out_the_time_of_that_day() -> None:
    entry = one("DTSTART:20260105T220000Z\nDURATION:PT2H\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20260106")
    assert starts(entry) == ["2026-01-05 22:00", "2026-01-07 22:00"]


def test_one_time_that_was_moved_is_left_out_and_stands_by_itself() -> None:
    found = read(
        file(
            "UID:close\nSUMMARY:Close\nDTSTART:20260105T220000Z\nDURATION:PT2H\nRRULE:FREQ=WEEKLY;COUNT=3",
            "UID:close\nSUMMARY:Close moved\nRECURRENCE-ID:20260112T220000Z\nDTSTART:20260113T080000Z\nDURATION:PT6H",
        ),
        "UTC",
    )
    assert found.broken == ()
    whole, moved = found.entries
    assert starts(whole) == ["2026-01-05 22:00", "2026-01-19 22:00"]
    assert (moved.uid, moved.when.minutes, starts(moved)) == ("close/20260112T220000Z", 360, ["2026-01-13 08:00"])


def test_one_time_that_was_cancelled_is_left_out_whichever_stands_first() -> None:
    found = read(
        file(
            "UID:close\nRECURRENCE-ID:20260112T220000Z\nDTSTART:20260112T220000Z\nSTATUS:CANCELLED",
            "UID:close\nDTSTART:20260105T220000Z\nDURATION:PT2H\nRRULE:FREQ=WEEKLY;COUNT=3",
        ),
        "UTC",
    )
    assert found.broken == ()
    assert starts(found.entries[0]) == ["2026-01-05 22:00", "2026-01-19 22:00"]


def test_what_was_cancelled_is_left_out() -> None:
    found = read(
        file("DTSTART:20260105T220000Z\nDURATION:PT2H\nSTATUS:CANCELLED", "DTSTART:20260106T220000Z\nDURATION:PT2H"),
        "UTC",
    )
    assert (len(found.entries), found.broken) == (1, ())


def test_an_end_in_the_last_year_there_is_means_no_end() -> None:
    entry = one(
        "DTSTART;TZID=Pacific/Kiritimati:20260105T220000\nDURATION:PT2H\nRRULE:FREQ=WEEKLY;UNTIL=99991231T235959Z"
    )
    assert len(starts(entry)) == 4


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("SUMMARY:x", "It has no start"),
        ("DTSTART:tomorrow\nDURATION:PT1H", "'tomorrow' is no date and time"),
        ("DTSTART:20261345T000000\nDURATION:PT1H", "is no date and time"),
        ("DTSTART:20260101T000000", "It has neither an end"),
        ("DTSTART:20260102T000000\nDTEND:20260101T000000", "It ends before it starts"),
        ("DTSTART:20260101T000000\nDURATION:PT0S", "It ends before it starts, or lasts no time"),
        ("DTSTART:20260101T000000\nDURATION:long", "'long' is no duration"),
        ("DTSTART;TZID=Mars/Olympus:20260101T000000\nDURATION:PT1H", "time zone 'Mars/Olympus' is not known"),
        ("DTSTART:20260101T000000\nDURATION:PT1H\nRRULE:FREQ=SECONDLY", "FREQ is one of"),
        ("DTSTART:20260101T000000\nDURATION:PT1H\nRRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "More than one rule"),
        ("DTSTART:20260101T000000\nDURATION:P90D", "It may last from 1 minute to 31 days"),
        ("DTSTART:00010101T000000\nDURATION:PT1H", "It starts in a year from 1970"),
        ("DTSTART:20260101T000000\nDURATION:PT1H\nEXDATE:never", "'never' is no date and time"),
        ("UID:\nDTSTART:20260101T000000\nDURATION:PT1H", "It has no UID"),
        ("DTSTART:20260101T000000\nDURATION:PT1H\nwithout a colon", "cannot be read"),
        (
            "RECURRENCE-ID;RANGE=THISANDFUTURE:20260101T000000\nDTSTART:20260101T000000\nDURATION:PT1H",
            "this and all later times",
        ),
    ],
)
def test_a_broken_event_is_named_with_the_reason(event: str, reason: str) -> None:
    assert reason in why(event)


def test_thirty_events_at_once_with_one_broken_one_named_and_the_rest_taken() -> None:
    events = [
        f"SUMMARY:Freeze {n}\nDTSTART;TZID=Europe/Vienna:202601{n:02}T220000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY"
        for n in range(1, 29)
    ]
    found = read(
        file(*events, "SUMMARY:Broken\nDTSTART:never\nDURATION:PT1H", "SUMMARY:Last\nDTSTART;VALUE=DATE:20261224"),
        "UTC",
    )
    assert len(found.entries) == 29
    assert [entry.name for entry in found.entries] == [*(f"Freeze {n}" for n in range(1, 29)), "Last"]
    assert all((entry.when.zone, entry.when.rule) == ("Europe/Vienna", "FREQ=MONTHLY") for entry in found.entries[:28])
    assert found.broken == (("Broken", "'never' is no date and time."),)


def test_two_events_of_one_uid_are_one_and_a_broken_one() -> None:
    found = read(file(*["UID:a\nDTSTART:20260101T000000Z\nDURATION:PT1H"] * 2), "UTC")
    assert len(found.entries) == 1
    assert "the same UID" in found.broken[0][1]


def test_texts_are_unfolded_unescaped_and_in_one_line() -> None:
    entry = one(
        "SUMMARY:Close\\, the\\nbooks \n of the year\nDESCRIPTION:No \x07bell\nDTSTART:20260101T000000Z\nDURATION:PT1H"
    )
    assert entry.name == "Close, the books of the year"
    assert entry.reason == "No bell"


def test_alarms_and_what_else_stands_in_an_event_are_left_out() -> None:
    entry = one(
        "SUMMARY:Close\nDTSTART:20260101T000000Z\nDURATION:PT1H\nBEGIN:VALARM\nTRIGGER:-PT15M\nACTION:DISPLAY\nDURATION:PT5M\n"
        "REPEAT:2\nSUMMARY:Wake up\nEND:VALARM"
    )
    assert (entry.name, entry.when.minutes) == ("Close", 60)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it holds no event"),
        (b"hello", "it holds no event"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "it is no iCalendar file"),
        (b"END:VEVENT\r\n", "it is no iCalendar file"),
        (b"x" * (ics.MOST_BYTES + 1), "it is larger than 1,000,000 bytes"),
        (file(*["DTSTART:20260101T000000Z\nDURATION:PT1H"] * (ics.MOST_EVENTS + 1)), "it holds more than 2,000 events"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(data: bytes, reason: str) -> None:
    found = read(data, "UTC")
    assert found.entries == ()
    ((name, said),) = found.broken
    assert (name, reason in said) == ("the file", True)


PIECES = st.sampled_from(
    [
        line.encode() + b"\r\n"
        for line in (
            "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "TZID:x", "UID:a",
            "DTSTART:20260101T000000Z", "DTSTART;TZID=:20260101T000000", "DTSTART;VALUE=DATE:99991231", "DTEND:99991231T235959",
            "DURATION:P9999999999D", "DURATION:-P1W", "RRULE:FREQ=YEARLY;UNTIL=00010101T000000Z", "RRULE:FREQ=MONTHLY;BYDAY=99SU",
            "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "EXDATE:", "RDATE;VALUE=PERIOD:20260101T000000Z/PT1H",
            "RECURRENCE-ID:20260101T000000Z", ":", ";=:", "\xff\x00", " folded", 'SUMMARY;X="unclosed:y', "STATUS:CANCELLED",
        )
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=25), st.binary(max_size=20))
def test_whatever_the_bytes_there_is_an_answer(pieces: list[bytes], noise: bytes) -> None:
    assert isinstance(read(b"".join(pieces) + noise, "Europe/Vienna"), Read)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES.filter(lambda piece: b"VCALENDAR" not in piece and b"VEVENT" not in piece), max_size=12))
def test_whatever_stands_in_an_event_the_next_one_is_taken(pieces: list[bytes]) -> None:
    good = b"BEGIN:VEVENT\r\nUID:good\r\nDTSTART:20260101T000000Z\r\nDURATION:PT1H\r\nEND:VEVENT\r\n"
    if pieces.count(b"BEGIN:VTIMEZONE\r\n") or pieces.count(b"END:VTIMEZONE\r\n"):
        return  # what is begun and not ended breaks the file, not an event
    data = (
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\n"
        + b"".join(pieces)
        + b"END:VEVENT\r\n"
        + good
        + b"END:VCALENDAR\r\n"
    )
    assert "good" in [entry.uid for entry in read(data, "UTC").entries]
