"""An event that somebody announced: the jobs that listen to its name run once for it."""

from __future__ import annotations

from django.db import models


class Event(models.Model):
    """One announcement. The same name may be announced again and again; each time is a row of its own."""

    name = models.CharField(max_length=100)
    emitted_by = models.CharField(max_length=150)
    emitted_at = models.DateTimeField()

    class Meta:
        db_table = "portal_event"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name
