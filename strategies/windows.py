"""When a database may be worked on: windows that permit, freezes that forbid, and what of the two holds at a moment. Pure.

A database that no window covers may be worked on at any time outside freezes; a covered one only inside of its windows. A
freeze goes before a window. What cannot be read counts against a start: such a window does not open, such a freeze holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from strategies.occurrences import Occurrences, Slot
from strategies.scope import Place, Scope

LONGEST_EXTENSION = timedelta(hours=24)
LOOK_AHEAD = timedelta(days=400)
GRACE = timedelta(minutes=5)  # what is at work at an end that no window says more about is cancelled so much later


@dataclass(frozen=True, slots=True)
class Window:
    """`when` None = it cannot be read, and never opens. `ends` has new ends of slots, by their starts."""

    pk: int
    name: str
    scope: Scope
    when: Occurrences | None
    zone: str = "UTC"
    capacity: int | None = None
    grace: timedelta = GRACE
    ends: Mapping[datetime, datetime] = field(default_factory=dict)

    def slots(self, since: datetime, until: datetime) -> Iterator[Slot]:
        """Its slots that overlap this time, with the ends that they have by now."""
        if self.when is None:
            return
        for planned in self.when.slots(since - LONGEST_EXTENSION, until):
            slot = replace(planned, ends_at=self.ends.get(planned.starts_at, planned.ends_at))
            if slot.starts_at < slot.ends_at and slot.overlaps(Slot(since, until)):
                yield slot

    def on_its_clock(self, moment: datetime) -> str:
        """`Mon 30 Nov 22:00 (Europe/Vienna)`."""
        return f"{moment.astimezone(ZoneInfo(self.zone)):%a %d %b %H:%M} ({self.zone})"

    def opening(self, moment: datetime) -> Opening | None:
        """Its slot that `moment` lies in; of several the one that ends last."""
        instant = timedelta(microseconds=1)
        now = (slot for slot in self.slots(moment, moment + instant) if moment in slot)
        slot = max(now, key=lambda slot: slot.ends_at, default=None)
        return Opening(self, slot) if slot is not None else None

    def next_opening(self, moment: datetime) -> Opening | None:
        begun = self.slots(moment, moment + LOOK_AHEAD)
        slot = next((slot for slot in begun if slot.starts_at > moment), None)
        return Opening(self, slot) if slot is not None else None


@dataclass(frozen=True, slots=True)
class Opening:
    """A slot of a window."""

    window: Window
    slot: Slot

    @property
    def stops_at(self) -> datetime:
        """What is still at work then is cancelled."""
        return self.slot.ends_at + self.window.grace

    def is_full(self, running: int) -> bool:
        return self.window.capacity is not None and running >= self.window.capacity


@dataclass(frozen=True, slots=True)
class Freeze:
    """What forbids work. `when` None = it cannot be read, and holds always. `lifted` has starts of slots that were taken back."""

    pk: int
    name: str
    calendar: str
    scopes: tuple[Scope, ...]
    when: Occurrences | None
    owner: str = ""
    reason: str = ""
    lifted: frozenset[datetime] = frozenset()

    def covers(self, place: Place) -> bool:
        return any(scope.covers(place) for scope in self.scopes)

    def slots(self, since: datetime, until: datetime) -> Iterator[Slot]:
        if self.when is None:
            yield Slot(since, until)
            return
        yield from (slot for slot in self.when.slots(since, until) if slot.starts_at not in self.lifted)

    def in_force(self, moment: datetime) -> Slot | None:
        """The slot that holds now; of several the one that ends last."""
        now = (slot for slot in self.slots(moment, moment + timedelta(microseconds=1)) if moment in slot)
        return max(now, key=lambda slot: slot.ends_at, default=None)

    def begins_next(self, moment: datetime, within: timedelta) -> datetime | None:
        """When it holds next after `moment`; None = not within so long."""
        begun = self.slots(moment, moment + within)
        return next((slot.starts_at for slot in begun if slot.starts_at > moment), None)


def covering(windows: Iterable[Window], place: Place) -> list[Window]:
    return [window for window in windows if window.scope.covers(place)]


def openings(windows: Iterable[Window], moment: datetime) -> list[Opening]:
    """The slots of windows that are open now, the one that ends last first."""
    now = (found for window in windows if (found := window.opening(moment)) is not None)
    return sorted(now, key=lambda found: found.slot.ends_at, reverse=True)


def next_opening(windows: Iterable[Window], moment: datetime) -> Opening | None:
    """Of all windows the slot that begins first after `moment`."""
    later = (found for window in windows if (found := window.next_opening(moment)) is not None)
    return min(later, key=lambda found: found.slot.starts_at, default=None)


def free(
    windows: Sequence[Window], freezes: Iterable[Freeze], place: Place, since: datetime, until: datetime
) -> list[Slot]:
    """When work on this database may go on within this time: inside of its windows, if it has any, and outside of freezes."""
    mine = covering(windows, place)
    open_ = _joined(slot for window in mine for slot in window.slots(since, until)) if mine else [Slot(since, until)]
    shut = _joined(slot for freeze in freezes if freeze.covers(place) for slot in freeze.slots(since, until))
    return [piece for slot in open_ for piece in _without(_cut(slot, since, until), shut)]


def first_free(
    windows: Sequence[Window], freezes: Iterable[Freeze], place: Place, moment: datetime, length: timedelta
) -> Slot | None:
    """The next piece of time of this length, or longer, in which work may go on; None = none within 400 days."""
    pieces = free(windows, freezes, place, moment, moment + LOOK_AHEAD)
    return next((piece for piece in pieces if piece.ends_at - piece.starts_at >= length), None)


def _cut(slot: Slot, since: datetime, until: datetime) -> Slot:
    return Slot(max(slot.starts_at, since), min(slot.ends_at, until))


def _joined(slots: Iterable[Slot]) -> list[Slot]:
    """In order, those that touch or overlap as one."""
    joined: list[Slot] = []
    for slot in sorted(slots):
        if joined and slot.starts_at <= joined[-1].ends_at:
            joined[-1] = Slot(joined[-1].starts_at, max(joined[-1].ends_at, slot.ends_at))
        else:
            joined.append(slot)
    return joined


def _without(slot: Slot, shut: Sequence[Slot]) -> Iterator[Slot]:
    """What is left of a slot; `shut` is joined."""
    since = slot.starts_at
    for closed in shut:
        if closed.ends_at <= since or closed.starts_at >= slot.ends_at:
            continue
        if since < closed.starts_at:
            yield Slot(since, closed.starts_at)
        since = max(since, closed.ends_at)
    if since < slot.ends_at:
        yield Slot(since, slot.ends_at)
