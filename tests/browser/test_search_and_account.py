"""The search by its key and its field, the theme of an account against that of a browser, and the audit, as people use them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from strategies import audit
from strategies.models import Theme, User
from tests.browser.conftest import EACH_PAGE
from tests.browser.test_accessibility import cut_off, faults, faults_in_the_dark, sideways
from tests.pages import ANNA, HOSTILE, Scene

FIRST_PAINT = """new MutationObserver((_, me) => { if (!document.body) return;
    window.first = document.documentElement.dataset.bsTheme; me.disconnect(); })
    .observe(document, {childList: true, subtree: true})"""


def field(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Search the portal")


def theme(page: Page) -> str:
    return str(page.evaluate("document.documentElement.dataset.bsTheme"))


def test_the_key_leads_to_the_field_and_enter_to_what_is_found(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as()
    page.goto(f"{base}/runs/")
    page.keyboard.press("/")
    expect(field(page)).to_be_focused()
    expect(field(page)).to_have_value("")
    page.keyboard.type("shop")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{base}/search/?q=shop")
    page.get_by_role("region", name="Databases").get_by_role("link", name="shop").click()
    page.wait_for_url(f"{base}/databases/{shop.target.pk}/")


def test_on_the_page_of_the_search_the_key_leads_to_its_own_field_with_all_of_it_marked(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as()
    page.goto(f"{base}/search/?q=nothing")
    page.keyboard.press("/")
    page.keyboard.type("shop")
    expect(page.get_by_role("searchbox", name="Search for")).to_have_value("shop")


def test_whoever_types_types_a_slash(open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as()
    page.goto(f"{base}/audit/")
    person = page.get_by_label("Person")
    person.focus()
    page.keyboard.type("a/b")
    expect(person).to_have_value("a/b")
    page.goto(f"{base}/")
    page.get_by_role("button", name="Hold new work…").click()
    page.keyboard.press("/")
    assert page.evaluate("!!document.activeElement.closest('dialog') || document.activeElement === document.body")
    page.goto(f"{base}/runs/")
    page.keyboard.press("Control+/")
    expect(field(page)).not_to_be_focused()


def test_on_a_phone_the_key_and_the_icon_open_the_page_of_the_search(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as(look="phone")
    page.goto(f"{base}/runs/")
    expect(field(page)).to_be_hidden()
    page.get_by_role("link", name="Search", exact=True).click()
    page.wait_for_url(f"{base}/search/")
    page.goto(f"{base}/runs/")
    page.keyboard.press("/")
    page.wait_for_url(f"{base}/search/")


def test_the_key_can_be_switched_off_in_one_browser(open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    """A key of one character needs that (WCAG 2.1.4)."""
    page = open_as()
    page.goto(f"{base}/account/")
    page.get_by_label("leads to the search").uncheck()
    page.goto(f"{base}/runs/")
    expect(page.locator(".find kbd")).to_be_hidden()
    page.keyboard.press("/")
    expect(field(page)).not_to_be_focused()
    page.goto(f"{base}/account/")
    page.get_by_label("leads to the search").check()
    page.goto(f"{base}/runs/")
    expect(page.locator(".find kbd")).to_be_visible()
    page.keyboard.press("/")
    expect(field(page)).to_be_focused()


def test_the_theme_of_the_account_is_there_at_the_first_paint(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as()
    page.goto(f"{base}/account/")
    page.get_by_role("radio", name="Dark").check()
    page.get_by_role("button", name="Use this theme").click()
    expect(page.get_by_text("Your theme is changed.")).to_be_visible()
    assert theme(page) == "dark"
    page.add_init_script(FIRST_PAINT)
    page.goto(f"{base}/runs/")
    assert page.evaluate("window.first") == "dark"


def test_what_a_browser_was_switched_to_goes_before_the_account_until_one_chooses_there_again(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as()
    User.objects.update(theme=Theme.DARK)
    page.goto(f"{base}/account/")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.goto(f"{base}/runs/")
    assert theme(page) == "light"
    page.goto(f"{base}/account/")
    page.get_by_label("Your time zone").fill("Europe/Vienna")
    page.get_by_role("button", name="Save the time zone").click()
    expect(page.get_by_text("Your time zone is changed.")).to_be_visible()
    assert theme(page) == "light"
    page.get_by_role("button", name="Use this theme").click()
    expect(page.get_by_text("It was so already")).to_be_visible()
    assert theme(page) == "dark"


def test_the_account_follows_the_device_where_it_chose_no_theme(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as(look="dark")
    page.goto(f"{base}/account/")
    assert theme(page) == "dark"


@pytest.mark.parametrize("look", EACH_PAGE)
def test_what_is_found_and_what_is_told_is_clean(
    look: str, open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    audit.record(
        ANNA, "target.changed", shop.target, reason=HOSTILE * 5,
        before={"url": "postgresql://maint@db1.example.org:5432/" + "finance" * 12, "parameters": dict.fromkeys("abcd", 1)},
        after={"url": "postgresql://maint@db2.example.org:5432/" + "finance" * 12, "parameters": dict.fromkeys("abcde", 1)},
    )  # fmt: skip
    page = open_as(look=look)
    paths = (
        "/search/?q=shop", "/search/?q=index", f"/search/?q=%23{shop.failed.pk}", "/search/?q=nowhere", "/search/?q=x",
        "/audit/", f"/audit/?object_type=Target&object_id={shop.target.pk}", "/audit/?actor=nobody", "/audit/?object_id=3",
        "/account/",
    )  # fmt: skip
    found = {}
    for path in paths:
        page.goto(base + path)
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        problems = [*faults(page), *cut_off(page), *(["scrolls sideways"] if sideways(page) else [])]
        problems += faults_in_the_dark(page) if look == "light" else []
        if problems:
            found[path] = problems
    assert found == {}


def test_wrong_forms_of_the_account_are_clean(open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as(look="phone")
    for label, button in (("Your time zone", "Save the time zone"), ("Present password", "Change the password")):
        page.goto(f"{base}/account/")
        page.get_by_label(label).fill("wrong")
        page.get_by_role("button", name=button).click()
        expect(page.get_by_label(label)).to_have_attribute("aria-invalid", "true")
        assert faults(page) == [], button
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser names each 422
