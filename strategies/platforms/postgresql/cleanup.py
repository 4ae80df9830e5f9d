"""CLEANUP_MAINTENANCE on PostgreSQL: old rows of one table deleted, a batch in each statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import Locks, MissingRight, Step
from strategies.platforms.base import Session
from strategies.platforms.old_rows import Batch, CleanupConcern, batches, delete_step, judge
from strategies.platforms.postgresql import aged_rows
from strategies.platforms.queries import Right
from strategies.routines.cleanup_maintenance import CleanupParameters


class Cleanup(CleanupConcern[CleanupParameters]):
    """What CLEANUP_MAINTENANCE needs of PostgreSQL."""

    queries: ClassVar[tuple[str, ...]] = aged_rows.QUERIES
    rights: ClassVar[tuple[Right, ...]] = aged_rows.rights("deleting rows")

    def missing_rights(self, session: Session, parameters: CleanupParameters) -> list[MissingRight]:
        """None can be told before a table is named; a look at one tells which, with the statement that gives it."""
        return []

    def assess(self, session: Session, parameters: CleanupParameters, target_object: str) -> Assessment:
        seen, _ = aged_rows.look(session, parameters, target_object)
        return judge(seen, parameters, "Delete them")

    def steps(self, findings: Sequence[Finding], parameters: CleanupParameters) -> list[Step]:
        return [_delete(finding, batch, parameters) for finding in findings for batch in batches(finding, parameters)]

    def old(self, session: Session, step: Step, most: int) -> int | None:
        return aged_rows.old(session, step, most)


def _delete(finding: Finding, batch: Batch, parameters: CleanupParameters) -> Step:
    return delete_step(
        finding, batch, settings=aged_rows.settings(parameters), locks=Locks.ROWS,
        statements=(aged_rows.deletion(finding.evidence["place"], parameters.batch_rows),),
    )  # fmt: skip


CONCERN = Cleanup()
