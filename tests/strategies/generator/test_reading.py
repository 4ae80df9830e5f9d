"""Definitions of strategies: what is wrong with one is named, field by field, all at once."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strategies import reference_rows, registry
from strategies.generator.definition import Definition, DefinitionRefused, Known
from strategies.generator.library import library
from strategies.generator.reading import read

KNOWN = Known(
    library(),
    [word for words in reference_rows.TARGET_TYPES.values() for word in words],
    reference_rows.JOB_TYPES,
    list(registry.routines()),
)
GOOD: dict[str, Any] = {
    "name": "NIGHTLY_TIDY",
    "type": "MAINTENANCE",
    "category": "DATABASE",
    "description": "Statistics and indexes of the shop.",
    "targets": ["TABLE", "INDEX"],
    "operations": ["ANALYZE", "REBUILD"],
    "jobs": [
        {"name": "STATISTICS", "type": "ANALYSIS", "schedule_type": "DAILY", "schedule_value": "02:00", "operations": ["ANALYZE"]},
        {"name": "INDEXES", "type": "MAINTENANCE", "target_type": "INDEX", "operations": ["REBUILD"], "depends_on": ["STATISTICS"]},
    ],
    "parameters": {"stale_percent": 20.0},
}  # fmt: skip


def definition(values: object) -> Definition:
    return read(values, KNOWN)


def faults(values: object) -> dict[str, str]:
    with pytest.raises(DefinitionRefused) as refusal:
        read(values, KNOWN)
    return {fault.field: fault.reason for fault in refusal.value.faults}


def changed(path: str, value: object) -> dict[str, Any]:
    """GOOD with another value at a place like `jobs.0.name`."""
    values = copy.deepcopy(GOOD)
    *way, last = path.split(".")
    place: Any = values
    for part in way:
        place = place[int(part) if part.isdigit() else part]
    place[int(last) if last.isdigit() else last] = value
    return values


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


def test_a_definition_reads_as_it_is_written_however_it_was_typed() -> None:
    found = definition(GOOD)
    assert (found.name, found.operations, found.jobs[1].depends_on) == (
        "NIGHTLY_TIDY",
        ("ANALYZE", "REBUILD"),
        ("STATISTICS",),
    )
    assert definition(found.as_json()) == found
    typed = {
        **GOOD,
        "name": " nightly_tidy ",
        "type": "maintenance",
        "targets": "table, index",
        "operations": "ANALYZE,REBUILD",
    }
    assert definition(typed) == found
    assert definition(typed).digest == found.digest
    assert definition(changed("description", "Another.")).digest != found.digest


def test_a_job_may_be_its_type_alone_and_takes_the_rest_from_its_template() -> None:
    (job,) = definition({**GOOD, "jobs": "MAINTENANCE"}).jobs
    assert (job.name, job.type, job.schedule_type, job.schedule_value) == (
        "MAINTENANCE",
        "MAINTENANCE",
        "WEEKLY",
        "SUNDAY 02:00",
    )
    assert (job.target_object, job.target_type, job.operations) == ("ALL", "TABLE", ())
    assert definition(without("jobs")).jobs == ()


WRONG: list[tuple[str, object, str, str]] = [
    # name
    *(("name", value, "name", words) for value, words in (
        (None, "missing"), ("", "missing"), ("   ", "missing"), (5, "a number"), (True, "true or false"), (["A"], "a list"),
        ({}, "an object"), ("1ST", "no name"), ("_A", "no name"), ("A-B", "no name"), ("A B", "no name"), ("A.B", "no name"),
        ("A;DROP TABLE X", "no name"), ("A'B", "no name"), ('A"B', "no name"), ("A/*", "no name"), ("É", "no name"),
        ("ΑΒΓ", "no name"), ("A\nB", "line break"), ("A\x00B", "cannot be seen"), ("A\u202eB", "cannot be seen"),
        ("A\u200bB", "cannot be seen"), ("Ａ", "no name"), ("A" * 51, "51 characters"), ("SELECT", "reserved word of Oracle"),
        ("table", "reserved word of Oracle"), ("NESTED_TABLE_ID", "reserved word of Oracle"), ("LAMBDA", "reserved word of Python"),
        ("async", "reserved word of Python"), ("GENERIC_MAINTENANCE_LOGGER", "package of the framework"),
        ("STRATEGY_IMPLEMENTATION_GENERATOR", "package of the framework"), ("INDEX_MAINTENANCE", "of the portal itself"),
        ("statistics_maintenance", "of the portal itself"), ("SYS_TIDY", "Oracle's own"), ("../../etc", "no name"),
        ("A${X}", "no name"), ("{{ A }}", "no name"), ("&A", "no name"),
    )),
    # type, category, description
    *(("type", value, "type", words) for value, words in (
        (None, "missing"), ("DANCE", "no template"), (7, "a number"), (["MAINTENANCE"], "a list"), ("X" * 101, "101 characters"),
    )),
    *(("category", value, "category", words) for value, words in (
        (None, "missing"), ("A B", "no name"), ("C" * 31, "31 characters"), (1.5, "a number"), ("'", "no name"),
    )),
    *(("description", value, "description", words) for value, words in (
        (None, "missing"), ("x" * 201, "201 characters"), ("two\nlines", "line break"),
        (["x"], "a list"), ("\x1b[31m", "cannot be seen"),
    )),
    # lists
    *(("targets", value, place, words) for value, place, words in (
        (None, "targets", "missing"), ([], "targets", "missing"), ("", "targets", "missing"), (",,", "targets", "missing"),
        (5, "targets", "a number"), ({"TABLE": 1}, "targets", "an object"), (["TABLE", "TABLE", "INDEX"], "targets[1]", "twice"),
        (["TABLE", "INDEX", "SERVER"], "targets[2]", "no type of target"), (["TABLE", "INDEX", None], "targets[2]", "missing"),
        (["TABLE", "INDEX", ["X"]], "targets[2]", "a list"),
        (["TABLE", "INDEX", "ROLE"], "targets", "None of the operations works on ROLE"),
    )),
    ("targets", ["TABLE"], "operations", "REBUILD works on INDEX"),
    *(("operations", value, place, words) for value, place, words in (
        (None, "operations", "missing"), ([], "operations", "missing"), (3.5, "operations", "a number"),
        (["ANALYZE", "REBUILD", "DANCE"], "operations[2]", "no operation that can be generated"),
        (["ANALYZE", "REBUILD", "analyze"], "operations[2]", "twice"),
        (["ANALYZE", "REBUILD", "ARCHIVE"], "operations", "does not offer"),
        (["ANALYZE", "REBUILD", {}], "operations[2]", "an object"), (["VALIDATE"], "targets", "None of the operations works on INDEX"),
    )),
    # jobs
    *(("jobs", value, place, words) for value, place, words in (
        (5, "jobs", "a number"), ({"name": "A"}, "jobs", "an object"), ([5], "jobs[0]", "a number"), ([None], "jobs[0]", "NoneType"),
        ([[]], "jobs[0]", "a list"), ([{}], "jobs[0].name", "missing"), (["DANCING"], "jobs[0].type", "no type of job"),
        (["ANALYSIS", "ANALYSIS"], "jobs[1].name", "is the name of jobs[0]"), (["ANALYSIS"] * 51, "jobs", "50 is the most"),
    )),
    *((f"jobs.0.{field}", value, f"jobs[0].{field}", words) for field, value, words in (
        ("name", "A B", "no name"), ("name", "J" * 129, "129 characters"), ("name", 5, "a number"), ("name", "x\ty", "cannot be seen"),
        ("type", "DANCING", "no type of job"), ("type", 5, "a number"), ("schedule_type", "HOURLY", "no meaning"),
        ("schedule_type", 5, "a number"), ("schedule_value", "25:00", "time of day"), ("schedule_value", "MONDAY 02:00", "no day"),
        ("schedule_value", 2, "a number"), ("schedule_value", "1" * 101, "101 characters"),
        ("schedule_timezone", "Mars/Base", "no time zone"),
        ("target_object", "", "missing"), ("target_object", "T" * 129, "129 characters"), ("target_object", "A\nB", "line break"),
        ("target_type", "ROLE", "no target of the definition"), ("target_type", 1, "a number"), ("operations", 5, "a number"),
        ("depends_on", 5, "a number"), ("owner", "me", "not part of a job"),
    )),
    ("jobs.0.operations", ["VALIDATE"], "jobs[0].operations[0]", "no operation of the definition"),
    ("jobs.0.depends_on", ["NOBODY"], "jobs[0].depends_on", "no job of this definition"),
    ("jobs.0.depends_on", ["a b"], "jobs[0].depends_on[0]", "no name"),
    ("jobs.0.depends_on", ["STATISTICS"], "jobs[0].depends_on", "STATISTICS → STATISTICS"),
    ("jobs.0.depends_on", ["INDEXES"], "jobs[0].depends_on", "STATISTICS → INDEXES → STATISTICS"),
    # parameters, and what is no part of a definition
    *(("parameters", value, place, words) for value, place, words in (
        (5, "parameters", "a number"), ([], "parameters", "a list"), ({"x": 1}, "parameters.x", "no parameter"),
        ({"stale_percent": "20"}, "parameters.stale_percent", "valid number"),
        ({"stale_percent": 0}, "parameters.stale_percent", "greater"),
        ({"stale_percent": 1e9}, "parameters.stale_percent", "less"), ({"stale_rows": 2.5}, "parameters.stale_rows", "valid integer"),
        ({"stale_rows": True}, "parameters.stale_rows", "valid integer"), ({"stale_rows": 10**30}, "parameters.stale_rows", "less"),
        ({"stale_percent": float("nan")}, "parameters.stale_percent", "less"), ({"stale_rows": None}, "parameters.stale_rows", "valid"),
    )),
    ("owner", "me", "owner", "not part of a definition"),
    ("x\ny", 1, "x·y", "not part of a definition"),
]  # fmt: skip


def test_there_are_a_hundred_wrong_definitions() -> None:
    assert len(WRONG) >= 100


@pytest.mark.parametrize(("path", "value", "place", "words"), WRONG)
def test_what_is_wrong_is_named_with_its_place(path: str, value: object, place: str, words: str) -> None:
    values = {**GOOD, path: value} if "\n" in path else changed(path, value)
    found = faults(values)
    assert words in found[place]


@pytest.mark.parametrize("values", [None, 5, "x", [], [GOOD], True])
def test_what_is_no_definition_at_all_is_refused(values: object) -> None:
    assert list(faults(values)) == ["definition"]


@pytest.mark.parametrize("name", ["name", "type", "category", "description", "targets", "operations"])
def test_what_is_needed_and_left_out_is_named(name: str) -> None:
    assert "missing" in faults(without(name))[name]


def test_all_faults_are_named_at_once() -> None:
    """The wrong values of many fields together bring what each of them brings alone."""
    together: dict[str, Any] = {
        "name": "SELECT", "type": "DANCE", "category": "A B", "description": "two\nlines", "targets": ["TABLE", "SERVER"],
        "operations": ["ANALYZE", "DANCE"], "jobs": [5, {"name": "A B", "schedule_value": "25:00", "x": 1},
        {"name": "A", "depends_on": "A"}],
        "parameters": {"stale_percent": "x", "y": 1}, "owner": "me",
    }  # fmt: skip
    assert set(faults(together)) == {
        "owner", "name", "type", "category", "description", "targets[1]", "operations[1]", "jobs[0]", "jobs[1].x", "jobs[1].name",
        "jobs[1].type", "jobs[2].type", "jobs[2].depends_on", "parameters.stale_percent", "parameters.y", "jobs[1].schedule_value",
    }  # fmt: skip


def test_a_long_circle_is_told_once() -> None:
    names = [f"J{number}" for number in range(20)]
    jobs = [{"name": name, "type": "ANALYSIS", "depends_on": names[number - 1]} for number, name in enumerate(names)]
    found = faults({**GOOD, "jobs": jobs})
    assert list(found) == ["jobs[0].depends_on"]
    assert found["jobs[0].depends_on"].count("→") == 20


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from([*GOOD, "x"]), _JSON),
    st.dictionaries(st.sampled_from([*GOOD["jobs"][0], "depends_on"]), _JSON),
)
def test_whatever_is_typed_is_read_or_refused(values: Mapping[str, Any], job: Mapping[str, Any]) -> None:
    """And what is refused says so in lines that can be shown."""
    for typed in (values, {**GOOD, **values}, {**GOOD, "jobs": [{**GOOD["jobs"][0], **job}]}):
        try:
            found = definition(typed)
        except DefinitionRefused as refusal:
            told = list(refusal.faults)
        else:
            told = []
            assert definition(json.loads(json.dumps(found.as_json()))) == found
        assert all("\n" not in fault.field and fault.reason for fault in told)


@pytest.mark.parametrize("value", ["x'\n/\nDROP TABLE orders;\n--", "a\0b", "a\u2028b", "tab\there", "x" * 1001])
def test_a_text_that_would_leave_its_line_is_refused(value: str) -> None:
    cleanup = {
        **GOOD,
        "type": "CLEANUP",
        "targets": ["TABLE"],
        "operations": ["CLEANUP"],
        "jobs": [],
        "parameters": {"age_column": value},
    }
    assert set(faults(cleanup)) == {"parameters.age_column"}


def test_a_job_waits_for_another_once() -> None:
    jobs = [{"name": "A", "type": "MAINTENANCE"}, {"name": "B", "type": "MAINTENANCE", "depends_on": ["A", "a"]}]
    assert faults({**GOOD, "jobs": jobs}) == {"jobs[1].depends_on[1]": "A stands here twice."}


def test_of_very_many_faults_the_first_are_named() -> None:
    with pytest.raises(DefinitionRefused) as refusal:
        read({**GOOD, "parameters": {f"p{number}": 1 for number in range(5000)}}, KNOWN)
    assert len(refusal.value.faults) == 101
    assert str(refusal.value.faults[-1]) == "definition: has more faults than these 100; mend these first."


@pytest.mark.parametrize("words", [["X"] * 101, ",".join(["X"] * 70_000)])
def test_a_list_without_end_is_refused_as_a_whole(words: object) -> None:
    assert faults({**GOOD, "targets": words})["targets"].startswith("has more than 100 parts.")
