"""Runs SQLite's own check of a table and reads its sentences: which indexes a rebuild mends, and what no rebuild can mend."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from strategies.platforms.base import PlatformError, Session
from strategies.platforms.queries import Query
from strategies.platforms.sqlite.catalogue import Index, Table, sqlite_query
from strategies.platforms.sqlite.errors import is_corruption, is_refusal_of_one_object
from strategies.platforms.sqlite.names import filled, quoted

_MOST_OF_TABLE = 100  # SQLite's own limit when the check is given a table

# An argument that begins like a number is taken for a limit, and the check then reads the whole file.
_LIKE_A_NUMBER = re.compile(r"[+-]?[0-9]")
_CHECKS_TABLES = sqlite3.sqlite_version_info >= (3, 33)

_INDEX_PROBLEMS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"row [0-9]+ missing from index (?P<index>.+)",
        r"wrong # of entries in index (?P<index>.+)",
        r"rowid not at end-of-record for row [0-9]+ of index (?P<index>.+)",
        r"row [0-9]+ values differ from index (?P<index>.+)",
        r"index (?P<index>.+) stores an imprecise floating-point value for row [0-9]+",
    )
)
_NOT_UNIQUE = re.compile(r"non-unique entry in index (?P<index>.+)", re.DOTALL)
_ROW_PROBLEM = re.compile(r"(?:CHECK constraint failed|NULL value|(?:NUMERIC|TEXT|non-[A-Z]+) value) in .+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TableCheck:
    """What the check said of one table, sorted by what can be done about it.

    `damaged` and `not_unique` map the name of an index to its sentences; `in_rows` are values that break the table's own
    rules; `in_pages` is everything else: damage to the file's pages, and every sentence that we do not know.
    """

    damaged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_unique: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    in_rows: tuple[str, ...] = ()
    in_pages: tuple[str, ...] = ()

    def problems_of(self, index: str) -> tuple[str, ...]:
        return (*self.damaged.get(index, ()), *self.not_unique.get(index, ()))


def read_messages(messages: Iterable[str], indexes: Collection[str]) -> TableCheck:
    """Sort the sentences of a check. One that names an index not among `indexes` counts as damage to pages. Pure."""
    damaged: dict[str, list[str]] = {}
    not_unique: dict[str, list[str]] = {}
    in_rows, in_pages = [], []
    for message in messages:
        if message == "ok":
            continue
        if (name := _named(message, indexes, *_INDEX_PROBLEMS)) is not None:
            damaged.setdefault(name, []).append(message)
        elif (name := _named(message, indexes, _NOT_UNIQUE)) is not None:
            not_unique.setdefault(name, []).append(message)
        elif _ROW_PROBLEM.fullmatch(message):
            in_rows.append(message)
        else:
            in_pages.append(message)
    return TableCheck(
        damaged={name: tuple(found) for name, found in damaged.items()},
        not_unique={name: tuple(found) for name, found in not_unique.items()},
        in_rows=tuple(in_rows),
        in_pages=tuple(in_pages),
    )


def _named(message: str, indexes: Collection[str], *patterns: re.Pattern[str]) -> str | None:
    for pattern in patterns:
        if (match := pattern.fullmatch(message)) and match["index"] in indexes:
            return match["index"]
    return None


def can_check_alone(table: str) -> bool:
    """Whether SQLite can be given this table to check; else only the whole file."""
    return _CHECKS_TABLES and not _LIKE_A_NUMBER.match(table)


def check_table(session: Session, table: Table) -> TableCheck:
    """Let SQLite check the table with all its indexes, which reads them in full. Raises PlatformError.

    The table must exist: for a name it does not know, SQLite silently checks the whole file.
    """
    names = {index.name for index in table.indexes}
    try:
        if not can_check_alone(table.name):
            return read_messages(_of_one_table(_whole_file(session), names), names)
        rows = session.rows(sqlite_query("integrity_of_table"), {"table": table.name})
        messages = [row["message"] for row in rows]
        if len(messages) >= _MOST_OF_TABLE:  # cut off: one bad index may hide the next
            messages = _without_limit(session, names, otherwise=messages)
        return read_messages(messages, names)
    except PlatformError as refusal:
        if is_corruption(refusal.error):
            return TableCheck(in_pages=(f"the check itself stopped: {refusal.error.message}",))
        raise


def _without_limit(session: Session, indexes: Collection[str], otherwise: list[str]) -> list[str]:
    """All that the check of the whole file says of these indexes; what is known already, where that check cannot run."""
    try:
        found = list(_of_one_table(_whole_file(session), indexes))
    except PlatformError as refusal:
        if is_refusal_of_one_object(refusal.error):
            return otherwise
        raise
    return [*found, *(message for message in otherwise if _ROW_PROBLEM.fullmatch(message))]


def _whole_file(session: Session) -> list[str]:
    return [row["message"] for row in session.rows(sqlite_query("integrity_of_file"))]


def _of_one_table(messages: Iterable[str], indexes: Collection[str]) -> Iterable[str]:
    """From a check of the whole file: what names these indexes, and damage to pages, which might be this table's."""
    others = (*_INDEX_PROBLEMS, _NOT_UNIQUE, _ROW_PROBLEM)
    for message in messages:
        is_ours = _named(message, indexes, *_INDEX_PROBLEMS, _NOT_UNIQUE) is not None
        if is_ours or not any(pattern.fullmatch(message) for pattern in others):
            yield message


def duplicates_query(session: Session, index: Index) -> Query | None:
    """The query that counts keys held by several rows; None where an expression or a condition takes part. Raises PlatformError."""
    columns = session.rows(sqlite_query("index_columns"), {"index": index.name})
    if index.is_partial or not columns or any(column["name"] is None for column in columns):
        return None
    return filled(
        sqlite_query("duplicate_keys"),
        table=quoted(index.table),
        known=" AND ".join(f"{quoted(column['name'])} IS NOT NULL" for column in columns),
        columns=", ".join(f"{quoted(column['name'])} COLLATE {quoted(column['collation'])}" for column in columns),
    )


def has_duplicates(session: Session, query: Query | None) -> bool:
    """Whether the table's own rows break a unique index; assumed where it cannot be asked. Raises PlatformError."""
    return query is None or bool(session.rows(query)[0]["duplicates"])
