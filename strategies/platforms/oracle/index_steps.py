"""The steps that meet findings about indexes of an Oracle database, in the order in which they run. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strategies.assessments import Finding
from strategies.plans import ErrorClass, Locks, Step, StepRole, TargetError, Verification
from strategies.platforms.oracle import index_statements
from strategies.platforms.oracle.index_bloat import BLOATED
from strategies.platforms.oracle.index_findings import INTERRUPTED, ORPHANED, UNUSABLE, UNUSED
from strategies.platforms.oracle.lock_wait import lock_wait
from strategies.routines.index_maintenance import IndexParameters
from strategies.sentences import sentences

_ORDER = {INTERRUPTED: 0, UNUSABLE: 1, ORPHANED: 2, BLOATED: 3, UNUSED: 4}
_IN_CHECK = (
    "owner", "index_name", "part_level", "part_name", "object_id", "table_object_id", "data_object_id", "degree", "instances",
    "needs_bytes", "tablespace", "journal", "journal_object_id", "size_bytes", "last_analyzed", "is_online", "rebuild_degree",
    "unused_days",
)  # fmt: skip
_HIDDEN = (*_IN_CHECK, "can_plan")
_SHOWN = ("tablespace", "needs_bytes", "size_bytes", "last_analyzed", "degree", "unused_days")


def steps(findings: Sequence[Finding], parameters: IndexParameters) -> list[Step]:
    """Interrupted builds are cleaned up first, since their indexes cannot be rebuilt before; then what is unusable."""
    chosen = [finding for finding in findings if finding.evidence["can_plan"]]
    cleaned = {finding.object for finding in chosen if finding.kind == INTERRUPTED}
    return [_step(finding, parameters, cleaned) for finding in sorted(chosen, key=lambda finding: _ORDER[finding.kind])]


def _step(finding: Finding, parameters: IndexParameters, cleaned: set[str]) -> Step:
    if finding.kind == INTERRUPTED:
        return _clean(finding, parameters)
    if finding.kind == ORPHANED:
        return _remove_orphans(finding, parameters)
    if finding.kind == UNUSED:
        return _hide(finding, parameters)
    return _rebuild(finding, parameters, after=(_clean_key(finding.object),) if finding.object in cleaned else ())


def _clean_key(name: str) -> str:
    return f"clean:{name}"


def _clean(finding: Finding, parameters: IndexParameters) -> Step:
    return Step(
        key=_clean_key(finding.object), operation_type="CLEANUP", object=finding.object, object_type="INDEX",
        settings=lock_wait(parameters.lock_wait_seconds),
        statements=(index_statements.clean_build(finding.evidence["object_id"]),), locks=Locks.WRITES, reason=finding.summary,
        undo_note="Nothing to undo: what is removed is the rest of a build that has ended.", evidence=_figures(finding),
        check=_check(finding, parameters),
    )  # fmt: skip


def _remove_orphans(finding: Finding, parameters: IndexParameters) -> Step:
    seen = finding.evidence
    return Step(
        key=f"orphans:{finding.object}", operation_type="CLEANUP", object=finding.object, object_type="INDEX",
        settings=lock_wait(parameters.lock_wait_seconds),
        statements=(index_statements.remove_orphans(seen["owner"], seen["index_name"], seen["part_name"]),), locks=Locks.DDL,
        reason=finding.summary, undo_note="Nothing to undo: the entries belonged to partitions that are gone.",
        evidence=_figures(finding), check=_check(finding, parameters),
    )  # fmt: skip


def _hide(finding: Finding, parameters: IndexParameters) -> Step:
    seen = finding.evidence
    return Step(
        key=f"hide:{finding.object}", operation_type="CONFIGURE", object=finding.object, object_type="INDEX",
        settings=lock_wait(parameters.lock_wait_seconds),
        statements=(index_statements.hide(seen["owner"], seen["index_name"]),), locks=Locks.DDL, reason=finding.summary,
        undo=(index_statements.show(seen["owner"], seen["index_name"]),), evidence=_figures(finding),
        check=_check(finding, parameters),
    )  # fmt: skip


def _rebuild(finding: Finding, parameters: IndexParameters, *, after: tuple[str, ...]) -> Step:
    seen = finding.evidence
    statements = index_statements.rebuild(
        seen["owner"], seen["index_name"], seen["part_level"], seen["part_name"], is_online=seen["is_online"],
        degree=seen["rebuild_degree"], back=index_statements.clause_of_degree(seen["degree"], seen["instances"]) or "",
    )  # fmt: skip
    return Step(
        key=f"rebuild:{finding.object}", operation_type="REBUILD", object=finding.object, object_type="INDEX",
        settings=lock_wait(parameters.lock_wait_seconds), statements=statements,
        locks=Locks.DDL if seen["is_online"] else Locks.WRITES, reason=finding.summary,
        undo_note="Nothing to undo: the rebuilt index holds the same entries.", after=after, evidence=_figures(finding),
        check=_check(finding, parameters),
    )  # fmt: skip


def explain(step: Step, error: TargetError) -> Verification | None:
    """Online, each entry has to fit into the journal's index as well, so that the longest key is about half as long as else.

    A clean-up that its own block refuses met somebody who works on the table: it may succeed later.
    """
    if step.check["kind"] == INTERRUPTED and error.code == f"ORA-{index_statements.CLEAN_REFUSED}":
        busy = TargetError(ErrorClass.LOCK, error.code, error.message)
        return Verification(False, error.message, objects_affected=0, error=busy)
    if error.code != "ORA-01450" or not step.check.get("is_online"):
        return None
    words = sentences(
        error.message, "Online, a key has less room than offline: rebuild it by hand, while nobody writes to its table."
    )
    refused = TargetError(ErrorClass.PERMANENT, error.code, words)
    return Verification(False, words, objects_affected=0, error=refused)


def clean_up_steps(step: Step, *, has_journal: bool, degree_differs: bool) -> list[Step]:
    """What takes back the rest of a failed attempt of `step`: first its journal, then the degree that it left."""
    seen, made = step.check, []
    base: dict[str, Any] = {
        "object": step.object, "object_type": step.object_type, "settings": step.settings, "role": StepRole.CLEAN_UP,
        "undo_note": "Nothing to undo: it takes back what the attempt before left.",
    }  # fmt: skip
    if has_journal:
        made.append(
            Step(
                key=f"clean-up:{step.key}", operation_type="CLEANUP", locks=Locks.WRITES,
                statements=(index_statements.clean_build(seen["object_id"]),),
                reason="The attempt before was interrupted in an online build.", check={**seen, "kind": INTERRUPTED}, **base,
            )
        )  # fmt: skip
    back = index_statements.clause_of_degree(seen["degree"], seen["instances"])
    if degree_differs and back is not None:
        made.append(
            Step(
                key=f"degree:{step.key}", operation_type="CONFIGURE", locks=Locks.DDL,
                statements=(index_statements.restore_degree(seen["owner"], seen["index_name"], back),),
                reason="The attempt before left the parallel degree of its rebuild.", check={**seen, "kind": DEGREE}, **base,
            )
        )  # fmt: skip
    return made


DEGREE = "degree"  # the kind of a clean-up step that gives an index its degree back


def _check(finding: Finding, parameters: IndexParameters) -> dict[str, Any]:
    kept = {name: finding.evidence[name] for name in _IN_CHECK if name in finding.evidence}
    return {**kept, "kind": finding.kind, "oldest_minutes": parameters.oldest_transaction_minutes}


def _figures(finding: Finding) -> dict[str, Any]:
    """What people read beside the step."""
    return {
        name: value
        for name, value in finding.evidence.items()
        if (name not in _HIDDEN or name in _SHOWN) and value is not None
    }
