"""Jobs by the clock on a scripted database, and their runs carried out in frozen time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from strategies import jobs, runs
from strategies.audit import Actor
from strategies.execution import runner
from strategies.models import JobRun, MaintenanceJob, Target, Tenant
from strategies.workers import WorkerIdentity
from tests import jobs as rows
from tests.jobs import NIGHT, settled

ANNA = Actor("anna")


def scripted_target(name: str = "shop", tenant: str = "Main", **values: Any) -> Target:
    """Looked at at NIGHT, with room for many runs."""
    owner = Tenant.objects.get_or_create(name=tenant)[0]
    known = {"checked_at": NIGHT, "max_parallel_runs": 9, "platform": "scripted", "url": f"scripted://{name}", **values}
    return Target.objects.create(name=name, tenant=owner, **known)


def nightly(target: Target, name: str = "NIGHTLY", **values: Any) -> MaintenanceJob:
    """A settled job, due at 02:00."""
    known = {"strategy_id": "CLEANUP_MAINTENANCE", "schedule_value": "02:00", **values}
    return settled(rows.a_job(target, name, **known))


def the_run(job: MaintenanceJob) -> JobRun:
    """Its latest, with what the gate wants to know of it."""
    return JobRun.objects.select_related("target", "job", "config").filter(job=job).latest("pk")


def claimed(run: JobRun, moment: datetime) -> JobRun:
    """Planned, let in and claimed at this moment."""
    Target.objects.filter(pk=run.target_id).update(checked_at=moment)
    jobs.open_plans(moment)
    run = JobRun.objects.select_related("target", "job", "config").get(pk=run.pk)
    if run.planned_at is None:
        assert runs.plan(run, moment), run.reasons
    if not run.is_released:
        assert runs.release(run, ANNA, run.plan_digest, moment)
    runs.ask_gate([JobRun.objects.select_related("target", "job", "config").get(pk=run.pk)], moment)
    taken = runs.claim(run.pk, WorkerIdentity.current().text, moment)
    assert taken is not None, JobRun.objects.get(pk=run.pk).reasons
    return taken


def carried_out(run: JobRun, moment: datetime, until: datetime | None = None) -> JobRun:
    """All of it, ended at `until`."""
    taken = claimed(run, moment)
    runner.carry_out(taken, now=lambda: until or moment)
    taken.refresh_from_db()
    return taken
