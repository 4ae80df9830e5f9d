"""From a schedule, as the seed's tables write it, to due instants: pure, with time zones and both changes of the clock.

Every kind becomes a cron expression in an IANA zone, so that there is one rule for the changes of the clock, that of Debian's
cron: a fixed time that the spring change leaves out comes as soon as the clock goes on, one that the autumn change brings twice
comes once. What recurs by a star in its minutes or hours comes whenever the clock shows such a time: not where it is left out,
and both times where it comes twice. Each due instant comes exactly once.
"""

from __future__ import annotations

import re
import zoneinfo
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

from cronsim import CronSim, CronSimError

DEFAULT_TIME = "02:00"
_DAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
_ORDINALS = {"FIRST": "#1", "SECOND": "#2", "THIRD": "#3", "FOURTH": "#4", "LAST": "L"}
_MONTHS = (
    "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER",
)  # fmt: skip
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


class Kind(StrEnum):
    """The seed's schedule types."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    YEARLY = "YEARLY"
    CUSTOM = "CUSTOM"
    ON_DEMAND = "ON_DEMAND"
    EVENT_DRIVEN = "EVENT_DRIVEN"

    @property
    def has_clock(self) -> bool:
        return self not in (Kind.ON_DEMAND, Kind.EVENT_DRIVEN)


# What a schedule value may look like, for forms and refusals.
EXAMPLES = {
    Kind.DAILY: "02:00",
    Kind.WEEKLY: "SUNDAY 02:00",
    Kind.MONTHLY: "15 03:00, FIRST_SUNDAY 04:00, LAST_DAY 03:00",
    Kind.QUARTERLY: "1 02:00, FIRST_SUNDAY 04:00, in January, April, July and October",
    Kind.YEARLY: "12-24 03:00, MARCH FIRST_SUNDAY 04:00",
    Kind.CUSTOM: "*/15 8-18 * * 1-5 (minute, hour, day of the month, month, day of the week)",
    Kind.ON_DEMAND: "nothing",
    Kind.EVENT_DRIVEN: "the name of the event",
}


class ScheduleRefused(ValueError):
    """A schedule that cannot be one. `field` is the column at fault; the text says why, for the person who typed it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When something is due: a cron expression (five fields) in an IANA zone. `cron` None = never by the clock."""

    cron: str | None
    zone: str

    @property
    def is_fixed(self) -> bool:
        """Whether it names times of the day; what recurs by a star in its minutes or hours follows real time."""
        minute, hour, *_ = (self.cron or "* *").split()
        return not minute.startswith("*") and not hour.startswith("*")

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The due instants after `moment` (aware), in UTC, strictly ascending. Ends where there are none within 50 years."""
        if self.cron is None:
            return
        last, local = moment.astimezone(UTC), moment.astimezone(zoneinfo.ZoneInfo(self.zone))
        for due in _at_fixed_times(self.cron, local) if self.is_fixed else _in_real_time(self.cron, local):
            # The search begins at or before the first reading of an hour that comes twice, which may lie before `moment`;
            # two times that the spring change leaves out both come when the clock goes on, and are one instant.
            if due > last:
                last = due
                yield due

    def next_due(self, moment: datetime) -> datetime | None:
        """The first due instant after `moment`, in UTC; None = never."""
        return next(self.after(moment), None)


def _at_fixed_times(cron: str, local: datetime) -> Iterator[datetime]:
    return (due.astimezone(UTC) for due in CronSim(cron, local))


def _in_real_time(cron: str, local: datetime) -> Iterator[datetime]:
    """Whenever the clock on the wall shows such a time: not where a change leaves it out, and twice where it comes twice.

    Each wall time is looked up by itself, so that a change by half an hour, or in the middle of one, is as good as any other.
    """
    first, second = _instants(local.replace(tzinfo=None), local.tzinfo)
    repeated = max(second - first, timedelta(0))
    again: deque[datetime] = deque()  # what is yet to come for the second time
    for wall in CronSim(cron, local.replace(tzinfo=None, fold=0) - repeated):
        first, second = _instants(wall, local.tzinfo)
        while again and again[0] < first:
            yield again.popleft()
        if first <= second:
            yield first
        if first < second:
            again.append(second)
    yield from again


def _instants(wall: datetime, zone: tzinfo | None) -> tuple[datetime, datetime]:
    """The instants, in UTC, at which the clock shows this time: the same twice on usual days; descending where it never does."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def recurrence(kind: str, value: str | None, zone: str | None, *, custom_default: str | None = None) -> Recurrence:
    """Read a schedule. `custom_default` is what CUSTOM takes without a value (the configuration's expression).

    Raises ScheduleRefused, naming the column.
    """
    try:
        known = Kind(kind)
    except ValueError:
        raise ScheduleRefused("schedule_type", f"{kind} is a type of schedule that has no meaning here.") from None
    text = " ".join((value or "").split())
    place = _zone(zone)
    if known is Kind.EVENT_DRIVEN and not text:
        raise ScheduleRefused("schedule_value", "An event-driven job needs the name of its event as schedule value.")
    if not known.has_clock:
        return Recurrence(None, place)
    if known is Kind.CUSTOM:
        text = text or " ".join((custom_default or "").split())
        return Recurrence(_custom(text), place)
    minute, hour, day = _time_and_day(known, text.upper())
    return Recurrence(f"{minute} {hour} {_days(known, day)}", place)


def event_name(text: str | None) -> str:
    """The name of an event as it is compared: capitals, and spaces around it, make no other one."""
    return " ".join((text or "").split()).upper()


def _zone(name: str | None) -> str:
    zone = (name or "UTC").strip()
    if zone not in _zones():
        raise ScheduleRefused("schedule_timezone", f"{zone} is no time zone; a name such as UTC or Europe/Berlin is.")
    return zone


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _custom(text: str) -> str:
    if not text:
        raise ScheduleRefused(
            "schedule_value",
            "A custom schedule needs five cron fields here, or in its configuration's schedule expression.",
        )
    if len(text.split()) != 5:
        raise ScheduleRefused(
            "schedule_value", f"{text!r} has {len(text.split())} fields; cron takes five: {EXAMPLES[Kind.CUSTOM]}."
        )
    return _checked(text, text)


def _checked(cron: str, typed: str) -> str:
    """The expression, if it is one and is ever due."""
    try:
        first = next(iter(CronSim(cron, datetime(2024, 1, 1))), None)  # noqa: DTZ001 (no zone matters here)
    except CronSimError as refusal:
        raise ScheduleRefused("schedule_value", f"{typed!r} is no schedule: {str(refusal).lower()}.") from None
    if first is None:
        raise ScheduleRefused("schedule_value", f"{typed!r} is never due.")
    return cron


def _time_and_day(kind: Kind, text: str) -> tuple[int, int, str]:
    """Minute, hour, and what stands before the time."""
    *before, time = text.split() or [DEFAULT_TIME]
    match = _TIME.fullmatch(time)
    if match is None:
        raise ScheduleRefused("schedule_value", f"{text!r} does not end in a time of day. Like: {EXAMPLES[kind]}.")
    return int(match[2]), int(match[1]), " ".join(before)


def _days(kind: Kind, day: str) -> str:
    """The three cron fields of the day: day of the month, month, day of the week."""
    refusal = ScheduleRefused(
        "schedule_value", f"{day!r} is no day of a {kind.lower()} schedule. Like: {EXAMPLES[kind]}."
    )
    if kind is Kind.DAILY:
        if day:
            raise refusal
        return "* * *"
    if kind is Kind.WEEKLY:
        names = [name.strip() for name in (day or "SUNDAY").replace(",", " ").split()]
        if not all(name in _DAYS for name in names):
            raise refusal
        return f"* * {','.join(str(_DAYS.index(name)) for name in names)}"
    if kind is Kind.YEARLY:
        month, day = _month(day, refusal)
    else:
        month = "1,4,7,10" if kind is Kind.QUARTERLY else "*"
    of_month, of_week = _day_of_month(day or "1", refusal)
    return _possible(f"{of_month} {month} {of_week}", refusal)


def _month(day: str, refusal: ScheduleRefused) -> tuple[str, str]:
    """The month of a yearly schedule, and what is left of the day: `12-24`, `MARCH 15`, `MARCH FIRST_SUNDAY`."""
    if match := re.fullmatch(r"(\d{1,2})-(\d{1,2})", day):
        if not 1 <= int(match[1]) <= 12:
            raise refusal
        return match[1], match[2]
    first, _, rest = day.partition(" ")
    if first in _MONTHS:
        return str(_MONTHS.index(first) + 1), rest
    if day:
        raise refusal
    return "1", ""


def _day_of_month(day: str, refusal: ScheduleRefused) -> tuple[str, str]:
    if day in ("LAST_DAY", "LAST"):
        return "L", "*"
    if day.isdecimal() and 1 <= int(day) <= 31:
        return str(int(day)), "*"
    ordinal, _, name = day.partition("_")
    if ordinal in _ORDINALS and name in _DAYS:
        return "*", f"{_DAYS.index(name)}{_ORDINALS[ordinal]}"
    raise refusal


def _possible(days: str, refusal: ScheduleRefused) -> str:
    """Refuses 30 February, and what is due only in leap years stays as it was typed."""
    try:
        CronSim(f"0 0 {days}", datetime(2024, 1, 1))  # noqa: DTZ001
    except CronSimError:
        raise refusal from None
    return days
