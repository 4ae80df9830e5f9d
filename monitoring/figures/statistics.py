"""The figures of the statistics page: how the operations of each strategy ended, and how long they took."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.figures.theme import (
    Figure,
    Unit,
    category_axis,
    count_axis,
    in_words,
    layout,
    longest,
    plain_title,
    time_axis,
    words,
)
from monitoring.figures.trends import DURATIONS, HATCHED, OUTCOMES
from monitoring.rows import Performance

ROW = 34  # pixels of one strategy
FRAME = 86  # pixels of legend and axis
SHOWN = 12
MARKS = ("diamond", "circle", "square")  # average, p50, p95


def outcomes_by_strategy(rows: Sequence[Performance]) -> Figure:
    """One bar a strategy, the busiest above, failures hatched."""
    shown = rows[:SHOWN]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "y": [row.strategy for row in shown],
            "x": [getattr(row.summary, name) for row in shown],
            "marker": {"pattern": HATCHED} if name == "failed" else {},
            "hovertemplate": "%{x}",
        }
        for name, label in OUTCOMES
    ]
    height = FRAME + ROW * len(shown)
    across = count_axis(row.summary.count for row in shown)
    return {
        "data": data,
        "layout": layout(
            "outcomes", height, barmode="stack", bargap=0.35, hovermode="y unified", xaxis=across,
            yaxis=category_axis([row.strategy for row in shown]) | {"showgrid": False},
        ),
    }  # fmt: skip


def durations_by_strategy(rows: Sequence[Performance]) -> Figure:
    """A mark each for average, p50 and p95 of a strategy, on a logarithmic axis; hollow where they rest on few values."""
    shown = [row for row in rows if row.summary.n][:SHOWN]
    columns = [[getattr(row.summary, name) for row in shown] for name, _, _ in DURATIONS]
    every = [ms for column in columns for ms in column]
    unit = Unit.of(longest(every))
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": label,
            "y": [row.strategy for row in shown],
            "x": unit.values(column),
            "customdata": words(column),
            "marker": {
                "size": 11,
                "line": {"width": [2 if row.summary.is_weak else 0 for row in shown]},
                "symbol": [f"{mark}-open" if row.summary.is_weak else mark for row in shown],
            },
            "hovertemplate": "%{customdata}",
        }
        for (_, label, _), column, mark in zip(DURATIONS, columns, MARKS, strict=True)
    ]
    height = FRAME + ROW * len(shown)
    return {
        "data": data,
        "layout": layout(
            "durations", height, hovermode="y unified", xaxis=time_axis(unit, every, is_log=True),
            yaxis=category_axis([row.strategy for row in shown]),
        ),
    }  # fmt: skip


# The same in words, for whoever does not see the figure.


def outcomes_in_words(rows: Sequence[Performance]) -> str:
    each = [
        f"{plain_title(row.strategy)} {row.summary.count:,}, of which {row.summary.failed:,} failed"
        for row in rows[:SHOWN]
    ]
    return f"Operations: {'; '.join(each)}."


def durations_in_words(rows: Sequence[Performance]) -> str:
    each = [
        f"{plain_title(row.strategy)} {in_words(row.summary.p95_ms)}"
        for row in rows[:SHOWN]
        if row.summary.p95_ms is not None
    ]
    return f"p95: {'; '.join(each)}." if each else "No duration was measured."
