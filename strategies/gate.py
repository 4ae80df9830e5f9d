"""May this run start now, and if not, why not: one pure function that every way of starting asks. It answers in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from strategies.dependencies import Answer, Upstream
from strategies.sentences import sentences

LEFT_OUT = "left_out"  # a dependency that can no longer be met: the run ends without a start
LATE, NOT_DUE = "late", "not_due"  # bounds of the start: they say when, not why
UNREACHABLE = "unreachable"
NAMED_RIGHTS = 3  # in one sentence


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
    changes_data: bool
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reasons` is empty exactly when the run may start at `moment`."""

    moment: datetime
    reasons: tuple[Reason, ...]

    @property
    def may_start(self) -> bool:
        return not self.reasons

    @property
    def is_late(self) -> bool:
        """Whether the bound has passed: the run starts no more, whatever else stands against it by now."""
        return any(reason.code == LATE for reason in self.reasons)

    def as_json(self) -> list[dict[str, Any]]:
        return [reason.as_json() for reason in self.reasons]


def verdict(facts: GateFacts, moment: datetime) -> Verdict:
    """Every reason against a start now, the most lasting first, so that people see all of them at once."""
    reasons = (
        *_of_target(facts), *_of_account(facts), *job_reasons(facts.job), *_of_holds(facts), *_of_company(facts),
        *_of_time(facts, moment),
    )  # fmt: skip
    return Verdict(moment, reasons)


def _of_target(facts: GateFacts) -> list[Reason]:
    if not facts.is_runnable:
        return [
            Reason(
                "no_routine",
                "Nothing here knows how to do this work on this platform.",
                "A newer version of the portal.",
            )
        ]
    if shut := shut_out(facts.target, is_active=facts.is_target_active, stopped_why=facts.stopped_why):
        return shut
    if not facts.is_checked or facts.facts_age is None or facts.facts_age > facts.facts_max_age:
        age = "was never checked" if facts.facts_age is None else f"was last checked {_words(facts.facts_age)} ago"
        return [Reason("facts_old", f"{facts.target} {age}.", "The portal is checking it; this clears by itself.")]
    return out_of_reach(facts.target, facts.check_error)


def shut_out(target: str, *, is_active: bool, stopped_why: str) -> list[Reason]:
    """Why nothing connects to this database by itself until a person has seen to it."""
    if not is_active:
        return [Reason("inactive", f"{target} is switched off in the portal.", "A DBA switches it on again.")]
    if stopped_why:
        return [
            Reason(
                "stopped",
                sentences(f"{target} refused the sign-in, and nothing tries again by itself: {stopped_why}"),
                "A DBA corrects the account and presses “Check the connection” on the database's page.",
            )
        ]
    return []


def out_of_reach(target: str, check_error: str) -> list[Reason]:
    if not check_error:
        return []
    return [
        Reason(
            UNREACHABLE,
            sentences(f"{target} could not be reached at the last check: {check_error}"),
            "The portal checks again while runs wait; a DBA can press “Check the connection” on its page.",
        )
    ]


def _of_rights(target: str, missing: Sequence[str]) -> list[Reason]:
    """One sentence, however many there are: the page of the database has them all, with their grants."""
    if not missing:
        return []
    if len(missing) == 1:
        lacks, cleared_by = f"a right: {missing[0]}", "The owner of the database grants it."
    else:
        named = ", ".join(missing[:NAMED_RIGHTS])
        more = f" and {len(missing) - NAMED_RIGHTS} more" if len(missing) > NAMED_RIGHTS else ""
        lacks = f"{len(missing)} rights: {named}{more}"
        cleared_by = "The owner of the database grants them; the page of the database has the statements."
    return [Reason("missing_right", f"The account on {target} lacks {lacks}.", cleared_by)]


def _of_account(facts: GateFacts) -> list[Reason]:
    reasons = _of_rights(facts.target, facts.missing_rights)
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
            sentences(f"New work is held on {hold.scope}: {hold.reason}"),
            f"{hold.placed_by} placed the hold; any DBA may lift it.",
        )
        for hold in facts.holds
    ]


def job_reasons(job: JobFacts | None) -> list[Reason]:
    """What stands against a run that its job began by itself."""
    if job is None:
        return []
    if job.problem:
        return [Reason("job_off", f"Job {job.name} {job.problem}", "A DBA mends the job on its page.")]
    return [
        Reason(
            LEFT_OUT if upstream.answer is Answer.NEVER else "dependency",
            upstream.sentence,
            upstream.cleared_by,
            upstream.job,
        )
        for upstream in job.upstreams
    ]


def _of_time(facts: GateFacts, moment: datetime) -> list[Reason]:
    reasons: list[Reason] = []
    if facts.not_before is not None and moment < facts.not_before:
        reasons += facts.put_back
    if facts.due_at is not None and moment < facts.due_at:
        reasons.append(
            Reason(NOT_DUE, f"It is due at {_instant(facts.due_at)}.", "This clears by itself at that time.")
        )
    if facts.start_before is not None and moment > facts.start_before:
        reasons.append(
            Reason(LATE, f"It was to start by {_instant(facts.start_before)}.", "Nothing: it is recorded as missed.")
        )
    return reasons


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


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
