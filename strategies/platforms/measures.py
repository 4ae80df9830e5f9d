"""What MONITORING_MAINTENANCE measures: the step for each measure, and what its figure means against the limit. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strategies.assessments import Finding, Severity
from strategies.plans import Locks, Step, Verification
from strategies.platforms.base import ObjectUnknown
from strategies.routines.monitoring_maintenance import MonitoringParameters

TOO_LARGE, TOO_MANY_ROWS, STALE, LONG_TRANSACTION = "too_large", "too_many_rows", "stale_data", "long_transaction"
ESTIMATED, COUNTED = "estimate from statistics", "counted"
CUT_OFF = "The measure was cut off, and its figure is not known; the next run takes it again."
CLEAN = "A measure changes nothing, and leaves nothing behind."
_NOTHING_ASKED = (
    "No limit is set, so nothing is measured: set largest_mb, most_rows, age_column or longest_transaction_minutes."
)
_MB = 1_048_576
_ASKED = {
    TOO_LARGE: "Whether {} takes more than {} MB.",
    TOO_MANY_ROWS: "Whether {} has more than {} rows.",
    STALE: "Whether the newest row of {} is more than {} hours old.",
    LONG_TRANSACTION: "Whether a transaction in {} is open for more than {} minutes.",
}
_ADVICE = {
    TOO_LARGE: "Ask what fills it. Old rows can be archived or removed, and bloat is told by SPACE_MAINTENANCE.",
    TOO_MANY_ROWS: "Ask what fills it. Old rows can be archived or removed.",
    STALE: "Ask whatever is to write these rows: a load that stopped, an interface that is down, a clock that is wrong.",
    LONG_TRANSACTION: "Ask its owner whether it was forgotten: it holds its locks, and what it may still read cannot be cleaned up.",
}


def limits(parameters: MonitoringParameters) -> dict[str, float]:
    """What is asked for, each kind with its limit."""
    every = {
        TOO_LARGE: parameters.largest_mb, TOO_MANY_ROWS: parameters.most_rows,
        STALE: parameters.newest_within_hours if parameters.age_column.strip() else 0,
        LONG_TRANSACTION: parameters.longest_transaction_minutes,
    }  # fmt: skip
    return {kind: limit for kind, limit in every.items() if limit}


def not_asked(asked: Mapping[str, float]) -> tuple[tuple[str, str], ...]:
    """For `Assessment.unchecked`: what another job has found of these kinds stands."""
    return tuple((kind, "") for kind in _ASKED if kind not in asked)


def notes(asked: Mapping[str, float]) -> list[str]:
    return [] if asked else [_NOTHING_ASKED]


def due(
    kind: str, name: str, object_type: str, statement: str, limit: float, *, method: str = "", **identity: Any
) -> Finding:
    """A measure that a run is to take; `identity` is what tells before it whether its object is still there."""
    measure = {"statement": statement, "limit": limit, "method": method, **identity}
    return Finding(
        kind,
        name,
        object_type,
        Severity.INFO,
        _ASKED[kind].format(name, _number(limit)),
        "",
        {"is_due": True, "measure": measure},
    )


def _number(limit: float) -> str:
    return f"{limit:,.0f}" if limit == int(limit) else f"{limit:,}"


def steps(findings: Sequence[Finding], settings: tuple[str, ...]) -> list[Step]:
    """Of what is due; what a measure has found is for people."""
    return [_step(finding, settings) for finding in findings if finding.evidence.get("is_due")]


def _step(finding: Finding, settings: tuple[str, ...]) -> Step:
    measure = dict(finding.evidence["measure"])
    return Step(
        key=f"{finding.kind}:{finding.object}", operation_type="MONITOR", object=finding.object, object_type=finding.object_type,
        settings=settings, statements=(measure.pop("statement"),), locks=Locks.NONE, reason=finding.summary,
        undo_note="There is nothing to undo: nothing is changed.", check={"finds": finding.kind, **measure},
    )  # fmt: skip


def judge(step: Step, answers: Sequence[Mapping[str, Any]]) -> Verification:
    """What a measure that came to its end says, with its figures whether they are within the limit or not."""
    tell = {TOO_LARGE: _size, TOO_MANY_ROWS: _rows, STALE: _age, LONG_TRANSACTION: _transaction}[step.check["finds"]]
    return tell(step, answers[0] if answers else {})


def _size(step: Step, row: Mapping[str, Any]) -> Verification:
    if row.get("figure") is None:
        return _untold(step, "size")
    size, limit = int(row["figure"]), step.check["limit"]
    evidence = {"size_bytes": size, "limit_bytes": round(limit * _MB)}
    return _told(
        step, f"{step.object} takes {size / _MB:,.1f} MB", f"{_number(limit)} MB", evidence, size > limit * _MB
    )


def _rows(step: Step, row: Mapping[str, Any]) -> Verification:
    if row.get("figure") is None:
        return _untold(step, "number of rows")
    count, limit, method = int(row["figure"]), step.check["limit"], step.check["method"]
    evidence = {"rows": count, "limit_rows": limit, "method": method}
    about = "about " if method == ESTIMATED else ""
    words = f"{step.object} has {about}{count:,} {'row' if count == 1 else 'rows'}"
    return _told(step, words, f"{_number(limit)} rows", evidence, count > limit)


def _age(step: Step, row: Mapping[str, Any]) -> Verification:
    newest, column, limit = row.get("newest"), step.check["column"], step.check["limit"]
    if not row:
        return _untold(step, "newest row")
    evidence: dict[str, Any] = {
        "column": column,
        "newest": newest if newest is None else str(newest),
        "limit_hours": limit,
    }
    if newest is None:
        return _told(
            step, f"{step.object} has no row with a value in {column}", f"{_number(limit)} hours", evidence, True
        )
    if row["figure"] is None:
        words = f"The newest value in {column} of {step.object} cannot be read as an instant: {str(newest)[:100]}."
        return Verification(False, words, evidence)
    hours = round(float(row["figure"]), 2)
    words = f"The newest row of {step.object} is {hours:,.1f} hours old by {column}"
    return _told(step, words, f"{_number(limit)} hours", {**evidence, "age_hours": hours}, hours > limit)


def _transaction(step: Step, row: Mapping[str, Any]) -> Verification:
    limit = step.check["limit"]
    if row.get("figure") is None:
        return Verification(True, f"No transaction is seen to be open in {step.object}.", {"limit_minutes": limit})
    minutes, account = int(row["figure"]), row["account"] or "an unknown account"
    evidence = {"open_minutes": minutes, "limit_minutes": limit, "session": row["session_name"], "account": account}
    words = f"The oldest transaction in {step.object} is open for {minutes:,} min: session {row['session_name']} of {account}"
    return _told(step, words, f"{_number(limit)} min", evidence, minutes > limit)


def _untold(step: Step, what: str) -> Verification:
    return Verification(False, f"The {what} of {step.object} is not told: it is gone, or cannot be seen.")


def _told(step: Step, words: str, limit: str, evidence: Mapping[str, Any], is_beyond: bool) -> Verification:
    if not is_beyond:
        return Verification(True, f"{words}; the limit is {limit}.", evidence)
    kind, summary = step.check["finds"], f"{words}, beyond the limit of {limit}."
    finding = Finding(kind, step.object, step.object_type, Severity.WARNING, summary, _ADVICE[kind], evidence)
    return Verification(True, summary, evidence, finding=finding)


def without_column(tables: Sequence[Any], having: Sequence[Any], column: str, target_object: str) -> list[str]:
    """A note on tables whose newest row is not asked. Raises ObjectUnknown where no table that is meant has the column."""
    if not having:
        raise ObjectUnknown(f"age_column: {target_object} has no column {column} that holds dates or instants.")
    if not (others := len(tables) - len(having)):
        return []
    what = "1 table has" if others == 1 else f"{others} tables have"
    return [f"{what} no column {column} that holds dates or instants: the age of their newest rows is not asked."]


def unreadable(tables: int, needed: str) -> list[str]:
    """A note on tables whose newest row the account may not look for."""
    if not tables:
        return []
    what = "1 table is" if tables == 1 else f"{tables} tables are"
    return [f"The newest row of {what} not asked: that needs {needed}."]
