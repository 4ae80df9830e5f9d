"""What lists can be narrowed by. A value that is none of the choices is refused beside its field, and the list shows no row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from strategies import job_list, needs, registry
from strategies.capabilities import FRAMEWORK, FRAMEWORK_TITLE, MONITORING, Capability, capabilities
from strategies.models import (
    Environment,
    Finding,
    JobRun,
    JobState,
    MaintenanceJob,
    RunStatus,
    ScheduleType,
    StrategyType,
    Tag,
    Target,
    TargetState,
    Tenant,
)
from strategies.platforms.base import Platform
from strategies.run_groups import LATELY, ended_within, run_groups


def visible_targets(request: HttpRequest | None) -> QuerySet[Target]:
    return Target.objects.visible_to(request.user) if request is not None else Target.objects.none()  # type: ignore[arg-type]


def strategy_choices() -> list[tuple[str, str]]:
    """Those that some product has; the others can have no rows."""
    return [
        (name, routine.title)
        for name, routine in registry.routines().items()
        if any(registry.supports(product, name) for product in registry.platforms())
    ]


def run_states() -> list[tuple[str, list[tuple[str, str]]]]:
    groups = [(name, group.label) for name, group in run_groups(timezone.now()).items()]
    return [("Groups", groups), ("States", list(RunStatus.choices))]


def in_reach(moment: datetime) -> None:
    """Raises ValidationError for an instant in the first or last hours of the calendar, which UTC cannot express."""
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise forms.ValidationError("This instant lies outside the calendar.") from None


class FilterForm(forms.Form):
    """Small fields in one line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field.widget, forms.Select) else "form-control"


class StrictFilterSet(filters.FilterSet):  # type: ignore[misc]
    """Gives no rows where a filter is wrong: others than were asked for would be taken for the answer."""

    @property
    def qs(self) -> QuerySet[Any]:
        return super().qs if self.form.is_valid() else self.queryset.none()  # type: ignore[no-any-return]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Label of each wrong filter, and what is wrong with it; what is wrong with several together has the label *Filters*."""
        labels = {name: str(field.label) for name, field in self.form.fields.items()}
        return [(labels.get(name, "Filters"), str(errors[0])) for name, errors in self.form.errors.items()]


def platform_choices() -> list[tuple[str, str]]:
    return [(platform.name, platform.label) for platform in registry.platforms().values()]


class StatementForm(FilterForm):
    """Which of the statements that the portal may send: of one product, and of one capability or of all."""

    platform = forms.ChoiceField(label="Product", required=False)
    capability = forms.ChoiceField(label="For", required=False)

    def __init__(self, query: Mapping[str, Any]) -> None:
        super().__init__(query)
        strategies = [(name.lower(), title) for name, title in strategy_choices()]
        products, kinds = (
            [("", "Choose…"), *platform_choices()],
            [("", "All"), (MONITORING, "Monitoring"), *strategies, (FRAMEWORK, FRAMEWORK_TITLE)],
        )
        self.fields["platform"].choices = products  # type: ignore[attr-defined]
        self.fields["capability"].choices = kinds  # type: ignore[attr-defined]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Label of each wrong field, and what is wrong with it."""
        return [(str(self.fields[name].label), str(errors[0])) for name, errors in self.errors.items()]

    # Once it is valid:

    @property
    def platform_name(self) -> str:
        """Empty where none was chosen yet."""
        return str(self.cleaned_data["platform"])

    @property
    def capability_name(self) -> str:
        """Empty = all of them."""
        return str(self.cleaned_data["capability"])

    def chosen(self) -> list[tuple[Platform, list[Capability]]]:
        """The product that was chosen, or all of them, each with its capabilities; none where it has nothing of the kind."""
        return [
            (product, [one for one in capabilities(name) if self.capability_name in ("", one.name)])
            for name, product in registry.platforms().items()
            if self.platform_name in ("", name)
        ]


class PlacedFilterSet(StrictFilterSet):
    """Rows with a target, narrowed by where that is as well. Of these fields a page shows those that a link to it has set."""

    tenant = filters.ModelChoiceFilter(
        label="Tenant",
        empty_label="Any",
        field_name="target__tenant",
        queryset=lambda request: Tenant.objects.filter(targets__in=visible_targets(request)).distinct(),
    )
    environment = filters.ChoiceFilter(
        label="Environment", empty_label="Any", field_name="target__environment", choices=Environment.choices
    )
    tag = filters.ModelChoiceFilter(
        label="Tag", empty_label="Any", field_name="target__tags",
        queryset=lambda request: Tag.objects.filter(targets__in=visible_targets(request)).distinct(),
    )  # fmt: skip
    unasked: tuple[str, ...] = ("tenant", "environment", "tag")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.unasked:
            if not self.data.get(name):
                self.form.fields[name].widget = forms.HiddenInput()


class RunFilter(PlacedFilterSet):
    status = filters.ChoiceFilter(label="State", empty_label="Any", method="in_state", choices=run_states)
    target = filters.ModelChoiceFilter(label="Database", empty_label="Any", queryset=visible_targets)
    strategy = filters.ChoiceFilter(
        label="Strategy", empty_label="Any", field_name="strategy_name", choices=strategy_choices
    )
    since = filters.DateFilter(label="Asked since", field_name="created_at", lookup_expr="date__gte")
    job = filters.NumberFilter(label="Job", field_name="job_id", min_value=1, max_value=2**63 - 1)
    ended_from = filters.IsoDateTimeFilter(label="Ended from", method="ended", validators=[in_reach])
    ended_before = filters.IsoDateTimeFilter(label="Ended before", method="ended", validators=[in_reach])
    window = filters.NumberFilter(label="Window", field_name="window_id", min_value=1, max_value=2**63 - 1)
    unasked = (*PlacedFilterSet.unasked, "ended_from", "ended_before", "window")

    class Meta:
        model = JobRun
        fields: list[str] = []
        form = FilterForm

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form.fields["since"].widget.input_type = "date"
        for name in ("ended_from", "ended_before"):
            if not self.form.fields[name].widget.is_hidden:
                self.form.fields[name].widget.input_type = "datetime-local"

    def ended(self, rows: QuerySet[JobRun], name: str, _: datetime) -> QuerySet[JobRun]:
        """Both bounds at once: each for itself would be looked up over all time."""
        since, until = (self.form.cleaned_data.get(bound) for bound in ("ended_from", "ended_before"))
        is_done = name == "ended_before" and since is not None
        return rows if is_done else rows.filter(ended_within(since, until))

    def in_state(self, rows: QuerySet[JobRun], _: str, value: str) -> QuerySet[JobRun]:
        groups = run_groups(timezone.now())
        return rows.filter(groups[value].condition if value in groups else Q(status=value))


class TargetFilter(StrictFilterSet):
    name = filters.CharFilter(label="Name", lookup_expr="icontains")
    state = filters.ChoiceFilter(label="State", empty_label="Any", choices=TargetState.choices, method="in_state")
    needs = filters.ChoiceFilter(
        label="Findings",
        empty_label="Any",
        choices=[("findings", "Open findings"), ("none", "None open"), ("unassessed", "Not assessed yet")],
        method="in_need",
    )
    platform = filters.ChoiceFilter(label="Product", empty_label="Any", choices=platform_choices)
    environment = filters.ChoiceFilter(label="Environment", empty_label="Any", choices=Environment.choices)
    tag = filters.ModelChoiceFilter(
        label="Tag", empty_label="Any", field_name="tags",
        queryset=lambda request: Tag.objects.filter(targets__in=visible_targets(request)).distinct(),
    )  # fmt: skip
    tenant = filters.ModelChoiceFilter(
        label="Tenant",
        empty_label="Any",
        queryset=lambda request: Tenant.objects.filter(targets__in=visible_targets(request)).distinct(),
    )

    class Meta:
        model = Target
        fields: list[str] = []
        form = FilterForm

    def in_state(self, rows: Any, _: str, value: str) -> QuerySet[Target]:
        return rows.in_state(TargetState(value))  # type: ignore[no-any-return]

    def in_need(self, rows: QuerySet[Target], _: str, value: str) -> QuerySet[Target]:
        if value == "unassessed":
            return rows.exclude(needs.is_assessed())
        in_need = Q(pk__in=Finding.objects.current().values("target"))
        return rows.filter(in_need) if value == "findings" else rows.filter(needs.is_assessed()).exclude(in_need)


_JOB_STATES = {
    JobState.SCHEDULED: JobState.SCHEDULED.label,
    "due": "Due within 24 hours",
    JobState.UNCLOCKED: "Waiting for its event or for a person",
    "running": "Running",
    JobState.OFF: JobState.OFF.label,
    JobState.QUARANTINED: JobState.QUARANTINED.label,
    JobState.UNSETTLED: JobState.UNSETTLED.label,
}


def _words(model: Any, column: str) -> list[tuple[str, str]]:
    """The rows of a lookup table, as people read them."""
    words = model.objects.values_list(column, flat=True)
    return [(word, word.replace("_", " ").capitalize()) for word in words]


class JobFilter(StrictFilterSet):
    name = filters.CharFilter(label="Name", field_name="job_name", lookup_expr="icontains")
    strategy = filters.ChoiceFilter(
        label="Strategy",
        empty_label="Any",
        field_name="strategy",
        choices=lambda: _words(StrategyType, "strategy_name"),
    )
    target = filters.ModelChoiceFilter(
        label="Database", empty_label="Any", queryset=visible_targets, method="on_target"
    )
    schedule = filters.ChoiceFilter(
        label="Schedule",
        empty_label="Any",
        field_name="schedule_type",
        choices=lambda: _words(ScheduleType, "schedule_type"),
    )
    state = filters.ChoiceFilter(
        label="State",
        empty_label="Any",
        method="in_state",
        choices=[(str(key), words) for key, words in _JOB_STATES.items()],
    )

    class Meta:
        model = MaintenanceJob
        fields: list[str] = []
        form = FilterForm

    def on_target(self, rows: QuerySet[MaintenanceJob], _: str, target: Target) -> QuerySet[MaintenanceJob]:
        """A row that names no database means home."""
        return rows.filter(Q(target=target) | Q(target__isnull=True) if target.is_home else Q(target=target))

    def in_state(self, rows: Any, _: str, value: str) -> QuerySet[MaintenanceJob]:
        if value == "running":
            return rows.filter(job_list.is_running())  # type: ignore[no-any-return]
        if value == "due":
            return rows.due_by(timezone.now() + LATELY)  # type: ignore[no-any-return]
        return rows.filter(job_list.in_state(JobState(value)))  # type: ignore[no-any-return]
