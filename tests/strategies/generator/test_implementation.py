"""All templates, types of targets and hostile names: what is generated can be read, names what is there, and passes its own tests."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from strategies import capabilities, registry
from strategies.generator import python
from strategies.generator.definition import Definition
from strategies.generator.implementation import Implementation, generate, remarks
from strategies.plans import Locks
from strategies.plsql.scripts import Place, statements
from strategies.registrations import Registration
from tests.long import IS_ALL
from tests.oracle import grammar, own, plsql
from tests.oracle.recorder import Recorder
from tests.servers import newest_server, start_server
from tests.strategies.generator.defined import EVERY, KNOWN, LIBRARY, NAMES, TEXTS, definition
from tests.strategies.platforms.test_changes import CONCERNS, built

ROOT = Path(__file__).parents[3]
LARGEST = {one.type: one for one in sorted(EVERY, key=lambda one: len(one.operations))}  # of each template
# What takes a second each: one of each template, which together have all operations; with `--all` one of each name.
SOME = [*({one.name: one for one in EVERY} if IS_ALL else LARGEST).values()]
WHOLE = definition(
    {
        "name": "NEW_STRATEGY", "type": "MAINTENANCE", "category": "DATABASE", "description": "My new maintenance strategy",
        "targets": "TABLE,INDEX", "operations": "ANALYZE,REBUILD,OPTIMIZE", "jobs": "MAINTENANCE,ANALYSIS",
    }
)  # fmt: skip


_MADE: dict[str, Implementation] = {}


def made(one: Definition) -> Implementation:
    """Once for each: most tests go through them all."""
    if one.digest not in _MADE:
        _MADE[one.digest] = generate(one, LIBRARY)
    return _MADE[one.digest]


def test_every_name_and_text_is_among_them() -> None:
    assert {one.name for one in EVERY} == set(NAMES)
    assert {one.description for one in EVERY} == set(TEXTS)
    assert {one.type for one in EVERY} == set(LIBRARY.templates)
    assert {name for one in EVERY for name in one.operations} == set(LIBRARY.operations)


_OPEN = re.compile(
    r"\b(?:TODO|FIXME|XXX|TBD|NotImplemented\w*)\b|^\s*(?:pass|NULL;)\s*$|#\{|\{\{|\{%|^%%|[ \t]$", re.MULTILINE
)


def test_nothing_is_left_to_do_and_nothing_is_left_open() -> None:
    for one in EVERY:
        text = "\n".join(made(one).files.values()).replace(one.description, "x") if one.description != TEXTS[3] else ""
        assert not _OPEN.search(text), one


def test_the_same_definition_gives_the_same_files() -> None:
    again = definition(json.loads(json.dumps(WHOLE.as_json())))
    assert again.digest == WHOLE.digest
    assert generate(again, LIBRARY).files == generate(WHOLE, LIBRARY).files


def test_the_package_can_be_read_and_names_what_is_there(statements_for_oracle: Recorder) -> None:
    """Held to grammar and names, each text once that differs by more than the strategy's name."""
    seen = set()
    for one in EVERY:
        found = [
            statement.replace(f"{one.name.lower()}_pkg", "own_pkg").replace(one.digest, "")
            for path, text in made(one).files.items()
            if path.startswith("plsql/")
            for statement in units(text)
        ]
        specification = (
            made(one).files[f"plsql/{one.name.lower()}_pkg.sql"].replace(f"{one.name.lower()}_pkg", "own_pkg")
        )
        packages = {**own.packages(), "UT": _UT, "OWN_PKG": plsql.package(specification)}
        for statement in found:
            if (text := statement.replace(one.name, "N")) in seen:
                continue
            seen.add(text)
            assert plsql.faults(statement, packages, own.tables(Place.TARGET)) == [], one
            assert not grammar.own_faults(statement)
            statements_for_oracle.seen(statement)


_UT = plsql.package(
    "CREATE OR REPLACE PACKAGE ut AS\n FUNCTION expect(p_actual IN VARCHAR2) RETURN ut_expectation;\nEND ut;"
)


def units(script: str) -> list[str]:
    return [one for one in statements(script) if one.startswith("CREATE OR REPLACE")]


def test_scripts_for_sqlplus_hold_nothing_that_it_takes_amiss() -> None:
    """It breaks at long lines, goes on behind a hyphen, and sends what stands before a lone slash."""
    for one in EVERY:
        for path, text in made(one).files.items():
            for line in text.splitlines() if path.endswith(".sql") else ():
                assert len(line.encode()) < 2400, path
                assert not line.rstrip().endswith("-"), f"{path} of {one.name}: {line}"
                assert not line.startswith("@") or path == "plsql/deploy.sql", path
                assert line.strip() != "/" or path.startswith("plsql/"), path


def test_the_registration_is_one_that_can_be_deployed() -> None:
    for one in EVERY:
        found = Registration.read(json.loads(json.dumps(made(one).registration)))
        assert found.name == one.name
        assert len(found.jobs) == len(one.jobs)
        assert found.package is not None
        assert found.package.name == f"{one.name}_PKG"


def renamed(one: Definition, name: str) -> Definition:
    return definition({**one.as_json(), "name": name})


def write(one: Definition, folder: Path) -> Path:
    for path, text in made(one).files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each name once, with whatever came with it."""
    folder = tmp_path_factory.mktemp("generated")
    for number, one in enumerate(EVERY):
        write(one, folder / f"s{number}")
    return folder


def run(*arguments: object, folder: Path, env: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_the_python_is_written_as_our_own_is(written: Path) -> None:
    for path in written.glob("*/python"):
        ast.parse(next(path.glob("src/*/__init__.py")).read_text(encoding="utf-8"))
        told = tomllib.loads((path / "pyproject.toml").read_text(encoding="utf-8"))
        assert list(told["project"]["entry-points"]) == ["maintenance_portal.strategies"]
    run("-m", "ruff", "check", "--no-cache", ".", folder=written)
    run("-m", "ruff", "format", "--no-cache", "--check", ".", folder=written)


def test_the_python_has_the_types_that_it_says(tmp_path: Path) -> None:
    """One for each template, all in one call: most of its time goes into the libraries."""
    paths = []
    for name, one in LARGEST.items():
        folder = write(renamed(one, f"TYPED_{name}"), tmp_path / name) / "python"
        paths += [*folder.glob("src/*"), *folder.glob("tests/*.py")]
    places = ":".join(map(str, (ROOT, *tmp_path.glob("*/python/src"), *tmp_path.glob("*/python/tests"))))
    run(
        "-m", "mypy", "--strict", "--config-file=", "--cache-dir", tmp_path / "cache", "--follow-imports=silent",
        "--explicit-package-bases", *paths, folder=ROOT, env={**os.environ, "MYPYPATH": places},
    )  # fmt: skip


def own_tests(folder: Path, server: str) -> None:
    """All of these strategies' tests in one process: most of its time goes into the libraries."""
    src = ":".join(map(str, (*folder.glob("*/python/src"), ROOT)))
    env = {**os.environ, "PYTHONPATH": src, "STRATEGY_TEST_POSTGRESQL": server}
    env = {name: value for name, value in env.items() if not name.startswith("PYTEST")}
    found = sorted(folder.glob("*/python/tests"))
    run(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        found[0].parent / "pyproject.toml",
        *found,
        folder=folder,
        env=env,
    )


def test_its_own_tests_pass_on_sqlite_and_postgresql(tmp_path: Path) -> None:
    for one in SOME:
        write(one if IS_ALL else renamed(one, f"OWN_{one.type}"), tmp_path / one.digest)
    with start_server(newest_server()) as running:
        own_tests(tmp_path, running.url("postgres", "postgres"))


def test_every_operation_says_what_it_does_wherever_the_portal_can_do_it() -> None:
    for operation in LIBRARY.operations.values():
        able = {name for name in registry.platforms() if registry.supports(name, operation.python.routine)}
        assert set(operation.python.platforms) == able, operation.operation_type
        for platform in ("sqlite", "postgresql"):
            assert operation.python.platforms[platform].example is not None, f"{operation.operation_type} on {platform}"


def test_the_runbook_names_the_rights_that_the_code_asks_for() -> None:
    """What is granted on an object stands there by the object, behind those of its kind."""
    for one in SOME:
        runbook = made(one).files["docs/runbook.md"].replace("\\", "")
        routines = {LIBRARY.operations[name].python.routine for name in one.operations}
        rights = {
            part
            for platform in registry.platforms()
            for capability in capabilities.capabilities(platform)
            if capability.strategy in routines
            for right in capability.rights
            for part in right.privilege.split("; ")
        }
        assert {name for name in rights if (name.partition(" ON ")[2] or name) not in runbook} == set()


@pytest.mark.parametrize("routine", [routine for platform, routine in CONCERNS if platform == "oracle"])
def test_what_is_said_of_oracle_is_no_less_than_what_steps_say(routine: str) -> None:
    """Held to a step of each concern; on the others the strategy's own tests hold it to what happened."""
    steps = built("oracle", routine)
    order = [*Locks]
    for operation in LIBRARY.operations.values():
        if operation.python.routine == routine:
            said = operation.python.platforms["oracle"]
            for step in steps:
                assert order.index(step.locks) <= order.index(said.locks), step
                assert step.is_destructive <= said.is_destructive, step
                assert step.is_reversible <= said.is_reversible, step


def test_the_manual_page_of_the_code_is_the_manual(tmp_path: Path) -> None:
    for one in SOME:
        manual = made(one).files["docs/manual.md"]
        for section in python.sections(one, python.operations(one, LIBRARY), LIBRARY):
            assert f"## {section}" in manual
    assert KNOWN.taken


def test_a_job_that_has_to_be_completed_before_it_can_run_is_named() -> None:
    values = {
        "name": "OLD_ROWS", "type": "CLEANUP", "category": "DATABASE", "description": "Old rows.", "targets": "TABLE",
        "operations": "CLEANUP",
        "jobs": [{"name": "NIGHTLY", "type": "CLEANUP"}],
    }  # fmt: skip
    assert remarks(definition(values), LIBRARY) == [
        "Job NIGHTLY works on one table: name it as its object, or the job is set aside.",
        "Job NIGHTLY needs age_column: give it as a parameter, in its configuration or in its row.",
    ]
    named = {
        **values,
        "jobs": [{"name": "NIGHTLY", "type": "CLEANUP", "target_object": "orders"}],
        "parameters": {"age_column": "at"},
    }
    assert remarks(definition(named), LIBRARY) == []
    assert remarks(WHOLE, LIBRARY) == []
