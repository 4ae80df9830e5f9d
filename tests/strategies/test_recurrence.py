"""When jobs are due: every kind of schedule, every refusal, and both changes of the clock in many zones."""

from __future__ import annotations

import calendar
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from itertools import islice, pairwise, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.recurrence import EXAMPLES, Kind, Recurrence, ScheduleRefused, recurrence

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour, in the south
    "America/Santiago",  # changes at midnight
    "Asia/Kathmandu",  # never, and no whole hours
    "Africa/Casablanca",  # back and forth around Ramadan
)
START, END = datetime(2023, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)


def due(kind: str, value: str | None, zone: str = "UTC", *, start: datetime = START, n: int = 3) -> list[str]:
    found = islice(recurrence(kind, value, zone).after(start), n)
    return [f"{moment:%a %Y-%m-%d %H:%M}" for moment in found]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("DAILY", None, ["Sun 2023-01-01 02:00", "Mon 2023-01-02 02:00", "Tue 2023-01-03 02:00"]),
        ("DAILY", "23:30", ["Sun 2023-01-01 23:30", "Mon 2023-01-02 23:30", "Tue 2023-01-03 23:30"]),
        ("WEEKLY", None, ["Sun 2023-01-01 02:00", "Sun 2023-01-08 02:00", "Sun 2023-01-15 02:00"]),
        ("WEEKLY", "monday, thursday 4:05", ["Mon 2023-01-02 04:05", "Thu 2023-01-05 04:05", "Mon 2023-01-09 04:05"]),
        ("MONTHLY", None, ["Sun 2023-01-01 02:00", "Wed 2023-02-01 02:00", "Wed 2023-03-01 02:00"]),
        ("MONTHLY", "15 03:00", ["Sun 2023-01-15 03:00", "Wed 2023-02-15 03:00", "Wed 2023-03-15 03:00"]),
        ("MONTHLY", "31 03:00", ["Tue 2023-01-31 03:00", "Fri 2023-03-31 03:00", "Wed 2023-05-31 03:00"]),
        ("MONTHLY", "LAST_DAY 03:00", ["Tue 2023-01-31 03:00", "Tue 2023-02-28 03:00", "Fri 2023-03-31 03:00"]),
        ("MONTHLY", "FIRST_SUNDAY 04:00", ["Sun 2023-01-01 04:00", "Sun 2023-02-05 04:00", "Sun 2023-03-05 04:00"]),
        ("MONTHLY", "LAST_FRIDAY 04:00", ["Fri 2023-01-27 04:00", "Fri 2023-02-24 04:00", "Fri 2023-03-31 04:00"]),
        ("QUARTERLY", None, ["Sun 2023-01-01 02:00", "Sat 2023-04-01 02:00", "Sat 2023-07-01 02:00"]),
        ("QUARTERLY", "SECOND_TUESDAY 1:00", ["Tue 2023-01-10 01:00", "Tue 2023-04-11 01:00", "Tue 2023-07-11 01:00"]),
        ("YEARLY", None, ["Sun 2023-01-01 02:00", "Mon 2024-01-01 02:00", "Wed 2025-01-01 02:00"]),
        ("YEARLY", "12-24 03:00", ["Sun 2023-12-24 03:00", "Tue 2024-12-24 03:00", "Wed 2025-12-24 03:00"]),
        (
            "YEARLY",
            "MARCH FIRST_SUNDAY 04:00",
            ["Sun 2023-03-05 04:00", "Sun 2024-03-03 04:00", "Sun 2025-03-02 04:00"],
        ),
        ("YEARLY", "02-29 03:00", ["Thu 2024-02-29 03:00", "Tue 2028-02-29 03:00", "Sun 2032-02-29 03:00"]),
        ("CUSTOM", "*/20 8 * * 1-5", ["Mon 2023-01-02 08:00", "Mon 2023-01-02 08:20", "Mon 2023-01-02 08:40"]),
        ("ON_DEMAND", None, []),
        ("EVENT_DRIVEN", "LOAD_DONE", []),
    ],
)
def test_each_kind_of_schedule_is_due_when_it_says(kind: str, value: str | None, expected: list[str]) -> None:
    assert due(kind, value) == expected


def test_a_custom_schedule_without_a_value_takes_that_of_the_configuration() -> None:
    assert recurrence("CUSTOM", None, None, custom_default=" 0  2 * * * ").cron == "0 2 * * *"


@pytest.mark.parametrize(
    ("kind", "value", "zone", "field", "words"),
    [
        ("HOURLY", None, "UTC", "schedule_type", "HOURLY"),
        ("DAILY", "25:00", "UTC", "schedule_value", "time of day"),
        ("DAILY", "MONDAY 02:00", "UTC", "schedule_value", "daily"),
        ("WEEKLY", "SOMEDAY 02:00", "UTC", "schedule_value", "SUNDAY 02:00"),
        ("MONTHLY", "32 02:00", "UTC", "schedule_value", "FIRST_SUNDAY"),
        ("MONTHLY", "FIFTH_SUNDAY 02:00", "UTC", "schedule_value", "FIFTH_SUNDAY"),
        ("YEARLY", "02-30 02:00", "UTC", "schedule_value", "02-30"),
        ("YEARLY", "13-01 02:00", "UTC", "schedule_value", "13-01"),
        ("CUSTOM", None, "UTC", "schedule_value", "five cron fields"),
        ("CUSTOM", "0 2 * *", "UTC", "schedule_value", "4 fields"),
        ("CUSTOM", "0 2 30 2 *", "UTC", "schedule_value", "0 2 30 2 *"),
        ("CUSTOM", "61 2 * * *", "UTC", "schedule_value", "minute"),
        ("EVENT_DRIVEN", "  ", "UTC", "schedule_value", "event"),
        ("DAILY", "02:00", "Mars/Olympus", "schedule_timezone", "Mars/Olympus"),
        ("DAILY", "02:00", "../etc/passwd", "schedule_timezone", "no time zone"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused_with_its_column(
    kind: str, value: str | None, zone: str, field: str, words: str
) -> None:
    with pytest.raises(ScheduleRefused, match=words.replace("*", r"\*")) as refusal:
        recurrence(kind, value, zone)
    assert refusal.value.field == field


@given(st.text(max_size=30), st.sampled_from(list(Kind)))
def test_whatever_is_typed_is_a_schedule_or_is_refused(value: str, kind: Kind) -> None:
    try:
        found = recurrence(kind, value, "Europe/Berlin")
    except ScheduleRefused:
        return
    assert (found.next_due(START) is not None) == kind.has_clock


def test_every_kind_has_an_example() -> None:
    assert set(EXAMPLES) == set(Kind)


# Both changes of the clock, against a calendar of our own.


def local_minutes(zone: zoneinfo.ZoneInfo, day: date) -> Iterator[tuple[datetime, str]]:
    """Every minute of a local day as it really passes: the instant, and what the clock on the wall shows."""
    moment = datetime.combine(day, time(), zone).astimezone(UTC) - timedelta(hours=2)
    for _ in range(30 * 60):
        local = moment.astimezone(zone)
        if local.date() == day:
            yield moment, f"{local:%H:%M}"
        moment += timedelta(minutes=1)


def expected(zone: zoneinfo.ZoneInfo, day: date, wall: str) -> datetime:
    """The first minute of the day at which the clock on the wall has reached this time: later in spring, once in autumn."""
    return next(moment for moment, shown in local_minutes(zone, day) if shown >= wall)


def days_of_change(zone: zoneinfo.ZoneInfo) -> list[date]:
    days = [START.date() + timedelta(days=n) for n in range((END - START).days)]
    offsets = [datetime.combine(day, time(), zone).utcoffset() for day in days]
    return [day for day, (now, then) in zip(days, pairwise(offsets), strict=False) if now != then]


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("wall", ["00:00", "00:30", "01:30", "02:00", "02:15", "02:30", "03:00", "23:30"])
def test_a_fixed_time_comes_once_on_each_day_of_five_years(zone_name: str, wall: str) -> None:
    zone = zoneinfo.ZoneInfo(zone_name)
    found = list(takewhile(lambda moment: moment < END, recurrence("DAILY", wall, zone_name).after(START)))
    local_days = [moment.astimezone(zone).date() for moment in found]
    first, last = START.astimezone(zone).date(), END.astimezone(zone).date()
    every_day = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert len(local_days) == len(set(local_days))
    assert set(every_day[1:-1]) <= set(local_days)
    by_day = dict(zip(local_days, found, strict=True))
    for day in days_of_change(zone):
        if day in by_day:
            assert by_day[day] == expected(zone, day, wall), day


@pytest.mark.parametrize("zone_name", ZONES)
def test_what_recurs_every_quarter_of_an_hour_follows_real_time(zone_name: str) -> None:
    """The offsets of these zones are whole quarters, so every quarter of UTC is due, and nothing else."""
    found = recurrence("CUSTOM", "*/15 * * * *", zone_name).after(START)
    steps = takewhile(lambda moment: moment < START + timedelta(days=366), found)
    moment = START
    for instant in steps:
        moment += timedelta(minutes=15)
        assert instant == moment


@given(
    st.sampled_from(ZONES),
    st.sampled_from(
        ["*/7 * * * *", "30 2 * * *", "0,30 1-3 * * *", "15 */2 * * *", "0 2 * * 0#1", "0 3 L * *", "59 23 * * 5L"]
    ),
    st.datetimes(START.replace(tzinfo=None), END.replace(tzinfo=None)),
)
def test_the_next_due_instant_comes_after_the_moment_and_leaves_none_out(zone: str, cron: str, naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    schedule = Recurrence(cron, zone)
    first = schedule.next_due(moment)
    assert first is not None
    assert first > moment
    assert schedule.next_due(first - timedelta(seconds=1)) == first
    following = list(islice(schedule.after(moment), 5))
    assert following == sorted(set(following))
    for one, other in pairwise(following):
        assert schedule.next_due(one) == other


# Every minute around every change, against the clock on the wall as it really passes.

AROUND = timedelta(hours=9)
MINUTE = timedelta(minutes=1)
CHANGING = (
    *ZONES,
    "Pacific/Chatham",  # at a quarter to three
    "America/Havana",  # at midnight
    "Antarctica/Troll",  # two hours at once
    "Atlantic/Azores",
    "Asia/Beirut",
)
CRONS = (
    "0 */3 * * *", "0 */2 * * *", "45 */1 * * *", "15 */4 * * *", "*/10 2 * * *", "*/15 * * * *", "*/20 1-3 * * *",
    "*/30 */2 * * *", "*/7 2-3 * * 0", "*/10 2 1-7 4,10 *",
    "0 * * * *", "5,35 * * * *", "30 1 * * *", "30 2 * * *", "45 2 * * *", "0,30 2 * * *", "10-20 2 * * *", "15 0-4 * * *",
    "30 23,0 * * *", "0 0 1-7 4 *", "30 2 * * 0",
)  # fmt: skip


def values(field: str, lowest: int, highest: int) -> set[int]:
    """What a cron field stands for, read without any library."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin, end = (lowest, highest) if span == "*" else (int(first), int(last or first))
        found |= set(range(begin, end + 1, int(step or 1)))
    return found


@dataclass(frozen=True)
class Wall:
    """A cron expression, asked of the clock on the wall."""

    cron: str

    @property
    def is_fixed(self) -> bool:
        minute, hour, *_ = self.cron.split()
        return not minute.startswith("*") and not hour.startswith("*")

    @cached_property
    def fields(self) -> list[set[int]]:
        spans = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
        return [values(field, *span) for field, span in zip(self.cron.split(), spans, strict=True)]

    def shows(self, wall: datetime) -> bool:
        parts = (wall.minute, wall.hour, wall.day, wall.month, wall.isoweekday() % 7)
        return all(part in field for part, field in zip(parts, self.fields, strict=True))

    def due(self, minutes: list[tuple[datetime, datetime]]) -> list[datetime]:
        """Of these minutes, each with what the wall shows, those that are due."""
        found = []
        previous = minutes[0][1].replace(tzinfo=None) - MINUTE
        for moment, local in minutes:
            wall = local.replace(tzinfo=None, fold=0)
            skipped, left_out = previous + MINUTE, []
            while self.is_fixed and skipped < wall:
                left_out.append(skipped)
                skipped += MINUTE
            is_first = not (self.is_fixed and local.fold)
            if (is_first and self.shows(wall)) or any(map(self.shows, left_out)):
                found.append(moment)
            previous = wall
        return found


@cache
def changes(zone_name: str) -> list[list[tuple[datetime, datetime]]]:
    """The minutes around each change of two years."""
    zone, found = zoneinfo.ZoneInfo(zone_name), []
    hour, end = START, START + timedelta(days=730)
    while hour < end:
        before, hour = hour, hour + timedelta(hours=1)
        if before.astimezone(zone).utcoffset() != hour.astimezone(zone).utcoffset():
            moments = [hour - AROUND + n * MINUTE for n in range(2 * AROUND // MINUTE)]
            found.append([(moment, moment.astimezone(zone)) for moment in moments])
    return found


@pytest.mark.parametrize("cron", CRONS)
@pytest.mark.parametrize("zone_name", CHANGING)
def test_around_each_change_it_is_due_at_exactly_the_minutes_that_the_wall_shows(zone_name: str, cron: str) -> None:
    schedule, wall = Recurrence(cron, zone_name), Wall(cron)
    for minutes in changes(zone_name):
        begin, end = minutes[0][0] - MINUTE, minutes[-1][0]
        due = wall.due(minutes)
        assert list(takewhile(lambda instant, end=end: instant <= end, schedule.after(begin))) == due
        for moment, _ in minutes[::41]:
            following = next((instant for instant in due if instant > moment), None)
            if following is not None:
                assert schedule.next_due(moment) == following


@given(
    st.sampled_from([zone for zone in CHANGING if zone != "Asia/Kathmandu"]),
    st.sampled_from(["*", "*/7", "*/10", "*/45", "0", "15", "45", "50", "5-55/10"]),
    st.sampled_from(["*", "*/2", "*/3", "*/4", "0", "1", "2", "3", "1-3", "23"]),
    st.data(),
)
def test_whatever_the_schedule_no_instant_around_a_change_is_left_out(
    zone_name: str, minute: str, hour: str, data: st.DataObject
) -> None:
    minutes = data.draw(st.sampled_from(changes(zone_name)))
    cron = f"{minute} {hour} * * *"
    due = Wall(cron).due(minutes)
    moment = data.draw(st.sampled_from(minutes))[0] + timedelta(seconds=data.draw(st.integers(0, 59)))
    end = minutes[-1][0]
    found = takewhile(lambda instant: instant <= end, Recurrence(cron, zone_name).after(moment))
    assert list(found) == [instant for instant in due if instant > moment]


def test_in_the_hour_that_comes_twice_a_fixed_time_that_has_been_is_over() -> None:
    schedule = recurrence("DAILY", "02:30", "Europe/Berlin")
    second_pass = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 for the second time
    assert schedule.next_due(second_pass) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_months_are_as_long_as_they_are() -> None:
    found = takewhile(lambda moment: moment < END, recurrence("MONTHLY", "LAST_DAY 12:00", "UTC").after(START))
    assert [moment.day for moment in found] == [
        calendar.monthrange(year, month)[1] for year in range(2023, 2028) for month in range(1, 13)
    ]
