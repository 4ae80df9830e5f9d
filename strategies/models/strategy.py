"""The registry of strategies, and how each is configured for an object: the seed's tables."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from strategies.models.access import Role, User
from strategies.models.fields import JSONTextField, YesNoField
from strategies.models.reference import DeploymentStatusRow, ReferenceRow, TargetType
from strategies.models.target import Target, visible_rows


class StrategyType(ReferenceRow):
    """A strategy by name. What it does is a routine of the same name; a row without one is known, but cannot run."""

    strategy_type_id = models.BigAutoField(primary_key=True)
    strategy_name = models.CharField(max_length=50, unique=True)
    strategy_type = models.CharField(max_length=20, blank=True, default="MAINTENANCE", db_default="MAINTENANCE")
    description = models.CharField(max_length=200, blank=True, null=True)
    category = models.CharField(max_length=30, blank=True, null=True)

    class Meta:
        db_table = "generic_strategy_types"
        ordering = ["strategy_name"]

    def __str__(self) -> str:
        return self.strategy_name


class ExecutionMode(models.TextChoices):
    """Who starts runs of a configuration: its jobs (AUTOMATIC, SCHEDULED) or only people (MANUAL)."""

    AUTOMATIC = "AUTOMATIC"
    MANUAL = "MANUAL"
    SCHEDULED = "SCHEDULED"


class StrategyConfigQuerySet(models.QuerySet["StrategyConfig"]):
    def visible_to(self, user: User) -> StrategyConfigQuerySet:
        return visible_rows(self, user, Role.DBA, Role.AUDITOR)


class StrategyConfig(models.Model):
    """The parameters, limits and mode of one strategy on one object of one target. A configuration never starts by itself."""

    config_id = models.BigAutoField(primary_key=True)
    strategy = models.ForeignKey(
        StrategyType,
        on_delete=models.PROTECT,
        to_field="strategy_name",
        db_column="strategy_name",
        related_name="configs",
    )
    target_object = models.CharField(max_length=128)
    target_type = models.ForeignKey(
        TargetType, on_delete=models.PROTECT, to_field="target_type", db_column="target_type", related_name="+"
    )
    strategy_type = models.CharField(max_length=20, default="MAINTENANCE")
    strategy_config = JSONTextField(default=dict)
    execution_mode = models.CharField(
        max_length=20,
        choices=ExecutionMode.choices,
        default=ExecutionMode.AUTOMATIC,
        db_default=ExecutionMode.AUTOMATIC,
    )
    parallel_degree = models.IntegerField(default=1, db_default=1)
    batch_size = models.IntegerField(default=1000, db_default=1000)
    timeout_seconds = models.IntegerField(default=3600, db_default=3600)
    resource_limits = JSONTextField(null=True, blank=True)
    priority_level = models.IntegerField(default=5, db_default=5)
    schedule_expression = models.CharField(max_length=200, null=True, blank=True)
    schedule_timezone = models.CharField(max_length=50, default="UTC", db_default="UTC")
    depends_on_strategies = models.CharField(max_length=1000, null=True, blank=True)
    prerequisite_checks = models.CharField(max_length=1000, null=True, blank=True)
    created_date = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=128, null=True, blank=True)
    last_modified = models.DateTimeField(null=True, blank=True)
    last_modified_by = models.CharField(max_length=128, null=True, blank=True)
    is_active = YesNoField(default=True, db_default=True)
    version = models.CharField(max_length=20, default="1.0", db_default="1.0")
    description = models.CharField(max_length=500, null=True, blank=True)
    tags = models.CharField(max_length=500, null=True, blank=True)
    execution_count = models.BigIntegerField(default=0, db_default=0)
    success_count = models.BigIntegerField(default=0, db_default=0)
    failure_count = models.BigIntegerField(default=0, db_default=0)
    avg_duration_ms = models.BigIntegerField(null=True, blank=True)
    last_execution = models.DateTimeField(null=True, blank=True)
    last_success = models.DateTimeField(null=True, blank=True)
    last_failure = models.DateTimeField(null=True, blank=True)
    deployment_status = models.ForeignKey(
        DeploymentStatusRow,
        on_delete=models.PROTECT,
        to_field="status",
        db_column="deployment_status",
        related_name="+",
        default="PENDING",
        db_default="PENDING",
    )
    deployment_started = models.DateTimeField(null=True, blank=True)
    deployment_completed = models.DateTimeField(null=True, blank=True)
    rollback_available = YesNoField(default=False, db_default=False)
    monitoring_enabled = YesNoField(default=True, db_default=True)
    alert_thresholds = JSONTextField(null=True, blank=True)
    notification_config = JSONTextField(null=True, blank=True)
    target = models.ForeignKey(Target, on_delete=models.PROTECT, null=True, blank=True, related_name="configs")
    duration_total_ms = models.BigIntegerField(null=True, blank=True, help_text="What avg_duration_ms is made of.")
    durations_counted = models.BigIntegerField(null=True, blank=True, help_text="Executions whose duration is known.")

    objects: ClassVar[StrategyConfigQuerySet] = StrategyConfigQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "generic_strategy_config"
        ordering = ["strategy_id", "target_object"]
        constraints = [
            models.CheckConstraint(condition=models.Q(priority_level__range=(1, 10)), name="gsc_priority_1_to_10"),
            models.CheckConstraint(condition=models.Q(timeout_seconds__gt=0), name="gsc_timeout_positive"),
            models.CheckConstraint(
                condition=models.Q(execution_mode__in=ExecutionMode.values), name="gsc_execution_mode"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.strategy_id} on {self.target_object}"
