"""Errors and the log's health in a browser: clean in both themes and on a phone, drawn, and worked by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from monitoring import log_health, rollups
from monitoring.models import ErrorGroup, HandledError
from strategies import log_policies
from strategies.audit import Actor
from strategies.models import OperationLog, Role
from tests.browser.conftest import EACH_PAGE
from tests.browser.test_accessibility import cut_off, faults, faults_in_the_dark, sideways
from tests.browser.test_charts import drawn
from tests.monitoring.past import log, operation, target
from tests.monitoring.test_errors import error
from tests.pages import Scene

LONG = "a_very_long_index_name_of_a_very_long_table_" + "x" * 60
DAY = timedelta(days=1)


@pytest.fixture
def past(shop: Scene) -> None:
    today = timezone.now().date()
    other = target("warehouse-production-eu")
    log(
        *(
            error(today - n * DAY, f'could not create unique index "{LONG}{n}"', "23505", target=place, target_object=LONG, hour=0)
            for n in range(12)
            for place in (shop.target, other)
        ),
        error(today, "ORA-99999: nobody knows <b>this</b>", "ORA-99999", target=other, hour=0),
        *(operation(today - 100 * DAY, target=other, strategy_name="LEGACY") for _ in range(7)),
        operation(today - 3 * DAY, "STARTED", target=other, target_object=LONG),
    )  # fmt: skip
    rollups.roll_up(timezone.now())
    log_health.monitor_log_table_size(timezone.now())
    log_policies.set_strategy_logging(Actor("anna"), "LEGACY", False)


def group(code: str = "23505") -> int:
    return int(ErrorGroup.objects.get(error_code=code).pk)


@pytest.mark.parametrize("look", EACH_PAGE)
def test_pages_are_clean_and_drawn(look: str, open_as: Callable[..., Page], past: None, base: str) -> None:
    page = open_as(look=look)
    paths = {
        "/errors/?period=90": 0, f"/errors/{group()}/": 1, f"/errors/{group('ORA-99999')}/": 1, "/operation-log/": 1,
        "/operation-log/?rule=LEGACY": 1, "/operation-log/prune/": 0, "/errors/?state=dancing": 0,
    }  # fmt: skip
    for path, figures in paths.items():
        page.goto(base + path)
        assert page.locator(".plot").count() == figures, path
        if figures:
            assert drawn(page, "light"), path
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        problems = [*faults(page), *cut_off(page), *(["scrolls sideways"] if sideways(page) else [])]
        if look == "light":
            problems += faults_in_the_dark(page)
        assert problems == [], path


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AUDITOR])
def test_what_others_see_is_clean_as_well(role: Role, open_as: Callable[..., Page], past: None, base: str) -> None:
    page = open_as(role, "phone")
    for path in ("/errors/", f"/errors/{group()}/", "/operation-log/"):
        page.goto(base + path)
        assert faults(page) == [], path
        assert page.get_by_role("button", name="Note it").count() == 0


def test_small_bars_say_their_numbers_and_have_the_colour_of_failures(
    open_as: Callable[..., Page], past: None, base: str
) -> None:
    page = open_as()
    page.goto(f"{base}/errors/")
    bars = page.get_by_role("img", name="24 in 30 days, on 12 of them; the most on one day: 2")
    assert bars.locator("rect").count() == 12
    box = bars.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (124, 24)
    colour = bars.locator("rect").first.evaluate("part => getComputedStyle(part).fill")
    assert colour == "rgb(179, 38, 30)"


def test_an_error_is_dealt_with_by_keyboard(open_as: Callable[..., Page], past: None, base: str) -> None:
    page = open_as()
    page.goto(f"{base}/errors/")
    page.get_by_role("link", name="23505 could not create unique index").focus()
    page.keyboard.press("Enter")
    page.get_by_label("What was done about it?").focus()
    page.keyboard.type("dropped the leftovers")
    page.keyboard.press("Enter")
    page.get_by_text("Noted. It is opened again when another one comes.").wait_for()
    assert HandledError.objects.count() == 2
    page.goto(f"{base}/errors/?state=handled")
    assert page.get_by_text("dropped the leftovers").is_visible()


def test_a_rule_is_changed_and_the_log_pruned(open_as: Callable[..., Page], past: None, base: str) -> None:
    page = open_as()
    page.goto(f"{base}/operation-log/")
    page.get_by_role("link", name="Change the rule for Legacy").click()
    page.get_by_role("heading", name="Rule for Legacy").wait_for()
    days = page.get_by_label("Keep rows for so many days")
    days.fill("200")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The rule for legacy is changed.").wait_for()
    page.get_by_role("link", name="Prune now").click()
    page.get_by_text("No row is past its time.").wait_for()
    page.goto(f"{base}/operation-log/?rule=LEGACY")
    page.get_by_role("button", name="As all others").click()
    page.get_by_role("link", name="Prune now").click()
    page.get_by_role("button", name="Prune 7 rows").click()
    page.get_by_text("7 rows are pruned.").wait_for()
    assert not OperationLog.objects.filter(strategy_name="LEGACY").exists()


def test_a_phone_hides_nothing_that_matters(open_as: Callable[..., Page], past: None, base: str) -> None:
    page = open_as(look="phone")
    for path, labels in (
        ("/errors/", ("State", "Count", "Per day", "Databases", "Last")),
        (f"/errors/{group()}/", ("Database", "Object", "Message", "That day")),
        ("/operation-log/", ("Kept for", "Own rows", "Rows", "Past their time")),
        ("/operation-log/prune/", ("First day", "Last day", "Rows")),
    ):
        page.goto(base + path)
        for label in labels:
            cells = page.locator(f'td[data-label="{label}"]')
            assert cells.count() > 0, (path, label)
            assert all(cell.is_visible() for cell in cells.all()), (path, label)
