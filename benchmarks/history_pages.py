"""Figure 2: what a page costs with fifty times the past, for every page that shows history.

Whole pages, through Django's test client and a signed-in DBA: as they are opened from the navigation, further back, and narrowed,
by time to nearly the whole past.
The pages of the smallest and of the largest past are asked for in turns. On SQLite nothing was ANALYZEd, as in a portal just
installed; on PostgreSQL everything was, since it does that by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from django.test import Client
from django.urls import NoReverseMatch, reverse

from benchmarks.bench import VENDORS, Bench, reader
from benchmarks.measuring import Figure, at_most, not_measured, side_by_side
from benchmarks.past import Past
from benchmarks.portals import Database

GOAL = at_most(3)
# What it is called here; the name of the address; which key it takes; the query string. Keys are those of `_opener`.
PAGES = (
    ("home", "home", "", ""),
    ("trends", "trends", "", ""),
    ("trends of a year", "trends", "", "period=365"),
    ("statistics", "statistics", "", ""),
    ("statistics of a year", "statistics", "", "period=365"),
    ("errors", "errors", "", ""),
    ("a job", "job", "job", ""),
    ("a run", "run", "run", ""),
    ("runs", "runs", "", ""),
    ("runs that wait for somebody", "runs", "", "status=unhandled"),
    ("runs that succeeded", "runs", "", "status=succeeded"),
    ("runs that ended", "runs", "", "status=ended"),
    ("runs of 24 hours that succeeded", "runs", "", "status=succeeded_lately"),
    ("runs of a database, further back", "runs", "", "target={target}&before={run}"),
    ("operation log", "operations", "", ""),
    ("operation log, further back", "operations", "", "before={operation}"),
    ("operation log, errors of a database", "operations", "", "status=ERROR&target={target}"),
    ("operation log from one day to another", "operations", "", "since={since}&until={until}"),
    (
        "operation log from one day to another, further back",
        "operations",
        "",
        "since={since}&until={until}&before={operation}",
    ),
    ("an operation", "operation", "operation", ""),
    ("audit", "audit", "", ""),
    ("audit, further back", "audit", "", "before={operation}"),
    ("audit from one day to another, further back", "audit", "", "since={since}&until={until}&before={operation}"),
    ("audit of a run", "audit", "", "object_type=JobRun&object_id={run}"),
)


def measure(bench: Bench) -> Iterator[Figure]:
    for vendor in VENDORS:
        small, large = bench.filled(vendor, bench.rows[0]), bench.filled(vendor, bench.rows[-1])
        if small is None or large is None:
            yield not_measured("pages on PostgreSQL", "no PostgreSQL on this machine", GOAL)
            continue
        opens = [_opener(*small), _opener(*large)]
        for title, name, key, query in PAGES:
            what = f"{title}, on {large[0].title}: time at {large[1].rows:,} rows ÷ at {small[1].rows:,}"
            try:
                first, second = (open_(name, key, query) for open_ in opens)
            except NoReverseMatch:
                yield not_measured(what, "there is no such page", GOAL)
                continue
            took = side_by_side(first, second, bench.pairs)
            yield Figure(what, took.ratio, GOAL, size=large[1].rows, spread=took.spread, note=took.times)


Opener = Callable[[str, str, str], Callable[[], None]]


def _opener(database: Database, past: Past) -> Opener:
    """What makes, of a row of PAGES, a function that asks this portal for the page."""
    client = Client(SERVER_NAME="localhost")
    with database.use():
        client.force_login(reader())
    keys = {
        "job": past.job, "run": past.run, "operation": past.rows // 2, "target": past.target,
        "since": f"{past.first + timedelta(days=7)}T00:00", "until": f"{past.last - timedelta(days=7)}T00:00",
    }  # fmt: skip

    def prepared(name: str, key: str, query: str) -> Callable[[], None]:
        address = f"{reverse(name, args=[keys[key]] if key else [])}?{query.format(**keys)}"

        def ask() -> None:
            with database.use():
                answer = client.get(address)
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answered {answer.status_code}")

        return ask

    return prepared
