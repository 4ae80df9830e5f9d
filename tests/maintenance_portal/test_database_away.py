"""The portal's own database is stopped and started again under a running portal: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.installed import ROOT, environment
from tests.long import ALL
from tests.maintenance_portal.started import GENEROUS, StartedPortal, start, wait_for
from tests.servers import RunningServer, newest_server, start_server

AWAY_SECONDS = 12

# Two tables that were never analyzed; the first takes its time, since an index computes over each of its rows.
SHOP = """
CREATE FUNCTION dear(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN n; END';
CREATE TABLE a_dear AS SELECT n FROM generate_series(1, 1000) n;
CREATE INDEX ON a_dear (dear(n));
CREATE TABLE b_cheap AS SELECT n FROM generate_series(1, 1000) n;
CREATE OR REPLACE FUNCTION dear(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
  'BEGIN PERFORM pg_sleep(0.005); RETURN n; END';
"""
PREPARE = """
from strategies.models import Target, Tenant
from tests.jobs import a_job
main = Tenant.objects.get(name="Main")
shop = Target.objects.create(name="shop", platform="postgresql", url={shop!r}, tenant=main)
till = Target.objects.create(name="till", platform="sqlite", url={till!r}, tenant=main)
a_job(shop, "LONG", strategy_id="STATISTICS_MAINTENANCE")
a_job(till, "DUE_MEANWHILE")
"""
DUE = "UPDATE generic_maintenance_jobs SET next_run = now() + interval '{}' WHERE job_name = '{}'"
RUNS = """
SELECT r.status, count(o.operation_id), count(o.ended_at) FROM generic_maintenance_jobs j
  JOIN portal_job_run r ON r.job_id = j.job_id LEFT JOIN generic_operation_log o ON o.run_id = r.id
 WHERE j.job_name = '{}' GROUP BY r.id, r.status
"""


@pytest.fixture
def servers() -> Iterator[tuple[RunningServer, RunningServer]]:
    with ExitStack() as stack:
        own, other = (stack.enter_context(start_server(newest_server())) for _ in range(2))
        with own.connect() as connection:
            connection.execute("CREATE ROLE portal LOGIN PASSWORD 'portal'")
            connection.execute("CREATE DATABASE portal OWNER portal")
        with other.connect() as connection:
            connection.execute(SHOP)
        yield own, other


SESSION = {"Cookie": "sessionid=0123456789abcdef"}  # that nobody has, but the database has to be asked


def asked(url: str, headers: dict[str, str] = SESSION) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return int(answer.status), answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def rows(own: RunningServer, statement: str) -> list[tuple[Any, ...]]:
    with own.connect("portal") as connection:
        return connection.execute(statement).fetchall()


def execute(own: RunningServer, statement: str) -> None:
    with own.connect("portal") as connection:
        connection.execute(statement)


def prepare(own: RunningServer, other: RunningServer, portal: StartedPortal, given: dict[str, str]) -> None:
    till = portal.data / "till.db"
    with sqlite3.connect(till) as made:
        made.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    code = PREPARE.format(shop=other.url("postgres"), till=f"sqlite:///{till}")
    subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "shell", "--verbosity=0", "-c", code],
        env=environment(portal.data, **given), cwd=ROOT, check=True, timeout=GENEROUS,
    )  # fmt: skip
    wait_for(
        lambda: rows(own, "SELECT 1 FROM generic_maintenance_jobs WHERE next_run IS NOT NULL HAVING count(*) = 2"),
        "both jobs to be read",
    )


@ALL
@pytest.mark.timeout(300)
def test_a_portal_goes_on_where_it_was_when_its_database_comes_back(
    servers: tuple[RunningServer, RunningServer], tmp_path: Path
) -> None:
    """Away for longer than two leases: whoever then looks after the run finds that its worker has spoken up before."""
    own, other = servers
    given = {
        "DATABASE_URL": f"postgresql://portal@127.0.0.1:{own.port}/portal", "DATABASE_PASSWORD": "portal",
        "PORTAL_PLAN_AHEAD_SECONDS": "0", "PORTAL_APPROVAL_AHEAD_SECONDS": "0", "PORTAL_GRACE_SECONDS": "2",
        "PORTAL_LEASE_SECONDS": "5",
    }  # fmt: skip
    with start(tmp_path / "data", "--no-demo", **given) as portal:
        wait_for(lambda: asked(portal.url)[0] == 200, "the first page")
        prepare(own, other, portal, given)
        execute(own, DUE.format("0 s", "LONG"))
        wait_for(lambda: [began for _, began, _ in rows(own, RUNS.format("LONG")) if began], "the first step")
        execute(own, DUE.format("4 s", "DUE_MEANWHILE"))
        children, said = portal.children(), len(portal.lines)
        own.stop()
        stopped = time.monotonic()
        status, page = asked(portal.url)
        assert (status, "database does not answer" in page) == (503, True)
        status, answer = asked(portal.url + "health/", {})
        assert (status, json.loads(answer)["problem"]) == (503, "The portal's database does not answer.")
        time.sleep(max(0.0, AWAY_SECONDS - (time.monotonic() - stopped)))
        logged = [line for line in portal.lines[said:] if re.match(r"\d{4}-\d\d-\d\d ", line)]
        assert 0 < len(logged) < 20, logged
        own.start()
        wait_for(lambda: asked(portal.url)[0] == 200, "a page", 10)
        wait_for(lambda: rows(own, RUNS.format("DUE_MEANWHILE")) == [("succeeded", 0, 0)], "what fell due, once", 40)
        wait_for(lambda: rows(own, RUNS.format("LONG")) == [("succeeded", 2, 2)], "the end of the long run", 40)
        wait_for(lambda: asked(portal.url + "health/", {})[0] == 200, "health", 40)
        assert portal.children() == children
        # A process of the queue's own that ends with the database says so: one of each cluster, with its cause.
        assert sum("Traceback" in line for line in portal.lines) <= 4, portal.lines
