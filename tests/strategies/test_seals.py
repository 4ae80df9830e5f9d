"""What was approved and what would run, compared as values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.seals import differences, fallen_away, seal


def a_step(key: str, **values: Any) -> dict[str, Any]:
    return {"key": key, "statements": [f"fix {key}"], "undo": [], "after": [], "is_destructive": False, **values}


def a_run(*steps: dict[str, Any], **values: Any) -> dict[str, Any]:
    known = {
        "strategy": "S", "target": {"id": 1, "url": "sqlite:///a"}, "object": "ALL", "parameters": {"n": 1}, "limits": {},
        "prechecks": [],
    }  # fmt: skip
    return {**known, "steps": list(steps), **values}


APPROVED = a_run(a_step("a"), a_step("b"), a_step("c", after=["a"]))


def test_what_was_approved_is_no_other_than_itself_and_less_of_it_neither() -> None:
    fewer = a_run(a_step("b"), a_step("c"))
    assert differences(APPROVED, APPROVED) == []
    assert differences(APPROVED, fewer) == []
    assert fallen_away(APPROVED, fewer) == ["a"]
    assert differences(APPROVED, a_run()) == []


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (a_run(a_step("a"), a_step("d")), "d was added."),
        (a_run(a_step("a", statements=["fix a "])), "a is another than was approved."),
        (a_run(a_step("a", undo=["x"])), "a is another than was approved."),
        (a_run(a_step("a", is_destructive=True)), "a is another than was approved."),
        (a_run(a_step("b"), a_step("a")), "Its steps come in another order."),
        (a_run(strategy="T"), "It has another strategy than what was approved."),
        (a_run(target={"id": 1, "url": "sqlite:///b"}), "another database, or another address of it"),
        (a_run(object="orders"), "another object"),
        (a_run(parameters={"n": 2}), "other parameters"),
        (a_run(limits={"memory_mb": 1}), "other limits"),
        (a_run(prechecks=["ROOM"]), "other checks before its start"),
    ],
)
def test_anything_added_or_changed_is_told(now: dict[str, Any], told: str) -> None:
    (sentence,) = differences(APPROVED, now)
    assert told in sentence


def test_the_same_step_twice_is_not_what_was_approved() -> None:
    assert differences(APPROVED, a_run(a_step("a"), a_step("a"))) != []


@given(st.data())
def test_one_character_changes_the_seal(data: st.DataObject) -> None:
    text = json.dumps(APPROVED, sort_keys=True)
    place = data.draw(st.integers(0, len(text) - 1))
    other = (
        text[:place] + data.draw(st.characters(codec="ascii").filter(lambda c: c != text[place])) + text[place + 1 :]
    )
    try:
        changed = json.loads(other)
    except ValueError:
        return
    assert (seal(changed) == seal(APPROVED)) is (changed == APPROVED)


def test_the_seal_does_not_hang_on_the_order_in_which_a_database_gives_the_keys() -> None:
    turned = dict(reversed(APPROVED.items()))
    assert seal(turned) == seal(json.loads(json.dumps(APPROVED))) == seal(APPROVED)
