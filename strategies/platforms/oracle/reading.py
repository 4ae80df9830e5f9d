"""Runs a reading query on a connection that is there: rows as dictionaries by lower-case names, with numbers that are exact."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

import oracledb

from strategies.platforms.base import Row
from strategies.platforms.queries import Query

_AT_ONCE = 1000  # rows in one round trip


def require(connection: oracledb.Connection) -> None:
    """Raises ConnectionError where the connection is gone.

    To be asked before each use: the driver (26.1, thin) does not ask, and where its socket is gone the process ends with a
    segmentation fault.
    """
    if not connection.is_healthy():
        raise ConnectionError("The connection to the database is closed.")


def limit_round_trips(connection: oracledb.Connection, milliseconds: int) -> None:
    """How long each may take from now on; 0 = as long as it takes. Does nothing where the connection is gone."""
    with suppress(oracledb.Error, OSError, AttributeError):
        require(connection)
        connection.call_timeout = milliseconds


def read(connection: oracledb.Connection, query: Query, parameters: Mapping[str, Any] | None = None) -> list[Row]:
    """Numbers are int where they are whole, else Decimal; long texts come as text. Raises oracledb.Error, OSError."""
    require(connection)
    with connection.cursor() as cursor:
        cursor.arraysize = _AT_ONCE
        instants = [name for name, value in (parameters or {}).items() if isinstance(value, datetime)]
        if instants:  # the driver would send them as DATE, without their fractions of a second
            cursor.setinputsizes(**dict.fromkeys(instants, oracledb.DB_TYPE_TIMESTAMP))
        cursor.execute(query.sql, dict(parameters or {}), fetch_lobs=False, fetch_decimals=True)
        if cursor.description is None:
            return []
        return _fetched(cursor)


def answers_of(cursor: Any, statement: str) -> list[Row]:
    """The rows that a statement without binds gives, none where it is no query. Raises oracledb.Error, OSError."""
    cursor.execute(statement, fetch_lobs=False, fetch_decimals=True)
    return [] if cursor.description is None else _fetched(cursor)


def _fetched(cursor: Any) -> list[Row]:
    names = [column[0].lower() for column in cursor.description]
    return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]


def of_cursor(cursor: Any, most: int) -> list[Row]:
    """The first rows of a cursor that PL/SQL opened; it is closed. None, as where a function gave NULL, has no rows."""
    if cursor is None:
        return []
    with cursor:
        names = [column[0].lower() for column in cursor.description]
        return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchmany(most)]


def _plain(value: Any) -> Any:
    """Counts and ids are read as int."""
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
