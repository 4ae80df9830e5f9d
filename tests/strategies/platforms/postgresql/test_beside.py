from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from strategies.platforms.base import Session
from strategies.platforms.postgresql import beside
from strategies.platforms.postgresql.beside import Beside
from strategies.platforms.postgresql.names import postgresql_query
from strategies.platforms.postgresql.platform import PLATFORM
from tests.servers import RunningServer
from tests.strategies.platforms.postgresql.conftest import TAG, a_step
from tests.strategies.platforms.postgresql.wire import Wire, a_wire

Sql = Callable[..., list[tuple[Any, ...]]]
DAY = 86_400.0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Refusing:
    """A server that answers every attempt to connect with these words."""

    attempts = 0

    def __init__(self, words: str) -> None:
        self._words = words

    def __call__(self) -> Any:
        self.attempts += 1
        raise psycopg.OperationalError(f'connection to server at "h", port 1 failed: {self._words}')


def look(at: Beside) -> object:
    return at.look(postgresql_query("progress"), {"pid": 1})


def test_after_a_refused_sign_in_it_never_connects_again() -> None:
    clock, server = Clock(), Refusing('FATAL:  password authentication failed for user "a"')
    at = Beside(server, clock)
    for day in range(5):
        clock.now = day * DAY
        assert look(at) is None
    assert server.attempts == 1


def test_after_another_failure_it_pauses_twice_as_long_each_time() -> None:
    clock, server = Clock(), Refusing("Connection refused")
    at = Beside(server, clock)
    attempts_at = []
    for second in range(400):
        clock.now, before = float(second), server.attempts
        look(at)
        if server.attempts > before:
            attempts_at.append(second)
    assert attempts_at == [0, 5, 15, 35, 75, 155, 315]


@pytest.fixture
def far(server: RunningServer, database: str, sql: Sql) -> Any:
    """A session at the end of a wire, signed in with a password."""
    sql("DROP ROLE IF EXISTS far", "CREATE ROLE far LOGIN PASSWORD 'one'")
    with a_wire(server.port) as wire:
        address = PLATFORM.address(f"postgresql://far@127.0.0.1:{wire.port}/{database}?sslmode=disable")
        session = PLATFORM.connect(address, "one", TAG)
        try:
            yield wire, session
        finally:
            session.close()


def working(session: Session) -> threading.Thread:
    thread = threading.Thread(target=lambda: session.execute(a_step("SELECT pg_sleep(60)")), daemon=True)
    thread.start()
    return thread


def look_until_it_executes(session: Session, wire: Wire) -> None:
    until = time.monotonic() + 10
    while wire.connections < 2:
        session.progress()
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_password_that_is_changed_during_a_long_statement_is_tried_once(far: tuple[Wire, Session], sql: Sql) -> None:
    wire, session = far
    sql("ALTER ROLE far PASSWORD 'another'")
    thread = working(session)
    look_until_it_executes(session, wire)
    for _ in range(20):
        assert session.progress() is None
    assert wire.connections == 2
    session.cancel()
    thread.join(10)


def test_a_look_and_the_end_of_a_session_do_not_wait_for_a_network_that_fell_silent(
    far: tuple[Wire, Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "PATIENCE_SECONDS", 3.0)
    wire, session = far
    thread = working(session)
    look_until_it_executes(session, wire)
    wire.cut()
    looks: list[float] = []

    def look_once() -> None:
        began = time.monotonic()
        assert session.progress() is None
        looks.append(time.monotonic() - began)

    looking = threading.Thread(target=look_once)
    looking.start()
    time.sleep(0.2)
    at_work, began = session._beside, time.monotonic()  # type: ignore[attr-defined]
    at_work.close()
    assert time.monotonic() - began < 2.5
    looking.join(20)
    assert 2.0 < looks[0] < 10
    assert at_work._connection is None
    assert look(at_work) is None
    assert wire.connections == 2
    wire.close()
    thread.join(10)
    assert not thread.is_alive()
