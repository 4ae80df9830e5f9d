"""Masters: sections that stay or go by what was chosen, values that are filled in, and what is broken named."""

from __future__ import annotations

import pytest

from strategies.generator import plsql
from strategies.generator.masters import MasterBroken, fill
from tests.strategies.generator.defined import EVERY, LIBRARY

MASTER = "head #{name}\n%% one\nfirst\n%%\n%% one two\nboth #{name}\n%%\nfoot\n"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((), "head x\nfoot\n"),
        (("one",), "head x\nfirst\nboth x\nfoot\n"),
        (("two",), "head x\nboth x\nfoot\n"),
        (("three",), "head x\nfoot\n"),
    ],
)
def test_a_section_stays_where_any_of_its_parts_is_chosen(parts: tuple[str, ...], expected: str) -> None:
    assert fill(MASTER, parts, {"name": "x"}) == expected


def test_a_value_is_filled_in_as_it_is() -> None:
    assert fill("#{name}", (), {"name": "#{other} %% {{ x }}"}) == "#{other} %% {{ x }}"


@pytest.mark.parametrize(
    ("master", "reason"),
    [
        ("%% one\nx\n", "its last section has no end"),
        ("x\n%%\n", "line 2: a section ends that has not begun"),
        ("%% one\n%% two\n%%\n%%\n", "line 2: a section within another"),
        ("#{nobody}", "there is no value named nobody"),
    ],
)
def test_a_broken_master_is_named(master: str, reason: str) -> None:
    with pytest.raises(MasterBroken, match=reason):
        fill(master, ("one", "two"), {"name": "x"})


def test_every_section_of_our_masters_belongs_to_an_operation() -> None:
    parts = {part for one in EVERY for part in plsql.chosen(one, LIBRARY)}
    named = {
        word
        for text in plsql.masters(LIBRARY).values()
        for line in text.splitlines()
        if line.startswith("%%")
        for word in line.split()[1:]
    }
    assert named == parts
