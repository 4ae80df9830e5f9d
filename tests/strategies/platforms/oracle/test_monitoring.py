"""MONITORING_MAINTENANCE on Oracle: exact statements of each measure, and what cannot be seen is said. No server was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from strategies.plans import ErrorClass, LeftBehind, Outcome, Step, TargetError
from strategies.platforms.base import ObjectUnknown, PlatformError
from strategies.platforms.oracle.monitoring import _OF_SIZES, CONCERN
from strategies.routines.monitoring_maintenance import ROUTINE, MonitoringParameters
from tests.oracle import dictionary
from tests.strategies.platforms.oracle.dictionary import Answer, Dictionary, account, no_right, row_of
from tests.strategies.platforms.oracle.views import asked

EVERYTHING = MonitoringParameters(largest_mb=5, most_rows=9, age_column="created", longest_transaction_minutes=30)
HOSTILE = [
    "lower",
    "Two Words",
    "SELECT",
    "naïve 表",
    "A$B#C",
    "it's",
    "a;DROP TABLE t--",
    "100%",
    "{x}",
    ":name",
    "{owner}",
]


def table(name: str = "ORDERS", rows: int | None = 100) -> dict[str, Any]:
    return row_of("measured_tables", owner="SALES", table_name=name, num_rows=rows)


def column(name: str = "ORDERS", data_type: str = "DATE") -> dict[str, Any]:
    return row_of("age_columns", owner="SALES", table_name=name, data_type=data_type)


def scripted(**answers: Answer) -> Dictionary:
    facts = row_of("facts_session", account="PORTAL", container="SHOP", unique_name="CDB")
    return Dictionary(
        {
            **account(), "facts_session": [facts], "find_table_or_index": [{"owner": "SALES", "object_type": "TABLE"}],
            "measured_tables": [table()], "age_columns": [column()], **answers,
        }
    )  # fmt: skip


def planned(session: Dictionary, parameters: MonitoringParameters = EVERYTHING, target: str = "ALL") -> dict[str, Step]:
    """The steps as a runner has them, back from JSON, by their keys."""
    seen = ROUTINE.assess(session, CONCERN, parameters, target)
    plan = ROUTINE.plan(platform="oracle", target="t", concern=CONCERN, parameters=parameters, assessment=seen)
    assert plan.is_read_only
    return {step.key: Step.from_json(json.loads(json.dumps(step.as_json()))) for step in plan.steps}


def test_the_exact_statements() -> None:
    steps = planned(scripted())
    assert {key: step.statements for key, step in steps.items()} == {
        "too_large:SALES.ORDERS": (
            "SELECT NVL(SUM(s.bytes), 0) AS figure FROM dba_segments s WHERE (s.owner, s.segment_name) IN"
            " (SELECT t.owner, t.table_name FROM dba_tables t WHERE t.owner = 'SALES' AND t.table_name = 'ORDERS' UNION ALL"
            " SELECT i.owner, i.index_name FROM dba_indexes i WHERE i.table_owner = 'SALES' AND i.table_name = 'ORDERS' UNION ALL"
            " SELECT l.owner, l.segment_name FROM dba_lobs l WHERE l.owner = 'SALES' AND l.table_name = 'ORDERS')",
        ),
        "too_many_rows:SALES.ORDERS": (
            "SELECT t.num_rows AS figure FROM dba_tables t WHERE t.owner = 'SALES' AND t.table_name = 'ORDERS'",
        ),
        "stale_data:SALES.ORDERS": (
            'SELECT TO_CHAR(MAX("CREATED"), \'YYYY-MM-DD HH24:MI:SS\') AS newest, (SYSDATE - CAST(MAX("CREATED") AS DATE)) * 24'
            ' AS figure FROM "SALES"."ORDERS"',
        ),
        "long_transaction:SHOP": (
            "SELECT CONCAT(CONCAT(CONCAT(CONCAT(s.sid, ','), s.serial#), ',@'), s.inst_id) AS session_name, s.username AS account,"
            " FLOOR((SYSDATE - t.start_date) * 24 * 60) AS figure FROM gv$transaction t JOIN gv$session s ON s.inst_id = t.inst_id"
            " AND s.taddr = t.addr ORDER BY t.start_date FETCH FIRST 1 ROWS ONLY",
        ),
    }
    assert {step.operation_type for step in steps.values()} == {"MONITOR"}


@pytest.mark.parametrize("data_type", ["TIMESTAMP(6) WITH TIME ZONE", "TIMESTAMP(3) WITH LOCAL TIME ZONE"])
def test_instants_with_a_zone_are_compared_in_utc(data_type: str) -> None:
    step = planned(scripted(age_columns=[column(data_type=data_type)]))["stale_data:SALES.ORDERS"]
    assert step.statements == (
        "SELECT TO_CHAR(SYS_EXTRACT_UTC(MAX(\"CREATED\")), 'YYYY-MM-DD HH24:MI:SS') AS newest,"
        ' (CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE) - CAST(SYS_EXTRACT_UTC(MAX("CREATED")) AS DATE)) * 24 AS figure'
        ' FROM "SALES"."ORDERS"',
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_only_names(name: str) -> None:
    session = scripted(measured_tables=[table(name)], age_columns=[column(name)])
    parameters = EVERYTHING.model_copy(update={"age_column": f'"{name}"'})
    size, rows, age, _ = planned(session, parameters).values()
    in_text = name.replace("'", "''")
    assert size.statements[0].count(f"'{in_text}'") == 3
    assert rows.statements[0].endswith(f"= '{in_text}'")
    assert age.statements[0].endswith(f'FROM "SALES"."{name}"')
    assert age.statements[0].count(f'MAX("{name}")') == 2


def test_what_the_measures_read_is_what_the_rights_name() -> None:
    steps = planned(scripted())
    needs = ", ".join((*_OF_SIZES, "SELECT ON SYS.DBA_TABLES"))
    assert list(dictionary.header_faults(steps["too_large:SALES.ORDERS"].statements[0], needs)) == []
    of_sessions = "SELECT ON SYS.GV_$TRANSACTION, SELECT ON SYS.GV_$SESSION"
    assert list(dictionary.header_faults(steps["long_transaction:SHOP"].statements[0], of_sessions)) == []


def test_the_rights_of_sizes_are_asked_for_where_sizes_are() -> None:
    session = scripted(system_privileges=[], object_privileges=[])

    def lacking(parameters: MonitoringParameters) -> set[str]:
        return {right.right for right in CONCERN.missing_rights(session, parameters)}

    assert set(_OF_SIZES) <= lacking(EVERYTHING)
    assert set(_OF_SIZES).isdisjoint(lacking(MonitoringParameters(most_rows=1)))
    optional = {right.right for right in CONCERN.missing_rights(session, EVERYTHING) if not right.blocks}
    assert "SELECT ON SYS.GV_$TRANSACTION" in optional


def test_what_cannot_be_told_is_said_and_what_was_found_of_it_stands() -> None:
    session = scripted(
        measured_tables=[table(), table("NEW", None), table("OTHER", 5)], age_columns=[column(), column("OTHER", "NUMBER")],
        open_transactions=no_right("GV$TRANSACTION"),
    )  # fmt: skip
    seen = CONCERN.assess(session, EVERYTHING, "ALL")
    assert [(check.kind, check.object) for check in seen.checks] == [
        ("too_large", "SALES.ORDERS"), ("too_large", "SALES.NEW"), ("too_large", "SALES.OTHER"),
        ("too_many_rows", "SALES.ORDERS"), ("too_many_rows", "SALES.OTHER"), ("stale_data", "SALES.ORDERS"),
    ]  # fmt: skip
    assert seen.notes[:2] == (
        "1 table has no statistics, so that the number of rows is not known; gather them first.",
        "2 tables have no column created that holds dates or instants: the age of their newest rows is not asked.",
    )
    assert seen.notes[2].startswith("How long transactions are open cannot be seen (ORA-00942")
    assert set(seen.unchecked) == {
        ("too_many_rows", "SALES.NEW"), ("stale_data", "SALES.NEW"), ("stale_data", "SALES.OTHER"), ("long_transaction", ""),
    }  # fmt: skip
    broken = scripted(open_transactions=PlatformError(TargetError(ErrorClass.LOST, "DPY-4011", "gone")))
    with pytest.raises(PlatformError):
        CONCERN.assess(broken, EVERYTHING, "ALL")


@pytest.mark.parametrize("typed", ["a.b", 'a"b', "a b", "."])
def test_what_is_no_name_of_a_column_is_refused(typed: str) -> None:
    with pytest.raises(ObjectUnknown, match=r"age_column: .* is no name of a column"):
        CONCERN.assess(scripted(), MonitoringParameters(age_column=typed), "ALL")


def test_only_tables_are_measured() -> None:
    assert set(planned(scripted(), MonitoringParameters(most_rows=1), "sales.orders")) == {"too_many_rows:SALES.ORDERS"}
    with pytest.raises(ObjectUnknown, match="orders_pk is no table that can be measured"):
        CONCERN.assess(scripted(measured_tables=[]), EVERYTHING, "orders_pk")


def test_a_measure_is_judged_by_its_answer_and_changes_nothing() -> None:
    step = planned(scripted())["too_large:SALES.ORDERS"]
    told = CONCERN.verify(scripted(), step, Outcome(1, answers=({"figure": 6 * 2**20},)))
    assert (told.ok, told.message) == (True, "SALES.ORDERS takes 6.0 MB, beyond the limit of 5 MB.")
    assert not CONCERN.verify(scripted(), step, None).ok
    assert CONCERN.is_needed(scripted(), step).is_needed
    assert CONCERN.is_needed(scripted(measured_tables=[]), step).why == "SALES.ORDERS is gone."
    assert CONCERN.is_needed(scripted(), planned(scripted())["long_transaction:SHOP"]).is_needed
    assert CONCERN.state_left(scripted(), step).kind is LeftBehind.CLEAN


def test_tables_that_hold_nothing_of_their_own_are_left_out() -> None:
    plain = {"owner": "S", "temporary": "N", "nested": "NO", "external": "NO", "dropped": "NO"}
    others = (
        {"temporary": "Y"},
        {"nested": "YES"},
        {"iot_name": "X"},
        {"external": "YES"},
        {"dropped": "YES"},
        {"owner": "SYS"},
    )
    views = {
        "dba_users": [{"username": "S", "oracle_maintained": "N"}, {"username": "SYS", "oracle_maintained": "Y"}],
        "dba_tables": [
            {**plain, "table_name": "A", "num_rows": 1}, {**plain, "table_name": "B", "num_rows": 2}, {**plain, "table_name": "C"},
            *({**plain, "table_name": "X", **other} for other in others),
        ],
    }  # fmt: skip
    found = asked("measured_tables", views, owner=None, table_name=None)
    assert [(row["table_name"], row["num_rows"]) for row in found] == [("B", 2), ("A", 1), ("C", None)]
    assert [row["table_name"] for row in asked("measured_tables", views, owner="S", table_name="A")] == ["A"]
