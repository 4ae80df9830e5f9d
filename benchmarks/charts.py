"""Figure 9: a figure as JSON in the page, and the first chart in a browser, against what Plotly for Python does by itself.

The JSON is that of forty lines of a year, made by the portal's own figure and written as the template does it; Plotly builds and
validates a go.Figure of the same and writes that. In the browser it is the first chart of the page of trends as it opens, thirty
days: the portal's, with its basic bundle and its script beside it, against `to_html` with everything in one page.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.conf import settings
from django.utils.html import json_script

from benchmarks.bench import Bench
from benchmarks.measuring import Figure, at_least, at_most, not_measured, side_by_side
from maintenance_portal.templatetags.portal import figure_script
from monitoring.figures import theme, trends
from monitoring.figures.theme import SERIES
from monitoring.rows import Day, StrategyDays, Summary

LINES, DAYS = 40, 365
FIRST_DAYS = 30
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def measure(bench: Bench) -> Iterator[Figure]:
    from plotly import graph_objects

    parts = _parts(bench.moment.astimezone(UTC).date())
    spec = {"data": [line for part in parts for line in part["data"]], "layout": parts[0]["layout"]}
    took = side_by_side(
        lambda: figure_script(spec, "figure"), lambda: graph_objects.Figure(spec).to_json(), bench.pairs, calls=(5, 1)
    )
    what = f"JSON of a figure of {LINES} × {DAYS} points faster than go.Figure"
    yield Figure(what, took.ratio, at_least(50), size=LINES * DAYS, spread=took.spread, note=took.times)
    first = _first(bench.moment.astimezone(UTC).date())
    yield _first_chart(bench, first, graph_objects.Figure(first).to_html(include_plotlyjs=True))


def _days(today: date, count: int, chance: Random) -> tuple[Day, ...]:
    def summary() -> Summary:
        n, failed, ms = chance.randrange(5, 400), chance.randrange(5), chance.lognormvariate(9, 1)
        return Summary(n, n - failed, 0, failed, 0, 0, n, ms, ms * 0.8, ms * 3)

    return tuple(Day(today - timedelta(days=number), summary()) for number in reversed(range(count)))


def _parts(today: date) -> list[theme.Figure]:
    """Figures of as many lines as the portal draws in one, until there are enough."""
    chance = Random(9)  # noqa: S311 (the same points each time)
    each = [StrategyDays(f"S{number}", Summary(), _days(today, DAYS, chance)) for number in range(LINES)]
    return [trends.p95_per_strategy(each[start : start + SERIES]) for start in range(0, LINES, SERIES)]


def _first(today: date) -> theme.Figure:
    return trends.operations_per_day(_days(today, FIRST_DAYS, Random(9)))  # noqa: S311


def _first_chart(bench: Bench, spec: theme.Figure, inline: str) -> Figure:
    what, goal = "first chart in a browser, of the time of inline to_html", at_most(0.5)
    browser = next((place for name in BROWSERS if (place := shutil.which(name))), None)
    if browser is None:
        return not_measured(what, "no Chromium on this machine", goal)
    theirs, ours = bench.portals.folder / "inline.html", bench.portals.folder / "ours.html"
    theirs.write_text(inline)
    ours.write_text(_page(spec))
    with _opened(browser) as show:
        took = side_by_side(lambda: show(theirs), lambda: show(ours), bench.pairs)
    note = f"{took.second_ms:.0f} ms against {took.first_ms:.0f} ms"
    return Figure(what, took.ratio, goal, size=len(trends.OUTCOMES) * FIRST_DAYS, spread=took.spread, note=note)


def _page(spec: theme.Figure) -> str:
    """What templates/monitoring/figure.html and chart_scripts.html make of it, with the files as they lie on the disk."""
    static = Path(settings.BASE_DIR, "static")
    return (
        '<!doctype html><meta charset="utf-8"><div class="plot" data-figure="figure"></div>'
        f"{figure_script(spec, 'figure')}{json_script(theme.THEMES, 'chart-themes')}"
        f'<script src="{static.as_uri()}/vendor/plotly/plotly-basic.min.js" defer></script>'
        f'<script src="{static.as_uri()}/js/charts.js" defer></script>'
    )


@contextmanager
def _opened(browser: str) -> Iterator[Callable[[Path], None]]:
    """A browser, and what shows a page in it until its chart is drawn. Nothing is kept from one page to the next."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium: Any = playwright.chromium.launch(executable_path=browser, args=FLAGS)
        try:

            def show(path: Path) -> None:
                context = chromium.new_context()
                page = context.new_page()
                page.goto(path.as_uri(), wait_until="commit")
                page.wait_for_selector(".main-svg .barlayer .point", state="attached")
                context.close()

            yield show
        finally:
            chromium.close()
