"""Which segments can be made smaller and what lies in the recycle bin, judged from the dictionary. Pure.

The conditions are those of the manual's shrink_clause and MOVE ONLINE (SQL Language Reference 19c, ALTER TABLE).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from strategies.assessments import Finding, Severity
from strategies.platforms.oracle.names import shown
from strategies.platforms.oracle.stated import Stated
from strategies.routines.space_maintenance import SpaceParameters

SHRINKABLE, MOVABLE, LARGE, DROPPED = "shrinkable_segment", "movable_segment", "large_segment", "dropped_table"
SECUREFILES_SHRINK_FROM = 21
_MB = 1_048_576


def wasted_bytes(advice: Mapping[str, Any], segment: Mapping[str, Any]) -> int:
    """What a segment would give back: by the advisor, but no more than it has now beyond what the advisor saw in use.

    The advisor's recommendation stays until it looks again, so the segment's size now has the last word.
    """
    return max(0, min(int(advice["reclaimable_bytes"]), int(segment["size_bytes"]) - int(advice["used_bytes"])))


def passes(wasted: int, size: int, *, percent: float, megabytes: float) -> bool:
    return wasted > 0 and size > 0 and wasted >= megabytes * _MB and 100 * wasted / size >= percent


def why_not_shrunk(segment: Mapping[str, Any], stated: Stated, version: tuple[int, ...]) -> list[str]:
    """What keeps the segment from being shrunk, as parts of a sentence; empty where nothing does."""
    before_21 = bool(version) and version[0] < SECUREFILES_SHRINK_FROM
    conditions = (
        *_read_only(segment),
        *_unlicensed(segment, stated),
        (segment["segment_space_management"] != "AUTO", f"its tablespace {shown(segment['tablespace_name'])} does not manage"
         " the space of segments automatically"),
        (bool(segment["cluster_name"]), "it lies in a cluster"),
        (bool(segment["iot_type"]), "it belongs to an index-organized table"),
        (segment["compression_state"] == "ENABLED", "it is compressed"),
        (segment["long_columns"] > 0, "it has a LONG column"),
        (segment["function_indexes"] > 0, "it has a function-based index"),
        (segment["join_indexes"] > 0, "it has a bitmap join index"),
        (segment["domain_indexes"] > 0, "it has a domain index"),
        (segment["on_commit_views"] > 0, "a materialized view that is refreshed on commit reads it"),
        (segment["rowid_logs"] > 0, "materialized views may read it by rowid"),
        (segment["securefile_lobs"] > 0 and before_21, "it has SecureFile LOBs, which can be shrunk from 21c on"),
    )  # fmt: skip
    return [words for holds, words in conditions if holds]


def why_not_moved(segment: Mapping[str, Any], stated: Stated, copy_bytes: int) -> list[str]:
    """What keeps the segment from being moved online, as parts of a sentence; empty where nothing does.

    `room_bytes` of the segment is what its tablespace can still take; where it is not known, that keeps nobody from it.
    """
    room = segment.get("room_bytes")
    conditions = (
        *_read_only(segment),
        *_unlicensed(segment, stated),
        (not stated.has_enterprise, "MOVE ONLINE needs Enterprise Edition, which the address does not state"),
        (bool(segment["cluster_name"]), "it lies in a cluster"),
        (bool(segment["iot_type"]), "it belongs to an index-organized table"),
        (segment["long_columns"] > 0, "it has a LONG column"),
        (segment["domain_indexes"] > 0, "it has a domain index"),
        (segment["join_indexes"] > 0, "it has a bitmap join index"),
        (segment["on_commit_views"] > 0, "a materialized view that is refreshed on commit reads it"),
        (segment["rowid_logs"] > 0, "materialized views may read it by rowid"),
        (segment["partition_name"] is not None and segment["object_columns"] > 0, "it is a part of a table with columns of object"
         " types"),
        (room is not None and room < copy_bytes, f"its tablespace {shown(segment['tablespace_name'])} has room for"
         f" {(room or 0) / _MB:,.1f} MB, and its copy needs about {copy_bytes / _MB:,.1f} MB"),
    )  # fmt: skip
    return [words for holds, words in conditions if holds]


def _read_only(segment: Mapping[str, Any]) -> tuple[tuple[bool, str], ...]:
    status = str(segment["tablespace_status"])
    return ((status != "ONLINE", f"its tablespace {shown(segment['tablespace_name'])} is {status.lower()}"),)


def _unlicensed(segment: Mapping[str, Any], stated: Stated) -> tuple[tuple[bool, str], ...]:
    is_part = segment["partition_name"] is not None
    return (
        (
            is_part and not stated.has_partitioning,
            "it is a part of a table, and the address does not state Partitioning",
        ),
    )


_PART = re.compile(r'(.+) (?:sub)?partition (?:"([^"]+)"|([A-Z][A-Z0-9_$#]*))')


def split_name(text: str) -> tuple[str, str | None]:
    """The table and the part (None for the whole of it) that `object_name` names."""
    match = _PART.fullmatch(text.strip())
    return (text, None) if match is None else (match[1], match[2] or match[3])


def object_name(segment: Mapping[str, Any]) -> str:
    """A table, or a part of it, as pages name it."""
    table, part = shown(segment["owner"], segment["table_name"]), segment["partition_name"]
    if part is None:
        return table
    level = "subpartition" if segment["segment_type"] == "TABLE SUBPARTITION" else "partition"
    return f"{table} {level} {shown(part)}"


def segment_finding(
    advice: Mapping[str, Any], segment: Mapping[str, Any], parameters: SpaceParameters, stated: Stated,
    version: tuple[int, ...],
) -> Finding | None:  # fmt: skip
    """The need of one segment, if any, from a row of `segment_advice.sql` and one of `table_segment.sql`."""
    wasted, size = wasted_bytes(advice, segment), int(segment["size_bytes"])
    if not passes(wasted, size, percent=parameters.reclaim_percent, megabytes=parameters.reclaim_megabytes):
        return None
    kind, advice_words = _way(segment, size - wasted, parameters, stated, version)
    name = object_name(segment)
    return Finding(
        kind=kind, object=name, object_type="TABLE" if segment["partition_name"] is None else "PARTITION",
        severity=Severity.INFO if kind == LARGE else Severity.WARNING,
        summary=f"{name} takes {size / _MB:,.1f} MB where about {(size - wasted) / _MB:,.1f} MB would do"
        f" ({100 * wasted / size:.0f} % to win), by the advice of the database.",
        advice=advice_words,
        evidence={
            "size_bytes": size, "used_bytes": int(advice["used_bytes"]), "wasted_bytes": wasted,
            "wasted_percent": round(100 * wasted / size, 1), "row_movement": segment["row_movement"],
            "tablespace_name": segment["tablespace_name"], "owner": segment["owner"],
            "identity": {name: segment[name] for name in ("owner", "table_name", "partition_name", "segment_type")},
            "check": {
                "data_object_id": segment["data_object_id"], "unusable_indexes": int(segment["unusable_indexes"]),
                "reclaimable_bytes": int(advice["reclaimable_bytes"]),
            },
            "can_plan": kind != LARGE,
        },
    )  # fmt: skip


def _way(
    segment: Mapping[str, Any], copy_bytes: int, parameters: SpaceParameters, stated: Stated, version: tuple[int, ...]
) -> tuple[str, str]:
    """How its space can be won, and the advice in a sentence."""
    held = why_not_shrunk(segment, stated, version)
    if not held:
        return SHRINKABLE, "Shrink it. Its rows get new rowids."
    cannot = f"It cannot be shrunk: {', '.join(held)}."
    if not parameters.move_online:
        return LARGE, f"{cannot} Moving it online is planned only where that is allowed."
    if fixed := why_not_moved(segment, stated, copy_bytes):
        return LARGE, f"{cannot} It cannot be moved online either: {', '.join(fixed)}."
    return MOVABLE, f"{cannot} Move it online; its tablespace must hold it twice until that is done."


def dropped_finding(row: Mapping[str, Any]) -> Finding:
    """A table in the recycle bin that is older than was asked for."""
    name = shown(row["owner"], row["object_name"])
    size = int(row["size_bytes"] or 0)
    return Finding(
        kind=DROPPED, object=name, object_type="TABLE", severity=Severity.INFO,
        summary=f"{shown(row['owner'], row['original_name'])} was dropped {int(row['age_days'])} days ago and still takes"
        f" {size / _MB:,.1f} MB in the recycle bin.",
        advice="Remove it for good; until then FLASHBACK TABLE … TO BEFORE DROP brings it back.",
        evidence={
            "size_bytes": size, "age_days": int(row["age_days"]), "original_name": row["original_name"],
            "owner": row["owner"], "identity": {name: row[name] for name in ("owner", "object_name")}, "can_plan": True,
        },
    )  # fmt: skip
