"""What holds somewhere: for one database, a group of them, an environment, a tenant, or for all."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django.db import models
from django.db.models import ProtectedError, Q
from django.db.models.deletion import Collector
from django.utils import timezone

from strategies.models.access import Tenant, User
from strategies.models.target import Environment, Tag, Target
from strategies.scope import NOWHERE, Scope

R = TypeVar("R", bound=models.QuerySet[Any])

_NONE = {"target": Q(target=None), "tag": Q(tag=None), "environment": Q(environment=""), "tenant": Q(tenant=None)}


def _at_most_one() -> Q:
    """Of the four parts three are empty."""
    one_left = (Q(*(empty for name, empty in _NONE.items() if name != kept)) for kept in _NONE)
    found = next(one_left)
    for other in one_left:
        found |= other
    return found


def visible_scopes(rows: R, user: User) -> R:
    """Those that hold for something the user sees. What reaches over tenants is seen by everybody with a role."""
    if not user.is_active or not (user.is_superuser or user.roles):
        return rows.none()
    if user.has_every_tenant:
        return rows
    seen = Target.objects.visible_to(user)
    reaches_over_tenants = Q(target=None, tag=None, tenant=None)
    if issubclass(rows.model, Outliving):
        reaches_over_tenants &= Q(was_for="")
    of_theirs = Q(target__in=seen) | Q(tag__in=Tag.objects.filter(targets__in=seen)) | Q(tenant__in=user.tenants.all())
    return rows.filter(reaches_over_tenants | of_theirs)


def unless_in_force(collector: Collector, field: Any, rows: models.QuerySet[Any], using: str) -> None:
    """On deletion of what rows hold for: refused while one of them is in force; one that is over keeps the name of what is gone.

    Otherwise windows and freezes would go along, and their databases be open, without a word. Raises ProtectedError with those in
    force.
    """
    if field.model.goes_along:
        models.CASCADE(collector, field, rows, using)
        return
    found, moment = list(rows), timezone.now()
    if held := {row for row in found if not row.is_over(moment)}:
        raise ProtectedError("Something in force still holds for it.", held)
    by_name: dict[str, list[Any]] = defaultdict(list)
    for row in found:
        by_name[row.scope].append(row)
    for name, several in by_name.items():
        collector.add_field_update(several[0]._meta.get_field("was_for"), name, several)
        collector.add_field_update(field, None, several)


class Scoped(models.Model):
    """At most one of the four is set; none means everything. What it holds for is not deleted while it is in force."""

    goes_along: ClassVar[bool] = False  # it is deleted with what it holds for, and shuts or opens nothing by that

    target = models.ForeignKey(Target, on_delete=unless_in_force, null=True, blank=True, related_name="%(class)ss")
    tag = models.ForeignKey(Tag, on_delete=unless_in_force, null=True, blank=True, related_name="%(class)ss")
    environment = models.CharField(max_length=20, choices=Environment.choices, blank=True, default="")
    tenant = models.ForeignKey(Tenant, on_delete=unless_in_force, null=True, blank=True, related_name="%(class)ss")

    class Meta:
        abstract = True
        constraints = [models.CheckConstraint(condition=_at_most_one(), name="portal_%(class)s_scope")]

    def is_over(self, moment: datetime) -> bool:
        """Whether it is history. What people remove themselves never is: also switched off it waits for them."""
        return False

    @property
    def where(self) -> Scope:
        return Scope(self.target_id, self.tag_id, self.environment, self.tenant_id)

    @property
    def scope(self) -> str:
        """As people say it."""
        if self.target is not None:
            return f"database {self.target}"
        if self.tag is not None:
            return f"tag {self.tag}"
        if self.tenant is not None:
            return f"tenant {self.tenant}"
        return f"environment {self.get_environment_display()}" if self.environment else "all databases"


class Outliving(Scoped):
    """What is kept when it is over, also when that is gone for which it held: `was_for` then has its name, and it holds nowhere."""

    was_for = models.CharField(max_length=200, blank=True, default="", db_default="", editable=False)

    class Meta(Scoped.Meta):
        abstract = True

    @property
    def where(self) -> Scope:
        return NOWHERE if self.was_for else super().where

    @property
    def scope(self) -> str:
        return f"{self.was_for}, which is gone" if self.was_for else super().scope
