"""CLEANUP_MAINTENANCE on SQLite: old rows of one table deleted, a batch in each transaction."""

# ruff: noqa: S608 (every name and value below passes through names.py, and these statements are shown before they run)

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import Locks, MissingRight, Step
from strategies.platforms.base import Session
from strategies.platforms.old_rows import Batch, CleanupConcern, batches, delete_step, judge
from strategies.platforms.sqlite import aged_rows
from strategies.platforms.sqlite.catalogue import missing_write_access
from strategies.platforms.sqlite.names import qualified
from strategies.routines.cleanup_maintenance import CleanupParameters


class Cleanup(CleanupConcern[CleanupParameters]):
    """What CLEANUP_MAINTENANCE needs of SQLite."""

    queries: ClassVar[tuple[str, ...]] = aged_rows.QUERIES

    def missing_rights(self, session: Session, parameters: CleanupParameters) -> list[MissingRight]:
        return missing_write_access(session, "deleting rows")

    def assess(self, session: Session, parameters: CleanupParameters, target_object: str) -> Assessment:
        seen, _ = aged_rows.look(session, parameters, target_object)
        return judge(seen, parameters, "Delete them")

    def steps(self, findings: Sequence[Finding], parameters: CleanupParameters) -> list[Step]:
        return [_delete(finding, batch, parameters) for finding in findings for batch in batches(finding, parameters)]

    def old(self, session: Session, step: Step, most: int) -> int | None:
        return aged_rows.old(session, step, most)


def _delete(finding: Finding, batch: Batch, parameters: CleanupParameters) -> Step:
    place = finding.evidence["place"]
    return delete_step(
        finding, batch, settings=aged_rows.settings(parameters), begin="BEGIN IMMEDIATE", locks=Locks.WRITES,
        statements=(f"DELETE FROM {qualified(place['table'])} WHERE {aged_rows.chosen(place, parameters.batch_rows)}",),
    )  # fmt: skip


CONCERN = Cleanup()
