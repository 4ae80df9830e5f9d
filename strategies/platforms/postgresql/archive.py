"""ARCHIVE_MAINTENANCE on PostgreSQL: old rows of one table moved into a table beside it, a batch in each statement."""

# ruff: noqa: S608 (every name and value below is quoted, and these statements are shown before they run)

from __future__ import annotations

import re
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
from strategies.platforms.base import Row, Session
from strategies.platforms.old_rows import Batch, batches, cutoff_at, judge
from strategies.platforms.postgresql import aged_rows
from strategies.platforms.postgresql.names import filled, postgresql_query, quoted
from strategies.platforms.queries import Right
from strategies.routines.archive_maintenance import ArchiveParameters

_LONGEST_NAME = 63  # bytes; the server would cut a longer one without a word
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_ARRIVED = "of the rows arrived"
_UNEQUAL = (
    "Not every row arrived where it was to go, for example because a trigger keeps some out; nothing was changed."
)


class Archiving(ArchiveConcern[ArchiveParameters]):
    """What ARCHIVE_MAINTENANCE needs of PostgreSQL."""

    queries: ClassVar[tuple[str, ...]] = (*aged_rows.QUERIES, "aged_columns", "archived_rows", "archived_batches")
    rights: ClassVar[tuple[Right, ...]] = aged_rows.rights("moving rows")

    def missing_rights(self, session: Session, parameters: ArchiveParameters) -> list[MissingRight]:
        """None can be told before a table is named; a look at one tells which, with the statement that gives it."""
        return []

    def assess(self, session: Session, parameters: ArchiveParameters, target_object: str) -> Assessment:
        seen, table = aged_rows.look(session, parameters, target_object)
        columns = _columns(session, table["schema_name"], table["table_name"])
        names = [column["column_name"] for column in columns]
        archive = _archive(session, table, parameters, names, seen.cutoff_on)
        place = {
            **seen.place, "archive": archive.name, "columns": names,
            "returning": [column["column_name"] for column in columns if not column["is_generated"]],
            "is_overriding": any(column["is_always_identity"] for column in columns),
        }  # fmt: skip
        seen = replace(seen, place=place, why_not=judge_archive(archive, names, seen.why_not))
        return judge(seen, parameters, f"Move them to {archive.object}", archive_evidence(archive))

    def steps(self, findings: Sequence[Finding], parameters: ArchiveParameters) -> list[Step]:
        return [step for finding in findings for step in _steps(finding, parameters)]

    def old(self, session: Session, step: Step, most: int) -> int | None:
        return aged_rows.old(session, step, most)

    def archived(self, session: Session, step: Step, batch: str) -> int | None:
        schema, name = step.check["schema_name"], step.check["archive"]
        if aged_rows.find(session, schema, name) is None:
            return None
        query = filled(postgresql_query("archived_rows"), archive=quoted(schema, name))
        return int(session.rows(query, {"batch": batch})[0]["rows"])

    def explain(self, step: Step, error: TargetError) -> Verification | None:
        if _ARRIVED not in error.message:
            return None
        told = TargetError(error.error_class, error.code, _UNEQUAL)
        return Verification(False, _UNEQUAL, objects_affected=0, error=told)


def _columns(session: Session, schema: str, name: str) -> list[Row]:
    return session.rows(postgresql_query("aged_columns"), {"schema": schema, "name": name})


def _archive(
    session: Session, table: Row, parameters: ArchiveParameters, columns: Sequence[str], cutoff_on: str
) -> Archive:
    schema = table["schema_name"]
    name = archive_name(table["table_name"], parameters.archive_table.replace("\0", ""), _LONGEST_NAME)
    found = aged_rows.find(session, schema, name)
    if found is None:
        user = quoted(session.rows(postgresql_query("facts"))[0]["user"])
        grant = f"GRANT CREATE ON SCHEMA {quoted(schema)} TO {user};"
        why_not = "" if table["may_create"] else f"Left alone: the account may not create the archive. {grant}"
        return Archive(object=_shown(table["shown_schema"], name), name=name, why_not=why_not)
    if not found["is_table"]:
        return Archive(
            object=found["object"], name=name, is_there=True, why_not=f"Left alone: {found['object']} is no table."
        )
    there = {row["column_name"] for row in _columns(session, schema, name)}
    lacking = tuple(column for column in (*columns, BATCH_COLUMN) if column not in there)
    why_not = aged_rows.lacking(session, found, "SELECT, INSERT, DELETE", may=found["may_insert"])
    labels: list[str] = []
    if not lacking and not why_not:
        first = f"{cutoff_at(cutoff_on)}/"
        query = filled(postgresql_query("archived_batches"), archive=quoted(schema, name))
        labels = [row["batch"] for row in session.rows(query, {"first": first, "behind": f"{first[:-1]}0"})]
    return Archive(
        object=found["object"], name=name, is_there=True, lacking=lacking, last_batch=last_batch(labels), why_not=why_not
    )  # fmt: skip


def _shown(schema: str, name: str) -> str:
    """What is not there yet cannot be asked of the catalogue."""
    return f"{schema}.{name if _PLAIN.fullmatch(name) else quoted(name)}"


def _steps(finding: Finding, parameters: ArchiveParameters) -> list[Step]:
    moves = [_move(finding, batch, parameters) for batch in batches(finding, parameters)]
    if not moves or finding.evidence["archive_exists"]:
        return moves
    return [_create(finding, parameters), *moves]


def _create(finding: Finding, parameters: ArchiveParameters) -> Step:
    """Names of batches are compared byte by byte, so that those of one cut-off are found by the index."""
    place = finding.evidence["place"]
    table, archive = (quoted(place["schema_name"], place[name]) for name in ("table_name", "archive"))
    batch = quoted(BATCH_COLUMN)
    return create_step(
        finding, settings=aged_rows.settings(parameters), begin="BEGIN", locks=Locks.DDL,
        statements=(
            f'CREATE TABLE {archive} AS SELECT {_list(place["columns"])}, CAST(NULL AS text) COLLATE "C" AS {batch} FROM {table}'
            " WITH NO DATA",
            f"CREATE INDEX ON {archive} ({batch})",
        ),
    )  # fmt: skip


def _move(finding: Finding, batch: Batch, parameters: ArchiveParameters) -> Step:
    place, step = finding.evidence["place"], move_step(finding, batch)
    gone = aged_rows.deletion(place, parameters.batch_rows, place["columns"])
    columns, label = _list(place["columns"]), f"'{step.check['label']}'"
    archive, batch_column = quoted(place["schema_name"], place["archive"]), quoted(BATCH_COLUMN)
    come = f"INSERT INTO {archive} ({columns}, {batch_column}) SELECT {columns}, {label}"
    return replace(
        step, settings=aged_rows.settings(parameters), locks=Locks.ROWS, statements=(_carried(gone, come),),
        undo=(_back(place, label),),
    )  # fmt: skip


def _back(place: Mapping[str, Any], label: str) -> str:
    table, archive = (quoted(place["schema_name"], place[name]) for name in ("table_name", "archive"))
    columns = _list(place["returning"])
    gone = f"DELETE FROM {archive} WHERE {quoted(BATCH_COLUMN)} = {label} RETURNING {columns}"
    overriding = " OVERRIDING SYSTEM VALUE" if place["is_overriding"] else ""
    return _carried(gone, f"INSERT INTO {table} ({columns}){overriding} SELECT {columns}")


def _carried(gone: str, come: str) -> str:
    """One statement that gives a row for each that moved. Where fewer come than go, words that are no boolean take all back."""
    is_all = "(SELECT count(*) FROM come) = (SELECT count(*) FROM gone)"
    refuses = f"CAST(concat((SELECT count(*) FROM come), ' {_ARRIVED}') AS boolean)"
    checked = f"SELECT FROM gone WHERE CASE WHEN {is_all} THEN true ELSE {refuses} END"
    return f"WITH gone AS ({gone}), come AS ({come} FROM gone RETURNING 1) {checked}"


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))


CONCERN = Archiving()
