"""Every page without a fault that axe can find, in both themes and on a phone; nothing scrolls sideways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from strategies.models import Role
from tests.browser.conftest import SIZES, watched
from tests.pages import Scene, addresses

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NO_PAGES = {"health", "sign-in", "sign-out", "home-live"}  # and whatever takes a row, or ends in a file's name


def paths(shop: Scene) -> list[str]:
    """Every page that is opened by GET; one that is added without a row is here by itself."""
    plain = [
        path for name, path in addresses().items() if "{" not in path and name not in NO_PAGES and path.endswith("/")
    ]
    plain.remove("/holds/place/")
    runs = (shop.planned, shop.running, shop.waiting, shop.failed, shop.succeeded)
    return [
        *plain,
        *(f"/runs/{run.pk}/" for run in runs),
        f"/runs/new/?target={shop.target.pk}&strategy=INDEX_MAINTENANCE",
        f"/databases/{shop.target.pk}/",
        f"/databases/{shop.target.pk}/edit/",
        "/strategies/INDEX_MAINTENANCE/",
        f"/operations/{shop.operation.pk}/",
        "/runs/?status=cancelled",
        "/runs/?status=dancing",
        "/nothing/",
    ]


def faults(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response["violations"]
    return [f"{fault['id']}: {[node['target'] for node in fault['nodes']]}" for fault in found]


def sideways(page: Page) -> bool:
    return bool(page.evaluate("document.scrollingElement.scrollWidth > window.innerWidth"))


@pytest.mark.parametrize("look", SIZES)
def test_every_page_is_clean(look: str, open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as(look=look)
    found: dict[str, Any] = {}
    for path in paths(shop):
        answer = page.goto(base + path)
        assert answer is not None
        if answer.status == 404:
            page.complaints.clear()  # type: ignore[attr-defined]  # the browser itself says so
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        if problems := faults(page):
            found[path] = problems
        if sideways(page):
            found[path] = [*found.get(path, []), "scrolls sideways"]
    assert found == {}


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.MANAGER])
def test_what_others_see_is_clean_as_well(role: Role, open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as(role, "phone")
    for path in ("/", f"/runs/{shop.failed.pk}/", f"/databases/{shop.target.pk}/", "/runs/"):
        page.goto(base + path)
        assert faults(page) == [], path


@pytest.mark.parametrize("look", SIZES)
def test_dialogs_are_clean(look: str, open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as(look=look)
    for run, button in (
        (shop.planned, "Release…"),
        (shop.running, "Stop…"),
        (shop.failed, "Handled…"),
        (shop.succeeded, "Undo 1 step…"),
    ):
        page.goto(f"{base}/runs/{run.pk}/")
        page.get_by_role("button", name=button).click()
        page.locator("dialog[open]").wait_for()
        assert faults(page) == [], button
    page.goto(base)
    page.get_by_role("button", name="Hold new work…").click()
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="your account").click()
    assert faults(page) == []


@pytest.mark.parametrize("look", SIZES)
def test_signing_in_is_clean(look: str, browser: Browser, base: str, shop: Scene) -> None:
    with watched(browser, look) as page:
        page.goto(f"{base}/runs/")
        assert faults(page) == []
        page.get_by_label("Username").fill("nobody")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("Please enter a correct username").wait_for()
        assert faults(page) == []


def test_the_narrowest_phone_does_not_scroll_sideways(open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as(look="phone")
    page.set_viewport_size({"width": 320, "height": 640})
    for path in paths(shop):
        page.goto(base + path)
        page.complaints.clear()  # type: ignore[attr-defined]
        assert not sideways(page), path


def test_targets_are_large_enough_for_fingers(open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    """24 CSS pixels each way, or inline in text (WCAG 2.5.8)."""
    page = open_as(look="phone")
    for path in ("/", f"/runs/{shop.running.pk}/", f"/databases/{shop.target.pk}/", "/holds/"):
        page.goto(base + path)
        small = page.evaluate(
            """() => [...document.querySelectorAll('button, .btn, summary, nav a, select, input:not([type=hidden])')]
                .filter(part => part.offsetParent && (part.offsetWidth < 24 || part.offsetHeight < 24)
                    && !(part.type === 'checkbox' || part.type === 'radio'))
                .map(part => part.outerHTML.slice(0, 120))"""
        )
        assert small == [], path
