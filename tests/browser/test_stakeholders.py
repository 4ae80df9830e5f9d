"""Stakeholders in the browser: a system is made, its status page subscribed from, confirmed by mail, and left; clean in every look."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from monitoring import announcements, deliveries, subscription_links
from monitoring.models import NotificationChannel, StatusPage, Subscription, System
from strategies.models import Role
from tests.browser.conftest import EACH_PAGE, watched
from tests.browser.test_accessibility import cut_off, faults, faults_in_the_dark, sideways
from tests.monitoring.notifications.receivers import Letter, Mailbox
from tests.monitoring.stakeholders import read_on
from tests.monitoring.told import SMTP
from tests.pages import Scene


@pytest.mark.parametrize("look", EACH_PAGE)
def test_pages_with_everything_on_them_are_clean(
    look: str, open_as: Callable[..., Page], browser: Browser, shop: Scene, base: str
) -> None:
    waits = Subscription.objects.create(system=shop.system, address="dan@shop.example.org", asked_at=timezone.now())
    token = shop.status_page.token
    inside = [
        "/systems/",
        f"/systems/{shop.system.pk}/",
        f"/systems/{shop.system.pk}/edit/",
        "/systems/new/",
        "/status-pages/",
    ]
    outside = [
        f"/status/?key={token}", subscription_links.page(shop.subscription), subscription_links.leaving(shop.subscription),
        subscription_links.confirmation(waits),
    ]  # fmt: skip
    found = judged(open_as(look=look), base, inside, look)
    with watched(browser, look) as page:
        found |= judged(page, base, outside, look)
    assert found == {}


def judged(page: Page, base: str, paths: list[str], look: str) -> dict[str, list[str]]:
    found = {}
    for path in paths:
        page.goto(base + path)
        if folder := os.environ.get("PORTAL_TEST_SHOTS"):
            name = path.partition("?")[0].strip("/").replace("/", "-")
            page.screenshot(path=f"{folder}/{name}-{look}.png", full_page=True)
        problems = [*faults(page), *cut_off(page), *(["scrolls sideways"] if sideways(page) else [])]
        if problems := [*problems, *faults_in_the_dark(page)]:
            found[path] = problems
    return found


def test_from_a_new_system_to_a_subscription_that_is_left(
    open_as: Callable[..., Page], browser: Browser, shop: Scene, base: str, settings: Any
) -> None:
    """A worker's part is played by this process: it delivers to a real mail server."""
    settings.PORTAL_URL = base
    System.objects.all().delete()
    NotificationChannel.objects.all().delete()
    dba = open_as()
    dba.goto(f"{base}/systems/")
    dba.get_by_role("link", name="Add the first one").click()
    dba.get_by_label("Name").fill("Billing")
    dba.locator("#id_tenant").select_option(label="Main")
    dba.get_by_label("Databases").select_option(label="shop")
    dba.get_by_label("What its users notice").fill("Invoices can be read meanwhile.")
    dba.get_by_role("button", name="Save").click()
    expect(dba.get_by_text("Billing is kept.")).to_be_visible()
    dba.get_by_role("link", name="link to the status page").click()
    dba.locator("#id_tenant").select_option(label="Main")
    dba.get_by_label("For whom").fill("Customer service")
    dba.get_by_role("button", name="Make").click()
    expect(dba.get_by_text("The link for Customer service is made.")).to_be_visible()
    announcements.follow(timezone.now())  # the runs of the scene are under way, and wait
    status = StatusPage.objects.latest("pk")

    with Mailbox() as mailbox, watched(browser, "phone") as cleo:
        NotificationChannel.objects.create(name="Mail", kind="email", settings={**SMTP, "port": mailbox.port})
        cleo.goto(f"{base}/status/?key={status.token}")
        expect(cleo.get_by_role("heading", name="Billing")).to_be_visible()
        expect(cleo.get_by_text("Under way").first).to_be_visible()
        cleo.get_by_label("Mail address").fill("cleo@example.org")
        cleo.get_by_role("button", name="Subscribe").click()
        expect(cleo.get_by_text("If that address is not subscribed yet")).to_be_visible()
        deliver()
        cleo.goto(link(mailbox.letters[-1]))
        cleo.get_by_role("button", name="Yes, tell me").click()
        expect(cleo.get_by_text("From now on you hear of maintenance of Billing.")).to_be_visible()
        deliver()
        first = mailbox.letters[-1].mail
        assert first["Subject"] == "Maintenance of Billing: you will be told"
        leaving = first["List-Unsubscribe"].strip("<>")
        cleo.get_by_label("Messages").select_option("main")
        cleo.get_by_role("button", name="Save").click()
        expect(cleo.get_by_text("That is how you will hear of it.")).to_be_visible()
        cleo.get_by_role("button", name="Leave").click()
        expect(cleo.get_by_role("heading", name="You have left")).to_be_visible()
        cleo.goto(leaving)
        expect(cleo.get_by_role("heading", name="You have left already")).to_be_visible()
        read_on(timezone.now())
        assert not Subscription.objects.in_force().exists()

    dba.goto(f"{base}/status-pages/")
    dba.get_by_role("button", name="Revoke the link for Customer service…").click()
    dba.get_by_role("button", name="Revoke", exact=True).click()
    expect(dba.get_by_text("is revoked")).to_be_visible()


def deliver() -> None:
    for channel in NotificationChannel.objects.filter(name="Mail"):
        deliveries.deliver(channel.pk, timezone.now)


def link(letter: Letter) -> str:
    body = letter.mail.get_body(("plain",))
    assert body is not None
    found = re.search(r"Confirm: (\S+)", body.get_content())
    assert found is not None
    return found.group(1)


def test_a_stakeholder_who_signs_in_finds_the_systems_and_asks_for_messages(
    open_as: Callable[..., Page], shop: Scene, base: str, settings: Any
) -> None:
    settings.PORTAL_URL = base
    page = open_as(Role.STAKEHOLDER, "phone")
    from strategies.models import User

    User.objects.filter(username="stakeholder-phone").update(email="sam@example.org")
    page.goto(base)
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Systems").click()
    page.get_by_role("link", name="shop: system").click()
    expect(page.get_by_text("sam@example.org")).to_be_visible()
    expect(page.get_by_text("cleo@shop.example.org")).to_have_count(0)
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_text("A message is on its way to sam@example.org: it asks for a yes")).to_be_visible()
