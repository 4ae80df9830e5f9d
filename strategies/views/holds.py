"""Holds: which are in force, placing and lifting them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from strategies import holds
from strategies.audit import Actor
from strategies.forms.hold import HoldForm
from strategies.models import Hold, may
from strategies.models.access import OPERATES
from strategies.reach import Reach
from strategies.views.access import SignedIn, for_operators, for_readers

PAST = 20


@require_safe
@for_readers
def hold_list(request: SignedIn) -> HttpResponse:
    return _page(request, HoldForm(user=request.user) if may(request.user, *OPERATES) else None)


def _page(request: SignedIn, form: HoldForm | None, status: int = 200) -> HttpResponse:
    rows = Hold.objects.visible_to(request.user).select_related("target", "tag", "tenant")
    reach = Reach.of(request.user)
    context = {
        "holds": [(hold, reach.refusal(hold)) for hold in rows.in_force()],
        "past": rows.filter(lifted_at__isnull=False).order_by("-lifted_at")[:PAST],
        "hold_form": form,
    }
    return render(request, "strategies/holds.html", context, status=status)


@require_POST
@for_operators
def hold_place(request: SignedIn) -> HttpResponse:
    form = HoldForm(request.POST, user=request.user)
    if not form.is_valid():
        return _page(request, form, status=422)
    hold = holds.place(Actor.of(request), timezone.now(), form.cleaned_data["reason"], **form.place)
    messages.success(request, f"New work on {hold.scope} was put on hold; what ran goes on.")
    return redirect("holds")


@require_POST
@for_operators
def hold_lift(request: SignedIn, pk: int) -> HttpResponse:
    hold = get_object_or_404(Hold.objects.visible_to(request.user).select_related("target", "tag", "tenant"), pk=pk)
    if refusal := Reach.of(request.user).refusal(hold):
        messages.error(request, f"The hold on {hold.scope} stays. {refusal}")
    elif holds.lift(hold, Actor.of(request), timezone.now()):
        messages.success(request, f"The hold on {hold.scope} was lifted.")
    else:
        messages.info(request, f"Somebody had lifted the hold on {hold.scope} already.")
    return redirect("holds")
