"""What this installation knows of itself: its identity, the turn at the gate, and when its processes were last heard."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import F


def new_identity() -> str:
    return secrets.token_hex(4)


class PortalQuerySet(models.QuerySet["Portal"]):
    def take_gate_turn(self) -> None:
        """Inside a transaction: no run is claimed by anybody else until its commit. Comes before other locks are taken."""
        self.filter(pk=1).update(gate_turn=F("gate_turn") + 1)


class Portal(models.Model):
    """The one row (pk 1)."""

    identity = models.CharField(max_length=8, default=new_identity)
    gate_turn = models.BigIntegerField(default=0)
    beat_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[PortalQuerySet] = PortalQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_installation"

    def __str__(self) -> str:
        return self.identity


class Pulse(models.Model):
    """Whether a cluster of workers takes wake-ups: asked through the queue itself, answered by a worker.

    `asked_at` is empty once a worker has answered: the question is no longer in the queue. `answered_at` is the last sign
    of life of any of its workers; one that has a task in hand also gives signs.
    """

    cluster = models.CharField(max_length=30, primary_key=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "portal_pulse"

    def __str__(self) -> str:
        return self.cluster
