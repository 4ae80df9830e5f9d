"""Home, signing in and out, health, the navigation and the administration."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import OperationalError, connections
from django.test import Client
from django.utils import timezone

from maintenance_portal.home import home
from maintenance_portal.middleware import POLICY, ReaderTimeZone
from maintenance_portal.templatetags.portal import breakable
from strategies import plan_turns, runs
from strategies.audit import Actor
from strategies.models import (
    Approval,
    ApprovalState,
    AuditEntry,
    JobRun,
    Portal,
    Pulse,
    Role,
    Tag,
    Target,
    Tenant,
    User,
)
from tests.consents import production, waiting_for_people
from tests.pages import Scene, addresses, scene, text_of


@pytest.fixture
def shop(db: None) -> Scene:
    return scene()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def alive(clusters: tuple[str, ...] = ("default", "maintenance")) -> None:
    now = timezone.now()
    Portal.objects.filter(pk=1).update(beat_at=now)
    for cluster in clusters:
        Pulse.objects.update_or_create(cluster=cluster, defaults={"asked_at": now, "answered_at": now})


def test_home_shows_what_runs_what_failed_what_waits_and_how_databases_are(
    shop: Scene, person: Callable[..., Any]
) -> None:
    seen = home(person("anna", Role.DBA), timezone.now())
    assert [row.run for row in seen.running] == [shop.running]
    assert (seen.running[0].estimate.percent, seen.running[0].step.object) == (
        20,
        "orders_1",
    )  # 40 % of the first of two steps
    assert (seen.failed, seen.failed_count) == ([shop.failed], 1)
    assert (seen.waiting, seen.waiting_count) == ([shop.waiting], 1)
    assert (seen.unreleased, seen.unreleased_count) == ([shop.planned], 1)
    assert [(row.target.name, row.critical, row.warning) for row in seen.databases] == [("shop", 1, 1), ("home", 0, 0)]
    assert (seen.database_count, seen.unreachable_count, seen.critical_count, seen.warning_count) == (2, 0, 1, 1)
    assert (seen.unassessed_count, seen.is_assessed) == (1, True)
    text = signed_in(User.objects.get(username="anna")).get("/").content.decode()
    assert "orders_1" in text
    assert "1 database not assessed yet" in text_of(signed_in(User.objects.get(username="anna")).get("/"))
    assert "New work is held:" in text


def test_the_navigation_says_where_the_reader_is_also_on_pages_beneath_an_entry(
    shop: Scene, person: Callable[..., Any]
) -> None:
    dba = signed_in(person("anna", Role.DBA))
    for path, title in (
        ("/approvals/", "Approvals"), ("/approval-rules/", "Approvals"), ("/standing-approvals/new/", "Approvals"),
        ("/delegations/", "Approvals"), ("/feeds/", "Windows"), ("/calendars/", "Calendars"),
        (f"/calendar-entries/{shop.entry.pk}/edit/", "Calendars"), ("/calendar/", "Calendar"), ("/runs/", "Runs"),
    ):  # fmt: skip
        groups = dba.get(path).context["navigation"].groups
        assert [entry.title for group in groups for entry in group.entries if entry.is_current] == [title], path


def test_a_name_may_be_broken_after_its_underscores_and_stays_text() -> None:
    assert breakable("A_<b>_C") == "A_<wbr>&lt;b&gt;_<wbr>C"


@pytest.mark.parametrize("is_released", [True, False], ids=["by its job", "by hand"])
def test_a_run_that_cannot_be_planned_yet_waits_on_home_and_is_not_called_planned(
    is_released: bool, person: Callable[..., Any], sqlite_target: Target
) -> None:
    moment, anna = timezone.now(), person("anna", Role.DBA)
    run = runs.ask(
        Actor("anna"), sqlite_target, "INDEX_MAINTENANCE", moment, wake=False, is_released=is_released
    )  # fmt: skip
    Target.objects.filter(pk=sqlite_target.pk).update(checked_at=moment, check_error="Connection refused.")
    assert home(anna, moment).waiting == [], "no beat has looked yet"
    plan_turns.open_turns(moment)
    run.refresh_from_db()
    assert run.shown_state.label == "Not planned yet"
    seen = home(anna, moment)
    assert (seen.waiting, seen.waiting_count, seen.unreleased_count) == ([run], 1, 0)
    for path in ("/", f"/runs/{run.pk}/", "/runs/?status=waiting"):
        page = text_of(signed_in(anna).get(path))
        assert "Not planned yet" in page, path
    assert "could not be reached at the last check: Connection refused." in text_of(signed_in(anna).get("/"))


@pytest.mark.parametrize("state", [state for state in ApprovalState if state != ApprovalState.APPROVED])
def test_what_waits_for_people_stands_on_home_before_it_is_due(
    state: ApprovalState, person: Callable[..., Any]
) -> None:
    """Once it is due they would say yes too late."""
    anna, moment = person("anna", Role.DBA), timezone.now()
    approval = waiting_for_people(production(), moment=moment)
    JobRun.objects.filter(pk=approval.run_id).update(due_at=moment + timedelta(hours=5))
    assert [run.pk for run in home(anna, moment).waiting] == [approval.run_id]
    Approval.objects.filter(pk=approval.pk).update(state=state)
    assert home(anna, moment).waiting_count == 1
    assert f'href="/runs/{approval.run_id}/"' in text_of(signed_in(anna).get("/runs/?status=waiting"))
    assert "due <time" in text_of(signed_in(anna).get("/"))
    Approval.objects.filter(pk=approval.pk).update(state=ApprovalState.APPROVED)
    assert home(anna, moment).waiting_count == 0


def test_home_shows_a_run_that_has_not_begun_its_first_step(shop: Scene, person: Callable[..., Any]) -> None:
    JobRun.objects.filter(pk=shop.running.pk).update(step_number=0, step_phase="")
    assert "before its first step" in text_of(signed_in(person("anna", Role.DBA)).get("/"))


def test_before_the_first_look_home_knows_of_no_findings_and_says_so(person: Callable[..., Any]) -> None:
    anna = person("anna", Role.DBA)
    assert not home(anna, timezone.now()).is_assessed
    text = text_of(signed_in(anna).get("/"))
    assert "not known: no database is assessed yet" in text
    assert "no open findings" not in text
    assert "Not assessed yet (<a" in text


def test_databases_in_trouble_come_first(shop: Scene, person: Callable[..., Any]) -> None:
    tenant, now = shop.target.tenant, timezone.now()
    for name, values in {
        "a-off": {"is_active": False},
        "z-broken": {"checked_at": now, "check_error": "no route"},
    }.items():
        Target.objects.create(name=name, platform="sqlite", url="sqlite:////x", tenant=tenant, **values)
    names = [row.target.name for row in home(person("anna", Role.DBA), now).databases]
    assert names == ["z-broken", "shop", "home", "a-off"]


@pytest.mark.parametrize(
    ("hour", "words"),
    [
        (2, "Tuesday night"),
        (6, "Tuesday morning"),
        (13, "Tuesday afternoon"),
        (18, "Tuesday evening"),
        (22, "Tuesday night"),
    ],
)
def test_the_title_is_that_of_the_readers_hour(hour: int, words: str, shop: Scene, person: Callable[..., Any]) -> None:
    with timezone.override("Europe/Vienna"):
        moment = datetime(2026, 11, 24, hour, tzinfo=timezone.get_current_timezone()).astimezone(UTC)
        assert home(person("anna", Role.DBA), moment).title == words


def test_times_are_those_of_the_reader(shop: Scene, person: Callable[..., Any]) -> None:
    anna = person("anna", Role.DBA)
    shop.succeeded.__class__.objects.filter(pk=shop.succeeded.pk).update(
        finished_at=datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    )
    client = signed_in(anna)
    assert "1 Jul 2026, 12:00:00" in client.get(f"/runs/{shop.succeeded.pk}/").content.decode()
    User.objects.filter(pk=anna.pk).update(time_zone="Asia/Tokyo")
    assert "1 Jul 2026, 21:00:00" in client.get(f"/runs/{shop.succeeded.pk}/").content.decode()
    for wrong in ("Mars/Olympus", "America", "/etc/passwd", "../UTC", "x" * 64, "a\\b"):
        User.objects.filter(pk=anna.pk).update(time_zone=wrong)
        assert "1 Jul 2026, 12:00:00" in client.get(f"/runs/{shop.succeeded.pk}/").content.decode(), wrong


def test_an_error_of_a_page_is_not_taken_for_a_wrong_time_zone(rf: Any) -> None:
    asked = []

    def page(request: Any) -> Any:
        asked.append(request)
        raise ValueError("of the page itself")

    request = rf.get("/")
    request.user = User(time_zone="Europe/Vienna")
    with pytest.raises(ValueError, match="of the page itself"):
        ReaderTimeZone(page)(request)
    assert len(asked) == 1


@pytest.mark.parametrize("zone", ["America", "/etc/passwd", "../UTC", "Mars/Olympus"])
def test_a_wrong_time_zone_is_refused_where_it_is_typed(zone: str) -> None:
    with pytest.raises(ValidationError, match="no IANA time zone"):
        User(username="anna", password="x", time_zone=zone).full_clean(validate_unique=False)
    User(username="anna", password="x", time_zone="America/Argentina/Ushuaia").full_clean(validate_unique=False)


def test_signing_in_and_out_leaves_entries_with_the_address(person: Callable[..., Any]) -> None:
    person("anna", Role.DBA)
    client = Client(REMOTE_ADDR="192.0.2.9")
    assert client.post("/sign-in/", {"username": "anna", "password": "wrong"}).status_code == 200
    response = client.post(
        "/sign-in/?next=/runs/", {"username": "anna", "password": "correct horse battery", "next": "/runs/"}
    )
    assert response["Location"] == "/runs/"
    client.post("/sign-out/")
    rows = AuditEntry.objects.filter(object_type="User").order_by("pk").values_list("actor", "action", "address")
    assert list(rows) == [
        ("anna", "user.sign_in_refused", "192.0.2.9"),
        ("anna", "user.signed_in", "192.0.2.9"),
        ("anna", "user.signed_out", "192.0.2.9"),
    ]  # fmt: skip


def test_a_password_typed_as_a_name_is_kept_nowhere_and_still_locks(db: None, settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    data = {"username": "My-Secret-Pa55", "password": "x"}
    said = [Client().post("/sign-in/", data).content.decode() for _ in range(4)]
    assert ["Locked for a while" in text for text in said] == [False, False, True, True]
    assert AuditEntry.objects.filter(action="user.sign_in_refused").exists()
    for model in apps.get_models():
        assert "My-Secret" not in str(list(model._default_manager.values())), model
    assert "Locked" not in Client().post("/sign-in/", data | {"username": "another"}).content.decode()


def test_a_name_with_a_nul_is_answered(db: None) -> None:
    assert Client().post("/sign-in/", {"username": "a\0b", "password": "x"}).status_code == 200


def test_whoever_wanted_a_page_is_told_that_it_comes_after_signing_in(db: None) -> None:
    assert "Sign in to see that page." in text_of(Client().get("/runs/", follow=True))
    assert "Sign in to see that page." not in text_of(Client().get("/", follow=True))


def test_nobody_is_sent_to_another_site_after_signing_in(person: Callable[..., Any]) -> None:
    person("anna", Role.DBA)
    data = {"username": "anna", "password": "correct horse battery", "next": "https://evil.example/"}
    assert Client().post("/sign-in/", data)["Location"] == "/"


def test_too_many_refusals_lock_the_name_for_that_address(person: Callable[..., Any], settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    person("anna", Role.DBA)
    for _ in range(3):
        response = Client().post("/sign-in/", {"username": "anna", "password": "wrong"})
    assert "Locked for a while" in response.content.decode()
    assert (
        "Locked for a while"
        in Client().post("/sign-in/", {"username": "anna", "password": "correct horse battery"}).content.decode()
    )
    assert AuditEntry.objects.filter(action="user.locked_out", actor="anna").exists()
    elsewhere = Client(REMOTE_ADDR="198.51.100.1").post(
        "/sign-in/", {"username": "anna", "password": "correct horse battery"}
    )
    assert elsewhere.status_code == 302


def test_a_live_part_of_somebody_who_was_signed_out_reloads_its_page(db: None) -> None:
    response = Client().get("/live/", headers={"hx-request": "true"}, follow=True)
    assert response.headers["HX-Refresh"] == "true"


def test_health_says_what_does_not_work(db: None, settings: Any) -> None:
    response = Client().get("/health/")
    assert (response.status_code, response.json()["ok"]) == (503, False)
    assert "clock" in response.json()["problem"]
    alive(("default",))
    assert "workers" in Client().get("/health/").json()["problem"]
    alive()
    assert Client().get("/health/").json() == {"ok": True, "problem": ""}
    Pulse.objects.filter(cluster="maintenance").update(answered_at=timezone.now() - timedelta(minutes=5))
    assert "workers" in Client().get("/health/").json()["problem"]


def test_a_cluster_whose_workers_are_all_in_runs_is_alive(shop: Scene, settings: Any) -> None:
    settings.PORTAL_RUN_WORKERS = 1
    alive()
    Pulse.objects.filter(cluster="maintenance").update(answered_at=timezone.now() - timedelta(minutes=5))
    assert Client().get("/health/").json()["ok"]  # the run gives a sign of life


def test_every_entry_of_the_navigation_opens_for_whoever_sees_it(shop: Scene, person: Callable[..., Any]) -> None:
    for number, role in enumerate(Role):
        client = signed_in(person(f"p{number}", role))
        page = client.get("/").content.decode()
        links = set(re.findall(r'href="(/[^"#]*)"', page[page.index('id="side"') : page.index("</nav>")]))
        assert len(links) >= 5
        for link in links:
            response = client.get(link)
            assert response.status_code == 200, (role, link)
            assert 'aria-current="page"' in response.content.decode(), link


@pytest.mark.parametrize(
    "name", ["home", "targets", "target-register", "runs", "run-plan", "holds", "operations", "strategies", "sign-in"]
)
def test_every_page_is_strict_about_what_it_loads(name: str, shop: Scene, person: Callable[..., Any]) -> None:
    response = signed_in(person("anna", Role.DBA)).get(addresses()[name], follow=name == "sign-in")
    text = response.content.decode()
    assert response["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", text)
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text)


class TestAdministration:
    @pytest.fixture
    def root(self, shop: Scene) -> Client:
        return signed_in(User.objects.create_superuser("root", "root@example.org", "correct horse battery"))

    def test_it_has_no_sign_in_of_its_own(self, db: None) -> None:
        assert Client().get("/admin/login/?next=/admin/")["Location"] == "/sign-in/?next=%2Fadmin%2F"

    def test_every_list_and_form_opens(self, root: Client) -> None:
        index = root.get("/admin/").content.decode()
        links = sorted(set(re.findall(r'href="(/admin/[a-z_0-9]+/[a-z_0-9]+/)"', index)))
        assert "/admin/strategies/auditentry/" in links
        assert not [link for link in links if "django_q" in link]
        for link in links:
            assert root.get(link).status_code == 200, link

    def test_what_stands_behind_the_gate_is_only_looked_at(self, root: Client, shop: Scene) -> None:
        for name, pk in (
            ("jobrun", shop.planned.pk),
            ("target", shop.target.pk),
            ("auditentry", AuditEntry.objects.latest("pk").pk),
        ):
            page = root.get(f"/admin/strategies/{name}/{pk}/change/")
            assert page.status_code == 200
            assert "_save" not in page.content.decode()
            for act in ("change", "delete"):
                assert root.post(f"/admin/strategies/{name}/{pk}/{act}/", {"post": "yes"}).status_code == 403
            assert root.get(f"/admin/strategies/{name}/add/").status_code == 403

    def test_it_shows_no_secret(self, root: Client, shop: Scene) -> None:
        Target.objects.filter(pk=shop.target.pk).update(secret="env:WHERE_IT_STANDS")
        assert "WHERE_IT_STANDS" not in root.get(f"/admin/strategies/target/{shop.target.pk}/change/").content.decode()

    def test_a_password_that_is_set_is_audited_without_it(self, root: Client, person: Callable[..., Any]) -> None:
        root.post(
            f"/admin/strategies/user/{person('olga').pk}/password/",
            {"password1": "Zq8!vvnt-hard", "password2": "Zq8!vvnt-hard", "usable_password": "true"},
        )
        entry = AuditEntry.objects.get(action="user.changed", object_name="olga")
        assert (entry.actor, entry.before) == ("root", None)
        assert "password" in str(entry.after)
        assert "Zq8" not in str(entry.after)

    def test_reference_rows_are_audited_with_what_they_were(self, root: Client) -> None:
        root.post("/admin/strategies/tag/add/", {"name": "finance", "max_parallel_runs": "2"})
        tag = Tag.objects.get(name="finance")
        root.post(f"/admin/strategies/tag/{tag.pk}/change/", {"name": "finance", "max_parallel_runs": "3"})
        root.post(f"/admin/strategies/tag/{tag.pk}/delete/", {"post": "yes"})
        rows = AuditEntry.objects.filter(actor="root", object_type="Tag").order_by("pk")
        added, changed, deleted = rows.values_list("action", "before", "after")
        whole = {"id": tag.pk, "name": "finance"}
        assert added == ("tag.added", None, whole | {"max_parallel_runs": 2})
        assert changed[:2] == ("tag.changed", {"max_parallel_runs": 2})
        assert changed[2]["max_parallel_runs"] == 3
        assert deleted == ("tag.deleted", whole | {"max_parallel_runs": 3}, None)

    def test_the_audit_tells_which_right_was_given_to_whom(self, root: Client, person: Callable[..., Any]) -> None:
        olga = person("olga", Role.STAKEHOLDER)
        other = Tenant.objects.create(name="Other")
        dba, joined = Group.objects.get(name=Role.DBA), timezone.localtime(olga.date_joined)
        root.post(
            f"/admin/strategies/user/{olga.pk}/change/",
            {"username": "olga", "is_active": "on", "is_staff": "on", "is_superuser": "on", "groups": [dba.pk],
             "tenants": [other.pk], "date_joined_0": f"{joined:%Y-%m-%d}", "date_joined_1": f"{joined:%H:%M:%S}"},
        )  # fmt: skip
        entry = AuditEntry.objects.get(action="user.changed", object_name="olga")
        assert entry.before == {"is_staff": False, "is_superuser": False, "roles": ["stakeholder"], "tenants": ["Main"]}
        given = {"is_staff": True, "is_superuser": True, "roles": ["DBA"], "tenants": ["Other"]}
        assert {name: entry.after[name] for name in given} == given
        assert set(entry.after) == {*given, "fields"}
        assert "md5" not in str(entry.after)

    def test_roles_are_fixed_and_counters_of_sign_ins_are_not_shown(self, root: Client) -> None:
        for path in ("auth/group", "axes/accessattempt", "axes/accesslog", "axes/accessfailurelog"):
            assert root.get(f"/admin/{path}/").status_code == 404, path

    def test_a_wrong_time_zone_is_refused(self, root: Client) -> None:
        user = User.objects.get(username="root")
        page = root.post(f"/admin/strategies/user/{user.pk}/change/", {"username": "root", "time_zone": "America"})
        assert "no IANA time zone" in page.content.decode()

    def test_nobody_approves_what_they_asked_for_under_another_name(self, root: Client) -> None:
        approval = waiting_for_people(production(), actor=Actor("root"))
        user = User.objects.get(username="root")
        joined = timezone.localtime(user.date_joined)
        root.post(
            f"/admin/strategies/user/{user.pk}/change/",
            {"username": "boss", "is_active": "on", "is_staff": "on", "is_superuser": "on",
             "date_joined_0": f"{joined:%Y-%m-%d}", "date_joined_1": f"{joined:%H:%M:%S}"},
        )  # fmt: skip
        user.refresh_from_db()
        assert user.username == "root"
        root.post(f"/approvals/{approval.pk}/approve/", {"level": "0"})
        approval.refresh_from_db()
        assert approval.state == ApprovalState.ASKED

    def test_people_are_not_deleted(self, root: Client, person: Callable[..., Any]) -> None:
        assert root.post(f"/admin/strategies/user/{person('olga').pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.django_db
def test_the_administration_tells_who_may_not_enter_it_and_asks_strangers_to_sign_in(
    client: Client, person: Callable[..., User]
) -> None:
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == "/sign-in/?next=%2Fadmin%2F"
    client.force_login(person("anna", "DBA"))
    assert client.get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize(
    ("is_usable", "status", "words"), [(False, 503, "database does not answer"), (True, 500, "itself failed")]
)
def test_a_database_that_is_away_is_said_and_other_trouble_is_in_the_log(
    shop: Scene, person: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, is_usable: bool, status: int, words: str
) -> None:
    def broken(*_: object) -> None:
        raise OperationalError("terminating connection")

    client = signed_in(person("anna", Role.DBA))
    client.raise_request_exception = False
    monkeypatch.setattr("maintenance_portal.views.homes.home", broken)
    monkeypatch.setattr(type(connections["default"]), "is_usable", lambda _: is_usable)
    answer = client.get("/")
    assert (answer.status_code, words in answer.content.decode()) == (status, True)
    assert answer.headers.get("Retry-After") == ("5" if status == 503 else None)
    assert "Traceback" not in answer.content.decode()
