"""Checks before a start on a real server in which the situations are planted, and the sentences for those that cannot be."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from strategies.platforms.base import Problem, Session, SessionTag
from strategies.platforms.postgresql.platform import PLATFORM
from strategies.platforms.postgresql.prechecks import archived, invalid, lagging
from tests import servers
from tests.servers import RunningServer

Sql = Callable[..., list[tuple[Any, ...]]]


def ask(name: str, session: Session) -> Problem | None:
    return PLATFORM.prechecks[name].ask(session)


def test_a_healthy_server_holds_every_check_but_that_of_a_backup_which_it_does_not_make(session: Session) -> None:
    found = {name: ask(name, session) for name in PLATFORM.prechecks}
    assert found.pop("BACKUP_AGE") == Problem(
        "the server does not archive its log, and tells of no other backup.", blocks=False
    )
    assert set(found.values()) == {None}


def test_an_account_without_any_right_is_answered_all_the_same(sql: Sql, open_session: Callable[..., Session]) -> None:
    sql("DROP ROLE IF EXISTS unseeing", "CREATE ROLE unseeing LOGIN")
    weak = open_session("unseeing")
    assert all(problem is None or not problem.blocks for problem in (ask(name, weak) for name in PLATFORM.prechecks))


def test_an_invalid_index_is_named(session: Session, sql: Sql) -> None:
    sql("CREATE TABLE t (a int)", 'CREATE INDEX "T by a" ON t (a)', "CREATE INDEX u ON t (a)")
    assert ask("NO_INVALID_STATE", session) is None
    sql("""UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"T by a"'::regclass""")
    assert ask("NO_INVALID_STATE", session) == Problem('the index public."T by a" is invalid.')
    sql("UPDATE pg_index SET indisready = false WHERE indexrelid = 'u'::regclass")
    assert ask("NO_INVALID_STATE", session) == Problem('2 indexes are invalid: public."T by a", public.u.')


def test_of_many_invalid_indexes_some_are_named() -> None:
    assert invalid(["a", "b", "c", "d", "e"]) == Problem("5 indexes are invalid: a, b, c and 2 more.")


def test_a_server_that_only_reads_is_not_writable(session: Session, sql: Sql, database: str) -> None:
    sql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    assert ask("WRITABLE", session) is None  # sessions that are there keep what they have
    session._connection.execute("SET default_transaction_read_only = on")  # type: ignore[attr-defined]
    told = ask("WRITABLE", session)
    assert told == Problem("the server takes no changes now (read-only, or a standby).")


@dataclass(frozen=True)
class Archiving:
    """A server of its own, which writes a log that others can use. Archiving works once the file `permits` is there."""

    server: RunningServer
    binaries: servers.ServerBinaries
    permits: Path


@pytest.fixture(scope="module", params=servers.tested_servers(), ids=lambda binaries: f"postgresql-{binaries.major}")
def archiving(request: pytest.FixtureRequest) -> Iterator[Archiving]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)  # for the account of the server
        permits = Path(folder) / "permits"
        settings = {
            "wal_level": "replica",
            "archive_mode": "on",
            "archive_command": f"test -e {permits}",
            "max_wal_senders": "3",
        }
        with servers.start_server(request.param, **settings) as running:
            yield Archiving(running, request.param, permits)


@pytest.fixture
def watching(archiving: Archiving) -> Iterator[Session]:
    address = PLATFORM.address(archiving.server.url("postgres"))
    with PLATFORM.connect(address, None, SessionTag("abcd1234", "run", 7)) as session:
        yield session


def until(session: Session, name: str, wanted: Problem | None) -> None:
    limit = time.monotonic() + 100
    while (told := ask(name, session)) != wanted:
        assert time.monotonic() < limit, told
        time.sleep(0.05)


def test_an_archive_that_fails_is_in_the_way_until_it_works(archiving: Archiving, watching: Session) -> None:
    assert ask("BACKUP_AGE", watching) == Problem("the server has not archived any of its log yet.", blocks=False)
    failing = Problem("the server fails to archive its log: what is changed now can be restored from no backup.")
    with archiving.server.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
        connection.execute("SELECT pg_switch_wal()")
        until(watching, "BACKUP_AGE", failing)
        archiving.permits.touch()
        until(watching, "BACKUP_AGE", None)


def test_what_receives_the_log_is_a_replica_whose_lag_not_everybody_may_see(
    archiving: Archiving, watching: Session, tmp_path: Path
) -> None:
    server = archiving.server
    with server.connect() as connection:
        connection.execute("CREATE ROLE unseeing LOGIN")
        program = str(archiving.binaries.home / "bin" / "pg_receivewal")
        place = ["-D", str(tmp_path), "-h", str(server.socket), "-p", str(server.port), "-U", "postgres"]
        process = subprocess.Popen([program, *place], stderr=subprocess.DEVNULL)
        try:
            limit = time.monotonic() + 60
            while not connection.execute("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'").fetchall():
                assert time.monotonic() < limit
                assert process.poll() is None
                time.sleep(0.05)
            assert ask("REPLICA_LAG", watching) is None
            address = PLATFORM.address(server.url("postgres", "unseeing"))
            with PLATFORM.connect(address, None, SessionTag("abcd1234", "run", 7)) as weak:
                told = ask("REPLICA_LAG", weak)
            assert told == Problem("how far its replicas are behind cannot be seen without pg_monitor.", blocks=False)
        finally:
            process.terminate()
            process.wait(20)


def replica(name: str, flush: float | None, replay: float | None, *, is_hidden: bool = False) -> dict[str, Any]:
    return {"name": name, "is_hidden": is_hidden, "flush_seconds": flush, "replay_seconds": replay}


@pytest.mark.parametrize(
    ("replicas", "told"),
    [
        ([], None),
        ([replica("r1", None, None)], None),
        ([replica("r1", 29.9, 1)], None),
        (
            [replica("r1", 1, 2), replica("r2", 30, 45)],
            Problem("the replica r2 is 45 seconds behind in applying what the server writes.", blocks=False),
        ),
        (
            [replica("r1", 300.4, 300.4), replica("r2", None, None, is_hidden=True)],
            Problem("the replica r1 is 300 seconds behind in receiving what the server writes."),
        ),
    ],
)
def test_the_replica_that_is_furthest_behind_is_told(replicas: list[dict[str, Any]], told: Problem | None) -> None:
    assert lagging(replicas) == told


@pytest.mark.parametrize(("hours", "told"), [(25.9, None), (26.4, "the server last archived its log 26 hours ago.")])
def test_an_old_archive_is_noted_since_nobody_may_have_written(hours: float, told: str | None) -> None:
    found = archived({"is_archiving": True, "is_failing": False, "hours": hours})
    assert found == (None if told is None else Problem(told, blocks=False))
