"""The operation log: the seed's table, one row a step of a run (or whatever SQL and packages write into it)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from strategies.models.access import Role, User
from strategies.models.fields import JSONTextField
from strategies.models.readable import DecimalFigureField, FigureField, InstantField, IsReadable
from strategies.models.run import JobRun, JobRunQuerySet
from strategies.models.state import State
from strategies.models.target import Target, visible_rows


class OperationStatus(State):
    """The seed's words for the state of an operation."""

    STARTED = "STARTED", "play-fill", "run", "Started"
    RUNNING = "RUNNING", "play-fill", "run", "Running"
    PENDING = "PENDING", "hourglass-split", "plan", "Pending"
    SUCCESS = "SUCCESS", "check-lg", "ok", "Success"
    WARNING = "WARNING", "exclamation-triangle", "warn", "Warning"
    ERROR = "ERROR", "x-lg", "fail", "Error"
    CANCELLED = "CANCELLED", "slash-circle", "plan", "Cancelled"
    TIMEOUT = "TIMEOUT", "alarm", "fail", "Timeout"
    INFO = "INFO", "info-circle", "plan", "Info"


UNKNOWN = "UNKNOWN"  # in a row typed in SQL that does not say
UNFINISHED = (OperationStatus.STARTED, OperationStatus.RUNNING, OperationStatus.PENDING)


class OperationLogQuerySet(models.QuerySet["OperationLog"]):
    def visible_to(self, user: User) -> OperationLogQuerySet:
        """Where they see its database, and the run that it is of, if there is one."""
        rows = visible_rows(self, user, Role.DBA, Role.AUDITOR)
        if user.is_superuser:
            return rows
        hidden = JobRun.objects.filter(JobRunQuerySet.for_hidden(user), place__isnull=False)
        return rows.exclude(run__in=hidden)

    def readable(self, *, is_readable: bool = True) -> OperationLogQuerySet:
        """Rows whose time can be read, or else the others: they belong to no day, and are neither counted nor pruned."""
        if is_readable:
            return self.filter(operation_time__readable=True)
        return self.alias(is_readable=IsReadable("operation_time")).filter(is_readable=0)


class OperationLog(models.Model):
    """A row is committed before a step starts and again after it ends. Meters that were not measured are NULL.

    Anybody may type rows here: the database refuses figures and instants that nobody can read (strategies/log_guard.py), and of
    rows that were there before they are read as NULL.
    Nothing refers to this table by foreign key: it is meant to be partitioned by `operation_time` where it grows large.
    """

    operation_id = models.BigAutoField(primary_key=True)
    strategy_name = models.CharField(max_length=50, default=UNKNOWN, db_default=UNKNOWN)
    operation_type = models.CharField(max_length=50, default=UNKNOWN, db_default=UNKNOWN)
    job_name = models.CharField(max_length=128, null=True, blank=True)
    target_object = models.CharField(max_length=500, null=True, blank=True)
    target_type = models.CharField(max_length=30, null=True, blank=True)
    status = models.CharField(max_length=20, default=OperationStatus.STARTED, db_default=OperationStatus.STARTED)
    message = models.CharField(max_length=2000, null=True, blank=True)
    duration_ms = FigureField(null=True, blank=True)
    operation_time = InstantField(db_default=Now())
    user_name = models.CharField(max_length=150, null=True, blank=True)
    session_id = models.CharField(max_length=100, null=True, blank=True)
    sql_text = models.TextField(null=True, blank=True)
    error_code = models.CharField(max_length=50, null=True, blank=True)
    error_message = models.CharField(max_length=2000, null=True, blank=True)
    strategy_context = JSONTextField(null=True, blank=True)
    cpu_time_ms = FigureField(null=True, blank=True)
    memory_used_mb = DecimalFigureField(max_digits=12, decimal_places=2, null=True, blank=True)
    io_operations = FigureField(null=True, blank=True)
    rows_processed = FigureField(null=True, blank=True)
    objects_affected = FigureField(null=True, blank=True)
    target = models.ForeignKey(Target, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    run = models.ForeignKey(
        "strategies.JobRun", on_delete=models.DO_NOTHING, db_constraint=False, null=True, blank=True,
        related_name="operations",
    )  # fmt: skip
    step_key = models.CharField(max_length=500, null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(default=1, db_default=1)
    ended_at = InstantField(null=True, blank=True)

    objects: ClassVar[OperationLogQuerySet] = OperationLogQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "generic_operation_log"
        ordering = ["-operation_id"]
        indexes = [
            models.Index(fields=["operation_time", "operation_id"], name="gol_by_time"),
            models.Index(fields=["run"], name="gol_by_run"),
            models.Index(fields=["target", "operation_time", "operation_id"], name="gol_by_target"),
            models.Index(fields=["status", "operation_time", "operation_id"], name="gol_by_status"),
        ]

    def __str__(self) -> str:
        return f"Operation {self.operation_id}"

    @property
    def state(self) -> OperationStatus | None:
        """None for a word that SQL typed and we do not know."""
        return OperationStatus(self.status) if self.status in OperationStatus.values else None
