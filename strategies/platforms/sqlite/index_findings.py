"""Judges what was seen of indexes: pure functions from SQLite's sentences and page counts to findings and notes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from typing import Any

from strategies.assessments import Assessment, Finding, Severity
from strategies.platforms.sqlite.bloat import MEGABYTE, IndexPages
from strategies.platforms.sqlite.catalogue import Index, Table
from strategies.platforms.sqlite.names import display
from strategies.platforms.sqlite.table_check import TableCheck
from strategies.routines.index_maintenance import IndexParameters

CORRUPT = "corrupt_index"
DUPLICATES = "duplicate_rows"
DAMAGED_PAGES = "damaged_pages"
BLOATED = "bloated_index"
MENDED_BY_REBUILD = frozenset({CORRUPT, BLOATED})

_SHOWN = 5  # sentences of SQLite that a finding quotes


def judge_check(
    table: Table,
    wanted: Set[str],
    check: TableCheck,
    duplicates: Mapping[str, str],
    journal_mode: str,
) -> Assessment:
    """Findings for the `wanted` indexes of a table. `duplicates` maps indexes that no rebuild can mend to the query that shows why."""
    if check.in_pages:
        return Assessment((_damaged_pages(table, check),))
    findings = []
    for name in sorted(wanted & (check.damaged.keys() | check.not_unique.keys())):
        if name in duplicates:
            findings.append(_duplicate_rows(table, name, check, duplicates[name]))
        else:
            findings.append(_corrupt_index(table, name, check, journal_mode))
    notes = []
    if check.in_rows:
        notes.append(
            f"{display(table.name)}: {len(check.in_rows)} values break the table's own rules, which no index rebuild mends "
            f"(first: {check.in_rows[0]})."
        )
    return Assessment(tuple(findings), tuple(notes))


def judge_pages(index: Index, pages: IndexPages, limits: IndexParameters, journal_mode: str) -> Finding | None:
    """A finding where a rebuild would give back as much as both limits ask for."""
    if not pages.is_bloated(percent=limits.bloat_percent, megabytes=limits.bloat_megabytes):
        return None
    size, gives = pages.size_bytes / MEGABYTE, pages.reclaimable_bytes / MEGABYTE
    return Finding(
        kind=BLOATED,
        object=display(index.name),
        object_type="INDEX",
        severity=Severity.WARNING,
        summary=f"{gives:,.1f} MB of {size:,.1f} MB ({pages.reclaimable_percent:.0f} %) would be free after a rebuild.",
        advice="Rebuild it. The pages go to the file's free list, where new rows use them; the file itself keeps its size.",
        evidence={
            "table": index.table,
            "index": index.name,
            "journal_mode": journal_mode,
            "pages": pages.pages,
            "pages_after_rebuild": pages.expected_pages,
            "page_size": pages.page_size,
            "entries": pages.entries,
            "unused_bytes": pages.unused_bytes,
            "reclaimable_bytes": pages.reclaimable_bytes,
            "reclaimable_percent": round(pages.reclaimable_percent, 1),
        },
    )


def _corrupt_index(table: Table, name: str, check: TableCheck, journal_mode: str) -> Finding:
    problems = check.problems_of(name)
    return Finding(
        kind=CORRUPT,
        object=display(name),
        object_type="INDEX",
        severity=Severity.CRITICAL,
        summary=f"The index does not match {display(table.name)}: {_count(problems)}, first: {problems[0]}.",
        advice="Rebuild it now; until then queries that use it may miss rows or return wrong ones.",
        evidence={"table": table.name, "index": name, "journal_mode": journal_mode, **_quoted(problems)},
    )


def _duplicate_rows(table: Table, name: str, check: TableCheck, query: str) -> Finding:
    """An empty `query` means that the rows could not be asked, because an expression or a condition takes part in the key."""
    rows = f"Rows of {display(table.name)}"
    holder = rows if query else f"Entries of {display(name)} (and perhaps the rows of {display(table.name)})"
    return Finding(
        kind=DUPLICATES,
        object=display(name),
        object_type="INDEX",
        severity=Severity.CRITICAL,
        summary=f"{holder} share a key that the unique index {display(name)} must hold only once.",
        advice="A rebuild would be refused while rows share a key. Decide which rows stay, remove the others, and assess again.",
        evidence={"table": table.name, "index": name, "query": query, **_quoted(check.problems_of(name))},
    )


def _damaged_pages(table: Table, check: TableCheck) -> Finding:
    return Finding(
        kind=DAMAGED_PAGES,
        object=display(table.name),
        object_type="TABLE",
        severity=Severity.CRITICAL,
        summary=f"SQLite's check finds damage beyond single indexes: {check.in_pages[0].splitlines()[-1]}.",
        advice=(
            "Restore the file from a backup, or save what can be read with the recover command of the sqlite3 program. "
            "Nothing is rebuilt here: on damaged pages a rebuild could give away pages that other tables still use."
        ),
        evidence={"table": table.name, **_quoted(check.in_pages)},
    )


def _count(problems: Collection[str]) -> str:
    return "one problem" if len(problems) == 1 else f"{len(problems):,} problems"


def _quoted(problems: tuple[str, ...]) -> dict[str, Any]:
    return {"problems": len(problems), "messages": list(problems[:_SHOWN])}
