"""What people do with a run that waits for people: ask again, and start it against what keeps it when two of them want that."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from strategies import asking_again, glass, run_consent, runs
from strategies.audit import Actor
from strategies.forms.approval import GlassForm
from strategies.models import BreakGlass, JobRun
from strategies.refused import Refused
from strategies.views.access import SignedIn, for_operators, for_signers
from strategies.views.runs import visible


@require_POST
@for_operators
def run_ask_again(request: SignedIn, pk: int) -> HttpResponse:
    row, moment = visible(request.user, pk), timezone.now()
    try:
        asked = asking_again.ask_again(row, Actor.of(request), moment)
        runs.ask_gate_anew(asked.pk, moment)
    except Refused as refusal:
        messages.warning(request, str(refusal))
        return redirect("run", row.pk)
    if asked.pk != row.pk:
        messages.success(
            request, f"The plan of run {row.pk} was old: this run is planned in its place, to be released."
        )
    elif asked.planned_at is None:
        messages.success(request, "The plan was old: it is made anew, and people are asked when it is there.")
    else:
        messages.success(request, "People are asked again.")
    return redirect("run", asked.pk)


@require_POST
@for_operators
def run_break_glass(request: SignedIn, pk: int) -> HttpResponse:
    """Ask for a start against windows, freezes and holds; a second person has to agree."""
    row, form, moment = visible(request.user, pk), GlassForm(request.POST), timezone.now()
    if not form.is_valid():
        messages.error(request, "Reason: say why it cannot wait, in a few words (at most 500 characters).")
        return redirect("run", row.pk)
    consent = run_consent.of(row, request.user, moment)
    if consent is None or not consent.may_break_glass:
        messages.warning(request, "No window, freeze or hold keeps this run, or a second person is asked already.")
        return redirect("run", row.pk)
    try:
        glass.ask(row, Actor.of(request), form.cleaned_data["reason"], moment)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "A second person finds it among their approvals, and has to agree within 4 hours.")
    return redirect("run", row.pk)


@require_POST
@for_signers
def glass_agree(request: SignedIn, pk: int) -> HttpResponse:
    rows = BreakGlass.objects.filter(run__in=JobRun.objects.visible_to(request.user)).select_related("run__target")
    row = get_object_or_404(rows, pk=pk)
    moment = timezone.now()
    try:
        glass.agree(row, Actor.of(request), moment)
        runs.ask_gate_anew(row.run_id, moment)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, f"Run {row.run_id} starts against windows, freezes and holds, as soon as nothing else keeps it."
        )
    return redirect("approvals")
