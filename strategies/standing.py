"""Standing approvals: a proven routine is approved ahead, within limits. One person asks for it, and an approver grants it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from strategies import audit, consents
from strategies.audit import Actor
from strategies.models import BAD, GOOD, OPERATES, JobRun, Role, RunStatus, StandingApproval, User
from strategies.models.state import State
from strategies.reach import Reach
from strategies.refused import Refused
from strategies.scope import Scope

LONGEST = timedelta(days=366)
PROVEN = 5  # runs that ended well, the latest of them in a row
_COUNT = (*GOOD, *(status for status in BAD if status != RunStatus.MISSED), RunStatus.ROLLED_BACK)


class StandingState(State):
    """What a standing approval is worth now."""

    ASKED = "asked", "hourglass-split", "warn", "Waits for an approver"
    IN_FORCE = "in_force", "check-lg", "ok", "In force"
    USED_UP = "used_up", "check-all", "plan", "Used up"
    PAST = "past", "calendar-x", "plan", "Past its end"
    REVOKED = "revoked", "slash-circle", "fail", "Revoked"
    DECLINED = "declined", "x-lg", "plan", "Declined"


@dataclass(frozen=True, slots=True)
class Proof:
    """How often the work ended well in a scope, and how the latest runs of it ended, the newest first."""

    good: int
    latest: tuple[str, ...]

    @property
    def problem(self) -> str:
        """Why it is no routine yet, as a sentence; empty = it is one."""
        if self.good < PROVEN:
            return f"It has ended well {self.good} times in this scope; a routine is what has done so {PROVEN} times."
        if any(status not in GOOD for status in self.latest):
            return f"One of its last {PROVEN} runs in this scope did not end well."
        return ""


def proof(where: Scope, strategy: str) -> Proof:
    """By the runs of this strategy that began in this scope and came to an end of their own; what takes back is another work."""
    rows = JobRun.objects.filter(
        _within(where), strategy_name=strategy, is_undo=False, started_at__isnull=False, status__in=_COUNT
    )
    latest = rows.order_by("-finished_at", "-pk").values_list("status", flat=True)[:PROVEN]
    good = rows.filter(status__in=GOOD).values("pk")[:PROVEN]
    return Proof(len(good), tuple(latest))


def _within(where: Scope) -> Q:
    if where.target is not None:
        return Q(target=where.target)
    if where.tag is not None:
        return Q(target__tags=where.tag)
    if where.tenant is not None:
        return Q(target__tenant=where.tenant)
    return Q(target__environment=where.environment) if where.environment else Q()


def ask(row: StandingApproval, user: User, actor: Actor, moment: datetime) -> StandingApproval:
    """Keep what is asked for: the scope, the strategy and the limits stand in `row`. Raises Refused."""
    if not user.has_role(*OPERATES):
        raise Refused("Only a DBA asks for a standing approval.")
    if refusal := Reach.of(user).refusal(row, "may ask for it"):
        raise Refused(refusal, "scope")
    if not moment < row.ends_at <= moment + LONGEST:
        raise Refused("It has to end in the future, and within a year.", "ends_on")
    if problem := proof(row.where, row.strategy_name).problem:
        raise Refused(problem, "strategy")
    row.asked_by, row.asked_at = actor.name, moment
    with transaction.atomic():
        row.save()
        audit.record(actor, "standing.asked", row, after=limits(row), reason=row.reason, target=row.target)
    return row


def refusal_to_grant(row: StandingApproval, user: User) -> str:
    """Why this person does not grant it, whatever it is worth, as a sentence; empty = they may."""
    if not user.has_role(Role.APPROVER):
        return "Only an approver grants a standing approval."
    if Actor(row.asked_by).person.casefold() == user.username.casefold():
        return "You asked for it yourself: somebody else decides about it."
    return Reach.of(user).refusal(row, "may grant it")


def grant(row: StandingApproval, user: User, actor: Actor, moment: datetime) -> None:
    """Another person, an approver, agrees to it. Raises Refused."""
    if problem := refusal_to_grant(row, user) or proof(row.where, row.strategy_name).problem:
        raise Refused(problem)
    with transaction.atomic():
        rows = StandingApproval.objects.filter(pk=row.pk, granted_at=None, revoked_at=None, ends_at__gt=moment)
        if not rows.update(granted_by=actor.name, granted_at=moment):
            raise Refused("It is over, or somebody has granted it already.")
        audit.record(actor, "standing.granted", row, after=limits(row), reason=row.reason, target=row.target)
    row.refresh_from_db()


def revoke(row: StandingApproval, user: User, actor: Actor, reason: str, moment: datetime) -> None:
    """A DBA or an approver ends it, or declines it before it was granted. Raises Refused."""
    if not user.has_role(*OPERATES, Role.APPROVER):
        raise Refused("Only a DBA or an approver ends a standing approval.")
    if refusal := Reach.of(user).refusal(row, "may end it"):
        raise Refused(refusal)
    if not reason.strip():
        raise Refused("Say why it ends.", "reason")
    if not consents.revoke(row.pk, f"{user.username}: {reason.strip()}", moment, actor):
        raise Refused("It had ended already.")
    row.refresh_from_db()


def state(row: StandingApproval, moment: datetime) -> StandingState:
    """The first of these that holds."""
    if row.revoked_at is not None:
        return StandingState.REVOKED if row.granted_at else StandingState.DECLINED
    if row.ends_at <= moment:
        return StandingState.PAST
    if row.granted_at is None:
        return StandingState.ASKED
    return StandingState.USED_UP if row.used_runs >= row.most_runs else StandingState.IN_FORCE


def limits(row: StandingApproval) -> dict[str, object]:
    """What the audit keeps of it."""
    return {
        "scope": row.scope, "strategy": row.strategy_name, "most_score": row.most_score, "most_runs": row.most_runs,
        "ends_at": row.ends_at.isoformat(),
    }  # fmt: skip
