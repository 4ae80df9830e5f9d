"""What is scheduled: the seed's table of maintenance jobs."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from strategies.models.access import Role, User
from strategies.models.fields import JSONTextField, YesNoField
from strategies.models.reference import JobType, ScheduleType, TargetType
from strategies.models.strategy import StrategyType
from strategies.models.target import Target, visible_rows


class MaintenanceJobQuerySet(models.QuerySet["MaintenanceJob"]):
    def visible_to(self, user: User) -> MaintenanceJobQuerySet:
        return visible_rows(self, user, Role.DBA, Role.AUDITOR)


class MaintenanceJob(models.Model):
    """A strategy on an object, with a schedule. `target` NULL means *home*, the portal's own database."""

    job_id = models.BigAutoField(primary_key=True)
    strategy = models.ForeignKey(
        StrategyType, on_delete=models.PROTECT, to_field="strategy_name", db_column="strategy_name", related_name="jobs"
    )
    job_name = models.CharField(max_length=128)
    job_type = models.ForeignKey(
        JobType, on_delete=models.PROTECT, to_field="job_type", db_column="job_type", related_name="+"
    )
    schedule_type = models.ForeignKey(
        ScheduleType, on_delete=models.PROTECT, to_field="schedule_type", db_column="schedule_type", related_name="+"
    )
    schedule_value = models.CharField(max_length=100, null=True, blank=True)
    target_object = models.CharField(max_length=128)
    target_type = models.ForeignKey(
        TargetType, on_delete=models.PROTECT, to_field="target_type", db_column="target_type", related_name="+"
    )
    is_active = YesNoField(default=True, db_default=True)
    last_run = models.DateTimeField(null=True, blank=True)
    next_run = models.DateTimeField(null=True, blank=True)
    created_date = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=128, null=True, blank=True)
    last_modified = models.DateTimeField(null=True, blank=True)
    last_modified_by = models.CharField(max_length=128, null=True, blank=True)
    execution_count = models.BigIntegerField(default=0, db_default=0)
    avg_duration_ms = models.BigIntegerField(null=True, blank=True)
    last_duration_ms = models.BigIntegerField(null=True, blank=True)
    last_status = models.CharField(max_length=20, null=True, blank=True)
    error_count = models.BigIntegerField(default=0, db_default=0)
    last_error = models.CharField(max_length=2000, null=True, blank=True)
    job_parameters = JSONTextField(null=True, blank=True)
    depends_on_jobs = models.CharField(max_length=1000, null=True, blank=True)
    prerequisite_checks = models.CharField(max_length=1000, null=True, blank=True)
    max_parallel_degree = models.IntegerField(default=1, db_default=1)
    resource_limits = JSONTextField(null=True, blank=True)
    notify_on_success = YesNoField(default=False, db_default=False)
    notify_on_failure = YesNoField(default=True, db_default=True)
    notification_recipients = models.CharField(max_length=1000, null=True, blank=True)
    target = models.ForeignKey(Target, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs")

    objects: ClassVar[MaintenanceJobQuerySet] = MaintenanceJobQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "generic_maintenance_jobs"
        ordering = ["job_name"]
        indexes = [models.Index(fields=["is_active", "next_run"], name="gmj_due")]

    def __str__(self) -> str:
        return self.job_name
