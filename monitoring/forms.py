"""What the pages of trends and statistics may be asked for: a period, and whose work of what kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms

from monitoring import trends
from monitoring.rows import Period
from strategies.filters import FilterForm
from strategies.models import Target, User

PERIODS = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "a year")]
SCALES = [("linear", "Linear"), ("log", "Logarithmic")]
USUAL = {"period": "30", "scale": "linear"}


class PeriodForm(FilterForm):
    """What is left out has its usual value; a wrong value is refused beside its field, and then there is nothing to show."""

    period = forms.ChoiceField(label="Period", choices=PERIODS)
    strategy = forms.ChoiceField(label="Strategy", required=False)
    target = forms.ModelChoiceField(Target.objects.none(), label="Database", required=False, empty_label="Any")

    def __init__(self, query: Mapping[str, Any], *, user: User, today: date) -> None:
        super().__init__({**USUAL, **{name: value for name, value in query.items() if value != ""}})
        self.today = today
        names = trends.strategy_names(user, today)
        choices = [("", "Any"), *((name, name.replace("_", " ").capitalize()) for name in names)]
        self.fields["strategy"].choices = choices  # type: ignore[attr-defined]
        self.fields["target"].queryset = Target.objects.visible_to(user)  # type: ignore[attr-defined]

    # Once it is valid:

    @property
    def days(self) -> Period:
        return Period.ending(self.today, int(self.cleaned_data["period"]))

    @property
    def narrowed(self) -> dict[str, Any]:
        """What trends.py and statistics.py narrow their rows by."""
        target = self.cleaned_data["target"]
        return {"strategy": self.cleaned_data["strategy"], "target": target.pk if target else None}

    @property
    def elsewhere(self) -> str:
        """Period and database as a query string, for links to a page about one strategy or job."""
        chosen = {"period": self.cleaned_data["period"], "target": self.narrowed["target"] or ""}
        return urlencode({name: value for name, value in chosen.items() if value})

    # Whatever was typed:

    @property
    def is_narrowed(self) -> bool:
        return any(self.data.get(name) for name in self.fields if name not in USUAL)

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Label of each wrong field, and what is wrong with it."""
        return [(str(self.fields[name].label), str(errors[0])) for name, errors in self.errors.items()]


class TrendForm(PeriodForm):
    job = forms.CharField(label="Job", required=False, max_length=128)
    scale = forms.ChoiceField(label="Scale of durations", choices=SCALES)

    def __init__(self, query: Mapping[str, Any], *, user: User, today: date) -> None:
        super().__init__(query, user=user, today=today)
        self.fields["job"].widget.attrs |= {"list": "jobs", "autocomplete": "off"}

    @property
    def narrowed(self) -> dict[str, Any]:
        return {**super().narrowed, "job": self.cleaned_data["job"]}

    @property
    def is_log(self) -> bool:
        return bool(self.cleaned_data["scale"] == "log")
