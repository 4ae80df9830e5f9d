"""Statistics: what strategies, kinds of operation and jobs did and what it cost, as figures, tables and files."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitoring import rollups, statistics
from monitoring.figures import statistics as figures
from monitoring.figures.theme import THEMES
from monitoring.forms import PeriodForm
from monitoring.rows import WEAK_BELOW
from monitoring.views.sheets import METERS, SUMMARY, csv_file, meter_cells, refused, summary_cells
from strategies.views.access import SignedIn, for_readers_of_sql

JOBS_SHOWN = 50


def _form(request: SignedIn) -> PeriodForm:
    return PeriodForm(request.GET, user=request.user, today=timezone.now().astimezone(UTC).date())


@require_safe
@for_readers_of_sql
def statistics_page(request: SignedIn) -> HttpResponse:
    form = _form(request)
    context: dict[str, Any] = {
        "filter": {"form": form, "problems": form.problems},
        "query": request.GET.urlencode(),
        "counted_at": rollups.looked_at(),
    }
    if form.is_valid():
        user, days, narrowed = request.user, form.days, form.narrowed
        strategies = statistics.strategies(user, days, **narrowed)
        context |= {
            "form": form,
            "strategies": strategies,
            "operations": statistics.operations(user, days, **narrowed),
            "jobs": statistics.jobs(user, days, **narrowed, most=JOBS_SHOWN),
            "themes": THEMES,
            "weak_below": WEAK_BELOW,
            "outcomes_figure": figures.outcomes_by_strategy(strategies),
            "outcomes_words": figures.outcomes_in_words(strategies),
            "durations_figure": figures.durations_by_strategy(strategies),
            "durations_words": figures.durations_in_words(strategies),
        }
    return render(request, "monitoring/statistics.html", context)


@require_safe
@for_readers_of_sql
def statistics_csv(request: SignedIn) -> HttpResponse:
    """Strategy statistics."""
    form = _form(request)
    if not form.is_valid():
        return refused(request, form, "statistics")
    rows = (
        (row.strategy, row.summary.count, row.summary.success_rate, *summary_cells(row.summary), *meter_cells(row.meters))
        for row in statistics.strategies(request.user, form.days, **form.narrowed)
    )  # fmt: skip
    return csv_file("strategy-statistics.csv", ("strategy", "operations", "success_rate", *SUMMARY, *METERS), rows)


@require_safe
@for_readers_of_sql
def performance_csv(request: SignedIn) -> HttpResponse:
    """Performance summary: by strategy and type of operation."""
    form = _form(request)
    if not form.is_valid():
        return refused(request, form, "statistics")
    rows = (
        (row.strategy, row.operation_type, row.summary.count, row.summary.success_rate, *summary_cells(row.summary),
         *meter_cells(row.meters))
        for row in statistics.operations(request.user, form.days, **form.narrowed)
    )  # fmt: skip
    columns = ("strategy", "operation_type", "operations", "success_rate", *SUMMARY, *METERS)
    return csv_file("performance-summary.csv", columns, rows)


@require_safe
@for_readers_of_sql
def job_summary_csv(request: SignedIn) -> HttpResponse:
    """Job execution summary: every job, also those that the page has no room for."""
    form = _form(request)
    if not form.is_valid():
        return refused(request, form, "statistics")
    rows = (
        (row.job, row.strategy, row.target, row.summary.count, row.summary.missed, *summary_cells(row.summary), row.last_run,
         row.last_status)
        for row in statistics.jobs(request.user, form.days, **form.narrowed).jobs
    )  # fmt: skip
    columns = ("job", "strategy", "database", "runs", "missed", *SUMMARY, "last_run", "last_status")
    return csv_file("job-execution-summary.csv", columns, rows)
