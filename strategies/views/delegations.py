"""Giving one's word of approval to somebody else for some days: who gave it to whom, and taking it back."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from strategies import delegations
from strategies.audit import Actor
from strategies.forms.standing import DelegationForm, end_of, start_of
from strategies.models import Delegation, User
from strategies.refused import Refused
from strategies.views.access import SignedIn, for_signers

PAST = 20


@require_http_methods(["GET", "POST"])
@for_signers
def delegation_list(request: SignedIn) -> HttpResponse:
    moment = timezone.now()
    form = DelegationForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        starts_at = max(start_of(values["starts_on"]), moment)
        try:
            row = delegations.add(
                request.user, values["delegate"], Actor.of(request), starts_at, end_of(values["ends_on"]),
                values["reason"].strip(), moment,
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, f"{row.delegate} speaks for you until {values['ends_on']:%d %b %Y}.")
            return redirect("delegations")
    rows = _visible(request.user)
    lasting = Q(revoked_at=None, ends_at__gt=moment)
    context = {
        "form": form, "rows": rows.filter(lasting), "past": rows.exclude(lasting)[:PAST], "moment": moment,
    }  # fmt: skip
    return render(request, "strategies/delegations.html", context, status=422 if form.errors else 200)


def _visible(user: User) -> QuerySet[Delegation]:
    """Those that a person gave or was given."""
    return Delegation.objects.filter(Q(person=user.username) | Q(delegate=user.username))


@require_POST
@for_signers
def delegation_revoke(request: SignedIn, pk: int) -> HttpResponse:
    row = get_object_or_404(_visible(request.user), pk=pk)
    if delegations.revoke(row, Actor.of(request), timezone.now()):
        messages.success(request, f"{row.delegate} no longer speaks for {row.person}.")
    else:
        messages.info(request, "It had ended already.")
    return redirect("delegations")
