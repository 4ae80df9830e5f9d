"""Who hears of the maintenance of systems: by their subscriptions, by what they heard before, and as far as their account may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitoring.maintenance_life import CHANGED, CLOSING, PLANNED, STARTED, VERIFYING
from monitoring.models import Announcement, Delivery, Notification, Steps, Subscription, System
from monitoring.told_entries import Told
from strategies.models import READS, User

_MAIN = frozenset({PLANNED, CHANGED})


@dataclass(frozen=True, slots=True)
class Heard:
    """Who subscribed to systems, by the key of the system; and to whom each maintenance was told already, by its key."""

    subscriptions: Mapping[int, Sequence[Subscription]]
    recipients: dict[int, set[str]]

    def add(self, told: Told, recipient: str) -> None:
        """This recipient is told of this maintenance now."""
        if told.announcement is not None:
            self.recipients.setdefault(told.announcement.pk, set()).add(recipient)

    def wanting(self, told: Told) -> list[Subscription]:
        """Who is told this step of a maintenance. Of its end hears exactly who heard of it before, and has not left since."""
        row = told.announcement
        if row is None:
            return []
        before, subscribed = self.recipients.get(row.pk, set()), self.subscriptions.get(row.system_id, ())
        if told.step in CLOSING:
            return [one for one in subscribed if one.address in before]
        return [
            one for one in subscribed
            if _takes(one, told.step, one.address in before) and not _is_listed(one, row, told.entry)
        ]  # fmt: skip


def heard_of(told: Iterable[Told]) -> Heard:
    """What is to be known of the subscribers of these entries; two queries, none where they are about no maintenance."""
    rows = {one.announcement.pk: one.announcement.system_id for one in told if one.announcement is not None}
    if not rows:
        return Heard({}, {})
    subscriptions: dict[int, list[Subscription]] = {}
    recipients: dict[int, set[str]] = {}
    for one in Subscription.objects.in_force().filter(system__in=set(rows.values())):
        subscriptions.setdefault(one.system_id, []).append(one)
        for pk in one.listed_keys & rows.keys():
            recipients.setdefault(pk, set()).add(one.address)
    before = Notification.objects.filter(announcement__in=rows).exclude(state=Delivery.DROPPED)
    for pk, recipient in before.order_by().values_list("announcement", "recipient").distinct():
        recipients.setdefault(pk, set()).add(recipient)
    return Heard(subscriptions, recipients)


def _takes(subscription: Subscription, step: str, has_heard: bool) -> bool:
    """Whether this step of a maintenance, which is not its end, is wanted. Who heard of no plan hears of the begin in any case."""
    return subscription.steps == Steps.ALL or step in _MAIN or (step in (STARTED, VERIFYING) and not has_heard)


def _is_listed(subscription: Subscription, row: Announcement, entry: int) -> bool:
    """Whether this step is what stood in their first message already."""
    return entry < subscription.listed_until and row.pk in subscription.listed_keys


def owners(address: str, system: System) -> tuple[bool, list[User]]:
    """Whether there are accounts with this address, and those of them that may hear of this system."""
    emails = User.objects.exclude(email="").values_list("pk", "email")
    mine = [pk for pk, email in emails if email.casefold() == address.casefold()]
    people = list(User.objects.filter(pk__in=mine).prefetch_related("groups", "tenants").order_by("pk")) if mine else []
    return bool(people), [person for person in people if sees_system(person, system)]


def sees_system(person: User, system: System) -> bool:
    """Whether somebody with an account may hear of this system."""
    return person.has_role(*READS) and person.is_of(system.tenant_id)
