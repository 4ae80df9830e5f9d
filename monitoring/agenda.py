"""The calendar: what is planned for the databases that a reader sees, on a sheet of days; and what comes next, for Home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from monitoring import upcoming
from monitoring.entries import Day, Entry, Kind, Sheet
from monitoring.grounds import Chosen, Grounds, grounds, shut, windows
from strategies.models import CalendarKind, User

MOST_ROWS = 500  # of the table beneath a sheet
SHOWN_NEXT = 6
NEXT_DAYS = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Agenda:
    """`days` are those of the sheet. `unreadable` names windows that never open; `is_cut`: more work is to come than is shown."""

    sheet: Sheet
    days: Sequence[Day]
    unreadable: Sequence[str]
    is_cut: bool

    @property
    def weeks(self) -> list[Sequence[Day]]:
        return [self.days[n : n + 7] for n in range(0, len(self.days), 7)]

    @property
    def count(self) -> int:
        return sum(len(day.pieces) for day in self.days)

    @property
    def listed(self) -> Sequence[Day]:
        """The days that have anything, as far as the table goes."""
        left, listed = MOST_ROWS, []
        for day in self.days:
            if left > 0 and day.pieces:
                listed.append(Day(day.on, day.pieces[:left]))
                left -= len(day.pieces)
        return listed

    @property
    def is_listed_in_part(self) -> bool:
        return self.count > MOST_ROWS

    @property
    def kinds(self) -> list[Kind]:
        """Those of the calendar, for its legend."""
        return [kind for kind in Kind if kind is not Kind.FREE]


def agenda(user: User, chosen: Chosen, sheet: Sheet, moment: datetime, zone: str) -> Agenda:
    """Windows, freezes, backups and the work to come on the days of this sheet, on the clock of an IANA zone."""
    since, until = sheet.span(zone)
    ground = grounds(user, chosen, since, until, moment)
    runs = upcoming.runs(user, chosen, ground, zone)
    jobs, is_cut = upcoming.jobs(user, chosen, ground)
    entries = chain(ground.entries(), runs.entries, upcoming.due_by_day(jobs, ground, zone))
    return Agenda(sheet, sheet.days(entries, zone), ground.unreadable, runs.is_cut or is_cut)


@dataclass(frozen=True, slots=True)
class Next:
    """A slot of a window or of a freeze, and whether it holds now. `ends_at` None = until somebody mends what cannot be read."""

    entry: Entry
    is_now: bool
    ends_at: datetime | None


def coming(user: User, moment: datetime) -> list[Next]:
    """For each window and each freeze the slot that holds now, or else the next; what holds now first, then in the order of time.

    Four queries.
    """
    ground = Grounds(
        moment, moment + NEXT_DAYS, moment, {}, {}, windows(user, moment), shut(user, moment, CalendarKind.FREEZE)
    )
    slots = [(next(ground.of_window(one), None), True) for one in ground.windows]
    slots += [(next(ground.of_calendar(one), None), one.freeze.when is not None) for one in ground.shut]
    found = [
        Next(entry, entry.starts_at <= moment, entry.ends_at if is_readable else None)
        for entry, is_readable in slots
        if entry is not None
    ]
    found.sort(key=lambda one: (not one.is_now, one.entry.starts_at, one.entry.name.casefold()))
    return found[:SHOWN_NEXT]
