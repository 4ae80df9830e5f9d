"""Databases on their pages: registered and changed with one validation, secrets that never come back, looks that are asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from strategies import secrets
from strategies.models import Assessment, AuditEntry, Finding, Target, TargetState, Tenant
from tests.pages import HOSTILE, Scene, text_of

PASSWORD = "tr0ub4dor&3 größe"
GOOD: dict[str, str] = {
    "name": "billing", "url": "postgresql://maint@db.example.org:5432/billing", "secret_choice": "password", "password": PASSWORD,
    "secret_reference": "", "environment": "production", "tenant": "Main", "tags": "finance, Nightly", "owner": "Team B",
    "time_zone": "Europe/Vienna", "max_parallel_runs": "2",
}  # fmt: skip


def test_registering_keeps_the_secret_encrypted_and_looks_at_once(dba: Client) -> None:
    response = dba.post("/databases/register/", GOOD)
    target = Target.objects.get(name="billing")
    assert response["Location"] == f"/databases/{target.pk}/"
    assert PASSWORD not in target.secret
    assert secrets.resolve(target.secret) == PASSWORD
    assert (target.environment, target.time_zone, target.max_parallel_runs) == ("production", "Europe/Vienna", 2)
    assert sorted(tag.name for tag in target.tags.all()) == ["Nightly", "finance"]
    assert target.is_being_checked
    page = text_of(dba.get(f"/databases/{target.pk}/"))
    assert "encrypted in the portal" in page
    assert PASSWORD not in page + text_of(dba.get(f"/databases/{target.pk}/edit/"))
    assert PASSWORD not in "".join(str(entry.before) + str(entry.after) for entry in AuditEntry.objects.all())


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"name": ""}, "name", "required"),
        ({"name": "x" * 81}, "name", "at most 80"),
        ({"name": "a\u202eb"}, "name", "cannot be seen"),
        ({"name": "HOME"}, "name", "Another target is named"),
        ({"url": "postgresql://maint:hunter2@db/billing"}, "url", "must not contain a password"),
        ({"url": "db.example.org"}, "url", "No platform knows"),
        ({"url": "oracle://maint@db:1521/FREE"}, "url", "Oracle is not in this version"),
        ({"url": "sqlite:///relative.db", "secret_choice": "none", "password": ""}, "url", "path"),
        ({"secret_choice": "password", "password": ""}, "password", "Type the password"),
        ({"secret_choice": "none"}, "secret_choice", "another choice"),
        ({"secret_choice": "reference", "password": "", "secret_reference": "hunter2"}, "secret_reference", "env:NAME"),
        ({"secret_choice": "reference", "password": ""}, "secret_reference", "Name the place"),
        ({"secret_choice": "keep", "password": ""}, "secret_choice", "Select a valid choice"),
        ({"password": "x" * 501}, "password", "at most 500"),
        ({"environment": "moon"}, "environment", "Select a valid choice"),
        ({"tenant": "Other"}, "tenant", "Select a valid choice"),
        ({"tenant": ""}, "tenant", "required"),
        ({"tags": "x" * 61}, "tags", "at most 60"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "no IANA time zone"),
        ({"max_parallel_runs": "0"}, "max_parallel_runs", "greater than or equal to 1"),
        ({"max_parallel_runs": "many"}, "max_parallel_runs", "whole number"),
    ],
)
def test_a_wrong_value_is_refused_beside_its_field(change: dict[str, str], field: str, words: str, dba: Client) -> None:
    Tenant.objects.get_or_create(name="Other")
    before = Target.objects.count()
    response = dba.post("/databases/register/", GOOD | change)
    assert response.status_code == 422
    assert any(words in error for error in response.context["form"].errors[field]), response.context["form"].errors
    text = text_of(response)
    assert "hunter2" not in text
    assert PASSWORD not in text
    assert Target.objects.count() == before


def test_changing_forgets_what_was_seen_through_the_old_address(dba: Client) -> None:
    dba.post("/databases/register/", GOOD)
    target = Target.objects.get(name="billing")
    Target.objects.filter(pk=target.pk).update(checked_at=timezone.now(), facts={"x": 1})
    changed = GOOD | {"url": "postgresql://maint@db2.example.org:5432/billing", "secret_choice": "keep", "password": ""}
    response = dba.post(f"/databases/{target.pk}/edit/", changed)
    assert "type it again" in str(response.context["form"].errors["secret_choice"])
    dba.post(
        f"/databases/{target.pk}/edit/", changed | {"secret_choice": "reference", "secret_reference": "env:BILLING"}
    )
    target.refresh_from_db()
    assert (target.secret, target.checked_at, target.facts) == ("env:BILLING", None, None)
    entry = AuditEntry.objects.filter(action="target.changed").get()
    assert entry.before["url"] == GOOD["url"]
    assert entry.after["secret"] == "env:BILLING"


def test_keeping_the_password_keeps_it(dba: Client) -> None:
    dba.post("/databases/register/", GOOD)
    target = Target.objects.get(name="billing")
    dba.post(f"/databases/{target.pk}/edit/", GOOD | {"owner": "Team C", "secret_choice": "keep", "password": ""})
    target.refresh_from_db()
    assert (target.owner, secrets.resolve(target.secret)) == ("Team C", PASSWORD)


def test_the_address_stays_while_a_run_is_open(dba: Client, shop: Scene) -> None:
    values = GOOD | {"name": "shop", "url": "sqlite:////elsewhere.db", "secret_choice": "none", "password": ""}
    response = dba.post(f"/databases/{shop.target.pk}/edit/", values)
    assert "A run on this database is open" in str(response.context["form"].errors["url"])


def test_the_portals_own_database_keeps_its_address(dba: Client) -> None:
    home = Target.objects.get(is_home=True)
    before = (home.platform, home.url)
    assert dba.get(f"/databases/{home.pk}/edit/").status_code == 200
    dba.post(f"/databases/{home.pk}/edit/", GOOD | {"name": "home", "owner": "Us"})
    home.refresh_from_db()
    assert (home.owner, (home.platform, home.url)) == ("Us", before)


def test_checking_clears_the_stop_after_a_refused_sign_in(dba: Client, shop: Scene) -> None:
    Target.objects.filter(pk=shop.target.pk).update(
        stopped_at=timezone.now(), stopped_why="password authentication failed"
    )
    page = text_of(dba.get(f"/databases/{shop.target.pk}/"))
    assert "nothing tries again by itself" in page
    response = dba.post(f"/databases/{shop.target.pk}/assess/", follow=True)
    assert "refused the sign-in" in text_of(response)
    dba.post(f"/databases/{shop.target.pk}/check/")
    shop.target.refresh_from_db()
    assert (shop.target.stopped_at, shop.target.is_being_checked) == (None, True)
    assert AuditEntry.objects.filter(action="target.stop_cleared", actor="anna").exists()


def test_assessing_asks_once_for_each_strategy(dba: Client, shop: Scene) -> None:
    before = Assessment.objects.count()
    for _ in range(3):
        dba.post(f"/databases/{shop.target.pk}/assess/")
    assert Assessment.objects.count() == before + 2
    assert "Being assessed" in text_of(dba.get(f"/databases/{shop.target.pk}/"))
    assert dba.get(f"/databases/{shop.target.pk}/live/").status_code == 200
    Assessment.objects.filter(finished_at=None).update(finished_at=timezone.now())
    assert dba.get(f"/databases/{shop.target.pk}/live/").status_code == 286


def test_a_finding_shows_its_evidence_and_what_a_run_would_do(dba: Client, shop: Scene) -> None:
    text = text_of(dba.get(f"/databases/{shop.target.pk}/"))
    assert HOSTILE not in text
    assert "80 KB" in text  # size_bytes
    assert "2 findings" in text
    assert text.index(">b<") < text.index(">orders_by_customer<")  # the critical one first


def test_more_findings_than_a_page_holds_are_counted(dba: Client, shop: Scene) -> None:
    now = timezone.now()
    Finding.objects.bulk_create(
        Finding(target=shop.target, strategy_name="INDEX_MAINTENANCE", kind="k", object=f"o{n}", object_type="INDEX", severity="info",
                summary="s", first_seen_at=now, last_seen_at=now)
        for n in range(150)
    )  # fmt: skip
    text = text_of(dba.get(f"/databases/{shop.target.pk}/"))
    assert "152 findings" in text
    assert "52 more findings, less severe, not shown." in text


def test_switching_off_needs_a_reason_and_keeps_new_work_away(dba: Client, shop: Scene) -> None:
    response = dba.post(f"/databases/{shop.target.pk}/switch/", {"switch": "off", "reason": ""}, follow=True)
    assert "Say why" in text_of(response)
    dba.post(f"/databases/{shop.target.pk}/switch/", {"switch": "off", "reason": "moves to another host"})
    shop.target.refresh_from_db()
    assert not shop.target.is_active
    entry = AuditEntry.objects.get(action="target.switched_off")
    assert (entry.actor, entry.reason) == ("anna", "moves to another host")
    response = dba.post(f"/databases/{shop.target.pk}/assess/", follow=True)
    assert "switch it on first" in text_of(response)
    assert str(shop.target.pk) not in {str(row.pk) for row in dba.get("/runs/new/").context["targets"]}


def test_the_list_says_the_same_state_as_the_database(dba: Client, shop: Scene) -> None:
    now, late = timezone.now(), timezone.now() + timedelta(seconds=9)
    states: dict[TargetState, dict[str, Any]] = {
        TargetState.OFF: {"is_active": False, "stopped_at": now, "check_error": "x"},
        TargetState.STOPPED: {"stopped_at": now, "check_error": "x", "check_asked_at": late},
        TargetState.CHECKING: {"check_asked_at": late, "check_error": "x"},
        TargetState.NEVER: {"checked_at": None},
        TargetState.UNREACHABLE: {"check_error": "x"},
        TargetState.REACHABLE: {},
    }
    for state, values in states.items():
        Target.objects.create(
            **{
                "name": state.value,
                "platform": "sqlite",
                "url": "sqlite:////x",
                "tenant": shop.target.tenant,
                "checked_at": now,
            }
            | values
        )
    for state in TargetState:
        shown = {row.target for row in dba.get(f"/databases/?state={state.value}").context["rows"]}
        assert {target.state for target in shown} == {state}
        assert shown == {target for target in Target.objects.all() if target.state is state}


def test_the_list_narrows(dba: Client, shop: Scene) -> None:
    def found(query: str) -> set[str]:
        return {row.target.name for row in dba.get(f"/databases/?{query}").context["rows"]}

    assert found("") == {"shop", "home"}
    assert found("name=SHO") == {"shop"}
    assert found("needs=findings") == {"shop"}
    assert found("needs=none") == {"home"}
    assert found("environment=production") == {"home"}
    assert found("platform=sqlite") == {target.name for target in Target.objects.filter(platform="sqlite")}
    assert "No database fits these filters" in text_of(dba.get("/databases/?name=nowhere"))
