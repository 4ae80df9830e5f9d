"""The page of every statement that the portal may send: nothing is left out, nothing that is not there is taken for empty."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any

import pytest
from django.test import Client

from strategies import registry
from strategies.capabilities import capabilities, in_short
from strategies.models import Role
from tests.pages import Scene, text_of

PLATFORMS = sorted(registry.platforms())


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_page_has_every_query_and_every_kind_of_change(platform: str, dba: Client) -> None:
    page = dba.get(f"/statements/?platform={platform}").content.decode()
    for one in capabilities(platform):
        assert f'id="h-{one.name}"' in page
        for query in one.queries:
            assert f"<pre>{escape(query.sql)}</pre>" in page, query.name
            assert escape(query.purpose) in page
            assert escape(in_short(query.privileges)) in page
        for change in one.changes:
            assert f"<code>{escape(change.form)}</code>" in page
            assert escape(change.purpose) in page
    assert f"manage.py grants {platform}" in page or not registry.platforms()[platform].shell


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_text_of_sql_has_the_same_and_every_other_line_is_a_remark(platform: str, dba: Client) -> None:
    response = dba.get(f"/statements/statements.sql?platform={platform}")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="statements-{platform}.sql"'
    text = response.content.decode()
    rest = text
    for one in capabilities(platform):
        for query in one.queries:
            assert f"\n{query.sql};\n" in text
            assert "--" not in query.sql.splitlines()[-1], "the semicolon would be part of a remark"
            rest = rest.replace(f"\n{query.sql};\n", "\n")
        for change in one.changes:
            assert f"-- change: {change.form}\n-- purpose: {change.purpose}\n" in text
    assert [line for line in rest.splitlines() if line and not line.startswith("-- ")] == []


def test_that_the_trial_sends_others_is_said_where_oracle_stands(dba: Client) -> None:
    words = "The trial of an Oracle server, oracle_smoke, sends others to objects of its own: docs/oracle.md describes them."
    for address in ("", "?platform=oracle", "statements.sql"):
        assert words in re.sub(r"<[^>]+>", "", text_of(dba.get(f"/statements/{address}"))), address
    assert "oracle_smoke" not in dba.get("/statements/?platform=sqlite").content.decode()


def test_one_capability_alone_can_be_asked_for(dba: Client) -> None:
    page = dba.get("/statements/?platform=oracle&capability=space_maintenance")
    assert re.findall(r'<h2 id="h-(\w+)"', page.content.decode()) == ["space_maintenance"]
    assert "grants oracle --capability space_maintenance" in text_of(page)
    assert "/statements/statements.sql?platform=oracle&amp;capability=space_maintenance" in page.content.decode()
    file = dba.get("/statements/statements.sql?platform=oracle&capability=space_maintenance")
    assert file["Content-Disposition"] == 'attachment; filename="statements-oracle-space-maintenance.sql"'
    assert "SHRINK SPACE COMPACT" in file.content.decode()
    assert "ANALYZE TABLE" not in file.content.decode()


def test_without_a_product_all_of_them_are_offered_with_their_counts(dba: Client) -> None:
    page = text_of(dba.get("/statements/"))
    for name, product in registry.platforms().items():
        queries = {query.name for one in capabilities(name) for query in one.queries}
        changes = {change.form for one in capabilities(name) for change in one.changes}
        assert f'href="?platform={name}">{product.label}</a>' in page
        assert f"{len(queries)} queries, {len(changes)} kinds of change" in page
    text = dba.get("/statements/statements.sql").content.decode()
    assert [
        product.label for product in registry.platforms().values() if f"-- ===== {product.label}, " not in text
    ] == []


def test_a_product_or_capability_that_is_not_there_is_named_and_gives_no_list_and_no_file(dba: Client) -> None:
    for query, words in (
        ("platform=db2", "Product: Select a valid choice. db2 is not one of the available choices."),
        (
            "platform=oracle&capability=flying",
            "For: Select a valid choice. flying is not one of the available choices.",
        ),
    ):
        page = dba.get(f"/statements/?{query}")
        assert page.status_code == 200
        assert words in text_of(page)
        assert "<pre>" not in page.content.decode()
        file = dba.get(f"/statements/statements.sql?{query}")
        assert file.status_code == 400
        assert words.partition(": ")[2] in text_of(file)


def test_a_product_without_a_strategy_says_so(dba: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    supports = registry.supports
    monkeypatch.setattr(registry, "supports", lambda platform, name: platform != "sqlite" and supports(platform, name))
    page = text_of(dba.get("/statements/?platform=sqlite&capability=space_maintenance"))
    assert "SQLite has nothing of this kind." in page
    file = dba.get("/statements/statements.sql?platform=sqlite&capability=space_maintenance").content.decode()
    assert "-- SQLite has nothing of this kind." in file


def test_queries_that_can_be_done_without_are_marked(dba: Client) -> None:
    page = text_of(dba.get("/statements/?platform=oracle&capability=space_maintenance"))
    (one,) = (one for one in capabilities("oracle") if one.name == "space_maintenance")
    assert page.count("can be done without") == len(one.optional_queries) > 0
    assert "Tells more with pg_monitor" in text_of(dba.get("/statements/?platform=postgresql"))


def test_it_is_linked_from_a_database_a_strategy_the_strategies_and_the_navigation(dba: Client, shop: Scene) -> None:
    assert 'href="/statements/?platform=sqlite"' in text_of(dba.get(f"/databases/{shop.target.pk}/"))
    page = text_of(dba.get("/strategies/SPACE_MAINTENANCE/"))
    for platform in PLATFORMS:
        assert f'href="/statements/?platform={platform}&amp;capability=space_maintenance"' in page
    assert text_of(dba.get("/strategies/")).count('href="/statements/"') == 2  # in the head, and in the navigation


def test_who_reads_no_sql_is_not_led_there(shop: Scene, person: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(person("sam", Role.STAKEHOLDER))
    for path in ("/", "/strategies/", "/strategies/SPACE_MAINTENANCE/", f"/databases/{shop.target.pk}/"):
        assert "/statements/" not in client.get(path).content.decode(), path
