"""The older framework on Oracle, as far as that goes without a server: its schema is found and entered, its rows are read in order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from strategies.partition_framework.source import Source
from strategies.partition_framework.tables import LOG, TABLES, ImportRefused
from strategies.platforms.base import NotSupported
from strategies.platforms.oracle.names import oracle_query
from strategies.platforms.oracle.platform import PLATFORM
from tests.strategies.platforms.oracle.test_session import a_session
from tests.strategies.platforms.oracle.transport import Connection
from tests.strategies.platforms.oracle.views import asked

COLUMNS = [
    {"owner": owner, "table_name": table.name.upper(), "column_name": column.upper(), "column_id": at}
    for owner in ("MAINT", "Other one")
    for table in TABLES
    for at, column in enumerate(table.columns)
]


def found(*owners: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = asked(
        "framework_tables", {"all_tab_columns": [row for row in COLUMNS if row["owner"] in owners]}
    )
    return rows


def test_the_dictionary_tells_in_which_schemas_the_tables_are_by_small_names() -> None:
    unrelated = {"owner": "MAINT", "table_name": "ORDERS", "column_name": "ID", "column_id": 1}
    rows = asked("framework_tables", {"all_tab_columns": [*COLUMNS, unrelated]})
    assert {row["schema_name"] for row in rows} == {"MAINT", "Other one"}
    assert {row["table_name"] for row in rows} == {table.name for table in TABLES}
    assert [row["column_name"] for row in rows if (row["schema_name"], row["table_name"]) == ("MAINT", LOG.name)] == [
        *LOG.columns
    ]


@pytest.mark.parametrize("schema", ["", "MAINT"])
def test_the_schema_is_entered_and_nothing_but_queries_follows(schema: str) -> None:
    at = datetime(2024, 3, 1, 2)  # noqa: DTZ001 (as Oracle's TIMESTAMP comes)
    connection = Connection({
        "framework_tables": found("MAINT"), "framework_log": [{"operation_id": 7, "operation_time": at, "sql_text": "ALTER TABLE x"}],
        "framework_counts": [{table.name: 1 for table in TABLES}],
    })  # fmt: skip
    source = Source(a_session(connection), "oracle")
    assert source.enter(schema) == "MAINT"
    assert source.counts()[LOG.name] == 1
    ((row,),) = source.batches(LOG, 6)
    assert row.cells == {"operation_id": 7, "operation_time": at, "sql_text": "ALTER TABLE x"}
    assert connection.binds[-1] == {"after": 6}
    assert connection.sent == [
        oracle_query("framework_tables").sql, "ALTER SESSION SET CURRENT_SCHEMA = MAINT", oracle_query("framework_counts").sql,
        oracle_query("framework_log").sql,
    ]  # fmt: skip


def test_of_several_schemas_one_has_to_be_named() -> None:
    source = Source(a_session(Connection({"framework_tables": found("MAINT", "Other one")})), "oracle")
    with pytest.raises(ImportRefused, match="The schemas MAINT, Other one have these tables"):
        source.enter("")
    assert source.enter("MAINT") == "MAINT"
    with pytest.raises(NotSupported, match="Other one is a name that needs double quotes"):
        source.enter("Other one")


@pytest.mark.parametrize(("typed", "held"), [("maint", "MAINT"), ('"Other one"', "Other one")])
def test_a_schema_is_read_as_oracle_reads_it(typed: str, held: str) -> None:
    assert PLATFORM.schema_named(typed) == held


def test_the_script_of_grants_says_who_grants_the_tables() -> None:
    grant = PLATFORM.grant("SELECT ON PARTITION_OPERATION_LOG", "PORTAL")
    assert grant == 'REM The schema that owns it grants it: GRANT SELECT ON PARTITION_OPERATION_LOG TO "PORTAL";'
