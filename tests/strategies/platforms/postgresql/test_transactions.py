from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from strategies.platforms.base import Session
from strategies.platforms.postgresql import transactions
from strategies.platforms.postgresql.platform import PLATFORM
from strategies.platforms.postgresql.transactions import in_the_way

Sql = Callable[..., list[tuple[Any, ...]]]
Connect = Callable[[], psycopg.Connection[Any]]


@pytest.fixture(autouse=True)
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "WATCHED_SECONDS", 1.0)


@pytest.fixture
def weak(sql: Sql, open_session: Callable[..., Session]) -> Session:
    sql("DROP ROLE IF EXISTS unseeing", "CREATE ROLE unseeing LOGIN")
    return open_session("unseeing")


def begin(connect: Connect, statement: str) -> psycopg.Connection[Any]:
    connection = connect()
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    connection.execute(statement.encode())
    return connection


def table_oid(sql: Sql, name: str) -> int:
    return int(sql(f"SELECT '{name}'::regclass::oid::bigint")[0][0])


def test_where_ages_are_seen_only_old_transactions_are_in_the_way(session: Session, connect: Connect) -> None:
    old = begin(connect, "SELECT 1")
    assert in_the_way(session, 1) == ""
    assert f"session {old.info.backend_pid} of postgres" in in_the_way(session, 0)


def test_where_ages_are_hidden_one_that_stays_open_is_in_the_way_and_the_reason_says_what_is_not_seen(
    weak: Session, connect: Connect
) -> None:
    old = begin(connect, "SELECT 1")
    told = in_the_way(weak, 30)
    assert f"session {old.info.backend_pid} of postgres" in told
    assert "pg_monitor" in told
    assert told in str(PLATFORM.prechecks["NO_LONG_TRANSACTIONS"].ask(weak))
    old.execute("ROLLBACK")
    assert in_the_way(weak, 30) == ""


def test_where_ages_are_hidden_transactions_that_come_and_go_are_not_in_the_way(
    weak: Session, connect: Connect
) -> None:
    application, is_over = connect(), threading.Event()

    def work() -> None:
        while not is_over.is_set():
            application.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            application.execute("SELECT 1")
            time.sleep(0.3)
            application.execute("COMMIT")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert in_the_way(weak, 30) == ""
    finally:
        is_over.set()
        thread.join(10)


def test_an_idle_transaction_that_only_read_the_table_is_in_the_way_of_that_table(
    session: Session, sql: Sql, connect: Connect
) -> None:
    sql("CREATE TABLE t (a int)", "CREATE TABLE u (a int)")
    reading = connect()
    reading.execute("BEGIN")
    reading.execute("SELECT 1 FROM t")
    assert in_the_way(session, 0) == ""
    assert in_the_way(session, 0, table_oid(sql, "u")) == ""
    assert str(reading.info.backend_pid) in in_the_way(session, 0, table_oid(sql, "t"))
