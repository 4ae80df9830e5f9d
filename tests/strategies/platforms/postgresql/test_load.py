from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest

from strategies.platforms.base import NotSupported, Session, SessionTag
from strategies.platforms.postgresql.platform import PLATFORM
from tests.servers import RunningServer

Sql = Callable[..., list[tuple[Any, ...]]]


@contextmanager
def at_work(server: RunningServer, database: str, sql: Sql, application: str = "app") -> Iterator[None]:
    """One more session runs a statement that ends when this does."""
    with server.connect(database, application_name=application) as connection:

        def work() -> None:
            with suppress(psycopg.errors.QueryCanceled):
                connection.execute("SELECT pg_sleep(600)")

        thread = threading.Thread(target=work)
        thread.start()
        try:
            until = time.monotonic() + 30
            while not sql(
                f"SELECT 1 FROM pg_stat_activity WHERE pid = {connection.info.backend_pid} AND state = 'active'"
            ):
                assert time.monotonic() < until
            yield
        finally:
            connection.cancel_safe()
            thread.join(30)


def test_sessions_of_others_that_are_at_work_are_counted(
    session: Session, server: RunningServer, database: str, sql: Sql, connect: Callable[[], Any]
) -> None:
    idle = connect()
    idle.execute("BEGIN")
    before = PLATFORM.load(session)
    assert (before.figure, before.words) == (0, "0 active sessions")
    with at_work(server, database, sql), at_work(server, database, sql):
        assert PLATFORM.load(session).words == "2 active sessions"
    with at_work(server, "postgres", sql):  # the server is one, whatever its databases
        assert PLATFORM.load(session).words == "1 active session"


def test_a_session_that_waits_for_a_lock_counts(
    session: Session, server: RunningServer, database: str, sql: Sql, connect: Callable[[], Any]
) -> None:
    sql("CREATE TABLE t (a int)")
    holder, waiter = connect(), connect()
    holder.execute("BEGIN")
    holder.execute("LOCK TABLE t")
    thread = threading.Thread(target=lambda: waiter.execute("SELECT 1 FROM t"))
    thread.start()
    until = time.monotonic() + 30
    while PLATFORM.load(session).figure != 1:
        assert time.monotonic() < until
    holder.execute("COMMIT")
    thread.join(30)


def test_sessions_of_the_portal_itself_are_none_of_the_others_and_those_of_another_portal_are(
    session: Session, server: RunningServer, database: str, sql: Sql
) -> None:
    with at_work(server, database, sql, SessionTag("abcd1234", "run", 8).text):
        assert PLATFORM.load(session).figure == 0
    with at_work(server, database, sql, SessionTag("abcd1235", "run", 8).text):
        assert PLATFORM.load(session).figure == 1


def test_an_account_that_does_not_see_the_others_says_so(sql: Sql, open_session: Callable[..., Session]) -> None:
    sql("DROP ROLE IF EXISTS unseeing", "CREATE ROLE unseeing LOGIN")
    with pytest.raises(NotSupported, match="pg_monitor"):
        PLATFORM.load(open_session("unseeing"))
    sql("GRANT pg_monitor TO unseeing")
    assert PLATFORM.load(open_session("unseeing")).figure >= 0
