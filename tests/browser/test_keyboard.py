"""Everything works without a mouse, and the theme stays as it was chosen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import EACH_PAGE, updated, watched
from tests.pages import Scene

HIDDEN = """async () => {
    await new Promise(painted => requestAnimationFrame(() => requestAnimationFrame(painted)));
    const part = document.activeElement;
    if (part === document.body) return null;
    const { left, top, width, height } = part.getBoundingClientRect();
    const seen = [[.5, .5], [.1, .1], [.9, .9], [.1, .9], [.9, .1]].some(([x, y]) =>
        part.contains(document.elementFromPoint(left + width * x, top + height * y)));
    return seen ? null : part.outerHTML.slice(0, 120);
}"""


def tabbed(page: Page) -> list[str]:
    """What Tab reaches, from the top of the page round."""
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    reached: list[str] = []
    for _ in range(150):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "() => { const part = document.activeElement; "
            "part.dataset.visit ??= String(Math.random()); return part === document.body ? '' : part.dataset.visit; }"
        )
        if not name or name in reached:
            break
        reached.append(name)
        assert page.evaluate(HIDDEN) is None
    return reached


@pytest.mark.parametrize("look", EACH_PAGE)
def test_tab_reaches_every_control_in_sight_and_none_beneath_a_bar(
    look: str, open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    """Down the page and up again (WCAG 2.1.1, 2.4.11)."""
    page = open_as(look=look)
    # A part that is drawn anew meanwhile would forget which of its controls were reached; that its focus stays is another test.
    page.route("**/live/", lambda route: route.fulfill(status=204))
    for path in ("/", f"/runs/{shop.planned.pk}/", "/databases/register/"):
        page.goto(base + path)
        reached = tabbed(page)
        missed = page.evaluate(
            """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')]
                .filter(part => part.offsetParent && !part.dataset.visit && !part.closest('dialog') && part.type !== 'radio')
                .map(part => part.outerHTML.slice(0, 120))"""
        )
        assert missed == [], path
        for _ in reached:
            page.keyboard.press("Shift+Tab")
            assert page.evaluate(HIDDEN) is None, path


def test_the_first_tab_skips_to_the_content(open_as: Callable[..., Page], base: str, shop: Scene) -> None:
    page = open_as()
    page.goto(f"{base}/runs/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_dialog_opens_by_enter_holds_the_focus_and_gives_it_back(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as()
    page.goto(f"{base}/runs/{shop.planned.pk}/")
    opener = page.get_by_role("button", name="Release…")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Release this plan?")
    expect(dialog).to_be_visible()
    for _ in range(5):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_focus_comes_back_although_the_button_was_put_in_anew_meanwhile(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as(is_hurried=True)
    page.goto(f"{base}/runs/{shop.running.pk}/")
    opener = page.get_by_role("button", name="Stop…")
    opener.focus()
    page.keyboard.press("Enter")
    updated(page)
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_the_menu_of_the_phone_opens_and_closes_by_keyboard(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as(look="phone")
    page.goto(f"{base}/")
    menu = page.get_by_role("button", name="Menu")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    expect(menu).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(menu).to_be_focused()


def test_the_menu_closes_when_the_focus_leaves_it(open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    """It lies over what comes next."""
    page = open_as(look="phone")
    page.goto(f"{base}/")
    more = page.get_by_role("button", name="More")
    navigation = page.get_by_role("navigation", name="Main")
    more.focus()
    page.keyboard.press("Enter")
    navigation.get_by_role("link").last.focus()
    page.keyboard.press("Tab")
    expect(navigation).to_be_hidden()
    expect(page.get_by_role("button", name="Menu")).to_be_focused()
    more.click()
    expect(navigation).to_be_visible()
    page.keyboard.press("Escape")
    expect(more).to_be_focused()
    more.click()
    more.click()
    expect(navigation).to_be_hidden()


def test_the_theme_is_chosen_before_the_first_paint_and_stays(
    open_as: Callable[..., Page], base: str, shop: Scene
) -> None:
    page = open_as()
    page.goto(f"{base}/")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.add_init_script(
        "new MutationObserver((_, me) => { if (!document.body) return;"
        "window.first = document.documentElement.dataset.bsTheme; me.disconnect(); })"
        ".observe(document, {childList: true, subtree: true})"
    )
    page.goto(f"{base}/runs/")
    assert page.evaluate("window.first") == "dark"


def test_a_reader_who_asks_for_less_motion_gets_none(browser: Browser, base: str, shop: Scene) -> None:
    with watched(browser, reduced_motion="reduce") as page:
        page.goto(f"{base}/sign-in/")
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<i class=\"spin\" id=\"s\"></i>')")
        assert page.evaluate("getComputedStyle(document.getElementById('s')).animationName") == "none"
