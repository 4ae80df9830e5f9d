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
    "analysed_at": "Statistics gathered",
    "can_plan": "A run may work on it",
    "changed_rows": "Rows changed since",
    "compared": "What was compared",
    "entries": "Entries",
    "error_class": "Kind of error",
    "exists": "Still there",
    "expected_bytes": "Size after a rebuild, about",
    "index_name": "Index",
    "indexes_without_statistics": "Indexes without statistics",
    "is_ready": "Kept up to date",
    "is_valid": "Valid",
    "leftovers": "Copies left behind",
    "messages": "What the check said",
    "method": "How it was measured",
    "notices": "What the database said",
    "page_size": "Size of a page",
    "pages_after_rebuild": "Pages after a rebuild, about",
    "pages_before": "Pages before",
    "problems": "Problems found",
    "reclaimable_bytes": "To be won by a rebuild",
    "reclaimable_percent": "Share to be won",
    "recorded_rows": "Rows in the statistics",
    "schema_name": "Schema",
    "size_bytes": "Size",
    "table_name": "Table",
    "unused_bytes": "Unused space",
    "wasted_bytes": "To be won by a rebuild",
    "wasted_percent": "Share to be won",
}
# What the portal keeps for itself (identities, the query to ask again, what an undo puts back): shown as it is kept.
_INTERNAL = {"filenode", "full_indexes", "previous", "query"}


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


def _is_internal(key: str, value: Any) -> bool:
    holds_more = isinstance(value, Mapping) or (
        isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value)
    )
    return holds_more or key in _INTERNAL or key == "oid" or key.endswith("_oid")


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
