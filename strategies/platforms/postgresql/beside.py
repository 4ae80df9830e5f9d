"""A connection beside a session: tells how its statement is doing, and never holds anybody up."""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from strategies.plans import ErrorClass
from strategies.platforms.base import Row
from strategies.platforms.postgresql.errors import connect_refusal
from strategies.platforms.postgresql.sign_in import Connection
from strategies.platforms.queries import Query

PATIENCE_SECONDS = 5.0  # for connecting, and for an answer; a run's lease must outlast both
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 5.0, 300.0
_CLOSING_SECONDS = 1.0


class Beside:
    """Connects when first asked. `look` is called by one thread, `close` may come from another.

    After a refused sign-in it never connects again (accounts get locked); after other failures it pauses, twice as long
    each time.
    """

    def __init__(self, connect: Callable[[], Connection], clock: Callable[[], float] = time.monotonic) -> None:
        self._connect, self._clock = connect, clock
        self._connection: Connection | None = None
        self._turn = threading.Lock()
        self._is_closed = False
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        self._not_before = -math.inf

    def look(self, query: Query, parameters: Mapping[str, Any]) -> Row | None:
        """The first row, or None: there is none, or it cannot be seen now."""
        with self._turn:
            if self._is_closed or self._clock() < self._not_before:
                return None
            try:
                row = self._ask(query, parameters)
                self._pause_seconds = _FIRST_PAUSE_SECONDS
                return row
            except psycopg.Error:
                self._drop()
                self._pause()
                return None
            finally:
                if self._is_closed:
                    self._drop()

    def close(self) -> None:
        """Whoever looks just now closes the connection when done; waiting for that would hold the caller up."""
        self._is_closed = True
        if self._turn.acquire(timeout=_CLOSING_SECONDS):
            try:
                self._drop()
            finally:
                self._turn.release()

    def _ask(self, query: Query, parameters: Mapping[str, Any]) -> Row | None:
        if self._connection is None:
            self._connection = self._open()
            with _cut_after(self._connection, PATIENCE_SECONDS):
                self._connection.execute(f"SET statement_timeout = {round(PATIENCE_SECONDS * 1000)}".encode())
        with _cut_after(self._connection, PATIENCE_SECONDS):
            return self._connection.execute(query.sql.encode(), dict(parameters)).fetchone()

    def _open(self) -> Connection:
        try:
            return self._connect()
        except psycopg.Error as error:
            if connect_refusal(error).error.error_class is ErrorClass.AUTHENTICATION:
                self._not_before = math.inf
            raise

    def _pause(self) -> None:
        self._not_before = max(self._not_before, self._clock() + self._pause_seconds)
        self._pause_seconds = min(2 * self._pause_seconds, _LONGEST_PAUSE_SECONDS)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


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
