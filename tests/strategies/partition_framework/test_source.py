"""The older tables in a real PostgreSQL: found in their schema, read by an account that may do nothing else, taken over as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from strategies import registry, targets
from strategies.models import ImportedRow, MaintenanceJob, OperationLog, StrategyConfig, Target, Tenant
from strategies.partition_framework.source import AT_ONCE
from strategies.partition_framework.tables import LOG, TABLES
from strategies.platforms.base import PlatformError
from strategies.platforms.queries import Query, load_query
from tests.older import DDL, archive, config, imported, inserts, job, operation, rows
from tests.servers import RunningServer, newest_server, start_server

COUNT = 1234
STRANGE = "größe\n%s"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with start_server(newest_server()) as running:
        yield running


@pytest.fixture
def shop(server: RunningServer, db: None) -> Iterator[Target]:
    """Read by `reader`, who may look at the tables of one schema and nothing else."""
    with server.database() as name:
        with server.connect(name) as connection:
            connection.execute("CREATE SCHEMA maint")
            connection.execute("SET search_path = maint")
            for table, columns in DDL.items():
                connection.execute(f"CREATE TABLE {table} ({columns})".encode())
            found = rows(
                [config(), config(2, "ORDERS", auto_maintenance="N")], [job(), job(2, "ORDERS", is_active="N")], []
            )
            words = ("SUCCESS", "FAILED", "odd")
            operations = [operation(n, status=words[n % 3], message=STRANGE) for n in range(1, COUNT + 1)]
            for statement, values in inserts({**found, LOG.name: operations}):
                connection.execute(statement.replace("?", "%s").encode(), values)
            connection.execute("DROP ROLE IF EXISTS reader")
            connection.execute("CREATE ROLE reader LOGIN")
            connection.execute("GRANT USAGE ON SCHEMA maint TO reader")
            connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA maint TO reader")
        tenant = Tenant.objects.get(name="Main")
        yield Target.objects.create(name="pg", platform="postgresql", url=server.url(name, "reader"), tenant=tenant)
        with server.connect(name) as connection:
            connection.execute("DROP OWNED BY reader")


def digest(server: RunningServer, target: Target) -> list[Any]:
    name = targets.address_of(target).database
    query = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM maint.{} t"
    with server.connect(name) as connection:
        return [connection.execute(query.format(table.name).encode()).fetchone() for table in TABLES]


def test_a_framework_in_postgresql_is_taken_over_once_and_left_as_it_was(server: RunningServer, shop: Target) -> None:
    before = digest(server, shop)
    row, found = imported(shop, is_dry=True)
    assert (row.error, row.schema, found.totals.added, OperationLog.objects.count()) == ("", "maint", COUNT + 4, 0)
    row, found = imported(shop)
    assert (row.error, found.totals.added, found.totals.left_out) == ("", COUNT + 4, 0)
    assert found.tables[LOG.name].noted == sum(n % 3 == 2 for n in range(1, COUNT + 1))
    statuses = list(OperationLog.objects.order_by().values_list("status", flat=True))
    assert [statuses.count(word) for word in ("SUCCESS", "ERROR", "INFO")] == [
        sum(n % 3 == rest for n in range(1, COUNT + 1)) for rest in (0, 1, 2)
    ]  # fmt: skip
    first = OperationLog.objects.get(pk=ImportedRow.objects.get(source__table_name=LOG.name, old_id=1).row_id)
    assert (first.message, first.session_id, first.strategy_context["source"]["operation_id"]) == (
        "größe\n%s",
        "4711",
        1,
    )
    assert first.operation_time.isoformat() == "2026-11-20T02:00:00.250000+00:00"
    assert {one.target_object: one.execution_mode for one in StrategyConfig.objects.all()} == {
        "SALES": "AUTOMATIC",
        "ORDERS": "MANUAL",
    }
    assert MaintenanceJob.objects.filter(is_active=True).count() == 0
    assert imported(shop)[1].totals.same == COUNT + 4
    assert digest(server, shop) == before


def test_the_same_rows_come_from_files_and_from_the_database(shop: Target) -> None:
    found = rows([config(), config(2, "ORDERS", auto_maintenance="N")], [job(), job(2, "ORDERS", is_active="N")], [])
    imported(shop)
    row, again = imported(shop, schema="maint", file_name="old.zip", content=archive(found))
    assert (row.error, again.totals.same, again.totals.added) == ("", 4, 0), again.remarks


def test_the_session_reads_and_can_do_nothing_else_even_as_a_superuser(server: RunningServer, shop: Target) -> None:
    Target.objects.filter(pk=shop.pk).update(url=shop.url.replace("reader@", "postgres@"))
    shop.refresh_from_db()
    with targets.session(shop, "import") as opened:
        opened.only_read("maint")
        with pytest.raises(PlatformError, match="read-only transaction"):
            opened.rows(Query("q", "DELETE FROM partition_operation_log RETURNING 1", "p", "n", "none", "14"))
        assert opened.rows(load_query("postgresql", "framework_counts"))[0][LOG.name] == COUNT


def test_which_of_several_schemas_is_meant_has_to_be_said(server: RunningServer, shop: Target) -> None:
    name = targets.address_of(shop).database
    with server.connect(name) as connection:
        connection.execute('CREATE SCHEMA "Other One"')
        for table, columns in DDL.items():
            connection.execute(f'CREATE TABLE "Other One".{table} ({columns})'.encode())
        connection.execute('GRANT USAGE ON SCHEMA "Other One" TO reader')
        connection.execute('GRANT SELECT ON ALL TABLES IN SCHEMA "Other One" TO reader')
    row, _ = imported(shop)
    assert row.error == "The schemas Other One, maint have these tables: name one of them."
    row, found = imported(shop, schema="Other One")
    assert (row.error, found.totals.read) == ("", 0)
    row, found = imported(shop, schema="nowhere")
    assert row.error.startswith("There is no table partition_strategy_config and no")


def test_what_the_account_may_not_read_is_told_in_the_servers_words(server: RunningServer, shop: Target) -> None:
    with server.connect(targets.address_of(shop).database) as connection:
        connection.execute("REVOKE SELECT ON maint.partition_operation_log FROM reader")
    row, found = imported(shop)
    assert "permission denied for table partition_operation_log" in row.error
    assert found.totals.added == 0


def test_the_script_of_grants_gives_an_account_what_an_import_needs(server: RunningServer, shop: Target) -> None:
    """psql runs each row of such an answer as a statement."""
    product = registry.platforms()["postgresql"]
    with server.connect(targets.address_of(shop).database) as connection:
        connection.execute("DROP OWNED BY reader")
        for table in TABLES:
            lines = product.grant(f"SELECT ON {table.name}", "reader").removesuffix(r" \gexec")
            for (grant,) in connection.execute(lines.encode()).fetchall():
                connection.execute(grant.encode())
    assert imported(shop)[1].totals.added == COUNT + 4


@pytest.mark.parametrize("platform", ["oracle", "postgresql", "sqlite"])
def test_each_platform_has_a_query_for_each_table_and_reads_as_many_rows_as_is_counted_on(platform: str) -> None:
    names = registry.platforms()[platform].framework_queries
    assert {table.query for table in TABLES} <= set(names)
    for table in TABLES:
        sql = load_query(platform, table.query).sql
        assert f"{AT_ONCE} ROWS ONLY" in sql or f"LIMIT {AT_ONCE}" in sql
        assert f"t.{table.key} > " in sql
        assert f"ORDER BY t.{table.key}" in sql
