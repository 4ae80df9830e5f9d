"""ANALYZE … VALIDATE STRUCTURE and ALTER … COMPILE as steps, and what their errors mean. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from strategies.assessments import Finding, Severity
from strategies.plans import ErrorClass, Locks, Step, TargetError, Verification
from strategies.platforms.oracle.integrity_findings import FAILED, INVALID, INVALID_BODY
from strategies.platforms.oracle.lock_wait import lock_wait
from strategies.platforms.oracle.names import quoted
from strategies.routines.integrity_validation import IntegrityParameters

# The system cannot read a file, a table and its index differ, a block fails its check, an index lacks a key, a block cannot be
# used or was never logged, and the database's own word for what must not be (Oracle Database Error Messages).
DAMAGE = frozenset({"ORA-01115", "ORA-01499", "ORA-01498", "ORA-08102", "ORA-01578", "ORA-26040", "ORA-00600"})
# What others need comes first; the database compiles besides whatever an object needs.
_COMPILE = {
    "TYPE": "ALTER TYPE {} COMPILE SPECIFICATION REUSE SETTINGS",
    "VIEW": "ALTER VIEW {} COMPILE",
    "FUNCTION": "ALTER FUNCTION {} COMPILE REUSE SETTINGS",
    "PROCEDURE": "ALTER PROCEDURE {} COMPILE REUSE SETTINGS",
    "PACKAGE": "ALTER PACKAGE {} COMPILE SPECIFICATION REUSE SETTINGS",
    "TYPE BODY": "ALTER TYPE {} COMPILE BODY REUSE SETTINGS",
    "PACKAGE BODY": "ALTER PACKAGE {} COMPILE BODY REUSE SETTINGS",
    "MATERIALIZED VIEW": "ALTER MATERIALIZED VIEW {} COMPILE",
    "TRIGGER": "ALTER TRIGGER {} COMPILE REUSE SETTINGS",
}
_ADVICE = (
    "Nothing is repaired by itself. The trace file that the error names tells which rows or blocks. Where only an index differs,"
    " drop it and create it anew (a rebuild would read the old one); where blocks of the table cannot be read, restore them from a"
    " backup with RMAN."
)


def steps(findings: Sequence[Finding], parameters: IntegrityParameters) -> list[Step]:
    """Compilations in their order, then the checks in the order in which they are due."""
    invalid = [found for found in findings if parameters.compile_invalid and _can_compile(found)]
    order = list(_COMPILE)
    invalid.sort(key=lambda found: order.index(found.evidence["object_type"]))
    due = [found for found in findings if found.evidence.get("is_due")]
    return [*(_compile(found, parameters) for found in invalid), *(_validate(found, parameters) for found in due)]


def _can_compile(found: Finding) -> bool:
    return found.kind in (INVALID, INVALID_BODY) and bool(
        found.evidence.get("can_plan")
    )  # kept ones of before may have none


def _compile(found: Finding, parameters: IntegrityParameters) -> Step:
    seen = found.evidence
    return Step(
        key=f"compile:{seen['object_type']}:{found.object}", operation_type="UPDATE", object=found.object,
        object_type=found.object_type, settings=lock_wait(parameters.lock_wait_seconds),
        statements=(_COMPILE[seen["object_type"]].format(quoted(seen["owner"], seen["object_name"])),), locks=Locks.DDL,
        reason=found.summary, undo_note="There is nothing to undo: its source is the same.",
        check={"owner": seen["owner"], "object_name": seen["object_name"], "object_type": seen["object_type"]},
    )  # fmt: skip


def _validate(found: Finding, parameters: IntegrityParameters) -> Step:
    seen = found.evidence
    table = quoted(seen["owner"], seen["table_name"])
    return Step(
        key=f"{FAILED}:{found.object}", operation_type="VALIDATE", object=found.object, object_type="TABLE",
        settings=lock_wait(parameters.lock_wait_seconds),
        statements=(f"ANALYZE TABLE {table} VALIDATE STRUCTURE CASCADE ONLINE",), locks=Locks.NONE,
        reason=found.summary, undo_note="There is nothing to undo: nothing is changed.",
        evidence={"size_bytes": seen["size_bytes"]},
        check={"finds": FAILED, "owner": seen["owner"], "table_name": seen["table_name"]},
    )  # fmt: skip


def explain(checked: Step, error: TargetError) -> Verification | None:
    """Damage by its number; any other refusal says it all."""
    if not checked.is_check or error.code not in DAMAGE:
        return None
    words = f"{checked.object} is damaged: {error.code}: {error.message.rstrip('.')}."
    evidence = {"problems": 1, "messages": [error.message]}
    finding = Finding(FAILED, checked.object, "TABLE", Severity.CRITICAL, words, _ADVICE, evidence)
    told = Verification(False, words, evidence, finding=finding)
    return replace(told, error=TargetError(ErrorClass.PERMANENT, error.code, words))
