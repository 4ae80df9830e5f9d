"""The trend of some days straight from the operation log, as it would be read without rollups: exact, and slow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Count, Q
from django.db.models.functions import TruncDate

from monitoring.rows import Day, Period, StrategyDays, Summary, Trend
from strategies.models import OperationLog, User

_COVERING = "operation_time, strategy_name, status, duration_ms, target_id"


@contextmanager
def covering_index() -> Iterator[None]:
    """The best index that these queries can have; the portal itself has none like it, and none is left."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX gol_covering ON generic_operation_log ({_COVERING})")
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE generic_operation_log")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX gol_covering")


class _Group(NamedTuple):
    """Operations that ended, by outcome, and the durations of those that were measured, in no order."""

    outcomes: tuple[int, ...]
    durations_ms: list[int]

    @property
    def summary(self) -> Summary:
        """Percentiles are the values of rank ⌈percent · n / 100⌉, the rank that the rollups estimate."""
        ordered, n = sorted(self.durations_ms), len(self.durations_ms)
        succeeded, warned, failed, cancelled = self.outcomes
        return Summary(
            sum(self.outcomes), succeeded, warned, failed, cancelled, 0, n, sum(ordered) / n if n else None,
            _nearest(ordered, 50), _nearest(ordered, 95),
        )  # fmt: skip


def _nearest(ordered: Sequence[int], percent: int) -> float | None:
    return ordered[-(-percent * len(ordered) // 100) - 1] if ordered else None


def _together(groups: Sequence[_Group]) -> _Group:
    outcomes = tuple(map(sum, zip(*(group.outcomes for group in groups), strict=True)))
    return _Group(outcomes, [ms for group in groups for ms in group.durations_ms])


def by_orm(user: User, period: Period) -> Trend:
    """As one would write it first: counts by the database, day and strategy; percentiles in Python, from every duration."""
    start, end = _ends(period)
    rows = OperationLog.objects.visible_to(user).filter(operation_time__gte=start, operation_time__lt=end).order_by()
    rows_by_day = rows.annotate(day=TruncDate("operation_time", tzinfo=UTC)).values_list("day", "strategy_name")
    outcomes = {
        name: Count("pk", filter=Q(status__in=words))
        for name, words in (("good", ["SUCCESS"]), ("soso", ["WARNING"]), ("bad", ["ERROR", "TIMEOUT"]), ("off", ["CANCELLED"]))
    }  # fmt: skip
    each = {(day, strategy): _Group(tuple(n), []) for day, strategy, *n in rows_by_day.annotate(**outcomes)}
    measured = rows.filter(duration_ms__isnull=False).annotate(day=TruncDate("operation_time", tzinfo=UTC))
    for day, strategy, duration_ms in measured.values_list("day", "strategy_name", "duration_ms").iterator():
        each[day, strategy].durations_ms.append(duration_ms)  # type: ignore[arg-type]
    found: dict[tuple[date | None, str | None], list[_Group]] = defaultdict(list)
    for (day, strategy), group in each.items():
        for key in ((day, strategy), (day, None), (None, strategy), (None, None)):
            found[key].append(group)
    return _trend(period, {key: _together(groups).summary for key, groups in found.items()})


_SQL = """
SELECT (operation_time AT TIME ZONE 'UTC')::date AS day, strategy_name, count(*),
       count(*) FILTER (WHERE status = 'SUCCESS'), count(*) FILTER (WHERE status = 'WARNING'),
       count(*) FILTER (WHERE status IN ('ERROR', 'TIMEOUT')), count(*) FILTER (WHERE status = 'CANCELLED'),
       count(duration_ms), avg(duration_ms), percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY duration_ms)
  FROM generic_operation_log
 WHERE operation_time >= %s AND operation_time < %s AND (target_id = ANY(%s) OR target_id IS NULL)
 GROUP BY GROUPING SETS ((1, 2), (1), (2), ())
"""


def by_percentile_cont(user: User, period: Period) -> Trend:
    """One statement of PostgreSQL for all of it. These percentiles lie between two values where no value has the rank."""
    places = list(user.tenants.values_list("targets", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [*_ends(period), places])
        rows = cursor.fetchall()
    found: dict[tuple[date | None, str | None], Summary] = {}
    for day, strategy, count, *outcomes, n, average, percentiles in rows:
        succeeded, warned, failed, cancelled = outcomes
        p50, p95 = percentiles or (None, None)
        mean = None if average is None else float(average)
        found[day, strategy] = Summary(count, succeeded, warned, failed, cancelled, 0, n, mean, p50, p95)
    return _trend(period, found)


def _ends(period: Period) -> tuple[datetime, datetime]:
    start = datetime.combine(period.first, time.min, UTC)
    return start, start + timedelta(days=period.length)


def _trend(period: Period, found: Mapping[tuple[date | None, str | None], Summary]) -> Trend:
    """From the summary of each day and strategy; None stands for all of them."""
    nothing = Summary()

    def days(strategy: str | None) -> tuple[Day, ...]:
        return tuple(Day(day, found.get((day, strategy), nothing)) for day in period.days)

    names = [strategy for day, strategy in found if day is None and strategy is not None]
    busiest = sorted(names, key=lambda name: (-found[None, name].count, name))
    each = tuple(StrategyDays(name, found[None, name], days(name)) for name in busiest)
    return Trend(period, found.get((None, None), nothing), days(None), each)
