from __future__ import annotations

import pytest

from strategies.platforms.base import ObjectUnknown
from strategies.platforms.oracle.names import argument, can_quote, literal, quoted, read_name, shown


def test_identifiers_are_quoted_whatever_their_letters() -> None:
    assert quoted("SALES", "Order lines", "select", "Ü$#") == '"SALES"."Order lines"."select"."Ü$#"'


@pytest.mark.parametrize("name", ["", 'a"b', "a\0b"])
def test_what_no_name_can_hold_is_never_put_into_a_statement(name: str) -> None:
    with pytest.raises(ValueError, match="double quote"):
        quoted("SALES", name)
    assert not can_quote("SALES", name)
    assert can_quote("SALES", None)


def test_texts_stay_texts_and_names_stay_quoted_in_arguments() -> None:
    assert literal("it's") == "'it''s'"
    assert argument("Anna's table") == "'\"Anna''s table\"'"


def test_people_see_quotes_only_where_oracle_needs_them() -> None:
    assert shown("SALES", "ORDERS_2$#") == "SALES.ORDERS_2$#"
    assert shown("Sales", "1ST") == '"Sales"."1ST"'


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("orders", (None, "ORDERS")),
        ("sales.orders", ("SALES", "ORDERS")),
        ('"Sales"."Order lines"', ("Sales", "Order lines")),
        (' sales . "a.b" ', ("SALES", "a.b")),
        ("größe", (None, "GRÖßE")),
    ],
)
def test_names_are_read_as_oracle_reads_them(typed: str, read: tuple[str | None, str]) -> None:
    assert read_name(typed) == read


@pytest.mark.parametrize("typed", ["", "a.b.c", "a.", ".a", 'a"b', '"a', "a b", '""', "a\0b"])
def test_what_is_no_name_is_refused(typed: str) -> None:
    with pytest.raises(ObjectUnknown):
        read_name(typed)
