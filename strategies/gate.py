"""May this run start now, and if not, why not: one pure function that every way of starting asks. It answers in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from strategies.dependencies import Answer
from strategies.gate_values import (
    HOLD,
    LATE,
    LEFT_OUT,
    NO_FIT,
    NOT_DUE,
    OVERRIDABLE,
    UNREACHABLE,
    WINDOW,
    GateFacts,
    JobFacts,
    Reason,
    Verdict,
)
from strategies.gate_windows import of_freezes, of_windows
from strategies.sentences import instant, sentences, span
from strategies.windows import Opening

NAMED_RIGHTS = 3  # in one sentence


def verdict(facts: GateFacts, moment: datetime) -> Verdict:
    """Every reason against a start now, the most lasting first, so that people see all of them at once."""
    opening, shut = of_windows(facts, moment)
    reasons = (
        *_of_target(facts), *_of_account(facts), *job_reasons(facts.job), *_of_approval(facts), *_of_holds(facts),
        *of_freezes(facts), *shut, *_of_company(facts), *_of_time(facts, moment),
    )  # fmt: skip
    if facts.glass is None or moment >= facts.glass.ends_at:
        return Verdict(moment, reasons, opening, (), _ends_at(facts, opening))
    overridden = tuple(reason for reason in reasons if reason.code in OVERRIDABLE)
    left = tuple(reason for reason in reasons if reason.code not in OVERRIDABLE)
    # Let in against its window it goes on beyond that; against a hold alone it does not.
    if any(reason.code in (WINDOW, NO_FIT) for reason in overridden):
        return Verdict(moment, left, None, overridden)
    return Verdict(moment, left, opening, overridden, _ends_at(facts, opening))


def _ends_at(facts: GateFacts, opening: Opening | None) -> datetime | None:
    """When its window closes, or a freeze begins, whichever is first: within a freeze no step begins either."""
    ends = [opening.slot.ends_at] if opening is not None else []
    if facts.changes_data and facts.calendar.freezes_at is not None:
        ends.append(facts.calendar.freezes_at)
    return min(ends, default=None)


def _of_target(facts: GateFacts) -> list[Reason]:
    if not facts.is_runnable:
        return [
            Reason(
                "no_routine",
                "Nothing here knows how to do this work on this platform.",
                "A routine or a package of its name; or a job of another strategy.",
            )
        ]
    if shut := shut_out(facts.target, is_active=facts.is_target_active, stopped_why=facts.stopped_why):
        return shut
    if not facts.is_checked or facts.facts_age is None or facts.facts_age > facts.facts_max_age:
        age = "was never checked" if facts.facts_age is None else f"was last checked {span(facts.facts_age)} ago"
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
            HOLD,
            sentences(f"New work is held on {hold.scope}: {hold.reason}"),
            f"{hold.placed_by} placed the hold; any DBA may lift it.",
        )
        for hold in facts.holds
    ]


def _of_approval(facts: GateFacts) -> list[Reason]:
    return [] if facts.approval is None else [facts.approval]


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
        reasons.append(Reason(NOT_DUE, f"It is due at {instant(facts.due_at)}.", "This clears by itself at that time."))
    if facts.start_before is not None and moment > facts.start_before:
        reasons.append(
            Reason(LATE, f"It was to start by {instant(facts.start_before)}.", "Nothing: it is recorded as missed.")
        )
    return reasons


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
