"""The catalogue and the manual pages, which are the docstrings of the routines."""

from __future__ import annotations

import pytest
from django.test import Client

from strategies import registry
from strategies.manual import SECTIONS, NoManual, manual
from tests.pages import Scene


@pytest.mark.parametrize("name", sorted(registry.routines()))
def test_each_strategy_has_its_manual_page_and_parameters(name: str, dba: Client, shop: Scene) -> None:
    routine = registry.routines()[name]
    assert routine.title in dba.get("/strategies/").content.decode()
    text = dba.get(f"/strategies/{name}/").content.decode()
    for section in SECTIONS:
        assert f"<h2>{section}</h2>" in text
    for parameter in routine.parameters.model_fields:
        assert f">{parameter}<" in text


def test_a_name_that_only_the_registry_knows_is_not_offered_as_work(dba: Client, shop: Scene) -> None:
    text = dba.get("/strategies/").content.decode()
    assert "Known by name only" in text
    assert dba.get("/strategies/SPACE_MAINTENANCE_X/").status_code == 404


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "found none"),
        ("Title", "found none"),
        ("Title\n\n    stray\nWhat it does\n    a\n", "before the first section"),
        ("Title\n\nWhat it does\n    a\nWhen to use\n    b\nRisk\n    c\n", "expected the sections"),
        ("Title\n\nWhat it does\n    a\nWhen to use\nRisk\n    c\nUndo\n    d\n", "nothing is said under When to use"),
        ("Title\n\nWhen to use\n    b\nWhat it does\n    a\nRisk\n    c\nUndo\n    d\n", "expected the sections"),
    ],
)
def test_a_docstring_that_is_no_manual_page_says_what_it_lacks(text: str | None, words: str) -> None:
    with pytest.raises(NoManual, match=words):
        manual(text)


def test_paragraphs_are_unwrapped() -> None:
    page = manual("T\n\nWhat it does\n    one\n    line\n\n    two\n\nWhen to use\n    b\nRisk\n    c\nUndo\n    d\n")
    assert page[0].paragraphs == ("one line", "two")
