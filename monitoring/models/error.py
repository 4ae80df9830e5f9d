"""Errors that look alike, as one group, with how often they came on each day, and up to when they are dealt with."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef

from strategies.models import Role, Target, User
from strategies.models.target import visible_rows


class ErrorGroupQuerySet(models.QuerySet["ErrorGroup"]):
    def visible_to(self, user: User) -> ErrorGroupQuerySet:
        """Those that came on a database which the user sees."""
        return self.filter(Exists(ErrorDay.objects.visible_to(user).filter(group=OuterRef("pk"))))


class ErrorGroup(models.Model):
    """Errors with the same code, strategy and shape; what of it a user sees are its days on the databases in sight."""

    fingerprint = models.CharField(max_length=64, unique=True, help_text="SHA-256 over code, strategy and shape.")
    error_code = models.CharField(max_length=50, blank=True, default="")
    strategy_name = models.CharField(max_length=50)
    shape = models.CharField(
        max_length=500, blank=True, default="", help_text="The message with names and numbers taken out."
    )

    objects: ClassVar[ErrorGroupQuerySet] = ErrorGroupQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_error_group"
        ordering = ["error_code", "strategy_name"]

    def __str__(self) -> str:
        return f"{self.error_code or 'no code'}: {self.words[:80]}"

    @property
    def words(self) -> str:
        """The shape without its code, which some databases put before each message."""
        return self.shape.removeprefix(f"{self.error_code}: ") if self.error_code else self.shape


class ErrorDayQuerySet(models.QuerySet["ErrorDay"]):
    def visible_to(self, user: User) -> ErrorDayQuerySet:
        return visible_rows(self, user, Role.DBA, Role.AUDITOR)


class ErrorDay(models.Model):
    """How often errors of one group came on one day (UTC) on one target, and the latest of them in full.

    An error comes when its operation ends; the day is that on which the operation began, as everywhere in the log.
    """

    group = models.ForeignKey(ErrorGroup, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    target = models.ForeignKey(Target, on_delete=models.CASCADE, null=True, related_name="+")
    count = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    last_operation_id = models.BigIntegerField()
    last_object = models.CharField(max_length=500, blank=True, default="")
    last_message = models.CharField(max_length=2000, blank=True, default="")
    objects_hit: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        default=dict, help_text="The objects on which it came most often, with how often."
    )

    objects: ClassVar[ErrorDayQuerySet] = ErrorDayQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_error_day"
        ordering = ["-day"]
        indexes = [
            models.Index(fields=["day"], name="portal_error_by_day"),
            models.Index(fields=["group", "day"], name="portal_error_of_group"),
            # All that the list of errors asks of all time
            models.Index(fields=["group", "target", "last_at", "first_at", "count"], name="portal_error_of_all_time"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.count}"


class HandledErrorQuerySet(models.QuerySet["HandledError"]):
    def visible_to(self, user: User) -> HandledErrorQuerySet:
        return visible_rows(self, user, Role.DBA, Role.AUDITOR)


class HandledError(models.Model):
    """Somebody dealt with a group of errors on one target, so that no tenant closes what another has yet to look at.

    It covers what had come until `until_at`, the last one that they saw: a later one opens the group again.
    """

    group = models.ForeignKey(ErrorGroup, on_delete=models.CASCADE, related_name="handled")
    target = models.ForeignKey(Target, on_delete=models.CASCADE, null=True, related_name="+")
    until_at = models.DateTimeField()
    handled_at = models.DateTimeField()
    handled_by = models.CharField(max_length=150)
    note = models.CharField(max_length=500, blank=True, default="")

    objects: ClassVar[HandledErrorQuerySet] = HandledErrorQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_handled_error"
        ordering = ["-handled_at"]

    def __str__(self) -> str:
        return f"{self.handled_by}, {self.handled_at:%Y-%m-%d}"
