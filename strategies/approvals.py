"""Asks people before a run starts: whom the rules want for a plan, and what exactly is put to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F

from strategies import audit, seals
from strategies.approval_rules import (
    FLOOR,
    Level,
    Rule,
    Unreadable,
    Word,
    is_met,
    is_within,
    levels,
    needs_people,
    next_reminder,
    read_levels,
    say_level,
)
from strategies.audit import PORTAL, Actor
from strategies.gate_values import Reason
from strategies.models import (
    GOES_ON,
    Approval,
    ApprovalRule,
    ApprovalState,
    JobRun,
    Origin,
    Role,
    StandingApproval,
)
from strategies.plans import Plan
from strategies.risk import Factor, Risk, risk
from strategies.scope import Place
from strategies.timetables import place_of

VALID_FOR = timedelta(days=7)  # so long an approval counts, where nothing else bounds the start
NOT_APPROVED = "not_approved"
APPROVED_LATER = "approved_later"  # people have agreed, and it is not yet time


def ask(run: JobRun, plan: Plan, moment: datetime) -> Approval | None:
    """Ask for what the rules want for this plan; None = they want nobody. Inside the transaction in which the plan is kept or released.

    Where a standing approval covers it, it is given at once.
    """
    found, wanted = wanted_for(run, plan, moment)
    JobRun.objects.filter(pk=run.pk).update(needs_approval=bool(wanted))
    run.needs_approval = bool(wanted)
    if not wanted:
        return None
    approval = _question(run, plan, found, wanted, moment)
    if (earlier := _inherited(run, approval, wanted)) is not None:
        approval.state, approval.decided_at = ApprovalState.APPROVED, moment
        _carry(earlier, approval)
    elif (standing := _take_standing(run, found, wanted, moment)) is not None:
        approval.state, approval.decided_at, approval.standing = ApprovalState.APPROVED, moment, standing
        approval.why = f"By the standing approval of {standing.granted_by}: {standing.reason}"[:1000]
    approval.save()
    is_given = approval.state == ApprovalState.APPROVED
    after = {"run": run.pk, "seal": approval.seal, "risk": approval.score, "levels": approval.levels}
    audit.record(
        PORTAL, "approval.given" if is_given else "approval.asked", approval, after=after, reason=approval.why,
        target=run.target,
    )  # fmt: skip
    return approval


def foreseen(run: JobRun, plan: Plan, moment: datetime) -> Reason | None:
    """Who would be asked about a run of this plan, which is not kept and about which nobody is asked; None = nobody."""
    _, wanted = wanted_for(run, plan, moment)
    if not wanted:
        return None
    who = ", then ".join(say_level(level) for level in wanted)
    return Reason(NOT_APPROVED, f"It would wait for the approval of {who}.", "They are asked once there is such a run.")


def wanted_for(run: JobRun, plan: Plan, moment: datetime) -> tuple[Risk, tuple[Level, ...]]:
    """How risky this plan is, seen at `moment`, and whom the rules that are on want for it; with two queries."""
    place = _place(run)
    found = risk(plan, run.target.environment, _local(run, moment))
    return found, levels(rules(), place, run.strategy_name, found, needs_people=needs_people(place, found))


def _place(run: JobRun) -> Place:
    return place_of(run.target, run.target.tags.values_list("pk", flat=True))


def rules() -> list[Rule]:
    return [rule_of(row) for row in ApprovalRule.objects.filter(is_active=True)]


def rule_of(row: ApprovalRule) -> Rule:
    """One whose levels cannot be read wants what the floor wants, wherever it holds; the page of the rules names it."""
    try:
        wanted = read_levels(row.levels)
    except Unreadable:
        wanted = (FLOOR,)
    return Rule(row.name, wanted, row.where, row.strategy_name, row.from_score)


def levels_of(approval: Approval) -> tuple[Level, ...]:
    """Whom it asks, level by level; empty where what is kept cannot be read."""
    try:
        return read_levels(approval.levels)
    except Unreadable:
        return ()


def level_asked(approval: Approval) -> Level:
    """Whom it asks now; empty where what is kept cannot be read, and nobody can say yes to that."""
    return next(iter(levels_of(approval)[approval.level :]), ())


def level_as_json(level: Level) -> list[dict[str, Any]]:
    return [{"role": demand.role, "quorum": demand.quorum, "people": sorted(demand.people)} for demand in level]


def _local(run: JobRun, moment: datetime) -> datetime | None:
    """When it is to start, on the database's own clock; None = as soon as it may. What goes on does so at the hour of its window."""
    zone = ZoneInfo(run.target.time_zone)
    if run.origin == Origin.CONTINUE and run.parent is not None and run.parent.window_starts_at is not None:
        return run.parent.window_starts_at.astimezone(zone)
    return run.due_at.astimezone(zone) if run.due_at > moment else None


def _question(run: JobRun, plan: Plan, found: Risk, wanted: Sequence[Level], moment: datetime) -> Approval:
    not_after = run.start_before or max(run.due_at, moment) + VALID_FOR
    sealed = {**as_value(run, plan), "between": between(run.due_at, not_after)}
    return Approval(
        run=run, seal=seals.seal(sealed), sealed=sealed, risk=[_factor(factor) for factor in found.factors], score=found.score,
        levels=[level_as_json(level) for level in wanted], asked_by=run.asked_by, asked_at=moment, not_before=run.due_at,
        not_after=not_after, requesters=sorted(requesters(run)), remind_at=next_reminder(moment, run.due_at, not_after, moment),
    )  # fmt: skip


def _factor(factor: Factor) -> dict[str, Any]:
    return {"name": factor.name, "points": factor.points, "words": factor.words}


def as_value(run: JobRun, plan: Plan) -> dict[str, Any]:
    """Everything that an approval is given for, as it is kept: a list that was never kept would be another than the same one read."""
    target = run.target
    sealed = {
        "strategy": run.strategy_name,
        "target": {"id": target.pk, "name": target.name, "platform": target.platform, "url": target.url},
        "object": run.target_object,
        "parameters": run.parameters,
        "limits": run.limits,
        "prechecks": run.prechecks,
        "steps": [step.as_json() for step in plan.steps],
    }
    kept: dict[str, Any] = json.loads(json.dumps(sealed))
    return kept


def _inherited(run: JobRun, asked: Approval, wanted: Sequence[Level]) -> Approval | None:
    """What carries on in the next window is what was approved, less what is done, as long as no more people are wanted by now.

    A standing approval that has ended carries none.
    """
    if run.origin != Origin.CONTINUE or run.parent_id is None:
        return None
    earlier = Approval.objects.select_related("standing").filter(run=run.parent_id).first()
    if earlier is None or earlier.state != ApprovalState.APPROVED or _carried_until(earlier) < asked.asked_at:
        return None
    if earlier.standing is not None and earlier.standing.revoked_at is not None:
        return None
    if not is_within(wanted, levels_of(earlier)):
        return None
    return None if seals.differences(earlier.sealed, asked.sealed) else earlier


def _carry(earlier: Approval, approval: Approval) -> None:
    approval.not_before, approval.not_after = earlier.not_before, _carried_until(earlier)
    approval.sealed = {**earlier.sealed, "between": between(approval.not_before, approval.not_after)}
    approval.seal, approval.standing = seals.seal(approval.sealed), earlier.standing
    approval.why = f"Carried over from run {earlier.run_id}, which it goes on with."


def _carried_until(earlier: Approval) -> datetime:
    """The bound of the start was kept by the run that began; the rest of it may go on for as long as an approval counts."""
    return max(earlier.not_after, earlier.not_before + VALID_FOR)


def _take_standing(run: JobRun, found: Risk, wanted: Sequence[Level], moment: datetime) -> StandingApproval | None:
    """Use one up that covers this run. Of two runs at once the last use is given to one.

    It is the word of the one approver who granted it: where more is asked than that word, it does not count.
    """
    rows = StandingApproval.objects.filter(
        strategy_name=run.strategy_name, most_score__gte=found.score, ends_at__gt=moment, revoked_at=None,
        granted_at__isnull=False, used_runs__lt=F("most_runs"),
    )  # fmt: skip
    place = _place(run)
    for row in rows.order_by("ends_at", "id"):
        if not row.where.covers(place) or is_requester(run, row.granted_by):
            continue
        word = Word(Actor(row.granted_by).person, frozenset({Role.APPROVER.value}))
        if len(wanted) != 1 or not is_met(wanted[0], [word]):
            continue
        if rows.filter(pk=row.pk).update(used_runs=F("used_runs") + 1):
            return row
    return None


def requesters(run: JobRun) -> frozenset[str]:
    """Who wants this run: who asked for it, who released it or asked again, and who wrote or changed its job and configuration.

    None of them approves it.
    """
    people: set[str] = set()
    one: JobRun | None = run
    while one is not None:  # what goes on with another run is wanted by whoever wanted that
        people |= {one.asked_by, one.released_by}
        for source in (one.job, one.config):
            if source is not None:
                people |= {source.created_by or "", source.last_modified_by or ""}
        one = one.parent if one.origin in GOES_ON else None
    return frozenset(Actor(name).person for name in people if name not in ("", PORTAL.name))


def is_requester(run: JobRun, person: str) -> bool:
    """However the name is written: two logins that differ in that alone are rather one person than two."""
    return Actor(person).person.casefold() in {name.casefold() for name in requesters(run)}


def in_words(approval: Approval) -> str:
    """Who is asked now: `1 approver`, `2 managers`, `anna or bert`."""
    asked = level_asked(approval)
    if not asked:
        return "somebody who cannot be told, because what is kept of it cannot be read"
    level = f" (level {approval.level + 1} of {len(approval.levels)})" if len(approval.levels) > 1 else ""
    return f"{say_level(asked)}{level}"


def between(not_before: datetime, not_after: datetime) -> list[str]:
    return [moment.astimezone(UTC).isoformat() for moment in (not_before, not_after)]
