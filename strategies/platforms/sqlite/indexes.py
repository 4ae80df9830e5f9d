"""INDEX_MAINTENANCE on SQLite: indexes that fail SQLite's own check, and indexes far larger than their entries need.

SQLite runs REINDEX as one transaction: nobody ever sees a half-built index, and a stopped rebuild leaves nothing to remove,
so `remove_leftovers` has nothing to do here. A rebuild returns pages to the file's free list; the file itself keeps its size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import (
    ErrorClass,
    LeftBehind,
    Locks,
    MissingRight,
    Need,
    Outcome,
    StateLeft,
    Step,
    TargetError,
    Verification,
)
from strategies.platforms.base import Concern, PlatformError, Session
from strategies.platforms.sqlite.bloat import MEGABYTE, IndexPages
from strategies.platforms.sqlite.catalogue import (
    Index,
    Table,
    chosen,
    find_table,
    has_dbstat,
    missing_write_access,
    read_tables,
    sqlite_query,
)
from strategies.platforms.sqlite.errors import is_corruption, is_refusal_of_one_object
from strategies.platforms.sqlite.index_findings import (
    BLOATED,
    CORRUPT,
    DAMAGED_PAGES,
    MENDED_BY_REBUILD,
    judge_check,
    judge_pages,
)
from strategies.platforms.sqlite.names import display, qualified
from strategies.platforms.sqlite.table_check import TableCheck, check_table, duplicates_query, has_duplicates
from strategies.routines.index_maintenance import IndexParameters

_NO_DBSTAT = "Bloat cannot be told: this SQLite is built without dbstat, or a table of that name hides it."


class Indexes(Concern[IndexParameters]):
    """What INDEX_MAINTENANCE needs of SQLite."""

    queries: ClassVar[tuple[str, ...]] = (
        "facts", "tables", "indexes", "integrity_of_table", "integrity_of_file", "index_columns", "duplicate_keys",
        "dbstat_probe", "index_pages", "index_entries",
    )  # fmt: skip

    def missing_rights(self, session: Session, parameters: IndexParameters) -> list[MissingRight]:
        return missing_write_access(session, "rebuilding indexes")

    def assess(self, session: Session, parameters: IndexParameters, target_object: str) -> Assessment:
        tables = read_tables(session)
        wanted = chosen(tables, target_object)
        file = session.rows(sqlite_query("facts"))[0]
        findings: list[Finding] = []
        notes: list[str] = []
        if parameters.repair_invalid:
            whole = {table.name: table for table in tables}
            for table in wanted:
                seen = _assess_damage(session, whole[table.name], table.indexes, file["journal_mode"])
                findings += seen.findings
                notes += seen.notes
        is_large_enough = file["page_count"] * file["page_size"] >= parameters.bloat_megabytes * MEGABYTE
        if parameters.rebuild_bloated and is_large_enough:
            seen = _assess_bloat(session, _untouched(wanted, findings), parameters, file["journal_mode"])
            findings += seen.findings
            notes += seen.notes
        return Assessment(tuple(findings), tuple(notes))

    def steps(self, findings: Sequence[Finding], parameters: IndexParameters) -> list[Step]:
        return [_rebuild(finding, parameters) for finding in findings if finding.kind in MENDED_BY_REBUILD]

    def is_needed(self, session: Session, step: Step) -> Need:
        table = _table_with_index(session, step)
        if table is None:
            return Need(False, f"{step.object} no longer exists.")
        if step.check["kind"] == BLOATED:
            pages = _pages(session, step.check["index"])
            return Need(True) if _is_still_bloated(pages, step) else Need(False, f"{step.object} is no longer bloated.")
        check = check_table(session, table)
        if check.in_pages:  # not "no longer needed", which would count as good: the step must fail without being sent
            damage = check.in_pages[0].splitlines()[-1]
            message = f"the file is damaged beyond {step.object} ({damage}); a rebuild could make it worse"
            raise PlatformError(TargetError(ErrorClass.PERMANENT, "SQLITE_CORRUPT", message))
        if check.problems_of(step.check["index"]):
            return Need(True)
        return Need(False, f"SQLite's own check finds nothing wrong in {step.object} any more.")

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        table = _table_with_index(session, step)
        if table is None:
            return Verification(False, f"{step.object} no longer exists.", objects_affected=0)
        if step.check["kind"] == BLOATED:
            return _verify_size(_pages(session, step.check["index"]), step)
        return _verify_contents(check_table(session, table), step)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        if _table_with_index(session, step) is None:
            return StateLeft(LeftBehind.CLEAN, f"{step.object} no longer exists; somebody dropped it meanwhile.")
        return StateLeft(
            LeftBehind.CLEAN,
            f"SQLite rebuilds an index as one transaction: {step.object} is either as it was before or wholly rebuilt, "
            "and there is nothing to clean up.",
        )


def _assess_damage(session: Session, table: Table, wanted: Iterable[Index], journal_mode: str) -> Assessment:
    try:
        check = check_table(session, table)
        doubtful = [
            (index, duplicates_query(session, index)) for index in table.indexes if index.name in check.not_unique
        ]
        duplicates = {
            index.name: query.sql if query else "" for index, query in doubtful if has_duplicates(session, query)
        }
    except PlatformError as refusal:
        if not is_refusal_of_one_object(refusal.error):
            raise
        return Assessment(notes=(f"{display(table.name)} could not be checked: {refusal.error.message}.",))
    return judge_check(table, {index.name for index in wanted}, check, duplicates, journal_mode)


def _assess_bloat(
    session: Session, indexes: Iterable[Index], parameters: IndexParameters, journal_mode: str
) -> Assessment:
    if not has_dbstat(session):
        return Assessment(notes=(_NO_DBSTAT,))
    findings, notes = [], []
    for index in indexes:
        try:
            pages = _pages(session, index.name)
        except PlatformError as refusal:
            if not is_corruption(refusal.error):
                raise
            notes.append(f"The size of {display(index.name)} could not be read: {refusal.error.message}.")
            continue
        if finding := judge_pages(index, pages, parameters, journal_mode):
            findings.append(finding)
    return Assessment(tuple(findings), tuple(notes))


def _untouched(tables: Iterable[Table], findings: Sequence[Finding]) -> list[Index]:
    """Indexes that are neither to be rebuilt anyway nor of a table that must not be touched."""
    named = {finding.evidence.get("index") for finding in findings}
    damaged = {finding.evidence["table"] for finding in findings if finding.kind == DAMAGED_PAGES}
    return [
        index for table in tables if table.name not in damaged for index in table.indexes if index.name not in named
    ]


def _rebuild(finding: Finding, parameters: IndexParameters) -> Step:
    index = finding.evidence["index"]
    limits = {"bloat_percent": parameters.bloat_percent, "bloat_megabytes": parameters.bloat_megabytes}
    return Step(
        key=f"reindex:{finding.object}",
        operation_type="REBUILD",
        object=finding.object,
        object_type="INDEX",
        statements=(f"REINDEX {qualified(index)}",),
        settings=(f"PRAGMA busy_timeout = {parameters.lock_wait_seconds * 1000}",),
        begin="BEGIN IMMEDIATE",
        reason=finding.summary,
        # Measured: with a rollback journal readers wait as soon as the rebuild outgrows the page cache; in WAL mode never.
        locks=Locks.WRITES if finding.evidence["journal_mode"] == "wal" else Locks.ALL,
        undo_note="There is nothing to undo: the rebuilt index is made from the same rows.",
        evidence=finding.evidence,
        check={
            "kind": finding.kind,
            "index": index,
            "table": finding.evidence["table"],
            "rows_query": "index_entries",
            **(limits if finding.kind == BLOATED else {}),
        },
    )


def _table_with_index(session: Session, step: Step) -> Table | None:
    """The step's table as it is now, if it still has the index."""
    table = find_table(session, step.check["table"])
    has_index = table is not None and any(index.name == step.check["index"] for index in table.indexes)
    return table if has_index else None


def _pages(session: Session, index: str) -> IndexPages:
    return IndexPages.from_row(session.rows(sqlite_query("index_pages"), {"index": index})[0])


def _is_still_bloated(pages: IndexPages, step: Step) -> bool:
    return pages.is_bloated(percent=step.check["bloat_percent"], megabytes=step.check["bloat_megabytes"])


def _verify_size(pages: IndexPages, step: Step) -> Verification:
    before = step.evidence.get("pages")
    evidence = {"pages_before": before, "pages": pages.pages, "page_size": pages.page_size, "entries": pages.entries}
    size = f"{pages.size_bytes / MEGABYTE:,.1f} MB"
    if _is_still_bloated(pages, step):
        message = f"{step.object} is still bloated: {size}, of which a rebuild would give back {pages.reclaimable_percent:.0f} %."
        return Verification(False, message, evidence, objects_affected=0)
    was = f", was {before * pages.page_size / MEGABYTE:,.1f} MB" if before else ""
    return Verification(True, f"{step.object} now takes {size}{was}.", evidence)


def _verify_contents(check: TableCheck, step: Step) -> Verification:
    problems = (*check.problems_of(step.check["index"]), *check.in_pages)
    evidence = {"kind": CORRUPT, "problems": len(problems), "messages": list(problems[:5])}
    if problems:
        message = f"{step.object} still fails SQLite's own check: {problems[0]}."
        return Verification(False, message, evidence, objects_affected=0)
    table = display(step.check["table"])
    return Verification(True, f"SQLite's own check of {table} finds nothing wrong in {step.object}.", evidence)


CONCERN = Indexes()
