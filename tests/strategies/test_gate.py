from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from strategies.gate import Cap, GateFacts, HoldInForce, RunAhead, verdict

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CLEAR = GateFacts(
    target="shop",
    is_target_active=True,
    stopped_why="",
    is_checked=True,
    check_error="",
    facts_age=timedelta(minutes=5),
    facts_max_age=timedelta(hours=1),
    changes_data=True,
    is_writable=True,
    caps=(Cap("database shop", 1, 0), Cap("the whole portal", 4, 3)),
)


def codes(facts: GateFacts) -> list[str]:
    return [reason.code for reason in verdict(facts, NOW).reasons]


def test_nothing_against_it_means_it_may_start() -> None:
    assert verdict(CLEAR, NOW).may_start


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"is_target_active": False}, "inactive", "shop is switched off"),
        ({"stopped_why": "28P01"}, "stopped", "refused the sign-in"),
        ({"is_checked": False, "facts_age": None}, "facts_old", "was never checked"),
        ({"facts_age": timedelta(hours=3)}, "facts_old", "was last checked 3 h ago"),
        ({"facts_age": timedelta(days=9)}, "facts_old", "9 days"),
        ({"check_error": "no route"}, "unreachable", "no route"),
        ({"missing_rights": ("MAINTAIN on orders",)}, "missing_right", "MAINTAIN on orders"),
        ({"missing_rights": ("a", "b")}, "missing_right", "lacks 2 rights: a, b."),
        ({"missing_rights": tuple("abcdef")}, "missing_right", "lacks 6 rights: a, b, c and 3 more."),
        ({"is_writable": False}, "read_only", "takes no changes"),
        ({"holds": (HoldInForce("all databases", "audit week", "anna"),)}, "hold", "audit week"),
        ({"overlap": RunAhead(7, "INDEX_MAINTENANCE on shop")}, "overlap", "Run 7"),
        ({"caps": (Cap("tag finance", 2, 2),)}, "cap", "2 of 2 runs are at work on tag finance"),
        ({"is_runnable": False}, "no_routine", "Nothing here knows"),
    ],
)
def test_each_obstacle_is_a_sentence_that_names_who_can_clear_it(change: dict, code: str, words: str) -> None:
    answer = verdict(replace(CLEAR, **change), NOW)
    assert not answer.may_start
    (reason,) = answer.reasons
    assert reason.code == code
    assert words in reason.sentence
    assert reason.cleared_by.endswith(".")


def test_all_reasons_are_given_at_once() -> None:
    held = replace(CLEAR, holds=(HoldInForce("all databases", "x", "a"),), caps=(Cap("database shop", 1, 1),))
    assert codes(held) == ["hold", "cap"]


def test_a_database_that_takes_no_changes_may_still_be_read() -> None:
    assert codes(replace(CLEAR, is_writable=False, changes_data=False)) == []


def test_a_stopped_target_says_only_that() -> None:
    assert codes(replace(CLEAR, stopped_why="28P01", check_error="28P01", facts_age=timedelta(days=2))) == ["stopped"]
