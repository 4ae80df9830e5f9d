"""What the pages of the calendar may be asked for: which days or hours, and whose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from monitoring.entries import FIRST, LAST, Sheet, View, sheet
from monitoring.grounds import Chosen
from strategies.filters import FilterForm
from strategies.models import Tag, Target, Tenant, User

AHEAD = [("6", "6 hours"), ("24", "24 hours"), ("72", "3 days"), ("168", "7 days")]


class PlacesForm(FilterForm):
    """Whose calendar is looked at. What is left out has its usual value; a wrong value is refused beside its field."""

    target = forms.ModelChoiceField(Target.objects.none(), label="Database", required=False, empty_label="Any")
    tag = forms.ModelChoiceField(Tag.objects.none(), label="Tag", required=False, empty_label="Any")
    tenant = forms.ModelChoiceField(Tenant.objects.none(), label="Tenant", required=False, empty_label="Any")

    def __init__(self, query: Mapping[str, Any], *, user: User, usual: Mapping[str, str]) -> None:
        super().__init__({**usual, **{name: value for name, value in query.items() if value != ""}})
        seen = Target.objects.visible_to(user)
        of_theirs = Tag.objects.filter(targets__in=seen).distinct(), Tenant.objects.filter(targets__in=seen).distinct()
        for name, rows in zip(("target", "tag", "tenant"), (seen, *of_theirs), strict=True):
            self.fields[name].queryset = rows  # type: ignore[attr-defined]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Label of each wrong field, and what is wrong with it."""
        return [(str(self.fields[name].label), str(errors[0])) for name, errors in self.errors.items()]

    # Once it is valid:

    @property
    def chosen(self) -> Chosen:
        return Chosen(*(self.cleaned_data[name] for name in ("target", "tag", "tenant")))

    def address(self, **changes: str) -> str:
        """What is chosen as a query string, with some of it changed."""
        values = {name: str(self.data.get(name, "")) for name in self.fields} | changes
        return urlencode({name: value for name, value in values.items() if value})


class AgendaForm(PlacesForm):
    """Which days of the calendar, and whose."""

    view = forms.ChoiceField(label="Show", choices=[(view.value, f"A {view.value}") for view in View])
    on = forms.DateField(
        label="With the day",
        input_formats=["%Y-%m-%d"],
        validators=[MinValueValidator(FIRST), MaxValueValidator(LAST)],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    field_order = ("view", "on", "target", "tag", "tenant")

    def __init__(self, query: Mapping[str, Any], *, user: User, today: date) -> None:
        super().__init__(query, user=user, usual={"view": View.MONTH.value, "on": today.isoformat()})

    @property
    def sheet(self) -> Sheet:
        return sheet(View(self.cleaned_data["view"]), self.cleaned_data["on"])


class TimelineForm(PlacesForm):
    """How far ahead, and whose."""

    hours = forms.ChoiceField(label="From now on", choices=AHEAD)
    field_order = ("hours", "target", "tag", "tenant")

    def __init__(self, query: Mapping[str, Any], *, user: User) -> None:
        super().__init__(query, user=user, usual={"hours": "24"})

    @property
    def span(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["hours"]))
