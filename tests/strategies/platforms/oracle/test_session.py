from __future__ import annotations

import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from oracledb import errors as driver

from strategies.plans import ErrorClass, Outcome, Step
from strategies.platforms.base import NotSupported, PlatformError
from strategies.platforms.oracle.names import oracle_query
from strategies.platforms.oracle.session import OracleSession
from strategies.platforms.oracle.sign_in import Signed
from strategies.platforms.oracle.stated import Edition, Stated
from strategies.platforms.queries import Query
from tests.strategies.platforms.oracle.transport import Connection, driver_error, oracle_error

_STATISTICS = oracle_query("own_statistics").sql


def a_session(connection: Connection, beside: Connection | None = None, stated: Stated | None = None) -> OracleSession:
    def open_beside() -> Signed:
        assert beside is not None
        return Signed(beside, 1)  # type: ignore[arg-type]

    return OracleSession(Signed(connection, 1), stated or Stated(), open_beside)  # type: ignore[arg-type]


def a_step(*statements: str, **more: Any) -> Step:
    return Step(
        key="k",
        operation_type="REBUILD",
        object="SALES.IX",
        object_type="INDEX",
        statements=statements,
        reason="why",
        **more,
    )


def sent(connection: Connection) -> list[str]:
    """Without the meters."""
    return [statement for statement in connection.sent if statement != _STATISTICS]


def a_query(sql: str, licence: str = "none") -> Query:
    return Query("q", sql, "Looks.", "CREATE SESSION", licence, "19")


def in_thread(work: Callable[[], Outcome | None]) -> tuple[threading.Thread, list[Outcome | None]]:
    results: list[Outcome | None] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    return thread, results


def test_a_check_brings_the_rows_that_its_statements_give_and_no_other_step_does() -> None:
    select = "SELECT MAX(a) AS figure FROM t"
    answers = {"~SELECT MAX": [{"FIGURE": 2.5}, {"FIGURE": 3}]}
    check = a_step("ANALYZE TABLE t VALIDATE STRUCTURE", select, check={"finds": "too_large"})
    connection = Connection(answers)
    session = a_session(connection)
    assert session.execute(check).answers == ({"figure": Decimal("2.5")}, {"figure": 3})
    assert session.execute(a_step(select)).answers == ()
    assert sent(connection) == [*check.statements, select]


def test_rows_have_lower_case_names_whole_numbers_are_int_and_the_others_stay_exact() -> None:
    connection = Connection({"~SELECT": [{"ID": 7, "SHARE": 0.1, "NAME": "a", "NOTHING": None}]})
    assert a_session(connection).rows(a_query("SELECT x"), {"owner": "SALES"}) == [
        {"id": 7, "share": Decimal("0.1"), "name": "a", "nothing": None}
    ]
    assert type(a_session(connection).rows(a_query("SELECT x"))[0]["id"]) is int
    assert connection.binds[0] == {"owner": "SALES"}
    assert connection.how[0] == {"fetch_lobs": False, "fetch_decimals": True}


def test_the_version_is_a_tuple_and_the_statement_of_licences_is_kept() -> None:
    session = a_session(Connection(version="23.26.1.0.0"), stated=Stated(Edition.FREE))
    assert session.version == (23, 26, 1, 0, 0)
    assert session.stated.edition is Edition.FREE


def test_what_is_not_stated_to_be_licensed_is_never_asked() -> None:
    connection = Connection()
    with pytest.raises(NotSupported, match="needs Diagnostics Pack"):
        a_session(connection).rows(a_query("SELECT ash", "Diagnostics Pack"))
    assert connection.sent == []
    licensed = Stated(Edition.ENTERPRISE, frozenset({"diagnostics"}))
    assert a_session(connection, stated=licensed).rows(a_query("SELECT ash", "Diagnostics Pack")) == []


def test_a_query_that_is_refused_says_so() -> None:
    connection = Connection({"~SELECT": oracle_error(942, "table or view does not exist")})
    with pytest.raises(PlatformError) as refused:
        a_session(connection).rows(a_query("SELECT x"))
    assert refused.value.error.code == "ORA-00942"


def test_a_step_is_sent_as_it_stands_settings_first() -> None:
    connection = Connection()
    step = a_step('ALTER INDEX "S"."i%s:x" REBUILD ONLINE', settings=("ALTER SESSION SET ddl_lock_timeout = 30",))
    outcome = a_session(connection).execute(step)
    assert outcome.error is None
    assert sent(connection) == ["ALTER SESSION SET ddl_lock_timeout = 30", 'ALTER INDEX "S"."i%s:x" REBUILD ONLINE']
    assert all(binds == {} for binds in connection.binds)


def test_a_refused_statement_is_an_outcome_and_the_next_is_not_sent() -> None:
    connection = Connection({"~one": oracle_error(54, "resource busy")})
    outcome = a_session(connection).execute(a_step("ALTER INDEX one REBUILD", "ALTER INDEX two REBUILD"))
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.LOCK
    assert sent(connection) == ["ALTER INDEX one REBUILD"]


def test_changes_of_rows_are_counted_and_changes_of_structure_are_not() -> None:
    connection = Connection()
    connection.rowcounts = {"DELETE FROM t": 3, "delete from u": 4, "ALTER TABLE t MOVE": 0}
    assert a_session(connection).execute(a_step("DELETE FROM t", "delete from u")).meters.rows == 7
    assert a_session(connection).execute(a_step("ALTER TABLE t MOVE")).meters.rows is None


def test_a_transaction_is_committed_as_a_whole() -> None:
    connection = Connection()
    connection.autocommit = True
    autocommit: list[bool] = []
    connection.answers["~DELETE"] = lambda: autocommit.append(connection.autocommit) or []
    assert a_session(connection).execute(a_step("DELETE FROM t", begin="SET TRANSACTION READ WRITE")).error is None
    assert sent(connection) == ["SET TRANSACTION READ WRITE", "DELETE FROM t", "(commit)"]
    assert autocommit == [False]
    assert connection.autocommit


def test_a_transaction_that_fails_is_rolled_back_as_a_whole() -> None:
    connection = Connection({"~two": oracle_error(1555, "snapshot too old")})
    step = a_step("DELETE FROM one", "DELETE FROM two", begin="SET TRANSACTION READ WRITE")
    outcome = a_session(connection).execute(step)
    assert outcome.error is not None
    assert sent(connection)[-1] == "(rollback)"
    assert connection.autocommit


def test_what_was_compiled_with_errors_has_failed_and_says_where() -> None:
    errors = [{"TYPE": "PROCEDURE", "LINE": 3, "POSITION": 1, "TEXT": "PLS-00201: identifier\n 'X' must be declared"}]
    connection = Connection({"compile_errors": errors})
    statement = 'ALTER PROCEDURE "SALES"."P" COMPILE'
    connection.warnings = {statement: driver._create_warning(driver.WRN_COMPILATION_ERROR)}
    outcome = a_session(connection).execute(a_step(statement))
    assert outcome.error is not None
    assert (outcome.error.error_class, outcome.error.code) == (ErrorClass.PERMANENT, "ORA-24344")
    assert outcome.error.message == (
        "SALES.IX was compiled with errors: line 3: PLS-00201: identifier 'X' must be declared."
    )
    assert {"owner": "SALES", "name": "IX"} in connection.binds


def test_compile_errors_that_only_the_owner_may_see_are_asked_for_in_the_other_view() -> None:
    connection = Connection({
        "compile_errors": oracle_error(942, "table or view does not exist"),
        "visible_compile_errors": [{"TYPE": "VIEW", "LINE": 1, "POSITION": 1, "TEXT": "ORA-00942: gone"}],
    })  # fmt: skip
    connection.warnings = {"ALTER VIEW v COMPILE": driver._create_warning(driver.WRN_COMPILATION_ERROR)}
    outcome = a_session(connection).execute(a_step("ALTER VIEW v COMPILE"))
    assert outcome.error is not None
    assert "line 1: ORA-00942: gone" in outcome.error.message


def test_a_connection_that_breaks_is_never_used_again() -> None:
    connection = Connection({"~REBUILD": oracle_error(3113, "end-of-file on communication channel")})
    session = a_session(connection)
    outcome = session.execute(a_step("ALTER INDEX i REBUILD", "ALTER INDEX j REBUILD"))
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.LOST
    assert outcome.meters.cpu_ms is None
    assert connection.is_closed
    with pytest.raises(PlatformError) as refused:
        session.rows(a_query("SELECT x"))
    assert refused.value.error.error_class is ErrorClass.LOST


@pytest.mark.parametrize(
    "error", [driver_error(driver.ERR_CALL_TIMEOUT_EXCEEDED, timeout=0), TimeoutError(110, "timed out")]
)
def test_a_peer_that_answers_no_more_leaves_an_unknown_outcome(error: Exception) -> None:
    connection = Connection({"~REBUILD": error})
    outcome = a_session(connection).execute(a_step("ALTER INDEX i REBUILD"))
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.LOST
    assert connection.is_closed


def test_a_transaction_whose_connection_breaks_asks_nothing_more_of_it() -> None:
    connection = Connection({"~DELETE": oracle_error(3113, "end-of-file on communication channel")})
    outcome = a_session(connection).execute(a_step("DELETE FROM t", begin="SET TRANSACTION READ WRITE"))
    assert outcome.error is not None
    assert (outcome.error.error_class, outcome.error.code) == (ErrorClass.LOST, "ORA-03113")
    assert sent(connection) == ["SET TRANSACTION READ WRITE", "DELETE FROM t"]
    assert connection.is_closed


def test_a_connection_that_the_database_has_taken_leave_of_is_not_asked_again() -> None:
    connection = Connection()
    session = a_session(connection)
    connection.is_gone = True
    with pytest.raises(PlatformError) as refused:
        session.rows(a_query("SELECT x"))
    assert refused.value.error.error_class is ErrorClass.LOST
    session.cancel()
    session.close()
    assert connection.sent == []


def test_a_running_statement_is_broken_and_what_follows_is_not_sent() -> None:
    connection = Connection()
    connection.answers["~one"] = connection.until_broken
    session = a_session(connection)
    thread, results = in_thread(lambda: session.execute(a_step("ALTER INDEX one REBUILD", "ALTER INDEX two REBUILD")))
    assert connection.runs.wait(10)
    session.cancel()
    thread.join(10)
    outcome = results[0]
    assert outcome is not None
    assert outcome.error is not None
    assert (outcome.error.error_class, outcome.error.message) == (ErrorClass.CANCELLED, "stopped on request")
    assert sent(connection) == ["ALTER INDEX one REBUILD", "(break)"]


def test_without_anything_at_work_a_cancel_sends_no_break_that_would_hit_the_next_question() -> None:
    connection = Connection()
    session = a_session(connection)
    session.cancel()
    assert session.rows(a_query("SELECT x")) == []
    assert "(break)" not in connection.sent


def test_a_cancel_between_two_statements_sends_no_break_and_stops_the_next() -> None:
    connection = Connection()
    session = a_session(connection)
    connection.warnings = {}
    with session.at_work():
        session.cancel()
        outcome = session.execute(a_step("ALTER INDEX i REBUILD"))
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.CANCELLED
    assert sent(connection) == []
    assert session.rows(a_query("SELECT x")) == []


def test_a_break_that_came_too_late_is_caught_before_the_next_question() -> None:
    connection = Connection()
    session = a_session(connection)
    connection.answers["~one"] = lambda: session.cancel() or []  # the statement ends well all the same
    connection.pings = [oracle_error(1013, "user requested cancel of current operation")]
    outcome = session.execute(a_step("ALTER INDEX one REBUILD"))
    assert outcome.error is None
    assert sent(connection) == ["ALTER INDEX one REBUILD", "(break)", "(ping within 5000 ms)"]
    assert connection.call_timeout == 0
    assert session.rows(a_query("SELECT x")) == []


def test_a_connection_that_stays_out_of_step_after_a_break_is_thrown_away() -> None:
    connection = Connection()
    session = a_session(connection)
    connection.answers["~one"] = lambda: session.cancel() or []
    connection.pings = [driver_error(driver.ERR_CALL_TIMEOUT_EXCEEDED, timeout=5000)]
    assert session.execute(a_step("ALTER INDEX one REBUILD")).error is None
    assert connection.is_closed


def test_a_look_that_takes_longer_than_its_limit_is_broken_and_says_so() -> None:
    connection = Connection()
    connection.answers["~SELECT"] = connection.until_broken
    session = a_session(connection)
    with session.at_work(limit_seconds=0.05), pytest.raises(PlatformError) as refused:
        session.rows(a_query("SELECT x"))
    assert refused.value.error.error_class is ErrorClass.CANCELLED
    assert "took longer than 0.05 seconds" in refused.value.error.message


def test_meters_are_the_sessions_own_after_less_before() -> None:
    readings = iter([
        [_reading("CPU used by this session", 100), _reading("session pga memory max", 1_048_576)],
        [_reading("CPU used by this session", 142), _reading("session pga memory max", 3_145_728)],
    ])  # fmt: skip
    connection = Connection({"own_statistics": lambda: next(readings)})
    meters = a_session(connection).execute(a_step("ALTER INDEX i REBUILD")).meters
    assert (meters.cpu_ms, meters.memory_mb, meters.io_operations) == (420, 3.0, None)


def _reading(name: str, value: int) -> dict[str, object]:
    return {"NAME": name, "VALUE": value}


def test_progress_is_asked_beside_and_only_while_something_runs() -> None:
    beside = Connection({
        "progress": [{
            "STATE": "WAITED SHORT TIME", "EVENT": "db file scattered read", "BLOCKING_SESSION": None,
            "BLOCKING_INSTANCE": None, "OPNAME": "Table Scan", "SOFAR": 30, "TOTALWORK": 120,
        }]
    })  # fmt: skip
    connection = Connection()
    connection.answers["~REBUILD"] = connection.until_broken
    session = a_session(connection, beside)
    assert session.progress() is None
    thread, _ = in_thread(lambda: session.execute(a_step("ALTER INDEX i REBUILD")))
    assert connection.runs.wait(10)
    progress = session.progress()
    session.cancel()
    thread.join(10)
    assert progress is not None
    assert (progress.fraction, progress.phase) == (0.25, "Table Scan")
    assert beside.binds == [{"instance": 1, "sid": 123, "serial": 4567}]
    session.close()
    assert connection.is_closed
    assert beside.is_closed


@pytest.mark.parametrize(
    ("seen", "fraction", "phase"),
    [
        ({"STATE": "WAITING", "EVENT": "enq: TX - row lock contention", "BLOCKING_SESSION": 9, "BLOCKING_INSTANCE": 2}, None,
         "enq: TX - row lock contention, waiting for session 9,@2 (enq: TX - row lock contention)"),
        ({"STATE": "WAITING", "EVENT": "db file sequential read"}, None, "db file sequential read"),
        ({"STATE": "WAITED KNOWN TIME", "EVENT": "x"}, None, "at work"),
        ({"STATE": "WAITING", "EVENT": "x", "OPNAME": "Sort Output", "SOFAR": 7, "TOTALWORK": 5}, 1.0, "Sort Output"),
    ],
)  # fmt: skip
def test_the_phase_is_in_the_databases_words(seen: dict[str, Any], fraction: float | None, phase: str) -> None:
    empty = dict.fromkeys(("BLOCKING_SESSION", "BLOCKING_INSTANCE", "OPNAME", "SOFAR", "TOTALWORK"))
    connection = Connection()
    connection.answers["~REBUILD"] = connection.until_broken
    session = a_session(connection, Connection({"progress": [{**empty, **seen}]}))
    thread, _ = in_thread(lambda: session.execute(a_step("ALTER INDEX i REBUILD")))
    assert connection.runs.wait(10)
    progress = session.progress()
    session.cancel()
    thread.join(10)
    assert progress is not None
    assert (progress.fraction, progress.phase) == (fraction, phase)


def test_closing_waits_no_longer_than_a_round_trip_may_take() -> None:
    connection = Connection()
    begun = time.monotonic()
    a_session(connection).close()
    assert connection.call_timeout == 5000
    assert time.monotonic() - begun < 5
