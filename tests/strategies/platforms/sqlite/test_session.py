"""Sending steps: errors told apart, locks waited for, cancels felt at any moment, costs metered."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from strategies.plans import ErrorClass, Outcome, Step
from strategies.platforms.sqlite import metering
from strategies.platforms.sqlite.errors import target_error
from strategies.platforms.sqlite.session import SqliteSession
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile

LONG = "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000000) SELECT max(i) FROM n"


def step(*statements: str, in_transaction: bool = True, busy_ms: int = 0, **more: Any) -> Step:
    return Step(
        key="k", operation_type="REBUILD", object="t", object_type="TABLE", reason="test", statements=statements,
        settings=(f"PRAGMA busy_timeout = {busy_ms}",), begin="BEGIN IMMEDIATE" if in_transaction else "", **more,
    )  # fmt: skip


@pytest.fixture
def session(connect: Connect, target: TargetFile) -> SqliteSession:
    return connect(target.run("CREATE TABLE t(a)").path)


def when_working(session: SqliteSession, act: Callable[[], None]) -> threading.Thread:
    """Do something from another thread once the session moves."""

    def wait_and_act() -> None:
        for _ in range(5000):
            if (seen := session.progress()) and "0.0" not in seen.phase:
                return act()
            time.sleep(0.001)
        raise AssertionError("the session never began to work")

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def error_of(outcome: Outcome) -> tuple[ErrorClass, str]:
    assert outcome.error is not None
    return outcome.error.error_class, outcome.error.code


def test_all_statements_of_a_transaction_hold_or_none(session: SqliteSession, target: TargetFile) -> None:
    outcome = session.execute(step("INSERT INTO t VALUES (1)", "INSERT INTO nowhere VALUES (1)"))
    assert error_of(outcome) == (ErrorClass.PERMANENT, "SQLITE_ERROR")
    assert target.ask("SELECT count(*) FROM t") == [(0,)]
    assert session.execute(step("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)")).error is None
    assert target.ask("SELECT count(*) FROM t") == [(2,)]


def test_without_a_transaction_each_statement_holds_by_itself(session: SqliteSession, target: TargetFile) -> None:
    outcome = session.execute(step("INSERT INTO t VALUES (1)", "INSERT INTO nowhere VALUES (1)", in_transaction=False))
    assert outcome.error is not None
    assert target.ask("SELECT count(*) FROM t") == [(1,)]
    assert session.execute(step("VACUUM", in_transaction=False)).error is None


@pytest.mark.parametrize("in_transaction", [True, False])
def test_another_writer_makes_it_a_lock(session: SqliteSession, target: TargetFile, in_transaction: bool) -> None:
    other = sqlite3.connect(target.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    outcome = session.execute(step("INSERT INTO t VALUES (1)", in_transaction=in_transaction, busy_ms=300))
    assert error_of(outcome) == (ErrorClass.LOCK, "SQLITE_BUSY")
    assert 0.25 < time.monotonic() - started < 4.5  # by itself it would be five seconds
    other.execute("ROLLBACK")
    assert session.execute(step("INSERT INTO t VALUES (1)", in_transaction=in_transaction)).error is None
    other.close()


def test_a_lock_that_is_released_in_time_is_waited_for(session: SqliteSession, target: TargetFile) -> None:
    other = sqlite3.connect(target.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, lambda: other.execute("ROLLBACK")).start()
    assert session.execute(step("INSERT INTO t VALUES (1)", busy_ms=5000)).error is None
    other.close()


def test_a_reader_that_hinders_the_commit_is_waited_for(session: SqliteSession, target: TargetFile) -> None:
    target.run("INSERT INTO t VALUES (1)")
    reader = sqlite3.connect(target.path, isolation_level=None, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM t").fetchall()
    assert error_of(session.execute(step("INSERT INTO t VALUES (2)", busy_ms=100)))[0] is ErrorClass.LOCK
    threading.Timer(0.3, lambda: reader.execute("ROLLBACK")).start()
    assert session.execute(step("INSERT INTO t VALUES (3)", busy_ms=5000)).error is None
    assert target.ask("SELECT a FROM t") == [(1,), (3,)]
    reader.close()


def test_a_cancel_from_another_thread_stops_a_running_statement(session: SqliteSession, target: TargetFile) -> None:
    thread = when_working(session, session.cancel)
    outcome = session.execute(step(LONG))
    thread.join()
    assert error_of(outcome) == (ErrorClass.CANCELLED, "SQLITE_INTERRUPT")
    assert target.ask("SELECT count(*) FROM t") == [(0,)]
    assert session.execute(step("INSERT INTO t VALUES (1)")).error is None


def test_a_cancel_that_comes_before_the_step_counts_until_the_work_is_over(
    session: SqliteSession, target: TargetFile
) -> None:
    with session.at_work():
        session.cancel()
        assert error_of(session.execute(step("INSERT INTO t VALUES (1)")))[0] is ErrorClass.CANCELLED
        assert error_of(session.execute(step("INSERT INTO t VALUES (1)")))[0] is ErrorClass.CANCELLED
    assert target.ask("SELECT count(*) FROM t") == [(0,)]
    assert session.execute(step("INSERT INTO t VALUES (1)")).error is None


def test_a_cancel_ends_the_wait_for_a_lock(session: SqliteSession, target: TargetFile) -> None:
    other = sqlite3.connect(target.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, session.cancel).start()
    started = time.monotonic()
    assert error_of(session.execute(step("INSERT INTO t VALUES (1)", busy_ms=60_000)))[0] is ErrorClass.CANCELLED
    assert time.monotonic() - started < 30
    other.close()


def test_a_cancel_after_the_end_does_no_harm(session: SqliteSession) -> None:
    session.close()
    session.cancel()


def test_progress_is_only_said_of_what_runs(session: SqliteSession) -> None:
    assert session.progress() is None
    seen = []
    thread = when_working(session, lambda: (seen.append(session.progress()), session.cancel())[0])
    session.execute(step(LONG))
    thread.join()
    assert seen[0].fraction is None
    assert seen[0].phase.startswith("working, ")
    assert session.progress() is None


def test_a_step_is_metered_by_its_own_thread(session: SqliteSession) -> None:
    outcome = session.execute(step(LONG.replace("300000000", "300000"), "INSERT INTO t SELECT zeroblob(4000) FROM t"))
    assert outcome.error is None
    assert outcome.meters.cpu_ms is not None
    assert 0 < outcome.meters.cpu_ms <= outcome.duration_ms + 20
    assert outcome.meters.memory_mb is None
    assert outcome.meters.rows == 1
    assert outcome.meters.io_operations is not None
    assert outcome.meters.io_operations >= 2  # at least the journal and the page


@pytest.mark.parametrize(("threads", "is_measured"), [(0, True), (2, False)])
def test_what_helping_threads_cost_is_not_measured(session: SqliteSession, threads: int, is_measured: bool) -> None:
    meters = session.execute(step(f"PRAGMA threads = {threads}", in_transaction=False)).meters
    assert (meters.cpu_ms is not None, meters.io_operations is not None) == (is_measured, is_measured)


def test_the_counters_leave_out_their_own_reading(target: TargetFile) -> None:
    first = metering.Gauge.now()
    assert metering.Gauge.now().io_since(first) == 0
    first = metering.Gauge.now()
    target.path.write_bytes(b"x")
    assert metering.Gauge.now().io_since(first) == 1


def test_a_system_without_the_counter_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "_THREAD_IO", "/nowhere")
    assert metering.Gauge.now().io_since(metering.Gauge.now()) is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("SQLITE_BUSY", ErrorClass.LOCK), ("SQLITE_BUSY_SNAPSHOT", ErrorClass.LOCK), ("SQLITE_LOCKED", ErrorClass.LOCK),
        ("SQLITE_INTERRUPT", ErrorClass.CANCELLED), ("SQLITE_AUTH", ErrorClass.AUTHENTICATION),
        ("SQLITE_CORRUPT_INDEX", ErrorClass.PERMANENT), ("SQLITE_NOTADB", ErrorClass.PERMANENT),
        ("SQLITE_FULL", ErrorClass.PERMANENT), ("SQLITE_READONLY_DIRECTORY", ErrorClass.PERMANENT),
        ("SQLITE_CANTOPEN", ErrorClass.PERMANENT), ("SQLITE_PERM", ErrorClass.PERMANENT),
        ("SQLITE_IOERR_FSYNC", ErrorClass.PERMANENT), ("SQLITE_CONSTRAINT_UNIQUE", ErrorClass.PERMANENT),
        ("SQLITE_NOMEM", ErrorClass.TRANSIENT), ("SQLITE_SCHEMA", ErrorClass.TRANSIENT), ("SQLITE_ERROR", ErrorClass.PERMANENT),
    ],
)  # fmt: skip
def test_errors_are_told_apart_by_their_code(code: str, expected: ErrorClass) -> None:
    error = sqlite3.OperationalError("text")
    error.sqlite_errorname = code
    assert target_error(error).error_class is expected
    assert target_error(error).code == code


def test_a_schema_that_this_sqlite_cannot_read_is_not_only_called_damaged() -> None:
    error = sqlite3.DatabaseError('malformed database schema (v) - near "ORDER": syntax error')
    error.sqlite_errorname = "SQLITE_CORRUPT"
    found = target_error(error)
    assert (found.error_class, found.code) == (ErrorClass.PERMANENT, "SQLITE_CORRUPT")
    assert found.message.endswith(f"or it was written for another SQLite than {sqlite3.sqlite_version}")


def test_an_error_without_a_code_is_named_by_its_type() -> None:
    assert target_error(sqlite3.ProgrammingError("Cannot operate on a closed database.")).code == "ProgrammingError"


def test_a_read_only_file_refuses_a_step(connect: Connect, target: TargetFile) -> None:
    session = connect(target.run("CREATE TABLE t(a)").path)
    outcome = session.execute(step("PRAGMA query_only = ON", "INSERT INTO t VALUES (1)", in_transaction=False))
    assert error_of(outcome) == (ErrorClass.PERMANENT, "SQLITE_READONLY")
