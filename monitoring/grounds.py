"""What the calendars hold for the databases that a reader looks at: windows, freezes, backups, and when work may go on there.

Loaded with the same few queries however much there is; what each database has is looked up once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from monitoring.entries import Entry, Kind
from monitoring.expected import Room
from strategies import timetables
from strategies.models import (
    Calendar,
    CalendarEntry,
    CalendarKind,
    CalendarScope,
    MaintenanceWindow,
    Tag,
    Target,
    Tenant,
    User,
)
from strategies.models.scoped import visible_scopes
from strategies.occurrences import Slot
from strategies.scope import Place
from strategies.windows import Freeze, Window, covering, free

KINDS = {CalendarKind.FREEZE: Kind.FREEZE, CalendarKind.BACKUP: Kind.BACKUP}
NAMED_SCOPES = 2  # of a calendar, in one line
# So far at least, and at most, work is given its place among windows and freezes
LEAST_AHEAD, MOST_AHEAD = timedelta(days=8), timedelta(days=62)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is looked at: one database, those with a tag, of a tenant, of an environment; more than one of these narrow each other."""

    target: Target | None = None
    tag: Tag | None = None
    tenant: Tenant | None = None
    environment: str = ""

    @property
    def is_everything(self) -> bool:
        return self == Chosen()

    def targets(self, user: User) -> QuerySet[Target]:
        rows = Target.objects.visible_to(user)
        if self.target is not None:
            rows = rows.filter(pk=self.target.pk)
        if self.tag is not None:
            rows = rows.filter(tags=self.tag)
        if self.environment:
            rows = rows.filter(environment=self.environment)
        return rows if self.tenant is None else rows.filter(tenant=self.tenant)


@dataclass(frozen=True, slots=True)
class Planned:
    """A window and the words for where it holds."""

    window: Window
    where: str


@dataclass(frozen=True, slots=True)
class Shut:
    """A freeze, or hours of a backup; where its calendar holds, in words, and the key of that."""

    freeze: Freeze
    kind: Kind
    where: str
    calendar: int


@dataclass(slots=True)
class Grounds:
    """From `since` to `until`, as things stand at `moment`. `targets` by their keys are those that are looked at; `windows` and `shut`
    concern any of them.
    """

    since: datetime
    until: datetime
    moment: datetime
    targets: Mapping[int, Target]
    places: Mapping[int, Place]
    windows: Sequence[Planned]
    shut: Sequence[Shut]
    _rooms: dict[Place, Room] = field(default_factory=dict)

    @property
    def unreadable(self) -> list[str]:
        """Windows that never open, because what is kept of them cannot be read."""
        return [one.window.name for one in self.windows if one.window.when is None]

    @property
    def ahead(self) -> Slot | None:
        """The time in which work that waits is given its place; None = all that is looked at is over."""
        if self.until <= self.moment:
            return None
        until = min(max(self.until, self.moment + LEAST_AHEAD), self.moment + MOST_AHEAD)
        return Slot(self.moment, until)

    def room(self, target: int, *, is_read_only: bool = False) -> Room:
        """When work on one of the databases may begin from now on. What only reads needs no window, and no freeze stops it."""
        ahead, place = self.ahead, self.places[target]
        if ahead is None or is_read_only:
            return Room([ahead] if ahead else [])
        if place not in self._rooms:
            mine = covering([one.window for one in self.windows], place)
            slots = [slot for window in mine for slot in window.slots(ahead.starts_at, ahead.ends_at)]
            freezes = [one.freeze for one in self.shut if one.kind is Kind.FREEZE]
            begin = sorted(
                slot.starts_at
                for freeze in freezes
                if freeze.covers(place)
                for slot in freeze.slots(ahead.starts_at, ahead.ends_at)
            )
            self._rooms[place] = Room(free(mine, freezes, place, ahead.starts_at, ahead.ends_at), slots, begin)
        return self._rooms[place]

    def entries(self, target: int | None = None) -> Iterator[Entry]:
        """Windows, freezes and backups, of one of the databases or of them all."""
        place = None if target is None else self.places[target]
        for planned in self.windows:
            if place is None or planned.window.scope.covers(place):
                yield from self.of_window(planned)
        for shut in self.shut:
            if place is None or shut.freeze.covers(place):
                yield from self.of_calendar(shut)

    def of_window(self, planned: Planned) -> Iterator[Entry]:
        window = planned.window
        for slot in window.slots(self.since, self.until):
            is_moved = slot.starts_at in window.ends
            note = "It ends at another time than was planned." if is_moved else ""
            yield Entry(Kind.WINDOW, window.name, planned.where, slot.starts_at, slot.ends_at, window.pk, note)

    def of_calendar(self, shut: Shut) -> Iterator[Entry]:
        freeze = shut.freeze
        note = freeze.reason if freeze.when is not None else "Its times cannot be read; it holds until they are mended."
        for slot in freeze.slots(self.since, self.until):
            yield Entry(shut.kind, freeze.name, shut.where, slot.starts_at, slot.ends_at, shut.calendar, note)


def grounds(
    user: User, chosen: Chosen, since: datetime, until: datetime, moment: datetime, *kinds: CalendarKind
) -> Grounds:
    """What there is from `since` to `until`, and from `moment` on; of calendars those of these kinds (none = all). Six queries."""
    targets, places = databases(user, chosen)
    shown = None if chosen.is_everything else list(places.values())
    first = min(since, moment)
    return Grounds(
        since, until, moment, targets, places,
        [one for one in windows(user, first) if shown is None or any(map(one.window.scope.covers, shown))],
        [one for one in shut(user, first, *(kinds or KINDS)) if shown is None or any(map(one.freeze.covers, shown))],
    )  # fmt: skip


def databases(user: User, chosen: Chosen) -> tuple[dict[int, Target], dict[int, Place]]:
    """Those that are looked at, and where each of them is, by their keys. Two queries."""
    targets = {row.pk: row for row in chosen.targets(user).defer("facts", "missing_rights")}
    tags: dict[int, list[int]] = defaultdict(list)
    for target, tag in Target.tags.through.objects.values_list("target_id", "tag_id"):
        tags[target].append(tag)
    return targets, {pk: timetables.place_of(row, tags[pk]) for pk, row in targets.items()}


def windows(user: User, since: datetime) -> list[Planned]:
    """Those that are on and hold somewhere in the reader's sight. Two queries."""
    rows = MaintenanceWindow.objects.visible_to(user).filter(is_active=True)
    by_key = {row.pk: row for row in rows.select_related("target", "tag", "tenant")}
    found = timetables.windows(since, by_key.values())
    return [Planned(window, by_key[window.pk].scope) for window in found]


def shut(user: User, since: datetime, *kinds: CalendarKind) -> list[Shut]:
    """The entries of calendars that hold somewhere in the reader's sight, by the places there, and are not over. Two queries.

    What holds for one of the reader's databases is always in their sight.
    """
    rows = visible_scopes(CalendarScope.objects.filter(calendar__is_active=True, calendar__kind__in=kinds), user)
    scopes: dict[int, list[CalendarScope]] = defaultdict(list)
    for row in rows.select_related("calendar", "target", "tag", "tenant"):
        scopes[row.calendar_id].append(row)
    lasting = Q(last_end_at=None) | Q(last_end_at__gt=since)
    entries = CalendarEntry.objects.filter(lasting, calendar__is_active=True, calendar__kind__in=kinds)
    return [_of_entry(entry, seen[0].calendar, seen) for entry in entries if (seen := scopes.get(entry.calendar_id))]


def _of_entry(entry: CalendarEntry, calendar: Calendar, scopes: Sequence[CalendarScope]) -> Shut:
    freeze = timetables.freeze_of(entry, calendar, [scope.where for scope in scopes])
    return Shut(freeze, KINDS[CalendarKind(calendar.kind)], _named(scopes), calendar.pk)


def _named(scopes: Sequence[CalendarScope]) -> str:
    named = ", ".join(scope.scope for scope in scopes[:NAMED_SCOPES])
    more = len(scopes) - NAMED_SCOPES
    return f"{named} and {more} more" if more > 0 else named
