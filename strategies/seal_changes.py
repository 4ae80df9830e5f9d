"""How each step of a plan differs from what was approved, line by line, for people to read side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

_WORDS = {
    "undo": "what takes it back", "undo_note": "what is said of taking it back", "locks": "who waits for it",
    "is_destructive": "whether it drops or deletes", "object": "the object", "operation_type": "the kind of work",
    "settings": "the settings of the session", "check": "what is checked after it", "reason": "why it is done",
    "evidence": "the figures that it rests on", "expected_ms": "how long it is expected to take",
}  # fmt: skip
_IN_SQL = frozenset({"sql", "statements", "settings", "begin"})


class How(StrEnum):
    """What became of a step."""

    ADDED = "added"
    CHANGED = "changed"
    FALLEN_AWAY = "no longer needed"


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was approved and as it is now; None = there is none on that side."""

    was: str | None
    now: str | None

    @property
    def is_same(self) -> bool:
        return self.was == self.now


@dataclass(frozen=True, slots=True)
class StepChange:
    """`others` names what differs beside the SQL, as people say it."""

    key: str
    how: How
    lines: tuple[Line, ...] = ()
    others: tuple[str, ...] = ()


def changes(sealed: Mapping[str, Any], now: Mapping[str, Any]) -> list[StepChange]:
    """Steps that changed or were added, in the order of what would run; then those that fell away."""
    approved = {step["key"]: step for step in sealed["steps"]}
    would_run = {step["key"]: step for step in now["steps"]}
    found = [
        StepChange(key, How.CHANGED if key in approved else How.ADDED, lines(approved.get(key), step), others)
        for key, step in would_run.items()
        if (others := tuple(_others(approved.get(key), step))) or _sql(approved.get(key)) != _sql(step)
    ]
    fallen = (step for key, step in approved.items() if key not in would_run)
    return [*found, *(StepChange(step["key"], How.FALLEN_AWAY, lines(step, None)) for step in fallen)]


def lines(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> tuple[Line, ...]:
    """The SQL of both, so that what is the same stands on one line."""
    old, new = _sql(was), _sql(now)
    found: list[Line] = []
    for _, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        left, right = old[start:end], new[first:last]
        for number in range(max(len(left), len(right))):
            found.append(
                Line(
                    left[number] if number < len(left) else None,
                    right[number] if number < len(right) else None,
                )
            )
    return tuple(found)


def _sql(step: Mapping[str, Any] | None) -> list[str]:
    return [] if step is None else str(step.get("sql", "")).splitlines()


def _others(was: Mapping[str, Any] | None, now: Mapping[str, Any]) -> Iterator[str]:
    if was is None:
        return
    for name in sorted(now.keys() | was.keys()):
        if name not in _IN_SQL | {"after"} and was.get(name) != now.get(name):
            yield _WORDS.get(name, name.replace("_", " "))
