"""Where something is to hold, as a choice: what this person's hand reaches, and nothing beyond."""

from __future__ import annotations

from typing import Any

from strategies.models import Environment, Tag, Target, Tenant, User
from strategies.models.scoped import Scoped
from strategies.reach import Reach

EVERYTHING = "everything"
BEYOND = (
    "All databases, an environment, or a tag that is also on databases you do not see: "
    "those are {} by people who see every tenant."
)


class Scopes:
    """Databases, tenants and tags that are wholly in a person's sight; everything and environments, which reach over tenants, for
    those who have every tenant. A choice is known by its key, such as `database-4`.
    """

    def __init__(self, user: User) -> None:
        self.reach = Reach.of(user)
        self._targets = {f"database-{target.pk}": target for target in Target.objects.visible_to(user).defer("facts")}
        tags = Tag.objects.filter(targets__in=self._targets.values()).exclude(pk__in=self.reach.shared_tags)
        self._tags = {f"tag-{tag.pk}": tag for tag in tags.distinct()}
        tenants = Tenant.objects.all() if self.reach.has_every_tenant else user.tenants.all()
        self._tenants = {f"tenant-{tenant.pk}": tenant for tenant in tenants}

    @property
    def choices(self) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = [
            ("Tenant", [(key, tenant.name) for key, tenant in self._tenants.items()]),
            ("Tag", [(key, tag.name) for key, tag in self._tags.items()]),
            ("Database", [(key, target.name) for key, target in self._targets.items()]),
        ]
        if self.reach.has_every_tenant:
            environments = [(f"environment-{value}", label) for value, label in Environment.choices]
            return [(EVERYTHING, "all databases"), ("Environment", environments), *found]
        return found

    @property
    def one(self) -> list[tuple[str, Any]]:
        """For a field that takes one of them, none of which is chosen before a person has: the first would be the widest."""
        return [("", "Choose…"), *self.choices]

    def help(self, done: str) -> str:
        """Why not everything is among the choices; `done` is what others do with it, such as `held`."""
        return "" if self.reach.has_every_tenant else BEYOND.format(done)

    def place(self, key: str) -> dict[str, Any]:
        """The parts of a `Scoped` row, for one of the choices."""
        return {
            "target": self._targets.get(key),
            "tag": self._tags.get(key),
            "tenant": self._tenants.get(key),
            "environment": key.removeprefix("environment-") if key.startswith("environment-") else "",
        }


def key_of(row: Scoped) -> str:
    """The choice that a row stands for."""
    if row.target_id is not None:
        return f"database-{row.target_id}"
    if row.tag_id is not None:
        return f"tag-{row.tag_id}"
    if row.tenant_id is not None:
        return f"tenant-{row.tenant_id}"
    return f"environment-{row.environment}" if row.environment else EVERYTHING
