"""Which indexes need work, judged from what the catalogue says. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import Locks, Step
from strategies.platforms.postgresql import rights
from strategies.platforms.postgresql.duplicate_keys import UniqueKeys
from strategies.platforms.postgresql.names import quoted
from strategies.routines.index_maintenance import IndexParameters

INVALID, DUPLICATES, LEFTOVER, BLOATED = "invalid_index", "duplicate_rows", "leftover_copy", "bloated_index"
_MB = 1_048_576


def doubtful(rows: Sequence[Mapping[str, Any]], parameters: IndexParameters) -> list[int]:
    """The oids of invalid unique indexes: what made them so may be rows that share a key."""
    return [
        row["index_oid"]
        for row in rows
        if parameters.repair_invalid and row["is_unique"] and not (is_usable(row) or row["original"] or row["held_by"])
    ]


def broken(rows: Sequence[Mapping[str, Any]], parameters: IndexParameters, keys: UniqueKeys) -> Assessment:
    """Findings for indexes that are invalid or leftovers, and notes on tables where that cannot be told now.

    While another session works on a table, its indexes may still be in the making. They are left alone: also behind a
    VACUUM or an ANALYZE, which hold the same lock as a build.
    """
    findings: list[Finding] = []
    unclear: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        if is_usable(row):
            continue
        if not (parameters.remove_leftovers if row["original"] else parameters.repair_invalid):
            continue
        if row["held_by"]:
            unclear[row["table_object"], row["held_by"]].append(row["object"])
        else:
            findings.append(_leftover(row) if row["original"] else _invalid(row, keys))
    notes = [
        f"{', '.join(indexes)} on {table}: invalid, but left alone now, since {who} works on that table (an index build, a"
        " VACUUM or an ANALYZE) and may be building just these."
        for (table, who), indexes in unclear.items()
    ]
    return Assessment(tuple(findings), tuple(notes))


def is_usable(row: Mapping[str, Any]) -> bool:
    return bool(row["is_valid"] and row["is_ready"])


def _invalid(row: Mapping[str, Any], keys: UniqueKeys) -> Finding:
    if (query := keys.shared.get(row["index_oid"])) is not None:
        return _duplicate_rows(row, query)
    why_not = _why_not_rebuilt(row)
    is_certain = not row["is_unique"] or row["index_oid"] in keys.distinct
    caution = "" if is_certain else " It is refused if rows share a key, which could not be told beforehand."
    return Finding(
        kind=INVALID, object=row["object"], object_type="INDEX", severity=Severity.CRITICAL,
        summary=f"Index {row['object']} on {row['table_object']} is invalid: {_what_it_does(row)}.",
        advice=why_not or f"Rebuild it online.{caution}",
        evidence={**_evidence(row), "is_ready": row["is_ready"], "can_plan": not why_not},
    )  # fmt: skip


def _duplicate_rows(row: Mapping[str, Any], query: str) -> Finding:
    return Finding(
        kind=DUPLICATES, object=row["object"], object_type="INDEX", severity=Severity.CRITICAL,
        summary=f"Rows of {row['table_object']} share a key that the unique index {row['object']} must hold only once. The index"
        f" is invalid: {_what_it_does(row)}.",
        advice="A rebuild would be refused while rows share a key. Decide which rows stay, remove the others, and assess again.",
        evidence={**_evidence(row), "is_ready": row["is_ready"], "query": query, "can_plan": False},
    )  # fmt: skip


def _what_it_does(row: Mapping[str, Any]) -> str:
    cost = "every write still pays for it" if row["is_ready"] else "it is not kept up to date"
    return f"queries do not use it, and {cost}"


def _leftover(row: Mapping[str, Any]) -> Finding:
    why_not = _why_not_dropped(row)
    return Finding(
        kind=LEFTOVER, object=row["object"], object_type="INDEX", severity=Severity.WARNING,
        summary=f"Index {row['object']} is an invalid copy that a cancelled online rebuild left behind.",
        advice=why_not or _what_to_drop(row),
        evidence={
            **_evidence(row), "original": row["original"], "original_is_valid": row["original_is_valid"],
            "can_plan": not why_not,
        },
    )  # fmt: skip


def _what_to_drop(row: Mapping[str, Any]) -> str:
    if row["original_is_valid"]:
        return f"Drop it; its original {row['original']} stays."
    return f"Drop it once its original {row['original']} is valid."


def bloated(row: Mapping[str, Any], expected: int, parameters: IndexParameters, method: str) -> Finding | None:
    """A finding where both limits are passed: share and bytes that a rebuild would give back."""
    size, wasted = row["size_bytes"], row["size_bytes"] - expected
    percent = 100 * wasted / size if size else 0.0
    if percent < parameters.bloat_percent or wasted < parameters.bloat_megabytes * _MB or wasted <= 0:
        return None
    why_not = _why_not_rebuilt(row)
    return Finding(
        kind=BLOATED, object=row["object"], object_type="INDEX", severity=Severity.WARNING,
        summary=f"Index {row['object']} takes {size / _MB:,.1f} MB where about {expected / _MB:,.1f} MB would do"
        f" ({percent:.0f} % to win).",
        advice=why_not or "Rebuild it online.",
        evidence={
            **_evidence(row), "expected_bytes": expected, "wasted_bytes": wasted, "wasted_percent": round(percent, 1),
            "method": method, "can_plan": not why_not,
        },
    )  # fmt: skip


def _why_not_rebuilt(row: Mapping[str, Any]) -> str:
    if row["is_exclusion"]:
        return "It backs an exclusion constraint, which cannot be rebuilt online; plan a REINDEX by hand, it blocks writes."
    return rights.why_not(row, "rebuild this index", row["table_object"])


def _why_not_dropped(row: Mapping[str, Any]) -> str:
    """MAINTAIN is not enough."""
    return rights.why_not(
        {**row, "may_maintain": row["may_own"], "can_grant_maintain": False}, "drop this index", row["table_object"]
    )


def _evidence(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "table": row["table_object"], "size_bytes": row["size_bytes"], "schema_name": row["schema_name"],
        "index_name": row["index_name"], "index_oid": row["index_oid"], "filenode": row["filenode"],
        "copies": row["copies"],
    }  # fmt: skip


def steps(findings: Sequence[Finding], parameters: IndexParameters) -> list[Step]:
    """Rebuilds of what is invalid come first, then the leftovers whose originals are valid by then, then the bloated."""
    order = {INVALID: 0, LEFTOVER: 1, BLOATED: 2}
    chosen = [finding for finding in findings if finding.evidence["can_plan"]]
    repaired = {finding.object for finding in chosen if finding.kind == INVALID}
    return [
        drop(finding, parameters) if finding.kind == LEFTOVER else rebuild(finding, parameters)
        for finding in sorted(chosen, key=lambda finding: order[finding.kind])
        if finding.kind != LEFTOVER or finding.evidence["original_is_valid"] or finding.evidence["original"] in repaired
    ]


def settings(parameters: IndexParameters) -> tuple[str, ...]:
    return (f"SET lock_timeout = '{parameters.lock_wait_seconds}s'", "SET statement_timeout = 0")


def _rebuild_key(index: str) -> str:
    return f"rebuild:{index}"


def rebuild(finding: Finding, parameters: IndexParameters) -> Step:
    name = quoted(finding.evidence["schema_name"], finding.evidence["index_name"])
    return Step(
        key=_rebuild_key(finding.object), operation_type="REBUILD", object=finding.object, object_type="INDEX",
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
        after=() if finding.evidence["original_is_valid"] else (_rebuild_key(finding.evidence["original"]),),
        evidence=_figures(finding), check={**_identity(finding), "kind": finding.kind},
    )  # fmt: skip


def _figures(finding: Finding) -> dict[str, Any]:
    hidden = ("schema_name", "index_name", "index_oid", "filenode", "copies", "can_plan")
    return {name: value for name, value in finding.evidence.items() if name not in hidden}


def _identity(finding: Finding) -> dict[str, Any]:
    names = ("schema_name", "index_name", "index_oid", "filenode", "size_bytes", "copies")
    return {name: finding.evidence[name] for name in names}
