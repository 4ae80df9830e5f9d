"""A strategy from its definition to the form of the run that deploys it, in a browser: clean in both themes and on a phone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from strategies.generator.texts import values_as_yaml
from strategies.models import StrategyVersion, Target, User
from tests.browser.conftest import SIZES
from tests.browser.test_accessibility import cut_off, faults, faults_in_the_dark, sideways
from tests.pages import Scene
from tests.strategies.generator.test_reading import GOOD


def press(page: Page, name: str) -> None:
    """Wait for the page that comes of it."""
    with page.expect_navigation():
        page.locator("main").get_by_role("button", name=name, exact=True).last.click()


def assert_clean(page: Page) -> None:
    assert [*faults(page), *faults_in_the_dark(page)] == []
    page.evaluate("document.documentElement.dataset.bsTheme = 'light'")
    width, height = SIZES["phone"]
    page.set_viewport_size({"width": width, "height": height})
    assert [*cut_off(page), *(["scrolls sideways"] if sideways(page) else [])] == []
    wide, high = SIZES["light"]
    page.set_viewport_size({"width": wide, "height": high})


def test_a_strategy_is_generated_kept_and_led_to_its_deployment(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as()
    User.objects.get(username="dba-light").tenants.add(Target.objects.get(is_home=True).tenant)
    page.goto(f"{base}/strategies/")
    page.get_by_role("link", name="Generate a strategy").click()

    # Faults lead to their fields, and what was typed stays
    page.get_by_label("Name", exact=True).first.fill("nightly tidy")
    page.get_by_label("Time, day or event").fill("whenever")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser itself says that the answer was 422
    summary = page.get_by_role("alert", name="faults; nothing is generated yet")
    summary.get_by_role("link", name="Job 1, time, day or event").click()
    assert page.evaluate("document.activeElement.id") == "id_job-0-schedule_value"
    assert page.get_by_label("Name", exact=True).first.input_value() == "nightly tidy"
    assert_clean(page)

    # As text, and back
    press(page, "YAML")
    assert page.get_by_role("textbox", name="Definition").input_value() == (
        "name: nightly tidy\ncategory: DATABASE\njobs:\n- schedule_value: whenever\n"
    )
    page.get_by_role("textbox", name="Definition").fill(values_as_yaml(GOOD))
    press(page, "Form")
    page.get_by_label("Description", exact=True).fill("Statistics of the shop.")
    press(page, "Preview")

    # The files, and the archive; the page goes on after it
    press(page, "plsql/nightly_tidy_pkg.sql")
    assert page.locator("pre.code .y-k").first.inner_text() == "CREATE"
    with page.expect_download() as download:
        page.get_by_role("button", name="Download ZIP").click()
    archive = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert "NIGHTLY_TIDY/plsql/nightly_tidy_pkg.sql" in archive.namelist()
    press(page, "Keep this version")
    page.get_by_role("heading", name="NIGHTLY_TIDY, version 1").wait_for()

    # The next version: what differs is said in words, too
    page.get_by_role("link", name="Copy and change").click()
    page.get_by_label("Description", exact=True).fill("Statistics of the yard.")
    press(page, "Preview")
    row = page.locator("tr.added", has_text="Statistics of the yard.").first
    assert row.inner_text().split("\t")[2].split() == ["+", "added"]
    assert_clean(page)
    press(page, "Keep this version")
    page.get_by_label("Compare with").select_option("Version 1")
    with page.expect_navigation():
        page.get_by_role("button", name="Compare").click()
    assert page.locator("tr.removed", has_text="Statistics of the shop.").count() > 0

    page.get_by_label("They are for the database").select_option("shop")
    with page.expect_navigation():
        page.get_by_role("button", name="Deploy to home…").click()
    filled = [page.get_by_label(label, exact=True).input_value() for label in ("Version", "For the database")]
    assert filled == ["2", "shop"]
    assert page.locator("#id_parameter-strategy").input_value() == "NIGHTLY_TIDY"
    assert StrategyVersion.objects.filter(strategy_name="NIGHTLY_TIDY").count() == 2
