"""Who may see and do what: users, their tenants, and the five roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractUser
from django.db import models

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class Role(models.TextChoices):
    """Groups that carry rights. A right holds for the rows of the user's own tenants."""

    DBA = "DBA", "DBA"
    APPROVER = "approver", "Approver"
    MANAGER = "manager", "Manager"
    STAKEHOLDER = "stakeholder", "Stakeholder"
    AUDITOR = "auditor", "Auditor"


class Tenant(models.Model):
    """A customer or department whose databases are kept apart from the others'."""

    name = models.CharField(max_length=80, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "portal_tenant"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person who signs in."""

    time_zone = models.CharField(
        max_length=64, blank=True, default="", help_text="IANA name; empty = the portal's own."
    )
    tenants = models.ManyToManyField(Tenant, blank=True, related_name="users")

    class Meta(AbstractUser.Meta):
        db_table = "portal_user"

    @property
    def roles(self) -> frozenset[str]:
        """Names of the user's groups; read once per object, so that a page asks the database once."""
        if not hasattr(self, "_roles"):
            self._roles = frozenset(self.groups.values_list("name", flat=True))
        return self._roles

    def has_role(self, *roles: Role) -> bool:
        """Whether an active user has any of these roles; a superuser has them all."""
        return self.is_active and (self.is_superuser or bool(self.roles.intersection(roles)))


# What each right needs. Whether it holds for a certain row is the row's `visible_to`.
OPERATES = (Role.DBA,)
READS_SQL = (Role.DBA, Role.APPROVER, Role.MANAGER, Role.AUDITOR)
READS = tuple(Role)


def may(user: User | AnonymousUser, *roles: Role) -> bool:
    """Whether this visitor has any of the roles."""
    return isinstance(user, User) and user.has_role(*roles)
