"""Tables as files: CSV that a spreadsheet opens and cannot run."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header

from monitoring.calendar_forms import PlacesForm
from monitoring.forms import PeriodForm
from monitoring.rows import Meters, Summary
from strategies.views.access import SignedIn
from strategies.views.cells import cell

SUMMARY = (
    "succeeded", "warned", "failed", "cancelled", "durations_measured", "average_ms", "p50_ms", "p95_ms",
)  # fmt: skip
METERS = (
    "cpu_ms", "cpu_measured", "memory_mb_average", "memory_measured", "io_operations", "io_measured", "rows_processed",
    "rows_measured",
)  # fmt: skip


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A file of a table that a page shows; not for the log, which may have more rows than fit into memory."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, name)
    writer = csv.writer(response)
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in rows)
    return response


def summary_cells(summary: Summary) -> tuple[Any, ...]:
    """The columns of SUMMARY."""
    ends = (summary.succeeded, summary.warned, summary.failed, summary.cancelled)
    return (*ends, summary.n, summary.average_ms, summary.p50_ms, summary.p95_ms)


def meter_cells(meters: Meters) -> tuple[Any, ...]:
    """The columns of METERS; empty = not measured."""
    cpu, memory, io, processed = meters
    return cpu.sum, cpu.n, memory.average, memory.n, io.sum, io.n, processed.sum, processed.n


def refused(request: SignedIn, form: PeriodForm | PlacesForm, page: str) -> HttpResponse:
    """What comes instead of a file when a filter is wrong: a file with other rows than were asked for would be a lie."""
    return render(request, "monitoring/no_file.html", {"filter": form, "page": page}, status=400)
