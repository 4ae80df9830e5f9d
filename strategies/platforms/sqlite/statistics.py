"""STATISTICS_MAINTENANCE on SQLite: tables whose statistics are missing or no longer match their number of rows.

SQLite counts no changes. All it offers for comparison is the number of rows, so updates that leave the number alone cannot
be seen, and are not guessed at. Connections that are already open keep their old plans until they are opened again.
"""

# ruff: noqa: S608 (every name and value below passes through names.py, and these statements are shown before they run)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import LeftBehind, Locks, MissingRight, Need, Outcome, StateLeft, Step, Verification
from strategies.platforms.base import Concern, PlatformError, Session
from strategies.platforms.sqlite.catalogue import (
    Table,
    chosen,
    find_table,
    missing_write_access,
    read_tables,
    sqlite_query,
)
from strategies.platforms.sqlite.errors import is_refusal_of_one_object
from strategies.platforms.sqlite.names import display, filled, literal, qualified
from strategies.platforms.sqlite.recorded import (
    Recorded,
    Situation,
    look_at,
    read_recorded,
    read_samples,
    restoring,
    statistics_tables,
)
from strategies.routines.statistics_maintenance import StatisticsParameters

MISSING = "missing_statistics"
STALE = "stale_statistics"


class Statistics(Concern[StatisticsParameters]):
    """What STATISTICS_MAINTENANCE needs of SQLite."""

    queries: ClassVar[tuple[str, ...]] = (
        "facts", "tables", "indexes", "statistics_tables", "recorded_statistics", "recorded_samples", "recorded_rows",
        "table_rows", "dbstat_probe", "index_entries", "analyze_compiles",
    )  # fmt: skip

    def missing_rights(self, session: Session, parameters: StatisticsParameters) -> list[MissingRight]:
        return missing_write_access(session, "writing statistics")

    def assess(self, session: Session, parameters: StatisticsParameters, target_object: str) -> Assessment:
        tables = read_tables(session)
        whole = {table.name: table for table in tables}
        recorded = read_recorded(session)
        findings, notes = [], []
        for wanted in chosen(tables, target_object):
            table = whole[wanted.name]
            try:
                situation = look_at(session, table, recorded)
                kind = need(situation, parameters)
                if kind is None:
                    continue
                session.rows(filled(sqlite_query("analyze_compiles"), table=qualified(table.name)))
            except PlatformError as refusal:
                if not is_refusal_of_one_object(refusal.error):
                    raise
                notes.append(f"{display(table.name)} cannot be analysed: {refusal.error.message}.")
                continue
            findings.append(finding_of(kind, situation, table, _previous(session, table, recorded)))
        return Assessment(tuple(findings), tuple(notes))

    def steps(self, findings: Sequence[Finding], parameters: StatisticsParameters) -> list[Step]:
        return [_gather(finding, parameters) for finding in findings]

    def is_needed(self, session: Session, step: Step) -> Need:
        table = find_table(session, step.check["table"])
        if table is None:
            return Need(False, f"{step.object} no longer exists.")
        if step.is_reversal:
            is_back = self.verify_undo(session, step).ok
            return Need(
                not is_back, f"The statistics of {step.object} are those from before already." if is_back else ""
            )
        if _still_needs(look_at(session, table, read_recorded(session, table.name)), step):
            return Need(True)
        return Need(False, f"The statistics of {step.object} match its rows by now.")

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        table = find_table(session, step.check["table"])
        if table is None:
            return Verification(False, f"{step.object} no longer exists.", objects_affected=0)
        recorded = read_recorded(session, table.name)
        situation = look_at(session, table, recorded)
        is_unchanged = _rows_of(recorded, table.name) == step.evidence["previous"]["statistics"]
        return judge_result(situation, step, is_unchanged=is_unchanged)

    def verify_undo(self, session: Session, step: Step) -> Verification:
        table, previous = step.check["table"], step.evidence["previous"]
        is_back = (
            _rows_of(read_recorded(session, table), table) == previous["statistics"]
            and read_samples(session, table) == (previous["samples"] or [])
        )  # fmt: skip
        if is_back:
            return Verification(True, f"The statistics of {step.object} are as they were before.")
        return Verification(False, f"The statistics of {step.object} are not those from before.", objects_affected=0)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        table = step.check["table"]
        is_unchanged = _rows_of(read_recorded(session, table), table) == step.evidence["previous"]["statistics"]
        state = "are those from before" if is_unchanged else "are complete, though not those from before"
        return StateLeft(
            LeftBehind.CLEAN,
            f"SQLite writes statistics in one transaction: those of {step.object} {state}, and there is nothing to clean up.",
        )


def need(situation: Situation, parameters: StatisticsParameters) -> str | None:
    """The kind of need, if there is one. Pure."""
    if situation.rows < parameters.minimum_rows:
        return None
    if situation.is_missing and parameters.gather_missing:
        return MISSING
    is_stale = situation.is_stale(rows=parameters.stale_rows, percent=parameters.stale_percent)
    return STALE if is_stale and parameters.gather_stale else None


def finding_of(kind: str, situation: Situation, table: Table, previous: dict[str, Any]) -> Finding:
    """The finding with its figures, and with what an undo needs. Pure."""
    return Finding(
        kind=kind,
        object=display(table.name),
        object_type="TABLE",
        severity=Severity.WARNING,
        summary=_summary(kind, situation),
        advice="Gather statistics. Connections that are open keep their plans until they are opened again.",
        evidence={
            "table": table.name,
            "rows": situation.rows,
            "recorded_rows": situation.recorded_rows,
            "indexes_without_statistics": list(situation.unrecorded),
            "full_indexes": [index.name for index in table.indexes if not index.is_partial],
            "compared": "numbers of rows; SQLite keeps no count of changes",
            "previous": previous,
        },
    )


def judge_result(situation: Situation, step: Step, *, is_unchanged: bool) -> Verification:
    """Whether the statistics are what the step was to bring. Pure.

    Rows may have changed since, so a new difference is no failure; statistics that are still the old ones are.
    """
    evidence = {"rows": situation.rows, "recorded_rows": situation.recorded_rows}
    if situation.is_missing:
        missing = ", ".join(map(display, situation.unrecorded)) or step.object
        return Verification(False, f"There are still no statistics for {missing}.", evidence, objects_affected=0)
    if is_unchanged and _still_needs(situation, step):
        message = (
            f"The statistics of {step.object} are still the old ones: {_rows(situation.recorded_rows or 0)} recorded."
        )
        return Verification(False, message, evidence, objects_affected=0)
    recorded = situation.recorded_rows or 0
    changed = f", {situation.rows:,} are there now" if recorded != situation.rows else ""
    return Verification(True, f"Statistics of {step.object} gathered: {_rows(recorded)} recorded{changed}.", evidence)


def _summary(kind: str, situation: Situation) -> str:
    if kind == STALE:
        return (
            f"{_rows(situation.recorded_rows or 0)} recorded, {situation.rows:,} there now: "
            f"a change of {situation.changed_rows:,} ({situation.changed_percent:.0f} %)."
        )
    if situation.recorded_rows is None:
        return f"{_rows(situation.rows)}, and statistics were never gathered."
    return f"No statistics for {', '.join(map(display, situation.unrecorded))} ({_rows(situation.rows)})."


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _gather(finding: Finding, parameters: StatisticsParameters) -> Step:
    table = finding.evidence["table"]
    statements = [f"ANALYZE {qualified(table)}"]
    if parameters.analysis_limit:
        statements.append(_exact_count(table, finding.evidence["full_indexes"]))
    return Step(
        key=f"analyze:{finding.object}",
        operation_type="ANALYZE",
        object=finding.object,
        object_type="TABLE",
        statements=tuple(statements),
        settings=(
            f"PRAGMA busy_timeout = {parameters.lock_wait_seconds * 1000}",
            f"PRAGMA analysis_limit = {parameters.analysis_limit}",
        ),
        begin="BEGIN IMMEDIATE",
        reason=finding.summary,
        locks=Locks.WRITES,
        undo=restoring(table, finding.evidence["previous"]),
        evidence=finding.evidence,
        check={
            "kind": finding.kind,
            "table": table,
            "stale_rows": parameters.stale_rows,
            "stale_percent": parameters.stale_percent,
            "rows_query": "recorded_rows",
        },
    )


def _exact_count(table: str, full_indexes: Sequence[str]) -> str:
    """Puts the true number of rows in place of the one that ANALYZE guesses when `analysis_limit` stops it early.

    The guess multiplies the entries of the pages on the way to the first leaf (measured: 174,150 for 200,000 rows), and
    would look stale at the next assessment.
    """
    names = ", ".join(literal(name) for name in (table, *full_indexes))
    return (
        f"UPDATE {qualified('sqlite_stat1')} "
        f"SET stat = (SELECT count(*) FROM {qualified(table)}) || substr(stat, instr(stat || ' ', ' ')) "
        f"WHERE tbl = {literal(table)} AND (idx IS NULL OR idx IN ({names}))"
    )


def _still_needs(situation: Situation, step: Step) -> bool:
    is_stale = situation.is_stale(rows=step.check["stale_rows"], percent=step.check["stale_percent"])
    return situation.is_missing or is_stale


def _previous(session: Session, table: Table, recorded: Mapping[str, Sequence[Recorded]]) -> dict[str, Any]:
    """What is recorded now, as JSON can hold it; `samples` is None where the file has no sqlite_stat4."""
    has_samples = "sqlite_stat4" in statistics_tables(session)
    return {
        "statistics": _rows_of(recorded, table.name),
        "samples": read_samples(session, table.name) if has_samples else None,
    }


def _rows_of(recorded: Mapping[str, Sequence[Recorded]], table: str) -> list[list[str | None]]:
    return [[record.index, record.stat] for record in recorded.get(table, ())]


CONCERN = Statistics()
