"""The score of a plan: what each factor adds, and that more of any never makes it less."""

# ruff: noqa: DTZ001 (times on the wall have no zone of their own)
from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.plans import Locks, Plan, Step
from strategies.risk import MOST, Risk, risk

NIGHT, NOON, SUNDAY_NOON = datetime(2026, 11, 30, 3), datetime(2026, 11, 30, 12), datetime(2026, 11, 29, 12)
ENVIRONMENTS = ("test", "staging", "production")  # the mildest first


def a_step(number: int = 1, **values: Any) -> Step:
    known = {"statements": ("do it",), "reason": "needed", "undo": ("undo it",), **values}
    return Step(key=f"do:{number}", operation_type="REBUILD", object=f"o{number}", object_type="INDEX", **known)


def a_plan(*steps: Step) -> Plan:
    return Plan(strategy="S", version="1", platform="sqlite", target="shop", parameters={}, steps=steps)


def names(found: Risk) -> dict[str, int]:
    return {factor.name: factor.points for factor in found.factors}


@pytest.mark.parametrize(
    ("step", "environment", "local", "factors"),
    [
        ({}, "test", NIGHT, {}),
        ({"is_destructive": True}, "test", NIGHT, {"destructive": 40}),
        ({"undo": ()}, "test", NIGHT, {"irreversible": 5}),
        ({"locks": Locks.DDL}, "test", NIGHT, {"locks": 5}),
        ({"locks": Locks.WRITES}, "test", NIGHT, {"locks": 20}),
        ({"locks": Locks.ALL}, "test", NIGHT, {"locks": 30}),
        ({"evidence": {"size_bytes": 10**9}}, "test", NIGHT, {"size": 4}),
        ({"evidence": {"size_bytes": 10**12, "live_rows": 10**6}}, "test", NIGHT, {"size": 15, "rows": 2}),
        ({"evidence": {"size_bytes": None, "live_rows": "many"}}, "test", NIGHT, {}),
        ({}, "staging", NIGHT, {"environment": 10}),
        ({}, "production", NIGHT, {"environment": 25}),
        ({}, "", NIGHT, {"environment": 25}),  # nobody has said that it is not
        ({}, "test", NOON, {"hour": 10}),
        ({}, "test", SUNDAY_NOON, {}),
        ({}, "test", None, {"hour": 10}),
    ],
)
def test_each_factor_adds_its_points(step: dict, environment: str, local: datetime | None, factors: dict) -> None:
    found = risk(a_plan(a_step(**step)), environment, local)
    assert names(found) == factors
    assert found.score == sum(factors.values())
    assert all(factor.words.endswith(".") for factor in found.factors)


def test_what_only_reads_is_no_risk_and_is_told_from_a_change_without_a_factor() -> None:
    check = a_step(check={"finds": "damage"}, undo=())
    assert risk(a_plan(check), "production", NOON) == Risk(changes_data=False)
    assert risk(a_plan(), "production", NOON) == Risk(changes_data=False)
    change = risk(a_plan(a_step()), "test", NIGHT)
    assert (change.score, change.changes_data) == (0, True)


def test_the_words_count_what_they_speak_of() -> None:
    found = risk(a_plan(a_step(is_destructive=True), *(a_step(n) for n in range(2, 21))), "", None)
    words = {factor.name: factor.words for factor in found.factors}
    assert words["destructive"] == "1 step drops or deletes something."
    assert words["steps"] == "It has 20 steps."
    assert words["environment"] == "Nobody said which environment it is."
    assert words["hour"] == "It may start at any hour."


def test_the_score_ends_at_a_hundred() -> None:
    worst = a_step(is_destructive=True, undo=(), locks=Locks.ALL, evidence={"size_bytes": 10**13, "live_rows": 10**10})
    assert risk(a_plan(worst), "production", NOON).score == MOST


STEPS = st.builds(
    a_step, st.integers(1, 99), is_destructive=st.booleans(), locks=st.sampled_from(list(Locks)),
    undo=st.sampled_from([(), ("undo it",)]), check=st.sampled_from([{}, {"finds": "damage"}]),
    evidence=st.fixed_dictionaries({}, optional={
        "size_bytes": st.integers(0, 10**13), "live_rows": st.one_of(st.none(), st.floats(0, 1e10)),
    }),
)  # fmt: skip
WORSE = {
    "destructive": lambda step: replace(step, is_destructive=True),
    "locks": lambda step: replace(step, locks=list(Locks)[min(list(Locks).index(step.locks) + 1, len(Locks) - 1)]),
    "irreversible": lambda step: replace(step, undo=()),
    "size": lambda step: replace(step, evidence={**step.evidence, "size_bytes": step.evidence.get("size_bytes", 0) * 9 + 10**9}),
    "rows": lambda step: replace(step, evidence={**step.evidence, "live_rows": (step.evidence.get("live_rows") or 0) * 9 + 10**6}),
    "changes": lambda step: replace(step, check={}),
}  # fmt: skip


@given(
    steps=st.lists(STEPS, min_size=1, max_size=5), how=st.sampled_from([*WORSE, "another step", "environment", "hour"]),
    environment=st.sampled_from(ENVIRONMENTS), local=st.sampled_from([NIGHT, SUNDAY_NOON, NOON, None]),
)  # fmt: skip
def test_of_two_plans_the_worse_never_has_the_lower_score_nor_fewer_factors(
    steps: list[Step], how: str, environment: str, local: datetime | None
) -> None:
    before, worse, worse_in, worse_at = a_plan(*steps), list(steps), environment, local
    if how in WORSE:
        worse[0] = WORSE[how](steps[0])
    elif how == "another step":
        worse.append(a_step(100, undo=("undo it",)))
    elif how == "environment":
        worse_in = ENVIRONMENTS[min(ENVIRONMENTS.index(environment) + 1, 2)]
    else:
        worse_at = NOON
    first, second = risk(before, environment, local), risk(a_plan(*worse), worse_in, worse_at)
    assert second.score >= first.score
    assert second.changes_data >= first.changes_data
    assert all(names(second).get(name, 0) >= points for name, points in names(first).items())
