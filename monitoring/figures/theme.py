"""The looks of all figures in both themes, as Plotly templates; and what their axes and legends share.

A figure holds no colour. Its `layout.meta` names a palette, and the page puts the palette's template of the theme at hand
beneath it. Colours keep 3:1 against the card (WCAG 1.4.11), and apart from each other also for the colour-blind; what they
tell is told by pattern, dash or place as well.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

Figure = dict[str, Any]  # "data" and "layout" of the Plotly schema
Palettes = dict[str, dict[str, Any]]  # by the name that `layout.meta` gives: a Plotly template

FONT = '"Inter V", system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif'
MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}
LONGEST_TITLE = 28
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


class Colours(NamedTuple):
    """One theme. `outcomes`: succeeded, warning, failed, cancelled; `durations`: average, p50, p95; `series`: one each."""

    card: str
    ink: str
    muted: str
    line: str
    outcomes: tuple[str, ...]
    durations: tuple[str, ...]
    series: tuple[str, ...]


LIGHT = Colours(
    card="#ffffff",
    ink="#17212b",
    muted="#55626f",
    line="#dfe4ea",
    outcomes=("#35a07a", "#bd8200", "#8f1d17", "#5d6b79"),
    durations=("#6f7d8a", "#0b5cad", "#b35900"),
    series=("#1f6fc4", "#d9601a", "#2aa198", "#3b1a5e", "#7a4b00"),
)
DARK = Colours(
    card="#17212b",
    ink="#e3e9ef",
    muted="#9fb0bf",
    line="#2b3945",
    outcomes=("#58c7a0", "#f5d76e", "#f0583f", "#7686b0"),
    durations=("#9fb0bf", "#6cb2f5", "#f0a350"),
    series=("#4f94e8", "#ff7043", "#63d8b8", "#e9c6ff", "#fff0a8"),
)
SERIES = len(LIGHT.series)  # so many at most in one figure


def palettes(colours: Colours) -> Palettes:
    """A template for each palette; its colours go to the traces in their order."""
    ground = {
        "paper_bgcolor": colours.card,
        "plot_bgcolor": colours.card,
        "font": {"family": FONT, "size": 12, "color": colours.muted},
        "hoverlabel": {"bgcolor": colours.card, "bordercolor": colours.line, "font": {"color": colours.ink}},
        "xaxis": {"gridcolor": colours.line, "linecolor": colours.line, "zerolinecolor": colours.line},
        "yaxis": {"gridcolor": colours.line, "linecolor": colours.line, "zerolinecolor": colours.line},
    }
    return {
        "outcomes": {
            "layout": {**ground, "colorway": [colours.ink]},  # of lines over the bars
            "data": {"bar": [{"marker": {"color": colour, "line": {"width": 0}}} for colour in colours.outcomes]},
        },
        "failures": {
            "layout": ground,
            "data": {"bar": [{"marker": {"color": colours.outcomes[2], "line": {"width": 0}}}]},
        },
        "growth": {"layout": ground, "data": {"bar": [{"marker": {"color": colours.series[0], "line": {"width": 0}}}]}},
        "lanes": {"layout": ground, "data": {"bar": [{"marker": marker} for marker in _lanes(colours)]}},
        "durations": {"layout": {**ground, "colorway": list(colours.durations)}},
        "series": {"layout": {**ground, "colorway": list(colours.series)}},
    }


def _lanes(colours: Colours) -> list[dict[str, Any]]:
    """Windows (pale, with an edge), what is free, freezes (pale), what runs, what is planned, what is due (pale), what is too late.

    They are told apart by place, pattern and edge as well.
    """
    blue, orange, green, violet, brown = colours.series
    plain = {"line": {"color": colours.card, "width": 1}}  # so that bars beside each other are told apart
    free, running, planned, late = ({"color": colour, **plain} for colour in (green, blue, brown, orange))
    freeze = {**_edged(violet), "pattern": {"fgcolor": violet}}
    return [_edged(colours.muted), free, freeze, running, planned, _edged(brown), late]


def _edged(colour: str) -> dict[str, Any]:
    return {"color": _pale(colour), "line": {"color": colour, "width": 1}}


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.14)"


THEMES: dict[str, Palettes] = {"light": palettes(LIGHT), "dark": palettes(DARK)}


def layout(palette: str, height: int, **more: Any) -> dict[str, Any]:
    """What every figure has: a legend above, axes that neither zoom nor catch a finger that scrolls."""
    return {
        "meta": palette,
        "height": height,
        "margin": MARGIN,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "hovermode": "x unified",
        **more,
    }


def axis(**more: Any) -> dict[str, Any]:
    return {"fixedrange": True, "automargin": True, **more}


def count_axis(counts: Iterable[int]) -> dict[str, Any]:
    """Whole numbers from nought, also where the highest is so small that Plotly would mark halves of them."""
    whole = {"dtick": 1} if max(counts, default=0) < 5 else {"nticks": 6}
    return axis(rangemode="tozero", tickformat=",d", **whole)


def day_axis(first: date, last: date) -> dict[str, Any]:
    """Whole days, also where the first or the last of them is empty."""
    ends = [f"{first - timedelta(days=1)}T12:00", f"{last}T12:00"]
    return axis(type="date", tickformat="%-d %b", hoverformat="%-d %b %Y", nticks=8, showgrid=False, range=ends)


def plain_title(name: str) -> str:
    """A name as people read it: INDEX_MAINTENANCE → Index maintenance."""
    return name.replace("_", " ").capitalize()


def title(name: str) -> str:
    """The same for a figure: not too long, and without tags, which Plotly would read."""
    text = plain_title(name)
    return html.escape(text if len(text) <= LONGEST_TITLE else f"{text[: LONGEST_TITLE - 1]}…", quote=False)


def category_axis(names: Sequence[str]) -> dict[str, Any]:
    """One line a name, the first above."""
    shown = {"tickvals": list(names), "ticktext": [title(name) for name in names]}
    return axis(type="category", autorange="reversed", ticklabelstandoff=6, **shown)


class Unit(NamedTuple):
    """What durations are shown in."""

    name: str
    ms: int
    most: float  # of which the next unit is made

    @classmethod
    def of(cls, longest_ms: float) -> Unit:
        """The largest unit of which the longest has at least two."""
        return next((unit for unit in UNITS if longest_ms >= 2 * unit.ms), UNITS[-1])

    def values(self, durations_ms: list[float | None]) -> list[float | None]:
        """In this unit, to four figures that matter."""
        return [None if ms is None else float(f"{ms / self.ms:.4g}") for ms in durations_ms]


UNITS = (
    Unit("d", 86_400_000, math.inf),
    Unit("h", 3_600_000, 24),
    Unit("min", 60_000, 60),
    Unit("s", 1000, 60),
    Unit("ms", 1, 1000),
)
NUMBERS = (1, 2, 5, 10, 20, 30, 50, 100, 200, 500, 1000)


def in_words(duration_ms: float) -> str:
    """A duration to three figures that matter: `2.5 s`."""
    unit = next((unit for unit in UNITS if duration_ms >= unit.ms), UNITS[-1])
    figure = duration_ms / unit.ms
    return f"{figure:,.0f} {unit.name}" if figure >= 1000 else f"{figure:.3g} {unit.name}"


def words(durations_ms: Sequence[float | None]) -> list[str | None]:
    """What is said of each point that the reader points at."""
    return [None if ms is None else in_words(ms) for ms in durations_ms]


def longest(durations_ms: Sequence[float | None]) -> float:
    return max((ms for ms in durations_ms if ms is not None), default=0)


def time_axis(unit: Unit, durations_ms: Sequence[float | None], *, is_log: bool) -> dict[str, Any]:
    """Durations in this unit. A logarithmic axis is marked in the units of each of its parts, and has no place for 0 ms."""
    shown = [ms for ms in durations_ms if ms]
    if not is_log or not shown:
        return axis(title={"text": unit.name, "standoff": 8}, type="linear", rangemode="tozero", nticks=6)
    low, high = min(shown) / 1.6, max(shown) * 1.6
    numbers = NUMBERS if high / low < 500 else (1, 10, 100)
    marks = [
        (number * mark.ms / unit.ms, f"{number} {mark.name}")
        for mark in UNITS
        for number in numbers
        if low <= number * mark.ms <= high and number < mark.most
    ]
    return axis(
        type="log",
        range=[math.log10(low / unit.ms), math.log10(high / unit.ms)],
        tickvals=[value for value, _ in marks],
        ticktext=[text for _, text in marks],
    )
