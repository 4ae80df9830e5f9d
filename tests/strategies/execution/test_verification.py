"""What a second look at a target counts as left, and what it does not."""

from __future__ import annotations

from strategies.assessments import Assessment, Finding, Severity
from strategies.execution.verification import still_found
from strategies.plans import Plan, Step


def finding(object_name: str, severity: Severity) -> Finding:
    return Finding("kind", object_name, "TABLE", severity, f"{severity} of {object_name}", "")


def test_only_needs_of_the_plans_own_objects_count_and_nothing_that_is_only_for_information() -> None:
    step = Step(
        key="k", operation_type="CLEANUP", object="t", object_type="TABLE", statements=("VACUUM t",), reason="r"
    )
    plan = Plan(strategy="S", version="1", platform="p", target="t", parameters={}, steps=(step,))
    seen = Assessment(
        (finding("t", Severity.WARNING), finding("t", Severity.INFO), finding("other", Severity.CRITICAL))
    )
    assert still_found(plan, seen) == ["warning of t"]
