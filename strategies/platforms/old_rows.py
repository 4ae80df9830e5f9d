"""Rows of a table that are older than they are to be kept: what a look at them gives, in which batches they go, and when one is done.

What is the same on every product: a platform tells what it sees (`OldRows`), and builds the statements of each batch.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import LeftBehind, Need, Outcome, StateLeft, Step, Verification
from strategies.platforms.base import EVERYTHING, Concern, ObjectUnknown, Session
from strategies.routines.base import RetentionParameters

OLD = "old_rows"
ON_HOME = "Left alone: this is the portal's own database, and its rows have their own rules of how long they are kept."
OF_A_PORTAL = "Left alone: this is a table of a portal, and its rows have their own rules of how long they are kept."
PORTAL_TABLES = ("auth_", "axes_", "django_", "generic_", "portal_")  # how their names begin
_MARKS = 2  # tables that the query portal_marks finds together beside a portal's tables only
P = TypeVar("P", bound=RetentionParameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class OldRows:
    """A table as a look sees it. `place` is what statements and later questions need: names, kind of values, the cut-off.

    `rows` is None where it cannot be told which are old. `why_not` is a sentence where no statement may be planned; `refers` names
    foreign keys of other tables, `follows` those that would change them.
    """

    object: str
    column: str
    cutoff_on: str  # 2026-08-31: midnight UTC, where that day begins
    place: Mapping[str, Any]
    rows: int | None = None
    has_index: bool = True
    refers: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    why_not: str = ""


def require_names(parameters: RetentionParameters, target_object: str) -> None:
    """Raises ObjectUnknown where no table or no column is named: nothing is ever deleted of everything."""
    if target_object.strip().upper() in EVERYTHING:
        raise ObjectUnknown(f"{target_object.strip()} cannot be worked on: name one table.")
    if not parameters.age_column.strip():
        raise ObjectUnknown("age_column: name the column that says how old a row is.")


def why_portals(session: Session, table: str, marks: int) -> str:
    """Why the rows of a table are a portal's own business: this one's, or one's that is registered like any target. Pure.

    `marks` is how many of the tables that mark a portal lie in the same schema. Empty where it is nobody's.
    """
    if session.longest_hold_seconds is not None:
        return ON_HOME
    return OF_A_PORTAL if marks == _MARKS and table.lower().startswith(PORTAL_TABLES) else ""


def cutoff_at(cutoff_on: str) -> str:
    return f"{cutoff_on}T00:00:00Z"


def most_counted(parameters: RetentionParameters) -> int:
    """One more than a run can work on: further rows are left for the next, however many."""
    return parameters.batch_rows * parameters.max_objects + 1


def count(number: int, noun: str = "row") -> str:
    return f"{number:,} {noun if number == 1 else noun + ('es' if noun.endswith('ch') else 's')}"


def judge(
    seen: OldRows, parameters: RetentionParameters, work: str, evidence: Mapping[str, Any] | None = None
) -> Assessment:
    """The finding, if there are old rows or none can be told, and what a run leaves. Pure.

    `work` is what is done to a batch, as `Delete them`.
    """
    if seen.rows == 0:
        return Assessment()
    why_not = seen.why_not
    if not why_not and seen.follows and not parameters.allow_cascade:
        why_not = (
            f"Left alone: its rows take rows or values of other tables with them ({', '.join(seen.follows)}). Allow that"
            " (allow_cascade), or change these foreign keys."
        )
    rows = seen.rows or 0
    is_more = rows >= most_counted(parameters)
    told = f"at least {count(rows - 1)}" if is_more else count(rows)
    finding = Finding(
        kind=OLD, object=seen.object, object_type="TABLE", severity=Severity.WARNING,
        summary=f"{told[0].upper()}{told[1:]} of {seen.object} {'is' if rows == 1 else 'are'} from before {seen.cutoff_on} 00:00 UTC"
        f" by {seen.column}." if seen.rows is not None else f"Which rows of {seen.object} are old cannot be told by {seen.column}.",
        advice=why_not or _advice(seen, parameters, work),
        evidence={
            "age_column": seen.column, "cutoff_at": cutoff_at(seen.cutoff_on),
            "old_rows": None if seen.rows is None else rows - is_more, "is_at_least": is_more, "has_index": seen.has_index,
            "refers": list(seen.refers), "delete_triggers": list(seen.triggers),
            "can_plan": not why_not, "place": dict(seen.place), **(evidence or {}),
        },
    )  # fmt: skip
    most = parameters.batch_rows * parameters.max_objects
    left = f"A run works on {count(most)} at most ({count(parameters.max_objects, 'batch')}): the others are left for the next."
    return Assessment((finding,), (left,) if is_more and not why_not else ())


def _advice(seen: OldRows, parameters: RetentionParameters, work: str) -> str:
    words = [f"{work} in batches of at most {count(parameters.batch_rows)}."]
    if not seen.has_index:
        words.append(f"No index begins with {seen.column}: each batch reads the whole table.")
    if seen.triggers:
        words.append(f"Triggers fire: {', '.join(seen.triggers)}.")
    if seen.follows:
        words.append(f"Rows of other tables follow: {', '.join(seen.follows)}.")
    return " ".join(words)


@dataclass(frozen=True, slots=True)
class Batch:
    """`rows` is how many it should find; `left` how many old ones are left then, None where nobody knows."""

    number: int
    rows: int
    left: int | None


def batches(finding: Finding, parameters: RetentionParameters) -> Iterator[Batch]:
    """As many as a run may make, for the rows that were counted. Pure."""
    seen = finding.evidence
    if not seen["can_plan"]:
        return
    rows = int(seen["old_rows"])
    for number in range(1, parameters.max_objects + 1):
        left = rows - (number - 1) * parameters.batch_rows
        if left <= 0:
            return
        here = min(left, parameters.batch_rows)
        yield Batch(number, here, None if seen["is_at_least"] else left - here)


def batch_evidence(finding: Finding, batch: Batch) -> dict[str, Any]:
    """What the page of a step shows: `live_rows` is what the risk of a plan counts."""
    names = ("age_column", "cutoff_at", "has_index", "refers", "delete_triggers")
    return {"live_rows": batch.rows, **{name: finding.evidence[name] for name in names}}


def batch_check(finding: Finding, batch: Batch) -> dict[str, Any]:
    return {"kind": OLD, **finding.evidence["place"], "batch": batch.number, "rows": batch.rows, "left": batch.left}


def batch_reason(finding: Finding, batch: Batch) -> str:
    return f"{count(batch.rows)} of {finding.object} from before {finding.evidence['cutoff_at'][:10]} 00:00 UTC."


def delete_key(finding: Finding, number: int) -> str:
    return f"delete:{finding.object}:{number}"


def delete_step(finding: Finding, batch: Batch, **values: Any) -> Step:
    """One batch that is deleted; a platform gives its statements and what they lock."""
    return Step(
        key=delete_key(finding, batch.number), operation_type="CLEANUP", object=finding.object, object_type="TABLE",
        reason=batch_reason(finding, batch), is_destructive=True, after=waits_for(delete_key, finding, batch),
        undo_note="Not reversible: deleted rows come back from a backup only. ARCHIVE_MAINTENANCE would keep them.",
        evidence=batch_evidence(finding, batch), check=batch_check(finding, batch), **values,
    )  # fmt: skip


def waits_for(key: Callable[[Finding, int], str], finding: Finding, batch: Batch) -> tuple[str, ...]:
    """A batch that fails stops those behind it: what keeps its rows would keep theirs."""
    return (key(finding, batch.number - 1),) if batch.number > 1 else ()


class RowsConcern(Concern[P]):
    """What both ways to get rid of old rows ask of a target, by the `check` of a step."""

    @abstractmethod
    def old(self, session: Session, step: Step, most: int) -> int | None:
        """How many old rows there are, counted up to `most`; None = the table or its column is gone. Raises PlatformError."""


class CleanupConcern(RowsConcern[P]):
    """Deletion, which leaves no trace but the rows that are gone."""

    def is_needed(self, session: Session, step: Step) -> Need:
        return still_needed(self.old(session, step, 1), step)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        """By the rows that the session counted; where it counted none, by those that are left."""
        rows = outcome.meters.rows if outcome is not None else None
        if rows is not None and rows == step.check["rows"]:
            return Verification(True, f"{count(rows)} deleted.", {"deleted_rows": rows})
        planned = step.check["left"]
        return judge_deleted(step, rows, self.old(session, step, (planned or 0) + 1), is_told=outcome is not None)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        text = "A batch is one transaction: its rows are all gone or all there. The batches before it are done."
        return StateLeft(LeftBehind.CLEAN, text)


def still_needed(old: int | None, step: Step) -> Need:
    if old is None:
        return Need(False, f"{step.object} or its column is gone.")
    return Need(old > 0, "" if old else "no row is that old any more.")


def judge_deleted(step: Step, rows: int | None, left: int | None, *, is_told: bool) -> Verification:
    """Whether a batch is done, by what was deleted and what is left. Pure.

    `is_told` says that the target reported no error. Fewer rows than planned are no failure where others have deleted the rest.
    """
    if left is None:
        return Verification(False, f"{step.object} or its column is gone.", objects_affected=0)
    told = "" if rows is None else f"{count(rows)} deleted. "
    evidence = {"deleted_rows": rows, "left_rows": left}
    planned: int | None = step.check["left"]
    if left == 0:
        return Verification(True, f"{told}No row is that old any more.", evidence)
    if planned is not None and left <= planned:
        return Verification(True, f"{told}{count(left)} that old are left for further batches.", evidence)
    if (
        planned is None and rows is None and is_told
    ):  # a run cannot come to an end of them, and the batch has counted itself
        return Verification(True, "The batch was deleted; more rows than a run works on are that old.", evidence)
    if planned is None and rows is None:
        words = "Whether the batch was deleted cannot be told: more rows are old than a run works on."
        return Verification(False, words, evidence, objects_affected=0)
    return Verification(
        False, f"{told}More rows are that old than should be left after this batch: something keeps them.", evidence,
        objects_affected=0,
    )  # fmt: skip
