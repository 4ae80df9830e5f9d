"""Subscriptions to systems: asked for, confirmed from the address itself, changed, and ended with one click. Each is on record."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from monitoring import recipients
from monitoring.deliveries import ASKED
from monitoring.models import (
    Audience,
    Delivery,
    Notification,
    NotificationChannel,
    Steps,
    Subscription,
    SubscriptionState,
    System,
    new_key,
)
from monitoring.notifications import channels as kinds
from monitoring.notifications.base import RecipientRefused
from strategies import audit, queue
from strategies.audit import Actor
from strategies.models import Portal
from strategies.refused import Refused

AGAIN_AFTER = timedelta(minutes=10)  # nobody's mailbox is filled with questions
MOST_ASKED, _ASKED_WITHIN = 100, timedelta(days=1)  # questions that one system sends in that time


def ask(actor: Actor, system: System, address: str, steps: str, moment: datetime, *, is_stranger: bool = False) -> bool:
    """Send a message to this address that asks whether it wants to hear of a system. False = it hears of it already.

    A stranger learns nothing of who else subscribed. Raises Refused.
    """
    if not system.is_active:
        raise Refused(f"Messages about {system.name} are switched off.")
    if not settings.PORTAL_URL:
        raise Refused("Nobody can confirm: the portal does not know its own address (PORTAL_URL).")
    if steps not in Steps.values:
        raise Refused("Choose one of these.", "steps")
    channel = recipients.for_people(NotificationChannel.objects.order_by("pk"), (system.tenant_id,))
    if channel is None:
        raise Refused("There is no e-mail channel yet by which messages could be sent.")
    try:
        to = kinds()[channel.kind].read_recipient(address).casefold()
    except RecipientRefused as refusal:
        raise Refused(str(refusal), "address") from None
    with transaction.atomic():
        row = _locked(system, to)
        if row is not None and row.state is SubscriptionState.CONFIRMED:
            return False
        if row is not None and row.left_at is None and moment < row.asked_at + AGAIN_AFTER:
            if is_stranger:
                return True
            raise Refused("It was asked a moment ago; wait some minutes for the message to arrive.", "address")
        lately = Subscription.objects.filter(system=system, asked_at__gt=moment - _ASKED_WITHIN, confirmed_at=None)
        if lately.count() >= MOST_ASKED:
            raise Refused("Too many addresses were asked today and have not confirmed; try again tomorrow.")
        row = row or Subscription(system=system, address=to)
        row.steps, row.key, row.asked_by, row.asked_at = steps, new_key(), "" if is_stranger else actor.name, moment
        row.confirmed_at = row.left_at = None
        row.left_by = ""
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:  # somebody asked the same address just now
            return True
        audit.record(actor, "subscription.asked", row, after={"system": system.name, "steps": steps})
        _send_question(row, channel, moment)
    return True


def _locked(system: System, address: str) -> Subscription | None:
    return next(iter(Subscription.objects.select_for_update().filter(system=system, address=address)), None)


def _send_question(row: Subscription, channel: NotificationChannel, moment: datetime) -> None:
    identity = Portal.objects.values_list("identity", flat=True).get(pk=1)
    by = f" {row.asked_by.removeprefix('cli:')} entered your address." if row.asked_by else ""
    Notification.objects.create(
        key=f"portal-{identity}-subscription-{row.pk}-{moment:%Y%m%d%H%M%S%f}", channel=channel, recipient=row.address, event=ASKED,
        audience=Audience.PLAIN, subscription=row, tenant=row.system.tenant, why="the question whether you want these messages",
        subject=f"Do you want to hear of maintenance of {row.system.name}?",
        body=f"Confirm that you want messages about planned maintenance of {row.system.name}.{by}\n\n"
        "Without your word nothing more is sent. The link works for seven days.",
        created_at=moment, waits_since=moment, next_at=moment,
    )  # fmt: skip
    queue.enqueue("deliver", channel.pk)


def confirm(row: Subscription, moment: datetime, address: str) -> bool:
    """Its owner has said yes. False = they had, or somebody else was faster. `address` is that of their machine."""
    with transaction.atomic():
        mine = Subscription.objects.filter(pk=row.pk, key=row.key, confirmed_at=None, left_at=None)
        won = mine.update(confirmed_at=moment) == 1
        if won:
            audit.record(_owner(row, address), "subscription.confirmed", row, after={"system": row.system.name})
    return won


def choose_steps(row: Subscription, steps: str, address: str) -> bool:
    """Its owner wants to hear more, or less. False = it is so already. Raises Refused."""
    if steps not in Steps.values:
        raise Refused("Choose one of these.", "steps")
    with transaction.atomic():
        mine = Subscription.objects.in_force().filter(pk=row.pk, key=row.key).exclude(steps=steps)
        won = mine.update(steps=steps) == 1
        if won:
            audit.record(
                _owner(row, address), "subscription.changed", row, before={"steps": row.steps}, after={"steps": steps}
            )
    return won


def leave(row: Subscription, moment: datetime, address: str) -> bool:
    """Its owner leaves: what waits is not sent any more, and no old link works. False = it was over already."""
    return _end(_owner(row, address), row, moment, "")


def remove(actor: Actor, row: Subscription, moment: datetime) -> bool:
    """Somebody who looks after the system ends it. False = it was over already."""
    return _end(actor, row, moment, actor.name)


def _end(actor: Actor, row: Subscription, moment: datetime, by: str) -> bool:
    with transaction.atomic():
        won = (
            Subscription.objects.filter(pk=row.pk, left_at=None).update(left_at=moment, left_by=by, key=new_key()) == 1
        )
        if won:
            waits = Notification.objects.filter(subscription=row, state=Delivery.WAITING)
            waits.update(state=Delivery.DROPPED, ended_at=moment, said="Its recipient left before it was sent.")
            audit.record(actor, "subscription.left", row, after={"system": row.system.name})
    return won


def _owner(row: Subscription, address: str) -> Actor:
    """Whoever reads the mail of that address; they need no account here."""
    return Actor(row.address[:150], address[:60])
