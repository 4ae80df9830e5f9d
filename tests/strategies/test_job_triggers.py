"""The database itself leaves a job unsettled when what defines it is changed; a later migration must not lose that."""

from __future__ import annotations

import pytest
from django.db import connection

from strategies.models import JobType, MaintenanceJob, ScheduleType, StrategyConfig, StrategyType, TargetType

pytestmark = pytest.mark.django_db

DEFINING = {
    "strategy_name": "'INDEX_MAINTENANCE'", "job_name": "'OTHER'", "schedule_type": "'WEEKLY'", "schedule_value": "'03:00'",
    "schedule_timezone": "'Europe/Berlin'", "target_object": "'orders'", "target_type": "'INDEX'", "is_active": "'N'",
    "job_parameters": "'{}'", "depends_on_jobs": "'1'", "prerequisite_checks": "'X'", "max_parallel_degree": "2",
    "resource_limits": "'{}'", "next_run": "NULL",
}  # fmt: skip
OF_CONFIG = {
    "is_active": "'N'", "execution_mode": "'MANUAL'", "schedule_expression": "'0 1 * * *'", "schedule_timezone": "'UTC'",
    "strategy_config": "'{}'", "depends_on_strategies": "'X'", "parallel_degree": "2", "batch_size": "5",
}  # fmt: skip


@pytest.fixture
def job() -> MaintenanceJob:
    table = TargetType.objects.get(target_type="TABLE")
    StrategyConfig.objects.create(
        strategy=StrategyType.objects.get(strategy_name="STATISTICS_MAINTENANCE"),
        target_object="ALL",
        target_type=table,
    )
    job = MaintenanceJob.objects.create(
        strategy_id="STATISTICS_MAINTENANCE", job_name="NIGHTLY", job_type=JobType.objects.first(),
        schedule_type=ScheduleType.objects.get(schedule_type="DAILY"), target_object="ALL", target_type=table,
    )  # fmt: skip
    settle(job)
    return job


def settle(job: MaintenanceJob) -> None:
    MaintenanceJob.objects.filter(pk=job.pk).update(is_settled=True, next_run="2026-11-26T02:00Z")
    job.refresh_from_db()
    assert job.is_settled


def send(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("column", DEFINING)
def test_a_change_of_what_defines_a_job_leaves_it_unsettled(job: MaintenanceJob, column: str) -> None:
    send(f"UPDATE generic_maintenance_jobs SET {column} = {DEFINING[column]} WHERE job_id = {job.pk}")
    job.refresh_from_db()
    assert (job.is_settled, job.next_run) == (False, None)


@pytest.mark.parametrize("column", OF_CONFIG)
def test_a_change_of_its_configuration_leaves_a_job_unsettled(job: MaintenanceJob, column: str) -> None:
    send(f"UPDATE generic_strategy_config SET {column} = {OF_CONFIG[column]}")
    job.refresh_from_db()
    assert (job.is_settled, job.next_run) == (False, None)


def test_adding_or_removing_a_configuration_leaves_a_job_unsettled(job: MaintenanceJob) -> None:
    send("DELETE FROM generic_strategy_config")
    job.refresh_from_db()
    assert not job.is_settled
    settle(job)
    send(
        "INSERT INTO generic_strategy_config (strategy_name, target_object, target_type, strategy_type, strategy_config)"
        " VALUES ('STATISTICS_MAINTENANCE', 'ALL', 'TABLE', 'MAINTENANCE', '{}')"
    )
    job.refresh_from_db()
    assert not job.is_settled


@pytest.mark.parametrize("change", ["execution_count = 7", "last_status = 'SUCCESS'", "next_run = CURRENT_TIMESTAMP"])
def test_what_the_portal_keeps_of_a_job_leaves_it_settled(job: MaintenanceJob, change: str) -> None:
    send(f"UPDATE generic_maintenance_jobs SET {change} WHERE job_id = {job.pk}")
    send("UPDATE generic_strategy_config SET execution_count = 8")
    job.refresh_from_db()
    assert job.is_settled
