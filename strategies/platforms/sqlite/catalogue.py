"""What a file holds that can be maintained: its ordinary tables and their indexes, and which of them a person meant."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from strategies.plans import ErrorClass, MissingRight
from strategies.platforms.base import EVERYTHING, ObjectUnknown, PlatformError, Session
from strategies.platforms.queries import Query, load_query
from strategies.platforms.sqlite.names import folded, read_display


@dataclass(frozen=True, slots=True)
class Index:
    """An index that is a tree of its own. The key of a WITHOUT ROWID table is the table itself and none of these."""

    name: str
    table: str
    is_unique: bool = False
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """An ordinary table with its indexes."""

    name: str
    indexes: tuple[Index, ...] = ()


def sqlite_query(name: str) -> Query:
    return load_query("sqlite", name)


def read_tables(session: Session, name: str | None = None) -> tuple[Table, ...]:
    """All ordinary tables, or the one of exactly this name. Raises PlatformError."""
    which = {"table": name}
    indexes: defaultdict[str, list[Index]] = defaultdict(list)
    for row in session.rows(sqlite_query("indexes"), which):
        index = Index(row["name"], row["table_name"], bool(row["is_unique"]), bool(row["is_partial"]))
        indexes[index.table].append(index)
    return tuple(Table(row["name"], tuple(indexes[row["name"]])) for row in session.rows(sqlite_query("tables"), which))


def find_table(session: Session, name: str) -> Table | None:
    """The table of exactly this name, as it is now. Raises PlatformError."""
    return next(iter(read_tables(session, name)), None)


def chosen(tables: Iterable[Table], target_object: str) -> tuple[Table, ...]:
    """The tables that a target object means; for an index, its table with this index alone. Raises ObjectUnknown."""
    tables = tuple(tables)
    if target_object.strip().upper() in EVERYTHING:
        return tables
    wanted = folded(read_display(target_object))
    for table in tables:
        if folded(table.name) == wanted:
            return (table,)
        for index in table.indexes:
            if folded(index.name) == wanted:
                return (Table(table.name, (index,)),)
    raise ObjectUnknown(f"{target_object} is neither a table nor an index of this file that can be maintained.")


def has_dbstat(session: Session) -> bool:
    """Whether space per index can be read. Found by trying: a table named dbstat in the file hides SQLite's own."""
    try:
        session.rows(sqlite_query("dbstat_probe"))
    except PlatformError as refusal:
        if refusal.error.error_class is ErrorClass.PERMANENT:
            return False
        raise
    return True


def missing_write_access(session: Session, needed_for: str) -> list[MissingRight]:
    """The one right there is: to write the file and, for its journal, its folder. Raises PlatformError."""
    facts = session.facts()
    if facts.is_writable:
        return []
    path = facts.database
    grant = f"setfacl -m u:{shlex.quote(facts.user)}:rw {shlex.quote(path)} and u:{shlex.quote(facts.user)}:rwx on its folder"
    return [MissingRight(f"Write access of the user {facts.user} to the file and its folder", needed_for, grant)]
