"""ARCHIVE_MAINTENANCE on SQLite: old rows of one table moved into a table beside it, copy and deletion in one transaction."""

# ruff: noqa: S608 (every name and value below passes through names.py, and these statements are shown before they run)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import Locks, MissingRight, Step, TargetError, Verification
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
from strategies.platforms.base import ObjectUnknown, Session
from strategies.platforms.old_rows import Batch, batches, cutoff_at, judge
from strategies.platforms.sqlite import aged_rows
from strategies.platforms.sqlite.catalogue import find_table, missing_write_access, read_tables, sqlite_query
from strategies.platforms.sqlite.names import display, filled, folded, literal, qualified, quoted, read_display
from strategies.routines.archive_maintenance import ArchiveParameters

# SQLite raises an error within a statement by no other way: the least number has no absolute value.
_REFUSES = "abs(-9223372036854775808)"
_UNEQUAL = (
    "Not as many rows were deleted as were copied, for example because a trigger keeps them; nothing was changed."
)
_NOT_BACK = "Not every row of the batch came back, for example because a trigger keeps some; nothing was changed."


class Archiving(ArchiveConcern[ArchiveParameters]):
    """What ARCHIVE_MAINTENANCE needs of SQLite."""

    queries: ClassVar[tuple[str, ...]] = (*aged_rows.QUERIES, "archived_rows", "archived_batches")

    def missing_rights(self, session: Session, parameters: ArchiveParameters) -> list[MissingRight]:
        return missing_write_access(session, "moving rows")

    def assess(self, session: Session, parameters: ArchiveParameters, target_object: str) -> Assessment:
        seen, columns = aged_rows.look(session, parameters, target_object)
        names = [column.name for column in columns]
        archive = _archive(session, seen.place, parameters, names)
        place = {
            **seen.place, "archive": archive.name, "columns": names,
            "returning": [column.name for column in columns if not column.is_generated],
        }  # fmt: skip
        seen = replace(seen, place=place, why_not=judge_archive(archive, names, seen.why_not))
        return judge(seen, parameters, f"Move them to {archive.object}", archive_evidence(archive))

    def steps(self, findings: Sequence[Finding], parameters: ArchiveParameters) -> list[Step]:
        return [step for finding in findings for step in _steps(finding, parameters)]

    def old(self, session: Session, step: Step, most: int) -> int | None:
        return aged_rows.old(session, step, most)

    def archived(self, session: Session, step: Step, batch: str) -> int | None:
        if find_table(session, step.check["archive"]) is None:
            return None
        query = filled(sqlite_query("archived_rows"), archive=qualified(step.check["archive"]))
        return int(session.rows(query, {"batch": batch})[0]["rows"])

    def explain(self, step: Step, error: TargetError) -> Verification | None:
        if "integer overflow" not in error.message:
            return None
        words = _NOT_BACK if step.is_reversal else _UNEQUAL
        told = TargetError(error.error_class, error.code, words)
        return Verification(False, words, objects_affected=0, error=told)


def _archive(session: Session, place: Mapping[str, Any], parameters: ArchiveParameters, columns: Sequence[str]) -> Archive:  # fmt: skip
    typed = archive_name(place["table"], read_display(parameters.archive_table), None)
    if folded(typed) == folded(place["table"]):
        raise ObjectUnknown("archive_table: a table cannot be its own archive.")
    found = next((table.name for table in read_tables(session) if folded(table.name) == folded(typed)), None)
    if found is None:
        return Archive(object=display(typed), name=typed)
    there = {folded(row["name"]) for row in session.rows(sqlite_query("aged_columns"), {"table": found})}
    lacking = tuple(display(name) for name in (*columns, BATCH_COLUMN) if folded(name) not in there)
    labels: list[str] = []
    if not lacking:
        first = f"{cutoff_at(place['cutoff_on'])}/"
        query = filled(sqlite_query("archived_batches"), archive=qualified(found))
        labels = [str(row["batch"]) for row in session.rows(query, {"first": first, "behind": f"{first[:-1]}0"})]
    return Archive(object=display(found), name=found, is_there=True, lacking=lacking, last_batch=last_batch(labels))


def _steps(finding: Finding, parameters: ArchiveParameters) -> list[Step]:
    moves = [_move(finding, batch, parameters) for batch in batches(finding, parameters)]
    if not moves or finding.evidence["archive_exists"]:
        return moves
    return [_create(finding, parameters), *moves]


def _create(finding: Finding, parameters: ArchiveParameters) -> Step:
    """The types become those of the columns' affinity, so that every value stays what it is."""
    place = finding.evidence["place"]
    archive, batch = qualified(place["archive"]), quoted(BATCH_COLUMN)
    index = qualified(f"{place['archive']}_{BATCH_COLUMN}")
    return create_step(
        finding, settings=aged_rows.settings(parameters), begin="BEGIN IMMEDIATE", locks=Locks.WRITES,
        statements=(
            f"CREATE TABLE {archive} AS SELECT {_list(place['columns'])}, CAST(NULL AS TEXT) AS {batch}"
            f" FROM {qualified(place['table'])} WHERE 0",
            f"CREATE INDEX {index} ON {quoted(place['archive'])} ({batch})",
        ),
    )  # fmt: skip


def _move(finding: Finding, batch: Batch, parameters: ArchiveParameters) -> Step:
    place, step = finding.evidence["place"], move_step(finding, batch)
    table, archive, column = qualified(place["table"]), qualified(place["archive"]), quoted(BATCH_COLUMN)
    label, columns, returning = literal(step.check["label"]), _list(place["columns"]), _list(place["returning"])
    which = aged_rows.chosen(place, parameters.batch_rows)
    of_batch = f"FROM {archive} WHERE {column} = {label}"
    as_many = f"SELECT CASE changes() WHEN (SELECT count(*) {of_batch}) THEN 1 ELSE {_REFUSES} END"
    return replace(
        step, settings=aged_rows.settings(parameters), begin="BEGIN IMMEDIATE", locks=Locks.WRITES,
        statements=(
            f"INSERT INTO {archive} ({columns}, {column}) SELECT {columns}, {label} FROM {table} WHERE {which}",
            f"DELETE FROM {table} WHERE {which}",
            as_many,
        ),
        undo=(
            f"INSERT INTO {table} ({returning}) SELECT {returning} {of_batch}",
            as_many,
            f"DELETE {of_batch}",
            f"SELECT CASE (SELECT count(*) {of_batch}) WHEN 0 THEN 1 ELSE {_REFUSES} END",
        ),
    )  # fmt: skip


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))


CONCERN = Archiving()
