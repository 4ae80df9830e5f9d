"""The next due instants, and what is said of them on the days on which the clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from strategies.due_times import due_times
from strategies.recurrence import Recurrence

SPRING = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the night after it, 02:00 to 03:00 is left out in Berlin
AUTUMN = datetime(2026, 10, 24, 12, tzinfo=UTC)  # the night after it, 02:00 to 03:00 comes twice
BERLIN = "Europe/Berlin"


def notes(cron: str, zone: str, moment: datetime, count: int = 3) -> dict[str, str]:
    """By the time on the wall, of the next due instants."""
    return {f"{due.local:%d %H:%M %z}": due.note for due in due_times(Recurrence(cron, zone), moment, count)}


def test_a_time_that_does_not_exist_says_when_it_runs_instead() -> None:
    assert notes("30 2 * * *", BERLIN, SPRING) == {
        "29 03:00 +0200": "The clock goes forward: 02:30 does not exist that day, and it runs at 03:00.",
        "30 02:30 +0200": "",
        "31 02:30 +0200": "",
    }


def test_several_times_that_do_not_exist_are_one_run() -> None:
    first = next(iter(notes("0,30 2,3 * * *", BERLIN, SPRING).items()))
    assert first == (
        "29 03:00 +0200",
        "The clock goes forward: 02:00 and 02:30 do not exist that day, and it runs at 03:00.",
    )


def test_a_time_that_comes_twice_says_that_it_runs_once() -> None:
    assert notes("30 2 * * *", BERLIN, AUTUMN) == {
        "25 02:30 +0200": "The clock goes back: 02:30 comes twice that day, and it runs the first time only.",
        "26 02:30 +0100": "",
        "27 02:30 +0100": "",
    }


def test_what_recurs_in_real_time_runs_both_times_and_says_which_is_which() -> None:
    found = notes("*/30 * * * *", BERLIN, AUTUMN + timedelta(hours=11, minutes=59), 6)
    assert [key for key, note in found.items() if note.endswith("this is the first time.")] == [
        "25 02:00 +0200", "25 02:30 +0200",
    ]  # fmt: skip
    assert [key for key, note in found.items() if note.endswith("this is the second time.")] == [
        "25 02:00 +0100", "25 02:30 +0100",
    ]  # fmt: skip


@pytest.mark.parametrize("cron", ["0 3 * * *", "0 12 * * *", "*/30 * * * *"])
def test_what_the_spring_change_does_not_move_has_no_note(cron: str) -> None:
    assert set(notes(cron, BERLIN, SPRING, 60).values()) == {""}


@pytest.mark.parametrize(
    ("zone", "moment", "cron", "note"),
    [
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 1, tzinfo=UTC), "15 2 * * *", "02:15 does not exist"),
        ("America/Havana", datetime(2026, 3, 7, 12, tzinfo=UTC), "0 0 * * *", "00:00 does not exist"),
        ("America/New_York", datetime(2026, 10, 31, 12, tzinfo=UTC), "30 1 * * *", "01:30 comes twice"),
    ],
)
def test_other_zones_change_otherwise(zone: str, moment: datetime, cron: str, note: str) -> None:
    assert note in next(iter(notes(cron, zone, moment).values()))


def test_an_instant_that_was_set_by_hand_says_so_and_the_others_follow_it() -> None:
    schedule, moment = Recurrence("0 2 * * *", "UTC"), datetime(2026, 11, 25, 12, tzinfo=UTC)
    by_hand = datetime(2026, 11, 25, 13, 7, tzinfo=UTC)
    first, second = due_times(schedule, moment, 2, first=by_hand)
    assert (first.at, "set by hand" in first.note) == (by_hand, True)
    assert (second.at, second.note) == (datetime(2026, 11, 26, 2, tzinfo=UTC), "")


def test_an_instant_that_has_passed_and_was_not_dealt_with_is_still_the_next_one() -> None:
    schedule, moment = Recurrence("0 2 * * *", "UTC"), datetime(2026, 11, 26, 2, 0, 5, tzinfo=UTC)
    found = due_times(schedule, moment, 3, first=datetime(2026, 11, 26, 2, tzinfo=UTC))
    assert [due.at.day for due in found] == [26, 27, 28]
    assert all(one.at < other.at for one, other in pairwise(found))


def test_what_has_no_clock_is_never_due() -> None:
    assert due_times(Recurrence(None, "UTC"), SPRING, 20) == []
