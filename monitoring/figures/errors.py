"""The figures of errors: one bar a day, as a chart, and as bars so small that they fit into a row of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from monitoring.figures.theme import Figure, axis, count_axis, day_axis, layout
from monitoring.figures.trends import HATCHED, HEIGHT
from monitoring.rows import DayCount

MOST_BARS = 31
WIDTH, TALL = 124, 24  # pixels of the small bars
GAP = 1


def errors_per_day(days: Sequence[DayCount]) -> Figure:
    """One hatched bar a day."""
    bar = {
        "type": "bar",
        "name": "Errors",
        "x": [day.day.isoformat() for day in days],
        "y": [day.n for day in days],
        "marker": {"pattern": HATCHED},
        "hovertemplate": "%{y}",
    }
    across = day_axis(days[0].day, days[-1].day) if days else axis(type="date")
    vertical = count_axis(day.n for day in days)
    shape = layout("failures", HEIGHT, bargap=0.2, showlegend=False, xaxis=across, yaxis=vertical)
    return {"data": [bar], "layout": shape}


class Bar(NamedTuple):
    """A rectangle, in pixels from the upper left corner."""

    x: float
    y: float
    width: float
    height: float


class SmallBars(NamedTuple):
    """Errors over some days, in at most `MOST_BARS` bars; `words` say the same."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    words: str


def small_bars(days: Sequence[DayCount]) -> SmallBars:
    """The tallest bar is as tall as there is room; days without errors have none."""
    each = max(1, -(-len(days) // MOST_BARS))  # days of one bar
    sums = [sum(day.n for day in days[start : start + each]) for start in range(0, len(days), each)]
    most, step = max(sums, default=0), WIDTH / max(1, len(sums))
    bars = tuple(
        Bar(round(step * n, 2), round(TALL - tall, 2), round(step - GAP, 2), round(tall, 2))
        for n, value in enumerate(sums)
        if value and (tall := max(2.0, TALL * value / most))
    )
    return SmallBars(bars, WIDTH, TALL, errors_in_words(days))


def errors_in_words(days: Sequence[DayCount]) -> str:
    """Like `12 in 30 days, on 5 of them; the most on one day: 4 on 3 Nov 2026.`"""
    total = sum(day.n for day in days)
    if not total:
        return f"None in {len(days)} days."
    most = max(days, key=lambda day: day.n)
    hit = sum(1 for day in days if day.n)
    return (
        f"{total:,} in {len(days)} days, on {hit} of them; the most on one day: "
        f"{most.n:,} on {most.day.day} {most.day:%b %Y}."
    )
