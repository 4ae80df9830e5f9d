"""A connection beside a session: tells how its statement is doing, and never holds anybody up. What products with a server share."""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, ClassVar, Generic, TypeVar

from strategies.platforms.base import Row
from strategies.platforms.queries import Query

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 5.0, 300.0
_CLOSING_SECONDS = 1.0
C = TypeVar("C")


class SignInRefused(Exception):
    """The server refused the account."""


class ConnectionBeside(ABC, Generic[C]):
    """Connects when first asked. `look` is called by one thread, `close` may come from another.

    After a refused sign-in it never connects again (accounts get locked); after other failures it pauses, twice as long
    each time.
    """

    trouble: ClassVar[tuple[type[Exception], ...]]  # what the driver raises

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._connection: C | None = None
        self._turn = threading.Lock()
        self._is_closed = False
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        self._not_before = -math.inf

    @abstractmethod
    def _open(self) -> C:
        """Raises SignInRefused, and `trouble`."""

    @abstractmethod
    def _ask(self, connection: C, query: Query, parameters: Mapping[str, Any]) -> Row | None:
        """The first row. Raises `trouble`."""

    @abstractmethod
    def _shut(self, connection: C) -> None:
        """Raises `trouble`."""

    def look(self, query: Query, parameters: Mapping[str, Any]) -> Row | None:
        """The first row, or None: there is none, or it cannot be seen now."""
        with self._turn:
            if self._is_closed or self._clock() < self._not_before:
                return None
            try:
                if self._connection is None:
                    self._connection = self._open()
                row = self._ask(self._connection, query, parameters)
                self._pause_seconds = _FIRST_PAUSE_SECONDS
                return row
            except SignInRefused:
                self._not_before = math.inf
                return None
            except self.trouble:
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

    def _pause(self) -> None:
        self._not_before = self._clock() + self._pause_seconds
        self._pause_seconds = min(2 * self._pause_seconds, _LONGEST_PAUSE_SECONDS)

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(*self.trouble):
                self._shut(self._connection)
            self._connection = None
