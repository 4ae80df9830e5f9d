"""One table is looked up by its name, whatever else the file holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from strategies.platforms.base import Row
from strategies.platforms.queries import Query
from strategies.platforms.sqlite.catalogue import Index, Table, find_table, read_tables
from strategies.platforms.sqlite.session import SqliteSession
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile


@pytest.fixture
def session(connect: Connect, target: TargetFile) -> SqliteSession:
    target.run(
        "CREATE TABLE Orders(id INTEGER PRIMARY KEY, customer UNIQUE)", "CREATE INDEX few ON Orders(id) WHERE id < 9",
        "CREATE TABLE bare(a)", "CREATE TABLE keyed(k TEXT PRIMARY KEY, v) WITHOUT ROWID", "CREATE INDEX kv ON keyed(v)",
        "CREATE TABLE worked(a, b AS (a * 2), c AS (a * 3) STORED)", "CREATE INDEX wb ON worked(b)",
        "CREATE VIEW seen AS SELECT * FROM Orders", "CREATE VIRTUAL TABLE notes USING fts5(body)",
    )  # fmt: skip
    return connect(target.path)


ORDERS = Table("Orders", (Index("few", "Orders", is_partial=True), Index("sqlite_autoindex_Orders_1", "Orders", True)))


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("Orders", ORDERS), ("bare", Table("bare")), ("keyed", Table("keyed", (Index("kv", "keyed"),))),
        ("worked", Table("worked", (Index("wb", "worked"),))),
        ("orders", None), ("seen", None), ("notes", None), ("notes_data", None), ("sqlite_master", None), ("few", None), ("", None),
    ],
)  # fmt: skip
def test_a_table_is_found_by_its_exact_name(session: SqliteSession, name: str, table: Table | None) -> None:
    assert find_table(session, name) == table


def test_a_table_by_itself_is_as_it_is_among_all(session: SqliteSession) -> None:
    everything = read_tables(session)
    assert [table.name for table in everything] == ["Orders", "bare", "keyed", "worked"]
    assert [find_table(session, table.name) for table in everything] == list(everything)


def test_finding_one_table_reads_nothing_of_the_others(session: SqliteSession, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[list[Row]] = []
    whole = session.rows

    def counted(query: Query, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        answers.append(whole(query, parameters))
        return answers[-1]

    monkeypatch.setattr(session, "rows", counted)
    assert find_table(session, "Orders") == ORDERS
    assert sorted(len(rows) for rows in answers) == [1, 2]
