"""What a row of the older framework becomes: nothing is lost, what had to be decided is told, and what cannot be one is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from strategies.models import MaintenanceJob, OperationLog, StrategyConfig
from strategies.partition_framework import words
from strategies.partition_framework.cells import RowRefused
from strategies.partition_framework.conversion import SWITCHED_OFF, Converted, Ground, convert, digest
from strategies.partition_framework.tables import CONFIGS, JOBS, LOG, OldRow
from strategies.reference_rows import DEPLOYMENT_STATUS, JOB_TYPES, OPERATION_STATUS
from tests.older import config, job, operation

GROUND = Ground("MAINT", "Europe/Vienna")


def converted(table: Any, cells: dict[str, Any]) -> Converted:
    return convert(table, OldRow(cells), GROUND)


def test_a_configuration_keeps_every_column_that_has_none_of_its_own_here() -> None:
    found = converted(CONFIGS, config(7, online_operations="Y", something_new="kept, too"))
    assert found.number == 7
    assert found.values["strategy_config"] == {
        "strategy_type": "RANGE", "partition_column": "SOLD_ON", "interval_value": "1 MONTH", "retention_days": 90,
        "performance_score": 87.5, "online_operations": "Y", "something_new": "kept, too",
    }  # fmt: skip
    assert found.values.items() >= {
        "strategy_id": "PARTITION_MAINTENANCE", "target_object": "SALES", "target_type_id": "TABLE", "execution_mode": "AUTOMATIC",
        "parallel_degree": 4,
    }.items()  # fmt: skip
    assert (found.values["deployment_status_id"], found.values["rollback_available"]) == ("COMPLETED", True)
    assert found.values["deployment_started"] == datetime(2024, 3, 1, 19, tzinfo=UTC)
    assert found.values["description"] == "Imported: MAINT.partition_strategy_config 7."
    assert found.notes == ()


def test_no_column_of_a_configuration_is_lost() -> None:
    kept = converted(CONFIGS, {name: "1" for name in CONFIGS.columns if name not in ("migration_status", *_INSTANTS)})
    own = {"config_id", "table_name", "auto_maintenance", "parallel_degree", "rollback_available", "is_active", "created_by",
           "last_modified_by"}  # fmt: skip
    in_json = set(CONFIGS.columns) - own - {"migration_status"} - set(_INSTANTS)
    assert kept.values["strategy_config"].keys() == in_json


_INSTANTS = ("migration_started", "migration_completed", "created_date", "last_modified")


@pytest.mark.parametrize(("given", "taken"), [(None, 1), (0, 1), (-4, 1), (64, 64), (128, 64)])
def test_a_degree_that_is_out_of_reach_is_brought_within_it_and_told(given: int | None, taken: int) -> None:
    found = converted(CONFIGS, config(parallel_degree=given))
    assert found.values["parallel_degree"] == taken
    assert bool(found.notes) is (given not in (None, 64))


def test_who_left_maintenance_to_people_still_does() -> None:
    for flag in ("N", None):
        assert converted(CONFIGS, config(auto_maintenance=flag)).values["execution_mode"] == "MANUAL"


def test_a_status_of_a_migration_that_nobody_knows_is_told() -> None:
    found = converted(CONFIGS, config(migration_status="dancing"))
    assert found.values["deployment_status_id"] == "PENDING"
    assert [column for column, _ in found.notes] == ["migration_status"]


def test_a_job_arrives_switched_off_with_its_counters_and_says_that_it_was_active() -> None:
    found = converted(JOBS, job(17))
    told = ("job_name", "job_type_id", "schedule_type_id", "schedule_value", "schedule_timezone", "is_active", "execution_count",
            "avg_duration_ms", "last_duration_ms", "last_status", "error_count", "last_error")  # fmt: skip
    assert [found.values[name] for name in told] == [
        "SALES: DROP_PARTITION (17)", "CLEANUP", "WEEKLY", "SUNDAY 02:00", "Europe/Vienna", False, 12, 3000, 2500, "SUCCESS", 1,
        "ORA-00054",
    ]  # fmt: skip
    assert found.values["last_run"] == datetime(2024, 3, 3, 1, tzinfo=UTC)
    assert "next_run" not in found.values, "it is computed here"
    assert (found.was_active, found.notes) == (True, (("is_active", SWITCHED_OFF),))
    assert converted(JOBS, job(is_active="N")).notes == ()


def test_a_job_of_an_unknown_type_or_schedule_is_taken_and_told() -> None:
    found = converted(JOBS, job(job_type="Defragment", schedule_value="when idle", last_status="odd", is_active="N"))
    assert found.values["job_type_id"] == "MAINTENANCE"
    assert found.values["job_name"] == "SALES: Defragment (1)"
    assert (found.values["schedule_type_id"], found.values["schedule_value"]) == ("WEEKLY", "when idle")
    assert [column for column, _ in found.notes] == ["job_type", "schedule_value", "last_status"]


@pytest.mark.parametrize("name", ["ALL", "all_tables", "*"])
def test_all_tables_are_all_partitioned_tables(name: str) -> None:
    assert converted(JOBS, job(table=name)).values["target_object"] == "ALL_PARTITIONED_TABLES"


def test_an_operation_keeps_its_times_its_errors_and_its_number() -> None:
    found = converted(
        LOG,
        operation(
            42, status="FAILED", error_code="ORA-00054", error_message="busy", operation_time="2024-07-01 02:00:00"
        ),
    )
    told = (
        "target_object",
        "target_type",
        "status",
        "message",
        "duration_ms",
        "user_name",
        "session_id",
        "error_code",
        "error_message",
    )
    assert [found.values[name] for name in told] == [
        "SALES.P_2023_12", "PARTITION", "ERROR", "Dropped.", 1500, "MAINT", "4711", "ORA-00054", "busy",
    ]  # fmt: skip
    assert found.values["operation_time"] == datetime(2024, 7, 1, tzinfo=UTC)
    assert found.values["ended_at"] == datetime(2024, 7, 1, 0, 0, 1, 500000, tzinfo=UTC)
    assert found.values["strategy_context"] == {
        "source": {"schema": "MAINT", "table": "partition_operation_log", "operation_id": 42, "status": "FAILED"},
        "table_name": "SALES", "partition_name": "P_2023_12",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "partition", "name", "kind"),
    [
        ("SALES", "P1", "SALES.P1", "PARTITION"),
        ("SALES", None, "SALES", "TABLE"),
        (None, None, None, None),
        (None, "P1", "P1", "PARTITION"),
    ],
)
def test_what_an_operation_was_on(table: Any, partition: Any, name: Any, kind: Any) -> None:
    found = converted(LOG, operation(table=table, partition_name=partition))
    assert (found.values["target_object"], found.values["target_type"]) == (name, kind)


@pytest.mark.parametrize(
    ("status", "error", "taken", "is_told"),
    [("success", None, "SUCCESS", False), ("in progress", None, "RUNNING", False), ("odd", None, "INFO", True),
     (None, None, "INFO", True), ("odd", "ORA-1", "ERROR", True)],
)  # fmt: skip
def test_a_status_that_is_no_word_here_is_told(status: Any, error: Any, taken: str, is_told: bool) -> None:
    found = converted(LOG, operation(status=status, error_code=error))
    assert found.values["status"] == taken
    assert bool(found.notes) is is_told


def test_an_operation_without_an_end_has_none_here() -> None:
    assert converted(LOG, operation(status="STARTED", duration_ms=None)).values["ended_at"] is None


def test_a_text_that_is_longer_than_its_column_is_kept_in_full_beside_it() -> None:
    found = converted(LOG, operation(message="m" * 4000))
    assert found.values["message"] == "m" * 1999 + "…"
    assert found.values["strategy_context"]["in_full"] == {"message": "m" * 4000}


@pytest.mark.parametrize(
    ("table", "cells", "column"),
    [
        (CONFIGS, config(None), "config_id"), (CONFIGS, config("one"), "config_id"), (CONFIGS, config(table=None), "table_name"),
        (CONFIGS, config(table="T" * 129), "table_name"), (CONFIGS, config(parallel_degree="many"), "parallel_degree"),
        (CONFIGS, config(migration_started="soon"), "migration_started"), (JOBS, job(job_type=None), "job_type"),
        (JOBS, job(is_active="?"), "is_active"), (JOBS, job(execution_count="x"), "execution_count"), (JOBS, job("1.5"), "job_id"),
        (LOG, operation(operation_time=None), "operation_time"), (LOG, operation(operation_time="31-FEB-24"), "operation_time"),
        (LOG, operation(duration_ms="long"), "duration_ms"), (LOG, operation(sql_text=b"\x00"), "sql_text"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_one_is_refused_with_its_column(table: Any, cells: dict[str, Any], column: str) -> None:
    with pytest.raises(RowRefused) as refusal:
        converted(table, cells)
    assert refusal.value.column == column
    assert str(refusal.value).endswith(".")


def test_a_row_is_the_same_whichever_way_it_came() -> None:
    from_file = converted(LOG, operation(operation_time="20-NOV-26 02.00.00.250000 AM"))
    at = datetime(2026, 11, 20, 1, 0, 0, 250000, tzinfo=UTC).astimezone(timezone(timedelta(hours=5)))
    from_database = converted(LOG, operation(operation_time=at))
    assert from_file.digest == from_database.digest
    assert from_file.digest != converted(LOG, operation(message="Other.")).digest
    assert digest({"a": at}) == digest({"a": at.astimezone(UTC)})
    assert digest({"a": ""}) == digest({"a": None}) != digest({"a": "x"})


def test_every_word_that_is_taken_is_one_of_the_reference_rows() -> None:
    assert set(words.STATUS.values()) == set(OPERATION_STATUS)
    assert set(words.JOB_TYPES.values()) == set(JOB_TYPES)
    assert set(words.DEPLOYMENT.values()) == set(DEPLOYMENT_STATUS)


@pytest.mark.parametrize(
    ("table", "cells", "model"),
    [(CONFIGS, config(), StrategyConfig), (JOBS, job(), MaintenanceJob), (LOG, operation(), OperationLog)],
)
def test_every_converted_column_is_one_of_ours(table: Any, cells: dict[str, Any], model: Any) -> None:
    assert converted(table, cells).values.keys() <= {field.attname for field in model._meta.concrete_fields}
