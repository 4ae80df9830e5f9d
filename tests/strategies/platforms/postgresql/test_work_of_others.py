from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from strategies.plans import ErrorClass, Step
from strategies.platforms.base import PlatformError, Session
from strategies.platforms.postgresql import transactions
from strategies.platforms.postgresql.indexes import CONCERN
from strategies.platforms.postgresql.platform import PLATFORM
from strategies.platforms.postgresql.statistics import CONCERN as STATISTICS
from strategies.routines.statistics_maintenance import StatisticsParameters
from tests import servers
from tests.strategies.platforms.postgresql.conftest import TAG, done
from tests.strategies.platforms.postgresql.test_indexes import FLUSH, PARAMETERS, assess, invalid_index, kinds, leftover

Sql = Callable[..., list[tuple[Any, ...]]]
Connect = Callable[[], psycopg.Connection[Any]]


@pytest.fixture
def weak(sql: Sql, open_session: Callable[..., Session]) -> Iterator[Session]:
    """The portal's account as it often is: it may act for the owner of the tables, and sees nothing of other accounts."""
    sql(
        "DROP ROLE IF EXISTS portal",
        "DROP ROLE IF EXISTS app",
        "CREATE ROLE app",
        "CREATE ROLE portal LOGIN IN ROLE app",
    )
    sql("GRANT CREATE ON SCHEMA public TO app")
    yield open_session("portal")
    sql("DROP OWNED BY app CASCADE")


@pytest.fixture
def table(sql: Sql, weak: Session) -> None:
    sql("CREATE TABLE t (a int)", "INSERT INTO t SELECT generate_series(1, 100)", "CREATE INDEX t_a ON t (a)")
    sql("ALTER TABLE t OWNER TO app")


@contextmanager
def at_work(connect: Connect, sql: Sql, statement: str, shows: str) -> Iterator[list[Any]]:
    """Another account's statement, which waits for an old transaction until the end; what came of it is in the list."""
    old, other = connect(), connect()
    old.execute("BEGIN")
    old.execute("INSERT INTO t VALUES (0)")
    results: list[Any] = []

    def work() -> None:
        try:
            results.append(other.execute(statement.encode()).statusmessage)
        except psycopg.Error as error:
            results.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: sql(shows))
    try:
        yield results
    finally:
        old.execute("COMMIT")
        thread.join(30)


def wait_for(condition: Callable[[], Any]) -> Any:
    until = time.monotonic() + 30
    while not (found := condition()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return found


def invalid(name: str) -> str:
    return f"SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('{name}') AND NOT indisvalid"


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("REINDEX INDEX CONCURRENTLY t_a", "t_a_ccnew"),
        ("CREATE INDEX CONCURRENTLY t_b ON t (a)", "t_b"),
        ("REINDEX TABLE CONCURRENTLY t", "t_a_ccnew"),
    ],
)
@pytest.mark.usefixtures("table")
def test_what_another_account_still_builds_is_no_finding_also_without_the_right_to_see_it(
    weak: Session, sql: Sql, connect: Connect, statement: str, index: str
) -> None:
    with at_work(connect, sql, statement, invalid(index)) as results:
        seen = assess(weak)
        assert seen.findings == ()
        (note,) = seen.notes
        assert f"public.{index} on public.t: invalid, but left alone now, since session " in note
    assert results == [statement.split()[0] + (" INDEX" if statement.startswith("CREATE") else "")]
    assert assess(weak).findings == ()
    assert assess(weak).notes == ()


@pytest.mark.usefixtures("table")
def test_a_copy_that_another_account_is_building_again_is_not_dropped(
    weak: Session, sql: Sql, connect: Connect
) -> None:
    with at_work(connect, sql, "REINDEX INDEX CONCURRENTLY t_a", invalid("t_a_ccnew")) as results:
        (oid,) = sql("SELECT 't_a_ccnew'::regclass::oid::bigint")[0]
        check = {"kind": "leftover_copy", "schema_name": "public", "index_name": "t_a_ccnew", "index_oid": oid}
        step = Step(
            key="k", operation_type="CLEANUP", object="public.t_a_ccnew", object_type="INDEX", reason="r",
            statements=("DROP INDEX CONCURRENTLY t_a_ccnew",), check=check,
        )  # fmt: skip
        with pytest.raises(PlatformError) as refusal:
            CONCERN.is_needed(weak, step)
        assert refusal.value.error.error_class is ErrorClass.LOCK
        assert "works on its table" in str(refusal.value)
    assert results == ["REINDEX"]


@pytest.mark.usefixtures("table")
def test_without_pg_monitor_a_rebuild_does_not_start_behind_a_transaction_that_stays_open(
    weak: Session, sql: Sql, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "WATCHED_SECONDS", 0.6)
    sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_a'::regclass")
    (step,) = CONCERN.steps(assess(weak).findings, PARAMETERS)
    old = connect()
    old.execute("BEGIN")
    old.execute("SELECT 1 FROM t")
    with pytest.raises(PlatformError) as refusal:
        CONCERN.is_needed(weak, step)
    assert refusal.value.error.error_class is ErrorClass.LOCK
    assert "cannot be seen without pg_monitor" in str(refusal.value)
    old.execute("ROLLBACK")
    assert CONCERN.is_needed(weak, step).is_needed
    done(weak.execute(step))
    assert CONCERN.verify(weak, step, None).ok


@pytest.mark.usefixtures("table")
def test_what_the_account_cannot_see_is_a_right_that_it_lacks_and_blocks_nothing(weak: Session, sql: Sql) -> None:
    (sight,) = CONCERN.missing_rights(weak, PARAMETERS)
    assert (sight.blocks, sight.grant) == (False, 'GRANT pg_monitor TO "portal";')
    sql("GRANT pg_monitor TO portal")
    assert CONCERN.missing_rights(weak, PARAMETERS) == []


_EAGER = {  # starts at once, and then crawls
    "autovacuum": "on", "autovacuum_naptime": "1s", "autovacuum_vacuum_cost_delay": "100ms",
    "autovacuum_vacuum_cost_limit": "1",
}  # fmt: skip


@pytest.mark.parametrize("binaries", servers.tested_servers(), ids=lambda binaries: f"postgresql-{binaries.major}")
def test_autovacuum_builds_no_index_and_hides_no_finding(
    binaries: servers.ServerBinaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in _EAGER.items():
        monkeypatch.setitem(servers._FAST, name, value)
    with servers.start_server(binaries) as server, server.connect() as applications:
        for statement in (
            "CREATE ROLE app LOGIN",
            "CREATE TABLE t AS SELECT i AS a FROM generate_series(1, 200000) i",
            "CREATE INDEX t_a ON t (a)",
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_a'::regclass",
            "ALTER TABLE t OWNER TO app",
            "DELETE FROM t WHERE a % 2 = 0",
        ):
            applications.execute(statement.encode())
        held = (
            b"SELECT 1 FROM pg_locks l JOIN pg_stat_activity s ON s.pid = l.pid AND s.backend_type = 'autovacuum worker'"
            b" WHERE l.relation = 't'::regclass AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted"
        )
        wait_for(lambda: applications.execute(held).fetchall())
        with PLATFORM.connect(PLATFORM.address(server.url("postgres", "app")), None, TAG) as session:
            assert kinds(session) == [("invalid_index", "public.t_a")]
        assert applications.execute(held).fetchall(), "autovacuum was faster than the look"


@pytest.mark.parametrize(
    "locks",
    [
        "LOCK TABLE t IN ACCESS EXCLUSIVE MODE",
        "REINDEX INDEX ra",
        "DROP INDEX u",
        "LOCK TABLE parts_1 IN ACCESS EXCLUSIVE MODE",
    ],
)
def test_a_table_that_somebody_has_locked_wholly_holds_no_look_up(
    session: Session, sql: Sql, connect: Connect, locks: str
) -> None:
    invalid_index(sql, connect)
    leftover(sql, connect)
    sql(
        "CREATE TABLE parts (a int) PARTITION BY RANGE (a)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (9)",
    )
    sql("CREATE INDEX ON parts (a)", "INSERT INTO parts SELECT i % 9 FROM generate_series(1, 2000) i", FLUSH)
    other = connect()
    other.execute("BEGIN")
    other.execute(locks.encode())
    with session.at_work(limit_seconds=20):
        looked = assess(session)
        seen = STATISTICS.assess(session, StatisticsParameters(), "ALL")
    assert {"public.t", "public.r", "public.parts"} <= {finding.object for finding in seen.findings}
    assert looked.findings or looked.notes
    other.execute("ROLLBACK")


def test_whoever_waits_to_lock_a_table_wholly_holds_no_look_up_either(
    session: Session, sql: Sql, connect: Connect
) -> None:
    """Everybody else queues behind."""
    sql("CREATE TABLE t (a int)", "INSERT INTO t SELECT generate_series(1, 2000)", "CREATE INDEX ta ON t (a)", FLUSH)
    reader, waiting = connect(), connect()
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM t")
    thread = threading.Thread(target=waiting.execute, args=("LOCK TABLE t IN ACCESS EXCLUSIVE MODE",), daemon=True)
    waiting.execute("BEGIN")
    thread.start()
    while not sql("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"):
        time.sleep(0.05)
    with session.at_work(limit_seconds=20):
        assert kinds(session) == []
        seen = STATISTICS.assess(session, StatisticsParameters(), "ALL")
    assert [finding.object for finding in seen.findings] == ["public.t"]
    reader.execute("ROLLBACK")
    thread.join(20)
    waiting.execute("ROLLBACK")
