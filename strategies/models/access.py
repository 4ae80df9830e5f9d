"""Who may see and do what: users, their tenants, and the five roles."""

from __future__ import annotations

import zoneinfo
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import cached_property

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class Role(models.TextChoices):
    """Groups that carry rights. A right holds for the rows of the user's own tenants."""

    DBA = "DBA", "DBA"
    APPROVER = "approver", "Approver"
    MANAGER = "manager", "Manager"
    STAKEHOLDER = "stakeholder", "Stakeholder"
    AUDITOR = "auditor", "Auditor"


class Theme(models.TextChoices):
    """How pages look; what a browser was switched to goes before it."""

    SYSTEM = "", "As the device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Tenant(models.Model):
    """A customer or department whose databases are kept apart from the others'."""

    name = models.CharField(max_length=80, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "portal_tenant"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


def known_time_zone(name: str) -> None:
    """Raises ValidationError unless the name is one of the IANA time zones that this machine knows."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError("This is no IANA time zone; write one like Europe/Vienna or UTC.")


class User(AbstractUser):
    """A person who signs in."""

    time_zone = models.CharField(
        max_length=64,
        blank=True,
        default="",
        validators=[known_time_zone],
        help_text="IANA name; empty = the portal's own.",
    )
    theme = models.CharField(max_length=10, choices=Theme.choices, blank=True, default=Theme.SYSTEM)
    tenants = models.ManyToManyField(Tenant, blank=True, related_name="users")

    class Meta(AbstractUser.Meta):
        db_table = "portal_user"

    @property
    def roles(self) -> frozenset[str]:
        """Names of the user's groups; read once per object, so that a page asks the database once."""
        if not hasattr(self, "_roles"):
            self._roles = frozenset(
                group.name for group in self.groups.all()
            )  # prefetched, where many people are asked
        return self._roles

    @cached_property
    def has_every_tenant(self) -> bool:
        """Whether nothing is hidden from this person because of whose it is; read once per object."""
        return self.is_superuser or not Tenant.objects.exclude(users=self).exists()

    def is_of(self, *tenants: int) -> bool:
        """Whether any of these tenants is this person's; read from what is prefetched, where many people are asked."""
        return self.is_superuser or any(tenant.pk in tenants for tenant in self.tenants.all())

    def may_know(self, tenants: Collection[int]) -> bool:
        """Whether this person may be told what is of any of these tenants, errors and objects included."""
        return self.is_of(*tenants) and self.has_role(*READS_SQL)

    def has_role(self, *roles: Role) -> bool:
        """Whether an active user has any of these roles; a superuser has them all."""
        return self.is_active and (self.is_superuser or bool(self.roles.intersection(roles)))


# What each right needs. Whether it holds for a certain row is the row's `visible_to`.
OPERATES = (Role.DBA,)
READS_SQL = (Role.DBA, Role.APPROVER, Role.MANAGER, Role.AUDITOR)
READS_AUDIT = (Role.DBA, Role.AUDITOR)
READS = tuple(Role)


def may(user: User | AnonymousUser, *roles: Role) -> bool:
    """Whether this visitor has any of the roles."""
    return isinstance(user, User) and user.has_role(*roles)
