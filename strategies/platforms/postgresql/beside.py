"""The connection that asks how a session's statement is doing; its socket is shut where no answer comes in time."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import psycopg

from strategies.plans import ErrorClass
from strategies.platforms.base import Row
from strategies.platforms.beside import ConnectionBeside, SignInRefused
from strategies.platforms.postgresql.errors import connect_refusal
from strategies.platforms.postgresql.sign_in import Connection
from strategies.platforms.queries import Query

PATIENCE_SECONDS = 5.0  # for connecting, and for an answer; a run's lease must outlast both


class Beside(ConnectionBeside[Connection]):
    trouble: ClassVar[tuple[type[Exception], ...]] = (psycopg.Error,)

    def __init__(self, connect: Callable[[], Connection], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._connect = connect

    def _open(self) -> Connection:
        try:
            connection = self._connect()
        except psycopg.Error as error:
            if connect_refusal(error).error.error_class is ErrorClass.AUTHENTICATION:
                raise SignInRefused from error
            raise
        try:
            with _cut_after(connection, PATIENCE_SECONDS):
                connection.execute(f"SET statement_timeout = {round(PATIENCE_SECONDS * 1000)}".encode())
        except psycopg.Error:
            connection.close()
            raise
        return connection

    def _ask(self, connection: Connection, query: Query, parameters: Mapping[str, Any]) -> Row | None:
        with _cut_after(connection, PATIENCE_SECONDS):
            return connection.execute(query.sql.encode(), dict(parameters)).fetchone()

    def _shut(self, connection: Connection) -> None:
        connection.close()


@contextmanager
def _cut_after(connection: Connection, seconds: float) -> Iterator[None]:
    """Shut the connection's socket if what is done meanwhile takes longer: the driver waits for an answer without limit.

    The handle is one of its own, so that a late cut never meets another connection that was given the same number.
    """
    with socket.socket(fileno=os.dup(connection.fileno())) as handle:

        def cut() -> None:
            with suppress(OSError):  # closed meanwhile: the answer came
                handle.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
