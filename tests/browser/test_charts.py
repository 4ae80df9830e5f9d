"""Figures are drawn from the page's own files in both themes, follow a change of theme, and are told in words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from monitoring import rollups
from strategies.models import RunStatus
from tests.browser.conftest import EACH_PAGE
from tests.browser.test_accessibility import cut_off, faults, faults_in_the_dark, sideways
from tests.long import IS_ALL
from tests.monitoring.past import job, log, operation, run
from tests.pages import Scene

DRAWN = "theme => [...document.querySelectorAll('[data-figure]')].every(place => place.dataset.drawn === theme)"
PAGES = {"/trends/?period=90": 3, "/trends/?period=7&scale=log": 3, "/statistics/": 2}


@pytest.fixture
def past(shop: Scene) -> None:
    today = timezone.now().date()
    log(
        *(operation(today, target=shop.target, duration_ms=700 * n) for n in range(30)),
        *(
            operation(today, "ERROR", target=shop.target, strategy_name="A_STRATEGY_WITH_A_LONG_NAME_THAT_SQL_TYPED")
            for _ in "ab"
        ),
        *(operation(today, "TIMEOUT", target=shop.target, strategy_name="<b>OWN</b>", duration_ms=0) for _ in "ab"),
    )
    run(
        shop.target,
        RunStatus.FAILED,
        today,
        job=job("nightly", shop.target, last_run=timezone.now(), last_status="ERROR"),
    )
    rollups.roll_up(timezone.now())


def drawn(page: Page, theme: str) -> list[str]:
    """Wait for all figures; the colours that they have in this theme."""
    page.wait_for_function(DRAWN, arg=theme)
    return list(
        page.eval_on_selector_all(
            ".plot path", "parts => parts.map(part => getComputedStyle(part).fill + getComputedStyle(part).stroke)"
        )
    )


@pytest.mark.parametrize("look", [*EACH_PAGE, "dark"] if IS_ALL else EACH_PAGE)
def test_figures_are_drawn_and_clean(look: str, open_as: Callable[..., Page], past: None, base: str) -> None:
    page = open_as(look=look)
    for path, count in PAGES.items():
        page.goto(base + path)
        assert drawn(page, "dark" if look == "dark" else "light")
        assert page.locator(".plot svg.main-svg").first.is_visible()
        assert page.locator(".plot").count() == count
        assert page.get_by_role("img", name="operations in" if "trends" in path else "Operations:").is_visible()
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        problems = [*faults(page), *cut_off(page), *(["scrolls sideways"] if sideways(page) else [])]
        assert problems == [], path


def test_figures_follow_the_theme(open_as: Callable[..., Page], past: None, base: str) -> None:
    page = open_as()
    page.goto(f"{base}/trends/")
    light = drawn(page, "light")
    page.get_by_role("button", name="Switch between light and dark").click()
    dark = drawn(page, "dark")
    assert len(light) == len(dark) > 10
    assert set(light) != set(dark)
    assert faults_in_the_dark(page) == []
    page.get_by_role("button", name="Switch between light and dark").click()
    assert drawn(page, "light") == light


def test_names_are_text_in_a_figure(open_as: Callable[..., Page], past: None, base: str) -> None:
    page = open_as()
    page.goto(f"{base}/statistics/")
    drawn(page, "light")
    assert page.locator(".plot").first.locator("text=<b>own</b>").count() == 1


def test_without_its_library_the_page_says_so_and_keeps_its_table(
    open_as: Callable[..., Page], past: None, base: str
) -> None:
    page = open_as()
    page.route("**/plotly-basic*", lambda route: route.abort())
    page.goto(f"{base}/trends/")
    page.get_by_text("The figure could not be drawn; the table says the same.").first.wait_for()
    page.get_by_text("As a table").first.click()
    assert page.get_by_role("region", name="Table: operations per day").is_visible()
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser says that it could not load the file
