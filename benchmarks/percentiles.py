"""Figure 3: what the rollups say against the same counted exactly from the log: counts, failures, and the 95th percentile.

Compared are all work, each day, each strategy, and each of these days: a percentile with the value of the same rank, so that
small groups tell nothing about luck.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from itertools import chain

from benchmarks import from_log
from benchmarks.bench import Bench, reader
from benchmarks.measuring import Figure, at_most
from monitoring import trends
from monitoring.rows import Period, Summary, Trend

DAYS = 90


def measure(bench: Bench) -> Iterator[Figure]:
    period = Period.ending(bench.moment.astimezone(UTC).date(), min(DAYS, bench.days))
    with bench.past("sqlite", bench.rows[-1]) as found, from_log.covering_index():
        user = reader()
        told, exact = _summaries(trends.trend(user, period)), _summaries(from_log.by_orm(user, period))
    rows = found[1].rows if found else None
    pairs = list(zip(told, exact, strict=True))
    wrong = sum(_counts(ours) != _counts(theirs) for ours, theirs in pairs)
    off = [abs(ours.p95_ms / theirs.p95_ms - 1) for ours, theirs in pairs if ours.p95_ms and theirs.p95_ms]
    groups = f"of {len(pairs):,} groups over {period.length} days, {exact[0].count:,} operations"
    yield Figure(
        "p95 of the rollups off the exact value by at most", 100 * max(off), at_most(5), "%", rows, note=groups
    )
    yield Figure("groups with a wrong count, failures or average", wrong, at_most(0), "", rows, note=groups)


def _summaries(trend: Trend) -> list[Summary]:
    each = chain.from_iterable((one.total, *(day.summary for day in one.days)) for one in trend.strategies)
    return [trend.total, *(day.summary for day in trend.days), *each]


def _counts(summary: Summary) -> tuple[int | None, ...]:
    return (
        summary.count,
        summary.succeeded,
        summary.warned,
        summary.failed,
        summary.cancelled,
        summary.n,
        summary.average,
    )
