"""An empty database on each PostgreSQL that this machine can run, and what tests do in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from strategies.plans import Outcome, Step
from strategies.platforms.base import Session, SessionTag
from strategies.platforms.postgresql.platform import PLATFORM
from tests.servers import RunningServer, start_server, tested_servers

TAG = SessionTag("abcd1234", "run", 7)


@pytest.fixture(scope="session", params=tested_servers(), ids=lambda binaries: f"postgresql-{binaries.major}")
def server(request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    with start_server(request.param) as running:
        yield running


@pytest.fixture
def database(server: RunningServer) -> Iterator[str]:
    with server.database() as name:
        yield name


@pytest.fixture
def sql(server: RunningServer, database: str) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Run SQL as the superuser in the test's database."""
    with server.connect(database) as connection:

        def run(*statements: str) -> list[tuple[Any, ...]]:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

        yield run


@pytest.fixture
def open_session(server: RunningServer, database: str) -> Iterator[Callable[..., Session]]:
    with ExitStack() as stack:

        def open_(user: str = "postgres", tag: SessionTag = TAG) -> Session:
            return stack.enter_context(PLATFORM.connect(PLATFORM.address(server.url(database, user)), None, tag))

        yield open_


@pytest.fixture
def session(open_session: Callable[..., Session]) -> Session:
    return open_session()


@pytest.fixture
def connect(server: RunningServer, database: str) -> Iterator[Callable[[], psycopg.Connection[Any]]]:
    """Further sessions, of applications that know nothing of the portal."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(server.connect(database))


def done(outcome: Outcome) -> Outcome:
    assert outcome.error is None, outcome.error
    return outcome


def a_step(*statements: str, **values: Any) -> Step:
    return Step(
        key="k", operation_type="ANALYZE", object="o", object_type="TABLE", statements=statements, reason="r", **values
    )
