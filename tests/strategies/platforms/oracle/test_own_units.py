"""Installing the packages into a schema: what is sent, what is not ours and stays, what does not compile."""

from __future__ import annotations

from typing import Any

import pytest

from strategies.platforms.base import PlatformError
from strategies.platforms.oracle.own_units import OwnUnits
from strategies.platforms.packages import DoesNotCompile, Work
from strategies.plsql.scripts import GENERATOR, LOGGER, Place, Unit, columns, generator, units
from tests.strategies.platforms.oracle.test_session import a_session, sent
from tests.strategies.platforms.oracle.transport import Connection, oracle_error
from tests.strategies.platforms.oracle.views import asked

own_units = OwnUnits()
RIGHTS = [{"PRIVILEGE": f"CREATE {thing}"} for thing in ("TABLE", "SEQUENCE", "TRIGGER", "PROCEDURE")]
SESSION = [{"ACCOUNT": "PORTAL"}]
CODE = [unit for unit in units(Place.TARGET) if unit.is_code]


def there(*units_: Unit, is_ours: int = 1, status: str = "VALID") -> list[dict[str, Any]]:
    return [
        {"KIND": unit.kind, "NAME": unit.name, "STATUS": status, "IS_OURS": is_ours}
        for unit in units_
        if unit.kind != "COMMENT"
    ]


def all_columns(*, without: str = "") -> list[dict[str, str]]:
    return [
        {"TABLE_NAME": unit.name, "COLUMN_NAME": name}
        for unit in units(Place.TARGET)
        if unit.kind == "TABLE"
        for name in columns(unit)
        if name != without
    ]


def schema(**answers: Any) -> Connection:
    return Connection({"facts_session": SESSION, "system_privileges": RIGHTS, **answers})


def test_into_an_empty_schema_everything_goes_in_its_order() -> None:
    connection = schema()
    work = own_units.to_install(a_session(connection), Place.TARGET)
    assert (work.units, work.refusals) == (units(Place.TARGET), ())
    own_units.send(a_session(connection), work)
    made = [statement for statement in sent(connection) if statement.startswith(("CREATE", "COMMENT"))]
    assert made == [unit.statement for unit in units(Place.TARGET)]


def test_what_is_there_already_is_compiled_anew_and_no_table_is_touched() -> None:
    connection = schema(own_units=there(*units(Place.TARGET)), own_columns=all_columns())
    work = own_units.to_install(a_session(connection), Place.TARGET)
    assert (list(work.units), work.refusals) == (CODE, ())


def test_beside_the_portals_tables_only_code_is_made() -> None:
    tables = [{"KIND": "TABLE", "NAME": "GENERIC_OPERATION_LOG", "STATUS": "VALID", "IS_OURS": 0}]
    work = own_units.to_install(a_session(schema(own_units=tables)), Place.PORTAL)
    assert (work.units, work.refusals) == (units(Place.PORTAL), ())
    assert {unit.kind for unit in work.units} == {"PACKAGE", "PACKAGE BODY"}
    empty = own_units.to_install(a_session(schema()), Place.PORTAL)
    assert "have them made first (migrate)" in empty.refusals[0]


def test_an_installation_that_was_cut_off_goes_on() -> None:
    """Between a table and its comment, or between a table and its indexes."""
    tables = [unit for unit in units(Place.TARGET) if unit.kind == "TABLE"]
    last = there(tables[-1], is_ours=0)
    connection = schema(own_units=[*there(*tables[:-1]), *last], own_columns=all_columns())
    work = own_units.to_install(a_session(connection), Place.TARGET)
    assert work.refusals == ()
    assert [(unit.kind, unit.name) for unit in work.units if not unit.is_code] == [
        ("COMMENT", "GENERIC_OPERATION_LOG"), ("INDEX", "GENERIC_OPERATION_LOG_TIME"), ("INDEX", "GENERIC_OPERATION_LOG_CHANGE"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"own_units": there(*units(Place.TARGET)[:1], is_ours=0)}, "TABLE GENERIC_STRATEGY_TYPES is there and not ours"),
        ({"own_units": there(*CODE[1:3], is_ours=0)}, "PACKAGE GENERIC_LOG_STORE_PKG is there and not ours"),
        ({"system_privileges": RIGHTS[:3]}, "The account lacks CREATE PROCEDURE"),
        ({"own_units": there(*units(Place.TARGET)), "own_columns": all_columns(without="CHANGED_AT")},
         "TABLE GENERIC_OPERATION_LOG is there without CHANGED_AT"),
    ],
)  # fmt: skip
def test_what_stands_against_it_is_said_and_nothing_is_sent(answers: dict[str, Any], words: str) -> None:
    connection = schema(**answers)
    session = a_session(connection)
    work = own_units.to_install(session, Place.TARGET)
    assert any(words in refusal for refusal in work.refusals), work.refusals
    before = len(connection.sent)
    with pytest.raises(ValueError, match=r"ours|lacks|without"):
        own_units.send(session, work)
    assert len(connection.sent) == before


def test_what_does_not_compile_fails_with_the_lines_of_the_database() -> None:
    error = {
        "KIND": "PACKAGE BODY",
        "NAME": LOGGER,
        "LINE": 7,
        "POSITION": 3,
        "TEXT": "PLS-00201: identifier\n must be declared",
    }
    connection = schema(own_compile_errors=[error] * 25)
    with pytest.raises(DoesNotCompile) as refusal:
        own_units.send(a_session(connection), own_units.to_install(a_session(schema()), Place.TARGET))
    first, *_, last = refusal.value.errors
    assert first == f"PACKAGE BODY {LOGGER}, line 7: PLS-00201: identifier must be declared"
    assert last == "and 5 more"


def test_a_refusal_of_the_database_ends_it() -> None:
    connection = schema(**{"~CREATE TABLE generic_log_policy": oracle_error(1031, "insufficient privileges")})
    session = a_session(connection)
    with pytest.raises(PlatformError, match="ORA-01031"):
        own_units.send(session, own_units.to_install(session, Place.TARGET))
    assert not any(statement.startswith("CREATE OR REPLACE PACKAGE") for statement in connection.sent)


def test_only_what_is_ours_is_removed() -> None:
    mine, others = (
        there(*units(Place.TARGET)),
        there(Unit("TABLE", "GENERIC_SCHEDULE_TYPES", ""), Unit("PACKAGE", "GENERIC_MY_PKG", "")),
    )
    foreign = there(Unit("PACKAGE", LOGGER, ""), is_ours=0)
    found = own_units.to_remove(a_session(schema(own_units=[*mine, *others])), Place.TARGET)
    assert [unit.statement for unit in found.units] == [
        'DROP PACKAGE "GENERIC_LOG_STORE_PKG"', f'DROP PACKAGE "{LOGGER}"', 'DROP TABLE "GENERIC_LOG_POLICY" PURGE',
        'DROP TABLE "GENERIC_OPERATION_LOG" PURGE', 'DROP TABLE "GENERIC_STRATEGY_TYPES" PURGE',
    ]  # fmt: skip
    beside = own_units.to_remove(a_session(schema(own_units=mine)), Place.PORTAL)
    assert {unit.kind for unit in beside.units} == {"PACKAGE"}
    assert own_units.to_remove(a_session(schema(own_units=foreign)), Place.TARGET) == Work(())


def test_the_generator_goes_behind_the_rest_and_its_rows_go_anew_each_time() -> None:
    """Its tables stay where they are there; all of it is removed with the rest."""
    rows = Unit("ROWS", "GENERIC_GENERATOR_WORDS", "BEGIN\n    DELETE FROM generic_generator_words;\nEND;")
    for place in Place:
        made = generator(place)
        tables = [unit for unit in made if unit.kind == "TABLE"]
        here = [
            *all_columns(),
            *({"TABLE_NAME": unit.name, "COLUMN_NAME": name} for unit in tables for name in columns(unit)),
        ]
        of_the_log = Unit("TABLE", "GENERIC_OPERATION_LOG", "")
        first = schema(own_units=there(of_the_log), own_columns=all_columns())
        work = own_units.to_install(a_session(first), place, (*made, rows))
        assert (work.units[-len(made) - 1 :], work.refusals) == ((*made, rows), ())
        again = schema(own_units=there(of_the_log, *units(place), *made), own_columns=here)
        work = own_units.to_install(a_session(again), place, (*made, rows))
        left = [unit for unit in (*units(place), *made) if unit.is_code]
        assert (list(work.units), work.refusals) == ([*left, rows], ())
        without = [row for row in here if row["COLUMN_NAME"] != "DEFAULT_JSON"]
        old = schema(own_units=there(of_the_log, *units(place), *made), own_columns=without)
        refusals = own_units.to_install(a_session(old), place, made).refusals
        assert ["TABLE GENERIC_GENERATOR_SETTINGS is there without DEFAULT_JSON" in one for one in refusals] == [True]
        gone = {unit.name for unit in own_units.to_remove(a_session(again), place).units}
        assert {unit.name for unit in made if unit.kind in ("TABLE", "PACKAGE")} <= gone


def test_the_mark_in_the_dictionary_is_what_makes_it_ours() -> None:
    objects = [
        {"object_name": GENERATOR, "object_type": "PACKAGE", "status": "VALID"},
        {"object_name": "GENERIC_LOG_STORE_PKG", "object_type": "PACKAGE", "status": "VALID"},
        {"object_name": "GENERIC_OPERATION_LOG", "object_type": "TABLE", "status": "VALID"},
        {"object_name": "GENERIC_LOG_POLICY", "object_type": "TABLE", "status": "VALID"},
        {"object_name": "OTHER", "object_type": "TABLE", "status": "VALID"},
    ]
    rows = asked(
        "own_units",
        {
            "user_objects": objects,
            "user_source": [{"name": "GENERIC_LOG_STORE_PKG", "type": "PACKAGE", "line": 2, "text": "-- maintenance-portal: x"}],
            "user_tab_comments": [{"table_name": "GENERIC_OPERATION_LOG", "comments": "maintenance-portal: y"},
                                  {"table_name": "GENERIC_LOG_POLICY", "comments": "of the maintenance-portal"}],
        },
    )  # fmt: skip
    assert {row["name"]: row["is_ours"] for row in rows} == {
        "GENERIC_LOG_STORE_PKG": 1, "GENERIC_OPERATION_LOG": 1, "GENERIC_LOG_POLICY": 0, GENERATOR: 0,
    }  # fmt: skip
