"""Databases on their pages: registered and changed with one validation, secrets that never come back, looks that are asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from strategies import registry, secrets
from strategies.models import Assessment, AuditEntry, Finding, LogCollection, Role, Tag, Target, TargetState, Tenant
from tests.pages import HOSTILE, Scene, planned_run, step, text_of

PASSWORD = "tr0ub4dor&3 größe"
GOOD: dict[str, str] = {
    "name": "billing", "url": "postgresql://maint@db.example.org:5432/billing", "secret_choice": "password", "password": PASSWORD,
    "secret_reference": "", "environment": "production", "tenant": "Main", "tags": "finance, Nightly", "owner": "Team B",
    "time_zone": "Europe/Vienna", "max_parallel_runs": "2",
}  # fmt: skip


def edit(client: Client, target: Target, **values: str) -> Any:
    """Open the form, and send it with these values."""
    path = f"/databases/{target.pk}/edit/"
    return client.post(path, GOOD | {"version": client.get(path).context["form"]["version"].value()} | values)


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


def test_a_place_on_the_portals_machine_is_named_by_whoever_sees_every_tenant(dba: Client) -> None:
    """Whoever names one, and a server of their own, would be sent the secret of another tenant."""
    place = {"secret_choice": "reference", "password": "", "secret_reference": "env:BILLING"}
    dba.post("/databases/register/", GOOD | place)
    target = Target.objects.get(name=GOOD["name"])
    assert target.secret == "env:BILLING"
    Tenant.objects.create(name="Other")
    elsewhere = GOOD | place | {"name": "elsewhere", "url": "postgresql://maint@elsewhere/billing"}
    errors = dba.post("/databases/register/", elsewhere).context["form"].errors
    assert "sees every tenant" in str(errors["secret_reference"])
    for changes in ({"url": "postgresql://maint@elsewhere/billing"}, {"secret_reference": "env:OTHER"}):
        assert "sees every tenant" in str(edit(dba, target, **(GOOD | place | changes)).context["form"].errors)
    edit(dba, target, **(GOOD | place | {"owner": "Team C"}))  # where nothing of it changes, the place stays
    target.refresh_from_db()
    assert (target.owner, target.secret) == ("Team C", "env:BILLING")


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"name": ""}, "name", "required"),
        ({"name": "x" * 81}, "name", "at most 80"),
        ({"name": "a\u202eb"}, "name", "cannot be seen"),
        ({"name": "HOME"}, "name", "Another target is named"),
        ({"url": "postgresql://maint:hunter2@db/billing"}, "url", "must not contain a password"),
        ({"url": "db.example.org"}, "url", "No platform knows"),
        ({"url": "oracle://maint@db:1521/a/b"}, "url", "name of one service"),
        ({"url": "oracle://maint/hunter2@db:1521/FREE"}, "url", "must not contain a password"),
        ({"url": "sqlite:///relative.db", "secret_choice": "none", "password": ""}, "url", "path"),
        ({"secret_choice": "password", "password": ""}, "password", "Type the password"),
        ({"secret_choice": "none"}, "secret_choice", "another choice"),
        (
            {"url": "oracle://a@db/x", "secret_choice": "none", "password": ""},
            "secret_choice",
            "signs in with a password",
        ),
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
        ({"load_limit": "0"}, "load_limit", "greater than or equal to 0.1"),
        ({"load_limit": "busy"}, "load_limit", "Enter a number"),
        ({"load_limit": "nan"}, "load_limit", "Enter a number"),
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


def test_a_limit_of_load_is_kept_told_by_the_audit_and_taken_away_again(dba: Client) -> None:
    dba.post("/databases/register/", GOOD | {"load_limit": "7.5"})
    target = Target.objects.get(name="billing")
    assert target.load_limit == 7.5
    page = re.sub(r"<[^>]+>", " ", text_of(dba.get(f"/databases/{target.pk}/")))
    assert "Limit of load 7.5" in " ".join(page.split())
    assert edit(dba, target, secret_choice="keep", password="", load_limit="").status_code == 302
    target.refresh_from_db()
    assert target.load_limit is None
    changed = AuditEntry.objects.get(action="target.changed")
    assert (changed.before["load_limit"], changed.after["load_limit"]) == (7.5, None)


def test_one_database_has_one_name(dba: Client) -> None:
    """With two it would have its limits twice, and take two runs of the same work at once."""
    dba.post("/databases/register/", GOOD)
    again = dba.post("/databases/register/", GOOD | {"name": "again"})
    assert "billing is the database at this address." in str(again.context["form"].errors["url"])
    target = Target.objects.get(name="billing")
    assert edit(dba, target, owner="Finance").status_code == 302
    elsewhere = Target.objects.create(
        name="secret", platform="sqlite", url="sqlite:////s.db", tenant=Tenant.objects.create(name="Other")
    )
    hidden = {"name": "mine", "url": elsewhere.url, "secret_choice": "none", "password": ""}
    assert dba.post("/databases/register/", GOOD | hidden).status_code == 302, "nobody learns what others have"


def test_changing_forgets_what_was_seen_through_the_old_address(dba: Client) -> None:
    dba.post("/databases/register/", GOOD)
    target = Target.objects.get(name="billing")
    Target.objects.filter(pk=target.pk).update(checked_at=timezone.now(), facts={"x": 1})
    changed = {"url": "postgresql://maint@db2.example.org:5432/billing", "secret_choice": "keep", "password": ""}
    response = edit(dba, target, **changed)
    assert "type it again" in str(response.context["form"].errors["secret_choice"])
    edit(dba, target, **(changed | {"secret_choice": "reference", "secret_reference": "env:BILLING"}))
    target.refresh_from_db()
    assert (target.secret, target.checked_at, target.facts) == ("env:BILLING", None, None)
    entry = AuditEntry.objects.filter(action="target.changed").get()
    assert entry.before["url"] == GOOD["url"]
    assert entry.after["secret"] == "env:BILLING"


def test_keeping_the_password_keeps_it(dba: Client) -> None:
    dba.post("/databases/register/", GOOD)
    target = Target.objects.get(name="billing")
    edit(dba, target, owner="Team C", secret_choice="keep", password="")
    target.refresh_from_db()
    assert (target.owner, secrets.resolve(target.secret)) == ("Team C", PASSWORD)


def test_a_form_does_not_go_over_what_another_person_changed_meanwhile(dba: Client, person: Callable[..., Any]) -> None:
    dba.post("/databases/register/", GOOD)
    target, kept = Target.objects.get(name="billing"), {"secret_choice": "keep", "password": ""}
    drawn = dba.get(f"/databases/{target.pk}/edit/").context["form"]["version"].value()
    boris = Client()
    boris.force_login(person("boris", Role.DBA))
    edit(boris, target, **kept, owner="Team C")
    response = dba.post(f"/databases/{target.pk}/edit/", GOOD | kept | {"version": drawn, "max_parallel_runs": "7"})
    assert response.status_code == 422
    assert "boris changed billing while this form was open" in text_of(response)
    target.refresh_from_db()
    assert (target.owner, target.max_parallel_runs) == ("Team C", 2)
    assert edit(dba, target, **kept, max_parallel_runs="7").status_code == 302


def test_a_form_without_its_version_changes_nothing(dba: Client, shop: Scene) -> None:
    response = dba.post(f"/databases/{shop.target.pk}/edit/", GOOD | {"name": "till"})
    assert response.status_code == 422
    assert "open it anew" in text_of(response)
    assert Target.objects.get(pk=shop.target.pk).name == "shop"


def test_the_forms_name_no_tag_of_another_tenant(person: Callable[..., Any], shop: Scene) -> None:
    shop.target.tags.add(Tag.objects.create(name="secret-project"))
    olga = Client()
    olga.force_login(person("olga", Role.DBA, tenant="Other"))
    response = olga.get("/databases/register/")
    assert "secret-project" not in text_of(response)
    assert "tags" not in response.context or "secret-project" not in response.context["tags"]


def test_the_address_stays_while_a_run_is_open(dba: Client, shop: Scene) -> None:
    response = edit(dba, shop.target, name="shop", url="sqlite:////elsewhere.db", secret_choice="none", password="")
    assert "A run on this database is open" in str(response.context["form"].errors["url"])


def test_the_portals_own_database_keeps_its_address(dba: Client) -> None:
    home = Target.objects.get(is_home=True)
    before = (home.platform, home.url)
    edit(dba, home, name="home", owner="Us")
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


def test_assessing_asks_once_for_each_strategy_that_can_look_at_everything(dba: Client, shop: Scene) -> None:
    before = Assessment.objects.count()
    for _ in range(3):
        dba.post(f"/databases/{shop.target.pk}/assess/")
    strategies = [name for name, routine in registry.routines().items() if not routine.is_of_one_table]
    assert "BACKUP_MAINTENANCE" not in strategies
    assert Assessment.objects.count() == before + len(strategies)
    assert "CLEANUP_MAINTENANCE" not in strategies
    assert "Being assessed" in text_of(dba.get(f"/databases/{shop.target.pk}/"))
    assert dba.get(f"/databases/{shop.target.pk}/live/").status_code == 200
    Assessment.objects.filter(finished_at=None).update(finished_at=timezone.now())
    assert dba.get(f"/databases/{shop.target.pk}/live/").status_code == 286


def test_a_look_that_ends_while_the_page_is_made_is_asked_for_once_more(dba: Client, shop: Scene) -> None:
    """Else its findings would be missing until somebody loads the page anew."""
    look = Assessment.objects.create(target=shop.target, strategy_name="INDEX_MAINTENANCE", asked_at=timezone.now())
    done = []

    def end_after_findings(execute: Any, sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if not done and Finding._meta.db_table in sql and "LIMIT" in sql:
            done.append(sql)
            Assessment.objects.filter(pk=look.pk).update(finished_at=timezone.now())
        return result

    with connection.execute_wrapper(end_after_findings):
        assert dba.get(f"/databases/{shop.target.pk}/live/").status_code == 200
    assert done
    assert dba.get(f"/databases/{shop.target.pk}/live/").status_code == 286


def test_a_log_of_its_own_says_when_it_was_read_and_what_keeps_it_from_that(
    dba: Client, shop: Scene, person: Callable[..., Any]
) -> None:
    path = f"/databases/{shop.target.pk}/"
    assert "Log of its strategies" not in text_of(dba.get(path))
    log = LogCollection.objects.create(target=shop.target, next_at=timezone.now())
    assert "not read yet" in text_of(dba.get(path))
    LogCollection.objects.filter(pk=log.pk).update(
        collected_at=timezone.now(), error="ORA-00942: table or view does not exist"
    )
    page = text_of(dba.get(path))
    assert f'href="/operations/?target={shop.target.pk}"' in page
    assert "log there could not be" in page
    assert "ORA-00942" in page
    other = Client()
    other.force_login(person("mia", Role.STAKEHOLDER))
    assert "ORA-00942" not in text_of(other.get(path))


def test_a_finding_shows_its_evidence_and_what_a_run_would_do(dba: Client, shop: Scene) -> None:
    text = text_of(dba.get(f"/databases/{shop.target.pk}/"))
    assert HOSTILE not in text
    assert "80 KB" in text  # size_bytes
    assert "2 findings" in text
    assert text.index(">b<") < text.index(">orders_by_customer<")  # the critical one first


def test_whoever_reads_no_sql_sees_what_is_found_and_no_sample_of_it(person: Callable[..., Any], shop: Scene) -> None:
    Finding.objects.filter(pk=shop.finding.pk).update(
        evidence={"query": "SELECT * FROM orders WHERE name = 'Huber'", "previous": {"samples": ["Maier"]}}
    )
    for role, reads in ((Role.DBA, True), (Role.STAKEHOLDER, False)):
        client = Client()
        client.force_login(person(role.value, role))
        for part in ("", "live/"):
            text = text_of(client.get(f"/databases/{shop.target.pk}/{part}"))
            assert "orders_by_customer" in text
            assert ("Huber" in text, "Maier" in text) == (reads, reads), role


def test_whoever_reads_no_sql_sees_no_sample_on_a_run(person: Callable[..., Any], shop: Scene) -> None:
    run = planned_run(shop.target, step(1, evidence={"previous": {"samples": ["Maier"]}}))
    for role, reads in ((Role.DBA, True), (Role.STAKEHOLDER, False)):
        client = Client()
        client.force_login(person(role.value, role))
        assert ("Maier" in text_of(client.get(f"/runs/{run.pk}/"))) == reads, role


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


def test_a_database_at_which_no_look_came_to_its_end_is_not_called_fine(dba: Client, shop: Scene) -> None:
    now = timezone.now()
    broken = Target.objects.create(
        name="broken",
        platform="sqlite",
        url="sqlite:////x",
        tenant=shop.target.tenant,
        checked_at=now,
        check_error="gone",
    )
    Assessment.objects.create(
        target=broken, strategy_name="INDEX_MAINTENANCE", asked_by="anna", asked_at=now, finished_at=now, error="gone"
    )
    listed = text_of(dba.get("/databases/?name=broken"))
    assert "not assessed yet" in listed
    assert "none open" not in listed
    page = text_of(dba.get(f"/databases/{broken.pk}/"))
    assert "It can be assessed as soon as it can be reached" in page  # of the other strategy
    assert "It has not said anything of itself yet: it could not be reached." in page
    assert "Press “Assess”" in text_of(dba.get(f"/databases/{Target.objects.get(is_home=True).pk}/"))


@pytest.mark.parametrize(
    ("notes", "checks_left", "told"),
    [
        ([], 0, "Nothing to do."),
        (["The extension amcheck is not there."], 0, "Nothing found."),
        ([], 9, "Nothing found."),
    ],
)
def test_a_look_that_could_not_tell_everything_is_not_called_nothing_to_do(
    notes: list[str], checks_left: int, told: str, dba: Client, sqlite_target: Target
) -> None:
    now = timezone.now()
    Assessment.objects.create(
        target=sqlite_target, strategy_name="INTEGRITY_VALIDATION", asked_by="anna", asked_at=now, started_at=now,
        finished_at=now, notes=notes, checks_left=checks_left,
    )  # fmt: skip
    page = text_of(dba.get(f"/databases/{sqlite_target.pk}/"))
    assert f"<b>{told}</b>" in page
    assert ("open" in page.partition('id="notes-INTEGRITY_VALIDATION"')[2][:10]) == bool(notes or checks_left)
    assert all(note in page for note in notes)
    assert (f"{checks_left} checks are left to a run" in page) == bool(checks_left)


@pytest.mark.parametrize(
    ("notes", "checks_left", "is_offered"),
    [([], 1, True), (["The extension amcheck is not there."], 0, False), ([], 0, False)],
)
def test_the_checks_that_a_look_leaves_to_a_run_can_be_planned_from_there(
    notes: list[str], checks_left: int, is_offered: bool, dba: Client, sqlite_target: Target
) -> None:
    now = timezone.now()
    Assessment.objects.create(
        target=sqlite_target, strategy_name="INTEGRITY_VALIDATION", asked_by="anna", asked_at=now, started_at=now,
        finished_at=now, notes=notes, checks_left=checks_left,
    )  # fmt: skip
    link = f'href="/runs/new/?target={sqlite_target.pk}&amp;strategy=INTEGRITY_VALIDATION">Plan the checks</a>'
    assert (link in text_of(dba.get(f"/databases/{sqlite_target.pk}/"))) is is_offered


@pytest.mark.parametrize(
    ("can_plan", "told"),
    [
        (True, "A run with the usual parameters leaves this alone."),
        (False, "As it stands no run does anything about it: a person acts first, or decides."),
    ],
)
def test_what_no_run_does_by_itself_is_told_from_what_none_can(
    can_plan: bool, told: str, dba: Client, sqlite_target: Target
) -> None:
    now = timezone.now()
    Finding.objects.create(
        target=sqlite_target, strategy_name="INTEGRITY_VALIDATION", kind="some_kind", object="t", object_type="TABLE",
        severity="warning", summary="So it is.", evidence={"can_plan": can_plan}, first_seen_at=now, last_seen_at=now,
    )  # fmt: skip
    assert told in " ".join(text_of(dba.get(f"/databases/{sqlite_target.pk}/")).split())


def test_the_portals_own_database_names_no_address(dba: Client, shop: Scene) -> None:
    text = text_of(dba.get(f"/databases/{Target.objects.get(is_home=True).pk}/"))
    assert "<dt>Address</dt> <dd>the portal's own database</dd>" in text


def test_evidence_is_told_in_words_and_what_is_for_programs_is_apart(dba: Client, shop: Scene) -> None:
    evidence = {"wasted_bytes": 81_920, "index_oid": 16_444, "analysed_at": "2026-11-25 02:49:25.060103+00:00"}
    Finding.objects.filter(pk=shop.finding.pk).update(evidence=evidence)
    text = text_of(dba.get(f"/databases/{shop.target.pk}/"))
    assert '<dt>To be won by a rebuild</dt> <dd class="num"> 80 KB </dd>' in text
    assert ">25 Nov 2026, 02:49:25</time>" in text
    assert "02:49:25.060103" not in text
    assert text.index("Raw<span") < text.index("&quot;index_oid&quot;: 16444")


def test_the_list_narrows(dba: Client, shop: Scene) -> None:
    def found(query: str) -> set[str]:
        return {row.target.name for row in dba.get(f"/databases/?{query}").context["rows"]}

    assert found("") == {"shop", "home"}
    assert found("name=SHO") == {"shop"}
    assert found("needs=findings") == {"shop"}
    assert found("needs=none") == set()
    assert found("needs=unassessed") == {"home"}
    assert found("state=dancing") == set()
    Assessment.objects.update(target=Target.objects.get(is_home=True))
    assert found("needs=none") == {"home"}
    assert found("needs=unassessed") == {"shop"}
    assert found("environment=production") == {"home"}
    assert found("platform=sqlite") == {target.name for target in Target.objects.filter(platform="sqlite")}
    assert "No database fits these filters" in text_of(dba.get("/databases/?name=nowhere"))


def test_the_form_shows_how_an_address_of_each_product_looks_and_what_oracle_asks_to_be_stated(dba: Client) -> None:
    page = text_of(dba.get("/databases/register/"))
    assert [
        platform.url_example for platform in registry.platforms().values() if platform.url_example not in page
    ] == []
    assert "For Oracle, options at its end such as ?edition=EE state what was bought" in page


def lacking(target: Target, *blocks: bool) -> None:
    """One missing right for each: whether runs wait for it."""
    rights = [
        {"right": f"right {number}", "needed_for": "seeing", "grant": f"GRANT r{number} TO x;", "blocks": one,
         "strategy": "INDEX_MAINTENANCE", "capability": "index_maintenance"}
        for number, one in enumerate(blocks)
    ]  # fmt: skip
    Target.objects.filter(pk=target.pk).update(missing_rights=rights)


def test_each_capability_says_whether_its_rights_are_complete(dba: Client, shop: Scene) -> None:
    path = f"/databases/{shop.target.pk}/"
    said = re.compile(r"<dt>([^<]+)</dt> <dd><span class=\"st (\w+) ?\">.*?</i>([^<]+)</span></dd>")
    for blocks, state in (
        ((), ("ok", "Complete")),
        ((False,), ("plan", "Enough")),
        ((False, True), ("warn", "Runs wait")),
    ):
        lacking(shop.target, *blocks)
        told = {title: (colour, word) for title, colour, word in said.findall(text_of(dba.get(path)))}
        assert told.pop("Index maintenance") == state
        assert set(told.values()) == {("ok", "Complete")}
        assert "Monitoring" in told


def test_a_missing_right_is_shown_with_its_grant_and_with_what_its_lack_means(dba: Client, shop: Scene) -> None:
    lacking(shop.target, False, True)
    page = text_of(dba.get(f"/databases/{shop.target.pk}/"))
    assert "1 that runs wait for" in page
    assert "1 that would help" in page
    waits, starts = "Runs that need one of these wait until it is granted.", "Runs start without this one"
    assert page.index(waits) < page.index("GRANT r1 TO x;") < page.index(starts) < page.index("GRANT r0 TO x;")


def test_rights_that_are_missing_for_the_same_thing_stand_together_with_one_script_of_grants(
    dba: Client, shop: Scene
) -> None:
    rights = [
        {"right": f"SELECT ON SYS.{name}", "needed_for": "seeing", "grant": f"GRANT SELECT ON SYS.{name} TO x;",
         "blocks": True, "strategy": capability.upper(), "capability": capability}
        for capability in ("index_maintenance", "space_maintenance") for name in ("A", "B")
    ]  # fmt: skip
    Target.objects.filter(pk=shop.target.pk).update(missing_rights=rights)
    page = dba.get(f"/databases/{shop.target.pk}/").content.decode()
    assert page.count("<b>SELECT ON SYS.A, SYS.B</b>") == 2, "one row for each capability"
    assert page.count("<pre>GRANT SELECT ON SYS.A TO x;\nGRANT SELECT ON SYS.B TO x;</pre>") == 1
    assert "2 that runs wait for" in page


def test_who_reads_no_sql_sees_no_grant(shop: Scene, person: Callable[..., Any]) -> None:
    lacking(shop.target, True)
    client = Client()
    client.force_login(person("sam", Role.STAKEHOLDER))
    page = text_of(client.get(f"/databases/{shop.target.pk}/"))
    assert "1 that runs wait for" in page
    assert "GRANT" not in page


@pytest.mark.parametrize(
    ("blocks", "in_list", "on_home"),
    [
        ((), "", ""),
        ((False,), "1 right would help", ""),
        (
            (False, False, True),
            'Runs wait for 1 right </div> <div class="t2"> 2 more rights would help',
            "runs wait for 1 right",
        ),
    ],
)
def test_a_right_that_would_help_is_no_alarm_in_the_list_and_none_at_all_on_home(
    blocks: tuple[bool, ...], in_list: str, on_home: str, dba: Client, shop: Scene
) -> None:
    lacking(shop.target, *blocks)
    listed, home = text_of(dba.get("/databases/")), text_of(dba.get("/"))
    assert in_list in listed
    assert ("wait for" in listed, "would help" in listed) == (any(blocks), False in blocks)
    assert on_home in home
    assert ("runs wait for" in home, "would help" in home) == (any(blocks), False)
