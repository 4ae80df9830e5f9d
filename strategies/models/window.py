"""When work may be done: windows, and what was changed about one slot of theirs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from strategies.models.access import Role, User
from strategies.models.scoped import Scoped, visible_scopes
from strategies.occurrences import LONGEST_MINUTES, Occurrences, RuleRefused, occurrences
from strategies.windows import LONGEST_EXTENSION

MOST_EXTENDED = int(LONGEST_EXTENSION.total_seconds()) // 60  # minutes
WALL = "%Y-%m-%dT%H:%M"  # the clock on the wall, as it is kept


class Recurring(models.Model):
    """What happens once or again and again; `starts` is the first time, on the wall clock of the zone."""

    starts = models.CharField(max_length=16, help_text="2026-11-28T22:00, on the clock of the time zone.")
    minutes = models.PositiveIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_MINUTES)], help_text="How long it lasts."
    )
    time_zone = models.CharField(max_length=64, default="UTC")
    rule = models.CharField(
        max_length=500, blank=True, default="", help_text="As an RRULE of RFC 5545 says it; empty = once."
    )

    class Meta:
        abstract = True

    @property
    def when(self) -> Occurrences | None:
        """None = what is kept cannot be read."""
        try:
            return self.read()
        except (ValueError, TypeError, KeyError):
            return None

    def read(self) -> Occurrences:
        """What is kept, checked. Raises RuleRefused."""
        return occurrences(self._first(), self.minutes, self.time_zone, self.rule)

    def _first(self) -> datetime:
        try:
            return datetime.strptime(self.starts, WALL)  # noqa: DTZ007 (of the wall clock)
        except ValueError:
            raise RuleRefused("starts", f"{self.starts} is no time such as 2026-11-28T22:00.") from None


class WindowQuerySet(models.QuerySet["MaintenanceWindow"]):
    def visible_to(self, user: User) -> WindowQuerySet:
        return visible_scopes(self, user)


class MaintenanceWindow(Recurring, Scoped):
    """In its slots the databases of its scope may be worked on. A database with windows is worked on in no other time."""

    name = models.CharField(max_length=80, unique=True)
    is_active = models.BooleanField(default=True, help_text="One that is off covers nothing, and permits nothing.")
    capacity = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)],
        help_text="Runs at once in it; empty = as the other limits say.",
    )  # fmt: skip
    owner = models.CharField(max_length=150, help_text="User name of who answers for it.")
    extended_by = models.CharField(
        max_length=20, choices=[(role.value, role.label) for role in (Role.DBA, Role.APPROVER)], default=Role.DBA,
        help_text="Who, besides its owner, may extend a slot of it.",
    )  # fmt: skip
    extend_minutes = models.PositiveSmallIntegerField(
        default=60, validators=[MaxValueValidator(MOST_EXTENDED)], help_text="By how much at most a slot is extended."
    )
    grace_minutes = models.PositiveSmallIntegerField(
        default=5, validators=[MaxValueValidator(240)],
        help_text="After its end no step begins; what is at work then is cancelled so much later.",
    )  # fmt: skip
    changed_by = models.CharField(max_length=150, blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[WindowQuerySet] = WindowQuerySet.as_manager()  # type: ignore[assignment]

    class Meta(Scoped.Meta):
        db_table = "portal_window"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def grace(self) -> timedelta:
        return timedelta(minutes=self.grace_minutes)


class WindowChange(models.Model):
    """One slot of a window ends at another time than was planned. Of several for one slot the last counts."""

    window = models.ForeignKey(MaintenanceWindow, on_delete=models.CASCADE, related_name="changes")
    starts_at = models.DateTimeField(help_text="The slot's start, by which it is known.")
    planned_end_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    changed_by = models.CharField(max_length=150)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "portal_window_change"
        ordering = ["id"]
        indexes = [models.Index(fields=["ends_at"], name="portal_window_change_by_end")]

    def __str__(self) -> str:
        return f"{self.window} until {self.ends_at:%Y-%m-%d %H:%M} UTC"
