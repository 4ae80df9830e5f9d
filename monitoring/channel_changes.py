"""Channels are kept, changed, tried and removed, and what was not delivered is sent again: by whoever may, and on record."""

from __future__ import annotations

import secrets as randomness
from datetime import datetime
from typing import Any

from django.db import transaction

from monitoring import deliveries
from monitoring.models import ITSELF, Notification, NotificationChannel
from monitoring.notifications import channels as kinds
from monitoring.notifications.base import RecipientRefused, SettingsRefused
from strategies import audit, queue, secrets
from strategies.audit import Actor
from strategies.change_checks import judge_name, of_this_name, stored_row, version
from strategies.models import Portal, User
from strategies.reach import Reach
from strategies.refused import Refused
from strategies.secrets import SecretMissing

TRIED = "channel.tried"
_LONGEST_SECRET = NotificationChannel._meta.get_field("secret").max_length or 0
COLUMNS = ("name", "kind", "tenant_id", "settings", "secret", "is_active")  # that people change
_TROUBLE = ("failures", "trouble", "trouble_since", "paused_until")


def refusal(reach: Reach, channel: NotificationChannel) -> str:
    """Why a person of this reach may not change a channel, as a sentence; empty = they may."""
    if reach.has_every_tenant or channel.tenant_id in reach.tenants:
        return ""
    if channel.tenant_id is None:
        return "It is for all tenants: only somebody who sees them all changes it."
    return "It is of a tenant that is not yours."


def _judge_reach(user: User, *rows: NotificationChannel | None) -> None:
    reach = Reach.of(user)
    for row in rows:
        if row is not None and (why := refusal(reach, row)):
            raise Refused(why, "tenant")


def keep_channel(
    actor: Actor, user: User, row: NotificationChannel, *, secret: str | None = None, drawn_from: str = ""
) -> bool:
    """Keep a new channel, or what was changed of one. False = it is as it was.

    `secret` as it is to be stored (a reference, or encrypted), None = the one that is there, which does not go along to another
    place. Raises Refused.
    """
    judge_name(row, "channel")
    with transaction.atomic():
        stored = stored_row(row, drawn_from, COLUMNS)
        _judge_reach(user, row, stored)
        _judge_channel(user, row, stored, secret)
        if stored is not None and version(stored, COLUMNS) == version(row, COLUMNS):
            return False
        row.changed_by = actor.name
        with of_this_name(row, "channel"):
            _save(row, stored)
        audit.record(
            actor, "channel.added" if stored is None else "channel.changed", row,
            before=told_of_channel(stored) if stored is not None else None, after=told_of_channel(row),
        )  # fmt: skip
    return True


def _save(row: NotificationChannel, stored: NotificationChannel | None) -> None:
    """Only what people change: the turn of whoever delivers meanwhile is theirs. What was wrong before says nothing of it now."""
    row.failures, row.trouble, row.trouble_since, row.paused_until = 0, "", None, None
    row.save(update_fields=[*COLUMNS, *_TROUBLE, "changed_by", "changed_at"] if stored is not None else None)


def _judge_channel(
    user: User, row: NotificationChannel, stored: NotificationChannel | None, secret: str | None
) -> None:
    kind = kinds().get(row.kind)
    if kind is None:
        raise Refused("There is no such kind of channel.", "kind")
    try:
        kept = kind.read_settings(row.settings)
    except SettingsRefused as refused:
        name, why = next(iter(refused.problems.items()))
        raise Refused(why, name) from None
    row.settings = kept.model_dump(mode="json")
    if secret is not None:
        if secret and not secrets.is_encrypted(secret) and not user.has_every_tenant:
            raise Refused(secrets.FOR_ALL_TENANTS, "secret")
        row.secret = secret
    elif stored is not None and stored.secret and kind.leads_to(stored.settings) != kind.leads_to(row.settings):
        raise Refused("Enter the secret again: it is not sent to another place.", "secret")
    if len(row.secret) > _LONGEST_SECRET:
        raise Refused("This is too long for a secret.", "secret")
    try:
        kind.check_secret(secrets.resolve(row.secret))
    except SettingsRefused as refused:
        raise Refused(refused.problems["secret"], "secret") from None
    except SecretMissing as missing:
        raise Refused(str(missing), "secret") from None


def told_of_channel(row: NotificationChannel) -> dict[str, Any]:
    """What the audit keeps of a channel: its settings, and of its secret no more than where it stands."""
    return {
        "name": row.name, "kind": row.kind, "tenant": row.tenant.name if row.tenant is not None else "all", "is_active": row.is_active,
        "settings": row.settings, "secret": secrets.describe(row.secret),
    }  # fmt: skip


def switch_channel(actor: Actor, user: User, channel: NotificationChannel, *, is_active: bool) -> bool:
    """False = it is so already. Raises Refused."""
    _judge_reach(user, channel)
    with transaction.atomic():
        rows = NotificationChannel.objects.filter(pk=channel.pk, is_active=not is_active)
        won = rows.update(is_active=is_active, failures=0, trouble="", trouble_since=None, paused_until=None) == 1
        if won:
            audit.record(actor, "channel.switched_on" if is_active else "channel.switched_off", channel)
    return won


def remove_channel(actor: Actor, user: User, channel: NotificationChannel) -> None:
    """With its rules and its messages. Raises Refused."""
    _judge_reach(user, channel)
    with transaction.atomic():
        rules = list(channel.rules.values_list("name", flat=True))
        audit.record(actor, "channel.removed", channel, before={**told_of_channel(channel), "rules": rules})
        channel.delete()


def send_test(actor: Actor, user: User, channel: NotificationChannel, recipient: str, moment: datetime) -> Notification:
    """A message that says that the channel works; a worker sends it. Raises Refused."""
    _judge_reach(user, channel)
    if not channel.is_active:
        raise Refused("It is switched off.")
    to = _recipient(channel, recipient)
    with transaction.atomic():
        identity = Portal.objects.values_list("identity", flat=True).get(pk=1)
        note = Notification.objects.create(
            key=f"portal-{identity}-test-{randomness.token_hex(8)}", channel=channel, recipient=to, event=TRIED, tenant=channel.tenant,
            why=f"a test that {actor.person} asked for"[:200], subject=f"Test of the channel {channel.name}",
            body="If you read this, the channel works. There is nothing to do.", created_at=moment, waits_since=moment,
            next_at=moment,
        )  # fmt: skip
        NotificationChannel.objects.filter(pk=channel.pk).update(paused_until=None)  # a person asks: tried at once
        audit.record(actor, "channel.tried", channel, after={"recipient": note.recipient_shown})
        queue.enqueue("deliver", channel.pk)
    return note


def _recipient(channel: NotificationChannel, text: str) -> str:
    kind = kinds().get(channel.kind)
    if kind is None:
        raise Refused("This version knows no such kind of channel.")
    if not kind.is_for_people:
        return ITSELF
    try:
        return kind.read_recipient(text)
    except RecipientRefused as refused:
        raise Refused(str(refused), "recipient") from None


def send_again(actor: Actor, user: User, note: Notification, moment: datetime) -> bool:
    """False = it waits already, or was delivered. Raises Refused."""
    _judge_reach(user, note.channel)
    if note.subscription is not None and note.subscription.left_at is not None:
        raise Refused("Whoever it is for has left, and wants no more messages.")
    with transaction.atomic():
        won = deliveries.send_again(note, moment)
        if won:
            after = {"subject": note.subject, "recipient": note.recipient_shown, "channel": note.channel.name}
            audit.record(actor, "notification.sent_again", note, after=after, target=note.target)
            queue.enqueue("deliver", note.channel_id)
    return won
