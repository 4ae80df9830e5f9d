"""Constraints that were never compared with the rows that were there: as findings, and the steps that validate them. Pure."""

from __future__ import annotations

from dataclasses import replace

from strategies.assessments import Finding, Severity
from strategies.plans import ErrorClass, Locks, Step, TargetError, Verification
from strategies.platforms.base import Row
from strategies.platforms.postgresql.names import quoted
from strategies.routines.integrity_validation import IntegrityParameters

UNVALIDATED = "unvalidated_constraint"
_VIOLATED = frozenset({"23514", "23503", "23502"})  # a check, a foreign key, not null


def finding(row: Row) -> Finding:
    name = f"{row['table_object']}, constraint {row['constraint_object']}"
    statement = f"ALTER TABLE {row['table_object']} VALIDATE CONSTRAINT {row['constraint_object']}"
    advice = f"Validate it, which lets reads and writes go on: {statement}."
    if not row["may_validate"]:
        advice += (
            f" The account may not: it has to be the owner of the table ({row['owner']}) or a member of that role."
        )
    return Finding(
        UNVALIDATED, name, "TABLE", Severity.WARNING,
        f"The constraint {row['constraint_object']} of {row['table_object']} is not validated: rows that were there before it"
        " may break it, and queries cannot rely on it.",
        advice,
        {
            "definition": row["definition"], "schema_name": row["schema_name"], "table_name": row["table_name"],
            "constraint_name": row["constraint_name"], "constraint_oid": row["constraint_oid"],
            "can_plan": row["may_validate"],
        },
    )  # fmt: skip


def step(found: Finding, parameters: IntegrityParameters) -> Step:
    seen = found.evidence
    table, constraint = quoted(seen["schema_name"], seen["table_name"]), quoted(seen["constraint_name"])
    return Step(
        key=f"validate:{found.object}", operation_type="VALIDATE", object=found.object, object_type="TABLE",
        settings=(f"SET lock_timeout = '{parameters.lock_wait_seconds:d}s'", "SET statement_timeout = 0"),
        statements=(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}",), locks=Locks.DDL, reason=found.summary,
        undo_note="There is nothing to undo: the rows are the same, and the constraint holds for all of them.",
        evidence={"definition": seen["definition"]},
        check={"kind": UNVALIDATED, "constraint_oid": seen["constraint_oid"], "constraint_name": seen["constraint_name"]},
    )  # fmt: skip


def explain(tried: Step, error: TargetError) -> Verification | None:
    """Rows that break a constraint are no damage; PostgreSQL names the first of them where it can."""
    if error.code not in _VIOLATED:
        return None
    words = f"Nothing is damaged, but rows break a rule: {error.message.rstrip('.')}. Correct them, and run it again."
    told = Verification(False, words, {"definition": tried.evidence["definition"]}, objects_affected=0)
    return replace(told, error=TargetError(ErrorClass.PERMANENT, error.code, words))
