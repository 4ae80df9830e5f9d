"""Addresses, opening, and what a file says of itself."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from strategies.plans import ErrorClass, Limits, Step
from strategies.platforms.base import AddressRefused, NotSupported, PlatformError, RemoteSession
from strategies.platforms.queries import Query, load_query
from strategies.platforms.sqlite.archive import CONCERN as ARCHIVE
from strategies.platforms.sqlite.backup import CONCERN as BACKUP
from strategies.platforms.sqlite.catalogue import missing_write_access
from strategies.platforms.sqlite.cleanup import CONCERN as CLEANUP
from strategies.platforms.sqlite.deployment import CONCERN as DEPLOYMENT
from strategies.platforms.sqlite.indexes import CONCERN as INDEXES
from strategies.platforms.sqlite.integrity import CONCERN as INTEGRITY
from strategies.platforms.sqlite.monitoring import CONCERN as MONITORING
from strategies.platforms.sqlite.platform import PLATFORM
from strategies.platforms.sqlite.space import CONCERN as SPACE
from strategies.platforms.sqlite.statistics import CONCERN as STATISTICS
from tests.strategies.platforms.sqlite.conftest import TAG, Connect, TargetFile

NOBODY = 65534


@pytest.mark.parametrize(
    ("url", "path", "canonical"),
    [
        ("sqlite:////srv/app/app.db", "/srv/app/app.db", "sqlite:////srv/app/app.db"),
        ("  sqlite:////srv/app.db ", "/srv/app.db", "sqlite:////srv/app.db"),
        ("sqlite://///srv//app/./app.db", "/srv/app/app.db", "sqlite:////srv/app/app.db"),
        ("sqlite:////srv/my%20shop/app.db", "/srv/my shop/app.db", "sqlite:////srv/my%20shop/app.db"),
        ("sqlite:////srv/größe.db", "/srv/größe.db", "sqlite:////srv/gr%C3%B6%C3%9Fe.db"),
        ("sqlite:////srv/50%25%3Foff%23.db", "/srv/50%?off#.db", "sqlite:////srv/50%25%3Foff%23.db"),
    ],
)
def test_an_address_is_read_into_one_form(url: str, path: str, canonical: str) -> None:
    address = PLATFORM.address(url)
    assert (address.database, address.url, address.host, address.user) == (path, canonical, "", "")
    assert PLATFORM.address(canonical) == address


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:///app.db", "must be absolute"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:////:memory:", "in memory"),
        ("sqlite://", "must be absolute"),
        ("sqlite://server/srv/app.db", "no host"),
        ("sqlite://joe:secret@server/srv/app.db", "no users and no passwords"),
        ("sqlite:////srv/app.db?mode=ro", "no options"),
        ("sqlite:////srv/app.db?", "no options"),
        ("sqlite:////srv/app.db#x", "%23"),
        ("postgresql:////srv/app.db", "begins with sqlite:////"),
        ("/srv/app.db", "begins with sqlite:////"),
        ("", "begins with sqlite:////"),
        ("sqlite://[bad/srv", "not a readable address"),
        ("sqlite:////srv/app/", "folder"),
        ("sqlite:////", "folder"),
        ("sqlite:////tmp", "folder"),
        ("sqlite:////srv/../etc/app.db", "`..`"),
        ("sqlite:////srv/%00.db", "control character"),
        ("sqlite:////srv/%ff.db", "UTF-8"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(AddressRefused) as refusal:
        PLATFORM.address(url)
    assert reason in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_a_missing_file_is_refused_and_not_created(connect: Connect, tmp_path: Path) -> None:
    with pytest.raises(PlatformError) as refusal:
        connect(tmp_path / "missing.db")
    assert refusal.value.error.error_class is ErrorClass.PERMANENT
    assert "no such file" in refusal.value.error.message
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_came_later_is_refused(tmp_path: Path) -> None:
    address = PLATFORM.address(f"sqlite:///{tmp_path}/later.db")
    (tmp_path / "later.db").mkdir()
    with pytest.raises(PlatformError, match="Not a file"):
        PLATFORM.connect(address, None, TAG)


def test_a_file_that_is_no_database_is_refused(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear reader, " * 100)
    with pytest.raises(PlatformError) as refusal:
        connect(tmp_path / "letter.txt")
    assert (refusal.value.error.error_class, refusal.value.error.code) == (ErrorClass.PERMANENT, "SQLITE_NOTADB")


def test_a_file_whose_schema_is_damaged_is_refused(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t(a)").smash(1, 100, b"\xff" * 300)
    with pytest.raises(PlatformError) as refusal:
        connect(target.path)
    assert (refusal.value.error.error_class, refusal.value.error.code) == (ErrorClass.PERMANENT, "SQLITE_CORRUPT")


def test_a_path_with_strange_letters_is_opened(connect: Connect, tmp_path: Path) -> None:
    target = TargetFile(tmp_path / "Größe 100%? #1 'x'.db").run("CREATE TABLE t(a)")
    assert connect(target.path).facts().database == str(target.path)


def test_an_empty_file_is_an_empty_database(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    facts = connect(tmp_path / "empty.db").facts()
    assert facts.size_bytes == 0
    assert (tmp_path / "empty.db").stat().st_size == 0


def test_facts_are_what_the_file_says(connect: Connect, target: TargetFile) -> None:
    target.run(
        "PRAGMA journal_mode = WAL", "PRAGMA application_id = 4711", "PRAGMA user_version = 42", "CREATE TABLE t(a)"
    )
    holder = sqlite3.connect(target.path, isolation_level=None)  # keeps the WAL from being folded back
    holder.execute("INSERT INTO t VALUES (1)")
    facts = connect(target.path).facts()
    files = [target.path, target.path.with_name("target.db-wal")]
    assert facts.size_bytes == sum(file.stat().st_size for file in files)
    assert facts.size_bytes > target.path.stat().st_size
    assert (facts.product, facts.version) == ("SQLite", sqlite3.sqlite_version)
    major, minor, patch = sqlite3.sqlite_version_info
    assert facts.version_number == major * 1_000_000 + minor * 1_000 + patch
    assert facts.is_writable
    assert facts.details["Journal mode"] == "wal"
    assert facts.details["Application id"] == "0x00001267"
    assert facts.details["User version"] == "42"
    holder.close()


@pytest.mark.parametrize("mode", ["delete", "wal", "truncate"])
def test_the_journal_mode_of_the_file_stays_as_it_is(connect: Connect, target: TargetFile, mode: str) -> None:
    target.run("CREATE TABLE t(a)", f"PRAGMA journal_mode = {mode}")
    before = target.path.read_bytes()
    connect(target.path).close()
    assert target.path.read_bytes() == before


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="portal-sqlite-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def _ordinary_user() -> Iterator[None]:
    """Root may write everywhere, so such a test runs as nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o777), (0o666, 0o555)])
def test_what_cannot_be_written_is_said_and_blocks(
    connect: Connect, open_folder: Path, file_mode: int, folder_mode: int, request: pytest.FixtureRequest
) -> None:
    target = TargetFile(open_folder / "read only.db").run("CREATE TABLE t(a)")
    target.path.chmod(file_mode)
    open_folder.chmod(folder_mode)
    request.getfixturevalue("_ordinary_user")
    session = connect(target.path)
    assert not session.facts().is_writable
    (missing,) = missing_write_access(session, "anything")
    assert missing.blocks
    assert "read only.db" in missing.grant
    assert session.facts().user in missing.right


def test_a_file_that_may_not_be_read_is_refused(
    connect: Connect, open_folder: Path, request: pytest.FixtureRequest
) -> None:
    target = TargetFile(open_folder / "secret.db").run("CREATE TABLE t(a)")
    target.path.chmod(0)
    request.getfixturevalue("_ordinary_user")
    with pytest.raises(PlatformError) as refusal:
        connect(target.path)
    assert (refusal.value.error.error_class, refusal.value.error.code) == (ErrorClass.PERMANENT, "SQLITE_CANTOPEN")


def test_a_writable_file_lacks_no_right(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t(a)")
    assert missing_write_access(connect(target.path), "anything") == []


def test_sessions_are_not_supported_and_say_so(connect: Connect, target: TargetFile) -> None:
    session = connect(target.run("CREATE TABLE t(a)").path)
    with pytest.raises(NotSupported):
        PLATFORM.our_sessions(session, TAG)
    with pytest.raises(NotSupported):
        PLATFORM.end_session(session, RemoteSession("1", False, "", None), force=True)


def test_every_query_has_its_header_and_belongs_to_a_concern() -> None:
    folder = Path(PLATFORM.__class__.connect.__code__.co_filename).parent / "queries"
    names = {file.stem for file in folder.glob("*.sql")}
    assert all(load_query("sqlite", name).sql for name in names)
    assert names == {
        *INDEXES.queries, *STATISTICS.queries, *SPACE.queries, *INTEGRITY.queries, *PLATFORM.framework_queries,
        *BACKUP.queries, *MONITORING.queries,
        *DEPLOYMENT.queries,
        *CLEANUP.queries, *ARCHIVE.queries,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "statements"),
    [
        (Limits(), ()),
        (Limits(parallel_degree=1), ("PRAGMA threads = 0",)),
        (Limits(parallel_degree=4), ("PRAGMA threads = 3",)),
        (Limits(memory_mb=64), ("PRAGMA cache_size = -32768",)),
        (Limits(memory_mb=64, parallel_degree=1), ("PRAGMA cache_size = -32768", "PRAGMA threads = 0")),
        (Limits(memory_mb=64, parallel_degree=3), ("PRAGMA cache_size = -16384", "PRAGMA threads = 2")),
        (Limits(memory_mb=1, parallel_degree=2000), ("PRAGMA cache_size = -1", "PRAGMA threads = 1999")),
        (Limits(memory_mb=1_048_576), ("PRAGMA cache_size = -536870912",)),
    ],
)
def test_limits_become_exactly_these_statements(limits: Limits, statements: tuple[str, ...]) -> None:
    assert PLATFORM.limit_settings(limits) == statements


def test_limits_hold_in_a_real_session(connect: Connect, target: TargetFile) -> None:
    session = connect(target.run("CREATE TABLE t(a)", "CREATE INDEX i ON t(a)").fill("t", 2000, "n").path)
    settings = PLATFORM.limit_settings(Limits(memory_mb=9, parallel_degree=2))
    step = Step(
        key="k", operation_type="REBUILD", object="i", object_type="INDEX", reason="test", settings=settings,
        statements=("REINDEX main.i",), begin="BEGIN IMMEDIATE",
    )  # fmt: skip
    assert session.execute(step).error is None
    asked = Query("q", "SELECT cache_size, threads FROM pragma_cache_size, pragma_threads", "", "", "", "")
    assert session.rows(asked) == [{"cache_size": -3072, "threads": 1}]
