"""What a step cost by PostgreSQL's own counters of the session. What a version does not tell stays None.

- CPU (ms): the words `CPU: user: … s, system: … s` that REINDEX and VACUUM (VERBOSE) print, and ANALYZE (VERBOSE) from 18.
- I/O operations: `pg_stat_get_backend_io` of this very backend, before and after; from 18.
- Memory (MB): `pg_backend_memory_contexts` of this session after the step; a gauge of what it then holds, not a peak.
- Rows: the sample that ANALYZE (VERBOSE) reports; what the statement says that it wrote, changed or removed; the entries that an
  index build has counted last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import psycopg

from strategies.plans import Meters
from strategies.platforms.postgresql.names import postgresql_query

_CPU = re.compile(r"CPU: user: ([0-9.]+) s, system: ([0-9.]+) s")
_CHANGED = re.compile(r"(?:INSERT \d+|UPDATE|DELETE|MERGE|SELECT) (\d+)")
_SAMPLE = re.compile(r"(\d+) rows in sample")


def cpu_ms(notices: Iterable[str]) -> int | None:
    """Milliseconds of user and system time that the server reported for its statements, or None if it reported none."""
    found = [match.groups() for notice in notices for match in _CPU.finditer(notice)]
    if not found:
        return None
    return int(sum(Decimal(user) + Decimal(system) for user, system in found) * 1000)


def rows(notices: Iterable[str]) -> int | None:
    """Rows that ANALYZE looked at, or None."""
    found = [int(match[1]) for notice in notices for match in _SAMPLE.finditer(notice)]
    return sum(found) if found else None


def changed(status: str | None) -> int | None:
    """Rows by the word with which the server ends a statement: `INSERT 0 5`, or `SELECT 5` of a table made from a query."""
    match = _CHANGED.fullmatch(status or "")
    return int(match[1]) if match else None


def io_operations(connection: psycopg.Connection[dict[str, Any]]) -> int | None:
    """Reads, writes and extensions of this backend so far; None before 18, and where it may not be seen."""
    if connection.info.server_version < 180000:
        return None
    with suppress(psycopg.Error):  # a broken connection says so when the figure itself is asked for
        connection.execute(postgresql_query("flush_counters").sql.encode())
    return _number(connection, "backend_io", "operations")


def memory_mb(connection: psycopg.Connection[dict[str, Any]]) -> float | None:
    """What this session holds now, in MB; None where the account may not see it."""
    used = _number(connection, "backend_memory", "bytes")
    return None if used is None else round(used / 1_048_576, 2)


def _number(connection: psycopg.Connection[dict[str, Any]], query: str, column: str) -> int | None:
    try:
        row = connection.execute(postgresql_query(query).sql.encode()).fetchone()
    except psycopg.Error:
        return None
    return None if row is None or row[column] is None else int(row[column])


def meters(
    notices: Iterable[str],
    *,
    io_before: int | None,
    io_after: int | None,
    memory: float | None,
    tuples_done: int | None,
) -> Meters:
    """All figures of one step together."""
    notices = tuple(notices)
    return Meters(
        cpu_ms=cpu_ms(notices),
        memory_mb=memory,
        io_operations=None if io_before is None or io_after is None else io_after - io_before,
        rows=rows(notices) if rows(notices) is not None else tuples_done,
    )
