"""How far a person's hand goes: nobody shuts, opens or holds databases that they do not see."""

from __future__ import annotations

from dataclasses import dataclass

from strategies.models import Tag, Target, User
from strategies.models.scoped import Scoped


@dataclass(frozen=True, slots=True)
class Reach:
    """`tenants` are the keys of this person's own; `shared_tags` those of tags that also stand on databases out of their sight."""

    has_every_tenant: bool
    tenants: frozenset[int] = frozenset()
    shared_tags: frozenset[int] = frozenset()

    @classmethod
    def of(cls, user: User) -> Reach:
        if user.has_every_tenant:
            return cls(True)
        unseen = Target.objects.exclude(tenant__in=user.tenants.all())
        return cls(
            False,
            frozenset(user.tenants.values_list("pk", flat=True)),
            frozenset(Tag.objects.filter(targets__in=unseen).values_list("pk", flat=True)),
        )

    def refusal(self, row: Scoped, may: str = "may lift it") -> str:
        """Why somebody who sees a part of what this holds for has no hand in it, as a sentence; empty = they have."""
        only = f"only somebody who sees them all {may}."
        if self.has_every_tenant:
            return ""
        if row.target is not None:
            is_theirs = row.target.tenant_id in self.tenants
            return "" if is_theirs else f"It is on a database that you do not see: {only}"
        if row.tenant_id is not None:
            return "" if row.tenant_id in self.tenants else f"It is of a tenant that is not yours: {only}"
        if row.tag_id is None:
            return f"It reaches over every tenant: {only}"
        if row.tag_id in self.shared_tags:
            return f"The tag is also on databases that you do not see: {only}"
        return ""
