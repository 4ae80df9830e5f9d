"""MONITORING_MAINTENANCE on Oracle: sizes and rows from the dictionary, ages from the tables, transactions from GV$TRANSACTION."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import LeftBehind, MissingRight, Need, Outcome, StateLeft, Step, Verification
from strategies.platforms import measures
from strategies.platforms.base import Concern, ObjectUnknown, PlatformError, Row, Session
from strategies.platforms.measures import LONG_TRANSACTION, STALE, TOO_LARGE, TOO_MANY_ROWS
from strategies.platforms.oracle import rights
from strategies.platforms.oracle.chosen import Chosen, chosen
from strategies.platforms.oracle.errors import is_hidden
from strategies.platforms.oracle.names import can_quote, literal, oracle_query, quoted, read_name, shown
from strategies.platforms.queries import Right
from strategies.routines.monitoring_maintenance import MonitoringParameters

_OF_SIZES = ("SELECT ON SYS.DBA_SEGMENTS", "SELECT ON SYS.DBA_INDEXES", "SELECT ON SYS.DBA_LOBS")
_SIZE = (
    "SELECT NVL(SUM(s.bytes), 0) AS figure FROM dba_segments s WHERE (s.owner, s.segment_name) IN"
    " (SELECT t.owner, t.table_name FROM dba_tables t WHERE t.owner = {owner} AND t.table_name = {table}"
    " UNION ALL SELECT i.owner, i.index_name FROM dba_indexes i WHERE i.table_owner = {owner} AND i.table_name = {table}"
    " UNION ALL SELECT l.owner, l.segment_name FROM dba_lobs l WHERE l.owner = {owner} AND l.table_name = {table})"
)
_ROWS = "SELECT t.num_rows AS figure FROM dba_tables t WHERE t.owner = {owner} AND t.table_name = {table}"
_AGE = (
    "SELECT TO_CHAR(MAX({column}), 'YYYY-MM-DD HH24:MI:SS') AS newest, (SYSDATE - CAST(MAX({column}) AS DATE)) * 24 AS figure"
    " FROM {table}"
)
_AGE_IN_ZONES = (
    "SELECT TO_CHAR(SYS_EXTRACT_UTC(MAX({column})), 'YYYY-MM-DD HH24:MI:SS') AS newest,"
    " (CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE) - CAST(SYS_EXTRACT_UTC(MAX({column})) AS DATE)) * 24 AS figure FROM {table}"
)
_OLDEST = (
    "SELECT CONCAT(CONCAT(CONCAT(CONCAT(s.sid, ','), s.serial#), ',@'), s.inst_id) AS session_name, s.username AS account,"
    " FLOOR((SYSDATE - t.start_date) * 24 * 60) AS figure FROM gv$transaction t JOIN gv$session s ON s.inst_id = t.inst_id"
    " AND s.taddr = t.addr ORDER BY t.start_date FETCH FIRST 1 ROWS ONLY"
)


class Monitoring(Concern[MonitoringParameters]):
    """What MONITORING_MAINTENANCE needs of Oracle."""

    queries: ClassVar[tuple[str, ...]] = (
        "find_table_or_index", "measured_tables", "age_columns", "open_transactions", "facts_session",
    )  # fmt: skip
    optional_queries: ClassVar[frozenset[str]] = frozenset({"open_transactions"})
    rights: ClassVar[tuple[Right, ...]] = (
        *(Right(privilege, "measuring the size of tables") for privilege in _OF_SIZES),
        Right("SELECT ANY TABLE", "finding the newest rows of tables of other accounts", is_optional=True),
    )

    def missing_rights(self, session: Session, parameters: MonitoringParameters) -> list[MissingRight]:
        """Of sizes where sizes are asked for; what else cannot be seen is left out, which the notes say."""
        wanted = [right for right in self.rights if parameters.largest_mb and not right.is_optional]
        return rights.missing_rights(session, self.queries, wanted, optional=self.optional_queries)

    def assess(self, session: Session, parameters: MonitoringParameters, target_object: str) -> Assessment:
        asked = measures.limits(parameters)
        notes, unchecked = measures.notes(asked), list(measures.not_asked(asked))
        wanted = chosen(session, target_object)
        rows = session.rows(oracle_query("measured_tables"), wanted.table_binds)
        if wanted.name is not None and not rows:
            raise ObjectUnknown(f"{target_object} is no table that can be measured.")
        due = [_size(row, asked[TOO_LARGE]) for row in rows] if TOO_LARGE in asked else []
        if TOO_MANY_ROWS in asked:
            unknown = [row for row in rows if row["num_rows"] is None]
            notes += _without_statistics(len(unknown))
            unchecked += [(TOO_MANY_ROWS, _name(row)) for row in unknown]
            due += [_rows(row, asked[TOO_MANY_ROWS]) for row in rows if row["num_rows"] is not None]
        if STALE in asked:
            column = _column(parameters.age_column)
            types = _types(session, column, wanted)
            having = [row for row in rows if (row["owner"], row["table_name"]) in types]
            notes += measures.without_column(rows, having, parameters.age_column, target_object)
            unchecked += [(STALE, _name(row)) for row in rows if row not in having]
            due += [_age(row, column, types[row["owner"], row["table_name"]], asked[STALE]) for row in having]
        if LONG_TRANSACTION in asked:
            seen = _transactions(session, asked[LONG_TRANSACTION])
            due += seen.checks
            notes += seen.notes
            unchecked += seen.unchecked
        return Assessment(notes=tuple(notes), checks=tuple(due), unchecked=tuple(unchecked))

    def steps(self, findings: Sequence[Finding], parameters: MonitoringParameters) -> list[Step]:
        return measures.steps(findings, ())  # nothing of it waits for a lock

    def is_needed(self, session: Session, step: Step) -> Need:
        if step.check["finds"] == LONG_TRANSACTION:
            return Need(True)
        binds = {"owner": step.check["owner"], "table_name": step.check["table_name"]}
        is_there = bool(session.rows(oracle_query("measured_tables"), binds))
        return Need(is_there, "" if is_there else f"{step.object} is gone.")

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        return Verification(False, measures.CUT_OFF) if outcome is None else measures.judge(step, outcome.answers)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        return StateLeft(LeftBehind.CLEAN, measures.CLEAN)


def _name(row: Row) -> str:
    return shown(row["owner"], row["table_name"])


def _column(typed: str) -> str:
    """The name of a column as the dictionary holds it. Raises ObjectUnknown."""
    try:
        owner, column = read_name(typed.strip())
    except ObjectUnknown:
        owner, column = "", ""
    if owner is not None or not can_quote(column):
        raise ObjectUnknown(f"age_column: {typed} is no name of a column.")
    return column


def _types(session: Session, column: str, wanted: Chosen) -> dict[tuple[str, str], str]:
    """The type of the column, where it is a date or an instant, by owner and table that a statement can name."""
    rows = session.rows(oracle_query("age_columns"), {"column_name": column, **wanted.table_binds})
    return {
        (row["owner"], row["table_name"]): str(row["data_type"])
        for row in rows
        if str(row["data_type"]).startswith(("DATE", "TIMESTAMP")) and can_quote(row["owner"], row["table_name"])
    }


def _without_statistics(tables: int) -> list[str]:
    if not tables:
        return []
    what = "1 table has" if tables == 1 else f"{tables} tables have"
    return [f"{what} no statistics, so that the number of rows is not known; gather them first."]


def _transactions(session: Session, limit: float) -> Assessment:
    """The measure of the oldest transaction, where the account may see any."""
    try:
        session.rows(oracle_query("open_transactions"))
    except PlatformError as refusal:
        if not is_hidden(refusal.error):
            raise
        note = f"How long transactions are open cannot be seen ({refusal.error})."
        return Assessment(notes=(note,), unchecked=((LONG_TRANSACTION, ""),))
    facts = session.rows(oracle_query("facts_session"))[0]
    name = str(facts["container"] or facts["unique_name"])
    return Assessment(checks=(measures.due(LONG_TRANSACTION, name, "DATABASE", _OLDEST, limit),))


def _due(kind: str, row: Row, statement: str, limit: float, *, method: str = "", column: str = "") -> Finding:
    return measures.due(
        kind,
        _name(row),
        "TABLE",
        statement,
        limit,
        method=method,
        owner=row["owner"],
        table_name=row["table_name"],
        column=column,
    )


def _size(row: Row, limit: float) -> Finding:
    statement = _SIZE.format(owner=literal(row["owner"]), table=literal(row["table_name"]))
    return _due(TOO_LARGE, row, statement, limit)


def _rows(row: Row, limit: float) -> Finding:
    statement = _ROWS.format(owner=literal(row["owner"]), table=literal(row["table_name"]))
    return _due(TOO_MANY_ROWS, row, statement, limit, method=measures.ESTIMATED)


def _age(row: Row, column: str, data_type: str, limit: float) -> Finding:
    """What has no zone is compared with SYSDATE, the clock of the server in its own zone."""
    form = _AGE_IN_ZONES if "TIME ZONE" in data_type else _AGE
    statement = form.format(column=quoted(column), table=quoted(row["owner"], row["table_name"]))
    return _due(STALE, row, statement, limit, column=column)


CONCERN = Monitoring()
