"""What lists can be narrowed by. A value that is none of the choices is refused beside its field, and the list stays whole."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from strategies import registry
from strategies.models import (
    ACTIVE,
    BAD,
    TERMINAL,
    Environment,
    Finding,
    JobRun,
    RunStatus,
    Tag,
    Target,
    TargetState,
    Tenant,
)

_GROUPS = {
    "at_work": ("At work", Q(status__in=(*ACTIVE, RunStatus.PAUSED))),
    "waiting": ("Waiting or ready", Q(status__in=(RunStatus.WAITING, RunStatus.READY))),
    "unreleased": ("Plans not released", Q(status=RunStatus.PLANNED, is_released=False)),
    "unhandled": ("Failed, not handled", Q(status__in=BAD, handled_at__isnull=True)),
    "ended": ("Ended", Q(status__in=TERMINAL)),
}


def visible_targets(request: HttpRequest | None) -> QuerySet[Target]:
    return Target.objects.visible_to(request.user) if request is not None else Target.objects.none()  # type: ignore[arg-type]


def strategy_choices() -> list[tuple[str, str]]:
    return [(name, routine.title) for name, routine in registry.routines().items()]


class FilterForm(forms.Form):
    """Small fields in one line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field.widget, forms.Select) else "form-control"


class RunFilter(filters.FilterSet):  # type: ignore[misc]
    status = filters.ChoiceFilter(
        label="State",
        empty_label="Any",
        method="in_state",
        choices=[
            ("Groups", [(key, words) for key, (words, _) in _GROUPS.items()]),
            ("States", RunStatus.choices),
        ],
    )
    target = filters.ModelChoiceFilter(label="Database", empty_label="Any", queryset=visible_targets)
    strategy = filters.ChoiceFilter(
        label="Strategy", empty_label="Any", field_name="strategy_name", choices=strategy_choices
    )
    since = filters.DateFilter(label="Asked since", field_name="created_at", lookup_expr="date__gte")

    class Meta:
        model = JobRun
        fields: list[str] = []
        form = FilterForm

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form.fields["since"].widget.input_type = "date"

    def in_state(self, rows: QuerySet[JobRun], _: str, value: str) -> QuerySet[JobRun]:
        return rows.filter(_GROUPS[value][1] if value in _GROUPS else Q(status=value))


class TargetFilter(filters.FilterSet):  # type: ignore[misc]
    name = filters.CharFilter(label="Name", lookup_expr="icontains")
    state = filters.ChoiceFilter(label="State", empty_label="Any", choices=TargetState.choices, method="in_state")
    needs = filters.ChoiceFilter(
        label="Findings",
        empty_label="Any",
        choices=[("findings", "Open findings"), ("none", "None open")],
        method="in_need",
    )
    platform = filters.ChoiceFilter(
        label="Product", empty_label="Any", choices=lambda: [(p.name, p.label) for p in registry.platforms().values()]
    )
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
        in_need = Q(pk__in=Finding.objects.current().values("target"))
        return rows.filter(in_need if value == "findings" else ~in_need)
