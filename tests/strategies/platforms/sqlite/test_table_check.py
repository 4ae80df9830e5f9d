"""SQLite's sentences are sorted by what can be done about them, also those of newer versions than the one at hand."""

from __future__ import annotations

import pytest

from strategies.platforms.sqlite.catalogue import find_table
from strategies.platforms.sqlite.names import display
from strategies.platforms.sqlite.table_check import TableCheck, check_table, read_messages
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile

INDEXES = {"i", "i for row 7", "a\nb"}


@pytest.mark.parametrize(
    ("message", "check"),
    [
        ("ok", TableCheck()),
        ("row 7 missing from index i", TableCheck(damaged={"i": ("row 7 missing from index i",)})),
        ("row 7 missing from index a\nb", TableCheck(damaged={"a\nb": ("row 7 missing from index a\nb",)})),
        ("wrong # of entries in index i", TableCheck(damaged={"i": ("wrong # of entries in index i",)})),
        (
            "index i for row 7 stores an imprecise floating-point value for row 9",
            TableCheck(
                damaged={"i for row 7": ("index i for row 7 stores an imprecise floating-point value for row 9",)}
            ),
        ),
        (
            "rowid not at end-of-record for row 3 of index i",
            TableCheck(damaged={"i": ("rowid not at end-of-record for row 3 of index i",)}),
        ),
        ("non-unique entry in index i", TableCheck(not_unique={"i": ("non-unique entry in index i",)})),
        ("NULL value in t.a", TableCheck(in_rows=("NULL value in t.a",))),
        ("CHECK constraint failed in t", TableCheck(in_rows=("CHECK constraint failed in t",))),
        ("TEXT value in t.a", TableCheck(in_rows=("TEXT value in t.a",))),
        ("non-INTEGER value in t.a", TableCheck(in_rows=("non-INTEGER value in t.a",))),
        ("row 7 missing from index of_another", TableCheck(in_pages=("row 7 missing from index of_another",))),
        (
            "Tree 5 page 9 cell 0: Rowid 3 out of order",
            TableCheck(in_pages=("Tree 5 page 9 cell 0: Rowid 3 out of order",)),
        ),
        ("a sentence of the future", TableCheck(in_pages=("a sentence of the future",))),
    ],
)
def test_a_sentence_is_sorted(message: str, check: TableCheck) -> None:
    assert read_messages([message], INDEXES) == check


@pytest.mark.parametrize("name", ["2024_orders", "0x1f", "-5", "+1"])
def test_a_table_whose_name_begins_like_a_number_is_not_blamed_for_the_faults_of_others(
    connect: Connect, target: TargetFile, name: str
) -> None:
    for table in (name, "other"):
        target.run(f'CREATE TABLE "{table}"(a, b)', f'CREATE INDEX "{table} i" ON "{table}"(a)').fill(
            f'"{table}"', 9, "n", "-n"
        )
    target.redefine("other i", 'CREATE INDEX "other i" ON "other"(b)')
    session = connect(target.path)
    table = find_table(session, name)
    assert table is not None
    assert check_table(session, table) == TableCheck(), display(name)
    target.redefine(f"{name} i", f'CREATE INDEX "{name} i" ON "{name}"(b)')
    session = connect(target.path)
    assert set(check_table(session, table).damaged) == {f"{name} i"}
