"""What tests of stakeholders need: systems, subscribers, and what these are told when the portal looks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitoring import announcements, dispatch
from monitoring.models import Announcement, Audience, Notification, Subscription, System
from strategies import sealing
from strategies.models import Target
from tests.jobs import NOON


def system_of(*targets: Target, name: str = "Billing", **values: Any) -> System:
    known = {"look_at": NOON, **values}
    row = System.objects.create(name=name, tenant=targets[0].tenant, **known)
    row.targets.set(targets)
    return row


def subscriber(system: System, address: str = "cleo@example.org", **values: Any) -> Subscription:
    known = {"asked_at": NOON, "confirmed_at": NOON, **values}
    return Subscription.objects.create(system=system, address=address, **known)


def look(moment: datetime) -> None:
    """The portal looks at all systems at this moment, whenever their turn is."""
    System.objects.filter(is_active=True).update(look_at=moment)
    announcements.follow(moment)


def told(moment: datetime) -> list[tuple[str, str]]:
    """What subscribers are told when the portal looks: recipient and step, in order."""
    last = Notification.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    look(moment)
    read_on(moment)
    notes = Notification.objects.filter(pk__gt=last, audience=Audience.PLAIN).order_by("pk")
    return [(note.recipient, note.event.removeprefix("maintenance.")) for note in notes]


def read_on(moment: datetime) -> None:
    sealing.seal(moment)
    dispatch.dispatch(moment)


def steps(moment: datetime) -> list[str]:
    """The same for the one subscriber that there is."""
    return [step for _, step in told(moment)]


def the_announcement() -> Announcement:
    """The first that there is."""
    return Announcement.objects.order_by("starts_at", "pk")[0]
