"""The pages that belong to one reader: what they search for, and their own account."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from maintenance_portal import account as accounts
from maintenance_portal.forms import PasswordForm, SearchForm, ThemeForm, ZoneForm
from maintenance_portal.search import SHOWN
from maintenance_portal.search import search as find
from monitoring.models import Subscription
from strategies.audit import Actor
from strategies.models import READS, User, may


def _reader(request: HttpRequest) -> User:
    """Whoever is signed in, with or without a role."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What was found, in groups. Without a question, or with one that cannot be asked, what can be looked for."""
    user = _reader(request)
    if not may(user, *READS):
        return render(request, "no_role.html")
    form = SearchForm(request.GET if request.GET.get("q") else None)
    groups = find(user, form.query, timezone.now()) if form.is_valid() else []
    return render(request, "search.html", {"form": form, "groups": groups, "shown": SHOWN})


@sensitive_post_parameters("old_password", "new_password1", "new_password2")
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Each of the three forms is sent by itself; `form` says which."""
    user = _reader(request)
    sent = request.POST.get("form", "") if request.method == "POST" else None
    zone = ZoneForm(request.POST if sent == "zone" else None, user=user)
    theme = ThemeForm(request.POST if sent == "theme" else None, user=user)
    password = PasswordForm(request.POST if sent == "password" else None, user=user)
    actor = Actor.of(request)
    if sent == "zone" and zone.is_valid():
        _said(request, accounts.choose_zone(actor, user, zone.cleaned_data["time_zone"]), "Your time zone is changed.")
        return redirect("account")
    if sent == "theme" and theme.is_valid():
        _said(request, accounts.choose_theme(actor, user, theme.cleaned_data["theme"]), "Your theme is changed.")
        return redirect("account")
    if sent == "password" and password.is_valid():
        accounts.change_password(actor, user, password)
        update_session_auth_hash(request, user)
        messages.success(request, "Your password is changed. Wherever else you were signed in, you are signed out.")
        return redirect("account")
    if sent is not None and not (zone.is_bound or theme.is_bound or password.is_bound):
        messages.error(request, "What was sent does not say what to change; nothing was changed.")
        return redirect("account")
    context: dict[str, Any] = {
        "zone_form": zone, "theme_form": theme, "password_form": password, "tenants": user.tenants.all(),
        "sign_ins": accounts.last_sign_ins(user), "now": timezone.now(), "subscriptions": Subscription.objects.of_account(user),
    }  # fmt: skip
    return render(request, "registration/account.html", context, status=200 if sent is None else 422)


def _said(request: HttpRequest, is_changed: bool, words: str) -> None:
    if is_changed:
        messages.success(request, words)
    else:
        messages.info(request, "It was so already; nothing was changed.")
