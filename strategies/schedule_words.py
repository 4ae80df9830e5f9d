"""Says a schedule in words: what people read instead of a cron expression. Pure; two that read alike are due alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from cronsim import CronSim

from strategies.recurrence import Kind, Recurrence

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", CronSim.LAST: "last"}
_MOST_TIMES = 6  # of a day that are named one by one
_MOST_MINUTES = 8
_ALSO, _IF = " and also ", " if it is "


def schedule_words(kind: str, value: str | None, schedule: Recurrence) -> str:
    """Like `Every Sunday at 02:00`; what people announce or start has no clock, and says so."""
    if kind == Kind.EVENT_DRIVEN:
        return f"When the event {' '.join((value or '').split())} is announced"
    return clock_words(schedule.cron) if schedule.cron is not None else "Only when somebody starts it"


def clock_words(cron: str) -> str:
    """A cron expression (five fields) in words."""
    read = CronSim(cron, datetime(2024, 1, 1))  # noqa: DTZ001 (no zone matters here)
    minutes, hours, days = sorted(read.minutes), sorted(read.hours), _days(read)
    every_so_many = minutes == [0] and hours[0] == 0 and 0 < _filling(hours, 24) < 24
    if len(minutes) * len(hours) <= _MOST_TIMES and not every_so_many:
        times = _listed([_time(hour, minute) for hour in hours for minute in minutes])
        return f"{days}{',' if _ALSO in days or _IF in days else ''} at {times}"
    often = _often(minutes, hours)
    return often if days == "Every day" else f"{often}, {_small(days)}"


# Times of the day.


def _often(minutes: Sequence[int], hours: Sequence[int]) -> str:
    """Like `Every 15 minutes`, `Every 2 hours from 00:15`, `At minutes 3, 13 and 23 of every hour`."""
    first, last = _time(hours[0], minutes[0]), _time(hours[-1], minutes[-1])
    if len(minutes) == 1 and len(hours) < 24 and (step := _filling(hours, 24)):
        return _every(step, "hour") + ("" if first == "00:00" else f" from {first}")
    if filling := _filling(minutes, 60):
        said = _every(filling, "minute") if filling < 60 else "Every hour"
        if len(hours) == 24 and not minutes[0]:
            return said
        if _distance(hours) == 1 and len(hours) < 24:
            return f"{said} from {first} to {last}"
    step = _distance(minutes)
    if step and len(hours) == 1:
        return f"{_every(step, 'minute')} from {first} to {last}"
    of = f"of {'every hour' if len(hours) == 24 else _numbered('hour', hours)}"
    if step and len(minutes) > _MOST_MINUTES:
        return f"{_every(step, 'minute')} from minute {minutes[0]} to minute {minutes[-1]} {of}"
    return f"At {_numbered('minute', minutes)} {of}"


def _time(hour: int, minute: int) -> str:
    return f"{hour:02}:{minute:02}"


def _every(step: int, unit: str) -> str:
    return f"Every {unit}" if step == 1 else f"Every {step} {unit}s"


def _numbered(unit: str, values: Sequence[int]) -> str:
    return f"{unit if len(values) == 1 else f'{unit}s'} {_listed(_runs(values, str))}"


def _distance(values: Sequence[int]) -> int:
    """How far each is from the one before it, a single one 1 from itself; 0 = not always as far."""
    step = values[1] - values[0] if len(values) > 1 else 1
    return step if list(values) == list(range(values[0], values[-1] + 1, step)) else 0


def _filling(values: Sequence[int], whole: int) -> int:
    """Their distance, where they fill the hour or the day evenly; otherwise they are no "every so many", and it is 0."""
    step, rest = divmod(whole, len(values))
    return step if not rest and list(values) == list(range(values[0], whole, step)) else 0


# Days.


def _days(read: CronSim) -> str:
    """Like `Every day`, `On the 22nd of every month`, `Every Monday of January`.

    Where both fields restrict, either is enough; where one of them begins with a star, both have to be so.
    """
    months = sorted(read.months) if len(read.months) < 12 else []
    weekdays = {day % 7 for day in read.weekdays if isinstance(day, int)}
    all_days, all_weekdays = set(range(1, 32)) <= read.days, len(weekdays) == 7
    if (all_days and all_weekdays) or ((all_days or all_weekdays) and not read.day_and):
        return f"Every day of {_of(months)}" if months else "Every day"
    if all_days:
        return _of_week(read, months)
    of_month = _of_month(read, months)
    if all_weekdays:
        return of_month
    if read.day_and:
        names = [f"a {_DAYS[day]}" for day in _in_order(weekdays)] + [f"{nth} of the month" for nth in _nths(read)]
        return f"{of_month}{_IF}{_listed(names, 'or')}"
    return f"{of_month}{_ALSO}{_small(_of_week(read, months))}"


def _of_month(read: CronSim, months: Sequence[int]) -> str:
    """Like `On the 13th and 22nd of every month`, `On 24 December`."""
    numbers = sorted(day for day in read.days if day > 0)
    if len(read.days) == len(numbers) == len(months) == 1:
        return f"On {numbers[0]} {_of(months)}"
    ends = ((CronSim.LAST, "last day"), (CronSim.LAST_WEEKDAY, "last weekday"))
    names = _runs(numbers, _nth) + [f"{'the ' if numbers else ''}{name}" for day, name in ends if day in read.days]
    return f"On the {_listed(names)} of {_of(months)}"


def _of_week(read: CronSim, months: Sequence[int]) -> str:
    """Like `Every Sunday`, `Every day from Monday to Friday`, `On the first Sunday of every month`."""
    weekdays, nths = _in_order({day % 7 for day in read.weekdays if isinstance(day, int)}), _nths(read)
    said = []
    if len(weekdays) > 2 and _distance([(day - 1) % 7 for day in weekdays]) == 1:
        span = f"Every day from {_DAYS[weekdays[0]]} to {_DAYS[weekdays[-1]]}"
        said.append(f"{span} in {_of(months)}" if months else span)
    elif weekdays:
        names = f"Every {_listed([_DAYS[day] for day in weekdays])}"
        said.append(f"{names} of {_of(months)}" if months else names)
    if nths:
        said.append(f"{'on' if said else 'On'} {_listed(nths)} of {_of(months)}")
    return _ALSO.join(said)


def _nths(read: CronSim) -> list[str]:
    """Like `the first Sunday`, as the month goes on."""
    found = {(nth, day % 7) for day, nth in (one for one in read.weekdays if not isinstance(one, int))}
    ordered = sorted(found, key=lambda one: (one[0] == CronSim.LAST, one))
    return [f"the {_ORDINALS[nth]} {_DAYS[day]}" for nth, day in ordered]


def _in_order(weekdays: set[int]) -> list[int]:
    """From Monday on."""
    return sorted(weekdays, key=lambda day: (day - 1) % 7)


def _of(months: Sequence[int]) -> str:
    return _listed(_runs(months, lambda month: _MONTHS[month - 1])) or "every month"


# Lists.


def _runs(values: Sequence[int], name: Callable[[int], str]) -> list[str]:
    """Each by its name, three and more that follow each other as `first to last`."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return [
        said for run in runs for said in ([f"{name(run[0])} to {name(run[-1])}"] if len(run) > 2 else map(name, run))
    ]


def _listed(names: Sequence[str], last: str = "and") -> str:
    """January, April and July."""
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _nth(number: int) -> str:
    """1st, 2nd, 3rd, 11th, 31st."""
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
