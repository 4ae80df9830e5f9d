"""Systems: the list, one of them with its subscribers, its form; and the links to status pages."""

from __future__ import annotations

import zoneinfo
from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from monitoring import subscriptions, system_state, systems
from monitoring.models import AnnouncedWork, StatusPage, Steps, Subscription, System
from monitoring.system_forms import StatusPageForm, StepsForm, SubscribeForm, SystemForm
from monitoring.system_state import SystemState
from monitoring.views.addresses import whole_address
from strategies.audit import Actor
from strategies.models import OPERATES, READS_AUDIT, READS_SQL, User, may
from strategies.refused import Refused
from strategies.views.access import SignedIn, for_operators, for_readers, for_readers_of_audit

MOST_SUBSCRIBERS, MOST_WORKS = 500, 100  # that a page shows


@require_safe
@for_readers
def system_list(request: SignedIn) -> HttpResponse:
    rows = System.objects.visible_to(request.user).select_related("tenant")
    in_force = Subscription.objects.in_force().filter(system__in=rows.order_by()).order_by()
    count = dict(in_force.values_list("system").annotate(Count("pk")))
    states = [(state, count.get(state.system.pk, 0)) for state in system_state.states(rows, timezone.now())]
    context = {"states": states, "own": _own(request.user), "may_add": may(request.user, *OPERATES)}
    return render(request, "systems/systems.html", context)


def _own(user: User) -> set[int]:
    """The systems to which the address of this account is subscribed."""
    if not user.email:
        return set()
    mine = Subscription.objects.in_force().filter(address=user.email.casefold())
    return set(mine.values_list("system", flat=True))


@require_safe
@for_readers
def system(request: SignedIn, pk: int) -> HttpResponse:
    return _page(request, _visible(request.user, pk))


def _page(request: SignedIn, row: System, form: SubscribeForm | None = None, status: int = 200) -> HttpResponse:
    user = request.user
    state = system_state.states([row], timezone.now())[0]
    mine = Subscription.objects.filter(system=row, address=user.email.casefold()).first() if user.email else None
    sees_subscribers = may(user, *READS_AUDIT)
    sees_work = may(user, *READS_SQL)
    context = {
        "system": row, "state": state, "mine": mine, "refusal": systems.refusal(user, row.tenant_id),
        "form": form or SubscribeForm(initial={"address": "" if mine is not None and mine.left_at is None else user.email}),
        "steps": Steps.choices, "may_ask_own": row.is_active and bool(user.email) and (mine is None or mine.left_at is not None),
        "subscribers": row.subscriptions.all()[:MOST_SUBSCRIBERS] if sees_subscribers else None,
        "subscribed": row.subscriptions.in_force().count(), "works": _works(state) if sees_work else None,
        "databases": row.targets.only("name") if sees_work else (), "told_work": sorted(row.told_strategies) if sees_work else (),
    }  # fmt: skip
    return render(request, "systems/system.html", context, status=status)


def _works(state: SystemState) -> Iterable[AnnouncedWork]:
    """The runs and due instants of which the maintenance is made that is under way, and the next."""
    rows = [*state.under_way, *state.planned[:1]]
    works = AnnouncedWork.objects.filter(announcement__in=[row.pk for row in rows])
    return works.select_related("job", "target").order_by("starts_at", "pk")[:MOST_WORKS]


@require_POST
@for_readers
def system_subscribe(request: SignedIn, pk: int) -> HttpResponse:
    """One's own address; a DBA may enter any, whose owner then decides."""
    row = _visible(request.user, pk)
    given = request.POST.copy()
    if systems.refusal(request.user, row.tenant_id):
        given["address"] = request.user.email
    form = SubscribeForm(given)
    if not form.is_valid():
        return _page(request, row, form, status=422)
    address = form.cleaned_data["address"]
    try:
        is_asked = subscriptions.ask(Actor.of(request), row, address, form.cleaned_data["steps"], timezone.now())
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return _page(request, row, form, status=422)
    if is_asked:
        messages.success(
            request, f"A message is on its way to {address}: it asks for a yes, and more follow after that."
        )
    else:
        messages.info(request, f"{address} is subscribed already.")
    return redirect("system", pk)


@require_POST
@for_readers
def system_steps(request: SignedIn, pk: int) -> HttpResponse:
    """How much one's own address hears."""
    row, form = _visible(request.user, pk), StepsForm(request.POST)
    mine = Subscription.objects.in_force().filter(system=row, address=request.user.email.casefold() or None).first()
    if mine is None or not form.is_valid():
        messages.error(
            request, "Nothing was changed: " + ("choose one of these." if mine else "your address is not subscribed.")
        )
    elif subscriptions.choose_steps(Actor.of(request), mine, form.cleaned_data["steps"]):
        messages.success(request, "That is how you will hear of it.")
    return redirect("system", pk)


@require_POST
@for_readers
def system_leave(request: SignedIn, pk: int) -> HttpResponse:
    """Ends one's own subscription; a DBA ends any."""
    row, asked = _visible(request.user, pk), request.POST.get("subscription", "")
    rows = Subscription.objects.select_related("system").filter(system=row)
    if systems.refusal(request.user, row.tenant_id):
        rows = rows.filter(address=request.user.email.casefold()) if request.user.email else rows.none()
    found = rows.filter(pk=int(asked)).first() if asked.isascii() and asked.isdigit() and len(asked) < 19 else None
    if found is not None and subscriptions.remove(Actor.of(request), found, timezone.now()):
        messages.success(request, f"{found.address} gets no more messages about {row.name}.")
    else:
        messages.info(request, "There is no such subscription, or it has ended already.")
    return redirect("system", pk)


@require_http_methods(["GET", "POST"])
@for_operators
def system_new(request: SignedIn) -> HttpResponse:
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@for_operators
def system_edit(request: SignedIn, pk: int) -> HttpResponse:
    return _form(request, _visible(request.user, pk))


def _form(request: SignedIn, kept: System | None) -> HttpResponse:
    form = SystemForm(request.POST or None, user=request.user, system=kept)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            row = form.row()
            try:
                is_changed = systems.keep_system(
                    Actor.of(request), request.user, row, form.chosen, drawn_from=form.cleaned_data["version"]
                )
            except Refused as refusal:
                form.refuse(refusal.field, str(refusal))
            else:
                messages.success(request, f"{row.name} is {'kept' if is_changed else 'as it was'}.")
                return redirect("system", row.pk)
    context = {"form": form, "system": kept, "zones": sorted(zoneinfo.available_timezones())}
    return render(request, "systems/system_form.html", context, status=status)


@require_POST
@for_operators
def system_switch(request: SignedIn, pk: int) -> HttpResponse:
    row, on = _visible(request.user, pk), request.POST.get("on") == "1"
    try:
        if systems.switch_system(Actor.of(request), request.user, row, timezone.now(), is_active=on):
            messages.success(request, f"Messages about {row.name} are switched {'on' if on else 'off'}.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("system", pk)


@require_POST
@for_operators
def system_remove(request: SignedIn, pk: int) -> HttpResponse:
    row = _visible(request.user, pk)
    try:
        systems.remove_system(Actor.of(request), request.user, row)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("system", pk)
    messages.success(request, f"{row.name} is removed, with its subscriptions.")
    return redirect("systems")


def _visible(user: User, pk: int) -> System:
    return get_object_or_404(System.objects.visible_to(user).select_related("tenant"), pk=pk)


@require_safe
@for_readers_of_audit
def status_page_list(request: SignedIn) -> HttpResponse:
    return _links(request, StatusPageForm(user=request.user))


def _links(request: SignedIn, form: StatusPageForm, status: int = 200) -> HttpResponse:
    """The address itself only for those who may give it away."""
    rows = StatusPage.objects.visible_to(request.user).filter(revoked_at=None, expires_at__gt=timezone.now())
    pages = list(rows.select_related("tenant"))
    made = Counter(System.objects.visible_to(request.user).filter(is_active=True).values_list("tenant", flat=True))
    context = {
        "pages": [(page, made[page.tenant_id], _address(request, page)) for page in pages], "form": form,
        "may_make": may(request.user, *OPERATES),
    }  # fmt: skip
    return render(request, "systems/status_pages.html", context, status=status)


def _address(request: SignedIn, page: StatusPage) -> str:
    return whole_address(request, f"{reverse('status')}?{urlencode({'key': page.token})}")


@require_POST
@for_operators
def status_page_make(request: SignedIn) -> HttpResponse:
    form = StatusPageForm(request.POST, user=request.user)
    if not form.is_valid():
        return _links(request, form, status=422)
    typed = form.cleaned_data
    try:
        page = systems.make_page(
            Actor.of(request), request.user, typed["tenant"], typed["name"], typed["days"], timezone.now()
        )
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return _links(request, form, status=422)
    messages.success(
        request, f"The link for {page.name} is made. Whoever has it reads the page: keep it like a password."
    )
    return redirect("status-pages")


@require_POST
@for_operators
def status_page_revoke(request: SignedIn, pk: int) -> HttpResponse:
    page = get_object_or_404(StatusPage.objects.visible_to(request.user).select_related("tenant"), pk=pk)
    try:
        if systems.revoke_page(Actor.of(request), request.user, page, timezone.now()):
            messages.success(request, f"The link for {page.name} is revoked: it shows nothing any more.")
        else:
            messages.info(request, "It was revoked already.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("status-pages")
