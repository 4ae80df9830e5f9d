"""Delivers messages, each channel by itself: what was not taken is tried again ever less often, what was refused is kept."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce, NullIf
from django.template.loader import render_to_string

from monitoring import subscription_links
from monitoring.models import (
    ITSELF,
    Audience,
    Delivery,
    Notification,
    NotificationChannel,
    Severity,
    SubscriptionState,
)
from monitoring.notifications import channels as kinds
from monitoring.notifications.base import Answer, Channel, Fate, Message, Settings, SettingsRefused
from strategies import queue, secrets
from strategies.secrets import SecretMissing

LEFT = "Its recipient left before it was sent."
ASKED = "subscription.asked"  # the message that asks whether an address wants to hear of a system
WELCOMED = "subscription.confirmed"  # the one that tells it what is announced already
log = logging.getLogger(__name__)

SLICE_SECONDS = 5.0  # so long one task goes on, before other short work has its turn
TIMEOUT_SECONDS = 10.0  # of one attempt
LEASE = timedelta(seconds=120)  # well over a slice and the longest attempt
GIVEN_UP_AFTER = timedelta(days=3)
KEPT = timedelta(days=90)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=30)
_PRUNED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Way:
    """A channel, ready to be used."""

    kind: Channel[Any]
    settings: Settings
    secret: str | None


class _NotReady(Exception):
    """A channel that cannot be used as it is set; the text says why."""


def ask(moment: datetime) -> None:
    """Wake a worker for each channel on which something waits, and which nobody has in hand."""
    due = Notification.objects.filter(channel=OuterRef("pk"), state=Delivery.WAITING, next_at__lte=moment)
    free = Q(lease_until=None) | Q(lease_until__lte=moment)
    ready = Q(paused_until=None) | Q(paused_until__lte=moment)
    rows = NotificationChannel.objects.filter(free, ready, Exists(due), is_active=True)
    for pk, woken_at in rows.values_list("pk", "woken_at"):
        is_due = queue.is_overdue(None, woken_at, moment)
        if is_due and NotificationChannel.objects.filter(pk=pk, woken_at=woken_at).update(woken_at=moment):
            queue.enqueue("deliver", pk)


def deliver(pk: int, now: Callable[[], datetime], seconds: float = SLICE_SECONDS) -> bool:
    """Deliver by this channel for some seconds; whether more is due there. Nothing, where somebody else is at it."""
    started = now()
    turn = NotificationChannel.objects.take(pk, started, started + LEASE)
    if turn is None:
        return False
    channel, until = NotificationChannel.objects.get(pk=pk), time.monotonic() + seconds
    _give_up(channel, started)
    outcome: dict[str, Any] = {}
    try:
        way = _way(channel)
        while time.monotonic() < until and (note := _next(channel, now())) is not None:
            answer = _attempt(way, note, now)
            if answer is None:
                break  # the turn has passed to somebody else
            if answer.is_channel_trouble:
                outcome |= _trouble(channel, answer, now())
                break
            if answer.fate is Fate.DELIVERED:
                channel.failures, channel.trouble_since = 0, None
                outcome = {
                    "failures": 0,
                    "trouble": "",
                    "trouble_since": None,
                    "paused_until": None,
                    "delivered_at": now(),
                }
    except _NotReady as why:
        outcome = _trouble(channel, Answer(Fate.LATER, str(why), is_channel_trouble=True), now())
    finally:
        NotificationChannel.objects.release(pk, turn, woken_at=None, **outcome)
    return not outcome.get("failures") and _next(channel, now()) is not None


def _way(channel: NotificationChannel) -> _Way:
    """Raises _NotReady."""
    kind = kinds().get(channel.kind)
    if kind is None:
        raise _NotReady(f"This version knows no channel of the kind {channel.kind}.")
    try:
        return _Way(kind, kind.read_settings(channel.settings), secrets.resolve(channel.secret))
    except SettingsRefused as refusal:
        raise _NotReady(f"Its settings cannot be read: {refusal}"[:500]) from None
    except SecretMissing as missing:
        raise _NotReady(str(missing)[:500]) from None


def _next(channel: NotificationChannel, moment: datetime) -> Notification | None:
    due = Notification.objects.filter(channel=channel, state=Delivery.WAITING, next_at__lte=moment)
    return due.select_related("subscription").order_by("next_at", "pk").first()


def _attempt(way: _Way, note: Notification, now: Callable[[], datetime]) -> Answer | None:
    """One attempt. It is written down before it is made: one whose worker dies in the middle counts as unanswered.

    None = somebody else has this message in hand.
    """
    if _is_unwanted(note):
        Notification.objects.move(
            note.pk, leaving=(Delivery.WAITING,), to=Delivery.DROPPED, ended_at=now(), said=LEFT
        )  # fmt: skip
        return Answer(Fate.REFUSED, LEFT)
    moment, number = now(), note.attempts + 1
    mine = Notification.objects.filter(pk=note.pk, state=Delivery.WAITING, attempts=note.attempts)
    if mine.update(attempts=number, tried_at=moment, next_at=moment + _pause(number), said="No answer yet.") != 1:
        return None
    try:
        answer = way.kind.send(way.settings, way.secret, message(note), TIMEOUT_SECONDS)
    except Exception as error:
        log.exception("Channel %s failed on message %s", way.kind.name, note.pk)
        answer = Answer(Fate.LATER, f"The portal itself failed: {type(error).__name__}.")
    mine = Notification.objects.filter(pk=note.pk, state=Delivery.WAITING, attempts=number)
    mine.update(said=answer.said[:500], **_becomes(answer, number, now(), note.next_at))
    return answer


def _is_unwanted(note: Notification) -> bool:
    """Whether its recipient has left, or answered the question already: the last word before it goes out."""
    one = note.subscription
    if one is None:
        return note.audience == Audience.PLAIN
    wanted = (
        (SubscriptionState.ASKED, SubscriptionState.EXPIRED) if note.event == ASKED else (SubscriptionState.CONFIRMED,)
    )
    return one.state not in wanted


def _becomes(answer: Answer, attempts: int, moment: datetime, turn: datetime) -> dict[str, Any]:
    """What an answer makes of a message whose turn it was since `turn`: pure."""
    if answer.fate is Fate.DELIVERED:
        return {"state": Delivery.DELIVERED, "ended_at": moment}
    if answer.fate is Fate.REFUSED and not answer.is_channel_trouble:
        return {"state": Delivery.FAILED, "ended_at": moment}
    if answer.is_channel_trouble:  # the message is not judged, and keeps its place before those that came after it
        return {"next_at": turn}
    asked = timedelta(seconds=min(answer.retry_after_seconds or 0, 86_400))
    return {"next_at": moment + max(asked, _pause(attempts))}


def _trouble(channel: NotificationChannel, answer: Answer, moment: datetime) -> dict[str, Any]:
    failures = channel.failures + 1
    asked = timedelta(seconds=min(answer.retry_after_seconds or 0, 86_400))
    return {
        "failures": failures, "trouble": answer.said[:500], "trouble_since": channel.trouble_since or moment,
        "paused_until": moment + max(asked, _pause(failures)),
    }  # fmt: skip


def _pause(number: int) -> timedelta:
    """After so many attempts: half a minute, then twice as long each time, up to half an hour."""
    return min(_FIRST_PAUSE * int(2 ** min(number - 1, 10)), _LONGEST_PAUSE)


def _give_up(channel: NotificationChannel, moment: datetime) -> None:
    """What could not be delivered for days is not tried any more; it can be sent again by hand."""
    old = Notification.objects.filter(channel=channel, state=Delivery.WAITING, waits_since__lt=moment - GIVEN_UP_AFTER)
    why = Value("Given up after three days; it was never its turn, since the channel was in trouble.")
    old.update(state=Delivery.FAILED, ended_at=moment, said=Coalesce(NullIf("said", Value("")), why))


def send_again(note: Notification, moment: datetime) -> bool:
    """What was not delivered is tried anew, with the same key. False = it waits already, or was delivered."""
    again = {"attempts": 0, "next_at": moment, "waits_since": moment, "ended_at": None}
    return Notification.objects.move(note.pk, leaving=(Delivery.FAILED,), to=Delivery.WAITING, **again)


def prune(moment: datetime) -> int:
    """Delete one batch of messages that ended long ago; how many it was."""
    old = Notification.objects.exclude(state=Delivery.WAITING).filter(ended_at__lt=moment - KEPT)
    pks = list(old.order_by("pk").values_list("pk", flat=True)[:_PRUNED_AT_ONCE])
    return Notification.objects.filter(pk__in=pks).delete()[0] if pks else 0


def message(note: Notification) -> Message:
    """As it goes out. Its text ends with where to look, as far as the portal knows its own address."""
    url, leave = _links(note)
    return Message(
        key=note.key, recipient="" if note.recipient == ITSELF else note.recipient, subject=note.subject, text=_text(note, url, leave),
        html=_html(note, url, leave), kind=note.event, severity=note.severity, url=url, leave_url=leave, data=note.facts,
        written_at=note.created_at,
    )  # fmt: skip


def _links(note: Notification) -> tuple[str, str]:
    """Where to look, and where to leave. A subscriber's open more than a page: made when it goes out, they are kept nowhere."""
    if note.subscription is None:
        return address(note.path), ""
    if note.event == ASKED:
        return address(subscription_links.confirmation(note.subscription)), ""
    return address(subscription_links.page(note.subscription)), address(subscription_links.leaving(note.subscription))


def _text(note: Notification, url: str, leave: str) -> str:
    """Its words, where to look, why it came to whoever reads it, and where they leave."""
    is_question, look = note.event == ASKED, "Confirm" if note.event == ASKED else "Open"
    is_explained = note.why and not is_question and note.recipient != ITSELF
    parts = [
        note.body, f"{look}: {url}" if url else "", f"You are told because of {note.why}." if is_explained else "",
        f"Leave these messages: {leave}" if leave else "",
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part)


def shown(note: Notification) -> str:
    """The same for those who look after messages: without links that are the recipient's own."""
    if note.subscription is None:
        return _text(note, address(note.path), "")
    own = "(a link of the recipient's own)"
    return _text(note, own, own if note.event != ASKED else "")


def shown_html(note: Notification) -> str:
    """The same for readers of HTML."""
    return _html(note, address(note.path) if note.subscription is None else "", "")


def _html(note: Notification, url: str, leave: str) -> str:
    return render_to_string(
        "notifications/mail.html",
        {
            "note": note, "url": url, "leave_url": leave, "severity": Severity(note.severity), "is_question": note.event == ASKED,
            "paragraphs": [part.splitlines() for part in note.body.split("\n\n")],
        },
    )  # fmt: skip


def address(path: str) -> str:
    """The whole address of a page; empty where there is no page, or nobody said where the portal is (PORTAL_URL)."""
    return f"{settings.PORTAL_URL}{path}" if path and settings.PORTAL_URL else ""
