"""The operation log: searched page by page, one row in full, and as CSV."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitoring.filters import OperationFilter
from monitoring.views.streams import csv_stream
from strategies import collecting, keyset
from strategies.models import UNFINISHED, OperationLog, Target
from strategies.views.access import SignedIn, for_readers_of_sql

COLUMNS = (
    "operation_id", "operation_time", "ended_at", "target", "run_id", "strategy_name", "operation_type", "job_name",
    "target_object", "target_type", "status", "attempt", "message", "duration_ms", "cpu_time_ms", "memory_used_mb",
    "io_operations", "rows_processed", "objects_affected", "error_code", "error_message", "user_name", "session_id", "sql_text",
)  # fmt: skip


@require_safe
@for_readers_of_sql
def operations(request: SignedIn) -> HttpResponse:
    collecting.read_sooner(Target.objects.visible_to(request.user), timezone.now())
    rows = OperationLog.objects.visible_to(request.user).select_related("target").defer("strategy_context", "sql_text")
    found = OperationFilter(request.GET, rows, request=request)
    kept = request.GET.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    context = {
        "page": keyset.page(found.qs, request.GET, by="operation_time"),
        "filter": found,
        "query": kept.urlencode(),
    }
    return render(request, "monitoring/operations.html", context)


@require_safe
@for_readers_of_sql
def operation(request: SignedIn, pk: int) -> HttpResponse:
    # A number may be typed twice into a log that is partitioned: the later row is shown
    found = OperationLog.objects.visible_to(request.user).select_related("target").filter(pk=pk)
    row = found.order_by("-operation_time").first()
    if row is None:
        raise Http404
    return render(request, "monitoring/operation.html", {"operation": row, "unfinished": UNFINISHED})


@require_safe
@for_readers_of_sql
def operations_csv(request: SignedIn) -> HttpResponseBase:
    """Every row that the filters leave, oldest first, in batches: neither memory nor the first byte waits for the last row.

    A wrong filter gets a page that names it: a file with other rows than were asked for would be a lie.
    """
    found = OperationFilter(request.GET, OperationLog.objects.visible_to(request.user), request=request)
    if not found.is_valid():
        return render(request, "monitoring/no_file.html", {"filter": found, "page": "operations"}, status=400)
    rows = found.qs.select_related("target").defer("strategy_context")
    return csv_stream(
        "operations.csv", COLUMNS, rows, lambda row: [getattr(row, name) for name in COLUMNS], by="operation_time"
    )  # fmt: skip
