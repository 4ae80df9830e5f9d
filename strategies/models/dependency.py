"""Which job waits for which: the lists that people type, as rows that an index finds from the other end."""

from __future__ import annotations

from django.db import models

from strategies.models.job import MaintenanceJob


class JobDependency(models.Model):
    """Kept by whoever settles the job. `upstream` is a number as it was typed: there need not be such a job.

    The database knows no constraint here, so that jobs can be deleted in SQL.
    """

    job = models.ForeignKey(
        MaintenanceJob, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    upstream = models.BigIntegerField()

    class Meta:
        db_table = "portal_job_dependency"
        indexes = [models.Index(fields=["upstream", "job"], name="portal_dependency_by_upstream")]
        constraints = [models.UniqueConstraint(fields=["job", "upstream"], name="portal_dependency_once")]

    def __str__(self) -> str:
        return f"job {self.job_id} after job {self.upstream}"
