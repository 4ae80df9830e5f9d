"""SPACE_MAINTENANCE: free pages and a large -wal file are found, given back and proved; what stands in the way is said."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from strategies.assessments import Assessment
from strategies.plans import ErrorClass, LeftBehind, Outcome, Step, TargetError
from strategies.platforms.base import ObjectUnknown, PlatformError
from strategies.platforms.sqlite import speed
from strategies.platforms.sqlite.session import SqliteSession
from strategies.platforms.sqlite.space import CONCERN
from strategies.routines.space_maintenance import ROUTINE, SpaceParameters
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile

SMALL = SpaceParameters(reclaim_megabytes=1, wal_megabytes=1, lock_wait_seconds=1)


def assess(session: SqliteSession, parameters: SpaceParameters = SMALL, target: str = "ALL") -> Assessment:
    return CONCERN.assess(session, parameters, target)


def kinds(assessment: Assessment) -> list[tuple[str, str]]:
    return [(finding.kind, finding.object) for finding in assessment.findings]


def planned(session: SqliteSession, parameters: SpaceParameters = SMALL) -> list[Step]:
    """The steps as a runner has them, back from JSON."""
    steps = CONCERN.steps(assess(session, parameters).findings, parameters)
    return [Step.from_json(json.loads(json.dumps(step.as_json()))) for step in steps]


def mend(session: SqliteSession, parameters: SpaceParameters = SMALL) -> list[Outcome]:
    outcomes = []
    for step in planned(session, parameters):
        assert CONCERN.is_needed(session, step).is_needed
        outcomes.append(session.execute(step))
        assert outcomes[-1].error is None, outcomes[-1].error
        checked = CONCERN.verify(session, step, outcomes[-1])
        assert checked.ok, checked.message
        assert not CONCERN.is_needed(session, step).is_needed
    return outcomes


def emptied(target: TargetFile, *before: str, rows: int = 3000) -> TargetFile:
    """Some 3 MB, of which two thirds were deleted."""
    target.run(*before, "CREATE TABLE t(id INTEGER PRIMARY KEY, a)").fill("t", rows, "n", "randomblob(1000)")
    return target.run("DELETE FROM t WHERE id % 3")


def reading(target: TargetFile) -> sqlite3.Connection:
    """An application that has begun to read and does not end."""
    connection = sqlite3.connect(target.path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM t").fetchall()
    return connection


def sizes(target: TargetFile) -> tuple[int, int]:
    wal = target.path.with_name(f"{target.path.name}-wal")
    return target.path.stat().st_size, wal.stat().st_size if wal.exists() else 0


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_free_pages_are_given_back_to_the_disk(connect: Connect, target: TargetFile, mode: str) -> None:
    emptied(target, f"PRAGMA journal_mode = {mode}")
    held = sqlite3.connect(target.path)  # a connection that stays, so that the -wal file does
    held.execute("SELECT count(*) FROM t").fetchall()
    before = sizes(target)[0]
    session = connect(target.path)
    assert kinds(assess(session)) == [("free_pages", "target.db")]
    outcomes = mend(session)
    after, wal = sizes(target)
    assert len(outcomes) == (2 if mode == "wal" else 1)
    assert outcomes[0].meters.cpu_ms is not None
    assert after < 0.5 * before
    assert wal == 0
    assert assess(session) == Assessment()
    assert target.ask("SELECT count(*), sum(length(a)) FROM t") == [(1000, 1_000_000)]
    held.close()


def test_a_file_with_little_free_space_or_a_small_share_of_it_is_left_alone(
    connect: Connect, target: TargetFile
) -> None:
    session = connect(emptied(target).path)
    assert kinds(assess(session, SpaceParameters(reclaim_megabytes=1))) == [("free_pages", "target.db")]
    assert assess(session, SpaceParameters(reclaim_megabytes=3)) == Assessment()
    assert assess(session, SpaceParameters(reclaim_megabytes=1, reclaim_percent=80)) == Assessment()


def test_where_the_file_vacuums_by_portions_others_write_between_them(
    connect: Connect, target: TargetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    emptied(target, "PRAGMA page_size = 512", "PRAGMA auto_vacuum = INCREMENTAL", rows=9000)
    ((before,),) = target.ask("PRAGMA freelist_count")
    assert isinstance(before, int)
    assert 10_000 < before < 15_000
    writer = sqlite3.connect(target.path, isolation_level=None, timeout=0)  # waits for nobody
    session = connect(target.path)
    (step,) = planned(session)
    portion = 'PRAGMA "main".incremental_vacuum(5000)'
    assert step.statements == (portion,) * 3
    send, left = session._run, []

    def send_and_write(statement: str) -> None:
        send(statement)
        if statement == portion:
            writer.execute("UPDATE t SET a = a WHERE id = 3")
            left.append(target.ask("PRAGMA freelist_count")[0][0])

    monkeypatch.setattr(session, "_run", send_and_write)
    mend(session)
    assert left == [before - 5000, before - 10_000, 0]
    assert sizes(target)[0] < 0.6 * 9_000_000
    writer.close()


def test_a_large_wal_file_is_emptied(connect: Connect, target: TargetFile) -> None:
    target.run("PRAGMA journal_mode = wal", "CREATE TABLE t(a)")
    held = sqlite3.connect(target.path, isolation_level=None)
    held.execute("PRAGMA wal_autocheckpoint = 0")
    held.execute("INSERT INTO t VALUES (zeroblob(3000000))")
    session = connect(target.path)
    assert kinds(assess(session)) == [("large_wal", "target.db-wal")]
    assert kinds(assess(session, target="target.db-wal")) == [("large_wal", "target.db-wal")]
    assert kinds(assess(session, target="target.db")) == []
    (step,) = planned(session)
    assert step.statements == ('PRAGMA "main".wal_checkpoint(PASSIVE)', 'PRAGMA "main".wal_checkpoint(TRUNCATE)')
    mend(session)
    assert sizes(target)[1] == 0
    assert assess(session) == Assessment()
    held.close()


def test_a_reader_that_keeps_the_wal_file_makes_the_step_busy_and_not_done(
    connect: Connect, target: TargetFile
) -> None:
    target.run("PRAGMA journal_mode = wal", "CREATE TABLE t(a)", "INSERT INTO t VALUES (1)")
    reader = reading(target)
    writer = sqlite3.connect(target.path, isolation_level=None)
    writer.execute("INSERT INTO t VALUES (zeroblob(3000000))")
    session = connect(target.path)
    (step,) = planned(session)
    outcome = session.execute(step)
    assert outcome.error is not None
    assert (outcome.error.error_class, outcome.error.code) == (ErrorClass.LOCK, "SQLITE_BUSY")
    assert not CONCERN.verify(session, step, None).ok
    assert CONCERN.state_left(session, step).kind is LeftBehind.CLEAN
    reader.execute("COMMIT")
    assert session.execute(step).error is None
    assert CONCERN.verify(session, step, None).ok
    reader.close()
    writer.close()


def held_wal(target: TargetFile) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """A reader that keeps what a writer, who waits for nobody, has put into the -wal file."""
    target.run("PRAGMA journal_mode = wal", "CREATE TABLE t(a)", "INSERT INTO t VALUES (1)")
    reader = reading(target)
    writer = sqlite3.connect(target.path, isolation_level=None, timeout=0)
    writer.execute("INSERT INTO t VALUES (zeroblob(3000000))")
    return reader, writer


def test_others_write_while_a_reader_is_waited_for(
    connect: Connect, target: TargetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint keeps writers out for as long as it waits for readers itself."""
    reader, writer = held_wal(target)
    session = connect(target.path)
    (step,) = planned(session)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        writer.execute("INSERT INTO t VALUES (2)")
        pauses.append(seconds)

    monkeypatch.setattr(
        "strategies.platforms.sqlite.session.time", SimpleNamespace(monotonic=time.monotonic, sleep=pause)
    )
    outcome = session.execute(step)
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.LOCK
    assert set(pauses) == {0.2}
    assert target.ask("SELECT count(*) FROM t WHERE a = 2") == [(len(pauses),)]
    reader.close()
    writer.close()


def test_a_reader_is_waited_for_no_longer_than_the_database_can_be_held(connect: Connect, target: TargetFile) -> None:
    reader, writer = held_wal(target)
    session = connect(target.path)
    patient = SMALL.model_copy(update={"lock_wait_seconds": 3600})
    assert planned(session, patient)[0].settings == ("PRAGMA busy_timeout = 3600000",)
    session.longest_hold_seconds = 0.5
    (step,) = planned(session, patient)
    assert step.settings == ("PRAGMA busy_timeout = 500",)
    outcome = session.execute(step)
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.LOCK
    assert outcome.duration_ms < 60_000
    reader.execute("COMMIT")
    assert session.execute(step).error is None
    reader.close()
    writer.close()


def test_what_follows_a_vacuum_waits_no_longer_either(connect: Connect, target: TargetFile) -> None:
    session = connect(emptied(target, "PRAGMA journal_mode = wal").path)
    session.longest_hold_seconds = 15
    vacuum, checkpoint = planned(session, SMALL.model_copy(update={"lock_wait_seconds": 60}))
    assert vacuum.settings == ("PRAGMA busy_timeout = 60000",)
    assert checkpoint.settings == ("PRAGMA busy_timeout = 15000",)


def test_a_reader_that_ends_in_time_is_waited_for(connect: Connect, target: TargetFile) -> None:
    reader = reading(emptied(target, "PRAGMA journal_mode = delete"))
    session = connect(target.path)
    (step,) = planned(session, SMALL.model_copy(update={"lock_wait_seconds": 30}))
    threading.Timer(0.6, reader.execute, ("COMMIT",)).start()
    outcome = session.execute(step)
    assert outcome.error is None, outcome.error
    assert outcome.duration_ms >= 500
    reader.close()


def test_a_vacuum_behind_others_gives_up_and_the_file_is_as_it_was(connect: Connect, target: TargetFile) -> None:
    reader = reading(emptied(target, "PRAGMA journal_mode = delete"))
    session = connect(target.path)
    before = sizes(target)
    (step,) = planned(session)
    outcome = session.execute(step)
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.LOCK
    assert sizes(target) == before
    checked = CONCERN.verify(session, step, outcome)
    assert (checked.ok, checked.objects_affected) == (False, 0)
    assert "still free pages" in checked.message
    reader.close()


def test_a_wait_for_others_ends_when_the_run_is_cancelled(connect: Connect, target: TargetFile) -> None:
    reader = reading(emptied(target, "PRAGMA journal_mode = delete"))
    session = connect(target.path)
    (step,) = planned(session, SMALL.model_copy(update={"lock_wait_seconds": 600}))
    is_over = threading.Event()

    def cancel() -> None:  # again and again, as a run's watch does
        while not is_over.wait(0.02):
            session.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        outcome = session.execute(step)
    finally:
        is_over.set()
        thread.join()
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.CANCELLED
    reader.close()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_cancelled_vacuum_leaves_the_old_file(connect: Connect, target: TargetFile, mode: str) -> None:
    emptied(target, f"PRAGMA journal_mode = {mode}", rows=60_000)
    session = connect(target.path)
    step = planned(session)[0]
    session._connection.set_progress_handler(lambda: session.cancel() or session._tick(), 10_000)  # while it is at it
    outcome = session.execute(step)
    session._connection.set_progress_handler(None, 0)
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.CANCELLED
    assert target.ask("SELECT count(*) FROM t") == [(20_000,)]
    assert CONCERN.state_left(session, step).kind is LeftBehind.CLEAN
    assert not CONCERN.verify(session, step, outcome).ok
    assert session.execute(step).error is None
    assert CONCERN.verify(session, step, None).ok


@pytest.mark.parametrize(
    ("docs", "options", "is_broken"),
    [
        ("docs(body)", "content='docs'", True),
        ("docs(body)", 'content = "DOCS"', True),
        ("docs(body)", "content=docs, content_rowid=_rowid_", True),
        ("docs(id INTEGER UNIQUE, body)", "content=docs, content_rowid='id'", False),
        ("docs(id INTEGER PRIMARY KEY, body)", "content=[docs]", False),
        ("docs(id INTEGER PRIMARY KEY, body)", "content=docs, content_rowid=id", False),
        ("docs(id INTEGER PRIMARY KEY DESC, body)", "content=docs", True),
        ("docs(id TEXT PRIMARY KEY, body)", "content=docs", True),
        ("docs(body)", "content=''", False),
        ("docs(body)", "prefix='2'", False),
    ],
)
def test_a_vacuum_that_would_break_a_full_text_search_is_not_planned(
    connect: Connect, target: TargetFile, docs: str, options: str, is_broken: bool
) -> None:
    """SQLite gives rows without an INTEGER PRIMARY KEY new numbers, by which such an index finds its text."""
    emptied(target, f"CREATE TABLE {docs}", f'CREATE VIRTUAL TABLE "f x" USING fts5(body, {options})')
    session = connect(target.path)
    (finding,) = assess(session).findings
    assert (CONCERN.steps([finding], SMALL) == []) == is_broken
    if is_broken:
        assert finding.advice == (
            'VACUUM may give the rows of docs new numbers, by which the full-text index "f x" finds them. Run VACUUM by hand, and'
            ' straight after it INSERT INTO "f x"("f x") VALUES (\'rebuild\').'
        )


def owned(target: TargetFile, *statements: str) -> None:
    """By a program that has a function and a collation of its own."""
    connection = sqlite3.connect(target.path, isolation_level=None)
    connection.create_function("ours", 1, lambda value: value, deterministic=True)
    connection.create_collation("OURS", lambda one, other: (one > other) - (one < other))
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "lacks"),
    [
        ("CREATE TABLE u(a CHECK (ours(a)))", "unknown function: ours()"),
        ("CREATE INDEX i ON t(ours(id))", "unknown function: ours()"),
        ("CREATE INDEX i ON t(id COLLATE OURS)", "no such collation sequence: OURS"),
    ],
)
def test_a_vacuum_that_needs_the_program_of_the_file_is_not_planned(
    connect: Connect, target: TargetFile, statement: str, lacks: str
) -> None:
    owned(emptied(target), statement)
    session = connect(target.path)
    (finding,) = assess(session).findings
    assert finding.advice == f"VACUUM cannot run from here ({lacks}): have the program that owns the file run it."
    assert CONCERN.steps([finding], SMALL) == []


def test_a_vacuum_that_turns_out_to_need_its_program_says_so(connect: Connect, target: TargetFile) -> None:
    owned(emptied(target), "CREATE TABLE u(a COLLATE OURS)", "INSERT INTO u VALUES ('x')")
    session = connect(target.path)
    (step,) = planned(session)
    outcome = session.execute(step)
    assert outcome.error is not None
    told = CONCERN.explain(step, outcome.error)
    assert told is not None
    assert told.message == (
        "VACUUM cannot run from here (no such collation sequence: OURS): have the program that owns the file run it."
    )
    busy = TargetError(ErrorClass.LOCK, "SQLITE_BUSY", "locked")
    assert CONCERN.explain(step, busy) is None


def test_that_a_vacuum_breaks_a_full_text_search_is_true(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE docs(body)", "CREATE VIRTUAL TABLE f USING fts5(body, content='docs')")
    target.fill("docs", 100, "'word' || n").run(
        "DELETE FROM docs WHERE rowid % 2", "INSERT INTO f(f) VALUES ('rebuild')"
    )
    assert target.ask("SELECT body FROM f WHERE f MATCH 'word90'") == [("word90",)]
    target.run("VACUUM")
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        target.ask("SELECT body FROM f WHERE f MATCH 'word90'")


def test_the_wal_file_of_a_database_behind_a_link_is_found(
    connect: Connect, target: TargetFile, tmp_path: Path
) -> None:
    target.run("PRAGMA journal_mode = wal", "CREATE TABLE t(a)")
    held = sqlite3.connect(target.path, isolation_level=None)
    held.execute("PRAGMA wal_autocheckpoint = 0")
    held.execute("INSERT INTO t VALUES (zeroblob(3000000))")
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(target.path)
    session = connect(link)
    assert kinds(assess(session)) == [("large_wal", "link.db-wal")]
    mend(session)
    assert sizes(target)[1] == 0
    held.close()


def test_without_room_for_a_copy_no_vacuum_is_planned_and_one_that_was_planned_fails_unsent(
    connect: Connect, target: TargetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connect(emptied(target).path)
    (step,) = planned(session)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1_000_000))
    (finding,) = assess(session).findings
    assert "may be needed there" in finding.advice
    assert CONCERN.steps([finding], SMALL) == []
    with pytest.raises(PlatformError, match="may be needed there") as refused:
        CONCERN.is_needed(session, step)
    assert not refused.value.error.error_class.may_pass


def test_a_database_that_cannot_be_held_for_long_is_vacuumed_only_if_that_is_short(
    connect: Connect, target: TargetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connect(emptied(target).path)
    session.longest_hold_seconds = 15
    (step,) = planned(session)
    assert step.check["longest_hold_seconds"] == 15
    monkeypatch.setattr(speed, "_measure", lambda folder: (1_000_000, 6.0))
    (finding,) = assess(session).findings
    assert re.search(r"up to 1[89] s, by the speed of this machine, and 15 s are the most", finding.advice)
    plan = ROUTINE.plan(platform="sqlite", target="home", concern=CONCERN, parameters=SMALL, assessment=assess(session))
    assert plan.steps == ()
    assert finding.advice in plan.notes[0]
    with pytest.raises(PlatformError, match="are the most"):
        CONCERN.is_needed(session, step)


def test_a_vacuum_that_takes_longer_than_was_measured_is_stopped_at_its_limit(
    connect: Connect, target: TargetFile
) -> None:
    session = connect(emptied(target, rows=60_000).path)
    session.longest_hold_seconds = 60
    (step,) = planned(session)
    short = replace(step, check={**step.check, "longest_hold_seconds": 0.02})
    began = time.monotonic()
    session._connection.set_progress_handler(
        lambda: time.sleep(0.05) or session._tick(), 10_000
    )  # as a slow machine does
    outcome = session.execute(short)
    session._connection.set_progress_handler(None, 0)
    assert outcome.error is not None
    assert str(outcome.error) == "time_limit: the statement took longer than 0.02 seconds"
    assert time.monotonic() - began < 30
    assert target.ask("SELECT count(*) FROM t") == [(20_000,)]
    assert session.execute(step).error is None


def test_the_speed_is_measured_and_leaves_nothing_behind(tmp_path: Path) -> None:
    one, ten = (speed.seconds_for(size, tmp_path) for size in (50_000_000, 500_000_000))
    assert 0.01 < one < ten
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["two words.db", "größe ☃.db", "a'b\"c.db", "-x", "a;b%20?.db"])
def test_hostile_file_names_are_maintained(connect: Connect, tmp_path: Path, name: str) -> None:
    target = TargetFile(tmp_path / name)
    session = connect(emptied(target, "PRAGMA journal_mode = wal").path)
    assert kinds(assess(session, target=name)) == [("free_pages", name)]
    mend(session)
    assert assess(session) == Assessment()


def test_only_the_whole_file_can_be_named(connect: Connect, target: TargetFile) -> None:
    session = connect(emptied(target).path)
    with pytest.raises(ObjectUnknown, match=r"of the whole file only: write ALL, or target\.db"):
        assess(session, target="t")


def test_a_step_is_not_needed_once_somebody_else_vacuumed(connect: Connect, target: TargetFile) -> None:
    session = connect(emptied(target).path)
    (step,) = planned(session)
    target.run("VACUUM")
    need = CONCERN.is_needed(session, step)
    assert (need.is_needed, need.why) == (False, "only 0.0 MB of it are free pages by now.")


def test_an_account_that_may_not_write_is_told_so(
    connect: Connect, target: TargetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connect(emptied(target).path)
    assert CONCERN.missing_rights(session, SMALL) == []
    monkeypatch.setattr("os.access", lambda *place, **more: False)
    (missing,) = CONCERN.missing_rights(session, SMALL)
    assert missing.blocks
