"""The search: what it finds and for whom, where it leads, what it costs, and what it says when there is nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from maintenance_portal import search as searching
from maintenance_portal.search import SHOWN, Group, parse
from monitoring import errors
from monitoring.models import ErrorDay, ErrorGroup
from strategies.models import (
    Finding,
    JobRun,
    MaintenanceJob,
    OperationLog,
    Role,
    RunStatus,
    StrategyType,
    Tag,
    Target,
    Tenant,
    User,
)
from tests.pages import HOSTILE, Scene, ended_run, scene, step, text_of


@pytest.fixture
def anna(person: Callable[..., User]) -> User:
    return person("anna", Role.DBA)


@pytest.fixture
def shop(db: None) -> Scene:
    return scene()


def found(user: User, text: str) -> dict[str, Group]:
    return {group.title: group for group in searching.search(user, parse(text), timezone.now())}


def titles(user: User, text: str, group: str) -> list[str]:
    groups = found(user, text)
    return [hit.title for hit in groups[group].hits] if group in groups else []


def job(name: str, target: Target | None, **values: Any) -> MaintenanceJob:
    columns = {
        "strategy_id": "INDEX_MAINTENANCE", "job_type_id": "MAINTENANCE", "schedule_type_id": "ON_DEMAND",
        "target_object": "ALL", "target_type_id": "DATABASE",
    }  # fmt: skip
    return MaintenanceJob.objects.create(job_name=name, target=target, **(columns | values))


def error(operation: OperationLog, code: str, days_ago: int = 0) -> None:
    """As the counted errors have it."""
    moment = timezone.now() - timedelta(days=days_ago)
    group = ErrorGroup.objects.get_or_create(
        fingerprint=f"{code}{days_ago}", error_code=code, strategy_name="INDEX_MAINTENANCE", shape="gone"
    )[0]
    ErrorDay.objects.create(
        group=group, day=moment.date(), target=operation.target, count=3, first_at=moment, last_at=moment,
        last_operation_id=operation.pk,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "number", "of"),
    [
        ("812", 812, ""),
        ("#812", 812, "#"),
        ("# 812", 812, "#"),
        ("  run   #812 ", 812, "run"),
        ("Run 812", 812, "run"),
        ("operation 812", 812, "operation"),
        ("8 12", None, ""),
        ("9" * 19, None, ""),
        ("-1", None, ""),
        ("٣", None, ""),
        ("run", None, ""),
        ("runs 812 of shop", None, ""),
    ],
)
def test_a_number_is_read_as_people_write_it(text: str, number: int | None, of: str) -> None:
    assert parse(text)[1:] == (number, of)


def test_a_database_is_found_by_name_owner_tag_and_address(shop: Scene, anna: User) -> None:
    Target.objects.filter(pk=shop.target.pk).update(owner="Finance team")
    shop.target.tags.add(Tag.objects.create(name="gold"), Tag.objects.create(name="golden"))
    for text in ("SHO", "finance", "gold", "nowhere/shop"):
        assert titles(anna, text, "Databases") == ["shop"], text
    assert titles(anna, "silver", "Databases") == []


def test_who_reads_no_sql_neither_finds_nor_sees_an_address(shop: Scene, person: Callable[..., User]) -> None:
    sam = person("sam", Role.STAKEHOLDER)
    assert found(sam, "nowhere/shop") == {}
    assert "nowhere" not in str(found(sam, "shop"))


def test_what_may_be_a_password_in_an_address_is_neither_shown_nor_told_by_guessing(shop: Scene, anna: User) -> None:
    Target.objects.filter(pk=shop.target.pk).update(url="postgresql://maint:hunter2@db.example.org/x")  # typed in SQL
    assert found(anna, "hunter") == {}
    assert titles(anna, "example.org", "Databases") == ["shop"]
    assert "hunter2" not in str(found(anna, "example.org"))


def test_names_that_begin_so_come_first(shop: Scene, anna: User) -> None:
    for name in ("a-fin", "finance", "zz-fin"):
        Target.objects.create(name=name, platform="sqlite", url="sqlite:////x", tenant=shop.target.tenant)
    assert titles(anna, "fin", "Databases") == ["finance", "a-fin", "zz-fin"]


def test_a_run_is_found_by_its_number(shop: Scene, anna: User) -> None:
    for text in (f"{shop.failed.pk}", f"#{shop.failed.pk}", f"run {shop.failed.pk}"):
        hit = found(anna, text)["Runs"].hits[0]
        assert (hit.title, hit.url) == (
            f"Run {shop.failed.pk}: Index maintenance on shop",
            f"/runs/{shop.failed.pk}/",
        )
    assert set(found(anna, f"run {shop.operation.pk}")) <= {"Runs"}
    assert set(found(anna, f"operation {shop.operation.pk}")) == {"Operations"}


def test_what_is_marked_as_a_number_is_no_part_of_a_name(shop: Scene, anna: User) -> None:
    Target.objects.create(name="shop7", platform="sqlite", url="sqlite:////x", tenant=shop.target.tenant)
    assert titles(anna, "7", "Databases") == ["shop7"]
    assert titles(anna, "#7", "Databases") == []


def test_runs_are_found_by_database_and_by_strategy_newest_first(shop: Scene, anna: User) -> None:
    other = scene("other")
    for text, runs, link in (
        ("shop", JobRun.objects.filter(target=shop.target), f"/runs/?target={shop.target.pk}"),
        ("index maint", JobRun.objects.all(), "/runs/?strategy=INDEX_MAINTENANCE"),
        ("INDEX_MAINT", JobRun.objects.all(), "/runs/?strategy=INDEX_MAINTENANCE"),
    ):
        group = found(anna, text)["Runs"]
        expected = list(runs.order_by("-pk").values_list("pk", flat=True)[:SHOWN])
        assert [hit.url for hit in group.hits] == [f"/runs/{pk}/" for pk in expected], text
        assert group.url == link
    assert found(anna, "index maint")["Runs"].has_more
    assert not found(anna, "other")["Runs"].has_more
    assert other.planned.pk


def test_runs_of_a_name_are_looked_for_among_the_latest_only(
    shop: Scene, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended_run(scene("other").target, RunStatus.SUCCEEDED, step(1))
    monkeypatch.setattr(searching, "RECENT_RUNS", 1)
    assert titles(anna, "shop", "Runs") == []
    assert titles(anna, f"#{shop.failed.pk}", "Runs") != []


def test_a_job_is_found_by_name_and_object(shop: Scene, anna: User) -> None:
    nightly = job("nightly rebuild", shop.target, target_object="ORDERS_BY_CODE")
    for text in ("NIGHTLY", "orders_by_code"):
        assert [hit.url for hit in found(anna, text)["Jobs"].hits] == [f"/jobs/{nightly.pk}/"]
    assert found(anna, "nightly")["Jobs"].url == "/jobs/?name=nightly"
    assert found(anna, "by_code")["Jobs"].url == "/jobs/"


def test_a_strategy_is_found_by_name_also_one_that_is_known_by_name_only(shop: Scene, anna: User) -> None:
    assert found(anna, "statistics")["Strategies"].hits[0].url == "/strategies/STATISTICS_MAINTENANCE/"
    StrategyType.objects.create(strategy_name="LEGACY_CARE", description="Of old")
    hit = found(anna, "legacy care")["Strategies"].hits[0]
    assert (hit.url, hit.detail) == ("/strategies/", "known by name only · Of old")


def test_a_finding_is_found_by_its_object_as_long_as_it_is_there(shop: Scene, anna: User) -> None:
    hit = found(anna, "BY_CUSTOMER")["Findings"].hits[0]
    assert (hit.title, hit.url) == ("orders_by_customer", f"/databases/{shop.target.pk}/#h-INDEX_MAINTENANCE")
    Finding.objects.filter(object="orders_by_customer").update(gone_at=timezone.now())
    assert titles(anna, "by_customer", "Findings") == []


def test_the_place_of_a_finding_is_on_its_page(shop: Scene, anna: User) -> None:
    client = Client()
    client.force_login(anna)
    path, _, anchor = found(anna, "by_customer")["Findings"].hits[0].url.partition("#")
    assert f'id="{anchor}"' in client.get(path).content.decode()


def test_an_operation_is_found_by_number_and_by_an_error_code_of_the_last_month(shop: Scene, anna: User) -> None:
    error(shop.operation, "42P01")
    for text in (f"#{shop.operation.pk}", "42p01"):
        assert f"/operations/{shop.operation.pk}/" in [hit.url for hit in found(anna, text)["Operations"].hits], text
    assert found(anna, "42p01")["Operations"].url == "/operations/?text=42p01"
    error(shop.operation, "ORA-01555", days_ago=32)
    assert found(anna, "ORA-01555") == {}


def test_an_error_is_found_once_the_log_was_counted(shop: Scene, anna: User) -> None:
    ErrorDay.objects.all().delete()
    assert found(anna, "42P01") == {}
    errors.roll_day(shop.operation.operation_time.date())
    assert found(anna, "42P01")["Operations"].hits[0].url == f"/operations/{shop.operation.pk}/"


def test_an_error_code_that_is_a_number_is_found_as_well(shop: Scene, anna: User) -> None:
    error(shop.operation, "57014")
    assert found(anna, "57014")["Operations"].hits[0].url == f"/operations/{shop.operation.pk}/"


def test_who_reads_no_sql_is_shown_no_operation_and_no_job(shop: Scene, person: Callable[..., User]) -> None:
    error(shop.operation, "42P01")
    job("nightly", shop.target)
    sam = person("sam", Role.STAKEHOLDER)
    for text in ("42P01", "nightly", f"operation {shop.operation.pk}"):
        assert found(sam, text) == {}, text


def test_people_are_found_by_nobody_but_a_superuser(shop: Scene, anna: User) -> None:
    User.objects.create_user("olga", first_name="Olga", last_name="Petrova")
    assert found(anna, "petrova") == {}
    root = User.objects.create_superuser("root", "root@example.org", "correct horse battery")
    hit = found(root, "petrova")["People"].hits[0]
    assert (hit.title, hit.detail) == ("olga", "Olga Petrova")
    assert hit.url.startswith("/admin/strategies/user/")
    root.is_staff = False
    assert found(root, "petrova")["People"].hits[0].url == "/audit/?actor=olga"


def test_nothing_of_another_tenant_is_found(shop: Scene, person: Callable[..., User]) -> None:
    error(shop.operation, "42P01")
    job("nightly", shop.target)
    shop.target.tags.add(Tag.objects.create(name="gold"))
    olga = person("olga", Role.DBA, tenant="Other")
    texts = (
        "shop",
        "gold",
        "nowhere",
        "by_customer",
        "nightly",
        "42P01",
        f"#{shop.failed.pk}",
        f"#{shop.operation.pk}",
    )
    for text in texts:
        assert found(olga, text) == {}, text


def test_every_hit_and_every_list_opens(shop: Scene, anna: User) -> None:
    Target.objects.filter(pk=shop.target.pk).update(owner="index")
    job("index", None), job("index care", shop.target)
    error(shop.operation, "index")
    Finding.objects.filter(pk=shop.finding.pk).update(object="index")
    client = Client()
    client.force_login(anna)
    page = client.get("/search/?q=index")
    groups = page.context["groups"]
    assert [g.title for g in groups] == ["Databases", "Jobs", "Runs", "Strategies", "Findings", "Operations"]
    main = page.content.decode()
    links = re.findall(r'href="(/[^"]*)"', main[main.index('id="main"') :])
    assert len(links) > 10
    for link in links:
        assert client.get(link.replace("&amp;", "&")).status_code == 200, link


def test_a_group_shows_eight_and_says_that_there_are_more(shop: Scene, anna: User) -> None:
    for number in range(SHOWN + 1):
        job(f"care {number}", shop.target)
    group = found(anna, "care")["Jobs"]
    assert len(group.hits) == SHOWN
    assert group.has_more
    MaintenanceJob.objects.filter(job_name="care 0").delete()
    assert not found(anna, "care")["Jobs"].has_more


class TestPage:
    @pytest.fixture
    def client(self, shop: Scene, anna: User) -> Client:
        client = Client()
        client.force_login(anna)
        return client

    def test_without_a_question_it_says_what_can_be_found(self, client: Client) -> None:
        for path in ("/search/", "/search/?q="):
            text = text_of(client.get(path))
            assert "What can be found" in text
            assert "Nothing that you may see" not in text

    def test_a_hopeless_question_is_given_back_with_help(self, client: Client) -> None:
        text = text_of(client.get("/search/", {"q": HOSTILE + "?"}))
        assert "Nothing that you may see is called" in text
        assert "What can be found" in text
        assert "<script>alert" not in text

    @pytest.mark.parametrize(
        ("question", "words"),
        [
            ("x", "Type at least two characters, or a number."),
            ("   ", "Type what to look for."),
            ("a" * 101, "Ensure this value has at most 100 characters"),
            ("a\0b", "Null characters are not allowed."),
        ],
    )
    def test_a_question_that_cannot_be_asked_is_answered_beside_the_field(
        self, question: str, words: str, client: Client
    ) -> None:
        response = client.get("/search/", {"q": question})
        assert response.status_code == 200
        assert words in text_of(response)

    @pytest.mark.parametrize(
        "question", ["%", "%%", "__", "\\", "'; --", "💥", "#", "# 1", "#0", "9" * 18, "run", "*a"]
    )
    def test_whatever_is_typed_is_answered_and_is_no_wild_card(self, question: str, client: Client) -> None:
        response = client.get("/search/", {"q": question})
        assert response.status_code == 200
        assert "shop" not in [hit.title for group in response.context["groups"] for hit in group.hits]

    def test_a_person_without_a_role_is_told_whom_to_ask(self, shop: Scene, person: Callable[..., User]) -> None:
        client = Client()
        client.force_login(person("new"))
        assert "has no role yet" in client.get("/search/?q=shop").content.decode()

    def test_it_costs_the_same_queries_whatever_there_is(self, client: Client, shop: Scene) -> None:
        def cost(question: str) -> int:
            with CaptureQueriesContext(connection) as queries:
                client.get("/search/", {"q": question})
            return len(queries)

        error(shop.operation, "shop")
        job("shop care", shop.target)
        before = {question: cost(question) for question in ("shop", "index", "#1", "nothing at all")}
        for number in range(12):
            more = scene(f"shop-{number}")
            more.target.tags.add(Tag.objects.get_or_create(name=f"tag {number}")[0])
            job(f"shop care {number}", more.target)
            error(more.operation, "shop", days_ago=number + 1)
        assert {question: cost(question) for question in before} == before
        assert max(before.values()) <= 32  # with session, user, roles and navigation


def test_the_log_is_only_ever_read_by_its_key(shop: Scene, anna: User) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("plans are read on SQLite")
    error(shop.operation, "42P01")
    with CaptureQueriesContext(connection) as queries:
        for text in ("42P01", "shop", f"#{shop.operation.pk}"):
            found(anna, text)
    reads = [query["sql"] for query in queries if 'FROM "generic_operation_log"' in query["sql"]]
    assert reads
    for sql in reads:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + sql)
            plan = " ".join(str(row[-1]) for row in cursor.fetchall())
        assert "SEARCH generic_operation_log USING INTEGER PRIMARY KEY" in plan, plan


def test_every_tenant_of_a_reader_counts(shop: Scene, anna: User) -> None:
    theirs = scene("shop of others", "Other").target
    assert titles(anna, "shop", "Databases") == ["shop"]
    anna.tenants.add(Tenant.objects.get(name="Other"))
    assert titles(anna, "shop", "Databases") == ["shop", theirs.name]
