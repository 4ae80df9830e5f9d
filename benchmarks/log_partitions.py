"""Figure 14: pages that show history, while the operation log is partitioned, and while half of it is pruned.

Both are done by a process of its own, as the portal's workers are one, on copies of the same past in PostgreSQL, while this process
asks for pages one after the other through Django's test client. Each copy is asked first with nothing else going on; what is told of it
is the 95th percentile of the answers meanwhile by that of those before. How fast steps are written into partitions is told as well.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from statistics import median
from threading import Thread
from time import perf_counter

from django.test import Client
from django.urls import reverse

from benchmarks import operation_log, past
from benchmarks.bench import Bench, reader
from benchmarks.measuring import Figure, at_least, at_most, not_measured, p95, shown_ms, side_by_side
from benchmarks.past import Past
from benchmarks.portals import Database
from monitoring import partition_care, partitioning, partitions

ROWS = 1_000_000
LOOKS = 120  # before, at each copy; afterwards as many as the work lasts
MORE_PAIRS = 3  # times as many where the work is over after some 25 pages, of which one alone decides
GOAL = at_most(1.2)
PAGES = ("operations", "trends", "errors", "run")


def measure(bench: Bench) -> Iterator[Figure]:
    rows = ROWS if bench.rows[-1] >= ROWS else bench.rows[-1]
    if bench.portals.server is None:
        yield not_measured("pages while the log is partitioned", "no PostgreSQL on this machine", GOAL)
        return
    one, since = _template(bench, rows, is_partitioned=False), _template(bench, rows, is_partitioned=True)
    for what, template, work in (
        ("the log is partitioned", one, "partition"),
        ("partitions with half of the log are dropped", since, "prune"),
        ("half of a log that is one table goes in batches", one, "prune"),
    ):
        yield _pages_while(bench, what, template, work)
    yield from _writing(bench)


@dataclass
class _Looks:
    """Milliseconds of each answer."""

    before: list[float] = field(default_factory=list)
    meanwhile: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    work_seconds: list[float] = field(default_factory=list)


def _pages_while(bench: Bench, what: str, template: tuple[Database, Past], work: str) -> Figure:
    looks, done = _Looks(), 0
    pairs = bench.pairs * (MORE_PAIRS if work == "partition" else 1)
    for number in range(pairs):
        with _copy(bench, template[0], f"{work}_{number}") as database:
            done = _look(bench, database, template[1], work, looks)
    note = (
        f"{shown_ms(p95(looks.meanwhile))} against {shown_ms(p95(looks.before))}, medians {shown_ms(median(looks.meanwhile))} against"
        f" {shown_ms(median(looks.before))}; {pairs} times, {median(looks.work_seconds):.2g} s each for"
        f" {f'{done:,} rows' if work == 'prune' else f'{template[1].rows:,} rows'}; the longest {shown_ms(max(looks.meanwhile))}"
    )
    spread = min(looks.ratios), max(looks.ratios)
    return Figure(
        f"pages while {what}: p95 of that before",
        median(looks.ratios),
        GOAL,
        size=len(looks.meanwhile),
        spread=spread,
        note=note,
    )


def _look(bench: Bench, database: Database, history: Past, work: str, looks: _Looks) -> int:
    """Ask for pages before and during the work; what the work said that it did."""
    with database.use(), _worker(bench, database, work) as worker:  # which has nothing to do yet
        ask = _asker(history)
        looks_before = 20 if bench.is_small else LOOKS
        before = [ask() for _ in range(looks_before + len(PAGES))]
        meanwhile, ended = [], worker.begin()
        while not ended():
            meanwhile.append(ask())
        database.wrapper.close()
    looks.work_seconds.append(worker.seconds)
    before = before[len(PAGES) :]  # the first of each page does not count
    looks.before += before
    looks.meanwhile += meanwhile
    looks.ratios.append(p95(meanwhile) / p95(before))
    return worker.done


def _asker(history: Past) -> Callable[[], float]:
    client = Client(SERVER_NAME="localhost")
    client.force_login(reader())
    addresses = cycle(reverse(name, args=[history.run] if name == "run" else []) for name in PAGES)

    def ask() -> float:
        address, began = next(addresses), perf_counter()
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}")
        return (perf_counter() - began) * 1000

    return ask


@dataclass
class _Worker:
    process: subprocess.Popen[str]
    seconds: float = 0
    done: int = 0

    def begin(self) -> Callable[[], bool]:
        """Whether it has ended, once it has begun. A page is asked for at least once meanwhile."""
        assert self.process.stdin is not None  # noqa: S101 (a pipe)
        self.process.stdin.write("begin\n")
        self.process.stdin.flush()
        waiting = Thread(target=self._wait)
        waiting.start()
        asked = iter((False,))
        return lambda: next(asked, not waiting.is_alive())

    def _wait(self) -> None:
        assert self.process.stdout is not None  # noqa: S101
        seconds, _, done = self.process.stdout.readline().partition(" ")
        if seconds:
            self.seconds, self.done = float(seconds), int(done)


@contextmanager
def _worker(bench: Bench, database: Database, work: str) -> Iterator[_Worker]:
    server = bench.portals.server
    assert server is not None  # noqa: S101 (asked before)
    place = (str(server.socket), str(server.port), database.name)
    command = [sys.executable, "-m", "benchmarks.log_work", *place, work, str(bench.days // 2)]
    process = subprocess.Popen(  # noqa: S603 (our own)
        command, cwd=Path(__file__).parent.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None  # noqa: S101
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{work} did not begin")
        yield _Worker(process)
        if process.wait(60):
            raise RuntimeError(f"{work} failed")
    finally:
        process.kill()
        process.wait()


# Pasts, and copies of them.


def _template(bench: Bench, rows: int, *, is_partitioned: bool) -> tuple[Database, Past]:
    """Two years in one table, or in the partitions of a log that was partitioned when they began."""
    database = bench.portals.postgresql(f"log_{'in_parts' if is_partitioned else 'in_one'}")
    assert database is not None  # noqa: S101 (asked before)
    with database.use():
        if is_partitioned:
            partition_from(bench.moment - timedelta(days=bench.days), bench.moment)
        history = past.write(rows, bench.moment, bench.days)
        reader()
        database.wrapper.close()
    return database, history


def partition_from(first: datetime, last: datetime) -> None:
    """As a log is that was partitioned then and looked after since."""
    partitioning.way(is_undo=False).carry_out(first, lambda _: None)
    month = partitions.month_of(first.date())
    while month <= last.date():
        partition_care.keep_ahead(datetime.combine(month, last.timetz()))
        month = partitions.next_month(month)


@contextmanager
def _copy(bench: Bench, template: Database, name: str) -> Iterator[Database]:
    server = bench.portals.server
    assert server is not None  # noqa: S101 (asked before)
    database = bench.portals.copied(template, f"{template.name}_{name}")
    try:
        yield database
    finally:
        database.wrapper.close()
        with server.connect() as connection:
            connection.execute(f"DROP DATABASE {database.name} WITH (FORCE)")


# The writer.


def _writing(bench: Bench) -> Iterator[Figure]:
    database = bench.portals.postgresql("written_in_parts")
    assert database is not None  # noqa: S101 (asked before)
    times = 20 if bench.is_small else operation_log.OPERATIONS
    with database.use():
        partition_from(bench.moment - timedelta(days=365), bench.moment)
        count = len(partitions.of_log())
        with operation_log.driver(database, "", bench.moment) as bare:
            took = side_by_side(operation_log.portal(bench.moment), bare, bench.pairs, calls=(times, times))
    what = f"start and end of an operation in a log of {count} partitions: rate of the bare driver's"
    yield Figure(what, took.ratio, at_least(0.6), size=times, spread=took.spread, note=f"{took.times} for each")
