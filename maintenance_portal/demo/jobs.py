"""The demo's jobs: some that run every few minutes, and nightly ones with a past. They leave the planted faults to whoever tries."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from strategies import audit
from strategies.audit import Actor
from strategies.models import JobType, MaintenanceJob, ScheduleType, StrategyType, Target, TargetType


@dataclass(frozen=True, slots=True)
class DemoJob:
    """A job on a demo database, by the database's name. `after` names the job of the same night that it waits for."""

    name: str
    database: str
    strategy: str
    target_object: str
    target_type: str
    schedule: tuple[str, str]
    after: str = ""


EVERY_FEW_MINUTES = (
    DemoJob("DEMO_WATCH_INDEX", "demo-sqlite", "INDEX_MAINTENANCE", "customers_by_country", "INDEX", ("CUSTOM", "*/5 * * * *")),
    DemoJob("DEMO_WATCH_ORDERS", "demo-postgresql", "STATISTICS_MAINTENANCE", "public.orders", "TABLE", ("CUSTOM", "3-59/10 * * * *")),
)  # fmt: skip
NIGHTLY = (
    DemoJob("DEMO_NIGHTLY_INDEX", "demo-sqlite", "INDEX_MAINTENANCE", "audit_by_actor", "INDEX", ("DAILY", "02:00")),
    DemoJob("DEMO_NIGHTLY_STATISTICS", "demo-sqlite", "STATISTICS_MAINTENANCE", "orders", "TABLE", ("DAILY", "02:00"),
            after="DEMO_NIGHTLY_INDEX"),
    DemoJob("DEMO_PG_INDEXES", "demo-postgresql", "INDEX_MAINTENANCE", "public.orders_by_day", "INDEX", ("DAILY", "02:30")),
    DemoJob("DEMO_PG_STATISTICS", "demo-postgresql", "STATISTICS_MAINTENANCE", "public.orders", "TABLE", ("WEEKLY", "SUNDAY 03:00")),
)  # fmt: skip
TO_BE_APPROVED = (
    DemoJob("DEMO_ARCHIVE_STATISTICS", "demo-archive", "STATISTICS_MAINTENANCE", "ALL", "TABLE", ("DAILY", "23:00")),
)  # fmt: skip


def ensure(actor: Actor) -> list[MaintenanceJob]:
    """Add the jobs that are missing on the demo's databases that are there. Gives those that were added."""
    targets = {target.name: target for target in Target.objects.filter(is_demo=True)}
    added = []
    with transaction.atomic():
        for job in (*EVERY_FEW_MINUTES, *NIGHTLY, *TO_BE_APPROVED):
            target = targets.get(job.database)
            if target is not None and not target.jobs.filter(job_name=job.name).exists():
                added.append(_add(actor, job, target))
    return added


def _add(actor: Actor, job: DemoJob, target: Target) -> MaintenanceJob:
    kind, value = job.schedule
    before = target.jobs.filter(job_name=job.after).first() if job.after else None
    row = MaintenanceJob.objects.create(
        strategy=StrategyType.objects.get(strategy_name=job.strategy), job_name=job.name, target=target,
        job_type=JobType.objects.get(job_type="MAINTENANCE"), target_object=job.target_object,
        target_type=TargetType.objects.get(target_type=job.target_type),
        schedule_type=ScheduleType.objects.get(schedule_type=kind), schedule_value=value,
        depends_on_jobs=str(before.pk) if before is not None else None, created_by=actor.name,
    )  # fmt: skip
    audit.record(actor, "job.added", row, after={"schedule": f"{kind} {value}"}, reason="demo", target=target)
    return row
