"""What nobody can read is refused in the tables of jobs and configurations; what was there before is cleared, and the rest stays."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from maintenance_portal import tasks
from strategies import job_guard
from strategies.models import MaintenanceJob, StrategyConfig
from tests.jobs import DAY, NIGHT, NOON, a_config, a_job, settled

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
IS_SQLITE = connection.vendor == "sqlite"
ENDLESS = "'yesterday'" if IS_SQLITE else "'-infinity'"


def send(statement: str) -> None:
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute(statement)


INSTANTS = [(table, name) for table in job_guard._TABLES for name in table.instants]


@pytest.mark.parametrize(("table", "column"), INSTANTS, ids=lambda value: getattr(value, "prefix", value))
def test_an_instant_that_nobody_can_read_is_refused_and_the_column_is_named(table: Any, column: str) -> None:
    settled(a_job(None))
    a_config(None)
    for value in (ENDLESS, "'9990-01-01 00:00:00'" if column == "next_run" else "'1066-10-14 09:00:00'"):
        with pytest.raises(DatabaseError, match=column):
            send(f"UPDATE {table.name} SET {column} = {value}")
    send(f"UPDATE {table.name} SET {column} = CURRENT_TIMESTAMP")
    send(f"UPDATE {table.name} SET {column} = '2026-11-25 02:00:00'")


@pytest.mark.skipif(not IS_SQLITE, reason="the others know the type of a column")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("next_run", "20261125"), ("next_run", "'2026-02-30 02:00:00'"), ("last_run", "'28.11.2026'"),
        ("start_within_minutes", "'soon'"), ("max_parallel_degree", "'two'"), ("execution_count", "'x'"),
        ("schedule_value", "x'00ff'"), ("job_parameters", "x'00ff'"),
    ],
)  # fmt: skip
def test_sqlite_takes_no_text_for_a_figure_and_no_bytes_for_text(column: str, value: str) -> None:
    with pytest.raises(DatabaseError, match=f"^{column}: write |CHECK"):
        send(
            "INSERT INTO generic_maintenance_jobs (strategy_name, job_name, job_type, schedule_type, target_object, target_type, "
            f"{column}) VALUES ('INDEX_MAINTENANCE', 'X', 'MAINTENANCE', 'DAILY', 'ALL', 'TABLE', {value})"
        )
    assert not MaintenanceJob.objects.exists()


@pytest.mark.parametrize("value", ['{"retries": ' + "9" * 5000 + "}", "[" * 900 + "]" * 900])
def test_json_that_python_cannot_read_sets_its_job_aside_and_the_pages_show_it(
    client: Any, person: Any, value: str
) -> None:
    wrong, well = a_job(None, "WRONG"), a_job(None, "WELL")
    send(f"UPDATE generic_maintenance_jobs SET job_parameters = '{value}' WHERE job_id = {wrong.pk}")
    tasks.tick(NOON)
    for job in (wrong, well):
        job.refresh_from_db()
    assert str(wrong.quarantine_reason).startswith("job_parameters: ")
    assert well.is_settled
    client.force_login(person("anna", "DBA"))
    for page in ("/jobs/", f"/jobs/{wrong.pk}/", f"/jobs/{wrong.pk}/edit/"):
        assert client.get(page).status_code == 200


def broken_before() -> None:
    """An installation from before the guard, with rows that nobody can read."""
    with connection.schema_editor() as editor:
        job_guard.remove(apps, editor)
    send(f"UPDATE generic_maintenance_jobs SET last_run = {ENDLESS}, quarantined_at = {ENDLESS}")
    send(f"UPDATE generic_strategy_config SET last_execution = {ENDLESS}")
    if IS_SQLITE:
        send("UPDATE generic_maintenance_jobs SET execution_count = 'x', start_within_minutes = 'soon'")


def test_what_was_there_before_is_cleared_where_the_portal_keeps_it_itself(client: Any, person: Any) -> None:
    job = settled(a_job(None, strategy_id="STATISTICS_MAINTENANCE"))
    a_config(None)
    broken_before()
    with connection.schema_editor() as editor:
        job_guard.install(apps, editor)
    assert MaintenanceJob.objects.get().next_run == NIGHT
    import_module("strategies.migrations.0015_clock_of_jobs").read_anew(apps, None)
    tasks.tick(NOON)
    job.refresh_from_db()
    assert (job.last_run, job.execution_count, job.created_date) == (None, 0, NOON - DAY)
    assert StrategyConfig.objects.get().last_execution is None
    if IS_SQLITE:
        assert str(job.quarantine_reason).startswith("start_within_minutes: ")
        send("UPDATE generic_maintenance_jobs SET last_run = '2026-11-25 02:00:00'")
    else:
        assert job.next_run == NIGHT
    client.force_login(person("anna", "DBA"))
    assert client.get("/jobs/").status_code == 200
    assert client.get(f"/jobs/{job.pk}/").status_code == 200
