"""MONITORING_MAINTENANCE on PostgreSQL: sizes and rows from the catalogue, ages from the tables, transactions from the activity."""

# ruff: noqa: S608 (every name and value below passes through names.py, and these statements are shown before they run)

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import LeftBehind, MissingRight, Need, Outcome, StateLeft, Step, Verification
from strategies.platforms import measures
from strategies.platforms.base import Concern, ObjectUnknown, Row, Session
from strategies.platforms.measures import LONG_TRANSACTION, STALE, TOO_LARGE, TOO_MANY_ROWS
from strategies.platforms.postgresql.names import chosen_oid, literal, postgresql_query, quoted
from strategies.platforms.queries import Right
from strategies.routines.monitoring_maintenance import MonitoringParameters

_INSTANTS = ("date", "timestamp without time zone", "timestamp with time zone")
_UNSEEN = "How long transactions of other accounts are open cannot be seen without pg_monitor; only the account's own are measured."
# A table with its partitions and children.
_PARTS = (
    "WITH RECURSIVE parts (relid) AS (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = {schema} AND c.relname = {table}"
    " UNION SELECT i.inhrelid FROM pg_inherits i JOIN parts ON i.inhparent = parts.relid)"
)
_SIZE = " SELECT sum(pg_total_relation_size(relid))::bigint AS figure FROM parts"
_ROWS = (
    " SELECT sum(greatest(c.reltuples::bigint, s.n_live_tup, 0))::bigint AS figure FROM parts"
    " JOIN pg_class c ON c.oid = parts.relid AND NOT c.relkind = 'p' LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid"
)
_OLDEST = (
    "SELECT a.pid::text AS session_name, a.usename::text AS account,"
    " floor(extract(epoch FROM clock_timestamp() - a.xact_start) / 60)::int AS figure FROM pg_stat_activity a"
    " WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND NOT a.pid = pg_backend_pid()"
    " AND a.xact_start IS NOT NULL ORDER BY a.xact_start LIMIT 1"
)


class Monitoring(Concern[MonitoringParameters]):
    """What MONITORING_MAINTENANCE needs of PostgreSQL."""

    queries: ClassVar[tuple[str, ...]] = ("find_object", "measured_tables", "named_table", "facts")
    rights: ClassVar[tuple[Right, ...]] = (
        Right("pg_monitor", "seeing how long transactions of other accounts are open", is_optional=True),
        Right("pg_read_all_data", "finding the newest rows of tables of other owners", is_optional=True),
    )

    def missing_rights(self, session: Session, parameters: MonitoringParameters) -> list[MissingRight]:
        return []  # what cannot be seen is left out, which the notes say

    def assess(self, session: Session, parameters: MonitoringParameters, target_object: str) -> Assessment:
        asked = measures.limits(parameters)
        notes, unchecked = measures.notes(asked), list(measures.not_asked(asked))
        column = _column(parameters.age_column)
        rows = _tables(session, target_object, column)
        due = [_size(row, asked[TOO_LARGE]) for row in rows] if TOO_LARGE in asked else []
        due += [_rows(row, asked[TOO_MANY_ROWS]) for row in rows] if TOO_MANY_ROWS in asked else []
        if STALE in asked:
            having = [row for row in rows if row["column_type"] in _INSTANTS]
            readable = [row for row in having if row["may_read"]]
            notes += measures.without_column(rows, having, parameters.age_column, target_object)
            notes += measures.unreadable(len(having) - len(readable), "SELECT on them")
            unchecked += [(STALE, row["object"]) for row in rows if row not in readable]
            due += [_age(row, column, asked[STALE]) for row in readable]
        if LONG_TRANSACTION in asked:
            facts = session.rows(postgresql_query("facts"))[0]
            notes += [] if facts["sees_all_sessions"] else [_UNSEEN]
            due.append(measures.due(LONG_TRANSACTION, facts["database"], "DATABASE", _OLDEST, asked[LONG_TRANSACTION]))
        return Assessment(notes=tuple(notes), checks=tuple(due), unchecked=tuple(unchecked))

    def steps(self, findings: Sequence[Finding], parameters: MonitoringParameters) -> list[Step]:
        settings = f"SET lock_timeout = '{parameters.lock_wait_seconds:d}s'", "SET statement_timeout = 0"
        return measures.steps(findings, settings)

    def is_needed(self, session: Session, step: Step) -> Need:
        if step.check["finds"] == LONG_TRANSACTION:
            return Need(True)
        names = {"schema": step.check["schema_name"], "name": step.check["table_name"]}
        is_there = bool(session.rows(postgresql_query("named_table"), names))
        return Need(is_there, "" if is_there else f"{step.object} is gone.")

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        return Verification(False, measures.CUT_OFF) if outcome is None else measures.judge(step, outcome.answers)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        return StateLeft(LeftBehind.CLEAN, measures.CLEAN)


def _column(typed: str) -> str:
    """The name of a column as PostgreSQL reads it: what is not in quotes is in small letters."""
    text = typed.strip()
    if len(text) > 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _tables(session: Session, target_object: str, column: str) -> list[Row]:
    """All, or the one that is meant. Raises ObjectUnknown, PlatformError."""
    only = chosen_oid(session, target_object)
    if "\0" in column:
        raise ObjectUnknown("age_column: A name cannot contain the character NUL.")
    rows = session.rows(postgresql_query("measured_tables"), {"only": only, "column": column})
    if only is not None and not rows:
        raise ObjectUnknown(f"{target_object} is no table that can be measured.")
    return rows


def _due(kind: str, row: Row, statement: str, limit: float, *, method: str = "", column: str = "") -> Finding:
    return measures.due(
        kind, row["object"], "TABLE", statement, limit, method=method, schema_name=row["schema_name"],
        table_name=row["table_name"], column=column,
    )  # fmt: skip


def _parts(row: Row) -> str:
    return _PARTS.format(schema=literal(row["schema_name"]), table=literal(row["table_name"]))


def _size(row: Row, limit: float) -> Finding:
    return _due(TOO_LARGE, row, _parts(row) + _SIZE, limit)


def _rows(row: Row, limit: float) -> Finding:
    return _due(TOO_MANY_ROWS, row, _parts(row) + _ROWS, limit, method=measures.ESTIMATED)


def _age(row: Row, column: str, limit: float) -> Finding:
    """What has no zone is in that of the session, which is the server's unless the account has one of its own."""
    newest = f"max({quoted(column)})"
    statement = (
        f"SELECT {newest}::text AS newest, (extract(epoch FROM clock_timestamp() - {newest}::timestamptz) / 3600)::float AS figure"
        f" FROM {quoted(row['schema_name'], row['table_name'])}"
    )
    return _due(STALE, row, statement, limit, column=column)


CONCERN = Monitoring()
