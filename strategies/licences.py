"""What is stated as licensed of the database that the portal itself lives in, as the address of a target states it of its own."""

from __future__ import annotations

from django.conf import settings

from strategies.platforms.oracle.stated import Stated


def stated_of_home() -> Stated:
    """The options `edition` and `licensed` of the portal's own address; nothing stated is nothing licensed."""
    return Stated.read(settings.PORTAL_DATABASE_STATED)
