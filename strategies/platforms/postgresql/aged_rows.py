"""What CLEANUP and ARCHIVE ask of PostgreSQL: a table and its old rows, what depends on them, and what the account may do there."""

# ruff: noqa: S608 (every name and value below is quoted, and these statements are shown before they run)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strategies.plans import Step
from strategies.platforms.base import ObjectUnknown, Row, Session
from strategies.platforms.old_rows import OldRows, most_counted, require_names, why_portals
from strategies.platforms.postgresql.names import chosen_oid, filled, postgresql_query, quoted
from strategies.platforms.queries import Right
from strategies.routines.base import RetentionParameters

QUERIES = (
    "facts", "find_object", "name_of_table", "aged_table", "aged_cutoff", "old_rows", "referring_tables", "portal_marks",
)  # fmt: skip
_LITERALS = {
    "date": "DATE '{day}'",
    "timestamp without time zone": "TIMESTAMP '{day} 00:00:00'",
    "timestamp with time zone": "TIMESTAMPTZ '{day} 00:00:00+00'",
}


def rights(what: str) -> tuple[Right, ...]:
    """Both are for every table; where single tables are granted nothing more is needed."""
    instead = f"{what} of any table; SELECT, INSERT and DELETE on the tables that jobs name do as well"
    return Right("pg_read_all_data", instead, is_optional=True), Right("pg_write_all_data", instead, is_optional=True)


def look(session: Session, parameters: RetentionParameters, target_object: str) -> tuple[OldRows, Row]:
    """The table with its old rows, and what the catalogue says of it. Raises ObjectUnknown, PlatformError."""
    require_names(parameters, target_object)
    oid = chosen_oid(session, target_object)
    name = session.rows(postgresql_query("name_of_table"), {"table": oid})[0]
    row = find(session, name["schema_name"], name["table_name"], parameters.age_column)
    if row is None or not row["is_table"]:
        raise ObjectUnknown(f"{target_object} is no table that rows can be taken from.")
    if row["column_name"] is None:
        raise ObjectUnknown(f"age_column: {row['object']} has no column {parameters.age_column.strip()}.")
    cutoff_on = session.rows(postgresql_query("aged_cutoff"), {"days": parameters.keep_days})[0]["cutoff_on"]
    place: dict[str, Any] = {
        "schema_name": row["schema_name"], "table_name": row["table_name"], "column": row["column_name"],
        "age_type": row["age_type"], "has_parts": row["has_parts"], "cutoff_on": cutoff_on,
    }  # fmt: skip
    refers = session.rows(postgresql_query("referring_tables"), {"table": row["table_oid"]})
    why_not = _why_not(session, row)
    is_counted = row["age_type"] in _LITERALS and row["may_use_schema"] and row["may_delete"]
    return OldRows(
        object=row["object"], column=row["column_name"], cutoff_on=cutoff_on, place=place, has_index=row["has_index"],
        rows=_count(session, place, most_counted(parameters)) if is_counted else None, why_not=why_not,
        refers=tuple(one["object"] for one in refers), triggers=tuple(row["delete_triggers"]),
        follows=tuple(f"{one['object']} ON DELETE {one['on_delete']}" for one in refers if one["on_delete"] != "NO ACTION"),
    ), row  # fmt: skip


def find(session: Session, schema: str, name: str, column: str = "") -> Row | None:
    """What the catalogue says of a relation of this name. Raises PlatformError."""
    wanted = {"schema": schema, "name": name, "column": _column_named(column)}
    return next(iter(session.rows(postgresql_query("aged_table"), wanted)), None)


def _column_named(typed: str) -> str:
    """As the database holds it; within double quotes as people write it in SQL."""
    text = typed.strip().replace("\0", "")
    return text[1:-1].replace('""', '"') if len(text) > 2 and text[0] == text[-1] == '"' else text


def _why_not(session: Session, row: Row) -> str:
    marks = session.rows(postgresql_query("portal_marks"), {"schema": row["schema_name"]})
    if of_portal := why_portals(session, row["table_name"], len(marks)):
        return of_portal
    if row["age_type"] not in _LITERALS:
        return f"Left alone: {row['column_name']} is of the type {row['age_type']}, and neither a date nor a timestamp."
    if row["has_rules"]:
        return "Left alone: a rule (CREATE RULE) rewrites what is done to it."
    return lacking(session, row, "SELECT, DELETE", may=row["may_delete"])


def lacking(session: Session, row: Row, privileges: str, *, may: bool) -> str:
    """What the account needs on a table, with the statement that gives it; empty where it has it. Raises PlatformError."""
    user = quoted(session.rows(postgresql_query("facts"))[0]["user"])
    if not row["may_use_schema"]:
        return f"Left alone: the account lacks a right. GRANT USAGE ON SCHEMA {quoted(row['schema_name'])} TO {user};"
    return "" if may else f"Left alone: the account lacks a right. GRANT {privileges} ON {row['object']} TO {user};"


def condition(place: Mapping[str, Any], prefix: str = "") -> str:
    """That a row is old. `-infinity` is no age."""
    column, cutoff = prefix + quoted(place["column"]), _LITERALS[place["age_type"]].format(day=place["cutoff_on"])
    return f"{column} < {cutoff} AND isfinite({column})"


def deletion(place: Mapping[str, Any], rows: int, returning: Sequence[str] = ()) -> str:
    """The statement for one batch: the oldest rows, by their place in the table.

    The condition stands there twice: who changes a row in the same moment may have made it young, and PostgreSQL then asks the outer
    one anew.
    """
    table, order = quoted(place["schema_name"], place["table_name"]), quoted(place["column"])
    where, again = condition(place), condition(place, "t.")
    back = f" RETURNING {', '.join(f't.{quoted(name)}' for name in returning)}" if returning else ""
    if not place["has_parts"]:
        chosen = f"SELECT ctid FROM {table} WHERE {where} ORDER BY {order} LIMIT {rows:d}"
        return f"DELETE FROM {table} AS t WHERE t.ctid = ANY (ARRAY ({chosen})) AND {again}{back}"
    chosen = f"SELECT tableoid AS part, ctid AS place FROM {table} WHERE {where} ORDER BY {order} LIMIT {rows:d}"
    by_place = "t.tableoid = chosen.part AND t.ctid = chosen.place"
    return f"DELETE FROM {table} AS t USING ({chosen}) AS chosen WHERE {by_place} AND {again}{back}"


def settings(parameters: RetentionParameters) -> tuple[str, ...]:
    return (f"SET lock_timeout = '{parameters.lock_wait_seconds}s'", "SET statement_timeout = 0")


def old(session: Session, step: Step, most: int) -> int | None:
    """Counted up to `most`; None = the table or the column is gone. Raises PlatformError."""
    place = step.check
    row = find(session, place["schema_name"], place["table_name"], place["column"])
    if row is None or not row["is_table"] or row["age_type"] != place["age_type"]:
        return None
    return _count(session, place, most)


def _count(session: Session, place: Mapping[str, Any], most: int) -> int:
    table = quoted(place["schema_name"], place["table_name"])
    query = filled(postgresql_query("old_rows"), table=table, condition=condition(place))
    return int(session.rows(query, {"most": most})[0]["rows"])
