"""BACKUP_MAINTENANCE on files: values are copied as they are, copies are known again, and nothing else is ever dropped."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from strategies.plans import ErrorClass, Locks, Step
from strategies.platforms.base import ObjectUnknown
from strategies.platforms.copies import copy_name
from strategies.platforms.sqlite import backup
from strategies.platforms.sqlite.backup import CONCERN
from strategies.platforms.sqlite.session import SqliteSession
from strategies.routines.backup_maintenance import ROUTINE, BackupParameters
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile

PARAMETERS = BackupParameters(lock_wait_seconds=1)
HOSTILE = ["it's", 'a "b"', "SELECT", "naïve 表", "%s", "{table}", "a;DROP TABLE t--", "a*/b", "x" * 200, "Two Words"]
TODAY = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The clock of the file, which tests set."""
    now = [TODAY]
    monkeypatch.setattr(backup, "_now", lambda session: now[0])
    return now


def planned(session: SqliteSession, target: str = "t", parameters: BackupParameters = PARAMETERS) -> list[Step]:
    """The steps as a runner has them, back from JSON."""
    seen = ROUTINE.assess(session, CONCERN, parameters, target)
    plan = ROUTINE.plan(platform="sqlite", target="t", concern=CONCERN, parameters=parameters, assessment=seen)
    return [Step.from_json(json.loads(json.dumps(step.as_json()))) for step in plan.steps]


def carried_out(session: SqliteSession, steps: list[Step]) -> list[str]:
    told = []
    for step in steps:
        assert CONCERN.is_needed(session, step).is_needed
        outcome = session.execute(step)
        assert outcome.error is None, outcome.error
        verified = CONCERN.verify(session, step, outcome)
        assert verified.ok, verified.message
        assert CONCERN.verify(session, step, None).ok, "the target alone tells it, too"
        assert not CONCERN.is_needed(session, step).is_needed
        told.append(verified.message)
    return told


def tables(target: TargetFile) -> list[object]:
    return [name for (name,) in target.ask("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]


def test_the_exact_statements(connect: Connect, target: TargetFile) -> None:
    target.run("PRAGMA journal_mode = wal", "CREATE TABLE t (a INT, b AS (a + 1))")
    (step,) = planned(connect(target.path))
    assert (step.settings, step.begin) == (("PRAGMA busy_timeout = 1000",), "BEGIN IMMEDIATE")
    assert step.statements == (
        'CREATE TABLE "main"."t_b202611290200" (/* Copy of "t": "t_b202611290200", made by BACKUP_MAINTENANCE of the Maintenance'
        ' Portal. Renamed, it is kept for good. */ "a", "b")',
        'INSERT INTO "main"."t_b202611290200" ("a", "b") SELECT "a", "b" FROM "main"."t"',
    )
    assert step.undo == ('DROP TABLE "main"."t_b202611290200"',)
    assert (step.operation_type, step.locks, step.is_destructive) == ("BACKUP", Locks.WRITES, False)


def test_every_value_is_copied_as_it_is_stored(connect: Connect, target: TargetFile) -> None:
    target.run(
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c REAL, d BLOB, e NUMERIC, f VARCHAR(3) COLLATE NOCASE DEFAULT 'x')",
        "INSERT INTO t VALUES (1, '5', 5, x'00ff', '1e3', NULL), (2, 'ä', 0.1, '5', 'abc', x'61'), (7, '', NULL, 5.0, -0.0, 'A')",
    )
    assert carried_out(connect(target.path), planned(connect(target.path))) == ["t_b202611290200 holds 3 rows."]
    stored = "SELECT a, typeof(b), quote(b), quote(c), quote(d), typeof(e), quote(e), quote(f) FROM {} ORDER BY a"
    assert target.ask(stored.format("t")) == target.ask(stored.format("t_b202611290200"))


def test_names_are_only_names(connect: Connect, target: TargetFile, clock: list[datetime]) -> None:
    target.run("CREATE TABLE other (a)")
    session, keeping_one = connect(target.path), BackupParameters(keep_copies=1)
    for name in HOSTILE:
        table = '"' + name.replace('"', '""') + '"'
        target.run(f"CREATE TABLE {table} ({table})", f"INSERT INTO {table} VALUES (1), (2)")
        carried_out(session, planned(session, table, keeping_one))
        clock[0] += timedelta(days=1)
        steps = planned(session, table, keeping_one)
        assert [step.is_destructive for step in steps] == [False, True]
        carried_out(session, steps)
    made = [copy_name(name, TODAY + timedelta(days=n + 1), 128) for n, name in enumerate(HOSTILE)]
    assert sorted(map(str, tables(target))) == sorted(["other", *HOSTILE, *made])


def test_day_by_day_the_newest_copies_are_kept(connect: Connect, target: TargetFile, clock: list[datetime]) -> None:
    target.run("CREATE TABLE t (a)")
    session, kept = connect(target.path), BackupParameters(keep_copies=2)
    for _ in range(4):
        carried_out(session, planned(session, parameters=kept))
        assert planned(session, parameters=kept) == []
        clock[0] += timedelta(days=1)
    assert tables(target) == ["t", "t_b202612010200", "t_b202612020200"]


def test_fewer_to_keep_drops_at_once_and_none_drops_never(
    connect: Connect, target: TargetFile, clock: list[datetime]
) -> None:
    target.run("CREATE TABLE t (a)")
    session, all_of_them = connect(target.path), BackupParameters(keep_copies=0)
    for _ in range(3):
        carried_out(session, planned(session, parameters=all_of_them))
        clock[0] += timedelta(days=1)
    clock[0] -= timedelta(days=1)
    steps = planned(session, parameters=BackupParameters(keep_copies=1))
    assert [(step.object, step.after) for step in steps] == [("t_b202611290200", ()), ("t_b202611300200", ())]
    carried_out(session, steps)
    assert tables(target) == ["t", "t_b202612010200"]


def test_a_drop_waits_for_the_copy_of_its_run_and_leaves_the_newest_whatever_people_did_meanwhile(
    connect: Connect, target: TargetFile, clock: list[datetime]
) -> None:
    target.run("CREATE TABLE t (a)")
    session, kept = connect(target.path), BackupParameters(keep_copies=2)
    for _ in range(2):
        carried_out(session, planned(session, parameters=kept))
        clock[0] += timedelta(days=1)
    copy, drop = planned(session, parameters=kept)
    assert drop.after == (copy.key,)
    carried_out(session, [copy])
    target.run("DROP TABLE t_b202611300200")
    need = CONCERN.is_needed(session, drop)
    assert (need.is_needed, need.why) == (False, "only 1 newer copy is left, and 2 are kept.")


def test_what_people_made_or_renamed_is_never_taken_for_a_copy(
    connect: Connect, target: TargetFile, clock: list[datetime]
) -> None:
    target.run("CREATE TABLE t (a)", "CREATE TABLE t_b202501010200 (a)")
    session, one = connect(target.path), BackupParameters(keep_copies=1)
    carried_out(session, planned(session, parameters=one))
    target.run("ALTER TABLE t_b202611290200 RENAME TO before_the_release")
    target.run('CREATE TABLE t_b202601010200 AS SELECT * FROM "before_the_release"')
    clock[0] += timedelta(days=1)
    (step,) = planned(session, parameters=one)
    carried_out(session, [step])
    clock[0] += timedelta(days=1)
    _, drop = planned(session, parameters=one)
    assert drop.object == "t_b202611300200"
    target.run("ALTER TABLE t_b202611300200 RENAME TO mine", "CREATE TABLE t_b202611300200 (a)")
    assert CONCERN.is_needed(session, drop).why == "it is gone, or no longer carries the mark of a copy."


def test_an_undo_drops_the_copy_that_was_made(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t (a)")
    session = connect(target.path)
    (step,) = planned(session)
    carried_out(session, [step])
    undo = step.reversal()
    assert CONCERN.is_needed(session, undo).is_needed
    assert not CONCERN.verify_undo(session, undo).ok
    assert session.execute(undo).error is None
    assert CONCERN.verify_undo(session, undo).ok
    assert not CONCERN.is_needed(session, undo).is_needed
    assert tables(target) == ["t"]


def test_a_copy_that_was_stopped_left_nothing(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t (a)").fill("t", 10, "n")
    session, other = connect(target.path), connect(target.path)
    (step,) = planned(session)
    other._connection.execute("BEGIN IMMEDIATE")
    error = session.execute(step).error
    other._connection.execute("ROLLBACK")
    assert error is not None
    assert error.error_class is ErrorClass.LOCK
    assert not CONCERN.verify(session, step, None).ok
    assert tables(target) == ["t"]
    assert "as one transaction" in CONCERN.state_left(session, step).message


def test_on_home_a_copy_is_stopped_where_it_would_keep_others_for_too_long(
    connect: Connect, target: TargetFile
) -> None:
    target.run("CREATE TABLE t (a)").fill("t", 3_000, "n")
    session = connect(target.path)
    session.longest_hold_seconds = 0.02
    (step,) = planned(session)
    more = ", ".join(["(SELECT 1 FROM t)"] * 2)  # so that no machine is too fast for it
    endless = [*step.statements[:-1], f"{step.statements[-1]}, {more}"]
    error = session.execute(Step.from_json({**step.as_json(), "statements": endless})).error
    assert error is not None
    assert (error.code, tables(target)) == ("time_limit", ["t"])


def test_without_room_for_it_no_copy_is_planned(
    connect: Connect, target: TargetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.run("CREATE TABLE t (a)").fill("t", 1000, "zeroblob(2000)")
    monkeypatch.setattr(backup.shutil, "disk_usage", lambda folder: backup.shutil._ntuple_diskusage(9, 8, 1))  # type: ignore[attr-defined]
    session = connect(target.path)
    (finding,) = CONCERN.assess(session, PARAMETERS, "t").findings
    assert (finding.advice, planned(session)) == (
        "0 MB are free beside the file, and a copy may need 4 MB.", [],
    )  # fmt: skip


@pytest.mark.parametrize("wanted", ["ALL", "all_tables", "ALL_INDEXES", "nobody", "t_a", "f", "sqlite_master"])
def test_only_a_table_that_is_named_is_copied(connect: Connect, target: TargetFile, wanted: str) -> None:
    target.run("CREATE TABLE t (a)", "CREATE INDEX t_a ON t (a)", "CREATE VIRTUAL TABLE f USING fts5(body)")
    with pytest.raises(ObjectUnknown, match="name it instead of ALL" if wanted.upper().startswith("ALL") else wanted):
        CONCERN.assess(connect(target.path), PARAMETERS, wanted)


def test_the_clock_is_that_of_sqlite(connect: Connect, target: TargetFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    target.run("CREATE TABLE t (a)")
    before = datetime.now(UTC).replace(microsecond=0)
    assert before <= backup._now(connect(target.path)) <= datetime.now(UTC)
