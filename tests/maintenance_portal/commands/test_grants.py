"""`manage.py grants`: a script to read and run, and nothing that was mistyped goes unnoticed."""

from __future__ import annotations

import pytest

from tests.maintenance_portal.commands.conftest import command


def test_the_script_has_the_capabilities_that_were_asked_for_in_their_order() -> None:
    said = command(
        "grants", "oracle", "--capability", "statistics_maintenance", "--capability", "Monitoring", "--user", "keeper"
    )
    assert said.code == 0
    assert [line for line in said.out.splitlines() if line.startswith("REM ===")] == [
        "REM === monitoring: Monitoring", "REM === statistics_maintenance: Statistics maintenance",
    ]  # fmt: skip
    assert 'GRANT ANALYZE ANY TO "KEEPER";' in said.out
    assert 'REM GRANT ALTER SYSTEM TO "KEEPER";' in said.out
    assert "ALTER ANY INDEX" not in said.out


def test_optional_rights_are_statements_where_that_is_asked_for() -> None:
    said = command("grants", "oracle", "--capability", "monitoring", "--optional")
    assert '\nGRANT ALTER SYSTEM TO "PORTAL";' in said.out


def test_json_holds_each_right_with_its_grant() -> None:
    answer = command("grants", "postgresql", "--capability", "index_maintenance", "--user", 'a"b', "--json").answer
    assert answer["user"] == 'a"b'
    (capability,) = answer["capabilities"]
    rights = {right["privilege"]: right for right in capability["rights"]}
    assert rights["CONNECT"]["grant"] == 'GRANT CONNECT ON DATABASE :"DBNAME" TO "a""b";'
    assert rights["pg_read_all_data"]["is_optional"]
    assert not rights["MAINTAIN ON ALL TABLES"]["is_optional"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("mysql",), "PLATFORM: 'mysql' is not one of oracle, postgresql, sqlite"),
        (("sqlite",), "PLATFORM: SQLite has no accounts"),
        (
            ("oracle", "--capability", "indexing"),
            "--capability: 'indexing' is not one of monitoring, ",
        ),
        (("oracle", "--user", "a.b"), "--user: a.b is no name of an account"),
        (("postgresql", "--user", "a\nb"), "--user: An account whose name has a line break"),
    ],
)
def test_what_cannot_be_is_refused_with_the_argument(words: tuple[str, ...], told: str) -> None:
    said = command("grants", *words)
    assert (said.code, said.out) == (2, "")
    assert told in said.err
