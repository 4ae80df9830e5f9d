"""A manager asks for a report, changes its days, follows a number to its list, and takes the files along."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Page

from strategies.models import Role, RunStatus
from tests.browser.conftest import SIZES
from tests.browser.test_accessibility import cut_off, faults, faults_in_the_dark, sideways
from tests.browser.test_charts import drawn
from tests.monitoring.reported import BEFORE, DAY, OCTOBER, SINCE, asked, broken_glass, ended, logged, night, word
from tests.pages import Scene

START = SINCE + DAY  # within October on the clock of UTC as well


@pytest.fixture
def past(shop: Scene) -> None:
    place = shop.target
    long_name = "A_STRATEGY_WITH_A_LONG_NAME_THAT_SQL_TYPED"
    for n, status in enumerate((RunStatus.SUCCEEDED, RunStatus.MISSED, RunStatus.FAILED, RunStatus.CONTINUED)):
        run = ended(
            place, status, START + n * DAY, awaits_handling=n in (1, 2), message="It did not start in time. " * 5
        )
        word(asked(run, START + n * DAY), START, ("approve", "send_back")[n % 2])
        asked(run, START + n * DAY, "expired")
        logged(place, START + n * DAY, status="ERROR", error_code="SQLITE_BUSY", strategy_name=long_name).save()
    ended(place, RunStatus.SUCCEEDED, START, window=night(place), window_ends_at=SINCE)
    ended(place, RunStatus.SUCCEEDED, BEFORE)
    broken_glass(run, START)


def problems(page: Page) -> list[str]:
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    return [*faults(page), *cut_off(page), *(["scrolls sideways"] if sideways(page) else [])]


def test_a_report_is_asked_for_followed_and_taken_along(
    open_as: Callable[..., Page], past: None, base: str, tmp_path: Path
) -> None:
    page = open_as(Role.MANAGER)
    page.goto(base)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Report").click()
    page.get_by_role("link", name="Last quarter").click()
    assert page.get_by_role("link", name="Last quarter").get_attribute("aria-current") == "true"
    page.get_by_label("From", exact=True).fill("2025-10-01")
    page.get_by_label("To, included").fill("2025-10-31")
    page.get_by_role("button", name="Filter").click()
    page.get_by_text("5 maintenance runs ended: 2 as they should").wait_for()
    assert drawn(page, "light")
    assert problems(page) == []
    assert faults_in_the_dark(page) == []

    for ending, link in (("pdf", "PDF"), ("csv", "CSV")):
        with page.expect_download() as download:
            page.get_by_role("link", name=link, exact=True).click()
        assert (
            download.value.suggested_filename
            == f"maintenance-report_2025-10-01_2025-10-31_all-databases-in-sight.{ending}"
        )
        download.value.save_as(tmp_path / ending)
    assert len(pypdfium2.PdfDocument(tmp_path / "pdf")) >= 2
    assert (
        (tmp_path / "csv").read_text().startswith("section,name,database,strategy,run,at,who,state,measure,value,note")
    )

    page.emulate_media(media="print")
    assert page.locator("nav.side, .top, .report .tabs, .report .asked").filter(visible=True).count() == 0
    page.set_viewport_size({"width": 700, "height": 990})  # A4 between its margins
    assert page.get_by_role("table").last.is_visible()
    assert cut_off(page) == []
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": SIZES["phone"][0], "height": SIZES["phone"][1]})
    page.goto(f"{base}/report/?{OCTOBER}")
    assert drawn(page, "light")
    assert problems(page) == []

    page.set_viewport_size({"width": 1440, "height": 900})
    row = page.locator("#outcomes tr").filter(has_text="Missed")
    row.get_by_role("link", name="1", exact=True).click()
    page.get_by_label("Ended from").wait_for()
    assert page.get_by_label("State").input_value() == "missed"
    assert page.locator("table.tb tbody tr").count() == 1
