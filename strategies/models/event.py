"""An event that somebody announced: the jobs that listen to its name run once for it."""

from __future__ import annotations

from django.db import models


class Event(models.Model):
    """The latest announcement of each event; the audit has all of them."""

    name = models.CharField(max_length=100, help_text="In capitals, without spaces around it.")
    emitted_by = models.CharField(max_length=150)
    emitted_at = models.DateTimeField()
    first_left = models.BigIntegerField(
        null=True, blank=True, help_text="The first of the jobs that have not had their turn yet."
    )
    last_left = models.BigIntegerField(null=True, blank=True, help_text="The last of them.")

    class Meta:
        db_table = "portal_event"
        ordering = ["-id"]
        indexes = [models.Index(fields=["name"], name="portal_event_by_name")]

    def __str__(self) -> str:
        return self.name
