"""What strategies written in Python log: each call, the rows that it leaves, and that nothing it meets breaks its caller."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections, transaction

from strategies import log_policies
from strategies import maintenance_logger as logger
from strategies.audit import Actor
from strategies.models import AuditEntry, OperationLog, StrategyType, Target, Tenant
from tests.monitoring.past import target

ANNA = Actor("anna", "192.0.2.7")
NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
LATER = NOW + timedelta(milliseconds=1500)
IS_SQLITE = connection.vendor == "sqlite"
pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _closed_afterwards() -> Iterator[None]:
    yield
    logger.close()


def row(operation: int | None) -> OperationLog:
    return OperationLog.objects.get(pk=operation)


def told(operation: int | None, *names: str) -> tuple[Any, ...]:
    found = row(operation)
    return tuple(getattr(found, name) for name in names)


# Call → rows written.

STARTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "a strategy": (
        lambda: logger.log_strategy_start("LEGACY", "ORDERS", "TABLE", {"n": 1}, moment=NOW),
        {"operation_type": "EXECUTE", "target_object": "ORDERS", "target_type": "TABLE", "strategy_context": {"n": 1}},
    ),
    "a strategy without an object": (
        lambda: logger.log_strategy_start("LEGACY", moment=NOW),
        {"operation_type": "EXECUTE", "target_object": None, "target_type": None, "strategy_context": {}},
    ),
    "an operation": (
        lambda: logger.log_start_operation("LEGACY", "REBUILD", "I", "INDEX", "ALTER INDEX i REBUILD", {}, "nightly", moment=NOW),
        {"operation_type": "REBUILD", "sql_text": "ALTER INDEX i REBUILD", "job_name": "nightly"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STARTS)
def test_a_start_is_in_the_log_at_once(name: str) -> None:
    call, wanted = STARTS[name]
    found = row(call())
    wanted = {
        "strategy_name": "LEGACY",
        "status": "STARTED",
        "operation_time": NOW,
        "ended_at": None,
        "run_id": None,
    } | wanted
    assert {name: getattr(found, name) for name in wanted} == wanted
    assert found.user_name
    assert str(os.getpid()) in (found.session_id or "")


ENDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "a strategy": (
        lambda pk: logger.log_strategy_end(pk, "SUCCESS", "Done.", {"rows_processed": 7, "memory_used_mb": 1.5}, moment=LATER),
        {"status": "SUCCESS", "message": "Done.", "duration_ms": 1500, "rows_processed": 7, "memory_used_mb": Decimal("1.5"),
         "error_code": None, "error_message": None, "ended_at": LATER},
    ),
    "a strategy that failed": (
        lambda pk: logger.log_strategy_end(pk, "ERROR", "Strategy failed: ORA-00942: table or view does not exist", moment=LATER),
        {"status": "ERROR", "error_code": "ORA-00942",
         "error_message": "Strategy failed: ORA-00942: table or view does not exist"},
    ),
    "an operation": (
        lambda pk: logger.log_end_operation(pk, "TIMEOUT", "Cut off.", "", "It took too long", 20, 5, 2.25, 3, 4, 1, moment=LATER),
        {"status": "TIMEOUT", "message": "Cut off.", "error_code": None, "error_message": "It took too long", "duration_ms": 20,
         "cpu_time_ms": 5, "memory_used_mb": Decimal("2.25"), "io_operations": 3, "rows_processed": 4, "objects_affected": 1},
    ),
    "a word in small letters": (lambda pk: logger.log_end_operation(pk, "warning", moment=LATER), {"status": "WARNING"}),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_an_end_says_how(name: str) -> None:
    call, wanted = ENDS[name]
    operation = logger.log_start_operation("LEGACY", "CLEANUP", moment=NOW)
    assert call(operation)
    found = row(operation)
    assert {name: getattr(found, name) for name in wanted} == wanted
    assert found.cpu_time_ms is not None  # of this thread, where the caller did not say


def test_the_first_end_counts() -> None:
    operation = logger.log_strategy_start("LEGACY")
    assert logger.log_strategy_end(operation, "ERROR", "first")
    assert not logger.log_strategy_end(operation, "SUCCESS", "second")
    assert not logger.log_strategy_end(987_654_321, "SUCCESS")
    assert told(operation, "status", "message") == ("ERROR", "first")


def test_an_operation_at_once_began_its_duration_ago() -> None:
    shop = target()
    operation = logger.log_operation(
        "LEGACY", "CLEANUP", "ORDERS", "TABLE", "WARNING", "Some left.", 1500, "DELETE\x00", strategy_context={"a": [1]},
        rows_processed=9, job_name="nightly", target=shop, moment=LATER,
    )  # fmt: skip
    assert told(operation, "operation_time", "ended_at", "duration_ms", "status", "rows_processed", "job_name", "target") == (
        NOW, LATER, 1500, "WARNING", 9, "nightly", shop,
    )  # fmt: skip
    assert told(operation, "cpu_time_ms", "strategy_context") == (None, {"a": [1]})
    begun = logger.log_operation("LEGACY", "CLEANUP", status="STARTED", moment=NOW)
    assert told(begun, "status", "ended_at") == ("STARTED", None)


def test_a_job_that_was_started_elsewhere_is_an_execution() -> None:
    operation = logger.log_job_execution("LEGACY", "their job", "ERROR", "ORA-00054: busy", 20, moment=LATER)
    assert told(operation, "job_name", "operation_type", "status", "error_code", "duration_ms") == (
        "their job", "EXECUTE", "ERROR", "ORA-00054", 20,
    )  # fmt: skip


def test_metrics_are_added_and_what_is_not_said_stays() -> None:
    operation = logger.log_operation("LEGACY", "CLEANUP", io_operations=3, rows_processed=4)
    assert logger.log_performance_metrics(operation, cpu_time_ms=7, rows_processed=5)
    assert told(operation, "cpu_time_ms", "io_operations", "rows_processed", "memory_used_mb") == (7, 3, 5, None)
    assert not logger.log_performance_metrics(987_654_321, cpu_time_ms=7)


def test_a_beginning_that_was_not_written_has_no_end() -> None:
    log_policies.set_strategy_logging(ANNA, "LEGACY", False)
    operation = logger.log_strategy_start("LEGACY")
    assert operation is None
    assert not logger.log_strategy_end(operation)
    assert logger.log_operation("OTHER", "CLEANUP") is not None
    log_policies.set_logging_enabled(ANNA, False)
    assert logger.log_operation("OTHER", "CLEANUP") is None
    assert OperationLog.objects.count() == 1


# The registry.


def test_a_strategy_is_registered_once_and_changed_by_registering_it_again() -> None:
    logger.register_strategy("MY_STRATEGY", "CLEANUP", "Of mine", "APPLICATION", actor=ANNA)
    logger.register_strategy("MY_STRATEGY", description="Of ours", actor=ANNA)
    found = StrategyType.objects.get(strategy_name="MY_STRATEGY")
    assert (found.strategy_type, found.description, found.category, found.is_active) == (
        "MAINTENANCE",
        "Of ours",
        "DATABASE",
        True,
    )
    logger.unregister_strategy("MY_STRATEGY", actor=ANNA)
    found.refresh_from_db()
    assert not found.is_active
    actions = AuditEntry.objects.filter(object_type="StrategyType").order_by("pk").values_list("action", "actor")
    assert list(actions) == [("strategytype.registered", "anna")] * 2 + [("strategytype.unregistered", "anna")]


@pytest.mark.parametrize(
    ("values", "field"),
    [(("",), "strategy_name"), (("x" * 51,), "strategy_name"), (("X", "t" * 21), "strategy_type"),
     (("X", "T", "d" * 201), "description"), (("X", "T", "", "c" * 31), "category")],
)  # fmt: skip
def test_what_cannot_be_registered_is_refused_by_the_name_of_its_field(values: tuple[str, ...], field: str) -> None:
    before = StrategyType.objects.count()
    with pytest.raises(ValueError, match=f"^{field}: "):
        logger.register_strategy(*values)
    assert StrategyType.objects.count() == before
    with pytest.raises(ValueError, match="no strategy of this name"):
        logger.unregister_strategy("NOBODY")


# It survives, and breaks nothing.


@pytest.mark.skipif(IS_SQLITE, reason="one writer at a time there")
def test_what_was_logged_stays_when_its_caller_rolls_back() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        Tenant.objects.create(name="Taken back")
        operation = logger.log_strategy_start("LEGACY")
        assert logger.log_strategy_end(operation, "ERROR", "Failed.")
        assert logger.log_performance_metrics(operation, cpu_time_ms=1)
        raise RuntimeError
    assert not Tenant.objects.filter(name="Taken back").exists()
    assert told(operation, "status", "message") == ("ERROR", "Failed.")


@pytest.mark.skipif(IS_SQLITE, reason="one writer at a time there")
def test_a_caller_whose_transaction_is_broken_logs_all_the_same() -> None:
    with transaction.atomic():
        transaction.set_rollback(True)
        operation = logger.log_operation("LEGACY", "CLEANUP", message="It broke.")
    assert told(operation, "message") == ("It broke.",)


@pytest.mark.skipif(not IS_SQLITE, reason="there is a connection for each")
def test_inside_a_transaction_of_sqlite_it_refuses_instead_of_waiting_for_its_caller() -> None:
    before = logger.log_strategy_start("LEGACY")
    with transaction.atomic():
        Tenant.objects.create(name="Kept")
        for call in (
            lambda: logger.log_strategy_start("LEGACY"),
            lambda: logger.log_strategy_end(before),
            lambda: logger.log_operation("LEGACY", "CLEANUP"),
            lambda: logger.log_performance_metrics(before, 1),
        ):
            with pytest.raises(logger.InsideTransaction, match="before the transaction begins"):
                call()
    assert Tenant.objects.filter(name="Kept").exists()
    assert OperationLog.objects.count() == 1
    assert logger.log_strategy_end(before)


def test_a_caller_that_is_killed_leaves_what_it_had_begun() -> None:
    connections.close_all()
    child = os.fork()
    if child == 0:
        logger.log_strategy_start("LEGACY", "ORDERS")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    found = OperationLog.objects.get()
    assert (found.target_object, found.status, found.ended_at) == ("ORDERS", "STARTED", None)


@pytest.mark.parametrize(
    "impossible",
    [
        {"target": Target(pk=2**40)}, {"duration_ms": 2**70}, {"objects_affected": "many"}, {"memory_used_mb": float("nan")},
        {"message": "\ud800"}, {"rows_processed": ["many"]}, {"strategy_context": {"of": {1, 2}, "n": float("inf")}},
    ],
    ids=str,
)  # fmt: skip
def test_whatever_it_is_given_its_caller_goes_on(impossible: dict[str, Any]) -> None:
    written = logger.log_operation("LEGACY", "CLEANUP", **impossible)
    assert OperationLog.objects.filter(strategy_name="LEGACY").count() == (written is not None)
    assert logger.log_operation("LEGACY", "CLEANUP") is not None


def test_a_log_that_cannot_be_written_breaks_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logger, "_BEGIN", "INSERT INTO nowhere VALUES (1)")
    monkeypatch.setattr(logger, "_END", "UPDATE nowhere SET a = 1")
    monkeypatch.setattr(logger, "_MEASURE", "UPDATE nowhere SET a = 1")
    assert logger.log_operation("LEGACY", "CLEANUP") is None
    assert not logger.log_strategy_end(7)
    assert not logger.log_performance_metrics(7, 1)
    assert "a row of LEGACY could not be written" in caplog.text
    assert caplog.text.count("operation 7") == 2


def test_what_is_too_long_is_cut_where_it_shows() -> None:
    operation = logger.log_operation(
        "S" * 60, "T" * 60, "O" * 600, "Y" * 40, "ERROR", "M" * 3000, error_code="C" * 60, error_message="E" * 3000,
        job_name="J" * 200,
    )  # fmt: skip
    lengths = {"strategy_name": 50, "operation_type": 50, "job_name": 128, "target_object": 500, "target_type": 30,
               "message": 2000, "error_code": 50, "error_message": 2000}  # fmt: skip
    for name, length in lengths.items():
        (value,) = told(operation, name)
        assert (len(value), value[-1]) == (length, "…"), name


def test_whatever_a_context_holds_is_kept_as_text() -> None:
    operation = logger.log_operation("LEGACY", "CLEANUP", strategy_context={"at": NOW, "of": {1}, "n": 2})
    assert told(operation, "strategy_context") == ({"at": "2026-11-24 10:30:00+00:00", "of": "{1}", "n": 2},)
