"""A generated strategy from its folder to the end: installed, deployed, run on two real databases, drifted, put back, rolled back."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import sign_in, watched
from tests.browser.test_story import PATIENCE, PEOPLE, patient, release, state
from tests.installed import ROOT, environment
from tests.maintenance_portal.started import StartedPortal, install, start, wait_for
from tests.servers import RunningServer, newest_server, start_server

DEFINITION = """
name: YARD_CARE
type: MAINTENANCE
category: DATABASE
description: Statistics and indexes of the shop's yard.
targets: [TABLE, INDEX]
operations: [ANALYZE, REBUILD]
parameters: {stale_percent: 5.0}
jobs:
  - {name: YARD_ANALYZE, type: ANALYSIS, schedule_type: ON_DEMAND}
"""


DATABASES = """
import os
from strategies import targets
from strategies.audit import Actor
main = Tenant.objects.get(name="Main")
for name, platform, url in (("yard", "postgresql", os.environ["YARD"]), ("till", "sqlite", os.environ["TILL"])):
    targets.register(Actor("anna"), targets.TargetValues(name=name, platform=platform, url=url, tenant=main))
"""


def manage(data: Path, *words: str, **more: str) -> str:
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(
        command, cwd=ROOT, env=environment(data, **more), check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The data of a portal in which the strategy was generated, and where its Python package was installed, offline."""
    place = tmp_path_factory.mktemp("generated")
    data, site = install(place / "data"), place / "site"
    (place / "yard.yaml").write_text(DEFINITION, encoding="utf-8")
    said = manage(data, "generate_strategy", "--definition", str(place / "yard.yaml"), "--output", str(place / "yard"))
    assert "kept as version 1" in said
    subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(site),
            str(place / "yard" / "python"),
        ],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return data, site


@pytest.fixture(scope="module")
def portal(folders: tuple[Path, Path]) -> Iterator[StartedPortal]:
    data, site = folders
    with start(data, "--no-demo", PYTHONPATH=str(site)) as running:
        wait_for(running.page, "the first page")
        yield running
    assert not running.said("Traceback|ERROR"), running.lines


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with start_server(newest_server()) as running:
        with running.connect() as connection:
            connection.execute("CREATE DATABASE yard")
        with running.connect("yard") as connection:
            connection.execute("CREATE TABLE carts AS SELECT i AS id FROM generate_series(1, 5000) AS i")
        yield running


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "till.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE sales (id INTEGER PRIMARY KEY, customer INTEGER)")
    connection.execute("CREATE INDEX by_customer ON sales (customer)")
    connection.executemany("INSERT INTO sales (customer) VALUES (?)", [(n % 7,) for n in range(2000)])
    connection.commit()
    connection.close()
    return path


@pytest.fixture(scope="module")
def base(portal: StartedPortal, folders: tuple[Path, Path], server: RunningServer, till: Path) -> str:
    urls = {"postgresql": server.url("yard", "postgres"), "sqlite": f"sqlite:///{till}"}
    manage(folders[0], "shell", "-c", f"{PEOPLE}\n{DATABASES}", YARD=urls["postgresql"], TILL=urls["sqlite"])
    return portal.url.rstrip("/")


@pytest.fixture(scope="module")
def page(browser: Browser, base: str) -> Iterator[Page]:
    with patient(browser, base) as opened:
        yield opened


@pytest.fixture(scope="module")
def approver(browser: Browser, base: str) -> Iterator[Page]:
    with watched(browser, "phone") as opened:
        opened.set_default_timeout(PATIENCE)
        sign_in(opened, base, "bert")
        yield opened


def approve(approver: Page, base: str) -> None:
    """What changes home waits for somebody else's word."""
    approver.goto(f"{base}/approvals/")
    approver.get_by_role("button", name="Approve…").click()
    approver.get_by_role("dialog").get_by_role("button", name="Approve", exact=True).click()
    expect(approver.get_by_text("it starts as soon as nothing else stands in its way")).to_be_visible()


def let(page: Page, approver: Page, base: str) -> None:
    release(page)
    state(page, "Waiting")
    approve(approver, base)
    state(page, "Succeeded")


class TestGeneratedStrategy:
    """In this order; each part goes on where the one before ended."""

    def test_its_package_is_installed_and_its_version_is_there(self, page: Page, base: str) -> None:
        page.goto(f"{base}/strategies/")
        page.get_by_role("link", name="Yard care").first.click()
        expect(page.get_by_text("Win back space")).to_have_count(0)
        expect(page.get_by_text("Gathers optimizer statistics of tables").first).to_be_visible()
        page.get_by_role("link", name=re.compile("Version 1|^1$")).first.click()
        expect(page.get_by_role("heading", name="YARD_CARE, version 1")).to_be_visible()
        expect(page.get_by_text("nowhere that is known")).to_be_visible()

    @pytest.mark.parametrize("database", ["till", "yard"])
    def test_it_is_deployed_by_a_run_that_somebody_else_approves(
        self, page: Page, approver: Page, base: str, portal: StartedPortal, database: str
    ) -> None:
        if database == "yard":
            page.goto(f"{base}/strategies/YARD_CARE/")
            page.get_by_role("link", name=re.compile("Version 1|^1$")).first.click()
        page.get_by_label("They are for the database").select_option(database)
        page.get_by_role("button", name="Deploy to home…").click()
        page.get_by_role("button", name="Make the plan").click()
        expect(page.get_by_text("INSERT INTO").first).to_be_visible()
        assert portal.rows("SELECT count(*) FROM generic_maintenance_jobs") == [(0 if database == "till" else 1,)]
        let(page, approver, base)

    @pytest.mark.parametrize("database", ["till", "yard"])
    def test_its_job_runs_and_is_proved(
        self, page: Page, base: str, server: RunningServer, till: Path, database: str, portal: StartedPortal
    ) -> None:
        assert self.gathered(server, till)[database] == 0
        page.goto(f"{base}/jobs/")
        row = page.get_by_role("row").filter(has_text=re.compile(rf"\b{database}\b"))
        row.get_by_role("link", name="YARD_ANALYZE").click()
        page.get_by_role("button", name=re.compile("Plan a run now|Run now|Run it now")).first.click()
        expect(page.get_by_role("button", name="Release…")).to_be_visible()
        release(page)
        state(page, "Succeeded")
        expect(page.get_by_text("version 1").first).to_be_visible()
        assert self.gathered(server, till)[database] == 1

    def test_a_job_that_somebody_changed_is_found_and_put_back(
        self, page: Page, approver: Page, base: str, portal: StartedPortal
    ) -> None:
        portal.rows(
            "UPDATE generic_maintenance_jobs SET schedule_type = 'DAILY', schedule_value = '03:00' WHERE target_id ="
            " (SELECT id FROM portal_target WHERE name = 'till')"
        )
        page.goto(f"{base}/databases/")
        page.get_by_role("link", name="home", exact=True).first.click()
        page.get_by_role("button", name="Assess").click()
        found = page.locator('section[aria-labelledby="h-STRATEGY_DEPLOYMENT"]')
        expect(found).to_contain_text("YARD_ANALYZE")
        expect(found).to_contain_text("schedule_type")
        found.get_by_role("link", name="Plan a run").first.click()
        page.get_by_role("button", name="Make the plan").click()
        let(page, approver, base)
        assert portal.rows("SELECT DISTINCT schedule_type FROM generic_maintenance_jobs") == [("ON_DEMAND",)]

    def test_the_whole_is_rolled_back(self, page: Page, approver: Page, base: str, portal: StartedPortal) -> None:
        for number in (2, 1):  # what was deployed last goes first
            page.goto(f"{base}/runs/{number}/")
            page.get_by_role("button", name=re.compile("Undo")).click()
            page.get_by_role("dialog").get_by_role("button", name="Make the plan").click()
            let(page, approver, base)
        assert portal.rows("SELECT count(*) FROM generic_maintenance_jobs WHERE is_active = 'Y'") == [(0,)]
        page.goto(f"{base}/versions/1/")
        expect(page.get_by_text("nowhere that is known")).to_be_visible()

    def gathered(self, server: RunningServer, till: Path) -> dict[str, int]:
        """How many tables have statistics, by the databases themselves."""
        file = sqlite3.connect(till)
        has_table = file.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchone()[0]
        of_till = file.execute("SELECT count(*) FROM sqlite_stat1").fetchone()[0] if has_table else 0
        file.close()
        with server.connect("yard") as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_user_tables WHERE last_analyze IS NOT NULL"
            ).fetchone()
        assert row is not None
        return {"till": of_till, "yard": row[0]}
