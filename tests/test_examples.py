"""SQL that people of the framework type: it runs unchanged on the migrated tables, and the next tick deals with the rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from maintenance_portal import tasks
from strategies.models import MaintenanceJob, OperationLog, StrategyConfig, StrategyType

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"
JOBS = ("schedule_job", "backup_job", "archive_job")
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def run(name: str) -> list[list[tuple[object, ...]]]:
    """Send the statements of a file as they stand; what each of them gives."""
    given = []
    text = "\n".join(line for line in (EXAMPLES / f"{name}.sql").read_text().splitlines() if not line.startswith("--"))
    with connection.cursor() as cursor:
        for statement in filter(None, (part.strip() for part in text.split(";"))):
            cursor.execute(statement)
            given.append(cursor.fetchall() if cursor.description else [])
    return given


def test_the_statements_of_the_framework_run_unchanged() -> None:
    run("register_strategy")
    run("configure_strategy")
    for name in JOBS:
        run(name)
    registered, jobs, errors = run("diagnose")
    assert (len(registered), len(jobs), errors) == (1, 1, [])
    config = StrategyConfig.objects.get()
    assert config.strategy_config == {"param1": "value1", "param2": "value2"}
    assert (config.is_active, config.priority_level, config.schedule_timezone) == (True, 5, "UTC")


def test_a_row_may_name_a_strategy_that_is_registered_later_in_the_same_transaction() -> None:
    with transaction.atomic():
        run("configure_strategy")
        run("schedule_job")
        run("register_strategy")
    assert StrategyType.objects.get(strategy_name="MY_STRATEGY").is_active
    assert MaintenanceJob.objects.get().notify_on_failure


def test_a_row_for_a_strategy_that_nobody_registers_is_refused_at_the_commit() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        run("schedule_job")
    assert not MaintenanceJob.objects.exists()


def test_typed_rows_are_dealt_with_within_one_tick() -> None:
    run("register_strategy")
    for name in JOBS:
        run(name)
    tasks.tick(NOON)
    reasons = dict(MaintenanceJob.objects.values_list("job_name", "quarantine_reason"))
    assert reasons == {
        "EXECUTE_MAINTENANCE": "strategy_name: There is no implementation of MY_STRATEGY here.",
        "DAILY_BACKUP": "job_parameters: backup_type: is not a parameter of this strategy; retention_days: is not a parameter of"
        " this strategy.",
        "MONTHLY_ARCHIVE": "job_parameters: archive_older_than: is not a parameter of this strategy;"
        " compress: is not a parameter of this strategy.",
    }


def test_a_typed_row_of_a_strategy_that_is_here_is_scheduled_by_its_configuration() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO generic_strategy_config (strategy_name, target_object, target_type, strategy_type,"
            " strategy_config, schedule_expression, schedule_timezone, execution_mode) VALUES ('STATISTICS_MAINTENANCE',"
            " 'ALL_TABLES', 'TABLE', 'MAINTENANCE', '{\"stale_percent\": 20}', '30 4 * * *', 'Europe/Berlin', 'AUTOMATIC')"
        )
        cursor.execute(
            "INSERT INTO generic_maintenance_jobs (strategy_name, job_name, job_type, schedule_type, target_object,"
            " target_type, job_parameters) VALUES ('STATISTICS_MAINTENANCE', 'NIGHTLY_STATISTICS', 'ANALYSIS', 'CUSTOM',"
            " 'ALL_TABLES', 'TABLE', NULL)"
        )
    tasks.tick(NOON)
    job = MaintenanceJob.objects.get()
    assert (job.quarantine_reason, job.next_run) == (None, datetime(2026, 11, 26, 3, 30, tzinfo=UTC))


def test_words_that_people_add_to_the_lookup_tables_may_be_used() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO generic_job_types (job_type, description) VALUES ('TUNING', 'Our own')")
        cursor.execute(
            "INSERT INTO generic_maintenance_jobs (strategy_name, job_name, job_type, schedule_type, target_object,"
            " target_type, job_parameters) VALUES ('INDEX_MAINTENANCE', 'TUNE', 'TUNING', 'ON_DEMAND', 'ALL', 'INDEX', '{}')"
        )
    tasks.tick(NOON)
    job = MaintenanceJob.objects.get()
    assert (job.quarantine_reason, job.next_run, job.state.value) == (None, None, "unclocked")


def test_the_example_in_python_registers_logs_and_ends() -> None:
    exec(compile((EXAMPLES / "my_strategy.py").read_text(), "my_strategy.py", "exec"), {})
    assert StrategyType.objects.get(strategy_name="MY_STRATEGY").description == "Description of my strategy"
    (row,) = OperationLog.objects.filter(strategy_name="MY_STRATEGY")
    assert (row.status, row.rows_processed, row.target_object, row.operation_type) == (
        "SUCCESS",
        1,
        "TARGET_OBJECT",
        "EXECUTE",
    )


def test_every_column_that_the_framework_does_not_name_has_a_value_of_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO generic_operation_log (operation_time) VALUES (CURRENT_TIMESTAMP)")
        cursor.execute("SELECT status, strategy_name, operation_type FROM generic_operation_log")
        assert cursor.fetchall() == [("STARTED", "UNKNOWN", "UNKNOWN")]
