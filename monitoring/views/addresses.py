"""Addresses that leave the pages: given away, copied, kept by calendars."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def whole_address(request: HttpRequest, path: str) -> str:
    """As people reach the portal; without PORTAL_URL as this request did."""
    return f"{settings.PORTAL_URL}{path}" if settings.PORTAL_URL else request.build_absolute_uri(path)
