"""Feeds of windows, freezes and planned runs, for the calendar that somebody carries about."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.core import signing
from django.db import models

from strategies.models.access import User
from strategies.models.scoped import Scoped

_SIGNER = "calendar feed"


def new_key() -> str:
    return secrets.token_urlsafe(24)


class FeedQuerySet(models.QuerySet["Feed"]):
    def visible_to(self, user: User) -> FeedQuerySet:
        """A person's own: whoever has the address of a feed reads it."""
        return self.filter(user=user)

    def of_token(self, token: str) -> Feed | None:
        """The feed that is read at this address; None = there is none, or it was revoked."""
        try:
            key = signing.Signer(salt=_SIGNER, sep=".").unsign(token)
        except signing.BadSignature:
            return None
        return self.select_related("user").filter(key=key, revoked_at__isnull=True).first()


class Feed(Scoped):
    """Shows in one scope what the person who made it sees, to whoever has its address. The key alone, without ours, opens nothing."""

    goes_along = True

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="feeds")
    key = models.CharField(max_length=64, unique=True, default=new_key)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[FeedQuerySet] = FeedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta(Scoped.Meta):
        db_table = "portal_feed"
        ordering = ["-made_at", "-id"]

    def __str__(self) -> str:
        return f"Feed of {self.scope}"

    @property
    def token(self) -> str:
        return signing.Signer(salt=_SIGNER, sep=".").sign(self.key)
