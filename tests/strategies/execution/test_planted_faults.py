"""Faults of space and of integrity, planted for real and taken through the whole portal: found, named, mended or left, kept.

What each looks like on its platform is tested with the platforms; here a person's view of it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from maintenance_portal import tasks
from strategies import needs, runs
from strategies.audit import Actor
from strategies.models import Finding, JobRun, OperationLog, RunStatus, Target
from strategies.workers import WorkerIdentity
from tests.servers import RunningServer, available_servers, start_server
from tests.strategies.execution.conftest import registered

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")
PAGE = 8192
SPACE, INTEGRITY = "SPACE_MAINTENANCE", "INTEGRITY_VALIDATION"


def carried_out(target: Target, strategy: str, **parameters: Any) -> JobRun:
    """A run as a person has it made: planned, seen, released, and carried out by a worker."""
    run = runs.ask(ANNA, target, strategy, timezone.now(), parameters=parameters, wake=False)
    assert runs.plan(run, timezone.now()), run.message
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    taken = runs.claim(run.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None, run.reasons
    tasks.carry_out(taken)
    run.refresh_from_db()
    return run


def found(target: Target, strategy: str, **parameters: Any) -> list[tuple[str, str, str]]:
    """What an assessment leaves as findings of the target: kind, object, severity."""
    assessment = needs.ask_assessment(ANNA, target, strategy, timezone.now(), wake=False)
    assessment.parameters = parameters
    assert needs.assess(assessment) is not None, assessment.error
    return kept(target)


def kept(target: Target) -> list[tuple[str, str, str]]:
    rows = Finding.objects.current().filter(target=target).order_by("object")
    return list(rows.values_list("kind", "object", "severity"))


def ends(run: JobRun) -> list[tuple[str, str]]:
    return list(OperationLog.objects.filter(run=run).order_by("operation_id").values_list("target_object", "status"))


@pytest.fixture(scope="module")
def checking() -> Iterator[RunningServer]:
    """A server that comes with amcheck; the distribution's has it, wheels may lack it."""
    for binaries in available_servers():
        with start_server(binaries) as server, server.connect() as admin:
            if admin.execute("SELECT FROM pg_available_extensions WHERE name = 'amcheck'").fetchall():
                yield server
                return
    pytest.skip("no server of this machine comes with amcheck")


class TestPostgresql:
    @pytest.fixture
    def sql(self, checking: RunningServer) -> Iterator[psycopg.Connection[Any]]:
        with checking.database() as name, checking.connect(name) as connection:
            yield connection

    @pytest.fixture
    def target(self, checking: RunningServer, sql: psycopg.Connection[Any]) -> Target:
        return registered("postgresql", checking.url(sql.info.dbname), "shop")

    def overwrite(self, server: RunningServer, sql: psycopg.Connection[Any], table: str) -> None:
        """A page of its file; no session holds it in memory, since the database is a copy that nobody has read."""
        asked = "SELECT current_setting('data_directory'), pg_relation_filepath(%s::regclass)"
        (folder, file) = sql.execute(asked, [table]).fetchall()[0]
        with Path(folder, file).open("r+b") as pages:
            pages.seek(3 * PAGE)
            pages.write(b"\xff" * 64)

    def test_a_corrupted_page_fails_the_run_by_name_and_stays_a_finding_until_its_table_is_whole(
        self, checking: RunningServer
    ) -> None:
        with checking.database() as filled:
            with checking.connect(filled) as sql:
                sql.execute("CREATE EXTENSION amcheck")
                for name in ("bad", "good"):
                    sql.execute(f"CREATE TABLE {name} AS SELECT i AS a, 'x' AS b FROM generate_series(1, 5000) i")
                    sql.execute(f"CREATE INDEX {name}_a ON {name} (a)")
            copy = f"{filled}_copy"
            with checking.connect() as admin:
                admin.execute(f"CREATE DATABASE {copy} TEMPLATE {filled} STRATEGY file_copy")
                try:
                    with checking.connect(copy) as sql:
                        self.overwrite(checking, sql, "bad")
                        self.corrupted(registered("postgresql", checking.url(copy), "shop"), sql)
                finally:
                    admin.execute(f"DROP DATABASE {copy} WITH (FORCE)")

    def corrupted(self, target: Target, sql: psycopg.Connection[Any]) -> None:
        assert found(target, INTEGRITY) == [], "a look reads the catalogue only"
        run = carried_out(target, INTEGRITY)
        assert (run.status, run.error_code) == (RunStatus.FAILED, "XX001")
        assert "public.bad is damaged: invalid page in block 3 of relation base/" in run.message
        assert ("public.bad", "ERROR") in ends(run)
        assert {("public.good", "SUCCESS"), ("public.good_a", "SUCCESS")} <= set(ends(run)), "the rest is checked"
        damage = ("failed_check", "public.bad", "critical")
        assert damage in found(target, INTEGRITY)
        assert carried_out(target, INTEGRITY).status == RunStatus.FAILED, "nothing was repaired by itself"

        sql.execute("DROP TABLE bad")
        sql.execute("CREATE TABLE bad AS SELECT 1 AS a")  # as after a restore
        run = carried_out(target, INTEGRITY)
        assert run.status == RunStatus.SUCCEEDED, run.message
        assert kept(target) == []

    def test_a_constraint_that_was_not_validated_is_found_validated_and_not_found_again(
        self, target: Target, sql: psycopg.Connection[Any]
    ) -> None:
        sql.execute("CREATE TABLE orders (id int, cents int)")
        sql.execute("INSERT INTO orders VALUES (1, 100)")
        sql.execute("ALTER TABLE orders ADD CONSTRAINT dear CHECK (cents > 0) NOT VALID")
        ((kind, name, severity),) = found(target, INTEGRITY)
        assert (kind, severity) == ("unvalidated_constraint", "warning")
        assert "dear" in name
        run = carried_out(target, INTEGRITY, validate_constraints=True)
        assert run.status == RunStatus.SUCCEEDED, run.message
        assert sql.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'dear'").fetchall() == [(True,)]
        assert found(target, INTEGRITY) == []

    def test_rows_that_break_a_constraint_fail_the_run_and_are_no_damage(
        self, target: Target, sql: psycopg.Connection[Any]
    ) -> None:
        sql.execute("CREATE TABLE orders (id int, cents int)")
        sql.execute("INSERT INTO orders VALUES (1, -100)")
        sql.execute("ALTER TABLE orders ADD CONSTRAINT dear CHECK (cents > 0) NOT VALID")
        run = carried_out(target, INTEGRITY, validate_constraints=True)
        assert (run.status, run.error_code) == (RunStatus.FAILED, "23514")
        assert "Nothing is damaged, but rows break a rule" in run.message
        assert "dear" in run.message
        assert [kind for kind, _, _ in found(target, INTEGRITY)] == ["unvalidated_constraint"]

    def test_dead_rows_are_found_by_evidence_removed_and_not_found_again(
        self, target: Target, sql: psycopg.Connection[Any]
    ) -> None:
        for name in ("much", "little"):
            sql.execute(f"CREATE TABLE {name} AS SELECT i AS a FROM generate_series(1, 20000) i")
        sql.execute("DELETE FROM much WHERE a % 2 = 0")
        sql.execute("DELETE FROM little WHERE a % 100 = 0")
        sql.execute("SELECT pg_stat_force_next_flush()")
        assert found(target, SPACE) == [("dead_rows", "public.much", "warning")]
        run = carried_out(target, SPACE)
        assert (run.status, ends(run)) == (RunStatus.SUCCEEDED, [("public.much", "SUCCESS")]), run.message
        assert found(target, SPACE) == []

    def test_a_bloated_table_is_written_anew_only_where_that_is_allowed(
        self, target: Target, sql: psycopg.Connection[Any]
    ) -> None:
        sql.execute("CREATE TABLE events AS SELECT i AS a, repeat('x', 200) AS b FROM generate_series(1, 20000) i")
        sql.execute("DELETE FROM events WHERE a % 10 <> 0")
        # Else what was deleted is counted only after the vacuum that removes it.
        sql.execute("SELECT pg_stat_force_next_flush()")
        sql.execute("VACUUM (ANALYZE) events")
        size = "SELECT pg_relation_size('events')"
        before = sql.execute(size).fetchall()[0][0]
        assert found(target, SPACE, reclaim_megabytes=1) == [("bloated_table", "public.events", "info")]
        run = runs.ask(ANNA, target, SPACE, timezone.now(), parameters={"reclaim_megabytes": 1}, wake=False)
        assert runs.plan(run, timezone.now())
        assert run.steps_total == 0
        assert "only where that is allowed" in run.plan["notes"][0]
        run = carried_out(target, SPACE, reclaim_megabytes=1, allow_blocking=True)
        assert run.status == RunStatus.SUCCEEDED, run.message
        assert sql.execute(size).fetchall()[0][0] < before / 5
        assert found(target, SPACE, reclaim_megabytes=1) == []


class TestSqlite:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "shop.db"
        with closing(sqlite3.connect(path)) as connection, connection:
            for name in ("bad", "good"):
                connection.execute(f"CREATE TABLE {name}(a, b)")
                connection.executemany(f"INSERT INTO {name} VALUES (?, ?)", ((n, "x" * 100) for n in range(500)))
                connection.execute(f"CREATE INDEX {name}_a ON {name}(a)")
        return path

    @pytest.fixture
    def target(self, path: Path) -> Target:
        return registered("sqlite", f"sqlite:///{path}", "shop")

    def asked(self, path: Path, question: str) -> Any:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(question).fetchone()[0]

    @pytest.fixture
    def smash(self, path: Path) -> Callable[[], Callable[[], None]]:
        """Overwrites a page of the table `bad`; what it gives puts the page back, as a restored backup does."""

        def smash() -> Callable[[], None]:
            root = self.asked(path, "SELECT rootpage FROM sqlite_master WHERE name = 'bad'")
            start, whole = (root - 1) * self.asked(path, "PRAGMA page_size"), path.read_bytes()
            path.write_bytes(whole[:start] + b"\xff" * 64 + whole[start + 64 :])

            def restore() -> None:
                path.write_bytes(whole)

            return restore

        return smash

    def test_a_damaged_file_fails_the_run_by_name_and_stays_a_finding_until_it_is_whole(
        self, target: Target, smash: Callable[[], Callable[[], None]]
    ) -> None:
        assert carried_out(target, INTEGRITY).status == RunStatus.SUCCEEDED
        restore = smash()
        run = carried_out(target, INTEGRITY)
        assert run.status == RunStatus.FAILED
        # By its version, SQLite tells of such a page in rows, or its check stops there: an error of the target's keeps its code.
        assert run.error_code in ("failed_check", "SQLITE_CORRUPT")
        assert "bad is damaged: " in run.message
        assert ends(run) == [("bad", "ERROR"), ("good", "SUCCESS")]
        assert found(target, INTEGRITY) == [("failed_check", "bad", "critical")]
        restore()
        run = carried_out(target, INTEGRITY)
        assert run.status == RunStatus.SUCCEEDED, run.message
        assert kept(target) == []

    def test_free_pages_are_found_by_evidence_given_back_and_not_found_again(self, target: Target, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE imported(x)")
            connection.executemany("INSERT INTO imported VALUES (?)", (("x" * 1000,) for _ in range(3000)))
            connection.execute("DROP TABLE imported")
        before = path.stat().st_size
        assert found(target, SPACE) == [], "3 MB are below the limit of 64"
        assert found(target, SPACE, reclaim_megabytes=1) == [("free_pages", "shop.db", "warning")]
        run = carried_out(target, SPACE, reclaim_megabytes=1)
        assert run.status == RunStatus.SUCCEEDED, run.message
        assert path.stat().st_size < before - 2_000_000
        assert found(target, SPACE, reclaim_megabytes=1) == []
