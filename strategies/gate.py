"""May this run start now, and if not, why not: one pure function that every way of starting asks. It answers in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a run waits, and who or what clears it: both are sentences for the page."""

    code: str
    sentence: str
    cleared_by: str

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "sentence": self.sentence, "cleared_by": self.cleared_by}


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
class RunAhead:
    """Another run that has the same work on the same target in hand."""

    run: int
    what: str


@dataclass(frozen=True, slots=True)
class GateFacts:
    """All that the verdict on one run rests on, loaded at one moment."""

    target: str
    is_target_active: bool
    stopped_why: str
    is_checked: bool
    check_error: str
    facts_age: timedelta | None
    facts_max_age: timedelta
    changes_data: bool
    is_writable: bool
    missing_rights: Sequence[str] = ()
    overlap: RunAhead | None = None
    caps: Sequence[Cap] = ()
    holds: Sequence[HoldInForce] = ()
    is_runnable: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reasons` is empty exactly when the run may start at `moment`."""

    moment: datetime
    reasons: tuple[Reason, ...]

    @property
    def may_start(self) -> bool:
        return not self.reasons

    def as_json(self) -> list[dict[str, Any]]:
        return [dict(reason.as_json()) for reason in self.reasons]


def verdict(facts: GateFacts, moment: datetime) -> Verdict:
    """Every reason against a start now, the most lasting first, so that people see all of them at once."""
    return Verdict(moment, (*_of_target(facts), *_of_account(facts), *_of_holds(facts), *_of_company(facts)))


def _of_target(facts: GateFacts) -> list[Reason]:
    if not facts.is_runnable:
        return [
            Reason(
                "no_routine",
                "Nothing here knows how to do this work on this platform.",
                "A newer version of the portal.",
            )
        ]
    if not facts.is_target_active:
        return [Reason("inactive", f"{facts.target} is switched off in the portal.", "A DBA switches it on again.")]
    if facts.stopped_why:
        return [
            Reason(
                "stopped",
                f"{facts.target} refused the sign-in, and nothing tries again by itself: {facts.stopped_why}",
                "A DBA corrects the account and presses Check again on the database's page.",
            )
        ]
    if not facts.is_checked or facts.facts_age is None or facts.facts_age > facts.facts_max_age:
        age = "was never checked" if facts.facts_age is None else f"was last checked {_words(facts.facts_age)} ago"
        return [Reason("facts_old", f"{facts.target} {age}.", "The portal is checking it; this clears by itself.")]
    if facts.check_error:
        return [
            Reason(
                "unreachable",
                f"{facts.target} could not be reached at the last check: {facts.check_error}",
                "The portal checks again while runs wait; a DBA can press Check now.",
            )
        ]
    return []


def _of_account(facts: GateFacts) -> list[Reason]:
    reasons = [
        Reason(
            "missing_right",
            f"The account on {facts.target} lacks a right: {right}.",
            "The owner of the database grants it.",
        )
        for right in facts.missing_rights
    ]
    if facts.is_checked and not facts.check_error and facts.changes_data and not facts.is_writable:
        reasons.append(
            Reason(
                "read_only",
                f"{facts.target} takes no changes now (read-only, or a standby).",
                "A DBA points the portal at the primary, or makes the database writable.",
            )
        )
    return reasons


def _of_holds(facts: GateFacts) -> list[Reason]:
    return [
        Reason(
            "hold",
            f"New work is held on {hold.scope}: {hold.reason}",
            f"{hold.placed_by} placed the hold; any DBA may lift it.",
        )
        for hold in facts.holds
    ]


def _of_company(facts: GateFacts) -> list[Reason]:
    reasons = []
    if facts.overlap is not None:
        reasons.append(
            Reason(
                "overlap",
                f"Run {facts.overlap.run} has the same work in hand ({facts.overlap.what}).",
                "This clears by itself when that run ends.",
            )
        )
    reasons += [
        Reason(
            "cap",
            f"{cap.running} of {cap.limit} runs are at work on {cap.scope}.",
            "This clears by itself when one of them ends; a DBA may raise the limit.",
        )
        for cap in facts.caps
        if cap.running >= cap.limit
    ]
    return reasons


def _words(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
