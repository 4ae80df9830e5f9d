"""Where something holds: one database, a group of them, an environment, a tenant, or everything. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """What is asked of a target to know what holds for it: keys of the target, its tags and its tenant."""

    target: int
    tenant: int
    environment: str = ""
    tags: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """At most one part is set; none = everything. A group is a tag."""

    target: int | None = None
    tag: int | None = None
    environment: str = ""
    tenant: int | None = None

    def covers(self, place: Place) -> bool:
        return (
            self.target in (None, place.target)
            and (self.tag is None or self.tag in place.tags)
            and self.environment in ("", place.environment)
            and self.tenant in (None, place.tenant)
        )

    @property
    def is_everything(self) -> bool:
        return self == Scope()


NOWHERE = Scope(target=0)  # no database has this key
