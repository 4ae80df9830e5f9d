"""What a look gives is kept as JSON, and is the same when it is read."""

from __future__ import annotations

import json

import pytest

from strategies.assessments import Finding, Severity


@pytest.mark.parametrize("severity", Severity)
def test_a_finding_comes_back_from_json_as_it_was(severity: Severity) -> None:
    finding = Finding(
        "bloat", 's."I x"', "INDEX", severity, "40 % of it is empty.", "Rebuild it.", {"free_percent": 40.5}
    )
    assert Finding.from_json(json.loads(json.dumps(finding.as_json()))) == finding
