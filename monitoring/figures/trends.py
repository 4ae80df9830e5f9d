"""The figures of the trends page: operations and failures, durations, and the strategies' 95th percentiles, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitoring.figures.theme import (
    DASHES,
    SERIES,
    Figure,
    Unit,
    axis,
    count_axis,
    day_axis,
    in_words,
    layout,
    longest,
    plain_title,
    time_axis,
    title,
    words,
)
from monitoring.rows import Day, StrategyDays, Summary

OUTCOMES = (
    ("succeeded", "Succeeded"),
    ("warned", "With a warning"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
)
DURATIONS = (("average_ms", "Average", "dot"), ("p50_ms", "p50", "solid"), ("p95_ms", "p95", "dash"))
HATCHED = {"shape": "/", "size": 6, "solidity": 0.2, "fillmode": "overlay"}
HEIGHT = 260


def operations_per_day(days: Sequence[Day]) -> Figure:
    """Operations that ended, one bar a day, failures hatched."""
    data = [
        {
            "type": "bar",
            "name": label,
            "x": _dates(days),
            "y": [getattr(day.summary, name) for day in days],
            "marker": {"pattern": HATCHED} if name == "failed" else {},
            "hovertemplate": "%{y}",
        }
        for name, label in OUTCOMES
    ]
    return {
        "data": data,
        "layout": layout(
            "outcomes", HEIGHT, barmode="stack", bargap=0.2, xaxis=_day_axis(days), yaxis=count_axis(day.summary.count for day in days)
        ),
    }  # fmt: skip


def durations_per_day(days: Sequence[Day], *, is_log: bool = False) -> Figure:
    """Average, p50 and p95; hollow marks where they rest on few values. A logarithmic axis has no place for 0 ms."""
    columns = [[getattr(day.summary, name) for day in days] for name, _, _ in DURATIONS]
    every = [ms for column in columns for ms in column]
    unit = Unit.of(longest(every))
    data = [_line(label, days, column, unit, dash) for (_, label, dash), column in zip(DURATIONS, columns, strict=True)]
    vertical = time_axis(unit, every, is_log=is_log)
    return {"data": data, "layout": layout("durations", HEIGHT, xaxis=_day_axis(days), yaxis=vertical)}


def p95_per_strategy(strategies: Sequence[StrategyDays]) -> Figure:
    """The 95th percentile of the busiest strategies, one line each; logarithmic, since they differ by powers of ten."""
    shown = strategies[:SERIES]
    days = shown[0].days if shown else ()
    every = [day.summary.p95_ms for one in shown for day in one.days]
    unit = Unit.of(longest(every))
    data = [
        _line(title(one.strategy), one.days, [day.summary.p95_ms for day in one.days], unit, dash)
        for one, dash in zip(shown, DASHES, strict=False)
    ]
    vertical = time_axis(unit, every, is_log=True)
    return {"data": data, "layout": layout("series", HEIGHT + 60, xaxis=_day_axis(days), yaxis=vertical)}


def _line(name: str, days: Sequence[Day], durations_ms: list[float | None], unit: Unit, dash: str) -> dict[str, Any]:
    symbols = ["circle-open" if day.summary.is_weak else "circle" for day in days]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": _dates(days),
        "y": unit.values(durations_ms),
        "customdata": words(durations_ms),
        "line": {"width": 2, "dash": dash},
        "marker": {"size": 5 if len(days) > 100 else 7, "symbol": symbols},
        "hovertemplate": "%{customdata}",
    }


def _dates(days: Sequence[Day]) -> list[str]:
    return [day.day.isoformat() for day in days]


def _day_axis(days: Sequence[Day]) -> dict[str, Any]:
    return day_axis(days[0].day, days[-1].day) if days else axis(type="date")


# The same in words, for whoever does not see the figure.


def operations_in_words(days: Sequence[Day], total: Summary) -> str:
    most = max(days, key=lambda day: day.summary.count)
    return (
        f"{total.count:,} operations in {len(days)} days: {total.failed:,} failed, {total.warned:,} ended with a warning, "
        f"{total.cancelled:,} were cancelled. The most on one day: {most.summary.count:,} on {most.day.day} {most.day:%b %Y}."
    )


def durations_in_words(days: Sequence[Day], total: Summary) -> str:
    measured = [day.summary.p95_ms for day in days if day.summary.p95_ms is not None]
    if not measured or total.p50_ms is None or total.p95_ms is None:
        return "No duration was measured."
    return (
        f"Over all days p50 is {in_words(total.p50_ms)} and p95 {in_words(total.p95_ms)}; by day p95 lies between "
        f"{in_words(min(measured))} and {in_words(max(measured))}. {total.n:,} durations were measured."
    )


def strategies_in_words(strategies: Sequence[StrategyDays]) -> str:
    parts = [
        f"{plain_title(one.strategy)} {in_words(one.total.p95_ms)}"
        for one in strategies[:SERIES]
        if one.total.p95_ms is not None
    ]
    return f"p95 over all days: {', '.join(parts)}." if parts else "No duration was measured."
