"""Figures of errors and of the log's growth: valid by Plotly's own schema in both themes, and told in words."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.figures import errors, log_health, theme
from monitoring.rows import DayCount

FIRST = date(2026, 10, 26)


def days(*counts: int) -> tuple[DayCount, ...]:
    return tuple(DayCount(FIRST + timedelta(days=n), count) for n, count in enumerate(counts))


MONTH = days(*(0, 3, 0, 1, 7) * 6)
FIGURES: dict[str, dict[str, Any]] = {
    "errors": errors.errors_per_day(MONTH),
    "errors, none": errors.errors_per_day(days(*[0] * 7)),
    "errors, no day": errors.errors_per_day(()),
    "growth": log_health.rows_per_day(MONTH),
    "growth, no day": log_health.rows_per_day(()),
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("look", theme.THEMES)
def test_it_is_valid_can_be_sent_and_holds_no_colour(name: str, look: str) -> None:
    figure = FIGURES[name]
    template = theme.THEMES[look][figure["layout"]["meta"]]
    go.Figure({"data": figure["data"], "layout": {**figure["layout"], "template": template}})
    text = json.dumps(figure, allow_nan=False)
    assert json.loads(text) == figure
    assert "#" not in text
    assert "rgb" not in text


def test_bars_are_the_counts_of_their_days() -> None:
    (bar,) = FIGURES["errors"]["data"]
    assert (bar["x"], bar["y"]) == ([day.day.isoformat() for day in MONTH], [day.n for day in MONTH])
    assert FIGURES["growth"]["data"][0]["y"] == bar["y"]


@given(st.lists(st.integers(0, 10**6), max_size=400))
def test_small_bars_stay_within_their_frame(counts: list[int]) -> None:
    small = errors.small_bars(days(*counts))
    assert len(small.bars) <= errors.MOST_BARS
    assert bool(small.bars) == any(counts)
    for bar in small.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= small.width
        assert bar.y >= 0
        assert bar.y + bar.height <= small.height + 0.01
        assert bar.height >= 2
    if any(counts):
        assert max(bar.height for bar in small.bars) == small.height


def test_small_bars_of_a_year_add_days_up() -> None:
    small = errors.small_bars(days(*[1] * 365))
    assert len(small.bars) == 31
    assert len({bar.height for bar in small.bars[:-1]}) == 1
    assert small.words == "365 in 365 days, on 365 of them; the most on one day: 1 on 26 Oct 2026."


def test_figures_are_told_in_words() -> None:
    assert errors.errors_in_words(MONTH) == "66 in 30 days, on 18 of them; the most on one day: 7 on 30 Oct 2026."
    assert errors.errors_in_words(days(0, 0)) == "None in 2 days."
    assert log_health.rows_in_words(MONTH) == "66 rows in 30 days, 2 a day; the most on one day: 7 on 30 Oct 2026."
    assert log_health.rows_in_words(days(0)) == "No row in 1 days."
