"""The import of the older framework: the form, which only ever tries it first; each import with its report; and the step from a
trial to the import itself."""

from __future__ import annotations

import csv
import zoneinfo
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from strategies.audit import Actor
from strategies.forms.framework import FrameworkForm
from strategies.models import FrameworkImport, ImportState, User
from strategies.partition_framework import imports
from strategies.partition_framework.imports import Asked
from strategies.partition_framework.report import Report
from strategies.partition_framework.tables import ImportRefused
from strategies.views.access import SignedIn, for_operators
from strategies.views.cells import cell

STOP_POLLING = 286
SHOWN, SHOWN_REMARKS = 30, 200


@require_http_methods(["GET", "POST"])
@for_operators
def import_list(request: SignedIn) -> HttpResponse:
    """What is asked for here is a trial; nothing is kept before its report was shown."""
    if request.method == "GET":
        return _list(request, FrameworkForm(user=request.user))
    form = FrameworkForm(request.POST, request.FILES, user=request.user)
    if form.is_valid():
        try:
            row = imports.ask(Actor.of(request), form.asked, timezone.now())
        except ImportRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("import", row.pk)
    return _list(request, form, status=422)


def _list(request: SignedIn, form: FrameworkForm, status: int = 200) -> HttpResponse:
    rows = FrameworkImport.objects.visible_to(request.user).select_related("target").defer("target__facts")
    context = {
        "form": form,
        "rows": [(row, Report.of(row.report).totals) for row in rows[:SHOWN]],
        "zones": sorted(zoneinfo.available_timezones()),
    }
    return render(request, "strategies/framework_imports.html", context, status=status)


def _visible(user: User, pk: int) -> FrameworkImport:
    rows = FrameworkImport.objects.visible_to(user).select_related("target").defer("target__facts")
    return get_object_or_404(rows, pk=pk)


def _context(row: FrameworkImport) -> dict[str, Any]:
    report = Report.of(row.report)
    remarks = report.remarks[:SHOWN_REMARKS]
    return {
        "row": row,
        "report": report,
        "remarks": remarks,
        "more": report.remark_count - len(remarks),
        "is_open": row.finished_at is None,
        "may_start": row.is_dry and row.state == ImportState.DONE and not report.is_nothing,
        "is_file_gone": bool(row.file_name) and row.file_id is None,
    }


@require_safe
@for_operators
def import_page(request: SignedIn, pk: int) -> HttpResponse:
    return render(request, "strategies/framework_import.html", _context(_visible(request.user, pk)))


@require_safe
@for_operators
def import_live(request: SignedIn, pk: int) -> HttpResponse:
    context = _context(_visible(request.user, pk))
    status = 200 if context["is_open"] else STOP_POLLING
    return render(request, "strategies/framework_import_live.html", context, status=status)


@require_POST
@for_operators
def import_start(request: SignedIn, pk: int) -> HttpResponse:
    """From a trial whose report was shown to the import itself: of the same tables, as they are then."""
    trial = _visible(request.user, pk)
    if not trial.is_dry or trial.state != ImportState.DONE:
        messages.error(request, "Only a trial that came to its end can be followed by the import. Nothing was started.")
        return redirect("import", pk)
    if trial.file_name and trial.file_id is None:
        messages.error(request, "The archive is no longer kept: send it again. Nothing was started.")
        return redirect("import", pk)
    asked = Asked(trial.target, trial.schema, trial.time_zone, False, trial.file_name)
    try:
        row = imports.ask(Actor.of(request), asked, timezone.now(), file=trial.file)
    except ImportRefused as refusal:
        messages.error(request, f"{refusal} Nothing was started.")
        return redirect("import", pk)
    return redirect("import", row.pk)


@require_safe
@for_operators
def import_csv(request: SignedIn, pk: int) -> HttpResponse:
    """What was said of single rows, as far as it is kept; the last line says how many there are beyond."""
    row = _visible(request.user, pk)
    report = Report.of(row.report)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"import-{row.pk}.csv")
    writer = csv.writer(response)
    writer.writerow(("table", "row", "column", "what", "why"))
    for one in report.remarks:
        writer.writerow([cell(value) for value in (one.table, one.row, one.column, one.what, one.why)])
    if report.unlisted:
        writer.writerow(("", "", "", "", f"{report.unlisted} more are not kept."))
    return response
