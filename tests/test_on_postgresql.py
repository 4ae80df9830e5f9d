"""The portal's own tables on a real PostgreSQL: a short way through it always, the whole domain with `run.py test --all`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.long import ALL
from tests.maintenance_portal.started import start, wait_for
from tests.servers import RunningServer, ServerBinaries, available_servers, start_server

ROOT = Path(__file__).resolve().parent.parent
MARK = "pytest.mark.database"
TWO_PORTALS = "tests/maintenance_portal/test_two_portals.py"
WHOLE = (
    "tests/strategies", "tests/monitoring", "tests/test_examples.py", "tests/maintenance_portal/test_tasks.py",
    "tests/maintenance_portal/test_views.py", "--ignore", "tests/strategies/platforms", "-n", "2", "--dist", "loadfile",
)  # fmt: skip


def marked() -> list[str]:
    """The files in which tests are marked `database`: to look through all the others would take longer than many of these."""
    own = Path(__file__)
    return [str(path) for path in sorted(own.parent.rglob("test_*.py")) if path != own and MARK in path.read_text()]


def named(binaries: ServerBinaries) -> str:
    return f"postgresql-{binaries.major}"


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    with start_server(request.param) as running:
        with running.connect() as connection:
            connection.execute("CREATE ROLE portal LOGIN CREATEDB SUPERUSER PASSWORD 'portal'")
        yield running


def suite(server: RunningServer, *arguments: str, is_all: bool = False) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("PORTAL_DATA", "PORTAL_TEST_ALL")}
    environment["PORTAL_TEST_DATABASE_URL"] = f"postgresql://portal:portal@127.0.0.1:{server.port}/postgres"
    environment |= {"PORTAL_TEST_ALL": "1"} if is_all else {}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", *arguments], cwd=ROOT, env=environment, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("server", available_servers()[-1:], indirect=True, ids=named)
def test_the_ground_holds(server: RunningServer) -> None:
    suite(server, "-m", "database", *marked())


@ALL
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("server", available_servers()[-1:], indirect=True, ids=named)
def test_two_portals_do_hundreds_of_jobs_once_whoever_is_killed(server: RunningServer) -> None:
    suite(server, TWO_PORTALS, is_all=True)


@ALL
@pytest.mark.parametrize("server", available_servers()[-1:], indirect=True, ids=named)
def test_two_portals_that_start_at_once_on_an_empty_database_both_run(server: RunningServer, tmp_path: Path) -> None:
    with server.database() as name, ExitStack() as exits:
        own = {
            "DATABASE_URL": f"postgresql://portal:portal@127.0.0.1:{server.port}/{name}", "PORTAL_SECRET_KEY": "k" * 60,
            "PORTAL_GRACE_SECONDS": "2",
        }  # fmt: skip
        both = [exits.enter_context(start(tmp_path / folder, "--no-demo", **own)) for folder in ("one", "two")]
        for portal in both:
            wait_for(lambda portal=portal: len(portal.children()) == 3 and portal.page() == 200, "pages and children")
        assert len([portal for portal in both if portal.said("The portal's tables are up to date")]) == 1


@ALL
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("server", available_servers(), indirect=True, ids=named)
def test_the_whole_domain_holds(server: RunningServer) -> None:
    suite(server, *WHOLE)
