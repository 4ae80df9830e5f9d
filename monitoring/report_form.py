"""What a report may be asked for: which days, by a name or from one to another, and whose databases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from monitoring.calendar_forms import PlacesForm
from monitoring.entries import FIRST, LAST
from monitoring.grounds import Chosen
from monitoring.report_rows import LONGEST_DAYS, PeriodName, Span
from strategies.models import Environment, User

USUAL = PeriodName.LAST_MONTH
NAMES = frozenset(one.value for one in PeriodName)


def _day(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        input_formats=["%Y-%m-%d"],
        validators=[MinValueValidator(FIRST), MaxValueValidator(LAST)],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )


class ReportForm(PlacesForm):
    """A period by its name, or the first and the last day of one; the fields show the days either way.

    A wrong value is refused beside its field, and then there is no report.
    """

    period = forms.ChoiceField(
        label="Period", required=False, widget=forms.HiddenInput, choices=[(one.value, one.words) for one in PeriodName]
    )
    first, last = _day("From"), _day("To, included")
    environment = forms.ChoiceField(label="Environment", required=False, choices=[("", "Any"), *Environment.choices])
    field_order = ("period", "first", "last", "tenant", "environment", "tag", "target")

    def __init__(self, query: Mapping[str, Any], *, user: User, today: date, zone: str) -> None:
        self.zone = zone
        self.has_days = bool(query.get("first") or query.get("last"))
        name = query.get("period") or ("" if self.has_days else USUAL.value)
        usual = {"period": name}
        if name in NAMES and not self.has_days:
            first, last = PeriodName(name).days(today)
            usual |= {"first": first.isoformat(), "last": last.isoformat()}
        super().__init__(query, user=user, usual=usual)
        if name and name not in NAMES and not self.has_days:  # which days is not said, but that is one fault, not three
            self.fields["first"].required = self.fields["last"].required = False

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("period") and self.has_days:
            self.add_error("period", "Ask for a period by its name, or from one day to another, not for both.")
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", "It lies before the first day.")
        elif first and last and (last - first).days >= LONGEST_DAYS:
            self.add_error("last", f"A report is about {LONGEST_DAYS} days at most.")
        return cleaned

    @property
    def period_name(self) -> str:
        """Which of the names was asked for; empty = none."""
        return str(self.data.get("period", ""))

    # Once it is valid:

    @property
    def span(self) -> Span:
        return Span(self.cleaned_data["first"], self.cleaned_data["last"], self.zone)

    @property
    def chosen(self) -> Chosen:
        return Chosen(*(self.cleaned_data[name] for name in ("target", "tag", "tenant", "environment")))

    @property
    def places(self) -> dict[str, Any]:
        """Whose databases, as lists of runs and operations are narrowed by it."""
        chosen = {name: self.cleaned_data[name] for name in ("target", "tag", "tenant", "environment")}
        return {name: getattr(value, "pk", value) for name, value in chosen.items() if value}
