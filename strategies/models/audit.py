"""Who did what, when, from where and why, and the chain of seals over it: rows that are only ever added."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.db.models.functions import Now

from strategies.models.access import READS_AUDIT, User
from strategies.models.target import Target, visible_rows


class AppendOnly(TypeError):
    """Somebody tried to change or delete an audit entry."""


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, user: User) -> AuditEntryQuerySet:
        return visible_rows(self, user, *READS_AUDIT)

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Audit entries are not changed.")

    def delete(self) -> NoReturn:
        raise AppendOnly("Audit entries are not deleted.")


class AuditEntry(models.Model):
    """One act. `before` and `after` hold only what changed. The database's own triggers refuse UPDATE and DELETE as well."""

    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=60, help_text="object.verb, like run.started")
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=40, blank=True, default="")
    object_name = models.CharField(max_length=200, blank=True, default="")
    target = models.ForeignKey(Target, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.CharField(max_length=500, blank=True, default="")
    address = models.CharField(max_length=60, blank=True, default="", help_text="IP address, or the name of the host.")

    objects: ClassVar[AuditEntryQuerySet] = AuditEntryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_audit_entry"
        verbose_name_plural = "audit entries"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["object_type", "object_id", "at", "id"], name="portal_audit_by_object"),
            models.Index(fields=["object_type", "at", "id"], name="portal_audit_by_type"),
            models.Index(fields=["action", "at", "id"], name="portal_audit_by_action"),
            models.Index(fields=["actor", "at", "id"], name="portal_audit_by_actor"),
            models.Index(fields=["at", "id"], name="portal_audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.object_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnly("Audit entries are not changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Audit entries are not deleted.")


class AuditSealQuerySet(models.QuerySet["AuditSeal"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Seals of audit entries are not changed.")

    def delete(self) -> NoReturn:
        raise AppendOnly("Seals of audit entries are not deleted.")


class AuditSeal(models.Model):
    """The place of an entry in the one order of all that were committed, without a gap, and a digest over it and all before it.

    Entries' own keys cannot serve: they are given before the commit, so one may come into view after a later one was read.
    """

    number = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(AuditEntry, on_delete=models.DO_NOTHING, db_constraint=False, related_name="seal")
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    objects: ClassVar[AuditSealQuerySet] = AuditSealQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_audit_seal"
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.number}: {self.digest}"

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Seals of audit entries are not deleted.")


class UnsealedEntry(models.Model):
    """An entry that waits for its seal; a trigger writes it in the transaction of the entry."""

    entry = models.OneToOneField(
        AuditEntry, on_delete=models.DO_NOTHING, db_constraint=False, primary_key=True, related_name="+"
    )

    class Meta:
        db_table = "portal_audit_unsealed"

    def __str__(self) -> str:
        return str(self.entry_id)
