"""The demo's server runs for this portal only, ends with it, and holds exactly the faults that its module promises."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from maintenance_portal.demo import postgresql
from maintenance_portal.processes import Child
from strategies.platforms.base import Session, SessionTag
from strategies.platforms.postgresql.indexes import CONCERN as INDEXES
from strategies.platforms.postgresql.integrity import CONCERN as INTEGRITY
from strategies.platforms.postgresql.platform import PLATFORM
from strategies.platforms.postgresql.space import CONCERN as SPACE
from strategies.platforms.postgresql.statistics import CONCERN as STATISTICS
from strategies.routines.index_maintenance import IndexParameters
from strategies.routines.integrity_validation import IntegrityParameters
from strategies.routines.space_maintenance import SpaceParameters
from strategies.routines.statistics_maintenance import StatisticsParameters
from tests.maintenance_portal.demo.test_sqlite import found, mend
from tests.maintenance_portal.started import wait_for

pytestmark = pytest.mark.skipif(postgresql.available() is not None, reason=str(postgresql.available()))

PROMISED_INDEXES = {("invalid_index", "customers_by_email"), ("leftover_copy", "customers_by_email_ccnew")}
BLOATED = {("bloated_index", "events_by_token"), ("bloated_index", "events_pkey")}


def answers(folder: Path) -> bool:
    try:
        psycopg.connect(postgresql.url(folder, "postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A long path, longer than a socket's may be."""
    return tmp_path_factory.mktemp("demo") / ("a folder with a long name " * 4).strip()


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Child]:
    postgresql.ensure_cluster(folder)
    postgresql.ensure_cluster(folder)
    child = Child(postgresql.command(folder))
    try:
        wait_for(lambda: answers(folder), "the server")
        yield child
    finally:
        child.send(signal.SIGTERM)
        assert child.process.wait(60) == 0
        child.clear()
        shutil.rmtree(postgresql._short(folder), ignore_errors=True)


@pytest.fixture(scope="module")
def shop(server: Child, folder: Path) -> str:
    url = postgresql.url(folder)
    began = time.monotonic()
    postgresql.build_messy_postgresql(url)
    assert time.monotonic() - began < 10
    return url


def connected(url: str) -> Session:
    return PLATFORM.connect(PLATFORM.address(url), None, SessionTag("0badcafe", "test"))


def test_nothing_listens_on_the_network_and_nobody_else_reaches_the_socket(server: Child, folder: Path) -> None:
    for process in (psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # one that worked for a session that has ended
            assert not [one for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN]
    sockets = postgresql._sockets(folder)
    assert len(os.fsencode(sockets)) < 95
    assert not stat.S_IMODE((sockets / ".s.PGSQL.5432").stat().st_mode) & 0o077
    assert stat.S_IMODE(sockets.stat().st_mode) & 0o066 == 0


def test_the_shop_has_the_promised_faults_and_they_can_be_mended(shop: str) -> None:
    session = connected(shop)
    limits = IndexParameters(bloat_megabytes=1)
    by_default = {(kind, name.rpartition(".")[2]) for kind, name in found(session, INDEXES, IndexParameters())}
    by_limit = {(kind, name.rpartition(".")[2]) for kind, name in found(session, INDEXES, limits)}
    stale = {(kind, name.rpartition(".")[2]) for kind, name in found(session, STATISTICS, StatisticsParameters())}
    assert by_limit - by_default == BLOATED
    assert by_default == PROMISED_INDEXES
    assert stale == {
        ("missing_statistics", "customers"),
        ("missing_statistics", '"order ""lines""; größe"'),
        ("stale_statistics", "audit_trail"),
    }
    mend(session, INDEXES, limits)
    assert not found(session, INDEXES, limits)
    mend(session, STATISTICS, StatisticsParameters())
    assert not found(session, STATISTICS, StatisticsParameters())


def test_the_shop_wastes_space_as_promised_and_gives_it_back(shop: str) -> None:
    session = connected(shop)
    blocking = SpaceParameters(reclaim_megabytes=1, allow_blocking=True)
    assert found(session, SPACE, SpaceParameters()) == {("dead_rows", "public.customers")}
    seen = SPACE.assess(session, blocking, "ALL").findings
    assert {(one.kind, one.object) for one in seen} == {
        ("dead_rows", "public.customers"), ("bloated_table", "public.events"),
    }  # fmt: skip
    mend(session, SPACE, blocking)
    assert SPACE.assess(session, blocking, "ALL").findings == ()


def test_the_shop_has_the_promised_constraint_and_it_can_be_validated(shop: str) -> None:
    session, validating = connected(shop), IntegrityParameters(validate_constraints=True)
    (finding,) = INTEGRITY.assess(session, validating, "ALL").findings
    assert (finding.kind, finding.evidence["constraint_name"]) == ("unvalidated_constraint", "orders_cost_something")
    mend(session, INTEGRITY, validating)
    assert INTEGRITY.assess(session, validating, "ALL").findings == ()


def test_it_is_small_and_built_once(shop: str) -> None:
    with psycopg.connect(shop) as connection:
        row = connection.execute("SELECT pg_database_size('shop')").fetchone()
        before = connection.execute("SELECT oid FROM pg_database WHERE datname = 'shop'").fetchone()
    assert row is not None
    assert row[0] < 60_000_000
    postgresql.build_messy_postgresql(shop)
    with psycopg.connect(shop) as connection:
        assert connection.execute("SELECT oid FROM pg_database WHERE datname = 'shop'").fetchone() == before


def test_a_killed_parent_takes_the_server_along(server: Child, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from maintenance_portal.demo import postgresql\nfrom maintenance_portal.processes import Child\n"
        "folder = Path(sys.argv[1]); postgresql.ensure_cluster(folder)\n"
        "child = Child(postgresql.command(folder)); print(child.pid, flush=True); time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        guard = psutil.Process(int(parent.stdout.readline()))
        wait_for(lambda: answers(folder), "the server")
        family = [guard, *guard.children(recursive=True)]
        assert len(family) > 3
    finally:
        parent.kill()
        parent.wait()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
    assert not answers(folder)
    shutil.rmtree(postgresql._short(folder), ignore_errors=True)
