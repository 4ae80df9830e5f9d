"""Texts that people write in place of the portal's own are kept and given up again: by whoever may, and on record."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from monitoring import message_texts
from monitoring.models import Audience, MessageText
from strategies import audit, change_checks
from strategies.audit import Actor
from strategies.change_checks import ChangedMeanwhile
from strategies.models import User
from strategies.refused import Refused

COLUMNS = ("subject", "body")


def version(row: MessageText | None) -> str:
    """A digest of a text as people may change it; empty where the portal's own words are used."""
    return change_checks.version(row, COLUMNS) if row is not None else ""


def keep_text(
    actor: Actor, user: User, event: str, audience: Audience, subject: str, body: str, *, drawn_from: str
) -> bool:
    """Keep what people wrote for one kind of event; it is tried before. False = it is as it was. Raises Refused."""
    _judge_texts(user)
    subject, body = subject.strip(), body.replace("\r\n", "\n").rstrip()
    message_texts.check(event, subject, body, audience == Audience.PLAIN)
    with transaction.atomic():
        stored = _locked_text(event, audience)
        if version(stored) != drawn_from:
            raise ChangedMeanwhile
        before = {"subject": stored.subject, "body": stored.body} if stored is not None else None
        row = stored or MessageText(event=event, audience=audience)
        if before == {"subject": subject, "body": body}:
            return False
        row.subject, row.body, row.trouble, row.changed_by = subject, body, "", actor.name
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:  # somebody wrote the first one for this event just now
            raise ChangedMeanwhile from None
        audit.record(actor, "message_text.changed", row, before=before, after={"subject": subject, "body": body})
    return True


def reset_text(actor: Actor, user: User, event: str, audience: Audience, *, drawn_from: str) -> bool:
    """The portal's own words again. False = they are used already. Raises Refused."""
    _judge_texts(user)
    with transaction.atomic():
        row = _locked_text(event, audience)
        if version(row) != drawn_from:
            raise ChangedMeanwhile
        if row is None:
            return False
        audit.record(actor, "message_text.reset", row, before={"subject": row.subject, "body": row.body})
        row.delete()
    return True


def _locked_text(event: str, audience: Audience) -> MessageText | None:
    rows = MessageText.objects.select_for_update().filter(event=event, audience=audience)
    return next(iter(rows), None)


def refusal(user: User) -> str:
    """Why this person may not change texts, as a sentence; empty = they may."""
    if user.has_every_tenant:
        return ""
    return "You can read this text, and not change it: it is the same for all tenants, so only a superuser does."


def _judge_texts(user: User) -> None:
    if why := refusal(user):
        raise Refused(why)
