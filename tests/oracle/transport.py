"""Stands in for python-oracledb under Django's own backend: says its version, keeps what is sent, and has the rows it is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import oracledb
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

VERSIONS = {"19c": "19.22.0.0.0", "23ai": "23.9.0.25.7"}
Row = tuple[Any, ...]


class Variable:
    """What a statement gives back by RETURNING … INTO: numbers that no row had before."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def getvalue(self, position: int = 0) -> list[int]:
        self._connection.last_key += 1
        return [self._connection.last_key]


class Cursor:
    arraysize, rowcount, description = 100, 1, None

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Row] = []

    def execute(self, statement: str, parameters: Any = None) -> Cursor:
        self._connection.sent.append(statement)
        answers = self._connection.answers.items()
        self._rows = [row for part, rows in answers if part in statement for row in rows]
        return self

    def executemany(self, statement: str, parameters: Any = None) -> None:
        self._connection.sent.append(statement)

    def var(self, *_: Any, **__: Any) -> Variable:
        return Variable(self._connection)

    def setinputsizes(self, *_: Any, **__: Any) -> None:
        return

    def fetchone(self) -> Row | None:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None) -> Sequence[Row]:
        return self.fetchall()

    def fetchall(self) -> Sequence[Row]:
        found, self._rows = self._rows, []
        return found

    def __iter__(self) -> Iterator[Row]:
        return iter(self.fetchall())

    def close(self) -> None:
        return


class Connection:
    autocommit, stmtcachesize = True, 20

    def __init__(self, version: str) -> None:
        self.version = version
        self.sent: list[str] = []
        self.last_key = 0
        self.answers: dict[str, list[Row]] = {"SELECT COUNT(*)": [(0,)]}  # by a part of a statement

    def cursor(self) -> Cursor:
        return Cursor(self)

    def commit(self) -> None:
        return

    def rollback(self) -> None:
        return

    def ping(self) -> None:
        return

    def close(self) -> None:
        return


def database(version: str) -> BaseDatabaseWrapper:
    """Django's own connection to an Oracle of this version ("19c", "23ai"); `.connection.sent` is what it sent."""
    address = {
        "ENGINE": "django.db.backends.oracle",
        "NAME": "db.example:1521/portal",
        "USER": "PORTAL",
        "PASSWORD": "-",
    }
    wrapper: Any = ConnectionHandler({"default": address})["default"]
    wrapper.inc_thread_sharing()
    wrapper.ensure_connection = lambda: None  # the one below stays; tests may not open others
    with mock.patch.object(oracledb, "connect", return_value=Connection(VERSIONS[version])):
        wrapper.connect()
    assert wrapper.oracle_version[0] == int(version[:2])
    wrapper.connection.sent.clear()
    return wrapper  # type: ignore[no-any-return]


@contextmanager
def portal_on(wrapper: BaseDatabaseWrapper) -> Iterator[list[str]]:
    """Within, the portal's database is this one; what is sent to it."""
    own = connections["default"]
    connections["default"] = wrapper
    try:
        yield wrapper.connection.sent
    finally:
        connections["default"] = own
