"""The audit on its page: who did what to what, narrowed and linked, as a file, and nowhere a secret."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring import trail
from strategies import audit, holds
from strategies.audit import PORTAL, Actor
from strategies.models import AuditEntry, JobRun, Role, RunStatus, Target, Tenant, User
from tests.pages import ANNA, HOSTILE, Scene, ended_run, scene, step, text_of


@pytest.fixture
def dba(person: Callable[..., Any]) -> Client:
    client = Client()
    client.force_login(person("anna", Role.DBA))
    return client


@pytest.fixture
def shop(db: None) -> Scene:
    return scene()


def entries(client: Client, **query: Any) -> list[AuditEntry]:
    return [told.entry for told in client.get("/audit/", query).context["entries"]]


def actions(client: Client, **query: Any) -> list[str]:
    return [entry.action for entry in entries(client, **query)]


def lines(client: Client, query: str = "") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(client.get(f"/audit.csv?{query}")).decode())))


def changed(target: Target, actor: Actor = ANNA, **after: Any) -> AuditEntry:
    return audit.record(actor, "target.changed", target, before=dict.fromkeys(after, "before"), after=after)


def test_a_person_is_found_by_what_they_did_on_pages_and_by_commands(dba: Client, shop: Scene) -> None:
    for name in ("cli:anna", "annabel", "cli:annabel"):
        changed(shop.target, Actor(name))
    found = {entry.actor for entry in entries(dba, actor="anna")}
    assert found == {"anna", "cli:anna"}
    assert {entry.actor for entry in entries(dba, actor="cli:anna")} == {"cli:anna"}
    assert entries(dba, actor="ann") == []


def test_the_portal_is_no_person_whose_commands_count_as_well(dba: Client, shop: Scene) -> None:
    changed(shop.target, Actor("cli:portal"))
    assert {entry.actor for entry in entries(dba, actor=PORTAL.name)} == {"portal"}


def test_it_narrows_by_everything_that_people_ask_for(dba: Client, shop: Scene) -> None:
    everything = [entry.pk for entry in entries(dba)]
    assert everything == sorted(everything, reverse=True)
    assert set(actions(dba, action="hold.placed")) == {"hold.placed"}
    assert {entry.object_type for entry in entries(dba, object_type="JobRun")} == {"JobRun"}
    assert set(actions(dba, object_type="JobRun", object_id=shop.planned.pk)) == {"run.asked", "run.planned"}
    other = scene("other").target
    assert {entry.target_id for entry in entries(dba, target=other.pk)} == {other.pk}
    assert entries(dba, since="2999-01-01T00:00") == []
    assert entries(dba, until="2000-01-01T00:00") == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"action": "dancing"}, "What: Select a valid choice."),
        ({"object_type": "Nothing"}, "Kind of object: Select a valid choice."),
        ({"object_id": "x", "object_type": "JobRun"}, "Its number: Enter a number."),
        ({"object_id": "3"}, "Its number: Choose the kind of object as well: each kind has its own numbers."),
        ({"since": "yesterday"}, "From: Enter a valid date/time."),
        ({"actor": "a\0b"}, "Person: Null characters are not allowed."),
    ],
)
def test_a_wrong_filter_is_named_and_leaves_no_rows_and_no_file(
    query: dict[str, str], words: str, dba: Client, shop: Scene
) -> None:
    response = dba.get("/audit/", query)
    assert response.context["entries"] == []
    assert words in text_of(response)
    file = dba.get("/audit.csv", query)
    assert file.status_code == 400
    label, _, problem = words.partition(": ")
    assert f"<b>{label}:</b> {problem}" in text_of(file)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("instant", ["0001-01-01T00:00", "9999-12-31T23:59:59"])
def test_an_instant_at_the_end_of_time_is_answered(zone: str, instant: str, dba: Client, shop: Scene) -> None:
    User.objects.update(time_zone=zone)
    for path in ("/audit/", "/operations/"):
        for name in ("since", "until"):
            assert dba.get(path, {name: instant}).status_code == 200


def test_rows_that_arrive_meanwhile_shift_nothing(dba: Client, shop: Scene) -> None:
    for number in range(60):
        changed(shop.target, owner=str(number))
    before = [entry.pk for entry in AuditEntry.objects.order_by("-pk")]
    first = dba.get("/audit/").context["page"]
    changed(shop.target, owner="meanwhile")
    second = dba.get(f"/audit/?before={first.older}").context["page"]
    assert [row.pk for row in (*first.rows, *second.rows)] == before


def test_an_entry_says_who_from_where_what_on_which_object_and_why(dba: Client, shop: Scene) -> None:
    audit.record(
        Actor("cli:anna", "dbhost1"), "target.changed", shop.target, reason=HOSTILE,
        before={"owner": "Finance", "max_parallel_runs": 1}, after={"owner": "Billing", "max_parallel_runs": 2},
    )  # fmt: skip
    text = text_of(dba.get("/audit/?action=target.changed"))
    row = text[text.index("<tbody>") :]
    assert "Database changed" in row
    assert f'<a href="/databases/{shop.target.pk}/">shop</a>' in row
    assert "cli:anna" in row
    assert "from dbhost1" in row
    assert '<th scope="row">Owner</th> <td class="was"> Finance </td>' in row
    assert '<th scope="row">Runs at once</th>' in row
    assert "Billing" in row
    assert HOSTILE not in row
    assert "&lt;script&gt;" in row


def test_the_object_is_linked_while_it_exists(dba: Client, shop: Scene) -> None:
    run = shop.planned
    text = text_of(dba.get(f"/audit/?object_type=JobRun&object_id={run.pk}"))
    assert f'<a href="/runs/{run.pk}/">Run {run.pk}</a> on <a href="/databases/{shop.target.pk}/">shop</a>' in text
    JobRun.objects.filter(pk=run.pk).delete()
    text = text_of(dba.get(f"/audit/?object_type=JobRun&object_id={run.pk}"))
    assert f"Run {run.pk} on" in text
    assert f'href="/runs/{run.pk}/"' not in text


def test_the_history_of_one_object_is_called_by_its_name(dba: Client, shop: Scene) -> None:
    changed(shop.target, owner="Billing")
    text = text_of(dba.get(f"/audit/?object_type=Target&object_id={shop.target.pk}"))
    assert "<h1>History of shop</h1>" in text
    assert f'href="/databases/{shop.target.pk}/">Back to shop</a>' in text
    assert "<h1>History of database 999</h1>" in text_of(dba.get("/audit/?object_type=Target&object_id=999"))
    assert "<h1>Audit</h1>" in text_of(dba.get("/audit/?object_type=Target"))


def test_what_is_of_a_tenant_is_told_of_no_database(dba: Client, shop: Scene) -> None:
    audit.record(Actor("anna"), "status_page.made", shop.status_page, target=shop.target)
    page = text_of(dba.get("/audit/?object_type=StatusPage"))
    assert f"of {shop.target.tenant.name}" in page
    assert f"on {shop.target.name}" not in page
    row = lines(dba, "object_type=StatusPage")[-1]
    assert (row["tenant"], row["database"]) == (shop.target.tenant.name, "")


def test_only_a_dba_and_an_auditor_read_it(shop: Scene, person: Callable[..., Any]) -> None:
    for role in Role:
        client = Client()
        client.force_login(person(f"p-{role}", role))
        expected = 200 if role in (Role.DBA, Role.AUDITOR) else 403
        assert client.get("/audit/").status_code == expected, role
        assert client.get("/audit.csv").status_code == expected, role


def test_what_happened_to_databases_of_another_tenant_is_not_told(shop: Scene, person: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(person("olga", Role.DBA, tenant="Other"))
    changed(shop.target, owner="Billing")
    theirs = scene("theirs", "Other").target
    own = {entry.target_id for entry in entries(client) if entry.object_type not in ("User", "StrategyVersion")}
    assert own == {theirs.pk}
    assert entries(client, object_type="Target", object_id=shop.target.pk) == []
    assert "shop" not in str(lines(client))


def test_the_file_holds_every_entry_once_oldest_first_and_no_formula(dba: Client, shop: Scene) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(actor="=cmd", action="target.changed", object_type="Target", object_id="1", reason="-1+1",
                   before={"owner": "größe"})
        for _ in range(2100)
    )  # fmt: skip
    rows = lines(dba)
    assert [int(row["number"]) for row in rows] == sorted(AuditEntry.objects.values_list("pk", flat=True))
    assert {row["actor"] for row in rows[-2100:]} == {"'=cmd"}
    assert {row["reason"] for row in rows[-2100:]} == {"'-1+1"}
    assert {row["before"] for row in rows[-2100:]} == {'{"owner": "größe"}'}
    assert {row["what"] for row in rows[-2100:]} == {"Database changed"}


def test_the_file_has_the_entries_that_the_filters_leave(dba: Client, shop: Scene) -> None:
    rows = lines(dba, f"object_type=JobRun&object_id={shop.planned.pk}")
    assert [row["action"] for row in rows] == ["run.asked", "run.planned"]
    assert {row["database"] for row in rows} == {"shop"}


def test_no_secret_reaches_the_audit_by_any_way(dba: Client, shop: Scene) -> None:
    """A password typed where it belongs, where it does not belong, changed, and in an address that was refused."""
    form = {
        "name": "till", "url": "postgresql://maint@db.example.org:5432/till", "secret_choice": "password",
        "password": "hunter2-first", "tenant": Tenant.objects.get(name="Main").name, "environment": "production",
        "time_zone": "UTC", "max_parallel_runs": "1",
    }  # fmt: skip
    dba.post("/databases/register/", form | {"url": "postgresql://maint:hunter2-url@db.example.org:5432/till"})
    assert dba.post("/databases/register/", form).status_code == 302
    till = Target.objects.get(name="till")
    edit = dba.get(f"/databases/{till.pk}/edit/").context["form"]
    changes = {"password": "hunter2-second", "version": edit["version"].value(), "owner": "Billing"}
    assert dba.post(f"/databases/{till.pk}/edit/", form | changes).status_code == 302
    assert {"target.registered", "target.changed"} <= set(actions(dba))
    page, file = dba.get("/audit/").content.decode(), str(lines(dba))
    assert "kept in the portal, encrypted (another)" in page or "(another)" in page
    for text in (page, file):
        assert "hunter2" not in text
        assert till.secret not in text


def test_more_entries_cost_no_more_queries(dba: Client, shop: Scene) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert dba.get("/audit/").status_code == 200
        return len(queries)

    changed(shop.target, owner="Billing")
    before = cost()
    for number in range(30):
        ended_run(scene(f"more-{number}").target, RunStatus.FAILED, step(1))
        holds.place(ANNA, timezone.now(), "more")
        changed(shop.target, owner=str(number))
    assert cost() <= before


def test_a_page_far_down_is_read_by_key(dba: Client, shop: Scene) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("plans are read on SQLite")
    with CaptureQueriesContext(connection) as queries:
        dba.get("/audit/?before=1500")
    page = next(q["sql"] for q in queries if "LIMIT 51" in q["sql"] and "portal_audit_entry" in q["sql"])
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + page)
        assert "USE TEMP B-TREE" not in " ".join(str(row[-1]) for row in cursor.fetchall())


def test_what_an_act_is_called_is_never_empty() -> None:
    assert trail.words("run.released") == "Plan released"
    assert trail.words("legacy_thing.was_done") == "Legacy thing was done"


def test_changes_are_told_as_people_read_them() -> None:
    before = {"is_active": True, "tags": ["erp", "gold"], "owner": "", "parameters": {"retries": 2, "is_online": False}}
    after = {"is_active": False, "tags": [], "owner": None, "due_at": "2026-11-24T02:00:00+00:00", "digest": "a" * 64}
    told = {change.label: change for change in trail.changes(before, after)}
    assert (told["Switched on"].before.text, told["Switched on"].after.text) == ("yes", "no")
    assert (told["Tags"].before.text, told["Tags"].after.text) == ("erp, gold", "none")
    assert (told["Owner"].before.text, told["Owner"].after.text) == ("empty", "empty")
    assert told["Parameters"].before.text == "retries 2, is online no"
    assert told["Parameters"].after is None
    assert told["Due at"].after.instant.hour == 2
    assert told["Plan"].after.text == "a" * 12


def test_a_long_mapping_is_folded_into_its_parts() -> None:
    (change,) = trail.changes(
        None, {"parameters": {"retries": 2, "lock_wait_seconds": 5, "is_online": True, "objects": []}}
    )
    assert change.after.text == "4 values"
    assert change.after.parts == ("retries 2", "lock wait seconds 5", "is online yes", "objects none")


@pytest.mark.parametrize("kept", [None, "a text", ["a", "b"], 7, {"first": "no instant", "due_at": 3, "x": [[1]]}])
def test_whatever_an_entry_holds_is_shown(kept: Any, dba: Client, shop: Scene) -> None:
    AuditEntry.objects.create(actor="x", action="odd", object_type="Odd", object_id="-", before=kept, after=kept)
    AuditEntry.objects.create(actor="x", action="odd", object_type="Target", object_id="9" * 40, after=kept)
    response = dba.get(f"/audit/?{urlencode({'actor': 'x'})}")
    assert response.status_code == 200
    assert len(response.context["entries"]) == 2
