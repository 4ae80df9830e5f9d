"""In which order a plan comes to what it found: everything once within a month, before anything twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from strategies import durations, planner
from strategies.assessments import Finding, Severity
from strategies.models import Target
from strategies.planner import findings_in_turn
from tests import scripted
from tests.nightly import scripted_target
from tests.scripted import World

NOW = datetime(2026, 11, 30, 2, tzinfo=UTC)
NEVER, DAY = datetime.min.replace(tzinfo=UTC), timedelta(days=1)


def found(name: str, severity: Severity = Severity.WARNING) -> Finding:
    return Finding("broken", name, "TABLE", severity, f"{name} is broken.", "fix it")


def in_turn(last: dict[str, datetime], *findings: Finding) -> list[str]:
    ordered = findings_in_turn(findings, lambda finding: last.get(finding.object, NEVER), NOW)
    return [finding.object for finding in ordered]


def test_what_had_no_turn_for_a_month_comes_first_and_the_most_severe_of_it_before_the_others() -> None:
    findings = [found("severe", Severity.CRITICAL), found("a"), found("b"), found("c")]
    assert in_turn({}, *findings) == ["severe", "a", "b", "c"]
    assert in_turn({"severe": NOW - DAY, "a": NOW - 2 * DAY}, *findings) == ["b", "c", "a", "severe"]


def test_longer_ago_than_a_month_is_as_good_as_never() -> None:
    last = {"a": NOW - 31 * DAY, "b": NOW - 30 * DAY, "c": NOW - 29 * DAY}
    assert in_turn(last, found("c"), found("b"), found("a")) == ["b", "a", "c"]


@pytest.fixture
def target(db: None, monkeypatch: pytest.MonkeyPatch) -> Target:
    scripted.install(monkeypatch, World(needs={"a", "b", "c"}))
    return scripted_target()


def planned(target: Target) -> list[str]:
    plan = planner.make_plan(target, "CLEANUP_MAINTENANCE", "ALL", {"max_objects": 2}, moment=NOW)
    return [step.object for step in plan.steps]


def test_a_plan_with_room_for_some_takes_those_that_waited_longest(target: Target) -> None:
    assert planned(target) == ["a", "b"]
    durations.remember_all(target, "CLEANUP_MAINTENANCE", {"fix:a": (5, NOW - 2 * DAY), "fix:b": (5, NOW - DAY)})
    assert planned(target) == ["c", "a"]


def test_what_was_begun_and_never_done_has_had_its_turn(target: Target) -> None:
    durations.begun(target, "CLEANUP_MAINTENANCE", "fix:a", NOW - DAY)
    assert planned(target) == ["b", "c"]


def test_the_past_of_another_strategy_is_none_of_this_one(target: Target) -> None:
    durations.begun(target, "INDEX_MAINTENANCE", "fix:a", NOW - DAY)
    assert planned(target) == ["a", "b"]
