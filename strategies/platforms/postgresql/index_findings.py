"""Which indexes need work, judged from what the catalogue says. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from strategies.plans import Finding, Locks, Severity, Step
from strategies.platforms.postgresql.names import quoted
from strategies.routines.index_maintenance import IndexParameters

INVALID, LEFTOVER, BLOATED = "invalid_index", "leftover_copy", "bloated_index"
_LEFTOVER = re.compile(r"_cc(new|old)\d*$")
_MB = 1_048_576


def is_leftover(row: Mapping[str, Any]) -> bool:
    """A copy that a cancelled online rebuild left: invalid, named as such, with a twin of the same definition."""
    return not row["is_valid"] and bool(_LEFTOVER.search(row["index_name"])) and row["twin_is_valid"] is not None


def broken(rows: Sequence[Mapping[str, Any]], parameters: IndexParameters) -> list[Finding]:
    """Findings for indexes that are invalid or leftovers. Where a build runs on the table, its indexes are still being made."""
    findings = []
    for row in rows:
        if (row["is_valid"] and row["is_ready"]) or row["build_running"]:
            continue
        if is_leftover(row):
            if parameters.remove_leftovers:
                findings.append(_leftover(row))
        elif parameters.repair_invalid:
            findings.append(_invalid(row))
    return findings


def _invalid(row: Mapping[str, Any]) -> Finding:
    can_online = not row["is_exclusion"] and row["may_maintain"]
    advice = "Rebuild it online." if can_online else _why_not(row)
    return Finding(
        kind=INVALID, object=row["object"], object_type="INDEX", severity=Severity.CRITICAL,
        summary=f"Index {row['object']} on {row['table_object']} is invalid: queries do not use it"
        + (", and it is not kept up to date." if not row["is_ready"] else ", and every write still pays for it."),
        advice=advice, evidence={**_evidence(row), "is_ready": row["is_ready"], "can_plan": can_online},
    )  # fmt: skip


def _leftover(row: Mapping[str, Any]) -> Finding:
    return Finding(
        kind=LEFTOVER, object=row["object"], object_type="INDEX", severity=Severity.WARNING,
        summary=f"Index {row['object']} is an invalid copy that a cancelled online rebuild left behind.",
        advice="Drop it; its original stays." if row["may_own"] else _why_not(row),
        evidence={**_evidence(row), "can_plan": row["may_own"]},
    )  # fmt: skip


def bloated(row: Mapping[str, Any], expected: int, parameters: IndexParameters, method: str) -> Finding | None:
    """A finding where both limits are passed: share and bytes that a rebuild would give back."""
    size, wasted = row["size_bytes"], row["size_bytes"] - expected
    percent = 100 * wasted / size if size else 0.0
    if percent < parameters.bloat_percent or wasted < parameters.bloat_megabytes * _MB or wasted <= 0:
        return None
    can_online = not row["is_exclusion"] and row["may_maintain"]
    return Finding(
        kind=BLOATED, object=row["object"], object_type="INDEX", severity=Severity.WARNING,
        summary=f"Index {row['object']} takes {size / _MB:,.1f} MB where about {expected / _MB:,.1f} MB would do"
        f" ({percent:.0f} % to win).",
        advice="Rebuild it online." if can_online else _why_not(row),
        evidence={
            **_evidence(row), "expected_bytes": expected, "wasted_bytes": wasted, "wasted_percent": round(percent, 1),
            "method": method, "can_plan": can_online,
        },
    )  # fmt: skip


def _why_not(row: Mapping[str, Any]) -> str:
    if row["is_exclusion"]:
        return "It backs an exclusion constraint, which cannot be rebuilt online; plan a REINDEX by hand, it blocks writes."
    return f"The account may not do this: {row['table_object']} belongs to another role."


def _evidence(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "table": row["table_object"], "size_bytes": row["size_bytes"], "schema_name": row["schema_name"],
        "index_name": row["index_name"], "index_oid": row["index_oid"], "filenode": row["filenode"],
    }  # fmt: skip


def steps(findings: Sequence[Finding], parameters: IndexParameters) -> list[Step]:
    """Rebuilds of what is invalid come first, then the leftovers (their originals are valid by then), then the bloated."""
    order = {INVALID: 0, LEFTOVER: 1, BLOATED: 2}
    chosen = [finding for finding in findings if finding.evidence["can_plan"]]
    return [
        (drop if finding.kind == LEFTOVER else rebuild)(finding, parameters)
        for finding in sorted(chosen, key=lambda finding: order[finding.kind])
    ]


def settings(parameters: IndexParameters) -> tuple[str, ...]:
    return (f"SET lock_timeout = '{parameters.lock_wait_seconds}s'", "SET statement_timeout = 0")


def rebuild(finding: Finding, parameters: IndexParameters) -> Step:
    name = quoted(finding.evidence["schema_name"], finding.evidence["index_name"])
    return Step(
        key=f"rebuild:{finding.object}", operation_type="REBUILD", object=finding.object, object_type="INDEX",
        settings=settings(parameters), statements=(f"REINDEX (VERBOSE) INDEX CONCURRENTLY {name}",), locks=Locks.DDL,
        reason=finding.summary, undo_note="Nothing to undo: the rebuilt index holds the same entries.",
        evidence=_figures(finding),
        check={**_identity(finding), "kind": finding.kind, "oldest_minutes": parameters.oldest_transaction_minutes},
    )  # fmt: skip


def drop(finding: Finding, parameters: IndexParameters) -> Step:
    name = quoted(finding.evidence["schema_name"], finding.evidence["index_name"])
    return Step(
        key=f"drop:{finding.object}", operation_type="CLEANUP", object=finding.object, object_type="INDEX",
        settings=settings(parameters), statements=(f"DROP INDEX CONCURRENTLY {name}",), locks=Locks.DDL, is_destructive=True,
        reason=finding.summary, undo_note="Not reversible, and nothing is lost: the copy was invalid and never in use.",
        evidence=_figures(finding), check={**_identity(finding), "kind": finding.kind},
    )  # fmt: skip


def _figures(finding: Finding) -> dict[str, Any]:
    hidden = ("schema_name", "index_name", "index_oid", "filenode", "can_plan")
    return {name: value for name, value in finding.evidence.items() if name not in hidden}


def _identity(finding: Finding) -> dict[str, Any]:
    names = ("schema_name", "index_name", "index_oid", "filenode", "size_bytes")
    return {name: finding.evidence[name] for name in names}
