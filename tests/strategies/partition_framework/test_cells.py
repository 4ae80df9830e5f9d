"""What stands in a cell of the older tables, as databases and files write it: read, or refused with the column and the reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from strategies.partition_framework.cells import Cells, RowRefused

NAIVE = datetime(2024, 3, 1, 20)  # noqa: DTZ001 (as a database gives a TIMESTAMP)
EARLIEST = datetime(1, 1, 1)  # noqa: DTZ001


def cells(value: Any, zone: str = "UTC") -> Cells:
    return Cells({"x": value}, zone)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-03-01 20:00:00", "2024-03-01T20:00:00+00:00"),
        ("2024-03-01T20:00:00Z", "2024-03-01T20:00:00+00:00"),
        ("2024-03-01 20:00:00.123456789", "2024-03-01T20:00:00.123456+00:00"),
        ("2024-03-01 20:00:00,5 +02:00", "2024-03-01T18:00:00.500000+00:00"),
        ("2024-03-01", "2024-03-01T00:00:00+00:00"),
        ("01-MAR-24 08.00.00.000000 PM", "2024-03-01T20:00:00+00:00"),
        ("01-mar-24 12.00.00.000000000 AM", "2024-03-01T00:00:00+00:00"),
        ("01-MAR-24 12.30.00 PM -05:00", "2024-03-01T17:30:00+00:00"),
        ("01-MAR-24 08.00.00.000000 PM EUROPE/VIENNA", "2024-03-01T19:00:00+00:00"),
        ("01-MAR-2024 20:00:00", "2024-03-01T20:00:00+00:00"),
        ("01-MAR-24", "2024-03-01T00:00:00+00:00"),
        ("01-MAR-99", "1999-03-01T00:00:00+00:00"),
        (NAIVE, "2024-03-01T20:00:00+00:00"),
        (datetime(2024, 3, 1, 20, tzinfo=timezone(timedelta(hours=1))), "2024-03-01T19:00:00+00:00"),
        (date(2024, 3, 1), "2024-03-01T00:00:00+00:00"),
    ],
)
def test_an_instant_is_read_as_iso_and_as_oracle_write_it(written: Any, meant: str) -> None:
    found = cells(written).instant("x")
    assert found is not None
    assert found.isoformat() == meant
    assert found.tzinfo is UTC


def test_times_that_name_no_zone_are_of_the_one_that_is_given_and_those_that_name_one_are_not() -> None:
    vienna = "Europe/Vienna"
    assert cells("2024-07-01 02:00:00", vienna).instant("x") == datetime(2024, 7, 1, tzinfo=UTC)
    assert cells(NAIVE, vienna).instant("x") == datetime(2024, 3, 1, 19, tzinfo=UTC)
    assert cells("2024-07-01 02:00:00Z", vienna).instant("x") == datetime(2024, 7, 1, 2, tzinfo=UTC)
    assert cells("2024-03-31 02:30:00", vienna).instant("x") == datetime(2024, 3, 31, 1, 30, tzinfo=UTC), (
        "left out there"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "yesterday", "2024-13-01", "2024-02-30 00:00:00", "01/03/2024", "01-MRZ-24", "01-MAR-24 13.00.00 PM", "20240301",
        "01-MAR-24 08.00.00 PM NO/WHERE", "1899-12-31", "9999-01-01", "2024-03-01 25:00:00", EARLIEST, "x" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_instant_is_refused_with_its_column(wrong: Any) -> None:
    with pytest.raises(RowRefused) as refusal:
        cells(wrong).instant("x")
    assert refusal.value.column == "x"
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("nothing", [None, "", "   "])
def test_nothing_is_nothing_and_what_is_needed_is_refused(nothing: Any) -> None:
    empty = cells(nothing)
    assert (empty.text("x"), empty.whole("x"), empty.instant("x"), empty.figure("x"), empty.word("x")) == (None,) * 5
    assert empty.flag("x", True) is True
    with pytest.raises(RowRefused, match="It is empty"):
        empty.needed("x")
    assert cells(1).text("another") is None


@pytest.mark.parametrize(
    ("written", "meant"), [("17", 17), (" 17 ", 17), (17.0, 17), (Decimal("17"), 17), ("1.7E1", 17), (0, 0), ("-3", -3)]
)
def test_a_whole_number_is_read(written: Any, meant: int) -> None:
    assert cells(written).whole("x") == meant


@pytest.mark.parametrize(
    "wrong", ["17a", "1,700", "1.5", 1.5, "NaN", "inf", float("nan"), "1e99", "1e999999999", "--1", "9" * 30, b"17"]
)
def test_what_is_no_whole_number_is_refused(wrong: Any) -> None:
    with pytest.raises(RowRefused):
        cells(wrong).whole("x")


def test_a_figure_is_rounded_and_less_than_nothing_was_not_measured() -> None:
    assert [cells(value).figure("x") for value in ("1500.5", "0.4", "-1", Decimal("2.5"))] == [1501, 0, None, 3]


@pytest.mark.parametrize(
    ("written", "meant"), [("Y", True), ("n", False), ("1", True), (0, False), ("true", True), (False, False)]
)
def test_a_flag_is_read_in_every_spelling(written: Any, meant: bool) -> None:
    assert cells(written).flag("x", not meant) is meant


def test_a_flag_that_is_none_is_refused() -> None:
    with pytest.raises(RowRefused, match="neither Y nor N"):
        cells("MAYBE").flag("x", True)


def test_a_text_keeps_no_nul_and_is_no_heap_of_bytes() -> None:
    assert cells("a\x00b").text("x") == "a\N{REPLACEMENT CHARACTER}b"
    with pytest.raises(RowRefused, match="no text"):
        cells(memoryview(b"\xff")).text("x")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("90", 90),
        (90, 90),
        ("87.5", 87.5),
        (Decimal("87.50"), 87.5),
        ("007", "007"),
        ("1 MONTH", "1 MONTH"),
        ("1e5", "1e5"),
        ("", None),
    ],
)  # fmt: skip
def test_a_value_without_a_column_of_its_own_is_the_same_from_a_file_and_from_a_database(
    written: Any, meant: Any
) -> None:
    assert cells(written).plain("x") == meant
    assert type(cells(written).plain("x")) is type(meant)
