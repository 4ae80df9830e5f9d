from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.plans import Locks, Plan, Step

STEP = Step(
    key="reindex:i", operation_type="REBUILD", object='s."I x"', object_type="INDEX", statements=('REINDEX INDEX s."I x"',),
    reason="invalid", settings=("SET lock_timeout = '5s'",), locks=Locks.DDL, evidence={"size": 3}, check={"oid": 4},
    undo=("UNDO",), after=("drop:x",), expected_ms=10,
)  # fmt: skip
PLAN = Plan(
    strategy="INDEX_MAINTENANCE", version="1.0", platform="postgresql", target="shop", parameters={"retries": 2}, steps=(STEP,),
    notes=("left alone: 2",),
)  # fmt: skip


def test_a_plan_comes_back_from_json_as_it_was() -> None:
    again = Plan.from_json(json.loads(json.dumps(PLAN.as_json())))
    assert again == PLAN
    assert again.digest == PLAN.digest


@given(st.text(min_size=1), st.text(), st.lists(st.text(min_size=1), min_size=1))
def test_any_name_and_statement_survives(name: str, reason: str, statements: list[str]) -> None:
    plan = replace(PLAN, steps=(replace(STEP, object=name, reason=reason, statements=tuple(statements)),))
    assert Plan.from_json(json.loads(json.dumps(plan.as_json()))) == plan


@pytest.mark.parametrize(
    "change",
    [
        {"statements": ('REINDEX INDEX s."I y"',)},
        {"settings": ()},
        {"begin": "BEGIN"},
        {"undo": ()},
        {"key": "other"},
        {"statements": ("a", "b")},
    ],
)
def test_the_digest_changes_with_whatever_reaches_the_target(change: dict) -> None:
    assert replace(PLAN, steps=(replace(STEP, **change),)).digest != PLAN.digest


def test_the_digest_changes_with_order_and_target_and_not_with_the_words_around() -> None:
    other = replace(STEP, key="second", statements=("X",))
    assert replace(PLAN, steps=(STEP, other)).digest != replace(PLAN, steps=(other, STEP)).digest
    assert replace(PLAN, target="other").digest != PLAN.digest
    assert (
        replace(PLAN, notes=(), steps=(replace(STEP, reason="x", evidence={}, expected_ms=None),)).digest == PLAN.digest
    )


def test_the_sql_of_a_step_is_exactly_what_the_target_gets() -> None:
    assert STEP.sql == "SET lock_timeout = '5s';\nREINDEX INDEX s.\"I x\";"
    assert replace(STEP, begin="BEGIN", settings=()).sql == 'BEGIN;\nREINDEX INDEX s."I x";\nCOMMIT;'


def test_a_step_without_undo_says_why_it_cannot_be_taken_back() -> None:
    with pytest.raises(ValueError, match="nothing to bring back"):
        replace(STEP, undo=(), undo_note="nothing to bring back").reversal()
    assert STEP.reversal().statements == ("UNDO",)
    assert STEP.reversal().is_reversal


@pytest.mark.parametrize("begin", ["", "BEGIN IMMEDIATE"])
def test_a_step_is_taken_back_in_a_transaction_only_where_it_had_one(begin: str) -> None:
    """How a transaction is opened is for the product to say, and Oracle has no statement for it."""
    assert replace(STEP, begin=begin, undo=("A", "B")).reversal().begin == begin
