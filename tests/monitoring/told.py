"""What tests of notifications need: channels, rules, entries that are sealed and read on, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from monitoring import dispatch
from monitoring.models import Notification, NotificationChannel, NotificationReader, NotificationRule
from strategies import audit, sealing, secrets
from strategies.audit import PORTAL, Actor
from strategies.models import JobRun

SMTP = {"host": "127.0.0.1", "port": 2525, "security": "none", "from_address": "portal@example.org"}
ANNA = Actor("anna", "192.0.2.7")


def mail_channel(name: str = "Mail", **values: Any) -> NotificationChannel:
    return NotificationChannel.objects.create(**{"name": name, "kind": "email", "settings": SMTP, **values})


def hook_channel(name: str = "Hook", url: str = "http://127.0.0.1:1/", **values: Any) -> NotificationChannel:
    known = {"kind": "webhook", "settings": {"url": url}, "secret": secrets.encrypt("0123456789abcdef-secret")}
    return NotificationChannel.objects.create(**{"name": name, **known, **values})


def rule(channel: NotificationChannel, name: str = "", **values: Any) -> NotificationRule:
    return NotificationRule.objects.create(name=name or f"all to {channel.name}", channel=channel, **values)


def reading_on() -> None:
    """As it stands after the first tick of a new portal."""
    sealing.seal(timezone.now())
    dispatch.dispatch(timezone.now())


def tell(moment: datetime | None = None) -> list[Notification]:
    """What the next tick makes of the entries since, oldest first."""
    moment = moment or timezone.now()
    before = set(Notification.objects.values_list("pk", flat=True))
    sealing.seal(moment)
    dispatch.dispatch(moment)
    return list(Notification.objects.exclude(pk__in=before).order_by("pk"))


def ended(run: JobRun, how: str = "failed", message: str = "It failed.") -> None:
    audit.record(PORTAL, f"run.{how}", run, after={"message": message}, target=run.target)


def read_to() -> int | None:
    return NotificationReader.objects.get(pk=1).seal
