"""The calendar and the timeline in the browser: by keyboard from the month to a window, clean in both themes, and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from strategies.models import CalendarKind, JobRun, MaintenanceWindow, RunStatus
from strategies.models.window import WALL
from tests.browser.conftest import EACH_PAGE, updated
from tests.browser.test_accessibility import SPACED, cut_off, faults, faults_in_the_dark, sideways
from tests.browser.test_charts import drawn
from tests.monitoring.plans import HOUR_MS, a_freeze, a_window, to_come
from tests.pages import Scene

MONTH, WEEK, DAY = (f"/calendar/?view={view}" for view in ("month", "week", "day"))


@pytest.fixture
def window(shop: Scene) -> MaintenanceWindow:
    """It is open now and each day at this time; beside it is a bit of everything, and runs that will outlast it."""
    MaintenanceWindow.objects.all().delete()
    now = timezone.now()
    opens, elsewhere = (now - timedelta(hours=1)).strftime(WALL), ({"environment": "production"},)
    a_freeze("Quarter close", starts=opens, minutes=4320, scopes=elsewhere)
    a_freeze("Full backup", CalendarKind.BACKUP, starts=opens, minutes=120, rule="FREQ=DAILY")
    soon = (now + timedelta(hours=20)).strftime(WALL)
    a_freeze("A freeze with a name that is as long as names can be, to see where it goes", starts=soon)
    a_window("Broken", rule="FREQ=SOMETIMES")
    JobRun.objects.filter(pk=shop.running.pk).update(predicted={"p90_ms": 3 * HOUR_MS})
    for number in range(6):
        to_come(
            shop.target, now, p90_ms=6 * HOUR_MS, first_ms=1000, strategy_name=f"WORK_{number}", status=RunStatus.READY
        )
    night = {"starts": opens, "minutes": 240, "rule": "FREQ=DAILY"}
    return a_window("Night", target=shop.target, **night)


def pressed(page: Page, name: str, **where: bool) -> None:
    """Go on by the keyboard alone: the link takes the focus, and Enter follows it."""
    link = page.locator("main").get_by_role("link", name=name, **where).first
    link.focus()
    expect(link).to_be_focused()
    page.keyboard.press("Enter")


def test_from_the_month_to_the_week_to_a_window_by_keyboard(
    open_as: Callable[..., Page], window: MaintenanceWindow, base: str
) -> None:
    page = open_as()
    page.goto(f"{base}/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Calendar", exact=True).focus()
    page.keyboard.press("Enter")
    today = timezone.now().date()
    expect(page.get_by_role("heading", name=f"{today:%B %Y}")).to_be_visible()
    pressed(page, f"Week {today.isocalendar().week}, from")
    expect(page.get_by_role("heading", name=f"Week {today.isocalendar().week}, ")).to_be_visible()
    pressed(page, "Window: ")
    page.wait_for_url(f"{base}/windows/{window.pk}/")
    expect(page.get_by_role("heading", name="Night").first).to_be_visible()


def test_the_days_turn_and_today_leads_back(open_as: Callable[..., Page], window: MaintenanceWindow, base: str) -> None:
    page = open_as()
    page.goto(f"{base}{WEEK}&on=2026-12-30")
    pressed(page, "Next")
    expect(page.get_by_role("heading", name="Week 1, 4 Jan to 10 Jan 2027")).to_be_visible()
    pressed(page, "Previous")
    expect(page.get_by_role("heading", name="Week 53, 28 Dec to 3 Jan 2027")).to_be_visible()
    pressed(page, "Month", exact=True)
    expect(page.get_by_role("heading", name="December 2026")).to_be_visible()
    pressed(page, "Today")
    expect(page.locator("td.today")).to_be_visible()
    page.locator("td.today a.day").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name="Night").first).to_be_visible()
    expect(page.locator("table.cal")).to_have_count(0)


@pytest.mark.parametrize("look", EACH_PAGE)
def test_every_sheet_is_clean_with_all_kinds_of_entries_on_it(
    look: str, open_as: Callable[..., Page], window: MaintenanceWindow, base: str
) -> None:
    page = open_as(look=look)
    for path in (
        MONTH,
        WEEK,
        DAY,
        "/calendar/?on=2009-05-05",
        "/calendar/?view=decade",
        "/calendar/timeline/?hours=72",
    ):
        page.goto(base + path)
        if "timeline" in path:
            drawn(page, "light")
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        problems = [*faults(page), *cut_off(page), *(["scrolls sideways"] if sideways(page) else [])]
        assert [*problems, *faults_in_the_dark(page)] == [], path


def test_a_phone_has_the_days_beneath_each_other_and_hides_those_without_anything(
    open_as: Callable[..., Page], window: MaintenanceWindow, base: str
) -> None:
    page = open_as(look="phone")
    page.goto(base + WEEK)
    today = page.locator("td.today")
    expect(today.locator("a.day")).to_have_text(f"{timezone.now():%a} {timezone.now().day} {timezone.now():%b}")
    left = page.evaluate(
        "[...document.querySelectorAll('.cal td')].filter(cell => cell.offsetParent).map(cell => cell.offsetLeft)"
    )
    assert len(set(left)) == 1
    assert page.locator(".cal td.none:not(.today):visible").count() == 0
    small = page.evaluate(
        "[...document.querySelectorAll('main a')].filter(link => link.offsetParent && link.closest('.cal, .turn')"
        " && (link.offsetHeight < 24 || link.offsetWidth < 24)).map(link => link.outerHTML.slice(0, 120))"
    )
    assert small == []
    page.goto(base + "/calendar/?on=2009-05-05")
    assert page.locator(".cal td:visible").count() == 0


@pytest.mark.parametrize("path", [MONTH, WEEK, DAY, "/calendar/timeline/"])
def test_narrow_screens_and_widely_set_letters_cut_nothing_off(
    path: str, open_as: Callable[..., Page], window: MaintenanceWindow, base: str
) -> None:
    page = open_as(look="phone")
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(base + path)
    if "timeline" in path:
        drawn(page, "light")
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert (cut_off(page), sideways(page)) == ([], False)
    page.evaluate(SPACED)
    assert (cut_off(page), sideways(page)) == ([], False)


def test_the_timeline_shows_what_is_late_in_words_and_in_the_figure(
    open_as: Callable[..., Page], window: MaintenanceWindow, base: str
) -> None:
    page = open_as()
    page.goto(f"{base}/calendar/timeline/")
    drawn(page, "light")
    figure = page.locator(".plot")
    for name in ("Window", "Free", "Freeze", "Running", "Planned", "After its window"):
        expect(figure.locator(".legendtext", has_text=name).first).to_be_visible()
    expect(page.get_by_role("heading", name="What will not go as planned")).to_be_visible()
    page.get_by_label("From now on").select_option("168")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**hours=168**")
    drawn(page, "light")
    page.get_by_text("As a table").click()
    expect(page.get_by_role("region", name="Table: timeline by database").get_by_text("Work 5").first).to_be_visible()


def test_home_leads_to_what_is_open_now(open_as: Callable[..., Page], window: MaintenanceWindow, base: str) -> None:
    page = open_as(is_hurried=True)
    page.goto(f"{base}/")
    updated(page)
    card = page.locator("section[aria-labelledby=h-next]")
    expect(card.get_by_text("Open", exact=True)).to_be_visible()
    card.get_by_role("link", name="Night").click()
    page.wait_for_url(f"{base}/windows/{window.pk}/")
