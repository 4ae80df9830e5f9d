"""What is planned, under way and done on systems, in the words of those who know nothing of databases: for pages and calendars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Calendar as Text
from icalendar import Event

from monitoring.models import NOT_OVER, UNDER_WAY, Announcement, Stage, System

PAST = timedelta(days=30)
MOST = 1000  # announcements that are read at once
SHOWN_PLANNED, SHOWN_PAST = 4, 10  # of one system; what else is planned unfolds
_STALE = timedelta(minutes=10)  # each system is looked after once a minute
_USUAL = timedelta(minutes=30)  # the length of what nobody knows the end of, in calendars


@dataclass(frozen=True, slots=True)
class SystemState:
    """`planned` in the order in which it comes, `past` the last first."""

    system: System
    under_way: Sequence[Announcement]
    planned: Sequence[Announcement]
    past: Sequence[Announcement]
    is_stale: bool = False  # the portal should have looked since

    @property
    def first(self) -> Sequence[Announcement]:
        """Of what is planned, what is seen at once."""
        return self.planned[:SHOWN_PLANNED]

    @property
    def later(self) -> Sequence[Announcement]:
        return self.planned[SHOWN_PLANNED:]

    @property
    def next(self) -> Announcement | None:
        """What is under way, or else comes first."""
        return next(iter((*self.under_way, *self.planned)), None)


def states(systems: Iterable[System], moment: datetime) -> list[SystemState]:
    """Two queries for all of them."""
    systems = list(systems)
    found: dict[int, list[Announcement]] = {system.pk: [] for system in systems}
    for row in announced(systems, moment):
        found[row.system_id].append(row)
    return [_state(system, found[system.pk], moment) for system in systems]


def _state(system: System, rows: Sequence[Announcement], moment: datetime) -> SystemState:
    is_stale = system.is_active and (system.looked_at or system.changed_at) < moment - _STALE
    past = [row for row in rows if row.stage not in NOT_OVER]
    return SystemState(
        system, [row for row in rows if row.stage in UNDER_WAY], [row for row in rows if row.stage == Stage.PLANNED],
        past[: -SHOWN_PAST - 1 : -1], is_stale,
    )  # fmt: skip


def announced(systems: Sequence[System], moment: datetime) -> list[Announcement]:
    """What is not over, and what was of late, in the order in which it begins. Of too much the farthest is left out."""
    rows = Announcement.objects.filter(system__in=systems)
    open_ = rows.filter(stage__in=NOT_OVER).order_by("starts_at", "pk")[:MOST]
    past = rows.filter(closed_at__gt=moment - PAST).exclude(stage=Stage.WITHDRAWN)
    past = past.exclude(stage=Stage.CANCELLED, told_at=None).order_by("-closed_at", "-pk")[
        :MOST
    ]  # of that nobody heard
    return [*reversed(past), *open_]


def as_text(systems: Iterable[System], title: str, moment: datetime) -> bytes:
    """The same as iCalendar. An event keeps its key for good, so that calendars move what moves, and strike out what is cancelled."""
    known = {system.pk: system for system in systems}
    text = Text()
    text.add("prodid", "-//Maintenance Portal//EN")
    text.add("version", "2.0")
    text.add("x-wr-calname", title)
    text.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for row in announced(list(known.values()), moment):
        system, event = known[row.system_id], Event()
        event.add("uid", f"maintenance-{row.pk}@maintenance-portal")
        event.add("dtstamp", moment.astimezone(UTC).replace(microsecond=0))
        event.add("sequence", row.changes)
        event.add("summary", f"Maintenance of {system.name}: {row.state.label.lower()}")
        event.add("dtstart", row.starts_at.astimezone(UTC))
        event.add(
            "dtend", max(row.ends_at or row.starts_at + _USUAL, row.starts_at + timedelta(minutes=1)).astimezone(UTC)
        )
        event.add("status", "CANCELLED" if row.stage == Stage.CANCELLED else "CONFIRMED")
        end = "The end is not known yet; half an hour is shown." if row.ends_at is None else ""
        if row.is_bound and row.closed_at is None:
            end = "It is over by then at the latest."
        if described := " ".join(filter(None, (system.notice, end))):
            event.add("description", described)
        text.add_component(event)
    return bytes(text.to_ical())
