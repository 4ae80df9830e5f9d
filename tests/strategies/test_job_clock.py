"""The clock of a job whose row is read anew: what stays due, what passed, what is next."""

from __future__ import annotations

from datetime import timedelta

import pytest

from strategies.job_clock import LONGEST_LOOK_BACK, Turn, instants, text_of, turn
from strategies.recurrence import Recurrence
from tests.jobs import DAY, HOUR, MINUTE, NIGHT, NOON, SECOND

NIGHTLY, HOURLY = Recurrence("0 2 * * *", "UTC"), Recurrence("0 * * * *", "UTC")
BY_HAND = Recurrence(None, "UTC")
OF_NIGHTLY, OF_HOURLY = "0 2 * * * UTC", "0 * * * * UTC"


def test_a_new_job_is_due_next_by_its_schedule() -> None:
    assert turn(None, None, NIGHTLY, NOON) == Turn(NIGHT, OF_NIGHTLY)


def test_the_same_clock_leaves_what_is_due_be_it_past() -> None:
    for at in (NIGHT, NOON - 3 * DAY):
        assert turn(OF_NIGHTLY, at, NIGHTLY, NOON) == Turn(at, OF_NIGHTLY)


def test_a_next_run_that_was_cleared_is_computed() -> None:
    assert turn(OF_NIGHTLY, None, NIGHTLY, NOON) == Turn(NIGHT, OF_NIGHTLY)


def test_without_a_clock_a_next_run_was_typed_and_counts_once_also_where_no_clock_follows() -> None:
    typed = NOON + 90 * MINUTE
    assert turn(None, typed, NIGHTLY, NOON) == Turn(typed, OF_NIGHTLY)
    assert turn(None, typed, BY_HAND, NOON) == Turn(typed, None)


def test_another_clock_counts_from_now_and_the_old_one_until_now() -> None:
    assert turn(OF_HOURLY, NOON - 2 * HOUR, NIGHTLY, NOON + SECOND) == Turn(
        NIGHT, OF_NIGHTLY, (NOON - 2 * HOUR, NOON - HOUR, NOON)
    )
    assert turn(OF_NIGHTLY, NIGHT, HOURLY, NOON) == Turn(NOON + HOUR, OF_HOURLY)


def test_the_same_times_in_another_zone_are_another_clock() -> None:
    berlin = Recurrence("0 2 * * *", "Europe/Berlin")
    assert turn(OF_NIGHTLY, NIGHT, berlin, NOON) == Turn(NIGHT - HOUR, "0 2 * * * Europe/Berlin")


@pytest.mark.parametrize("schedule", [None, BY_HAND])
def test_a_job_without_a_clock_is_due_no_more_and_what_passed_is_told(schedule: Recurrence | None) -> None:
    assert turn(OF_HOURLY, NOON - HOUR, schedule, NOON) == Turn(None, None, (NOON - HOUR, NOON))
    assert turn(OF_HOURLY, NOON + HOUR, schedule, NOON) == Turn(None, None)


def test_of_a_job_that_nothing_starts_any_more_also_what_was_due_without_a_clock_is_told() -> None:
    assert turn(None, NOON - HOUR, None, NOON) == Turn(None, None, (NOON - HOUR,))
    assert turn(None, NOON + HOUR, None, NOON) == Turn(None, None)


def test_instants_go_from_the_first_to_the_end_and_older_ones_are_not_told_one_by_one() -> None:
    assert instants(HOURLY, NOON, NOON - SECOND) == []
    assert instants(HOURLY, None, NOON) == []
    assert instants(None, NOON, NOON) == [NOON]
    assert instants(HOURLY, NOON + timedelta(minutes=7), NOON + 2 * HOUR) == [
        NOON + timedelta(minutes=7), NOON + HOUR, NOON + 2 * HOUR,
    ]  # fmt: skip
    long = instants(NIGHTLY, NIGHT - 1000 * DAY, NIGHT)
    assert (long[0], long[1], len(long)) == (NIGHT - 1000 * DAY, NIGHT - LONGEST_LOOK_BACK + DAY, 31)


def test_a_schedule_is_kept_as_text() -> None:
    assert [text_of(schedule) for schedule in (NIGHTLY, BY_HAND, None)] == [OF_NIGHTLY, None, None]
