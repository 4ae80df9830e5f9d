"""Changing jobs: audited with before and after, never over somebody else's change, and read anew by the next tick."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.db import connection

from maintenance_portal import tasks
from strategies import job_changes, jobs
from strategies.audit import Actor
from strategies.job_changes import ChangedMeanwhile
from strategies.job_definitions import JobRefused
from strategies.models import AuditEntry, JobRun, MaintenanceJob, RunStatus, Target
from tests.jobs import HOUR, NIGHT, NOON, SECOND, a_job, settled
from tests.pages import ended_run, step

pytestmark = pytest.mark.django_db(transaction=True)
ANNA = Actor("anna", "192.0.2.7")


def entry(action: str) -> AuditEntry:
    return AuditEntry.objects.get(action=action)


def changed(job: MaintenanceJob, **values: Any) -> MaintenanceJob:
    row = copy.copy(job)
    for name, value in values.items():
        setattr(row, name, value)
    return row


def test_a_new_job_is_audited_and_scheduled_by_the_next_tick(sqlite_target: Target) -> None:
    stored = a_job(sqlite_target)
    row = copy.copy(stored)
    stored.delete()
    row.pk, row.is_settled = None, False
    job_changes.add(ANNA, row, NOON)
    told = entry("job.added")
    assert (told.actor, told.address, told.object_id, told.target) == ("anna", "192.0.2.7", str(row.pk), sqlite_target)
    assert told.after["job_name"] == "NIGHTLY"
    assert (row.created_by, row.created_date) == ("anna", NOON)
    tasks.tick(NOON)
    row.refresh_from_db()
    assert (row.is_settled, row.next_run) == (True, NIGHT)


def test_a_change_tells_before_and_after_and_is_read_anew(sqlite_target: Target) -> None:
    job = settled(a_job(sqlite_target))
    row = changed(job, schedule_value="03:00", job_parameters={"retries": 1})
    assert job_changes.change(ANNA, row, NOON, drawn_from=job_changes.version(job))
    told = entry("job.changed")
    assert told.before == {"schedule_value": None, "job_parameters": None}
    assert told.after == {"schedule_value": "03:00", "job_parameters": {"retries": 1}}
    assert (row.is_settled, row.last_modified, row.last_modified_by) == (False, NOON, "anna")
    tasks.tick(NOON)
    row.refresh_from_db()
    assert row.next_run == NIGHT + HOUR


def test_only_what_changed_is_written_so_that_what_is_planned_stays(sqlite_target: Target) -> None:
    job = settled(a_job(sqlite_target))
    jobs.plan_due(NIGHT - 30 * SECOND)
    row = changed(job, notification_recipients="dba@example.com")
    assert job_changes.change(ANNA, row, NOON, drawn_from=job_changes.version(job))
    assert (row.is_settled, row.next_run) == (True, NIGHT), "nothing that defines it was changed"
    assert JobRun.objects.get().status == RunStatus.PLANNED


def test_nothing_is_written_where_nothing_changed(sqlite_target: Target) -> None:
    job = settled(a_job(sqlite_target))
    assert not job_changes.change(ANNA, copy.copy(job), NOON, drawn_from=job_changes.version(job))
    assert not AuditEntry.objects.filter(action="job.changed").exists()


def test_what_another_changed_meanwhile_is_not_overwritten_also_where_sql_did(sqlite_target: Target) -> None:
    job = settled(a_job(sqlite_target))
    seen = job_changes.version(job)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE generic_maintenance_jobs SET target_object = 'orders' WHERE job_id = %s", [job.pk])
    with pytest.raises(ChangedMeanwhile, match="NIGHTLY was changed"):
        job_changes.change(ANNA, changed(job, schedule_value="03:00"), NOON, drawn_from=seen)
    job.refresh_from_db()
    assert (job.schedule_value, job.target_object) == (None, "orders")


def test_what_the_portal_keeps_of_a_job_is_no_change_of_it(sqlite_target: Target) -> None:
    job = a_job(sqlite_target)
    seen = job_changes.version(job)
    settled(job)
    MaintenanceJob.objects.filter(pk=job.pk).update(execution_count=7, last_status="SUCCESS")
    job.refresh_from_db()
    assert job_changes.version(job) == seen


def test_switching_is_audited_once_and_takes_the_job_out_of_the_schedule(sqlite_target: Target) -> None:
    job = settled(a_job(sqlite_target))
    assert job_changes.switch(ANNA, job, NOON, on=False, reason="Migration")
    assert not job_changes.switch(ANNA, job, NOON, on=False, reason="Again")
    told = entry("job.switched_off")
    assert (told.before, told.after, told.reason) == ({"is_active": True}, {"is_active": False}, "Migration")
    assert settled(job).next_run is None
    assert job_changes.switch(ANNA, job, NOON, on=True, reason="Done")
    assert settled(job).next_run == NIGHT


def test_all_failed_and_missed_runs_of_one_job_are_dealt_with_at_once(sqlite_target: Target) -> None:
    job, other = settled(a_job(sqlite_target)), settled(a_job(sqlite_target, "OTHER"))
    for owner, status in ((job, "failed"), (job, "missed"), (job, "succeeded"), (other, "failed")):
        run = ended_run(sqlite_target, RunStatus(status), step(1))
        JobRun.objects.filter(pk=run.pk).update(job=owner)
    rows = JobRun.objects.all()
    assert job_changes.handle(ANNA, job, rows.none(), "not mine", NOON) == 0
    assert job_changes.handle(ANNA, job, rows, "The disk was full.", NOON) == 2
    assert job_changes.handle(ANNA, job, rows, "Again", NOON) == 0
    handled = JobRun.objects.filter(handled_at=NOON)
    assert {(run.status, run.handled_by, run.handled_note) for run in handled} == {
        ("failed", "anna", "The disk was full."), ("missed", "anna", "The disk was full."),
    }  # fmt: skip
    told = entry("job.handled")
    assert (told.after, told.reason) == ({"runs": 2}, "The disk was full.")
    assert job_changes.unhandled(rows, other).count() == 1


def test_a_row_is_judged_as_the_tick_judges_it_saved_or_not(sqlite_target: Target) -> None:
    first = a_job(sqlite_target, "FIRST")
    second = a_job(sqlite_target, "SECOND", depends_on_jobs=str(first.pk))
    assert job_changes.judge(first).recurrence.cron == "0 2 * * *"
    ring = changed(first, depends_on_jobs=f"{second.pk}:always")
    with pytest.raises(JobRefused, match="wait for each other") as refusal:
        job_changes.judge(ring)
    assert refusal.value.field == "depends_on_jobs"
    new = changed(first, pk=None, job_id=None, depends_on_jobs="4711")
    with pytest.raises(JobRefused, match="There is no job 4711"):
        job_changes.judge(new)
