"""What pages of the past may be asked for (a period, and whose work of what kind), and what is sent to those of errors and log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms

from monitoring import trends
from monitoring.rows import Period
from strategies.filters import FilterForm
from strategies.log_policies import LONGEST_DAYS, SHORTEST_DAYS
from strategies.models import Target, User

PERIODS = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "a year")]
STATES = [("", "Any"), ("open", "Open"), ("handled", "Handled")]
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


class ErrorForm(PeriodForm):
    state = forms.ChoiceField(label="State", required=False, choices=STATES)
    field_order = ("period", "state", "strategy", "target")

    @property
    def narrowed(self) -> dict[str, Any]:
        return {**super().narrowed, "state": self.cleaned_data["state"]}


class OneErrorForm(PeriodForm):
    """For one group of errors, which belongs to one strategy."""

    def __init__(self, query: Mapping[str, Any], *, user: User, today: date) -> None:
        super().__init__(query, user=user, today=today)
        del self.fields["strategy"]

    @property
    def narrowed(self) -> dict[str, Any]:
        target = self.cleaned_data["target"]
        return {"target": target.pk if target else None}


class HandleForm(forms.Form):
    """That a group of errors was dealt with, up to the last one that its page showed."""

    note = forms.CharField(
        label="What was done about it?", max_length=500, help_text="In a few words. A later error opens it again."
    )
    seen_until = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """`seen_until` as an instant; what is none is said of the form, since people do not see the field."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            cleaned["seen_until"] = datetime.fromisoformat(cleaned.get("seen_until", ""))
        except ValueError:
            cleaned["seen_until"] = None
        if cleaned["seen_until"] is None or cleaned["seen_until"].tzinfo is None:
            raise forms.ValidationError("It was not said which errors you saw. Look at them, and send it again.")
        return cleaned

    def seen(self, until: datetime | None) -> HandleForm:
        """The same form on a page that shows errors until then."""
        self.data = {**self.data.dict(), "seen_until": until.isoformat() if until else ""}  # type: ignore[attr-defined]
        return self


class PolicyForm(forms.Form):
    """How long the rows of all strategies, or of one, are kept, and whether strategies write rows of their own."""

    strategy = forms.ChoiceField(required=False, widget=forms.HiddenInput)
    retention_days = forms.IntegerField(
        label="Keep rows for so many days", min_value=SHORTEST_DAYS, max_value=LONGEST_DAYS,
        help_text=f"{SHORTEST_DAYS} to {LONGEST_DAYS:,} days. What is older goes by night; its figures stay in trends and errors.",
    )  # fmt: skip
    is_enabled = forms.BooleanField(
        label="Strategies may write rows of their own",
        required=False,
        help_text="From SQL, PL/SQL and programs. What the portal's runs write is never switched off.",
    )

    def __init__(self, *args: Any, strategies: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["strategy"].choices = [(name, name) for name in strategies]  # type: ignore[attr-defined]

    def for_one(self) -> PolicyForm:
        """The same in the words for one strategy."""
        self.fields["is_enabled"].label = "It may write rows of its own"
        return self

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "strategy" in self.errors:  # whose field people do not see
            raise forms.ValidationError("There is no such strategy in the list; choose one there.")
        return cleaned
