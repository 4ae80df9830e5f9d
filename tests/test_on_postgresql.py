"""The portal's own tables on a real PostgreSQL: a short way through it always, the whole domain with `run.py test --all`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.long import ALL
from tests.servers import RunningServer, ServerBinaries, available_servers, start_server

ROOT = Path(__file__).resolve().parent.parent
SHORT = (
    "tests/strategies/test_reference_rows.py",
    "tests/strategies/test_audit.py",
    "tests/strategies/test_sealing.py",
    "tests/strategies/test_job_triggers.py",
    "tests/strategies/test_log_guard.py",
    "tests/strategies/test_job_guard.py",
    "tests/strategies/test_operation_log.py",
    "tests/monitoring/test_partitions.py",
)
WHOLE = (
    "tests/strategies", "tests/monitoring", "tests/test_examples.py", "tests/maintenance_portal/test_tasks.py",
    "tests/maintenance_portal/test_views.py", "--ignore", "tests/strategies/platforms", "-n", "2", "--dist", "loadfile",
)  # fmt: skip


def named(binaries: ServerBinaries) -> str:
    return f"postgresql-{binaries.major}"


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    with start_server(request.param) as running:
        with running.connect() as connection:
            connection.execute("CREATE ROLE portal LOGIN CREATEDB SUPERUSER PASSWORD 'portal'")
        yield running


def suite(server: RunningServer, *arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("PORTAL_DATA", "PORTAL_TEST_ALL")}
    environment["PORTAL_TEST_DATABASE_URL"] = f"postgresql://portal:portal@127.0.0.1:{server.port}/postgres"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", *arguments], cwd=ROOT, env=environment, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("server", available_servers()[-1:], indirect=True, ids=named)
def test_the_ground_holds(server: RunningServer) -> None:
    suite(server, *SHORT)


@ALL
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("server", available_servers(), indirect=True, ids=named)
def test_the_whole_domain_holds(server: RunningServer) -> None:
    suite(server, *WHOLE)
