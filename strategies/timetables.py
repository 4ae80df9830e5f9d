"""Loads windows and freezes as values, with the same few queries however many there are, and says what they mean for a target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from strategies.conflicts import Company, Database
from strategies.gate_values import CalendarFacts, FreezeInForce
from strategies.models import (
    Calendar,
    CalendarEntry,
    CalendarKind,
    CalendarScope,
    MaintenanceWindow,
    Target,
    WindowChange,
)
from strategies.scope import Place, Scope
from strategies.windows import LONGEST_EXTENSION, Freeze, Window, covering, next_opening, openings

FREEZES_AHEAD = timedelta(days=31)  # no run is at work for longer


@dataclass(slots=True)
class Timetable:
    """What holds where, as it was loaded at `moment`."""

    moment: datetime
    windows: Sequence[Window]
    freezes: Sequence[Freeze]
    _facts: dict[Place, CalendarFacts] = field(default_factory=dict)

    def facts(self, place: Place, at_work: Mapping[int, int]) -> CalendarFacts:
        """What the gate asks of one target; `at_work` are the runs in each window, by its key. Looked up once for each place."""
        known = self._facts.get(place)
        if known is None:
            known = self._facts[place] = self._look_up(place)
        open_now = [(opening, at_work.get(opening.window.pk, 0)) for opening, _ in known.openings]
        return replace(known, openings=open_now)

    def opens(self, place: Place, at: datetime, bound: datetime) -> datetime | None:
        """When windows and freezes let begin what is due at `at`, looked for until `bound`; None = as far as is seen, never."""
        start: datetime | None = at
        while start is not None and start <= bound:
            then = Timetable(start, self.windows, self.freezes).facts(place, {})
            if then.freezes:
                ends = [freeze.until for freeze in then.freezes if freeze.until is not None]
                start = max(ends) if len(ends) == len(then.freezes) else None
            elif then.is_covered and not then.openings:
                start = then.opens_next.slot.starts_at if then.opens_next is not None else None
            else:
                break
        return start

    def _look_up(self, place: Place) -> CalendarFacts:
        mine = covering(self.windows, place)
        open_now = [(opening, 0) for opening in openings(mine, self.moment)]
        opens_next = None if open_now or not mine else next_opening(mine, self.moment)
        starts = (freeze.begins_next(self.moment, FREEZES_AHEAD) for freeze in self.freezes if freeze.covers(place))
        freezes_at = min((start for start in starts if start is not None), default=None)
        return CalendarFacts(bool(mine), open_now, opens_next, self._freezes_on(place), freezes_at)

    def _freezes_on(self, place: Place) -> tuple[FreezeInForce, ...]:
        found = ((freeze, freeze.in_force(self.moment)) for freeze in self.freezes if freeze.covers(place))
        return tuple(
            FreezeInForce(
                freeze.name,
                freeze.calendar,
                freeze.owner,
                None if freeze.when is None else slot.ends_at,
                freeze.reason,
            )
            for freeze, slot in found
            if slot is not None
        )


def load(moment: datetime) -> Timetable:
    """Everything that is in force at `moment` or later."""
    return Timetable(moment, windows(moment), freezes(moment))


def windows(since: datetime, rows: Iterable[MaintenanceWindow] | None = None) -> list[Window]:
    """Those that are on, or the `rows` given, with the ends of slots that were extended or closed and end after `since`, less a day."""
    ends: dict[int, dict[datetime, datetime]] = defaultdict(dict)
    for change in WindowChange.objects.filter(
        Q(ends_at__gt=since - LONGEST_EXTENSION) | Q(planned_end_at__gt=since - LONGEST_EXTENSION)
    ):
        ends[change.window_id][change.starts_at.astimezone(UTC)] = change.ends_at
    on = MaintenanceWindow.objects.filter(is_active=True) if rows is None else rows
    return [window_of(row, ends.get(row.pk, {})) for row in on]


def window_of(row: MaintenanceWindow, ends: Mapping[datetime, datetime] | None = None) -> Window:
    return Window(
        pk=row.pk, name=row.name, scope=row.where, when=row.when, zone=row.time_zone, capacity=row.capacity, grace=row.grace,
        ends=ends or {},
    )  # fmt: skip


def freezes(since: datetime, kind: CalendarKind = CalendarKind.FREEZE) -> list[Freeze]:
    """The entries of calendars of this kind that are on and hold anywhere, and are not over for good."""
    scopes: dict[int, list[Scope]] = defaultdict(list)
    for scope in CalendarScope.objects.all():
        scopes[scope.calendar_id].append(scope.where)
    calendars = {row.pk: row for row in Calendar.objects.filter(is_active=True, kind=kind)}
    entries = CalendarEntry.objects.filter(Q(last_end_at=None) | Q(last_end_at__gt=since))
    return [
        freeze_of(entry, calendars[entry.calendar_id], scopes[entry.calendar_id])
        for entry in entries
        if entry.calendar_id in calendars and scopes[entry.calendar_id]
    ]


def freeze_of(entry: CalendarEntry, calendar: Calendar, scopes: Iterable[Scope]) -> Freeze:
    return Freeze(
        pk=entry.pk, name=entry.name, calendar=calendar.name, scopes=tuple(scopes), when=entry.when, owner=calendar.owner,
        reason=entry.reason, lifted=entry.lifted_starts,
    )  # fmt: skip


def place_of(target: Target, tags: Iterable[int]) -> Place:
    return Place(target.pk, target.tenant_id, target.environment, frozenset(tags))


def freezes_on(target: Target, moment: datetime) -> Sequence[FreezeInForce]:
    """The freezes that hold for this database at that moment."""
    return load(moment).facts(place_of(target, target.tags.values_list("pk", flat=True)), {}).freezes


def databases(rows: Iterable[Target]) -> list[Database]:
    """These databases with their places. The rows need no facts; one query for the tags of all of them."""
    tags: dict[int, list[int]] = defaultdict(list)
    for target, tag in Target.tags.through.objects.values_list("target_id", "tag_id"):
        tags[target].append(tag)
    return [Database(row.name, place_of(row, tags[row.pk])) for row in rows]


def company(moment: datetime, *, without: int | None = None) -> Company:
    """What a window may meet: other windows that are on (not the one of this key), freezes and backups."""
    others = [window for window in windows(moment) if window.pk != without]
    return Company(others, freezes(moment), freezes(moment, CalendarKind.BACKUP))
