"""Figure 12: where 5 % of the objects need work, looking and mending through the portal against the native tool's "do everything".

The portal assesses, and then makes a whole run as a worker does (which assesses once more, and looks again at its end). The tool does
its work on every object, as people have it do by night. Afterwards the portal assesses again, and is to find nothing.
Objects are the tables and the indexes of one database in PostgreSQL; in SQLite, where VACUUM takes a whole file, they are files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import psycopg

from benchmarks import maintained
from benchmarks.bench import Bench
from benchmarks.maintained import PostgresqlDatabase, SqliteFile
from benchmarks.measuring import Figure, at_most, not_measured, side_by_side
from benchmarks.native_tools import ANALYZE, REINDEX, VACUUM, empty_index, half_free, index, table
from strategies.models import Target

GOAL = at_most(0.25)
OBJECTS, IN_NEED = 100, 5
FILES, FILES_IN_NEED = 20, 1
FEWEST_ROWS = 2000  # a smaller index is a handful of pages, and never bloated


class Work(NamedTuple):
    """`steps` is how many the portal must have: those of the objects in need, and no others."""

    targets: list[Target]
    strategy: str
    parameters: dict[str, Any]
    steps: int
    objects: int
    restore: Callable[[], None]
    everything: Callable[[], None]

    def through_portal(self) -> None:
        steps = 0
        for target in self.targets:
            if maintained.assess(target, self.strategy, self.parameters):
                steps += maintained.maintain(target, self.strategy, self.parameters)
        if steps != self.steps:
            raise RuntimeError(f"the portal had {steps} steps where {self.steps} objects are in need")

    def found_again(self) -> int:
        return sum(maintained.assess(target, self.strategy, self.parameters) for target in self.targets)

    def prepare(self) -> None:
        self.restore()
        for target in self.targets:
            maintained.check(target)


def measure(bench: Bench) -> Iterator[Figure]:
    portal = bench.empty("sqlite", "few_needs")
    assert portal is not None  # noqa: S101 (SQLite is always there)
    for name, make in ((ANALYZE, analyzing), (REINDEX, reindexing), (VACUUM, vacuuming)):
        if why := maintained.why_not_with(name, bench):
            yield not_measured(f"few objects in need: time through the portal ÷ that of {name} on all", why, GOAL)
            continue
        with portal.use():
            work = make(bench, max(bench.rows[-1] // 500, FEWEST_ROWS))
            took = side_by_side(work.everything, work.through_portal, bench.pairs, prepare=work.prepare)
            work.prepare()
            work.through_portal()
            again = work.found_again()
        what = f"{work.steps} of {work.objects} objects in need: time through the portal ÷ that of {name} on all"
        note = f"{took.second_ms / 1000:.3g} s against {took.first_ms / 1000:.3g} s"
        yield Figure(what, took.ratio, GOAL, size=work.objects, spread=took.spread, note=note)
        yield Figure(f"what a second assessment finds, after the work of {name}", again, at_most(0), "", work.objects)


def analyzing(bench: Bench, rows: int) -> Work:
    def fill(connection: psycopg.Connection[Any]) -> None:
        for number in range(OBJECTS):
            table(connection, f"t{number}", rows)
            connection.execute(f"VACUUM {'' if number < IN_NEED else '(ANALYZE)'} t{number}")

    assert bench.portals.server is not None  # noqa: S101 (asked before)
    database = PostgresqlDatabase(bench.portals.server, "few_never_analyzed", fill)
    return Work(
        [database.target], "STATISTICS_MAINTENANCE", {"minimum_rows": 1}, IN_NEED, OBJECTS, database.restore,
        lambda: database.tool("vacuumdb", "--analyze-only"),
    )  # fmt: skip


def reindexing(bench: Bench, rows: int) -> Work:
    def fill(connection: psycopg.Connection[Any]) -> None:
        for number in range(OBJECTS):
            name = f"t{number}"
            table(connection, name, rows)
            if number < IN_NEED:
                empty_index(connection, name)
            else:
                index(connection, name)
                connection.execute(f"VACUUM (ANALYZE) {name}")

    assert bench.portals.server is not None  # noqa: S101 (asked before)
    database = PostgresqlDatabase(bench.portals.server, "few_bloated", fill)
    return Work(
        [database.target], "INDEX_MAINTENANCE", {"bloat_megabytes": 0}, IN_NEED, OBJECTS, database.restore,
        lambda: database.tool("reindexdb", "--concurrently"),
    )  # fmt: skip


def vacuuming(bench: Bench, rows: int) -> Work:
    """The file in need is like the others, but for the pages that it has besides."""

    def sound(connection: sqlite3.Connection) -> None:
        half_free(connection, 10 * rows)
        connection.execute("VACUUM")

    folder = bench.portals.folder
    files = [
        SqliteFile(
            folder,
            f"few_{number}",
            sound if number >= FILES_IN_NEED else lambda connection: half_free(connection, 10 * rows),
        )
        for number in range(FILES)
    ]
    return Work(
        [file.target for file in files], "SPACE_MAINTENANCE", {"reclaim_megabytes": 0}, FILES_IN_NEED, FILES,
        lambda: _each(files, SqliteFile.restore), lambda: _each(files, lambda file: file.tool("VACUUM")),
    )  # fmt: skip


def _each(files: list[SqliteFile], work: Callable[[SqliteFile], None]) -> None:
    for file in files:
        work(file)
