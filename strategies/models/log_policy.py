"""How long the operation log is kept, and which strategies write rows of their own into it."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models

from strategies.models.fields import YesNoField

DEFAULT_RETENTION_DAYS = 90


class LogPolicy(models.Model):
    """For one strategy, or (empty name) for all. A strategy's own row replaces the retention of all; the switch of all silences each.

    `is_enabled` silences only rows that strategies write themselves, in SQL or PL/SQL; never those of the portal's runs.
    """

    strategy_name = models.CharField(max_length=50, unique=True, blank=True, default="")
    is_enabled = YesNoField(default=True, db_default=True)
    retention_days = models.PositiveIntegerField(
        default=DEFAULT_RETENTION_DAYS, db_default=DEFAULT_RETENTION_DAYS, validators=[MinValueValidator(1)]
    )

    class Meta:
        db_table = "generic_log_policy"
        ordering = ["strategy_name"]

    def __str__(self) -> str:
        return self.strategy_name or "all strategies"
