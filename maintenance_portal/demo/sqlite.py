"""Builds the messy SQLite shop of the demo: a small database with the faults that the strategies find, planted for real.

INDEX_MAINTENANCE finds with its defaults

- `orders_by_customer`: misses the newest 40 orders,
- `vouchers_by_code`: unique, while two rows share a code; no rebuild can mend this, a person must decide,

and with `bloat_megabytes` = 1 (the default of 64 is meant for real files)

- `events_by_token`: half of it is empty.

STATISTICS_MAINTENANCE finds with its defaults

- `customers`, `events`, `vouchers`, `order "lines"` and `group`: never analysed,
- `orders`: analysed before an index was added,
- `audit trail`: ten times the rows it had when it was analysed.

SPACE_MAINTENANCE finds with `reclaim_percent` = 10 and `reclaim_megabytes` = 1

- the file itself: an import was thrown away, and its pages are free.

INTEGRITY_VALIDATION finds with its defaults, once a run has made its checks

- `orders` and `vouchers`: their indexes do not hold what the tables do, which is what INDEX_MAINTENANCE sees, too,
- `order "lines"`: a line of an order that is not there.
"""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

_CUSTOMERS, _ORDERS, _EVENTS = 2_000, 6_000, 60_000
_AUDITED_BEFORE, _AUDITED_NOW = 1_500, 15_000
_LOST_ENTRIES = 40
_IMPORTED = 2_000
_DAY_ONE = date(2024, 1, 1)

_COUNTRIES = ("Austria", "Brazil", "Curaçao", "Denmark", "Ελλάδα", "日本", "Kenya", "Perú")
_KINDS = ("click", "view", "buy")


def build_messy_sqlite(path: Path) -> None:
    """Create the file (some 10 MB, always the same content); does nothing where it exists. Raises OSError, sqlite3.Error.

    It is built beside its place and moved there when it is whole, so that a killed build leaves no half of a shop.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".building-") as folder:
        draft = Path(folder) / path.name
        _fill(draft)
        _analyse_too_early(draft)
        _lose_index_entries(draft)
        _share_a_unique_key(draft)
        _order_nothing(draft)
        _throw_an_import_away(draft)
        os.replace(draft, path)


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction in a connection of its own: SQLite reads a definition changed behind its back only when it opens."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = OFF")  # a draft that is lost is simply built again
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
    finally:
        connection.close()


def _fill(path: Path) -> None:
    dice = random.Random(1955)  # noqa: S311 (sample rows, the same in every demo)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(Path(__file__).with_name("shop.sql").read_text(encoding="utf-8"))
    connection.close()
    with _writing(path) as shop:
        shop.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?)",
            ((n, f"Customer {n}", f"c{n}@example.org", dice.choice(_COUNTRIES)) for n in range(1, _CUSTOMERS + 1)),
        )
        shop.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", (_order(n, dice) for n in range(1, _ORDERS + 1)))
        shop.executemany(
            'INSERT INTO "order ""lines""" VALUES (?, ?, ?, ?)',
            ((n, 1 + n % 2, f"article {dice.randrange(400):03}", dice.randint(1, 5)) for n in range(1, _ORDERS + 1)),
        )
        shop.executemany('INSERT INTO "group"("select") VALUES (?)', ((name,) for name in _COUNTRIES))
        shop.executemany(
            "INSERT INTO vouchers(code, cents) VALUES (?, ?)", ((f"SPRING-{n:04}", 500) for n in range(300))
        )
        shop.executemany(
            "INSERT INTO events VALUES (?, ?, ?)",
            ((n, f"{dice.getrandbits(128):032x}", dice.choice(_KINDS)) for n in range(1, _EVENTS + 1)),
        )
        shop.execute("DELETE FROM events WHERE id % 2")  # an archiving job went through: its pages stay half empty


def _order(number: int, dice: random.Random) -> tuple[int, int, str, str, int]:
    placed_on = _DAY_ONE + timedelta(days=number * 700 // _ORDERS)
    status = dice.choice(("paid", "paid", "shipped", "returned"))
    return number, dice.randint(1, _CUSTOMERS), placed_on.isoformat(), status, dice.randint(500, 50_000)


def _analyse_too_early(path: Path) -> None:
    """Statistics from when the shop was young: one table has grown tenfold since, another got a further index."""
    audited = (
        "WITH RECURSIVE numbers(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) "
        "INSERT INTO \"audit trail\" SELECT n, datetime('2024-01-01', n || ' minutes'), 'clerk ' || (n % 17), "
        "'changed order ' || (n % 6000) FROM numbers"
    )
    with _writing(path) as shop:
        shop.execute(audited, (1, _AUDITED_BEFORE))
        shop.execute('ANALYZE "audit trail"')
        shop.execute("ANALYZE orders")
        shop.execute(audited, (_AUDITED_BEFORE + 1, _AUDITED_NOW))
        shop.execute("CREATE INDEX orders_by_day ON orders(placed_on)")


def _lose_index_entries(path: Path) -> None:
    """The index misses the newest orders, as after a power failure on a disk that lied about what it had written."""
    whole = "CREATE INDEX orders_by_customer ON orders(customer_id)"
    _redefine(path, "orders_by_customer", f"{whole} WHERE id <= {_ORDERS - _LOST_ENTRIES}")
    with _writing(path) as shop:
        shop.execute("REINDEX orders_by_customer")
    _redefine(path, "orders_by_customer", whole)


def _share_a_unique_key(path: Path) -> None:
    """Two vouchers with one code under an index that says that there is no such thing."""
    with _writing(path) as shop:
        shop.execute("INSERT INTO vouchers(code, cents) VALUES ('SPRING-0007', 700)")
    _redefine(path, "vouchers_by_code", "CREATE UNIQUE INDEX vouchers_by_code ON vouchers(code)")


def _order_nothing(path: Path) -> None:
    """A line without its order, from a program that did not ask SQLite to enforce foreign keys."""
    with _writing(path) as shop:
        shop.execute('INSERT INTO "order ""lines""" VALUES (?, 1, ?, 1)', (_ORDERS + 1, "article 007"))


def _throw_an_import_away(path: Path) -> None:
    """Pages that held rows once and are free now; the file keeps its size."""
    with _writing(path) as shop:
        shop.execute("CREATE TABLE imported(content)")
        shop.executemany("INSERT INTO imported VALUES (zeroblob(?))", ((1_000,) for _ in range(_IMPORTED)))
        shop.execute("DROP TABLE imported")


def _redefine(path: Path, index: str, sql: str) -> None:
    """Change an index's definition without touching its entries."""
    with _writing(path) as shop:
        shop.execute("PRAGMA writable_schema = ON")
        shop.execute("UPDATE sqlite_master SET sql = ? WHERE type = 'index' AND name = ?", (sql, index))
