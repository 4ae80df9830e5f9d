"""Schedules in words: as people say them, and never saying another thing than what is due."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.recurrence import EXAMPLES, Kind, Recurrence, ScheduleRefused, recurrence
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
        ("CUSTOM", "0 2 13,22 * *", "On the 13th and 22nd of every month at 02:00"),
        ("ON_DEMAND", None, "Only when somebody starts it"),
        ("EVENT_DRIVEN", " LOAD  DONE ", "When the event LOAD DONE is announced"),
    ],
)
def test_a_schedule_reads_like_a_sentence(kind: str, value: str | None, words: str) -> None:
    assert schedule_words(kind, value, recurrence(kind, value, "UTC")) == words


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * * *", "Every minute"),
        ("0 * * * *", "Every hour"),
        ("20 * * * *", "At minute 20 of every hour"),
        ("3-59/10 * * * *", "At minutes 3, 13, 23, 33, 43 and 53 of every hour"),
        ("0-4,30 * * * *", "At minutes 0 to 4 and 30 of every hour"),
        ("1-59/2 * * * *", "Every 2 minutes from minute 1 to minute 59 of every hour"),
        ("15 */2 * * *", "Every 2 hours from 00:15"),
        ("0 */12 * * 0", "Every 12 hours, every Sunday"),
        ("0 8-18 * * *", "Every hour from 08:00 to 18:00"),
        ("5,35 8-18 * * *", "Every 30 minutes from 08:05 to 18:35"),
        ("5,36 8-18 * * *", "At minutes 5 and 36 of hours 8 to 18"),
        ("*/15 8-18 * * 1-5", "Every 15 minutes from 08:00 to 18:45, every day from Monday to Friday"),
        ("*/5 2 * * *", "Every 5 minutes from 02:00 to 02:55"),
        ("10-20 2 1 * *", "Every minute from 02:10 to 02:20, on the 1st of every month"),
        ("0,30 2 * * *", "Every day at 02:00 and 02:30"),
        ("0 0 1 1 *", "On 1 January at 00:00"),
        ("0 2 1-7 * *", "On the 1st to 7th of every month at 02:00"),
        ("0 2 1,LW 1-6 *", "On the 1st and the last weekday of January to June at 02:00"),
        ("0 2 * 7 MON-WED", "Every day from Monday to Wednesday in July at 02:00"),
        ("0 2 * * 0,5,6", "Every day from Friday to Sunday at 02:00"),
        ("0 2 * * 0,7", "Every Sunday at 02:00"),
        ("0 2 * * 5L,1#3,1#1", "On the first Monday, the third Monday and the last Friday of every month at 02:00"),
        ("0 2 * * 1,5#2", "Every Monday and also on the second Friday of every month, at 02:00"),
    ],
)
def test_a_cron_expression_reads_like_a_sentence(cron: str, words: str) -> None:
    assert clock_words(cron) == words


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        # 56 is followed by 0, 20 by 0: these are not 7 minutes, or 5 hours, apart
        ("*/7 * * * *", "Every 7 minutes from minute 0 to minute 56 of every hour"),
        ("0 */5 * * *", "Every day at 00:00, 05:00, 10:00, 15:00 and 20:00"),
        # Both have to be so
        ("0 2 */10 * 1,3", "On the 1st, 11th, 21st and 31st of every month if it is a Monday or a Wednesday, at 02:00"),
        ("0 2 1-15 * */7", "On the 1st to 15th of every month if it is a Sunday, at 02:00"),
        # Either
        ("0 4 1-7 * 1", "On the 1st to 7th of every month and also every Monday, at 04:00"),
        ("0 4 1-31 * 1", "Every day at 04:00"),
        ("0 4 1 * 0-6", "Every day at 04:00"),
    ],
)
def test_what_is_no_plain_interval_is_not_called_one(cron: str, words: str) -> None:
    assert clock_words(cron) == words


def test_schedules_that_read_alike_are_due_alike() -> None:
    minutes = ("*", "*/5", "*/7", "*/30", "0", "20", "3-59/10", "5-20", "0,30", "1-59/2", "0,1,2,40")
    hours = ("*", "*/2", "1-23/2", "*/5", "2", "8-18", "2,3", "1-21/2", "0-23")
    days = (
        "* * *",
        "1 * *",
        "1 1 *",
        "* 1 *",
        "1-7 * 1",
        "*/7 * 1",
        "* * 1",
        "* * 1-5",
        "L * *",
        "1 * 0-6",
        "* * 1#1",
        "* * 1,5L",
    )
    read: dict[str, list[str]] = defaultdict(list)
    for parts in product(minutes, hours, days):
        read[clock_words(" ".join(parts))].append(" ".join(parts))
    assert len(read) > 800
    for words, crons in read.items():
        due = {tuple(islice(Recurrence(cron, "UTC").after(datetime(2026, 1, 1, tzinfo=UTC)), 70)) for cron in crons}
        assert len(due) == 1, (words, crons)


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
