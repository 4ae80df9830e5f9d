"""Turns the evidence of findings, steps and operations into rows of label and value, as people read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from maintenance_portal import quantities

# What keys are called on pages. A key that is not here is shown by its own words.
_LABELS = {
    "accesses": "Times it was used",
    "account": "Account",
    "actual_version": "Version of its rules now",
    "age_column": "Column with their age",
    "age_days": "Days since it was dropped",
    "age_hours": "Age (hours)",
    "age_percent": "Age of its oldest rows, of the limit",
    "allocated_bytes": "Size of its files now",
    "allocated_percent": "Used, of the size now",
    "analysed": "Tables with statistics",
    "analysed_at": "Statistics gathered",
    "archive_batch": "Batch in the archive",
    "archive_exists": "The archive is there",
    "archive_table": "Archive",
    "archived_rows": "Rows of the batch in the archive",
    "auto_vacuum": "Kind of automatic vacuum",
    "blocks": "Blocks",
    "can_plan": "A run may work on it",
    "changed_rows": "Rows changed since",
    "column": "Column",
    "compared": "What was compared",
    "compiled_at": "Compiled, by the clock of the server",
    "constraint_name": "Constraint",
    "constraint_type": "Kind of constraint",
    "copies": "Copies",
    "copy": "Copy to be made",
    "created_on": "Created",
    "cutoff_at": "Old are rows from before",
    "damage": "Kind of damage",
    "dead_percent": "Share of dead rows",
    "dead_rows": "Dead rows",
    "definition": "Definition",
    "deployed_version": "Version",
    "differs": "What differs",
    "degree": "Parallel degree",
    "delete_triggers": "Triggers that fire",
    "deleted_rows": "Rows deleted",
    "disk_free_bytes": "Free on its disk",
    "entries": "Entries",
    "error_class": "Kind of error",
    "exists": "Still there",
    "expected_bytes": "Size after a rebuild, about",
    "failures": "Failures counted",
    "file": "File",
    "files": "Files",
    "first_block": "First block",
    "free_bytes": "Space in free pages",
    "free_pages": "Free pages",
    "free_percent": "Share of free pages",
    "growing_files": "Files that grow by themselves",
    "has_index": "An index begins with that column",
    "index": "Index",
    "index_name": "Index",
    "index_type": "Kind of index",
    "indexes": "Indexes",
    "indexes_without_statistics": "Indexes without statistics",
    "instances": "Instances it may use",
    "is_at_least": "There are more of them",
    "is_incremental": "Statistics kept by partition (incremental)",
    "is_online": "Others go on writing",
    "is_partitioned": "Partitioned",
    "is_ready": "Kept up to date",
    "is_sampled": "Use was counted by samples",
    "is_valid": "Valid",
    "journal": "Journal of an online build",
    "journal_mode": "Journal",
    "kind": "What was found",
    "last_analyzed": "Statistics gathered",
    "last_changed": "Last changed",
    "last_failure_at": "Last failure",
    "last_used_on": "Last used",
    "left_rows": "Old rows left",
    "leftovers": "Copies left behind",
    "limit_bytes": "Limit",
    "limit_hours": "Limit (hours)",
    "limit_minutes": "Limit (minutes)",
    "limit_rows": "Limit (rows)",
    "live_rows": "Rows",
    "max_bytes": "Can grow to",
    "max_percent": "Used, of what it can grow to",
    "messages": "What the check said",
    "method": "How it was measured",
    "needs_bytes": "Room that a rebuild needs",
    "newest": "Newest value",
    "not_well": "Of these not well",
    "notices": "What the database said",
    "object_name": "Object",
    "object_type": "Kind of object",
    "objects": "Objects it names",
    "old_rows": "Old rows",
    "open_minutes": "Open for (minutes)",
    "original": "Copy of",
    "original_is_valid": "Its original is valid",
    "original_name": "Name before it was dropped",
    "owner": "Owner",
    "package": "Package",
    "package_name": "Package",
    "page_size": "Size of a page",
    "pages": "Pages",
    "pages_after_rebuild": "Pages after a rebuild, about",
    "pages_before": "Pages before",
    "part_level": "Level",
    "part_name": "Partition",
    "parts": "Parts gathered",
    "problems": "Problems found",
    "read_at": "Looked at",
    "rebuild_degree": "Parallel degree of the rebuild",
    "reclaimable_bytes": "To be won by a rebuild",
    "reclaimable_percent": "Share to be won",
    "recorded_rows": "Rows in the statistics",
    "recorded_version": "Version of its rules when it was recorded",
    "refers": "Tables that refer to it",
    "rely": "Declared as relied upon",
    "restorable_from_at": "Earlier statistics are kept from",
    "retention_days": "Days that earlier statistics are kept",
    "row_age": "Age of its oldest rows (transactions)",
    "row_movement": "Row movement",
    "rows": "Rows",
    "schema_name": "Schema",
    "session": "Session",
    "size_bytes": "Size",
    "stale_by_oracle": "Stale by Oracle's own rule",
    "status": "State",
    "surplus": "Copies to be dropped",
    "table": "Table",
    "table_name": "Table",
    "tables": "Tables",
    "tablespace": "Tablespace",
    "tablespace_free_bytes": "Free in the tablespace",
    "tablespace_name": "Tablespace",
    "unusable_indexes": "Indexes that cannot be used",
    "unused_bytes": "Unused space",
    "unused_days": "Counts as unused after (days)",
    "used_bytes": "Used",
    "vacuumed_at": "Last vacuum",
    "validated": "Validated",
    "visibility": "Seen by the optimizer",
    "wal_bytes": "Size of the -wal file",
    "wasted_bytes": "To be won by a rebuild",
    "wasted_percent": "Share to be won",
}
# What the portal keeps for itself (identities, the query to ask again, what an undo puts back): shown as it is kept.
_INTERNAL = {
    "arguments", "filenode", "full_indexes", "function", "is_due", "is_nameable", "last_batch", "longest_hold_seconds", "looks_at",
    "oids", "previous", "query", "relation",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """`instant` is set where the value is one, which templates show in the reader's zone; `lines` are the value as texts."""

    label: str
    lines: tuple[str, ...] = ()
    instant: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """`raw` is the JSON text of what is kept for programs, empty where there is nothing of the kind."""

    rows: tuple[Row, ...]
    raw: str = ""

    def __bool__(self) -> bool:
        return bool(self.rows or self.raw)


def evidence(values: Any) -> Evidence:
    """Rows in the order of the keys. Whatever is no mapping (a row typed in SQL may hold anything) is raw."""
    if not isinstance(values, Mapping):
        return Evidence((), _raw(values) if values else "")
    internal = {str(key): value for key, value in values.items() if _is_internal(str(key), value)}
    rows = tuple(_row(str(key), value) for key, value in values.items() if str(key) not in internal)
    return Evidence(rows, _raw(internal) if internal else "")


def unlabelled(values: Mapping[str, Any]) -> set[str]:
    """Keys that people would be shown by their own words."""
    return {str(key) for key, value in values.items() if not _is_internal(str(key), value)} - _LABELS.keys()


def _is_internal(key: str, value: Any) -> bool:
    holds_more = isinstance(value, Mapping) or (
        isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value)
    )
    return holds_more or key in _INTERNAL or key == "oid" or key.endswith(("_oid", "object_id"))


def _row(key: str, value: Any) -> Row:
    label = _LABELS.get(key) or key.replace("_", " ").capitalize()
    if key.endswith("_at"):
        moment = _instant(value)
        return Row(label, instant=moment) if moment else Row(label, ("never" if value is None else str(value),))
    if isinstance(value, list):
        texts = tuple(_text(key, item) for item in value)
        is_prose = any(" " in text for text in texts)
        return Row(label, (texts if is_prose else (", ".join(texts),)) if texts else ("none",))
    return Row(label, (_text(key, value),))


def _text(key: str, value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (int, float)):
        return str(value)
    if key.endswith("bytes") or key == "page_size":
        return quantities.size(value)
    if key.endswith("percent"):
        return quantities.number(value, "%")
    return quantities.duration(round(value)) if key.endswith("_ms") else quantities.number(value)


def _instant(value: Any) -> datetime | None:
    """An instant as platforms write it; one without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _raw(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
