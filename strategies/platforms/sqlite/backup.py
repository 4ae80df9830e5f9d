"""BACKUP_MAINTENANCE on SQLite: a copy of one table with its values as they are stored, made while nobody else writes."""

# ruff: noqa: S608 (every name and value below passes through names.py, and these statements are shown before they run)

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import LeftBehind, Locks, MissingRight, Need, Outcome, StateLeft, Step, Verification
from strategies.platforms import copies
from strategies.platforms.base import EVERYTHING, Concern, ObjectUnknown, Session
from strategies.platforms.copies import NO_COPY, Copy, Seen
from strategies.platforms.sqlite.bloat import MEGABYTE
from strategies.platforms.sqlite.catalogue import (
    find_table,
    has_dbstat,
    missing_write_access,
    read_tables,
    sqlite_query,
)
from strategies.platforms.sqlite.names import display, filled, folded, qualified, quoted, read_display
from strategies.routines.backup_maintenance import BackupParameters

_LONGEST = 128  # bytes; SQLite itself knows no limit
_ROOM = 2  # times the table: in the file, and before that in the journal or the -wal file


class Backup(Concern[BackupParameters]):
    """What BACKUP_MAINTENANCE needs of SQLite."""

    queries: ClassVar[tuple[str, ...]] = (
        "facts", "tables", "indexes", "clock", "table_columns", "copies", "table_rows", "dbstat_probe", "index_pages",
    )  # fmt: skip

    def missing_rights(self, session: Session, parameters: BackupParameters) -> list[MissingRight]:
        return missing_write_access(session, "copying tables")

    def assess(self, session: Session, parameters: BackupParameters, target_object: str) -> Assessment:
        table = _named(session, target_object)
        room = _room(session, table)
        seen = Seen(
            object=display(table), table=table, now=_now(session), copies=_copies(session, table), longest_name=_LONGEST,
            why_not=_lacks(room), identity={"table": table}, figures=room,
            check={
                "columns": _columns(session, table), "longest_hold_seconds": session.longest_hold_seconds,
                "journal_mode": str(session.rows(sqlite_query("facts"))[0]["journal_mode"]),
            },
        )  # fmt: skip
        return Assessment(copies.judge(seen, parameters))

    def steps(self, findings: Sequence[Finding], parameters: BackupParameters) -> list[Step]:
        return copies.steps(
            findings,
            lambda finding: _copy(finding, parameters),
            lambda finding, name, after: _drop(finding, name, after, parameters),
        )

    def is_needed(self, session: Session, step: Step) -> Need:
        known = _copies(session, step.check["table"])
        if step.is_reversal:
            is_there = any(copy.name == step.check["copy"] for copy in known)
            return Need(is_there, "" if is_there else "the copy is gone, or no longer carries its mark.")
        if step.check["kind"] != NO_COPY:
            why = copies.why_no_drop(step, known)
        elif find_table(session, step.check["table"]) is None:
            why = f"{step.object} is gone."
        else:
            why = copies.why_no_copy(step, known, _now(session))
        return Need(not why, why)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        name = step.check["copy"]
        if step.check["kind"] != NO_COPY:
            is_gone = find_table(session, name) is None
            return Verification(
                is_gone, f"{display(name)} is {'gone' if is_gone else 'still there'}.", {"exists": not is_gone}
            )
        if not any(copy.name == name for copy in _copies(session, step.check["table"])):
            return Verification(False, f"There is no copy {display(name)}.", objects_affected=0)
        if _columns(session, name) != step.check["columns"]:
            return Verification(
                False, f"{display(name)} lacks columns of the table, or has others.", objects_affected=0
            )
        rows = int(session.rows(filled(sqlite_query("table_rows"), table=qualified(name)))[0]["rows"])
        return copies.judge_rows(display(name), rows, outcome)

    def verify_undo(self, session: Session, step: Step) -> Verification:
        name = step.check["copy"]
        is_gone = find_table(session, name) is None
        return Verification(
            is_gone, f"{display(name)} is {'gone' if is_gone else 'still there'}.", {"exists": not is_gone}
        )

    def state_left(self, session: Session, step: Step) -> StateLeft:
        return StateLeft(
            LeftBehind.CLEAN, "SQLite makes or drops a copy as one transaction: it is whole, or not there."
        )


def _named(session: Session, target_object: str) -> str:
    """The one table that is meant. Raises ObjectUnknown."""
    if target_object.strip().upper() in EVERYTHING:
        raise ObjectUnknown(copies.NAME_A_TABLE)
    wanted = folded(read_display(target_object))
    for table in read_tables(session):
        if folded(table.name) == wanted:
            return table.name
    raise ObjectUnknown(f"{target_object} is no table of this file that can be copied.")


def _now(session: Session) -> datetime:
    return datetime.fromisoformat(session.rows(sqlite_query("clock"))[0]["now_utc"])


def _columns(session: Session, table: str) -> list[str]:
    return [row["name"] for row in session.rows(sqlite_query("table_columns"), {"table": table})]


def _copies(session: Session, table: str) -> tuple[Copy, ...]:
    marked = []
    for row in session.rows(sqlite_query("copies")):
        before = f"CREATE TABLE {quoted(row['name'])} (/* "
        if row["sql"].startswith(before):
            marked.append((row["name"], row["sql"].removeprefix(before).partition(" */")[0]))
    return copies.known(table, marked, _LONGEST, _in_comment)


def _in_comment(name: str) -> str:
    """The name as a comment can hold it."""
    return quoted(name).replace("*/", "* /")


def _room(session: Session, table: str) -> dict[str, Any]:
    """How large the table is, where SQLite tells, and how much room its disk has."""
    found: dict[str, Any] = {"disk_free_bytes": shutil.disk_usage(Path(session.facts().database).resolve().parent).free}
    if has_dbstat(session):
        pages = session.rows(sqlite_query("index_pages"), {"index": table})[0]
        found["size_bytes"] = int(pages["pages"]) * int(pages["page_size"] or 0)
    return found


def _lacks(room: dict[str, Any]) -> str:
    free, needed = room["disk_free_bytes"], _ROOM * room.get("size_bytes", 0)
    if free >= needed:
        return ""
    return f"{free / MEGABYTE:,.0f} MB are free beside the file, and a copy may need {needed / MEGABYTE:,.0f} MB."


def _copy(finding: Finding, parameters: BackupParameters) -> Step:
    seen = finding.evidence
    table, name, columns = seen["identity"]["table"], seen["copy"], ", ".join(map(quoted, seen["check"]["columns"]))
    mark = copies.mark(_in_comment(table), _in_comment(name))
    return Step(
        key=f"copy:{finding.object}", operation_type="BACKUP", object=finding.object, object_type="TABLE",
        settings=_patience(parameters), begin="BEGIN IMMEDIATE",
        statements=(
            f"CREATE TABLE {qualified(name)} (/* {mark} */ {columns})",
            f"INSERT INTO {qualified(name)} ({columns}) SELECT {columns} FROM {qualified(table)}",
        ),
        locks=_locks(finding), reason=finding.summary, undo=(f"DROP TABLE {qualified(name)}",),
        evidence=copies.figures(finding), check=copies.check_of_copy(finding, parameters),
    )  # fmt: skip


def _drop(finding: Finding, name: str, after: tuple[str, ...], parameters: BackupParameters) -> Step:
    return Step(
        key=f"drop:{display(name)}", operation_type="DELETE", object=display(name), object_type="TABLE",
        settings=_patience(parameters), begin="BEGIN IMMEDIATE", statements=(f"DROP TABLE {qualified(name)}",),
        locks=_locks(finding), is_destructive=True, reason=copies.why_dropped(finding, parameters),
        undo_note="Not reversible: a copy that was dropped is gone.", after=after,
        check=copies.check_of_drop(finding, name, parameters),
    )  # fmt: skip


def _patience(parameters: BackupParameters) -> tuple[str, ...]:
    return (f"PRAGMA busy_timeout = {parameters.lock_wait_seconds * 1000}",)


def _locks(finding: Finding) -> Locks:
    """In other modes than WAL readers wait as soon as what is written outgrows the page cache."""
    return Locks.WRITES if finding.evidence["check"]["journal_mode"] == "wal" else Locks.ALL


CONCERN = Backup()
