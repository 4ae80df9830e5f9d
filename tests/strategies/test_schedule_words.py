"""Schedules in words: as people say them, and never saying another thing than what is due."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.recurrence import EXAMPLES, Kind, ScheduleRefused, recurrence
from strategies.schedule_words import clock_words, schedule_words


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("DAILY", None, "Every day at 02:00"),
        ("WEEKLY", "SUNDAY 02:00", "Every Sunday at 02:00"),
        ("WEEKLY", "MONDAY, WEDNESDAY, FRIDAY 3:05", "Every Monday, Wednesday and Friday at 03:05"),
        ("MONTHLY", "22 03:00", "On the 22nd of every month at 03:00"),
        ("MONTHLY", "FIRST_SUNDAY 04:00", "On the first Sunday of every month at 04:00"),
        ("MONTHLY", "LAST_DAY 03:00", "On the last day of every month at 03:00"),
        ("QUARTERLY", None, "On the 1st of January, April, July and October at 02:00"),
        ("QUARTERLY", "LAST_FRIDAY 04:00", "On the last Friday of January, April, July and October at 04:00"),
        ("YEARLY", "12-24 03:00", "On 24 December at 03:00"),
        ("YEARLY", "MARCH FIRST_SUNDAY 04:00", "On the first Sunday of March at 04:00"),
        ("CUSTOM", "*/15 * * * *", "Every 15 minutes"),
        ("CUSTOM", "0 */6 * * *", "Every 6 hours"),
        ("CUSTOM", "0 22 * * 1-5", "Every day from Monday to Friday at 22:00"),
        ("CUSTOM", "0 2 31 * *", "On the 31st of every month at 02:00"),
        ("CUSTOM", "0 2 13,22 * *", "At 02:00 on the 13th and the 22nd day of month"),
        ("ON_DEMAND", None, "Only when somebody starts it"),
        ("EVENT_DRIVEN", " LOAD  DONE ", "When the event LOAD DONE is announced"),
    ],
)
def test_a_schedule_reads_like_a_sentence(kind: str, value: str | None, words: str) -> None:
    assert schedule_words(kind, value, recurrence(kind, value, "UTC")) == words


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("*/7 * * * *", "seventh minute of every hour"),  # 56 is followed by 0: these are not 7 minutes apart
        ("0 */5 * * *", "every fifth hour"),
        ("0 2 */3 * 1", "every third day of month if it's on Monday"),  # both have to be so
        ("0 4 1-7 * 1", "and on Monday"),  # either
    ],
)
def test_what_is_no_plain_interval_is_not_called_one(cron: str, words: str) -> None:
    assert words in clock_words(cron)


@given(st.sampled_from([kind for kind in Kind if kind.has_clock]), st.text(max_size=20))
def test_whatever_can_be_due_has_words(kind: Kind, value: str) -> None:
    try:
        schedule = recurrence(kind, value, "UTC")
    except ScheduleRefused:
        return
    assert schedule_words(kind, value, schedule)


def test_the_examples_that_stand_alone_have_words() -> None:
    for kind in (Kind.DAILY, Kind.WEEKLY):
        assert schedule_words(kind, EXAMPLES[kind], recurrence(kind, EXAMPLES[kind], "UTC")).startswith("Every")
