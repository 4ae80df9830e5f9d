"""MONITORING_MAINTENANCE on files: figures are true, ages are read from whatever a column holds, and nobody waits for long."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from strategies.plans import ErrorClass, Step, TargetError, Verification
from strategies.platforms.base import ObjectUnknown
from strategies.platforms.sqlite import monitoring
from strategies.platforms.sqlite.monitoring import CONCERN
from strategies.platforms.sqlite.session import SqliteSession
from strategies.routines.monitoring_maintenance import ROUTINE, MonitoringParameters
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile

HOSTILE = ["it's", 'a "b"', "SELECT", "naïve 表", "%s", "{table}", "a;DROP TABLE t--", "x" * 200]
EVERYTHING = MonitoringParameters(largest_mb=0.01, most_rows=2, age_column="at", newest_within_hours=26)


def planned(session: SqliteSession, parameters: MonitoringParameters, target: str = "ALL") -> list[Step]:
    """The steps as a runner has them, back from JSON."""
    seen = ROUTINE.assess(session, CONCERN, parameters, target)
    plan = ROUTINE.plan(platform="sqlite", target="t", concern=CONCERN, parameters=parameters, assessment=seen)
    assert plan.is_read_only
    return [Step.from_json(json.loads(json.dumps(step.as_json()))) for step in plan.steps]


def measured(session: SqliteSession, parameters: MonitoringParameters, target: str = "ALL") -> dict[str, Verification]:
    told = {}
    for step in planned(session, parameters, target):
        assert CONCERN.is_needed(session, step).is_needed
        outcome = session.execute(step)
        assert outcome.error is None, outcome.error
        assert not CONCERN.verify(session, step, None).ok, "nothing can be told of a measure that was cut off"
        told[step.key] = CONCERN.verify(session, step, outcome)
    return told


def beyond(told: dict[str, Verification]) -> dict[str, bool]:
    assert all(one.ok for one in told.values()), told
    return {key: one.finding is not None for key, one in told.items()}


@pytest.mark.parametrize("name", HOSTILE)
def test_each_table_is_measured_against_each_limit_and_not_changed(
    connect: Connect, target: TargetFile, name: str
) -> None:
    table = '"' + name.replace('"', '""') + '"'
    target.run(
        f"CREATE TABLE {table} ({table} PRIMARY KEY, at)", "CREATE TABLE small (At)",
        "INSERT INTO small VALUES (datetime('now', '-3 hours'))",
    )  # fmt: skip
    target.fill(table, 3, "zeroblob(9000) || n", "datetime('now', '-30 hours')")
    before = target.path.read_bytes()
    shown = next(
        check.object
        for check in CONCERN.assess(connect(target.path), EVERYTHING, "ALL").checks
        if check.object != "small"
    )
    told = measured(connect(target.path), EVERYTHING)
    assert beyond(told) == {
        f"too_large:{shown}": True, "too_large:small": False, f"too_many_rows:{shown}": True, "too_many_rows:small": False,
        f"stale_data:{shown}": True, "stale_data:small": False,
    }  # fmt: skip
    assert told[f"too_many_rows:{shown}"].message == f"{shown} has 3 rows, beyond the limit of 2 rows."
    assert told["stale_data:small"].evidence["age_hours"] == 3.0
    assert told["stale_data:small"].evidence["column"] == "At"
    pages = target.ask("SELECT sum(pgsize) FROM dbstat WHERE name <> 'small' AND name <> 'sqlite_schema'")[0][0]
    assert told[f"too_large:{shown}"].evidence["size_bytes"] == pages, "with its index"
    assert target.path.read_bytes() == before


@pytest.mark.parametrize(
    ("value", "hours"),
    [
        ("datetime('now', '-30 hours')", 30),
        ("strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 hours')", 30),
        ("strftime('%Y-%m-%d %H:%M+02:00', 'now', '-28 hours')", 30),
        ("CAST(strftime('%s', 'now', '-30 hours') AS INTEGER)", 30),
        ("1000 * CAST(strftime('%s', 'now', '-30 hours') AS INTEGER)", 30),
        ("strftime('%s', 'now', '-30 hours') + 0.25", 30),
        ("julianday('now', '-30 hours')", 30),
        ("datetime('now', '+2 hours')", -2),
    ],
)
def test_an_instant_is_read_as_it_is_kept(connect: Connect, target: TargetFile, value: str, hours: float) -> None:
    target.run("CREATE TABLE t (at)", f"INSERT INTO t VALUES ({value})", "INSERT INTO t VALUES (NULL)")
    (told,) = measured(connect(target.path), MonitoringParameters(age_column="AT")).values()
    assert told.ok, told.message
    assert told.evidence["age_hours"] == pytest.approx(hours, abs=0.02)


def test_what_is_no_instant_fails_and_no_value_at_all_is_no_new_row(connect: Connect, target: TargetFile) -> None:
    target.run(
        "CREATE TABLE t (at)",
        "CREATE TABLE u (at)",
        "INSERT INTO t VALUES ('yesterday')",
        "INSERT INTO u VALUES (NULL)",
    )
    told = measured(connect(target.path), MonitoringParameters(age_column="at"))
    assert (told["stale_data:t"].ok, told["stale_data:t"].finding) == (False, None)
    assert told["stale_data:t"].message == "The newest value in at of t cannot be read as an instant: yesterday."
    assert told["stale_data:u"].message == "u has no row with a value in at, beyond the limit of 26 hours."


def test_what_is_not_asked_is_left_as_it_was_found(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t (at)", "CREATE TABLE u (a)")
    session = connect(target.path)
    seen = CONCERN.assess(session, MonitoringParameters(), "ALL")
    assert (seen.checks, seen.notes[0].startswith("No limit is set")) == ((), True)
    assert {kind for kind, _ in seen.unchecked} == {"too_large", "too_many_rows", "stale_data", "long_transaction"}
    seen = CONCERN.assess(session, MonitoringParameters(age_column="at", longest_transaction_minutes=5), "ALL")
    assert [check.object for check in seen.checks] == ["t"]
    assert ("stale_data", "u") in seen.unchecked
    assert ("long_transaction", "") in seen.unchecked
    assert seen.notes == (
        "1 table has no column at that holds dates or instants: the age of their newest rows is not asked.",
        "SQLite does not tell how long transactions are open.",
    )


def test_one_table_may_be_named_and_nothing_else(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t (a)", "CREATE INDEX t_a ON t (a)", "CREATE TABLE u (a)")
    session = connect(target.path)
    assert [step.key for step in planned(session, MonitoringParameters(most_rows=1), "T")] == ["too_many_rows:t"]
    for wrong in ("nobody", "t_a", "sqlite_master"):
        with pytest.raises(ObjectUnknown, match=wrong):
            CONCERN.assess(session, MonitoringParameters(most_rows=1), wrong)
    with pytest.raises(ObjectUnknown, match="age_column: t has no column at"):
        CONCERN.assess(session, MonitoringParameters(age_column="at"), "t")


def test_a_table_that_is_gone_is_not_measured(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t (a)")
    session = connect(target.path)
    (step,) = planned(session, MonitoringParameters(most_rows=1))
    target.run("DROP TABLE t")
    need = CONCERN.is_needed(session, step)
    assert (need.is_needed, need.why) == (False, "t is gone.")


def test_where_dbstat_is_missing_sizes_are_said_not_to_be_told(
    connect: Connect, target: TargetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.run("CREATE TABLE t (a)")
    monkeypatch.setattr(monitoring, "has_dbstat", lambda session: False)
    seen = CONCERN.assess(connect(target.path), MonitoringParameters(largest_mb=1), "ALL")
    assert (seen.checks, ("too_large", "") in seen.unchecked) == ((), True)
    assert seen.notes == (
        "Sizes cannot be told: this SQLite is built without dbstat, or a table of that name hides it.",
    )


@pytest.mark.parametrize(
    ("mode", "own", "limit"), [("wal", None, None), ("wal", 60.0, None), ("delete", None, 5.0), ("delete", 2.5, 2.5)]
)
def test_in_other_modes_than_wal_a_measure_has_a_limit(
    connect: Connect, target: TargetFile, mode: str, own: float | None, limit: float | None
) -> None:
    target.run(f"PRAGMA journal_mode = {mode}", "CREATE TABLE t (a)")
    session = connect(target.path)
    session.longest_hold_seconds = own
    (step,) = planned(session, MonitoringParameters(most_rows=1))
    assert step.check["longest_hold_seconds"] == limit


def test_a_measure_that_would_keep_writers_waiting_is_given_up(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t (a)").fill("t", 200_000, "n")
    session = connect(target.path)
    session.longest_hold_seconds = 0.001
    (step,) = planned(session, MonitoringParameters(age_column="a", newest_within_hours=1))
    slow = Step.from_json({**step.as_json(), "statements": ["SELECT count(*) AS figure FROM t a, t b"]})
    before = time.monotonic()
    error = session.execute(slow).error
    assert error is not None
    assert time.monotonic() - before < 10
    told = CONCERN.explain(slow, error)
    assert told is not None
    assert told.error is not None
    assert (told.error.error_class, told.finding) == (ErrorClass.PERMANENT, None)
    assert told.message.startswith("t was not measured within 0.001 s, for as long as writers may be kept waiting.")
    assert CONCERN.explain(slow, TargetError(ErrorClass.LOCK, "SQLITE_BUSY", "x")) is None


def test_rows_that_were_changed_are_metered_where_no_query_counts_them(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t (a)").fill("t", 5, "n")
    statements: dict[str, Any] = {
        "UPDATE t SET a = a + 1 WHERE a > 2": 3,
        "DELETE FROM t WHERE a > 4": 2,
        "CREATE TABLE u (a)": None,
    }
    for statement, rows in statements.items():
        step = Step(
            key="k",
            operation_type="o",
            object="t",
            object_type="TABLE",
            statements=(statement,),
            reason="r",
            undo_note="n",
        )
        assert connect(target.path).execute(step).meters.rows == rows, statement
