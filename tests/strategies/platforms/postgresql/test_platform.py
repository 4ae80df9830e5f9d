from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from strategies.plans import ErrorClass
from strategies.platforms.base import AddressRefused, PlatformError, RemoteSession, Session, SessionTag
from strategies.platforms.postgresql.errors import Then, connect_refusal
from strategies.platforms.postgresql.platform import PLATFORM
from tests.servers import RunningServer
from tests.strategies.platforms.postgresql.conftest import TAG, a_step, done

Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://anna@db.example:5433/shop", ("db.example", 5433, "anna", "shop")),
        ("postgres://anna@db.example/shop", ("db.example", None, "anna", "shop")),
        ("postgresql:///shop?host=/run/pg", ("/run/pg", None, "", "shop")),
        ("postgresql://an%40na@[::1]:5432/sh%20op?sslmode=require", ("::1", 5432, "an@na", "sh op")),
    ],
)
def test_an_address_is_read_and_written_as_one_text(url: str, expected: tuple[Any, ...]) -> None:
    address = PLATFORM.address(url)
    assert (address.host, address.port, address.user, address.database) == expected
    assert PLATFORM.address(address.url) == address


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://anna:hunter2@db/shop", "must not contain a password"),
        ("postgresql://anna:@db/shop", "must not contain a password"),
        ("postgresql://db", "name of one database"),
        ("postgresql://db/", "name of one database"),
        ("postgresql://db/a/b", "name of one database"),
        ("postgresql://db:port/shop", "port"),
        ("postgresql://db:99999/shop", "port"),
        ("mysql://db/shop", "begins with postgresql://"),
        ("postgresql://db/shop?options=-csearch_path", "Unknown option options"),
        ("postgresql://db/shop?password=hunter2", "Unknown option password"),
        ("postgresql://db/shop?host=relative/folder", "absolute path"),
        ("postgresql://db/shop?sslmode=sometimes", "sslmode is one of"),
        ("postgresql://[::1/shop", "cannot be read"),
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence_and_without_the_secret(url: str, why: str) -> None:
    with pytest.raises(AddressRefused, match=why) as refusal:
        PLATFORM.address(url)
    assert "hunter2" not in str(refusal.value)


def test_the_server_says_what_it_is(session: Session, server: RunningServer, database: str) -> None:
    facts = session.facts()
    assert facts.version_number // 10_000 == server.major
    assert (facts.product, facts.database, facts.role, facts.user) == ("PostgreSQL", database, "primary", "postgres")
    assert facts.is_writable
    assert facts.size_bytes is not None
    assert facts.details["Superuser"] == "yes"


def test_a_database_that_is_read_only_says_so(server: RunningServer, database: str, sql: Sql) -> None:
    sql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    with PLATFORM.connect(PLATFORM.address(server.url(database)), None, TAG) as session:
        assert not session.facts().is_writable


def test_a_wrong_or_missing_password_is_an_authentication_error_that_names_no_secret(
    server: RunningServer, database: str, sql: Sql
) -> None:
    sql("DROP ROLE IF EXISTS guarded", "CREATE ROLE guarded LOGIN PASSWORD 'the right one'")
    address = PLATFORM.address(server.tcp_url(database, "guarded"))
    for secret in ("hunter2", None):
        with pytest.raises(PlatformError) as refusal:
            PLATFORM.connect(address, secret, TAG)
        assert refusal.value.error.error_class is ErrorClass.AUTHENTICATION
        assert refusal.value.error.code == (
            "28P01" if secret else "28000"
        )  # the server's own, and the library's refusal
        assert "hunter2" not in str(refusal.value)
        assert refusal.value.__cause__ is None
    with PLATFORM.connect(address, "the right one", TAG) as session:
        assert session.facts().user == "guarded"


def test_what_cannot_be_reached_may_be_reached_later_and_a_missing_database_may_not(server: RunningServer) -> None:
    for url, error_class in (
        ("postgresql://anna@127.0.0.1:1/shop", ErrorClass.TRANSIENT),
        ("postgresql:///shop?host=/nowhere", ErrorClass.TRANSIENT),
        (server.url("no_such_database"), ErrorClass.PERMANENT),
    ):
        with pytest.raises(PlatformError) as refusal:
            PLATFORM.connect(PLATFORM.address(url), None, TAG, timeout_seconds=2)
        assert refusal.value.error.error_class is error_class, url
        if ":1/" in url:
            assert "Connection refused. Is the server running" in refusal.value.error.message


@pytest.mark.parametrize(
    ("words", "error_class", "then"),
    [
        ('FATAL:  password authentication failed for user "a"', ErrorClass.AUTHENTICATION, Then.NOTHING),
        ("fe_sendauth: no password supplied", ErrorClass.AUTHENTICATION, Then.NOTHING),
        (
            "SCHWERWIEGEND:  Passwort-Authentifizierung für Benutzer »a« fehlgeschlagen",
            ErrorClass.AUTHENTICATION,
            Then.NOTHING,
        ),
        ('FATAL:  role "a" is not permitted to log in', ErrorClass.AUTHENTICATION, Then.NOTHING),
        ('FATAL:  no pg_hba.conf entry for host "1.2.3.4"', ErrorClass.AUTHENTICATION, Then.OTHER_ENCRYPTION),
        ("FATAL:  the database system is starting up", ErrorClass.TRANSIENT, Then.OTHER_ADDRESS),
        ("FATAL:  sorry, too many clients already", ErrorClass.TRANSIENT, Then.OTHER_ADDRESS),
        ("connection timeout expired", ErrorClass.TRANSIENT, Then.OTHER_ADDRESS),
        (
            "Permission denied\n\tIs the server running locally and accepting connections on that socket?",
            ErrorClass.TRANSIENT,
            Then.OTHER_ADDRESS,
        ),
        ("server is not in hot standby mode", ErrorClass.TRANSIENT, Then.OTHER_ADDRESS),
        ("server does not support SSL, but SSL was required", ErrorClass.PERMANENT, Then.OTHER_ENCRYPTION),
        (
            'root certificate file "/home/timeout/root.crt" does not exist',
            ErrorClass.PERMANENT,
            Then.NOTHING,
        ),
        ('server certificate for "a" does not match host name "b"', ErrorClass.PERMANENT, Then.NOTHING),
        ('FATAL:  database "x" does not exist', ErrorClass.PERMANENT, Then.NOTHING),
        (
            'FATAL:  permission denied for database "x"\nDETAIL:  User does not have CONNECT privilege.',
            ErrorClass.PERMANENT,
            Then.NOTHING,
        ),
    ],
)
def test_a_refusal_at_the_door_is_told_apart_by_its_words(words: str, error_class: ErrorClass, then: Then) -> None:
    for place in ('at "1.2.3.4", port 5432', 'at "::1", port 5432', 'on socket "/timeout/certificate/.s.PGSQL.5432"'):
        text = f"connection failed: connection to server {place} failed: {words}"
        refusal = connect_refusal(psycopg.OperationalError(text))
        assert (refusal.error.error_class, refusal.then) == (error_class, then)
        assert "connection to server" not in refusal.error.message


@pytest.mark.parametrize(
    "name",
    [
        "timeout", "unreachable", "certificate", "too many clients", 'x" the database system is starting up', "FATAL:  y",
        'database "d" does not exist', 'connection to server at "h" failed: timeout expired',
    ],
)  # fmt: skip
def test_no_name_of_an_account_hides_that_it_was_refused(name: str) -> None:
    text = f'connection to server at "h", port 1 failed: FATAL:  password authentication failed for user "{name}"'
    assert connect_refusal(psycopg.OperationalError(text)).error.error_class is ErrorClass.AUTHENTICATION


def test_a_refused_account_counts_more_than_another_address_that_was_not_reached() -> None:
    unreached = 'connection to server at "::1", port 1 failed: Connection refused'
    refused = 'connection to server at "127.0.0.1", port 1 failed: FATAL:  password authentication failed for user "a"'
    for text in (f"{unreached}\n{refused}", f"{refused}\n{unreached}"):
        assert connect_refusal(psycopg.OperationalError(text)).error.error_class is ErrorClass.AUTHENTICATION


def test_a_session_carries_its_run_and_others_of_the_portal_are_not_taken_for_it(
    open_session: Callable[..., Session],
) -> None:
    asking = open_session(tag=SessionTag("abcd1234", "look"))
    mine = open_session()
    open_session(tag=SessionTag("abcd1234", "run", 70))
    open_session(tag=SessionTag("ffffffff", "run", 7))
    found = PLATFORM.our_sessions(asking, TAG)
    assert [remote.session_id for remote in found] == [mine.session_id]
    assert not found[0].is_working


def in_background(session: Session, *statements: str) -> tuple[threading.Thread, list[Any]]:
    outcomes: list[Any] = []
    thread = threading.Thread(target=lambda: outcomes.append(session.execute(a_step(*statements))))
    thread.start()
    return thread, outcomes


def wait_until(condition: Callable[[], Any]) -> Any:
    until = time.monotonic() + 20
    while not (found := condition()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return found


def test_cancel_ends_the_statement_and_the_server_lists_it_no_more(open_session: Callable[..., Session]) -> None:
    asking, working = open_session(tag=SessionTag("abcd1234", "look")), open_session()
    thread, outcomes = in_background(working, "SELECT pg_sleep(60)")
    wait_until(lambda: [r for r in PLATFORM.our_sessions(asking, TAG) if r.is_working])
    until = time.monotonic() + 10
    # Again and again, as who watches a run does: what works there may be a reading of meters yet.
    while thread.is_alive() and time.monotonic() < until:
        working.cancel()
        thread.join(0.2)
    assert outcomes[0].error.error_class is ErrorClass.CANCELLED
    assert outcomes[0].error.code == "57014"
    assert not [r for r in PLATFORM.our_sessions(asking, TAG) if r.is_working]
    done(working.execute(a_step("SELECT 1")))


def test_a_cancel_between_two_statements_counts_too(session: Session) -> None:
    thread, outcomes = in_background(session, "SELECT pg_sleep(0.5)", *["SELECT pg_sleep(0.01)"] * 1000)
    time.sleep(0.8)
    session.cancel()
    thread.join(10)
    assert outcomes[0].error.error_class is ErrorClass.CANCELLED


def test_a_session_can_be_ended_from_another_and_its_step_is_lost(open_session: Callable[..., Session]) -> None:
    asking, working = open_session(tag=SessionTag("abcd1234", "look")), open_session()

    def asleep() -> list[RemoteSession]:
        return [r for r in PLATFORM.our_sessions(asking, TAG) if r.is_working and "pg_sleep" in r.statement]

    thread, outcomes = in_background(working, "SELECT pg_sleep(60)")
    (remote,) = wait_until(asleep)
    assert PLATFORM.end_session(asking, remote, force=False)
    thread.join(10)
    assert outcomes[0].error.error_class is ErrorClass.CANCELLED
    thread, outcomes = in_background(working, "SELECT pg_sleep(60)")
    (remote,) = wait_until(asleep)
    assert PLATFORM.end_session(asking, remote, force=True)
    thread.join(10)
    assert outcomes[0].error.error_class is ErrorClass.LOST
    with pytest.raises(PlatformError) as refusal:
        working.facts()
    assert refusal.value.error.error_class is ErrorClass.LOST


def test_a_lock_that_does_not_come_in_time_is_told_apart(
    session: Session, sql: Sql, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    sql("CREATE TABLE t (a int)")
    other = connect()
    other.execute("BEGIN")
    other.execute("LOCK TABLE t")
    outcome = session.execute(a_step("ANALYZE t", settings=("SET lock_timeout = '200ms'",)))
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.LOCK


def test_while_it_waits_progress_names_the_session_in_the_way(
    session: Session, sql: Sql, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    sql("CREATE TABLE t (a int)")
    other = connect()
    other.execute("BEGIN")
    other.execute("LOCK TABLE t")
    assert session.progress() is None
    thread, outcomes = in_background(session, "ANALYZE t")
    seen = wait_until(lambda: (p := session.progress()) is not None and "waiting" in p.phase and p)
    assert str(other.info.backend_pid) in seen.phase
    other.execute("ROLLBACK")
    thread.join(10)
    done(outcomes[0])


def test_statements_in_a_transaction_hold_together_or_not_at_all(session: Session, sql: Sql) -> None:
    sql("CREATE TABLE t (a int)")
    outcome = session.execute(a_step("INSERT INTO t VALUES (1)", "SELECT 1/0", begin="BEGIN"))
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.PERMANENT
    assert sql("SELECT count(*) FROM t") == [(0,)]
    done(session.execute(a_step("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)", begin="BEGIN")))
    assert sql("SELECT count(*) FROM t") == [(2,)]


def test_meters_are_the_sessions_own_and_what_a_version_does_not_tell_is_not_measured(
    session: Session, sql: Sql, server: RunningServer
) -> None:
    sql("CREATE TABLE t AS SELECT i, md5(i::text) x FROM generate_series(1, 60000) i", "CREATE INDEX ti ON t (x)")
    rebuilt = done(session.execute(a_step("REINDEX (VERBOSE) INDEX CONCURRENTLY ti"))).meters
    assert rebuilt.cpu_ms is not None
    assert rebuilt.memory_mb is not None
    assert rebuilt.memory_mb > 0
    analysed = done(session.execute(a_step("ANALYZE (VERBOSE) t"))).meters
    assert analysed.rows == 30_000
    if server.major >= 18:
        assert rebuilt.io_operations is not None
        assert rebuilt.io_operations > 0
        assert analysed.cpu_ms is not None
    else:
        assert rebuilt.io_operations is None
        assert analysed.cpu_ms is None


def test_an_account_that_may_not_see_memory_gets_no_figure_for_it(
    sql: Sql, open_session: Callable[..., Session]
) -> None:
    sql("DROP ROLE IF EXISTS plain", "CREATE ROLE plain LOGIN")
    outcome = done(open_session("plain").execute(a_step("SELECT 1")))
    assert outcome.meters.memory_mb is None
