"""The forms of calendars: what a calendar is, an entry of it, a file to take entries from, lifting a freeze, and feeds."""

from __future__ import annotations

import copy
import zoneinfo
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from strategies.change_checks import version
from strategies.forms.plain_text import plain
from strategies.forms.recurring import RecurringForm, initial_of
from strategies.forms.scopes import Scopes, key_of
from strategies.ics import MOST_BYTES
from strategies.models import Calendar, CalendarEntry, CalendarKind, User


class CalendarForm(forms.Form):
    """`calendar` is the one to change, None for a new one."""

    name = forms.CharField(max_length=80, help_text="Like Quarter close, or Holidays of Austria.")
    kind = forms.ChoiceField(
        label="Its entries are", choices=[(CalendarKind.FREEZE.value, "freezes: nothing that changes data starts"),
                                          (CalendarKind.BACKUP.value, "backups: shown, and told where a window meets them")],
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(
        label="Holds for",
        help_text="One calendar may hold in several places.",
        widget=forms.SelectMultiple(attrs={"size": 8}),
    )
    owner = forms.CharField(max_length=150, help_text="User name of who answers for it, and may lift its freezes.")
    is_active = forms.BooleanField(
        label="On", required=False, initial=True, help_text="One that is off freezes nothing."
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, user: User, calendar: Calendar | None = None) -> None:
        self.calendar = calendar
        initial: dict[str, Any] = {"owner": user.get_username(), "kind": CalendarKind.FREEZE}
        if calendar is not None:
            told = {name: getattr(calendar, name) for name in ("name", "kind", "owner", "is_active")}
            initial = {
                **told,
                "scopes": [key_of(scope) for scope in calendar.scopes.all()],
                "version": version(calendar),
            }
        super().__init__(data, initial=initial)
        self._scopes = Scopes(user)
        scopes: Any = self.fields["scopes"]
        scopes.choices = self._scopes.choices
        scopes.help_text = f"{scopes.help_text} {self._scopes.help('chosen')}".strip()

    def clean_name(self) -> str:
        return plain(self.cleaned_data["name"], "name")

    def row(self) -> Calendar:
        """The calendar as a valid form says it; nothing is kept."""
        row = copy.copy(self.calendar) if self.calendar is not None else Calendar()
        for name in ("name", "kind", "owner", "is_active"):
            setattr(row, name, self.cleaned_data[name])
        return row

    @property
    def places(self) -> Sequence[dict[str, Any]]:
        return [self._scopes.place(key) for key in dict.fromkeys(self.cleaned_data["scopes"])]


class EntryForm(RecurringForm):
    """`entry` is the one to change, None for a new one. Times that were left out or added in a file stay as they are."""

    name = forms.CharField(max_length=200, help_text="Whoever finds their run waiting reads this.")
    reason = forms.CharField(required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    is_whole_days = forms.BooleanField(
        label="Whole days", required=False,
        help_text="From 00:00 until midnight of that clock, 1,440 minutes a day, also on a day of 23 or 25 hours.",
    )  # fmt: skip
    version = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("name", "reason")

    def __init__(self, data: Any = None, *, user: User, calendar: Calendar, entry: CalendarEntry | None = None) -> None:
        self.calendar, self.entry = calendar, entry
        initial: dict[str, Any] = {"time_zone": user.time_zone or "UTC", "repeats": "once", "minutes": 1440}
        if entry is not None:
            initial = {**initial_of(entry), "name": entry.name, "reason": entry.reason, "version": version(entry)}
            initial["is_whole_days"] = entry.is_whole_days
        super().__init__(data, initial=initial)

    def clean_name(self) -> str:
        return plain(self.cleaned_data["name"], "name")

    def row(self) -> CalendarEntry:
        """The entry as a valid form says it; nothing is kept."""
        row = copy.copy(self.entry) if self.entry is not None else CalendarEntry(calendar=self.calendar)
        self.fill(row)
        row.name, row.reason = self.cleaned_data["name"], self.cleaned_data["reason"]
        row.is_whole_days = self.cleaned_data["is_whole_days"]
        return row


class ImportForm(forms.Form):
    """A file of a calendar, and the clock of its events that name none."""

    file = forms.FileField(
        label="iCalendar file", help_text=f"Ending in .ics, up to {MOST_BYTES // 1_000_000} MB.",
        widget=forms.FileInput(attrs={"accept": ".ics,text/calendar"}),
    )  # fmt: skip
    time_zone = forms.CharField(
        label="Time zone", max_length=64, help_text="Of whole days, and of events that name no zone themselves.",
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
    )  # fmt: skip
    removes_gone = forms.BooleanField(
        label="Remove what is gone from the file", required=False,
        help_text="Only entries that came from a file, and only if every event of this one can be read.",
    )  # fmt: skip

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise ValidationError(f"The file is larger than {MOST_BYTES:,} bytes.")
        return bytes(file.read())

    def clean_time_zone(self) -> str:
        zone = str(self.cleaned_data["time_zone"])
        if zone not in zoneinfo.available_timezones():
            raise ValidationError("This is no IANA time zone; write one like Europe/Vienna or UTC.")
        return zone


class LiftForm(forms.Form):
    """Which slot of a freeze is taken back, and why."""

    slot = forms.DateTimeField(widget=forms.HiddenInput)
    reason = forms.CharField(max_length=300)

    def clean_slot(self) -> datetime:
        slot: datetime = self.cleaned_data["slot"]
        if not 1970 <= slot.year <= 2200:
            raise ValidationError("There is no such time of it.")
        return slot

    def clean_reason(self) -> str:
        return plain(self.cleaned_data["reason"], "reason")


class FeedForm(forms.Form):
    """Of what a feed is made."""

    scope = forms.ChoiceField(label="Windows, freezes and runs of")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scopes = Scopes(user)
        scope: Any = self.fields["scope"]
        scope.choices = self._scopes.one

    @property
    def place(self) -> dict[str, Any]:
        return self._scopes.place(self.cleaned_data["scope"])
