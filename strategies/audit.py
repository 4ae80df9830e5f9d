"""Writes the audit: one row for every start, stop, change and sign-in, whoever asked and by whichever way."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.http import HttpRequest

from strategies.models import AuditEntry, Target


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from where. A command's actor `cli:anna` and the login `anna` are the same person."""

    name: str
    address: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Actor:
        """The signed-in user, with the address that the web server saw."""
        return cls(request.user.get_username() or "anonymous", request.META.get("REMOTE_ADDR", "")[:60])

    @classmethod
    def of_command(cls) -> Actor:
        """The user of the operating system who typed a command on this host."""
        try:
            name = getpass.getuser()
        except (KeyError, OSError):  # no entry in the password database, as in some containers
            name = "unknown"
        return cls(f"cli:{name}"[:150], socket.gethostname()[:60])

    @property
    def person(self) -> str:
        """The same text for a login and for the commands of the person behind it."""
        return self.name.removeprefix("cli:")


PORTAL = Actor("portal")  # what the portal does by itself: planning, starting, looking after lost runs


def record(
    actor: Actor,
    action: str,
    subject: models.Model,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    target: Target | None = None,
) -> AuditEntry:
    """Add an entry about `subject`, inside the caller's transaction: what is rolled back was not done, and is not recorded.

    Where `before` and `after` share keys, equal values are left out. Neither may hold a secret.
    """
    old, new = dict(before or {}), dict(after or {})
    for key in old.keys() & new.keys():
        if old[key] == new[key]:
            del old[key], new[key]
    return AuditEntry.objects.create(
        actor=actor.name[:150],
        address=actor.address,
        action=action,
        object_type=subject._meta.object_name or "",
        object_id=str(subject.pk or ""),
        object_name=str(subject)[:200],
        target=target or (subject if isinstance(subject, Target) else None),
        before=old or None,
        after=new or None,
        reason=reason[:500],
    )
