"""Subscriptions to systems: asked for, confirmed from the address itself, changed, and ended with one click. Each is on record."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from monitoring import recipients, subscription_messages
from monitoring.deliveries import LEFT
from monitoring.models import (
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
from strategies import audit
from strategies.audit import Actor
from strategies.models import Target, User
from strategies.refused import Refused

# Nobody's mailbox is filled with questions
AGAIN_AFTER, STRANGERS_AGAIN_AFTER, LEFT_ALONE = timedelta(minutes=10), timedelta(days=1), timedelta(days=180)
MOST_TO_ONE = 5  # systems about which one address is asked in a day
MOST_ASKED, MOST_BY_STRANGERS = 200, 30  # addresses that are asked in a day about one system
_A_DAY = timedelta(days=1)
UNCONFIRMED_KEPT, LEFT_KEPT = timedelta(days=30), timedelta(days=400)


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
        if row is not None and is_stranger and _is_left_alone(row, moment):
            return True
        if row is not None and row.left_at is None and moment < row.asked_at + AGAIN_AFTER:
            raise Refused("It was asked a moment ago; wait some minutes for the message to arrive.", "address")
        if why := _too_much(system, to, moment, is_stranger):
            if is_stranger:
                return True
            raise Refused(why, "address")
        row = row or Subscription(system=system, address=to)
        row.steps, row.key, row.asked_by, row.asked_at = steps, new_key(), "" if is_stranger else actor.name, moment
        row.confirmed_at = row.left_at = None
        row.left_by, row.listed = "", []
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:  # somebody asked the same address just now
            return True
        after = {"system": system.name, "steps": steps}
        audit.record(actor, "subscription.asked", row, after=after, target=place_of(system))
        subscription_messages.send_question(row, channel, moment)
    return True


def _is_left_alone(row: Subscription, moment: datetime) -> bool:
    """Whether no stranger has this address asked again: it was asked today, or has left not long ago."""
    return moment < row.asked_at + STRANGERS_AGAIN_AFTER or (
        row.left_at is not None and moment < row.left_at + LEFT_ALONE
    )


def _too_much(system: System, address: str, moment: datetime, is_stranger: bool) -> str:
    """Why no more questions are sent now; empty = there are not too many. Strangers use up nothing of what others may."""
    asked = Subscription.objects.filter(asked_at__gt=moment - _A_DAY)
    if asked.filter(address=address).exclude(system=system).count() >= MOST_TO_ONE:
        return "That address was asked about several systems today; try again tomorrow."
    of_system = asked.filter(system=system).exclude(address=address)
    if is_stranger:
        is_full = of_system.filter(asked_by="").count() >= MOST_BY_STRANGERS
    else:
        is_full = of_system.exclude(asked_by="").count() >= MOST_ASKED
    return "Too many addresses were asked today; try again tomorrow." if is_full else ""


def place_of(system: System) -> Target | None:
    """A database by which the audit knows whose a system is."""
    found = system.targets.filter(tenant=system.tenant_id).first()
    return found or Target.objects.filter(tenant=system.tenant_id).first()


def may_hear(row: Subscription) -> bool:
    """Whether nobody with this address has an account here, or somebody who may see the system."""
    people = User.objects.filter(email__iexact=row.address).prefetch_related("groups", "tenants")
    return not people or any(recipients.sees_system(person, row.system) for person in people)


def _locked(system: System, address: str) -> Subscription | None:
    return next(iter(Subscription.objects.select_for_update().filter(system=system, address=address)), None)


def confirm(row: Subscription, moment: datetime, address: str) -> bool:
    """Its owner has said yes, and is told what is announced already. False = they had, or somebody else was faster.

    `address` is that of their machine.
    """
    with transaction.atomic():
        known = subscription_messages.known_already(row)
        mine = Subscription.objects.filter(pk=row.pk, key=row.key, confirmed_at=None, left_at=None)
        if mine.update(confirmed_at=moment) != 1:
            return False
        audit.record(
            owner(row, address), "subscription.confirmed", row, after={"system": row.system.name}, target=place_of(row.system)
        )  # fmt: skip
        if subscription_messages.send_first(row, known, moment):
            Subscription.objects.filter(pk=row.pk).update(listed=[one.pk for one in known])
    return True


def choose_steps(actor: Actor, row: Subscription, steps: str) -> bool:
    """Its owner wants to hear more, or less. False = it is so already. Raises Refused."""
    if steps not in Steps.values:
        raise Refused("Choose one of these.", "steps")
    with transaction.atomic():
        mine = Subscription.objects.in_force().filter(pk=row.pk, key=row.key).exclude(steps=steps)
        won = mine.update(steps=steps) == 1
        if won:
            audit.record(
                actor, "subscription.changed", row, before={"steps": row.steps}, after={"steps": steps}, target=place_of(row.system)
            )  # fmt: skip
    return won


def leave(row: Subscription, moment: datetime, address: str) -> bool:
    """Its owner leaves: what waits is not sent any more, and no link opens it again. False = it was over already."""
    return _end(owner(row, address), row, moment, "")


def remove(actor: Actor, row: Subscription, moment: datetime) -> bool:
    """Somebody who looks after the system ends it. False = it was over already."""
    return _end(actor, row, moment, actor.name)


def _end(actor: Actor, row: Subscription, moment: datetime, by: str) -> bool:
    with transaction.atomic():
        won = Subscription.objects.filter(pk=row.pk, left_at=None).update(left_at=moment, left_by=by) == 1
        if won:
            waits = Notification.objects.filter(subscription=row, state=Delivery.WAITING)
            waits.update(state=Delivery.DROPPED, ended_at=moment, said=LEFT)
            audit.record(
                actor, "subscription.left", row, after={"system": row.system.name}, target=place_of(row.system)
            )  # fmt: skip
    return won


def prune(moment: datetime) -> int:
    """Delete one batch of addresses that never confirmed, and of those that left long ago; how many it were."""
    never = Q(confirmed_at=None, left_at=None, asked_at__lt=moment - UNCONFIRMED_KEPT)
    pks = list(
        Subscription.objects.filter(never | Q(left_at__lt=moment - LEFT_KEPT))
        .order_by("pk")
        .values_list("pk", flat=True)[:500]
    )
    return Subscription.objects.filter(pk__in=pks).delete()[1].get("monitoring.Subscription", 0) if pks else 0


def owner(row: Subscription, address: str) -> Actor:
    """Whoever reads the mail of that address; they need no account here."""
    return Actor(row.address[:150], address[:60])
