"""BACKUP_MAINTENANCE on Oracle: a copy of one table from a query, and a comment as its mark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import LeftBehind, Locks, MissingRight, Need, Outcome, StateLeft, Step, Verification
from strategies.platforms import copies
from strategies.platforms.base import Concern, ObjectUnknown, PlatformError, Row, Session
from strategies.platforms.copies import NO_COPY, Copy, Seen
from strategies.platforms.oracle import rights
from strategies.platforms.oracle.chosen import chosen
from strategies.platforms.oracle.errors import is_hidden
from strategies.platforms.oracle.lock_wait import lock_wait
from strategies.platforms.oracle.names import can_quote, literal, oracle_query, quoted, shown
from strategies.platforms.queries import Right
from strategies.routines.backup_maintenance import BackupParameters

_LONGEST, _MB = 128, 1_048_576
_OWN, _SEES_ALL, _DROP = "CREATE TABLE", "EXEMPT ACCESS POLICY", "DROP ANY TABLE"
_OF_OTHERS = ("SELECT ANY TABLE", "CREATE ANY TABLE", "COMMENT ANY TABLE")


class Backup(Concern[BackupParameters]):
    """What BACKUP_MAINTENANCE needs of Oracle."""

    queries: ClassVar[tuple[str, ...]] = (
        "find_table_or_index", "copy_source", "copy_columns", "copies", "clock", "tablespace_room", "facts_session",
        "system_privileges",
    )  # fmt: skip
    optional_queries: ClassVar[frozenset[str]] = frozenset({"tablespace_room"})
    rights: ClassVar[tuple[Right, ...]] = (
        Right(_OWN, "copying the account's own tables", is_optional=True),
        *(Right(privilege, "copying tables of other accounts", is_optional=True) for privilege in _OF_OTHERS),
        Right(_DROP, "dropping old copies of tables of other accounts", is_optional=True),
    )

    def missing_rights(self, session: Session, parameters: BackupParameters) -> list[MissingRight]:
        """What else it takes depends on whose table it is, and is told with it."""
        return rights.missing_rights(session, self.queries, optional=self.optional_queries)

    def assess(self, session: Session, parameters: BackupParameters, target_object: str) -> Assessment:
        row, held = _source(session, target_object), rights.Held.ask(session)
        names = str(row["owner"]), str(row["table_name"])
        room, notes = _room(session, row)
        is_nameable = can_quote(*names)
        known = _copies(session, *names) if is_nameable else ()
        seen = Seen(
            object=shown(*names), table=names[1], now=_now(session), copies=known, longest_name=_LONGEST,
            why_not=why_not(row, held, room) if is_nameable else "A name with a double quote cannot be written in a statement.",
            identity={"owner": names[0], "table_name": names[1]}, check={"columns": _columns(session, *names)},
            figures={"size_bytes": int(row["size_bytes"] or 0), **({} if room is None else {"tablespace_free_bytes": room})},
        )  # fmt: skip
        findings = copies.judge(seen, parameters)
        if names[0] != held.account and not held.has(_DROP):
            notes += [f"Old copies of {seen.object} stay: dropping them needs {_DROP}."] if known else []
            findings = tuple(copies.without(found, [copy.name for copy in known]) for found in findings)
        return Assessment(findings, tuple(notes))

    def steps(self, findings: Sequence[Finding], parameters: BackupParameters) -> list[Step]:
        return copies.steps(
            findings,
            lambda finding: _copy(finding, parameters),
            lambda finding, name, after: _drop(finding, name, after, parameters),
        )

    def is_needed(self, session: Session, step: Step) -> Need:
        names = step.check["owner"], step.check["table_name"]
        known = _copies(session, *names)
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
        """The database does not say how many rows such a statement copied; it copies all of them or makes no table."""
        if step.check["kind"] != NO_COPY:
            return self.verify_undo(session, step)
        owner, name = step.check["owner"], step.check["copy"]
        if not any(copy.name == name for copy in _copies(session, owner, step.check["table_name"])):
            is_there = _exists(session, owner, name)
            words = "carries no mark: nothing drops it by itself." if is_there else "is not there."
            return Verification(False, f"{shown(owner, name)} {words}", {"exists": is_there}, objects_affected=0)
        if _columns(session, owner, name) != step.check["columns"]:
            return Verification(False, f"{shown(owner, name)} lacks columns of the table.", objects_affected=0)
        return Verification(True, f"{shown(owner, name)} is there, with all columns and its mark.", {"exists": True})

    def verify_undo(self, session: Session, step: Step) -> Verification:
        owner, name = step.check["owner"], step.check["copy"]
        is_gone = not _exists(session, owner, name)
        words = f"{shown(owner, name)} is {'gone' if is_gone else 'still there'}."
        return Verification(is_gone, words, {"exists": not is_gone})

    def state_left(self, session: Session, step: Step) -> StateLeft:
        owner, name = step.check["owner"], step.check["copy"]
        if step.check["kind"] != NO_COPY or not _exists(session, owner, name):
            return StateLeft(LeftBehind.CLEAN, "A copy is made or dropped as a whole: it is there, or it is not.")
        if any(copy.name == name for copy in _copies(session, owner, step.check["table_name"])):
            return StateLeft(LeftBehind.CLEAN, f"The copy {shown(owner, name)} is there, with its mark.")
        text = (
            f"{shown(owner, name)} is there without its mark, so that nothing drops it by itself. If this run made it, it is whole:"
            f" drop it, or mark it with {step.statements[-1]}."
        )
        return StateLeft(LeftBehind.NEEDS_CLEANUP, text)


def why_not(row: Row, held: rights.Held, room: int | None) -> str:
    """A sentence where no copy can be made; empty where one can. Pure."""
    return next(_obstacles(row, held, room), "")


def _obstacles(row: Row, held: rights.Held, room: int | None) -> Iterator[str]:
    name = shown(row["owner"], row["table_name"])
    if row["temporary"] == "Y":
        yield f"{name} is a temporary table: its rows belong to sessions."
    if row["long_columns"]:
        yield f"{name} has a LONG column, which no query can copy."
    if row["nested_tables"]:
        yield f"{name} has a nested table, which is kept in a table of its own."
    if row["encrypted_columns"]:
        yield f"{name} has encrypted columns, which a copy would hold in clear."
    if row["read_policies"] and not held.has(_SEES_ALL):
        yield f"A policy may hide rows of {name} from the account: only one with {_SEES_ALL} would copy all of them."
    needed = (_OWN,) if row["owner"] == held.account else _OF_OTHERS
    if lacking := [privilege for privilege in needed if not held.has(privilege)]:
        yield f"The account lacks {', '.join(lacking)} to copy {name}."
    size = int(row["size_bytes"] or 0)
    if room is not None and room < size:
        yield (
            f"{row['default_tablespace']} can take {room / _MB:,.0f} MB, and a copy of {name} needs about {size / _MB:,.0f} MB."
        )


def _source(session: Session, target_object: str) -> Row:
    """The one table that is meant. Raises ObjectUnknown, PlatformError."""
    wanted = chosen(session, target_object)
    if wanted.name is None:
        raise ObjectUnknown(copies.NAME_A_TABLE)
    found = session.rows(oracle_query("copy_source"), wanted.table_binds) if wanted.is_table else []
    if not found:
        raise ObjectUnknown(f"{target_object} is no table that can be copied: an index, or a table of Oracle's own.")
    return found[0]


def _room(session: Session, row: Row) -> tuple[int | None, list[str]]:
    """Bytes that the tablespace can take in which a copy would lie; None, with a note, where that cannot be told."""
    try:
        rows = session.rows(oracle_query("tablespace_room"))
    except PlatformError as refusal:
        if not is_hidden(refusal.error):
            raise
        return None, [f"Whether there is room for a copy cannot be seen ({refusal.error})."]
    free = {one["tablespace_name"]: one["free_bytes"] for one in rows}.get(row["default_tablespace"])
    return (None, ["Whether there is room for a copy is not known."]) if free is None else (int(free), [])


def _copies(session: Session, owner: str, table: str) -> tuple[Copy, ...]:
    rows = session.rows(oracle_query("copies"), {"owner": owner})
    marked = ((str(row["table_name"]), str(row["comments"])) for row in rows if can_quote(row["table_name"]))
    return copies.known(table, marked, _LONGEST, lambda name: quoted(owner, name))


def _columns(session: Session, owner: str, table: str) -> list[str]:
    rows = session.rows(oracle_query("copy_columns"), {"owner": owner, "table_name": table})
    return [str(row["column_name"]) for row in rows]


def _exists(session: Session, owner: str, name: str) -> bool:
    rows = session.rows(oracle_query("find_table_or_index"), {"owner": owner, "name": name})
    return any(row["object_type"] == "TABLE" for row in rows)


def _now(session: Session) -> datetime:
    return datetime.fromisoformat(str(session.rows(oracle_query("clock"))[0]["now_utc"])).replace(tzinfo=UTC)


def _copy(finding: Finding, parameters: BackupParameters) -> Step:
    seen: Any = finding.evidence
    owner, columns = seen["identity"]["owner"], ", ".join(quoted(name) for name in seen["check"]["columns"])
    source, copy = quoted(owner, seen["identity"]["table_name"]), quoted(owner, seen["copy"])
    return Step(
        key=f"copy:{finding.object}", operation_type="BACKUP", object=finding.object, object_type="TABLE",
        settings=lock_wait(parameters.lock_wait_seconds),
        statements=(
            f"CREATE TABLE {copy} AS SELECT {columns} FROM {source}",  # noqa: S608 (quoted names)
            f"COMMENT ON TABLE {copy} IS {literal(copies.mark(source, copy))}",
        ),
        locks=Locks.DDL, reason=finding.summary, undo=(f"DROP TABLE {copy}",),
        evidence=copies.figures(finding), check=copies.check_of_copy(finding, parameters),
    )  # fmt: skip


def _drop(finding: Finding, name: str, after: tuple[str, ...], parameters: BackupParameters) -> Step:
    owner = finding.evidence["identity"]["owner"]
    return Step(
        key=f"drop:{shown(owner, name)}", operation_type="DELETE", object=shown(owner, name), object_type="TABLE",
        settings=lock_wait(parameters.lock_wait_seconds), statements=(f"DROP TABLE {quoted(owner, name)}",),
        locks=Locks.DDL, is_destructive=True, reason=copies.why_dropped(finding, parameters),
        undo_note="Not reversible from here: while it lies in the recycle bin, FLASHBACK TABLE … TO BEFORE DROP brings it back.",
        after=after, check=copies.check_of_drop(finding, name, parameters),
    )  # fmt: skip


CONCERN = Backup()
