"""On the real Oracle server that ORACLE_TEST_URL names: each item of the trial by itself, and a whole run of each strategy."""

from __future__ import annotations

import os
import secrets as randomness
from collections.abc import Iterator

import pytest

from maintenance_portal.management.commands.oracle_smoke import every_item, other_portal
from strategies import reference_rows
from strategies.generator import in_oracle
from strategies.generator.definition import Definition
from strategies.generator.implementation import generate
from strategies.platforms.oracle.platform import PLATFORM
from strategies.platforms.oracle.smoke import ground, packages
from strategies.platforms.oracle.smoke.items import Item, State
from strategies.platforms.oracle.smoke.running import result_of
from strategies.platforms.oracle.smoke.stage import Stage
from strategies.plsql.scripts import GENERATOR, Place
from tests.strategies.generator.defined import KNOWN, LIBRARY, definition
from tests.strategies.platforms.oracle.smoke.runs import RUNS, run_through_the_portal

URL, PASSWORD = os.environ.get("ORACLE_TEST_URL", ""), "ORACLE_TEST_PASSWORD"
if not URL:
    pytest.skip("ORACLE_TEST_URL is not set: nothing is tried on a real Oracle server", allow_module_level=True)

pytestmark = [pytest.mark.oracle, pytest.mark.timeout(2400)]
WHOLE = Stage(PLATFORM, PLATFORM.address(URL), os.environ.get(PASSWORD), token=randomness.token_hex(4))
PORTAL = other_portal(WHOLE)


@pytest.fixture(scope="module")
def whole_stage() -> Iterator[Stage]:
    try:
        assert ground.survey(WHOLE) == []
        yield WHOLE
    finally:
        PORTAL.close()
        WHOLE.leave()
    assert WHOLE.left == []


@pytest.fixture
def stage(whole_stage: Stage) -> Iterator[Stage]:
    yield whole_stage
    whole_stage.clear()


@pytest.mark.parametrize("item", every_item(PORTAL), ids=lambda item: item.name)
def test_an_item_of_the_trial(item: Item, stage: Stage) -> None:
    result = result_of(item, stage)
    if result.state is State.NOT_APPLICABLE:
        pytest.skip(result.words)
    assert result.state is State.PASSED, result.words


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("strategy", RUNS)
def test_a_whole_run_through_the_portal(strategy: str, stage: Stage) -> None:
    run_through_the_portal(strategy, stage, f"env:{PASSWORD}")


def whole(strategy_type: str, description: str) -> Definition:
    """A strategy of this type with all that its template offers, as the package puts one together of a call that names no more."""
    template = LIBRARY.templates[strategy_type]
    types = dict.fromkeys(
        word for name in template.operations for word in sorted(LIBRARY.operations[name].target_types)
    )
    return definition(
        {
            "name": "TIDY", "type": strategy_type, "category": "DATABASE", "description": description, "targets": list(types),
            "operations": list(template.operations),
        }
    )  # fmt: skip


def test_the_generator_in_the_database_writes_what_pythons_does(stage: Stage) -> None:
    """Every text with its digest, of each template with all that it offers; and it names the faults of a definition."""
    packages.install(stage, in_oracle.units(Place.TARGET, KNOWN, reference_rows.OPERATION_TYPES))
    generator = packages.renamed(stage, GENERATOR.lower())

    def asked(expression: str) -> str:
        block = f"BEGIN OPEN :answer FOR SELECT {generator}.{expression} AS text FROM dual; END;"
        (row,) = stage.session.cursor_rows(block, {}, most=1)
        return str(row["text"])

    def wanted(one: Definition, *paths: str) -> str:
        files = generate(one, LIBRARY).files
        return packages.renamed(stage, "".join(files[path] for path in paths))

    for kind in LIBRARY.templates:
        one = whole(kind, 'Größe; it\'s a "test" \\ 😀')
        told = one.description.replace("'", "''")
        page = asked(f"generate_documentation('TIDY', '{kind}', '{told}', NULL)")
        assert page == wanted(one, "docs/package.md")
        one = whole(kind, "Generated without a description.")
        assert asked(f"generate_package_spec('TIDY', '{kind}', NULL)") == wanted(one, "plsql/tidy_pkg.sql")
        assert asked(f"generate_package_body('TIDY', '{kind}', NULL)") == wanted(one, "plsql/tidy_pkg_body.sql")
        assert asked("generate_deployment_script('TIDY')") == wanted(one, "plsql/deploy.sql")
        assert asked("generate_rollback_script('TIDY')") == wanted(one, "plsql/rollback.sql")
    for kind in LIBRARY.templates:  # registered only now, since the registry's description counts from here on
        stage.session.alter(
            f"BEGIN {packages.logger(stage)}.register_strategy('TIDY', '{kind}', 'Tidy up.', 'DATABASE'); END;"
        )
        tests = wanted(whole(kind, "Tidy up."), "plsql/test_tidy_pkg.sql", "plsql/test_tidy_pkg_body.sql")
        assert asked("generate_test_scripts('TIDY', NULL)") == tests
    block = (
        f"BEGIN OPEN :answer FOR SELECT f.field, f.reason FROM TABLE({generator}.get_definition_faults("
        "'SELECT', 'DANCE', NULL, 'A B', 'TABLE,TABLE', 'DANCE', 'DANCING')) f; END;"
    )
    fields = [str(row["field"]) for row in stage.session.cursor_rows(block, {}, most=20)]
    parts = "strategy_name strategy_type category description target_types operation_types job_types".split()
    assert fields == [f"p_{part}" for part in parts]
