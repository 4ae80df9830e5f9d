"""Rules of approval on their pages: what they would ask is shown, wrong ones are refused, and a manager alone changes them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from strategies import rule_changes
from strategies.models import ApprovalRule, AuditEntry, Role, Target, Tenant, User
from tests.consents import production, somebody, two_levels, waiting_for_people
from tests.pages import HOSTILE, one_level, text_of

pytestmark = pytest.mark.django_db
VALID = {
    "name": "Production", "scope": "environment-production", "strategy": "", "from_score": "0", "is_active": "on", "level-0": "1",
    "role-0": "approver", "quorum-0": "1", "people-0": "", "level-1": "2", "role-1": "manager", "quorum-1": "1", "people-1": "",
}  # fmt: skip


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def mia(db: None) -> Client:
    """A manager who sees every tenant; there are two approvers."""
    for name in ("bert", "carl"):
        somebody(name, Role.APPROVER)
    return client_of(somebody("mia", Role.MANAGER))


def save(client: Client, path: str = "/approval-rules/new/", **values: str) -> Any:
    return client.post(path, {**VALID, "save": "1", **values})


def cells(response: Any, title: str) -> list[list[str]]:
    """Who would be asked, of one row of the preview."""
    rows = {row.title: row for row in response.context["preview"].rows}
    return [list(cell) for cell in rows[title].cells]


def test_a_manager_adds_changes_and_removes_a_rule_with_an_entry_each(mia: Client) -> None:
    assert save(mia).status_code == 302
    rule = ApprovalRule.objects.get()
    assert (rule.levels, rule.environment, rule.changed_by) == (
        [one_level(), one_level("manager")],
        "production",
        "mia",
    )
    assert len(waiting_for_people(production()).levels) == 2
    page = mia.get(f"/approval-rules/{rule.pk}/")
    assert page.context["form"]["role-1"].value() == "manager"
    version = page.context["form"]["version"].value()
    assert save(mia, f"/approval-rules/{rule.pk}/", **{"quorum-0": "2", "version": version}).status_code == 302
    rule.refresh_from_db()
    assert rule.levels[0] == one_level("approver", 2)
    assert mia.post(f"/approval-rules/{rule.pk}/remove/").status_code == 302
    actions = AuditEntry.objects.filter(object_type="ApprovalRule").order_by("id").values_list("action", "actor")
    assert list(actions) == [("rule.added", "mia"), ("rule.changed", "mia"), ("rule.removed", "mia")]


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"name": ""}, "name", "required"),
        ({"name": "a\x07b"}, "name", "control character"),
        ({"scope": "moon"}, "scope", "valid choice"),
        ({"from_score": "101"}, "from_score", "less than or equal to 100"),
        ({"role-0": "", "role-1": ""}, "role-0", "asks somebody"),
        ({"role-0": "king"}, "role-0", "valid choice"),
        ({"quorum-0": "3"}, "quorum-0", "3 people are asked, and only 2 are of the role Approver"),
        ({"quorum-0": "0"}, "quorum-0", "greater than or equal to 1"),
        ({"people-0": "bert, zoe"}, "people-0", "zoe: no active person"),
        ({"people-0": "bert", "quorum-0": "2"}, "quorum-0", "2 people are asked, and only 1 is named"),
        ({"level-0": "9"}, "level-0", "less than or equal to 5"),
    ],
)
def test_a_wrong_one_is_refused_beside_its_field(mia: Client, values: dict[str, str], field: str, words: str) -> None:
    response = save(mia, **values)
    assert response.status_code == 422
    assert any(words in error for error in response.context["form"].errors[field]), response.context["form"].errors
    assert not ApprovalRule.objects.exists()


def test_rows_that_nobody_needs_yet_are_folded(mia: Client) -> None:
    def shown(**values: str) -> int:
        return int(mia.post("/approval-rules/new/", {**VALID, "check": "1", **values}).context["form"].rows_shown)

    assert mia.get("/approval-rules/new/").context["form"].rows_shown == 3
    assert shown() == 3, "two are filled, and one is there to go on with"
    assert shown(**{"role-4": "manager"}) == 6
    assert shown(**{"level-7": "x"}) == 8, "a row that is wrong is not folded away"
    assert 'id="more-rows"' in text_of(mia.get("/approval-rules/new/"))


def test_a_rule_that_has_more_rows_than_the_form_offers_keeps_them(mia: Client) -> None:
    levels = [one_level("manager", 1, f"mia{number}") + one_level("approver", 2) for number in range(5)]
    for number in range(5):
        somebody(f"mia{number}", Role.MANAGER)
    rule = two_levels(levels=levels)
    page = mia.get(f"/approval-rules/{rule.pk}/").context["form"]
    sent = {field.html_name: "" if field.value() is None else str(field.value()) for field in page}
    response = mia.post(f"/approval-rules/{rule.pk}/", {**sent, "is_active": "on", "name": "Renamed", "save": "1"})
    assert response.status_code == 302
    rule.refresh_from_db()
    assert (rule.name, rule.levels) == ("Renamed", levels)


def test_two_rules_have_two_names(mia: Client) -> None:
    two_levels(name="Production")
    assert "name" in save(mia).context["form"].errors


def test_of_two_who_keep_a_rule_of_one_name_at_once_the_later_is_told(
    mia: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one's comes in after the form has looked."""
    check = rule_changes._check_hand

    def after_another(row: ApprovalRule, user: User) -> None:
        check(row, user)
        two_levels(name="Production")

    monkeypatch.setattr(rule_changes, "_check_hand", after_another)
    response = save(mia)
    assert (response.status_code, response.context["form"].errors) == (422, {"name": ["Another rule has this name."]})
    assert ApprovalRule.objects.count() == 1
    assert not AuditEntry.objects.filter(action="rule.added").exists()


def test_what_another_manager_has_changed_meanwhile_is_not_lost(mia: Client) -> None:
    rule = two_levels(name="Production")
    path = f"/approval-rules/{rule.pk}/"
    drawn_from = mia.get(path).context["form"]["version"].value()
    ApprovalRule.objects.filter(pk=rule.pk).update(levels=[one_level("approver", 2)])
    response = save(mia, path, version=drawn_from)
    assert response.status_code == 422
    assert "Somebody has changed this meanwhile" in text_of(response)
    rule.refresh_from_db()
    assert rule.levels == [one_level("approver", 2)]
    assert not AuditEntry.objects.filter(action__startswith="rule.").exists()


def test_a_rule_that_was_removed_meanwhile_does_not_come_back(mia: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removed after the page of its change was opened, and after the form has looked."""
    rule = two_levels(name="Production")
    path = f"/approval-rules/{rule.pk}/"
    drawn_from = mia.get(path).context["form"]["version"].value()
    check = rule_changes._check_hand

    def after_its_end(row: ApprovalRule, user: User) -> None:
        check(row, user)
        ApprovalRule.objects.filter(pk=rule.pk).delete()

    monkeypatch.setattr(rule_changes, "_check_hand", after_its_end)
    assert save(mia, path, version=drawn_from).status_code == 422
    assert not ApprovalRule.objects.exists()


@pytest.mark.parametrize("role", [Role.DBA, Role.APPROVER, Role.AUDITOR])
def test_nobody_else_changes_them_but_may_try_them_out(role: Role, mia: Client) -> None:
    client = client_of(somebody("other", role))
    response = save(client)
    assert response.status_code == 422
    assert "Only a manager changes who has to agree" in text_of(response)
    rule = two_levels()
    save(client, f"/approval-rules/{rule.pk}/", name="mine")
    client.post(f"/approval-rules/{rule.pk}/remove/")
    assert ApprovalRule.objects.get().name == rule.name
    response = client.post("/approval-rules/new/", {**VALID, "check": "1"})
    assert cells(response, "Production")[1] == ["1 approver", "1 manager"]


def test_a_manager_of_one_tenant_does_not_reach_over_the_others(mia: Client) -> None:
    olga = client_of(somebody("olga", Role.MANAGER, tenant="Other"))
    everywhere, theirs = two_levels(), two_levels(name="main", environment="", tenant=Tenant.objects.get(name="Main"))
    assert save(olga).status_code == 422
    assert save(olga, f"/approval-rules/{everywhere.pk}/").status_code == 422
    olga.post(f"/approval-rules/{everywhere.pk}/remove/")
    assert olga.get(f"/approval-rules/{theirs.pk}/").status_code == 404
    assert ApprovalRule.objects.count() == 2
    own = f"tenant-{Tenant.objects.get(name='Other').pk}"
    somebody("otto", Role.APPROVER, tenant="Other")
    assert save(olga, name="ours", scope=own).status_code == 302


def test_the_preview_always_has_the_floor(mia: Client) -> None:
    page = mia.get("/approval-rules/")
    assert page.context["preview"].columns == ["Reads only", "Risk 0–100", "Drops or deletes"]
    assert cells(page, "Production") == [[], ["1 approver"], ["1 approver"]]
    assert cells(page, "Test") == [[], [], ["1 approver"]]


def test_the_preview_shows_from_which_risk_on_more_is_asked(mia: Client) -> None:
    two_levels(levels=[one_level(), one_level("manager")], from_score=60)
    page = mia.get("/approval-rules/")
    assert page.context["preview"].columns == ["Reads only", "Risk 0–59", "Risk 60–100", "Drops or deletes"]
    assert cells(page, "Production")[1:3] == [["1 approver"], ["1 approver", "1 manager"]]


def test_rules_of_a_tag_count_for_its_databases(mia: Client) -> None:
    target = production("books", environment="test")
    two_levels(environment="", target=target, strategy_name="INDEX_MAINTENANCE", levels=[one_level("DBA")])
    page = mia.get(f"/approval-rules/?target={target.pk}&strategy=INDEX_MAINTENANCE")
    assert cells(page, "Database books")[1] == ["1 DBA"]
    assert cells(mia.get(f"/approval-rules/?target={target.pk}"), "Database books")[1] == []
    for wrong in ("x", "-1", "9" * 30):
        assert mia.get(f"/approval-rules/?target={wrong}&strategy={wrong}").status_code == 200


@pytest.mark.parametrize("levels", ["nonsense", [], [[{"role": "king", "quorum": 1}]], {"a": 1}, None])
def test_a_rule_that_cannot_be_read_counts_as_the_floor_and_is_named(levels: Any, mia: Client) -> None:
    rule = two_levels(name=HOSTILE, environment="test", levels=levels if levels is not None else 7)
    page = mia.get("/approval-rules/")
    assert "cannot be read, and counts as one approver" in text_of(page)
    assert cells(page, "Test")[1] == ["1 approver"]
    assert "Its levels cannot be read" in text_of(mia.get(f"/approval-rules/{rule.pk}/"))
    target: Target = production("t", environment="test")
    assert waiting_for_people(target).levels == [one_level()]


def test_what_was_asked_before_stays_as_it_was_asked(mia: Client) -> None:
    rule = two_levels()
    approval = waiting_for_people(production())
    mia.post(f"/approval-rules/{rule.pk}/remove/")
    approval.refresh_from_db()
    assert len(approval.levels) == 2
