"""Subscriptions to systems: asked for, confirmed from the address itself, changed, and ended with one click. Each is on record."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from monitoring import recipients
from monitoring.deliveries import ASKED, LEFT
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
from strategies.models import Portal, Target, User
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
        row.left_by = ""
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:  # somebody asked the same address just now
            return True
        after = {"system": system.name, "steps": steps}
        audit.record(actor, "subscription.asked", row, after=after, target=place_of(system))
        _send_question(row, channel, moment)
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


def _send_question(row: Subscription, channel: NotificationChannel, moment: datetime) -> None:
    identity = Portal.objects.values_list("identity", flat=True).get(pk=1)
    Notification.objects.create(
        key=f"portal-{identity}-subscription-{row.pk}-{moment:%Y%m%d%H%M%S%f}", channel=channel, recipient=row.address, event=ASKED,
        audience=Audience.PLAIN, subscription=row, tenant=row.system.tenant, why="the question whether you want these messages",
        subject=f"Do you want to hear of maintenance of {row.system.name}?",
        body=f"Confirm that you want messages about planned maintenance of {row.system.name}.{_who_asked(row)}\n\n"
        "Without your word nothing more is sent. The link works for seven days.",
        created_at=moment, waits_since=moment, next_at=moment,
    )  # fmt: skip
    queue.enqueue("deliver", channel.pk)


def _who_asked(row: Subscription) -> str:
    """Where the question comes from, for whoever did not ask it themselves; empty where they did, signed in."""
    person = row.asked_by.removeprefix("cli:")
    if not person:
        return " Somebody entered your address on a status page."
    is_own = User.objects.filter(username=person, email__iexact=row.address).exists()
    return "" if is_own else " Somebody who looks after it entered your address."


def confirm(row: Subscription, moment: datetime, address: str) -> bool:
    """Its owner has said yes. False = they had, or somebody else was faster. `address` is that of their machine."""
    with transaction.atomic():
        mine = Subscription.objects.filter(pk=row.pk, key=row.key, confirmed_at=None, left_at=None)
        won = mine.update(confirmed_at=moment) == 1
        if won:
            audit.record(
                _owner(row, address),
                "subscription.confirmed",
                row,
                after={"system": row.system.name},
                target=place_of(row.system),
            )
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
                _owner(row, address),
                "subscription.changed",
                row,
                before={"steps": row.steps},
                after={"steps": steps},
                target=place_of(row.system),
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


def _owner(row: Subscription, address: str) -> Actor:
    """Whoever reads the mail of that address; they need no account here."""
    return Actor(row.address[:150], address[:60])
