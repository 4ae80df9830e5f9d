"""ALTER TABLE … SHRINK SPACE, MOVE ONLINE and PURGE as steps, with row movement as it was before. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strategies.assessments import Finding
from strategies.plans import Locks, Step, StepRole
from strategies.platforms.oracle.lock_wait import lock_wait
from strategies.platforms.oracle.names import quoted
from strategies.platforms.oracle.space_findings import DROPPED, MOVABLE, SHRINKABLE
from strategies.routines.space_maintenance import SpaceParameters

ROW_MOVEMENT = "row_movement"
_PARTS = {"TABLE PARTITION": "PARTITION", "TABLE SUBPARTITION": "SUBPARTITION"}


def steps(findings: Sequence[Finding], parameters: SpaceParameters) -> list[Step]:
    """What makes room for others first: the recycle bin, then what needs none, then what is copied."""
    build = {DROPPED: _purge, SHRINKABLE: _shrink, MOVABLE: _move}
    order = list(build)
    chosen = [finding for finding in findings if finding.evidence["can_plan"]]
    return [
        build[finding.kind](finding, parameters)
        for finding in sorted(chosen, key=lambda found: order.index(found.kind))
    ]


def _shrink(finding: Finding, parameters: SpaceParameters) -> Step:
    """Rows are moved in a first statement, while others write; the second one ends it and locks the table for a moment."""
    table, part = _place(finding.evidence["identity"])
    shrink = f"ALTER TABLE {table} " + (f"MODIFY {part} " if part else "") + "SHRINK SPACE"
    statements: tuple[str, ...] = (f"{shrink} COMPACT", shrink)
    if finding.evidence["row_movement"] != "ENABLED":
        statements = (_row_movement(table, "ENABLE"), *statements, _row_movement(table, "DISABLE"))
    return Step(
        key=f"shrink:{finding.object}", operation_type="COMPRESS", object=finding.object, object_type=finding.object_type,
        settings=lock_wait(parameters.lock_wait_seconds), statements=statements, locks=Locks.WRITES, reason=finding.summary,
        undo_note="There is nothing to undo: the rows are the same, in other places.",
        evidence=_figures(finding), check=_check(finding, parameters),
    )  # fmt: skip


def _move(finding: Finding, parameters: SpaceParameters) -> Step:
    table, part = _place(finding.evidence["identity"])
    move = f"ALTER TABLE {table} MOVE " + (f"{part} ONLINE" if part else "ONLINE")
    return Step(
        key=f"move:{finding.object}", operation_type="COMPRESS", object=finding.object, object_type=finding.object_type,
        settings=lock_wait(parameters.lock_wait_seconds), statements=(move,), locks=Locks.DDL, reason=finding.summary,
        undo_note="There is nothing to undo: the rows are the same, in another place.",
        evidence=_figures(finding), check=_check(finding, parameters),
    )  # fmt: skip


def _purge(finding: Finding, parameters: SpaceParameters) -> Step:
    seen = finding.evidence
    name = quoted(seen["identity"]["owner"], seen["identity"]["object_name"])
    return Step(
        key=f"purge:{finding.object}", operation_type="DELETE", object=finding.object, object_type="TABLE",
        settings=lock_wait(parameters.lock_wait_seconds), statements=(f"PURGE TABLE {name}",),
        is_destructive=True, reason=finding.summary,
        undo_note="Not reversible: what is removed from the recycle bin is gone.",
        evidence=_figures(finding), check={"kind": DROPPED, **seen["identity"]},
    )  # fmt: skip


def restore_row_movement(step: Step) -> Step:
    """Row movement as it was before a shrink that did not come to its last statement."""
    table, _ = _place(step.check)
    return Step(
        key=f"restore:{step.key}", operation_type="CONFIGURE", object=step.object, object_type=step.object_type,
        settings=step.settings, statements=(_row_movement(table, "DISABLE"),), locks=Locks.DDL,
        reason="The attempt before left row movement switched on.", undo_note="This is how it was before.",
        check={**step.check, "kind": ROW_MOVEMENT}, role=StepRole.CLEAN_UP,
    )  # fmt: skip


def row_movement_off(check: Mapping[str, Any]) -> str:
    """The statement for people to read."""
    return _row_movement(_place(check)[0], "DISABLE")


def _row_movement(table: str, word: str) -> str:
    return f"ALTER TABLE {table} {word} ROW MOVEMENT"


def _place(identity: Mapping[str, Any]) -> tuple[str, str]:
    """The table, and the words for a part of it; empty for a whole one. Raises ValueError for names that cannot be quoted."""
    table = quoted(identity["owner"], identity["table_name"])
    if identity["partition_name"] is None:
        return table, ""
    return table, f"{_PARTS[identity['segment_type']]} {quoted(identity['partition_name'])}"


def _figures(finding: Finding) -> dict[str, Any]:
    hidden = ("owner", "identity", "check", "can_plan")
    return {name: value for name, value in finding.evidence.items() if name not in hidden}


def _check(finding: Finding, parameters: SpaceParameters) -> dict[str, Any]:
    seen = finding.evidence
    return {
        "kind": finding.kind, **seen["identity"], **seen["check"], "row_movement": seen["row_movement"],
        "size_bytes": seen["size_bytes"], "used_bytes": seen["used_bytes"],
        "reclaim_percent": parameters.reclaim_percent, "reclaim_megabytes": parameters.reclaim_megabytes,
    }  # fmt: skip
