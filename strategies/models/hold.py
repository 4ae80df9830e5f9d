"""A hold: no new work starts, everywhere or in one scope, until somebody lifts it. What runs goes on."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models

from strategies.models.access import User
from strategies.models.scoped import Outliving, Scoped, visible_scopes


class HoldQuerySet(models.QuerySet["Hold"]):
    def visible_to(self, user: User) -> HoldQuerySet:
        """Those under which something may wait that the user sees."""
        return visible_scopes(self, user)

    def in_force(self) -> HoldQuerySet:
        return self.filter(lifted_at__isnull=True)


class Hold(Outliving):
    """New work is held in its scope."""

    reason = models.CharField(max_length=300)
    placed_by = models.CharField(max_length=150)
    placed_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=150, blank=True, default="")
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[HoldQuerySet] = HoldQuerySet.as_manager()  # type: ignore[assignment]

    class Meta(Scoped.Meta):
        db_table = "portal_hold"
        ordering = ["-placed_at"]

    def __str__(self) -> str:
        return f"Hold on {self.scope}"

    def is_over(self, moment: datetime) -> bool:
        return self.lifted_at is not None
