"""SQL of the portal's own that is written by hand, sent as it would be to an Oracle; what is written by Django is seen elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from monitoring import archives, log_health
from strategies import maintenance_logger, operation_log
from strategies.models import OperationLog, OperationStatus
from tests.oracle import dictionary, portal, transport
from tests.oracle.recorder import Recorder

ROOT = Path(__file__).resolve().parent.parent.parent
NIGHT = datetime(2026, 11, 25, 2, tzinfo=UTC)
# However the connection is called: its own cursor, and the ways in which Django takes a text of SQL.
BY_HAND = re.compile(r"\.(?:chunked_)?cursor\(|\bRawSQL\b|\bRunSQL\b|\.raw\(|\.extra\(")
# Modules that send SQL of their own, and where that is checked.
KNOWN = {
    "strategies/operation_log.py": "here",
    "strategies/maintenance_logger.py": "here",
    "monitoring/log_health.py": "here",
    "monitoring/archives.py": "here",
    "maintenance_portal/database_checks.py": "tests/maintenance_portal/test_database_checks.py",
    "strategies/audit_guard.py": "migrate",
    "strategies/job_guard.py": "migrate",
    "strategies/job_triggers.py": "migrate",
    "strategies/log_guard.py": "migrate",
    "maintenance_portal/supervisor.py": "PostgreSQL alone",
    "strategies/migrations/0004_job_triggers.py": "migrate",
    "strategies/migrations/0017_latest_events.py": "migrate",
    "strategies/migrations/0018_job_dependencies.py": "migrate",
}


@pytest.fixture(params=transport.VERSIONS)
def oracle(
    request: pytest.FixtureRequest, django_db_blocker: Any, statements_for_oracle: Recorder
) -> Iterator[BaseDatabaseWrapper]:
    """What is sent to it is held to the rules at the end."""
    wrapper = transport.database(request.param)
    with django_db_blocker.unblock(), transport.portal_on(wrapper):
        yield wrapper
    sent = wrapper.connection.sent
    assert sent
    for statement in sent:
        statements_for_oracle.seen(statement)
        assert portal.faults(statement, request.param) == ()


def test_no_module_sends_sql_by_hand_unseen() -> None:
    """Platforms send theirs to the databases that are cared for, and the demo to those of its own."""
    found = {
        str(path.relative_to(ROOT))
        for package in ("strategies", "monitoring", "maintenance_portal")
        for path in (ROOT / package).rglob("*.py")
        if "platforms" not in path.parts and "demo" not in path.parts and BY_HAND.search(path.read_text())
    }
    assert found == KNOWN.keys()


@pytest.mark.parametrize(
    "text",
    [
        "with connection.cursor() as cursor:",
        "with database.cursor() as cursor:",
        'connections["default"].cursor().execute(sql)',
        "with connection.chunked_cursor() as cursor:",
        'rows.annotate(n=RawSQL("SELECT 1", []))',
        'OperationLog.objects.raw("SELECT 1")',
        'OperationLog.objects.all().raw("SELECT 1")',
        'rows.extra(where=["1 = 1"])',
        'migrations.RunSQL("SELECT 1")',
    ],
)
def test_a_spelling_of_sql_by_hand_is_found(text: str) -> None:
    assert BY_HAND.search(text)


def test_the_rows_of_a_step_are_written(oracle: BaseDatabaseWrapper) -> None:
    row = operation_log.Beginning("S", "REBUILD", "T", "TABLE", "SELECT 1", "anna", "1,2", 1, 2, "key")
    assert operation_log.begin(row, NIGHT) == oracle.connection.last_key
    ending = operation_log.Ending(OperationStatus.SUCCESS, "Done.", 5)
    assert operation_log.end(7, ending, NIGHT)
    begun, ended = [one for one in oracle.connection.sent if "generic_operation_log" in one]
    assert begun.rstrip().endswith("INTO :returned")
    assert "operation_id = :operation_id" in ended
    assert "%" not in begun + ended


def test_the_rows_of_a_strategy_are_written(oracle: BaseDatabaseWrapper) -> None:
    oracle.connection.answers = {"COUNT(*)": [(0,)], "SELECT operation_time": [(NIGHT.replace(tzinfo=None),)]}
    begun = maintenance_logger.log_strategy_start("S", "T", "TABLE", moment=NIGHT)
    assert begun == oracle.connection.last_key
    assert maintenance_logger.log_strategy_end(begun, moment=NIGHT)
    assert maintenance_logger.log_performance_metrics(begun, 5)
    sent = "".join(oracle.connection.sent)
    assert ":returned" in sent
    assert "%" not in sent


def test_the_size_of_the_log_is_asked_for(oracle: BaseDatabaseWrapper) -> None:
    oracle.connection.answers["user_segments"] = [(8192,)]
    assert log_health.get_log_table_size_info() == 8192
    (asked,) = [one for one in oracle.connection.sent if "user_segments" in one]
    assert dictionary.faults(asked) == ()


def test_a_batch_goes_into_a_table_of_its_own(oracle: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_delete", lambda keys: None)
    oracle.connection.answers = {"SELECT COUNT(*)": [(2,)], "FOR UPDATE": [(1,), (2,)]}
    archives._make_table("old_operations")
    assert archives._move(OperationLog.objects.all(), [1, 2], "old_operations") == 2
    assert any(one.startswith('CREATE TABLE "OLD_OPERATIONS" AS SELECT') for one in oracle.connection.sent)
