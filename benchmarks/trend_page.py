"""Figure 1: the trend of thirty days, from the rollups against straight from the log.

Both give the same rows, everything that the page shows: of all work, of each day, of each strategy, of each of these days. On
SQLite the log is read by the ORM and counted in Python, on PostgreSQL by one statement with percentile_cont; both have an index
that covers all their columns, which the portal does without. Both leave out what the reader may not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC

from benchmarks import from_log
from benchmarks.bench import Bench, reader
from benchmarks.measuring import Figure, Goal, at_least, not_measured, side_by_side
from monitoring import trends
from monitoring.rows import Period, Trend
from strategies.models import User

DAYS = 30
WAYS: tuple[tuple[str, str, Callable[[User, Period], Trend], Goal], ...] = (
    ("sqlite", "the ORM on SQLite", from_log.by_orm, at_least(100)),
    ("postgresql", "percentile_cont on PostgreSQL", from_log.by_percentile_cont, at_least(10)),
)


def measure(bench: Bench) -> Iterator[Figure]:
    period = Period.ending(bench.moment.astimezone(UTC).date(), min(DAYS, bench.days))
    for vendor, name, straight, goal in WAYS:
        for rows in bench.rows:
            what = f"trend of {period.length} days: rollups faster than {name}"
            judged = goal if rows == bench.rows[-1] else None
            with bench.past(vendor, rows) as found:
                if found is None:
                    yield not_measured(what, "no PostgreSQL on this machine", judged)
                    break
                user = reader()
                with from_log.covering_index():
                    took = side_by_side(
                        lambda user=user: trends.trend(user, period),  # type: ignore[misc]
                        lambda user=user, straight=straight: straight(user, period),  # type: ignore[misc]
                        bench.pairs,
                        calls=(5, 1),
                    )
            yield Figure(what, took.ratio, judged, size=found[1].rows, spread=took.spread, note=took.times)
