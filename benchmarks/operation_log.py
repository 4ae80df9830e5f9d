"""Figure 5: what a row of the operation log costs, written before a step and ended after it, against the bare driver.

Both commit twice a row, durably, with the same statements and values: the portal through strategies/operation_log.py and Django's
cursor, the driver by itself (sqlite3 with the same pragmas, psycopg with its prepared statements). What SQLite does with
synchronous = NORMAL is told as well: it does not wait for the disk then, and whatever we add shows; the portal itself has FULL.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from benchmarks.bench import Bench
from benchmarks.measuring import Figure, at_least, not_measured, side_by_side
from benchmarks.portals import Database
from strategies import operation_log
from strategies.models import OperationStatus, Target
from strategies.operation_log import Beginning, Ending
from strategies.plans import Meters

OPERATIONS = 1000  # for each measurement
CONTEXT = {"reason": "orders_by_customer is bloated.", "evidence": {"size_bytes": 5_000_000, "is_valid": True}}
ENDING = Ending(
    OperationStatus.SUCCESS, "5 of 12 MB were given back.", 1200, None, Meters(5, None, 40, 6000), 1, CONTEXT
)
WAYS = (("sqlite", "FULL", at_least(0.75)), ("sqlite", "NORMAL", None), ("postgresql", "", at_least(0.6)))
Pair = Callable[[], None]
_NAMED = re.compile(r"%\((\w+)\)s")  # the driver by itself is fastest with places instead of names


def measure(bench: Bench) -> Iterator[Figure]:
    for vendor, mode, goal in WAYS:
        database = bench.empty(vendor, f"log_{vendor}_{mode or 'durable'}".lower())
        where = f"{database.title if database else 'PostgreSQL'}{f', synchronous {mode}' if mode else ''}"
        what = f"start and end of an operation on {where}: rate of the bare driver's"
        if database is None:
            yield not_measured(what, "no PostgreSQL on this machine", goal)
            continue
        times = 20 if bench.is_small else OPERATIONS
        with database.use(), driver(database, mode, bench.moment) as bare:
            took = side_by_side(portal(bench.moment), bare, bench.pairs, calls=(times, times))
        yield Figure(what, took.ratio, goal, size=times, spread=took.spread, note=f"{took.times} for each")


def portal(moment: datetime) -> Pair:
    beginning = _beginning()

    def both() -> None:
        operation_log.end(operation_log.begin(beginning, moment), ENDING, moment, moment)

    return both


def _beginning() -> Beginning:
    home = Target.objects.values_list("pk", flat=True).get(is_home=True)
    return Beginning(
        "INDEX_MAINTENANCE", "REBUILD", "orders_by_customer", "INDEX", "REINDEX INDEX orders_by_customer", "portal", "4711", home,
        1, "rebuild:orders_by_customer", context=CONTEXT,
    )  # fmt: skip


@contextmanager
def driver(database: Database, mode: str, moment: datetime) -> Iterator[Pair]:
    """The same by the driver alone, on the same database; `mode` is how SQLite is to wait for the disk, for both."""
    begin, end = _recorded(moment)
    own: dict[str, Any] = database.wrapper.settings_dict
    if database.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA synchronous = {mode}")
        with closing(sqlite3.connect(own["NAME"], isolation_level=None)) as bare:
            bare.executescript(
                f"{settings.DATABASES['default']['OPTIONS']['init_command']} PRAGMA foreign_keys = ON; PRAGMA synchronous = {mode}"
            )
            yield _both(bare.execute, begin, end, "?")
    else:
        with psycopg.connect(
            host=own["HOST"], port=own["PORT"], user=own["USER"], dbname=own["NAME"], autocommit=True
        ) as bare_one:
            yield _both(bare_one.execute, begin, end, "%s")


Statement = tuple[str, tuple[Any, ...]]


def _both(execute: Callable[..., Any], begin: Statement, end: Statement, place: str) -> Pair:
    start, finish = begin[0].replace("%s", place), end[0].replace("%s", place)

    def both() -> None:
        (operation_id,) = execute(start, begin[1]).fetchone()
        execute(finish, (*end[1][:-1], operation_id))

    return both


def _recorded(moment: datetime) -> tuple[Statement, Statement]:
    """The two statements as the portal sends them, with their values; the last value of the second is the operation's id."""
    seen: list[Statement] = []

    def record(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append((_NAMED.sub("%s", sql), tuple(params[name] for name in _NAMED.findall(sql))))
        return execute(sql, params, many, context)

    write = portal(moment)
    with connection.execute_wrapper(record):
        write()
    begin, end = seen
    return begin, end
