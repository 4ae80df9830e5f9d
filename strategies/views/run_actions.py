"""What people do with a run: release, stop, resume, try again, undo, and say that a failure was dealt with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from strategies import endings, runs, successors
from strategies.audit import Actor
from strategies.forms.run_actions import NoteForm, ReleaseForm
from strategies.models import JobRun, Stop
from strategies.views.access import SignedIn, for_operators
from strategies.views.runs import told, visible


@require_POST
@for_operators
def run_release(request: SignedIn, pk: int) -> HttpResponse:
    """Let the plan start that the person has seen; its digest comes with the form."""
    row = visible(request.user, pk)
    form = ReleaseForm(request.POST)
    won = form.is_valid() and runs.release(row, Actor.of(request), form.cleaned_data["digest"], timezone.now())
    done = "The plan was released." if row.steps_total else "The plan without steps was closed."
    told(request, won, done,
         "Not released: the plan is not the one that was shown, or it was released or cancelled meanwhile.")  # fmt: skip
    return redirect("run", row.pk)


@require_POST
@for_operators
def run_stop(request: SignedIn, pk: int) -> HttpResponse:
    row = visible(request.user, pk)
    how = request.POST.get("how", "")
    if how not in (Stop.AFTER_STEP, Stop.CANCEL):
        messages.error(request, "Choose how to stop: after this step, or at once.")
        return redirect("run", row.pk)
    was_open = row.is_open
    won = endings.ask_stop(row, Actor.of(request), Stop(how), timezone.now())
    how_said = "after its present step" if how == Stop.AFTER_STEP else "at once"
    done = f"The run was asked to stop {how_said}." if row.is_open else "The run was cancelled."
    told(
        request, won, done, "It was asked to stop already." if was_open and row.is_open else "The run is over already."
    )
    return redirect("run", row.pk)


def _follow_up(request: SignedIn, pk: int, begin: Callable[[JobRun, Actor, datetime], JobRun]) -> HttpResponse:
    """Begin another run out of an ended one, and show it."""
    row = visible(request.user, pk)
    if row.is_open:
        messages.warning(request, "The run is not over yet.")
        return redirect("run", row.pk)
    try:
        successor = begin(row, Actor.of(request), timezone.now())
    except ValueError as refusal:
        messages.warning(request, str(refusal))
        return redirect("run", row.pk)
    return redirect("run", successor.pk)


@require_POST
@for_operators
def run_resume(request: SignedIn, pk: int) -> HttpResponse:
    return _follow_up(request, pk, successors.resume)


@require_POST
@for_operators
def run_retry(request: SignedIn, pk: int) -> HttpResponse:
    return _follow_up(request, pk, successors.try_again)


@require_POST
@for_operators
def run_undo(request: SignedIn, pk: int) -> HttpResponse:
    return _follow_up(request, pk, successors.undo)


@require_POST
@for_operators
def run_handle(request: SignedIn, pk: int) -> HttpResponse:
    row = visible(request.user, pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say what was done, in a few words (at most 500 characters).")
        return redirect("run", row.pk)
    won = successors.handle(row, Actor.of(request), form.cleaned_data["note"], timezone.now())
    told(
        request,
        won,
        "What was done about it was noted.",
        "Somebody had noted it already, or the run is not over.",
    )
    return redirect("run", row.pk)
