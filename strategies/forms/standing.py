"""The forms of standing approvals and of delegations: limits and days, each wrong one refused beside its field."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from strategies import delegations, registry
from strategies.forms.scopes import Scopes
from strategies.models import StandingApproval, User
from strategies.risk import MOST

_DAY = forms.DateInput(attrs={"type": "date"})


def end_of(day: date) -> datetime:
    """The last moment of a day, on the reader's clock."""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)), timezone.get_current_timezone())


def start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()), timezone.get_current_timezone())


class StandingForm(forms.Form):
    """What a standing approval is asked for."""

    strategy = forms.ChoiceField()
    scope = forms.ChoiceField(label="On")
    most_score = forms.IntegerField(
        label="Risk up to", min_value=1, max_value=MOST, initial=40,
        help_text=f"A plan with a higher score (of at most {MOST}) is asked about all the same.",
    )  # fmt: skip
    most_runs = forms.IntegerField(label="Runs at most", min_value=1, max_value=1000, initial=30)
    ends_on = forms.DateField(label="Until", widget=_DAY, help_text="The last day, within a year.")
    reason = forms.CharField(max_length=300, help_text="The approver reads this, and whoever looks at its uses.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scopes = Scopes(user)
        scope: Any = self.fields["scope"]
        scope.choices, scope.help_text = self._scopes.one, self._scopes.help("approved")
        strategy: Any = self.fields["strategy"]
        strategy.choices = [(name, routine.title) for name, routine in registry.routines().items()]

    @property
    def row(self) -> StandingApproval:
        """What is asked for, of a valid form; nothing of it is kept."""
        values = self.cleaned_data
        return StandingApproval(
            **self._scopes.place(values["scope"]), strategy_name=values["strategy"], most_score=values["most_score"],
            most_runs=values["most_runs"], ends_at=end_of(values["ends_on"]), reason=values["reason"].strip(),
        )  # fmt: skip


class DelegationForm(forms.Form):
    """To whom, and for which days."""

    delegate = forms.ModelChoiceField(User.objects.none(), label="To", empty_label="Choose a person")
    starts_on = forms.DateField(label="From", widget=_DAY)
    ends_on = forms.DateField(
        label="Until", widget=_DAY, help_text=f"The last day; {delegations.LONGEST.days} days at most."
    )
    reason = forms.CharField(max_length=300)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        delegate: Any = self.fields["delegate"]
        delegate.queryset = delegations.candidates(user)
