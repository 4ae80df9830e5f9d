"""MONITORING_MAINTENANCE on SQLite: sizes by dbstat, rows counted, ages by what a column holds."""

# ruff: noqa: S608 (every name and value below passes through names.py, and these statements are shown before they run)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import (
    ErrorClass,
    LeftBehind,
    MissingRight,
    Need,
    Outcome,
    StateLeft,
    Step,
    TargetError,
    Verification,
)
from strategies.platforms import measures
from strategies.platforms.base import EVERYTHING, Concern, ObjectUnknown, Session
from strategies.platforms.measures import LONG_TRANSACTION, STALE, TOO_LARGE, TOO_MANY_ROWS
from strategies.platforms.sqlite.catalogue import Table, find_table, has_dbstat, read_tables, sqlite_query
from strategies.platforms.sqlite.names import display, folded, literal, qualified, quoted, read_display
from strategies.routines.monitoring_maintenance import MonitoringParameters

_NO_DBSTAT = "Sizes cannot be told: this SQLite is built without dbstat, or a table of that name hides it."
_NO_TRANSACTIONS = "SQLite does not tell how long transactions are open."
_FIRST_DAY, _LAST_SECOND = (
    "5373484.5",
    "253402300800",
)  # below the one a number is a Julian day, from the other on milliseconds


class Monitoring(Concern[MonitoringParameters]):
    """What MONITORING_MAINTENANCE needs of SQLite."""

    queries: ClassVar[tuple[str, ...]] = ("facts", "tables", "indexes", "dbstat_probe", "age_columns")

    def missing_rights(self, session: Session, parameters: MonitoringParameters) -> list[MissingRight]:
        return []  # who could connect can read

    def assess(self, session: Session, parameters: MonitoringParameters, target_object: str) -> Assessment:
        asked = measures.limits(parameters)
        notes, unchecked = measures.notes(asked), list(measures.not_asked(asked))
        tables, hold = _tables(session, target_object), _hold(session, parameters)
        due: list[Finding] = []
        if TOO_LARGE in asked and not has_dbstat(session):
            notes.append(_NO_DBSTAT)
            unchecked.append((TOO_LARGE, ""))
        elif TOO_LARGE in asked:
            due += [_size(table, asked[TOO_LARGE], hold) for table in tables]
        if TOO_MANY_ROWS in asked:
            due += [_rows(table, asked[TOO_MANY_ROWS], hold) for table in tables]
        if STALE in asked:
            columns = _columns(session, parameters.age_column)
            having = [table for table in tables if table.name in columns]
            notes += measures.without_column(tables, having, parameters.age_column, target_object)
            unchecked += [(STALE, display(table.name)) for table in tables if table.name not in columns]
            due += [_age(table, columns[table.name], asked[STALE], hold) for table in having]
        if LONG_TRANSACTION in asked:
            notes.append(_NO_TRANSACTIONS)
            unchecked.append((LONG_TRANSACTION, ""))
        return Assessment(notes=tuple(notes), checks=tuple(due), unchecked=tuple(unchecked))

    def steps(self, findings: Sequence[Finding], parameters: MonitoringParameters) -> list[Step]:
        return measures.steps(findings, (f"PRAGMA busy_timeout = {parameters.lock_wait_seconds * 1000}",))

    def is_needed(self, session: Session, step: Step) -> Need:
        is_there = find_table(session, step.check["table"]) is not None
        return Need(is_there, "" if is_there else f"{step.object} is gone.")

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        return Verification(False, measures.CUT_OFF) if outcome is None else measures.judge(step, outcome.answers)

    def explain(self, step: Step, error: TargetError) -> Verification | None:
        if error.code != "time_limit":
            return None
        words = (
            f"{step.object} was not measured within {step.check['longest_hold_seconds']:,g} s, for as long as writers may be kept"
            " waiting. In WAL mode nobody waits; else allow a longer wait for locks."
        )
        return Verification(False, words, error=TargetError(ErrorClass.PERMANENT, error.code, words))

    def state_left(self, session: Session, step: Step) -> StateLeft:
        return StateLeft(LeftBehind.CLEAN, measures.CLEAN)


def _tables(session: Session, target_object: str) -> list[Table]:
    """All, or the one that is meant. Raises ObjectUnknown."""
    tables = read_tables(session)
    if target_object.strip().upper() in EVERYTHING:
        return list(tables)
    wanted = folded(read_display(target_object))
    if found := [table for table in tables if folded(table.name) == wanted]:
        return found
    raise ObjectUnknown(f"{target_object} is no table of this file that can be measured.")


def _columns(session: Session, typed: str) -> dict[str, str]:
    """The column that is meant, by the tables that have it."""
    wanted = folded(read_display(typed))
    rows = session.rows(sqlite_query("age_columns"))
    return {row["table_name"]: row["column_name"] for row in rows if folded(row["column_name"]) == wanted}


def _hold(session: Session, parameters: MonitoringParameters) -> float | None:
    """For how long a measure may take: in other modes than WAL writers wait for whoever reads."""
    if session.rows(sqlite_query("facts"))[0]["journal_mode"] == "wal":
        return None
    own = session.longest_hold_seconds
    return float(parameters.lock_wait_seconds) if own is None else min(own, parameters.lock_wait_seconds)


def _due(kind: str, table: Table, statement: str, limit: float, hold: float | None, **more: Any) -> Finding:
    return measures.due(
        kind, display(table.name), "TABLE", statement, limit, table=table.name, longest_hold_seconds=hold, **more
    )


def _size(table: Table, limit: float, hold: float | None) -> Finding:
    names = ", ".join(literal(name) for name in (table.name, *(index.name for index in table.indexes)))
    statement = f"SELECT sum(pgsize) AS figure FROM dbstat WHERE name IN ({names})"
    return _due(TOO_LARGE, table, statement, limit, hold)


def _rows(table: Table, limit: float, hold: float | None) -> Finding:
    statement = f"SELECT count(*) AS figure FROM {qualified(table.name)}"
    return _due(TOO_MANY_ROWS, table, statement, limit, hold, method=measures.COUNTED)


def _age(table: Table, column: str, limit: float, hold: float | None) -> Finding:
    """Text is read as SQLite reads a date; a number is a Julian day, or seconds or milliseconds since 1970."""
    statement = (
        "SELECT newest, (julianday('now') - CASE WHEN typeof(newest) = 'text' THEN julianday(newest)"
        f" WHEN {_FIRST_DAY} > newest THEN newest WHEN {_LAST_SECOND} > newest THEN newest / 86400.0 + 2440587.5"
        " ELSE newest / 86400000.0 + 2440587.5 END) * 24 AS figure"
        f" FROM (SELECT max({quoted(column)}) AS newest FROM {qualified(table.name)})"
    )
    return _due(STALE, table, statement, limit, hold, column=column)


CONCERN = Monitoring()
