"""From what recurs, as calendars write it (RFC 5545), to slots of time: pure, with time zones and both changes of the clock.

A rule is expanded on the clock on the wall, and each start then placed in its zone: one that the spring change leaves out begins
as soon as the clock goes on, one that the autumn change brings twice is the first. A slot ends so many minutes of real time after
its start, so that it is never longer or shorter than it says; only whole days end at midnight of the clock on the wall.
"""

from __future__ import annotations

import re
import zoneinfo
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice

from dateutil.rrule import rrulebase, rrulestr

LONGEST_MINUTES = 31 * 24 * 60
MOST_IN_A_MONTH = 1000  # slots of one rule: with more of them it is no calendar's
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")  # several times a day: DAILY with BYHOUR
_DAY = 24 * 60  # minutes
_YEARS = range(1970, 2200)
_LONGEST_SEARCH = timedelta(
    days=40 * 366
)  # for the first start; the 29th of February on a given weekday comes within them
_MOST_COUNTED = 5000  # starts of a rule, when its end is looked for
_PART = re.compile(r"([A-Z]+)=([A-Z0-9,+:-]+)")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")


class RuleRefused(ValueError):
    """What cannot recur so. `field` is the one at fault; the text says why, for the person who typed it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A piece of time, half-open: it includes its start and not its end. Both are aware, in UTC."""

    starts_at: datetime
    ends_at: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.starts_at <= moment < self.ends_at

    def overlaps(self, other: Slot) -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, slots=True)
class Occurrences:
    """What happens once, or again and again: `starts` (naive) on the wall clock of an IANA `zone`, for so many minutes.

    `rule` is the value of an RRULE, empty = once. `left_out` are starts (naive, of the same clock) that do not happen, `added` are
    further ones. `is_whole_days`: from 00:00 on for full days of the wall clock, of which one may have 23 or 25 hours.
    """

    starts: datetime
    minutes: int
    zone: str
    rule: str = ""
    left_out: tuple[datetime, ...] = ()
    added: tuple[datetime, ...] = ()
    is_whole_days: bool = False

    def slots(self, since: datetime, until: datetime) -> Iterator[Slot]:
        """Those that overlap the time from `since` to `until` (aware), in the order of their starts."""
        span = Slot(since.astimezone(UTC), until.astimezone(UTC))
        # By a zone's offset a month may begin a day early, and a zone may leave out a whole day.
        first = span.starts_at - timedelta(minutes=self.minutes, days=2)
        last, month = span.ends_at.date() + timedelta(days=1), first.date().replace(day=1)
        while month <= last:
            yield from (slot for slot in _of_month(self, month) if slot.overlaps(span))
            month = _next_month(month)

    def at(self, moment: datetime) -> Slot | None:
        """The slot that `moment` lies in; of several the one that ends last."""
        now = (slot for slot in self.slots(moment, moment + timedelta(microseconds=1)) if moment in slot)
        return max(now, key=lambda slot: slot.ends_at, default=None)

    def after(self, moment: datetime, *, days: int = 800) -> Slot | None:
        """The first slot that begins after `moment`; None = none within so many days."""
        begun = self.slots(moment, moment + timedelta(days=days))
        return next((slot for slot in begun if slot.starts_at > moment), None)


def occurrences(
    starts: datetime, minutes: int, zone: str, rule: str = "", *, left_out: tuple[datetime, ...] = (),
    added: tuple[datetime, ...] = (), is_whole_days: bool = False,
) -> Occurrences:  # fmt: skip
    """Checked: what this gives can be expanded. Raises RuleRefused, naming `starts`, `time_zone`, `minutes` or `rule`."""
    if starts.year not in _YEARS:
        raise RuleRefused("starts", f"It starts in a year from {_YEARS.start} to {_YEARS.stop - 1}.")
    if zone not in _zones():
        raise RuleRefused("time_zone", f"{zone} is no time zone; a name such as UTC or Europe/Berlin is.")
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise RuleRefused("minutes", f"It may last from 1 minute to {LONGEST_MINUTES // 1440} days.")
    if is_whole_days and starts.time() != time(0):
        raise RuleRefused("starts", "Whole days start at 00:00.")
    if is_whole_days and minutes % _DAY:
        raise RuleRefused("minutes", f"Whole days last {_DAY:,} minutes each.")
    made = Occurrences(starts.replace(tzinfo=None), minutes, zone, _read(rule, zone), left_out, added, is_whole_days)
    _expandable(made)
    return made


def last_end(when: Occurrences) -> datetime | None:
    """When its last slot ends, in UTC; None = it has no end, or none that is near enough to be looked for."""
    if when.rule and not re.search("COUNT|UNTIL", when.rule):
        return None
    starts = {*islice(_rule(when), _MOST_COUNTED), *when.added}
    if len(starts) >= _MOST_COUNTED:
        return None
    last = max(starts - set(when.left_out), default=when.starts)
    return _slot(when, last).ends_at if last.year in _YEARS else None


def _slot(when: Occurrences, wall: datetime) -> Slot:
    """The slot that starts at this time on the wall. A day that a zone leaves out gives one of no length."""
    starts_at, length = placed(wall, when.zone), timedelta(minutes=when.minutes)
    return Slot(starts_at, placed(wall + length, when.zone) if when.is_whole_days else starts_at + length)


def _read(text: str, zone: str) -> str:
    """The rule in one spelling, its end on the wall clock of the zone."""
    rule = text.strip().upper().removeprefix("RRULE:").strip(";")
    if not rule:
        return ""
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        match = _PART.fullmatch(part.strip())
        if match is None or match[1] in parts:
            raise RuleRefused("rule", f"{part.strip()!r} is no part of a rule such as FREQ=WEEKLY;BYDAY=SA,SU.")
        parts[match[1]] = match[2]
    if parts.get("FREQ") not in _FREQUENCIES:
        raise RuleRefused("rule", f"FREQ is one of {', '.join(_FREQUENCIES)}.")
    for name in ("INTERVAL", "COUNT"):
        if not 1 <= int(found if (found := parts.get(name, "1")).isdecimal() else 0) <= 1000:
            raise RuleRefused("rule", f"{name} is a number from 1 to 1,000.")
    _possible(parts)
    if "UNTIL" in parts:
        parts["UNTIL"] = _until(parts["UNTIL"], zone)
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _until(text: str, zone: str) -> str:
    match = _UNTIL.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        end = datetime.strptime(f"{match[1]}{match[2] or '235959'}", "%Y%m%d%H%M%S")  # noqa: DTZ007 (of the wall clock)
    except ValueError:
        raise RuleRefused("rule", f"UNTIL={text} is no date; write one like 20271231 or 20271231T220000Z.") from None
    if match[3] and end.year in _YEARS:  # beyond, some write the last second of the year 9999 for no end at all
        end = end.replace(tzinfo=UTC).astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)
    return end.strftime("%Y%m%dT%H%M%S")


def _expandable(made: Occurrences) -> None:
    try:
        first = _first(made)
    except (ValueError, TypeError, KeyError, OverflowError) as refusal:
        raise RuleRefused("rule", f"{made.rule} is no rule: {refusal}.") from None
    if first is None:
        raise RuleRefused("rule", f"{made.rule} never happens.")
    busy = _of_month(made, first.date().replace(day=1)), _of_month(made, _next_month(first.date().replace(day=1)))
    if max(map(len, busy)) >= MOST_IN_A_MONTH:
        raise RuleRefused("rule", f"{made.rule} happens more than {MOST_IN_A_MONTH:,} times a month.")


def _first(made: Occurrences) -> datetime | None:
    """Its first start within 40 years: what never happens would be looked for up to the year 9999."""
    last = f"{made.starts + _LONGEST_SEARCH:%Y%m%dT%H%M%S}"
    parts = dict(part.split("=") for part in (made.rule or "FREQ=DAILY;COUNT=1").split(";"))
    parts["UNTIL"] = min(parts.get("UNTIL", last), last)
    parts.pop("COUNT", None)
    rule = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=made.starts, cache=False)
    return next(iter(rule), None)


def _possible(parts: dict[str, str]) -> None:
    """Refuse before it is tried what would be looked for, day by day, up to the year 9999."""
    for name in parts.keys() & {"BYWEEKNO", "BYYEARDAY", "BYEASTER"}:
        raise RuleRefused("rule", f"{name} is not understood here; BYMONTH, BYMONTHDAY and BYDAY are.")
    if parts["FREQ"] == "DAILY" and "BYSETPOS" in parts:
        raise RuleRefused("rule", "BYSETPOS picks days of a week, a month or a year; it goes with no DAILY rule.")
    try:
        months = [int(part) for part in parts.get("BYMONTH", "1").split(",")]
        days = [abs(int(part)) for part in parts.get("BYMONTHDAY", "1").split(",")]
    except ValueError:
        raise RuleRefused("rule", "BYMONTH and BYMONTHDAY are numbers, with commas between them.") from None
    is_sane = all(1 <= month <= 12 for month in months) and all(1 <= day <= 31 for day in days)
    if not is_sane or min(days) > max(monthrange(2028, m)[1] for m in months):
        raise RuleRefused("rule", "No month has such a day.")


@lru_cache(maxsize=512)
def _rule(made: Occurrences) -> rrulebase:
    """The starts on the wall clock, without those left out or added."""
    return rrulestr(made.rule or "FREQ=DAILY;COUNT=1", dtstart=made.starts, cache=False)


@lru_cache(maxsize=8192)
def _of_month(made: Occurrences, month: date) -> tuple[Slot, ...]:
    """Its slots whose start, on the wall clock, lies in this month. Kept: a rule is expanded from its very beginning each time."""
    first = datetime(month.year, month.month, 1)  # noqa: DTZ001 (of the wall clock)
    end = _next_month(month)
    last = datetime(end.year, end.month, 1) - timedelta(microseconds=1)  # noqa: DTZ001
    starts: set[datetime] = {when for when in made.added if first <= when <= last}
    for when in _rule(made).xafter(first, inc=True):
        if when > last or len(starts) >= MOST_IN_A_MONTH:
            break
        starts.add(when)
    found = (_slot(made, when) for when in sorted(starts - set(made.left_out)))
    by_start = {slot.starts_at: slot for slot in found if slot.starts_at < slot.ends_at}
    return tuple(sorted(by_start.values()))


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def placed(wall: datetime, zone: str) -> datetime:
    """The instant, in UTC, at which the clock on the wall of this zone shows a time; the first of two; the next where it never does."""
    place = zoneinfo.ZoneInfo(zone)
    first, second = (wall.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return first
    # The clock jumps over it somewhere between these two: at the second where the offset changes.
    seconds = range(int((first - second).total_seconds()) + 1)
    before = (second - timedelta(seconds=1)).astimezone(place).utcoffset()
    jump = bisect_left(
        seconds, True, key=lambda n: (second + timedelta(seconds=n)).astimezone(place).utcoffset() != before
    )  # type: ignore[arg-type, unused-ignore]
    return second + timedelta(seconds=jump)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
