"""Trends: operations and their durations day by day, as figures, tables and files."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitoring import rollups, trends
from monitoring.figures import trends as figures
from monitoring.figures.theme import SERIES, THEMES
from monitoring.forms import TrendForm
from monitoring.rows import WEAK_BELOW
from monitoring.views.sheets import SUMMARY, csv_file, refused, summary_cells
from strategies.views.access import SignedIn, for_readers_of_sql


def _form(request: SignedIn) -> TrendForm:
    return TrendForm(request.GET, user=request.user, today=timezone.now().astimezone(UTC).date())


@require_safe
@for_readers_of_sql
def trend_page(request: SignedIn) -> HttpResponse:
    form = _form(request)
    context: dict[str, Any] = {
        "filter": {"form": form, "problems": form.problems},
        "query": request.GET.urlencode(),
        "counted_at": rollups.looked_at(),
    }
    if form.is_valid():
        trend = trends.trend(request.user, form.days, **form.narrowed)
        context |= {
            "trend": trend,
            "form": form,
            "jobs": trends.job_names(request.user, form.days),
            "latest_first": trend.days[::-1],
            "shown": trend.timed[:SERIES],
            "by_day": trend.by_day(SERIES),
            "themes": THEMES,
            "weak_below": WEAK_BELOW,
            "operations_figure": figures.operations_per_day(trend.days),
            "operations_words": figures.operations_in_words(trend.days, trend.total),
            "durations_figure": figures.durations_per_day(trend.days, is_log=form.is_log),
            "durations_words": figures.durations_in_words(trend.days, trend.total),
            "strategies_figure": figures.p95_per_strategy(trend.timed),
            "strategies_words": figures.strategies_in_words(trend.timed),
        }
    return render(request, "monitoring/trends.html", context)


@require_safe
@for_readers_of_sql
def trend_csv(request: SignedIn) -> HttpResponse:
    """Day by day."""
    form = _form(request)
    if not form.is_valid():
        return refused(request, form, "trends")
    trend = trends.trend(request.user, form.days, **form.narrowed)
    rows = ((day.day, day.summary.count, *summary_cells(day.summary)) for day in trend.days)
    return csv_file("trends.csv", ("day", "operations", *SUMMARY), rows)


@require_safe
@for_readers_of_sql
def strategy_trend_csv(request: SignedIn) -> HttpResponse:
    """Each strategy day by day."""
    form = _form(request)
    if not form.is_valid():
        return refused(request, form, "trends")
    rows = (
        (one.strategy, day.day, day.summary.count, *summary_cells(day.summary))
        for one in trends.trend(request.user, form.days, **form.narrowed).strategies
        for day in one.days
    )
    return csv_file("trends-by-strategy.csv", ("strategy", "day", "operations", *SUMMARY), rows)
