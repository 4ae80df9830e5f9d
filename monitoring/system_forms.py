"""The forms of systems, of links to status pages, and of who wants to hear of a system."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

from django import forms

from monitoring import systems
from monitoring.models import MOST_AHEAD_HOURS, MOST_REMINDER_MINUTES, Steps, System
from strategies.forms.plain_text import plain
from strategies.models import Target, Tenant, User


class _Databases(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # generic for the checker only
    """Also of a number that is too long for SQLite it says that there is none such."""

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except OverflowError:
            raise forms.ValidationError(
                "Select a valid choice. One of these is no database.", code="invalid_choice"
            ) from None


class SystemForm(forms.Form):
    """`system` is the one to change, None for a new one."""

    name = forms.CharField(max_length=80, help_text="As people call it who know nothing of databases, like Billing.")
    tenant = forms.ModelChoiceField(queryset=Tenant.objects.none(), empty_label="Choose…")
    targets = _Databases(
        label="Databases", queryset=Target.objects.none(), widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text="On which it stands. What is done on any of them is maintenance of this system.",
    )  # fmt: skip
    notice = forms.CharField(
        label="What its users notice", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the messages, like: Invoices can be read meanwhile, and not be changed.",
    )  # fmt: skip
    strategies = forms.MultipleChoiceField(
        label="Work that is told", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="None chosen = all that changes something.",
    )  # fmt: skip
    ahead_hours = forms.IntegerField(
        label="Told ahead (hours)", min_value=1, max_value=MOST_AHEAD_HOURS, initial=72,
        help_text="So long before its start a maintenance is told.",
    )  # fmt: skip
    reminder_minutes = forms.IntegerField(
        label="Reminder (minutes)", min_value=0, max_value=MOST_REMINDER_MINUTES, initial=60, help_text="Before its start; 0 = none."
    )  # fmt: skip
    time_zone = forms.CharField(
        label="Time zone", max_length=64, help_text="In which times are told to people without an account here.",
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
    )  # fmt: skip
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, system: System | None = None, **kwargs: Any) -> None:
        self.system = system
        initial = _initial(system) if system is not None else {"time_zone": user.time_zone or "UTC"}
        kwargs["initial"] = {**initial, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        tenant: Any = self.fields["tenant"]
        tenant.queryset = Tenant.objects.all() if user.is_superuser else user.tenants.all()
        if len(tenants := list(tenant.queryset[:2])) == 1:
            tenant.initial = tenants[0].pk
        targets: Any = self.fields["targets"]
        targets.queryset = Target.objects.visible_to(user).select_related("tenant").defer("facts")
        if system is not None:
            del self.fields["tenant"]
            targets.queryset = targets.queryset.filter(tenant=system.tenant_id)
        strategies: Any = self.fields["strategies"]
        strategies.choices = systems.strategy_choices()

    def clean_name(self) -> str:
        return plain(" ".join(self.cleaned_data["name"].split()), "name")

    def clean_notice(self) -> str:
        return plain(" ".join(self.cleaned_data["notice"].split()), "text")

    def clean(self) -> dict[str, Any]:
        """All that is wrong at once; what cannot be read has its own refusal."""
        for field, why in systems.faults(self.row(), self.chosen):
            if not self.has_error(field) and not (field == "targets" and self.has_error("tenant")):
                self.refuse(field, why)
        return self.cleaned_data

    def refuse(self, field: str, why: str) -> None:
        self.add_error(field if field in self.fields else None, why)

    def row(self) -> System:
        """The system as the form says it, as far as that can be read; nothing is kept."""
        typed = self.cleaned_data
        row = copy.copy(self.system) if self.system is not None else System(tenant=typed.get("tenant"))
        for name in ("name", "notice", "strategies", "ahead_hours", "reminder_minutes", "time_zone"):
            setattr(row, name, typed.get(name, getattr(row, name)))
        return row

    @property
    def chosen(self) -> Collection[Target]:
        return list(self.cleaned_data.get("targets", ()))


def _initial(system: System) -> dict[str, Any]:
    names = ("name", "notice", "strategies", "ahead_hours", "reminder_minutes", "time_zone")
    told = {name: getattr(system, name) for name in names}
    return {**told, "targets": list(system.targets.all()), "version": systems.version_of(system)}


class StatusPageForm(forms.Form):
    """For whom a link is, and how long it lasts."""

    tenant = forms.ModelChoiceField(queryset=Tenant.objects.none(), empty_label="Choose…")
    name = forms.CharField(label="For whom", max_length=80, help_text="Like Customer service. It stands on the page.")
    days = forms.IntegerField(label="Lasts (days)", min_value=1, max_value=systems.LONGEST.days, initial=365)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant: Any = self.fields["tenant"]
        tenant.queryset = Tenant.objects.all() if user.is_superuser else user.tenants.all()
        if len(tenants := list(tenant.queryset[:2])) == 1:
            tenant.initial = tenants[0].pk

    def clean_name(self) -> str:
        return plain(" ".join(self.cleaned_data["name"].split()), "name")


class SubscribeForm(forms.Form):
    """An address, and how much it wants to hear."""

    address = forms.EmailField(
        label="Mail address", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    steps = forms.ChoiceField(label="Messages", choices=Steps.choices, initial=Steps.ALL)


class StepsForm(forms.Form):
    """How much a subscriber hears."""

    steps = forms.ChoiceField(label="Messages", choices=Steps.choices)
