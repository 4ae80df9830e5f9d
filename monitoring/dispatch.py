"""Reads sealed audit entries on, in their order, and makes one message for each recipient and channel of each. Sends nothing itself."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from monitoring import message_texts, told_entries
from monitoring.message_texts import NotRendered, Text
from monitoring.models import (
    Audience,
    Delivery,
    MessageText,
    Notification,
    NotificationReader,
)
from monitoring.recipients import Directory, To, words_by_approval
from monitoring.subscribers import heard_of
from monitoring.told_entries import Told
from strategies import sealing
from strategies.batches import PASSING, Budget, is_spent
from strategies.models import AuditSeal, Portal

log = logging.getLogger(__name__)

BATCH = 100  # entries that are read at once
MOST_NOTES = 1000  # messages that are made at once; an entry is never told in part


def dispatch(moment: datetime, budget: Budget | None = None) -> int:
    """How many messages were made. What is read is marked in the transaction that makes its messages: each entry is told once.

    On its first look ever it only notes how far the entries are, once all that were there are sealed: nobody is told of what was
    before.
    """
    made = 0
    while True:
        read_to = _read_to()
        if read_to is None:
            return made
        found = AuditSeal.objects.filter(number__gt=read_to).select_related("entry").order_by("number")
        seals = list(found[:BATCH])
        if not seals:
            return made
        made += _tell(read_to, seals, moment)
        if is_spent(budget):
            return made


def _read_to() -> int | None:
    reader = NotificationReader.objects.filter(pk=1).first() or NotificationReader.objects.get_or_create(pk=1)[0]
    if reader.seal is None:
        if sealing.is_behind():
            return None
        last = AuditSeal.objects.order_by("-number").values_list("number", flat=True).first() or 0
        NotificationReader.objects.filter(pk=1, seal=None).update(seal=last)
        return None
    return reader.seal


def _tell(read_to: int, seals: Sequence[AuditSeal], moment: datetime) -> int:
    """All of them at once; where that fails each by itself, so that one that cannot be told keeps none of the others from it."""
    try:
        return _tell_together(read_to, seals, moment)
    except PASSING:
        raise  # the next tick tries again
    except Exception:
        if len(seals) > 1:
            made = 0
            for one in seals:
                made += _tell(read_to, [one], moment)
                read_to = one.number
            return made
        entry = seals[0].entry
        log.exception("Audit entry %s cannot be told", entry.pk)
        what = f"Nobody could be told of “{entry.action}” of {entry.object_name} (entry {entry.pk}): the portal failed."
        _move(read_to, seals[0].number, moment, [what])
        return 0


def _tell_together(read_to: int, seals: Sequence[AuditSeal], moment: datetime) -> int:
    with transaction.atomic():
        told = told_entries.told(seals)
        notes: list[Notification] = []
        directory, upto = None, seals[-1].number
        if told:
            directory, said, heard, texts = (
                Directory.load(moment),
                words_by_approval(told),
                heard_of(told),
                _own_texts(),
            )
            identity = Portal.objects.values_list("identity", flat=True).get(pk=1)
            for one in told:
                written: dict[tuple[bool, str], Text] = {}
                for to in directory.of(one, said, heard):
                    text = _text(one, to, texts, written)
                    notes.append(_note(identity, one, to, text, moment))
                    if to.subscription is not None and not to.refusal:
                        heard.add(one, to.recipient)
                if len(notes) >= MOST_NOTES:
                    upto = one.seal
                    break
        if not _move(read_to, upto, moment, directory.troubles if directory else []):
            return 0
        Notification.objects.bulk_create(notes)
    return len(notes)


def _move(read_to: int, number: int, moment: datetime, troubles: Sequence[str]) -> bool:
    """False = somebody else has read on meanwhile."""
    values = {"trouble": troubles[0], "trouble_at": moment} if troubles else {}
    return NotificationReader.objects.filter(pk=1, seal=read_to).update(seal=number, **values) == 1


def _own_texts() -> Mapping[tuple[str, str], MessageText]:
    return {(row.event, row.audience): row for row in MessageText.objects.all()}


def _text(
    told: Told, to: To, texts: Mapping[tuple[str, str], MessageText], written: dict[tuple[bool, str], Text]
) -> Text:
    """What this recipient reads. `written` keeps what was written of this entry already, by its audience and zone."""
    is_plain = to.subscription is not None
    of = is_plain, to.zone
    if of not in written:
        own = texts.get((told.event.event, Audience.PLAIN if is_plain else Audience.TECHNICAL))
        written[of] = _rendered(told.event.event, own, told.words(to.zone, is_plain=is_plain), is_plain)
    return written[of]


def _rendered(event: str, own: MessageText | None, facts: Mapping[str, str], is_plain: bool) -> Text:
    """In the words of people where they wrote some; where those cannot be rendered in ours, and theirs say why."""
    if own is not None:
        try:
            return message_texts.render(own.subject, own.body, facts)
        except NotRendered as error:
            MessageText.objects.filter(pk=own.pk).update(trouble=str(error)[:500])
    return message_texts.render(*message_texts.own_words(event, is_plain), facts)


def _note(identity: str, told: Told, to: To, text: Text, moment: datetime) -> Notification:
    one = to.subscription
    return Notification(
        key=key(identity, str(told.seal), to), seal=told.seal, channel=to.channel, recipient=to.recipient, event=told.event.event,
        severity=told.event.severity, audience=Audience.PLAIN if one is not None else Audience.TECHNICAL,
        announcement=told.announcement if one is not None else None, target=told.target, tenant_id=told.tenant, why=to.why,
        subject=text.subject, body=text.body, path=told.path, subscription=one,
        facts=told.data(is_plain=one is not None), created_at=moment, waits_since=moment,
        next_at=moment, state=Delivery.DROPPED if to.refusal else Delivery.WAITING, said=to.refusal,
        ended_at=moment if to.refusal else None,
    )  # fmt: skip


def key(identity: str, about: str, to: To) -> str:
    """The same for the same entry, channel and recipient, so that there is never a second message of the same."""
    digest = hashlib.sha256(f"{to.channel.pk}:{to.recipient.casefold()}".encode()).hexdigest()[:16]
    return f"portal-{identity}-{about}-{digest}"
