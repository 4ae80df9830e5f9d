"""Forms of the pages that belong to one reader: the search, and what people choose for themselves."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import PasswordChangeForm

from maintenance_portal.search import Query, parse
from strategies.models import Theme, User
from strategies.models.access import known_time_zone

SYSTEM = "system"  # how the form says Theme.SYSTEM, which is stored as an empty text


class SearchForm(forms.Form):
    """`query` is what was typed, read; of a valid form."""

    q = forms.CharField(
        label="Search for",
        max_length=100,
        error_messages={"required": "Type what to look for."},
        widget=forms.TextInput(
            attrs={"type": "search", "class": "form-control", "autocomplete": "off", "data-find": ""}
        ),
    )

    def clean_q(self) -> str:
        text = parse(self.cleaned_data["q"])
        if len(text.text) < 2 and text.number is None:
            raise forms.ValidationError("Type at least two characters, or a number.")
        return text.text

    @property
    def query(self) -> Query:
        return parse(self.cleaned_data["q"])


class ZoneForm(forms.Form):
    """`zones` are the names to choose from; how they are written does not matter."""

    time_zone = forms.CharField(label="Your time zone", required=False, max_length=64)

    def __init__(self, data: Mapping[str, Any] | None, *, user: User) -> None:
        super().__init__(data, initial={"time_zone": user.time_zone})
        self.zones = sorted(zoneinfo.available_timezones())
        field = self.fields["time_zone"]
        field.widget.attrs |= {"list": "time-zones", "autocomplete": "off"}
        field.help_text = f"An IANA name, like Europe/Vienna. Empty: that of the portal, {settings.TIME_ZONE}."

    def clean_time_zone(self) -> str:
        typed = str(self.cleaned_data["time_zone"])
        zone = next((zone for zone in self.zones if zone.casefold() == typed.casefold()), typed)
        if zone:
            known_time_zone(zone)
        return zone


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(
        label="How pages look",
        required=False,
        choices=[(theme.value or SYSTEM, theme.label) for theme in Theme],
        widget=forms.RadioSelect,
    )

    def __init__(self, data: Mapping[str, Any] | None, *, user: User) -> None:
        super().__init__(data, initial={"theme": user.theme or SYSTEM})

    def clean_theme(self) -> str:
        theme = str(self.cleaned_data["theme"])
        if not theme:
            raise forms.ValidationError("Choose one of these.")
        return "" if theme == SYSTEM else theme


class PasswordForm(PasswordChangeForm):
    """Django's own, with its validators. It is one form among others, so the focus does not go to it by itself."""

    def __init__(self, data: Mapping[str, Any] | None, *, user: User) -> None:
        super().__init__(user, data)
        self.fields["old_password"].label = "Present password"
        self.fields["old_password"].widget.attrs.pop("autofocus", None)
