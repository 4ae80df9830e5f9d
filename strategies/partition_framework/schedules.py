"""From a schedule as the older framework wrote it to one of this portal's, or the reason why it is none. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from strategies.recurrence import Kind, ScheduleRefused, recurrence

LONGEST = 100
_KINDS = {
    **{kind.value: kind for kind in Kind},
    "DAY": Kind.DAILY, "WEEK": Kind.WEEKLY, "MONTH": Kind.MONTHLY, "QUARTER": Kind.QUARTERLY, "YEAR": Kind.YEARLY,
    "ANNUAL": Kind.YEARLY, "ANNUALLY": Kind.YEARLY, "CRON": Kind.CUSTOM, "MANUAL": Kind.ON_DEMAND, "ONDEMAND": Kind.ON_DEMAND,
    "NONE": Kind.ON_DEMAND, "ONCE": Kind.ON_DEMAND, "ADHOC": Kind.ON_DEMAND, "EVENT": Kind.EVENT_DRIVEN,
}  # fmt: skip
_DAYS = {
    "SUN": "SUNDAY", "MON": "MONDAY", "TUE": "TUESDAY", "WED": "WEDNESDAY", "THU": "THURSDAY", "FRI": "FRIDAY", "SAT": "SATURDAY",
}  # fmt: skip
_SECONDS = re.compile(r"\b(\d{1,2}:\d{2}):00\b")
_CALENDAR = re.compile(r"FREQ\s*=", re.IGNORECASE)
# Of the database's own calendar syntax, which keys say when; without those that are needed its start date would have to be known.
_NEEDED = {"HOURLY": ("BYMINUTE",), "DAILY": ("BYHOUR", "BYMINUTE"), "WEEKLY": ("BYDAY", "BYHOUR", "BYMINUTE"),
           "MONTHLY": ("BYMONTHDAY", "BYHOUR", "BYMINUTE"), "YEARLY": ("BYMONTH", "BYMONTHDAY", "BYHOUR", "BYMINUTE")}  # fmt: skip
_TAKEN = {"FREQ", "INTERVAL", "BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY", "BYMONTHDAY", "BYMONTH"}


@dataclass(frozen=True, slots=True)
class Schedule:
    """`problem` is empty where it can be read; else the value stays as it was typed, for people to mend."""

    kind: Kind
    value: str | None
    problem: str = ""


def translate(kind: str | None, value: str | None) -> Schedule:
    """What the columns `schedule_type` and `schedule_value` of an older row mean here."""
    text = " ".join((value or "").split())
    known = _KINDS.get(kind or "")
    try:
        if _CALENDAR.match(text):
            return _checked(Kind.CUSTOM, _cron(text))
        if kind == "HOURLY":
            return _checked(Kind.CUSTOM, _hourly(text))
        if known is None:
            raise ScheduleRefused("schedule_type", f"{kind or 'Nothing'} is no type of schedule here.")
        if known is Kind.ON_DEMAND:
            return Schedule(known, None)
        return _checked(known, text if known is Kind.EVENT_DRIVEN else _spelled_out(text))
    except ScheduleRefused as refusal:
        if known not in (None, Kind.ON_DEMAND):
            return Schedule(known, text[:LONGEST] or None, str(refusal))
        taken = Kind.CUSTOM if text else Kind.ON_DEMAND
        return Schedule(taken, text[:LONGEST] or None, f"{refusal} {taken.value} was taken.")


def _checked(kind: Kind, value: str) -> Schedule:
    """Raises ScheduleRefused for what this portal would set aside."""
    if len(value) > LONGEST:
        raise ScheduleRefused("schedule_value", f"It is longer than {LONGEST} characters.")
    if kind is Kind.CUSTOM and not value:
        raise ScheduleRefused("schedule_value", "A custom schedule needs five cron fields.")
    recurrence(kind, value, "UTC")
    return Schedule(kind, value or None)


def _spelled_out(text: str) -> str:
    """`Sun 02:00:00` as SUNDAY 02:00."""
    words = _SECONDS.sub(r"\1", text).upper().split()
    return " ".join(_DAYS.get(word, word) for word in words)


def _hourly(text: str) -> str:
    """At a minute of each hour: `15`, `:15` or `00:15`."""
    match = re.fullmatch(r"(?:(?:00?)?:)?([0-5]?\d)(?::00)?", text or "0")
    if match is None:
        raise ScheduleRefused("schedule_value", f"“{text[:60]}” is no minute of an hour.")
    return f"{int(match[1])} * * * *"


def _cron(text: str) -> str:
    """Five fields for what the database's own scheduler calls a calendaring expression. Raises ScheduleRefused."""
    parts = dict(part.split("=", 1) for part in re.sub(r"\s", "", text).upper().split(";") if part.count("=") == 1)
    frequency = parts.get("FREQ", "")

    def refuse(why: str) -> ScheduleRefused:
        return ScheduleRefused("schedule_value", f"“{text[:60]}” {why}.")

    if frequency not in _NEEDED:
        raise refuse("has a frequency that no schedule has here")
    if missing := [name for name in _NEEDED[frequency] if name not in parts]:
        raise refuse(f"does not say {', '.join(missing)}, which its start date would tell")
    if parts.get("INTERVAL", "1") != "1" or parts.get("BYSECOND", "0") not in ("0", "00") or parts.keys() - _TAKEN:
        raise refuse("says more than a schedule can here")
    if "BYDAY" in parts and "BYMONTHDAY" in parts:
        raise refuse("names days of the week and of the month")
    days = parts.get("BYDAY", "")
    if days and not all(day in _DAYS for day in days.split(",")):
        raise refuse("names days that no week has")
    of_month = parts.get("BYMONTHDAY", "*").replace("-1", "L")
    hour, minute = parts.get("BYHOUR", "*"), parts["BYMINUTE"]
    return f"{minute} {hour} {of_month} {parts.get('BYMONTH', '*')} {days or '*'}"
