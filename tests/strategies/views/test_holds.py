"""Holds on their page: placed with a reason, seen by all, lifted once."""

from __future__ import annotations

import pytest
from django.test import Client

from strategies.models import AuditEntry, Hold, Tag
from tests.pages import Scene


def test_each_scope_can_be_held(dba: Client, shop: Scene) -> None:
    tag = Tag.objects.create(name="finance")
    shop.target.tags.add(tag)
    for scope, words in (
        ("everything", "all databases"), ("environment-production", "environment Production"), (f"tag-{tag.pk}", "tag finance"),
        (f"database-{shop.target.pk}", "database shop"),
    ):  # fmt: skip
        response = dba.post("/holds/place/", {"scope": scope, "reason": "Quarter close"}, follow=True)
        assert f"New work on {words} is held." in response.content.decode()
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
    assert "is lifted" in response.content.decode()
    response = dba.post(f"/holds/{shop.hold.pk}/lift/", follow=True)
    assert "Somebody had lifted the hold" in response.content.decode()
    assert AuditEntry.objects.filter(action="hold.lifted").count() == 1
