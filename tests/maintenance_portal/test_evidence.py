"""Evidence as rows of label and value: figures by what they are, and what is for programs apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from maintenance_portal.evidence import Row, evidence
from strategies.assessments import Finding, Severity
from strategies.plans import Verification
from tests.strategies.platforms.labels import collected


@pytest.mark.parametrize(
    ("key", "value", "row"),
    [
        ("size_bytes", 81_920, Row("Size", ("80 KB",))),
        ("page_size", 4096, Row("Size of a page", ("4.0 KB",))),
        ("wasted_percent", 41.5, Row("Share to be won", ("41.5\N{NO-BREAK SPACE}%",))),
        ("waited_ms", 1500, Row("Waited ms", ("1.5 s",))),
        ("entries", 30_000, Row("Entries", ("30,000",))),
        ("is_valid", False, Row("Valid", ("no",))),
        ("recorded_rows", None, Row("Rows in the statistics", ("none",))),
        ("analysed_at", None, Row("Statistics gathered", ("never",))),
        ("analysed_at", "some day", Row("Statistics gathered", ("some day",))),
        ("something_new", "x", Row("Something new", ("x",))),
        ("leftovers", [], Row("Copies left behind", ("none",))),
        ("leftovers", ["a", "b"], Row("Copies left behind", ("a, b",))),
        ("messages", ["row 3 is missing", "x"], Row("What the check said", ("row 3 is missing", "x"))),
    ],
)
def test_a_value_is_written_as_what_its_name_says(key: str, value: Any, row: Row) -> None:
    assert evidence({key: value}).rows == (row,)


@pytest.mark.parametrize("text", ["2026-11-25 02:49:25+00:00", "2026-11-25T02:49:25", "2026-11-25 03:49:25+01:00"])
def test_an_instant_is_left_to_the_readers_zone(text: str) -> None:
    assert evidence({"analysed_at": text}).rows[0].instant == datetime(2026, 11, 25, 2, 49, 25, tzinfo=UTC)


def test_what_is_for_programs_is_raw_and_nothing_is_lost() -> None:
    internal = {"index_oid": 16_444, "query": "SELECT 1", "previous": {"statistics": []}, "rows_of": [{"a": 1}]}
    seen = evidence({"table": "orders", **internal})
    assert seen.rows == (Row("Table", ("orders",)),)
    assert json.loads(seen.raw) == internal


@pytest.mark.parametrize("values", [None, "", {}, []])
def test_no_evidence_is_nothing(values: Any) -> None:
    assert not evidence(values)


def test_a_key_that_a_finding_brings_without_a_label_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of the platforms fail by it, for every finding, step and verification that they make."""
    seen = collected(monkeypatch)
    evidence = {"size_bytes": 1, "oid": 7, "brand_new": 2, "parts": [{"a": 1}]}
    Finding("kind", "t", "TABLE", Severity.INFO, "It is so.", "", evidence)
    Verification(True, "It is so.", {"quite_new": 3})
    assert seen == {"brand_new", "quite_new"}
