"""Figures: valid by Plotly's own schema in both themes, with colours that everybody can tell apart."""

from __future__ import annotations

import itertools
import json
from datetime import date
from typing import Any

import plotly.graph_objects as go
import pytest

from monitoring.figures import statistics, theme, trends
from monitoring.rows import Day, Meter, Meters, Performance, Period, StrategyDays, Summary

HOSTILE = '<a href="javascript:alert(1)">x</a> & "ORDERS"'
PERIOD = Period.ending(date(2026, 11, 24), 30)
METERS = Meters(Meter(0, 0), Meter(12.5, 1), Meter(3, 1), Meter(9, 2))


def summary(number: int, longest_ms: float = 90_000.0) -> Summary:
    if number % 5 == 0:
        return Summary()
    share = longest_ms / 30 * (number % 30)
    return Summary(number, number - 3, 1, 1, 1, 0, number, share / 2, share / 3, share)


def days(longest_ms: float = 90_000.0) -> tuple[Day, ...]:
    return tuple(Day(day, summary(number, longest_ms)) for number, day in enumerate(PERIOD.days))


def strategies(count: int) -> tuple[StrategyDays, ...]:
    return tuple(StrategyDays(f"WORK_{n}", summary(n + 1), days(10.0 ** (n + 1))) for n in range(count))


def performances(count: int) -> tuple[Performance, ...]:
    return tuple(Performance(f"WORK_{n}" if n else HOSTILE, "", summary(n, 10.0**n), METERS) for n in range(count))


FIGURES: dict[str, dict[str, Any]] = {
    "operations": trends.operations_per_day(days()),
    "durations": trends.durations_per_day(days()),
    "durations, logarithmic": trends.durations_per_day(days(), is_log=True),
    "strategies": trends.p95_per_strategy(strategies(9)),
    "outcomes": statistics.outcomes_by_strategy(performances(20)),
    "durations of strategies": statistics.durations_by_strategy(performances(8)),
    "nothing measured": trends.durations_per_day(tuple(Day(day, Summary()) for day in PERIOD.days), is_log=True),
    "no strategy": trends.p95_per_strategy(()),
    "no statistics": statistics.durations_by_strategy(()),
    "a single day of nought": trends.durations_per_day((Day(PERIOD.first, Summary(1, 1, n=1, average_ms=0, p50_ms=0, p95_ms=0)),)),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("look", theme.THEMES)
def test_it_is_valid_and_can_be_sent(name: str, look: str) -> None:
    figure = FIGURES[name]
    template = theme.THEMES[look][figure["layout"]["meta"]]
    go.Figure({"data": figure["data"], "layout": {**figure["layout"], "template": template}})
    assert json.loads(json.dumps(figure, allow_nan=False)) == figure


@pytest.mark.parametrize("name", FIGURES)
def test_it_holds_no_colour_of_its_own(name: str) -> None:
    text = json.dumps(FIGURES[name])
    assert "#" not in text
    assert "rgb" not in text


def test_bars_add_up_to_the_operations_of_each_day() -> None:
    data = FIGURES["operations"]["data"]
    assert [trace["name"] for trace in data] == ["Succeeded", "With a warning", "Failed", "Cancelled"]
    assert [sum(values) for values in zip(*(trace["y"] for trace in data), strict=True)] == [
        day.summary.count for day in days()
    ]
    assert data[0]["x"] == [day.isoformat() for day in PERIOD.days]


def test_lines_have_gaps_where_there_was_no_work_and_hollow_marks_where_there_was_little() -> None:
    line = FIGURES["durations"]["data"][2]
    assert (line["y"][0], line["customdata"][0]) == (None, None)
    assert (line["y"][4], line["customdata"][4]) == (12, "12 s")
    assert [line["marker"]["symbol"][n] for n in (19, 21)] == ["circle-open", "circle"]


@pytest.mark.parametrize(
    ("longest_ms", "unit"),
    [(0, "ms"), (1999, "ms"), (2000, "s"), (119_000, "s"), (120_000, "min"), (7_200_000, "h"), (172_800_000, "d")],
)
def test_durations_are_shown_in_the_unit_that_fits(longest_ms: float, unit: str) -> None:
    assert theme.Unit.of(longest_ms).name == unit


@pytest.mark.parametrize(
    ("low", "high"), [(3, 3), (1, 1000), (21_000, 55_000), (1_300_000, 3_000_000), (1, 10**9), (999, 1001)]
)
def test_a_logarithmic_axis_has_marks_within_its_range_and_not_too_many(low: float, high: float) -> None:
    axis = theme.time_axis(theme.Unit.of(high), [low, None, 0, high], is_log=True)
    assert 1 <= len(axis["tickvals"]) <= 12
    first, last = axis["range"]
    assert all(10**first <= value <= 10**last for value in axis["tickvals"])
    assert len(set(axis["ticktext"])) == len(axis["tickvals"])


def test_names_that_sql_typed_are_text_and_not_tags() -> None:
    labels = FIGURES["outcomes"]["layout"]["yaxis"]["ticktext"]
    assert "<" not in labels[0]
    assert all(len(label) < 60 for label in labels)
    assert HOSTILE.capitalize() in statistics.outcomes_in_words(performances(2))


def test_figures_are_told_in_words() -> None:
    total = Summary(412, 402, 3, 7, 0, 0, 412, 1000.0, 800.0, 4200.0)
    words = trends.operations_in_words(days(), total)
    assert words.startswith("412 operations in 30 days: 7 failed, 3 ended with a warning")
    assert "29 on 24 Nov 2026" in words
    assert "p50 is 800 ms and p95 4.2 s" in trends.durations_in_words(days(), total)
    assert trends.durations_in_words(days(), Summary()) == "No duration was measured."
    assert "Work 2" in trends.strategies_in_words(strategies(3))
    assert trends.strategies_in_words(()) == "No duration was measured."
    assert statistics.durations_in_words(performances(3)).startswith("p95: Work 1 ")


# Colours. The matrices simulate full dichromacy on linear RGB: Machado, Oliveira, Fernandes, "A physiologically-based model
# for simulation of color vision deficiency", IEEE TVCG 15 (2009).
SIGHT = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(colour: str) -> list[float]:
    values = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""
    dark, light = sorted(
        sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True)) for colour in (one, other)
    )
    return (light + 0.05) / (dark + 0.05)


def lab(colour: str, sight: str) -> tuple[float, float, float]:
    """CIELAB (D65) as seen with this sight."""
    seen = [
        min(1, max(0, sum(a * b for a, b in zip(row, linear(colour), strict=True)))) for row in SIGHT[sight]
    ]  # fmt: skip
    xyz = (
        (0.4124 * seen[0] + 0.3576 * seen[1] + 0.1805 * seen[2]) / 0.9505,
        0.2126 * seen[0] + 0.7152 * seen[1] + 0.0722 * seen[2],
        (0.0193 * seen[0] + 0.1192 * seen[1] + 0.9505 * seen[2]) / 1.089,
    )
    x, y, z = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=("light", "dark"))
def test_colours_stand_out_and_apart_for_every_eye(colours: theme.Colours) -> None:
    """Fills and lines 3:1 and texts 4.5:1 against the card; ΔE 76 of at least 13 between any two of a palette."""
    for palette in (colours.outcomes, colours.durations, colours.series):
        assert min(contrast(colour, colours.card) for colour in palette) >= 3
        for sight, (one, other) in itertools.product(SIGHT, itertools.combinations(palette, 2)):
            apart = sum((a - b) ** 2 for a, b in zip(lab(one, sight), lab(other, sight), strict=True)) ** 0.5
            assert apart >= 13, (sight, one, other)
    assert min(contrast(colours.muted, colours.card), contrast(colours.ink, colours.card)) >= 4.5
    assert len(colours.series) == theme.SERIES <= len(theme.DASHES)


def test_small_counts_are_marked_by_whole_numbers_only() -> None:
    assert theme.count_axis([1, 0, 3])["dtick"] == 1
    assert "dtick" not in theme.count_axis([1, 900])
    assert theme.count_axis([])["dtick"] == 1
