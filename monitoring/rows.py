"""What queries give and figures, pages and files take: typed rows, plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from monitoring.entries import Entry, Kind

MOST_WARNED = 12  # told one by one above the table that has them all
WEAK_BELOW = 20  # with fewer values the 95th percentile by nearest rank is simply the longest of them


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in UTC, the first and the last included."""

    first: date
    last: date

    @classmethod
    def ending(cls, last: date, days: int) -> Period:
        return cls(last - timedelta(days=days - 1), last)

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range(self.length)]


@dataclass(frozen=True, slots=True)
class Summary:
    """Operations or runs that ended: how, and how long the `n` measured ones took (ms; None where none was)."""

    count: int = 0
    succeeded: int = 0
    warned: int = 0
    failed: int = 0
    cancelled: int = 0
    missed: int = 0
    n: int = 0
    average_ms: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None

    @property
    def is_weak(self) -> bool:
        """Whether its percentiles rest on too few values to mean much."""
        return 0 < self.n < WEAK_BELOW

    @property
    def success_rate(self) -> float | None:
        """The share that did their work, warnings included, of those that were not cancelled or missed."""
        tried = self.succeeded + self.warned + self.failed
        return (tried - self.failed) / tried if tried else None

    # Whole milliseconds, as tables show them.

    @property
    def average(self) -> int | None:
        return _whole(self.average_ms)

    @property
    def p50(self) -> int | None:
        return _whole(self.p50_ms)

    @property
    def p95(self) -> int | None:
        return _whole(self.p95_ms)


def _whole(ms: float | None) -> int | None:
    return None if ms is None else round(ms)


class Day(NamedTuple):
    """One day (UTC); a day without work has a count of 0 and no duration."""

    day: date
    summary: Summary


class StrategyDays(NamedTuple):
    """One strategy, day by day, and over all these days."""

    strategy: str
    total: Summary
    days: tuple[Day, ...]


class Trend(NamedTuple):
    """Work day by day: of everything asked for, and of each strategy, the busiest first."""

    period: Period
    total: Summary
    days: tuple[Day, ...]
    strategies: tuple[StrategyDays, ...]

    @property
    def timed(self) -> tuple[StrategyDays, ...]:
        """The strategies of which a duration was measured, the busiest first."""
        return tuple(one for one in self.strategies if one.total.n)

    def by_day(self, most: int) -> list[tuple[date, tuple[Summary, ...]]]:
        """The busiest `most` strategies with durations side by side, the latest day first."""
        columns = [one.days for one in self.timed[:most]]
        return [(days[0].day, tuple(day.summary for day in days)) for days in zip(*columns, strict=True)][::-1]


class Meter(NamedTuple):
    """The sum of one meter over the `n` operations on which it was measured."""

    total: float
    n: int

    @property
    def sum(self) -> float | None:
        """None = not measured, which is not nought."""
        return self.total if self.n else None

    @property
    def average(self) -> float | None:
        return self.total / self.n if self.n else None


class Meters(NamedTuple):
    cpu_ms: Meter
    memory_mb: Meter
    io_operations: Meter
    rows_processed: Meter


class Performance(NamedTuple):
    """What a strategy did, or (with a type of operation) one kind of its operations, and what it cost."""

    strategy: str
    operation_type: str
    summary: Summary
    meters: Meters


class JobSummary(NamedTuple):
    """The runs of a job on a target. `last_…` are the job's own columns; None where the job is gone or never ran."""

    job: str
    strategy: str
    target: str
    summary: Summary
    last_run: datetime | None
    last_status: str | None


class JobSummaries(NamedTuple):
    """The jobs that need looking at first; `of` is how many there are."""

    jobs: tuple[JobSummary, ...]
    of: int


class DayCount(NamedTuple):
    """How many of something on one day (UTC)."""

    day: date
    n: int


class Lane(NamedTuple):
    """What there is on one database. `is_covered`: it has windows, and is worked on in no other time; `is_cut`: there is more of it."""

    target: str
    key: int
    is_covered: bool
    entries: tuple[Entry, ...]
    is_cut: bool = False

    def of(self, *kinds: Kind) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind in kinds]


class Warned(NamedTuple):
    """Work that will not go as it should: the first time of it, how many more there are, and when the last one is."""

    entry: Entry
    more: int
    last_at: datetime


class Timeline(NamedTuple):
    """Databases side by side. `of` is how many there are; `is_cut`: more work is to come than is shown."""

    since: datetime
    until: datetime
    lanes: tuple[Lane, ...]
    of: int
    is_cut: bool

    @property
    def entries(self) -> list[Entry]:
        """Of all lanes, in the order of time."""
        return sorted((entry for lane in self.lanes for entry in lane.entries), key=lambda entry: entry.starts_at)

    @property
    def warned(self) -> list[Entry]:
        """The work that will not go as it should."""
        return [entry for entry in self.entries if entry.warning]

    @property
    def warned_work(self) -> list[Warned]:
        """The same by job or run, which may come again and again, in the order of what comes first."""
        found: dict[tuple[Kind, int], list[Entry]] = {}
        for entry in self.warned:
            found.setdefault((entry.kind, entry.key), []).append(entry)
        return [Warned(entries[0], len(entries) - 1, entries[-1].starts_at) for entries in found.values()]

    @property
    def first_warned(self) -> list[Warned]:
        return self.warned_work[:MOST_WARNED]
