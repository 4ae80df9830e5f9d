"""The lookup tables: which words may stand in the seed's tables. Their names and columns are public; rows extend them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from strategies.models.fields import YesNoField


class ReferenceRow(models.Model):
    """What every lookup table has."""

    is_active = YesNoField(default=True, db_default=True)
    created_date = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True


class OperationType(ReferenceRow):
    """What a step does to its object: REBUILD, ANALYZE …"""

    operation_type_id = models.BigAutoField(primary_key=True)
    operation_type = models.CharField(max_length=50, unique=True)
    description = models.CharField(max_length=200, blank=True, null=True)
    category = models.CharField(max_length=30, blank=True, null=True)

    class Meta:
        db_table = "generic_operation_types"
        ordering = ["operation_type"]

    def __str__(self) -> str:
        return self.operation_type


class JobType(ReferenceRow):
    """What a job is for: MAINTENANCE, ANALYSIS …"""

    job_type_id = models.BigAutoField(primary_key=True)
    job_type = models.CharField(max_length=50, unique=True)
    description = models.CharField(max_length=200, blank=True, null=True)
    category = models.CharField(max_length=30, blank=True, null=True)

    class Meta:
        db_table = "generic_job_types"
        ordering = ["job_type"]

    def __str__(self) -> str:
        return self.job_type


class TargetType(ReferenceRow):
    """What a target object is: TABLE, INDEX …"""

    target_type_id = models.BigAutoField(primary_key=True)
    target_type = models.CharField(max_length=30, unique=True)
    description = models.CharField(max_length=200, blank=True, null=True)
    category = models.CharField(max_length=30, blank=True, null=True)

    class Meta:
        db_table = "generic_target_types"
        ordering = ["target_type"]

    def __str__(self) -> str:
        return self.target_type


class ScheduleType(ReferenceRow):
    """How a job's due times are given: DAILY, CUSTOM …"""

    schedule_type_id = models.BigAutoField(primary_key=True)
    schedule_type = models.CharField(max_length=20, unique=True)
    description = models.CharField(max_length=100, blank=True, null=True)

    class Meta:
        db_table = "generic_schedule_types"
        ordering = ["schedule_type_id"]

    def __str__(self) -> str:
        return self.schedule_type


class OperationStatusRow(ReferenceRow):
    """The states a row of the operation log may have."""

    status_id = models.BigAutoField(primary_key=True)
    status = models.CharField(max_length=20, unique=True)
    description = models.CharField(max_length=100, blank=True, null=True)

    class Meta:
        db_table = "generic_operation_status"
        verbose_name, verbose_name_plural = "operation status", "operation statuses"
        ordering = ["status_id"]

    def __str__(self) -> str:
        return self.status


class DeploymentStatusRow(ReferenceRow):
    """The states a configuration's deployment may have."""

    status_id = models.BigAutoField(primary_key=True)
    status = models.CharField(max_length=20, unique=True)
    description = models.CharField(max_length=100, blank=True, null=True)

    class Meta:
        db_table = "generic_deployment_status"
        verbose_name, verbose_name_plural = "deployment status", "deployment statuses"
        ordering = ["status_id"]

    def __str__(self) -> str:
        return self.status
