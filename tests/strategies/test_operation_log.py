"""Rows of steps and rows that strategies write themselves: whatever they hold, they are written, or whoever writes them goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from strategies import operation_log
from strategies.models import OperationLog, OperationStatus, Target, Tenant
from strategies.operation_log import Beginning, Ending
from strategies.plans import ErrorClass, Meters, TargetError
from tests.monitoring.past import run, target

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
pytestmark = [pytest.mark.database, pytest.mark.django_db]


def test_what_is_too_long_is_cut_where_it_shows() -> None:
    with transaction.atomic():
        pk = operation_log.log_operation(
            "S" * 60, "T" * 60, NOW, job_name="J" * 200, target_object="O" * 600, target_type="Y" * 40, message="M" * 3000,
            user_name="U" * 200, session_id="I" * 120, error=TargetError(ErrorClass.PERMANENT, "C" * 60, "E" * 3000),
        )  # fmt: skip
        Tenant.objects.create(name="Other")
    row = OperationLog.objects.get(pk=pk)
    lengths = {"strategy_name": 50, "operation_type": 50, "job_name": 128, "target_object": 500, "target_type": 30,
               "message": 2000, "user_name": 150, "session_id": 100, "error_code": 50, "error_message": 2000}  # fmt: skip
    for name, length in lengths.items():
        value = getattr(row, name)
        assert (len(value), value[-1]) == (length, "…"), name


@pytest.mark.parametrize(
    "impossible",
    [
        {"target": Target(pk=2**40)},
        {"duration_ms": 2**70},
        {"objects_affected": "many"},
        {"meters": Meters(memory_mb=float("nan"))},
        {"message": "\ud800"},
    ],
    ids=str,
)
def test_a_row_that_cannot_be_written_leaves_the_work_of_its_writer_as_it_was(impossible: dict[str, Any]) -> None:
    with transaction.atomic():
        Tenant.objects.create(name="Before")
        written = operation_log.log_operation("LEGACY", "CLEANUP", NOW, **impossible)
        Tenant.objects.create(name="After")
    if written is None:
        assert not OperationLog.objects.filter(strategy_name="LEGACY").exists()
    assert Tenant.objects.filter(name__in=("Before", "After")).count() == 2


def test_a_writer_whose_own_transaction_is_broken_gets_no_row_and_no_other_error() -> None:
    with transaction.atomic():
        transaction.set_rollback(True)
        assert operation_log.log_operation("LEGACY", "CLEANUP", NOW) is None


def test_what_its_writer_takes_back_is_not_in_the_log() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        assert operation_log.log_operation("LEGACY", "CLEANUP", NOW) is not None
        raise RuntimeError
    assert not OperationLog.objects.filter(strategy_name="LEGACY").exists()


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


def test_whatever_a_context_holds_is_kept_as_text() -> None:
    pk = operation_log.log_operation("LEGACY", "CLEANUP", NOW, context={"at": NOW, "of": {1}, "n": 2})
    kept = OperationLog.objects.get(pk=pk).strategy_context
    assert kept == {"at": "2026-11-24 10:30:00+00:00", "of": "{1}", "n": 2}
