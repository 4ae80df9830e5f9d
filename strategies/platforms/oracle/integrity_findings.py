"""What can be told of a database's integrity from its dictionary, and which tables are to be validated. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from strategies.assessments import Finding, Severity
from strategies.platforms.base import Row
from strategies.platforms.oracle.names import can_quote, quoted, shown

FAILED, CORRUPT, INVALID, INVALID_BODY = "failed_check", "corrupt_blocks", "invalid_object", "invalid_body"
DISABLED_CONSTRAINT, UNVALIDATED, DISABLED_TRIGGER = "disabled_constraint", "unvalidated_constraint", "disabled_trigger"
BODIES = ("PACKAGE BODY", "TYPE BODY")
# The types of objects that can be compiled, and what that takes where they belong to another account.
COMPILE_RIGHTS = {
    "TYPE": "ALTER ANY TYPE",
    "TYPE BODY": "ALTER ANY TYPE",
    "VIEW": "ALTER ANY TABLE",
    "FUNCTION": "ALTER ANY PROCEDURE",
    "PROCEDURE": "ALTER ANY PROCEDURE",
    "PACKAGE": "ALTER ANY PROCEDURE",
    "PACKAGE BODY": "ALTER ANY PROCEDURE",
    "MATERIALIZED VIEW": "ALTER ANY MATERIALIZED VIEW",
    "TRIGGER": "ALTER ANY TRIGGER",
}
_FRESHNESS = (
    " This is as fresh as the last backup or validation with RMAN, which also takes it from the list once it is mended."
)


def due(row: Row) -> Finding:
    """The check of one table with its indexes."""
    name = shown(row["owner"], row["table_name"])
    return Finding(
        FAILED, name, "TABLE", Severity.INFO, f"Whether {name} is sound and agrees with its indexes can only be told by reading them.",
        "",
        {"is_due": True, "owner": row["owner"], "table_name": row["table_name"], "size_bytes": row["size_bytes"]},
    )  # fmt: skip


class Whose(StrEnum):
    """Of blocks that belong to no segment that is known."""

    FREE = "free"
    OF_THE_FILE = "of the file"
    HIDDEN = "hidden"
    OF_ANOTHER_CONTAINER = "of another container"


_OWNERLESS = {
    Whose.FREE: (
        Severity.WARNING, "Blocks in free space are damaged ({}).",
        "They hold nothing now, and are written anew when they are used. Ask for the cause all the same: disks, controllers, memory.",
    ),
    Whose.OF_THE_FILE: (
        Severity.CRITICAL, "Blocks are damaged that belong to no segment and are not free ({}).",
        "They are part of the file's own header, or of the map of its space. Restore these blocks, or the file, from a backup.",
    ),
    Whose.HIDDEN: (
        Severity.CRITICAL, "Blocks are damaged ({}); whose they are cannot be seen.",
        "DBA_EXTENTS tells which segment they belong to, and DBA_FREE_SPACE whether they are free.",
    ),
    Whose.OF_ANOTHER_CONTAINER: (
        Severity.CRITICAL, "Blocks are damaged ({}); they belong to another container (CON_ID {}).",
        "Register that container as a database of its own: only from there can be told whose they are.",
    ),
}  # fmt: skip


def is_free(blocks: Row, free: Sequence[Row]) -> bool:
    """Whether every block of a range lies in one of these free extents, which do not overlap."""
    first, after = int(blocks["first_block"]), int(blocks["first_block"]) + int(blocks["blocks"])
    ranges = ((int(row["first_block"]), int(row["first_block"]) + int(row["blocks"])) for row in free)
    return sum(max(0, min(end, after) - max(start, first)) for start, end in ranges) >= after - first


def corrupt_blocks(blocks: Row, segment: Row) -> Finding:
    """Damaged blocks of a segment."""
    place, evidence = _place(blocks), _figures(blocks)
    names = [segment[key] for key in ("owner", "segment_name", "partition_name") if segment[key] is not None]
    return Finding(
        CORRUPT, f"{shown(*names)} ({place})", segment["segment_type"], Severity.CRITICAL,
        f"Blocks of {shown(*names)} are damaged ({place}, {blocks['corruption_type']}).",
        "An index can be dropped and created anew. For a table restore these blocks from a backup with RMAN (RECOVER … BLOCK, in"
        f" Enterprise Edition) or its file.{_FRESHNESS}",
        evidence,
    )  # fmt: skip


def ownerless_blocks(blocks: Row, whose: Whose) -> Finding:
    """Damaged blocks that belong to no segment, or to one that is not known."""
    severity, words, advice = _OWNERLESS[whose]
    place = _place(blocks)
    summary = words.format(f"{place}, {blocks['corruption_type']}", blocks["con_id"])
    return Finding(CORRUPT, place, "FILE", severity, summary, advice + _FRESHNESS, _figures(blocks))


def _place(blocks: Row) -> str:
    first, last = int(blocks["first_block"]), int(blocks["first_block"]) + int(blocks["blocks"]) - 1
    return f"file {blocks['file_id']}, blocks {first} to {last}"


def _figures(blocks: Row) -> dict[str, Any]:
    return {
        "file": blocks["file_id"], "first_block": int(blocks["first_block"]), "blocks": int(blocks["blocks"]),
        "damage": blocks["corruption_type"],
    }  # fmt: skip


def invalid_object(row: Row) -> Finding:
    name, kind = shown(row["owner"], row["object_name"]), str(row["object_type"])
    return Finding(
        INVALID_BODY if kind in BODIES else INVALID, name, kind, Severity.INFO,
        f"The {kind.lower()} {name} is invalid: it has to be compiled before it can be used, or no longer can be.",
        "The database compiles it by itself when it is used. Where that fails, DBA_ERRORS tells why, and its source has to be"
        " corrected or the object dropped.",
        {
            "owner": row["owner"], "object_name": row["object_name"], "object_type": kind, "last_changed": row["last_changed"],
            "can_plan": kind in COMPILE_RIGHTS and can_quote(row["owner"], row["object_name"]),
        },
    )  # fmt: skip


def weak_constraint(row: Row) -> Finding:
    """One that is declared RELY was left so on purpose."""
    table, name = shown(row["owner"], row["table_name"]), shown(row["constraint_name"])
    is_off, is_meant = row["status"] == "DISABLED", row["rely"] == "RELY"
    state = "switched off" if is_off else "not validated"
    try:
        change = (
            f"ALTER TABLE {quoted(row['owner'], row['table_name'])} MODIFY CONSTRAINT {quoted(row['constraint_name'])}"
        )
        needs_index = is_off and row["constraint_type"] in ("P", "U") and row["index_name"] is None
        build = " (writers wait until its index is built: create that index online before)" if needs_index else ""
        how = (
            f"{change} ENABLE NOVALIDATE{build}, and then " if is_off else ""
        ) + f"{change} VALIDATE, during which others go on writing."
    except ValueError:
        how = "Its name cannot be written in a statement."
    return Finding(
        DISABLED_CONSTRAINT if is_off else UNVALIDATED, f"{table}, constraint {name}", "TABLE",
        Severity.INFO if is_meant else Severity.WARNING,
        f"The constraint {name} of {table} is {state}: rows may break it, and queries cannot rely on it.",
        f"It is declared RELY, so this may be meant. Else: {how}" if is_meant else f"Unless this is meant: {how}",
        {"constraint_type": row["constraint_type"], "status": row["status"], "validated": row["validated"], "rely": row["rely"]},
    )  # fmt: skip


def disabled_trigger(row: Row) -> Finding:
    name = shown(row["owner"], row["trigger_name"])
    of = f" of {shown(row['table_owner'], row['table_name'])}" if row["table_name"] else ""
    return Finding(
        DISABLED_TRIGGER, name, "TRIGGER", Severity.INFO, f"The trigger {name}{of} is switched off.",
        "Unless this is meant, switch it on with ALTER TRIGGER … ENABLE. What happened meanwhile it has not seen.", {},
    )  # fmt: skip


def beyond_reach(tables: int, privilege: str) -> str:
    """A note on tables of others that the account may not validate."""
    what = "1 table of another account is" if tables == 1 else f"{tables} tables of other accounts are"
    return f"{what} not checked: that needs {privilege}, or to be the owner itself."


def tables_left_out(row: Row) -> list[str]:
    """Notes on what ANALYZE … ONLINE does not take, or not as it is."""
    reasons = (
        ("partitioned", "partitioned {}", "that needs a table of the account to list misplaced rows in"),
        ("clustered", "clustered {}", "that would keep others from writing"),
        ("index_organized", "index-organized {}", ""),
        ("external", "external {}", "what they read lies outside of the database"),
        ("nested", "nested {}", ""),
        ("of_objects", "object {}", "tables of XMLType count among them"),
    )
    return [
        f"{row[key]} {what.format('table is' if row[key] == 1 else 'tables are')} not checked{f': {why}' if why else ''}."
        for key, what, why in reasons
        if row[key]
    ]
