"""Measures: what is asked has a limit, each figure is told, and what is beyond its limit is a finding of a measure that was good."""

from __future__ import annotations

from typing import Any

import pytest

from strategies.assessments import Severity
from strategies.plans import Locks, Plan, Step
from strategies.platforms import measures
from strategies.platforms.base import ObjectUnknown
from strategies.platforms.measures import LONG_TRANSACTION, STALE, TOO_LARGE, TOO_MANY_ROWS
from strategies.routines.monitoring_maintenance import MonitoringParameters

MB = 2**20


def measure(kind: str, limit: float, **more: Any) -> Step:
    (step,) = measures.steps([measures.due(kind, "s.t", "TABLE", "SELECT 1", limit, **more)], ("SET x",))
    return step


@pytest.mark.parametrize(
    ("kind", "limit", "more", "row", "words", "evidence", "is_beyond"),
    [
        (TOO_LARGE, 5, {}, {"figure": 5 * MB}, "s.t takes 5.0 MB; the limit is 5 MB.",
         {"size_bytes": 5 * MB, "limit_bytes": 5 * MB}, False),
        (TOO_LARGE, 0.5, {}, {"figure": MB}, "s.t takes 1.0 MB, beyond the limit of 0.5 MB.",
         {"size_bytes": MB, "limit_bytes": MB // 2}, True),
        (TOO_MANY_ROWS, 10, {"method": "counted"}, {"figure": 1}, "s.t has 1 row; the limit is 10 rows.",
         {"rows": 1, "limit_rows": 10, "method": "counted"}, False),
        (TOO_MANY_ROWS, 1e9, {"method": measures.ESTIMATED}, {"figure": 2 * 10**9},
         "s.t has about 2,000,000,000 rows, beyond the limit of 1,000,000,000 rows.",
         {"rows": 2 * 10**9, "limit_rows": 1e9, "method": "estimate from statistics"}, True),
        (STALE, 26, {"column": "at"}, {"newest": "2026-11-28 02:00", "figure": 25.999}, "The newest row of s.t is 26.0 hours old by at;"
         " the limit is 26 hours.", {"column": "at", "newest": "2026-11-28 02:00", "limit_hours": 26, "age_hours": 26.0}, False),
        (STALE, 26, {"column": "at"}, {"newest": "2026-11-27", "figure": 30}, "The newest row of s.t is 30.0 hours old by at,"
         " beyond the limit of 26 hours.", {"column": "at", "newest": "2026-11-27", "limit_hours": 26, "age_hours": 30.0}, True),
        (STALE, 26, {"column": "at"}, {"newest": None, "figure": None},
         "s.t has no row with a value in at, beyond the limit of 26 hours.",
         {"column": "at", "newest": None, "limit_hours": 26}, True),
        (LONG_TRANSACTION, 30, {}, None, "No transaction is seen to be open in s.t.", {"limit_minutes": 30}, False),
        (LONG_TRANSACTION, 30, {}, {"figure": 30, "session_name": "7", "account": "anna"},
         "The oldest transaction in s.t is open for 30 min: session 7 of anna; the limit is 30 min.",
         {"open_minutes": 30, "limit_minutes": 30, "session": "7", "account": "anna"}, False),
        (LONG_TRANSACTION, 30, {}, {"figure": 31, "session_name": "7", "account": None},
         "The oldest transaction in s.t is open for 31 min: session 7 of an unknown account, beyond the limit of 30 min.",
         {"open_minutes": 31, "limit_minutes": 30, "session": "7", "account": "an unknown account"}, True),
    ],
)  # fmt: skip
def test_a_figure_is_told_with_its_limit_and_beyond_it_is_a_finding(
    kind: str, limit: float, more: Any, row: Any, words: str, evidence: Any, is_beyond: bool
) -> None:
    told = measures.judge(measure(kind, limit, **more), [row] if row is not None else [])
    assert (told.ok, told.message, told.evidence) == (True, words, evidence)
    assert (told.finding is not None) is is_beyond
    if told.finding is not None:
        found = told.finding
        assert (found.kind, found.object, found.severity, found.summary) == (kind, "s.t", Severity.WARNING, words)
        assert found.evidence == evidence
        assert found.advice


@pytest.mark.parametrize(
    ("kind", "row", "words"),
    [
        (TOO_LARGE, {"figure": None}, "The size of s.t is not told: it is gone, or cannot be seen."),
        (TOO_MANY_ROWS, None, "The number of rows of s.t is not told: it is gone, or cannot be seen."),
        (STALE, None, "The newest row of s.t is not told: it is gone, or cannot be seen."),
        (STALE, {"newest": "abc", "figure": None}, "The newest value in at of s.t cannot be read as an instant: abc."),
    ],
)
def test_what_gives_no_figure_has_failed(kind: str, row: Any, words: str) -> None:
    told = measures.judge(measure(kind, 5, column="at", method="counted"), [row] if row is not None else [])
    assert (told.ok, told.message, told.finding) == (False, words, None)


def test_a_plan_of_measures_is_read_only() -> None:
    step = measure(TOO_LARGE, 5, table="t")
    assert (step.key, step.operation_type, step.locks, step.settings) == (
        "too_large:s.t",
        "MONITOR",
        Locks.NONE,
        ("SET x",),
    )
    assert (step.reason, step.statements) == ("Whether s.t takes more than 5 MB.", ("SELECT 1",))
    assert step.check == {"finds": TOO_LARGE, "limit": 5, "method": "", "table": "t"}
    assert Plan(strategy="S", version="1", platform="p", target="t", parameters={}, steps=(step,)).is_read_only


def test_what_a_measure_has_found_is_met_by_no_step() -> None:
    found = measures.judge(measure(TOO_LARGE, 0.1), [{"figure": MB}]).finding
    assert found is not None
    assert measures.steps([found], ()) == []


def test_what_has_no_limit_is_not_asked_and_what_was_found_of_it_stands() -> None:
    nothing = measures.limits(MonitoringParameters())
    assert nothing == {}
    assert measures.notes(nothing)[0].startswith("No limit is set, so nothing is measured")
    some = measures.limits(MonitoringParameters(largest_mb=5, age_column=" at "))
    assert (some, measures.notes(some)) == ({TOO_LARGE: 5, STALE: 26}, [])
    assert measures.not_asked(some) == ((TOO_MANY_ROWS, ""), (LONG_TRANSACTION, ""))


def test_tables_without_the_column_are_counted_and_none_at_all_is_refused() -> None:
    assert measures.without_column([1], [1], "at", "ALL") == []
    assert measures.without_column([1, 2], [1], "at", "ALL") == [
        "1 table has no column at that holds dates or instants: the age of their newest rows is not asked."
    ]
    with pytest.raises(ObjectUnknown, match="age_column: orders has no column at that holds dates or instants"):
        measures.without_column([1], [], "at", "orders")
