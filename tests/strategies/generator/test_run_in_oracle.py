"""The package of Oracle's side as the interpreter of the tests runs it: the files, digests and faults of Python's generator.

What it is stands in tests/oracle/interpreter.py: no Oracle. Files, and what reads JSON, are played here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from strategies.generator import in_oracle, plsql
from strategies.generator.definition import Definition, DefinitionRefused
from strategies.generator.implementation import generate
from strategies.generator.reading import read
from strategies.plsql.scripts import GENERATOR, Place, generator
from tests.oracle import interpreter, own
from tests.oracle.interpreter import Body
from tests.oracle.reader import Raised
from tests.strategies.generator.defined import KNOWN, LIBRARY, NAMES, TEXTS, served

FIELDS = {
    "name": "p_strategy_name", "type": "p_strategy_type", "description": "p_description", "category": "p_category",
    "targets": "p_target_types", "operations": "p_operation_types", "jobs": "p_job_types",
}  # fmt: skip
JOBS = (None, "MAINTENANCE", "ANALYSIS, optimization", "MAINTENANCE,ANALYSIS,VALIDATION")


class Json:
    """As JSON_ELEMENT_T and those below it are."""

    def __init__(self, of: Any) -> None:
        self.of, self.is_string, self.is_object = of, isinstance(of, str), isinstance(of, dict)

    def get(self, at: int) -> Json:
        return Json(self.of[at])

    def has(self, key: str) -> bool:
        return key in self.of

    def get_string(self, key: Any) -> str | None:
        value = self.of.get(key) if isinstance(self.of, dict) else self.of[key]
        return None if value in (None, "") else str(value)

    def get_object(self, key: str) -> Json | None:
        return Json(self.of[key]) if isinstance(self.of.get(key), dict) else None

    def get_keys(self) -> list[str] | None:
        return list(self.of) or None

    def get_size(self) -> int:
        return len(self.of)

    def put(self, key: str, value: Any) -> None:
        self.of[key] = value.of if isinstance(value, Json) else value

    def append(self, value: Json) -> None:
        self.of.append(value.of)

    def to_clob(self) -> str:
        return json.dumps(self.of)


def parsed(text: str | None, kind: type) -> Json:
    try:
        found = json.loads(text or "")
    except ValueError:
        found = None
    if not isinstance(found, kind):
        raise Raised(-40441, "JSON syntax error")
    return Json(found)


class Run:
    """The package on tables that hold the library, with a directory that takes its files."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.logged: list[tuple[Any, ...]] = []
        self.added: list[tuple[Any, ...]] = []
        self.most = 100  # files that fit
        self.tables = interpreter.database()
        for table, rows in in_oracle.rows(KNOWN).items():
            self._make(table, *(tuple(row.items()) for row in rows))
        for column, words in (("target_type", KNOWN.target_types), ("job_type", KNOWN.job_types)):
            self._make(f"generic_{column}s", *(((column, word), ("is_active", "Y")) for word in words))
        registered = (
            ("strategy_name", "KNOWN"),
            ("strategy_type", "VALIDATION"),
            ("category", "SHOP"),
            ("description", "Told."),
        )
        self._make("generic_strategy_types", registered)
        self._make("all_directories", (("directory_name", "NEW_STRATEGY"), ("directory_path", "/tmp/new_strategy")))
        given = {
            "WORD_TAB": lambda *words: list(words), "FAULT_TAB": list,
            "JSON_ARRAY_T": lambda: Json([]), "JSON_OBJECT_T": lambda: Json({}), "JSON_ARRAY_T.PARSE": lambda text: parsed(text, list),
            "JSON_OBJECT_T.PARSE": lambda text: parsed(text, dict), "TREAT": lambda value: value,
            "GENERIC_GENERATOR_STORE_PKG.ADD_JOB": lambda *values: self.added.append(values),
            "GENERIC_GENERATOR_STORE_PKG.ADD_CONFIGURATION": lambda *values: self.added.append(values),
            "UTL_FILE.FREMOVE": lambda directory, file: self.files.pop(file),
            "IS_THERE": lambda directory, file: file in self.files, "WRITE_FILE": self._write,
            "GENERIC_MAINTENANCE_LOGGER_PKG.LOG_OPERATION": lambda *values: self.logged.append(values),
        }  # fmt: skip
        (specification,) = [
            unit.statement for unit in generator(Place.TARGET) if (unit.kind, unit.name) == ("PACKAGE", GENERATOR)
        ]
        self.body = Body(specification, own.body_of(GENERATOR, Place.TARGET), self.tables, given)

    def _make(self, table: str, *rows: tuple[tuple[str, Any], ...]) -> None:
        columns = [name for name, _ in rows[0]]
        self.tables.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        places = ", ".join("?" * len(columns))
        self.tables.executemany(f"INSERT INTO {table} VALUES ({places})", [[value for _, value in row] for row in rows])

    def _write(self, directory: str, file: str, text: str) -> None:
        assert directory == "NEW_STRATEGY"
        self.files[file] = text
        if len(self.files) > self.most:
            raise Raised(-29285, "file write error")

    def generate(self, values: dict[str, str | None], directory: str = "/tmp/new_strategy/") -> dict[str, str]:
        self.files.clear()
        self.body.call("GENERATE_STRATEGY_IMPLEMENTATION", *(values[key] for key in FIELDS), directory)
        return dict(self.files)

    def faults(self, values: dict[str, str | None]) -> list[tuple[str, str]]:
        found = self.body.call("GET_DEFINITION_FAULTS", *(values[key] for key in FIELDS))
        return [(fault.field, fault.reason) for fault in found or ()]


@pytest.fixture(scope="module")
def run() -> Run:
    return Run()


def typed() -> Iterator[dict[str, str | None]]:
    """Templates × targets × names, as calls have them: parameters are the defaults, jobs are their types."""
    number = 0
    for strategy_type in LIBRARY.templates:
        for targets in served(LIBRARY, strategy_type):
            offered = LIBRARY.templates[strategy_type].operations
            able = [name for name in offered if not LIBRARY.operations[name].target_types.isdisjoint(targets)]
            for name in NAMES:
                words = [*able[number % len(able) :], *able[: number % len(able)]][: 1 + number % len(able)]
                types = {word for one in words for word in LIBRARY.operations[one].target_types}
                yield {
                    "name": name.lower(), "type": strategy_type, "description": TEXTS[number % len(TEXTS)], "category": "database",
                    "targets": " ,\n\t".join(one for one in targets if one in types), "operations": ",".join(words) + ",",
                    "jobs": JOBS[number % len(JOBS)],
                }  # fmt: skip
                number += 1


def in_python(values: dict[str, str | None]) -> Definition:
    return read(values, KNOWN)


def test_every_file_is_pythons_and_so_is_the_digest(run: Run) -> None:
    for values in list(typed())[::5]:
        one, found = in_python(values), run.generate(values)
        made = generate(one, LIBRARY).files
        for path in plsql.masters(LIBRARY):
            whole = path.replace("#{package}", plsql.package_name(one))
            base = whole.rpartition("/")[2]
            name = base if "#{package}" in path else f"{one.name.lower()}_{base}"
            assert found.pop(name) == made[whole], (values, path)
        ((name, text),) = found.items()
        assert name == f"{one.name.lower()}_definition.json"
        assert text == json.dumps(one.as_json(), sort_keys=True) + "\n"
    assert run.logged[-1][0] == one.name


WRONG: list[tuple[str | None, ...]] = [
    (None,) * 7,
    ("SELECT", "DANCE", None, "A B", "TABLE,TABLE,INDEX", "DANCE,ANALYZE,REBUILD,analyze", "DANCING"),
    ("A\u200bB", "MAINTENANCE", "x\ny", "D" * 31, "TABLE", "REBUILD", "ANALYSIS"),
    ("INDEX_MAINTENANCE", "VALIDATION", "ok", "DATABASE", "TABLE,INDEX", "ANALYZE", None),
    ("SYS_X", "MAINTENANCE", "x" * 201, "É", "TABLE", "ANALYZE", ",".join(["ANALYSIS"] * 51)),
    ("1A", "X" * 101, "tag \U000e0041", "_", "TABLE,ROLE", "ANALYZE", None),
    ("LAMBDA", "validation", "\x7f", "A-B", ",,", "VALIDATE,,", "VALIDATION"),
    ("FINE", "MAINTENANCE", "Größe \\ ☃ 😀", "SHOP", "TABLE", "ANALYZE", "ANALYSIS"),
]


@pytest.mark.parametrize("values", WRONG)
def test_what_is_wrong_is_what_python_says_all_at_once(values: tuple[str | None, ...], run: Run) -> None:
    """But for the number of a word in its list, and for the order of lists that both tell."""
    given = dict(zip(FIELDS, values, strict=True))
    wanted = []
    try:
        in_python(given)
    except DefinitionRefused as refusal:
        wanted = [
            (FIELDS[fault.field.partition("[")[0]], fault.reason.partition(" these are:")[0])
            for fault in refusal.faults
        ]
    found = [(field, reason.partition(" these are:")[0]) for field, reason in run.faults(given)]
    assert found == wanted
    if wanted:
        with pytest.raises(Raised) as refused:
            run.generate(given)
        assert refused.value.args[0] == -20001
        assert all(f"{field}: {reason}" in refused.value.args[1] for field, reason in found)
        assert run.files == {}


def test_a_word_that_is_a_job_twice_is_named(run: Run) -> None:
    values = {**next(typed()), "jobs": "ANALYSIS,ANALYSIS"}
    assert run.faults(values) == [("p_job_types", "ANALYSIS stands here twice.")]


def test_many_faults_are_told_within_the_length_of_an_error(run: Run) -> None:
    with pytest.raises(Raised) as refused:
        run.generate({**next(typed()), "jobs": ",".join(f"J{number}" for number in range(50))})
    text = refused.value.args[1]
    assert len(text.encode()) <= 2048
    told = text.count("is no type of job")
    assert text.endswith(f"\nand {50 - told} more.")


def test_a_definition_that_is_too_long_to_be_digested_is_refused(run: Run) -> None:
    values = {**next(typed()), "description": "😀" * 200, "jobs": ",".join(KNOWN.job_types)}
    assert in_python(values).name == "A"
    ((field, reason),) = run.faults(values)
    assert (field, "4000 is the most" in reason) == ("p_description", True)


@pytest.mark.parametrize(
    ("directory", "is_known"),
    [("NEW_STRATEGY", True), ("new_strategy", True), ("/tmp/new_strategy", True), ("/tmp/new_strategy//", True), ("/tmp", False),
     ("/tmp/new_strategy/..", False), ("", False), (None, False)],
)  # fmt: skip
def test_the_directory_is_an_object_or_exactly_the_path_of_one(directory: str | None, is_known: bool, run: Run) -> None:
    values = next(typed())
    if is_known:
        assert len(run.generate(values, directory)) == len(plsql.masters(LIBRARY)) + 1  # type: ignore[arg-type]
        return
    with pytest.raises(Raised, match="neither a directory object that CURRENT_USER may use nor the path of one"):
        run.generate(values, directory)  # type: ignore[arg-type]
    assert run.files == {}


def test_a_file_that_is_there_is_not_replaced(run: Run) -> None:
    values = next(typed())
    call = ("GENERATE_STRATEGY_IMPLEMENTATION", *(values[key] for key in FIELDS), "NEW_STRATEGY")
    run.files.clear()
    run.files["a_deploy.sql"] = "mine"
    with pytest.raises(Raised) as refused:
        run.body.call(*call)
    assert refused.value.args[1] == "p_output_directory: a_deploy.sql is there already; no file is replaced."
    assert run.files == {"a_deploy.sql": "mine"}


def test_single_texts_are_those_of_the_whole(run: Run) -> None:
    """Of all that a template offers, of some of it, and with what the registry says."""
    for asked in (None, "[]", '["ANALYZE", "REBUILD"]'):
        names = json.loads(asked or "[]") or LIBRARY.templates["MAINTENANCE"].operations
        types = dict.fromkeys(word for name in names for word in sorted(LIBRARY.operations[name].target_types))
        one = read(
            {"name": "TIDY", "type": "MAINTENANCE", "category": "DATABASE", "description": "Generated without a description.",
             "targets": list(types), "operations": list(names)},
            KNOWN,
        )  # fmt: skip
        files = generate(one, LIBRARY).files
        assert run.body.call("GENERATE_PACKAGE_SPEC", "TIDY", "MAINTENANCE", asked) == files["plsql/tidy_pkg.sql"]
        assert run.body.call("GENERATE_PACKAGE_BODY", "TIDY", "MAINTENANCE", asked) == files["plsql/tidy_pkg_body.sql"]
        assert run.body.call("VALIDATE_STRATEGY_DEFINITION", "TIDY", "MAINTENANCE", asked) is True
    assert run.body.call("VALIDATE_STRATEGY_DEFINITION", "TIDY", "VALIDATION", '["REBUILD"]') is False
    assert run.body.call("GENERATE_ROLLBACK_SCRIPT", "TIDY") == files["plsql/rollback.sql"]
    assert run.body.call("GENERATE_DEPLOYMENT_SCRIPT", "TIDY") == files["plsql/deploy.sql"]
    needing = run.body.call("GENERATE_DEPLOYMENT_SCRIPT", "TIDY", '["orders_pkg"]')
    assert needing.endswith(files["plsql/deploy.sql"])
    assert "o.object_name = 'ORDERS_PKG'" in needing
    with pytest.raises(Raised, match="is no name"):
        run.body.call("GENERATE_DEPLOYMENT_SCRIPT", "TIDY", '["x\'; DROP"]')
    values = {
        "name": "KNOWN",
        "type": "VALIDATION",
        "category": "SHOP",
        "description": "Told.",
        "targets": "TABLE,INDEX",
        "operations": "VALIDATE,ANALYZE",
    }
    files = generate(read(values, KNOWN), LIBRARY).files
    tests = files["plsql/test_known_pkg.sql"] + files["plsql/test_known_pkg_body.sql"]
    assert run.body.call("GENERATE_TEST_SCRIPTS", "KNOWN", None) == tests
    assert run.body.call("GENERATE_DOCUMENTATION", "KNOWN", "VALIDATION", None, None) == files["docs/package.md"]
    with pytest.raises(Raised, match="No strategy of this name is registered"):
        run.body.call("GENERATE_TEST_SCRIPTS", "TIDY", None)


def test_where_a_file_cannot_be_written_none_stays_and_the_log_says_so(run: Run) -> None:
    run.most = 4
    try:
        with pytest.raises(Raised, match="file write error"):
            run.generate(next(typed()))
    finally:
        run.most = 100
    assert run.files == {}
    assert "Nothing was generated." in run.logged[-1]


def test_operations_that_are_no_array_of_texts_are_named(run: Run) -> None:
    for given, words in (
        ("{}", "is no array of JSON."),
        ("[", "is no array of JSON."),
        ("[1]", "holds what is no text."),
    ):
        with pytest.raises(Raised) as refused:
            run.body.call("GENERATE_PACKAGE_SPEC", "TIDY", "MAINTENANCE", given)
        assert refused.value.args[1].startswith(f"p_operations: {words}")


JOB = {
    "job_name": "nightly",
    "job_type": "analysis",
    "schedule_type": "daily",
    "target_object": "ALL",
    "target_type": "table",
}


def test_jobs_are_added_once_all_of_them_could_be_read(run: Run) -> None:
    whole = {**JOB, "schedule_value": "03:00", "schedule_timezone": "Europe/Berlin", "job_parameters": {"a": 1}}
    run.added.clear()
    run.body.call("GENERATE_MAINTENANCE_JOBS", "KNOWN", json.dumps([JOB, whole]))
    assert run.added == [
        ("KNOWN", "nightly", "ANALYSIS", "DAILY", None, "UTC", "ALL", "TABLE", None),
        ("KNOWN", "nightly", "ANALYSIS", "DAILY", "03:00", "Europe/Berlin", "ALL", "TABLE", '{"a": 1}'),
    ]
    wrong = [JOB, {**JOB, "job_type": "DANCE", "schedule_value": "x" * 101, "owner": "me", "job_parameters": 5}, {}, 7]
    run.added.clear()
    with pytest.raises(Raised) as refused:
        run.body.call("GENERATE_MAINTENANCE_JOBS", "NOBODY", json.dumps(wrong))
    told = [line.partition(": ")[0] for line in refused.value.args[1].splitlines()]
    at = "p_job_definitions"
    assert told == [
        "p_strategy_name", f"{at}[1]", f"{at}[1].job_type", f"{at}[1].schedule_value", f"{at}[1].job_parameters", f"{at}[2].job_name",
        f"{at}[2].job_type", f"{at}[2].schedule_type", f"{at}[2].target_object", f"{at}[2].target_type", f"{at}[3]",
    ]  # fmt: skip
    assert run.added == []


def test_a_configuration_is_added_or_refused_with_all_that_is_wrong(run: Run) -> None:
    run.added.clear()
    run.body.call("GENERATE_STRATEGY_CONFIG", "KNOWN", "VALIDATION", "ORDERS", "table", '{"a": 1}', "0 2 * * *")
    assert run.added == [("KNOWN", "VALIDATION", "ORDERS", "TABLE", '{"a": 1}', "0 2 * * *")]
    with pytest.raises(Raised) as refused:
        run.body.call("GENERATE_STRATEGY_CONFIG", "NOBODY", "x" * 21, None, "SERVER", "[]", "x" * 201)
    told = [line.partition(": ")[0] for line in refused.value.args[1].splitlines()]
    assert told == [
        "p_strategy_type", "p_target_object", "p_target_type", "p_strategy_config", "p_strategy_name", "p_schedule_expression",
    ]  # fmt: skip
    assert len(run.added) == 1


def test_words_are_added_to_the_lists_of_the_registry_and_none_twice() -> None:
    run = Run()
    run.tables.execute("ALTER TABLE generic_target_types ADD COLUMN description")
    lists = json.dumps({"target_types": {"queue": "What waits.", "TABLE": "Another meaning."}})
    run.body.call("GENERATE_LOOKUP_DATA", "KNOWN", lists)
    run.body.call("GENERATE_LOOKUP_DATA", "KNOWN", lists)
    found = run.tables.execute(
        "SELECT target_type, description FROM generic_target_types WHERE target_type IN ('QUEUE', 'TABLE')"
    )
    assert sorted(found) == [("QUEUE", "What waits."), ("TABLE", None)]
    with pytest.raises(Raised) as refused:
        run.body.call(
            "GENERATE_LOOKUP_DATA", "KNOWN", json.dumps({"target_types": {"A B": ""}, "colours": {}, "job_types": 5})
        )
    told = [line.partition(": ")[0] for line in refused.value.args[1].splitlines()]
    assert told == [
        "p_lookup_definitions.target_types", "p_lookup_definitions.target_types.A B", "p_lookup_definitions.colours",
        "p_lookup_definitions.job_types",
    ]  # fmt: skip


@pytest.mark.parametrize("strategy_type", LIBRARY.templates)
def test_a_template_is_told_as_json_with_the_bounds_of_its_parameters(strategy_type: str, run: Run) -> None:
    template = LIBRARY.templates[strategy_type]
    found = json.loads(run.body.call("GET_STRATEGY_TEMPLATE", strategy_type.lower()))
    assert (found["strategy_type"], found["title"], found["when_to_use"]) == (
        strategy_type,
        template.title,
        template.when_to_use,
    )
    assert found["job"] == {
        "job_type": template.job_type, "schedule_type": template.schedule_type, "schedule_value": template.schedule_value,
    }  # fmt: skip
    assert {one["operation_type"]: one["target_types"] for one in found["operations"]} == {
        name: sorted(LIBRARY.operations[name].target_types) for name in template.operations
    }
    settings = LIBRARY.settings(template.operations)
    assert {one["name"]: one["default"] for one in found["parameters"]} == {
        name: setting.field.default for name, setting in settings.items()
    }
    for one in found["parameters"]:
        if settings[one["name"]].type in (int, float):
            assert (one["least"], one["most"]) == settings[one["name"]].bounds
    with pytest.raises(Raised, match="p_strategy_type: DANCE is no template"):
        run.body.call("GET_STRATEGY_TEMPLATE", "DANCE")
