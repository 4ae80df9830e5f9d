"""Channels and messages in the browser: added, tried, refused and sent again; clean in both themes and on a phone."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring import deliveries
from monitoring.models import NotificationChannel, NotificationRule
from tests.browser.conftest import EACH_PAGE
from tests.browser.test_accessibility import cut_off, faults, faults_in_the_dark, sideways
from tests.monitoring.notifications.receivers import Receiver
from tests.pages import Scene


@pytest.mark.parametrize("look", EACH_PAGE)
def test_pages_with_everything_on_them_are_clean(
    look: str, open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as(look=look)
    found = {}
    for path in (
        "/notifications/", f"/notifications/{shop.notification.pk}/", "/channels/", f"/channels/{shop.channel.pk}/edit/",
        "/channels/new/?kind=chat", "/notification-rules/", f"/notification-rules/{shop.notification_rule.pk}/", "/message-texts/",
        "/message-texts/edit/?event=run.failed",
    ):  # fmt: skip
        page.goto(base + path)
        if folder := os.environ.get("PORTAL_TEST_SHOTS"):
            page.screenshot(
                path=f"{folder}/{path.strip('/').replace('/', '-').replace('?', '-')}-{look}.png", full_page=True
            )
        problems = [*faults(page), *cut_off(page), *(["scrolls sideways"] if sideways(page) else [])]
        if problems := [*problems, *faults_in_the_dark(page)]:
            found[path] = problems
    assert found == {}


def test_a_channel_is_added_tried_and_what_was_refused_is_sent_again(open_as: Callable[..., Page], base: str) -> None:
    """A worker's part is played by this process: it delivers to a real receiver."""
    page = open_as(is_hurried=True)
    with Receiver() as receiver:
        page.goto(f"{base}/notifications/")
        page.get_by_role("link", name="Channels", exact=True).click()
        page.get_by_role("link", name="Webhook").click()
        page.get_by_label("Name").fill("On-call")
        page.get_by_label("Address").fill(receiver.url)
        page.get_by_label("Signing secret").fill("a-secret-of-this-test")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("On-call is kept.")).to_be_visible()
        channel = NotificationChannel.objects.get(name="On-call")

        page.get_by_role("button", name="Send a test by On-call").click()
        expect(page.get_by_role("heading", name="Test of the channel On-call")).to_be_visible()
        expect(page.get_by_text("nothing yet")).to_be_visible()
        deliveries.deliver(channel.pk, timezone.now)
        expect(page.locator("#live").get_by_text("Delivered", exact=True)).to_be_visible()

        receiver.status = 410
        page.goto(f"{base}/channels/")
        page.get_by_role("button", name="Send a test by On-call").click()
        expect(page.get_by_text("nothing yet")).to_be_visible()
        deliveries.deliver(channel.pk, timezone.now)
        expect(page.locator("#live").get_by_text("Not delivered", exact=True)).to_be_visible()
        receiver.status = 204
        page.get_by_role("button", name="Send again").click()
        expect(page.get_by_text("It is sent again")).to_be_visible()
        deliveries.deliver(channel.pk, timezone.now)
        expect(page.locator("#live").get_by_text("Delivered", exact=True)).to_be_visible()
        assert [request.headers["webhook-id"] for request in receiver.requests[1:]] == [
            receiver.requests[1].headers["webhook-id"]
        ] * 2

    page.goto(f"{base}/notification-rules/")
    page.get_by_role("link", name="Add a rule").click()
    page.get_by_label("Name").fill("Failures")
    page.locator("#id_scope").select_option(label="all databases")
    page.get_by_label("Runs end").check()
    page.locator("#id_channel").select_option(label="On-call")
    page.get_by_label("From severity").select_option("warning")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Failures is kept.")).to_be_visible()
    assert NotificationRule.objects.get(name="Failures").events == ["runs_end"]
