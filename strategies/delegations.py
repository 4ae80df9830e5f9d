"""Giving one's word of approval to another person for some days, and taking it back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from strategies import audit
from strategies.audit import Actor
from strategies.models import SIGNS, Delegation, User
from strategies.refused import Refused

LONGEST = timedelta(days=92)
FARTHEST = timedelta(days=366)  # ahead, and far from the years that not every zone can tell


def candidates(user: User) -> QuerySet[User]:
    """To whom a person can give their word: those whose own word may be asked for, in one of their tenants at least."""
    able = Q(is_superuser=True) | Q(groups__name__in=[role.value for role in SIGNS])
    people = User.objects.filter(able, is_active=True).exclude(pk=user.pk)
    if not user.has_every_tenant:
        people = people.filter(Q(is_superuser=True) | Q(tenants__in=user.tenants.all()))
    return people.distinct().order_by("username")


def add(
    user: User, delegate: User, actor: Actor, starts_at: datetime, ends_at: datetime, reason: str, moment: datetime
) -> Delegation:
    """Raises Refused. What either of them may not approve, for having asked for it, the delegate may not approve so either."""
    if not user.has_role(*SIGNS):
        raise Refused("Nobody asks for your word, so that there is nothing to give away.", "delegate")
    if not candidates(user).filter(pk=delegate.pk).exists():
        raise Refused("This person gives no approvals in your tenants.", "delegate")
    if ends_at <= max(starts_at, moment):
        raise Refused("It ends before it begins, or in the past.", "ends_on")
    if starts_at > moment + FARTHEST:
        raise Refused("It begins within a year.", "starts_on")
    if ends_at - starts_at > LONGEST:
        raise Refused(f"It lasts {LONGEST.days} days at most.", "ends_on")
    with transaction.atomic():
        row = Delegation.objects.create(
            person=user.username, delegate=delegate.username, starts_at=starts_at, ends_at=ends_at, reason=reason
        )
        audit.record(
            actor, "delegation.added", row, reason=reason,
            after={"from": starts_at.isoformat(), "until": ends_at.isoformat(), "delegate": delegate.username},
        )  # fmt: skip
    return row


def revoke(row: Delegation, actor: Actor, moment: datetime) -> bool:
    """It ends now: for whoever gave the word, and for whoever has it. False = it had ended already."""
    with transaction.atomic():
        rows = Delegation.objects.filter(pk=row.pk, revoked_at=None, ends_at__gt=moment)
        won = rows.update(revoked_at=moment) == 1
        if won:
            audit.record(actor, "delegation.revoked", row)
    row.refresh_from_db()
    return won
