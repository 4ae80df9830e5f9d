"""What a look at a target saw: one assessment, and the findings that stand until a later one no longer sees them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from strategies.assessments import Severity
from strategies.models.access import User
from strategies.models.target import Target, visible_rows


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    def visible_to(self, user: User) -> AssessmentQuerySet:
        return visible_rows(self, user)

    def answered(self) -> AssessmentQuerySet:
        """Looks that came to their end."""
        return self.filter(finished_at__isnull=False, error="")

    def of_this_database(self) -> AssessmentQuerySet:
        """Looks at the address that the target has now."""
        is_since = models.Q(started_at__gte=models.F("target__moved_at"))
        return self.filter(models.Q(target__moved_at=None) | is_since)


class Assessment(models.Model):
    """A request to look at a target with one strategy, and how it went. Open until `finished_at` is set."""

    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="assessments")
    strategy_name = models.CharField(max_length=50)
    target_object = models.CharField(max_length=500, default="ALL")
    parameters = models.JSONField(default=dict)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    woken_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=2000, blank=True, default="")
    notes = models.JSONField(default=list)
    found = models.PositiveIntegerField(default=0)
    checks_left = models.PositiveIntegerField(default=0)  # what only a run can tell, and none has told

    objects: ClassVar[AssessmentQuerySet] = AssessmentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_assessment"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["finished_at", "asked_at"], name="portal_assessment_open"),
            models.Index(fields=["target", "strategy_name", "asked_at"], name="portal_assessment_latest"),
        ]

    def __str__(self) -> str:
        return f"Assessment {self.pk}"


class FindingQuerySet(models.QuerySet["Finding"]):
    def visible_to(self, user: User) -> FindingQuerySet:
        return visible_rows(self, user)

    def current(self) -> FindingQuerySet:
        return self.filter(gone_at__isnull=True)


class Finding(models.Model):
    """A need, as strategies/assessments.py describes it, with when it was first and last seen. `gone_at` = no longer seen."""

    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="findings")
    strategy_name = models.CharField(max_length=50)
    kind = models.CharField(max_length=40)
    object = models.CharField(max_length=500)
    object_type = models.CharField(max_length=30)
    severity = models.CharField(max_length=10, choices=[(severity.value, severity.value) for severity in Severity])
    summary = models.CharField(max_length=1000)
    advice = models.CharField(max_length=1000, blank=True, default="")
    evidence = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[FindingQuerySet] = FindingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_finding"
        ordering = ["-last_seen_at", "object"]
        indexes = [models.Index(fields=["target", "gone_at"], name="portal_finding_current")]
        constraints = [
            models.UniqueConstraint(fields=["target", "strategy_name", "kind", "object"], name="portal_finding_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.object}"
