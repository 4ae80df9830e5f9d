"""MONITORING_MAINTENANCE on real servers: sizes, rows, ages and transactions as the server tells them, and what it does not show."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from strategies.plans import ErrorClass, Step, Verification
from strategies.platforms.base import ObjectUnknown, Session
from strategies.platforms.postgresql.monitoring import CONCERN
from strategies.routines.monitoring_maintenance import ROUTINE, MonitoringParameters
from tests.strategies.platforms.postgresql.conftest import done

Sql = Callable[..., list[tuple[Any, ...]]]
Connect = Callable[[], psycopg.Connection[Any]]
HOSTILE = ["Robert'); DROP TABLE x;--", 'sp ace "quoted"', "table", "naïve 表", "100%", r"back\slash", "x" * 63]
FLUSH = "SELECT pg_stat_force_next_flush()"


def planned(session: Session, parameters: MonitoringParameters, target: str = "ALL") -> list[Step]:
    """The steps as a runner has them, back from JSON."""
    seen = ROUTINE.assess(session, CONCERN, parameters, target)
    plan = ROUTINE.plan(platform="postgresql", target="t", concern=CONCERN, parameters=parameters, assessment=seen)
    assert plan.is_read_only
    return [Step.from_json(json.loads(json.dumps(step.as_json()))) for step in plan.steps]


def measured(session: Session, parameters: MonitoringParameters, target: str = "ALL") -> dict[str, Verification]:
    told = {}
    for step in planned(session, parameters, target):
        assert CONCERN.is_needed(session, step).is_needed
        assert not CONCERN.verify(session, step, None).ok, "nothing can be told of a measure that was cut off"
        told[step.key] = CONCERN.verify(session, step, done(session.execute(step)))
        assert told[step.key].ok, told[step.key].message
    return told


def beyond(told: dict[str, Verification]) -> dict[str, bool]:
    return {key: one.finding is not None for key, one in told.items()}


def test_each_table_is_measured_against_each_limit(session: Session, sql: Sql) -> None:
    sql("CREATE TABLE small (at date)", "INSERT INTO small VALUES (current_date + 1)")
    for name in HOSTILE:
        table = '"' + name.replace('"', '""') + '"'
        sql(
            f"CREATE TABLE {table} ({table} int PRIMARY KEY, at timestamptz)",
            f"INSERT INTO {table} SELECT i, now() - interval '30 hours' FROM generate_series(1, 1000) i", FLUSH, f"ANALYZE {table}",
        )  # fmt: skip
    told = measured(session, MonitoringParameters(largest_mb=0.05, most_rows=999, age_column="AT"))
    of_them = "FROM pg_class WHERE relkind = 'r' AND relname <> 'small' AND relnamespace = 'public'::regnamespace"
    large = dict(sql(f"SELECT 'public.' || quote_ident(relname), pg_total_relation_size(oid) {of_them}"))
    assert len(large) == len(HOSTILE)
    kinds = ("too_large", "too_many_rows", "stale_data")
    assert beyond(told) == {f"{kind}:{name}": name in large for kind in kinds for name in (*large, "public.small")}
    for name, size in large.items():
        assert told[f"too_large:{name}"].evidence["size_bytes"] == size
        assert told[f"too_many_rows:{name}"].message == f"{name} has about 1,000 rows, beyond the limit of 999 rows."
        assert told[f"stale_data:{name}"].evidence["age_hours"] == pytest.approx(30, abs=0.05)


def test_a_partitioned_table_counts_as_one(session: Session, sql: Sql) -> None:
    sql(
        "CREATE TABLE t (a int, at timestamp) PARTITION BY RANGE (a)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (500)",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (500) TO (1000)",
        "INSERT INTO t SELECT i, localtimestamp - interval '2 hours' FROM generate_series(0, 999) i", FLUSH, "ANALYZE t", "ANALYZE t1",
        "ANALYZE t2",
    )  # fmt: skip
    parameters = MonitoringParameters(largest_mb=1, most_rows=5, age_column="at", newest_within_hours=1)
    told = measured(session, parameters)
    assert set(told) == {"too_large:public.t", "too_many_rows:public.t", "stale_data:public.t"}
    assert told["too_many_rows:public.t"].evidence["rows"] == 1000
    assert told["too_large:public.t"].evidence["size_bytes"] == sum(
        size for (size,) in sql("SELECT pg_total_relation_size(oid) FROM pg_class WHERE relname IN ('t1', 't2')")
    )
    assert told["stale_data:public.t"].evidence["age_hours"] == pytest.approx(2, abs=0.05)
    assert set(measured(session, MonitoringParameters(most_rows=5), "t1")) == {"too_many_rows:public.t1"}


def test_only_dates_and_instants_have_an_age(session: Session, sql: Sql) -> None:
    sql("CREATE TABLE t (at text)", "CREATE TABLE u (at timestamptz)", "CREATE TABLE v (a int)")
    seen = CONCERN.assess(session, MonitoringParameters(age_column="at"), "ALL")
    assert [check.object for check in seen.checks] == ["public.u"]
    assert seen.notes == (
        "2 tables have no column at that holds dates or instants: the age of their newest rows is not asked.",
    )
    assert {("stale_data", "public.t"), ("stale_data", "public.v")} <= set(seen.unchecked)
    with pytest.raises(ObjectUnknown, match="age_column: t has no column at"):
        CONCERN.assess(session, MonitoringParameters(age_column="at"), "t")
    (told,) = measured(session, MonitoringParameters(age_column="at"), "u").values()
    assert told.message == "public.u has no row with a value in at, beyond the limit of 26 hours."


def test_a_column_is_named_as_postgresql_reads_names(session: Session, sql: Sql) -> None:
    for number, (typed, column) in enumerate([('"At x"', "At x"), ('"a""b"', 'a"b'), ("  AT ", "at"), ("ÄT", "Ät")]):
        quoted = column.replace('"', '""')
        sql(f'CREATE TABLE t{number} ("{quoted}" timestamptz)', f"INSERT INTO t{number} VALUES (now())")
        (told,) = measured(session, MonitoringParameters(age_column=typed)).values()
        assert (told.finding, told.evidence["column"]) == (None, column)


def test_the_oldest_transaction_is_told_with_its_session(
    session: Session, sql: Sql, connect: Connect, database: str
) -> None:
    parameters = MonitoringParameters(longest_transaction_minutes=1)
    (none,) = measured(session, parameters).values()
    assert none.message == f"No transaction is seen to be open in {database}."
    idle = connect()
    idle.execute("BEGIN")
    idle.execute("SELECT 1")
    (told,) = measured(session, parameters).values()
    pid = str(idle.info.backend_pid)
    assert told.evidence == {"open_minutes": 0, "limit_minutes": 1, "session": pid, "account": "postgres"}
    (step,) = planned(session, parameters)
    later = Step.from_json(
        {
            **step.as_json(),
            "statements": [step.statements[0].replace("clock_timestamp()", "clock_timestamp() + '2 min'")],
        }
    )
    told = CONCERN.verify(session, step, done(session.execute(later)))
    assert told.finding is not None
    assert (told.finding.object_type, told.finding.object) == ("DATABASE", database)


def test_what_the_account_may_not_see_is_said(open_session: Any, sql: Sql, connect: Connect) -> None:
    sql("DROP ROLE IF EXISTS watcher", "CREATE ROLE watcher LOGIN", "CREATE TABLE t (at timestamptz)")
    other = connect()
    other.execute("BEGIN")
    mine = open_session("watcher")
    parameters = MonitoringParameters(largest_mb=1, most_rows=1, age_column="at", longest_transaction_minutes=1)
    seen = CONCERN.assess(mine, parameters, "ALL")
    assert seen.notes == (
        "The newest row of 1 table is not asked: that needs SELECT on them.",
        "How long transactions of other accounts are open cannot be seen without pg_monitor; only the account's own are measured.",
    )
    assert ("stale_data", "public.t") in seen.unchecked
    told = measured(mine, parameters)
    assert set(told) == {
        "too_large:public.t",
        "too_many_rows:public.t",
        *(key for key in told if key.startswith("long_transaction")),
    }
    sql("DROP TABLE t", "DROP OWNED BY watcher", "DROP ROLE watcher")


def test_a_table_that_is_closed_is_busy_and_one_that_is_gone_is_not_measured(
    session: Session, sql: Sql, connect: Connect
) -> None:
    sql("CREATE TABLE t (a int)")
    (step,) = planned(session, MonitoringParameters(largest_mb=1, lock_wait_seconds=1))
    closing = connect()
    closing.execute("BEGIN")
    closing.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
    error = session.execute(step).error
    assert error is not None
    assert error.error_class is ErrorClass.LOCK
    closing.execute("ROLLBACK")
    sql("DROP TABLE t")
    assert CONCERN.is_needed(session, step).why == "public.t is gone."


def test_only_tables_are_measured(session: Session, sql: Sql) -> None:
    sql("CREATE TABLE t (a int PRIMARY KEY)")
    for wanted in ("nobody", "t_pkey", "pg_class"):
        with pytest.raises(ObjectUnknown, match=wanted):
            CONCERN.assess(session, MonitoringParameters(most_rows=1), wanted)
    with pytest.raises(ObjectUnknown, match="NUL"):
        CONCERN.assess(session, MonitoringParameters(age_column="a\0"), "t")
