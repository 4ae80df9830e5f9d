"""The whole story on a real portal with real workers, a real PostgreSQL and a real SQLite: as somebody new would live it."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from maintenance_portal.demo.sqlite import build_messy_sqlite
from tests.browser.conftest import HURRY, PASSWORD, sign_in, watched
from tests.installed import ROOT, environment
from tests.maintenance_portal.started import StartedPortal, start, wait_for
from tests.servers import RunningServer, newest_server, start_server

PATIENCE = 60_000  # ms; how long it takes does not matter
PEOPLE = f"""
from django.contrib.auth.models import Group
from strategies.models import Tenant, User
for name, role in (("anna", "DBA"), ("bert", "approver")):
    person = User.objects.create_user(name, password="{PASSWORD}")
    person.groups.add(Group.objects.get(name=role)); person.tenants.add(Tenant.objects.get(name="Main"))
"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedPortal]:
    data = tmp_path_factory.mktemp("story") / "data"
    with start(data, "--no-demo", PORTAL_GRACE_SECONDS="1") as running:
        wait_for(running.page, "the first page")
        subprocess.run(
            [sys.executable, "manage.py", "shell", "-c", PEOPLE],
            cwd=ROOT,
            env=environment(data),
            check=True,
            capture_output=True,
        )
        yield running
    assert not running.said("Traceback|ERROR"), running.lines


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with start_server(newest_server()) as running:
        with running.connect() as connection:
            connection.execute("CREATE DATABASE shop")
            connection.execute("CREATE ROLE maint LOGIN PASSWORD 'hunter2 größe'")
            connection.execute("GRANT pg_monitor TO maint")  # it sees since when others' transactions are open
        with running.connect("shop") as connection:
            connection.execute(
                "CREATE TABLE orders AS SELECT i AS id, md5(i::text) AS code FROM generate_series(1, 20000) i"
            )
            for name in ("orders_by_code", "orders_by_id"):
                connection.execute(f"CREATE INDEX {name} ON orders ({name[10:]})")
            connection.execute("ALTER TABLE orders OWNER TO maint")
            connection.execute("UPDATE pg_index SET indisvalid = false WHERE indrelid = 'orders'::regclass")
        yield running


@pytest.fixture(scope="module")
def base(portal: StartedPortal) -> str:
    return portal.url.rstrip("/")


@contextmanager
def patient(browser: Browser, base: str) -> Iterator[Page]:
    """A page of anna's that waits as long as real work takes."""
    with watched(browser, accept_downloads=True) as opened:
        opened.add_init_script(HURRY)
        opened.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        sign_in(opened, base, "anna")
        yield opened
        expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def page(browser: Browser, base: str) -> Iterator[Page]:
    with patient(browser, base) as opened:
        yield opened


def plan(page: Page, base: str, database: str, strategy: str, **fields: str) -> None:
    """Ask for a run through the form, and wait for its plan."""
    page.goto(f"{base}/runs/new/")
    page.get_by_label("Database").select_option(label=database)
    page.get_by_label("Strategy").select_option(label=strategy)
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Amount, locks and retries").click()
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " ")).fill(value)
    page.get_by_role("button", name="Make the plan").click()


def release(page: Page) -> None:
    page.get_by_role("button", name="Release…").click()
    page.get_by_role("dialog").get_by_role("button", name="Release").click()


def state(page: Page, word: str) -> None:
    expect(page.locator(".head .st.big")).to_have_text(word)


class TestStory:
    """In this order; each part goes on where the one before ended."""

    def test_nothing_is_there_yet_and_the_pages_say_what_comes_first(self, page: Page, base: str) -> None:
        page.goto(base)
        expect(page.get_by_text("Nothing runs now.")).to_be_visible()
        page.goto(f"{base}/operations/")
        expect(page.get_by_text("Nothing ran yet.")).to_be_visible()

    def test_a_database_is_registered_and_looked_at(self, page: Page, base: str, server: RunningServer) -> None:
        page.goto(f"{base}/databases/")
        page.get_by_role("link", name="Register a database").click()
        page.get_by_label("Name*").fill("shop")
        page.get_by_label("Address*").fill(server.tcp_url("shop", "maint:hunter2"))
        page.get_by_role("textbox", name="Password").fill("hunter2 größe")
        page.get_by_label("Owner").fill("Team B")
        page.get_by_role("button", name="Register and check").click()
        expect(page.get_by_text("The address must not contain a password")).to_be_visible()
        assert "hunter2" not in page.content()
        page.complaints.clear()  # type: ignore[attr-defined]  # the browser names the 422
        page.get_by_label("Address*").fill(server.tcp_url("shop", "maint"))
        page.get_by_role("textbox", name="Password").fill("hunter3")
        page.get_by_role("button", name="Register and check").click()
        expect(page.get_by_text("The database refused the sign-in")).to_be_visible()
        page.get_by_role("link", name="Change").click()
        page.get_by_label("A password, kept encrypted in the portal").check()
        page.get_by_role("textbox", name="Password").fill("hunter2 größe")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Check the connection").click()
        expect(page.locator("#main")).to_contain_text("Reachable")
        expect(page.locator("#main")).to_contain_text(f"PostgreSQL {server.major}")
        assert "hunter2" not in page.content()

    def test_assessing_shows_what_it_needs(self, page: Page) -> None:
        page.get_by_role("button", name="Assess").click()
        expect(page.get_by_text("Index public.orders_by_code on public.orders is invalid")).to_be_visible()
        expect(page.get_by_text("public.orders has no statistics")).to_be_visible()

    def test_the_plan_shows_each_statement_and_changes_nothing(self, page: Page, server: RunningServer) -> None:
        page.get_by_role("link", name="Plan a run for all of these").first.click()
        page.get_by_role("button", name="Make the plan").click()
        expect(page.get_by_text("2 steps planned. Nothing has run.")).to_be_visible()
        expect(page.get_by_text('REINDEX (VERBOSE) INDEX CONCURRENTLY "public"."orders_by_code";')).to_be_visible()
        assert self.invalid(server) == ["orders_by_code", "orders_by_id"]

    def test_it_runs_is_watched_and_proved(self, page: Page, base: str, server: RunningServer) -> None:
        release(page)
        state(page, "Succeeded")
        expect(
            page.get_by_text("2 of 2 steps are done. A second look at the target finds nothing left of this plan.")
        ).to_be_visible()
        assert self.invalid(server) == []
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert Path(download.value.path()).read_text().count("SUCCESS") == 2
        page.goto(f"{base}/operations/")
        expect(page.locator("tbody tr")).to_have_count(2)
        page.goto(f"{base}/databases/")
        page.get_by_role("link", name="shop").click()
        expect(page.locator('section[aria-labelledby="h-INDEX_MAINTENANCE"]')).to_contain_text("Nothing found")

    def test_a_long_step_is_cancelled_and_the_server_confirms(
        self, page: Page, base: str, server: RunningServer
    ) -> None:
        self.break_index(server)
        with server.connect("shop") as application:
            application.execute("BEGIN")
            application.execute("UPDATE orders SET code = code WHERE id = 1")
            plan(page, base, "shop", "Index maintenance", Wait_for_locks_at_most="600")
            release(page)
            state(page, "Running")
            page.goto(base)
            row = page.locator('section[aria-labelledby="h-run"]')
            expect(row).to_contain_text("orders_by_code")
            row.get_by_role("link", name="Index maintenance").click()
            wait_for(lambda: self.working(server), "our session in the server's list")
            page.get_by_role("button", name="Stop…").click()
            page.get_by_role("dialog").get_by_role("button", name="Cancel at once").click()
            state(page, "Cancelled")
            assert not self.working(server)
            application.execute("ROLLBACK")
        expect(page.get_by_text("Needs clean-up").first).to_be_visible()
        expect(page.get_by_text("Stopped by anna.")).to_be_visible()

    def test_what_the_cancel_left_is_removed_by_the_next_run_once_somebody_else_approves(
        self, page: Page, base: str, server: RunningServer, browser: Browser
    ) -> None:
        page.get_by_role("button", name="Plan it anew").click()
        expect(page.get_by_role("button", name="Release…")).to_be_visible()
        release(page)
        state(page, "Waiting")
        expect(page.get_by_text("It waits for the approval of 1 approver.")).to_be_visible()
        with watched(browser, "phone") as phone:
            sign_in(phone, base, "bert")
            phone.get_by_role("navigation", name="Quick").get_by_role("link", name="Approvals 1 wait for you").click()
            phone.get_by_text("Exact SQL of 2 steps").click()
            expect(phone.get_by_text(re.compile('DROP INDEX .*"orders_by_code_ccnew"'))).to_be_visible()
            phone.get_by_role("button", name="Approve…").click()
            phone.get_by_role("dialog").get_by_role("button", name="Approve", exact=True).click()
            expect(phone.get_by_text("it starts as soon as nothing else stands in its way")).to_be_visible()
        state(page, "Succeeded")
        assert self.invalid(server) == []

    def test_a_held_run_says_why_it_waits_and_goes_on_when_it_is_lifted(
        self, page: Page, base: str, server: RunningServer
    ) -> None:
        self.break_index(server)
        page.goto(base)
        page.get_by_role("button", name="Hold new work…").click()
        page.get_by_label("Reason").fill("Quarter close")
        page.get_by_role("button", name="Hold all new work").click()
        plan(page, base, "shop", "Index maintenance")
        release(page)
        state(page, "Waiting")
        expect(page.get_by_text("New work is held on all databases: Quarter close")).to_be_visible()
        address = page.url
        page.goto(base)
        expect(page.locator('section[aria-labelledby="h-wait"]')).to_contain_text("Quarter close")
        page.goto(f"{base}/holds/")
        page.get_by_role("button", name="Lift the hold on all databases").click()
        page.goto(address)
        state(page, "Succeeded")

    def test_a_failed_run_stays_on_home_until_it_is_handled(self, page: Page, base: str, server: RunningServer) -> None:
        self.break_index(server)
        plan(page, base, "shop", "Index maintenance", Retries="0")
        expect(page.get_by_role("button", name="Release…")).to_be_visible()
        with server.connect("shop") as owner:
            owner.execute(
                "CREATE FUNCTION full_disk() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left'; END $$"
            )
            owner.execute(
                "CREATE EVENT TRIGGER full_disk ON ddl_command_start WHEN TAG IN ('REINDEX') EXECUTE FUNCTION full_disk()"
            )
        release(page)
        state(page, "Failed")
        with server.connect("shop") as owner:
            owner.execute("DROP EVENT TRIGGER full_disk")
        expect(page.get_by_text("no space left").first).to_be_visible()
        page.goto(base)
        failed = page.locator('section[aria-labelledby="h-fail"]')
        expect(failed).to_contain_text("no space left")
        failed.get_by_role("link", name="Index maintenance").click()
        page.get_by_role("button", name="Handled…").click()
        page.get_by_label("In a few words").fill("The disk was full; more was added.")
        page.get_by_role("button", name="Note it").click()
        expect(page.get_by_text("The disk was full; more was added.").first).to_be_visible()
        page.goto(base)
        expect(page.get_by_text("No failed run waits for anybody.")).to_be_visible()

    def test_sqlite_is_registered_mended_and_put_back(
        self, page: Page, base: str, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        file = tmp_path_factory.mktemp("files") / "shop.db"
        build_messy_sqlite(file)
        page.goto(f"{base}/databases/register/")
        page.get_by_label("Name*").fill("till")
        page.get_by_label("Address*").fill(f"sqlite:///{file}")
        page.get_by_label("No secret").check()
        page.get_by_role("button", name="Register and check").click()
        expect(page.locator("#main")).to_contain_text("Reachable")
        before = self.statistics(file)
        plan(page, base, "till", "Statistics maintenance")
        expect(page.get_by_role("button", name="Release…")).to_be_visible()
        assert self.statistics(file) == before
        release(page)
        state(page, "Succeeded")
        assert self.statistics(file) != before
        page.get_by_role("button", name=re.compile("Undo")).click()
        page.get_by_role("dialog").get_by_role("button", name="Make the plan").click()
        release(page)
        expect(page.get_by_text("(undo)")).to_be_visible()
        state(page, "Succeeded")
        assert self.statistics(file) == before

    def test_the_phone_shows_the_same_run_in_the_dark(self, browser: Browser, base: str, page: Page) -> None:
        with watched(browser, "phone") as phone:
            sign_in(phone, base, "anna")
            phone.get_by_role("navigation", name="Quick").get_by_role("link", name="Runs").click()
            phone.get_by_role("button", name="Switch between light and dark").click()
            phone.get_by_role("link", name="Statistics maintenance").first.click()
            expect(phone.locator(".head .st.big")).to_have_text("Succeeded")
            assert phone.evaluate("document.documentElement.dataset.bsTheme") == "dark"

    def test_signing_out_ends_it(self, page: Page, base: str, portal: StartedPortal) -> None:
        page.goto(base)
        page.get_by_role("button", name="your account").click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{base}/sign-in/*")
        said = {action for (action,) in portal.rows("SELECT DISTINCT action FROM portal_audit_entry")}
        assert said >= {f"user.{verb}" for verb in ("signed_in", "signed_out")}
        assert said >= {"target.registered", "target.check_asked", "assessment.asked", "hold.placed", "hold.lifted"}
        verbs = ("asked", "planned", "released", "started", "succeeded", "stop_asked", "cancelled", "failed", "handled")
        assert said >= {f"run.{verb}" for verb in verbs}
        assert said >= {f"approval.{verb}" for verb in ("asked", "given")}
        text = str(portal.rows("SELECT * FROM portal_audit_entry")) + str(portal.rows("SELECT * FROM django_q_ormq"))
        assert "hunter2" not in text + "".join(portal.lines)

    def test_a_portal_that_is_stopped_and_started_goes_on_with_its_run_and_with_the_open_page(
        self, page: Page, base: str, server: RunningServer, portal: StartedPortal
    ) -> None:
        sign_in(page, base, "anna")
        self.break_index(server)
        silent = page.get_by_text("The portal does not answer.")
        with server.connect("shop") as application:
            application.execute("BEGIN")
            application.execute("UPDATE orders SET code = code WHERE id = 1")
            plan(page, base, "shop", "Index maintenance", Wait_for_locks_at_most="600")
            release(page)
            state(page, "Running")
            wait_for(lambda: self.working(server), "our session in the server's list")
            assert portal.end() == 0
            assert not self.working(server)
            expect(silent).to_be_visible()
            application.execute("ROLLBACK")
        with start(portal.data, "--no-demo", "--port", base.rpartition(":")[2]) as again:
            expect(silent).to_be_hidden()
            state(page, "Succeeded")
            assert "orders_by_code" not in self.invalid(server)
            page.goto("about:blank")
            page.complaints.clear()  # type: ignore[attr-defined]  # the browser names the requests that were lost
            assert again.end() == 0
        assert "hunter2" not in "".join(again.lines)

    @staticmethod
    def statistics(file: Path) -> list[Any]:
        with sqlite3.connect(file) as till:
            return sorted(till.execute("SELECT tbl, idx, stat FROM sqlite_stat1").fetchall(), key=str)

    @staticmethod
    def invalid(server: RunningServer) -> list[str]:
        with server.connect("shop") as connection:
            rows = connection.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1")
            return [name for (name,) in rows]

    @staticmethod
    def break_index(server: RunningServer) -> None:
        with server.connect("shop") as connection:
            connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_by_code'::regclass")

    @staticmethod
    def working(server: RunningServer) -> list[Any]:
        with server.connect("shop") as connection:
            return connection.execute(
                "SELECT query FROM pg_stat_activity WHERE application_name LIKE 'mportal:% run:%' AND state <> 'idle'"
            ).fetchall()
