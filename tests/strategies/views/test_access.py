"""Every address, as each role, as nobody, and as a DBA of another tenant: who may is written here, and nothing is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from strategies.models import Assessment, AuditEntry, JobRun, Role, Target
from tests.pages import Scene, addresses, scene

ALL = set(Role)
SQL = {Role.DBA, Role.APPROVER, Role.MANAGER, Role.AUDITOR}
OPERATORS = {Role.DBA}
SIGNERS = {Role.DBA, Role.APPROVER, Role.MANAGER}
AUDIT = {Role.DBA, Role.AUDITOR}
# Who may use an address, and how it is used. A page added without an entry here fails the first test.
PUBLIC = {
    "sign-in", "health", "feed", "status", "status-calendar", "subscription", "subscription-confirm", "subscription-leave",
}  # fmt: skip
EVERYBODY = {"home", "home-live", "sign-out", "search", "account"}  # signed in, with or without a role
MAY: dict[str, tuple[str, set[Role]]] = {
    "targets": ("get", ALL), "target": ("get", ALL), "target-live": ("get", ALL),
    "target-register": ("get", OPERATORS), "target-edit": ("get", OPERATORS),
    "target-check": ("post", OPERATORS), "target-assess": ("post", OPERATORS), "target-switch": ("post", OPERATORS),
    "strategies": ("get", ALL), "strategy": ("get", ALL), "strategy-generate": ("get", OPERATORS),
    "version": ("get", SQL), "version-zip": ("get", SQL),
    "statements": ("get", SQL), "statements-download": ("get", SQL),
    "runs": ("get", ALL), "run": ("get", ALL), "run-live": ("get", ALL), "run-plan": ("get", OPERATORS),
    "run-plan-download": ("get", SQL),
    "run-release": ("post", OPERATORS), "run-stop": ("post", OPERATORS), "run-resume": ("post", OPERATORS),
    "run-retry": ("post", OPERATORS), "run-undo": ("post", OPERATORS), "run-handle": ("post", OPERATORS),
    "holds": ("get", ALL), "hold-place": ("post", OPERATORS), "hold-lift": ("post", OPERATORS),
    "windows": ("get", ALL), "window": ("get", ALL), "window-new": ("get", OPERATORS), "window-edit": ("get", OPERATORS),
    "window-extend": ("post", ALL), "window-close": ("post", ALL),
    "calendars": ("get", ALL), "calendar": ("get", ALL), "calendar-new": ("get", OPERATORS), "calendar-edit": ("get", OPERATORS),
    "calendar-import": ("post", OPERATORS), "entry-new": ("get", OPERATORS),
    "entry-edit": ("get", OPERATORS), "entry-lift": ("post", ALL),
    "feeds": ("get", ALL), "feed-make": ("post", ALL), "feed-revoke": ("post", ALL),
    "approvals": ("get", SQL), "approvals-own": ("get", SQL), "approval": ("get", SQL),
    "approval-approve": ("post", SIGNERS), "approval-send-back": ("post", SIGNERS), "approval-comment": ("post", SQL),
    "approval-withdraw": ("post", OPERATORS), "run-ask-again": ("post", OPERATORS), "run-break-glass": ("post", OPERATORS),
    "glass-agree": ("post", SIGNERS), "delegations": ("get", SIGNERS), "delegation-revoke": ("post", SIGNERS),
    "standing-approvals": ("get", SQL), "standing-approval": ("get", SQL), "standing-approval-new": ("get", OPERATORS),
    "standing-approval-grant": ("post", SIGNERS), "standing-approval-revoke": ("post", SIGNERS),
    "approval-rules": ("get", SQL), "approval-rule-new": ("get", SQL), "approval-rule-edit": ("get", SQL),
    "approval-rule-remove": ("post", SQL),
    "imports": ("get", OPERATORS), "import": ("get", OPERATORS), "import-live": ("get", OPERATORS),
    "import-start": ("post", OPERATORS), "import-csv": ("get", OPERATORS),
    "operations": ("get", SQL), "operation": ("get", SQL), "operations-csv": ("get", SQL),
    "jobs": ("get", SQL), "job": ("get", SQL), "job-live": ("get", SQL), "job-due": ("get", OPERATORS),
    "job-new": ("get", OPERATORS), "job-edit": ("get", OPERATORS), "job-switch": ("post", OPERATORS),
    "job-run": ("post", OPERATORS), "job-handle": ("post", OPERATORS),
    "trends": ("get", SQL), "trends-csv": ("get", SQL), "trends-strategies-csv": ("get", SQL), "statistics": ("get", SQL),
    "statistics-csv": ("get", SQL), "performance-csv": ("get", SQL), "job-summary-csv": ("get", SQL),
    "errors": ("get", SQL), "errors-csv": ("get", SQL), "error": ("get", SQL), "error-csv": ("get", SQL),
    "error-handle": ("post", OPERATORS), "log-health": ("get", SQL), "log-growth-csv": ("get", SQL),
    "log-policy": ("post", OPERATORS), "log-prune": ("get", OPERATORS),
    "audit": ("get", AUDIT), "audit-csv": ("get", AUDIT),
    "notifications": ("get", AUDIT), "notification": ("get", AUDIT), "notification-live": ("get", AUDIT),
    "notification-mail": ("get", AUDIT), "notification-again": ("post", OPERATORS), "channels": ("get", AUDIT),
    "channel-new": ("get", OPERATORS), "channel-edit": ("get", OPERATORS), "channel-switch": ("post", OPERATORS),
    "channel-test": ("post", OPERATORS), "notification-rules": ("get", AUDIT), "notification-rule-new": ("get", OPERATORS),
    "notification-rule-edit": ("get", OPERATORS), "message-texts": ("get", AUDIT), "message-text": ("get", OPERATORS),
    "systems": ("get", ALL), "system": ("get", ALL), "system-new": ("get", OPERATORS), "system-edit": ("get", OPERATORS),
    "system-subscribe": ("post", ALL), "system-leave": ("post", ALL), "system-steps": ("post", ALL),
    "system-switch": ("post", OPERATORS),
    "status-pages": ("get", AUDIT), "status-page-make": ("post", OPERATORS), "status-page-revoke": ("post", OPERATORS),
    "report": ("get", SQL), "report-csv": ("get", SQL), "report-pdf": ("get", SQL),
    # Last, since they take away what others visit
    "entry-remove": ("post", OPERATORS), "calendar-remove": ("post", OPERATORS), "window-remove": ("post", OPERATORS),
    "system-remove": ("post", OPERATORS), "notification-rule-remove": ("post", OPERATORS), "channel-remove": ("post", OPERATORS),
    "agenda": ("get", ALL), "timeline": ("get", ALL), "timeline-csv": ("get", ALL),
}  # fmt: skip
OF_A_ROW = [name for name, path in addresses().items() if "{pk}" in path]


@pytest.fixture
def shop(db: None) -> Scene:
    return scene()


def visit(client: Client, name: str, rows: Scene) -> Any:
    path = addresses()[name]
    pk = rows.keys.get(path.split("/")[1], 0)
    return getattr(client, MAY[name][0])(path.format(pk=pk, name="INDEX_MAINTENANCE"))


def test_every_address_has_its_entry_here() -> None:
    assert set(addresses()) == set(MAY) | PUBLIC | EVERYBODY


@pytest.mark.parametrize("role", [*Role, None])
def test_each_role_may_what_it_may_and_nothing_else(role: Role | None, shop: Scene, person: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(person("p", *([role] if role else [])))
    for name, (_, roles) in MAY.items():
        status = visit(client, name, shop).status_code
        allowed = role in roles
        assert (status in (200, 286, 302, 422)) if allowed else status == 403, (name, role, status)


def test_nobody_sees_anything_without_signing_in(shop: Scene) -> None:
    before = AuditEntry.objects.count()
    for name in (*MAY, *EVERYBODY):
        path = addresses()[name].format(pk=1, name="INDEX_MAINTENANCE")
        for response in (Client().get(path), Client().post(path)):
            assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/sign-in/"), name
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("name", OF_A_ROW)
def test_rows_of_another_tenant_do_not_exist(name: str, shop: Scene, person: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(person("olga", Role.DBA, tenant="Other"))
    before = AuditEntry.objects.count()
    assert visit(client, name, shop).status_code == 404
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize(
    "name",
    [
        "home",
        "home-live",
        "targets",
        "runs",
        "holds",
        "operations",
        "operations-csv",
        "run-plan",
        "agenda",
        "timeline",
        "windows",
        "calendars",
        "feeds",
        "approvals",
        "approval-rules",
        "standing-approvals",
        "notifications",
        "channels",
        "imports",
        "notification-rules",
        "systems",
        "status-pages",
    ],
)
def test_lists_hold_nothing_of_another_tenant(name: str, shop: Scene, person: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(person("olga", Role.DBA, tenant="Other"))
    scene("theirs", "Other")
    response = client.get(addresses()[name])
    text = b"".join(response) if response.streaming else response.content
    assert b"theirs" in text
    assert b"shop" not in text


def test_a_stakeholder_reads_no_sql_no_address_and_no_error_text(shop: Scene, person: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(person("sam", Role.STAKEHOLDER))
    for path in (
        "/",
        f"/runs/{shop.failed.pk}/",
        f"/runs/{shop.planned.pk}/",
        f"/databases/{shop.target.pk}/",
        "/runs/",
    ):
        text = client.get(path).content.decode()
        assert "REINDEX" not in text, path
        assert "42P01" not in text, path
        assert "/nowhere/" not in text, path
        assert "GRANT" not in text, path


def test_a_stakeholder_is_told_in_plain_words_what_keeps_from_a_database(
    shop: Scene, person: Callable[..., Any]
) -> None:
    client, now = Client(), timezone.now()
    client.force_login(person("sam", Role.STAKEHOLDER))
    technical = '28000: password authentication failed for user "maint" on db1.example.org, /etc/key'
    facts = {**shop.target.facts, "user": "maint", "database": "/etc/key", "details": {"Journal": "/etc/key"}}
    Target.objects.filter(pk=shop.target.pk).update(check_error=technical, facts=facts)
    Assessment.objects.filter(pk=shop.assessment.pk).update(error=technical)
    reasons = [{"code": "unreachable", "sentence": f"shop could not be reached: {technical}", "cleared_by": "A DBA."}]
    JobRun.objects.filter(pk=shop.waiting.pk).update(reasons=reasons)
    JobRun.objects.filter(pk=shop.failed.pk).update(error_class="authentication", state_left_message=technical)
    for is_stopped in (False, True):
        Target.objects.filter(pk=shop.target.pk).update(stopped_at=now if is_stopped else None, stopped_why=technical)
        for path in ("/", "/runs/", "/databases/", f"/databases/{shop.target.pk}/", f"/runs/{shop.waiting.pk}/"):
            text = client.get(path).content.decode()
            for word in ("28000", "maint&quot;", ">maint<", "example.org", "/etc/key"):
                assert word not in text, (path, word)
    home = client.get("/").content.decode()
    assert "The database did not let the portal sign in." in home
    assert "It did not let the portal sign in; a DBA has to correct the account." in home
    assert "The database could not be reached at the last check." in home


def test_a_person_without_a_role_is_told_whom_to_ask(person: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(person("new"))
    response = client.get("/")
    assert response.status_code == 200
    assert b"has no role yet" in response.content


def test_a_user_who_was_switched_off_is_out_at_once(shop: Scene, person: Callable[..., Any]) -> None:
    anna = person("anna", Role.DBA)
    client = Client()
    client.force_login(anna)
    assert client.get("/runs/").status_code == 200
    anna.is_active = False
    anna.save()
    assert client.get("/runs/").status_code == 302
