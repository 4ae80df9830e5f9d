"""How large a plain B-tree index would be just after a rebuild: an estimate from the statistics, without any lock. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from strategies.assessments import Finding, Severity
from strategies.platforms.oracle.index_findings import How, Room, evidence, object_of
from strategies.routines.index_maintenance import IndexParameters

BLOATED = "bloated_index"
_MB = 1_048_576
# Bytes of a block that hold no entries, and of each of its INI_TRANS slots (Server Administrator's Guide 7.3, appendix A).
_HEADER, _SLOT = 113, 24
_LEAST_SLOTS = 2
# Bytes of one entry beside its columns: flags and lock 2, its place in the row directory 2, the row's address 6, which has
# a length byte of its own where it is part of the key (an index that is not unique). AVG_COL_LEN counts the columns' own.
_ENTRY_UNIQUE, _ENTRY_NOT_UNIQUE = 10, 11
_OF_PARTITION = 4  # what the address holds besides in a global index: which partition the row is in
SPARSE = "with entries for fewer than half of the rows"


def distrust(row: Mapping[str, Any], stale_percent: float) -> str | None:
    """Why no estimate can be made from this row of `index_widths.sql`, or None where it can.

    Rows whose columns are all NULL have no entry, and their share of AVG_COL_LEN, which is rounded, is not known well.
    """
    if row["last_analyzed"] is None or row["num_rows"] is None or row["table_rows"] is None:
        return "without statistics"
    if row["stattype_locked"] is not None:
        return "with locked statistics"
    if row["columns_known"] < row["columns_counted"]:
        return "without statistics of each column"
    changed_too_much = row["changed_rows"] > max(row["table_rows"], 1) * stale_percent / 100
    if row["stale_stats"] != "NO" or row["truncated"] == "YES" or changed_too_much:
        return "with stale statistics"
    if 2 * row["num_rows"] < row["table_rows"]:
        return SPARSE
    return None


def expected_bytes(row: Mapping[str, Any]) -> int:
    """Leaf blocks that its entries fill down to PCT_FREE, in bytes: an estimate, rather too large than too small.

    AVG_COL_LEN is an average of all rows of the table, those with NULL included, and what has a value is in the index.
    """
    entries, rows = int(row["num_rows"]), max(int(row["num_rows"]), int(row["table_rows"]))
    beside = _ENTRY_UNIQUE if row["uniqueness"] == "UNIQUE" else _ENTRY_NOT_UNIQUE
    beside += _OF_PARTITION if row["table_partitioned"] == "YES" else 0
    content = rows * float(row["width_bytes"] or 0) + entries * beside
    block, slots = int(row["block_size"]), max(int(row["ini_trans"] or 0), _LEAST_SLOTS)
    filled = (100 - float(row["pct_free"] if row["pct_free"] is not None else 10)) / 100
    usable = max((block - _HEADER - _SLOT * slots) * filled, 1)
    return max(1, math.ceil(content / usable)) * block


def bloated(row: Mapping[str, Any], parameters: IndexParameters, way: How, room: Room) -> Finding | None:
    """A finding where both limits are passed: share and bytes that a rebuild would give back."""
    size, expected = int(row["leaf_blocks"]) * int(row["block_size"]), expected_bytes(row)
    wasted = size - expected
    percent = 100 * wasted / size if size else 0.0
    if wasted <= 0 or percent < parameters.bloat_percent or wasted < parameters.bloat_megabytes * _MB:
        return None
    name = object_of(row)
    why_not = way.why_not or room.why_not
    return Finding(
        kind=BLOATED, object=name, object_type="INDEX", severity=Severity.WARNING,
        summary=f"Index {name} takes {size / _MB:,.1f} MB where about {expected / _MB:,.1f} MB would do ({percent:.0f} % to win).",
        advice=why_not or ("Rebuild it online." if way.is_online else "Rebuild it offline, as was allowed: writes to its table wait."),
        evidence={
            **evidence(row, way, room, can_plan=not why_not), "size_bytes": size, "expected_bytes": expected, "wasted_bytes": wasted,
            "wasted_percent": round(percent, 1), "method": "estimate from statistics", "last_analyzed": row["last_analyzed"],
        },
    )  # fmt: skip
