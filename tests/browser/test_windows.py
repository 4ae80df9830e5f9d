"""Windows and calendars in the browser: clean in both themes and on a phone, and worked by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from strategies import feeds
from strategies.audit import Actor
from strategies.models import CalendarEntry, JobRun, MaintenanceWindow, User
from strategies.models.window import WALL
from tests.browser.conftest import EACH_PAGE
from tests.browser.test_accessibility import cut_off, faults, faults_in_the_dark, sideways
from tests.pages import Scene


@pytest.fixture
def night(shop: Scene) -> MaintenanceWindow:
    """It is open now; a run is at work in it, another waits and does not fit, and a freeze of its calendar holds now."""
    now = timezone.now()
    opens = (now - timedelta(hours=1)).strftime(WALL)
    MaintenanceWindow.objects.filter(pk=shop.window.pk).update(starts=opens, minutes=120, rule="FREQ=DAILY")
    JobRun.objects.filter(pk=shop.running.pk).update(
        window=shop.window, window_starts_at=now - timedelta(hours=1), window_ends_at=now + timedelta(hours=1)
    )
    JobRun.objects.filter(pk=shop.waiting.pk).update(
        predicted={"p50_ms": 1000, "p90_ms": 10**8, "firsts_p90_ms": [1000]}
    )
    CalendarEntry.objects.filter(pk=shop.entry.pk).update(starts=opens, time_zone="UTC", rule="FREQ=DAILY")
    return MaintenanceWindow.objects.get(pk=shop.window.pk)


@pytest.mark.parametrize("look", EACH_PAGE)
def test_pages_with_everything_on_them_are_clean(
    look: str, open_as: Callable[..., Page], night: MaintenanceWindow, shop: Scene, base: str
) -> None:
    page = open_as(look=look)
    person = User.objects.get(username=f"dba-{look}")
    for owned in (
        MaintenanceWindow.objects.filter(pk=night.pk),
        type(shop.calendar).objects.filter(pk=shop.calendar.pk),
    ):
        owned.update(owner=person.username)
    feeds.make(Actor(person.username), person, {"target": shop.target}, timezone.now())
    found = {}
    for path in ("/windows/", f"/windows/{night.pk}/", "/calendars/", f"/calendars/{shop.calendar.pk}/", "/feeds/"):
        page.goto(base + path)
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        problems = [*faults(page), *cut_off(page), *(["scrolls sideways"] if sideways(page) else [])]
        if problems := [*problems, *faults_in_the_dark(page)]:
            found[path] = problems
    assert found == {}


def test_a_window_is_extended_by_keyboard(open_as: Callable[..., Page], night: MaintenanceWindow, base: str) -> None:
    CalendarEntry.objects.all().delete()  # into a freeze it would not be extended
    page = open_as()
    page.goto(f"{base}/windows/{night.pk}/")
    page.get_by_role("button", name="Extend…").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert not faults(page)
    dialog.get_by_label("Reason").focus()
    page.keyboard.type("One index more")
    page.keyboard.press("Enter")
    expect(page.locator(".note.ok")).to_contain_text("what waits is asked anew")
    assert night.changes.get().reason == "One index more"


def test_a_wrong_rule_is_said_at_its_field_and_what_was_typed_stays(open_as: Callable[..., Page], base: str) -> None:
    page = open_as(look="phone")
    page.goto(f"{base}/windows/new/")
    page.get_by_label("Name").fill("First Sunday")
    page.get_by_label("Databases").select_option(index=1)
    page.get_by_label("Starts").fill((timezone.now() + timedelta(days=10)).strftime(WALL))
    page.get_by_label("Repeats").select_option("rule")
    page.get_by_label("Rule", exact=True).fill("FREQ=SOMETIMES")
    page.get_by_role("button", name="Check without saving").click()
    expect(page.get_by_text("FREQ is one of")).to_be_visible()
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser itself tells the status 422
    expect(page.get_by_label("Name")).to_have_value("First Sunday")
    assert not faults(page)
    assert not sideways(page)
    page.get_by_label("Rule", exact=True).fill("FREQ=MONTHLY;BYDAY=1SU")
    page.get_by_role("button", name="Check without saving").click()
    expect(page.get_by_role("heading", name="Its next slots")).to_be_visible()
    assert not faults(page)
