"""Which checks amcheck is to make of a database, the statements that make them, and what their answers mean. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any

from strategies.assessments import Finding, Severity
from strategies.plans import ErrorClass, Locks, Step, TargetError, Verification
from strategies.platforms.base import Row
from strategies.platforms.postgresql.names import literal, quoted
from strategies.routines.integrity_validation import IntegrityParameters

FAILED = "failed_check"
# Data corrupted, index corrupted, a file that is gone, and one that the system could not read
# (https://www.postgresql.org/docs/current/errcodes-appendix.html).
DAMAGE_STATES = frozenset({"XX001", "XX002", "58P01", "58030"})
_MOST, _SHOWN = 100, 5
_ADVICE = {
    "INDEX": "Nothing is repaired by itself. Find out first why it came to this (disk, memory, a changed collation). REINDEX INDEX"
    " CONCURRENTLY builds it anew from its table, once that is known to be sound.",
    "TABLE": "Nothing is repaired by itself. Keep a copy of the data folder as it is, look for the cause in disks and memory, and"
    " restore the table from a backup, or save the rows that can still be read.",
}


def due(row: Row, functions: Mapping[str, Row], suspects: Container[int]) -> Finding | None:
    """The check of a table or an index; None where the function for it is not there or may not be called."""
    function = functions.get(function_of(row))
    if function is None or not function["may_call"]:
        return None
    of = f" of {row['table_object']}" if row["table_object"] else ""
    doubt = " It is suspected: its rules of sorting have changed." if row["oid"] in suspects else ""
    return Finding(
        FAILED, row["object"], row["object_type"], Severity.INFO,
        f"Whether {row['object']}{of} is sound can only be told by reading it.{doubt}", "",
        {
            "is_due": True, "size_bytes": row["size_bytes"], "schema_name": row["schema_name"], "relation": row["name"],
            "oid": row["oid"], "is_nameable": row["may_use_schema"],
            "function": function["function_name"], "arguments": function["arguments"],
        },
    )  # fmt: skip


def function_of(row: Row) -> str:
    """The function of amcheck that checks it: that of tables came with amcheck 1.3 (PostgreSQL 14)."""
    return "bt_index_check" if row["object_type"] == "INDEX" else "verify_heapam"


def in_order(rows: Sequence[Row], suspects: Container[int]) -> list[Row]:
    """What is suspected first, then the largest."""
    return sorted(rows, key=lambda row: (row["oid"] not in suspects, -row["size_bytes"], row["object"]))


def step(found: Finding, parameters: IntegrityParameters) -> Step:
    seen = found.evidence
    return Step(
        key=f"{FAILED}:{found.object}", operation_type="VALIDATE", object=found.object, object_type=found.object_type,
        settings=(f"SET lock_timeout = '{parameters.lock_wait_seconds:d}s'", "SET statement_timeout = 0"),
        statements=(_statement(found, parameters),), locks=Locks.NONE, reason=found.summary,
        undo_note="There is nothing to undo: nothing is changed.", evidence={"size_bytes": seen["size_bytes"]},
        check={"finds": FAILED, "oid": seen["oid"], "looks_at": _looks_at(found, parameters)},
    )  # fmt: skip


def _looks_at(found: Finding, parameters: IntegrityParameters) -> list[str]:
    if found.object_type == "INDEX":
        return ["rows of the table"] if parameters.compare_indexes else []
    wanted = (("long values", parameters.check_toast), ("frozen pages", not parameters.skip_frozen))
    return [words for words, is_wanted in wanted if is_wanted]


def _statement(found: Finding, parameters: IntegrityParameters) -> str:
    """Only with ACCESS SHARE: bt_index_parent_check, which keeps others from writing, is never called.

    By number where the account may not use the schema, as that of long values: checking asks for no more than EXECUTE.
    """
    seen = found.evidence
    name = literal(quoted(seen["schema_name"], seen["relation"])) if seen["is_nameable"] else f"{seen['oid']:d}"
    relation = f"{name}::regclass"
    if found.object_type == "INDEX":
        arguments = [relation, _word(parameters.compare_indexes)]
        if seen["arguments"] >= 3:  # checkunique, from PostgreSQL 17 on
            arguments.append(_word(parameters.compare_indexes))
        return f"SELECT {seen['function']}({', '.join(arguments)})"
    skip = "all-frozen" if parameters.skip_frozen else "none"
    arguments = [
        relation,
        "on_error_stop => false",
        f"check_toast => {_word(parameters.check_toast)}",
        f"skip => '{skip}'",
    ]
    return f"SELECT blkno, offnum, attnum, msg FROM {seen['function']}({', '.join(arguments)}) LIMIT {_MOST}"  # noqa: S608


def _word(value: bool) -> str:
    return "true" if value else "false"


def judge(checked: Step, answers: Sequence[Mapping[str, Any]]) -> Verification:
    """What a check said that came to its end. That of an index answers only by an error."""
    if checked.object_type == "INDEX" or not answers:
        return Verification(True, f"amcheck finds nothing wrong in {checked.object}.", {"problems": 0})
    messages = [f"block {row['blkno']}: {row['msg']}" for row in answers]
    count = f"{len(messages)} or more" if len(messages) >= _MOST else str(len(messages))
    more = f" ({count} problems in all)" if len(messages) > 1 else ""
    return _found(checked, f"{checked.object} is damaged: {messages[0]}{more}.", messages)


def explain(checked: Step, error: TargetError) -> Verification | None:
    if error.code not in DAMAGE_STATES:
        return None
    words = f"{checked.object} is damaged: {error.message.rstrip('.')}."
    told = _found(checked, words, [error.message])
    return replace(told, error=TargetError(ErrorClass.PERMANENT, error.code, words))


def _found(checked: Step, words: str, messages: Sequence[str]) -> Verification:
    evidence: dict[str, Any] = {"problems": len(messages), "messages": list(messages[:_SHOWN])}
    evidence |= {"looks_at": looks_at} if (looks_at := checked.check["looks_at"]) else {}
    finding = Finding(
        FAILED, checked.object, checked.object_type, Severity.CRITICAL, words, _ADVICE[checked.object_type], evidence
    )
    return Verification(False, words, evidence, finding=finding)
