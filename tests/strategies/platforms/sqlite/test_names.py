"""Names and values survive quoting, whatever they hold."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from strategies.platforms.queries import Query
from strategies.platforms.sqlite.names import display, filled, folded, literal, qualified, quoted, read_display

_TEXT = some.text(some.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1)


@settings(max_examples=150, deadline=None)
@given(_TEXT)
def test_sqlite_reads_a_quoted_name_as_it_was(name: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE {quoted('t' + name)}({quoted(name)})")
    connection.execute(f"INSERT INTO {qualified('t' + name)}({quoted(name)}) VALUES (7)")
    assert connection.execute("SELECT name FROM sqlite_master").fetchone() == ("t" + name,)
    assert connection.execute(f"SELECT {quoted(name)} FROM {quoted('t' + name)}").fetchone() == (7,)
    connection.close()


@settings(max_examples=150, deadline=None)
@given(_TEXT)
def test_sqlite_reads_the_shown_form_as_the_same_name(name: str) -> None:
    connection = sqlite3.connect(":memory:")
    assert connection.execute(f"SELECT 1 AS {display(name)}").description[0][0] == name
    connection.close()


@given(_TEXT)
@example("main.x")
@example('"main".x')
def test_the_shown_form_is_read_back(name: str) -> None:
    assert read_display(display(name)) == name
    assert read_display(f"main.{display(name)}") == name
    assert read_display(qualified(name)) == name


@settings(max_examples=150, deadline=None)
@given(some.none() | some.integers(-(2**63), 2**63 - 1) | _TEXT | some.binary())
def test_sqlite_reads_a_literal_as_the_same_value(value: str | int | bytes | None) -> None:
    connection = sqlite3.connect(":memory:")
    assert connection.execute(f"SELECT {literal(value)}").fetchone() == (value,)
    connection.close()


def test_text_that_sql_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        literal("a\0b")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("orders", "orders"), ("Orders_2", "Orders_2"), ('we"ird', '"we""ird"'), ("two words", '"two words"'),
        ("select", '"select"'), ("false", '"false"'), ("2024", '"2024"'), ("größe", '"größe"'), ("a;b", '"a;b"'), ("ALL", '"ALL"'),
        ("all_tables", '"all_tables"'), ("50%", '"50%"'), ("main.orders", '"main.orders"'),
    ],
)  # fmt: skip
def test_quotes_are_shown_only_where_needed(name: str, shown: str) -> None:
    assert display(name) == shown


def test_only_ascii_letters_lose_their_case() -> None:
    assert folded("ORDERS Ä") == "orders Ä"


def test_a_name_with_a_mark_in_it_is_not_filled_again() -> None:
    query = Query("q", "SELECT {columns} FROM {table}", "", "", "", "")
    assert filled(query, table=quoted("{columns}"), columns="a").sql == 'SELECT a FROM "{columns}"'
