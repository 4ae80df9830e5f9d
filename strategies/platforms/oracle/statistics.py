"""STATISTICS_MAINTENANCE on Oracle: tables without statistics or changed a lot since, gathered with their own preferences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from strategies.platforms.base import Concern, ObjectUnknown, PlatformError, Row, Session
from strategies.platforms.oracle import rights, statistics_findings, statistics_statements, system_statistics
from strategies.platforms.oracle.chosen import Chosen, chosen
from strategies.platforms.oracle.errors import is_hidden
from strategies.platforms.oracle.names import oracle_query
from strategies.platforms.oracle.reach import Reach, softened
from strategies.platforms.oracle.statistics_findings import Clock
from strategies.platforms.queries import Right
from strategies.routines.statistics_maintenance import StatisticsParameters

Part = tuple[str, str | None]  # TABLE, PARTITION or SUBPARTITION, and the name of a part
_ANY = "ANALYZE ANY"
_WHOLE: Part = ("DICTIONARY", None)
_FLUSH = Step(
    key="flush", operation_type="ANALYZE", object="counters of changes", object_type="DATABASE",
    statements=(statistics_statements.FLUSH,), reason="The counters of changes lie in memory until they are written down.",
    undo_note="Nothing to undo: the database writes them down by itself, later.",
)  # fmt: skip


class Statistics(Concern[StatisticsParameters]):
    """What STATISTICS_MAINTENANCE needs of Oracle."""

    queries: ClassVar[tuple[str, ...]] = (
        "find_table_or_index", "table_statistics", "statistics_preferences", "statistics_clock", "automatic_statistics",
        "dictionary_statistics", "fixed_statistics", "facts_session", "system_privileges", "own_tables",
    )  # fmt: skip
    optional_queries: ClassVar[frozenset[str]] = frozenset({"automatic_statistics"})

    rights: ClassVar[tuple[Right, ...]] = (
        Right(_ANY, "gathering and restoring statistics of tables of other accounts, and having changes counted"),
        Right(
            "ANALYZE ANY DICTIONARY",
            "gathering statistics of the data dictionary and of fixed objects",
            is_optional=True,
        ),
    )

    def missing_rights(self, session: Session, parameters: StatisticsParameters) -> list[MissingRight]:
        """Oracle's own tables ask for a right of their own where they are to be gathered; the dictionary asks for both."""
        of_tables, of_system = self.rights
        wanted = [of_tables] if parameters.gather_dictionary else softened(session, [of_tables])
        if parameters.gather_dictionary or parameters.gather_fixed:
            wanted.append(replace(of_system, is_optional=False))
        return rights.missing_rights(session, self.queries, wanted, optional=self.optional_queries)

    def assess(self, session: Session, parameters: StatisticsParameters, target_object: str) -> Assessment:
        """The clock is read after the tables: what somebody gathers in between is seen before a step begins."""
        wanted = chosen(session, target_object)
        if wanted.name is not None and not wanted.is_table:
            raise ObjectUnknown(f"{target_object} is an index: statistics are gathered by table.")
        notes = [*_flush(session), *_automatic(session)]
        rows = session.rows(oracle_query("table_statistics"), {**wanted.table_binds, "everything": 0})
        own = session.rows(oracle_query("statistics_preferences"), wanted.table_binds)
        clock = Clock.of(session.rows(oracle_query("statistics_clock"))[0])
        seen = statistics_findings.judge(rows, statistics_findings.preferences_of(own, clock), parameters, clock)
        reach = Reach.ask(session, _ANY)
        tables = (reach.judged(finding) for finding in seen.findings)
        return Assessment((*tables, *_system(session, wanted, parameters, clock)), (*notes, *seen.notes))

    def steps(self, findings: Sequence[Finding], parameters: StatisticsParameters) -> list[Step]:
        tables = [finding for finding in findings if finding.kind not in system_statistics.QUERIES]
        system = [finding for finding in findings if finding.kind in system_statistics.QUERIES]
        return [*statistics_findings.steps(tables), *system_statistics.steps(system)]

    def is_needed(self, session: Session, step: Step) -> Need:
        now, before = _gathered(session, step), _before(step)
        if now is None:
            return Need(False, "the table is gone.")
        if step.is_reversal:
            if _is_as_before(now, before):
                return Need(False, "the statistics are those from before already.")
            _ask_for_history(session, step)
            return Need(True)
        if now.keys() != before.keys():
            return Need(False, "parts that it names are gone: the next look plans for those that are there.")
        if any(now[part] == last_analyzed for part, last_analyzed in before.items()):
            return Need(True)
        return Need(False, "statistics were gathered meanwhile.")

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        rows = _rows(session, step)
        if not rows:
            return Verification(False, "The table is gone.", objects_affected=0)
        return judge_result(rows, step)

    def verify_undo(self, session: Session, step: Step) -> Verification:
        now = _gathered(session, step)
        if now is None:
            return Verification(False, "The table is gone.", objects_affected=0)
        evidence = {"last_analyzed": max((at for at in now.values() if at is not None), default=None)}
        if _is_as_before(now, _before(step)):
            return Verification(True, "The statistics are those from before the run.", evidence)
        return Verification(False, "The statistics are not those from before the run.", evidence, objects_affected=0)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        now, before = _gathered(session, step) or {}, _before(step)
        changed = sum(1 for part, last_analyzed in now.items() if before[part] != last_analyzed)
        words = (
            "The statistics are as they were." if not changed else f"{changed} of {len(now)} parts have new statistics."
        )
        return StateLeft(LeftBehind.CLEAN, f"{words} Each call of DBMS_STATS writes all figures of its part or none.")


def judge_result(rows: Sequence[Row], step: Step) -> Verification:
    """Whether each part that was to be gathered has newer statistics that the database itself does not call stale.

    Parts that are gone meanwhile, as partitions are by rotation, are no failure. Pure.
    """
    now = {_part(row): row for row in rows}
    before = {part: last_analyzed for part, last_analyzed in _before(step).items() if part in now}
    if not before:
        return Verification(False, "Every part that was to be gathered is gone.", objects_affected=0)
    newest = max((row["last_analyzed"] for row in now.values() if row["last_analyzed"] is not None), default=None)
    evidence = {"last_analyzed": newest, "parts": len(before)}
    old = [part for part, last_analyzed in before.items() if not _is_newer(now[part], last_analyzed)]
    if old:
        which = f"{len(old)} of its {len(before)} parts were" if len(before) > 1 else "It was"
        return Verification(
            False, f"{which} not gathered: the dictionary shows the old figures.", evidence, len(before) - len(old)
        )
    stale = [part for part in before if now[part].get("stale_stats") == "YES"]
    if stale:
        words = "Gathered, and stale again by the database's own count."
        return Verification(False, words, evidence, len(before) - len(stale))
    rows_said = now[next(iter(before))].get("num_rows")
    words = "" if rows_said is None else f": {int(rows_said):,} {'row' if int(rows_said) == 1 else 'rows'}"
    return Verification(True, f"Gathered{words}.", evidence, len(before))


def _is_newer(row: Row, before: str | None) -> bool:
    """Both are texts of the database's clock, year first, so that the later one is the greater one."""
    return row["last_analyzed"] is not None and (before is None or row["last_analyzed"] > before)


def _part(row: Mapping[str, Any]) -> Part:
    return row["part_level"], row["part_name"]


def _before(step: Step) -> dict[Part, str | None]:
    """When each part of the step was last gathered before it; of Oracle's own tables the newest of all."""
    if "kind" in step.check:
        return {_WHOLE: step.check["last_analyzed"]}
    return {(part["level"], part["name"]): part["last_analyzed"] for part in step.check["parts"]}


def _rows(session: Session, step: Step) -> list[Row]:
    """The rows of what the step gathers, keyed as `_before` is."""
    if "kind" in step.check:
        row = session.rows(oracle_query(system_statistics.QUERIES[step.check["kind"]]))[0]
        return [{**row, "part_level": _WHOLE[0], "part_name": _WHOLE[1]}]
    binds = {"owner": step.check["owner"], "table_name": step.check["table_name"], "everything": 1}
    return statistics_findings.distinct(session.rows(oracle_query("table_statistics"), binds))


def _gathered(session: Session, step: Step) -> dict[Part, str | None] | None:
    """When those parts of the step that are still there were last gathered, as the dictionary says; None = the table is gone."""
    rows, before = _rows(session, step), _before(step)
    if not rows:
        return None
    return {_part(row): row["last_analyzed"] for row in rows if _part(row) in before}


def _is_as_before(now: Mapping[Part, str | None], before: Mapping[Part, str | None]) -> bool:
    """Of parts that are gone there is nothing to bring back."""
    return all(before[part] == last_analyzed for part, last_analyzed in now.items())


def _flush(session: Session) -> list[str]:
    """Have the database write down its counters of changes, which lie in memory. Where it refuses, they lag, and that is said."""
    error = session.execute(_FLUSH).error
    if error is None:
        return []
    if error.error_class is not ErrorClass.PERMANENT:
        raise PlatformError(error)
    return [
        f"Changes of the last hours may not be counted: the account may not have the counters written down ({error})."
    ]


def _automatic(session: Session) -> list[str]:
    """What Oracle does by itself, so that nobody wonders why little, or the same, is found."""
    try:
        rows = session.rows(oracle_query("automatic_statistics"))
    except PlatformError as refusal:
        if not is_hidden(refusal.error):
            raise
        return [f"Whether Oracle gathers statistics by itself cannot be seen ({refusal.error})."]
    return [automatic_words(rows[0] if rows else None)]


def automatic_words(row: Row | None) -> str:
    """A sentence on the automatic statistics job. Pure."""
    if row is None or row["status"] != "ENABLED" or not row["windows"]:
        return (
            "Oracle's own statistics job is off on this database: nothing is gathered but by this strategy or by hand."
        )
    if row["open_windows"]:
        return "Oracle's own statistics job is on, and one of its windows is open now: it may be gathering the same tables."
    if row["next_utc"] is None:
        return (
            "Oracle's own statistics job is on; when its next window opens is not known: found here is what it missed."
        )
    return f"Oracle's own statistics job is on, its next window opens at {row['next_utc']} UTC: found here is what it missed."


def _system(session: Session, wanted: Chosen, parameters: StatisticsParameters, clock: Clock) -> list[Finding]:
    if wanted.name is not None:
        return []
    asked = {
        system_statistics.DICTIONARY: parameters.gather_dictionary,
        system_statistics.FIXED: parameters.gather_fixed,
    }
    findings = []
    for kind in (kind for kind, is_asked in asked.items() if is_asked):
        row = session.rows(oracle_query(system_statistics.QUERIES[kind]))[0]
        if (finding := system_statistics.judge(kind, row, parameters.system_days, clock)) is not None:
            findings.append(finding)
    return findings


def _ask_for_history(session: Session, step: Step) -> None:
    """Raises PlatformError where the history no longer reaches back to the instant that the undo restores."""
    clock = Clock.of(session.rows(oracle_query("statistics_clock"))[0])
    had_none = all(last_analyzed is None for last_analyzed in _before(step).values())
    if had_none or clock.restorable_from_utc is None or clock.restorable_from_utc <= step.check["as_of_utc"]:
        return
    why = (
        f"The database keeps earlier statistics from {clock.restorable_from_utc} UTC on, and the run began before that."
    )
    raise PlatformError(TargetError(ErrorClass.PERMANENT, "history_gone", why))


CONCERN = Statistics()
