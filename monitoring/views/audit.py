"""The audit: who did what to what, page by page, the history of one object, and as CSV."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from monitoring import trail
from monitoring.filters import AuditFilter
from monitoring.views.streams import csv_stream
from strategies import keyset
from strategies.models import AuditEntry
from strategies.views.access import SignedIn, for_readers_of_audit

COLUMNS = (
    "number", "at", "actor", "address", "what", "action", "object_type", "object_id", "object_name", "tenant",
    "database", "before", "after",
    "reason",
)  # fmt: skip


def _found(request: SignedIn) -> AuditFilter:
    rows = (
        AuditEntry.objects.visible_to(request.user)
        .select_related("target", "target__tenant")
        .defer("target__facts", "target__missing_rights")
    )
    return AuditFilter(request.GET, rows, request=request)


@require_safe
@for_readers_of_audit
def audit_page(request: SignedIn) -> HttpResponse:
    found = _found(request)
    page = keyset.page(found.qs, request.GET, by="at")
    kept = request.GET.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    entries = trail.told(request.user, page.rows)
    context = {
        "page": page, "entries": entries, "filter": found, "query": kept.urlencode(),
        "subject": trail.subject(found.form.cleaned_data, entries) if found.is_valid() else None,
    }  # fmt: skip
    return render(request, "monitoring/audit.html", context)


@require_safe
@for_readers_of_audit
def audit_csv(request: SignedIn) -> HttpResponseBase:
    """Every entry that the filters leave. A wrong filter gets a page that names it: other rows would be taken for the answer."""
    found = _found(request)
    if not found.is_valid():
        return render(request, "monitoring/no_file.html", {"filter": found, "page": "audit"}, status=400)
    return csv_stream("audit.csv", COLUMNS, found.qs, _cells, by="at")


def _cells(entry: AuditEntry) -> tuple[Any, ...]:
    tenant = entry.target.tenant if entry.target is not None else ""
    database = "" if trail.is_of_tenant(entry) else entry.target or ""
    return (
        entry.pk, entry.at, entry.actor, entry.address, trail.words(entry.action), entry.action, entry.object_type,
        entry.object_id, entry.object_name, tenant, database, _json(entry.before), _json(entry.after), entry.reason,
    )  # fmt: skip


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
