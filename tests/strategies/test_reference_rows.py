from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction

from strategies import reference_rows, registry
from strategies.models import (
    DeploymentStatusRow,
    JobType,
    MaintenanceJob,
    OperationLog,
    OperationStatusRow,
    OperationType,
    Portal,
    ScheduleType,
    StrategyConfig,
    StrategyType,
    Target,
    TargetType,
)

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def test_after_migrate_alone_the_reference_rows_the_groups_and_home_exist() -> None:
    counted = [
        model.objects.count()
        for model in (
            StrategyType,
            OperationType,
            JobType,
            ScheduleType,
            TargetType,
            OperationStatusRow,
            DeploymentStatusRow,
        )
    ]
    assert counted == [len(reference_rows.STRATEGIES.keys() | registry.routines().keys()), 16, 10, 8, 12, 9, 6]
    assert set(Group.objects.values_list("name", flat=True)) == {"DBA", "approver", "manager", "stakeholder", "auditor"}
    assert Target.objects.get(is_home=True).platform == connection.vendor
    assert len(Portal.objects.get(pk=1).identity) == 8


def test_adding_them_again_changes_nothing_that_people_changed() -> None:
    StrategyType.objects.filter(strategy_name="BACKUP_MAINTENANCE").update(is_active=False, description="ours")
    identity = Portal.objects.get().identity
    Target.objects.filter(is_home=True).update(name="portal database")
    reference_rows.ensure(apps)
    row = StrategyType.objects.get(strategy_name="BACKUP_MAINTENANCE")
    assert (row.is_active, row.description) == (False, "ours")
    assert Portal.objects.get().identity == identity
    assert Target.objects.get(is_home=True).name == "portal database"
    assert StrategyType.objects.count() == len(reference_rows.STRATEGIES.keys() | registry.routines().keys())


def sql(statement: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_rows_typed_in_sql_need_only_the_columns_that_the_seeds_statements_name() -> None:
    sql(
        "INSERT INTO generic_strategy_config (strategy_name, target_object, target_type, strategy_type, strategy_config,"
        " schedule_expression, execution_mode) VALUES ('INDEX_MAINTENANCE', 'TARGET_OBJECT', 'TABLE', 'MAINTENANCE',"
        """ '{"param1": "value1", "param2": "value2"}', '0 2 * * *', 'AUTOMATIC')"""
    )
    sql(
        "INSERT INTO generic_maintenance_jobs (strategy_name, job_name, job_type, schedule_type, target_object, target_type,"
        " job_parameters) VALUES ('INDEX_MAINTENANCE', 'EXECUTE_MAINTENANCE', 'MAINTENANCE', 'DAILY', 'TARGET_OBJECT',"
        """ 'TABLE', '{"operation": "MAINTAIN"}')"""
    )
    sql("INSERT INTO generic_operation_log (strategy_name, operation_type, status) VALUES ('X', 'ANALYZE', 'INFO')")
    config, job, row = StrategyConfig.objects.get(), MaintenanceJob.objects.get(), OperationLog.objects.get()
    assert config.strategy_config == {"param1": "value1", "param2": "value2"}
    assert (config.parallel_degree, config.batch_size, config.timeout_seconds, config.priority_level) == (
        1,
        1000,
        3600,
        5,
    )
    assert (config.version, config.schedule_timezone, config.deployment_status_id) == ("1.0", "UTC", "PENDING")
    assert (config.is_active, config.rollback_available, config.target) == (True, False, None)
    assert (job.is_active, job.notify_on_success, job.notify_on_failure, job.next_run) == (True, False, True, None)
    assert job.job_parameters == {"operation": "MAINTAIN"}
    assert row.operation_time is not None
    assert sql("SELECT is_active, notify_on_success FROM generic_maintenance_jobs") == [("Y", "N")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE generic_strategy_types SET is_active = 'X'",
        "INSERT INTO generic_strategy_config (strategy_name, target_object, target_type, strategy_type, strategy_config)"
        " VALUES ('INDEX_MAINTENANCE', 'x', 'TABLE', 'M', 'no json')",
    ],
)
def test_the_database_refuses_what_is_neither_flag_nor_json(statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        sql(statement)


def test_flags_compare_as_booleans() -> None:
    StrategyType.objects.filter(strategy_name="BACKUP_MAINTENANCE").update(is_active=False)
    assert StrategyType.objects.filter(is_active=True).count() == StrategyType.objects.count() - 1
    assert StrategyType.objects.exclude(is_active=True).get().strategy_name == "BACKUP_MAINTENANCE"
    with pytest.raises(ValidationError):
        StrategyType(strategy_name="X", is_active="maybe").full_clean()
