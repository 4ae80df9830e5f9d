"""BACKUP_MAINTENANCE on real servers: a table is copied whole and marked, and nothing is dropped that is no copy of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from strategies.plans import ErrorClass, LeftBehind, Locks, Step
from strategies.platforms.base import ObjectUnknown, Session
from strategies.platforms.copies import copy_name
from strategies.platforms.postgresql import backup
from strategies.platforms.postgresql.backup import CONCERN
from strategies.routines.backup_maintenance import ROUTINE, BackupParameters
from tests.strategies.platforms.postgresql.conftest import done

Sql = Callable[..., list[tuple[Any, ...]]]
Connect = Callable[[], psycopg.Connection[Any]]
PARAMETERS = BackupParameters(lock_wait_seconds=1)
HOSTILE = ["Robert'); DROP TABLE x;--", 'sp ace "quoted"', "table", "naïve 表", "100%", r"back\slash", "x" * 63]
TODAY = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The clock of the server, which tests set."""
    now = [TODAY]
    monkeypatch.setattr(backup, "_now", lambda session: now[0])
    return now


def planned(session: Session, target: str = "t", parameters: BackupParameters = PARAMETERS) -> list[Step]:
    """The steps as a runner has them, back from JSON."""
    seen = ROUTINE.assess(session, CONCERN, parameters, target)
    plan = ROUTINE.plan(platform="postgresql", target="t", concern=CONCERN, parameters=parameters, assessment=seen)
    return [Step.from_json(json.loads(json.dumps(step.as_json()))) for step in plan.steps]


def carried_out(session: Session, steps: list[Step]) -> list[str]:
    told = []
    for step in steps:
        assert CONCERN.is_needed(session, step).is_needed
        verified = CONCERN.verify(session, step, done(session.execute(step)))
        assert verified.ok, verified.message
        assert CONCERN.verify(session, step, None).ok, "the target alone tells it, too"
        assert not CONCERN.is_needed(session, step).is_needed
        told.append(verified.message)
    return told


def tables(sql: Sql) -> list[str]:
    return [
        name for (name,) in sql("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1")
    ]


def test_the_exact_statements_and_the_rows_that_were_copied(session: Session, sql: Sql) -> None:
    sql(
        "CREATE TABLE t (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a + 1) STORED)",
        "INSERT INTO t SELECT generate_series(1, 1000)",
    )
    (step,) = planned(session)
    assert (step.settings, step.begin) == (("SET lock_timeout = '1s'", "SET statement_timeout = 0"), "BEGIN")
    assert step.statements == (
        'CREATE TABLE "public"."t_b202611290200" AS SELECT * FROM "public"."t"',
        'COMMENT ON TABLE "public"."t_b202611290200" IS \'Copy of "public"."t": "public"."t_b202611290200", made by'
        " BACKUP_MAINTENANCE of the Maintenance Portal. Renamed, it is kept for good.'",
    )
    assert step.undo == ('DROP TABLE "public"."t_b202611290200"',)
    assert (step.operation_type, step.locks, step.is_destructive) == ("BACKUP", Locks.DDL, False)
    outcome = done(session.execute(step))
    assert outcome.meters.rows == 1000
    assert CONCERN.verify(session, step, outcome).message == "t_b202611290200 holds 1,000 rows."
    sql("DELETE FROM t_b202611290200 WHERE a = 1")
    told = CONCERN.verify(session, step, outcome)
    assert (told.ok, told.message) == (False, "t_b202611290200 has 999 rows, and 1,000 were copied.")


def test_names_are_only_names(session: Session, sql: Sql, clock: list[datetime]) -> None:
    keeping_one = BackupParameters(keep_copies=1)
    sql("CREATE TABLE other (a int)")
    for name in HOSTILE:
        table = '"' + name.replace('"', '""') + '"'
        sql(f"CREATE TABLE {table} ({table} int)", f"INSERT INTO {table} VALUES (1), (2)")
        carried_out(session, planned(session, table, keeping_one))
        clock[0] += timedelta(days=1)
        steps = planned(session, table, keeping_one)
        assert [step.is_destructive for step in steps] == [False, True]
        assert steps[1].after == (steps[0].key,)
        carried_out(session, steps)
    made = [copy_name(name, TODAY + timedelta(days=n + 1), 63) for n, name in enumerate(HOSTILE)]
    assert sorted(tables(sql)) == sorted(["other", *HOSTILE, *made])


def test_a_partitioned_table_is_copied_as_a_whole(session: Session, sql: Sql) -> None:
    sql(
        "CREATE TABLE t (a int) PARTITION BY RANGE (a)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20)",
        "INSERT INTO t SELECT generate_series(0, 19)",
    )
    (step,) = planned(session)
    assert step.evidence["size_bytes"] == 2 * 8192
    assert carried_out(session, [step]) == ["t_b202611290200 holds 20 rows."]


def test_what_people_made_renamed_or_restored_elsewhere_is_never_taken_for_a_copy(
    session: Session, sql: Sql, clock: list[datetime]
) -> None:
    sql("CREATE TABLE t (a int)", "CREATE TABLE t_b202501010200 (a int)", "CREATE SCHEMA restored")
    one = BackupParameters(keep_copies=1)
    carried_out(session, planned(session, parameters=one))
    ((mark,),) = sql("SELECT obj_description('t_b202611290200'::regclass)")
    copied = mark.replace("'", "''")
    sql(
        f"COMMENT ON TABLE t_b202501010200 IS '{copied}'",
        "CREATE TABLE restored.t (a int)", "CREATE TABLE restored.t_b202611290200 (a int)",
        f"COMMENT ON TABLE restored.t_b202611290200 IS '{copied}'",
    )  # fmt: skip
    clock[0] += timedelta(days=1)
    _, drop = planned(session, parameters=one)
    assert drop.statements == ('DROP TABLE "public"."t_b202611290200"',)
    assert [step.is_destructive for step in planned(session, "restored.t", one)] == [False]
    sql("ALTER TABLE t_b202611290200 RENAME TO before_the_release", "CREATE TABLE t_b202611290200 (a int)")
    assert CONCERN.is_needed(session, drop).why == "it is gone, or no longer carries the mark of a copy."


def test_the_newest_stay_whatever_people_did_meanwhile(session: Session, sql: Sql, clock: list[datetime]) -> None:
    sql("CREATE TABLE t (a int)")
    kept = BackupParameters(keep_copies=2)
    for _ in range(2):
        carried_out(session, planned(session, parameters=kept))
        clock[0] += timedelta(days=1)
    copy, drop = planned(session, parameters=kept)
    carried_out(session, [copy])
    sql("DROP TABLE t_b202611300200")
    assert CONCERN.is_needed(session, drop).why == "only 1 newer copy is left, and 2 are kept."


def test_a_copy_is_not_made_twice(session: Session, sql: Sql, clock: list[datetime]) -> None:
    sql("CREATE TABLE t (a int)")
    steps = planned(session)
    clock[0] += timedelta(hours=3)
    carried_out(session, planned(session))
    need = CONCERN.is_needed(session, steps[0])
    assert (need.is_needed, need.why) == (False, "t_b202611290500 was made meanwhile.")
    sql("DROP TABLE t_b202611290500", "DROP TABLE t")
    assert CONCERN.is_needed(session, steps[0]).why == "public.t is gone."


def test_others_write_while_a_table_is_copied_and_one_that_is_closed_is_left_alone(
    session: Session, sql: Sql, connect: Connect
) -> None:
    sql("CREATE TABLE t (a int)")
    (step,) = planned(session)
    writer = connect()
    writer.execute("BEGIN")
    writer.execute("INSERT INTO t VALUES (1)")
    done(session.execute(step))
    writer.execute("ROLLBACK")
    sql("DROP TABLE t_b202611290200")
    writer.execute("BEGIN")
    writer.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
    error = session.execute(step).error
    assert error is not None
    assert error.error_class is ErrorClass.LOCK
    assert tables(sql) == ["t"]
    assert CONCERN.state_left(session, step).kind is LeftBehind.CLEAN


def test_without_its_mark_there_is_no_copy(session: Session, sql: Sql) -> None:
    """Both are one transaction: a mark that fails takes the copy back."""
    sql("CREATE TABLE t (a int)")
    (step,) = planned(session)
    broken = Step.from_json({**step.as_json(), "statements": [step.statements[0], "COMMENT ON TABLE nobody IS 'x'"]})
    assert session.execute(broken).error is not None
    assert tables(sql) == ["t"]
    told = CONCERN.verify(session, step, None)
    assert (told.ok, told.message) == (False, "There is no copy t_b202611290200.")


def test_an_undo_drops_the_copy_that_was_made(session: Session, sql: Sql) -> None:
    sql("CREATE TABLE t (a int)")
    (step,) = planned(session)
    carried_out(session, [step])
    undo = step.reversal()
    assert CONCERN.is_needed(session, undo).is_needed
    assert not CONCERN.verify_undo(session, undo).ok
    done(session.execute(undo))
    assert CONCERN.verify_undo(session, undo).ok
    assert not CONCERN.is_needed(session, undo).is_needed
    assert tables(sql) == ["t"]


def test_what_the_account_may_not_is_said_with_the_table(session: Session, open_session: Any, sql: Sql) -> None:
    sql("DROP ROLE IF EXISTS copier", "CREATE ROLE copier LOGIN", "CREATE SCHEMA shop", "CREATE TABLE shop.t (a int)")
    mine = open_session("copier")

    def advice() -> str:
        (finding,) = CONCERN.assess(mine, PARAMETERS, "shop.t").findings
        assert finding.evidence["can_plan"] is False
        assert planned(mine, "shop.t") == []
        return finding.advice

    sql("GRANT USAGE ON SCHEMA shop TO copier")
    assert advice() == "The account may not read shop.t: that takes SELECT on it, and USAGE on its schema."
    sql("GRANT SELECT ON shop.t TO copier")
    assert advice() == 'The account may not make tables there: that takes CREATE on the schema "shop".'
    sql("GRANT CREATE ON SCHEMA shop TO copier", "ALTER TABLE shop.t ENABLE ROW LEVEL SECURITY")
    assert advice().startswith("Row security may hide rows of shop.t from the account")
    sql("ALTER TABLE shop.t DISABLE ROW LEVEL SECURITY")
    keeping_one = BackupParameters(keep_copies=1)
    carried_out(session, planned(session, "shop.t", keeping_one))
    seen = CONCERN.assess(mine, BackupParameters(copy_every_hours=1, keep_copies=1), "shop.t")
    assert seen.findings == ()
    assert seen.notes == ("Only their owners can drop these copies of shop.t: t_b202611290200.",)
    sql("DROP SCHEMA shop CASCADE", "DROP OWNED BY copier", "DROP ROLE copier")


def test_only_a_table_that_is_named_is_copied(session: Session, sql: Sql) -> None:
    sql("CREATE TABLE t (a int PRIMARY KEY)", "CREATE VIEW v AS SELECT 1")
    for wanted in ("ALL", "all_tables", "nobody", "t_pkey", "v", "pg_class", "a.b.c.d"):
        words = "name it instead of ALL" if wanted.upper().startswith("ALL") else f"{wanted} is n"
        with pytest.raises(ObjectUnknown, match=words):
            CONCERN.assess(session, PARAMETERS, wanted)


def test_the_clock_is_that_of_the_server(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert abs(backup._now(session) - datetime.now(UTC)) < timedelta(minutes=1)
