"""The examples of the documents as an Oracle would get them: they can be read, and name nothing that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from strategies.plsql import scripts
from strategies.plsql.scripts import Place
from tests.oracle import grammar, own, plsql
from tests.oracle.recorder import Recorder

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "docs" / "examples"
FILES = sorted(path.name for path in EXAMPLES.glob("*.sql"))
# What the documents of the framework show, and where it stands.
CALLS = {
    "register_strategies_oracle.sql": ("'MY_STRATEGY'", "'BACKUP_MAINTENANCE'", "'ARCHIVE_MAINTENANCE'"),
    "my_strategy_pkg.sql": ("PACKAGE my_strategy_pkg", "PACKAGE BODY my_strategy_pkg"),
    "index_maintenance_strategy.sql": ("PACKAGE index_maintenance_pkg", "PACKAGE BODY index_maintenance_pkg"),
    "reports_oracle.sql": (
        "get_operation_log", "get_performance_summary", "get_error_summary", "get_strategy_statistics", "get_performance_trends",
    ),
    "configure_strategy.sql": ("INTO generic_strategy_config",),
    "schedule_job.sql": ("'EXECUTE_MAINTENANCE'",),
    "backup_job.sql": ("'DAILY_BACKUP'",),
    "archive_job.sql": ("'MONTHLY_ARCHIVE'",),
    "diagnose.sql": ("FROM generic_strategy_types", "FROM generic_maintenance_jobs", "status = 'ERROR'"),
    "diagnose_oracle.sql": ("SYSDATE - 1",),
    "install.sql": ("@generic_maintenance.sql",),
    "generate_strategy.sql": ("generate_strategy_implementation", "p_output_directory  => '/tmp/new_strategy'"),
}  # fmt: skip


def statements(name: str) -> list[str]:
    return [one for one in scripts.statements((EXAMPLES / name).read_text()) if not one.lstrip().startswith("@")]


def packages(name: str) -> dict[str, plsql.Package]:
    """Ours, and those that the file makes itself."""
    made = [
        plsql.package(one)
        for one in statements(name)
        if one.startswith("CREATE OR REPLACE PACKAGE ") and "BODY" not in one[:40]
    ]
    return {**own.packages(), **{package.name: package for package in made}}


@pytest.mark.parametrize("name", FILES)
def test_an_example_can_be_read_and_names_what_is_there(name: str, statements_for_oracle: Recorder) -> None:
    for statement in statements(name):
        assert plsql.faults(statement, packages(name), own.tables(Place.PORTAL)) == [], name
        assert not grammar.own_faults(statement), name
        statements_for_oracle.seen(statement)


def test_each_example_of_the_framework_is_there() -> None:
    assert set(FILES) - CALLS.keys() == {"register_strategy.sql"}  # ours: the registration without the package
    for name, texts in CALLS.items():
        found = (EXAMPLES / name).read_text()
        assert [text for text in texts if text not in found] == [], name


def test_nothing_in_them_is_left_to_do() -> None:
    for name in FILES:
        assert "TODO" not in (EXAMPLES / name).read_text()


@pytest.mark.parametrize("name", ["my_strategy_pkg.sql", "index_maintenance_strategy.sql"])
def test_a_package_of_a_strategy_has_what_the_portal_calls(name: str) -> None:
    made = packages(name)
    (package,) = [package for key, package in made.items() if key not in own.packages()]
    signatures = {one.name: (one.kind, one.parameters) for one in package.subprograms.values()}
    assert signatures == {
        "EXECUTE_STRATEGY": ("PROCEDURE", ("P_TARGET_OBJECT", "P_PARAMETERS")),
        "VALIDATE_TARGET": ("FUNCTION", ("P_TARGET_OBJECT",)),
        "GET_STRATEGY_STATUS": ("FUNCTION", ("P_TARGET_OBJECT",)),
    }


SEEDED = {
    "a column": ("index_maintenance_strategy.sql", "i.table_name = v_object", "i.tab_name = v_object"),
    "a variable": ("my_strategy_pkg.sql", "v_found = 1", "v_count = 1"),
    "a parameter of the logger": ("index_maintenance_strategy.sql", "p_objects_affected => 1", "p_objects => 1"),
    "a function of the logger": ("reports_oracle.sql", "get_error_summary", "get_errors"),
    "a parameter of a report": ("reports_oracle.sql", "p_days_back", "p_days"),
    "a parameter of Oracle's": ("my_strategy_pkg.sql", "tabname =>", "tablename =>"),
    "whose tables": ("my_strategy_pkg.sql", "ownname => SYS_CONTEXT('USERENV', 'CURRENT_USER')", "ownname => USER"),
    "a table of the framework": ("diagnose.sql", "generic_operation_log", "generic_operations"),
    "a column of a job": ("index_maintenance_strategy.sql", "target_type, job_parameters", "target_type, parameters"),
}  # fmt: skip


@pytest.mark.parametrize("name", SEEDED)
def test_each_seeded_mistake_is_found(name: str) -> None:
    file, good, bad = SEEDED[name]
    assert any(good in one for one in statements(file))
    found = [
        fault
        for one in statements(file)
        for fault in plsql.faults(one.replace(good, bad), packages(file), own.tables(Place.PORTAL))
    ]
    assert found
