"""Placing and lifting holds: no new work starts in their scope; what runs goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from strategies import audit
from strategies.audit import Actor
from strategies.models import Hold, Tag, Target, User


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a person's holds go: nobody makes databases stand still, or go on, that they do not see.

    `shared_tags` are the keys of the tags that also stand on databases out of this person's sight.
    """

    has_every_tenant: bool
    shared_tags: frozenset[int]

    @classmethod
    def of(cls, user: User) -> Reach:
        if user.has_every_tenant:
            return cls(True, frozenset())
        unseen = Target.objects.exclude(tenant__in=user.tenants.all())
        return cls(False, frozenset(Tag.objects.filter(targets__in=unseen).values_list("pk", flat=True)))

    def refusal(self, hold: Hold) -> str:
        """Why somebody who sees this hold may not lift it, as a sentence; empty = they may."""
        if self.has_every_tenant or hold.target_id is not None:
            return ""
        if hold.tag_id is None:
            return "It reaches over every tenant: only somebody who sees them all may lift it."
        if hold.tag_id in self.shared_tags:
            return "The tag is also on databases that you do not see: only somebody who sees them all may lift it."
        return ""


def place(
    actor: Actor,
    moment: datetime,
    reason: str,
    *,
    target: Target | None = None,
    tag: Tag | None = None,
    environment: str = "",
) -> Hold:
    """Hold new work in one scope, or everywhere when none is given."""
    with transaction.atomic():
        hold = Hold.objects.create(
            target=target, tag=tag, environment=environment, reason=reason, placed_by=actor.name, placed_at=moment
        )
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
