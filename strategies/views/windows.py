"""Windows: the list, one of them with what runs in it and what does not fit, the form, and moving the end of a slot."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from strategies import change_checks, openings, timetables, window_changes, window_pages
from strategies.audit import Actor
from strategies.conflicts import Conflict, conflicts, free_instead
from strategies.forms.recurring import words
from strategies.forms.window import SlotForm, WindowForm
from strategies.models import OPERATES, MaintenanceWindow, Target, User, WindowChange, may
from strategies.reach import Reach
from strategies.refused import Refused
from strategies.sentences import sentences
from strategies.views.access import SignedIn, for_operators, for_readers

PAST_CHANGES = 10


@require_safe
@for_readers
def window_list(request: SignedIn) -> HttpResponse:
    rows = MaintenanceWindow.objects.visible_to(request.user).select_related("target", "tag", "tenant")
    moment = timezone.now()
    found = sorted(window_pages.window_rows(rows, moment), key=window_pages.opened_first)
    return render(request, "strategies/windows.html", {"windows": [(told, words(told.row)) for told in found]})


@require_safe
@for_readers
def window(request: SignedIn, pk: int) -> HttpResponse:
    row, moment = _visible(request.user, pk), timezone.now()
    page = window_pages.window_page(row, request.user, moment)
    refusal = Reach.of(request.user).refusal(row, change_checks.CHANGE)
    may_remove = may(request.user, *OPERATES) and not refusal
    context = {
        "window": row,
        "page": page,
        "words": words(row),
        "refusal": refusal,
        "left_open": window_pages.left_open(row, None, request.user, moment) if may_remove else "",
        "covered": [(one.database, one.strategy, one.sentence(moment)) for one in page.coverage],
        "changes": WindowChange.objects.filter(window=row).order_by("-pk")[:PAST_CHANGES],
        "moment": moment,
    }
    return render(request, "strategies/window.html", context)


@require_http_methods(["GET", "POST"])
@for_operators
def window_new(request: SignedIn) -> HttpResponse:
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@for_operators
def window_edit(request: SignedIn, pk: int) -> HttpResponse:
    row = _visible(request.user, pk)
    if request.method == "GET" and (refusal := Reach.of(request.user).refusal(row, change_checks.CHANGE)):
        messages.error(request, refusal)
        return redirect("window", pk)
    return _form(request, row)


def _form(request: SignedIn, kept: MaintenanceWindow | None) -> HttpResponse:
    """Sent with *save* it is kept, unless it meets or leaves open what the person was not shown yet; with *check* it never is."""
    if request.method == "GET":
        return _page(request, WindowForm(user=request.user, window=kept), kept)
    form, moment = WindowForm(request.POST, user=request.user, window=kept), timezone.now()
    if not form.is_valid():
        return _page(request, form, kept)
    row = form.row()
    try:
        window_changes.judge_window(request.user, row)
        told = _told(request.user, kept, row, moment)
        is_known = not told or request.POST.get("save") == told.digest
        if "save" not in request.POST or not is_known:
            return _page(request, form, kept, row=row, told=told)
        is_changed = window_changes.keep_window(
            Actor.of(request), request.user, row, drawn_from=form.cleaned_data["version"]
        )
    except Refused as refusal:
        form.refuse(refusal.field, str(refusal))
        return _page(request, form, kept)
    messages.success(request, f"{row.name} is {'kept' if is_changed else 'as it was'}.")
    return redirect("window", row.pk)


@dataclass(frozen=True, slots=True)
class Told:
    """What a person is told before a window is kept: what it meets and when there is room `instead`, and what is `left_open`."""

    met: Sequence[Conflict] = ()
    instead: str = ""
    left_open: str = ""

    def __bool__(self) -> bool:
        return bool(self.met or self.left_open)

    @property
    def digest(self) -> str:
        """Of what the person was shown: where it has become another, they are asked again."""
        shown = [*(one.sentence for one in self.met), self.left_open]
        return salted_hmac("conflicts of a window", "\n".join(shown)).hexdigest()


NOTHING_TOLD = Told()


def _told(user: User, kept: MaintenanceWindow | None, row: MaintenanceWindow, moment: datetime) -> Told:
    left_open = window_pages.left_open(kept, row, user, moment) if kept is not None else ""
    return Told(*_met(user, row, moment), left_open)


def _met(user: User, row: MaintenanceWindow, moment: datetime) -> tuple[Sequence[Conflict], str]:
    """What it meets on the databases that this person sees, and where there would be room, as a sentence."""
    if not row.is_active:
        return (), ""
    asked = timetables.window_of(row)
    company = timetables.company(moment, without=row.pk)
    databases = timetables.databases(Target.objects.visible_to(user).defer("facts"))
    met = conflicts(asked, company, databases, moment)
    if not met:
        return (), ""
    found = free_instead(asked, company, databases, met[0].first.starts_at, timedelta(minutes=row.minutes))
    clock = asked.on_its_clock
    if found is None:
        return met, "There is no free time of this length within 400 days."
    return (
        met,
        f"The next time of this length in which it meets nothing: {clock(found.starts_at)} to {clock(found.ends_at)}.",
    )


def _page(
    request: SignedIn, form: WindowForm, kept: MaintenanceWindow | None, *, row: MaintenanceWindow | None = None,
    told: Told = NOTHING_TOLD,
) -> HttpResponse:  # fmt: skip
    context: dict[str, Any] = {
        "form": form, "window": kept, "told": told, "is_right": row is not None and not told,
        "slots": _preview(row) if row is not None else (),
        "zones": sorted(zoneinfo.available_timezones()),
    }  # fmt: skip
    is_unsaved = bool(form.errors) or bool(told and "save" in request.POST)
    return render(request, "strategies/window_form.html", context, status=422 if is_unsaved else 200)


def _preview(row: MaintenanceWindow) -> Sequence[tuple[str, str]]:
    """The next slots of a window that is not kept yet, on its clock."""
    asked, moment = timetables.window_of(row), timezone.now()
    clock = asked.on_its_clock
    return [(clock(slot.starts_at), clock(slot.ends_at)) for slot, _ in window_pages.slots(asked, moment)]


@require_POST
@for_operators
def window_remove(request: SignedIn, pk: int) -> HttpResponse:
    row = _visible(request.user, pk)
    left_open = window_pages.left_open(row, None, request.user, timezone.now())
    try:
        window_changes.remove_window(Actor.of(request), request.user, row)
    except Refused as refusal:
        messages.error(request, f"{row.name} stays. {refusal}")
        return redirect("window", pk)
    messages.success(request, sentences(f"{row.name} is removed.", left_open))
    return redirect("windows")


@require_POST
@for_readers
def window_extend(request: SignedIn, pk: int) -> HttpResponse:
    """Whoever may is the owner, or has the role that the window names."""
    row, form = _visible(request.user, pk), SlotForm(request.POST)
    if not form.is_valid() or form.cleaned_data["minutes"] is None:
        messages.error(
            request, f"{row.name} was not extended. {form.problem if form.errors else 'Minutes: say by how much.'}"
        )
        return redirect("window", pk)
    until = form.cleaned_data["ends"] + timedelta(minutes=form.cleaned_data["minutes"])
    try:
        change = openings.extend(
            row, form.cleaned_data["slot"], until, user=request.user, actor=Actor.of(request),
            reason=form.cleaned_data["reason"], moment=timezone.now(),
        )  # fmt: skip
    except Refused as refusal:
        messages.error(request, f"{row.name} was not extended. {refusal}")
    else:
        clock = timetables.window_of(row).on_its_clock
        messages.success(request, f"{row.name} is open until {clock(change.ends_at)}; what waits is asked anew.")
    return redirect("window", pk)


@require_POST
@for_readers
def window_close(request: SignedIn, pk: int) -> HttpResponse:
    row, form = _visible(request.user, pk), SlotForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"{row.name} was not closed. {form.problem}")
        return redirect("window", pk)
    try:
        openings.close(
            row, form.cleaned_data["slot"], user=request.user, actor=Actor.of(request), reason=form.cleaned_data["reason"],
            moment=timezone.now(),
        )  # fmt: skip
    except Refused as refusal:
        messages.error(request, f"{row.name} was not closed. {refusal}")
    else:
        grace = f"{row.grace_minutes} min" if row.grace_minutes else "no"
        messages.success(request, f"{row.name} is closed: no step begins any more; what is at work has {grace} grace.")
    return redirect("window", pk)


def _visible(user: User, pk: int) -> MaintenanceWindow:
    rows = MaintenanceWindow.objects.visible_to(user).select_related("target", "tag", "tenant")
    return get_object_or_404(rows, pk=pk)
