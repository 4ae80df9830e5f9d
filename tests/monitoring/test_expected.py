"""When work is expected to begin and to be done, as the gate would let it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.expected import Expected, Room, Work, at_work, expected, warning
from strategies.occurrences import Slot

NOW = datetime(2026, 11, 28, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOUR_MS = 3_600_000
UNTIL = NOW + 48 * HOUR


def slot(first: float, last: float) -> Slot:
    """Hours from now."""
    return Slot(NOW + first * HOUR, NOW + last * HOUR)


NIGHTS = [slot(7, 11), slot(31, 35)]
COVERED = Room(NIGHTS, NIGHTS)
ANY_TIME = Room([slot(0, 48)])


def begins(work: Work, room: Room) -> float | None:
    """In hours from now."""
    found = expected(work, room, NOW)
    return None if found is None else (found.starts_at - NOW) / HOUR


def test_work_that_is_due_begins_at_once_where_nothing_keeps_it() -> None:
    assert expected(Work(NOW - HOUR, p90_ms=2 * HOUR_MS), ANY_TIME, NOW) == Expected(NOW, NOW + 2 * HOUR, None)
    assert begins(Work(NOW + 3 * HOUR), ANY_TIME) == 3


def test_work_on_a_covered_database_waits_for_its_window() -> None:
    found = expected(Work(NOW, p90_ms=HOUR_MS, firsts_ms=(HOUR_MS,)), COVERED, NOW)
    assert found == Expected(NOW + 7 * HOUR, NOW + 8 * HOUR, NOW + 11 * HOUR)
    assert begins(Work(NOW + 10 * HOUR), COVERED) == 10


def test_a_first_piece_that_does_not_fit_waits_for_the_next_window() -> None:
    assert begins(Work(NOW + 10 * HOUR, firsts_ms=(HOUR_MS,)), COVERED) == 10
    assert begins(Work(NOW + 10 * HOUR, firsts_ms=(HOUR_MS + 1,)), COVERED) == 31
    assert begins(Work(NOW, firsts_ms=(5 * HOUR_MS,)), COVERED) is None


def test_a_longer_window_that_opens_meanwhile_is_taken() -> None:
    overlapping = [slot(7, 9), slot(8, 14)]
    assert begins(Work(NOW, firsts_ms=(4 * HOUR_MS,)), Room([slot(7, 14)], overlapping)) == 8
    found = expected(Work(NOW + 8.5 * HOUR), Room([slot(7, 14)], overlapping), NOW)
    assert found is not None
    assert found.shuts_at == NOW + 14 * HOUR, "of several windows the one that closes last lets it go on"


def test_a_freeze_puts_the_start_off_and_what_began_stops_where_the_next_one_begins() -> None:
    frozen = Room([slot(8, 9), slot(10, 11)], NIGHTS, [NOW + 7 * HOUR, NOW + 9 * HOUR])
    found = expected(Work(NOW, p90_ms=2 * HOUR_MS, firsts_ms=(HOUR_MS,)), frozen, NOW)
    assert found == Expected(NOW + 8 * HOUR, NOW + 10 * HOUR, NOW + 9 * HOUR)
    assert begins(Work(NOW, firsts_ms=(HOUR_MS + 1,)), frozen) is None, "it fits neither before the freeze nor after it"
    uncovered = Room([slot(0, 9), slot(10, 48)], (), [NOW + 9 * HOUR])
    assert begins(Work(NOW + 8 * HOUR, firsts_ms=(2 * HOUR_MS,)), uncovered) == 10


def test_what_no_window_is_long_enough_for_is_passed_over_as_the_gate_does() -> None:
    assert begins(Work(NOW, firsts_ms=(5 * HOUR_MS, HOUR_MS)), COVERED) == 7
    assert begins(Work(NOW + 10.5 * HOUR, firsts_ms=(5 * HOUR_MS, HOUR_MS)), COVERED) == 31
    assert begins(Work(NOW, firsts_ms=(5 * HOUR_MS, None)), COVERED) == 7


def test_work_of_unknown_length_begins_and_nobody_says_when_it_ends() -> None:
    found = expected(Work(NOW), COVERED, NOW)
    assert found is not None
    assert found.ends_at is None
    assert warning(Work(NOW), found, UNTIL, "UTC") == ""


@pytest.mark.parametrize(
    ("work", "room", "words"),
    [
        (
            Work(NOW, p90_ms=6 * HOUR_MS, firsts_ms=(HOUR_MS,)), COVERED,
            "9 of 10 times it is done by Sun 29 Nov 05:00, and its window closes, or a freeze begins, Sun 29 Nov 03:00: "
            "what is left then goes on later.",
        ),
        (Work(NOW, p90_ms=4 * HOUR_MS, firsts_ms=(HOUR_MS,)), COVERED, ""),
        (
            Work(NOW, NOW + HOUR), COVERED,
            "It is to start by Sat 28 Nov 17:00, and nothing is free for it before Sat 28 Nov 23:00: it would be missed.",
        ),
        (Work(NOW, NOW + 7 * HOUR), COVERED, ""),
        (
            Work(NOW, NOW + HOUR), Room([]),
            "It is to start by Sat 28 Nov 17:00, and nothing is free for it by then: it would be missed.",
        ),
        (Work(NOW, UNTIL + HOUR), Room([]), "Nothing is free for it until Mon 30 Nov 16:00."),
        (Work(NOW), Room([]), "Nothing is free for it until Mon 30 Nov 16:00."),
    ],
)  # fmt: skip
def test_what_will_not_go_well_is_said_in_the_readers_zone(work: Work, room: Room, words: str) -> None:
    assert warning(work, expected(work, room, NOW), UNTIL, "Europe/Vienna") == words


def test_what_runs_ends_by_what_is_left_of_its_usual_time() -> None:
    work = Work(NOW - 5 * HOUR, p90_ms=3 * HOUR_MS)  # pauses do not count: one hour of five was worked
    found = at_work(work, HOUR_MS, NOW + HOUR, NOW)
    assert found == Expected(NOW - 5 * HOUR, NOW + 2 * HOUR, NOW + HOUR)
    assert "its window closes" in warning(work, found, UNTIL, "UTC")
    assert at_work(work, 4 * HOUR_MS, None, NOW).ends_at is None


@pytest.mark.parametrize("kept", [None, [], {}, {"p90_ms": "x"}, {"p90_ms": -1}, {"p90_ms": True}, {"p90_ms": 10**15}])
def test_a_prediction_that_cannot_be_read_is_none(kept: Any) -> None:
    assert Work.predicted(kept, NOW).length is None
