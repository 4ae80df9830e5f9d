"""Subscriptions to systems: asked for, confirmed from the address itself, changed, and ended with one click. Each is on record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from monitoring import recipients, subscribers, subscription_messages
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
from strategies.models import Target
from strategies.refused import Refused

# Nobody's mailbox is filled with questions
AGAIN_AFTER, STRANGERS_AGAIN_AFTER, LEFT_ALONE = timedelta(minutes=10), timedelta(days=1), timedelta(days=180)
MOST_TO_ONE = 5  # questions to one address in a day
MOST_ASKED, MOST_BY_STRANGERS = 200, 30  # addresses that are asked in a day about one system
_A_DAY = timedelta(days=1)
UNCONFIRMED_KEPT, LEFT_KEPT = timedelta(days=30), timedelta(days=400)


def ask(actor: Actor, system: System, address: str, steps: str, moment: datetime) -> bool:
    """Send a message to this address that asks whether it wants to hear of a system. False = it hears of it already. Raises Refused."""
    channel, to = _way(system, address, steps)
    with transaction.atomic():
        row = _locked(system, to)
        if row is not None and row.state is SubscriptionState.CONFIRMED:
            return False
        if row is not None and row.left_at is None and moment < row.asked_at + AGAIN_AFTER:
            raise Refused("It was asked a moment ago; wait some minutes for the message to arrive.", "address")
        if _has_many_questions(to, moment, system):
            raise Refused("That address was asked about several systems today; try again tomorrow.", "address")
        if _asked_lately(system, to, moment).exclude(asked_by="").count() >= MOST_ASKED:
            raise Refused("Too many addresses were asked today; try again tomorrow.", "address")
        _ask(actor, [row or Subscription(system=system, address=to)], channel, steps, moment, asked_by=actor.name)
    return True


def ask_as_stranger(actor: Actor, systems: Sequence[System], address: str, steps: str, moment: datetime) -> None:
    """The same for somebody who reads a status page, about one or several systems of its tenant in one message.

    They learn nothing of who else subscribed, and use up nothing of what others may. Raises Refused.
    """
    channel, to = _way(systems[0], address, steps)
    with transaction.atomic():
        if _has_many_questions(to, moment):
            return
        rows = [row for system in systems if (row := _for_stranger(system, to, moment)) is not None]
        if rows:
            _ask(actor, rows, channel, steps, moment, asked_by="")


def _way(system: System, address: str, steps: str) -> tuple[NotificationChannel, str]:
    """The channel of a question, and the address as it is kept. Raises Refused."""
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
        return channel, kinds()[channel.kind].read_recipient(address).casefold()
    except RecipientRefused as refusal:
        raise Refused(str(refusal), "address") from None


def _for_stranger(system: System, address: str, moment: datetime) -> Subscription | None:
    """None = it hears of this system already, was asked today, has left not long ago, or too many were asked about it."""
    row = _locked(system, address)
    if row is not None and (
        row.state is SubscriptionState.CONFIRMED
        or moment < row.asked_at + STRANGERS_AGAIN_AFTER
        or (row.left_at is not None and moment < row.left_at + LEFT_ALONE)
    ):
        return None
    if _asked_lately(system, address, moment).filter(asked_by="").count() >= MOST_BY_STRANGERS:
        return None
    return row or Subscription(system=system, address=address)


def _ask(
    actor: Actor, rows: Sequence[Subscription], channel: NotificationChannel, steps: str, moment: datetime, *, asked_by: str
) -> None:  # fmt: skip
    """What is asked at one moment is one question: `Subscription.together`."""
    kept = []
    for row in rows:
        row.steps, row.key, row.asked_by, row.asked_at = steps, new_key(), asked_by, moment
        row.confirmed_at = row.left_at = None
        row.left_by, row.listed, row.listed_until = "", [], 0
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:  # somebody asked the same address just now
            continue
        after = {"system": row.system.name, "steps": steps}
        audit.record(actor, "subscription.asked", row, after=after, target=place_of(row.system))
        kept.append(row)
    if kept:
        subscription_messages.send_question(kept, channel, moment)


def _has_many_questions(address: str, moment: datetime, but: System | None = None) -> bool:
    """Whether this address was asked often enough today; `but`: not counted."""
    asked = Subscription.objects.filter(asked_at__gt=moment - _A_DAY, address=address)
    asked = asked.exclude(system=but) if but is not None else asked
    return asked.order_by().values("asked_at").distinct().count() >= MOST_TO_ONE


def _asked_lately(system: System, but: str, moment: datetime) -> QuerySet[Subscription]:
    """Other addresses that were asked about this system within a day."""
    return Subscription.objects.filter(asked_at__gt=moment - _A_DAY, system=system).exclude(address=but)


def place_of(system: System) -> Target | None:
    """A database by which the audit knows whose a system is."""
    found = system.targets.filter(tenant=system.tenant_id).first()
    return found or Target.objects.filter(tenant=system.tenant_id).first()


def may_hear(row: Subscription) -> bool:
    """Whether nobody with this address has an account here, or somebody who may see the system."""
    has_account, people = subscribers.owners(row.address, row.system)
    return bool(people) or not has_account


def _locked(system: System, address: str) -> Subscription | None:
    return next(iter(Subscription.objects.select_for_update().filter(system=system, address=address)), None)


def confirm_all(row: Subscription, moment: datetime, address: str) -> int:
    """Its owner has said yes to all of one question; to how many. `address` is that of their machine."""
    return sum(confirm(one, moment, address, is_first=one.pk == row.pk) for one in Subscription.objects.together(row))


def confirm(row: Subscription, moment: datetime, address: str, *, is_first: bool = True) -> bool:
    """Its owner has said yes, and is told what is announced already. False = they had, or somebody else was faster.

    Of the others of one question, where nothing is announced, no message says so once more.
    """
    with transaction.atomic():
        # Whoever takes a step of one of its announcements, or switches it, writes this row: none does before this has ended
        row.system = System.objects.select_for_update().get(pk=row.system_id)
        mine = Subscription.objects.filter(pk=row.pk, key=row.key, confirmed_at=None, left_at=None)
        if mine.update(confirmed_at=moment) != 1:
            return False
        entry = audit.record(
            owner(row, address), "subscription.confirmed", row, after={"system": row.system.name}, target=place_of(row.system)
        )  # fmt: skip
        known = subscription_messages.known_already(row)
        if (known or is_first) and subscription_messages.send_first(row, known, moment):
            Subscription.objects.filter(pk=row.pk).update(listed=[one.pk for one in known], listed_until=entry.pk)
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
