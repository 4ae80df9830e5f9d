"""Users that Django's own commands save leave an audit entry, like those that are changed on a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db.models.signals import post_save

from strategies import audit
from strategies.audit import Actor
from strategies.models import User


@contextmanager
def recorded(action: str, after: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Each user that is saved inside is recorded as the act of whoever typed the command.

    Django's commands ask for passwords and save in one go, so that there is no other place between the two; and a transaction
    around them would keep the portal's database locked while a person types.
    """

    def record(instance: User, **_: Any) -> None:
        audit.record(Actor.of_command(), action, instance, after=after)

    post_save.connect(record, sender=User, weak=False)
    try:
        yield
    finally:
        post_save.disconnect(record, sender=User)
