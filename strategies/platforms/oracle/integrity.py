"""INTEGRITY_VALIDATION on Oracle: tables against their indexes online, known bad blocks, and what the dictionary calls invalid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import LeftBehind, MissingRight, Need, Outcome, StateLeft, Step, TargetError, Verification
from strategies.platforms.base import Concern, ObjectUnknown, PlatformError, Row, Session
from strategies.platforms.oracle import integrity_findings, integrity_steps, rights
from strategies.platforms.oracle.chosen import Chosen, chosen
from strategies.platforms.oracle.errors import is_hidden
from strategies.platforms.oracle.integrity_findings import (
    CORRUPT,
    DISABLED_CONSTRAINT,
    DISABLED_TRIGGER,
    FAILED,
    INVALID,
    INVALID_BODY,
    UNVALIDATED,
    Whose,
    corrupt_blocks,
    is_free,
    ownerless_blocks,
)
from strategies.platforms.oracle.names import can_quote, oracle_query, shown
from strategies.platforms.oracle.reach import Reach, softened
from strategies.platforms.queries import Right
from strategies.routines.integrity_validation import IntegrityParameters

_ANALYZE = "ANALYZE ANY"
_MAPPED = 20  # ranges of bad blocks whose segments are looked up: DBA_EXTENTS is slow
_CUT_OFF = "The check was cut off, and what it found is not known; it has to be made again."


class Integrity(Concern[IntegrityParameters]):
    """What INTEGRITY_VALIDATION needs of Oracle."""

    optional_queries: ClassVar[frozenset[str]] = frozenset({
        "tables_left_out", "corrupt_blocks", "nonlogged_blocks", "owners_of_blocks", "free_blocks", "invalid_objects",
        "weak_constraints", "disabled_triggers",
    })  # fmt: skip
    queries: ClassVar[tuple[str, ...]] = (
        "find_table_or_index", "validatable_tables", "facts_session", "system_privileges", "own_tables",
        *sorted(optional_queries),
    )  # fmt: skip
    damage: ClassVar[frozenset[str]] = frozenset({CORRUPT})
    rights: ClassVar[tuple[Right, ...]] = (
        Right(_ANALYZE, "validating tables of other accounts"),
        Right(
            "ALTER ANY PROCEDURE", "compiling procedures, functions and packages of other accounts", is_optional=True
        ),
        Right("ALTER ANY TYPE", "compiling types of other accounts", is_optional=True),
        Right("ALTER ANY TRIGGER", "compiling triggers of other accounts", is_optional=True),
        Right("ALTER ANY TABLE", "compiling views of other accounts", is_optional=True),
        Right("ALTER ANY MATERIALIZED VIEW", "compiling materialized views of other accounts", is_optional=True),
    )

    def missing_rights(self, session: Session, parameters: IntegrityParameters) -> list[MissingRight]:
        """Of compiling each kind of object has a right of its own: what lacks it is left alone, and the rest is done."""
        wanted = [right for right in self.rights if right.privilege == _ANALYZE or parameters.compile_invalid]
        return rights.missing_rights(session, self.queries, softened(session, wanted), optional=self.optional_queries)

    def assess(self, session: Session, parameters: IntegrityParameters, target_object: str) -> Assessment:
        wanted, look = chosen(session, target_object), _Look(session)
        if wanted.name is not None and not wanted.is_table:
            raise ObjectUnknown(f"{target_object} is an index; it is checked with its table: name that, or ALL.")
        reaches = Reach.ask_each(session, (right.privilege for right in self.rights))
        findings = [] if wanted.name is not None else _bad_blocks(look)
        looks: tuple[tuple[str, Mapping[str, Any], str, tuple[str, ...], Callable[[Row], Finding]], ...] = (
            ("invalid_objects", {"owner": wanted.owner, "object_name": wanted.name}, "Which objects are invalid",
             (INVALID, INVALID_BODY), integrity_findings.invalid_object),
            ("weak_constraints", wanted.table_binds, "Which constraints are off or not validated",
             (DISABLED_CONSTRAINT, UNVALIDATED), integrity_findings.weak_constraint),
            ("disabled_triggers", wanted.table_binds, "Which triggers are off",
             (DISABLED_TRIGGER,), integrity_findings.disabled_trigger),
        )  # fmt: skip
        for query, binds, what, kinds, judged in looks:
            findings += map(judged, look.rows(query, binds, what, *kinds))
        if parameters.compile_invalid:
            findings = [_compilable(finding, reaches) for finding in findings]
        due = _due(look, wanted, reaches[_ANALYZE])
        return Assessment(tuple(findings), tuple(look.notes), due, tuple(look.unchecked))

    def steps(self, findings: Sequence[Finding], parameters: IntegrityParameters) -> list[Step]:
        return integrity_steps.steps(findings, parameters)

    def is_needed(self, session: Session, step: Step) -> Need:
        if step.is_check:
            is_there = bool(session.rows(oracle_query("validatable_tables"), _table(step)))
            return Need(is_there, "" if is_there else f"{step.object} is gone, or is no plain table any more.")
        is_invalid = _is_invalid(session, step)
        return Need(is_invalid, "" if is_invalid else "it is valid by now, or gone.")

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        if step.is_check:
            if outcome is None:
                return Verification(False, _CUT_OFF)
            message = f"ANALYZE finds nothing wrong in {step.object} and its indexes."
            return Verification(True, message, {"problems": 0})
        if _is_invalid(session, step):
            return Verification(False, f"{step.object} is still invalid; DBA_ERRORS tells why.", objects_affected=0)
        return Verification(True, f"{step.object} is valid.")

    def explain(self, step: Step, error: TargetError) -> Verification | None:
        return integrity_steps.explain(step, error)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        if step.is_check:
            return StateLeft(LeftBehind.CLEAN, "A check changes nothing, and leaves nothing behind.")
        return StateLeft(LeftBehind.CLEAN, "An object that could not be compiled is invalid, as it was before.")


@dataclass(frozen=True, slots=True)
class _Look:
    """Reads what the account may see; `notes` and `unchecked` tell the rest."""

    session: Session
    notes: list[str] = field(default_factory=list)
    unchecked: list[tuple[str, str]] = field(default_factory=list)

    def rows(self, query: str, binds: Mapping[str, Any], what: str, *kinds: str) -> list[Row]:
        """Rows; none, and a note, where the account may not see them: findings of these kinds then stand. Raises PlatformError."""
        try:
            return self.session.rows(oracle_query(query), binds)
        except PlatformError as refusal:
            if not is_hidden(refusal.error):
                raise
            note = f"{what} cannot be seen ({refusal.error})."
            self.notes.extend([] if note in self.notes else [note])
            self.unchecked.extend((kind, "") for kind in kinds)
            return []


def _compilable(finding: Finding, reaches: Mapping[str, Reach]) -> Finding:
    """The finding, without a plan where it is an object that the account may not compile. Pure."""
    if finding.kind not in (INVALID, INVALID_BODY) or not finding.evidence["can_plan"]:
        return finding
    return reaches[integrity_findings.COMPILE_RIGHTS[finding.evidence["object_type"]]].judged(finding)


def _due(look: _Look, wanted: Chosen, reach: Reach) -> tuple[Finding, ...]:
    """Checks of the largest tables first. What was found before of those that the account may not check stands."""
    due, beyond = [], 0
    for row in look.session.rows(oracle_query("validatable_tables"), wanted.table_binds):
        name = shown(row["owner"], row["table_name"])
        if not reach.covers(row["owner"]):
            beyond += 1
            look.unchecked.append((FAILED, name))
        elif can_quote(row["owner"], row["table_name"]):
            due.append(integrity_findings.due(row))
        else:
            look.notes.append(f"{name} is not checked: a name with a double quote cannot be written in a statement.")
    if beyond:
        look.notes.append(integrity_findings.beyond_reach(beyond, reach.privilege))
    for row in look.rows("tables_left_out", wanted.table_binds, "Which tables are left out"):
        look.notes.extend(integrity_findings.tables_left_out(row))
    return tuple(due)


def _bad_blocks(look: _Look) -> list[Finding]:
    ranges: dict[tuple[int, int, int], Row] = {}
    for row in (
        *look.rows("corrupt_blocks", {}, "Which blocks are known to be damaged", CORRUPT),
        *look.rows("nonlogged_blocks", {}, "Which blocks were lost for want of redo", CORRUPT),
    ):
        ranges.setdefault((int(row["file_id"]), int(row["first_block"]), int(row["blocks"])), row)
    blocks = list(ranges.values())
    if len(blocks) > _MAPPED:
        look.notes.append(f"{len(blocks)} ranges of damaged blocks are known; only the first {_MAPPED} are told here.")
        look.unchecked.append((CORRUPT, ""))
    return [finding for row in blocks[:_MAPPED] for finding in _mapped(look, row)]


def _mapped(look: _Look, blocks: Row) -> list[Finding]:
    """One finding for each segment that a range of bad blocks belongs to, or one that says what else they are."""
    if blocks["is_here"] != "YES":
        return [ownerless_blocks(blocks, Whose.OF_ANOTHER_CONTAINER)]
    first, known = int(blocks["first_block"]), len(look.unchecked)
    binds = {"file_id": blocks["file_id"], "first_block": first, "last_block": first + int(blocks["blocks"]) - 1}
    segments = look.rows("owners_of_blocks", binds, "Whose the damaged blocks are", CORRUPT)
    if segments:
        return [corrupt_blocks(blocks, segment) for segment in segments]
    free = look.rows("free_blocks", binds, "Whether the damaged blocks are free", CORRUPT)
    if len(look.unchecked) > known:
        return [ownerless_blocks(blocks, Whose.HIDDEN)]
    return [ownerless_blocks(blocks, Whose.FREE if is_free(blocks, free) else Whose.OF_THE_FILE)]


def _table(step: Step) -> dict[str, Any]:
    return {"owner": step.check["owner"], "table_name": step.check["table_name"]}


def _is_invalid(session: Session, step: Step) -> bool:
    binds = {"owner": step.check["owner"], "object_name": step.check["object_name"]}
    rows = session.rows(oracle_query("invalid_objects"), binds)
    return any(row["object_type"] == step.check["object_type"] for row in rows)


CONCERN = Integrity()
