"""Copies of a table beside it: their names, the mark by which they are known again, and which of them are due or too many. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from strategies.assessments import Finding, Severity
from strategies.plans import Outcome, Step, Verification
from strategies.routines.backup_maintenance import BackupParameters
from strategies.sentences import span

NO_COPY, SURPLUS = "no_fresh_copy", "surplus_copies"
ADVICE = (
    "A run makes a copy beside the table. It protects against wrong changes, and not against the loss of the database: that is what"
    " backups of the whole are for."
)
NAME_A_TABLE = "Copies are made of one table: name it instead of ALL."
_MADE_AT = re.compile(r"_[bB](\d{12})$")


@dataclass(frozen=True, slots=True)
class Copy:
    """A table that is known to be a copy, by its name and its mark. `made_at` is when it was planned."""

    name: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A table of which copies are wanted. `now` is by the clock of its database; `why_not` a sentence, where none can be made.

    `identity` has the names for statements, `check` what is compared afterwards, `figures` what people read.
    """

    object: str
    table: str
    now: datetime
    copies: Sequence[Copy]
    longest_name: int
    why_not: str = ""
    identity: Mapping[str, Any] = field(default_factory=dict)
    check: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)


def copy_name(table: str, made_at: datetime, longest: int) -> str:
    """The table's name, and the minute in UTC; in capitals after capitals, so that Oracle needs no quotes around it.

    `longest` is in bytes of UTF-8: of a name that is cut, a digest tells it from others.
    """
    ending = f"_b{made_at.astimezone(UTC):%Y%m%d%H%M}"
    if len((table + ending).encode()) > longest:
        ending = f"_{sha256(table.encode()).hexdigest()[:8]}{ending}"
    ending = ending.upper() if table.isupper() else ending
    return table.encode()[: longest - len(ending)].decode(errors="ignore") + ending


def mark(table: str, copy: str) -> str:
    """What a copy carries; both are qualified names in quotes."""
    return (
        f"Copy of {table}: {copy}, made by BACKUP_MAINTENANCE of the Maintenance Portal. Renamed, it is kept for good."
    )


def known(
    table: str, marked: Iterable[tuple[str, str]], longest: int, qualified: Callable[[str], str]
) -> tuple[Copy, ...]:
    """The copies of a table, the newest first, among tables with their marks.

    Both the name and the mark have to be what the portal would have written. So what people have renamed, copied or made
    themselves is theirs.
    """
    found = []
    for name, text in marked:
        made_at = _made_at(name)
        if made_at is None or name != copy_name(table, made_at, longest):
            continue
        if text == mark(qualified(table), qualified(name)):
            found.append(Copy(name, made_at))
    return tuple(sorted(found, key=lambda copy: copy.made_at, reverse=True))


def _made_at(name: str) -> datetime | None:
    if (match := _MADE_AT.search(name)) is None:
        return None
    try:
        return datetime.strptime(match[1], "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None


def is_due(copies: Sequence[Copy], now: datetime, hours: int) -> bool:
    return not copies or now - copies[0].made_at >= timedelta(hours=hours)


def judge(seen: Seen, parameters: BackupParameters) -> tuple[Finding, ...]:
    """The need of a copy, or of fewer."""
    keep = parameters.keep_copies
    if is_due(seen.copies, seen.now, parameters.copy_every_hours):
        drops = seen.copies[keep - 1 :] if keep else ()
        words = _words_of_age(seen)
        return (_finding(NO_COPY, seen, Severity.WARNING, words, seen.why_not or ADVICE, drops, not seen.why_not),)
    if keep and len(seen.copies) > keep:
        words = f"{seen.object} has {len(seen.copies)} copies, of which the newest {keep} are kept."
        advice = "A run drops the others."
        return (_finding(SURPLUS, seen, Severity.INFO, words, advice, seen.copies[keep:], True),)
    return ()


def _words_of_age(seen: Seen) -> str:
    if not seen.copies:
        return f"There is no copy of {seen.object}."
    return f"The newest copy of {seen.object} was made {span(seen.now - seen.copies[0].made_at)} ago."


def _finding(
    kind: str, seen: Seen, severity: Severity, words: str, advice: str, drops: Sequence[Copy], can_plan: bool
) -> Finding:
    return Finding(
        kind, seen.object, "TABLE", severity, words, advice,
        {
            **seen.figures, "copies": [copy.name for copy in seen.copies], "copy": copy_name(seen.table, seen.now, seen.longest_name),
            "surplus": [copy.name for copy in drops], "identity": dict(seen.identity), "check": dict(seen.check),
            "can_plan": can_plan,
        },
    )  # fmt: skip


def steps(
    findings: Sequence[Finding], copy: Callable[[Finding], Step], drop: Callable[[Finding, str, tuple[str, ...]], Step]
) -> list[Step]:
    """First the copy; then, once it is there, what is one too many goes, the oldest first."""
    built = []
    for finding in findings:
        if not finding.evidence["can_plan"]:
            continue
        after: tuple[str, ...] = ()
        if finding.kind == NO_COPY:
            made = copy(finding)
            built.append(made)
            after = (made.key,)
        built += [drop(finding, name, after) for name in reversed(finding.evidence["surplus"])]
    return built


def check_of_copy(finding: Finding, parameters: BackupParameters) -> dict[str, Any]:
    seen = finding.evidence
    return {
        "kind": NO_COPY, "copy": seen["copy"], "copy_every_hours": parameters.copy_every_hours, **seen["identity"], **seen["check"],
    }  # fmt: skip


def check_of_drop(finding: Finding, name: str, parameters: BackupParameters) -> dict[str, Any]:
    return {"kind": SURPLUS, "copy": name, "keep_copies": parameters.keep_copies, **finding.evidence["identity"]}


def figures(finding: Finding) -> dict[str, Any]:
    """Of a finding's evidence, what the step shows."""
    hidden = ("identity", "check", "can_plan", "copies", "surplus")
    return {name: value for name, value in finding.evidence.items() if name not in hidden}


def why_no_copy(step: Step, copies: Sequence[Copy], now: datetime) -> str:
    """Why a copy that was planned is not needed any more, in a sentence; empty where it is."""
    name = step.check["copy"]
    if any(copy.name == name for copy in copies):
        return f"the copy {name} is there."
    if not is_due(copies, now, step.check["copy_every_hours"]):
        return f"{copies[0].name} was made meanwhile."
    return ""


def why_no_drop(step: Step, copies: Sequence[Copy]) -> str:
    """Why a copy stays that was to go: the newest ones are never dropped, whatever became of others since the plan was made."""
    name, names = step.check["copy"], [copy.name for copy in copies]
    if name not in names:
        return "it is gone, or no longer carries the mark of a copy."
    newer = names.index(name)
    if newer < step.check["keep_copies"]:
        return f"only {newer} newer {'copy is' if newer == 1 else 'copies are'} left, and {step.check['keep_copies']} are kept."
    return ""


def why_dropped(finding: Finding, parameters: BackupParameters) -> str:
    return f"Of the copies of {finding.object} the newest {parameters.keep_copies} are kept."


def judge_rows(name: str, rows: int, outcome: Outcome | None) -> Verification:
    """A copy that is there, by its rows. Where the worker was lost it counts as made: it comes as a whole, or not at all."""
    told = outcome.meters.rows if outcome is not None else None
    words = f"{rows:,} {'row' if rows == 1 else 'rows'}"
    if told is not None and told != rows:
        message = f"{name} has {words}, and {told:,} were copied."
        return Verification(False, message, {"rows": rows}, objects_affected=0)
    return Verification(True, f"{name} holds {words}.", {"rows": rows})


def without(finding: Finding, names: Sequence[str]) -> Finding:
    """The finding, with these copies left where they are."""
    surplus = [name for name in finding.evidence["surplus"] if name not in names]
    can_plan = finding.evidence["can_plan"] and (finding.kind == NO_COPY or bool(surplus))
    return replace(finding, evidence={**finding.evidence, "surplus": surplus, "can_plan": can_plan})
