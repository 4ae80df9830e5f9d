"""Whatever is typed into an address or a form: an answer, never an error page."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.test import Client

from tests.pages import Scene, addresses

GARBAGE = (
    "",
    "0",
    "-1",
    "x",
    "9" * 30,
    "1e9",
    "\x00",
    "💥",
    "<script>",
    "' OR 1=1 --",
    "2026-13-45",
    "%00",
    "ALL",
    "null",
    "a" * 5000,
)
if os.environ.get("PORTAL_TEST_ALL") != "1":  # each makes a page once more, of each address
    GARBAGE = ("", "-1", "9" * 30, "\x00", "💥", "2026-13-45", "a" * 5000)
NAMES = (
    "before", "after", "status", "target", "strategy", "since", "until", "run", "text", "name", "state", "needs", "platform",
    "environment", "tag", "tenant", "object", "page", "next", "q", "actor", "action", "object_type", "object_id", "days", "job",
    "period", "kind", "handled", "schedule_type", "schedule_value", "schedule_timezone", "capability",
)  # fmt: skip
PAGES = [(name, path) for name, path in addresses().items() if name not in ("sign-out", "health")]


@pytest.fixture(autouse=True)
def _fatal(dba: Client) -> None:
    dba.raise_request_exception = True


def fine(response: Any) -> bool:
    return response.status_code < 500


@pytest.mark.parametrize(("name", "path"), PAGES)
def test_any_query(name: str, path: str, dba: Client, shop: Scene) -> None:
    path = path.format(pk=shop.keys.get(path.split("/")[1], 0), name="INDEX_MAINTENANCE")
    for value in GARBAGE:
        assert fine(dba.get(path, dict.fromkeys(NAMES, value)))
    assert fine(dba.get(path + "?a=1&a=2&=&&&target=1&target=2&status=%ff%fe&before=1&after=2"))


@pytest.mark.parametrize(("name", "path"), PAGES)
def test_any_form(name: str, path: str, dba: Client, shop: Scene) -> None:
    path = path.format(pk=shop.keys.get(path.split("/")[1], 0), name="INDEX_MAINTENANCE")
    fields = (
        "name", "url", "secret_choice", "secret_reference", "password", "environment", "tenant", "tags", "owner", "time_zone",
        "max_parallel_runs", "target_object", "timeout_minutes", "digest", "how", "note", "reason", "scope", "switch", "strategy",
        "parameter-bloat_percent", "parameter-retries", "username", "form", "theme", "old_password", "new_password1",
        "new_password2", "job_name", "job_type", "schedule_type", "schedule_value", "schedule_timezone", "start_within_minutes",
        "when_late", "max_parallel_degree", "depends_on_jobs", "notification_recipients", "save", "check", "version",
        "retention_days", "shown",
    )  # fmt: skip
    for value in GARBAGE:
        assert fine(
            dba.post(f"{path}?target={shop.target.pk}&strategy=INDEX_MAINTENANCE", dict.fromkeys(fields, value))
        )
    assert fine(dba.post(path, b"\xff\xfe{", content_type="application/json"))
    assert fine(dba.post(path, b"--x", content_type="multipart/form-data; boundary=x"))


@pytest.mark.parametrize(("name", "path"), [page for page in PAGES if "{" in page[1]])
def test_any_row(name: str, path: str, dba: Client, shop: Scene) -> None:
    for pk in (0, 10**6, 2**31, 2**63 - 1, 2**63, 10**40):
        for response in (dba.get(path.format(pk=pk, name="NO_SUCH")), dba.post(path.format(pk=pk, name="NO_SUCH"))):
            assert response.status_code in (404, 405)


@pytest.mark.parametrize("verb", ["put", "patch", "delete", "options", "head"])
def test_any_verb(verb: str, dba: Client, shop: Scene) -> None:
    for _, path in PAGES:
        path = path.format(pk=shop.keys.get(path.split("/")[1], 0), name="INDEX_MAINTENANCE")
        assert fine(getattr(dba, verb)(path))


def test_error_pages_are_pages_of_the_portal(dba: Client, shop: Scene) -> None:
    for path, status, words in (
        ("/nothing/", 404, "There is no such page"),
        ("/runs/999999/", 404, "belongs to somebody else"),
    ):
        response = dba.get(path)
        assert response.status_code == status
        assert words in response.content.decode()
        assert "Content-Security-Policy" in response.headers


def test_a_signed_in_reader_keeps_the_navigation_on_an_error_page(dba: Client, shop: Scene) -> None:
    page = dba.get("/nothing/").content.decode()
    assert 'aria-label="Main"' in page
    assert 'href="/databases/"' in page
    assert 'aria-label="Main"' not in Client().get("/nothing/").content.decode()


def test_a_form_without_its_token_is_explained(shop: Scene) -> None:
    response = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "a", "password": "b"})
    assert response.status_code == 403
    assert "Please send it again" in response.content.decode()
