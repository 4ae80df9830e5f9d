"""What is scheduled: the seed's table of maintenance jobs."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from strategies.models.access import Role, User
from strategies.models.fields import JSONTextField, YesNoField
from strategies.models.reference import JobType, ScheduleType, TargetType
from strategies.models.state import State
from strategies.models.strategy import StrategyType
from strategies.models.target import Target, visible_rows


class WhenLate(models.TextChoices):
    """What becomes of due instants that passed while the portal did not run; each of them is recorded as missed."""

    SKIP = "SKIP", "Leave them out"
    RUN_ONCE = "RUN_ONCE", "Run once for all of them"


class JobState(State):
    """How a job stands. `UNSETTLED` lasts until the next tick."""

    QUARANTINED = "quarantined", "sign-stop", "fail", "Set aside"
    UNSETTLED = "unsettled", "arrow-repeat", "run", "Being read"
    OFF = "off", "power", "plan", "Switched off"
    SCHEDULED = "scheduled", "calendar-check", "ok", "Scheduled"
    UNCLOCKED = (
        "unclocked",
        "hand-index",
        "plan",
        "No clock",
    )  # by hand, by an event, or left to people by its configuration


class MaintenanceJobQuerySet(models.QuerySet["MaintenanceJob"]):
    def visible_to(self, user: User) -> MaintenanceJobQuerySet:
        return visible_rows(self, user, Role.DBA, Role.AUDITOR)

    def unsettled(self) -> MaintenanceJobQuerySet:
        """Rows that are new, or were changed by whatever way: the next tick reads them."""
        return self.filter(is_settled=False)

    def scheduled(self) -> MaintenanceJobQuerySet:
        """Jobs whose `next_run` counts."""
        return self.filter(is_settled=True, is_active=True, quarantined_at__isnull=True)

    def due_by(self, moment: datetime) -> MaintenanceJobQuerySet:
        """Jobs that the clock starts until then, also those whose instant has passed just now."""
        return self.scheduled().filter(next_run__lte=moment)


class MaintenanceJob(models.Model):
    """A strategy on an object, with a schedule. `target` NULL means *home*, the portal's own database.

    Whoever changes what defines a job, in SQL or here, leaves it unsettled (triggers see to that): the next tick reads it
    anew, and either computes `next_run` or sets it aside with a reason (quarantine) until it is changed again. Until then
    `next_run` and `clock` say what was due before the change; without a `clock` somebody typed `next_run`, and it counts.
    """

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
    schedule_timezone = models.CharField(
        max_length=64, null=True, blank=True, help_text="IANA name; empty = that of the configuration, else UTC."
    )
    start_within_minutes = models.PositiveIntegerField(
        default=60, db_default=60, help_text="A run that could not start by then is missed."
    )
    when_late = models.CharField(
        max_length=10, choices=WhenLate.choices, default=WhenLate.SKIP, db_default=WhenLate.SKIP
    )
    is_settled = YesNoField(default=False, db_default=False)
    quarantined_at = models.DateTimeField(null=True, blank=True)
    quarantine_reason = models.CharField(max_length=1000, null=True, blank=True)
    clock = models.CharField(
        max_length=300, null=True, blank=True, help_text="What next_run was computed by: five cron fields and a zone."
    )
    prepared_for = models.DateTimeField(
        null=True, blank=True, help_text="The due instant for which a run is planned already."
    )
    last_due = models.DateTimeField(null=True, blank=True, help_text="The latest due instant that was dealt with.")
    duration_total_ms = models.BigIntegerField(null=True, blank=True, help_text="What avg_duration_ms is made of.")
    durations_counted = models.BigIntegerField(null=True, blank=True, help_text="Executions whose duration is known.")

    objects: ClassVar[MaintenanceJobQuerySet] = MaintenanceJobQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "generic_maintenance_jobs"
        ordering = ["job_name"]
        indexes = [
            models.Index(fields=["is_settled", "is_active", "next_run"], name="gmj_due"),
            models.Index(fields=["job_name"], name="gmj_by_name"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(when_late__in=WhenLate.values), name="gmj_when_late"),
        ]

    def __str__(self) -> str:
        return self.job_name

    @property
    def names_unknown_database(self) -> bool:
        """Whether the row names a database that is not there: SQLite's own shell, for one, knows no foreign keys."""
        return self.target is None and self.target_id is not None

    @property
    def database_name(self) -> str:
        """As people and programs read it."""
        if self.names_unknown_database:
            return f"database {self.target_id}, which is not there"
        return self.target.name if self.target is not None else "home"

    @property
    def state(self) -> JobState:
        if not self.is_settled:
            return JobState.UNSETTLED
        if self.quarantined_at is not None:
            return JobState.QUARANTINED
        if not self.is_active:
            return JobState.OFF
        return JobState.SCHEDULED if self.next_run is not None else JobState.UNCLOCKED
