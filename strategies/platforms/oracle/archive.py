"""ARCHIVE_MAINTENANCE on Oracle: old rows of one table moved into a table beside it, a batch in each block of PL/SQL."""

# ruff: noqa: S608 (every name below is quoted, and these statements are shown before they run)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import Locks, MissingRight, Step
from strategies.platforms.archived_rows import (
    BATCH_COLUMN,
    Archive,
    ArchiveConcern,
    archive_evidence,
    archive_name,
    create_step,
    judge_archive,
    last_batch,
    move_step,
)
from strategies.platforms.base import Row, Session
from strategies.platforms.old_rows import Batch, batches, cutoff_at, judge
from strategies.platforms.oracle import aged_rows, rights
from strategies.platforms.oracle.lock_wait import lock_wait
from strategies.platforms.oracle.names import can_quote, filled, is_plain, literal, oracle_query, quoted, shown
from strategies.platforms.queries import Right
from strategies.routines.archive_maintenance import ArchiveParameters

_BATCH = BATCH_COLUMN.upper()
_INDEX = "_IX"  # behind the name of the archive
_LONGEST_NAME = 128 - len(_INDEX)  # bytes, from 12.2 on
_IN_OTHERS = ("CREATE ANY TABLE", "CREATE ANY INDEX", "INSERT ANY TABLE", "SELECT ANY TABLE")
_FOR_GOOD = "Not reversible: the identity of the table is always generated, so that it takes no row back. The archive keeps the rows."


class Archiving(ArchiveConcern[ArchiveParameters]):
    """What ARCHIVE_MAINTENANCE needs of Oracle."""

    queries: ClassVar[tuple[str, ...]] = (*aged_rows.QUERIES, "aged_columns", "archived_rows", "archived_batches")
    rights: ClassVar[tuple[Right, ...]] = aged_rows.rights(
        "SELECT ANY TABLE", "DELETE ANY TABLE", "INSERT ANY TABLE", "CREATE ANY TABLE", "CREATE ANY INDEX"
    )

    def missing_rights(self, session: Session, parameters: ArchiveParameters) -> list[MissingRight]:
        """Those of looking; what a table lacks is told by a look at it, with the statement that gives it."""
        return rights.missing_rights(session, self.queries)

    def assess(self, session: Session, parameters: ArchiveParameters, target_object: str) -> Assessment:
        seen, table = aged_rows.look(session, parameters, target_object)
        columns = _columns(session, table["owner"], table["table_name"])
        names = [str(column["column_name"]) for column in columns]
        archive = _archive(session, table, parameters, names, seen.cutoff_on)
        why_not = seen.why_not
        if not why_not and table["immovable_columns"]:
            why_not = "Left alone: it has a LONG column, or one of an object type, which no query can copy."
        if not why_not and not can_quote(*names):
            why_not = "Left alone: a column whose name has a double quote cannot be written in a statement."
        place = {
            **seen.place, "archive": archive.name, "columns": names,
            "returning": [column["column_name"] for column in columns if column["virtual_column"] == "NO"],
            "takes_back": all(column["generation_type"] != "ALWAYS" for column in columns),
        }  # fmt: skip
        seen = replace(seen, place=place, why_not=judge_archive(archive, names, why_not))
        return judge(seen, parameters, f"Move them to {archive.object}", archive_evidence(archive))

    def steps(self, findings: Sequence[Finding], parameters: ArchiveParameters) -> list[Step]:
        return [step for finding in findings for step in _steps(finding, parameters)]

    def old(self, session: Session, step: Step, most: int) -> int | None:
        return aged_rows.old(session, step.check, most)

    def archived(self, session: Session, step: Step, batch: str) -> int | None:
        owner, name = step.check["owner"], step.check["archive"]
        if aged_rows.find(session, owner, name) is None:
            return None
        query = filled(oracle_query("archived_rows"), archive=quoted(owner, name), batch=quoted(_BATCH))
        return int(session.rows(query, {"batch": batch})[0]["row_count"])


def _columns(session: Session, owner: str, name: str) -> list[Row]:
    return session.rows(oracle_query("aged_columns"), {"owner": owner, "table_name": name})


def _archive(
    session: Session, table: Row, parameters: ArchiveParameters, columns: Sequence[str], cutoff_on: str
) -> Archive:
    owner, of = str(table["owner"]), str(table["table_name"])
    typed = parameters.archive_table.strip()
    named = (
        aged_rows.column_named("archive_table", typed) if typed else f"{of}_{'ARCHIVE' if is_plain(of) else 'archive'}"
    )
    name = archive_name(of, named, _LONGEST_NAME)
    found = aged_rows.find(session, owner, name)
    if found is None:
        return Archive(object=shown(owner, name), name=name, why_not=_may_create(session, owner))
    there = {row["column_name"] for row in _columns(session, owner, name)}
    lacking = tuple(shown(column) for column in (*columns, _BATCH) if column not in there)
    why_not = aged_rows.lacking(session, found, ("SELECT", "INSERT", "DELETE"))
    labels: list[str] = []
    if not lacking and not why_not:
        first = f"{cutoff_at(cutoff_on)}/"
        query = filled(oracle_query("archived_batches"), archive=quoted(owner, name), batch=quoted(_BATCH))
        labels = [row["batch"] for row in session.rows(query, {"first": first, "behind": f"{first[:-1]}0"})]
    return Archive(
        object=shown(owner, name), name=name, is_there=True, lacking=lacking, last_batch=last_batch(labels), why_not=why_not
    )  # fmt: skip


def _may_create(session: Session, owner: str) -> str:
    """Why no archive can be made in this schema, in a sentence; empty where it can. Raises PlatformError."""
    held = rights.Held.ask(session)
    wanted = ("CREATE TABLE",) if held.account == owner else _IN_OTHERS
    if lacks := [privilege for privilege in wanted if not held.has(privilege)]:
        grants = " ".join(rights.grant(privilege, held.account) for privilege in lacks)
        return f"Left alone: the account may not create the archive; create it by hand, or {grants}"
    return ""


def _steps(finding: Finding, parameters: ArchiveParameters) -> list[Step]:
    moves = [_move(finding, batch, parameters) for batch in batches(finding, parameters)]
    if not moves or finding.evidence["archive_exists"]:
        return moves
    return [_create(finding, parameters), *moves]


def _create(finding: Finding, parameters: ArchiveParameters) -> Step:
    place = finding.evidence["place"]
    table, archive = (quoted(place["owner"], place[name]) for name in ("table_name", "archive"))
    index, batch = quoted(place["owner"], place["archive"] + _INDEX), quoted(_BATCH)
    return create_step(
        finding, settings=lock_wait(parameters.lock_wait_seconds), locks=Locks.DDL,
        statements=(
            f"CREATE TABLE {archive} AS SELECT {_list(place['columns'], 't.')}, CAST(NULL AS VARCHAR2(40)) AS {batch}"
            f" FROM {table} t WHERE 1 = 0",
            f"CREATE INDEX {index} ON {archive} ({batch})",
        ),
    )  # fmt: skip


def _move(finding: Finding, batch: Batch, parameters: ArchiveParameters) -> Step:
    place, step = finding.evidence["place"], move_step(finding, batch)
    table, archive = (quoted(place["owner"], place[name]) for name in ("table_name", "archive"))
    label = literal(step.check["label"])
    copy = (
        f"INSERT INTO {archive} ({_list(place['columns'])}, {quoted(_BATCH)})"
        f" SELECT {_list(place['columns'], 't.')}, {label} FROM {table} t WHERE t.ROWID = chosen(i)"
    )
    work = (copy, aged_rows.deletion(place))
    statement = aged_rows.block(place, parameters.batch_rows, parameters.lock_wait_seconds, work)
    undo = (_back(place, label),) if place["takes_back"] else ()
    return replace(step, locks=Locks.ROWS, statements=(statement,), undo=undo, undo_note="" if undo else _FOR_GOOD)


def _back(place: Mapping[str, Any], label: str) -> str:
    """Copies and removes in one block, so that either both are done or neither."""
    table, archive = (quoted(place["owner"], place[name]) for name in ("table_name", "archive"))
    columns = place["returning"]
    of_batch = f"FROM {archive} a WHERE a.{quoted(_BATCH)} = {label}"
    return "\n".join((
        "DECLARE", "  returned PLS_INTEGER;", "BEGIN",
        f"  INSERT INTO {table} ({_list(columns)}) SELECT {_list(columns, 'a.')} {of_batch};",
        "  returned := SQL%ROWCOUNT;",
        f"  DELETE {of_batch};",
        "  IF SQL%ROWCOUNT != returned THEN",
        "    RAISE_APPLICATION_ERROR(-20001, 'Not as many rows left the archive as came back.');",
        "  END IF;", "END;",
    ))  # fmt: skip


def _list(names: Sequence[str], prefix: str = "") -> str:
    return ", ".join(prefix + quoted(name) for name in names)


CONCERN = Archiving()
