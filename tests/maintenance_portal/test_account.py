"""A person's own page: time zone, theme and password, each with its audit entry; sign-ins, roles and tenants shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from strategies.models import AuditEntry, Role, Theme, User
from tests.pages import text_of

PASSWORD = "correct horse battery"
NEW = "Zq8!vvnt-hard"


@pytest.fixture
def anna(person: Callable[..., User]) -> User:
    return person("anna", Role.DBA)


@pytest.fixture
def client(anna: User) -> Client:
    return signed_in()


def signed_in(password: str = PASSWORD, **options: Any) -> Client:
    client = Client(REMOTE_ADDR="192.0.2.9", **options)
    assert client.post("/sign-in/", {"username": "anna", "password": password}).status_code == 302
    return client


def entry(action: str) -> AuditEntry:
    return AuditEntry.objects.get(action=action)


def changes() -> list[str]:
    rows = AuditEntry.objects.filter(action__in=("user.zone_changed", "user.theme_changed", "user.password_changed"))
    return list(rows.order_by("pk").values_list("action", flat=True))


def new_password(client: Client, old: str = PASSWORD, first: str = NEW, second: str = NEW) -> Any:
    data = {"form": "password", "old_password": old, "new_password1": first, "new_password2": second}
    return client.post("/account/", data)


def test_a_time_zone_is_chosen_and_recorded_with_before_and_after(client: Client, anna: User) -> None:
    assert client.post("/account/", {"form": "zone", "time_zone": "Europe/Vienna"})["Location"] == "/account/"
    client.post("/account/", {"form": "zone", "time_zone": "asia/tokyo"})
    client.post("/account/", {"form": "zone", "time_zone": ""})
    rows = AuditEntry.objects.filter(action="user.zone_changed").order_by("pk")
    assert [(row.before, row.after) for row in rows] == [
        ({"time_zone": ""}, {"time_zone": "Europe/Vienna"}),
        ({"time_zone": "Europe/Vienna"}, {"time_zone": "Asia/Tokyo"}),
        ({"time_zone": "Asia/Tokyo"}, {"time_zone": ""}),
    ]
    assert {(row.actor, row.address, row.object_id) for row in rows} == {("anna", "192.0.2.9", str(anna.pk))}


@pytest.mark.parametrize("zone", ["Mars/Olympus", "America", "/etc/passwd", "x" * 65, "a\0b"])
def test_a_wrong_time_zone_is_refused_beside_its_field(zone: str, client: Client, anna: User) -> None:
    response = client.post("/account/", {"form": "zone", "time_zone": zone})
    assert response.status_code == 422
    assert response.context["zone_form"].errors.keys() == {"time_zone"}
    anna.refresh_from_db()
    assert anna.time_zone == ""
    assert changes() == []


def test_every_zone_that_is_offered_is_taken(client: Client) -> None:
    zones = re.findall(r'<option value="([^"]+)">', client.get("/account/").content.decode())
    assert len(zones) > 300
    for zone in (zones[0], zones[-1], "UTC"):
        assert client.post("/account/", {"form": "zone", "time_zone": zone}).status_code == 302


def test_a_theme_is_chosen_recorded_and_on_every_page_at_the_first_paint(client: Client) -> None:
    assert '<html lang="en" data-theme="" data-bs-theme="light">' in client.get("/runs/").content.decode()
    client.post("/account/", {"form": "theme", "theme": "dark"})
    assert '<html lang="en" data-theme="dark" data-bs-theme="dark">' in client.get("/runs/").content.decode()
    client.post("/account/", {"form": "theme", "theme": "system"})
    rows = AuditEntry.objects.filter(action="user.theme_changed").order_by("pk")
    assert [(row.before, row.after) for row in rows] == [
        ({"theme": Theme.SYSTEM}, {"theme": Theme.DARK}),
        ({"theme": Theme.DARK}, {"theme": Theme.SYSTEM}),
    ]


@pytest.mark.parametrize("theme", ["pink", "", "SYSTEM"])
def test_a_wrong_theme_is_refused_beside_its_field(theme: str, client: Client, anna: User) -> None:
    response = client.post("/account/", {"form": "theme", "theme": theme})
    assert response.status_code == 422
    assert response.context["theme_form"].errors.keys() == {"theme"}
    assert changes() == []


def test_what_was_so_already_leaves_no_entry(client: Client) -> None:
    for data in ({"form": "zone", "time_zone": ""}, {"form": "theme", "theme": "system"}):
        assert "It was so already" in text_of(client.post("/account/", data, follow=True))
    assert changes() == []


def test_a_new_password_is_recorded_without_either_and_ends_every_other_session(client: Client, anna: User) -> None:
    elsewhere = signed_in()
    assert new_password(client)["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
    said = entry("user.password_changed")
    assert (said.actor, said.address, said.object_id) == ("anna", "192.0.2.9", str(anna.pk))
    assert (said.before, said.after, said.reason) == (None, None, "")
    assert signed_in(NEW).get("/account/").status_code == 200
    anna.refresh_from_db()
    for text in map(str, AuditEntry.objects.values()):
        assert NEW not in text
        assert PASSWORD not in text
        assert anna.password not in text


@pytest.mark.parametrize(
    ("old", "first", "second", "field"),
    [
        ("wrong", NEW, NEW, "old_password"),
        (PASSWORD, NEW, "another", "new_password2"),
        (PASSWORD, "short", "short", "new_password2"),
        (PASSWORD, "password123", "password123", "new_password2"),
        (PASSWORD, "", "", "new_password1"),
    ],
)
def test_a_password_that_is_not_taken_is_said_beside_its_field(
    old: str, first: str, second: str, field: str, client: Client, anna: User
) -> None:
    response = new_password(client, old, first, second)
    assert response.status_code == 422
    assert field in response.context["password_form"].errors
    for typed in filter(None, (old, first, second)):
        assert f'value="{typed}"' not in response.content.decode()
    assert changes() == []
    assert signed_in().get("/account/").status_code == 200


@pytest.mark.parametrize("data", [{}, {"form": "x"}, {"form": ""}, {"time_zone": "UTC", "theme": "dark"}])
def test_what_does_not_say_which_form_it_is_changes_nothing(data: dict[str, str], client: Client) -> None:
    response = client.post("/account/", data, follow=True)
    assert "What was sent does not say what to change; nothing was changed." in text_of(response)
    assert changes() == []


def test_only_the_form_that_was_sent_is_judged(client: Client) -> None:
    response = client.post("/account/", {"form": "zone", "time_zone": "x", "theme": "pink", "old_password": "wrong"})
    assert not response.context["theme_form"].errors
    assert not response.context["password_form"].errors


def test_roles_tenants_and_the_last_sign_ins_are_shown(client: Client, person: Callable[..., User]) -> None:
    person("olga", Role.AUDITOR)
    Client(REMOTE_ADDR="198.51.100.4").post("/sign-in/", {"username": "anna", "password": "wrong"})
    Client(REMOTE_ADDR="203.0.113.8").post("/sign-in/", {"username": "olga", "password": PASSWORD})
    client.post("/account/", {"form": "theme", "theme": "dark"})
    page = text_of(client.get("/account/"))
    assert "<dt>Roles</dt> <dd>DBA</dd>" in page
    assert "<dt>Tenants</dt> <dd> Main </dd>" in page
    assert "from 198.51.100.4" in page
    assert "203.0.113.8" not in page
    assert [row.action for row, _ in client.get("/account/").context["sign_ins"]] == [
        "user.sign_in_refused",
        "user.signed_in",
    ]


def test_at_most_ten_sign_ins_are_shown_the_latest_first(client: Client) -> None:
    for _ in range(12):
        signed_in()
    shown = [row.pk for row, _ in client.get("/account/").context["sign_ins"]]
    assert shown == list(AuditEntry.objects.order_by("-pk").values_list("pk", flat=True)[:10])


def test_somebody_without_a_role_has_a_page_too(person: Callable[..., User]) -> None:
    client = Client()
    client.force_login(person("new"))
    assert "<dt>Roles</dt> <dd>none yet</dd>" in text_of(client.get("/account/"))
    assert client.post("/account/", {"form": "zone", "time_zone": "UTC"}).status_code == 302


def test_nobody_changes_anything_without_signing_in(db: None) -> None:
    for response in (Client().get("/account/"), Client().post("/account/", {"form": "zone", "time_zone": "UTC"})):
        assert response["Location"].startswith("/sign-in/")


def test_the_way_there_is_in_the_menu_of_every_page(client: Client) -> None:
    assert 'href="/account/"' in client.get("/runs/").content.decode()
