"""What CLEANUP and ARCHIVE ask of Oracle: a table and its old rows, what depends on them, and what the account may do there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from strategies.platforms.base import ObjectUnknown, Row, Session
from strategies.platforms.old_rows import OldRows, most_counted, require_names, why_portals
from strategies.platforms.oracle.chosen import chosen
from strategies.platforms.oracle.names import can_quote, filled, oracle_query, quoted, read_name, shown
from strategies.platforms.queries import Right
from strategies.routines.base import RetentionParameters

QUERIES = (
    "find_table_or_index", "facts_session", "system_privileges", "table_rights", "aged_table", "aged_cutoff", "old_rows",
    "referring_tables", "delete_triggers", "portal_marks",
)  # fmt: skip
_OBSTACLES = (
    ("oracle_maintained", "Y", "it belongs to Oracle itself"),
    ("temporary", "Y", "it is a temporary table"),
    ("is_external", "YES", "it is an external table"),
    ("nested", "YES", "it is a nested table of another one"),
)


def rights(*privileges: str) -> tuple[Right, ...]:
    """All of them are for every table; where single tables are granted nothing more is needed."""
    instead = (
        "work on tables of any account; the same on the tables that jobs name does as well, and their owner needs none"
    )
    return tuple(Right(privilege, instead, is_optional=True) for privilege in privileges)


def look(session: Session, parameters: RetentionParameters, target_object: str) -> tuple[OldRows, Row]:
    """The table with its old rows, and what the dictionary says of it. Raises ObjectUnknown, PlatformError."""
    require_names(parameters, target_object)
    found = chosen(session, target_object)
    owner, name = str(found.owner), str(found.name)
    column = column_named("age_column", parameters.age_column)
    row = find(session, owner, name, column)
    if row is None:
        raise ObjectUnknown(f"{target_object} is no table that rows can be taken from.")
    if row["age_type"] is None:
        raise ObjectUnknown(f"age_column: {shown(owner, name)} has no column {shown(column)} that holds values.")
    cutoff_on = str(session.rows(oracle_query("aged_cutoff"), {"days": parameters.keep_days})[0]["cutoff_on"])
    place: dict[str, Any] = {
        "owner": owner, "table_name": name, "column": column, "age_type": row["age_type"], "cutoff_on": cutoff_on
    }  # fmt: skip
    binds = {"owner": owner, "table_name": name}
    refers = session.rows(oracle_query("referring_tables"), binds)
    lacks = lacking(session, row, ("SELECT", "DELETE"))
    of_portal = why_portals(session, name, len(session.rows(oracle_query("portal_marks"), {"owner": owner})))
    why_not = _obstacle(row, column) or lacks
    return OldRows(
        object=shown(owner, name), column=shown(column), cutoff_on=cutoff_on, place=place, has_index=bool(row["leading_indexes"]),
        rows=None if why_not else _count(session, place, most_counted(parameters)), why_not=of_portal or why_not,
        refers=tuple(shown(one["owner"], one["table_name"]) for one in refers),
        follows=tuple(
            f"{shown(one['owner'], one['table_name'])} ON DELETE {one['delete_rule']}"
            for one in refers if one["delete_rule"] != "NO ACTION"
        ),
        triggers=tuple(
            shown(one["owner"], one["trigger_name"]) for one in session.rows(oracle_query("delete_triggers"), binds)
        ),
    ), row  # fmt: skip


def find(session: Session, owner: str, name: str, column: str = "") -> Row | None:
    """What the dictionary says of a table of this name. Raises PlatformError."""
    binds = {"owner": owner, "table_name": name, "column_name": column}
    return next(iter(session.rows(oracle_query("aged_table"), binds)), None)


def column_named(field: str, typed: str) -> str:
    """A name as Oracle reads it: in capitals, unless it stands in double quotes. Raises ObjectUnknown, naming the field."""
    try:
        owner, name = read_name(typed.strip())
    except ObjectUnknown:
        owner, name = "", ""
    if owner is not None or not name:
        raise ObjectUnknown(f"{field}: {typed.strip()} is no name by itself; write one with blanks in double quotes.")
    return name


def _obstacle(row: Row, column: str) -> str:
    if not can_quote(row["owner"], row["table_name"], column):
        return "Left alone: a name with a double quote cannot be written in a statement."
    for name, value, words in _OBSTACLES:
        if row[name] == value:
            return f"Left alone: {words}."
    if row["iot_type"] is not None or row["cluster_name"] is not None:
        return "Left alone: it is index-organized or lies in a cluster, so that its rows have no place of their own."
    if not literal_of(row["age_type"], "2000-01-01"):
        return f"Left alone: {shown(column)} is of the type {row['age_type']}, and neither a date nor a timestamp."
    return ""


def lacking(session: Session, row: Row, privileges: Iterable[str]) -> str:
    """What the account needs on a table, with the statement that gives it; empty where it has it. Raises PlatformError."""
    owner, name = row["owner"], row["table_name"]
    account = str(session.rows(oracle_query("facts_session"))[0]["account"])
    if account == owner:
        return ""
    held = {str(one["privilege"]) for one in session.rows(oracle_query("system_privileges"))}
    here = session.rows(oracle_query("table_rights"), {"owner": owner, "table_name": name})
    held |= {f"{one['privilege']} ANY TABLE" for one in here}
    lacks = [privilege for privilege in privileges if f"{privilege} ANY TABLE" not in held]
    if not lacks:
        return ""
    return f"Left alone: the account lacks a right. GRANT {', '.join(lacks)} ON {quoted(owner, name)} TO {quoted(account)};"


def literal_of(age_type: str, day: str) -> str:
    """Midnight UTC at which a day begins, in the type of the column; empty where that is none of instants. Pure."""
    if age_type == "DATE":
        return f"DATE '{day}'"
    if age_type.startswith("TIMESTAMP"):
        return f"TIMESTAMP '{day} 00:00:00{' +00:00' if 'TIME ZONE' in age_type else ''}'"
    return ""


def condition(place: Mapping[str, Any]) -> str:
    """That a row of `t` is old."""
    return f"t.{quoted(place['column'])} < {literal_of(place['age_type'], place['cutoff_on'])}"


def block(place: Mapping[str, Any], rows: int, wait_seconds: int, work: Iterable[str]) -> str:
    """PL/SQL that locks a batch of old rows, waiting no longer than allowed, and does each piece of work to every one of them.

    A DELETE by itself would wait for others without end. Where a piece of work finds fewer rows than were locked, all is taken back.
    """
    counted = (
        "  IF SQL%ROWCOUNT != chosen.COUNT THEN\n"
        "    RAISE_APPLICATION_ERROR(-20001, 'Not every row of the batch was found again, or a trigger keeps some.');\n"
        "  END IF;"
    )
    return "\n".join((
        "DECLARE", "  TYPE places IS TABLE OF ROWID;", "  chosen places;", "BEGIN",
        f"  SELECT t.ROWID BULK COLLECT INTO chosen FROM {quoted(place['owner'], place['table_name'])} t",  # noqa: S608 (quoted)
        f"   WHERE {condition(place)} AND ROWNUM <= {rows:d} FOR UPDATE WAIT {wait_seconds:d};",
        *(f"  FORALL i IN 1 .. chosen.COUNT\n    {piece};\n{counted}" for piece in work),
        "END;",
    ))  # fmt: skip


def deletion(place: Mapping[str, Any]) -> str:
    return f"DELETE FROM {quoted(place['owner'], place['table_name'])} t WHERE t.ROWID = chosen(i)"  # noqa: S608 (quoted)


def old(session: Session, place: Mapping[str, Any], most: int) -> int | None:
    """Counted up to `most`; None = the table or the column is gone. Raises PlatformError."""
    row = find(session, place["owner"], place["table_name"], place["column"])
    if row is None or row["age_type"] != place["age_type"]:
        return None
    return _count(session, place, most)


def _count(session: Session, place: Mapping[str, Any], most: int) -> int:
    table = quoted(place["owner"], place["table_name"])
    query = filled(oracle_query("old_rows"), table=table, condition=condition(place))
    return int(session.rows(query, {"most": most})[0]["row_count"])
