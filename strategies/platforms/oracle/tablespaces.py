"""Which tablespaces are about to be full, judged against what they can grow to, and the statement that would give room. Pure.

Growing is never planned: it takes room from a disk or a disk group that others share. UNDO is left out, since unexpired
undo fills its tablespace by design.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strategies.assessments import Finding, Severity
from strategies.platforms.oracle.names import quoted, shown
from strategies.routines.space_maintenance import SpaceParameters

TABLESPACE, TEMPORARY = "tablespace_full", "temporary_tablespace_full"
_GB, _MB = 1_073_741_824, 1_048_576
_LARGEST_SMALLFILE = 4_194_302  # blocks
_MORE = 1.02  # the metrics are a little older than the files


def tablespace_finding(
    row: Mapping[str, Any], parameters: SpaceParameters, *, is_temporary: bool = False
) -> Finding | None:
    """The need of one tablespace, if any, from a row of `tablespaces.sql` or `temporary_tablespaces.sql`."""
    used, most, allocated = (int(row[name] or 0) for name in ("used_bytes", "max_bytes", "allocated_bytes"))
    if most <= 0:
        return None
    percent = 100 * used / most
    if percent < min(parameters.tablespace_warning_percent, parameters.tablespace_critical_percent):
        return None
    is_critical = percent >= parameters.tablespace_critical_percent
    name = shown(row["tablespace_name"])
    now = " at this moment" if is_temporary else ""
    return Finding(
        kind=TEMPORARY if is_temporary else TABLESPACE, object=name, object_type="TABLESPACE",
        severity=Severity.CRITICAL if is_critical else Severity.WARNING,
        summary=f"Tablespace {name} holds {used / _GB:,.1f} GB{now}, which is {percent:.0f} % of the {most / _GB:,.1f} GB that it"
        " can grow to.",
        advice=_advice(row, is_temporary=is_temporary),
        evidence={
            "used_bytes": used, "max_bytes": most, "max_percent": round(percent, 1), "allocated_bytes": allocated,
            "allocated_percent": round(100 * used / allocated, 1) if allocated else None, "files": row["files"],
            "growing_files": row["growing_files"], "can_plan": False,
        },
    )  # fmt: skip


def _advice(row: Mapping[str, Any], *, is_temporary: bool) -> str:
    most, limit = int(row["max_bytes"]), int(row["limit_bytes"] or 0)
    if limit > _MORE * most:
        return (
            f"Its files may grow to {limit / _GB:,.1f} GB, but their disk, or MAX_PDB_STORAGE, ends that at {most / _GB:,.1f} GB:"
            " make room there, or remove what is not needed."
        )
    why = (
        "Look first who sorts or joins so much now; if that is right, give it room, once the disk has it: "
        if is_temporary
        else "Give it room, once the disk has it, or remove what is not needed: "
    )
    return why + growth(row, is_temporary=is_temporary)


def growth(row: Mapping[str, Any], *, is_temporary: bool = False) -> str:
    """The statement that lets a bigfile tablespace grow by a quarter, or gives another a further file as large as files get."""
    try:
        name = quoted(row["tablespace_name"])
    except ValueError:
        return "its name holds a double quote, so the statement is yours to write."
    if row["bigfile"] == "YES":
        most = -(-int(row["max_bytes"]) * 5 // 4 // _MB)
        return f"ALTER TABLESPACE {name} AUTOEXTEND ON NEXT 256M MAXSIZE {most:d}M"
    kind, most = "TEMPFILE" if is_temporary else "DATAFILE", _LARGEST_SMALLFILE * int(row["block_size"]) // _MB
    return (
        f"ALTER TABLESPACE {name} ADD {kind} SIZE 1G AUTOEXTEND ON NEXT 256M MAXSIZE {most:d}M"
        f" (with '<path>' after {kind} where DB_CREATE_FILE_DEST is not set)"
    )
