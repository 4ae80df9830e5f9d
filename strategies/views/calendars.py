"""Calendars of freezes and backups: the list, one of them with its entries, the forms, a file to import, and lifting a freeze."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from strategies import calendar_imports, calendars, change_checks, timetables, window_pages
from strategies.audit import Actor
from strategies.calendar_imports import Imported
from strategies.forms.calendar import CalendarForm, EntryForm, ImportForm, LiftForm
from strategies.forms.recurring import words
from strategies.models import OPERATES, Calendar, CalendarEntry, CalendarScope, User, may
from strategies.models.scoped import visible_scopes
from strategies.reach import Reach
from strategies.refused import Refused
from strategies.views.access import SignedIn, for_operators, for_readers

SHOWN = 500  # entries on one page


@require_safe
@for_readers
def calendar_list(request: SignedIn) -> HttpResponse:
    moment = timezone.now()
    rows = list(Calendar.objects.visible_to(request.user).annotate(count=Count("entries")))
    places = _places(request.user, rows)
    on = _on_now(rows, moment)
    context = {"calendars": [(row, places.get(row.pk, ()), on.get(row.pk, ())) for row in rows]}
    return render(request, "strategies/calendars.html", context)


def _places(user: User, rows: list[Calendar]) -> Mapping[int, list[str]]:
    """Where each holds, as far as the reader sees that."""
    scopes = visible_scopes(CalendarScope.objects.filter(calendar__in=rows), user)
    found: dict[int, list[str]] = {}
    for scope in scopes.select_related("target", "tag", "tenant"):
        found.setdefault(scope.calendar_id, []).append(scope.scope)
    return found


def _on_now(rows: list[Calendar], moment: datetime) -> Mapping[int, list[str]]:
    """The entries that hold now, by calendar."""
    known = {row.pk: row for row in rows if row.is_active}
    found: dict[int, list[str]] = {}
    for entry in CalendarEntry.objects.filter(calendar__in=known).exclude(last_end_at__lte=moment):
        if timetables.freeze_of(entry, known[entry.calendar_id], ()).in_force(moment) is not None:
            found.setdefault(entry.calendar_id, []).append(entry.name)
    return found


@require_safe
@for_readers
def calendar(request: SignedIn, pk: int) -> HttpResponse:
    return _page(request, _visible(request.user, pk))


def _page(
    request: SignedIn, row: Calendar, *, form: ImportForm | None = None, imported: Imported | None = None, status: int = 200
) -> HttpResponse:  # fmt: skip
    """The one page of a calendar, also after a file was taken or refused."""
    moment = timezone.now()
    scopes = list(row.scopes.select_related("target", "tag", "tenant"))
    refusal = _refusal(request.user, scopes)
    changes = may(request.user, *OPERATES) and not refusal
    rows = window_pages.entry_rows(row, _entries(row, moment), moment)
    zone = request.user.time_zone or "UTC"
    context = {
        "calendar": row,
        "places": _places(request.user, [row]).get(row.pk, ()),
        "rows": [(told, words(told.entry)) for told in sorted(rows, key=lambda told: told.is_over)],
        "count": row.entries.count(),
        "refusal": refusal,
        "changes": changes,
        "lifts": Actor.of(request).person == row.owner,
        "import_form": (form or ImportForm(initial={"time_zone": zone})) if changes else None,
        "imported": imported,
        "zones": sorted(zoneinfo.available_timezones()) if changes else (),
    }
    return render(request, "strategies/calendar.html", context, status=status)


def _entries(row: Calendar, moment: datetime) -> Iterable[CalendarEntry]:
    """As many as a page shows; what is over for good only where there is room for it."""
    lasting = list(row.entries.exclude(last_end_at__lte=moment)[:SHOWN])
    over = row.entries.filter(last_end_at__lte=moment).order_by("-last_end_at", "id")
    return [*lasting, *over[: SHOWN - len(lasting)]]


def _refusal(user: User, scopes: Iterable[CalendarScope]) -> str:
    """Why this person does not change the calendar of these scopes, as a sentence; empty = they may."""
    reach = Reach.of(user)
    return next((said for scope in scopes if (said := reach.refusal(scope, change_checks.CHANGE))), "")


def _turned_away(request: SignedIn, row: Calendar) -> HttpResponse | None:
    """Who may not change a calendar is shown no form of it, but why; what is sent all the same is refused when it is kept."""
    scopes = row.scopes.select_related("target", "tag", "tenant") if request.method == "GET" else ()
    if not (refusal := _refusal(request.user, scopes)):
        return None
    messages.error(request, refusal)
    return redirect("calendar", row.pk)


@require_http_methods(["GET", "POST"])
@for_operators
def calendar_new(request: SignedIn) -> HttpResponse:
    return _calendar_form(request, None)


@require_http_methods(["GET", "POST"])
@for_operators
def calendar_edit(request: SignedIn, pk: int) -> HttpResponse:
    row = _visible(request.user, pk)
    return _turned_away(request, row) or _calendar_form(request, row)


def _calendar_form(request: SignedIn, kept: Calendar | None) -> HttpResponse:
    if request.method == "GET":
        form = CalendarForm(user=request.user, calendar=kept)
        return render(request, "strategies/calendar_form.html", {"form": form, "calendar": kept})
    form = CalendarForm(request.POST, user=request.user, calendar=kept)
    if form.is_valid():
        row = form.row()
        try:
            is_changed = calendars.keep_calendar(
                Actor.of(request), request.user, row, form.places, drawn_from=form.cleaned_data["version"]
            )
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, f"{row.name} is {'kept' if is_changed else 'as it was'}.")
            return redirect("calendar", row.pk)
    return render(request, "strategies/calendar_form.html", {"form": form, "calendar": kept}, status=422)


@require_POST
@for_operators
def calendar_remove(request: SignedIn, pk: int) -> HttpResponse:
    row = _visible(request.user, pk)
    try:
        calendars.remove_calendar(Actor.of(request), request.user, row)
    except Refused as refusal:
        messages.error(request, f"{row.name} stays. {refusal}")
        return redirect("calendar", pk)
    messages.success(request, f"{row.name} is removed, with all of its entries.")
    return redirect("calendars")


@require_POST
@for_operators
def calendar_import(request: SignedIn, pk: int) -> HttpResponse:
    """What was taken, and what not and why, stands on the page itself: a file may name hundreds of broken events."""
    row, form = _visible(request.user, pk), ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, row, form=form, status=422)
    try:
        done = calendar_imports.take(
            Actor.of(request), request.user, row, form.cleaned_data["file"], form.cleaned_data["time_zone"],
            removes_gone=form.cleaned_data["removes_gone"],
        )  # fmt: skip
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, row, form=form, status=422)
    return _page(request, row, imported=done, status=422 if done.is_nothing else 200)


@require_http_methods(["GET", "POST"])
@for_operators
def entry_new(request: SignedIn, pk: int) -> HttpResponse:
    row = _visible(request.user, pk)
    return _turned_away(request, row) or _entry_form(request, row, None)


@require_http_methods(["GET", "POST"])
@for_operators
def entry_edit(request: SignedIn, pk: int) -> HttpResponse:
    entry = _visible_entry(request.user, pk)
    return _turned_away(request, entry.calendar) or _entry_form(request, entry.calendar, entry)


def _entry_form(request: SignedIn, row: Calendar, kept: CalendarEntry | None) -> HttpResponse:
    context: dict[str, Any] = {"calendar": row, "entry": kept, "zones": sorted(zoneinfo.available_timezones())}
    if request.method == "GET":
        form = EntryForm(user=request.user, calendar=row, entry=kept)
        return render(request, "strategies/entry_form.html", {**context, "form": form})
    form = EntryForm(request.POST, user=request.user, calendar=row, entry=kept)
    if form.is_valid():
        entry = form.row()
        try:
            is_changed = calendars.keep_entry(
                Actor.of(request), request.user, entry, drawn_from=form.cleaned_data["version"]
            )
        except Refused as refusal:
            form.refuse(refusal.field, str(refusal))
        else:
            messages.success(request, f"{entry.name} is {'kept' if is_changed else 'as it was'}.")
            return redirect("calendar", row.pk)
    return render(request, "strategies/entry_form.html", {**context, "form": form}, status=422)


@require_POST
@for_operators
def entry_remove(request: SignedIn, pk: int) -> HttpResponse:
    entry = _visible_entry(request.user, pk)
    try:
        calendars.remove_entry(Actor.of(request), request.user, entry)
    except Refused as refusal:
        messages.error(request, f"{entry.name} stays. {refusal}")
    else:
        messages.success(request, f"{entry.name} is removed.")
    return redirect("calendar", entry.calendar_id)


@require_POST
@for_readers
def entry_lift(request: SignedIn, pk: int) -> HttpResponse:
    """Whoever may is the owner of the calendar, whatever their role."""
    entry, form = _visible_entry(request.user, pk), LiftForm(request.POST)
    if not form.is_valid():
        name, said = next(iter(form.errors.items()))
        messages.error(request, f"{entry.name} was not lifted. {name.capitalize()}: {said[0]}")
        return redirect("calendar", entry.calendar_id)
    try:
        slot = calendars.lift(
            Actor.of(request), entry, form.cleaned_data["slot"], form.cleaned_data["reason"], timezone.now()
        )
    except Refused as refusal:
        messages.error(request, f"{entry.name} was not lifted. {refusal}")
    else:
        until = timezone.localtime(slot.ends_at)
        messages.success(request, f"{entry.name} is lifted: it freezes nothing until {until:%a %d %b %H:%M}.")
    return redirect("calendar", entry.calendar_id)


def _visible(user: User, pk: int) -> Calendar:
    return get_object_or_404(Calendar.objects.visible_to(user), pk=pk)


def _visible_entry(user: User, pk: int) -> CalendarEntry:
    return get_object_or_404(CalendarEntry.objects.visible_to(user).select_related("calendar"), pk=pk)
