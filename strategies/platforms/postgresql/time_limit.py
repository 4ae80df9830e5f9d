"""Gives the reading queries of one look a limit of time that they share."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from strategies.platforms.base import PlatformError, Row, Session
from strategies.platforms.postgresql.names import postgresql_query
from strategies.platforms.queries import Query

_QUERY_CANCELED = "57014"


class OutOfTime(Exception):
    """The limit passed before the query had its answer, or before it was asked."""


class TimeLimit:
    """`seconds` for all queries that are asked here, together."""

    def __init__(self, session: Session, seconds: float) -> None:
        self._session, self._left = session, seconds

    def rows(self, query: Query, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Raises OutOfTime, and PlatformError where the target refuses."""
        if self._left < 0.001:  # a limit of 0 would be none at all
            raise OutOfTime
        began = time.monotonic()
        try:
            with self._limited():
                return self._session.rows(query, parameters)
        except PlatformError as refusal:
            if refusal.error.code == _QUERY_CANCELED:
                raise OutOfTime from None
            raise
        finally:
            self._left -= time.monotonic() - began

    @contextmanager
    def _limited(self) -> Iterator[None]:
        limit = postgresql_query("limit_statements")
        before = self._session.rows(limit, {"limit": f"{round(self._left * 1000)}ms"})[0]["before"]
        try:
            yield
        finally:
            self._session.rows(limit, {"limit": before})
