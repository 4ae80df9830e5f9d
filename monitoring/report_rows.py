"""What a report on maintenance is made of: its days, what was done, missed and approved in them, as typed rows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from strategies.occurrences import placed

DAY = timedelta(days=1)
LONGEST_DAYS = 366
BY_DAY_UP_TO = 31  # days; longer reports show weeks
T = TypeVar("T")


def in_hours(ms: int) -> str:
    """What was worked: seconds below a minute, minutes, or hours from two of them on."""
    if 0 < ms < 59_500:
        return f"{round(ms / 1000)} s" if ms >= 500 else "less than 1 s"
    minutes = round(ms / 60_000)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60:,} h {minutes % 60:02d} min"


class PeriodName(StrEnum):
    LAST_WEEK = "last_week"
    LAST_MONTH = "last_month"
    LAST_QUARTER = "last_quarter"
    THIS_MONTH = "this_month"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ").capitalize()

    def days(self, today: date) -> tuple[date, date]:
        """The first and the last day of it; weeks begin on Monday, this month goes up to today."""
        month = today.replace(day=1)
        if self is PeriodName.THIS_MONTH:
            return month, today
        if self is PeriodName.LAST_WEEK:
            monday = today - today.weekday() * DAY
            return monday - 7 * DAY, monday - DAY
        if self is PeriodName.LAST_MONTH:
            last = month - DAY
            return last.replace(day=1), last
        last = date(today.year, today.month - (today.month - 1) % 3, 1) - DAY
        return date(last.year, last.month - 2, 1), last


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days on the clock of a zone, the first and the last included; as instants it is half-open.

    A day of a change of the clock has 23 or 25 hours. One whose midnight is left out begins when the clock goes on, and one that has
    two midnights with the first of them.
    """

    first: date
    last: date
    zone: str

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def since(self) -> datetime:
        return placed(datetime.combine(self.first, time.min), self.zone)

    @property
    def until(self) -> datetime:
        """Not included."""
        return placed(datetime.combine(self.last + DAY, time.min), self.zone)

    @property
    def before(self) -> Span:
        """As many days, up to the day before this one begins."""
        return Span(self.first - self.length * DAY, self.first - DAY, self.zone)

    @property
    def pieces(self) -> tuple[Span, ...]:
        """Its days, or where it is longer than a month its weeks, counted from the first day; the last may be shorter."""
        step = 1 if self.length <= BY_DAY_UP_TO else 7
        starts = [self.first + n * DAY for n in range(0, self.length, step)]
        return tuple(Span(start, min(start + (step - 1) * DAY, self.last), self.zone) for start in starts)

    @property
    def words(self) -> str:
        """`1 Oct – 31 Oct 2026`."""
        if self.first == self.last:
            return f"{self.last.day} {self.last:%b %Y}"
        year = "" if self.first.year == self.last.year else f" {self.first.year}"
        return f"{self.first.day} {self.first:%b}{year} – {self.last.day} {self.last:%b %Y}"


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs that ended, by how they ended (the names are those of the states), and what `measured` of them worked (ms)."""

    succeeded: int = 0
    warning: int = 0
    continued: int = 0
    failed: int = 0
    timed_out: int = 0
    lost: int = 0
    rolled_back: int = 0
    cancelled: int = 0
    missed: int = 0
    worked_ms: int = 0
    measured: int = 0

    @property
    def total(self) -> int:
        return sum(self.by_outcome.values())

    @property
    def by_outcome(self) -> Mapping[str, int]:
        return {name: getattr(self, name) for name in OUTCOMES}

    @property
    def went_wrong(self) -> int:
        """Began and did not do their work: failed, timed out, lost or rolled back, as everywhere in statistics."""
        return self.failed + self.timed_out + self.lost + self.rolled_back

    @property
    def worked(self) -> str:
        """In words."""
        return in_hours(self.worked_ms)

    def __add__(self, other: Runs) -> Runs:
        return Runs(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Runs)))


OUTCOMES = tuple(one.name for one in fields(Runs) if one.name not in ("worked_ms", "measured"))


class Some(NamedTuple, Generic[T]):
    """The first of a list, and how many it has."""

    rows: tuple[T, ...] = ()
    of: int = 0

    @property
    def more(self) -> int:
        return self.of - len(self.rows)


class Work(NamedTuple):
    """What was done by one strategy, or (with its key) on one database. `objects` are different ones that an operation worked on."""

    name: str
    key: int | None
    runs: Runs
    operations: int
    objects: int


class Piece(NamedTuple):
    """One day or week, and the one that lies in its place in the period before."""

    span: Span
    runs: Runs
    before: Runs


class EndedRun(NamedTuple):
    """`why` is the reason that is kept with the run."""

    pk: int
    status: str
    strategy: str
    database: str
    due_at: datetime
    finished_at: datetime
    why: str


class Said(NamedTuple):
    """Who said what when of one level of an approval; `level` of `levels`, from 1 on. `instead_of` is for whom, if for another."""

    who: str
    instead_of: str
    at: datetime
    level: int
    levels: int
    approval: int
    run: int
    strategy: str
    database: str
    comment: str


class Question(NamedTuple):
    """An approval that nobody gave in time, or that was given ahead (`who` granted the standing one)."""

    approval: int
    at: datetime
    run: int
    strategy: str
    database: str
    who: str = ""


class Glass(NamedTuple):
    """A start against windows, freezes and holds. `overrode` are the sentences that stood against it."""

    run: int
    strategy: str
    database: str
    used_at: datetime
    asked_by: str
    second: str
    reason: str
    overrode: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Consents:
    """What people said to work in these days."""

    given: Some[Said]
    sent_back: Some[Said]
    expired: Some[Question]
    standing: Some[Question]
    glasses: Some[Glass]


class ErrorCount(NamedTuple):
    """Errors that look alike. `group` is the key of their page, None where they have not been counted there yet."""

    code: str
    strategy: str
    shape: str
    n: int
    databases: tuple[str, ...]
    last_at: datetime
    group: int | None
    cause: str


class WindowUse(NamedTuple):
    """A window: its slots that overlap the days, how long they were open within them, and the runs that ended in the days and had begun
    in it. `late` ended after the window did. `changed_at` is set where its rule, or where it holds, was changed since.
    """

    name: str
    key: int | None
    where: str
    slots: int | None
    open_seconds: int | None
    runs: int
    worked_ms: int
    late: int
    changed_at: datetime | None = None

    @property
    def worked(self) -> str:
        """In words."""
        return in_hours(self.worked_ms)

    @property
    def open_minutes(self) -> int | None:
        return None if self.open_seconds is None else self.open_seconds // 60

    @property
    def share(self) -> float | None:
        """Of the time that it was open, what was worked; above 1 where databases were worked on side by side."""
        return self.worked_ms / 1000 / self.open_seconds if self.open_seconds else None


@dataclass(frozen=True, slots=True)
class Report:
    """All of it, made at `moment`. `pruned_before`: rows of the log from before that day may be gone. `has_demo`: it is also of a
    database whose past was invented.
    """

    span: Span
    scope: str
    moment: datetime
    runs: Runs
    before: Runs
    pieces: tuple[Piece, ...]
    strategies: tuple[Work, ...]
    databases: Some[Work]
    operations: int
    objects: int
    missed: Some[EndedRun]
    unhandled: Some[EndedRun]
    consents: Consents
    errors: Some[ErrorCount]
    error_count: int
    windows: Sequence[WindowUse]
    pruned_before: date | None
    has_demo: bool = False

    @property
    def is_empty(self) -> bool:
        said = self.consents
        kept = (said.given, said.sent_back, said.expired, said.standing, said.glasses)
        return not (self.runs.total or self.operations or any(one.of for one in kept))

    @property
    def by(self) -> str:
        """What one piece of its trend is."""
        return "day" if self.span.length <= BY_DAY_UP_TO else "week"
