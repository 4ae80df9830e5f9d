"""Statistics of Oracle's own tables: the data dictionary and the fixed X$ tables, each gathered as a whole. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strategies.assessments import Finding, Severity
from strategies.plans import Locks, Step
from strategies.platforms.oracle import statistics_statements as statements
from strategies.platforms.oracle.statistics_findings import Clock

DICTIONARY, FIXED = "old_dictionary_statistics", "old_fixed_statistics"
QUERIES = {DICTIONARY: "dictionary_statistics", FIXED: "fixed_statistics"}
_OBJECTS = {DICTIONARY: "data dictionary", FIXED: "fixed objects"}
_GATHER = {DICTIONARY: statements.GATHER_DICTIONARY, FIXED: statements.GATHER_FIXED}
_RESTORE = {DICTIONARY: "RESTORE_DICTIONARY_STATS", FIXED: "RESTORE_FIXED_OBJECTS_STATS"}
_DELETE = {DICTIONARY: "DELETE_DICTIONARY_STATS", FIXED: "DELETE_FIXED_OBJECTS_STATS"}


def judge(kind: str, row: Mapping[str, Any], system_days: int, clock: Clock) -> Finding | None:
    """A finding where statistics were never gathered, or the newest of them are older than `system_days`."""
    was_never = row["last_analyzed"] is None
    if not was_never and int(row["age_days"]) < system_days:
        return None
    what = "data dictionary" if kind == DICTIONARY else "fixed objects (the X$ tables behind the V$ views)"
    age = (
        "were never gathered"
        if was_never
        else f"were last gathered on {row['last_analyzed']} (the database's time), {int(row['age_days'])} days ago"
    )
    return Finding(
        kind=kind, object=_OBJECTS[kind], object_type="DATABASE", severity=Severity.WARNING if was_never else Severity.INFO,
        summary=f"Statistics of the {what} {age}.",
        advice="Gather them."
        if kind == DICTIONARY
        else "Gather them while the database has its usual load: what they describe lies in memory.",
        evidence={
            "tables": int(row["tables"]), "analysed": int(row["analysed"]), "last_analyzed": row["last_analyzed"],
            **clock.evidence, "can_plan": True,
        },
    )  # fmt: skip


def steps(findings: Sequence[Finding]) -> list[Step]:
    return [_gather(finding) for finding in findings]


def _gather(finding: Finding) -> Step:
    seen, kind = finding.evidence, finding.kind
    why_no_undo = "" if seen["last_analyzed"] is None else Clock.seen(seen).why_no_undo
    if seen["last_analyzed"] is None:
        back = f"DBMS_STATS.{_DELETE[kind]}(no_invalidate => FALSE)"
    else:
        as_of = statements.instant(seen["read_at"])
        back = f"DBMS_STATS.{_RESTORE[kind]}(as_of_timestamp => {as_of}, no_invalidate => FALSE)"
    return Step(
        key=f"gather:{finding.object}", operation_type="ANALYZE", object=finding.object, object_type="DATABASE",
        statements=(_GATHER[kind],), locks=Locks.NONE, reason=finding.summary,
        undo=() if why_no_undo else (statements.block([back]),), undo_note=why_no_undo,
        evidence={name: seen[name] for name in ("tables", "analysed", "last_analyzed", "read_at") if seen[name] is not None},
        check={"kind": kind, "last_analyzed": seen["last_analyzed"], "as_of_utc": seen["read_at"]},
    )  # fmt: skip
