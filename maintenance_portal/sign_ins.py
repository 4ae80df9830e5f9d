"""Every sign-in, sign-out and refused sign-in leaves an audit entry, by whichever page it came; no unknown name is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from strategies import audit
from strategies.audit import Actor
from strategies.models import User


@receiver(user_logged_in)
def signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    audit.record(_actor(request, user.get_username()), "user.signed_in", user)


@receiver(user_logged_out)
def signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        audit.record(_actor(request, user.get_username()), "user.signed_out", user)


@receiver(user_login_failed)
def refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    user = _known(credentials.get("username"))
    audit.record(_actor(request, user.get_username()), "user.sign_in_refused", user)


@receiver(user_locked_out)
def locked_out(request: HttpRequest, username: str, **_: Any) -> None:
    user = _known(username)
    audit.record(_actor(request, user.get_username()), "user.locked_out", user, reason="too many refused sign-ins")


def _known(name: str | None) -> User:
    """The user of that name. A name that nobody has is not kept: people type passwords into the wrong field."""
    return User.objects.filter(username=name or "").first() or User(username="(unknown name)")


def name_to_count(request: HttpRequest, credentials: Mapping[str, Any] | None) -> str:
    """Under which name refusals are counted (AXES_USERNAME_CALLABLE): one that nobody has is kept as a keyed digest only."""
    name = str((request.POST if credentials is None else credentials).get("username") or "")
    if "\0" not in name and User.objects.filter(username=name).exists():  # PostgreSQL cannot be asked for a NUL
        return name
    return f"unknown {salted_hmac('sign-in of an unknown name', name, algorithm='sha256').hexdigest()}"


def _actor(request: HttpRequest | None, name: str) -> Actor:
    return Actor(name, request.META.get("REMOTE_ADDR", "")[:60] if request is not None else "")
