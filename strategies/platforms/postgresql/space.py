"""SPACE_MAINTENANCE on PostgreSQL: vacuums by evidence, and rewrites of bloated tables where that is allowed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

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
from strategies.platforms.base import Concern, PlatformError, Row, Session
from strategies.platforms.postgresql import rights, table_findings
from strategies.platforms.postgresql.grants import maintain
from strategies.platforms.postgresql.names import chosen_oid, postgresql_query
from strategies.platforms.postgresql.table_findings import BLOATED, OLD_ROWS
from strategies.platforms.postgresql.table_space import bloated
from strategies.platforms.queries import Right
from strategies.routines.space_maintenance import SpaceParameters

_MB = 1_048_576
# How late the server's counters may show a VACUUM that has ended: 14 sends them on, later versions share them.
_FLUSH_SECONDS = 3.0


class Space(Concern[SpaceParameters]):
    """What SPACE_MAINTENANCE needs of PostgreSQL."""

    queries: ClassVar[tuple[str, ...]] = (
        "find_object", "table_space", "xmin_holders", "table_widths", "table_free_space_function", "table_free_space",
        "limit_statements",
    )  # fmt: skip

    rights: ClassVar[tuple[Right, ...]] = maintain("vacuuming")

    def missing_rights(self, session: Session, parameters: SpaceParameters) -> list[MissingRight]:
        return rights.missing(session, _rows(session), "vacuuming", "table")

    def assess(self, session: Session, parameters: SpaceParameters, target_object: str) -> Assessment:
        rows = _rows(session, only=chosen_oid(session, target_object))
        holders = session.rows(postgresql_query("xmin_holders"))
        found = (table_findings.vacuum_finding(row, holders, parameters) for row in rows)
        rewrites = bloated(session, rows, holders, parameters)
        findings = (*(finding for finding in found if finding is not None), *rewrites.findings)
        return Assessment(findings, rewrites.notes, unchecked=rewrites.unchecked)

    def steps(self, findings: Sequence[Finding], parameters: SpaceParameters) -> list[Step]:
        return table_findings.steps(findings, parameters)

    def is_needed(self, session: Session, step: Step) -> Need:
        state = _state(session, step)
        if state is None:
            return Need(False, "the table is gone.")
        if state["filenode"] != step.check["filenode"]:
            return Need(False, "it was written anew meanwhile.")
        # Whoever waits behind the server's own vacuum has it cancelled, and what it had done is lost.
        if state["held_by"]:
            raise PlatformError(TargetError(ErrorClass.LOCK, "55P03", f"{state['held_by']} is at work on it now"))
        why = _why_not_needed(state, step)
        return Need(not why, why)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        """A table that the account may not vacuum is skipped with no more than a warning: only the table itself tells."""
        heard = f" The server said: {' '.join(outcome.notices)}" if outcome is not None and outcome.notices else ""
        if step.check["kind"] == BLOATED:
            return _verify_rewrite(_state(session, step), step, heard)
        state = _after_flush(session, step)
        if state is None:
            return Verification(False, "The table is gone.")
        if step.check["kind"] == OLD_ROWS:
            return _verify_age(state, step, heard)
        return _verify_dead(session, state, step, outcome, heard)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        if step.check["kind"] == BLOATED:
            text = "A rewrite that does not end leaves the table as it was; the server removes the unfinished copy."
        else:
            text = "What the vacuum had done by then stays and is of use; the rest is left to the next one."
        return StateLeft(LeftBehind.CLEAN, text)


def _why_not_needed(state: Row, step: Step) -> str:
    if step.check["kind"] == OLD_ROWS:
        is_old = table_findings.is_near_freezing(state, step.check["freeze_percent"])
        return "" if is_old else "its rows were frozen meanwhile."
    if step.check["kind"] == BLOATED:
        wasted = max(0.0, state["size_bytes"] - _expected_bytes(state, step)) / _MB
        return "" if _is_worth_it(state, step) else f"a rewrite would give back no more than {wasted:,.1f} MB by now."
    return "it was vacuumed meanwhile." if _was_vacuumed(state, step) else ""


def _expected_bytes(state: Row, step: Step) -> float:
    """After a rewrite now: as it was planned, and as many times that as there are rows now for one that there was."""
    planned, rows = step.check["expected_bytes"], step.check["live_rows"]
    return float(planned * max(1.0, state["live_rows"] / rows) if rows else planned)


def _is_worth_it(state: Row, step: Step) -> bool:
    limits = {"percent": step.check["reclaim_percent"], "megabytes": step.check["reclaim_megabytes"]}
    return table_findings.is_worth_it(state["size_bytes"], _expected_bytes(state, step), **limits)


def _verify_rewrite(state: Row | None, step: Step, heard: str) -> Verification:
    if state is None:
        return Verification(False, "The table is gone.")
    evidence = {"size_bytes": state["size_bytes"]}
    if state["filenode"] == step.check["filenode"]:
        return Verification(False, f"The table was not written anew.{heard}", evidence)
    before, after = step.check["size_bytes"] / _MB, state["size_bytes"] / _MB
    if _is_worth_it(state, step):
        expected = _expected_bytes(state, step) / _MB
        words = (
            f"Written anew, but it takes {after:,.1f} MB where about {expected:,.1f} MB was expected: the estimate was wrong,"
            " or rows that others may still read were copied."
        )
        return Verification(False, words, evidence, objects_affected=0)
    return Verification(True, f"Written anew: {before:,.1f} MB before, {after:,.1f} MB now.", evidence)


def _verify_age(state: Row, step: Step, heard: str) -> Verification:
    percent = table_findings.age_percent(state)
    evidence = {"row_age": state["row_age"], "age_percent": round(percent, 1)}
    if table_findings.is_near_freezing(state, step.check["freeze_percent"]):
        return Verification(False, f"Its oldest rows are still at {percent:,.0f} % of the limit.{heard}", evidence)
    return Verification(True, f"Frozen: its oldest rows are at {percent:,.1f} % of the limit now.", evidence)


def _verify_dead(session: Session, state: Row, step: Step, outcome: Outcome | None, heard: str) -> Verification:
    """By what the vacuum itself says it had to leave, where it does: on a busy table further rows die at once."""
    evidence = {
        "dead_rows": state["dead_rows"], "size_bytes": state["size_bytes"],
        "vacuumed_at": table_findings.to_the_second(state["vacuumed_at"]),
    }  # fmt: skip
    if not _was_vacuumed(state, step):
        return Verification(False, f"The table was not vacuumed.{heard}", evidence)
    kept = table_findings.kept_rows(outcome.notices) if outcome is not None else None
    left = state["dead_rows"] if kept is None else kept
    limits = {"percent": step.check["dead_percent"], "rows": step.check["dead_rows"]}
    if not table_findings.passes({**state, "dead_rows": left}, **limits):
        return Verification(True, f"Vacuumed: {left:,} dead rows are left.", evidence)
    holders = session.rows(postgresql_query("xmin_holders"))
    holder = table_findings.holder_of(state, holders) if kept is None else next(iter(holders), None)
    why = f": {holder['holder']} may still read them" if holder is not None else ""
    return Verification(False, f"Vacuumed, but {left:,} dead rows could not be removed{why}.", evidence)


def _after_flush(session: Session, step: Step) -> Row | None:
    """The table as it is once the counters show the vacuum, or cannot be that late any more."""
    until = time.monotonic() + _FLUSH_SECONDS
    while (state := _state(session, step)) is not None and not _was_vacuumed(state, step) and time.monotonic() < until:
        time.sleep(0.1)
    return state


def _was_vacuumed(state: Row, step: Step) -> bool:
    """Since the step was planned. An instant that is gone says nothing: the server has lost its counters."""
    vacuumed_at = state["vacuumed_at"]
    return vacuumed_at is not None and table_findings.exact(vacuumed_at) != step.check["vacuumed_at"]


def _rows(
    session: Session, *, only: int | None = None, schema: str | None = None, name: str | None = None
) -> list[Row]:
    """All tables; that of one oid (its own, an index's, or the parent's of partitions); or the one of a name."""
    return session.rows(postgresql_query("table_space"), {"only": only, "schema": schema, "name": name})


def _state(session: Session, step: Step) -> Row | None:
    found = _rows(session, schema=step.check["schema_name"], name=step.check["table_name"])
    return found[0] if found else None


CONCERN = Space()
