"""Figure 4: what keeping the rollups true costs for each row of the log, against what the bare driver needs to write the row.

A day in the midst of the largest past is counted anew, whole, and every rollup of it is written anew; that, for each of its rows,
against start and end of an operation by the driver alone. How often a day is counted is bounded apart from that: looking for news
may take a fiftieth of the time (monitoring/rollups.py: SHARE), so what a look takes is told as well, as the share of a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from benchmarks import operation_log
from benchmarks.bench import Bench
from benchmarks.measuring import Figure, Goal, at_most, side_by_side
from monitoring import rollups
from monitoring.models import Grain, Rollup
from strategies.models import OperationLog

GOAL = at_most(10)


def measure(bench: Bench) -> Iterator[Figure]:
    rows, moment = bench.rows[-1], bench.moment
    found = bench.filled("sqlite", rows)
    beside = bench.empty("sqlite", "upkeep")
    if found is None or beside is None:
        return  # SQLite is there always
    database, past = found
    day = past.first + (past.last - past.first) / 2
    with database.use():
        start = datetime.combine(day, time.min, UTC)
        of_day = OperationLog.objects.filter(
            operation_time__gte=start, operation_time__lt=start + timedelta(days=1)
        ).count()

    def count_anew() -> None:
        with database.use():
            Rollup.objects.filter(grain__in=Grain.values, day=day).delete()
            rollups.rebuild(day, day)

    writes = 20 if bench.is_small else 200
    with beside.use(), operation_log.driver(beside, "FULL", moment) as write:
        took = side_by_side(write, count_anew, bench.pairs, calls=(writes, 1))
    share = [100 * ratio / of_day for ratio in took.ratios]
    each = f"{took.second_ms / of_day * 1000:.3g} µs for each of {of_day:,} rows against {took.first_ms * 1000:,.0f} µs"
    what = "counting a day anew, for each row, of the driver's start and end on SQLite"
    yield Figure(what, sorted(share)[len(share) // 2], GOAL, "%", rows, (min(share), max(share)), each)
    yield _look(bench, GOAL)


def _look(bench: Bench, goal: Goal) -> Figure:
    """Today and yesterday are counted at every look."""
    with bench.past("sqlite", bench.rows[-1]):
        took = side_by_side(lambda: rollups.roll_up(bench.moment, force=True), lambda: None, bench.pairs).first_ms
    return Figure(
        "a look for news at the end of that past, of the minute until the next", took / 600, at_most(100 / rollups.SHARE), "%",
        bench.rows[-1], note=f"{took:.0f} ms",
    )  # fmt: skip
