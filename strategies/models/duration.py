"""How long work took before: the basis of every *usual* and *ends about* on a page."""

from __future__ import annotations

from django.db import models

from strategies.models.target import Target

KEPT = 20


class Duration(models.Model):
    """The latest durations (ms, newest last, at most 20) of one piece of work on one target; step_key "-" = the whole run.

    `updated_at` is when it was last done; where there are no durations, it was not done yet. `begun_at` is when it was last begun
    and, as far as is known, not brought to its end; of a check, when it was last begun.
    """

    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="durations")
    strategy_name = models.CharField(max_length=50)
    step_key = models.CharField(max_length=500, default="-")
    recent_ms = models.JSONField(default=list)
    updated_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "portal_duration"
        constraints = [
            models.UniqueConstraint(fields=["target", "strategy_name", "step_key"], name="portal_duration_once"),
        ]

    def __str__(self) -> str:
        return f"{self.strategy_name} {self.step_key}"
