"""Each check that a job may ask for holds, or says in a sentence why it does not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from strategies.platforms.sqlite import prechecks
from strategies.platforms.sqlite.platform import PLATFORM
from strategies.platforms.sqlite.session import SqliteSession
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile

MB = 2**20


@pytest.fixture
def session(connect: Connect, target: TargetFile) -> SqliteSession:
    """A file of somewhat more than 2 MB."""
    return connect(target.run("CREATE TABLE t(a)", "INSERT INTO t VALUES (zeroblob(2 * 1048576))").path)


def ask(name: str, session: SqliteSession) -> str:
    return str(PLATFORM.prechecks[name].ask(session) or "")


def test_every_check_is_listed_under_its_name() -> None:
    assert {name: check.name for name, check in PLATFORM.prechecks.items()} == {
        name: name for name in ("WRITABLE", "FREE_SPACE", "LOW_LOAD")
    }


def test_writable_is_what_the_system_allows(session: SqliteSession, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask("WRITABLE", session) == ""
    monkeypatch.setattr(os, "access", lambda place, *args, **more: Path(place) != session.path)
    assert ask("WRITABLE", session) == "the portal may not write the file, or not its folder."


@pytest.mark.parametrize(
    ("beside", "sorting", "is_one_disk", "problem"),
    [
        (5, 5, True, ""),
        (4, 4, True, "4 MB are free in {beside}, and up to 4 MB may be needed there."),
        (3, 3, False, ""),
        (2, 3, False, "2 MB are free in {beside}, and up to 2 MB may be needed there."),
        (3, 2, False, "2 MB are free in {sorting}, and up to 2 MB may be needed there."),
    ],
)
def test_there_must_be_room_for_the_journal_and_for_sorting(
    session: SqliteSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    beside: int, sorting: int, is_one_disk: bool, problem: str,
) -> None:  # fmt: skip
    sorts_in = tmp_path / "sorting"
    sorts_in.mkdir()
    monkeypatch.setenv("SQLITE_TMPDIR", str(sorts_in))
    free = {session.path.parent: beside * MB, sorts_in: sorting * MB}
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free[folder]))
    if not is_one_disk:
        real = Path.stat
        monkeypatch.setattr(
            Path, "stat", lambda path, **more: SimpleNamespace(st_dev=-1) if path == sorts_in else real(path, **more)
        )
    assert ask("FREE_SPACE", session) == problem.format(beside=session.path.parent, sorting=sorts_in)


def test_real_disks_have_room_for_a_small_file(session: SqliteSession) -> None:
    assert ask("FREE_SPACE", session) == ""


def test_the_folder_for_sorting_is_the_first_of_sqlites_own_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SQLITE_TMPDIR", "TMPDIR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    monkeypatch.setattr(prechecks, "_FOLDERS", (str(tmp_path / "missing"), str(tmp_path / "two")))
    assert prechecks._sorting_folder() == tmp_path / "two"
    monkeypatch.setenv("TMPDIR", str(tmp_path / "one"))
    assert prechecks._sorting_folder() == tmp_path / "one"
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path / "missing"))
    assert prechecks._sorting_folder() == tmp_path / "one"


_SORTING = """
import os, sqlite3
seen = set()
def look():
    for number in os.listdir("/proc/self/fd"):
        try: seen.add(os.path.dirname(os.readlink("/proc/self/fd/" + number)))
        except OSError: pass
    return 0
connection = sqlite3.connect("", isolation_level=None)
connection.execute("PRAGMA cache_size = 10")
connection.execute("CREATE TABLE t(a)")
numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
connection.execute(numbers + "INSERT INTO t SELECT i * 7919 % 100003 FROM n")
connection.set_progress_handler(look, 10_000)
connection.execute("CREATE INDEX i ON t(a)")
print("\\n".join(seen))
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at the open files of a process")
@pytest.mark.parametrize("named", ["SQLITE_TMPDIR", "TMPDIR"])
def test_sqlite_really_sorts_where_the_check_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    """In a process of its own: SQLite reads the environment once."""
    monkeypatch.delenv("SQLITE_TMPDIR", raising=False)
    monkeypatch.setenv(named, str(tmp_path))
    opened = subprocess.run([sys.executable, "-c", _SORTING], check=True, capture_output=True, text=True).stdout
    assert str(prechecks._sorting_folder()) in opened.splitlines()


@pytest.mark.parametrize(
    ("load", "cores", "problem"),
    [
        (1.9, 2, ""),
        (2.0, 2, "the machine's load is 2.0, and it has 2 cores."),
        (7.25, 1, "the machine's load is 7.2, and it has 1 core."),
        (0.5, None, ""),
    ],
)
def test_the_load_must_be_below_the_number_of_cores(
    session: SqliteSession, monkeypatch: pytest.MonkeyPatch, load: float, cores: int | None, problem: str
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert ask("LOW_LOAD", session) == problem


def test_a_machine_that_does_not_tell_its_load_does_not_hold(
    session: SqliteSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "getloadavg")
    assert ask("LOW_LOAD", session) == "this machine does not tell its load."
