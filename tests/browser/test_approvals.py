"""The inbox of approvals on a phone: two taps to approve, two to send back, and everything is large enough to touch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from strategies.models import Approval, ApprovalState, ApprovalWord, BreakGlass, JobRun, Role
from tests.browser.conftest import EACH_PAGE
from tests.browser.test_accessibility import cut_off, faults, faults_in_the_dark, sideways
from tests.consents import production, somebody, two_levels, waiting_for_people
from tests.pages import HOSTILE, Scene, one_level, standing_approval, step

SMALL = {"width": 320, "height": 640}
TOO_SMALL = """() => [...document.querySelectorAll('main button, main .decide *, main summary, .tabs a, dialog[open] button')]
    .filter(part => part.offsetParent && part.matches('button, a, summary'))
    .map(part => [part.textContent.trim().slice(0, 30), part.getBoundingClientRect().height])
    .filter(([, height]) => height < 44)"""


@pytest.fixture
def waiting(shop: Scene) -> Approval:
    steps = (step(1, is_destructive=True, undo=("SELECT 1",)), *(step(n, reason=HOSTILE) for n in range(2, 30)))
    approval = waiting_for_people(production("a-rather-long-name-of-a-database.example"), *steps)
    Approval.objects.filter(pk=approval.pk).update(is_escalated=True, reminded=1, reminded_at=timezone.now())
    BreakGlass.objects.update(ends_at=timezone.now())  # it would stand above
    return approval


def inbox(open_as: Callable[..., Page], base: str, role: Role = Role.APPROVER) -> Page:
    page = open_as(role, "phone")
    page.set_viewport_size(SMALL)
    page.goto(f"{base}/approvals/")
    return page


def test_it_fits_on_a_small_phone_and_is_clean(open_as: Callable[..., Page], base: str, waiting: Approval) -> None:
    page = inbox(open_as, base)
    for path in ("/approvals/", f"/approvals/{waiting.pk}/"):
        page.goto(base + path)
        page.evaluate("document.querySelectorAll('main details').forEach(part => part.open = true)")
        assert [*faults(page), *cut_off(page), *faults_in_the_dark(page)] == [], path
        assert not sideways(page), path
        assert page.evaluate(TOO_SMALL) == [], path


def test_two_taps_approve(open_as: Callable[..., Page], base: str, waiting: Approval) -> None:
    page = inbox(open_as, base)
    card = page.get_by_role("article", name="on a-rather-long-name")
    button = card.get_by_role("button", name="Approve…")
    expect(button).to_be_in_viewport()
    button.click()
    assert page.evaluate(TOO_SMALL) == []
    page.get_by_role("dialog").get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("is approved: it starts as soon as nothing else")).to_be_visible()
    waiting.refresh_from_db()
    assert waiting.state == ApprovalState.APPROVED


def test_two_taps_send_back(open_as: Callable[..., Page], base: str, waiting: Approval) -> None:
    page = inbox(open_as, base)
    page.get_by_role("article", name="on a-rather-long-name").get_by_role("button", name="Send back…").click()
    page.get_by_role("button", name="Talk to me first.").click()
    expect(page.get_by_text("was sent back with your reason")).to_be_visible()
    waiting.refresh_from_db()
    assert (waiting.state, ApprovalWord.objects.get().comment) == (ApprovalState.SENT_BACK, "Talk to me first.")


def test_without_a_reason_the_page_says_so(open_as: Callable[..., Page], base: str, waiting: Approval) -> None:
    page = inbox(open_as, base)
    page.get_by_role("article", name="on a-rather-long-name").get_by_role("button", name="Send back…").click()
    page.get_by_role("dialog").get_by_role("button", name="Send back", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="Say why, in a few words.")).to_be_visible()
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser itself tells of the 422


def test_by_keyboard_the_dialog_opens_closes_and_gives_the_focus_back(
    open_as: Callable[..., Page], base: str, waiting: Approval
) -> None:
    page = open_as(Role.APPROVER)
    page.goto(f"{base}/approvals/")
    button = page.get_by_role("article", name="on a-rather-long-name").get_by_role("button", name="Approve…")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_a_start_that_needs_a_second_person_is_agreed_to_on_a_phone(
    open_as: Callable[..., Page], base: str, shop: Scene
) -> None:
    page = inbox(open_as, base)
    assert [*faults(page), *cut_off(page), *faults_in_the_dark(page)] == []
    assert not sideways(page)
    page.get_by_role("button", name=f"Agree to the start of run {shop.waiting.pk}").click()
    expect(page.get_by_text("starts against windows, freezes and holds")).to_be_visible()
    assert BreakGlass.objects.get(pk=shop.glass.pk).second == "approver-phone"


@pytest.mark.parametrize("look", EACH_PAGE)
def test_the_other_pages_of_approvals_are_clean(
    look: str, open_as: Callable[..., Page], base: str, waiting: Approval, shop: Scene
) -> None:
    two_levels(name=HOSTILE, levels=[one_level("approver", 2), one_level("manager")])
    two_levels(name="broken", levels="?")
    kept = JobRun.objects.get(pk=waiting.run_id).plan
    kept["steps"][0]["statements"] = ["SELECT 1" + " + 1" * 60]
    del kept["steps"][3]
    JobRun.objects.filter(pk=waiting.run_id).update(plan=kept)
    standing = standing_approval(shop.target, granted_by="bert", granted_at=timezone.now())
    somebody("anna", Role.APPROVER)
    page = open_as(Role.MANAGER, look)
    if look == "phone":
        page.set_viewport_size(SMALL)
    found = {}
    for path in (
        f"/approvals/{waiting.pk}/", f"/approvals/{shop.approval.pk}/", "/approvals/own/", "/approval-rules/", "/approval-rules/new/",
        f"/approval-rules/{shop.rule.pk}/", "/standing-approvals/", f"/standing-approvals/{standing.pk}/", "/delegations/",
        f"/runs/{waiting.run_id}/",
    ):  # fmt: skip
        page.goto(base + path)
        page.evaluate("document.querySelectorAll('main details').forEach(part => part.open = true)")
        problems = [
            *faults(page),
            *cut_off(page),
            *(["scrolls sideways"] if sideways(page) else []),
            *faults_in_the_dark(page),
        ]
        if problems:
            found[path] = problems
    assert found == {}


def test_a_manager_tries_out_a_rule_before_it_is_kept(open_as: Callable[..., Page], base: str, shop: Scene) -> None:
    somebody("bert", Role.APPROVER)
    page = open_as(Role.MANAGER)
    page.goto(f"{base}/approval-rules/new/")
    page.get_by_label("Name").fill("Finance")
    page.get_by_label("Where it holds").select_option("environment-test")
    page.get_by_label("Role, row 1").select_option("approver")
    page.get_by_role("button", name="Check, and show what would happen").click()
    expect(page.get_by_text("Nothing is wrong with it. It is not saved yet.")).to_be_visible()
    expect(page.get_by_role("row", name="Test")).to_contain_text("1 approver")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"{base}/approval-rules/")
    expect(page.get_by_role("link", name="Finance")).to_be_visible()


def test_the_page_of_a_kept_run_asks_for_a_second_person(open_as: Callable[..., Page], base: str, shop: Scene) -> None:
    BreakGlass.objects.update(ends_at=timezone.now() - timedelta(hours=1))
    page = open_as(Role.DBA)
    page.goto(f"{base}/runs/{shop.waiting.pk}/")
    page.get_by_role("button", name="Break-glass…").click()
    page.get_by_label("Why it cannot wait").fill("The disk is full.")
    page.get_by_role("button", name="Ask a second person").click()
    expect(page.get_by_text("A second person finds it among their approvals")).to_be_visible()
    assert BreakGlass.objects.filter(reason="The disk is full.").exists()
