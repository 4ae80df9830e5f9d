"""SQL of the portal's own that is written by hand, sent as it would be to an Oracle; what is written by Django is seen elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from monitoring import (
    archives,
    log_health,
    oracle_partitions,
    partition_care,
    partition_drops,
    partitioning,
    partitions,
)
from monitoring.expiry import Expiry
from monitoring.partition_plans import PartitionRefused
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
    "monitoring/partitions.py": "here",
    "monitoring/oracle_partitions.py": "here",
    "monitoring/postgresql_log.py": "PostgreSQL only: tests/monitoring/test_partitions.py",
    "strategies/audit_guard.py": "migrate",
    "strategies/job_guard.py": "migrate",
    "strategies/job_triggers.py": "migrate",
    "strategies/log_guard.py": "migrate",
    "maintenance_portal/supervisor.py": "PostgreSQL alone",
    "maintenance_portal/own_trial.py": "tests/maintenance_portal/test_own_trial.py",
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


# Partitions of the log.

LICENSED = {"edition": "EE", "licensed": "partitioning"}
INDEXES = [("GOL_BY_TIME", "NONUNIQUE"), ("SYS_C0012", "UNIQUE")]
MONTHS = [
    ("P_FIRST", "TIMESTAMP' 2026-04-01 00:00:00'", 10, 8192, "NO", "DISABLED"),
    ("SYS_P41", "TIMESTAMP' 2026-05-01 00:00:00'", None, None, "YES", "DISABLED"),
    ("SYS_P43", "TIMESTAMP' 2026-08-01 00:00:00'", 7, 4096, "YES", "ENABLED"),
]


def state(monkeypatch: pytest.MonkeyPatch, stated: dict[str, str]) -> None:
    monkeypatch.setattr(settings, "PORTAL_DATABASE_STATED", stated)


@pytest.fixture
def licensed(monkeypatch: pytest.MonkeyPatch) -> None:
    state(monkeypatch, LICENSED)


def test_the_log_is_partitioned_by_an_interval_of_a_month(oracle: BaseDatabaseWrapper, licensed: None) -> None:
    oracle.connection.answers |= {"user_indexes": INDEXES, "user_segments WHERE": [(2_000_000,)]}
    way = partitioning.way(is_undo=False)
    (shown,) = way.propose(NIGHT).beside
    way.carry_out(NIGHT, lambda _: None)
    assert oracle.connection.sent[-1] == shown
    assert shown == (
        'ALTER TABLE "GENERIC_OPERATION_LOG" MODIFY PARTITION BY RANGE ("OPERATION_TIME") INTERVAL (NUMTOYMINTERVAL(1, \'MONTH\')) '
        "(PARTITION \"P_FIRST\" VALUES LESS THAN (TIMESTAMP '2026-12-01 00:00:00')) "
        'ONLINE UPDATE INDEXES ("GOL_BY_TIME" LOCAL, "SYS_C0012" GLOBAL)'
    )
    for asked in oracle.connection.sent:
        assert dictionary.faults(asked) == ()


@pytest.mark.parametrize("stated", [{}, {"edition": "SE2"}, {"edition": "EE"}])
def test_without_the_stated_licence_nothing_is_partitioned(
    oracle: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch, stated: dict[str, str]
) -> None:
    state(monkeypatch, stated)
    for refused in (lambda: partitioning.way(is_undo=False), lambda: partition_care.compress_log_partitions(NIGHT)):
        with pytest.raises(PartitionRefused, match="not stated as licensed"):
            refused()
    assert partitions.of_log() == ()  # which may be asked


def test_partitioned_already_it_is_left_alone(oracle: BaseDatabaseWrapper, licensed: None) -> None:
    oracle.connection.answers["user_tab_partitions"] = MONTHS
    with pytest.raises(PartitionRefused, match="already"):
        partitioning.way(is_undo=False)
    with pytest.raises(PartitionRefused, match="DBMS_REDEFINITION"):
        partitioning.way(is_undo=True)


def test_partitions_are_read_as_oracle_writes_their_bounds(oracle: BaseDatabaseWrapper) -> None:
    oracle.connection.answers["user_tab_partitions"] = MONTHS
    first, may, july = partitions.of_log()
    assert (first.lower, first.upper, first.rows, first.has_whole_drop) == (None, day(2026, 4), 10, False)
    assert (may.lower, may.upper, may.rows, may.size_bytes) == (day(2026, 4), day(2026, 5), None, None)
    assert (july.lower, july.upper, july.is_compressed) == (day(2026, 7), day(2026, 8), True)  # nothing came in between
    for asked in oracle.connection.sent:
        assert dictionary.faults(asked) == ()


def day(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


def test_a_whole_month_is_dropped_by_its_instant(oracle: BaseDatabaseWrapper) -> None:
    oracle.connection.answers |= {"user_tab_partitions": MONTHS, "GROUP BY": [("S", 7, 7)]}
    going = Expiry(NIGHT.date(), {}, NIGHT.date())
    kept: list[Counter[str]] = []
    gone = partition_drops.drop(going, None, kept.append, lambda: None, float("inf"))
    assert gone == 14
    assert kept == [Counter(S=7)] * 2
    dropped = [one for one in oracle.connection.sent if "DROP" in one]
    assert [one.partition(" DROP ")[2] for one in dropped] == [
        "PARTITION FOR (TIMESTAMP '2026-04-01 00:00:00') UPDATE GLOBAL INDEXES",
        "PARTITION FOR (TIMESTAMP '2026-07-01 00:00:00') UPDATE GLOBAL INDEXES",
    ]
    order = [one for one in oracle.connection.sent if re.match("LOCK|SELECT .*GROUP BY|ALTER", one, re.DOTALL)]
    assert [one.split()[0] for one in order] == ["LOCK", "SELECT", "ALTER"] * 2  # nobody writes while it is counted
    assert order[0].endswith('PARTITION ("SYS_P41") IN SHARE MODE NOWAIT')


def test_what_could_not_be_dropped_is_not_told(oracle: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(part: partitions.Partition) -> None:
        raise DatabaseError("ORA-00054: resource busy and acquire with NOWAIT specified or timeout expired")

    monkeypatch.setattr(oracle_partitions, "drop", busy)
    monkeypatch.setattr(partition_drops, "PAUSE_SECONDS", 0.0)
    oracle.connection.answers |= {"user_tab_partitions": MONTHS, "GROUP BY": [("S", 7, 7)]}
    told: Counter[str] = Counter()
    going = Expiry(NIGHT.date(), {}, NIGHT.date())
    assert partition_drops.drop(going, None, told.update, lambda: None, float("inf")) == 0
    assert +told == Counter()


@pytest.mark.parametrize(
    ("licences", "how"), [("partitioning", "BASIC"), ("partitioning,advanced_compression", "ADVANCED")]
)
def test_months_that_are_over_are_packed(
    oracle: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch, licences: str, how: str
) -> None:
    stated = {**LICENSED, "licensed": licences}
    state(monkeypatch, stated)
    oracle.connection.answers["user_tab_partitions"] = MONTHS
    assert partition_care.compress_log_partitions(NIGHT) == ("P_FIRST", "SYS_P41")
    assert oracle.connection.sent[-1] == (
        f'ALTER TABLE "GENERIC_OPERATION_LOG" MOVE PARTITION "SYS_P41" ROW STORE COMPRESS {how} ONLINE UPDATE INDEXES'
    )
    assert partition_care.compress_log_partitions(NIGHT, partition_name="sys_p43") == ("SYS_P43",)
    with pytest.raises(PartitionRefused, match="no partition SYS_P99"):
        partition_care.compress_log_partitions(NIGHT, partition_name="SYS_P99")
