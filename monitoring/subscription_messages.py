"""The two messages that begin a subscription: the question to its address, and what is planned already, once that said yes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from monitoring import recipients, subscribers
from monitoring.deliveries import ASKED, WELCOMED
from monitoring.fact_words import Fact, in_words
from monitoring.models import NOT_OVER, Announcement, Audience, Notification, NotificationChannel, Stage, Subscription
from strategies import queue
from strategies.models import Portal


def send_question(rows: Sequence[Subscription], channel: NotificationChannel, moment: datetime) -> None:
    """One for all that was asked at once, with the link of the first. Inside the transaction that keeps the subscriptions."""
    row, names = rows[0], named(rows)
    _send(
        row, channel, moment, event=ASKED, why="the question to its recipient",
        subject=f"Do you want to hear of maintenance of {names}?"[:300],
        body=f"Confirm that you want messages about planned maintenance of {names}.{_who_asked(row)}\n\n"
        "Without your word nothing more is sent. The link works for seven days.",
    )  # fmt: skip


def named(rows: Sequence[Subscription]) -> str:
    """Their systems in a sentence: `Billing`, `Billing and Web shop`."""
    *most, last = (row.system.name for row in rows)
    return f"{', '.join(most)} and {last}" if most else last


def _who_asked(row: Subscription) -> str:
    """Where the question comes from, for whoever did not ask it themselves; empty where they did, signed in."""
    person = row.asked_by.removeprefix("cli:")
    if not person:
        return " Somebody entered your address on a status page."
    people = subscribers.owners(row.address, row.system)[1]
    return "" if any(one.username == person for one in people) else " Somebody who looks after it entered your address."


def known_already(row: Subscription) -> list[Announcement]:
    """What other subscribers of the system were told and is not over, in the order in which it begins."""
    found = Announcement.objects.filter(system=row.system, stage__in=NOT_OVER, told_at__isnull=False)
    return list(found.order_by("starts_at", "pk"))


def send_first(row: Subscription, known: Sequence[Announcement], moment: datetime) -> bool:
    """What is planned already, of which they are told from now on. Inside the transaction of their yes. False = nothing was sent."""
    channel = recipients.for_people(NotificationChannel.objects.order_by("pk"), (row.system.tenant_id,))
    has_account, people = subscribers.owners(row.address, row.system)
    if channel is None or (has_account and not people):
        return False
    zone = next((person.time_zone for person in people if person.time_zone), row.system.time_zone)
    begin = f"From now on you hear of maintenance of {row.system.name}: {row.get_steps_display().lower()}."
    _send(
        row, channel, moment, event=WELCOMED, why=f"your subscription to {row.system.name}"[:200],
        subject=f"Maintenance of {row.system.name}: you will be told", body=f"{begin}\n\n{_planned(row, known, zone)}",
    )  # fmt: skip
    return True


def _planned(row: Subscription, known: Sequence[Announcement], zone: str) -> str:
    if not row.system.is_active:
        return "At present messages about it are switched off."
    if not known:
        hours = row.system.ahead_hours
        return f"At present none is announced; what comes is told {hours} hour{'s' if hours != 1 else ''} ahead."
    lines = "\n".join(f"– {_line(one, zone)}" for one in known)
    notice = f"\n\nWhile it is maintained: {row.system.notice}" if row.system.notice else ""
    return f"Announced already:\n{lines}{notice}"


def _line(one: Announcement, zone: str) -> str:
    """As the others were told it last."""
    is_planned = one.stage == Stage.PLANNED
    starts = one.told_starts_at if is_planned else one.starts_at
    facts: dict[str, Fact] = {
        "starts": starts, "ends": one.told_ends_at, "bound": one.told_is_bound, "over": False, "was": one.named_starts_at
    }  # fmt: skip
    words = in_words(facts, zone)
    if starts is None:
        return f"nobody knows at present when it begins{', it was planned for ' if words['was'] else ''}{words['was']}"
    if one.stage == Stage.VERIFYING:
        return f"under way since {words['starts']}, and being checked now"
    return (
        f"{'' if is_planned else 'under way since '}{words['starts']}{', ' if words['until'] else ''}{words['until']}"
    )


def _send(row: Subscription, channel: NotificationChannel, moment: datetime, **told: Any) -> None:
    identity = Portal.objects.values_list("identity", flat=True).get(pk=1)
    what = "question" if told["event"] == ASKED else "first"
    Notification.objects.create(
        key=f"portal-{identity}-{what}-{row.pk}-{moment:%Y%m%d%H%M%S%f}", channel=channel, recipient=row.address,
        audience=Audience.PLAIN, subscription=row, tenant=row.system.tenant, created_at=moment, waits_since=moment,
        next_at=moment, **told,
    )  # fmt: skip
    queue.enqueue("deliver", channel.pk)
