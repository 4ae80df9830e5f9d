"""Imports of the older, partition-specific framework: what was asked for and became of it, and which rows are known already."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from strategies.models.access import User
from strategies.models.state import State
from strategies.models.target import Target, visible_rows


class ImportState(State):
    """How an import stands."""

    WAITING = "waiting", "hourglass-split", "plan", "Waiting"
    AT_WORK = "at_work", "arrow-repeat", "run", "Reading…"
    DONE = "done", "check-lg", "ok", "Done"
    FAILED = "failed", "x-lg", "fail", "Not done"


class FrameworkFile(models.Model):
    """An archive that somebody sent, kept until it was imported or for some days: web and workers may be on different machines."""

    name = models.CharField(max_length=200)
    content = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "portal_framework_file"

    def __str__(self) -> str:
        return self.name


class FrameworkImportQuerySet(models.QuerySet["FrameworkImport"]):
    def visible_to(self, user: User) -> FrameworkImportQuerySet:
        return visible_rows(self, user)

    def open(self) -> FrameworkImportQuerySet:
        return self.filter(finished_at__isnull=True)


class FrameworkImport(models.Model):
    """A request to read the older framework of a target, and (unless it `is_dry`) to keep what can be taken over.

    `position` says how far it came: the table and the number, or the line, of the last row that was dealt with. Whoever works
    on it holds it until `busy_until`.
    """

    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="framework_imports")
    schema = models.CharField(
        max_length=128, blank=True, default="", help_text="Empty = the only one that has the tables."
    )
    file = models.ForeignKey(FrameworkFile, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    file_name = models.CharField(max_length=500, blank=True, default="", help_text="Empty = read from the database.")
    time_zone = models.CharField(max_length=64)
    is_dry = models.BooleanField(default=True)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    woken_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    busy_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=2000, blank=True, default="")
    position = models.JSONField(default=dict)
    report = models.JSONField(default=dict)

    objects: ClassVar[FrameworkImportQuerySet] = FrameworkImportQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_framework_import"
        ordering = ["-id"]
        indexes = [models.Index(fields=["finished_at"], name="portal_fwimport_open")]

    def __str__(self) -> str:
        return f"Import {self.pk} of the partition framework of {self.target}"[:200]

    @property
    def state(self) -> ImportState:
        if self.finished_at is not None:
            return ImportState.FAILED if self.error else ImportState.DONE
        return ImportState.WAITING if self.started_at is None else ImportState.AT_WORK


class FrameworkSource(models.Model):
    """A table of an older framework: of one schema of one target."""

    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="+", db_index=False)
    schema = models.CharField(max_length=128)
    table_name = models.CharField(max_length=40)

    class Meta:
        db_table = "portal_framework_source"
        constraints = [
            models.UniqueConstraint(fields=["target", "schema", "table_name"], name="portal_fwsource_once"),
        ]

    def __str__(self) -> str:
        return f"{self.schema}.{self.table_name}"


class ImportedRow(models.Model):
    """A row of such a table that was taken over once, by its number there; `row_id` is its number here.

    `digest` is of the values that were kept: so it is known whether the row was changed there since, or here. It stays when the
    row here is deleted: what the log got rid of does not come back.
    """

    source = models.ForeignKey(FrameworkSource, on_delete=models.CASCADE, related_name="rows", db_index=False)
    old_id = models.BigIntegerField()
    row_id = models.BigIntegerField()
    digest = models.CharField(max_length=32)

    class Meta:
        db_table = "portal_imported_row"
        constraints = [models.UniqueConstraint(fields=["source", "old_id"], name="portal_imported_once")]

    def __str__(self) -> str:
        return f"Row {self.old_id}"
