"""The operation log: searched page by page, one row in full, and as CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from monitoring.filters import OperationFilter
from strategies import keyset
from strategies.models import UNFINISHED, OperationLog
from strategies.views.access import SignedIn, for_readers_of_sql

BATCH = 1000
COLUMNS = (
    "operation_id", "operation_time", "ended_at", "target", "run_id", "strategy_name", "operation_type", "job_name",
    "target_object", "target_type", "status", "attempt", "message", "duration_ms", "cpu_time_ms", "memory_used_mb",
    "io_operations", "rows_processed", "objects_affected", "error_code", "error_message", "user_name", "session_id", "sql_text",
)  # fmt: skip


@require_safe
@for_readers_of_sql
def operations(request: SignedIn) -> HttpResponse:
    rows = OperationLog.objects.visible_to(request.user).select_related("target").defer("strategy_context", "sql_text")
    found = OperationFilter(request.GET, rows, request=request)
    kept = request.GET.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    context = {"page": keyset.page(found.qs, request.GET), "filter": found, "query": kept.urlencode()}
    return render(request, "monitoring/operations.html", context)


@require_safe
@for_readers_of_sql
def operation(request: SignedIn, pk: int) -> HttpResponse:
    row = get_object_or_404(OperationLog.objects.visible_to(request.user).select_related("target"), pk=pk)
    context = json.dumps(row.strategy_context, indent=2, ensure_ascii=False, sort_keys=True)
    return render(
        request, "monitoring/operation.html", {"operation": row, "context": context, "unfinished": UNFINISHED}
    )


@require_safe
@for_readers_of_sql
def operations_csv(request: SignedIn) -> StreamingHttpResponse:
    """Every row that the filters leave, oldest first, in batches: neither memory nor the first byte waits for the last row."""
    found = OperationFilter(request.GET, OperationLog.objects.visible_to(request.user), request=request)
    if not found.is_valid():
        raise Http404  # a file with other rows than were asked for would be a lie
    response = StreamingHttpResponse(_lines(found.qs), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="operations.csv"'
    return response


class _Line:
    """What csv.writer writes to; gives back the line instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def _lines(rows: QuerySet[OperationLog]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    last = 0
    while batch := list(
        rows.select_related("target").defer("strategy_context").filter(pk__gt=last).order_by("pk")[:BATCH]
    ):
        yield "".join(writer.writerow([_cell(getattr(row, name)) for name in COLUMNS]) for row in batch)
        last = batch[-1].pk


def _cell(value: Any) -> Any:
    """As text. A text that a spreadsheet would take for a formula is marked as text; instants are UTC."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if value is None or isinstance(value, (int, float)):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
