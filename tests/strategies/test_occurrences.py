"""Slots of time from calendar rules: five years of them over both changes of the clock, against a model that walks day by day."""

# ruff: noqa: DTZ001 (times on the wall have no zone of their own)
from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from strategies.occurrences import Occurrences, RuleRefused, Slot, last_end, occurrences, placed

ZONES = (
    "Europe/Vienna",
    "America/New_York",
    "Asia/Kolkata",  # never changes, and stands at no whole hour
    "Australia/Lord_Howe",  # changes by half an hour, in the south
    "America/Sao_Paulo",  # changes no more
    "Pacific/Apia",  # beyond the date line
    "America/Santiago",  # changes at midnight
)
START, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
FIRST = date(2023, 12, 15)
RULES = {
    "FREQ=DAILY": lambda day: True,
    "FREQ=WEEKLY;BYDAY=SA,SU": lambda day: day.weekday() >= 5,
    "FREQ=MONTHLY;BYMONTHDAY=-1": lambda day: (day + timedelta(days=1)).day == 1,
    "FREQ=MONTHLY;BYDAY=2TU": lambda day: day.weekday() == 1 and 8 <= day.day <= 14,
}


def instant(day: date, minute: int, zone: str) -> datetime:
    """When the clock of the zone first shows this minute or a later one of the day: by walking over real minutes, no formula."""
    place, wanted = zoneinfo.ZoneInfo(zone), datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    at = wanted.replace(tzinfo=UTC) - timedelta(hours=15)
    while (left := wanted - at.astimezone(place).replace(tzinfo=None)) > timedelta(minutes=75):
        at += left - timedelta(minutes=70)  # far from it yet: no change of the clock in these years is as long as this
    while at.astimezone(place).replace(tzinfo=None) < wanted:
        at += timedelta(minutes=1)
    return at


def model(rule: str, minute: int, minutes: int, zone: str) -> Iterator[Slot]:
    for number in range((date(2029, 1, 5) - FIRST).days):
        day = FIRST + timedelta(days=number)
        if RULES[rule](day):
            begins = instant(day, minute, zone)
            slot = Slot(begins, begins + timedelta(minutes=minutes))
            if slot.starts_at < END and slot.ends_at > START:
                yield slot


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("rule", "minute"), [("FREQ=DAILY", 150), ("FREQ=WEEKLY;BYDAY=SA,SU", 30)])
def test_five_years_of_slots_are_those_that_the_clock_on_the_wall_shows(zone: str, rule: str, minute: int) -> None:
    starts = datetime(FIRST.year, FIRST.month, FIRST.day) + timedelta(minutes=minute)
    found = list(occurrences(starts, 240, zone, rule).slots(START, END))
    assert found == list(model(rule, minute, 240, zone))
    assert len(found) >= 520
    assert all(slot.ends_at - slot.starts_at == timedelta(hours=4) for slot in found)


@pytest.mark.parametrize("rule", [rule for rule in RULES if "MONTHLY" in rule])
def test_monthly_rules_count_the_days_of_their_zone(rule: str) -> None:
    for zone, minute in (("Pacific/Apia", 10), ("America/New_York", 23 * 60 + 50)):
        starts = datetime(FIRST.year, FIRST.month, FIRST.day) + timedelta(minutes=minute)
        assert list(occurrences(starts, 60, zone, rule).slots(START, END)) == list(model(rule, minute, 60, zone))


@pytest.mark.parametrize(
    ("zone", "wall", "instant"),
    [
        ("Europe/Vienna", datetime(2026, 3, 29, 2, 30), "2026-03-29 01:00"),  # left out: as soon as the clock goes on
        ("Europe/Vienna", datetime(2026, 3, 29, 2, 0), "2026-03-29 01:00"),
        ("Europe/Vienna", datetime(2026, 3, 29, 3, 0), "2026-03-29 01:00"),
        ("Europe/Vienna", datetime(2026, 10, 25, 2, 30), "2026-10-25 00:30"),  # shown twice: the first
        ("Europe/Vienna", datetime(2026, 10, 25, 3, 0), "2026-10-25 02:00"),
        ("America/New_York", datetime(2026, 3, 8, 2, 59), "2026-03-08 07:00"),
        ("Australia/Lord_Howe", datetime(2026, 10, 4, 2, 15), "2026-10-03 15:30"),
        ("America/Santiago", datetime(2026, 9, 6, 0, 30), "2026-09-06 04:00"),
        ("Asia/Kolkata", datetime(2026, 3, 29, 2, 30), "2026-03-28 21:00"),
        ("Pacific/Apia", datetime(2011, 12, 30, 12, 0), "2011-12-30 10:00"),  # a day that never was
    ],
)
def test_a_time_on_the_wall_has_one_instant(zone: str, wall: datetime, instant: str) -> None:
    assert f"{placed(wall, zone):%Y-%m-%d %H:%M}" == instant


def test_two_starts_that_the_spring_change_makes_one_are_one_slot() -> None:
    both = occurrences(datetime(2026, 3, 1), 60, "Europe/Vienna", "FREQ=DAILY;BYHOUR=2,3")
    spring = list(both.slots(datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 3, 29, 10, tzinfo=UTC)))
    assert spring == [Slot(datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 2, tzinfo=UTC))]


def nightly(minutes: int = 240, **more: tuple[datetime, ...]) -> Occurrences:
    return occurrences(datetime(2026, 11, 1, 22), minutes, "UTC", "FREQ=DAILY", **more)


def test_a_slot_includes_its_start_and_not_its_end() -> None:
    first, last = datetime(2026, 11, 5, 22, tzinfo=UTC), datetime(2026, 11, 6, 2, tzinfo=UTC)
    instant = timedelta(microseconds=1)
    found = [nightly().at(moment) for moment in (first - instant, first, last - instant, last)]
    assert found == [None, Slot(first, last), Slot(first, last), None]


def test_slots_that_touch_the_time_that_is_asked_for_do_not_overlap_it() -> None:
    first, last = datetime(2026, 11, 5, 22, tzinfo=UTC), datetime(2026, 11, 6, 2, tzinfo=UTC)
    assert list(nightly().slots(last, last + timedelta(hours=20))) == []
    assert list(nightly().slots(first - timedelta(hours=20), first)) == []


def test_of_slots_that_lie_over_each_other_the_one_that_ends_last_counts() -> None:
    long = nightly(minutes=3 * 24 * 60)
    moment = datetime(2026, 11, 10, 23, tzinfo=UTC)
    slot = long.at(moment)
    assert slot is not None
    assert slot.starts_at == datetime(2026, 11, 10, 22, tzinfo=UTC)
    assert len(list(long.slots(moment, moment + timedelta(seconds=1)))) == 3


def test_what_happens_once_happens_once() -> None:
    once = occurrences(datetime(2026, 12, 24, 18), 600, "Europe/Vienna")
    assert list(once.slots(START, END)) == [
        Slot(datetime(2026, 12, 24, 17, tzinfo=UTC), datetime(2026, 12, 25, 3, tzinfo=UTC))
    ]
    assert once.after(datetime(2026, 12, 24, 17, tzinfo=UTC)) is None


def test_starts_may_be_left_out_and_added() -> None:
    changed = nightly(
        left_out=(datetime(2026, 11, 6, 22),), added=(datetime(2026, 11, 6, 12), datetime(2026, 11, 7, 22))
    )
    found = changed.slots(datetime(2026, 11, 5, 3, tzinfo=UTC), datetime(2026, 11, 8, tzinfo=UTC))
    assert [f"{slot.starts_at:%d %H}" for slot in found] == ["05 22", "06 12", "07 22"]


def test_the_end_of_a_rule_is_of_the_zone_that_it_is_written_in() -> None:
    starts = datetime(2026, 11, 1, 0, 30)
    by_day = occurrences(starts, 60, "Pacific/Apia", "FREQ=DAILY;UNTIL=20261103")
    by_instant = occurrences(starts, 60, "Pacific/Apia", "FREQ=DAILY;UNTIL=20261102T113000Z")  # 00:30 of the third
    assert len(list(by_day.slots(START, END))) == len(list(by_instant.slots(START, END))) == 3


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("time_zone", {"zone": "Mars/Olympus"}),
        ("time_zone", {"zone": ""}),
        ("minutes", {"minutes": 0}),
        ("minutes", {"minutes": 31 * 24 * 60 + 1}),
        ("rule", {"rule": "FREQ=SECONDLY"}),
        ("rule", {"rule": "every night"}),
        ("rule", {"rule": "FREQ=DAILY;FREQ=DAILY"}),
        ("rule", {"rule": "FREQ=DAILY;INTERVAL=0"}),
        ("rule", {"rule": "FREQ=DAILY;COUNT=-1"}),
        ("rule", {"rule": "FREQ=DAILY;UNTIL=20261399"}),
        ("rule", {"rule": "FREQ=DAILY;UNTIL=tomorrow"}),
        ("rule", {"rule": "FREQ=DAILY;UNTIL=20200101"}),  # before its start: it never happens
        ("rule", {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}),
        ("rule", {"rule": "FREQ=WEEKLY;BYDAY=XX"}),
        ("rule", {"rule": "FREQ=MONTHLY;BYMONTHDAY=40"}),
        ("rule", {"rule": "FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7,8,9,10;BYMINUTE=0,10,20,30,40"}),
    ],
)
def test_a_wrong_value_is_refused_with_its_field(field: str, values: dict) -> None:
    known = {"starts": datetime(2026, 11, 1, 22), "minutes": 60, "zone": "UTC", "rule": "FREQ=DAILY", **values}
    with pytest.raises(RuleRefused) as refusal:
        occurrences(**known)
    assert refusal.value.field == field
    assert str(refusal.value).endswith(".")


PARTS = st.one_of(
    st.sampled_from(
        ["BYDAY=MO", "BYDAY=1SU,-1FR", "BYMONTH=2", "BYMONTHDAY=29", "BYMONTHDAY=30", "BYSETPOS=1", "WKST=SU", "COUNT=3",
         "UNTIL=20281231", "INTERVAL=7", "BYHOUR=2", "BYEASTER=0", "BYWEEKNO=53", "BYYEARDAY=366", "BYDAY=", "=", "X"]
    ),
    st.text(alphabet="ABDEFHMNOQRSUY=;,:-+0123456789 \n", max_size=30),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    frequency=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY", "NEVER"]),
    parts=st.lists(PARTS, max_size=3), zone=st.sampled_from(ZONES), minutes=st.integers(1, 3 * 24 * 60),
)  # fmt: skip
@example("WEEKLY", ["BYMONTHDAY=30", "BYMONTH=2"], "UTC", 60)
def test_what_is_typed_is_refused_or_gives_slots_in_order_that_all_overlap_what_was_asked(
    frequency: str, parts: list[str], zone: str, minutes: int
) -> None:
    try:
        made = occurrences(datetime(2026, 1, 31, 2, 30), minutes, zone, ";".join([f"FREQ={frequency}", *parts]))
    except RuleRefused:
        return
    since, until = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    slots = list(made.slots(since, until))
    assert all(first.starts_at < second.starts_at for first, second in pairwise(slots))
    assert all(slot.overlaps(Slot(since, until)) for slot in slots)
    for slot in slots[:3]:
        assert made.at(slot.starts_at) is not None


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("rule", "days"), [("FREQ=WEEKLY;BYDAY=SA,SU", 2), ("FREQ=MONTHLY;BYDAY=2TU", 3)])
def test_whole_days_end_at_midnight_of_the_wall_over_five_years(zone: str, rule: str, days: int) -> None:
    made = occurrences(datetime(FIRST.year, FIRST.month, FIRST.day), days * 1440, zone, rule, is_whole_days=True)
    wanted = []
    for number in range((date(2029, 1, 5) - FIRST).days):
        day = FIRST + timedelta(days=number)
        if RULES[rule](day):
            slot = Slot(instant(day, 0, zone), instant(day + timedelta(days=days), 0, zone))
            if slot.starts_at < END and slot.ends_at > START:
                wanted.append(slot)
    assert list(made.slots(START, END)) == wanted


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Vienna", "2026-03-29", 23), ("Europe/Vienna", "2026-10-25", 25), ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25), ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("America/Santiago", "2026-09-06", 23), ("America/Santiago", "2026-04-04", 25), ("Asia/Kolkata", "2026-03-29", 24),
    ],
)  # fmt: skip
def test_a_whole_day_has_the_hours_that_the_clock_gives_it(zone: str, day: str, hours: float) -> None:
    """In Santiago the clock changes at midnight: no 00:00 in spring, and in autumn the last hour of a day twice."""
    made = occurrences(datetime(2026, 1, 1), 1440, zone, "FREQ=DAILY", is_whole_days=True)
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=zoneinfo.ZoneInfo(zone))
    slot = made.at(noon)
    assert slot is not None
    assert (slot.ends_at - slot.starts_at) / timedelta(hours=1) == hours
    exact = occurrences(datetime(2026, 1, 1), 1440, zone, "FREQ=DAILY").at(noon)
    assert exact is not None
    assert exact.ends_at - exact.starts_at == timedelta(hours=24)


def test_a_day_that_a_zone_left_out_is_no_slot() -> None:
    """Samoa went over the date line from the 29th to the 31st of December 2011."""
    made = occurrences(datetime(2011, 12, 28), 1440, "Pacific/Apia", "FREQ=DAILY;COUNT=5", is_whole_days=True)
    found = list(made.slots(datetime(2011, 12, 1, tzinfo=UTC), datetime(2012, 2, 1, tzinfo=UTC)))
    assert [slot.starts_at.astimezone(zoneinfo.ZoneInfo("Pacific/Apia")).day for slot in found] == [28, 29, 31, 1]
    assert all(slot.ends_at - slot.starts_at == timedelta(days=1) for slot in found)
    assert last_end(made) == found[-1].ends_at


@pytest.mark.parametrize(
    ("starts", "minutes", "field"), [(datetime(2026, 1, 1, 1), 1440, "starts"), (datetime(2026, 1, 1), 1500, "minutes")]
)
def test_whole_days_are_whole(starts: datetime, minutes: int, field: str) -> None:
    with pytest.raises(RuleRefused) as refusal:
        occurrences(starts, minutes, "Europe/Vienna", is_whole_days=True)
    assert refusal.value.field == field
