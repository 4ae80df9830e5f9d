"""The figure of the operation log's health: how many rows came each day."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.figures.theme import Figure, axis, count_axis, day_axis, layout
from monitoring.figures.trends import HEIGHT
from monitoring.rows import DayCount


def rows_per_day(days: Sequence[DayCount]) -> Figure:
    """One bar a day."""
    bar = {
        "type": "bar",
        "name": "Rows",
        "x": [day.day.isoformat() for day in days],
        "y": [day.n for day in days],
        "hovertemplate": "%{y:,d}",
    }
    across = day_axis(days[0].day, days[-1].day) if days else axis(type="date")
    vertical = count_axis(day.n for day in days)
    shape = layout("growth", HEIGHT, bargap=0.2, showlegend=False, xaxis=across, yaxis=vertical)
    return {"data": [bar], "layout": shape}


def rows_in_words(days: Sequence[DayCount]) -> str:
    """Like `12,000 rows in 30 days, 400 a day; the most on one day: 900 on 3 Nov 2026.`"""
    total = sum(day.n for day in days)
    if not total:
        return f"No row in {len(days)} days."
    most = max(days, key=lambda day: day.n)
    return (
        f"{total:,} rows in {len(days)} days, {total / len(days):,.0f} a day; the most on one day: "
        f"{most.n:,} on {most.day.day} {most.day:%b %Y}."
    )
