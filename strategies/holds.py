"""Placing and lifting holds: no new work starts in their scope; what runs goes on."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from strategies import audit
from strategies.audit import Actor
from strategies.models import Hold, Tag, Target, Tenant


def place(
    actor: Actor,
    moment: datetime,
    reason: str,
    *,
    target: Target | None = None,
    tag: Tag | None = None,
    environment: str = "",
    tenant: Tenant | None = None,
) -> Hold:
    """Hold new work in one scope, or everywhere when none is given."""
    with transaction.atomic():
        hold = Hold.objects.create(
            target=target, tag=tag, environment=environment, tenant=tenant, reason=reason, placed_by=actor.name,
            placed_at=moment,
        )  # fmt: skip
        audit.record(actor, "hold.placed", hold, after={"scope": hold.scope}, reason=reason, target=target)
    return hold


def lift(hold: Hold, actor: Actor, moment: datetime) -> bool:
    """Let new work start again. False = somebody had lifted it already."""
    with transaction.atomic():
        won = Hold.objects.in_force().filter(pk=hold.pk).update(lifted_at=moment, lifted_by=actor.name) == 1
        if won:
            audit.record(
                actor, "hold.lifted", hold, before={"scope": hold.scope, "reason": hold.reason}, target=hold.target
            )
    return won
