"""How long a plan will take, and where it may be split."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from strategies.plans import Step
from strategies.predictions import Prediction, first_within, piece, piece_ms, pieces, predict


def a_step(key: str, *after: str) -> Step:
    values: dict[str, Any] = {"operation_type": "X", "object": key, "object_type": "T", "statements": (), "reason": ""}
    return Step(key=key, after=after, **values)


STEPS = [a_step("a"), a_step("a2", "a"), a_step("a3", "a2"), a_step("b"), a_step("b2", "b")]


def test_a_plan_is_split_only_between_steps_that_do_not_come_after_each_other() -> None:
    assert [step.key for step in piece(STEPS)] == ["a", "a2", "a3"]
    assert [step.key for step in piece(STEPS[3:])] == ["b", "b2"]
    assert [step.key for step in piece(STEPS[4:])] == ["b2"]


def test_the_first_piece_takes_what_its_steps_take_together() -> None:
    times = {"a": 10, "a2": 20, "a3": 30, "b": 1000}
    assert piece_ms(STEPS, times) == 60
    assert piece_ms(STEPS[3:], times) is None  # b2 was not done often enough


def test_what_is_not_known_of_one_step_is_not_known_of_all() -> None:
    usual = {"a": (5, 10), "a2": (5, 20), "a3": (5, 30), "b": (5, 40)}
    assert predict(STEPS, usual) == Prediction(None, None, (60, None), 4, 5)
    assert predict(STEPS, {**usual, "b2": (5, 50)}) == Prediction(25, 150, (60,), 5, 5)
    assert predict(STEPS, {}) == Prediction(None, None, (None,), 0, 5)


def test_a_plan_without_steps_takes_no_time() -> None:
    assert predict([], {}) == Prediction(0, 0, (), 0, 0)


def test_the_pieces_of_a_plan_are_all_of_it_in_order() -> None:
    assert [[step.key for step in found] for found in pieces(STEPS)] == [["a", "a2", "a3"], ["b", "b2"]]
    assert list(pieces([])) == []


def test_a_run_may_begin_with_the_first_that_the_window_is_not_too_short_for() -> None:
    steps = [a_step(key) for key in "abcdef"]
    usual = {key: (1, p90) for key, p90 in zip("abcdef", (300, 400, 50, 60, 10, 20), strict=True)}
    firsts = predict(steps, usual).firsts_p90_ms
    assert firsts == (300, 50, 10)
    lengths = (400, 300, 299, 50, 49, 10, 9)
    assert [first_within(firsts, timedelta(milliseconds=length)) for length in lengths] == [
        300,
        300,
        50,
        50,
        10,
        10,
        300,
    ]
    assert first_within((), timedelta(0)) is None
    assert first_within((300, None), timedelta(milliseconds=299)) is None
