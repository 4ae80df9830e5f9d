"""The queries of the PL/SQL reports, put into PostgreSQL's words and asked there, give the numbers that Python's reports give."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import psycopg
import pytest
import sqlglot
from django.db import connection
from psycopg.rows import dict_row

from monitoring import reports, rollups
from monitoring.rows import Performance, Summary
from strategies.models import OperationLog, Role, User
from strategies.plsql.scripts import LOGGER, Place
from tests.monitoring.past import NOW, TODAY, job, operation, random_past, run, target
from tests.oracle import own
from tests.servers import available_servers, start_server

DAYS = 12
FIRST = TODAY - timedelta(days=DAYS - 1)
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not available_servers(), reason="no PostgreSQL on this machine"),
    pytest.mark.skipif("PORTAL_TEST_DATABASE_URL" in os.environ, reason="once is enough"),
]
Ask = Callable[..., list[dict[str, Any]]]
_BINDS = {
    "v_from": datetime.combine(FIRST, time.min, UTC), "v_before": datetime.combine(TODAY + timedelta(days=1), time.min, UTC),
    "p_strategy_name": None, "p_operation_type": None, "p_target_object": None, "p_status": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with start_server(available_servers()[-1]) as server, server.connect(row_factory=dict_row) as opened:
        yield opened


def in_postgresql(sql: str) -> str:
    """The query as it stands in the package, with values by name for what is PL/SQL's."""
    sql = re.sub(r"\b([pv]_\w+)\b", r":\1", sql)
    sql = re.sub(r"TABLE\(generic_log_store_pkg\.job_executions\([^)]*\)\)", "executions", sql)
    sql = re.sub(r"MAX\((\S+)\) KEEP \(DENSE_RANK LAST ORDER BY (\S+)\)", r"LAST_OF(\1, \2)", sql)
    sql = re.sub(r"TRUNC\((l\.operation_time)\)", r"DATE_TRUNC('day', \1)", sql)
    made = sqlglot.transpile(sql, read="oracle", write="postgres")[0]
    made = re.sub(r"LAST_OF\((\S+), (\S+)\)", r"(ARRAY_AGG(\1 ORDER BY \2 DESC, \1 DESC))[1]", made)
    made = re.sub(r"(COUNT\([^()]*\))\s*/", r"\1::numeric /", made)
    return re.sub(r"%\((\w+)\)s", lambda found: f"{found[0]}::{_kind(found[1])}", made)


def _kind(name: str) -> str:
    return "timestamptz" if name.startswith("v_") else "text"


@pytest.fixture
def ask(elsewhere: psycopg.Connection[dict[str, Any]]) -> Ask:
    """The same rows in a table there, and the only query of a function of the package, asked of them."""
    random_past(7, [None, target()], 900, DAYS)
    OperationLog.objects.filter(status="ERROR").update(error_code="ORA-00054", error_message="busy")
    rollups.rebuild(FIRST, TODAY)
    columns = [str(field.column) for field in OperationLog._meta.concrete_fields]
    elsewhere.execute("DROP TABLE IF EXISTS generic_operation_log")
    elsewhere.execute(
        "CREATE TABLE generic_operation_log (operation_id bigint, strategy_name text, operation_type text, job_name text,"
        " target_object text, target_type text, status text, message text, duration_ms bigint, operation_time timestamptz,"
        " user_name text, session_id text, sql_text text, error_code text, error_message text, strategy_context text,"
        " cpu_time_ms bigint, memory_used_mb numeric, io_operations bigint, rows_processed bigint, objects_affected bigint,"
        " target_id bigint, run_id bigint, step_key text, attempt int, ended_at timestamptz)"
    )
    elsewhere.execute("SET TIME ZONE 'UTC'")
    places = ", ".join(f"%({name})s" for name in columns)
    with elsewhere.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO generic_operation_log ({', '.join(columns)}) VALUES ({places})",
            list(OperationLog.objects.values(*columns)),
        )
    body = own.body_of(LOGGER, Place.TARGET)

    def asked(function: str, **binds: Any) -> list[dict[str, Any]]:
        (sql,) = own.selects(body, function)
        return elsewhere.execute(in_postgresql(sql), _BINDS | binds).fetchall()

    return asked


@pytest.fixture
def dba(person: Callable[..., User]) -> User:
    return person("anna", Role.DBA)


def counted(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[f"{name}_count"] for name in ("operation", "success", "warning", "error", "cancelled"))


def summed(found: Summary) -> tuple[Any, ...]:
    return found.count, found.succeeded, found.warned, found.failed, found.cancelled


def close(one: Any, other: Any, share: float = 0.05) -> bool:
    """Percentiles of the rollups come from a histogram; within 5 % of the exact ones."""
    return (one is None and other is None) or abs(float(one) - float(other)) <= share * max(1.0, float(other))


def equal(row: dict[str, Any], found: Performance) -> None:
    summary, meters = found.summary, found.meters
    assert counted(row) == summed(summary)
    assert close(summary.average_ms, row["avg_duration_ms"], 1e-9)
    assert close(summary.p50_ms, row["p50_duration_ms"])
    assert close(summary.p95_ms, row["p95_duration_ms"])
    rate = row["success_rate"]
    assert (summary.success_rate is None) == (rate is None)
    assert rate is None or abs(float(rate) - (summary.success_rate or 0)) < 1e-9
    assert (meters.cpu_ms.sum, meters.io_operations.sum, meters.rows_processed.sum) == (
        row["total_cpu_time_ms"], row["total_io_operations"], row["total_rows_processed"],
    )  # fmt: skip
    assert close(meters.memory_mb.average, row["avg_memory_used_mb"], 1e-9)


def test_the_performance_summary(ask: Ask, dba: User) -> None:
    found = reports.get_performance_summary(dba, NOW, start_date=FIRST)
    rows = ask("get_performance_summary")
    assert [(row["strategy_name"], row["operation_type"]) for row in rows] == [
        (one.strategy, one.operation_type) for one in found
    ]
    for row, one in zip(rows, found, strict=True):
        equal(row, one)
    (only,) = ask("get_performance_summary", p_strategy_name="LEGACY", p_operation_type="OWN")
    assert only in rows


def test_the_strategy_statistics(ask: Ask, dba: User) -> None:
    found = {one.strategy: one for one in reports.get_strategy_statistics(dba, NOW, start_date=FIRST)}
    rows = ask("get_strategy_statistics")
    assert len(rows) == len(found) == 3
    for row in rows:
        equal(row, found[row["strategy_name"]])
    assert [row["strategy_name"] for row in ask("get_strategy_statistics", p_strategy_name="LEGACY")] == ["LEGACY"]


def test_the_trends_day_by_day(ask: Ask, dba: User) -> None:
    rows = {row["day"].date(): row for row in ask("get_performance_trends")}
    days = reports.get_performance_trends(dba, NOW, days_back=DAYS)
    assert len(days) == DAYS
    for day, summary in days:
        assert (counted(rows[day]) if day in rows else (0,) * 5) == summed(summary)
        assert day not in rows or close(summary.p95_ms, rows[day]["p95_duration_ms"])


def test_the_errors(ask: Ask, dba: User) -> None:
    rows = ask("get_error_summary")
    found = reports.get_error_summary(dba, NOW, start_date=FIRST)
    by_code: dict[tuple[str, str], int] = {}
    for row in rows:
        key = row["strategy_name"], row["error_code"] or ""
        by_code[key] = by_code.get(key, 0) + row["error_count"]
    grouped: dict[tuple[str, str], int] = {}
    for one in found:
        key = one.group.strategy_name, one.group.error_code
        grouped[key] = grouped.get(key, 0) + one.count
    assert by_code == grouped
    assert max(row["last_time"] for row in rows) == max(one.last_at for one in found)
    assert {row["last_message"] for row in rows if row["error_code"]} == {"busy"}


def test_the_log_itself(ask: Ask, dba: User) -> None:
    rows = ask("get_operation_log", p_strategy_name="LEGACY", p_status="ERROR")
    found = reports.get_operation_log(dba, NOW, start_date=FIRST, strategy_name="LEGACY", status="ERROR")
    assert [row["operation_id"] for row in rows] == [row.pk for row in found] != []


def test_the_executions_of_jobs(ask: Ask, dba: User, elsewhere: psycopg.Connection[dict[str, Any]]) -> None:
    """Of runs, and of rows that name a job without a run, as the store beside the portal's tables gives them."""
    nightly, shop = job(target=target()), target()
    for day, status in (
        (1, "succeeded"),
        (2, "failed"),
        (2, "lost"),
        (3, "missed"),
        (4, "continued"),
        (5, "cancelled"),
    ):
        ended = run(shop, status, TODAY - timedelta(days=day), job=nightly, strategy_name="INDEX_MAINTENANCE")
        operation(ended.due_at.date(), job_name="nightly", run=ended, target=shop).save()
    OperationLog.objects.filter(operation_type="OWN").update(operation_type="EXECUTE")
    OperationLog.objects.filter(job_name="").update(job_name=None)  # Oracle has no empty texts
    rollups.rebuild(FIRST, TODAY)
    elsewhere.execute("DROP TABLE IF EXISTS executions")
    elsewhere.execute(
        "CREATE TABLE executions (job_name text, strategy_name text, status text, duration_ms bigint, ended_at timestamptz)"
    )
    (sql,) = own.selects(own.body_of("GENERIC_LOG_STORE_PKG", Place.PORTAL), "job_executions")
    with connection.cursor() as cursor:
        cursor.execute(
            sqlglot.transpile(re.sub(r"\bp_(from|before)\b", r":p_\1", sql), read="oracle", write="sqlite")[0]
            .replace(":p_from", "%s").replace(":p_before", "%s"),
            [_BINDS["v_from"].replace(tzinfo=None), _BINDS["v_before"].replace(tzinfo=None)] * 2,
        )  # fmt: skip
        executions = cursor.fetchall()
    with elsewhere.cursor() as there:
        there.executemany("INSERT INTO executions VALUES (%s, %s, %s, %s, %s)", executions)
    found = {}
    for one in reports.get_job_execution_summary(dba, NOW, start_date=FIRST):
        key = one.job, one.strategy
        sums = (*summed(one.summary), one.summary.missed)
        found[key] = tuple(a + b for a, b in zip(found.get(key, (0,) * 6), sums, strict=True))
    (sql,) = own.selects(own.body_of(LOGGER, Place.TARGET), "get_job_execution_summary")
    rows = elsewhere.execute(in_postgresql(sql), _BINDS).fetchall()
    assert {
        (row["job_name"], row["strategy_name"]): (
            *(row[f"{name}_count"] for name in ("execution", "success", "warning", "error", "cancelled", "missed")),
        )
        for row in rows
    } == found
    assert ("nightly", "INDEX_MAINTENANCE") in found
