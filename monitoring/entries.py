"""What stands in a calendar, each at its time: windows, freezes, backups and work; and all of it laid over the days of a zone. Pure."""

from __future__ import annotations

import calendar
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum, StrEnum
from zoneinfo import ZoneInfo

from strategies.occurrences import placed

FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)  # days that can be asked for
ENOUGH_A_DAY = {"month": 4, "week": 12, "day": 1000}  # parts of entries shown in one cell


class Kind(Enum):
    """What an entry is. Pages show its icon, word and colour; `page` names the address that its key leads to."""

    FREEZE = "freeze", "snow", "wait", "Freeze", "calendar"
    BACKUP = "backup", "archive", "plan", "Backup", "calendar"
    WINDOW = "window", "unlock", "ok", "Window", "window"
    FREE = "free", "check2-circle", "ok", "Free", "target"
    RUNNING = "running", "play-fill", "run", "Running", "run"
    PLANNED = "planned", "clipboard-check", "plan", "Planned", "run"
    DUE = "due", "clock", "plan", "Due", "job"

    def __init__(self, word: str, icon: str, colour: str, label: str, page: str) -> None:
        self.word = word
        self.icon = icon
        self.colour = colour
        self.label = label
        self.page = page

    @property
    def is_work(self) -> bool:
        return self in (Kind.RUNNING, Kind.PLANNED, Kind.DUE)


_ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Entry:
    """`ends_at` None = its end is not known; of work it is the time by which 9 of 10 such runs were done.

    `times` says how often it comes on its day, where that is more than once (`24×`). `shuts_at` is when work on it has to stop, None =
    nothing stops it; `warning` a sentence about what will not go well.
    """

    kind: Kind
    name: str
    where: str
    starts_at: datetime
    ends_at: datetime | None
    key: int
    note: str = ""
    times: str = ""
    shuts_at: datetime | None = None
    warning: str = ""

    @property
    def is_late(self) -> bool:
        """Whether it is expected to outlast the time that there is for it."""
        return self.ends_at is not None and self.shuts_at is not None and self.ends_at > self.shuts_at


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of an entry on one day, on the reader's clock. `since` None = it was there when the day began; `until` None = it goes on
    after the day, or has no end that is known.
    """

    entry: Entry
    since: datetime | None
    until: datetime | None

    @property
    def hours(self) -> str:
        """`22:00–23:30`, `from 22:00`, `until 04:00`, `all day`; of what has no length its time."""
        if self.since is None:
            return "all day" if self.until is None else f"until {self.until:%H:%M}"
        if self.until is not None:
            return f"{self.since:%H:%M}–{self.until:%H:%M}"
        return f"{self.since:%H:%M}" if self.entry.ends_at is None else f"from {self.since:%H:%M}"


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the reader and what lies on it, at most `most` of it `shown` in a cell. `is_outside`: of another month."""

    on: date
    pieces: tuple[Piece, ...]
    most: int = 1000
    is_outside: bool = False

    @property
    def shown(self) -> tuple[Piece, ...]:
        return self.pieces if len(self.pieces) <= self.most else self.pieces[: self.most - 1]

    @property
    def more(self) -> int:
        return len(self.pieces) - len(self.shown)


class View(StrEnum):
    """How much of the calendar a page shows."""

    MONTH = "month"
    WEEK = "week"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page of the calendar shows: whole weeks from Monday on, or one day."""

    view: View
    on: date
    dates: tuple[date, ...] = field(repr=False)

    @property
    def title(self) -> str:
        if self.view is View.MONTH:
            return f"{self.on:%B %Y}"
        if self.view is View.DAY:
            return f"{self.on:%A} {self.on.day} {self.on:%B %Y}"
        first, last = self.dates[0], self.dates[-1]
        return f"Week {first.isocalendar().week}, {first.day} {first:%b} to {last.day} {last:%b %Y}"

    @property
    def previous(self) -> date | None:
        """The first day of the sheet before this one; None = there is none."""
        return _within(_turned(self.on, -1) if self.view is View.MONTH else self.dates[0] - timedelta(len(self.dates)))

    @property
    def next(self) -> date | None:
        return _within(_turned(self.on, 1) if self.view is View.MONTH else self.dates[-1] + timedelta(days=1))

    def span(self, zone: str) -> tuple[datetime, datetime]:
        """From the first midnight to the last, in UTC."""
        return _midnight(self.dates[0], zone), _midnight(self.dates[-1] + timedelta(days=1), zone)

    def days(self, entries: Iterable[Entry], zone: str) -> list[Day]:
        return [
            Day(day, pieces, ENOUGH_A_DAY[self.view], self.view is View.MONTH and day.month != self.on.month)
            for day, pieces in zip(self.dates, _laid_out(entries, self.dates, zone), strict=True)
        ]


def sheet(view: View, on: date) -> Sheet:
    """That on which a day stands."""
    if view is View.DAY:
        return Sheet(view, on, (on,))
    monday = on - timedelta(days=on.weekday())
    if view is View.WEEK:
        return Sheet(view, on, tuple(monday + timedelta(days=n) for n in range(7)))
    weeks = calendar.Calendar().monthdatescalendar(on.year, on.month)
    return Sheet(view, on, tuple(day for week in weeks for day in week))


def _turned(on: date, months: int) -> date:
    """The first of the month so many months on."""
    number = on.year * 12 + on.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _within(day: date) -> date | None:
    return day if FIRST <= day <= LAST else None


def _midnight(day: date, zone: str) -> datetime:
    return placed(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 (of the wall clock)


def _laid_out(entries: Iterable[Entry], dates: Sequence[date], zone: str) -> list[tuple[Piece, ...]]:
    """For each of these days, which follow each other, the parts of entries on it: what lasts first, then in the order of time."""
    place = ZoneInfo(zone)
    bounds = [_midnight(day, zone) for day in (*dates, dates[-1] + timedelta(days=1))]
    found: list[list[Piece]] = [[] for _ in dates]
    for entry in entries:
        first, last = _days_of(entry, bounds)
        for number in range(first, last + 1):
            found[number].append(_piece(entry, bounds[number], bounds[number + 1], place))
    return [tuple(sorted(pieces, key=_by_time)) for pieces in found]


def _days_of(entry: Entry, bounds: Sequence[datetime]) -> tuple[int, int]:
    """The first and the last day on which it lies, by their numbers; the last is before the first where there is none."""
    first = bisect_right(bounds, entry.starts_at) - 1
    last = first if entry.ends_at is None else max(first, bisect_left(bounds, entry.ends_at) - 1)
    return max(0, first), min(len(bounds) - 2, last)


def _piece(entry: Entry, day: datetime, next_day: datetime, zone: ZoneInfo) -> Piece:
    has_length = entry.ends_at is not None and entry.ends_at > entry.starts_at
    began_before = has_length and entry.starts_at <= day
    ends_on_it = entry.ends_at is not None and has_length and entry.ends_at < next_day
    return Piece(
        entry,
        None if began_before else entry.starts_at.astimezone(zone),
        entry.ends_at.astimezone(zone) if ends_on_it and entry.ends_at is not None else None,
    )


def _by_time(piece: Piece) -> tuple[bool, float, int, str]:
    since = piece.since
    return since is not None, since.timestamp() if since else 0.0, _ORDER[piece.entry.kind], piece.entry.name.casefold()
