"""Whole runs on real databases: faults are met, stops are seen in the server's own list of sessions, silent failures are failures."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from maintenance_portal.demo.sqlite import build_messy_sqlite
from strategies import endings, needs, runs, successors, targets
from strategies.audit import Actor
from strategies.execution import runner
from strategies.models import Finding, JobRun, OperationLog, RunStatus, Stop, Target
from strategies.platforms.sqlite.session import SqliteSession
from tests.servers import RunningServer
from tests.strategies.execution.conftest import registered

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")
PATIENCE = 60.0
BOTH = ("INDEX_MAINTENANCE", "STATISTICS_MAINTENANCE")


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for something that must become true; how long it takes does not matter."""
    limit = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < limit, f"waited in vain for {what}"
        time.sleep(0.02)
    return found


def claimed(target: Target, strategy: str, timeout_seconds: int = 3600, **parameters: Any) -> JobRun:
    run = runs.ask(
        ANNA, target, strategy, timezone.now(), parameters=parameters, timeout_seconds=timeout_seconds, wake=False
    )
    assert runs.plan(run, timezone.now()), run.message
    assert run.steps_total
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    taken = runs.claim(run.pk, "host/1/2/3.00", timezone.now())
    assert taken is not None
    return taken


@contextmanager
def at_work(run: JobRun) -> Iterator[None]:
    """The run is carried out beside the test, as a worker does; afterwards it is over."""

    def work() -> None:
        try:
            runner.carry_out(run)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join(PATIENCE)
    assert not thread.is_alive()
    run.refresh_from_db()


def found(target: Target, strategy: str) -> dict[str, str]:
    """Assess for real: object → kind of what is found."""
    assessment = needs.ask_assessment(ANNA, target, strategy, timezone.now(), wake=False)
    assert needs.assess(assessment) is not None, assessment.error
    return {row.object: row.kind for row in Finding.objects.current().filter(target=target, strategy_name=strategy)}


class TestPostgresql:
    @pytest.fixture
    def sql(self, server: RunningServer, database: str) -> Iterator[psycopg.Connection[Any]]:
        with server.connect(database) as connection:
            yield connection

    @pytest.fixture
    def target(self, server: RunningServer, database: str, sql: psycopg.Connection[Any]) -> Target:
        """A shop with an invalid index, and a table without statistics."""
        sql.execute("CREATE TABLE orders AS SELECT i AS id, md5(i::text) AS code FROM generate_series(1, 5000) i")
        sql.execute("CREATE INDEX orders_by_code ON orders (code)")
        sql.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_by_code'::regclass")
        return registered("postgresql", server.url(database), "shop")

    @pytest.fixture
    def old_transaction(
        self, server: RunningServer, database: str, target: Target
    ) -> Iterator[Callable[[], psycopg.Connection[Any]]]:
        """Has an application begin a transaction that changes the table: an online rebuild waits until it ends."""
        with ExitStack() as applications:

            def begin() -> psycopg.Connection[Any]:
                application = applications.enter_context(server.connect(database))
                application.execute("BEGIN")
                application.execute("UPDATE orders SET code = code WHERE id = 1")
                return application

            yield begin

    def ours(self, sql: psycopg.Connection[Any], run: JobRun) -> list[tuple[Any, ...]]:
        """What the server itself lists as rebuilding for this run."""
        return sql.execute(
            "SELECT query FROM pg_stat_activity WHERE application_name = %s AND state = 'active' AND query LIKE 'REINDEX%%'",
            (targets.tag("run", run.pk).text,),
        ).fetchall()

    @pytest.mark.parametrize("strategy", BOTH)
    def test_a_planted_fault_is_found_met_and_not_found_again(self, strategy: str, target: Target) -> None:
        assert found(target, strategy)
        run = claimed(target, strategy)
        runner.carry_out(run)
        run.refresh_from_db()
        assert run.status == RunStatus.SUCCEEDED, run.message
        assert found(target, strategy) == {}
        assert not Finding.objects.filter(target=target, strategy_name=strategy, gone_at=None).exists()

    def test_a_cancel_is_seen_in_the_servers_own_list_of_sessions(
        self, target: Target, sql: psycopg.Connection[Any], old_transaction: Callable[[], psycopg.Connection[Any]]
    ) -> None:
        old_transaction()
        run = claimed(target, "INDEX_MAINTENANCE", lock_wait_seconds=600)
        with at_work(run):
            until(lambda: self.ours(sql, run), "the session of the run")
            assert endings.ask_stop(JobRun.objects.get(pk=run.pk), ANNA, Stop.CANCEL, timezone.now())
            until(lambda: not self.ours(sql, run), "the end of that session's work")
        assert run.status == RunStatus.CANCELLED
        operation = OperationLog.objects.get(run=run, step_key__startswith="rebuild")
        assert (operation.status, operation.error_code) == ("CANCELLED", "57014")
        left = sql.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'orders_by_code_ccnew%'").fetchone()
        assert (run.state_left == "needs_cleanup") == (left == (1,))

    def test_a_deadline_is_kept_and_seen_in_the_servers_own_list_of_sessions(
        self, target: Target, sql: psycopg.Connection[Any], old_transaction: Callable[[], psycopg.Connection[Any]]
    ) -> None:
        old_transaction()
        run = claimed(target, "INDEX_MAINTENANCE", timeout_seconds=3, lock_wait_seconds=600)
        with at_work(run):
            until(lambda: self.ours(sql, run), "the session of the run")
            until(lambda: not self.ours(sql, run), "the end of that session's work")
        assert run.status == RunStatus.TIMED_OUT
        assert OperationLog.objects.get(run=run, step_key__startswith="rebuild").status == "TIMEOUT"
        assert "Stopped at its limit of 3 s." in run.message

    def test_a_stop_after_the_step_lets_the_step_end(
        self, target: Target, sql: psycopg.Connection[Any], old_transaction: Callable[[], psycopg.Connection[Any]]
    ) -> None:
        sql.execute("CREATE INDEX orders_by_id ON orders (id)")
        sql.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_by_id'::regclass")
        application = old_transaction()
        run = claimed(target, "INDEX_MAINTENANCE", lock_wait_seconds=600)
        with at_work(run):
            until(lambda: self.ours(sql, run), "the session of the run")
            assert endings.ask_stop(JobRun.objects.get(pk=run.pk), ANNA, Stop.AFTER_STEP, timezone.now())
            until(lambda: JobRun.objects.get(pk=run.pk).status == RunStatus.STOPPING, "the wish to arrive")
            time.sleep(1.5)  # the watch looks each second, and must leave the statement alone
            assert self.ours(sql, run)
            application.execute("ROLLBACK")
        assert (run.status, run.state_left) == (RunStatus.CANCELLED, "clean")
        assert list(OperationLog.objects.filter(run=run).values_list("status", flat=True)) == ["SUCCESS"]
        assert successors.steps_left(run, runs.done_keys(run))

    def test_a_statement_that_reports_success_and_did_nothing_is_failed(
        self, target: Target, sql: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the target is sent is swallowed on the way; every answer is a success."""
        run = claimed(target, "INDEX_MAINTENANCE", retries=0)
        swallow(monkeypatch, target)
        runner.carry_out(run)
        run.refresh_from_db()
        assert (run.status, run.error_code) == (RunStatus.FAILED, "verification")
        assert OperationLog.objects.get(run=run).status == "ERROR"
        assert sql.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_by_code'::regclass"
        ).fetchone() == (False,)

    def test_what_the_plan_shows_is_what_the_server_gets(
        self, target: Target, sql: psycopg.Connection[Any], old_transaction: Callable[[], psycopg.Connection[Any]]
    ) -> None:
        application = old_transaction()
        run = claimed(target, "INDEX_MAINTENANCE", lock_wait_seconds=600)
        with at_work(run):
            (query,) = until(lambda: self.ours(sql, run), "the session of the run")[0]
            application.execute("ROLLBACK")
        assert query in [statement for step in runs.plan_of(run).steps for statement in step.statements]


class TestSqlite:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "shop.db"
        build_messy_sqlite(path)
        return path

    @pytest.fixture
    def target(self, file: Path) -> Target:
        return registered("sqlite", f"sqlite:///{file}", "shop")

    @pytest.mark.parametrize("strategy", BOTH)
    def test_a_planted_fault_is_found_met_and_not_found_again(self, strategy: str, target: Target, file: Path) -> None:
        with sqlite3.connect(file) as shop:
            shop.execute("DELETE FROM vouchers WHERE rowid NOT IN (SELECT min(rowid) FROM vouchers GROUP BY code)")
        assert found(target, strategy)
        run = claimed(target, strategy)
        runner.carry_out(run)
        run.refresh_from_db()
        assert run.status == RunStatus.SUCCEEDED, run.message
        assert found(target, strategy) == {}

    def test_a_cancel_interrupts_the_statement(self, tmp_path: Path) -> None:
        """Made long by a lock that another connection holds until the cancel was asked for."""
        path = tmp_path / "big.db"
        with sqlite3.connect(path) as big:
            big.executescript(
                "CREATE TABLE t (a INTEGER, b TEXT); CREATE INDEX i ON t (b, a);"
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
                "INSERT INTO t SELECT i, 'value ' || (i * 7919 % 6007) FROM n;"
            )
        target = registered("sqlite", f"sqlite:///{path}", "big")
        run = claimed(target, "STATISTICS_MAINTENANCE", lock_wait_seconds=600, retries=0)
        application = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        application.execute("BEGIN IMMEDIATE")
        with at_work(run):
            until(lambda: OperationLog.objects.filter(run=run, status="STARTED").exists(), "the step to begin")
            assert endings.ask_stop(JobRun.objects.get(pk=run.pk), ANNA, Stop.CANCEL, timezone.now())
        assert run.status == RunStatus.CANCELLED, run.message
        application.execute("ROLLBACK")
        application.close()
        assert OperationLog.objects.get(run=run).status == "CANCELLED"
        assert found(target, "STATISTICS_MAINTENANCE") != {}

    def test_a_statement_that_reports_success_and_did_nothing_is_failed(
        self, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = claimed(target, "STATISTICS_MAINTENANCE", retries=0)
        swallow(monkeypatch, target)
        runner.carry_out(run)
        run.refresh_from_db()
        assert (run.status, run.error_code) == (RunStatus.FAILED, "verification")

    def test_gathered_statistics_are_put_back_as_they_were(self, target: Target, file: Path) -> None:
        def recorded() -> list[Any]:
            with sqlite3.connect(file) as shop:
                return sorted(shop.execute("SELECT tbl, idx, stat FROM sqlite_stat1").fetchall(), key=str)

        before = recorded()
        assert before
        run = claimed(target, "STATISTICS_MAINTENANCE")
        runner.carry_out(run)
        assert recorded() != before
        run.refresh_from_db()
        back = successors.undo(run, ANNA, timezone.now())
        assert runs.release(back, ANNA, back.plan_digest, timezone.now())
        taken = runs.claim(back.pk, "host/1/2/3.00", timezone.now())
        assert taken is not None, back.reasons
        runner.carry_out(taken)
        back.refresh_from_db()
        assert back.status == RunStatus.SUCCEEDED, back.message
        assert recorded() == before

    def test_what_the_plan_shows_is_what_the_file_gets(self, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
        run = claimed(target, "STATISTICS_MAINTENANCE")
        sent: list[str] = []
        original = SqliteSession.execute

        def traced(self: SqliteSession, step: Any) -> Any:
            self._connection.set_trace_callback(sent.append)
            try:
                return original(self, step)
            finally:
                self._connection.set_trace_callback(None)

        monkeypatch.setattr(SqliteSession, "execute", traced)
        runner.carry_out(run)
        shown = "\n".join(step.sql for step in runs.plan_of(run).steps).split("\n")
        # Around these the session sets its own patience, again and again while it waits, and counts rows afterwards.
        own = re.compile(r"PRAGMA busy_timeout|PRAGMA threads$|SELECT |-- ")
        assert [f"{one};" for one in sent if not own.match(one)] == [one for one in shown if not own.match(one)]
        assert "BEGIN IMMEDIATE;" in shown


def swallow(monkeypatch: pytest.MonkeyPatch, target: Target) -> None:
    """Statements of steps vanish on the way to the target, and success is reported."""
    from strategies.plans import Outcome

    real = targets.session

    @contextmanager
    def lying(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with real(*args, **kwargs) as session:
            monkeypatch.setattr(session, "execute", lambda step: Outcome(3))
            yield session

    monkeypatch.setattr(targets, "session", lying)
