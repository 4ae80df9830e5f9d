"""Which checks of a SQLite file are due, the statements that make them, and what their answers mean. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strategies.assessments import Finding, Severity
from strategies.plans import Locks, Step, TargetError, Verification
from strategies.platforms.sqlite.names import display, literal
from strategies.platforms.sqlite.table_check import read_messages
from strategies.routines.integrity_validation import IntegrityParameters

FAILED, BROKEN_REFERENCES = "failed_check", "broken_references"
_TABLE, _FILE = "TABLE", "FILE"
_MOST = 100  # problems that one check tells of, as SQLite itself counts by default
_SHOWN = 5
_ENTRIES = "entries of indexes"
_ADVICE = {
    Severity.CRITICAL: "Nothing is repaired by itself. Stop what writes to the file and keep a copy of it as it is."
    " Then restore a backup, or save what can still be read"
    " with the command .recover of the sqlite3 shell; damage of indexes alone is mended by REINDEX.",
    BROKEN_REFERENCES: "Decide for each of these rows whether it is to be removed or the row that it refers to is to be put back."
    " PRAGMA foreign_key_check lists them all. Have the program switch PRAGMA foreign_keys on.",
    FAILED: "These rows were written before the rule, or past it. Correct them; the file itself is sound.",
}


MISMATCH = (
    "The table that a foreign key refers to needs a PRIMARY KEY or a UNIQUE constraint over just these columns, with their collation."
    " Until then SQLite refuses changes of both tables to programs that switch PRAGMA foreign_keys on."
)


def table_check(table: str, journal_mode: str, hold: float | None) -> Finding:
    """`hold` is for how long writers may be kept waiting where reading does that."""
    return _due(FAILED, display(table), _TABLE, {"table": table, **_waits(journal_mode, hold)})


def file_check(name: str, journal_mode: str, hold: float | None) -> Finding:
    return _due(FAILED, name, _FILE, {"table": None, **_waits(journal_mode, hold)})


def reference_check(table: str, journal_mode: str, hold: float | None) -> Finding:
    return _due(BROKEN_REFERENCES, display(table), _TABLE, {"table": table, **_waits(journal_mode, hold)})


def _waits(journal_mode: str, hold: float | None) -> dict[str, Any]:
    return {"journal_mode": journal_mode, "longest_hold_seconds": None if journal_mode == "wal" else hold}


def _due(kind: str, name: str, object_type: str, evidence: Mapping[str, Any]) -> Finding:
    summary = {
        FAILED: f"Whether {name} is sound can only be told by reading it.",
        BROKEN_REFERENCES: f"Whether the rows of {name} refer to rows that exist can only be told by reading them.",
    }[kind]
    return Finding(kind, name, object_type, Severity.INFO, summary, "", {**evidence, "is_due": True})


def steps(findings: Sequence[Finding], parameters: IntegrityParameters) -> list[Step]:
    """Of what is due; what a check has found is for people."""
    return [_step(finding, parameters) for finding in findings if finding.evidence.get("is_due")]


def _step(due: Finding, parameters: IntegrityParameters) -> Step:
    seen = due.evidence
    return Step(
        key=f"{due.kind}:{due.object}", operation_type="VALIDATE", object=due.object, object_type=due.object_type,
        settings=(f"PRAGMA busy_timeout = {parameters.lock_wait_seconds * 1000}",),
        statements=(_statement(due, parameters),),
        locks=Locks.NONE if seen["journal_mode"] == "wal" else Locks.WRITES, reason=due.summary,
        undo_note="There is nothing to undo: nothing is changed.",
        check={
            "finds": due.kind, "table": seen["table"], "longest_hold_seconds": seen["longest_hold_seconds"],
            "looks_at": [_ENTRIES] if due.kind == FAILED and parameters.compare_indexes else [],
        },
    )  # fmt: skip


def _statement(due: Finding, parameters: IntegrityParameters) -> str:
    table = due.evidence["table"]
    if due.kind == BROKEN_REFERENCES:
        source = f"pragma_foreign_key_check({literal(table)}, 'main')"
        return f'SELECT "rowid" AS row_id, "parent" AS parent FROM {source} LIMIT {_MOST}'  # noqa: S608 (the name is a literal)
    check = "integrity_check" if parameters.compare_indexes else "quick_check"
    argument = str(_MOST) if table is None else literal(table)
    return f"SELECT \"{check}\" AS message FROM pragma_{check}({argument}, 'main')"  # noqa: S608 (the name is a literal)


def judge(step: Step, answers: Sequence[Mapping[str, Any]]) -> Verification:
    """What a check said that came to its end."""
    if step.check["finds"] == BROKEN_REFERENCES:
        return _judge_references(step, answers)
    messages = [str(row["message"]) for row in answers if row["message"] != "ok"]
    if not answers:
        return Verification(False, f"The check of {step.object} gave no answer.")
    if not messages:
        return Verification(True, f"SQLite's own check finds nothing wrong in {step.object}.", {"problems": 0})
    check = read_messages(messages, ())
    if len(check.in_rows) == len(messages):
        words = f"Rows of {step.object} break the table's own rules ({_count(messages)}): {messages[0]}."
        return found(step, Severity.WARNING, words, messages)
    more = f" ({_count(messages)} in all)" if len(messages) > 1 else ""
    damage = next(message for message in messages if message not in check.in_rows)
    words = f"{step.object} is damaged: {damage.splitlines()[-1]}{more}."
    return found(step, Severity.CRITICAL, words, messages)


def _judge_references(step: Step, answers: Sequence[Mapping[str, Any]]) -> Verification:
    if not answers:
        return Verification(True, f"Each row of {step.object} refers to rows that exist.", {"problems": 0})
    rows = [f"{_row(row['row_id'])} refers to {display(str(row['parent']))}" for row in answers]
    words = f"Rows of {step.object} refer to rows that do not exist ({_count(rows)}); the first: {rows[0]}."
    return found(step, Severity.WARNING, words, rows)


def _row(number: Any) -> str:
    """A table WITHOUT ROWID has no numbers."""
    return "a row" if number is None else f"row {number}"


def cannot_hold(step: Step, error: TargetError) -> bool:
    """Whether the foreign keys of a table refer to columns that no key can refer to."""
    return step.check["finds"] == BROKEN_REFERENCES and error.message.startswith("foreign key mismatch")


def found(step: Step, severity: Severity, words: str, messages: Sequence[str], advice: str = "") -> Verification:
    kind, evidence = step.check["finds"], {"problems": len(messages), "messages": list(messages[:_SHOWN])}
    evidence |= {"looks_at": looks_at} if (looks_at := step.check["looks_at"]) else {}
    advice = advice or _ADVICE[Severity.CRITICAL if severity is Severity.CRITICAL else kind]
    finding = Finding(kind, step.object, step.object_type, severity, words, advice, evidence)
    return Verification(False, words, evidence, finding=finding)


def _count(problems: Sequence[str]) -> str:
    return f"{len(problems)} or more" if len(problems) >= _MOST else str(len(problems))
