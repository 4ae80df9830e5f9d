"""A form that is sent after the session has ended, and addresses that only forms are sent to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from maintenance_portal.refusals import page_above
from strategies.models import Hold, Role, User
from tests.pages import Scene, addresses, scene, text_of
from tests.strategies.views.test_access import MAY

POSTED = [name for name, (verb, _) in MAY.items() if verb == "post"]


@pytest.fixture
def shop(db: None) -> Scene:
    return scene()


def path_of(name: str, shop: Scene) -> str:
    path = addresses()[name]
    return path.format(pk=shop.keys.get(path.split("/")[1], 0), name="INDEX_MAINTENANCE")


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/runs/1/release/", "/runs/1/"),
        ("/holds/place/", "/holds/"),
        ("/holds/1/lift/", "/holds/"),
        ("/sign-out/", "/"),
    ],
)
def test_the_page_above_an_address(path: str, above: str) -> None:
    assert page_above(path) == above


@pytest.mark.parametrize("name", POSTED)
def test_an_address_of_a_form_opens_as_a_page_that_leads_back(
    name: str, shop: Scene, person: Callable[..., User]
) -> None:
    client = Client()
    client.force_login(person("anna", Role.DBA))
    path = path_of(name, shop)
    response = client.get(path)
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "it has no page of its own" in text_of(response)
    assert f'href="{page_above(path)}"' in text_of(response)
    assert client.get(page_above(path)).status_code == 200


def signed_in_after(path: str, person: Callable[..., User], **headers: str) -> Any:
    """Send a form without a session, sign in, and follow to where that leads."""
    person("anna", Role.DBA)
    client = Client()
    page = client.post(path, {"scope": "everything", "reason": "x"}, headers=headers, follow=True)
    assert "What you sent was not taken" in text_of(page)
    data = {"username": "anna", "password": "correct horse battery", "next": page.context["next"]}
    return client.post("/sign-in/", data, follow=True)


def test_whoever_signs_in_again_comes_to_the_page_with_the_form(shop: Scene, person: Callable[..., User]) -> None:
    before = Hold.objects.count()
    page = signed_in_after("/holds/place/", person, referer="http://testserver/?x=1")
    assert (page.status_code, page.request["PATH_INFO"], page.request["QUERY_STRING"]) == (200, "/", "x=1")
    assert Hold.objects.count() == before


@pytest.mark.parametrize("sender", ["", "https://evil.example/holds/", "//evil.example/", "javascript:alert(1)"])
def test_without_a_page_of_ours_that_sent_it_the_way_leads_to_the_page_above(
    sender: str, shop: Scene, person: Callable[..., User]
) -> None:
    page = signed_in_after(f"/runs/{shop.planned.pk}/release/", person, referer=sender)
    assert (page.status_code, page.request["PATH_INFO"]) == (200, f"/runs/{shop.planned.pk}/")


def test_refusals_that_are_answers_say_nothing_in_the_terminal(
    shop: Scene, person: Callable[..., User], capfd: pytest.CaptureFixture[str], settings: Any
) -> None:
    import logging.config

    logging.config.dictConfig(settings.LOGGING)
    client = Client()
    client.force_login(person("sam", Role.STAKEHOLDER))
    for path, status in (("/nothing/", 404), ("/operations/", 403), ("/holds/place/", 405)):
        assert client.get(path).status_code == status
    assert capfd.readouterr().err == ""
