"""Who has to agree is changed here: rules of approval, each with its scope, from which risk on, and its levels."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from strategies import audit
from strategies.approval_rules import Unreadable, read_levels
from strategies.audit import Actor
from strategies.change_checks import stored_row
from strategies.models import ApprovalRule, Role, User
from strategies.reach import Reach
from strategies.refused import Refused

NAME_TAKEN = "Another rule has this name."
CHANGES = (Role.MANAGER,)  # not those whose work is to be approved


def save(row: ApprovalRule, user: User, actor: Actor, *, drawn_from: str = "") -> ApprovalRule:
    """Add it, or change the one with its key. What was asked before stays as it was asked.

    `drawn_from` is the `change_checks.version` of the rule that the person saw. Raises Refused.
    """
    _check_hand(row, user)
    try:
        read_levels(row.levels)
    except Unreadable as problem:
        raise Refused(str(problem), "levels") from None
    row.changed_by = actor.name
    try:
        return _keep(row, user, actor, drawn_from)
    except IntegrityError:  # somebody kept another of this name between the form's look and our row
        if ApprovalRule.objects.exclude(pk=row.pk).filter(name=row.name).exists():
            raise Refused(NAME_TAKEN, "name") from None
        raise


def _keep(row: ApprovalRule, user: User, actor: Actor, drawn_from: str) -> ApprovalRule:
    with transaction.atomic():
        before = stored_row(row, drawn_from)
        if before is not None:
            _check_hand(before, user)
        row.save()
        if before is None:
            audit.record(actor, "rule.added", row, after=told(row), target=row.target)
        else:
            audit.record(actor, "rule.changed", row, before=told(before), after=told(row), target=row.target)
    return row


def remove(row: ApprovalRule, user: User, actor: Actor) -> None:
    """Raises Refused."""
    _check_hand(row, user)
    with transaction.atomic():
        audit.record(actor, "rule.removed", row, before=told(row), target=row.target)
        row.delete()


def refusal(row: ApprovalRule | None, user: User) -> str:
    """Why this person may not change a rule (None = add one), as a sentence; empty = they may."""
    if not user.has_role(*CHANGES):
        return "Only a manager changes who has to agree; others may try out what would happen."
    return "" if row is None else Reach.of(user).refusal(row, "may change it")


def _check_hand(row: ApprovalRule, user: User) -> None:
    if problem := refusal(row, user):
        raise Refused(problem)


def told(row: ApprovalRule) -> dict[str, Any]:
    """What the audit keeps of it."""
    return {
        "name": row.name, "scope": row.scope, "strategy": row.strategy_name, "from_score": row.from_score,
        "levels": row.levels, "is_active": row.is_active,
    }  # fmt: skip
