"""Definitions as text: JSON and YAML mean the same, odd ones are refused with their place, and nothing but plain values comes out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from strategies.generator.definition import DefinitionRefused
from strategies.generator.reading import read
from strategies.generator.texts import DEEPEST, LONGEST, read_text, values_as_json, values_as_yaml
from tests.strategies.generator.defined import EVERY, KNOWN

YAML = """
# a remark
name: NIGHTLY_TIDY
type: maintenance
targets: [TABLE, INDEX]
operations: ANALYZE, REBUILD
parameters: {stale_percent: 12.5, stale_rows: 1000}
jobs:
  - name: NIGHTLY
    type: MAINTENANCE
    schedule_type: DAILY
    schedule_value: 12:30
    depends_on: []
"""


def test_yaml_and_json_mean_the_same() -> None:
    found = read_text(YAML)
    assert found == read_text(json.dumps(found))
    assert isinstance(found, dict)
    assert found["jobs"][0]["schedule_value"] == "12:30", "a time of day is no number of seconds"
    assert found["parameters"] == {"stale_percent": 12.5, "stale_rows": 1000}


@pytest.mark.parametrize(
    "word", ["no", "yes", "on", "off", "y", "2026-11-29", "1_000", "0x10", "0o7", "1:30", ".inf", ".nan"]
)
def test_a_word_stays_a_word(word: str) -> None:
    assert read_text(f"name: {word}") == {"name": word}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is missing."),
        (" \n", "is missing."),
        ("x" * (LONGEST + 1), "characters; "),
        ("{", "cannot be read as JSON, line 1, column 2"),
        ('{"name": 1, "name": 2}', "names name twice."),
        ('{"stale_percent": NaN}', "holds NaN, which is no number."),
        ('{"stale_percent": 1e999}', "holds a number that is too large."),
        ("name: [", "cannot be read as YAML, line "),
        ("name: A\nname: B", "cannot be read as YAML, line 2, column 1: name stands there twice."),
        ("? [a]\n: b", "a key is a word"),
        ("a: &x [1]\nb: *x", "aliases are not taken"),
        ("name: !!python/object/apply:os.system ['true']", "line 1, column 7: tags (!) are not taken."),
        ("name: !!binary aGFsbG8=", "tags (!) are not taken."),
        ("name: !!set {a, b}", "tags (!) are not taken."),
        ("!!bool maybe", "tags (!) are not taken."),
        ("!!map [a]", "tags (!) are not taken."),
        ('{"a": ' + "9" * 5000 + "}", "holds a number that is too large."),
        ("a: " + "9" * 30, "holds a number that is too large."),
        ('{"\\ud800": 1}', "holds half a character."),
        ('a: "\\ud800"', "holds half a character."),
        ("a: 1\n--- \nb: 2", "cannot be read as YAML, line 2"),
        ("name: \x00", "cannot be read as YAML"),
        ("[" * (DEEPEST + 3) + "]" * (DEEPEST + 3), "is nested too deeply."),
        ("[" * 90_000 + "]" * 90_000, "is nested too deeply."),
        ("a: " + "[" * 90_000, ""),
    ],
)
def test_an_odd_text_is_refused(text: str, reason: str) -> None:
    with pytest.raises(DefinitionRefused) as refusal:
        read_text(text)
    (fault,) = refusal.value.faults
    assert fault.field == "definition"
    assert reason in fault.reason


def test_a_definition_is_written_so_that_it_is_read_again() -> None:
    for one in EVERY:
        assert read(read_text(values_as_yaml(one.as_json())), KNOWN) == one


ODD = (
    "22:00", "yes", "on", "1e3", "5", "09", "010", "+5", "1.", ".5", "-0", "1.5e3", "0x1F", "1_0", "null", "~", "", " y ", "=", "<<",
    "2026-01-01", "1:30", "true", "a\nb", "é💥", "- a", "# a", "a: b", "{", "[", "*a", "&a", "!a", "@a", "`a", "%a", "'", '"',
)  # fmt: skip


@pytest.mark.parametrize("write", [values_as_json, values_as_yaml])
def test_text_numbers_and_flags_are_read_again_as_what_they_were(write: Callable[[Mapping[str, Any]], str]) -> None:
    values = {"texts": list(ODD), **{f"x{text}": text for text in ODD}, "numbers": [5, 2.0, 1e22, 1e-7, -3, True, None]}
    found = read_text(write(values))
    assert found == values
    assert repr(found) == repr(values), "2.0 is no 2, and true no 1"
    assert write({}) == ""


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read_text(text)
    except DefinitionRefused:
        return
    assert found is None or isinstance(found, str | int | float | bool | list | dict)
    assert not isinstance(found, float) or math.isfinite(found)


def test_the_loader_of_others_is_left_as_it_was() -> None:
    assert yaml.safe_load("a: no") == {"a": False}
