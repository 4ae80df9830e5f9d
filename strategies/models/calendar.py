"""Calendars that are shared between databases: freezes, in which nothing that changes data starts, and hours of backups."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.db import models

from strategies.models.access import User
from strategies.models.scoped import Scoped, visible_scopes
from strategies.models.window import WALL, Recurring
from strategies.occurrences import Occurrences, RuleRefused, occurrences


class CalendarKind(models.TextChoices):
    """What its entries mean."""

    FREEZE = "freeze", "Freeze"  # nothing that changes data starts
    BACKUP = "backup", "Backup"  # shown, and told where a window is laid over it; it keeps nothing from starting


class CalendarQuerySet(models.QuerySet["Calendar"]):
    def visible_to(self, user: User) -> CalendarQuerySet:
        """Those of which a part holds for something that the user sees; those that hold nowhere are seen by who sees everything."""
        if not user.is_active or not (user.is_superuser or user.roles):
            return self.none()
        if user.has_every_tenant:
            return self
        return self.filter(pk__in=visible_scopes(CalendarScope.objects.all(), user).values("calendar"))


class Calendar(models.Model):
    """Entries that hold in each of its scopes; without a scope they hold nowhere."""

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=10, choices=CalendarKind.choices, default=CalendarKind.FREEZE)
    is_active = models.BooleanField(default=True)
    owner = models.CharField(max_length=150, help_text="User name of who answers for it, and may lift its freezes.")
    changed_by = models.CharField(max_length=150, blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[CalendarQuerySet] = CalendarQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_calendar"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CalendarScope(Scoped):
    """One place where a calendar holds."""

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="scopes")

    class Meta(Scoped.Meta):
        db_table = "portal_calendar_scope"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.calendar} on {self.scope}"


def new_uid() -> str:
    return str(uuid.uuid4())


class EntryQuerySet(models.QuerySet["CalendarEntry"]):
    def visible_to(self, user: User) -> EntryQuerySet:
        """Those of the calendars that the user sees."""
        return self.filter(calendar__in=Calendar.objects.visible_to(user))


class CalendarEntry(Recurring):
    """An entry of a calendar. `left_out` and `added` are starts (as `starts` is written) that do not happen, or happen besides."""

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="entries")
    name = models.CharField(max_length=200)
    uid = models.CharField(max_length=255, default=new_uid, help_text="What it is known by in files of calendars.")
    is_imported = models.BooleanField(default=False, db_default=False, help_text="It came from a file.")
    reason = models.CharField(max_length=500, blank=True, default="")
    is_whole_days = models.BooleanField(
        default=False, db_default=False, help_text="From 00:00 on, until midnight of the clock on the wall."
    )
    left_out = models.JSONField(default=list, blank=True)
    added = models.JSONField(default=list, blank=True)
    lifted = models.JSONField(default=list, blank=True, help_text="Starts (UTC) of slots that its owner took back.")
    last_end_at = models.DateTimeField(
        null=True, blank=True, help_text="When it is over for good; empty = it has no end."
    )

    objects: ClassVar[EntryQuerySet] = EntryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_calendar_entry"
        ordering = ["starts", "id"]
        constraints = [models.UniqueConstraint(fields=["calendar", "uid"], name="portal_calendar_entry_once")]

    def __str__(self) -> str:
        return self.name

    def read(self) -> Occurrences:
        return occurrences(
            self._first(), self.minutes, self.time_zone, self.rule, left_out=_times(self.left_out), added=_times(self.added),
            is_whole_days=self.is_whole_days,
        )  # fmt: skip

    @property
    def lifted_starts(self) -> frozenset[datetime]:
        try:
            return frozenset(datetime.fromisoformat(text) for text in self.lifted)
        except (TypeError, ValueError):
            return frozenset()  # what cannot be read lifts nothing


def _times(kept: Any) -> tuple[datetime, ...]:
    try:
        return tuple(datetime.strptime(text, WALL) for text in kept)  # noqa: DTZ007 (of the wall clock)
    except (TypeError, ValueError):
        raise RuleRefused("left_out", "A time that is left out or added cannot be read.") from None
