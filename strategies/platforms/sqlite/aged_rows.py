"""What CLEANUP and ARCHIVE ask of a SQLite file: how old rows are by a column, which of them are, and what depends on them.

SQLite has no type for instants: a column may hold texts, seconds since 1970 or Julian days. What it holds is told by its least
and its greatest value, and each statement takes only values of that kind.
"""

# ruff: noqa: S608 (every name and value below passes through names.py, and these statements are shown before they run)

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from strategies.plans import ErrorClass, Step
from strategies.platforms.base import ObjectUnknown, PlatformError, Row, Session
from strategies.platforms.old_rows import OldRows, most_counted, require_names, why_portals
from strategies.platforms.sqlite.catalogue import Table, find_table, read_tables, sqlite_query
from strategies.platforms.sqlite.names import display, filled, folded, literal, qualified, quoted, read_display
from strategies.routines.base import RetentionParameters

QUERIES = (
    "facts", "tables", "indexes", "aged_columns", "aged_extremes", "aged_cutoff", "aged_index", "old_rows", "referring_tables",
    "table_triggers", "row_number_probe", "portal_marks",
)  # fmt: skip
TEXTS, SECONDS, JULIAN = "texts", "seconds", "julian"
_FIRST_DAY, _LAST_DAY = (
    date(1980, 1, 1),
    date(9999, 12, 31),
)  # numbers beyond them are no instants, but counters and the like
_JULIAN_OF_YEAR_ONE = 1_721_424.5  # of the day before 0001-01-01
_ISO = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*"
_FIRST_TEXT = "0001-01-01"  # what people write for "no date" lies before
_NUMBERS = ("integer", "real")
_CHANGES_OTHERS = ("CASCADE", "SET NULL", "SET DEFAULT")
_ON_DELETE = re.compile(r"\bDELETE\s+ON\b", re.IGNORECASE)
_ROW_NUMBERS = ("rowid", "_rowid_", "oid")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    key_place: int  # in the primary key, from 1; 0 = none
    is_generated: bool


def look(session: Session, parameters: RetentionParameters, target_object: str) -> tuple[OldRows, tuple[Column, ...]]:
    """The table and its old rows. Raises ObjectUnknown, PlatformError."""
    require_names(parameters, target_object)
    table = _table(session, target_object)
    columns = _columns(session, table.name)
    column = _named(columns, parameters.age_column, table.name)
    cutoff_on = str(session.rows(sqlite_query("aged_cutoff"), {"days": parameters.keep_days})[0]["cutoff_on"])
    key, why_not = _key(session, table.name, columns)
    place: dict[str, Any] = {"table": table.name, "column": column, "key": key, "cutoff_on": cutoff_on}
    refers = session.rows(sqlite_query("referring_tables"), {"table": table.name})
    marks = session.rows(sqlite_query("portal_marks"))
    seen = OldRows(
        object=display(table.name), column=display(column), cutoff_on=cutoff_on, place=place,
        refers=tuple(display(row["table_name"]) for row in refers),
        follows=tuple(
            f"{display(row['table_name'])} ON DELETE {row['on_delete']}" for row in refers if row["on_delete"] in _CHANGES_OTHERS
        ),
        triggers=_triggers(session, table.name), has_index=_has_index(session, table, columns, column),
        why_not=why_portals(session, table.name, len(marks)) or why_not,
    )  # fmt: skip
    return _counted(session, seen, parameters), columns


def _table(session: Session, target_object: str) -> Table:
    wanted = folded(read_display(target_object))
    found = next((table for table in read_tables(session) if folded(table.name) == wanted), None)
    if found is None:
        raise ObjectUnknown(f"{target_object} is no table of this file that rows can be taken from.")
    return found


def _columns(session: Session, table: str) -> tuple[Column, ...]:
    rows = session.rows(sqlite_query("aged_columns"), {"table": table})
    return tuple(Column(row["name"], row["pk"], row["hidden"] in (2, 3)) for row in rows)


def _named(columns: Sequence[Column], typed: str, table: str) -> str:
    wanted = folded(read_display(typed))
    for column in columns:
        if folded(column.name) == wanted:
            return column.name
    raise ObjectUnknown(f"age_column: {display(table)} has no column {typed.strip()}.")


def _key(session: Session, table: str, columns: Sequence[Column]) -> tuple[str, str]:
    """What tells a row from all others, as SQL, and why there is nothing of the kind: the row's number, else the primary key."""
    taken = {folded(column.name) for column in columns}
    for name in (name for name in _ROW_NUMBERS if name not in taken):
        try:
            session.rows(filled(sqlite_query("row_number_probe"), key=name, table=qualified(table)))
        except PlatformError as refusal:
            if refusal.error.error_class is not ErrorClass.PERMANENT:
                raise
            break  # WITHOUT ROWID: the key is the table
        return name, ""
    of_key = sorted((column for column in columns if column.key_place), key=lambda column: column.key_place)
    if not of_key:
        return "", "Left alone: all names of its row numbers are taken by columns, and it has no primary key."
    return ", ".join(quoted(column.name) for column in of_key), ""


def _has_index(session: Session, table: Table, columns: Sequence[Column], column: str) -> bool:
    of_key = [one for one in columns if one.key_place]
    if len(of_key) == 1 and of_key[0].name == column:  # the table itself, or its own index
        return True
    row = session.rows(sqlite_query("aged_index"), {"table": table.name, "column": column})[0]
    return bool(row["has_index"])


def _triggers(session: Session, table: str) -> tuple[str, ...]:
    rows = session.rows(sqlite_query("table_triggers"), {"table": table})
    return tuple(display(row["name"]) for row in rows if _ON_DELETE.search(row["sql"] or ""))


def _counted(session: Session, seen: OldRows, parameters: RetentionParameters) -> OldRows:
    """With the kind of values that the column holds, and how many of them are old."""
    place = dict(seen.place)
    names = {"table": qualified(place["table"]), "column": quoted(place["column"])}
    values = session.rows(filled(sqlite_query("aged_extremes"), **names))[0]
    if values["low_type"] == "null":
        return _with(seen, place, rows=0)
    kind = kind_of(values)
    if not kind:
        kinds = "neither texts like 2026-08-31, nor seconds since 1970, nor Julian days alone"
        return _with(seen, place, why_not=f"Left alone: {seen.column} holds {kinds}.")
    place["values"] = kind
    if kind == TEXTS and _count(session, names["table"], unreadable(place), 1):
        words = "texts that SQLite cannot read as a date like 2026-08-31 12:00"
        return _with(seen, place, why_not=f"Left alone: {seen.column} holds {words}.")
    return _with(seen, place, rows=_count(session, names["table"], condition(place), most_counted(parameters)))


def _with(seen: OldRows, place: Mapping[str, Any], *, rows: int | None = None, why_not: str = "") -> OldRows:
    names = {name: getattr(seen, name) for name in OldRows.__dataclass_fields__}
    return OldRows(**{**names, "place": place, "rows": rows, "why_not": seen.why_not or why_not})


def kind_of(values: Row) -> str:
    """What a column holds, by its least and its greatest value; empty where that is no age, or of several kinds. Pure."""
    kinds = (values["low_type"], values["high_type"])
    if kinds == ("text", "text"):
        return TEXTS
    if not set(kinds) <= set(_NUMBERS):
        return ""
    for kind in (SECONDS, JULIAN):
        if number(kind, _FIRST_DAY) <= values["low"] and values["high"] <= number(kind, _LAST_DAY):
            return kind
    return ""


def number(kind: str, day: date) -> int | float:
    """Midnight UTC at which a day begins, as such a column holds it. Pure."""
    if kind == SECONDS:
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return day.toordinal() + _JULIAN_OF_YEAR_ONE


def condition(place: Mapping[str, Any]) -> str:
    """That a row is old. A value of another kind that comes later is never old: SQLite would sort it before or behind all others."""
    column, cutoff_on = quoted(place["column"]), str(place["cutoff_on"])
    if place["values"] == TEXTS:
        return f"{_before(place)} AND {_is_date(column)} AND julianday({column}) < julianday({literal(cutoff_on)})"
    first, end = number(place["values"], _FIRST_DAY), number(place["values"], date.fromisoformat(cutoff_on))
    return f"{column} >= {first} AND {column} < {end}"


def unreadable(place: Mapping[str, Any]) -> str:
    """That a text would count as old and is no date."""
    return f"{_before(place)} AND NOT ({_is_date(quoted(place['column']))})"


def _before(place: Mapping[str, Any]) -> str:
    """What an index on texts can find: a day more than is old, for a text may be of a time zone that is ahead."""
    behind = date.fromisoformat(str(place["cutoff_on"])) + timedelta(days=1)
    return f"{quoted(place['column'])} < {literal(behind.isoformat())}"


def _is_date(column: str) -> str:
    """That SQLite reads the whole text as an instant; by its beginning alone 2020-13-99 would be one."""
    return f"{column} >= {literal(_FIRST_TEXT)} AND {column} GLOB {literal(_ISO)} AND julianday({column}) IS NOT NULL"


def chosen(place: Mapping[str, Any], rows: int) -> str:
    """The condition for one batch: the oldest rows."""
    key, order = place["key"], quoted(place["column"])
    table = qualified(place["table"])
    return f"({key}) IN (SELECT {key} FROM {table} WHERE {condition(place)} ORDER BY {order}, {key} LIMIT {rows:d})"


def settings(parameters: RetentionParameters) -> tuple[str, ...]:
    """SQLite heeds foreign keys only where a connection asks for it: else a deletion would leave rows that refer to nothing."""
    return (f"PRAGMA busy_timeout = {parameters.lock_wait_seconds * 1000}", "PRAGMA foreign_keys = ON")


def old(session: Session, step: Step, most: int) -> int | None:
    """Counted up to `most`; None = the table or the column is gone. Raises PlatformError."""
    place = step.check
    if find_table(session, place["table"]) is None:
        return None
    if all(column.name != place["column"] for column in _columns(session, place["table"])):
        return None
    return _count(session, qualified(place["table"]), condition(place), most)


def _count(session: Session, table: str, where: str, most: int) -> int:
    query = filled(sqlite_query("old_rows"), table=table, condition=where)
    return int(session.rows(query, {"most": most})[0]["rows"])
