"""Figure 11: maintenance through the portal against the database's own tool, on the same database and the same objects.

The portal's time is that of a whole run as a worker carries it out: assess and plan, claim, each step with its two rows in the durable
log and the question afterwards whether it helped, and the second look at the end. The tool's time is that of its process. Both
find the same database, put back as it was before each measurement; every object of it needs work, and the tool is given these objects.
"""

# ruff: noqa: S608 (names and numbers of this module)

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import psycopg

from benchmarks import maintained
from benchmarks.bench import Bench
from benchmarks.maintained import PostgresqlDatabase, SqliteFile
from benchmarks.measuring import Figure, at_most, not_measured, side_by_side
from strategies.models import Target

GOAL = at_most(1.1)
ANALYZED, REINDEXED = 24, 8  # tables
PAIRS = 3  # as many as others take, times this: both mostly wait for the disk, and one pair may differ from the next by half
ANALYZE, REINDEX, VACUUM = "vacuumdb --analyze-only", "reindexdb --concurrently", "sqlite3 with VACUUM"


class Work(NamedTuple):
    """One kind of work: `steps` is how many the portal must have, so that both do the same."""

    target: Target
    strategy: str
    parameters: dict[str, Any]
    steps: int
    restore: Callable[[], None]
    tool: Callable[[], None]

    def through_portal(self) -> None:
        steps = maintained.maintain(self.target, self.strategy, self.parameters)
        if steps != self.steps:
            raise RuntimeError(f"the portal had {steps} steps where {self.steps} were to be")

    def prepare(self) -> None:
        self.restore()
        maintained.check(self.target)
        os.sync()  # what was just copied is not to be written while something is timed


def measure(bench: Bench) -> Iterator[Figure]:
    rows = bench.rows[-1] // 5
    portal = bench.empty("sqlite", "maintaining")
    assert portal is not None  # noqa: S101 (SQLite is always there)
    for name, make in ((ANALYZE, analyzing), (REINDEX, reindexing), (VACUUM, vacuuming)):
        what = f"time through the portal ÷ that of {name}"
        if why := maintained.why_not_with(name, bench):
            yield not_measured(what, why, GOAL)
            continue
        with portal.use():
            work = make(bench, rows)
            took = side_by_side(work.tool, work.through_portal, PAIRS * bench.pairs, prepare=work.prepare)
        note = f"{took.second_ms / 1000:.3g} s against {took.first_ms / 1000:.3g} s, {PAIRS * bench.pairs} pairs"
        yield Figure(what, took.ratio, GOAL, size=rows, spread=took.spread, note=note)


def analyzing(bench: Bench, rows: int) -> Work:
    """Tables without statistics: as many as a small application has."""

    def fill(connection: psycopg.Connection[Any]) -> None:
        for number in range(ANALYZED):
            table(connection, f"t{number}", rows // 4)
            connection.execute(f"VACUUM t{number}")

    assert bench.portals.server is not None  # noqa: S101 (asked before)
    database = PostgresqlDatabase(bench.portals.server, "never_analyzed", fill)
    objects = [f"--table=t{number}" for number in range(ANALYZED)]
    return Work(
        database.target, "STATISTICS_MAINTENANCE", {"minimum_rows": 1}, ANALYZED, database.restore,
        lambda: database.tool("vacuumdb", "--analyze-only", *objects),
    )  # fmt: skip


def reindexing(bench: Bench, rows: int) -> Work:
    """Indexes that are two thirds empty."""

    def fill(connection: psycopg.Connection[Any]) -> None:
        for number in range(REINDEXED):
            table(connection, f"t{number}", rows)
            empty_index(connection, f"t{number}")

    assert bench.portals.server is not None  # noqa: S101 (asked before)
    database = PostgresqlDatabase(bench.portals.server, "bloated_indexes", fill)
    objects = [f"--index=t{number}_code" for number in range(REINDEXED)]
    return Work(
        database.target, "INDEX_MAINTENANCE", {"bloat_megabytes": 0}, REINDEXED, database.restore,
        lambda: database.tool("reindexdb", "--concurrently", *objects),
    )  # fmt: skip


def vacuuming(bench: Bench, rows: int) -> Work:
    """A file half of which is free pages."""
    file = SqliteFile(bench.portals.folder, "half_free", lambda connection: half_free(connection, 4 * rows))
    return Work(
        file.target, "SPACE_MAINTENANCE", {"reclaim_megabytes": 0}, 1, file.restore, lambda: file.tool("VACUUM")
    )  # fmt: skip


# How the needs come about; the other benchmark plants them as well.


def table(connection: psycopg.Connection[Any], name: str, rows: int) -> None:
    """A dozen columns, as the tables of applications have: what ANALYZE takes grows with them."""
    connection.execute(
        f"CREATE TABLE {name} AS SELECT i AS id, i % 97 AS kind, md5(i::text) AS code, repeat('x', i % 50) AS words,"
        " timestamptz '2026-01-01' + i * interval '1 minute' AS placed_at, (i % 9973) / 100.0 AS amount, i % 2 = 0 AS is_paid,"
        " 'customer ' || i % 5003 AS customer, 'c' || i % 5003 || '@example.org' AS email, i * 7 % 1009 AS shop,"
        " date '2026-01-01' + i % 365 AS delivered_on, md5((-i)::text) AS token"
        f" FROM generate_series(1, {rows}) i"
    )


def index(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute(f"CREATE INDEX {name}_code ON {name} (code)")


def empty_index(connection: psycopg.Connection[Any], name: str) -> None:
    """An index whose pages are all a third full, and statistics that say so."""
    index(connection, name)
    connection.execute(f"DELETE FROM {name} WHERE id % 3 <> 0")
    connection.execute(f"VACUUM (ANALYZE) {name}")


def half_free(connection: sqlite3.Connection, rows: int) -> None:
    for name in ("kept", "gone"):
        connection.execute(f"CREATE TABLE {name}(id INTEGER PRIMARY KEY, kind, code, words)")
        connection.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"
            f" INSERT INTO {name} SELECT i, i % 97, hex(randomblob(16)), printf('%.*c', i % 50, 'x') FROM n"
        )
        connection.execute(f"CREATE INDEX {name}_code ON {name}(code)")
    connection.execute("DROP TABLE gone")
