"""Our own PL/SQL: it can be read, and names nothing that is not there; each seeded mistake in it is found."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from strategies import collecting
from strategies.platforms.oracle.names import oracle_query
from strategies.plsql.scripts import (
    GENERATOR,
    LOGGER,
    MARK,
    Place,
    Unit,
    columns,
    generator,
    script,
    statements,
    tables,
    units,
)
from tests.oracle import grammar, own, plsql
from tests.oracle.recorder import Recorder

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
ALL = [(place, unit) for place in Place for unit in own.all_units(place)]


def named(value: Place | Unit) -> str:
    return value.value if isinstance(value, Place) else f"{value.kind} {value.name}"


@pytest.mark.parametrize(("place", "unit"), ALL, ids=named)
def test_each_unit_can_be_read_and_names_what_is_there(
    place: Place, unit: Unit, statements_for_oracle: Recorder
) -> None:
    assert plsql.faults(unit.statement, own.packages(), own.tables(place)) == []
    assert not grammar.own_faults(unit.statement)
    statements_for_oracle.seen(unit.statement)


def test_the_pieces_of_a_body_are_all_of_it() -> None:
    for _, unit in ALL:
        found = plsql.pieces(unit.statement)
        assert len(found) == 1 or unit.kind == "PACKAGE BODY"
        assert (len(found) > 1) == (unit.kind == "PACKAGE BODY"), unit.name
        between = unit.statement
        for one in found[1:]:
            between = between.replace("\n".join(one.splitlines()[1:-1]), "")
        assert len(found) == 1 or not re.search(r"\b(PROCEDURE|FUNCTION)\b", plsql.bare(between)), unit.name


@pytest.mark.parametrize(("place", "unit"), ALL, ids=named)
def test_each_unit_is_marked_as_ours(place: Place, unit: Unit) -> None:
    first = "\n".join(unit.statement.splitlines()[:5])
    belongs = unit.kind in ("INDEX", "TABLE")  # a table has its comment, an index its table
    assert belongs or MARK in first


def test_a_target_gets_the_columns_of_the_portals_own_tables() -> None:
    """Else what is installed beside the one would not run beside the other."""
    lookups = [unit.name for unit in generator(Place.TARGET) if unit.kind == "TABLE" and "GENERATOR" not in unit.name]
    assert len(lookups) == 3
    for table in (*tables(Place.TARGET), *lookups):
        beside = own.tables(Place.PORTAL)[table]
        only_ours = {"TARGET_ID", "RUN_ID", "STEP_KEY", "ATTEMPT"} if table == "GENERIC_OPERATION_LOG" else set()
        assert own.tables(Place.TARGET)[table] - {"CHANGED_AT"} == beside - only_ours, table


@pytest.mark.parametrize("store", ["GENERIC_LOG_STORE_PKG", "GENERIC_GENERATOR_STORE_PKG"])
def test_the_two_stores_are_alike_to_who_calls_them(store: str) -> None:
    bodies = [plsql.package(own.body_of(store, place)) for place in Place]
    wanted = own.packages()[store].subprograms
    for body in bodies:
        assert {name: body.subprograms[name].text for name in wanted} == {
            name: one.text for name, one in wanted.items()
        }


def test_the_columns_of_the_log_are_the_same_wherever_they_are_listed() -> None:
    """Else one that is added would be archived in one place and lost in another."""
    (table,) = [unit for unit in units(Place.TARGET) if (unit.kind, unit.name) == ("TABLE", "GENERIC_OPERATION_LOG")]
    wanted = [name.lower() for name in columns(table) if name != "CHANGED_AT"]
    listed = re.compile(r"operation_id, strategy_name,.*?ended_at", re.DOTALL)
    texts = [own.body_of("GENERIC_LOG_STORE_PKG", place) for place in Place] + [own.body_of(LOGGER, Place.TARGET)]
    for text in texts:
        found = [re.findall(r"\w+", re.sub(r"'\s*\|\|\s*'", "", one)) for one in listed.findall(text)]
        assert wanted in found
    collected = re.findall(r"\bl\.(\w+)", oracle_query("own_log").sql.split("FROM")[0])
    assert collected == [*wanted, "changed_at"]
    values = collecting.as_operation(dict.fromkeys(collected) | {"operation_id": 1, "operation_time": NOW})
    assert {*values} == {*wanted} - {"operation_id"}


def test_the_script_for_sqlplus_holds_every_statement_and_shows_what_does_not_compile() -> None:
    for place in Place:
        text = script(place, generator(place))
        assert [statement for statement in statements(text) if statement.startswith(("CREATE", "COMMENT"))] == [
            unit.statement for unit in own.all_units(place)
        ]
        assert "user_errors" in text
        assert text.isascii() or "’" in text


SEEDED = {
    "a column that is not there": ("AVG(l.duration_ms)", "AVG(l.duration)"),
    "a column of an INSERT that is not there": ("status, operation_time, user_name", "status, operation_time, username"),
    "a table that is not there": ("FROM generic_log_policy p", "FROM generic_log_policies p"),
    "an alias that is not there": ("WHERE t.strategy_name = p_strategy_name", "WHERE s.strategy_name = p_strategy_name"),
    "a view that is not there": ("FROM user_tab_partitions p", "FROM user_partitions p"),
    "a column of a view that is not there": ("p.compression, p.high_value", "p.compression, p.position"),
    "a subprogram of a package of Oracle's": ("DBMS_LOB.SUBSTR(found.sql_text", "DBMS_LOB.SUBSTRING(found.sql_text"),
    "a function of a package of Oracle's": ("UTL_FILE.FOPEN_NCHAR(", "UTL_FILE.OPEN_NCHAR("),
    "a constant-like function": ("- g_cpu(v_key)", "- DBMS_UTILITY.GET_CPU()"),
    "a method of a type": ("v_metrics.GET_NUMBER('cpu_time_ms')", "v_metrics.GET_NUMERIC('cpu_time_ms')"),
    "a subprogram of our own package": ("generic_log_store_pkg.remove_expired(", "generic_log_store_pkg.remove_old("),
    "a package of our own": ("generic_log_store_pkg.tell('LogPolicy'", "generic_log_keeper_pkg.tell('LogPolicy'"),
    "a parameter that is not there": ("p_objects_affected => v_done", "p_objects => v_done"),
    "a parameter that is left out": ("p_operation_type => 'REPORT', ", ""),
    "an argument too many": ("change_rule(p_strategy_name, 'Y', NULL, 'log.switched_on', NULL)",
                             "change_rule(p_strategy_name, 'Y', NULL, 'log.switched_on', NULL, NULL)"),
    "a variable that nobody declared": ("        v_known  NUMBER;\n        v_done   NUMBER := 0;", "        v_done   NUMBER := 0;"),
    "a constant that nobody declared": ("c_longest - 3", "c_longer - 3"),
    "a package's variable that nobody declared": ("g_last_error := SUBSTRB", "g_error := SUBSTRB"),
    "a field that the record has not": ("v_row.error_count := found.error_count", "v_row.errors := found.error_count"),
    "a column that the loop's query does not give": (":= found.last_object", ":= found.target_object"),
    "a private function in SQL": ("l.message = v_message", "l.message = fit(p_message, 2000)"),
    "a default that the specification has not": ("p_days_back     IN NUMBER DEFAULT 30", "p_days_back     IN NUMBER DEFAULT 60"),
    "a subprogram that the body has not": ("PROCEDURE monitor_log_table_size IS", "PROCEDURE watch_log_table_size IS"),
    "a parameter without its type": ("PROCEDURE remember(p_error IN VARCHAR2)", "PROCEDURE remember(p_error IN)"),
    "an autonomous transaction that does not end": (
        "         WHERE l.operation_id = p_operation_id;\n        COMMIT;", "         WHERE l.operation_id = p_operation_id;",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SEEDED)
def test_each_seeded_mistake_is_found(name: str) -> None:
    good, bad = SEEDED[name]
    body = own.body_of(LOGGER, Place.TARGET)
    assert good in body
    assert plsql.faults(body.replace(good, bad, 1), own.packages(), own.tables(Place.TARGET))


IN_THE_GENERATOR = {
    "a column": ("m.path = p_path", "m.name = p_path"),
    "a column of the dictionary": ("d.directory_path FROM", "d.path FROM"),
    "a file's call": ("UTL_FILE.FGETATTR(", "UTL_FILE.FATTRIBUTES("),
    "a method of an array": ("v_array.GET_SIZE", "v_array.LENGTH_OF"),
    "a field of the definition": ("v_definition.digest || '.'", "v_definition.hash || '.'"),
    "a parameter of the logger": ("p_error_message => SQLERRM", "p_error => SQLERRM"),
    "a call of the store": ("generic_generator_store_pkg.add_job(", "generic_generator_store_pkg.add_jobs("),
    "an argument too few": ("known_job_types, 'type of job', p_faults);", "known_job_types, p_faults);"),
    "a variable": ("v_written word_tab := word_tab();", ""),
    "what a loop's query does not give": ("found.default_shown)", "found.default_text)"),
    "a private function in SQL": ("WHERE w.word = v_name;", "WHERE w.word = shown(v_name);"),
    "a default": ("p_output_directory IN VARCHAR2 DEFAULT '/tmp'", "p_output_directory IN VARCHAR2"),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_THE_GENERATOR)
def test_each_seeded_mistake_in_the_generator_is_found(name: str) -> None:
    good, bad = IN_THE_GENERATOR[name]
    body = own.body_of(GENERATOR, Place.TARGET)
    assert good in body
    assert plsql.faults(body.replace(good, bad, 1), own.packages(), own.tables(Place.TARGET))
