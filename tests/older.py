"""The older, partition-specific framework as it may be found: its three tables in a database or in files, with rows of every kind."""

from __future__ import annotations

import csv
import io
import sqlite3
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from strategies.audit import Actor
from strategies.models import FrameworkImport, Target
from strategies.partition_framework import imports
from strategies.partition_framework.imports import Asked
from strategies.partition_framework.report import Report

ANNA = Actor("anna", "192.0.2.7")
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
DDL = {
    "partition_strategy_config": (
        "config_id NUMERIC(18) PRIMARY KEY, table_name VARCHAR(128), strategy_type VARCHAR(20), partition_column VARCHAR(128), "
        "interval_value VARCHAR(50), tablespace_prefix VARCHAR(30), retention_days NUMERIC(9) DEFAULT 90, "
        "auto_maintenance CHAR(1), subpartition_type VARCHAR(20), parallel_degree NUMERIC(9), migration_status VARCHAR(20), "
        "migration_started TIMESTAMP, rollback_available CHAR(1), performance_score NUMERIC(9,2), is_active CHAR(1), "
        "created_date TIMESTAMP, created_by VARCHAR(128)"
    ),
    "partition_maintenance_jobs": (
        "job_id NUMERIC(18) PRIMARY KEY, table_name VARCHAR(128), job_type VARCHAR(50), schedule_type VARCHAR(20), "
        "schedule_value VARCHAR(200), is_active CHAR(1), last_run TIMESTAMP, next_run TIMESTAMP, execution_count NUMERIC(18), "
        "avg_duration_ms NUMERIC(18), last_duration_ms NUMERIC(18), last_status VARCHAR(20), error_count NUMERIC(18), "
        "last_error VARCHAR(4000), created_date TIMESTAMP"
    ),
    "partition_operation_log": (
        "operation_id NUMERIC(18) PRIMARY KEY, operation_type VARCHAR(50), table_name VARCHAR(128), partition_name VARCHAR(128), "
        "status VARCHAR(20), message VARCHAR(4000), duration_ms NUMERIC(18), operation_time TIMESTAMP, user_name VARCHAR(128), "
        "session_id NUMERIC(18), sql_text TEXT, error_code VARCHAR(50), error_message VARCHAR(4000)"
    ),
}  # fmt: skip
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def config(number: Any = 1, table: str | None = "SALES", **more: Any) -> dict[str, Any]:
    return {
        "config_id": number, "table_name": table, "strategy_type": "RANGE", "partition_column": "SOLD_ON", "interval_value": "1 MONTH",
        "retention_days": 90, "auto_maintenance": "Y", "parallel_degree": 4, "migration_status": "COMPLETED",
        "migration_started": "2024-03-01 20:00:00", "rollback_available": "Y", "performance_score": "87.5", "is_active": "Y", **more,
    }  # fmt: skip


def job(number: Any = 1, table: str | None = "SALES", **more: Any) -> dict[str, Any]:
    return {
        "job_id": number, "table_name": table, "job_type": "DROP_PARTITION", "schedule_type": "WEEKLY", "schedule_value": "SUN 02:00",
        "is_active": "Y", "last_run": "2024-03-03 02:00:00", "next_run": "2024-03-10 02:00:00", "execution_count": 12,
        "avg_duration_ms": 3000, "last_duration_ms": 2500, "last_status": "SUCCESS", "error_count": 1, "last_error": "ORA-00054",
        **more,
    }  # fmt: skip


def operation(number: Any = 1, table: str | None = "SALES", **more: Any) -> dict[str, Any]:
    return {
        "operation_id": number, "operation_type": "DROP_PARTITION", "table_name": table, "partition_name": "P_2023_12",
        "status": "SUCCESS", "message": "Dropped.", "duration_ms": 1500, "operation_time": "2026-11-20 02:00:00.250000",
        "user_name": "MAINT", "session_id": 4711, "sql_text": 'ALTER TABLE "SALES" DROP PARTITION "P_2023_12"', **more,
    }  # fmt: skip


def rows(
    configs: Iterable[Mapping[str, Any]] = (config(),),
    jobs: Iterable[Mapping[str, Any]] = (job(),),
    operations: Iterable[Mapping[str, Any]] = (operation(),),
) -> Rows:
    return dict(zip(DDL, (list(configs), list(jobs), list(operations)), strict=True))


def inserts(found: Rows) -> Iterable[tuple[str, list[Any]]]:
    """Statements with question marks for their values."""
    for table, each in found.items():
        for row in each:
            marks = ", ".join("?" * len(row))
            yield f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values())


def in_sqlite(path: Path, found: Rows | None = None) -> None:
    """Into a file that may be there already."""
    with closing(sqlite3.connect(path)) as database, database:
        for table, columns in DDL.items():
            database.execute(f"CREATE TABLE {table} ({columns})")
        for statement, values in inserts(rows() if found is None else found):
            database.execute(statement, values)


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)


def as_csv(each: Sequence[Mapping[str, Any]], table: str, separator: str = ",") -> str:
    """As a tool exports it; a table without rows is its first line."""
    columns = list(each[0]) if each else [part.split()[0] for part in DDL[table].split(", ") if " " in part]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(name.upper() for name in columns)
    writer.writerows(["" if row[name] is None else row[name] for name in columns] for row in each)
    return text.getvalue()


def archive(found: Rows | None = None, **texts: str | bytes | None) -> bytes:
    """A ZIP; `texts` by table stand in the place of rows, None leaves one out."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for table, each in (rows() if found is None else found).items():
            content = texts[table] if table in texts else as_csv(each, table)
            if content is not None:
                file.writestr(f"export/{table}.csv", content)
    return packed.getvalue()


def imported(target: Target, *, is_dry: bool = False, **more: Any) -> tuple[FrameworkImport, Report]:
    """Asked for and carried out at once."""
    values = {"schema": "", "time_zone": "UTC", **more}
    row = imports.ask(ANNA, Asked(target=target, is_dry=is_dry, **values), NOON, wake=False)
    assert imports.carry_out(row, lambda: NOON)
    row.refresh_from_db()
    return row, Report.of(row.report)
