"""What is tried on a real server, and what came of it: items, their results, and the report of a whole trial. Plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from strategies.platforms.oracle.smoke.stage import Stage


class State(StrEnum):
    """What came of an item."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


class NotApplicable(Exception):
    """This cannot be tried here; the text says why, and what would have to be there."""


class Unexpected(Exception):
    """The server did otherwise than the portal relies on; the text says what it did."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is tried. It stands alone, and makes whatever objects it needs itself.

    `run` gives a sentence on what the server did. It raises NotApplicable, Unexpected, or PlatformError with the server's words.
    `changes` says whether it makes objects of its own.
    """

    name: str
    section: str
    title: str
    run: Callable[[Stage], str]
    changes: bool = False
    limit_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one item, with the words of the server."""

    name: str
    section: str
    title: str
    state: State
    words: str
    duration_ms: int

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "section": self.section, "title": self.title, "state": self.state.value, "words": self.words,
            "duration_ms": self.duration_ms,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole trial. `left` names what could not be removed; `cut_short` says why not everything was tried, if so."""

    address: str
    started_at: datetime
    ended_at: datetime
    database: Mapping[str, str] = field(default_factory=dict)
    results: tuple[Result, ...] = ()
    untried: tuple[str, ...] = ()
    cut_short: str = ""
    left: tuple[str, ...] = ()

    @property
    def counts(self) -> Mapping[State, int]:
        counted = Counter(result.state for result in self.results)
        return {state: counted[state] for state in State}

    @property
    def is_good(self) -> bool:
        """Whether everything was tried, nothing failed, and nothing was left behind."""
        return not (self.counts[State.FAILED] or self.untried or self.cut_short or self.left)
