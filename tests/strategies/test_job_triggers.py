"""The database itself leaves a job unsettled when what defines it is changed; a later migration must not lose that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from strategies import jobs, settling
from strategies.models import (
    JobRun,
    JobType,
    MaintenanceJob,
    RunStatus,
    ScheduleType,
    StrategyConfig,
    StrategyType,
    Target,
    TargetType,
)
from tests.jobs import SECOND, a_job, settled

pytestmark = [pytest.mark.database, pytest.mark.django_db]
ZONE = "+00" if connection.vendor == "postgresql" else ""

DEFINING = {
    "strategy_name": "'INDEX_MAINTENANCE'", "job_name": "'OTHER'", "schedule_type": "'WEEKLY'", "schedule_value": "'03:00'",
    "schedule_timezone": "'Europe/Berlin'", "target_object": "'orders'", "target_type": "'INDEX'", "is_active": "'N'",
    "job_parameters": "'{}'", "depends_on_jobs": "'1'", "prerequisite_checks": "'X'", "max_parallel_degree": "2",
    "resource_limits": "'{}'", "start_within_minutes": "30",
}  # fmt: skip
OF_CONFIG = {
    "is_active": "'N'", "execution_mode": "'MANUAL'", "schedule_expression": "'0 1 * * *'", "schedule_timezone": "'UTC'",
    "strategy_config": "'{}'", "depends_on_strategies": "'X'", "prerequisite_checks": "'X'", "parallel_degree": "2",
    "batch_size": "5", "timeout_seconds": "60", "priority_level": "9", "resource_limits": "'{}'",
}  # fmt: skip


CLOCK = "0 2 * * * UTC"
NIGHT = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)


@pytest.fixture
def job() -> MaintenanceJob:
    a_config()
    job = MaintenanceJob.objects.create(
        strategy_id="STATISTICS_MAINTENANCE", job_name="NIGHTLY", job_type=JobType.objects.first(),
        schedule_type=ScheduleType.objects.get(schedule_type="DAILY"), target_object="ALL",
        target_type=TargetType.objects.get(target_type="TABLE"),
    )  # fmt: skip
    settle(job)
    return job


def a_config(target_object: str = "ALL") -> None:
    StrategyConfig.objects.create(
        strategy=StrategyType.objects.get(strategy_name="STATISTICS_MAINTENANCE"), target_object=target_object,
        target_type=TargetType.objects.get(target_type="TABLE"),
    )  # fmt: skip


def settle(job: MaintenanceJob) -> None:
    MaintenanceJob.objects.filter(pk=job.pk).update(is_settled=True, next_run=NIGHT, clock=CLOCK)
    job.refresh_from_db()
    assert (job.is_settled, job.clock) == (True, CLOCK)


def send(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def state(job: MaintenanceJob) -> tuple[bool, datetime | None, str | None]:
    job.refresh_from_db()
    return job.is_settled, job.next_run, job.clock


@pytest.mark.parametrize("column", DEFINING)
def test_a_change_of_what_defines_a_job_leaves_it_unsettled_and_what_is_due_stays(
    job: MaintenanceJob, column: str
) -> None:
    send(f"UPDATE generic_maintenance_jobs SET {column} = {DEFINING[column]} WHERE job_id = {job.pk}")
    assert state(job) == (False, NIGHT, CLOCK)


@pytest.mark.parametrize("column", OF_CONFIG)
def test_a_change_of_its_configuration_leaves_a_job_unsettled(job: MaintenanceJob, column: str) -> None:
    send(f"UPDATE generic_strategy_config SET {column} = {OF_CONFIG[column]}")
    assert state(job) == (False, NIGHT, CLOCK)


def test_adding_or_removing_a_configuration_leaves_a_job_unsettled(job: MaintenanceJob) -> None:
    send("DELETE FROM generic_strategy_config")
    assert state(job) == (False, NIGHT, CLOCK)
    settle(job)
    send(
        "INSERT INTO generic_strategy_config (strategy_name, target_object, target_type, strategy_type, strategy_config)"
        " VALUES ('STATISTICS_MAINTENANCE', 'ALL', 'TABLE', 'MAINTENANCE', '{}')"
    )
    assert state(job) == (False, NIGHT, CLOCK)


def test_a_configuration_that_is_moved_here_or_away_leaves_a_job_unsettled(job: MaintenanceJob) -> None:
    send("UPDATE generic_strategy_config SET target_object = 'orders'")
    assert not state(job)[0]
    settle(job)
    send("UPDATE generic_strategy_config SET target_object = 'ALL'")
    assert not state(job)[0]


def test_home_is_meant_by_its_row_as_by_none(job: MaintenanceJob) -> None:
    home = Target.objects.get(is_home=True)
    send(f"UPDATE generic_strategy_config SET target_id = {home.pk}")
    settle(job)
    send("UPDATE generic_strategy_config SET batch_size = 5")
    assert not state(job)[0]


def test_what_is_changed_for_another_object_or_database_leaves_a_job_settled(
    job: MaintenanceJob, sqlite_target: Target
) -> None:
    a_config("orders")
    send(f"UPDATE generic_strategy_config SET target_id = {sqlite_target.pk} WHERE target_object = 'orders'")
    settle(job)
    send("UPDATE generic_strategy_config SET target_object = 'ALL', batch_size = 5 WHERE target_object = 'orders'")
    assert state(job)[0]


def test_a_next_run_that_is_cleared_is_computed_anew(job: MaintenanceJob) -> None:
    send("UPDATE generic_maintenance_jobs SET next_run = NULL")
    assert state(job) == (False, None, CLOCK)


@pytest.mark.parametrize("before", ["", "UPDATE generic_maintenance_jobs SET schedule_value = '03:00'"])
def test_a_next_run_that_is_typed_beside_a_change_is_told_from_what_was_due(job: MaintenanceJob, before: str) -> None:
    if before:
        send(before)
    what = "next_run" if before else "schedule_value = '03:00', next_run"
    send(f"UPDATE generic_maintenance_jobs SET {what} = '2026-11-25 18:00:00{ZONE}'")
    assert state(job) == (False, datetime(2026, 11, 25, 18, 0, tzinfo=UTC), None)


def test_a_next_run_that_is_typed_over_a_prepared_one_is_read_anew(job: MaintenanceJob) -> None:
    MaintenanceJob.objects.filter(pk=job.pk).update(prepared_for=NIGHT)
    send(f"UPDATE generic_maintenance_jobs SET next_run = '2026-11-26 02:00:00{ZONE}'")
    assert state(job) == (True, NIGHT, CLOCK)
    send(f"UPDATE generic_maintenance_jobs SET next_run = '2026-11-26 05:00:00{ZONE}'")
    assert state(job) == (False, NIGHT + timedelta(hours=3), None)


@pytest.mark.parametrize("hours", [-1, 3])
def test_a_run_that_was_prepared_gives_way_to_a_next_run_that_is_typed(sqlite_target: Target, hours: int) -> None:
    job, typed = settled(a_job(sqlite_target)), NIGHT + timedelta(hours=hours)
    jobs.plan_due(NIGHT - 30 * SECOND)
    send(f"UPDATE generic_maintenance_jobs SET next_run = '{typed:%Y-%m-%d %H:%M:%S}{ZONE}'")
    for moment in (NIGHT - 20 * SECOND, NIGHT + SECOND, NIGHT + timedelta(hours=3, seconds=1)):
        settling.settle(moment)
        jobs.plan_due(moment)
    runs = JobRun.objects.filter(job=job).exclude(status=RunStatus.CANCELLED)
    due = runs.order_by("due_at").values_list("due_at", flat=True)
    assert list(due) == ([typed] if hours > 0 else [typed, NIGHT])
    assert JobRun.objects.filter(job=job, status=RunStatus.CANCELLED, due_at=NIGHT).count() == 1
    job.refresh_from_db()
    assert (job.is_settled, job.next_run, job.clock) == (True, NIGHT + timedelta(days=1), CLOCK)


def test_who_waits_for_a_job_that_is_deleted_is_read_anew(job: MaintenanceJob) -> None:
    gone = a_job(None, "GONE")
    waiting = settled(a_job(None, "WAITING", depends_on_jobs=f"{job.pk}, {gone.pk}:always"))
    send(f"DELETE FROM generic_maintenance_jobs WHERE job_id = {gone.pk}")
    assert (state(waiting)[0], state(job)[0]) == (False, True)


@pytest.mark.parametrize(
    "kept",
    [
        {"next_run": None, "clock": None},
        {"next_run": None, "clock": None, "quarantined_at": NIGHT, "quarantine_reason": "x"},
        {"next_run": NIGHT + timedelta(days=1), "last_due": NIGHT},
        {"next_run": NIGHT + timedelta(days=1), "last_due": NIGHT, "prepared_for": NIGHT},
    ],
)
def test_what_the_portal_writes_itself_leaves_a_job_settled(job: MaintenanceJob, kept: dict[str, Any]) -> None:
    MaintenanceJob.objects.filter(pk=job.pk).update(is_settled=True, **kept)
    assert state(job)[:2] == (True, kept["next_run"])


@pytest.mark.parametrize(
    "change",
    ["execution_count = 7", "last_status = 'SUCCESS'", "last_run = CURRENT_TIMESTAMP", "next_run = CURRENT_TIMESTAMP"],
)
def test_what_the_portal_keeps_of_a_job_leaves_it_settled(job: MaintenanceJob, change: str) -> None:
    send(f"UPDATE generic_maintenance_jobs SET {change} WHERE job_id = {job.pk}")
    send("UPDATE generic_strategy_config SET execution_count = 8")
    job.refresh_from_db()
    assert job.is_settled
