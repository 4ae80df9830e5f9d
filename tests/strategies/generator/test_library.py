"""The library: what its files may say, folders of one's own, and each mistake in them named with its file."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from pydantic import Field, create_model

from maintenance_portal import checks
from strategies import definitions, registry
from strategies.generator.definition import DefinitionRefused
from strategies.generator.implementation import generate
from strategies.generator.library import HERE, LibraryRefused, library
from tests.strategies.generator.defined import LIBRARY, TEXTS, definition

ANALYZE = (HERE / "operations" / "analyze.toml").read_text(encoding="utf-8")
TEMPLATE = """
strategy_type = "SHOP"
title = "The shop's nights"
when_to_use = "Every night."
operations = ["ANALYZE"]
job_type = "MAINTENANCE"
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    for name in ("operations", "templates", "files"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_the_portal_brings_a_template_of_each_type() -> None:
    assert set(LIBRARY.templates) == {"MAINTENANCE", "CLEANUP", "ARCHIVE", "BACKUP", "VALIDATION", "MONITORING"}
    assert list(LIBRARY.operations) == sorted(LIBRARY.operations, key=lambda name: LIBRARY.operations[name].order)


def test_a_template_of_ones_own_stands_beside_them(own: Path) -> None:
    (own / "templates" / "shop.toml").write_text(TEMPLATE, encoding="utf-8")
    found = library(own)
    assert set(found.templates) == {*LIBRARY.templates, "SHOP"}
    assert library().templates.keys() == LIBRARY.templates.keys(), "the portal's own is as it was"


def test_an_operation_of_ones_own_takes_the_place_of_one_that_is_there(own: Path) -> None:
    (own / "operations" / "analyze.toml").write_text(ANALYZE.replace("Gather statistics", "Count"), encoding="utf-8")
    assert library(own).operations["ANALYZE"].title == "Count"


@pytest.mark.django_db
def test_a_file_of_ones_own_takes_the_place_of_the_portals(own: Path, settings: object) -> None:
    (own / "templates" / "shop.toml").write_text(TEMPLATE, encoding="utf-8")
    (own / "files" / "docs").mkdir()
    (own / "files" / "docs" / "README.md").write_text("Ask {{ name }}'s owner, the shop.\n", encoding="utf-8")
    settings.PORTAL_GENERATOR = own  # type: ignore[attr-defined]
    values = {
        "name": "SHOP_NIGHT", "type": "SHOP", "category": "SHOP", "description": TEXTS[0], "targets": "TABLE", "operations": "ANALYZE",
    }  # fmt: skip
    made = definitions.implementation(values)
    assert made.files["README.md"] == "Ask SHOP_NIGHT's owner, the shop.\n"
    with pytest.raises(DefinitionRefused):
        definitions.implementation({**values, "type": "NO_SHOP"})


def test_a_long_statement_of_ones_own_example_comes_out_as_it_was_typed(own: Path) -> None:
    """Its blanks and lines mean something: a text within quotes, a comment that ends with its line."""
    statement = f"CREATE TABLE a (b text DEFAULT 'x{' ' * 130}y', -- the {'very ' * 30}first\n\tc text)"
    mine = ANALYZE.replace("setup = [", f"setup = [{json.dumps(statement)}, ", 1)
    (own / "operations" / "analyze.toml").write_text(mine, encoding="utf-8")
    values = {
        "name": "SHOP_NIGHT", "type": "MAINTENANCE", "category": "SHOP", "description": TEXTS[0], "targets": "TABLE",
        "operations": "ANALYZE",
    }  # fmt: skip
    files = generate(definition(values), library(own)).files
    written = files[next(path for path in files if path.startswith("python/tests/"))]
    assert statement in {node.value for node in ast.walk(ast.parse(written)) if isinstance(node, ast.Constant)}


MISTAKES = {
    "no TOML": ("operation_type = ", "Invalid value"),
    "an unknown key": (f"colour = 'red'\n{ANALYZE}", "colour: Extra inputs are not permitted"),
    "a missing key": (ANALYZE.replace('title = "Gather statistics"', ""), "title: Field required"),
    "no name": (ANALYZE.replace('"ANALYZE"', '"an alyze"'), "operation_type: "),
    "an unknown routine": (ANALYZE.replace("STATISTICS_MAINTENANCE", "SELF_REPAIR"), "SELF_REPAIR is no routine"),
    "an unknown parameter": (ANALYZE.replace('"stale_rows"]', '"speed"]'), "speed is no parameter of STATISTICS_MAINTENANCE"),
    "a wrong value": (
        ANALYZE.replace('settings = ["stale_percent"', 'fixed = {retries = 99}\nsettings = ["stale_percent"'), "python.fixed.retries: ",
    ),
    "a parameter of every strategy": (
        ANALYZE.replace('settings = ["stale_percent"', 'settings = ["max_objects", "stale_percent"'), "max_objects is a parameter that",
    ),
    "an unknown product": (ANALYZE.replace("platforms.oracle", "platforms.db2"), "db2 is no platform"),
    "an unknown lock": (ANALYZE.replace('locks = "ddl"', 'locks = "some"', 1), "locks: "),
    "a look that takes what is no setting": (ANALYZE.replace(":stale_rows", ":rows_gone"), "that for TABLE takes rows_gone"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_file(own: Path, mistake: str, settings: object) -> None:
    text, reason = MISTAKES[mistake]
    (own / "operations" / "mine.toml").write_text(text, encoding="utf-8")
    with pytest.raises(LibraryRefused) as refusal:
        library(own)
    assert str(own / "operations" / "mine.toml") in str(refusal.value)
    assert reason in str(refusal.value)
    settings.PORTAL_GENERATOR = own  # type: ignore[attr-defined]
    (message,) = checks.generator()
    assert (message.id, reason in message.msg) == ("portal.W006", True)


def test_a_template_that_offers_what_there_is_not_is_named(own: Path) -> None:
    (own / "templates" / "shop.toml").write_text(
        TEMPLATE.replace('["ANALYZE"]', '["ANALYZE", "SELL"]'), encoding="utf-8"
    )
    with pytest.raises(LibraryRefused, match=r"shop\.toml: it offers SELL, which is no operation here"):
        library(own)


def test_two_meanings_of_one_parameter_are_refused(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two routines mean the same by this word, so that operations may share it, until one of them means another."""
    for name, before in (("rebuild", "fixed = {"), ("optimize", "settings = [")):
        text = (HERE / "operations" / f"{name}.toml").read_text(encoding="utf-8")
        after = (
            'settings = ["stale_estimate_percent"]\nfixed = {'
            if name == "rebuild"
            else f'{before}"stale_estimate_percent", '
        )
        assert before in text
        (own / "operations" / f"{name}.toml").write_text(text.replace(before, after, 1), encoding="utf-8")
    shared = library(own).settings(["REBUILD", "OPTIMIZE"])
    assert list(shared).count("stale_estimate_percent") == 1
    routine = registry.own_routines()["SPACE_MAINTENANCE"]
    field = routine.parameters.model_fields["stale_estimate_percent"]
    other = create_model(
        "Other", __base__=routine.parameters, stale_estimate_percent=(field.annotation, Field(default=99, ge=0, le=100))
    )
    monkeypatch.setattr(type(routine), "parameters", other)
    library.cache_clear()
    with pytest.raises(LibraryRefused, match="stale_estimate_percent means something else in another operation"):
        library(own)


def test_the_portals_own_has_no_fault() -> None:
    assert checks.generator() == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("docs/README.md", "{% if %}"),
        ("docs/README.md", "{% load nothing %}"),
        ("plsql/package.sql", "%% analyze_table\n"),
        ("plsql/package.sql", "#{nobody}"),
        ("python/module.py.txt", b"\xff"),
    ],
)
def test_a_file_that_cannot_be_filled_is_named_before_somebody_needs_it(
    own: Path, name: str, text: str | bytes, settings: object
) -> None:
    path = own / "files" / name
    path.parent.mkdir()
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    settings.PORTAL_GENERATOR = own  # type: ignore[attr-defined]
    (message,) = checks.generator()
    assert message.id == "portal.W006"


def test_a_template_cannot_offer_to_delete_what_it_archives(own: Path) -> None:
    path = own / "templates" / "shop.toml"
    path.write_text(TEMPLATE.replace('["ANALYZE"]', '["ARCHIVE", "CLEANUP"]'), encoding="utf-8")
    with pytest.raises(LibraryRefused, match=r"it offers ARCHIVE and CLEANUP, which take the same rows"):
        library(own)


def test_an_operation_that_is_no_part_is_refused(own: Path) -> None:
    path = own / "operations" / "mine.toml"
    path.write_text(ANALYZE.replace("STATISTICS_MAINTENANCE", "STRATEGY_DEPLOYMENT"), encoding="utf-8")
    with pytest.raises(LibraryRefused, match=r"STRATEGY_DEPLOYMENT does nothing as a part of another strategy"):
        library(own)
