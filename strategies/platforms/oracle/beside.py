"""The connection that asks how a session's statement is doing, with a limit for each round trip."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import oracledb

from strategies.plans import ErrorClass
from strategies.platforms.base import PlatformError, Row
from strategies.platforms.beside import ConnectionBeside, SignInRefused
from strategies.platforms.oracle.reading import limit_round_trips, read
from strategies.platforms.oracle.sign_in import Connection, Signed
from strategies.platforms.queries import Query

PATIENCE_SECONDS = 5.0  # for connecting, and for an answer; a run's lease must outlast both


class Beside(ConnectionBeside[Connection]):
    trouble: ClassVar[tuple[type[Exception], ...]] = (oracledb.Error, OSError, PlatformError)

    def __init__(self, connect: Callable[[], Signed], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._connect = connect

    def _open(self) -> Connection:
        try:
            connection = self._connect().connection
        except PlatformError as refusal:
            if refusal.error.error_class is ErrorClass.AUTHENTICATION:
                raise SignInRefused from refusal
            raise
        # Each round trip has this limit; the driver then breaks the call, and waits as long once more for that.
        limit_round_trips(connection, round(PATIENCE_SECONDS * 1000))
        return connection

    def _ask(self, connection: Connection, query: Query, parameters: Mapping[str, Any]) -> Row | None:
        rows = read(connection, query, parameters)
        return rows[0] if rows else None

    def _shut(self, connection: Connection) -> None:
        connection.close()
