"""Rows of steps: whatever they hold, they are written."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from strategies import operation_log
from strategies.models import OperationLog, OperationStatus
from strategies.operation_log import Beginning, Ending
from tests.monitoring.past import run, target

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (2**70, 2**70), ({1: "a"}, {"1": "a"}), (NOW, str(NOW)), (Decimal("0.10"), "0.10"), ((1, 2), [1, 2]),
        ("größe \x00", "größe \x00"), (float("nan"), None),
    ],
)  # fmt: skip
def test_no_value_keeps_the_row_of_a_step_from_being_written(value: Any, kept: Any) -> None:
    of = run(target())
    pk = operation_log.begin(
        Beginning(
            "INDEX_MAINTENANCE", "REBUILD", "orders", "INDEX", "REINDEX orders", "anna", "1", of.target_id, of.pk, "rebuild:orders",
            context={"before": value},
        ),
        NOW,
    )  # fmt: skip
    assert OperationLog.objects.get(pk=pk).strategy_context == {"before": kept}
    assert operation_log.end(pk, Ending(OperationStatus.SUCCESS, "done", 1, context={"after": value}), NOW)
    assert OperationLog.objects.get(pk=pk).strategy_context == {"after": kept}
