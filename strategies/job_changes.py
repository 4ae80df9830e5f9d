"""What people change of jobs: adding one, changing it, switching it off and on, and saying that its failures are dealt with."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from strategies import audit, settling
from strategies.audit import Actor
from strategies.job_definitions import Definition
from strategies.models import JobRun, MaintenanceJob

# The columns that say what a job is; the others are kept by the portal.
COLUMNS = (
    "job_name", "strategy_id", "job_type_id", "target_id", "target_object", "target_type_id", "schedule_type_id", "schedule_value",
    "schedule_timezone", "start_within_minutes", "when_late", "job_parameters", "max_parallel_degree", "resource_limits",
    "prerequisite_checks", "depends_on_jobs", "notify_on_success", "notify_on_failure", "notification_recipients", "is_active",
)  # fmt: skip


class ChangedMeanwhile(ValueError):
    """The job is no longer what the form was drawn from."""


def judge(job: MaintenanceJob) -> Definition:
    """What this row means, saved or not: the same judgement as that of the tick. Raises JobRefused."""
    return settling.judge(job)


def add(actor: Actor, job: MaintenanceJob, moment: datetime) -> None:
    """Keep a new job. The next tick computes when it is due."""
    job.created_by, job.created_date = actor.name, moment
    with transaction.atomic():
        job.save(force_insert=True)
        audit.record(actor, "job.added", job, after=_told(job), target=job.target)


def change(actor: Actor, job: MaintenanceJob, moment: datetime, *, drawn_from: str) -> bool:
    """Keep the changed columns of a job; the next tick reads it anew. False = it is as it was.

    `drawn_from` is the `version` that the person saw. Raises ChangedMeanwhile.
    """
    with transaction.atomic():
        stored = MaintenanceJob.objects.select_for_update().get(pk=job.pk)
        if drawn_from != version(stored):
            raise ChangedMeanwhile(f"{stored.job_name} was changed while this form was open")
        changed = {name: getattr(job, name) for name in COLUMNS if getattr(job, name) != getattr(stored, name)}
        if not changed:
            return False
        rows = MaintenanceJob.objects.filter(pk=job.pk)
        rows.update(**changed, last_modified=moment, last_modified_by=actor.name)
        audit.record(actor, "job.changed", job, before=_told(stored), after=_told(job), target=job.target)
    job.refresh_from_db()
    return True


def version(job: MaintenanceJob) -> str:
    """A digest of all that `change` may change: the same as long as nobody did, by whatever way."""
    text = json.dumps([getattr(job, name) for name in COLUMNS], sort_keys=True)
    return salted_hmac("version of a job", text, algorithm="sha256").hexdigest()


def switch(actor: Actor, job: MaintenanceJob, moment: datetime, *, on: bool, reason: str) -> bool:
    """Let the job start runs by itself, or no more; what runs goes on. False = it was so already."""
    with transaction.atomic():
        won = MaintenanceJob.objects.filter(pk=job.pk, is_active=not on).update(
            is_active=on, last_modified=moment, last_modified_by=actor.name
        )
        if won:
            audit.record(
                actor, f"job.switched_{'on' if on else 'off'}", job, before={"is_active": not on}, after={"is_active": on},
                reason=reason, target=job.target,
            )  # fmt: skip
    job.refresh_from_db()
    return won == 1


def unhandled(rows: QuerySet[JobRun], job: MaintenanceJob) -> QuerySet[JobRun]:
    """Those among `rows` that are runs of this job, did not go well, and nobody has dealt with."""
    return rows.filter(job=job, awaits_handling=True)


def handle(actor: Actor, job: MaintenanceJob, rows: QuerySet[JobRun], note: str, moment: datetime) -> int:
    """Somebody has dealt with all `unhandled` runs of a job at once, such as what it missed in one night. How many there were."""
    with transaction.atomic():
        count = unhandled(rows, job).update(
            awaits_handling=False, handled_at=moment, handled_by=actor.name, handled_note=note[:500]
        )
        if count:
            audit.record(actor, "job.handled", job, after={"runs": count}, reason=note, target=job.target)
    return count


def _told(job: MaintenanceJob) -> dict[str, Any]:
    """What the audit keeps of a job."""
    return {name.removesuffix("_id"): getattr(job, name) for name in COLUMNS}
