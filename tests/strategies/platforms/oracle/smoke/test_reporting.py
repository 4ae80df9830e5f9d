from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from strategies.platforms.oracle.smoke import reporting
from strategies.platforms.oracle.smoke.items import Report, Result, State

AT = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
PASSED = Result("facts", "The account", "The database tells what it is", State.PASSED, "Oracle 19.22", 12)
FAILED = Result("meters", "Meters", "What it costs", State.FAILED, "ORA-00942: table | view\n`x` <b>", 3)
REPORT = Report(
    address="oracle://portal@db:1521/sales", started_at=AT, ended_at=AT, database={"Version": "19.22"}, results=(PASSED, FAILED)
)  # fmt: skip


def test_a_report_says_what_failed_first_and_in_the_words_of_the_server() -> None:
    text = reporting.as_markdown(REPORT)
    assert "2 items were tried: 1 passed, 1 failed, 0 not applicable." in text
    assert text.index("## What failed") < text.index("## The account")
    assert r"| `meters` | What it costs | **failed** | ORA-00942: table \| view \`x\` \<b\> | 3 |" in text
    assert "Nothing was left behind." in text


def test_a_report_names_what_was_left_and_what_was_not_tried() -> None:
    cut = replace(REPORT, left=("TABLE A.B: busy",), untried=("tags",), cut_short="Stopped on request.")
    text = reporting.as_markdown(cut)
    assert "**What could not be removed**:" in text
    assert "- TABLE A.B: busy" in text
    assert "**Stopped on request.** Not tried: tags." in text


def test_the_json_form_holds_the_same() -> None:
    value = json.loads(json.dumps(reporting.as_json(REPORT)))
    assert value["ok"] is False
    assert value["counts"] == {"passed": 1, "failed": 1, "not_applicable": 0}
    assert value["items"][1] == {
        "name": "meters", "section": "Meters", "title": "What it costs", "state": "failed", "words": FAILED.words, "duration_ms": 3,
    }  # fmt: skip
    assert value["cut_short"] is None


def test_a_report_is_good_where_nothing_failed_and_nothing_was_left() -> None:
    good = replace(REPORT, results=(PASSED,))
    assert good.is_good
    assert not replace(good, left=("x",)).is_good
    assert not replace(good, untried=("x",)).is_good
    assert not replace(good, cut_short="x").is_good
    assert not REPORT.is_good
