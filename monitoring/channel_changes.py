"""Channels, rules and texts are kept, changed and removed, and what was not delivered is sent again: by whoever may, and on record."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac

from monitoring import deliveries, message_texts
from monitoring.models import ITSELF, Audience, MessageText, Notification, NotificationChannel, NotificationRule
from monitoring.notifications import channels as kinds
from monitoring.notifications.base import RecipientRefused, SettingsRefused
from strategies import audit, queue, secrets
from strategies.audit import Actor
from strategies.models import READS_SQL, Portal, User
from strategies.models.scoped import Scoped
from strategies.reach import Reach
from strategies.refused import Refused
from strategies.secrets import SecretMissing

TRIED = "channel.tried"
_CHANNEL = ("name", "kind", "tenant_id", "settings", "secret", "is_active")
_RULE = (
    "name", "channel_id", "events", "strategy_name", "least_severity", "recipients", "role", "is_active", "target_id", "tag_id",
    "environment", "tenant_id",
)  # fmt: skip
_MEANWHILE = "Somebody has changed this meanwhile; open it anew to see it as it is now."


def version(row: NotificationChannel | NotificationRule) -> str:
    """A digest of what people may change of it: the same as long as nobody did."""
    names = _CHANNEL if isinstance(row, NotificationChannel) else _RULE
    told = repr([getattr(row, name) for name in names])
    return salted_hmac("version of a channel or rule", told, algorithm="sha256").hexdigest()


def refusal(user: User, channel: NotificationChannel) -> str:
    """Why this person may not change a channel, as a sentence; empty = they may."""
    if user.has_every_tenant:
        return ""
    if channel.tenant_id is None:
        return "It is for all tenants: only somebody who sees them all changes it."
    is_theirs = user.tenants.filter(pk=channel.tenant_id).exists()
    return "" if is_theirs else "It is of a tenant that is not yours."


def keep_channel(
    actor: Actor, user: User, row: NotificationChannel, *, secret: str | None = None, drawn_from: str = ""
) -> bool:
    """Keep a new channel, or what was changed of one. False = it is as it was.

    `secret` as it is to be stored (a reference, or encrypted), None = the one that is there; a secret that is kept in the portal
    does not go along to another place. Raises Refused.
    """
    if why := refusal(user, row):
        raise Refused(why, "tenant")
    with transaction.atomic():
        stored = _stored(NotificationChannel, row, drawn_from)
        if stored is not None and (why := refusal(user, stored)):
            raise Refused(why)
        _judge_channel(row, stored, secret)
        if stored is not None and version(stored) == version(row):
            return False
        row.changed_by = actor.name
        if stored is not None:  # what was wrong with it before says nothing of it now
            row.failures, row.trouble, row.trouble_since, row.paused_until = 0, "", None, None
        row.save()
        audit.record(
            actor, "channel.added" if stored is None else "channel.changed", row,
            before=told_of_channel(stored) if stored is not None else None, after=told_of_channel(row),
        )  # fmt: skip
    return True


def _judge_channel(row: NotificationChannel, stored: NotificationChannel | None, secret: str | None) -> None:
    _judge_name(row, "channel")
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
        row.secret = secret
    elif stored is not None and stored.settings != row.settings and secrets.is_encrypted(stored.secret):
        raise Refused("Enter the secret again: one that is kept here is not sent to another place.", "secret")
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
    if why := refusal(user, channel):
        raise Refused(why)
    with transaction.atomic():
        rows = NotificationChannel.objects.filter(pk=channel.pk, is_active=not is_active)
        won = rows.update(is_active=is_active, failures=0, trouble="", trouble_since=None, paused_until=None) == 1
        if won:
            audit.record(actor, "channel.switched_on" if is_active else "channel.switched_off", channel)
    return won


def remove_channel(actor: Actor, user: User, channel: NotificationChannel) -> None:
    """With its rules and its messages. Raises Refused."""
    if why := refusal(user, channel):
        raise Refused(why)
    with transaction.atomic():
        rules = list(channel.rules.values_list("name", flat=True))
        audit.record(actor, "channel.removed", channel, before={**told_of_channel(channel), "rules": rules})
        channel.delete()


def send_test(actor: Actor, user: User, channel: NotificationChannel, recipient: str, moment: datetime) -> Notification:
    """A message that says that the channel works; a worker sends it. Raises Refused."""
    if why := refusal(user, channel):
        raise Refused(why)
    if not channel.is_active:
        raise Refused("It is switched off.")
    to = _recipient(channel, recipient)
    with transaction.atomic():
        identity = Portal.objects.values_list("identity", flat=True).get(pk=1)
        note = Notification.objects.create(
            key=f"portal-{identity}-test-{randomness.token_hex(8)}", channel=channel, recipient=to, event=TRIED,
            why=f"a test that {actor.person} asked for"[:200], subject=f"Test of the channel {channel.name}",
            body="If you read this, the channel works. There is nothing to do.", created_at=moment, waits_since=moment,
            next_at=moment,
        )  # fmt: skip
        NotificationChannel.objects.filter(pk=channel.pk).update(
            paused_until=None
        )  # asked for by a person: tried at once
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
    if why := refusal(user, note.channel):
        raise Refused(why)
    with transaction.atomic():
        won = deliveries.send_again(note, moment)
        if won:
            after = {"subject": note.subject, "recipient": note.recipient_shown, "channel": note.channel.name}
            audit.record(actor, "notification.sent_again", note, after=after, target=note.target)
            queue.enqueue("deliver", note.channel_id)
    return won


def keep_rule(actor: Actor, user: User, row: NotificationRule, *, drawn_from: str = "") -> bool:
    """Keep a new rule, or what was changed of one. False = it is as it was. Raises Refused."""
    reach = Reach.of(user)
    _judge_name(row, "rule")
    if why := reach.refusal(row, "may have a rule for it"):
        raise Refused(why, "scope")
    with transaction.atomic():
        stored = _stored(NotificationRule, row, drawn_from)
        if stored is not None and (why := reach.refusal(stored, "may change it")):
            raise Refused(why)
        _judge_recipients(user, row)
        if stored is not None and version(stored) == version(row):
            return False
        row.changed_by = actor.name
        row.save()
        audit.record(
            actor, "notification_rule.added" if stored is None else "notification_rule.changed", row,
            before=told_of_rule(stored) if stored is not None else None, after=told_of_rule(row), target=row.target,
        )  # fmt: skip
    return True


def _judge_recipients(user: User, row: NotificationRule) -> None:
    channel = row.channel
    if not NotificationChannel.objects.visible_to(user).filter(pk=channel.pk).exists():
        raise Refused("There is no such channel.", "channel")
    of_scope = row.target.tenant_id if row.target is not None else row.tenant_id
    if channel.tenant_id is not None and of_scope is not None and channel.tenant_id != of_scope:
        raise Refused("That channel is another tenant's, and carries nothing of this one.", "channel")
    kind = kinds().get(channel.kind)
    if kind is None or not kind.is_for_people:
        row.recipients, row.role = "", ""
        return
    if not row.addresses and not row.role:
        raise Refused("Name somebody, or a role: this channel has recipients of its own.", "recipients")
    kept = []
    for text in row.addresses:
        person = User.objects.filter(username__iexact=text).first() if "@" not in text else None
        person = person or User.objects.filter(email__iexact=text).first()
        if person is not None:
            _judge_person(person, row)
        if person is None or "@" in text:
            try:
                text = kind.read_recipient(text)
            except RecipientRefused as refused:
                raise Refused(f"{text[:100]}: {refused}", "recipients") from None
        kept.append(text)
    row.recipients = ", ".join(dict.fromkeys(kept))
    if len(row.recipients) > 1000:
        raise Refused("At most 1,000 characters together.", "recipients")


def _judge_person(person: User, row: Scoped) -> None:
    if not person.email:
        raise Refused(f"{person.username} has no mail address.", "recipients")
    tenant = row.target.tenant_id if row.target is not None else row.tenant_id
    sees = person.has_role(*READS_SQL)
    if tenant is not None and not person.is_superuser:
        sees = sees and person.tenants.filter(pk=tenant).exists()
    if not sees:
        raise Refused(f"{person.username} may not see what this rule is about.", "recipients")


def remove_rule(actor: Actor, user: User, row: NotificationRule) -> None:
    """Raises Refused."""
    if why := Reach.of(user).refusal(row, "may remove it"):
        raise Refused(why)
    with transaction.atomic():
        audit.record(actor, "notification_rule.removed", row, before=told_of_rule(row), target=row.target)
        row.delete()


def told_of_rule(row: NotificationRule) -> Mapping[str, Any]:
    """What the audit keeps of a rule."""
    return {
        "name": row.name, "channel": row.channel.name, "scope": row.scope, "events": row.events, "strategy_name": row.strategy_name,
        "least_severity": row.least_severity, "recipients": row.recipients, "role": row.role, "is_active": row.is_active,
    }  # fmt: skip


def _judge_name(row: NotificationChannel | NotificationRule, what: str) -> None:
    if not row.name.strip():
        raise Refused(f"Give the {what} a name.", "name")
    others = type(row)._default_manager.filter(name__iexact=row.name).exclude(pk=row.pk)
    if others.exists():
        raise Refused(f"Another {what} has this name.", "name")


def _stored(model: type[Any], row: Any, drawn_from: str) -> Any:
    """The row as it is kept, locked; None = it is new. Raises Refused where it is not what the person saw."""
    if row.pk is None:
        return None
    stored = next(iter(model.objects.select_for_update(of=("self",)).filter(pk=row.pk)), None)
    if stored is None or version(stored) != drawn_from:
        raise Refused(_MEANWHILE)
    return stored


def text_version(row: MessageText | None) -> str:
    """A digest of a text as people may change it; of none, too."""
    told = repr((row.subject, row.body) if row is not None else None)
    return salted_hmac("version of a text", told, algorithm="sha256").hexdigest()


def keep_text(actor: Actor, user: User, event: str, subject: str, body: str, *, drawn_from: str) -> bool:
    """Keep what people wrote for one kind of event; it is tried before. False = it is as it was. Raises Refused."""
    _judge_texts(user)
    subject, body = subject.strip(), body.replace("\r\n", "\n").rstrip()
    message_texts.check(event, subject, body)
    with transaction.atomic():
        stored = _locked_text(event)
        if text_version(stored) != drawn_from:
            raise Refused(_MEANWHILE)
        before = {"subject": stored.subject, "body": stored.body} if stored is not None else None
        row = stored or MessageText(event=event, audience=Audience.TECHNICAL)
        if before == {"subject": subject, "body": body}:
            return False
        row.subject, row.body, row.trouble, row.changed_by = subject, body, "", actor.name
        row.save()
        audit.record(actor, "message_text.changed", row, before=before, after={"subject": subject, "body": body})
    return True


def reset_text(actor: Actor, user: User, event: str) -> bool:
    """The portal's own words again. False = they are used already. Raises Refused."""
    _judge_texts(user)
    with transaction.atomic():
        row = _locked_text(event)
        if row is None:
            return False
        audit.record(actor, "message_text.reset", row, before={"subject": row.subject, "body": row.body})
        row.delete()
    return True


def _locked_text(event: str) -> MessageText | None:
    rows = MessageText.objects.select_for_update().filter(event=event, audience=Audience.TECHNICAL)
    return next(iter(rows), None)


def _judge_texts(user: User) -> None:
    if not user.has_every_tenant:
        raise Refused("Texts are the same for all tenants: only somebody who sees them all changes them.")
