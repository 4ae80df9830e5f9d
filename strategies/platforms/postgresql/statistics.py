"""STATISTICS_MAINTENANCE on PostgreSQL: tables without statistics, or changed a lot since they were gathered."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from strategies.plans import (
    Assessment,
    Finding,
    LeftBehind,
    Locks,
    MissingRight,
    Need,
    Outcome,
    Severity,
    StateLeft,
    Step,
    Verification,
)
from strategies.platforms.base import Concern, Row, Session
from strategies.platforms.postgresql import rights
from strategies.platforms.postgresql.names import chosen_oid, postgresql_query, quoted
from strategies.routines.statistics_maintenance import StatisticsParameters

MISSING, STALE = "missing_statistics", "stale_statistics"
_FLUSH_SECONDS = (
    3.0  # how late the server's counters may show an ANALYZE that has ended (14 sends them on, later ones share them)
)


class Statistics(Concern[StatisticsParameters]):
    """What STATISTICS_MAINTENANCE needs of PostgreSQL."""

    queries: ClassVar[tuple[str, ...]] = ("find_object", "tables", "table_state")

    def missing_rights(self, session: Session, parameters: StatisticsParameters) -> list[MissingRight]:
        rows = session.rows(postgresql_query("tables"), {"only": None})
        return rights.missing(session, rows, "gathering statistics", "table")

    def assess(self, session: Session, parameters: StatisticsParameters, target_object: str) -> Assessment:
        only = chosen_oid(session, target_object)
        rows = session.rows(postgresql_query("tables"), {"only": only})
        return Assessment(tuple(finding for row in rows if (finding := judge(row, parameters)) is not None))

    def steps(self, findings: Sequence[Finding], parameters: StatisticsParameters) -> list[Step]:
        return [analyse(finding, parameters) for finding in findings if finding.evidence["can_plan"]]

    def is_needed(self, session: Session, step: Step) -> Need:
        state = _state(session, step)
        if state is None:
            return Need(False, "the table is gone.")
        if _text(state["analysed_at"]) != step.check["analysed_at"]:
            return Need(False, f"it was analysed meanwhile, at {_text(state['analysed_at'])}.")
        return Need(True)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        """A table that the account may not analyse is skipped with no more than a warning: only the table itself tells."""
        until = time.monotonic() + _FLUSH_SECONDS
        while (state := _state(session, step)) is not None:
            evidence = {"analysed_at": _text(state["analysed_at"]), "changed_rows": state["changed_rows"]}
            if evidence["analysed_at"] != step.check["analysed_at"]:
                rows = f"{state['known_rows']:,.0f}"
                return Verification(True, f"Analysed at {evidence['analysed_at']}, about {rows} rows.", evidence)
            if time.monotonic() > until:
                heard = (
                    f" The server said: {'; '.join(outcome.notices)}" if outcome is not None and outcome.notices else ""
                )
                return Verification(False, f"The table was not analysed.{heard}", evidence)
            time.sleep(0.1)
        return Verification(False, "The table is gone.")

    def state_left(self, session: Session, step: Step) -> StateLeft:
        return StateLeft(LeftBehind.CLEAN, "The statistics are as they were: ANALYZE writes all of them or none.")


def judge(row: Mapping[str, Any], parameters: StatisticsParameters) -> Finding | None:
    """The need of one table, if any. Pure."""
    rows, known, changed = max(row["live_rows"] or 0, 0), row["known_rows"], row["changed_rows"]
    if row["kind"] == "p":  # changes are counted at the partitions; the parent's own figures only tell its rows
        changed = abs(rows - known) if known >= 0 else 0
    if _is_missing(row) and parameters.gather_missing:
        has_content = rows >= parameters.minimum_rows or (rows == 0 and row["size_bytes"] > 0)
        summary = f"{row['object']} has no statistics: queries on it are planned by guesswork."
        return _finding(row, MISSING, summary, rows, changed) if has_content else None
    base = max(known, rows, 1)
    percent = 100 * changed / base
    if not parameters.gather_stale or base < parameters.minimum_rows or changed < parameters.stale_rows:
        return None
    if percent < parameters.stale_percent:
        return None
    summary = f"{changed:,.0f} rows of {row['object']} ({percent:.0f} %) changed since its statistics were gathered."
    return _finding(row, STALE, summary, rows, changed)


def _is_missing(row: Mapping[str, Any]) -> bool:
    """Never analysed as far as is known. The counters may have been reset; visible statistics then say that there are some."""
    return row["analysed_at"] is None and row["has_statistics"] is not True and (
        row["known_rows"] < 0 or row["has_statistics"] is False
    )  # fmt: skip


def _finding(row: Mapping[str, Any], kind: str, summary: str, rows: float, changed: float) -> Finding:
    may = bool(row["may_maintain"] and row["may_use_schema"])
    return Finding(
        kind=kind, object=row["object"], object_type="TABLE", severity=Severity.WARNING, summary=summary,
        advice="Gather statistics." if may else "The account may not analyse this table; its owner grants the right.",
        evidence={
            "rows": int(rows), "changed_rows": int(changed), "size_bytes": row["size_bytes"],
            "analysed_at": _text(row["analysed_at"]), "schema_name": row["schema_name"], "table_name": row["table_name"],
            "can_plan": may,
        },
    )  # fmt: skip


def analyse(finding: Finding, parameters: StatisticsParameters) -> Step:
    """The statement for one finding. Pure."""
    seen = finding.evidence
    return Step(
        key=f"analyze:{finding.object}", operation_type="ANALYZE", object=finding.object, object_type="TABLE",
        settings=(f"SET lock_timeout = '{parameters.lock_wait_seconds}s'", "SET statement_timeout = 0"),
        statements=(f"ANALYZE (VERBOSE) {quoted(seen['schema_name'], seen['table_name'])}",), locks=Locks.DDL,
        reason=finding.summary, undo_note="Not reversible: PostgreSQL keeps no earlier statistics; gather them again.",
        evidence={name: seen[name] for name in ("rows", "changed_rows", "size_bytes", "analysed_at")},
        check={name: seen[name] for name in ("schema_name", "table_name", "analysed_at")},
    )  # fmt: skip


def _state(session: Session, step: Step) -> Row | None:
    names = {"schema": step.check["schema_name"], "name": step.check["table_name"]}
    found = session.rows(postgresql_query("table_state"), names)
    return found[0] if found else None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(sep=" ")


CONCERN = Statistics()
