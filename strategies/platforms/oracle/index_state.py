"""The state of one index, or of one part of it, just before and after a step: read, and judged against what the step was to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strategies.plans import LeftBehind, StateLeft, Step, Verification
from strategies.platforms.base import PlatformError, Row, Session
from strategies.platforms.oracle.errors import is_hidden
from strategies.platforms.oracle.index_bloat import BLOATED
from strategies.platforms.oracle.index_findings import INTERRUPTED, ORPHANED, UNUSABLE, UNUSED
from strategies.platforms.oracle.index_statements import clause_of_degree, restore_degree
from strategies.platforms.oracle.index_steps import DEGREE
from strategies.platforms.oracle.names import oracle_query, shown

REBUILT = (UNUSABLE, BLOATED)
_MB = 1_048_576


@dataclass(frozen=True, slots=True)
class State:
    """What the dictionary says now. `size_bytes` None = without a segment; `journal` None = no online build, running or left."""

    status: str
    data_object_id: int | None
    degree: str
    instances: str
    is_visible: bool
    has_orphans: bool
    size_bytes: int | None = None
    last_analyzed: str | None = None
    journal: str | None = None
    journal_object_id: int | None = None

    @property
    def is_usable(self) -> bool:
        """An index says VALID, a part of one USABLE."""
        return self.status in ("VALID", "USABLE")

    def degree_differs(self, step: Step) -> bool:
        """Only a step that rebuilds in parallel changes the degree; another one is somebody else's."""
        if step.check.get("rebuild_degree", 1) < 2:
            return False
        return (self.degree, self.instances) != (step.check.get("degree"), step.check.get("instances"))

    def lock_binds(self, step: Step) -> dict[str, Any]:
        return {
            "table_object_id": step.check["table_object_id"], "object_id": step.check["object_id"],
            "journal_object_id": self.journal_object_id,
        }  # fmt: skip


def read(session: Session, step: Step) -> State | None:
    """None = the index, or the part of it, is gone. Raises PlatformError."""
    owner, index, part = (step.check[name] for name in ("owner", "index_name", "part_name"))
    binds: dict[str, Any] = {"owner": owner, "index_name": index, "table_name": None}
    whole = session.rows(oracle_query("indexes"), {**binds, "everything": 1})
    if not whole:
        return None
    row = whole[0]
    if part is not None:
        parts = session.rows(oracle_query("index_parts"), {**binds, "part_name": part, "everything": 1})
        parts = [found for found in parts if found["part_level"] == step.check["part_level"]]
        if not parts:
            return None
        row = {**row, **parts[0]}
    segments = session.rows(oracle_query("index_segments"), {"owner": owner, "index_name": index})
    journals = session.rows(oracle_query("index_journals"), binds)
    return state_of(row, part, segments, [found for found in journals if found["part_name"] == part])


def state_of(row: Row, part: str | None, segments: list[Row], journals: list[Row]) -> State:
    """From dictionary rows. Pure."""
    journal = journals[0] if journals else None
    return State(
        status=row["status"],
        data_object_id=None if row["data_object_id"] is None else int(row["data_object_id"]),
        degree=(row["degree"] or "").strip(),
        instances=(row["instances"] or "").strip(),
        is_visible=row["visibility"] == "VISIBLE",
        has_orphans=row["orphaned_entries"] == "YES",
        size_bytes=next((int(segment["bytes"]) for segment in segments if segment["part_name"] == part), None),
        last_analyzed=row["last_analyzed"],
        journal=None if journal is None else shown(journal["journal_owner"], journal["journal_name"]),
        journal_object_id=None if journal is None else int(journal["journal_object_id"]),
    )


def locks(session: Session, binds: Mapping[str, Any]) -> list[Row] | None:
    """Locks of other sessions on the table, the index or its journal; None where the account may not see them."""
    names = ("table_object_id", "object_id", "journal_object_id")
    try:
        return session.rows(oracle_query("index_locks"), {name: binds[name] for name in names})
    except PlatformError as refusal:
        if not is_hidden(refusal.error):
            raise
        return None


def why_not_needed(state: State, step: Step) -> str:
    """A sentence where the step has nothing left to do. Pure."""
    kind = step.check["kind"]
    if kind == UNUSABLE and state.is_usable:
        return "it is usable now."
    if kind == BLOATED and state.data_object_id != step.check["data_object_id"]:
        return "it was rebuilt meanwhile."
    if kind == ORPHANED and not state.has_orphans:
        return "it holds no orphaned entries any more."
    if kind == INTERRUPTED and state.journal is None:
        return "the interrupted build was cleaned up meanwhile."
    if kind == UNUSED and not state.is_visible:
        return "it is invisible already."
    return ""


def judge_result(state: State, step: Step) -> Verification:
    """Whether a step did what it was to do, by what the dictionary says after it. Pure."""
    kind, evidence = step.check["kind"], _evidence(state)
    if kind in REBUILT:
        problem = _problem_of_rebuild(state, step)
        if problem:
            return Verification(False, problem, evidence, objects_affected=0)
        return Verification(True, f"Usable and new{_sizes(state, step)}.", evidence)
    done, still = {
        ORPHANED: ("The orphaned entries are gone.", "It still holds orphaned entries."),
        INTERRUPTED: (
            "The journal of the interrupted build is gone.",
            "The journal of the interrupted build is still there.",
        ),
        UNUSED: ("The index is invisible.", "The index is still visible."),
        DEGREE: ("The index has its degree back.", "The index still has another parallel degree."),
    }[kind]
    is_done = not state.degree_differs(step) if kind == DEGREE else bool(why_not_needed(state, step))
    return Verification(is_done, done if is_done else still, evidence, objects_affected=int(is_done))


def _problem_of_rebuild(state: State, step: Step) -> str:
    if not state.is_usable:
        return "The index is still unusable."
    if step.check["kind"] == BLOATED and state.data_object_id == step.check["data_object_id"]:
        return "The index is still the old one: it was not rebuilt."
    if state.journal is not None:
        return f"The rebuild left its journal {state.journal} behind."
    if state.degree_differs(step):
        return f"It was rebuilt, and its parallel degree is {state.degree} now: it was {step.check['degree']}."
    return ""


def _sizes(state: State, step: Step) -> str:
    before = step.check.get("size_bytes") or step.check.get("needs_bytes")
    if before is None or state.size_bytes is None:
        return ""
    return f": {before / _MB:,.1f} MB before, {state.size_bytes / _MB:,.1f} MB now"


def judge_rest(state: State, step: Step) -> StateLeft:
    """What a step that did not succeed left. Pure."""
    if step.check["kind"] not in REBUILT:
        return StateLeft(
            LeftBehind.CLEAN, "Nothing was left behind: the index is as it was, or as the step was to leave it."
        )
    rest = []
    if state.journal is not None:
        rest.append(
            f"The journal {state.journal} of an online build is there: until it is gone, every write to the table pays for it, and"
            " the index can be neither rebuilt nor dropped. The next index maintenance cleans it up, as Oracle itself does when"
            " nobody works on the table."
        )
    if state.degree_differs(step):
        back = clause_of_degree(step.check["degree"], step.check["instances"]) or "NOPARALLEL"
        rest.append(
            f"The parallel degree of the index is {state.degree}, it was {step.check['degree']}: queries may run in parallel until"
            f" {restore_degree(step.check['owner'], step.check['index_name'], back)} sets it back."
        )
    if rest:
        return StateLeft(LeftBehind.NEEDS_CLEANUP, " ".join(rest))
    still = "" if state.is_usable else " The index is unusable, as it was before."
    return StateLeft(LeftBehind.CLEAN, f"Nothing was left behind.{still}")


def _evidence(state: State) -> dict[str, Any]:
    return {
        "status": state.status, "size_bytes": state.size_bytes, "degree": state.degree, "last_analyzed": state.last_analyzed,
        "journal": state.journal, "visibility": "VISIBLE" if state.is_visible else "INVISIBLE",
    }  # fmt: skip
