"""Channels and the rules that lead to them: the lists, their forms, and trying a channel."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from monitoring import channel_changes, notification_rules
from monitoring.channel_forms import ChannelForm, RuleForm
from monitoring.models import Delivery, Notification, NotificationChannel, NotificationRule
from monitoring.notifiable import GROUPS
from monitoring.notifications import channels as kinds
from monitoring.notifications.base import SettingsRefused
from strategies import secrets
from strategies.audit import Actor
from strategies.models import OPERATES, User, may
from strategies.reach import Reach
from strategies.refused import Refused
from strategies.secrets import SecretMissing
from strategies.views.access import SignedIn, for_operators, for_readers_of_audit


@dataclass(frozen=True, slots=True)
class Listed:
    """A channel as the list shows it: `place` is where it goes, `waiting` how much waits on it."""

    row: NotificationChannel
    kind: str
    place: str
    waiting: int
    is_for_people: bool
    refusal: str


@require_safe
@for_readers_of_audit
def channel_list(request: SignedIn) -> HttpResponse:
    rows = NotificationChannel.objects.visible_to(request.user).select_related("tenant")
    waiting = Notification.objects.filter(state=Delivery.WAITING, channel__in=rows).order_by()
    waits = dict(waiting.values_list("channel").annotate(Count("pk")))
    reach = Reach.of(request.user)
    found = [_listed(row, reach, waits.get(row.pk, 0)) for row in rows]
    context = {"channels": found, "kinds": kinds().values(), "may_add": may(request.user, *OPERATES)}
    return render(request, "notifications/channels.html", context)


def _listed(row: NotificationChannel, reach: Reach, waiting: int) -> Listed:
    kind = kinds().get(row.kind)
    refusal = channel_changes.refusal(reach, row)
    if kind is None:
        return Listed(row, row.kind, "this version knows no such kind of channel", waiting, False, refusal)
    try:
        place = kind.describe(kind.read_settings(row.settings), secrets.resolve(row.secret))
    except (SettingsRefused, SecretMissing) as trouble:
        place = str(trouble)
    return Listed(row, kind.title, place, waiting, kind.is_for_people, refusal)


@require_http_methods(["GET", "POST"])
@for_operators
def channel_new(request: SignedIn) -> HttpResponse:
    kind = request.GET.get("kind", "email")
    if kind not in kinds():
        messages.error(request, f"There is no such kind of channel; there are {', '.join(kinds())}.")
        return redirect("channels")
    return _channel_form(request, kind, None)


@require_http_methods(["GET", "POST"])
@for_operators
def channel_edit(request: SignedIn, pk: int) -> HttpResponse:
    row = _channel(request.user, pk)
    if request.method == "GET" and (refusal := channel_changes.refusal(Reach.of(request.user), row)):
        messages.error(request, refusal)
        return redirect("channels")
    return _channel_form(request, row.kind, row)


def _channel_form(request: SignedIn, kind: str, kept: NotificationChannel | None) -> HttpResponse:
    found = kinds().get(kind)
    if found is None:
        raise Http404
    form = ChannelForm(request.POST or None, user=request.user, kind=found, channel=kept)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            row = form.row()
            try:
                is_changed = channel_changes.keep_channel(
                    Actor.of(request), request.user, row, secret=form.secret, drawn_from=form.cleaned_data["version"]
                )
            except Refused as refusal:
                form.refuse(refusal.field, str(refusal))
            else:
                messages.success(request, f"{row.name} is {'kept' if is_changed else 'as it was'}.")
                return redirect("channels")
    context = {"form": form, "kind": found, "channel": kept}
    return render(request, "notifications/channel_form.html", context, status=status)


@require_POST
@for_operators
def channel_switch(request: SignedIn, pk: int) -> HttpResponse:
    row, on = _channel(request.user, pk), request.POST.get("on") == "1"
    try:
        if channel_changes.switch_channel(Actor.of(request), request.user, row, is_active=on):
            messages.success(request, f"{row.name} is switched {'on' if on else 'off'}.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("channels")


@require_POST
@for_operators
def channel_remove(request: SignedIn, pk: int) -> HttpResponse:
    row = _channel(request.user, pk)
    try:
        channel_changes.remove_channel(Actor.of(request), request.user, row)
        messages.success(request, f"{row.name} is removed, with its rules and its messages.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("channels")


@require_POST
@for_operators
def channel_test(request: SignedIn, pk: int) -> HttpResponse:
    """A worker sends it; its page shows what becomes of it."""
    row = _channel(request.user, pk)
    try:
        note = channel_changes.send_test(
            Actor.of(request), request.user, row, request.POST.get("recipient", ""), timezone.now()
        )
    except Refused as refusal:
        messages.error(request, f"{row.name}: {refusal}")
        return redirect("channels")
    return redirect("notification", note.pk)


def _channel(user: User, pk: int) -> NotificationChannel:
    return get_object_or_404(NotificationChannel.objects.visible_to(user).select_related("tenant"), pk=pk)


@require_safe
@for_readers_of_audit
def rule_list(request: SignedIn) -> HttpResponse:
    rows = NotificationRule.objects.visible_to(request.user).select_related("channel", "target", "tag", "tenant")
    found = [(row, [GROUPS.get(name, name) for name in sorted(row.groups)]) for row in rows]
    has_channel = bool(found) or NotificationChannel.objects.visible_to(request.user).exists()
    context = {"rules": found, "has_channel": has_channel, "may_add": may(request.user, *OPERATES)}
    return render(request, "notifications/rules.html", context)


@require_http_methods(["GET", "POST"])
@for_operators
def rule_new(request: SignedIn) -> HttpResponse:
    return _rule_form(request, None)


@require_http_methods(["GET", "POST"])
@for_operators
def rule_edit(request: SignedIn, pk: int) -> HttpResponse:
    row = _rule(request.user, pk)
    if request.method == "GET" and (refusal := Reach.of(request.user).refusal(row, "may change it")):
        messages.error(request, refusal)
        return redirect("notification-rules")
    return _rule_form(request, row)


def _rule_form(request: SignedIn, kept: NotificationRule | None) -> HttpResponse:
    form = RuleForm(request.POST or None, user=request.user, rule=kept)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            row = form.row()
            try:
                is_changed = notification_rules.keep_rule(
                    Actor.of(request), request.user, row, drawn_from=form.cleaned_data["version"]
                )
            except Refused as refusal:
                form.refuse(refusal.field, str(refusal))
            else:
                messages.success(request, f"{row.name} is {'kept' if is_changed else 'as it was'}.")
                return redirect("notification-rules")
    return render(request, "notifications/rule_form.html", {"form": form, "rule": kept}, status=status)


@require_POST
@for_operators
def rule_remove(request: SignedIn, pk: int) -> HttpResponse:
    row = _rule(request.user, pk)
    try:
        notification_rules.remove_rule(Actor.of(request), request.user, row)
        messages.success(request, f"{row.name} is removed.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("notification-rules")


def _rule(user: User, pk: int) -> NotificationRule:
    rows = NotificationRule.objects.visible_to(user).select_related("channel", "target", "tag", "tenant")
    return get_object_or_404(rows, pk=pk)
