"""Looks and steps end when somebody asks for it or a limit has passed, and what is asked afterwards is answered."""

from __future__ import annotations

import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from strategies.execution.watch import Watch
from strategies.models import JobRun
from strategies.plans import ErrorClass, LeftBehind, TargetError
from strategies.platforms.base import PlatformError
from strategies.platforms.queries import Query
from strategies.platforms.sqlite.catalogue import find_table
from strategies.platforms.sqlite.errors import target_error
from strategies.platforms.sqlite.indexes import CONCERN
from strategies.platforms.sqlite.session import SqliteSession
from strategies.platforms.sqlite.table_check import check_table
from strategies.routines.index_maintenance import IndexParameters
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile

SHORT = Query("short", "SELECT 1 AS one", "", "", "", "")
LONG = Query(
    "long", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000000) SELECT max(i) FROM n",
    "", "", "", "",
)  # fmt: skip
DEFAULTS = IndexParameters()


@pytest.fixture
def session(connect: Connect, target: TargetFile) -> SqliteSession:
    return connect(target.run("CREATE TABLE t(a)").path)


@pytest.fixture
def large(target: TargetFile) -> TargetFile:
    """A file whose check takes some tenths of a second at least."""
    target.run("PRAGMA synchronous = OFF", "CREATE TABLE orders(id INTEGER PRIMARY KEY, customer, placed)")
    target.fill("orders", 300_000, "n", "n * 7919 % 300007", "n")
    return target.run("CREATE INDEX by_customer ON orders(customer)", "CREATE INDEX by_day ON orders(placed)")


@contextmanager
def cancelling(session: SqliteSession, after: float, every: float) -> Iterator[None]:
    """Somebody wishes the work to end all the while, as the watch over a run says each second."""
    over = threading.Event()

    def ask() -> None:
        wait = after
        while not over.wait(wait):
            session.cancel()
            wait = every

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def error_of(refusal: pytest.ExceptionInfo[PlatformError]) -> TargetError:
    return refusal.value.error


def test_a_cancel_stops_a_running_query(session: SqliteSession) -> None:
    started = time.monotonic()
    with session.at_work(), cancelling(session, 0.1, 60), pytest.raises(PlatformError) as refusal:
        session.rows(LONG)
    assert error_of(refusal) == TargetError(ErrorClass.CANCELLED, "SQLITE_INTERRUPT", "stopped on request")
    assert time.monotonic() - started < 15


def test_a_cancel_between_two_queries_of_a_look_stops_the_next(session: SqliteSession) -> None:
    with session.at_work():
        assert session.rows(SHORT) == [{"one": 1}]
        session.cancel()
        with pytest.raises(PlatformError) as refusal:
            session.rows(SHORT)
    assert error_of(refusal).error_class is ErrorClass.CANCELLED
    assert session.rows(SHORT) == [{"one": 1}], "the look is over, and with it the wish to stop it"


def test_a_cancel_while_nobody_is_at_work_stops_nothing(session: SqliteSession) -> None:
    session.cancel()
    assert session.rows(SHORT) == [{"one": 1}]
    with session.at_work():
        assert session.rows(SHORT) == [{"one": 1}]


def test_the_watch_over_a_run_stops_the_look_at_hand_and_nothing_after_it(session: SqliteSession) -> None:
    watch = Watch(JobRun(), session)
    watch.give_up()
    with watch.at_work():
        assert session.rows(SHORT) == [{"one": 1}]
        watch._cancel_if_wished()
        with pytest.raises(PlatformError):
            session.rows(SHORT)
    watch._cancel_if_wished()
    assert session.rows(SHORT) == [{"one": 1}]


def test_what_is_asked_after_the_work_is_never_hit_however_late_the_cancel(session: SqliteSession) -> None:
    some_work = Query("q", LONG.sql.replace("300000000", "3000"), "", "", "", "")
    stopped = 0
    with cancelling(session, 0, 0.0001):
        for _ in range(300):
            try:
                with session.at_work():
                    session.rows(some_work)
            except PlatformError:
                stopped += 1
            assert session.rows(some_work) == [{"max(i)": 3000}]
    assert stopped


def test_each_question_of_a_run_ends_early_in_a_real_file(connect: Connect, large: TargetFile) -> None:
    large.redefine("by_customer", "CREATE INDEX by_customer ON orders(placed)")
    session = connect(large.path)
    (step,) = CONCERN.steps(CONCERN.assess(session, DEFAULTS, "ALL").findings, DEFAULTS)
    for ask in (
        lambda: CONCERN.assess(session, DEFAULTS, "ALL"),
        lambda: CONCERN.is_needed(session, step),
        lambda: CONCERN.verify(session, step, None),
    ):
        with session.at_work(), cancelling(session, 0.005, 1), pytest.raises(PlatformError) as refusal:
            ask()
        assert error_of(refusal).error_class is ErrorClass.CANCELLED
        assert CONCERN.state_left(session, step).kind is LeftBehind.CLEAN


def test_an_interrupt_is_one_whatever_code_comes_with_its_words() -> None:
    """As SQLite gives it where it comes while the table of a pragma is made."""
    error = sqlite3.OperationalError("interrupted")
    error.sqlite_errorname = "SQLITE_ERROR"
    assert target_error(error) == TargetError(ErrorClass.CANCELLED, "SQLITE_INTERRUPT", "interrupted")


def test_the_check_of_a_healthy_table_that_was_stopped_is_no_damage(connect: Connect, large: TargetFile) -> None:
    session = connect(large.path)
    table = find_table(session, "orders")
    assert table is not None
    with session.at_work(), cancelling(session, 0.005, 0.005), pytest.raises(PlatformError) as refusal:
        check_table(session, table)
    assert error_of(refusal).error_class is ErrorClass.CANCELLED
    assert check_table(session, table).in_pages == ()


def test_a_look_ends_at_its_limit_and_says_so(session: SqliteSession) -> None:
    started = time.monotonic()
    with session.at_work(limit_seconds=0.2), pytest.raises(PlatformError) as refusal:
        session.rows(LONG)
    expected = TargetError(ErrorClass.CANCELLED, "time_limit", "the look took longer than 0.2 seconds")
    assert error_of(refusal) == expected
    assert 0.2 <= time.monotonic() - started < 15
    assert session.rows(SHORT) == [{"one": 1}]


def test_the_limit_is_of_the_whole_look_not_of_each_query(session: SqliteSession) -> None:
    until = time.monotonic() + 10
    with session.at_work(limit_seconds=0.2), pytest.raises(PlatformError) as refusal:
        while time.monotonic() < until:
            session.rows(SHORT)
    assert error_of(refusal).code == "time_limit"


def test_a_look_within_its_limit_leaves_no_trace(session: SqliteSession) -> None:
    with session.at_work(limit_seconds=0.05):
        assert session.rows(SHORT) == [{"one": 1}]
    time.sleep(0.1)
    with session.at_work():
        assert session.rows(SHORT) == [{"one": 1}]
    assert "time limit" not in {thread.name for thread in threading.enumerate()}


def test_the_limit_of_an_inner_look_is_none_of_the_outer_one(session: SqliteSession) -> None:
    with session.at_work():
        with pytest.raises(PlatformError), session.at_work(limit_seconds=0.05):
            session.rows(LONG)
        assert session.rows(SHORT) == [{"one": 1}]
        with session.at_work():
            session.cancel()
        with pytest.raises(PlatformError):
            session.rows(SHORT)


def test_a_signal_that_interrupts_a_query_is_named_in_words(session: SqliteSession) -> None:
    """As the queue ends a task at its limit: the exception is lost within SQLite, so the error has to speak of it."""

    def raise_there(number: int, frame: FrameType | None) -> None:
        raise SystemExit("too long")

    before = signal.signal(signal.SIGALRM, raise_there)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(PlatformError) as refusal:
            session.rows(LONG)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert error_of(refusal).error_class is ErrorClass.CANCELLED
    assert "the time limit of its task" in error_of(refusal).message
