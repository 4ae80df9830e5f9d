"""The forms of windows: what a window is, and the new end of one slot of it."""

from __future__ import annotations

import copy
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from strategies.change_checks import version
from strategies.forms.plain_text import plain
from strategies.forms.recurring import RecurringForm, initial_of
from strategies.forms.scopes import Scopes, key_of
from strategies.models import MaintenanceWindow, Role, User
from strategies.models.window import MOST_EXTENDED
from strategies.openings import LONGEST_REASON
from strategies.window_changes import LONGEST_GRACE


class WindowForm(RecurringForm):
    """`window` is the one to change, None for a new one."""

    name = forms.CharField(max_length=80, help_text="How people call it, like Night of production.")
    scope = forms.ChoiceField(label="Databases", help_text="What it covers is worked on in its windows only.")
    is_active = forms.BooleanField(
        label="On", required=False, initial=True, help_text="One that is off covers nothing, and permits nothing."
    )
    capacity = forms.IntegerField(
        label="Runs at once", required=False, min_value=1, max_value=32_767,
        help_text="In this window; empty = as the other limits say.",
    )  # fmt: skip
    owner = forms.CharField(max_length=150, help_text="User name of who answers for it, and may extend it.")
    extended_by = forms.ChoiceField(
        label="Extended by", choices=[(role.value, role.label) for role in (Role.DBA, Role.APPROVER)],
        help_text="Who, besides its owner, may extend or close a slot.",
    )  # fmt: skip
    extend_minutes = forms.IntegerField(
        label="Extended by at most (minutes)",
        min_value=0,
        max_value=MOST_EXTENDED,
        help_text="Beyond the planned end of a slot.",
    )
    grace_minutes = forms.IntegerField(
        label="Grace (minutes)", min_value=0, max_value=LONGEST_GRACE,
        help_text="After its end no step begins; what is at work then is cancelled so much later.",
    )  # fmt: skip
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, window: MaintenanceWindow | None = None, **kwargs: Any) -> None:
        self.window = window
        kwargs["initial"] = {**(_initial(window) if window else _new(user)), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self._scopes = Scopes(user)
        scope: Any = self.fields["scope"]
        scope.choices = self._scopes.one
        scope.help_text = f"{scope.help_text} {self._scopes.help('covered')}".strip()

    def clean_name(self) -> str:
        return plain(self.cleaned_data["name"], "name")

    def row(self) -> MaintenanceWindow:
        """The window as a valid form says it; nothing is kept."""
        cleaned = self.cleaned_data
        row = copy.copy(self.window) if self.window is not None else MaintenanceWindow()
        self.fill(row)
        for name in ("name", "is_active", "capacity", "owner", "extended_by", "extend_minutes", "grace_minutes"):
            setattr(row, name, cleaned[name])
        for name, value in self._scopes.place(cleaned["scope"]).items():
            setattr(row, name, value)
        return row


def _new(user: User) -> dict[str, Any]:
    return {
        "owner": user.get_username(), "time_zone": user.time_zone or "UTC", "repeats": "weekly", "extended_by": Role.DBA,
        "extend_minutes": 60, "grace_minutes": 5, "minutes": 240,
    }  # fmt: skip


def _initial(window: MaintenanceWindow) -> dict[str, Any]:
    names = ("name", "is_active", "capacity", "owner", "extended_by", "extend_minutes", "grace_minutes")
    told = {name: getattr(window, name) for name in names}
    return {**initial_of(window), **told, "scope": key_of(window), "version": version(window)}


class SlotForm(forms.Form):
    """The slot of a window, known by its start; why its end moves, and by how much beyond the end that the person saw."""

    slot = forms.DateTimeField(widget=forms.HiddenInput)
    ends = forms.DateTimeField(widget=forms.HiddenInput)
    minutes = forms.IntegerField(min_value=1, max_value=MOST_EXTENDED, required=False)
    reason = forms.CharField(max_length=LONGEST_REASON)

    def clean_reason(self) -> str:
        return plain(self.cleaned_data["reason"], "reason")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ("slot", "ends"):
            if name in cleaned and not 1970 <= cleaned[name].year <= 2200:
                raise ValidationError("The form names no slot; open the page of the window anew.")
        return cleaned

    @property
    def problem(self) -> str:
        """What is wrong with a form that is not valid, in one line."""
        labels = {"minutes": "Minutes", "reason": "Reason", "slot": "Slot", "ends": "Slot", "__all__": ""}
        name, said = next(iter(self.errors.items()))
        return f"{labels[name]}: {said[0]}" if labels[name] else str(said[0])
