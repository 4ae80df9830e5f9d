"""Says a schedule in words: what people read instead of a cron expression. Pure."""

from __future__ import annotations

import re
from datetime import datetime

from cronsim import CronSim

from strategies.recurrence import Kind, Recurrence

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_ORDINALS = {"1": "first", "2": "second", "3": "third", "4": "fourth", "5": "fifth"}
_NUMBERS = re.compile(r"[\d,]+")


def schedule_words(kind: str, value: str | None, schedule: Recurrence) -> str:
    """Like `Every Sunday at 02:00`; what people announce or start has no clock, and says so."""
    if kind == Kind.EVENT_DRIVEN:
        return f"When the event {' '.join((value or '').split())} is announced"
    return clock_words(schedule.cron) if schedule.cron is not None else "Only when somebody starts it"


def clock_words(cron: str) -> str:
    """A cron expression (five fields) in words. The usual forms in ours, the others in those of the library that computes them."""
    minute, hour, *days = cron.upper().split()
    if minute.isdigit() and hour.isdigit() and (said := _days(*days)):
        return f"{said} at {int(hour):02d}:{int(minute):02d}"
    if days == ["*", "*", "*"] and (every := _every(minute, hour)):
        return every
    return re.sub(r"\b\d+th\b", lambda found: _nth(found[0][:-2]), CronSim(cron, datetime(2024, 1, 1)).explain())  # noqa: DTZ001


def _every(minute: str, hour: str) -> str:
    """`*/15 *` and `0 */6`, where the steps fill the hour or the day evenly; otherwise they are no "every so many"."""
    for field, rest, whole, unit in ((minute, hour == "*", 60, "minutes"), (hour, minute == "0", 24, "hours")):
        step = field.removeprefix("*/")
        if rest and step != field and step.isdigit() and int(step) > 1 and whole % int(step) == 0:
            return f"Every {int(step)} {unit}"
    return ""


def _days(day: str, month: str, weekday: str) -> str:
    """The days in words; empty for the rarer forms."""
    if month != "*" and not _NUMBERS.fullmatch(month):
        return ""
    months = [_MONTHS[int(number) - 1] for number in month.split(",")] if month != "*" else []
    if day == "*":
        return _weekdays(weekday, months)
    if weekday != "*" or not (day == "L" or day.isdigit()):
        return ""
    if day != "L" and len(months) == 1:
        return f"On {int(day)} {months[0]}"
    return f"On the {'last day' if day == 'L' else _nth(day)} of {_listed(months) or 'every month'}"


def _weekdays(weekday: str, months: list[str]) -> str:
    if weekday == "*":
        return f"Every day of {_listed(months)}" if months else "Every day"
    if match := re.fullmatch(r"([0-7])(?:#([1-5])|(L))", weekday):
        nth = "last" if match[3] else _ORDINALS[match[2]]
        return f"On the {nth} {_DAYS[int(match[1])]} of {_listed(months) or 'every month'}"
    if match := re.fullmatch(r"([0-7])-([0-7])", weekday):
        span = f"Every day from {_DAYS[int(match[1])]} to {_DAYS[int(match[2])]}"
        return span + (f" in {_listed(months)}" if months else "")
    if not re.fullmatch(r"[0-7](,[0-7])*", weekday):
        return ""
    names = [_DAYS[int(number)] for number in weekday.split(",")]
    return f"Every {_listed(names)}" + (f" of {_listed(months)}" if months else "")


def _listed(words: list[str]) -> str:
    *first, last = words or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _nth(number: str) -> str:
    """1st, 2nd, 3rd, 11th, 31st."""
    ending = "th" if number[-2:] in ("11", "12", "13") else {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    return f"{int(number)}{ending}"
