"""Standing approvals and delegations on their pages."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from strategies.models import ApprovalState, Delegation, JobRun, Role, RunStatus, StandingApproval, Target, User
from tests.consents import production, somebody, waiting_for_people
from tests.pages import HOSTILE, text_of
from tests.strategies.test_standing import proven

pytestmark = pytest.mark.django_db
TODAY = date.today()  # noqa: DTZ011 (days as a browser sends them)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ledger(db: None) -> Target:
    return proven(production())


@pytest.fixture
def dora(ledger: Target) -> Client:
    return client_of(somebody("dora", Role.DBA))


@pytest.fixture
def bert(ledger: Target) -> Client:
    return client_of(somebody("bert", Role.APPROVER))


def ask(client: Client, target: Target, **values: Any) -> Any:
    data = {
        "strategy": "INDEX_MAINTENANCE", "scope": f"database-{target.pk}", "most_score": "80", "most_runs": "3",
        "ends_on": str(TODAY + timedelta(days=30)), "reason": HOSTILE,
    }  # fmt: skip
    return client.post("/standing-approvals/new/", {**data, **values})


def test_from_the_question_to_its_uses_and_its_end(dora: Client, bert: Client, ledger: Target) -> None:
    assert "Nothing is approved ahead." in text_of(dora.get("/standing-approvals/"))
    assert ask(dora, ledger).status_code == 302
    row = StandingApproval.objects.get()
    path = f"/standing-approvals/{row.pk}/"
    assert "Grant it" not in text_of(dora.get(path))
    assert "It is a routine" in text_of(bert.get(path))
    assert "Grant it" in text_of(bert.get(path))
    assert "It is granted" in text_of(bert.post(f"{path}grant/", follow=True))
    approval = waiting_for_people(ledger)
    assert approval.state == ApprovalState.APPROVED
    text = text_of(bert.get(path))
    assert "1 of 3 runs" in text
    assert f"Run {approval.run_id}</a>" in text
    assert "standing approval" in text_of(bert.get(f"/approvals/{approval.pk}/"))
    assert bert.post(f"{path}revoke/", {"text": ""}).status_code == 422
    assert "from now on each run is asked about" in text_of(
        dora.post(f"{path}revoke/", {"text": "Too large."}, follow=True)
    )
    assert "dora: Too large." in text_of(dora.get("/standing-approvals/"))


def test_what_is_no_routine_any_more_has_no_button_to_grant_it(dora: Client, bert: Client, ledger: Target) -> None:
    ask(dora, ledger)
    JobRun.objects.filter(target=ledger).update(status=RunStatus.FAILED)
    text = text_of(bert.get(f"/standing-approvals/{StandingApproval.objects.get().pk}/"))
    assert "Until then nobody can grant it." in text
    assert "Grant it" not in text


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"most_score": "0"}, "most_score"), ({"most_score": "101"}, "most_score"), ({"most_runs": "0"}, "most_runs"),
        ({"ends_on": "2001-01-01"}, "ends_on"), ({"ends_on": str(TODAY + timedelta(days=400))}, "ends_on"),
        ({"ends_on": "x"}, "ends_on"),
        ({"reason": ""}, "reason"), ({"scope": "moon"}, "scope"), ({"strategy": "SPACE_MAINTENANCE"}, "strategy"),
        ({"strategy": "nope"}, "strategy"),
    ],
)  # fmt: skip
def test_a_wrong_one_is_refused_beside_its_field(
    dora: Client, ledger: Target, values: dict[str, str], field: str
) -> None:
    response = ask(dora, ledger, **values)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not StandingApproval.objects.exists()


def test_an_outsider_finds_none(dora: Client, ledger: Target) -> None:
    ask(dora, ledger)
    olga = client_of(somebody("olga", Role.DBA, Role.APPROVER, tenant="Other"))
    pk = StandingApproval.objects.get().pk
    for path in (f"/standing-approvals/{pk}/grant/", f"/standing-approvals/{pk}/revoke/"):
        assert olga.post(path, {"text": "x"}).status_code == 404
    assert olga.get(f"/standing-approvals/{pk}/").status_code == 404


def give(client: Client, to: User, **values: Any) -> Any:
    data = {
        "delegate": str(to.pk),
        "starts_on": str(TODAY),
        "ends_on": str(TODAY + timedelta(days=3)),
        "reason": HOSTILE,
    }
    return client.post("/delegations/", {**data, **values})


def test_a_word_is_given_away_and_taken_back(bert: Client, dora: Client) -> None:
    assert "You give your word yourself." in text_of(bert.get("/delegations/"))
    assert give(bert, User.objects.get(username="dora")).status_code == 302
    row = Delegation.objects.get()
    assert row.starts_at <= timezone.now() < row.ends_at
    for client in (bert, dora):
        assert "dora for bert" in text_of(client.get("/delegations/"))
    emil = client_of(somebody("emil", Role.APPROVER))
    assert emil.post(f"/delegations/{row.pk}/revoke/").status_code == 404
    assert "no longer speaks for bert" in text_of(dora.post(f"/delegations/{row.pk}/revoke/", follow=True))
    assert "It had ended already." in text_of(bert.post(f"/delegations/{row.pk}/revoke/", follow=True))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"delegate": "0"}, "delegate"), ({"ends_on": "2001-01-01"}, "ends_on"), ({"starts_on": "x"}, "starts_on"),
        ({"reason": ""}, "reason"),
        ({"ends_on": str(TODAY + timedelta(days=200))}, "ends_on"),
        ({"starts_on": str(TODAY + timedelta(days=370)), "ends_on": str(TODAY + timedelta(days=372))}, "starts_on"),
    ],
)  # fmt: skip
def test_a_wrong_delegation_is_refused_beside_its_field(
    bert: Client, dora: Client, values: dict[str, str], field: str
) -> None:
    response = give(bert, User.objects.get(username="dora"), **values)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not Delegation.objects.exists()


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Asia/Tokyo"])
def test_a_delegation_at_the_end_of_time_is_refused_in_every_zone(zone: str, bert: Client, dora: Client) -> None:
    """Kept, it could not be told in the zones to the east, and nobody there could open the page to take it back."""
    User.objects.filter(username="bert").update(time_zone=zone)
    response = give(bert, User.objects.get(username="dora"), starts_on="9999-12-31", ends_on="9999-12-31")
    assert response.status_code == 422
    assert "starts_on" in response.context["form"].errors
