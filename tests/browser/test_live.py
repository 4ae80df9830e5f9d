"""Pages that change by themselves: what the reader opened stays open, and silence is shown as silence."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone
from playwright.sync_api import Page, expect

from strategies.models import JobRun, RunStatus, User
from tests.browser.conftest import PASSWORD, updated
from tests.pages import Scene


def test_progress_arrives_and_details_stay_as_they_were_left(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as(is_hurried=True)
    page.goto(f"{base}/runs/{shop.running.pk}/")
    page.locator("#step-1 > summary").click()
    expect(page.locator("#step-1")).to_have_attribute("open", "")
    JobRun.objects.filter(pk=shop.running.pk).update(step_number=2, step_phase="sorting keys", step_fraction=0.5)
    expect(page.get_by_text("Step 2 of 2: sorting keys")).to_be_visible()
    assert page.locator("#step-1").get_attribute("open") is not None
    assert page.locator("#step-2").get_attribute("open") is None
    expect(page.locator("#announcer")).to_have_text(f"Run {shop.running.pk}: Running, step 2 of 2")
    JobRun.objects.filter(pk=shop.running.pk).update(
        status=RunStatus.SUCCEEDED, finished_at=timezone.now(), message="Done and proved."
    )
    expect(page.get_by_text("Done and proved.")).to_be_visible()


def test_the_focus_stays_on_what_it_was_on(open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as(is_hurried=True)
    page.goto(f"{base}/")
    run = page.locator('section[aria-labelledby="h-wait"]').get_by_role("link", name="Index maintenance")
    run.focus()
    updated(page)
    expect(run).to_be_focused()
    page.goto(f"{base}/runs/{shop.running.pk}/")
    summary = page.locator("#step-2 > summary")
    summary.focus()
    updated(page)
    expect(summary).to_be_focused()
    page.locator("#b-stop").focus()
    JobRun.objects.filter(pk=shop.running.pk).update(status=RunStatus.SUCCEEDED, finished_at=timezone.now())
    expect(page.locator("#b-stop")).to_be_hidden()
    expect(page.locator("main")).to_be_focused()  # not thrown back to the top of the page


def test_a_click_counts_though_something_new_comes_between_press_and_release(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as(is_hurried=True)
    page.goto(f"{base}/")
    page.locator('section[aria-labelledby="h-wait"]').get_by_role("link", name="Index maintenance").hover()
    page.mouse.down()
    _asked(page, 2)
    page.mouse.up()
    page.wait_for_url(f"{base}/runs/*/")
    page.goto(f"{base}/runs/{shop.running.pk}/")
    page.locator("#b-stop").focus()
    page.keyboard.down(" ")
    _asked(page, 2)
    page.keyboard.up(" ")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_what_came_while_a_control_was_pressed_is_shown_after_it(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as(is_hurried=True)
    page.goto(f"{base}/runs/{shop.running.pk}/")
    page.locator("h1").hover()
    page.mouse.down()
    JobRun.objects.filter(pk=shop.running.pk).update(
        status=RunStatus.SUCCEEDED, finished_at=timezone.now(), message="Done and proved."
    )
    _asked(page, 2)
    expect(page.get_by_text("The portal does not answer.")).to_be_hidden()
    page.mouse.up()
    expect(page.get_by_text("Done and proved.")).to_be_visible()


def _asked(page: Page, times: int) -> None:
    """Wait until the live part has asked so often, whether or not what came was put in."""
    for _ in range(times):
        page.evaluate("new Promise(done => document.addEventListener('htmx:afterRequest', done, { once: true }))")


def test_text_that_is_being_copied_stays_marked(open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as(is_hurried=True)
    page.goto(f"{base}/runs/{shop.planned.pk}/")
    page.locator("#sql-2").click(click_count=3)
    updated(page)
    assert page.evaluate("getSelection().toString()").strip() == 'REINDEX "orders_2";'


def test_a_plan_that_was_open_before_it_was_made_can_be_released(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    """The digest comes with the live part, not with the page as it was first opened."""
    JobRun.objects.filter(pk=shop.planned.pk).update(planned_at=None, plan_digest="")
    page = open_as(is_hurried=True)
    page.goto(f"{base}/runs/{shop.planned.pk}/")
    expect(page.get_by_text("Looking at shop…")).to_be_visible()
    JobRun.objects.filter(pk=shop.planned.pk).update(planned_at=timezone.now(), plan_digest=shop.planned.plan_digest)
    page.get_by_role("button", name="Release…").click()
    page.get_by_role("dialog").get_by_role("button", name="Release").click()
    expect(page.get_by_text("The plan was released.")).to_be_visible()


def test_a_portal_that_does_not_answer_is_said_and_taken_back(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as(is_hurried=True)
    page.goto(f"{base}/runs/{shop.running.pk}/")
    page.context.set_offline(True)
    expect(page.get_by_text("The portal does not answer.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("The portal does not answer.")).to_be_hidden()
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser complains about the lost requests, as it should


def test_a_portal_that_keeps_its_readers_waiting_does_not_answer_either(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as(is_hurried=True)
    page.goto(f"{base}/runs/{shop.running.pk}/")
    assert 0 < page.evaluate("htmx.config.timeout") <= 15_000
    page.evaluate("htmx.config.timeout = 300")
    page.route("**/live/", lambda route: None)
    expect(page.get_by_text("The portal does not answer.")).to_be_visible()
    page.unroute("**/live/")
    expect(page.get_by_text("The portal does not answer.")).to_be_hidden()
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser complains about the lost requests, as it should


def test_a_reader_whose_session_ended_is_sent_to_the_sign_in_and_back(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as(is_hurried=True)
    page.goto(f"{base}/runs/{shop.running.pk}/")
    page.context.clear_cookies()
    page.wait_for_url(f"{base}/sign-in/?next=/runs/{shop.running.pk}/")
    page.get_by_label("Username").fill("dba-light")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{base}/runs/{shop.running.pk}/")


def test_a_form_that_was_open_while_the_session_ended_is_found_again_after_the_sign_in(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as()
    page.goto(f"{base}/holds/")
    csrf = next(cookie for cookie in page.context.cookies() if cookie["name"] == "csrftoken")
    page.context.clear_cookies()
    page.context.add_cookies([csrf])
    page.get_by_label("New work on").select_option(index=1)
    page.get_by_label("Reason").fill("Quarter close")
    page.get_by_role("button", name="Hold", exact=True).click()
    expect(page.get_by_text("What you sent was not taken")).to_be_visible()
    page.get_by_label("Username").fill("dba-light")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{base}/holds/")
    expect(page.get_by_label("Reason")).to_be_visible()


def test_a_reader_who_was_switched_off_is_sent_to_the_sign_in(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    page = open_as(is_hurried=True)
    page.goto(f"{base}/runs/{shop.running.pk}/")
    User.objects.update(is_active=False)
    page.wait_for_url(f"{base}/sign-in/?next=/runs/{shop.running.pk}/")


def test_a_form_is_sent_once_however_often_it_is_clicked(open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as(is_hurried=True)
    page.goto(f"{base}/runs/{shop.failed.pk}/")
    before = JobRun.objects.count()
    page.get_by_role("button", name="Plan it anew").dblclick()
    page.wait_for_url(lambda url: f"/runs/{shop.failed.pk}/" not in url)
    assert JobRun.objects.count() == before + 1
