"""The rules that lead what happens to a channel are kept, changed and removed: by whoever may, and on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from monitoring.models import NotificationChannel, NotificationRule, Severity
from monitoring.notifiable import EVENTS, GROUPS
from monitoring.notifications import channels as kinds
from monitoring.notifications.base import RecipientRefused
from strategies import audit
from strategies.audit import Actor
from strategies.change_checks import SCOPE, judge_name, of_this_name, stored_row, version
from strategies.models import User
from strategies.models.scoped import Scoped
from strategies.reach import Reach
from strategies.refused import Refused

COLUMNS = (
    "name", "channel_id", "events", "strategy_name", "least_severity", "recipients", "role", "is_active", *SCOPE,
)  # fmt: skip


def keep_rule(actor: Actor, user: User, row: NotificationRule, *, drawn_from: str = "") -> bool:
    """Keep a new rule, or what was changed of one. False = it is as it was. Raises Refused."""
    reach = Reach.of(user)
    judge_name(row, "rule")
    if why := reach.refusal(row, "may have a rule for it"):
        raise Refused(why, "scope")
    with transaction.atomic():
        stored = stored_row(row, drawn_from, COLUMNS)
        if stored is not None and (why := reach.refusal(stored, "may change it")):
            raise Refused(why)
        if row.is_active:
            _judge_kinds(row)
        _judge_recipients(user, row)
        if stored is not None and version(stored, COLUMNS) == version(row, COLUMNS):
            return False
        row.changed_by = actor.name
        with of_this_name(row, "rule"):
            row.save()
        audit.record(
            actor, "notification_rule.added" if stored is None else "notification_rule.changed", row,
            before=told_of_rule(stored) if stored is not None else None, after=told_of_rule(row), target=row.target,
        )  # fmt: skip
    return True


def _judge_kinds(row: NotificationRule) -> None:
    """A kind of which nothing matters so much would be chosen, and never told."""
    wanted = Severity(row.least_severity)
    for group in sorted(row.groups & GROUPS.keys()):
        most = max((Severity(one.severity) for one in EVENTS.values() if one.group == group), key=lambda one: one.rank)
        if most.rank < wanted.rank:
            why = f"Nothing of “{GROUPS[group]}” is more than {most.label}: choose {most.label} here, or leave that kind out."
            raise Refused(why, "least_severity")


def _judge_recipients(user: User, row: NotificationRule) -> None:
    channel = row.channel
    if not NotificationChannel.objects.visible_to(user).filter(pk=channel.pk).exists():
        raise Refused("There is no such channel.", "channel")
    of_scope = row.target.tenant_id if row.target is not None else row.tenant_id
    if channel.tenant_id is not None and of_scope is not None and channel.tenant_id != of_scope:
        raise Refused("That channel is another tenant's, and carries nothing of this one.", "channel")
    kind = kinds().get(channel.kind)
    if kind is None or not kind.is_for_people:
        for field, given in (("recipients", row.recipients), ("role", row.role)):
            if given and row.is_active:
                raise Refused(f"{channel.name} has no recipients of its own: leave this empty.", field)
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
    tenants = (
        [tenant] if tenant is not None else person.tenants.values_list("pk", flat=True)
    )  # what is not theirs they never get
    if not person.may_know(list(tenants)):
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
