"""Notifications: the list, one of them as it went out and what became of it, and sending it again."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from monitoring import channel_changes, deliveries
from monitoring.models import Delivery, Notification, NotificationReader
from monitoring.notification_filters import NotificationFilter
from strategies import keyset
from strategies.audit import Actor
from strategies.models import User
from strategies.reach import Reach
from strategies.refused import Refused
from strategies.views.access import SignedIn, for_operators, for_readers_of_audit

TROUBLE_SHOWN = timedelta(days=7)
# A mail carries its own style, and nothing else; it can neither load nor run anything.
_OF_A_MAIL = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"


@require_safe
@for_readers_of_audit
def notification_list(request: SignedIn) -> HttpResponse:
    rows = Notification.objects.visible_to(request.user).select_related("channel", "target").defer("body", "facts")
    found = NotificationFilter(request.GET, rows, request=request)
    kept = request.GET.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    failed = Notification.objects.visible_to(request.user).filter(state=Delivery.FAILED)
    context = {
        "failed": failed.count(),
        "page": keyset.page(found.qs, request.GET), "filter": found, "query": kept.urlencode(),
        "reader": _trouble() if request.user.has_every_tenant else None,
    }  # fmt: skip
    return render(request, "notifications/notifications.html", context)


def _trouble() -> NotificationReader | None:
    """What could not be told of late; what was long ago may have been mended since."""
    return NotificationReader.objects.filter(pk=1, trouble_at__gt=timezone.now() - TROUBLE_SHOWN).first()


@require_safe
@for_readers_of_audit
def notification(request: SignedIn, pk: int) -> HttpResponse:
    return render(request, "notifications/notification.html", _context(request, pk))


@require_safe
@for_readers_of_audit
def notification_live(request: SignedIn, pk: int) -> HttpResponse:
    """What became of it so far; the answer 286 ends the asking."""
    context = _context(request, pk)
    status = 200 if context["is_open"] else 286
    return render(request, "notifications/notification_live.html", context, status=status)


def _context(request: SignedIn, pk: int) -> dict[str, object]:
    note = _visible(request.user, pk)
    return {
        "note": note,
        "now": timezone.now(),
        "text": deliveries.shown(note),
        "is_open": note.state == Delivery.WAITING,
        "refusal": channel_changes.refusal(Reach.of(request.user), note.channel),
    }


@require_safe
@for_readers_of_audit
def notification_mail(request: SignedIn, pk: int) -> HttpResponse:
    """As readers of HTML see it."""
    response = HttpResponse(deliveries.shown_html(_visible(request.user, pk)))
    response["Content-Security-Policy"] = _OF_A_MAIL
    return response


@require_POST
@for_operators
def notification_again(request: SignedIn, pk: int) -> HttpResponse:
    note = _visible(request.user, pk)
    try:
        if channel_changes.send_again(Actor.of(request), request.user, note, timezone.now()):
            messages.success(request, "It is sent again, with the same key as before.")
        else:
            messages.info(request, "It waits already, or was delivered.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("notification", pk)


def _visible(user: User, pk: int) -> Notification:
    return get_object_or_404(
        Notification.objects.visible_to(user).select_related("channel", "target", "subscription"), pk=pk
    )
