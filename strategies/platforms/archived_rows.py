"""Old rows that are moved into an archive: whether it can take them, what each batch is called, and when one is there."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from strategies.assessments import Finding
from strategies.plans import LeftBehind, Need, Outcome, StateLeft, Step, Verification
from strategies.platforms.base import ObjectUnknown, Session
from strategies.platforms.old_rows import (
    Batch,
    RowsConcern,
    batch_check,
    batch_evidence,
    batch_reason,
    count,
    cutoff_at,
    still_needed,
    waits_for,
)
from strategies.routines.base import RetentionParameters

CREATED = "no_archive"  # of the step that creates the archive
BATCH_COLUMN = "archive_batch"
P = TypeVar("P", bound=RetentionParameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The table that takes old rows. `lacking` names columns that it has not, `last_batch` the highest number of this cut-off in it.

    `why_not` is a sentence where nothing can be moved there.
    """

    object: str
    name: str
    is_there: bool = False
    lacking: tuple[str, ...] = ()
    last_batch: int = 0
    why_not: str = ""


def archive_name(table: str, typed: str, longest_bytes: int | None) -> str:
    """What was typed, else the table's with _archive behind it. Raises ObjectUnknown for a name that cannot be."""
    name = typed.strip() or f"{table}_archive"
    if longest_bytes is not None and len(name.encode()) > longest_bytes:
        raise ObjectUnknown(f"archive_table: {name} is longer than the {longest_bytes} bytes that a name may have.")
    if name == table:
        raise ObjectUnknown("archive_table: a table cannot be its own archive.")
    return name


def judge_archive(archive: Archive, column_names: Sequence[str], why_not: str) -> str:
    """Why nothing can be moved there, in a sentence; empty where it can. Pure."""
    if why_not:
        return why_not
    if BATCH_COLUMN in map(str.lower, column_names):
        return f"Left alone: it has a column {BATCH_COLUMN} of its own, and the archive needs one of that name."
    if archive.lacking:
        lacks = ", ".join(archive.lacking)
        return f"Left alone: the archive {archive.object} lacks {lacks}. Add what is lacking, or name another archive."
    return archive.why_not


def label(cutoff_on: str, number: int) -> str:
    """What rows of the archive carry: 2026-08-31T00:00:00Z/3."""
    return f"{cutoff_at(cutoff_on)}/{number}"


def last_batch(labels: Sequence[str]) -> int:
    """The highest number among labels of one cut-off; what people typed themselves counts for nothing. Pure."""
    numbers = [text.rpartition("/")[2] for text in labels]
    return max((int(number) for number in numbers if number.isascii() and number.isdigit()), default=0)


def archive_evidence(archive: Archive) -> dict[str, Any]:
    return {"archive_table": archive.object, "archive_exists": archive.is_there, "last_batch": archive.last_batch}


def create_key(finding: Finding) -> str:
    return f"create:{finding.evidence['archive_table']}"


def move_key(finding: Finding, number: int) -> str:
    return f"archive:{finding.object}:{number}"


def create_step(finding: Finding, **values: Any) -> Step:
    """The step that makes the archive; a platform gives its statements and what they lock."""
    name = str(finding.evidence["archive_table"])
    return Step(
        key=create_key(finding), operation_type="CREATE", object=name, object_type="TABLE",
        reason=f"The rows of {finding.object} need a table to go to.", undo_note="The archive stays, empty; drop it by hand.",
        evidence={"archive_table": name}, check={"kind": CREATED, **finding.evidence["place"]}, **values,
    )  # fmt: skip


def move_step(finding: Finding, batch: Batch) -> Step:
    """One batch, to which a platform adds what it sends. Batches of the same cut-off that came before are counted on."""
    seen = finding.evidence
    name = label(seen["place"]["cutoff_on"], int(seen["last_batch"]) + batch.number)
    first = () if seen["archive_exists"] else (create_key(finding),)
    return Step(
        key=move_key(finding, batch.number), operation_type="ARCHIVE", object=finding.object, object_type="TABLE", statements=(),
        reason=batch_reason(finding, batch), after=waits_for(move_key, finding, batch) or first,
        evidence={**batch_evidence(finding, batch), "archive_table": seen["archive_table"], "archive_batch": name},
        check={**batch_check(finding, batch), "label": name},
    )  # fmt: skip


class ArchiveConcern(RowsConcern[P]):
    """Moving, where each row of the archive says by which batch it came."""

    @abstractmethod
    def archived(self, session: Session, step: Step, batch: str) -> int | None:
        """Rows in the archive that came with this batch; None = there is no archive. Raises PlatformError."""

    def is_needed(self, session: Session, step: Step) -> Need:
        if step.check["kind"] == CREATED:
            is_there = self.archived(session, step, "") is not None
            return Need(not is_there, "it is there already." if is_there else "")
        moved = self.archived(session, step, step.check["label"])
        if step.is_reversal:
            return Need(bool(moved), "" if moved else "no row of this batch is in the archive any more.")
        if moved:
            return Need(False, f"its {count(moved)} are in the archive already.")
        return still_needed(self.old(session, step, 1), step)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        moved = self.archived(session, step, step.check.get("label", ""))
        if step.check["kind"] == CREATED:
            is_there = moved is not None
            message = f"The archive {step.object} is there." if is_there else f"There is no archive {step.object}."
            return Verification(is_there, message, {"exists": is_there})
        rows = outcome.meters.rows if outcome is not None else None
        left = None if moved else self.old(session, step, 1)
        return judge_moved(step, rows, moved, left)

    def verify_undo(self, session: Session, step: Step) -> Verification:
        left = self.archived(session, step, step.check["label"])
        evidence = {"archived_rows": left}
        if left == 0:
            return Verification(True, f"The rows of batch {step.check['batch']} are back.", evidence)
        words = "The archive is gone." if left is None else f"{count(left)} of this batch are still in the archive."
        return Verification(False, words, evidence, objects_affected=0)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        text = (
            "A batch is one transaction: its rows are all moved or all where they were. The batches before it are done."
        )
        if step.check["kind"] == CREATED:
            text = "The archive is there, and empty, or not there. The next run uses it, or creates it."
        return StateLeft(LeftBehind.CLEAN, text)


def judge_moved(step: Step, rows: int | None, moved: int | None, left: int | None) -> Verification:
    """Whether a batch is done, by its rows in the archive; `left` is asked where there are none. Pure."""
    evidence = {"archived_rows": moved}
    if moved is None:
        return Verification(False, "There is no archive any more.", evidence, objects_affected=0)
    if rows is not None and rows != moved:
        words = f"{count(rows)} moved, and {moved:,} of this batch are in the archive."
        return Verification(False, words, evidence, objects_affected=0)
    if moved:
        return Verification(True, f"{count(moved)} moved.", evidence)
    if rows == 0 and left == 0:  # known, and not what was planned
        words = "No row was moved, and none is that old any more: others took them."
        return Verification(False, words, evidence, objects_affected=0)
    if left == 0:
        return Verification(True, "No row is that old any more.", evidence)
    return Verification(False, "No row was moved, and old ones are still there.", evidence, objects_affected=0)
