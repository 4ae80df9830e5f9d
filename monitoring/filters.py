"""What the operation log and the audit can be narrowed by."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from monitoring import log_health
from strategies.audit import KINDS, PORTAL
from strategies.filters import FilterForm, PlacedFilterSet, StrictFilterSet, in_reach, visible_targets
from strategies.models import AuditEntry, OperationLog, OperationStatus, StrategyType

FAILED = (OperationStatus.ERROR, OperationStatus.TIMEOUT)
TEXT_WITHIN = timedelta(days=31)  # a search for text reads every row of its time, so it gets one


def strategy_names(asked: str) -> list[tuple[str, str]]:
    """Registered strategies, and the one that is asked for: rows may name any, and pages lead to those."""
    names = sorted({*StrategyType.objects.values_list("strategy_name", flat=True), *([asked] if asked else [])})
    return [(name, name.replace("_", " ").capitalize()) for name in names]


class OperationFilter(PlacedFilterSet):
    target = filters.ModelChoiceFilter(label="Database", empty_label="Any", queryset=visible_targets)
    strategy = filters.ChoiceFilter(label="Strategy", empty_label="Any", field_name="strategy_name", choices=[])
    status = filters.ChoiceFilter(
        label="Status",
        empty_label="Any",
        method="in_status",
        choices=[
            ("Groups", [("failed", "Failed: error or timeout"), ("never_ended", "Never ended")]),
            ("Words", OperationStatus.choices),
        ],
    )
    run = filters.NumberFilter(label="Run", field_name="run_id", min_value=1, max_value=2**63 - 1)
    since = filters.IsoDateTimeFilter(
        label="From", field_name="operation_time", lookup_expr="gte", validators=[in_reach]
    )
    until = filters.IsoDateTimeFilter(label="To", field_name="operation_time", lookup_expr="lt", validators=[in_reach])
    text = filters.CharFilter(label="Object, message or error code", method="with_text")

    class Meta:
        model = OperationLog
        fields: list[str] = []
        form = FilterForm

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form.fields["strategy"].choices = strategy_names(self.data.get("strategy", ""))
        for name in ("since", "until"):
            self.form.fields[name].widget.input_type = "datetime-local"

    def in_status(self, rows: QuerySet[OperationLog], _: str, value: str) -> QuerySet[OperationLog]:
        if value == "failed":
            return rows.filter(status__in=FAILED)
        return log_health.never_ended(rows, timezone.now()) if value == "never_ended" else rows.filter(status=value)

    def with_text(self, rows: QuerySet[OperationLog], _: str, text: str) -> QuerySet[OperationLog]:
        """Rows with this text in object, message or error code; of the last month where no time is given."""
        if not self.form.cleaned_data.get("since") and not self.form.cleaned_data.get("run"):
            rows = rows.filter(operation_time__gte=timezone.now() - TEXT_WITHIN)
        return rows.filter(Q(target_object__icontains=text) | Q(message__icontains=text) | Q(error_code__iexact=text))


class AuditForm(FilterForm):
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("object_id") is not None and not cleaned.get("object_type"):
            raise forms.ValidationError(
                {"object_id": "Choose the kind of object as well: each kind has its own numbers."}
            )
        return cleaned


class AuditFilter(StrictFilterSet):
    """The kinds and actions offered are those that are recorded, not those that the table happens to hold."""

    actor = filters.CharFilter(label="Person", method="by_person", max_length=150)
    action = filters.ChoiceFilter(
        label="What",
        empty_label="Anything",
        choices=[(kind.title, list(kind.actions.items())) for kind in KINDS.values()],
    )
    object_type = filters.ChoiceFilter(
        label="Kind of object", empty_label="Any", choices=[(name, kind.title) for name, kind in KINDS.items()]
    )
    object_id = filters.NumberFilter(
        label="Its number", method="by_number", min_value=1, max_value=2**63 - 1, decimal_places=0
    )
    target = filters.ModelChoiceFilter(label="Database", empty_label="Any", queryset=visible_targets)
    since = filters.IsoDateTimeFilter(label="From", field_name="at", lookup_expr="gte", validators=[in_reach])
    until = filters.IsoDateTimeFilter(label="To", field_name="at", lookup_expr="lt", validators=[in_reach])

    class Meta:
        model = AuditEntry
        fields: list[str] = []
        form = AuditForm

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("since", "until"):
            self.form.fields[name].widget.input_type = "datetime-local"

    def by_person(self, rows: QuerySet[AuditEntry], _: str, name: str) -> QuerySet[AuditEntry]:
        """What a login did, on pages and by commands; `cli:anna` are the commands alone, and the portal is no person."""
        is_person = not name.startswith("cli:") and name != PORTAL.name
        return rows.filter(actor__in=(name, f"cli:{name}")) if is_person else rows.filter(actor=name)

    def by_number(self, rows: QuerySet[AuditEntry], _: str, number: Decimal) -> QuerySet[AuditEntry]:
        return rows.filter(object_id=str(int(number)))
