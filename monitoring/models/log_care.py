"""How large the operation log was on each day, and whose turn it is to move or delete rows of it."""

from __future__ import annotations

from typing import Any

from django.db import models

Strategies = dict[str, dict[str, int | str | None]]


class LogSize(models.Model):
    """The log as it was last measured on one day (UTC): counting reads it whole, so that pages show this."""

    day = models.DateField(unique=True)
    measured_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField(default=0)
    row_count = models.BigIntegerField()
    size_bytes = models.BigIntegerField(null=True, help_text="Table and indexes; empty = this database cannot tell.")
    oldest_at = models.DateTimeField(null=True)
    newest_at = models.DateTimeField(null=True)
    strategies: models.JSONField[Strategies, Strategies] = models.JSONField(
        default=dict, help_text="By strategy: rows, the oldest, and how many are past their time."
    )
    unreadable_count = models.BigIntegerField(
        null=True, help_text="Rows whose time cannot be read; empty = nobody has looked."
    )
    unreadable: models.JSONField[list[int], list[int]] = models.JSONField(
        default=list, help_text="The first of them, by their keys."
    )

    class Meta:
        db_table = "portal_log_size"
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"{self.day}: {self.row_count}"

    @property
    def expired(self) -> int:
        """How many rows were past their time."""
        return sum(int(there["expired"] or 0) for there in self.strategies.values())


class LogCare(models.Model):
    """One row (pk 1): when the log is looked after next, and the lease of the process that is at it."""

    next_at = models.DateTimeField(null=True, help_text="Not pruned again before then; empty = as soon as may be.")
    woken_at = models.DateTimeField(null=True, help_text="When it was last asked whether there is something to do.")
    busy_until = models.DateTimeField(null=True)
    untold: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict,
        help_text="What was pruned and is not in the audit yet: by whom, and how many rows of which strategies.",
    )

    class Meta:
        db_table = "portal_log_care"

    def __str__(self) -> str:
        return "care for the operation log"
