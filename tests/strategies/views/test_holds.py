"""Holds on their page: placed with a reason, seen by all, lifted once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from strategies import holds
from strategies.models import AuditEntry, Hold, Role, Tag, Tenant, User
from tests.pages import ANNA, Scene, scene, text_of


def test_each_scope_can_be_held(dba: Client, shop: Scene) -> None:
    tag = Tag.objects.create(name="finance")
    shop.target.tags.add(tag)
    for scope, words in (
        ("everything", "all databases"), ("environment-production", "environment Production"), (f"tag-{tag.pk}", "tag finance"),
        (f"database-{shop.target.pk}", "database shop"), (f"tenant-{shop.target.tenant_id}", "tenant Main"),
    ):  # fmt: skip
        response = dba.post("/holds/place/", {"scope": scope, "reason": "Quarter close"}, follow=True)
        assert f"New work on {words} was put on hold" in response.content.decode()
        hold = Hold.objects.latest("pk")
        assert (hold.scope, hold.reason, hold.placed_by) == (words, "Quarter close", "anna")
        assert AuditEntry.objects.filter(action="hold.placed", reason="Quarter close", object_id=str(hold.pk)).exists()
    home = dba.get("/").content.decode()
    assert "New work on all databases is held: Quarter close" in home


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"scope": "everything"},
        {"scope": "moon", "reason": "x"},
        {"scope": "database-999", "reason": "x"},
        {"scope": "everything", "reason": "x" * 301},
    ],
)
def test_a_wrong_hold_is_refused_and_said_beside_its_field(data: dict[str, str], dba: Client, shop: Scene) -> None:
    before = Hold.objects.count()
    response = dba.post("/holds/place/", data)
    assert response.status_code == 422
    assert response.context["hold_form"].errors
    assert Hold.objects.count() == before


def test_lifting_twice_says_who_was_first(dba: Client, shop: Scene) -> None:
    response = dba.post(f"/holds/{shop.hold.pk}/lift/", follow=True)
    assert "was lifted" in response.content.decode()
    response = dba.post(f"/holds/{shop.hold.pk}/lift/", follow=True)
    assert "Somebody had lifted the hold" in response.content.decode()
    assert AuditEntry.objects.filter(action="hold.lifted").count() == 1


class TestOverTenants:
    """Main's databases are `shop`'s, Other's are `theirs`; olga is a DBA of Other."""

    @pytest.fixture
    def theirs(self, shop: Scene) -> Scene:
        return scene("theirs", "Other")

    @pytest.fixture
    def olga(self, theirs: Scene, person: Callable[..., Any]) -> Client:
        client = Client()
        client.force_login(person("olga", Role.DBA, tenant="Other"))
        return client

    def tag(self, *scenes: Scene) -> Tag:
        tag = Tag.objects.create(name="finance")
        for one in scenes:
            one.target.tags.add(tag)
        return tag

    def test_a_hold_on_a_tag_of_another_tenant_does_not_exist(self, olga: Client, shop: Scene) -> None:
        hold = holds.place(ANNA, timezone.now(), "Merger", tag=self.tag(shop))
        for path in ("/", "/holds/"):
            text = text_of(olga.get(path))
            assert "Merger" not in text
            assert "finance" not in text
        assert olga.post(f"/holds/{hold.pk}/lift/").status_code == 404
        assert Hold.objects.in_force().filter(pk=hold.pk).exists()

    def test_a_hold_on_a_tenant_is_its_own_peoples(self, olga: Client, shop: Scene, theirs: Scene) -> None:
        mains = holds.place(ANNA, timezone.now(), "Merger", tenant=shop.target.tenant)
        assert "Merger" not in text_of(olga.get("/holds/"))
        assert olga.post(f"/holds/{mains.pk}/lift/").status_code == 404
        assert (
            olga.post("/holds/place/", {"scope": f"tenant-{shop.target.tenant_id}", "reason": "x"}).status_code == 422
        )
        olga.post("/holds/place/", {"scope": f"tenant-{theirs.target.tenant_id}", "reason": "Year end"})
        own = Hold.objects.get(reason="Year end")
        assert own.tenant == theirs.target.tenant
        olga.post(f"/holds/{own.pk}/lift/")
        assert list(Hold.objects.in_force().filter(tenant__isnull=False)) == [mains]

    def test_a_hold_on_a_tag_of_ones_own_databases_is_seen_and_lifted(self, olga: Client, theirs: Scene) -> None:
        hold = holds.place(ANNA, timezone.now(), "Merger", tag=self.tag(theirs))
        assert "Merger" in text_of(olga.get("/holds/"))
        olga.post(f"/holds/{hold.pk}/lift/")
        assert not Hold.objects.in_force().filter(pk=hold.pk).exists()

    @pytest.mark.parametrize("scope", ["tag", "environment", "everything"])
    def test_what_also_holds_databases_out_of_sight_is_seen_and_stays(
        self, scope: str, olga: Client, shop: Scene, theirs: Scene
    ) -> None:
        place: dict[str, Any] = {"tag": {"tag": self.tag(shop, theirs)}, "environment": {"environment": "production"}}
        hold = holds.place(ANNA, timezone.now(), "Merger", **place.get(scope, {}))
        text = text_of(olga.get("/holds/"))
        assert "Merger" in text
        assert "only somebody who sees them all may lift it" in text
        assert f"/holds/{hold.pk}/lift/" not in text
        assert "stays." in text_of(olga.post(f"/holds/{hold.pk}/lift/", follow=True))
        assert Hold.objects.in_force().filter(pk=hold.pk).exists()

    def test_nobody_holds_databases_out_of_their_sight(self, olga: Client, shop: Scene, theirs: Scene) -> None:
        tag, before = self.tag(shop, theirs), Hold.objects.count()
        for scope in ("everything", "environment-production", f"tag-{tag.pk}", f"database-{shop.target.pk}"):
            assert olga.post("/holds/place/", {"scope": scope, "reason": "x"}).status_code == 422
        assert Hold.objects.count() == before
        assert "held by people who see every tenant" in text_of(olga.get("/holds/"))
        home = text_of(olga.get("/"))
        assert "Hold all new work" not in home
        assert '<a class="btn btn-l" href="/holds/">' in home

    @pytest.mark.parametrize("as_superuser", [True, False])
    def test_whoever_has_every_tenant_holds_everything_and_lets_it_go(
        self, as_superuser: bool, person: Callable[..., Any], shop: Scene, theirs: Scene
    ) -> None:
        chief: User = User.objects.create_superuser("root") if as_superuser else person("chief", Role.DBA)
        if not as_superuser:
            chief.tenants.set(Tenant.objects.all())
        client = Client()
        client.force_login(chief)
        assert "Hold all new work" in text_of(client.get("/"))
        tag = self.tag(shop, theirs)
        for scope in ("everything", "environment-production", f"tag-{tag.pk}"):
            client.post("/holds/place/", {"scope": scope, "reason": "Quarter close"})
            hold = Hold.objects.in_force().latest("pk")
            assert hold.reason == "Quarter close", scope
            client.post(f"/holds/{hold.pk}/lift/")
            assert not Hold.objects.in_force().filter(pk=hold.pk).exists(), scope

    def test_an_unused_tag_is_known_to_those_who_have_every_tenant(self, olga: Client, dba: Client) -> None:
        hold = holds.place(ANNA, timezone.now(), "Merger", tag=self.tag())
        assert olga.post(f"/holds/{hold.pk}/lift/").status_code == 404
        User.objects.get(username="anna").tenants.set(Tenant.objects.all())
        assert "Merger" in text_of(dba.get("/holds/"))
