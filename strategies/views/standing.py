"""Standing approvals: asked for, granted, ended, and what each was used for."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from strategies import keyset, standing
from strategies.audit import Actor
from strategies.forms.approval import TextForm
from strategies.forms.standing import StandingForm
from strategies.models import Role, StandingApproval, User, may
from strategies.models.access import OPERATES
from strategies.models.approval import visible_standing
from strategies.refused import Refused
from strategies.standing import StandingState
from strategies.views.access import SignedIn, for_operators, for_readers_of_sql, for_signers

ENDS = (*OPERATES, Role.APPROVER)


@require_safe
@for_readers_of_sql
def standing_list(request: SignedIn) -> HttpResponse:
    moment = timezone.now()
    rows = visible_standing(request.user).select_related("target", "tag", "tenant")
    page = keyset.page(rows, request.GET)
    context = {"page": page, "rows": [(row, standing.state(row, moment)) for row in page.rows], "query": ""}
    return render(request, "strategies/standing_list.html", context)


@require_http_methods(["GET", "POST"])
@for_operators
def standing_new(request: SignedIn) -> HttpResponse:
    form = StandingForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            row = standing.ask(form.row, request.user, Actor.of(request), timezone.now())
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, "It is asked for; an approver who did not ask for it grants it.")
            return redirect("standing-approval", row.pk)
    return render(request, "strategies/standing_form.html", {"form": form}, status=422 if form.errors else 200)


def visible(user: User, pk: int) -> StandingApproval:
    rows = visible_standing(user).select_related("target", "tag", "tenant")
    return get_object_or_404(rows, pk=pk)


@require_safe
@for_readers_of_sql
def standing_page(request: SignedIn, pk: int) -> HttpResponse:
    return _page(request, visible(request.user, pk), TextForm())


def _page(request: SignedIn, row: StandingApproval, form: TextForm, status: int = 200) -> HttpResponse:
    state = standing.state(row, timezone.now())
    is_alive = state in (StandingState.ASKED, StandingState.IN_FORCE, StandingState.USED_UP)
    uses = row.uses.visible_to(request.user)
    proof = standing.proof(row.where, row.strategy_name) if state is StandingState.ASKED else None
    context: dict[str, Any] = {
        "row": row, "state": state, "form": form,
        "uses": keyset.page(uses.select_related("run").defer("sealed", "risk", "run__plan"), request.GET),
        "proof": proof,
        "may_grant": proof is not None and not proof.problem and not standing.refusal_to_grant(row, request.user),
        "may_end": is_alive and may(request.user, *ENDS), "query": "",
    }  # fmt: skip
    return render(request, "strategies/standing.html", context, status=status)


@require_POST
@for_signers
def standing_grant(request: SignedIn, pk: int) -> HttpResponse:
    row = visible(request.user, pk)
    try:
        standing.grant(row, request.user, Actor.of(request), timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"It is granted: {row.most_runs} runs, until its end or the first failure.")
    return redirect("standing-approval", row.pk)


@require_POST
@for_signers
def standing_revoke(request: SignedIn, pk: int) -> HttpResponse:
    row, form = visible(request.user, pk), TextForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form, 422)
    try:
        standing.revoke(row, request.user, Actor.of(request), form.cleaned_data["text"], timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{row} has ended: from now on each run is asked about.")
    return redirect("standing-approval", row.pk)
