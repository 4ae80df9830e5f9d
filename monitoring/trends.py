"""How much was done day by day, how it ended and how long it took; read from the rollups, never from the log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

from django.db.models import Sum

from monitoring.models import Grain, Rollup
from monitoring.models.rollup import RollupQuerySet
from monitoring.rows import Day, Period, StrategyDays, Summary, Trend
from monitoring.sums import Sums
from strategies.models import StrategyType, User

JOBS_OFFERED = 50
NOTHING = Summary()


def trend(user: User, period: Period, *, strategy: str = "", target: int | None = None, job: str = "") -> Trend:
    """Operations of these days, of one strategy, target (its key) or job (its name today) if asked for; one query."""
    grain = Grain.JOB if job else Grain.STRATEGY
    rows = of(user, grain, period, strategy=strategy, target=target)
    found = (rows.with_titles().filter(title=job) if job else rows).summed("day", "strategy_name", meters=False)
    total, by_day, by_strategy = Sums(), defaultdict[date, Sums](Sums), defaultdict[str, Sums](Sums)
    each: dict[str, dict[date, Sums]] = defaultdict(dict)
    for (day, name), sums in found.items():
        each[name][day] = sums
        by_day[day].add(sums)
        by_strategy[name].add(sums)
    for sums in by_strategy.values():
        total.add(sums)
    busiest = sorted(each, key=lambda name: (-by_strategy[name].count, name))
    return Trend(
        period,
        total.summary,
        _days(period, by_day),
        tuple(StrategyDays(name, by_strategy[name].summary, _days(period, each[name])) for name in busiest),
    )


def _days(period: Period, found: Mapping[date, Sums]) -> tuple[Day, ...]:
    """Every day of the period, also those without work."""
    return tuple(Day(day, found[day].summary if day in found else NOTHING) for day in period.days)


def of(user: User, grain: Grain, period: Period, *, strategy: str = "", target: int | None = None) -> RollupQuerySet:
    """Rollups of these days that the user may see, narrowed where asked for."""
    rows = Rollup.objects.visible_to(user).filter(grain=grain, day__gte=period.first, day__lte=period.last)
    if strategy:
        rows = rows.filter(strategy_name=strategy)
    if target is not None:
        rows = rows.filter(target_id=target)
    return rows


def strategy_names(user: User, last: date) -> list[str]:
    """Strategies that are registered, and those that left rows within a year which the user may see."""
    rows = of(user, Grain.ROW, Period(last - timedelta(days=365), last)).order_by()
    seen = rows.values_list("strategy_name", flat=True).distinct()
    return sorted({*seen, *StrategyType.objects.values_list("strategy_name", flat=True)})


def job_names(user: User, period: Period) -> list[str]:
    """The jobs with the most operations on these days, by their names today."""
    rows = of(user, Grain.JOB, period).with_titles().order_by().values_list("title").annotate(n=Sum("count"))
    return sorted(name for name, _ in rows.order_by("-n", "title")[:JOBS_OFFERED])
