"""How large a B-tree index would be if it were built now: an estimate from the planner's statistics. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Sizes of PostgreSQL's page layout (https://www.postgresql.org/docs/current/storage-page-layout.html and btree-implementation):
_PAGE = 8192
_USABLE = _PAGE - 24 - 16  # page header, and the special space of a B-tree page
_POINTER = 4  # a line pointer to each entry
_ENTRY_HEADER = 8
_ROW_POINTER = 6  # one table row in a posting list
_ROWS_PER_POSTING = 200  # deduplication ends a posting list at about a sixth of a page


@dataclass(frozen=True, slots=True)
class Widths:
    """What the statistics say: entries, bytes of their columns, distinct values (as pg_stats gives them) if one column."""

    entries: float
    width_bytes: float
    has_nulls: bool
    fillfactor: int
    may_deduplicate: bool
    n_distinct: float | None


def expected_bytes(index: Widths) -> int:
    """Bytes of the index just after a rebuild. Where equal keys are folded together the smaller figure of the two holds."""
    header = 16 if index.has_nulls else _ENTRY_HEADER
    entry = _aligned(header + index.width_bytes) + _POINTER
    plain = index.entries * entry
    if not index.may_deduplicate or index.n_distinct is None:
        return _pages(plain, index.fillfactor) * _PAGE
    distinct = max(1.0, index.n_distinct if index.n_distinct > 0 else -index.n_distinct * index.entries)
    postings = distinct + index.entries / _ROWS_PER_POSTING
    folded = index.entries * _ROW_POINTER + postings * entry
    return _pages(min(plain, folded), index.fillfactor) * _PAGE


def _aligned(size: float) -> float:
    return math.ceil(size / 8) * 8


def _pages(content: float, fillfactor: int) -> int:
    """Leaf pages, the levels above them (a hundredth and a few), and the meta page."""
    leaves = max(1, math.ceil(content / (_USABLE * fillfactor / 100)))
    return leaves + math.ceil(leaves / 100) + 1


def distrust(row: Mapping[str, Any], stale_percent: float) -> str | None:
    """Why no estimate can be made from this row of `index_widths.sql`, or None where it can."""
    if row["entries"] < 0 or row["table_rows"] < 0:
        return "never analysed"
    if row["known_columns"] < row["columns"]:
        return "without visible column statistics"
    if row["changed_rows"] > max(row["table_rows"], 1) * stale_percent / 100:
        return "with stale statistics"
    if row["has_wide_column"]:
        return "with columns that may be stored compressed"
    return None


def widths(row: Mapping[str, Any]) -> Widths:
    """Read a trusted row of `index_widths.sql`."""
    return Widths(
        entries=row["entries"],
        width_bytes=row["width_bytes"] or 0.0,
        has_nulls=bool(row["has_nulls"]),
        fillfactor=row["fillfactor"],
        may_deduplicate=bool(row["may_deduplicate"] and row["all_equal_image"]),
        n_distinct=row["n_distinct"],
    )
