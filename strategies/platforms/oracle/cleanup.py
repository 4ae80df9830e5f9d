"""CLEANUP_MAINTENANCE on Oracle: old rows of one table deleted, a batch in each block of PL/SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import Locks, MissingRight, Step
from strategies.platforms.base import Session
from strategies.platforms.old_rows import Batch, CleanupConcern, batches, delete_step, judge
from strategies.platforms.oracle import aged_rows, rights
from strategies.platforms.queries import Right
from strategies.routines.cleanup_maintenance import CleanupParameters


class Cleanup(CleanupConcern[CleanupParameters]):
    """What CLEANUP_MAINTENANCE needs of Oracle."""

    queries: ClassVar[tuple[str, ...]] = aged_rows.QUERIES
    rights: ClassVar[tuple[Right, ...]] = aged_rows.rights("SELECT ANY TABLE", "DELETE ANY TABLE")

    def missing_rights(self, session: Session, parameters: CleanupParameters) -> list[MissingRight]:
        """Those of looking; what a table lacks is told by a look at it, with the statement that gives it."""
        return rights.missing_rights(session, self.queries)

    def assess(self, session: Session, parameters: CleanupParameters, target_object: str) -> Assessment:
        seen, _ = aged_rows.look(session, parameters, target_object)
        return judge(seen, parameters, "Delete them")

    def steps(self, findings: Sequence[Finding], parameters: CleanupParameters) -> list[Step]:
        return [_delete(finding, batch, parameters) for finding in findings for batch in batches(finding, parameters)]

    def old(self, session: Session, step: Step, most: int) -> int | None:
        return aged_rows.old(session, step.check, most)


def _delete(finding: Finding, batch: Batch, parameters: CleanupParameters) -> Step:
    place = finding.evidence["place"]
    work = (aged_rows.deletion(place),)
    statement = aged_rows.block(place, parameters.batch_rows, parameters.lock_wait_seconds, work)
    return delete_step(finding, batch, locks=Locks.ROWS, statements=(statement,))


CONCERN = Cleanup()
