"""The addresses that go along with the messages of a subscription. They are signed, and made anew for each message: none is kept."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from monitoring.models import Subscription


def confirmation(subscription: Subscription) -> str:
    return _signed("subscription-confirm", subscription.confirmation)


def page(subscription: Subscription) -> str:
    """What is known of its system, how much of it is told, and where one leaves."""
    return _signed("subscription", subscription.token)


def leaving(subscription: Subscription) -> str:
    """One POST there ends it (RFC 8058)."""
    return _signed("subscription-leave", subscription.token)


def _signed(name: str, token: str) -> str:
    return f"{reverse(name)}?{urlencode({'key': token})}"
