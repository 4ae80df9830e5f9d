"""What people see without a sign-in, by signed links: the status page of a tenant, its calendar, and their own subscription.

A link opens no more than it says; one that is too old, revoked, replaced or made up opens nothing.
"""

from __future__ import annotations

from datetime import UTC
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from monitoring import subscription_links, subscriptions, system_state
from monitoring.deliveries import WELCOMED
from monitoring.models import Notification, StatusPage, Subscription, System
from monitoring.subscription_messages import named
from monitoring.system_forms import StepsForm, SubscribeForm
from monitoring.views.addresses import whole_address
from strategies.audit import Actor
from strategies.refused import Refused


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def status(request: HttpRequest) -> HttpResponse:
    """What is planned, under way and done on the systems of one tenant. Posted, an address subscribes to one of them."""
    token = request.GET.get("key", "")
    page = StatusPage.objects.of_token(token, timezone.now())
    if page is None:
        why = "This link opens nothing any more: it was revoked, or its time is over."
        return _no_more(request, why if token else "The address is not complete: a key belongs to its end.")
    systems = list(System.objects.filter(tenant=page.tenant_id, is_active=True))
    form, code = SubscribeForm(request.POST if request.method == "POST" else None), 200
    asked = request.POST.getlist("system")
    chosen = [system for system in systems if str(system.pk) in asked]
    if request.method == "POST":
        if form.is_valid() and not chosen:
            form.add_error(None, "Choose a system.")
        if form.is_valid() and _asked(request, form, chosen):
            messages.success(
                request,
                "If that address is not subscribed yet, was not asked today and has not left of late, a message is on its way "
                "there: open its link.",
            )
            return redirect(request.get_full_path())
        code = 422
    calendar = whole_address(request, f"{reverse('status-calendar')}?{urlencode({'key': token})}")
    context = {
        "page": page, "states": system_state.states(systems, timezone.now()), "form": form, "chosen": chosen,
        "calendar": calendar, "moment": timezone.now(), "zone": systems[0].zone if systems else UTC,
    }  # fmt: skip
    return render(request, "systems/status.html", context, status=code)


def _asked(request: HttpRequest, form: SubscribeForm, systems: list[System]) -> bool:
    given = form.cleaned_data
    try:
        subscriptions.ask_as_stranger(
            Actor("status page", request.META.get("REMOTE_ADDR", "")[:60]), systems, given["address"], given["steps"], timezone.now()
        )  # fmt: skip
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return False
    return True


@login_not_required
@require_safe
def status_calendar(request: HttpRequest) -> HttpResponse:
    """The same for the calendar that somebody carries about."""
    moment = timezone.now()
    page = StatusPage.objects.of_token(request.GET.get("key", ""), moment)
    if page is None:
        raise Http404
    rows = System.objects.filter(tenant=page.tenant_id, is_active=True)
    text = system_state.as_text(rows, f"Maintenance: {page.tenant.name}", moment)
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Cache-Control"] = "private, max-age=300"
    response["Content-Disposition"] = 'inline; filename="maintenance.ics"'
    return response


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def subscription(request: HttpRequest) -> HttpResponse:
    """What a subscriber hears of, and how much of it."""
    row = Subscription.objects.of_token(request.GET.get("key", ""))
    if row is None:
        return _ended(request)
    if not subscriptions.may_hear(row):
        return _no_more(request, "The account with this address may not see the system any more.")
    form = StepsForm(request.POST if request.method == "POST" else None, initial={"steps": row.steps})
    if request.method == "POST" and form.is_valid():
        if subscriptions.choose_steps(subscriptions.owner(row, _machine(request)), row, form.cleaned_data["steps"]):
            messages.success(request, "That is how you will hear of it.")
        return redirect(request.get_full_path())
    context = {
        "row": row, "form": form, "leaving": subscription_links.leaving(row), "moment": timezone.now(),
        "state": system_state.states([row.system], timezone.now())[0],
    }  # fmt: skip
    return render(request, "systems/subscription.html", context, status=422 if request.method == "POST" else 200)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def subscription_confirm(request: HttpRequest) -> HttpResponse:
    """Opening the link changes nothing, since mail scanners open links, too: a button does."""
    row = Subscription.objects.to_confirm(request.GET.get("key", ""))
    if row is None:
        return _no_more(
            request,
            "This link opens nothing any more: it is older than a week, another one was sent, or the subscription has ended.",
        )
    together = list(Subscription.objects.together(row))
    moment = timezone.now()
    if request.method == "POST" and subscriptions.confirm_all(row, moment, _machine(request)):
        is_sent = Notification.objects.filter(subscription__in=together, event=WELCOMED, created_at=moment).exists()
        first = " What is announced already comes with the first message." if is_sent else ""
        messages.success(request, f"From now on you hear of maintenance of {named(together)}.{first}")
    if request.method == "POST" or row.confirmed_at is not None:
        return redirect(subscription_links.page(row))
    return render(request, "systems/subscription_confirm.html", {"row": row, "names": named(together)})


@csrf_exempt  # mail programs leave with one POST of their own (RFC 8058); the signed key says who it is
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def subscription_leave(request: HttpRequest) -> HttpResponse:
    row = Subscription.objects.of_token(request.GET.get("key", ""))
    if row is None:
        return _ended(request)
    if request.method == "POST":
        subscriptions.leave(row, timezone.now(), _machine(request))
        return render(request, "systems/subscription_left.html", {"row": row})
    return render(request, "systems/subscription_leave.html", {"row": row})


def _ended(request: HttpRequest) -> HttpResponse:
    """For whoever left already that is no error: mail programs may say it twice."""
    left = Subscription.objects.left(request.GET.get("key", ""))
    if left is not None and subscriptions.may_hear(left):
        return render(request, "systems/subscription_left.html", {"row": left, "was_before": True})
    return _no_more(request, "This link opens nothing any more: the subscription has ended, or the link is too old.")


def _machine(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))[:60]


def _no_more(request: HttpRequest, why: str) -> HttpResponse:
    return render(request, "systems/no_more.html", {"why": why}, status=404)
