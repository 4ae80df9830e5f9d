"""Commands as processes: exit states, pure output, Ctrl+C, and what is left when one is killed. Real SQLite, real PostgreSQL."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.long import ALL
from tests.maintenance_portal.commands.conftest import Installation
from tests.servers import RunningServer, available_servers, start_server

INDEX, STATISTICS = "INDEX_MAINTENANCE", "STATISTICS_MAINTENANCE"
Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    servers = available_servers()
    if not servers:
        pytest.skip("no PostgreSQL server on this machine")
    with start_server(servers[0]) as running:
        yield running


@pytest.fixture
def database(server: RunningServer) -> Iterator[str]:
    with server.database() as name:
        with server.connect(name) as connection:
            connection.execute("CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 5000) n")
        yield name


@pytest.fixture
def with_shop(installation: Installation, shop_file: Path) -> Installation:
    assert installation.command("register_target", "shop", f"sqlite:///{shop_file}").code == 0
    return installation


def test_each_exit_state_and_pure_output(with_shop: Installation) -> None:
    run = ("run_strategy", INDEX, "--target", "shop", "--json")
    bad = with_shop.command(*run, "--set", "bloat_percent=much")
    assert (bad.code, bad.out, bad.err.count("\n")) == (2, "", 1)
    assert bad.err.startswith("--set bloat_percent: ")
    unknown = with_shop.command(*run, "--colour", "red")
    assert (unknown.code, unknown.out, unknown.err) == (2, "", "unrecognized arguments: --colour red\n")
    good = with_shop.command(*run, PORTAL_LOG_LEVEL="DEBUG", PYTHONWARNINGS="always")
    assert (good.code, good.answer["status"]) == (0, "succeeded")
    gone = with_shop.command("register_target", "gone", "sqlite:////nowhere/gone.db")
    assert gone.code == 0
    assert with_shop.command("check_target", "gone").code == 1
    assert with_shop.command("assess", "gone", "--json").code == 1
    again = with_shop.command("assess", "shop", "--strategy", INDEX, "--json")
    assert (again.code, again.answer["findings"]) == (0, [])


def test_a_hold_is_three_as_a_process_too(with_shop: Installation) -> None:
    portal = sqlite3.connect(with_shop.folder / "data" / "portal.sqlite3")
    portal.execute(
        "INSERT INTO portal_hold (environment, reason, placed_by, placed_at, lifted_by)"
        " VALUES ('', 'Quarter close', 'anna', '2026-11-24 00:00:00', '')"
    )
    portal.commit()
    portal.close()
    said = with_shop.command("run_strategy", INDEX, "--target", "shop", "--json")
    assert said.code == 3
    assert said.answer["reasons"][0]["code"] == "hold"
    assert with_shop.rows("SELECT status FROM portal_job_run") == [("cancelled",)]


def test_a_portal_that_was_never_migrated_says_what_to_do(tmp_path: Path) -> None:
    said = Installation(tmp_path).command("runs")
    assert said.code == 1
    assert "migrate" in said.err
    assert "Traceback" not in said.err


def test_a_password_stands_nowhere(installation: Installation) -> None:
    for url in ("postgresql://anna:s3cr3t@h/db", "oracle://anna/s3cr3t@h/db", "postgresql://h/db?password=s3cr3t"):
        said = installation.command("register_target", "shop", url, PORTAL_LOG_LEVEL="DEBUG")
        assert said.code == 2
        assert "s3cr3t" not in said.out + said.err
    for path in installation.folder.rglob("*"):
        assert path.is_dir() or b"s3cr3t" not in path.read_bytes()


@ALL
def test_postgresql_is_mended(installation: Installation, server: RunningServer, database: str) -> None:
    assert installation.command("register_target", "pg", server.url(database)).code == 0
    said = installation.command("run_strategy", STATISTICS, "--target", "pg", "--json")
    assert (said.code, said.answer["status"], len(said.answer["operations"])) == (0, "succeeded", 1), said
    again = installation.command("assess", "pg", "--strategy", STATISTICS, "--json")
    assert (again.code, again.answer["findings"]) == (0, [])


@ALL
def test_a_read_only_account_gets_its_dry_run(installation: Installation, server: RunningServer, database: str) -> None:
    """`owner` may do the work, but not while its transactions are read-only; `reader` may not do it at all."""
    with server.connect(database) as connection:
        for role in ("owner", "reader"):
            connection.execute(f"CREATE ROLE {role}_{database} LOGIN".encode())
            connection.execute(f"ALTER ROLE {role}_{database} SET default_transaction_read_only = on".encode())
            assert installation.command("register_target", role, server.url(database, f"{role}_{database}")).code == 0
        connection.execute(f"ALTER TABLE orders OWNER TO owner_{database}".encode())
    dry = [
        installation.command("run_strategy", STATISTICS, "--target", r, "--dry-run", "--json")
        for r in ("owner", "reader")
    ]
    owner, reader = (said.answer for said in dry)
    assert [said.code for said in dry] == [0, 0]
    assert (len(owner["plan"]["steps"]), [reason["code"] for reason in owner["reasons"]]) == (1, ["read_only"])
    assert (reader["plan"]["steps"], "orders is left alone" in reader["plan"]["notes"][0]) == ([], True)
    checked = installation.command("check_target", "reader", "--json")
    assert (checked.code, bool(checked.answer["missing_rights"])) == (0, True)
    assert installation.command("run_strategy", STATISTICS, "--target", "owner").code == 3
    with server.connect(database) as connection:
        for role in ("owner", "reader"):
            connection.execute(f"DROP OWNED BY {role}_{database} CASCADE".encode())
            connection.execute(f"DROP ROLE {role}_{database}".encode())


@pytest.fixture
def blocked(
    installation: Installation, server: RunningServer, database: str, eventually: Eventually
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a run whose only step waits for a lock that somebody else holds; it is given once it waits."""
    assert installation.command("register_target", "pg", server.url(database)).code == 0
    started: list[subprocess.Popen[str]] = []

    def start(**options: object) -> subprocess.Popen[str]:
        words = ("run_strategy", STATISTICS, "--target", "pg", "--json", "--set", "lock_wait_seconds=600")
        process = installation.start(*words, **options)
        started.append(process)
        eventually(lambda: waiting(server) == 1)
        return process

    with server.connect(database) as holder:
        holder.autocommit = False
        holder.execute("LOCK TABLE orders IN SHARE UPDATE EXCLUSIVE MODE")
        yield start
        for process in started:
            if process.poll() is None:
                process.kill()
            process.wait()


def waiting(server: RunningServer) -> int:
    with server.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE 'mportal:%run:%'"
        ).fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_it_cancels_and_waits_for_the_confirmed_end(
    blocked: Callable[[], subprocess.Popen[str]], server: RunningServer, number: int
) -> None:
    process = blocked()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    answer = json.loads(out)
    assert (process.returncode, answer["status"]) == (1, "cancelled"), err
    assert [row["status"] for row in answer["operations"]] == ["CANCELLED"]
    assert waiting(server) == 0, "the statement itself was cancelled"
    assert "Stopping run" in err


def test_asked_twice_it_leaves_at_once(
    blocked: Callable[[], subprocess.Popen[str]], installation: Installation
) -> None:
    process = blocked()
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    before = time.monotonic()
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert time.monotonic() - before < 5
    ((status,),) = installation.rows("SELECT status FROM portal_job_run")
    assert status in ("running", "stopping"), "what became of it is asked of the target later"


def test_on_a_terminal_progress_is_one_line_that_is_written_over(
    blocked: Callable[..., subprocess.Popen[str]],
) -> None:
    terminal, end = pty.openpty()
    process = blocked(stderr=end)
    os.close(end)
    seen = b""
    until = time.monotonic() + 30
    while b"step 1 of 1" not in seen and time.monotonic() < until:
        seen += os.read(terminal, 4096)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    os.close(terminal)
    assert b"step 1 of 1" in seen
    assert b"\n" not in seen
    assert json.loads(out)["status"] == "cancelled"


def test_a_sqlite_statement_that_waits_is_cancelled_too(
    with_shop: Installation, shop_file: Path, eventually: Eventually
) -> None:
    holder = sqlite3.connect(shop_file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    process = with_shop.start("run_strategy", INDEX, "--target", "shop", "--json", "--set", "lock_wait_seconds=600")
    eventually(lambda: with_shop.rows("SELECT 1 FROM generic_operation_log WHERE status = 'STARTED'") != [])
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    holder.execute("ROLLBACK")
    holder.close()
    assert (process.returncode, json.loads(out)["status"]) == (1, "cancelled"), err


def test_a_look_that_takes_long_is_left_at_once(
    installation: Installation, server: RunningServer, database: str, eventually: Eventually
) -> None:
    """The catalogue is locked: planning waits, and whoever asked for it may leave; no run is left behind."""
    assert installation.command("register_target", "pg", server.url(database)).code == 0
    assert installation.command("check_target", "pg").code == 0

    def held() -> set[int]:
        """Sessions that wait, also while they begin; one whose client has left may go on waiting."""
        with server.connect() as connection:
            return {pid for (pid,) in connection.execute("SELECT pid FROM pg_locks WHERE NOT granted")}

    with server.connect(database) as holder:
        holder.autocommit = False
        holder.execute("LOCK TABLE pg_class IN ACCESS EXCLUSIVE MODE")
        for words in (["run_strategy", STATISTICS, "--target", "pg"], ["assess", "pg"], ["check_target", "pg"]):
            before = held()
            process = installation.start(*words)
            eventually(lambda known=before: bool(held() - known))
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
            assert process.returncode == 1, (words, out, err)
            assert "Traceback" not in err
    assert installation.rows("SELECT 1 FROM portal_job_run") == []
    assert installation.rows("SELECT 1 FROM portal_assessment WHERE finished_at IS NULL") == []


def test_killed_it_leaves_a_run_that_no_worker_starts_again(
    blocked: Callable[[], subprocess.Popen[str]], installation: Installation
) -> None:
    process = blocked()
    process.kill()
    process.wait()
    ((status, worker, token),) = installation.rows("SELECT status, worker, fencing_token FROM portal_job_run")
    assert (status, token) == ("running", 1)
    assert str(process.pid) in worker


def test_who_reads_only_the_beginning_gets_no_traceback(with_shop: Installation) -> None:
    words = " ".join(with_shop.words("assess", "shop"))
    ended = subprocess.run(
        ["bash", "-c", f"{words} | true"], env=with_shop.environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in ended.stderr


@ALL
def test_a_terminal_without_unicode_gets_its_answer_all_the_same(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "läden.db"
    shop = sqlite3.connect(path)
    shop.execute('CREATE TABLE "日本" (a)')
    shop.execute('INSERT INTO "日本" VALUES (1)')
    shop.execute('CREATE INDEX "索引" ON "日本" (a)')
    shop.commit()
    shop.close()
    registered = installation.command("register_target", "läden", f"sqlite:///{path}", PYTHONIOENCODING="ascii")
    assert registered.code == 0, registered.err
    for words in (["assess", "läden"], ["assess", "läden", "--json"], ["check_target", "läden"]):
        said = installation.command(*words, PYTHONIOENCODING="ascii", PYTHONUTF8="1")
        assert (said.code, said.err) == (0, "")
