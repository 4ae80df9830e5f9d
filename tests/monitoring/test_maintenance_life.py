"""From what the work of a maintenance does follows what is told of it: each step as it comes, one end, and no noise."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.maintenance_life import (
    CHANGED,
    CLOSING,
    LONGEST,
    PLANNED,
    REMINDER,
    STARTED,
    VERIFYING,
    Doing,
    Life,
    Look,
    Manners,
    Piece,
    after,
    is_one,
    look,
)
from tests.jobs import HOUR, MINUTE, NOON

MANNERS = Manners(ahead=72 * HOUR, reminder=HOUR)


def coming(hours: float, minutes: float | None = 30) -> Piece:
    starts_at = NOON + timedelta(hours=hours)
    return Piece(Doing.COMING, starts_at, None if minutes is None else starts_at + timedelta(minutes=minutes))


def live(moments: list[tuple[datetime, list[Piece]]], life: Life | None = None) -> list[str]:
    """What is told at each of these moments; nothing is looked at after its end."""
    told = []
    for moment, pieces in moments:
        life = life or Life(PLANNED, pieces[0].starts_at)
        if life.stage in CLOSING:
            break
        found = look(life, pieces, moment, MANNERS)
        life = after(life, found, moment)
        told.append(found.tell)
    return told


def test_nothing_is_told_earlier_than_wanted_nor_just_before_the_start() -> None:
    assert live([(NOON, [coming(73)]), (NOON + HOUR, [coming(73)])]) == ["", PLANNED]
    assert live([(NOON, [coming(0.05)])]) == [""]


def test_a_reminder_comes_once_and_not_on_the_heels_of_the_plan() -> None:
    at = [NOON, NOON + 9 * HOUR, NOON + 9 * HOUR + MINUTE, NOON + 9 * HOUR + 30 * MINUTE]
    assert live([(moment, [coming(10)]) for moment in at]) == [PLANNED, REMINDER, "", ""]
    assert live([(NOON, [coming(0.9)]), (NOON + 10 * MINUTE, [coming(0.9)])]) == [PLANNED, ""]


def test_small_moves_are_no_news_and_another_time_is_reminded_of_again() -> None:
    assert live([(NOON, [coming(10)]), (NOON, [coming(10.2)]), (NOON, [coming(9.8)])]) == [PLANNED, "", ""]
    moved = [
        (NOON, [coming(5)]), (NOON + 4 * HOUR, [coming(5)]), (NOON + 4 * HOUR + MINUTE, [coming(20)]),
        (NOON + 19 * HOUR, [coming(20)]),
    ]  # fmt: skip
    assert live(moved) == [PLANNED, REMINDER, CHANGED, REMINDER]


def test_a_later_end_is_news_when_it_is_much_later() -> None:
    at = NOON + HOUR
    assert live([(NOON, [coming(10, 30)]), (at, [coming(10, 59)])]) == [PLANNED, ""]
    assert live([(NOON, [coming(10, 30)]), (at, [coming(10, 61)])]) == [PLANNED, CHANGED]
    assert live([(NOON, [coming(10, 240)]), (at, [coming(10, 300)])]) == [PLANNED, ""]


def test_what_was_told_to_be_the_latest_may_not_be_missed_by_as_much_as_an_estimate() -> None:
    def bound(minutes: float) -> Piece:
        return replace(coming(10, minutes), is_bound=True)

    at = NOON + HOUR
    assert live([(NOON, [bound(240)]), (at, [bound(254)])]) == [PLANNED, ""]
    assert live([(NOON, [bound(240)]), (at, [bound(255)])]) == [PLANNED, CHANGED]
    assert live([(NOON, [bound(240)]), (at, [coming(10, 60)]), (at, [coming(10, 255)])]) == [PLANNED, "", CHANGED]
    began = Life(STARTED, NOON, NOON, NOON, NOON + HOUR, told_is_bound=True)
    working = Piece(Doing.WORKING, NOON, None)
    assert live([(NOON + minutes * MINUTE, [working]) for minutes in (60, 75, 76, 200)], began) == ["", "", CHANGED, ""]


def test_what_takes_longer_than_was_told_is_said_once_for_each_time_told() -> None:
    began = Life(STARTED, NOON, NOON, NOON, NOON + 30 * MINUTE)
    working = Piece(Doing.WORKING, NOON, None)
    assert live([(NOON + minutes * MINUTE, [working]) for minutes in (20, 59, 61, 200)], began) == ["", "", CHANGED, ""]


@pytest.mark.parametrize("doing", [Doing.DONE, Doing.BROKEN, Doing.WORKING])
def test_only_what_is_all_checked_is_being_checked(doing: Doing) -> None:
    began = Life(STARTED, NOON, NOON, NOON, None)
    other = Piece(doing, NOON, NOON + MINUTE)
    found = look(began, [Piece(Doing.VERIFYING, NOON, None), other], NOON + HOUR, MANNERS)
    assert found.stage == (STARTED if doing is Doing.WORKING else VERIFYING)


def test_work_is_one_maintenance_as_long_as_there_is_no_long_pause_and_it_is_no_longer_than_a_night() -> None:
    assert is_one(NOON, NOON + HOUR, coming(1.4))
    assert not is_one(NOON, NOON + HOUR, coming(1.6))
    assert not is_one(NOON, NOON + LONGEST, coming(12.1, 30))
    assert is_one(NOON, None, coming(0.4))


PIECES = st.builds(
    lambda doing, hours, minutes: Piece(
        doing, NOON + timedelta(hours=hours), None if minutes is None else NOON + timedelta(hours=hours, minutes=minutes)
    ),
    st.sampled_from(Doing), st.floats(0, 100), st.none() | st.integers(1, 600),
)  # fmt: skip
LOOKS = st.lists(st.tuples(st.floats(0.01, 9), st.lists(PIECES, max_size=4)), min_size=1, max_size=30)


@given(LOOKS)
def test_whatever_happens_who_is_told_anything_is_told_of_one_end_and_nothing_after_it(
    looks: list[tuple[float, list[Piece]]],
) -> None:
    life, moment, told = Life(PLANNED, NOON), NOON, []
    for hours, pieces in [*looks, (1.0, [])]:  # at last nothing is left of it
        moment += timedelta(hours=hours)
        found: Look = look(life, pieces, moment, MANNERS)
        life = after(life, found, moment)
        told += [found.tell] if found.tell else []
        if found.is_over:
            break
    assert life.stage in CLOSING
    assert [step for step in told if step in CLOSING] == told[-1:] if told else True
    assert told.count(STARTED) <= 1
    assert told.count(VERIFYING) <= 1
    assert told[:1] in ([], [PLANNED], [STARTED], [VERIFYING])


@given(LOOKS)
def test_no_two_looks_in_a_row_tell_the_same_news(looks: list[tuple[float, list[Piece]]]) -> None:
    """Nothing happens between them: there is nothing to say, save an end that comes with the time."""
    life, moment = Life(PLANNED, NOON), NOON
    for hours, pieces in looks:
        moment += timedelta(hours=hours)
        life = after(life, look(life, pieces, moment, MANNERS), moment)
        if life.stage in CLOSING:
            break
        again = look(life, pieces, moment, MANNERS)
        assert again.tell in ("", REMINDER)
