"""Every page without a fault that axe can find, in both themes and on a phone; nothing scrolls sideways."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, Page

from strategies.capabilities import capabilities
from strategies.models import BreakGlass, JobRun, MaintenanceWindow, Role, Target
from tests.browser.conftest import EACH_PAGE, SIZES, watched
from tests.long import ALL, IS_ALL
from tests.pages import Scene, addresses

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR_RULES = ("color-contrast", "link-in-text-block")
NO_PAGES = {
    "status",
    "subscription",
    "subscription-confirm",
    "subscription-leave",
    "health",
    "sign-in",
    "sign-out",
    "home-live",
    "job-due",
}  # and whatever takes a row, or ends in a file's name

# Who opens it, where, by which button, and the dialog's id as its template writes it.
DIALOGS = [
    (Role.DBA, "/runs/{shop.planned.pk}/", "Release…", "ask-release"),
    (Role.DBA, "/runs/{shop.waiting.pk}/", "Cancel…", "ask-cancel"),
    (Role.DBA, "/runs/{shop.waiting.pk}/", "Break-glass…", "ask-glass"),
    (Role.DBA, "/runs/{shop.running.pk}/", "Stop…", "ask-stop"),
    (Role.DBA, "/runs/{shop.failed.pk}/", "Handled…", "ask-handle"),
    (Role.DBA, "/runs/{shop.succeeded.pk}/", "Undo 1 step…", "ask-undo"),
    (Role.DBA, "/databases/{shop.target.pk}/", "Switch off…", "switch"),
    (Role.DBA, "/jobs/{shop.job.pk}/", "Switch off…", "job-switch"),
    (Role.DBA, "/jobs/{shop.job.pk}/", "1 not handled…", "job-handle"),
    (Role.DBA, "/", "Hold new work…", "hold"),
    (Role.DBA, "/windows/{shop.window.pk}/", "Extend…", "window-extend"),
    (Role.DBA, "/windows/{shop.window.pk}/", "Close early…", "window-close"),
    (Role.DBA, "/windows/{shop.window.pk}/", "Remove…", "window-remove"),
    (Role.DBA, "/calendars/{shop.calendar.pk}/", "Remove…", "calendar-remove"),
    (Role.DBA, "/calendar-entries/{shop.entry.pk}/edit/", "Remove…", "entry-remove"),
    (Role.MANAGER, "/approval-rules/{shop.rule.pk}/", "Remove…", "rule-remove"),
    (Role.DBA, "/channels/{shop.channel.pk}/edit/", "Remove…", "channel-remove"),
    (Role.DBA, "/notification-rules/{shop.notification_rule.pk}/", "Remove…", "notification-rule-remove"),
    (Role.DBA, "/systems/{shop.system.pk}/", "Switch off…", "system-off"),
    (Role.DBA, "/systems/{shop.silent.pk}/", "Remove…", "system-remove"),
    (Role.DBA, "/systems/{shop.system.pk}/", "End the subscription of", "end-{{ one.pk }}"),
    (Role.DBA, "/status-pages/", "Revoke the link for", "revoke-{{ page.pk }}"),
    (Role.APPROVER, "/approvals/", "Approve…", "ask-approve-{{ approval.pk }}"),
    (Role.APPROVER, "/approvals/", "Send back…", "ask-back-{{ approval.pk }}"),
]

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
SPACED = """() => { const sheet = new CSSStyleSheet(); document.adoptedStyleSheets = [sheet]; sheet.replaceSync(
    '* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }'
    + 'p { margin-bottom: 2em !important }') }"""


def paths(shop: Scene) -> list[str]:
    """Every page that is opened by GET; one that is added without a row is here by itself."""
    plain = [
        path for name, path in addresses().items() if "{" not in path and name not in NO_PAGES and path.endswith("/")
    ]
    runs = (shop.planned, shop.running, shop.waiting, shop.failed, shop.succeeded)
    return [
        *plain,
        *(f"/runs/{run.pk}/" for run in runs),
        f"/jobs/{shop.job.pk}/",
        f"/jobs/{shop.job.pk}/edit/",
        f"/runs/new/?target={shop.target.pk}&strategy=INDEX_MAINTENANCE",
        f"/databases/{shop.target.pk}/",
        f"/databases/{shop.target.pk}/edit/",
        "/strategies/INDEX_MAINTENANCE/",
        "/statements/?platform=oracle",
        "/statements/?platform=sqlite&capability=monitoring",
        "/statements/?platform=dbase",
        f"/operations/{shop.operation.pk}/",
        f"/imports/{shop.imported.pk}/",
        f"/versions/{shop.version.pk}/?against=1",
        f"/windows/{shop.window.pk}/",
        f"/windows/{shop.window.pk}/edit/",
        f"/calendars/{shop.calendar.pk}/",
        f"/calendars/{shop.calendar.pk}/edit/",
        f"/calendars/{shop.calendar.pk}/new/",
        f"/calendar-entries/{shop.entry.pk}/edit/",
        "/runs/?status=cancelled",
        "/runs/?status=dancing",
        "/nothing/",
    ]


# Pages that the tests of their own look at with more on them.
ELSEWHERE = {
    "/approval-rules/", "/approval-rules/new/", "/approvals/", "/approvals/own/", "/calendar/", "/calendar/timeline/",
    "/calendars/", "/delegations/", "/errors/", "/feeds/", "/jobs/", "/operation-log/", "/operation-log/prune/",
    "/channels/", "/channels/new/", "/message-texts/", "/message-texts/edit/", "/notification-rules/", "/notification-rules/new/",
    "/notifications/", "/report/", "/systems/", "/systems/new/", "/status-pages/",
    "/standing-approvals/", "/statistics/", "/strategies/generate/", "/trends/", "/windows/",
}  # fmt: skip


def faults(page: Page, *rules: str) -> list[str]:
    """What axe finds, by all rules of the standards or by a few."""
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
    axe = Axe("0") if page.evaluate("'axe' in window") else Axe()  # a document is given its half megabyte once
    found = axe.run(page, options={"runOnly": only, "resultTypes": ["violations"]}).response["violations"]
    return [f"{fault['id']}: {[node['target'] for node in fault['nodes']]}" for fault in found]


def faults_in_the_dark(page: Page) -> list[str]:
    """The other theme changes colours, and nothing else."""
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    return faults(page, *COLOUR_RULES)


def sideways(page: Page) -> bool:
    return bool(page.evaluate("document.scrollingElement.scrollWidth > window.innerWidth"))


def cut_off(page: Page) -> list[str]:
    """Parts whose content is wider than they are, and that neither scroll nor let it out; a field lets its reader go on by itself."""
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll('body *:not(input)')].filter(part => part.offsetParent && part.clientWidth > 20
                && part.scrollWidth > part.clientWidth + 1 && ['hidden', 'clip'].includes(getComputedStyle(part).overflowX)
                && !part.closest('.visually-hidden')).map(part => part.outerHTML.slice(0, 120))"""
        )
    )


@pytest.mark.parametrize("look", EACH_PAGE)
def test_every_page_is_clean(look: str, open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as(look=look)
    found: dict[str, Any] = {}
    assert set(paths(shop)) >= ELSEWHERE
    for path in paths(shop):
        if path in ELSEWHERE and not IS_ALL:
            continue
        answer = page.goto(base + path)
        assert answer is not None
        if answer.status in (404, 405):
            page.complaints.clear()  # type: ignore[attr-defined]  # the browser itself says so
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        problems = [*faults(page), *cut_off(page), *(["scrolls sideways"] if sideways(page) else [])]
        if look == "light":
            problems += faults_in_the_dark(page)
        if problems:
            found[path] = problems
    assert found == {}


@pytest.mark.parametrize("look", ["light", "phone"])
def test_the_page_of_an_account_that_lacks_everything_is_clean_and_folds_what_is_long(
    look: str, open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    rows = [
        {"right": right.privilege, "needed_for": right.needed_for, "grant": f"GRANT {right.privilege} TO x;",
         "blocks": bool(one.strategy) and not right.is_optional, "strategy": one.strategy, "capability": one.name}
        for one in capabilities("oracle") for right in one.rights
    ]  # fmt: skip
    Target.objects.filter(pk=shop.target.pk).update(platform="oracle", missing_rights=rows)
    page = open_as(look=look)
    page.goto(f"{base}/databases/{shop.target.pk}/")
    card = page.locator("section[aria-labelledby=h-rights]")
    assert card.locator("table").count() == 2
    assert card.locator("table:visible").count() == 1, "what would only help is folded"
    assert card.locator("pre:visible").count() == 0, "and so are the grants"
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert [*faults(page), *faults_in_the_dark(page), *cut_off(page)] == []
    assert not sideways(page)


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.MANAGER])
def test_what_others_see_is_clean_as_well(role: Role, open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as(role, "phone")
    for path in ("/", f"/runs/{shop.failed.pk}/", f"/databases/{shop.target.pk}/", "/runs/"):
        page.goto(base + path)
        assert faults(page) == [], path


def test_every_dialog_of_the_templates_is_opened_here() -> None:
    """One that is added is looked at, too: it is named in the list."""
    templates = "".join(path.read_text() for path in TEMPLATES.rglob("*.html"))
    names = re.findall(r'<dialog [^>]*id="([^"]+)"', templates)
    assert sorted(names) == sorted(dialog for *_, dialog in DIALOGS)


@pytest.mark.parametrize("look", ["light", "phone"])
def test_dialogs_and_menus_are_clean(look: str, open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    everyone = {role: open_as(role, look) for role in (Role.DBA, Role.APPROVER, Role.MANAGER)}
    JobRun.objects.filter(pk=shop.failed.pk).update(job=shop.job)
    MaintenanceWindow.objects.filter(pk=shop.window.pk).update(owner=f"dba-{look}")
    BreakGlass.objects.update(ends_at=timezone.now())  # one that is asked for leaves no button to ask
    own = {"approval": shop.approval.pk, "one": shop.subscription.pk, "page": shop.status_page.pk}
    # On a phone those by which people approve, with `run.py test --all` every one
    for role, path, button, name in (
        DIALOGS if look in EACH_PAGE else [row for row in DIALOGS if row[0] is Role.APPROVER]
    ):
        page = everyone[role]
        page.goto(base + path.format(shop=shop))
        page.get_by_role("button", name=button).click()
        dialog = page.locator("dialog[open]")
        dialog.wait_for()
        assert dialog.get_attribute("id") == re.sub(r"{{ (\w+)\.pk }}", lambda row: str(own[row[1]]), name), button
        problems = [*faults(page), *cut_off(page), *(["scrolls sideways"] if sideways(page) else [])]
        assert [*problems, *faults_in_the_dark(page)] == [], button
        page.keyboard.press("Escape")
    page = everyone[Role.DBA]
    page.goto(base)
    for menu in ("your account", *(["Menu"] if look == "phone" else [])):
        page.get_by_role("button", name=menu).click()
        assert faults(page) + faults_in_the_dark(page) == [], menu
        page.keyboard.press("Escape")


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


@ALL
def test_narrow_screens_and_widely_set_letters_cut_nothing_off(
    open_as: Callable[..., Page], shop: Scene, base: str
) -> None:
    """320 CSS pixels (WCAG 1.4.10), and the reader's own spacing of letters, words and lines (1.4.12)."""
    page = open_as(look="phone")
    found = []
    for path in paths(shop):
        page.set_viewport_size({"width": 320, "height": 640})
        page.goto(base + path)
        page.complaints.clear()  # type: ignore[attr-defined]
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        found += [(path, "narrow", what) for what in (*cut_off(page), *(["sideways"] if sideways(page) else []))]
        page.set_viewport_size({"width": 390, "height": 844})
        page.evaluate(SPACED)
        found += [(path, "spaced", what) for what in (*cut_off(page), *(["sideways"] if sideways(page) else []))]
    assert found == []


def test_a_phone_hides_nothing_that_matters(open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as(look="phone")
    for path, labels in (
        ("/", ("Why", "When", "State left behind")),
        ("/runs/", ("State", "What is said of it", "Steps", "Took")),
        ("/operations/", ("Status", "Message", "Took", "Rows", "Began")),
        (f"/runs/{shop.failed.pk}/", ("Took", "Rows", "Message")),
        ("/databases/", ("State", "Findings", "Product", "Checked")),
        ("/strategies/INDEX_MAINTENANCE/", ("Default", "Takes")),
        ("/statements/?platform=postgresql", ("Needs", "Licence", "Since", "What it is for")),
        (f"/databases/{shop.target.pk}/", ("Needed for", "Capability")),
    ):
        page.goto(base + path)
        for label in labels:
            cells = page.locator(f'td[data-label="{label}"]')
            assert cells.count() > 0, (path, label)
            assert all(cell.is_visible() and cell.inner_text().strip() for cell in cells.all()), (path, label)
            shown = cells.first.evaluate("cell => getComputedStyle(cell, '::before').content")
            assert shown == f'"{label}"', (path, label)


def test_the_operation_log_is_not_cramped(open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as()
    page.goto(f"{base}/operations/")
    tops = page.evaluate("[...document.querySelectorAll('.filters > div')].map(part => part.offsetTop)")
    assert len(set(tops)) == 1, "the filters stand in one line"
    broken = page.evaluate(
        "[...document.querySelectorAll('td:first-child .t1, td:first-child .t2')]"
        ".filter(part => part.offsetHeight > 30).map(part => part.textContent)"
    )
    assert broken == [], "name and place of an operation stand in one line each"


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
