"""What the operation log can be narrowed by."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils import timezone

from strategies.filters import FilterForm, visible_targets
from strategies.models import OperationLog, OperationStatus, StrategyType

TEXT_WITHIN = timedelta(days=31)  # a search for text reads every row of its time, so it gets one


def strategy_names() -> list[tuple[str, str]]:
    return [
        (name, name.replace("_", " ").capitalize())
        for name in StrategyType.objects.values_list("strategy_name", flat=True)
    ]


class OperationFilter(filters.FilterSet):  # type: ignore[misc]
    target = filters.ModelChoiceFilter(label="Database", empty_label="Any", queryset=visible_targets)
    strategy = filters.ChoiceFilter(
        label="Strategy", empty_label="Any", field_name="strategy_name", choices=strategy_names
    )
    status = filters.ChoiceFilter(label="Status", empty_label="Any", choices=OperationStatus.choices)
    run = filters.NumberFilter(label="Run", field_name="run_id", min_value=1, max_value=2**63 - 1)
    since = filters.IsoDateTimeFilter(label="From", field_name="operation_time", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(label="To", field_name="operation_time", lookup_expr="lt")
    text = filters.CharFilter(label="Object, message or error code", method="with_text")

    class Meta:
        model = OperationLog
        fields: list[str] = []
        form = FilterForm

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("since", "until"):
            self.form.fields[name].widget.input_type = "datetime-local"

    def with_text(self, rows: QuerySet[OperationLog], _: str, text: str) -> QuerySet[OperationLog]:
        """Rows with this text in object, message or error code; of the last month where no time is given."""
        if not self.form.cleaned_data.get("since") and not self.form.cleaned_data.get("run"):
            rows = rows.filter(operation_time__gte=timezone.now() - TEXT_WITHIN)
        return rows.filter(Q(target_object__icontains=text) | Q(message__icontains=text) | Q(error_code__iexact=text))
