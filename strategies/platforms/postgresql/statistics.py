"""STATISTICS_MAINTENANCE on PostgreSQL: tables without statistics, or changed a lot since they were gathered."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import LeftBehind, Locks, MissingRight, Need, Outcome, StateLeft, Step, Verification
from strategies.platforms.base import Concern, Row, Session
from strategies.platforms.postgresql import rights
from strategies.platforms.postgresql.grants import maintain
from strategies.platforms.postgresql.names import chosen_oid, postgresql_query, quoted
from strategies.platforms.queries import Right
from strategies.routines.statistics_maintenance import StatisticsParameters

MISSING, STALE = "missing_statistics", "stale_statistics"
# How late the server's counters may show an ANALYZE that has ended: 14 sends them on, later versions share them.
_FLUSH_SECONDS = 3.0


class Statistics(Concern[StatisticsParameters]):
    """What STATISTICS_MAINTENANCE needs of PostgreSQL."""

    queries: ClassVar[tuple[str, ...]] = ("find_object", "tables", "table_state")

    rights: ClassVar[tuple[Right, ...]] = maintain("gathering statistics")

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
        if _was_analysed_since(state, step):
            return Need(False, "it was analysed meanwhile.")
        return Need(True)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        """A table that the account may not analyse is skipped with no more than a warning: only the table itself tells."""
        until = time.monotonic() + _FLUSH_SECONDS
        while (state := _state(session, step)) is not None:
            evidence = {"analysed_at": _to_the_second(state["analysed_at"]), "changed_rows": state["changed_rows"]}
            if _was_analysed_since(state, step):
                return Verification(True, f"Analysed: about {_rows(state['known_rows'])}.", evidence)
            if time.monotonic() > until:
                heard = (
                    f" The server said: {' '.join(outcome.notices)}" if outcome is not None and outcome.notices else ""
                )
                return Verification(False, f"The table was not analysed.{heard}", evidence)
            time.sleep(0.1)
        return Verification(False, "The table is gone.")

    def state_left(self, session: Session, step: Step) -> StateLeft:
        return StateLeft(LeftBehind.CLEAN, "The statistics are as they were: ANALYZE writes all of them or none.")


def judge(row: Mapping[str, Any], parameters: StatisticsParameters) -> Finding | None:
    """The need of one table, if any. Pure."""
    rows = max(row["live_rows"] or 0, row["known_rows"], 0)
    if _was_never_analysed(row):
        has_content = rows >= parameters.minimum_rows or (rows == 0 and row["size_bytes"] > 0)
        return _missing(row, rows) if has_content and parameters.gather_missing else None
    if not parameters.gather_stale or rows < parameters.minimum_rows:
        return None
    changed = _changed(row)
    percent = 100 * changed / max(rows, 1)
    if changed < parameters.stale_rows or percent < parameters.stale_percent:
        return None
    return _stale(row, rows, changed, percent)


def _was_never_analysed(row: Mapping[str, Any]) -> bool:
    """As far as the account can tell. The counters may have been lost; statistics that it sees then say that there are some.

    Where it may not see them: -1 rows mean neither VACUUM nor ANALYZE. Other figures may come from a VACUUM or the build of
    an index; then the counters tell if they have seen all of the table come. (A parent's figure comes from ANALYZE alone.)
    """
    if row["analysed_at"] is not None or row["has_statistics"] is True:
        return False
    if row["has_statistics"] is False or row["known_rows"] < 0:
        return True
    return row["kind"] != "p" and bool(row["arrived_rows"] >= row["known_rows"] > 0)


def _changed(row: Mapping[str, Any]) -> int:
    """Changes are counted at partitions only; of their parent it is known how many rows it had and has."""
    if row["kind"] == "p":
        return int(abs((row["live_rows"] or 0) - row["known_rows"]))
    return int(row["changed_rows"])


def _missing(row: Mapping[str, Any], rows: float) -> Finding:
    has_none = (
        "has no statistics" if row["has_statistics"] is False else "was never analysed, as far as the account can see"
    )
    return _finding(row, MISSING, f"{row['object']} {has_none}: queries on it are planned by guesswork.", rows)


def _stale(row: Mapping[str, Any], rows: float, changed: int, percent: float) -> Finding:
    if row["kind"] == "p":
        words = f"its partitions hold {_rows(row['live_rows'] or 0)}, its statistics speak of {row['known_rows']:,.0f}."
    else:
        words = f"{changed:,} changes to its {_rows(rows)} ({percent:,.0f} %) {_since_when(row)}."
    return _finding(row, STALE, f"{row['object']}: {words}", rows)


def _rows(count: float) -> str:
    return f"{count:,.0f} {'row' if count == 1 else 'rows'}"


def _since_when(row: Mapping[str, Any]) -> str:
    if row["analysed_at"] is not None:
        return "since its statistics were gathered"
    unknown = (
        "how old its statistics are" if row["has_statistics"] else "whether it has statistics, and how old they are,"
    )
    return f"and no ANALYZE since the server began to count; {unknown} cannot be seen"


def _finding(row: Mapping[str, Any], kind: str, summary: str, rows: float) -> Finding:
    """`check` is the instant as the server gave it, which tells two ANALYZE within a second apart."""
    why_not = rights.why_not(row, "analyse this table", row["object"], others="the owner of the database")
    is_counted = rows > 0 or not row["size_bytes"]  # never counted, and not empty: then the figure would be untrue
    return Finding(
        kind=kind, object=row["object"], object_type="TABLE", severity=Severity.WARNING, summary=summary,
        advice=why_not or "Gather statistics.",
        evidence={
            **({"rows": int(rows)} if is_counted else {}), "changed_rows": _changed(row), "size_bytes": row["size_bytes"],
            "analysed_at": _to_the_second(row["analysed_at"]), "schema_name": row["schema_name"],
            "table_name": row["table_name"], "check": {"analysed_at": _exact(row["analysed_at"])}, "can_plan": not why_not,
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
        evidence={name: seen[name] for name in ("rows", "changed_rows", "size_bytes", "analysed_at") if name in seen},
        check={**seen["check"], "schema_name": seen["schema_name"], "table_name": seen["table_name"]},
    )  # fmt: skip


def _state(session: Session, step: Step) -> Row | None:
    names = {"schema": step.check["schema_name"], "name": step.check["table_name"]}
    found = session.rows(postgresql_query("table_state"), names)
    return found[0] if found else None


def _was_analysed_since(state: Row, step: Step) -> bool:
    """An instant that is gone says nothing: the server has lost its counters."""
    return state["analysed_at"] is not None and _exact(state["analysed_at"]) != step.check["analysed_at"]


def _exact(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _to_the_second(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


CONCERN = Statistics()
