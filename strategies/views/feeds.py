"""Feeds of windows, freezes and runs: a person's own, and the address at which one is read by its token, without a sign-in."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from strategies import feeds
from strategies.audit import Actor
from strategies.forms.calendar import FeedForm
from strategies.models import Feed
from strategies.refused import Refused
from strategies.views.access import SignedIn, for_readers


@require_safe
@for_readers
def feed_list(request: SignedIn) -> HttpResponse:
    return _page(request, FeedForm(user=request.user))


def _page(request: SignedIn, form: FeedForm, status: int = 200) -> HttpResponse:
    rows = Feed.objects.visible_to(request.user).filter(revoked_at=None).select_related("target", "tag", "tenant")
    return render(request, "strategies/feeds.html", {"feeds": rows, "form": form}, status=status)


@require_POST
@for_readers
def feed_make(request: SignedIn) -> HttpResponse:
    form = FeedForm(request.POST, user=request.user)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        feed = feeds.make(Actor.of(request), request.user, form.place, timezone.now())
    except Refused as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return _page(request, form, status=422)
    messages.success(
        request, f"The feed of {feed.scope} is made. Whoever has its address reads it: keep it like a password."
    )
    return redirect("feeds")


@require_POST
@for_readers
def feed_revoke(request: SignedIn) -> HttpResponse:
    asked = request.POST.get("feed", "")
    rows = Feed.objects.visible_to(request.user).select_related("target", "tag", "tenant")
    feed = rows.filter(pk=int(asked)).first() if asked.isascii() and asked.isdigit() and len(asked) < 19 else None
    if feed is not None and feeds.revoke(Actor.of(request), feed, timezone.now()):
        messages.success(request, f"The feed of {feed.scope} is revoked: its address shows nothing any more.")
    else:
        messages.info(request, "There is no such feed of yours, or it was revoked already.")
    return redirect("feeds")


@login_not_required
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """What the person who made the feed sees, at this moment."""
    found = Feed.objects.of_token(token)
    text = feeds.as_text(found, timezone.now()) if found is not None else None
    if text is None:
        raise Http404
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Cache-Control"] = "private, max-age=300"
    response["Content-Disposition"] = 'inline; filename="maintenance.ics"'
    return response
