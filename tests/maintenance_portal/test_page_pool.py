"""Pages through a pool, on a real PostgreSQL: the pool is theirs alone, and stands a killed worker and a restarted server."""

from __future__ import annotations

import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.long import ALL
from tests.maintenance_portal.started import StartedPortal, start, wait_for
from tests.servers import RunningServer, newest_server, start_server

SIZE = 3
SESSION = {"Cookie": "sessionid=0123456789abcdef"}  # that nobody has, but the database has to be asked


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with start_server(newest_server()) as running:
        with running.connect() as connection:
            connection.execute("CREATE ROLE portal LOGIN PASSWORD 'portal'")
            connection.execute("CREATE DATABASE portal OWNER portal")
        yield running


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=SESSION), timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


def connected(server: RunningServer, portal: StartedPortal) -> dict[int, list[int]]:
    """By process of the portal: the ports of its connections, as both ends see them."""
    with server.connect() as connection:
        seen = connection.execute("SELECT client_port FROM pg_stat_activity WHERE usename = 'portal'").fetchall()
    ports: dict[int, list[int]] = {}
    main = psutil.Process(portal.process.pid)
    for process in [main, *main.children(recursive=True)]:
        held = {one.laddr.port for one in process.net_connections() if one.raddr and one.raddr.port == server.port}
        ports[process.pid] = sorted(held & {port for (port,) in seen})
    return ports


@ALL
@pytest.mark.timeout(300)
def test_the_pages_share_a_pool_and_no_child_has_a_part_of_it(server: RunningServer, tmp_path: Path) -> None:
    url = f"postgresql://portal@127.0.0.1:{server.port}/portal"
    given = {"DATABASE_URL": url, "DATABASE_PASSWORD": "portal", "PORTAL_DATABASE_POOL": str(SIZE)}
    with start(tmp_path / "data", "--no-demo", PORTAL_GRACE_SECONDS="2", **given) as portal:
        wait_for(lambda: status(portal.url) == 200, "the first page")
        wait_for(lambda: status(portal.url + "health/") == 200, "health")
        with ThreadPoolExecutor(24) as readers:
            assert set(readers.map(status, [portal.url] * 300)) == {200}
        held = connected(server, portal)
        assert 0 < len(held[portal.process.pid]) <= SIZE
        everybodys = [port for ports in held.values() for port in ports]
        assert len(everybodys) == len(set(everybodys)) > SIZE
        worker = psutil.Process(portal.children()["worker default"]).children(recursive=True)[-1]
        os.kill(worker.pid, signal.SIGKILL)
        server.stop()
        assert status(portal.url) == 503
        server.start()
        wait_for(lambda: status(portal.url) == 200, "a page", 30)
        with ThreadPoolExecutor(24) as readers:
            assert set(readers.map(status, [portal.url] * 100)) == {200}
        wait_for(lambda: status(portal.url + "health/") == 200, "health", 60)
        assert len(connected(server, portal)[portal.process.pid]) <= SIZE
        assert portal.end() == 0
