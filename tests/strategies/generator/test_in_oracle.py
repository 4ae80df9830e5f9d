"""The generator inside Oracle: its tables hold what Python's generates from, its package has the calls of the framework's.

No PL/SQL runs here. What the package computes is held to Python's by the texts of which both are made; a real server is asked in
tests/test_on_oracle.py.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from pathlib import Path

import pytest

from strategies import reference_rows
from strategies.generator import in_oracle, plsql
from strategies.generator.definition import LONGEST, MOST_JOBS, DefinitionRefused, Known
from strategies.generator.implementation import generate
from strategies.generator.library import Library
from strategies.generator.masters import MasterBroken, fill
from strategies.generator.reading import read
from strategies.generator.words import why_reserved
from strategies.plsql.scripts import GENERATOR, MARK, Place, Unit, example, generator, script, statements
from strategies.unseen import is_unseen
from tests.oracle import grammar, own
from tests.oracle import plsql as checks
from tests.oracle.recorder import Recorder
from tests.strategies.generator.defined import KNOWN, LIBRARY, TEXTS, every

UNITS = {place: in_oracle.units(place, KNOWN, reference_rows.OPERATION_TYPES) for place in Place}
LOADS = [(place, unit) for place in Place for unit in UNITS[place] if unit.kind == "ROWS"]
ROWS = in_oracle.rows(KNOWN)
BODY = own.body_of(GENERATOR, Place.TARGET)
_LITERAL = re.compile(r"(?:TO_CHAR\(UNISTR\('(?P<coded>(?:[^']|'')*)'\)\))|'(?P<plain>(?:[^']|'')*)'")


def named(value: Place | Unit) -> str:
    return value.value if isinstance(value, Place) else value.name


def meant(expression: str) -> str:
    """The text that literals in a row mean, as Oracle reads them."""
    found = []
    for one in _LITERAL.finditer(expression):
        text = (one["plain"] if one["coded"] is None else one["coded"]).replace("''", "'")
        if one["coded"] is not None:
            assert not re.sub(r"\\(\\|[0-9A-F]{4})", "", text).count("\\")
            units = re.sub(r"\\(\\|[0-9A-F]{4})", lambda unit: "\\" if unit[1] == "\\" else chr(int(unit[1], 16)), text)
            text = units.encode("utf-16-be", "surrogatepass").decode("utf-16-be")
        found.append(text)
    return "".join(found)


def loaded(statement: str) -> list[dict[str, str | None]]:
    """The rows that a block inserts, each value as text; what a CLOB is put together from included."""
    found, text = list[dict[str, str | None]](), ""
    for one in re.split(r"(?<=;)\n", statement):
        if (appended := re.match(r"\s*v_text := v_text \|\| (.*)CHR\(10\);", one, re.S)) is not None:
            text += meant(appended[1]) + "\n"
        elif one.strip() == "v_text := NULL;":
            text = ""
        elif (inserted := re.match(r"\s*INSERT INTO \w+ \(([\w, ]+)\)\s+VALUES \((.*)\);", one, re.S)) is not None:
            values = re.split(r",\n {8}(?!\|)", inserted[2])
            row = zip(inserted[1].split(", "), values, strict=True)
            found.append({name: _value(value, text) for name, value in row})
    return found


def _value(written: str, text: str) -> str | None:
    if written == "v_text":
        return text
    if written == "NULL":
        return None
    return meant(written) if written[0] in "'T" else written


# Rows.


def test_the_masters_in_the_tables_are_those_that_python_fills() -> None:
    (load,) = [unit for unit in UNITS[Place.TARGET] if (unit.kind, unit.name) == ("ROWS", "GENERIC_GENERATOR_MASTERS")]
    found = {row["path"]: row["text"] for row in loaded(load.statement)}
    wanted = plsql.masters(LIBRARY)
    assert list(found) == list(wanted)
    for path, text in wanted.items():
        assert found[path] == text.rstrip("\n") + "\n", path
    for one in list(every())[::9]:
        made = generate(one, LIBRARY).files
        keys, values = plsql.chosen(one, LIBRARY), plsql.tokens(one, LIBRARY)
        for path, text in found.items():
            assert fill(str(text), keys, values).rstrip("\n") + "\n" == made[fill(str(path), (), values)]


@pytest.mark.parametrize("table", ROWS)
def test_each_block_inserts_just_the_rows_of_its_table(table: str) -> None:
    (load,) = [unit for unit in UNITS[Place.PORTAL] if (unit.kind, unit.name) == ("ROWS", table.upper())]
    assert load.statement.count(f"DELETE FROM {table};") == 1
    assert load.statement.endswith("    COMMIT;\nEND;")
    wanted = [
        {
            name: None if value in (None, "") else value if isinstance(value, str) else plsql.shown(value)
            for name, value in row.items()
        }
        for row in ROWS[table]
    ]
    assert wanted
    assert loaded(load.statement) == wanted


def test_each_row_fits_into_its_columns() -> None:
    tables = {unit.name.lower(): unit for unit in generator(Place.PORTAL) if unit.kind == "TABLE"}
    assert set(ROWS) == set(tables)
    for table, rows in ROWS.items():
        widths = dict(re.findall(r"^    (\w+) +(?:VARCHAR2|CHAR)\((\d+) CHAR\)", tables[table].statement, re.M))
        needed = set(re.findall(r"^    (\w+) .*NOT NULL", tables[table].statement, re.M))
        for row in rows:
            assert {name.upper() for name in row} == own.tables(Place.PORTAL)[table.upper()]
            assert [name for name in needed if row[name] in (None, "")] == [], table
            assert [name for name, width in widths.items() if len(str(row[name] or "")) > int(width)] == [], table
            assert all(len(str(row[name] or "").encode()) <= 4000 for name in widths)


def test_the_words_that_are_refused_are_pythons_with_its_reasons() -> None:
    found = {row["word"]: row["reason"] for row in ROWS["generic_generator_words"]}
    for word, reason in found.items():
        refusals = []
        try:
            read({"name": word}, KNOWN)
        except DefinitionRefused as refused:
            refusals = [fault.reason for fault in refused.faults if fault.field == "name"]
        assert reason in refusals or str(word) == "_", word
    assert KNOWN.taken <= found.keys()
    assert why_reserved("GENERIC_GENERATOR_STORE")


def test_the_parts_and_settings_are_those_of_the_library() -> None:
    one = next(one for one in every() if len(one.operations) > 2 and one.targets == ("INDEX", "TABLE"))
    pairs = {(row["operation_type"], row["target_type"]): row["part_key"] for row in ROWS["generic_generator_parts"]}
    found = {key for (operation, target), key in pairs.items() if operation in one.operations and target in one.targets}
    assert found == plsql.chosen(one, LIBRARY)
    tokens = plsql.tokens(one.__class__(**{**one.as_json(), "parameters": {}, "jobs": ()}), LIBRARY)
    for row in ROWS["generic_generator_settings"]:
        if set(str(row["operations"]).split(",")) & set(one.operations):
            assert tokens[f"default:{row['setting_name']}"] == row["default_literal"]
            assert tokens[f"shown:{row['setting_name']}"] == row["default_shown"]
            assert (
                json.loads(str(row["default_json"]))
                == LIBRARY.settings(LIBRARY.operations)[str(row["setting_name"])].field.default
            )


def test_a_part_that_needs_an_object_is_marked() -> None:
    one = LIBRARY.operations["ANALYZE"]
    asked = one.model_copy(
        update={"plsql": tuple(work.model_copy(update={"needs_object": True}) for work in one.plsql)}
    )
    library = Library({**LIBRARY.operations, "ANALYZE": asked}, LIBRARY.templates)
    found = in_oracle.rows(Known(library, KNOWN.target_types, KNOWN.job_types, KNOWN.taken))["generic_generator_parts"]
    assert {row["needs_object"] for row in found if row["operation_type"] == "ANALYZE"} == {"Y"}
    assert {row["needs_object"] for row in found if row["operation_type"] == "REBUILD"} == {"N"}


@pytest.mark.parametrize(
    ("text", "words"), [("#{owner}\n", "no value named owner"), ("%% analyze_table\n", "its last section has no end")]
)
def test_a_master_that_the_package_could_not_fill_is_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "files" / "plsql").mkdir(parents=True)
    (tmp_path / "files" / "plsql" / "deploy.sql").write_text(text, encoding="utf-8")
    with pytest.raises(MasterBroken, match=words):
        in_oracle.rows(KNOWN, (tmp_path,))


# What is sent.


@pytest.mark.parametrize(("place", "unit"), LOADS, ids=named)
def test_each_block_can_be_read_and_names_what_is_there(
    place: Place, unit: Unit, statements_for_oracle: Recorder
) -> None:
    assert checks.faults(unit.statement, own.packages(), own.tables(place)) == []
    assert not grammar.own_faults(unit.statement)
    assert MARK in "\n".join(unit.statement.splitlines()[:5])
    statements_for_oracle.seen(unit.statement)


def test_each_load_stands_behind_its_table_and_before_the_packages() -> None:
    for place in Place:
        turns = [2 if unit.is_code else int(unit.kind == "ROWS") for unit in UNITS[place]]
        assert turns == sorted(turns)
        made = {unit.name for unit in UNITS[place] if unit.kind == "TABLE"}
        assert {unit.name for unit in UNITS[place] if unit.kind == "ROWS"} == made
        assert [unit for unit in UNITS[place] if unit.kind != "ROWS"] == list(generator(place))


def test_words_that_a_target_lacks_are_added_and_none_is_changed() -> None:
    (load,) = [unit for unit in UNITS[Place.TARGET] if (unit.kind, unit.name) == ("ROWS", "GENERIC_JOB_TYPES")]
    assert "DELETE" not in load.statement
    assert "UPDATE" not in load.statement
    for word in reference_rows.JOB_TYPES:
        assert load.statement.count(f"    SELECT '{word}' FROM dual d\n") == 1
        assert f"WHERE t.job_type = '{word}');" in load.statement
    assert not [unit for unit in UNITS[Place.PORTAL] if unit.name == "GENERIC_JOB_TYPES"]


def test_the_script_for_sqlplus_holds_nothing_that_it_takes_amiss() -> None:
    """It breaks at long lines, goes on behind a hyphen, obeys lines that begin with @ or #, and sends at a lone slash."""
    for place in Place:
        whole = script(place, UNITS[place])
        assert whole.isascii()
        for line in whole.splitlines():
            assert len(line) < 2400
            assert not line.rstrip().endswith("-") or line.lstrip().startswith("--"), line
            assert not line.startswith(("@", "#", ".", "!")), line
        sent = statements(whole)
        assert [unit.statement for unit in UNITS[place]] == sent[-1 - len(UNITS[place]) : -1]


@pytest.mark.parametrize(
    "text", [*TEXTS, "x" * 999, "größe " * 150, "😀" * 333, "\\", "'", "it''s \\005C", "é\\", "é \\005C"]
)
def test_a_literal_means_its_text_whatever_stands_in_it(text: str) -> None:
    written = in_oracle.as_literal(text)
    assert meant(written) == text
    assert written.isascii()
    assert all(len(line) < 2400 for line in written.splitlines())
    assert all(len(one[0]) < 4000 for one in _LITERAL.finditer(written))


# The package.

CALLS = {
    "GENERATE_STRATEGY_IMPLEMENTATION": (
        "PROCEDURE", "strategy_name strategy_type description category target_types operation_types job_types output_directory",
    ),
    "GENERATE_STRATEGY_CONFIG": (
        "PROCEDURE", "strategy_name strategy_type target_object target_type strategy_config schedule_expression",
    ),
    "GENERATE_MAINTENANCE_JOBS": ("PROCEDURE", "strategy_name job_definitions"),
    "GENERATE_LOOKUP_DATA": ("PROCEDURE", "strategy_name lookup_definitions"),
    "GENERATE_PACKAGE_SPEC": ("FUNCTION", "strategy_name strategy_type operations"),
    "GENERATE_PACKAGE_BODY": ("FUNCTION", "strategy_name strategy_type operations"),
    "GENERATE_TEST_SCRIPTS": ("FUNCTION", "strategy_name test_scenarios"),
    "GENERATE_DOCUMENTATION": ("FUNCTION", "strategy_name strategy_type description operations"),
    "GENERATE_DEPLOYMENT_SCRIPT": ("FUNCTION", "strategy_name dependencies"),
    "GENERATE_ROLLBACK_SCRIPT": ("FUNCTION", "strategy_name"),
    "VALIDATE_STRATEGY_DEFINITION": ("FUNCTION", "strategy_name strategy_type operations"),
    "GET_STRATEGY_TEMPLATE": ("FUNCTION", "strategy_type"),
}  # fmt: skip


def test_the_calls_are_the_frameworks_by_names_and_order() -> None:
    found = own.packages()[GENERATOR].subprograms
    assert set(found) - set(CALLS) == {"GET_DEFINITION_FAULTS"}  # ours: what a BOOLEAN cannot tell
    for name, (kind, parameters) in CALLS.items():
        assert (found[name].kind, found[name].parameters) == (
            kind,
            tuple(f"P_{one.upper()}" for one in parameters.split()),
        ), name


def region(name: str) -> str:
    return next(one.text for one in checks.regions(BODY) if one.name == name.upper())


def test_a_definition_is_written_with_the_keys_of_python_in_their_order() -> None:
    """What stands between the values is what json.dumps puts there, so that both compute one digest."""
    one = next(one for one in every() if one.jobs and not one.parameters)
    job = json.dumps({**one.as_json()["jobs"][0], "depends_on": []}, sort_keys=True)
    whole = json.dumps({**one.as_json(), "parameters": {}, "jobs": []}, sort_keys=True)
    for name, text in (("json_of_job", job), ("json_of", whole)):
        keys = re.findall(r'"(\w+)": ', "".join(re.findall(r"'((?:[^']|'')*)'", region(name))))
        assert keys == [key for key in json.loads(text)], name  # noqa: C416
        written = "".join(re.findall(r"'((?:[^']|'')*)'", region(name)))
        assert not re.search(r'",? ?"(?! ?\w+": )', written.replace('"parameters": {}, ', ""))
        assert all(f', "{key}": ' in written for key in keys[1:])


def test_what_cannot_be_seen_is_what_python_does_not_take() -> None:
    """As far as the Unicode of this Python knows; what it has no character for may be listed ahead."""
    spans = [(int(first), int(last)) for first, last in re.findall(r"BETWEEN (\d+) AND (\d+)", region("is_unseen"))]
    listed = {code for first, last in spans for code in range(first, last + 1)}
    halves = range(0xD800, 0xE000)  # of characters, which no text of Oracle holds
    unseen = {code for code in range(sys.maxunicode + 1) if is_unseen(chr(code)) and code not in halves}
    assert unseen <= listed
    assert {unicodedata.category(chr(code)) for code in listed - unseen} <= {"Cn", "Mn"}


def test_the_limits_are_pythons() -> None:
    assert f"c_most_jobs  CONSTANT PLS_INTEGER := {MOST_JOBS};" in BODY
    assert f"identifier_of('p_strategy_name', p_value, {LONGEST['name']}, p_faults)" in region("name_of")
    assert f"identifier_of('p_category', p_category, {LONGEST['category']}, p_faults)" in region("definition_of")
    assert f"text_of('p_description', p_description, {LONGEST['description']}, p_faults)" in region("definition_of")


def test_every_token_of_the_masters_is_one_that_the_package_fills() -> None:
    used = {token for text in plsql.masters(LIBRARY).values() for token in re.findall(r"#\{([a-z_]+)", text)}
    filled = set(re.findall(r"'#\{([a-z_]+)", region("with_values")))
    assert used <= filled
    assert filled == {*in_oracle.TOKENS, "default", "shown"}


def test_every_path_that_the_package_asks_for_is_a_master() -> None:
    asked = set(re.findall(r"filled\('([^']+)'", BODY))
    assert asked == set(plsql.masters(LIBRARY))


def test_the_files_of_a_strategy_have_names_that_are_its_own_without_folders() -> None:
    """As file_of puts them together; two strategies in one folder meet in no file."""
    assert "LOWER(p_definition.name) || '_'" in region("file_of")
    paths = [*plsql.masters(LIBRARY), "definition.json"]
    bases = [path.rpartition("/")[2] for path in paths]
    names = [base if "#{package}" in base else f"#{{name}}_{base}" for base in bases]
    assert len(set(names)) == len(names)
    deploy = plsql.masters(LIBRARY)["plsql/deploy.sql"]
    for called in re.findall(r"^@@(.*)$", deploy, re.M):
        assert called in names


def test_the_example_is_a_definition_that_can_be_generated() -> None:
    text = example("generate_strategy")
    given = dict(re.findall(r"p_(\w+) +=> '([^']*)'", text[text.index("BEGIN") :]))
    found = read(
        {
            "name": given["strategy_name"], "type": given["strategy_type"], "description": given["description"],
            "category": given["category"], "targets": given["target_types"], "operations": given["operation_types"],
            "jobs": given["job_types"],
        },
        KNOWN,
    )  # fmt: skip
    assert (found.name, len(found.jobs), given["output_directory"]) == ("NEW_STRATEGY", 2, "/tmp/new_strategy")
    asked = dict(re.findall(r"p_(\w+) +=> '([^']*)'", text[: text.index("BEGIN")]))
    assert asked == {name: value for name, value in given.items() if name != "output_directory"}
