"""The report on maintenance: a page to read and to print, a document, and a file with all that is behind it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from monitoring import report_file, report_pdf, report_words
from monitoring.figures import report as figures
from monitoring.figures.theme import THEMES
from monitoring.maintenance_report import report
from monitoring.report_form import ReportForm
from monitoring.report_rows import PeriodName, Report
from monitoring.views.sheets import refused
from monitoring.views.streams import csv_lines
from strategies.filters import strategy_choices
from strategies.models import RunStatus
from strategies.views.access import SignedIn, for_readers_of_sql


def _form(request: SignedIn) -> ReportForm:
    """Days are those of the reader's own clock."""
    zone = str(timezone.get_current_timezone())
    return ReportForm(request.GET, user=request.user, today=timezone.localdate(), zone=zone)


@require_safe
@for_readers_of_sql
def report_page(request: SignedIn) -> HttpResponse:
    form = _form(request)
    context: dict[str, Any] = {
        "filter": {"form": form, "problems": form.problems},
        "query": request.GET.urlencode(),
        "periods": [(one.words, _address(request, one), one.value == form.period_name) for one in PeriodName],
    }
    if form.is_valid():
        found = report(request.user, form.chosen, form.span, timezone.now())
        context |= _shown(found, form.places)
    return render(request, "monitoring/report.html", context)


def _shown(found: Report, places: dict[str, Any]) -> dict[str, Any]:
    """The report, with the filters of the lists to which its numbers lead."""
    runs_of, log_of = _ended(found, places), _log(found, places)
    listed = {name for name, _ in strategy_choices()}
    return {
        "report": found,
        "of_demo": report_words.of_demo(found),
        "in_short": report_words.in_short(found),
        "notes": report_words.notes(found),
        "runs_of": runs_of,
        "log_of": log_of,
        "outcomes": [
            (RunStatus(name), n, found.before.by_outcome[name], report_words.change(n, found.before.by_outcome[name]))
            for name, n in found.runs.by_outcome.items()
        ],
        "change": report_words.change(found.runs.total, found.before.total),
        "strategies": [
            (work, f"{runs_of}&{urlencode({'strategy': work.name})}" if work.name in listed else "",
             f"{log_of}&{urlencode({'strategy': work.name})}")
            for work in found.strategies
        ],
        "databases": [
            (work, _ended(found, {"target": work.key}), _log(found, {"target": work.key})) if work.key else (work, "", "")
            for work in found.databases.rows
        ],
        "windows": [
            (use, f"{runs_of}&window={use.key}" if use.key else "", report_words.use_of(use)) for use in found.windows
        ],
        "themes": THEMES,
        "runs_figure": figures.runs_by_piece(found.pieces),
        "runs_words": figures.runs_in_words(found),
        "worked_figure": figures.worked_by_piece(found.pieces),
        "worked_words": figures.worked_in_words(found),
    }  # fmt: skip


@require_safe
@for_readers_of_sql
def report_pdf_file(request: SignedIn) -> HttpResponse:
    """The same as a document."""
    form = _form(request)
    if not form.is_valid():
        return refused(request, form, "report")
    found = report(request.user, form.chosen, form.span, timezone.now())
    response = HttpResponse(report_pdf.document(found, request.user.get_username()), content_type="application/pdf")
    response["Content-Disposition"] = content_disposition_header(True, file_name(found, "pdf"))
    return response


@require_safe
@for_readers_of_sql
def report_csv(request: SignedIn) -> HttpResponseBase:
    """All of it, as one table."""
    form = _form(request)
    if not form.is_valid():
        return refused(request, form, "report")
    found = report(request.user, form.chosen, form.span, timezone.now(), is_whole=True)
    rows = report_file.rows(found, request.user, form.chosen)
    return csv_lines(file_name(found, "csv"), report_file.COLUMNS, rows)


def file_name(found: Report, ending: str) -> str:
    """`maintenance-report_2026-10-01_2026-10-31_database-shop.csv`; letters of all languages stay, what paths are made of does not."""
    scope = re.sub(r"[^\w.-]+", "-", found.scope).strip("-.")[:80]
    return f"maintenance-report_{found.span.first}_{found.span.last}_{scope}.{ending}"


def _address(request: SignedIn, name: PeriodName) -> str:
    """The same databases in another period."""
    kept = request.GET.copy()
    for one in ("first", "last"):
        kept.pop(one, None)
    kept["period"] = name.value
    return kept.urlencode()


def _ended(found: Report, places: dict[str, Any]) -> str:
    """The runs that the report counts, as the filters of the list of runs."""
    return urlencode({"ended_from": _typed(found.span.since), "ended_before": _typed(found.span.until), **places})


def _log(found: Report, places: dict[str, Any]) -> str:
    """The operations that it counts, as the filters of the operation log."""
    return urlencode({"since": _typed(found.span.since), "until": _typed(found.span.until), **places})


def _typed(moment: datetime) -> str:
    """An instant as a field takes it: on the reader's clock, with its offset only where the clock shows this time twice."""
    local = timezone.localtime(moment)
    wall = local.replace(tzinfo=None)
    is_twice = len({local.replace(fold=fold).utcoffset() for fold in (0, 1)}) > 1
    return local.isoformat() if is_twice else f"{wall:%Y-%m-%dT%H:%M}"
