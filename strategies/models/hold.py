"""A hold: no new work starts, everywhere or in one scope, until somebody lifts it. What runs goes on."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from strategies.models.access import User
from strategies.models.target import Environment, Tag, Target


class HoldQuerySet(models.QuerySet["Hold"]):
    def visible_to(self, user: User) -> HoldQuerySet:
        """Those under which something may wait that the user sees. Everything and environments: everybody with a role."""
        if not user.is_active or not (user.is_superuser or user.roles):
            return self.none()
        if user.has_every_tenant:
            return self
        seen = Target.objects.visible_to(user)
        reaches_over_tenants = models.Q(target__isnull=True, tag__isnull=True)
        in_sight = models.Q(target__in=seen) | models.Q(tag__in=Tag.objects.filter(targets__in=seen))
        return self.filter(reaches_over_tenants | in_sight)

    def in_force(self) -> HoldQuerySet:
        return self.filter(lifted_at__isnull=True)


class Hold(models.Model):
    """At most one of `target`, `tag` and `environment` is set; none means everything."""

    target = models.ForeignKey(Target, on_delete=models.CASCADE, null=True, blank=True, related_name="holds")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, null=True, blank=True, related_name="holds")
    environment = models.CharField(max_length=20, choices=Environment.choices, blank=True, default="")
    reason = models.CharField(max_length=300)
    placed_by = models.CharField(max_length=150)
    placed_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=150, blank=True, default="")
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[HoldQuerySet] = HoldQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_hold"
        ordering = ["-placed_at"]

    def __str__(self) -> str:
        return f"Hold on {self.scope}"

    @property
    def scope(self) -> str:
        if self.target is not None:
            return f"database {self.target}"
        if self.tag is not None:
            return f"tag {self.tag}"
        return f"environment {self.get_environment_display()}" if self.environment else "all databases"
