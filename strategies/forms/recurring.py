"""The fields that say when something happens once or again and again: in words for what is usual, as a rule for the rest."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from strategies.models.window import WALL, Recurring
from strategies.occurrences import LONGEST_MINUTES

ONCE, DAILY, WEEKLY, MONTHLY, YEARLY, RULE = "once", "daily", "weekly", "monthly", "yearly", "rule"
_DAYS = (
    ("MO", "Monday"), ("TU", "Tuesday"), ("WE", "Wednesday"), ("TH", "Thursday"), ("FR", "Friday"), ("SA", "Saturday"),
    ("SU", "Sunday"),
)  # fmt: skip
_MONTHLY = re.compile(r"FREQ=MONTHLY;(?:BYDAY=(-1|[1-4])(MO|TU|WE|TH|FR|SA|SU)|BYMONTHDAY=(-1))")
_PLACES = {"1": "first", "2": "second", "3": "third", "4": "fourth", "-1": "last"}
_USUAL = re.compile(
    r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(?:;BYDAY=([A-Z]{2}(?:,[A-Z]{2})*))?(?:;UNTIL=(\d{8})(?:T235959)?)?"
)


class RecurringForm(forms.Form):
    """What it says goes into a `Recurring` row with `fill`; what is wrong with that the domain says, by the row's fields."""

    starts = forms.CharField(
        label="Starts", max_length=25, widget=forms.TextInput(attrs={"type": "datetime-local"}),
        help_text="For the first time, on the clock of the time zone.",
    )  # fmt: skip
    minutes = forms.IntegerField(
        label="Lasts (minutes)",
        min_value=1,
        max_value=LONGEST_MINUTES,
        help_text="Of real time, also where the clock changes.",
    )
    time_zone = forms.CharField(
        label="Time zone", max_length=64, help_text="Whose clock it follows, like Europe/Vienna.",
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
    )  # fmt: skip
    repeats = forms.ChoiceField(
        label="Repeats",
        choices=[
            (ONCE, "Never: it is once"), (DAILY, "Each day"), (WEEKLY, "Each week"), (MONTHLY, "Each month, on that day"),
            (YEARLY, "Each year, on that day"), (RULE, "By a rule of its own"),
        ],
    )  # fmt: skip
    days = forms.MultipleChoiceField(
        label="On these days of the week", choices=_DAYS, required=False, widget=forms.CheckboxSelectMultiple,
        help_text="For what repeats each week; none = on the weekday of its first day.",
    )  # fmt: skip
    until = forms.DateField(
        label="Last day", required=False, input_formats=["%Y-%m-%d"], help_text="Empty = it has no end.",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )  # fmt: skip
    rule = forms.CharField(
        label="Rule", required=False, max_length=500, widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
        help_text="As RRULE of RFC 5545 says it, like FREQ=MONTHLY;BYDAY=1SU for the first Sunday of each month.",
    )  # fmt: skip

    def clean_starts(self) -> datetime:
        """Of the clock on the wall: no zone is read into it."""
        try:
            return datetime.strptime(str(self.cleaned_data["starts"])[:16].replace(" ", "T"), WALL)  # noqa: DTZ007
        except ValueError:
            raise ValidationError("Write a date and a time like 2026-11-28T22:00.") from None

    def clean_time_zone(self) -> str:
        zone = str(self.cleaned_data["time_zone"])
        if zone not in zoneinfo.available_timezones():
            raise ValidationError("This is no IANA time zone; write one like Europe/Vienna or UTC.")
        return zone

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        is_own = cleaned.get("repeats") == RULE
        if is_own and not cleaned.get("rule") and "rule" not in self.errors:
            self.add_error("rule", "Write the rule, or choose how it repeats.")
        if not is_own and cleaned.get("rule"):
            self.add_error("rule", "A rule is read only where it repeats “by a rule of its own”.")
        starts, until = cleaned.get("starts"), cleaned.get("until")
        if until and cleaned.get("repeats") in (ONCE, RULE):
            self.add_error("until", "A last day belongs to what repeats; a rule has its UNTIL.")
        elif starts and until and until < starts.date():
            self.add_error("until", "The last day lies before its start.")
        return cleaned

    def fill(self, row: Recurring) -> None:
        """What a valid form says of when it happens."""
        cleaned = self.cleaned_data
        row.starts, row.minutes = cleaned["starts"].strftime(WALL), cleaned["minutes"]
        row.time_zone, row.rule = cleaned["time_zone"], self._rule()

    def _rule(self) -> str:
        cleaned = self.cleaned_data
        repeats = cleaned["repeats"]
        if repeats in (ONCE, RULE):
            return str(cleaned["rule"]) if repeats == RULE else ""
        days = f";BYDAY={','.join(cleaned['days'])}" if repeats == WEEKLY and cleaned["days"] else ""
        until: date | None = cleaned["until"]
        return f"FREQ={repeats.upper()}{days}{f';UNTIL={until:%Y%m%d}' if until else ''}"

    def refuse(self, field: str, reason: str) -> None:
        """Say what the domain says of a field of the row: at that field, else above the form."""
        if field == "rule" and self.cleaned_data.get("repeats") != RULE:
            field = "repeats"
        self.add_error(field if field in self.fields else None, reason)


def initial_of(row: Recurring) -> dict[str, Any]:
    """How a row stands in the fields; what the words cannot express stands there as a rule."""
    told = {"starts": row.starts, "minutes": row.minutes, "time_zone": row.time_zone}
    if not row.rule:
        return {**told, "repeats": ONCE}
    match = _USUAL.fullmatch(row.rule)
    if match is None or (match[2] and match[1] != "WEEKLY"):
        return {**told, "repeats": RULE, "rule": row.rule}
    until = f"{match[3][:4]}-{match[3][4:6]}-{match[3][6:]}" if match[3] else None
    return {**told, "repeats": match[1].lower(), "days": match[2].split(",") if match[2] else [], "until": until}


def words(row: Recurring) -> str:
    """When it happens, as people say it: `Each Saturday and Sunday at 22:00, for 4 h`; a rule without usual words as it is written."""
    told = initial_of(row)
    day, _, time = row.starts.partition("T")
    names = dict(_DAYS)
    days = [names[one] for one in told.get("days", ()) if one in names]
    said = {
        ONCE: f"Once, {day} at {time}",
        DAILY: f"Each day at {time}",
        WEEKLY: f"Each {_joined(days) if days else 'week'} at {time}",
        MONTHLY: f"Each month on day {day[-2:].lstrip('0')} at {time}",
        YEARLY: f"Each year on {day[5:]} at {time}",
        RULE: f"{_monthly(row.rule, names) or f'{row.rule},'} at {time}",
    }[told["repeats"]]
    until = f", until {told['until']}" if told.get("until") else ""
    return f"{said}, for {length(row.minutes)}{until}"


def _monthly(rule: str, names: Mapping[str, str]) -> str:
    """`The first Sunday of each month`, `The last day of each month`; empty = the rule is another."""
    match = _MONTHLY.fullmatch(rule)
    if match is None:
        return ""
    return f"The {_PLACES[match[1] or match[3]]} {names[match[2]] if match[2] else 'day'} of each month"


def length(minutes: int) -> str:
    days, rest = divmod(minutes, 1440)
    parts = [(days, "d"), (rest // 60, "h"), (rest % 60, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
