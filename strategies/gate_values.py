"""What the gate is told of a run, and what it answers: frozen values. `gate_facts` loads them, `gate` judges them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from strategies.dependencies import Upstream
from strategies.windows import Opening

LEFT_OUT = "left_out"  # a dependency that can no longer be met: the run ends without a start
LATE, NOT_DUE = "late", "not_due"  # bounds of the start: they say when, not why
UNREACHABLE = "unreachable"
FAILED, UNANSWERED, BUSY = (
    "prerequisite",
    "unanswered",
    "busy",
)  # what the database itself said: the gate cannot find it out anew
SAID_BY_TARGET = frozenset({FAILED, UNANSWERED, BUSY})
HOLD, FREEZE, WINDOW, NO_FIT = "hold", "freeze", "window_closed", "does_not_fit"
OVERRIDABLE = frozenset({HOLD, FREEZE, WINDOW, NO_FIT})  # by break-glass, and nothing else is


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a run waits, and who or what clears it: both are sentences for the page.

    `job` is the number of another job that the sentence speaks of, by its number alone.
    """

    code: str
    sentence: str
    cleared_by: str
    job: int | None = None

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"code": self.code, "sentence": self.sentence, "cleared_by": self.cleared_by}
        return told if self.job is None else {**told, "job": self.job}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reason:
        return cls(data["code"], data["sentence"], data["cleared_by"], data.get("job"))


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit of runs at once, and how many there are: `scope` as people say it (“database shop”, “tag finance”)."""

    scope: str
    limit: int
    running: int


@dataclass(frozen=True, slots=True)
class HoldInForce:
    scope: str
    reason: str
    placed_by: str


@dataclass(frozen=True, slots=True)
class FreezeInForce:
    """`until` None = nobody can tell: what it says of its end cannot be read."""

    name: str
    calendar: str
    owner: str
    until: datetime | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CalendarFacts:
    """What the calendars say of a target: `openings` are the windows that are open now, the one that closes last first, each with how
    many runs are at work in it; `opens_next` the one that opens first; `freezes_at` when the next freeze begins.
    """

    is_covered: bool = False
    openings: Sequence[tuple[Opening, int]] = ()
    opens_next: Opening | None = None
    freezes: Sequence[FreezeInForce] = ()
    freezes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Predicted:
    """What 9 of 10 such runs stayed within, by the log: `whole_ms` of all steps, `firsts_ms` of those that begin and belong together,
    and of what a run may begin with instead, see predictions.Prediction.

    None = not known, because there were too few.
    """

    whole_ms: int | None = None
    firsts_ms: Sequence[int | None] = ()


@dataclass(frozen=True, slots=True)
class GlassBroken:
    """Two people let a run start against holds, freezes and windows, until `ends_at`."""

    ends_at: datetime


@dataclass(frozen=True, slots=True)
class RunAhead:
    """Another run that has the same work on the same target in hand."""

    run: int
    what: str


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What stands for or against a run that its job began: `problem` is a sentence, empty when the job is in order.

    `upstreams` are the dependencies that are not met.
    """

    name: str
    problem: str = ""
    upstreams: Sequence[Upstream] = ()


@dataclass(frozen=True, slots=True)
class GateFacts:
    """All that the verdict on one run rests on, loaded at one moment.

    `due_at` and `start_before` bound the start of a run that has not begun; one that was paused has none of them, and no `job`.
    `put_back` is why it was put back, and counts until `not_before`.
    """

    target: str
    is_target_active: bool
    stopped_why: str
    is_checked: bool
    check_error: str
    facts_age: timedelta | None
    facts_max_age: timedelta
    changes_data: bool  # what only reads needs no window, and no freeze stops it
    is_writable: bool
    missing_rights: Sequence[str] = ()
    overlap: RunAhead | None = None
    caps: Sequence[Cap] = ()
    holds: Sequence[HoldInForce] = ()
    is_runnable: bool = True
    due_at: datetime | None = None
    start_before: datetime | None = None
    not_before: datetime | None = None
    put_back: Sequence[Reason] = ()
    job: JobFacts | None = None
    calendar: CalendarFacts = CalendarFacts()
    predicted: Predicted = Predicted()
    approval: Reason | None = None  # what keeps the approval from standing; None = it stands, or none is needed
    glass: GlassBroken | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reasons` is empty exactly when the run may start at `moment`: in `opening`, where a window lets it, or against what was
    `overridden` by break-glass. It may be at work until `ends_at`; None = no window and no freeze ends it.
    """

    moment: datetime
    reasons: tuple[Reason, ...]
    opening: Opening | None = None
    overridden: tuple[Reason, ...] = ()
    ends_at: datetime | None = None

    @property
    def may_start(self) -> bool:
        return not self.reasons

    @property
    def is_late(self) -> bool:
        """Whether the bound has passed: the run starts no more, whatever else stands against it by now."""
        return any(reason.code == LATE for reason in self.reasons)

    def as_json(self) -> list[dict[str, Any]]:
        return [reason.as_json() for reason in self.reasons]
