"""BACKUP_MAINTENANCE on PostgreSQL: a copy of one table, made and marked in one transaction while others read and write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import LeftBehind, Locks, MissingRight, Need, Outcome, StateLeft, Step, Verification
from strategies.platforms import copies
from strategies.platforms.base import Concern, ObjectUnknown, Row, Session
from strategies.platforms.copies import NO_COPY, Copy, Seen
from strategies.platforms.postgresql.grants import CREATE
from strategies.platforms.postgresql.names import chosen_oid, filled, literal, postgresql_query, quoted
from strategies.platforms.queries import Right
from strategies.routines.backup_maintenance import BackupParameters

_LONGEST = 63  # bytes, of every server that was not compiled otherwise
_NO_DISK = "How much room the server's disk has cannot be asked by SQL: the copy needs the size of the table."


class Backup(Concern[BackupParameters]):
    """What BACKUP_MAINTENANCE needs of PostgreSQL."""

    queries: ClassVar[tuple[str, ...]] = (
        "find_object", "copy_source", "copies", "named_table", "clock", "table_rows",
    )  # fmt: skip
    rights: ClassVar[tuple[Right, ...]] = (
        Right("pg_read_all_data", "copying tables of other owners", is_optional=True),
        Right(CREATE, "making copies beside tables", is_optional=True),
    )

    def missing_rights(self, session: Session, parameters: BackupParameters) -> list[MissingRight]:
        return []  # what it takes depends on the table, and is told with it

    def assess(self, session: Session, parameters: BackupParameters, target_object: str) -> Assessment:
        row = _source(session, target_object)
        marked, names = _marked(session, row["schema_name"]), (row["schema_name"], row["table_name"])
        known = _copies(marked, *names)
        others = [copy.name for copy in known if not marked[copy.name]["may_drop"]]
        seen = Seen(
            object=row["object"], table=row["table_name"], now=_now(session),
            copies=known, longest_name=_LONGEST, why_not=why_not(row),
            identity={"schema_name": names[0], "table_name": names[1]}, check={"columns": row["columns"]},
            figures={"size_bytes": row["size_bytes"]},
        )  # fmt: skip
        findings = copies.judge(seen, parameters)
        notes = [_NO_DISK] if any(found.kind == NO_COPY and found.evidence["can_plan"] for found in findings) else []
        if others:
            notes.append(f"Only their owners can drop these copies of {row['object']}: {', '.join(others)}.")
        return Assessment(tuple(copies.without(found, others) for found in findings), tuple(notes))

    def steps(self, findings: Sequence[Finding], parameters: BackupParameters) -> list[Step]:
        return copies.steps(
            findings,
            lambda finding: _copy(finding, parameters),
            lambda finding, name, after: _drop(finding, name, after, parameters),
        )

    def is_needed(self, session: Session, step: Step) -> Need:
        names = step.check["schema_name"], step.check["table_name"]
        known = _copies(_marked(session, names[0]), *names)
        if step.is_reversal:
            is_there = any(copy.name == step.check["copy"] for copy in known)
            return Need(is_there, "" if is_there else "the copy is gone, or no longer carries its mark.")
        if step.check["kind"] != NO_COPY:
            why = copies.why_no_drop(step, known)
        elif not _exists(session, *names):
            why = f"{step.object} is gone."
        else:
            why = copies.why_no_copy(step, known, _now(session))
        return Need(not why, why)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        if step.check["kind"] != NO_COPY:
            return self.verify_undo(session, step)
        schema, name = step.check["schema_name"], step.check["copy"]
        marked = _marked(session, schema)
        if not any(copy.name == name for copy in _copies(marked, schema, step.check["table_name"])):
            return Verification(False, f"There is no copy {name}.", objects_affected=0)
        if marked[name]["columns"] != step.check["columns"]:
            return Verification(False, f"{name} lacks columns of the table, or has others.", objects_affected=0)
        counted = session.rows(filled(postgresql_query("table_rows"), table=quoted(schema, name)))[0]["rows"]
        return copies.judge_rows(name, int(counted), outcome)

    def verify_undo(self, session: Session, step: Step) -> Verification:
        name = step.check["copy"]
        is_gone = not _exists(session, step.check["schema_name"], name)
        return Verification(is_gone, f"{name} is {'gone' if is_gone else 'still there'}.", {"exists": not is_gone})

    def state_left(self, session: Session, step: Step) -> StateLeft:
        text = "A copy is made or dropped in one transaction: it is whole and marked, or not there."
        return StateLeft(LeftBehind.CLEAN, text)


def why_not(row: Row) -> str:
    """A sentence where no copy can be made; empty where one can. Pure."""
    if not (row["may_read"] and row["may_use_schema"]):
        return f"The account may not read {row['object']}: that takes SELECT on it, and USAGE on its schema."
    if row["hides_rows"]:
        return f"Row security may hide rows of {row['object']} from the account: only one with BYPASSRLS would copy all of them."
    if not row["may_create"]:
        return f"The account may not make tables there: that takes CREATE on the schema {quoted(row['schema_name'])}."
    return ""


def _source(session: Session, target_object: str) -> Row:
    """The one table that is meant. Raises ObjectUnknown, PlatformError."""
    oid = chosen_oid(session, target_object)
    if oid is None:
        raise ObjectUnknown(copies.NAME_A_TABLE)
    found = session.rows(postgresql_query("copy_source"), {"table": oid})
    if not found:
        raise ObjectUnknown(
            f"{target_object} is no table that can be copied: an index, a temporary table or one of the system."
        )
    return found[0]


def _marked(session: Session, schema: str) -> dict[str, Row]:
    return {row["name"]: row for row in session.rows(postgresql_query("copies"), {"schema": schema})}


def _copies(marked: dict[str, Row], schema: str, table: str) -> tuple[Copy, ...]:
    texts = ((name, row["mark"]) for name, row in marked.items())
    return copies.known(table, texts, _LONGEST, lambda name: quoted(schema, name))


def _exists(session: Session, schema: str, name: str) -> bool:
    return bool(session.rows(postgresql_query("named_table"), {"schema": schema, "name": name}))


def _now(session: Session) -> datetime:
    now: datetime = session.rows(postgresql_query("clock"))[0]["now"]
    return now


def _copy(finding: Finding, parameters: BackupParameters) -> Step:
    seen = finding.evidence
    schema, table = seen["identity"]["schema_name"], seen["identity"]["table_name"]
    source, copy = quoted(schema, table), quoted(schema, seen["copy"])
    return Step(
        key=f"copy:{finding.object}", operation_type="BACKUP", object=finding.object, object_type="TABLE",
        settings=_patience(parameters), begin="BEGIN",
        statements=(
            f"CREATE TABLE {copy} AS SELECT * FROM {source}",  # noqa: S608 (both are quoted names)
            f"COMMENT ON TABLE {copy} IS {literal(copies.mark(source, copy))}",
        ),
        locks=Locks.DDL, reason=finding.summary, undo=(f"DROP TABLE {copy}",),
        evidence=copies.figures(finding), check=copies.check_of_copy(finding, parameters),
    )  # fmt: skip


def _drop(finding: Finding, name: str, after: tuple[str, ...], parameters: BackupParameters) -> Step:
    copy = quoted(finding.evidence["identity"]["schema_name"], name)
    return Step(
        key=f"drop:{copy}", operation_type="DELETE", object=copy, object_type="TABLE",
        settings=_patience(parameters), statements=(f"DROP TABLE {copy}",), locks=Locks.ALL, is_destructive=True,
        reason=copies.why_dropped(finding, parameters), undo_note="Not reversible: a copy that was dropped is gone.",
        after=after, check=copies.check_of_drop(finding, name, parameters),
    )  # fmt: skip


def _patience(parameters: BackupParameters) -> tuple[str, ...]:
    return f"SET lock_timeout = '{parameters.lock_wait_seconds:d}s'", "SET statement_timeout = 0"


CONCERN = Backup()
