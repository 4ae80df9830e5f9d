"""How far the logs are collected that databases keep themselves, and which row of theirs became which of ours."""

from __future__ import annotations

from django.db import models

from strategies.models.target import Target


class LogCollection(models.Model):
    """One for each database in which strategies log into tables of its own. The portal reads there, and changes nothing."""

    target = models.OneToOneField(Target, on_delete=models.CASCADE, primary_key=True, related_name="log_collection")
    next_at = models.DateTimeField(help_text="When a worker is woken for it again.")
    changed_at = models.DateTimeField(
        null=True, blank=True, help_text="The latest change that was read, by the database's clock."
    )
    wide_at = models.DateTimeField(null=True, blank=True, help_text="When a whole day was looked through last.")
    reading_at = models.DateTimeField(
        null=True, blank=True, help_text="How far a look came that had more to read than one task takes."
    )
    reading_after = models.BigIntegerField(default=0)
    collected_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=2000, blank=True, default="")
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "portal_log_collection"
        indexes = [models.Index(fields=["next_at"], name="portal_collection_next")]

    def __str__(self) -> str:
        return f"log of {self.target}"


class CollectedOperation(models.Model):
    """A row of such a log, and the operation here that it became; the key is its target, its number there and when it began.

    The last two together: a log that was made anew begins to count from one again.
    """

    key = models.CharField(max_length=80, primary_key=True)
    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="+", db_index=False)
    operation_id = models.BigIntegerField()
    changed_at = models.DateTimeField()
    is_ended = models.BooleanField()

    class Meta:
        db_table = "portal_collected_operation"
        indexes = [models.Index(fields=["changed_at"], name="portal_collected_by_change")]

    def __str__(self) -> str:
        return self.key
