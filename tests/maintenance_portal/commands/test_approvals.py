"""approvals and approve: what waits for people, and the word of whoever types it; four eyes hold there as well."""

from __future__ import annotations

import getpass

import pytest

from strategies.audit import Actor
from strategies.models import Approval, ApprovalState, ApprovalWord, AuditEntry, Role, Target
from tests.consents import production, somebody, two_levels, waiting_for_people
from tests.maintenance_portal.commands.conftest import command

pytestmark = pytest.mark.django_db


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bert types the commands."""
    monkeypatch.setattr(getpass, "getuser", lambda: "bert")


def test_what_is_asked_is_listed_the_most_urgent_first() -> None:
    assert "Nobody is asked for anything." in command("approvals").out
    approval = waiting_for_people(production())
    (row,) = command("approvals", "--json").answer["approvals"]
    assert (row["approval_id"], row["run_id"], row["target"], row["level"]) == (
        approval.pk,
        approval.run_id,
        "ledger",
        1,
    )
    assert (row["asked"], row["requesters"], row["state"]) == ("1 approver", ["anna"], "asked")
    assert {"name", "points", "words"} == set(row["risk_factors"][0])
    assert "1 approver" in command("approvals").out
    assert command("approvals", "--state", "approved", "--json").answer == {"approvals": []}
    assert command("approvals", "--state", "dancing").code == 2


@pytest.mark.usefixtures("login")
class TestApprove:
    def test_the_login_of_that_name_gives_the_word(self) -> None:
        somebody("bert", Role.APPROVER)
        approval = waiting_for_people(production())
        said = command("approve", str(approval.pk), "--comment", "Fine.", "--json")
        assert (said.code, said.answer["state"]) == (0, "approved")
        assert (ApprovalWord.objects.get().person, ApprovalWord.objects.get().comment) == ("bert", "Fine.")
        assert AuditEntry.objects.get(action="approval.given").actor == "cli:bert"
        again = command("approve", str(approval.pk))
        assert (again.code, "no longer asked for" in again.err) == (1, True)

    def test_it_is_sent_back_with_a_reason(self) -> None:
        somebody("bert", Role.APPROVER)
        approval = waiting_for_people(production())
        assert command("approve", str(approval.pk), "--send-back", " ").code == 1
        assert "sent back" in command("approve", str(approval.pk), "--send-back", "Not now.").out
        assert Approval.objects.get().state == ApprovalState.SENT_BACK

    def test_whoever_wants_the_run_is_refused_here_too(self) -> None:
        somebody("bert", *Role)
        for actor in (Actor("bert"), Actor("cli:bert")):
            approval = waiting_for_people(production(actor.name), actor=actor)
            said = command("approve", str(approval.pk))
            assert (said.code, "somebody else decides" in said.err) == (1, True)
        assert not ApprovalWord.objects.exists()

    def test_without_a_login_the_role_or_the_tenant_nothing_is_given(self) -> None:
        approval = waiting_for_people(production())
        said = command("approve", str(approval.pk))
        assert (said.code, "No active login" in said.err) == (1, True)
        bert = somebody("bert", Role.DBA)
        said = command("approve", str(approval.pk))
        assert (said.code, "You are not asked now" in said.err) == (1, True)
        bert.tenants.clear()
        assert command("approve", str(approval.pk)).code == 2
        bert.is_active = False
        bert.save()
        assert command("approve", str(approval.pk)).code == 1
        assert Approval.objects.get().state == ApprovalState.ASKED

    def test_the_level_that_is_meant_may_be_said(self) -> None:
        two_levels()
        somebody("bert", Role.APPROVER)
        approval = waiting_for_people(production())
        said = command("approve", str(approval.pk), "--level", "2")
        assert (said.code, "level 1 is asked" in said.err) == (1, True)
        assert "level 2 of 2 is asked now" in command("approve", str(approval.pk), "--level", "1").out

    @pytest.mark.parametrize("number", ["0", "-1", "99999", "9" * 30, "x"])
    def test_a_number_that_is_none_is_refused(self, number: str) -> None:
        somebody("bert", Role.APPROVER)
        said = command("approve", "--", number) if number.startswith("-") else command("approve", number)
        assert said.code == 2


def test_a_look_says_who_would_be_asked(shop: Target) -> None:
    look = ("run_strategy", "INDEX_MAINTENANCE", "--target", "shop", "--dry-run", "--json")
    assert not [one for one in command(*look).answer["reasons"] if one["code"] == "not_approved"]
    Target.objects.filter(pk=shop.pk).update(environment="production")
    two_levels()
    (reason,) = (one for one in command(*look).answer["reasons"] if one["code"] == "not_approved")
    assert reason["sentence"] == "It would wait for the approval of 1 approver, then 1 manager."


def test_a_command_has_no_way_round(shop: Target) -> None:
    Target.objects.filter(pk=shop.pk).update(environment="production")
    said = command("run_strategy", "INDEX_MAINTENANCE", "--target", "shop", "--json")
    assert (said.code, said.answer["status"], said.answer["operations"]) == (3, "cancelled", [])
    assert "waits for the approval of 1 approver" in said.answer["reasons"][0]["sentence"]
    assert Approval.objects.get().state == ApprovalState.WITHDRAWN
