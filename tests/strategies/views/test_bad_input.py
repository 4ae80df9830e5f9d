"""Whatever is typed into an address or a form: an answer, never an error page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from maintenance_portal import navigation
from tests.long import IS_ALL
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
NAMES = (
    "before", "after", "status", "target", "strategy", "since", "until", "run", "text", "name", "state", "needs", "platform",
    "environment", "tag", "tenant", "object", "page", "next", "q", "actor", "action", "object_type", "object_id", "days", "job",
    "period", "kind", "handled", "schedule_type", "schedule_value", "schedule_timezone", "capability",
    "view", "on", "hours", "first", "last", "ended_from", "ended_before", "window",
    "channel", "event", "recipient", "audience", "key", "from", "against", "file", "parameter-strategy", "parameter-version",
)  # fmt: skip
FIELDS = (
    "name", "url", "secret_choice", "secret_reference", "password", "environment", "tenant", "tags", "owner", "time_zone",
    "max_parallel_runs", "target_object", "timeout_minutes", "digest", "how", "note", "reason", "scope", "switch", "strategy",
    "parameter-bloat_percent", "parameter-retries", "username", "form", "theme", "old_password", "new_password1",
    "new_password2", "job_name", "job_type", "schedule_type", "schedule_value", "schedule_timezone", "start_within_minutes",
    "when_late", "max_parallel_degree", "depends_on_jobs", "notification_recipients", "save", "check", "version",
    "retention_days", "shown", "load_limit", "starts", "minutes", "repeats", "days", "until", "rule", "capacity", "extended_by",
    "extend_minutes", "grace_minutes", "slot", "ends", "kind", "scopes", "feed", "removes_gone", "is_active",
    "level", "text", "preset", "delegate", "starts_on", "ends_on", "most_score", "most_runs", "from_score", "level-0", "role-0",
    "quorum-0", "people-0", "setting-host", "setting-port", "setting-url", "secret", "recipient", "recipients", "events", "channel",
    "subject", "body", "role", "least_severity", "preview", "targets", "notice", "strategies", "ahead_hours", "reminder_minutes",
    "address", "steps", "subscription", "system", "origin", "schema", "file", "view", "type", "category", "description", "operations",
    "job_count", "job-0-name", "job-0-type", "job-0-operations", "job-0-depends_on", "parameter-stale_percent",
)  # fmt: skip
PAGES = [path for name, path in addresses().items() if name not in ("sign-out", "health")]
PARTS = 8


@pytest.fixture(autouse=True)
def _one_navigation(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed changes nothing in it, and it is most of what a page costs: it is built once for all pages of a test."""
    monkeypatch.setattr(navigation, "build", cache_of_one(navigation.build))


def cache_of_one(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    built: list[Any] = []

    def first(request: Any) -> Any:
        if not built:
            built.append(build(request))
        return built[0]

    return first


def fine(response: Any) -> bool:
    return response.status_code < 500


def garbage(path: str, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """With `--all` each value everywhere at once, and two mixtures, which differ from page to page; always one of them."""
    if IS_ALL:
        yield from (dict.fromkeys(names, value) for value in GARBAGE)
    for turn in range(2 if IS_ALL else 1):
        first = sum(map(ord, path)) + turn * len(GARBAGE) // 2
        yield {name: GARBAGE[(first + number) % len(GARBAGE)] for number, name in enumerate(names)}


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_is_asked_of_a_page_or_sent_to_it_gets_an_answer(part: int, dba: Client, shop: Scene) -> None:
    """Pages in parts, each of which has one scene; what is sent to one page is taken back before the next has its turn."""
    signed_in = dba.cookies
    for path in PAGES[part::PARTS]:
        dba.cookies = copy(signed_in)
        with transaction.atomic():
            assert dba.get("/search/").status_code == 200, "still signed in"
            page = path.format(pk=shop.keys.get(path.split("/")[1], 0), name="INDEX_MAINTENANCE")
            faults = [said for said in said_to_garbage(dba, page, shop) if not fine(said)]
            if page != path:
                faults += [said for said in said_of_no_row(dba, path) if said.status_code not in (404, 405)]
            assert faults == [], path
            transaction.set_rollback(True)


def said_to_garbage(client: Client, page: str, shop: Scene) -> Iterator[Any]:
    for query in garbage(page, NAMES):
        yield client.get(page, query)
    yield client.get(page + "?a=1&a=2&=&&&target=1&target=2&status=%ff%fe&before=1&after=2")
    for sent in garbage(page, FIELDS):
        yield client.post(f"{page}?target={shop.target.pk}&strategy=INDEX_MAINTENANCE", sent)
    yield client.post(page, b"\xff\xfe{", content_type="application/json")
    yield client.post(page, b"--x", content_type="multipart/form-data; boundary=x")


def said_of_no_row(client: Client, path: str) -> Iterator[Any]:
    for pk in (0, 10**6, 2**31, 2**63 - 1, 2**63, 10**40) if IS_ALL else (2**31, 10**40):
        yield client.get(path.format(pk=pk, name="NO_SUCH"))
    for pk in (0, 2**63):
        yield client.post(path.format(pk=pk, name="NO_SUCH"))


@pytest.mark.parametrize("verb", ["put", "patch", "delete", "options", "head"] if IS_ALL else ["put", "head"])
def test_any_verb(verb: str, dba: Client, shop: Scene) -> None:
    for path in PAGES:
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
