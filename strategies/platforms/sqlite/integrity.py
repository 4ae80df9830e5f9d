"""INTEGRITY_VALIDATION on SQLite: its own check of each table with its indexes, of foreign keys, and of the whole file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from strategies.assessments import Assessment, Finding, Severity
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
from strategies.platforms.base import EVERYTHING, Concern, ObjectUnknown, PlatformError, Session
from strategies.platforms.sqlite import checks
from strategies.platforms.sqlite.catalogue import Table, chosen, find_table, read_tables, sqlite_query
from strategies.platforms.sqlite.errors import is_corruption, is_refusal_of_one_object, is_unreadable
from strategies.platforms.sqlite.names import display, filled, literal
from strategies.platforms.sqlite.table_check import can_check_alone
from strategies.routines.integrity_validation import IntegrityParameters

_IS_VIRTUAL = (
    "{} is a virtual table and is not checked by itself: what it keeps is read where the whole file is checked, and its own"
    " module tells whether that fits together."
)
_WHOLE_FILE = "1"  # to `PRAGMA integrity_check` a number is the most problems that it tells of, in all tables
_CUT_OFF = "The check was cut off, and what it found is not known; it has to be made again."


class Integrity(Concern[IntegrityParameters]):
    """What INTEGRITY_VALIDATION needs of SQLite."""

    queries: ClassVar[tuple[str, ...]] = (
        "facts", "tables", "indexes", "check_compiles", "references", "virtual_tables",
    )  # fmt: skip

    def missing_rights(self, session: Session, parameters: IntegrityParameters) -> list[MissingRight]:
        return []  # who could connect can read

    def assess(self, session: Session, parameters: IntegrityParameters, target_object: str) -> Assessment:
        name, is_all = Path(session.facts().database).name, target_object.strip().upper() in EVERYTHING
        file = session.rows(sqlite_query("facts"))[0]
        mode, hold = str(file["journal_mode"]), session.longest_hold_seconds
        if target_object.strip() == name:
            if why := _lacks(session, _WHOLE_FILE):
                return Assessment(notes=(f"{name} {why}.",), unchecked=((checks.FAILED, name),))
            return Assessment(checks=(checks.file_check(name, mode, hold),))
        tables = _tables(session, target_object)
        due, notes, unchecked = [], [], []
        for table in tables:
            if why := _why_not(session, table):
                notes.append(f"{display(table.name)} {why}.")
                unchecked.append((checks.FAILED, display(table.name)))
            else:
                due.append(checks.table_check(table.name, mode, hold))
        if is_all:
            notes += [_IS_VIRTUAL.format(display(row["name"])) for row in session.rows(sqlite_query("virtual_tables"))]
        having = {row["name"] for row in session.rows(sqlite_query("references"))}
        references = [checks.reference_check(table.name, mode, hold) for table in tables if table.name in having]
        whole = [checks.file_check(name, mode, hold)] if is_all else []
        lacks = _lacks(session, _WHOLE_FILE) if is_all and parameters.whole_file else ""
        notes += [f"{name} {lacks}."] if lacks else []
        for is_due, found in ((parameters.check_references, references), (parameters.whole_file and not lacks, whole)):
            if is_due:
                due += found
            else:
                unchecked += [(check.kind, check.object) for check in found]
        return Assessment(notes=tuple(notes), checks=tuple(due), unchecked=tuple(unchecked))

    def steps(self, findings: Sequence[Finding], parameters: IntegrityParameters) -> list[Step]:
        return checks.steps(findings, parameters)

    def is_needed(self, session: Session, step: Step) -> Need:
        table = step.check["table"]
        if table is None or find_table(session, table) is not None:
            return Need(True)
        return Need(False, f"{step.object} no longer exists.")

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        if outcome is None:
            return Verification(False, _CUT_OFF)
        return checks.judge(step, outcome.answers)

    def explain(self, step: Step, error: TargetError) -> Verification | None:
        if checks.cannot_hold(step, error):
            words = f"The foreign keys of {step.object} cannot be checked: {error.message}."
            return checks.found(step, Severity.WARNING, words, [error.message], checks.MISMATCH)
        if not (is_corruption(error) or is_unreadable(error)):
            return None
        words = f"{step.object} is damaged: the check itself stopped ({error.message})."
        told = checks.found(step, Severity.CRITICAL, words, [error.message])
        return replace(told, error=TargetError(ErrorClass.PERMANENT, error.code, words))

    def state_left(self, session: Session, step: Step) -> StateLeft:
        return StateLeft(LeftBehind.CLEAN, "A check changes nothing, and leaves nothing behind.")


def _tables(session: Session, target_object: str) -> tuple[Table, ...]:
    """Those that are meant, an index standing for its table; the ones with the most indexes first. Raises ObjectUnknown."""
    tables = read_tables(session)
    try:
        names = [table.name for table in chosen(tables, target_object)]
    except ObjectUnknown:
        text = f"{target_object} is neither a table nor an index of this file; its own name checks the whole file."
        raise ObjectUnknown(text) from None
    return tuple(sorted((table for table in tables if table.name in names), key=lambda table: -len(table.indexes)))


def _why_not(session: Session, table: Table) -> str:
    """Part of a sentence: its name, or what its check lacks here."""
    if not can_check_alone(table.name):
        return "is not checked by itself: SQLite takes such a name for a number"
    return _lacks(session, literal(table.name))


def _lacks(session: Session, of: str) -> str:
    """Part of a sentence on what the program that owns the file has and SQLite here has not: a function, a collation."""
    try:
        session.rows(filled(sqlite_query("check_compiles"), table=of))
    except PlatformError as refusal:
        if not is_refusal_of_one_object(refusal.error):
            raise
        return f"cannot be checked from here: {refusal.error.message}"
    return ""


CONCERN = Integrity()
