"""Errors in groups that look alike: which there are, one in full, and that somebody dealt with it."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from monitoring import error_groups, known_errors, rollups
from monitoring import errors as handling
from monitoring.error_groups import ErrorRow
from monitoring.figures import errors as figures
from monitoring.figures.theme import THEMES
from monitoring.forms import ErrorForm, HandleForm, OneErrorForm
from monitoring.models import ErrorGroup
from monitoring.views.sheets import csv_file, refused
from strategies.audit import Actor
from strategies.views.access import SignedIn, for_operators, for_readers_of_sql

SHOWN = 50
COLUMNS = (
    "error_code", "strategy", "shape", "errors", "first_at", "last_at", "databases", "state", "handled_by", "handled_at", "note",
    "cause", "remedy", "class",
)  # fmt: skip


def _today() -> Any:
    return timezone.now().astimezone(UTC).date()


@require_safe
@for_readers_of_sql
def error_list(request: SignedIn) -> HttpResponse:
    form = ErrorForm(request.GET, user=request.user, today=_today())
    context: dict[str, Any] = {
        "filter": {"form": form, "problems": form.problems},
        "query": request.GET.urlencode(),
        "counted_at": rollups.looked_at(),
    }
    if form.is_valid():
        found = error_groups.groups(request.user, form.days, **form.narrowed, most=SHOWN)
        rows = [(row, figures.small_bars(row.days)) for row in found.rows]
        context |= {"form": form, "found": found, "rows": rows}
    return render(request, "monitoring/errors.html", context)


@require_safe
@for_readers_of_sql
def errors_csv(request: SignedIn) -> HttpResponse:
    """Every group that the filters leave."""
    form = ErrorForm(request.GET, user=request.user, today=_today())
    if not form.is_valid():
        return refused(request, form, "errors")
    found = error_groups.groups(request.user, form.days, **form.narrowed)
    return csv_file("errors.csv", COLUMNS, map(_cells, found.rows))


def _cells(row: ErrorRow) -> tuple[Any, ...]:
    handled, known = row.handled, row.known
    return (
        row.group.error_code, row.group.strategy_name, row.group.shape, row.count, row.first_at, row.last_at,
        ", ".join(row.targets), "open" if row.is_open else "handled",
        *((handled.handled_by, handled.handled_at, handled.note) if handled else ("", "", "")),
        *((known.cause, known.remedy, known.error_class.value) if known else ("not known here", "", "")),
    )  # fmt: skip


@require_safe
@for_readers_of_sql
def error(request: SignedIn, pk: int) -> HttpResponse:
    return _page(request, pk)


def _page(request: SignedIn, pk: int, sent: HandleForm | None = None) -> HttpResponse:
    group = _visible(request, pk)
    form = OneErrorForm(request.GET, user=request.user, today=_today())
    context: dict[str, Any] = {
        "group": group,
        "filter": {"form": form, "problems": form.problems},
        "query": request.GET.urlencode(),
        "counted_at": rollups.looked_at(),
        "known": known_errors.known(group.error_code, group.shape),
        "history": error_groups.history(request.user, group),
        "in_log": _in_log(group, form),
    }
    if form.is_valid():
        found = error_groups.detail(request.user, group, form.days, **form.narrowed)
        context |= {"form": form, "found": found, "themes": THEMES}
        seen = {"seen_until": found.last_at.isoformat() if found.last_at else ""}
        context["handle_form"] = sent.seen(found.last_at) if sent else HandleForm(initial=seen)
        if found.row is not None:
            context["days_figure"] = figures.errors_per_day(found.row.days)
            context["days_words"] = figures.errors_in_words(found.row.days)
            context["latest_first"] = found.row.days[::-1]
    return render(request, "monitoring/error.html", context, status=422 if sent else 200)


def _in_log(group: ErrorGroup, form: OneErrorForm) -> str:
    """The filters of the operation log that come nearest to these errors: those of the code, where there is one."""
    wanted = {"strategy": group.strategy_name, "status": "failed", "text": group.error_code}
    if form.is_valid():
        start = timezone.localtime(datetime.combine(form.days.first, time.min, UTC))
        wanted |= {"since": f"{start:%Y-%m-%dT%H:%M}", "target": form.narrowed["target"] or ""}
    return urlencode({name: value for name, value in wanted.items() if value})


def _visible(request: SignedIn, pk: int) -> ErrorGroup:
    return get_object_or_404(ErrorGroup.objects.visible_to(request.user), pk=pk)


@require_safe
@for_readers_of_sql
def error_csv(request: SignedIn, pk: int) -> HttpResponse:
    """One group day by day."""
    group = _visible(request, pk)
    form = OneErrorForm(request.GET, user=request.user, today=_today())
    if not form.is_valid():
        return refused(request, form, "errors")
    found = error_groups.detail(request.user, group, form.days, **form.narrowed)
    return csv_file(f"error-{pk}.csv", ("day", "errors"), found.row.days if found.row else ())


@require_POST
@for_operators
def error_handle(request: SignedIn, pk: int) -> HttpResponse:
    form = HandleForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, form)
    handled = handling.handle(
        Actor.of(request), request.user, _visible(request, pk), form.cleaned_data["note"],
        seen_until=form.cleaned_data["seen_until"], moment=timezone.now(),
    )  # fmt: skip
    if handled.is_open:
        messages.warning(request, "More errors came than the page had shown; it stays open for those.")
    elif handled.targets:
        messages.success(request, "Noted. It is opened again when another one comes.")
    else:
        messages.info(request, "Somebody had dealt with it already.")
    return redirect("error", pk)
