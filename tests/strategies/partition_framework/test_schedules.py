"""Schedules of the older framework become schedules that are due at the same times, or keep their text with the reason why not."""

from __future__ import annotations

import re

import pytest

from strategies.partition_framework.schedules import Schedule, translate
from strategies.recurrence import Kind, recurrence


@pytest.mark.parametrize(
    ("kind", "value", "meant", "reads"),
    [
        ("DAILY", "02:00", Kind.DAILY, "02:00"),
        ("DAILY", None, Kind.DAILY, None),
        ("DAY", "02:00:00", Kind.DAILY, "02:00"),
        ("WEEKLY", "Sun 02:00", Kind.WEEKLY, "SUNDAY 02:00"),
        ("MONTHLY", "15 03:00", Kind.MONTHLY, "15 03:00"),
        ("MONTHLY", "first_sunday 04:00", Kind.MONTHLY, "FIRST_SUNDAY 04:00"),
        ("QUARTERLY", "1 02:00", Kind.QUARTERLY, "1 02:00"),
        ("ANNUALLY", "12-24 03:00", Kind.YEARLY, "12-24 03:00"),
        ("CRON", "0 2 * * 1-5", Kind.CUSTOM, "0 2 * * 1-5"),
        ("HOURLY", None, Kind.CUSTOM, "0 * * * *"),
        ("HOURLY", ":15", Kind.CUSTOM, "15 * * * *"),
        ("MANUAL", "whenever", Kind.ON_DEMAND, None),
        ("EVENT", "LOAD DONE", Kind.EVENT_DRIVEN, "LOAD DONE"),
        ("CALENDAR", "FREQ=DAILY; BYHOUR=2; BYMINUTE=30", Kind.CUSTOM, "30 2 * * *"),
        ("DAILY", "freq=weekly;byday=mon,thu;byhour=2;byminute=0;bysecond=0", Kind.CUSTOM, "0 2 * * MON,THU"),
        ("MONTHLY", "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=-1;BYHOUR=4;BYMINUTE=0", Kind.CUSTOM, "0 4 L * *"),
        ("HOURLY", "FREQ=HOURLY;BYMINUTE=5", Kind.CUSTOM, "5 * * * *"),
    ],
)  # fmt: skip
def test_a_schedule_is_translated(kind: str, value: str | None, meant: Kind, reads: str | None) -> None:
    assert translate(kind, value) == Schedule(meant, reads)
    recurrence(meant.value, reads, "UTC")


@pytest.mark.parametrize(
    ("kind", "value", "kept", "why"),
    [
        ("DAILY", "at night", Kind.DAILY, "does not end in a time of day"),
        ("DAILY", "2", Kind.DAILY, "does not end in a time of day"),
        ("WEEKLY", "SUNDAY", Kind.WEEKLY, "does not end in a time of day"),
        ("MONTHLY", "31_SUNDAY 02:00", Kind.MONTHLY, "is no day of a monthly schedule"),
        ("CUSTOM", None, Kind.CUSTOM, "needs five cron fields"),
        ("CUSTOM", "SYSDATE + 1", Kind.CUSTOM, "has 3 fields"),
        ("CUSTOM", "0 2 30 2 *", Kind.CUSTOM, "is no schedule|is never due"),
        ("EVENT", None, Kind.EVENT_DRIVEN, "needs the name of its event"),
        ("FORTNIGHTLY", "MONDAY 02:00", Kind.CUSTOM, "FORTNIGHTLY is no type of schedule here"),
        ("FORTNIGHTLY", None, Kind.ON_DEMAND, "is no type of schedule here"),
        (None, "02:00", Kind.CUSTOM, "Nothing is no type of schedule here. CUSTOM was taken."),
        (None, None, Kind.ON_DEMAND, "Nothing is no type of schedule here. ON_DEMAND was taken."),
        ("DAILY", "FREQ=DAILY;BYHOUR=2", Kind.DAILY, "does not say BYMINUTE"),
        ("DAILY", "FREQ=DAILY;INTERVAL=2;BYHOUR=2;BYMINUTE=0", Kind.DAILY, "says more than a schedule can"),
        ("DAILY", "FREQ=SECONDLY", Kind.DAILY, "has a frequency that no schedule has"),
        ("MONTHLY", "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=MON;BYHOUR=2;BYMINUTE=0", Kind.MONTHLY, "days of the week and of the month"),
        ("WEEKLY", "FREQ=WEEKLY;BYDAY=2MON;BYHOUR=2;BYMINUTE=0", Kind.WEEKLY, "names days that no week has"),
        ("DAILY", "FREQ=DAILY;BYHOUR=99;BYMINUTE=0", Kind.DAILY, "is no schedule"),
        ("HOURLY", "every 20 minutes", Kind.CUSTOM, "no minute of an hour"),
        ("EVENT", "E" * 101, Kind.EVENT_DRIVEN, "longer than 100"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_keeps_its_text_and_says_why(
    kind: str | None, value: str | None, kept: Kind, why: str
) -> None:
    found = translate(kind, value)
    assert found.kind is kept
    assert found.value == (value[:100] if value else None)
    assert re.search(why, found.problem), found.problem
