"""A real browser, whose every complaint fails the test; pages come from a server in this process or from a whole portal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings as given
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from strategies.models import Role, User
from tests.long import IS_ALL
from tests.pages import Scene, scene

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
    "true"  # the browser's driver runs a loop in this thread; the ORM is used between its calls
)
# The one without windows of its own first: it needs a third less of the machine.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in BROWSERS if (path := shutil.which(name))), None)
SIZES = {"light": (1440, 900), "dark": (1440, 900), "phone": (390, 844)}
# Each page is looked at in both themes on a wide screen; with `run.py test --all` on a phone, too, where else a few are.
EACH_PAGE = ["light", "phone"] if IS_ALL else ["light"]
# Live parts ask every few seconds; here ten times as often.
HURRY = """const wait = window.setTimeout;
window.setTimeout = (work, delay, ...rest) => wait(work, delay >= 1000 ? delay / 10 : delay, ...rest);"""
PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        message = "no Chromium on this machine: the browser checks are left out"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    with sync_playwright() as playwright:
        options = [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


@contextmanager
def watched(browser: Browser, look: str = "light", **options: Any) -> Iterator[Page]:
    """A page of its own; errors and warnings of its console, also those of the Content-Security-Policy, fail the test.

    Nothing moves unless a test asks for it: what is measured stands where it comes to stand.
    """
    width, height = SIZES[look]
    settings = {"reduced_motion": "reduce", "color_scheme": "dark" if look == "dark" else "light", **options}
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": height}, **settings)
    page = context.new_page()
    page.set_default_timeout(30_000)
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(f"asks {request.url}") if not _is_local(request.url) else None)
    page.complaints = complaints  # type: ignore[attr-defined]
    yield page
    context.close()
    assert complaints == []


def _is_local(url: str) -> bool:
    return url.startswith(("http://localhost:", "http://127.0.0.1:", "data:", "blob:", "about:"))


def sign_in(page: Page, base: str, name: str, password: str = PASSWORD) -> None:
    page.goto(f"{base}/sign-in/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{base}/")


def hand_session(page: Page, base: str, user: User) -> None:
    """Signed in without the page for it: no test is about that, save those that use `sign_in`."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[given.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": base}])


def updated(page: Page) -> None:
    """Wait until the live part of the page was put in anew."""
    page.evaluate("new Promise(done => document.addEventListener('htmx:afterSettle', done, { once: true }))")


@pytest.fixture
def shop(transactional_db: None) -> Scene:
    return scene()


@pytest.fixture
def base(live_server: Any, settings: Any) -> str:
    settings.ALLOWED_HOSTS = ["*"]
    return str(live_server.url)


@pytest.fixture
def open_as(browser: Browser, base: str, shop: Scene, person: Callable[..., User]) -> Iterator[Callable[..., Page]]:
    """Open the portal as somebody with a role: `open_as("DBA", "phone")`; hurried, its live parts ask more often."""
    from contextlib import ExitStack

    with ExitStack() as pages:

        def open_(role: str = Role.DBA, look: str = "light", is_hurried: bool = False, **options: Any) -> Page:
            name = f"{role}-{look}".lower()
            user = User.objects.filter(username=name).first() or person(name, role)
            page = pages.enter_context(watched(browser, look, **options))
            if is_hurried:
                page.add_init_script(HURRY)
            hand_session(page, base, user)
            return page

        yield open_
