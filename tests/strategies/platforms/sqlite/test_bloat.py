"""The computed size of a fresh index holds against what REINDEX really builds."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from strategies.platforms.queries import load_query
from strategies.platforms.sqlite.bloat import MEGABYTE, IndexPages
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile

dice = random.Random(1)
SHAPES: dict[str, Callable[[], object]] = {
    "numbers": lambda: dice.randrange(1 << 40),
    "nulls": lambda: None,
    "short texts": lambda: f"{dice.randrange(1 << 60):020x}",
    "long texts": lambda: f"{dice.randrange(1 << 60):x}".ljust(500, "x"),
    "very long texts": lambda: f"{dice.randrange(1 << 60):x}".ljust(900, "x"),
    "texts with overflow": lambda: f"{dice.randrange(1 << 60):x}".ljust(5000, "x"),
    "a mixture": lambda: f"{dice.randrange(1 << 60):x}".ljust(dice.choice((5, 20, 900)), "x"),
    "all lengths": lambda: f"{dice.randrange(1 << 60):x}".ljust(dice.randrange(5, 1500), "x"),
}


@pytest.mark.parametrize("rows", [0, 1, 40, 3000])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_fresh_index_is_never_called_bloated_and_hardly_overestimated(
    connect: Connect, target: TargetFile, shape: str, rows: int
) -> None:
    target.run("CREATE TABLE t(a)", "CREATE INDEX i ON t(a)", "PRAGMA synchronous = OFF")
    connection = connect(target.path)._connection
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO t VALUES (?)", ((SHAPES[shape](),) for _ in range(rows)))
    connection.execute("REINDEX i")
    connection.execute("COMMIT")
    row = connect(target.path).rows(load_query("sqlite", "index_pages"), {"index": "i"})[0]
    fresh = IndexPages.from_row(row)
    assert fresh.entries == rows
    assert fresh.reclaimable_bytes == 0
    assert fresh.expected_pages <= fresh.pages * 1.12 + 1


def pages(count: int, *, fill: float, entry: int = 20) -> IndexPages:
    used = int(count * 4000 * fill)
    return IndexPages(count, 0, 4096, used // entry, used, count * 4088 - used)


@pytest.mark.parametrize(
    ("seen", "percent", "megabytes", "is_bloated"),
    [
        (pages(100_000, fill=0.2), 40, 64, True),
        (pages(100_000, fill=0.2), 90, 64, False),
        (pages(100_000, fill=0.2), 40, 500, False),
        (pages(100_000, fill=0.95), 5, 0, False),
        (pages(100, fill=0.2), 40, 64, False),
        (pages(100, fill=0.2), 40, 0, True),
        (pages(1, fill=0.01), 5, 0, False),
        (IndexPages(0, 0, 0, 0, 0, 0), 5, 0, False),
        (IndexPages(1, 0, 4096, 0, 0, 4088), 5, 0, False),
    ],
)
def test_bloat_needs_both_limits(seen: IndexPages, percent: float, megabytes: float, is_bloated: bool) -> None:
    assert seen.is_bloated(percent=percent, megabytes=megabytes) is is_bloated


def test_a_megabyte_is_two_to_the_twentieth() -> None:
    exactly = pages(1000, fill=0.2)
    limit = exactly.reclaimable_bytes / MEGABYTE
    assert exactly.is_bloated(percent=5, megabytes=limit)
    assert not exactly.is_bloated(percent=5, megabytes=limit + 0.001)
