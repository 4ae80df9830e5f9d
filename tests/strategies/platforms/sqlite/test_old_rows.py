"""CLEANUP_MAINTENANCE and ARCHIVE_MAINTENANCE on real SQLite files: what is old goes batch by batch, and nothing else does."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from strategies import registry
from strategies.plans import ErrorClass, LeftBehind, Locks, Outcome, Plan, Step
from strategies.platforms.base import ObjectUnknown, Session
from strategies.platforms.old_rows import OF_A_PORTAL
from strategies.platforms.sqlite import archive, cleanup
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile

CLEANUP, ARCHIVE = "CLEANUP_MAINTENANCE", "ARCHIVE_MAINTENANCE"
CONCERNS: dict[str, Any] = {CLEANUP: cleanup.CONCERN, ARCHIVE: archive.CONCERN}
HOSTILE = ['we"ird', "Two Words", "select", "it's", "a;DROP TABLE t--", "100% {x} :name ?", "naïve 表", "x" * 70]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def plan(session: Session, strategy: str, table: str, **typed: Any) -> Plan:
    """As it is kept: through JSON."""
    routine = registry.routines()[strategy]
    parameters = routine.read_parameters({"age_column": "at", "keep_days": 35, **typed})
    seen = routine.assess(session, CONCERNS[strategy], parameters, table)
    made = routine.plan(
        platform="sqlite", target="t", concern=CONCERNS[strategy], parameters=parameters, assessment=seen
    )
    return Plan.from_json(json.loads(json.dumps(made.as_json())))


def done(session: Session, strategy: str, step: Step) -> Outcome:
    """Needed, sent without an error, and there afterwards, also where only the target can be asked."""
    assert CONCERNS[strategy].is_needed(session, step).is_needed
    outcome = session.execute(step)
    assert outcome.error is None, outcome.error
    for known in (outcome, None):
        verified = CONCERNS[strategy].verify(session, step, known)
        assert verified.ok, verified.message
    return outcome


@pytest.fixture
def shop(target: TargetFile) -> TargetFile:
    """Ten rows, each ten days older than the one before: of 0 to 90 days ago."""
    target.run("CREATE TABLE log (id INTEGER PRIMARY KEY, at TEXT, text TEXT)")
    return target.fill("log", 10, "n", "datetime('now', '-' || ((n - 1) * 10) || ' days')", "'row ' || n")


@pytest.fixture
def session(shop: TargetFile, connect: Connect) -> Session:
    return connect(shop.path)


def ids(file: TargetFile, table: str = "log") -> list[object]:
    return [row[0] for row in file.ask(f"SELECT id FROM {quoted(table)} ORDER BY id")]


def test_old_rows_are_deleted_oldest_first_and_batch_by_batch(shop: TargetFile, session: Session) -> None:
    made = plan(session, CLEANUP, "log", batch_rows=4)
    day = made.steps[0].evidence["cutoff_at"][:10]
    behind = date.fromisoformat(day) + timedelta(days=1)
    chosen = (
        f"""SELECT rowid FROM "main"."log" WHERE "at" < '{behind}' AND "at" >= '0001-01-01'"""
        """ AND "at" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' AND julianday("at") IS NOT NULL"""
        f""" AND julianday("at") < julianday('{day}')"""
    )
    assert [step.statements for step in made.steps] == [
        (f'DELETE FROM "main"."log" WHERE (rowid) IN ({chosen} ORDER BY "at", rowid LIMIT 4)',)
    ] * 2
    first, last = made.steps
    assert (first.settings, first.begin) == (
        ("PRAGMA busy_timeout = 5000", "PRAGMA foreign_keys = ON"),
        "BEGIN IMMEDIATE",
    )
    assert (first.is_destructive, first.is_reversible, first.locks) == (True, False, Locks.WRITES)
    assert (first.after, last.after) == ((), (first.key,))
    assert done(session, CLEANUP, first).meters.rows == 4
    assert ids(shop) == [1, 2, 3, 4, 5, 6]
    assert done(session, CLEANUP, last).meters.rows == 2
    assert ids(shop) == [1, 2, 3, 4]
    assert not CONCERNS[CLEANUP].is_needed(session, last).is_needed
    assert plan(session, CLEANUP, "log").steps == ()


def test_rows_that_came_meanwhile_are_no_failure(shop: TargetFile, session: Session) -> None:
    first, last = plan(session, CLEANUP, "log", batch_rows=4).steps
    done(session, CLEANUP, first)
    shop.run("INSERT INTO log VALUES (20, '2001-01-01', 'late'), (21, '2001-01-02', 'late')")
    outcome = session.execute(last)
    assert outcome.meters.rows == 4
    assert CONCERNS[CLEANUP].verify(session, last, outcome).ok


def test_a_batch_that_a_trigger_keeps_has_failed(shop: TargetFile, session: Session) -> None:
    shop.run("CREATE TRIGGER keep BEFORE DELETE ON log BEGIN SELECT raise(IGNORE); END")
    made = plan(session, CLEANUP, "log")
    assert made.steps[0].evidence["delete_triggers"] == ["keep"]
    for outcome in (session.execute(made.steps[0]), None):
        assert not CONCERNS[CLEANUP].verify(session, made.steps[0], outcome).ok
    assert len(ids(shop)) == 10


def test_what_a_trigger_keeps_is_not_copied_either(shop: TargetFile, session: Session) -> None:
    shop.run("CREATE TRIGGER keep BEFORE DELETE ON log WHEN old.id = 10 BEGIN SELECT raise(IGNORE); END")
    create, move = plan(session, ARCHIVE, "log").steps
    done(session, ARCHIVE, create)
    error = session.execute(move).error
    assert error is not None
    told = CONCERNS[ARCHIVE].explain(move, error)
    assert told.error.message.startswith("Not as many rows were deleted as were copied")
    assert (len(ids(shop)), ids(shop, "log_archive")) == (10, [])


@pytest.mark.parametrize(
    "trigger",
    [
        "BEFORE INSERT ON log BEGIN SELECT raise(IGNORE); END",
        "BEFORE INSERT ON log WHEN new.id = 7 BEGIN SELECT raise(IGNORE); END",
        "BEFORE DELETE ON log_archive WHEN old.id = 7 BEGIN SELECT raise(IGNORE); END",
    ],
)
def test_an_undo_that_a_trigger_keeps_from_one_row_changes_nothing(
    shop: TargetFile, session: Session, trigger: str
) -> None:
    for step in plan(session, ARCHIVE, "log").steps:
        done(session, ARCHIVE, step)
    shop.run(f"CREATE TRIGGER keep {trigger}")
    back = step.reversal()
    error = session.execute(back).error
    assert error is not None
    assert CONCERNS[ARCHIVE].explain(back, error).message.startswith("Not every row of the batch came back")
    assert (ids(shop), ids(shop, "log_archive")) == ([1, 2, 3, 4], [5, 6, 7, 8, 9, 10])
    assert not CONCERNS[ARCHIVE].verify_undo(session, back).ok


def test_rows_that_the_archive_does_not_take_stay(shop: TargetFile, session: Session) -> None:
    create, move = plan(session, ARCHIVE, "log").steps
    done(session, ARCHIVE, create)
    shop.run("CREATE TRIGGER keep BEFORE INSERT ON log_archive BEGIN SELECT raise(IGNORE); END")
    assert session.execute(move).error is not None
    assert len(ids(shop)) == 10


def test_a_batch_that_moved_nothing_is_not_done_because_nothing_old_is_left(shop: TargetFile, session: Session) -> None:
    create, move = plan(session, ARCHIVE, "log").steps
    done(session, ARCHIVE, create)
    shop.run("DELETE FROM log WHERE id > 4")
    outcome = session.execute(move)
    assert (outcome.error, outcome.meters.rows) == (None, 0)
    told = CONCERNS[ARCHIVE].verify(session, move, outcome)
    assert (told.ok, told.message) == (False, "No row was moved, and none is that old any more: others took them.")
    assert CONCERNS[ARCHIVE].verify(session, move, None).ok, "its worker was lost: nobody knows what it did"


def test_more_rows_than_a_run_works_on_are_left_for_the_next(shop: TargetFile, session: Session) -> None:
    made = plan(session, CLEANUP, "log", batch_rows=2, max_objects=2)
    assert len(made.steps) == 2
    assert made.notes == ("A run works on 4 rows at most (2 batches): the others are left for the next.",)
    assert made.steps[0].check["left"] is None
    session.execute(made.steps[0])
    told = CONCERNS[CLEANUP].verify(session, made.steps[0], None)
    assert (told.ok, told.message) == (
        False,
        "Whether the batch was deleted cannot be told: more rows are old than a run works on.",
    )


AGES = [
    ("TEXT", "datetime('now', '-' || {days} || ' days')"),
    ("TEXT", "strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-' || {days} || ' days')"),
    ("DATETIME", "date('now', '-' || {days} || ' days')"),
    ("INTEGER", "CAST(strftime('%s', 'now', '-' || {days} || ' days') AS INTEGER)"),
    ("REAL", "julianday('now', '-' || {days} || ' days')"),
    ("", "julianday('now', '-' || {days} || ' days')"),
]


@pytest.mark.parametrize(("kind", "value"), AGES)
@pytest.mark.parametrize("strategy", [CLEANUP, ARCHIVE])
def test_the_kind_of_values_is_found_by_looking_at_them(
    target: TargetFile, connect: Connect, strategy: str, kind: str, value: str
) -> None:
    target.run(f"CREATE TABLE log (id INTEGER PRIMARY KEY, at {kind})", "CREATE INDEX by_age ON log (at)")
    target.fill("log", 10, "n", value.format(days="((n - 1) * 10)")).run("INSERT INTO log VALUES (99, NULL)")
    session = connect(target.path)
    for step in plan(session, strategy, "log").steps:
        assert step.evidence.get("has_index", True)
        done(session, strategy, step)
    assert ids(target) == [1, 2, 3, 4, 99]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["'2001-01-01'", "978307200"], "neither texts like 2026-08-31, nor seconds since 1970, nor Julian days alone"),
        (["'2001-01-01'", "x'00'"], "neither texts like 2026-08-31"),
        (["1", "2", "3"], "neither texts like 2026-08-31"),
        (["978307200000"], "neither texts like 2026-08-31"),
        (["2451910.5", "978307200"], "neither texts like 2026-08-31"),
        *(
            (["'2001-01-01'", f"'{text}'"], "at holds texts that SQLite cannot read as a date like 2026-08-31 12:00")
            for text in ("", "01.02.2001", "0000-00-00 00:00:00", "0000-01-01", "2020-13-99", "2020-01-01x")
        ),
    ],
)
def test_values_that_are_no_age_are_told_and_nothing_is_planned(
    target: TargetFile, connect: Connect, values: list[str], words: str
) -> None:
    target.run("CREATE TABLE log (at)", *(f"INSERT INTO log VALUES ({value})" for value in values))
    made = plan(connect(target.path), CLEANUP, "log")
    assert made.steps == ()
    assert words in made.notes[0]


@pytest.mark.parametrize("strategy", [CLEANUP, ARCHIVE])
def test_a_text_with_an_offset_is_as_old_as_its_instant(shop: TargetFile, session: Session, strategy: str) -> None:
    day = date.fromisoformat(plan(session, CLEANUP, "log").steps[0].check["cutoff_on"])
    before = day - timedelta(days=1)
    shop.run("CREATE INDEX by_age ON log (at)", "DELETE FROM log")
    shop.run(
        "INSERT INTO log (id, at) VALUES"
        f" (1, '{before}T20:00:00-08:00'), (2, '{before}T15:59:59-08:00'), (3, '{before}T23:59:59.9Z'),"
        f" (4, '{day}T13:59:00+14:00'), (5, '{day}T14:00:00+14:00'), (6, '{day} 00:00:00')"
    )
    made = plan(session, strategy, "log")
    for step in made.steps:
        done(session, strategy, step)
    assert ids(shop) == [1, 5, 6]
    (which,) = (text for text in made.steps[-1].statements if text.startswith("DELETE"))
    assert any("INDEX by_age (at>? AND at<?)" in str(row[3]) for row in shop.ask(f"EXPLAIN QUERY PLAN {which}"))


@pytest.mark.parametrize("text", ["0000-00-00 00:00:00", "2020-13-99", "2020-01-01x"])
def test_a_text_that_is_no_date_and_comes_later_is_never_old(shop: TargetFile, session: Session, text: str) -> None:
    (step,) = plan(session, CLEANUP, "log").steps
    shop.run(f"INSERT INTO log VALUES (50, '{text}', '')")
    done(session, CLEANUP, step)
    assert ids(shop) == [1, 2, 3, 4, 50]


def test_a_value_of_another_kind_that_comes_later_is_never_old(shop: TargetFile, session: Session) -> None:
    (step,) = plan(session, CLEANUP, "log").steps
    shop.run("CREATE TABLE other AS SELECT * FROM log", "DROP TABLE log", "CREATE TABLE log (id, at, text)")
    shop.run("INSERT INTO log SELECT * FROM other", "INSERT INTO log VALUES (50, 5, ''), (51, '', ''), (52, 'n/a', '')")
    session.execute(step)
    assert ids(shop) == [1, 2, 3, 4, 50, 51, 52]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("strategy", [CLEANUP, ARCHIVE])
def test_any_name_may_be_that_of_a_table_and_its_columns(
    target: TargetFile, connect: Connect, strategy: str, name: str
) -> None:
    table, column = quoted(name), quoted(f"{name} at")
    target.run(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {column} TEXT)")
    target.run(f"INSERT INTO {table} VALUES (1, '2001-01-01'), (2, '9000-01-01')")
    session = connect(target.path)
    made = plan(session, strategy, table, age_column=f"{name} at" if name != "select" else column)
    for step in made.steps:
        done(session, strategy, step)
    assert ids(target, name) == [2]
    if strategy == ARCHIVE:
        assert ids(target, f"{name}_archive") == [1]
        back = made.steps[-1].reversal()
        assert session.execute(back).error is None
        assert ids(target, name) == [1, 2]


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ("rowid TEXT, at TEXT", "_rowid_"),
        ("ROWID TEXT, _rowid_ TEXT, at TEXT", "oid"),
        ("a TEXT, b TEXT, at TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID", '"b", "a"'),
        ("rowid TEXT, _rowid_ TEXT, oid TEXT PRIMARY KEY, at TEXT", '"oid"'),
    ],
)
def test_a_row_is_told_from_others_by_its_number_or_by_its_key(
    target: TargetFile, connect: Connect, columns: str, key: str
) -> None:
    target.run(f"CREATE TABLE log ({columns}" + ("" if columns.endswith("ROWID") else ")"))
    names = [row[0] for row in target.ask("SELECT name FROM pragma_table_info('log')")]
    for number, day in enumerate(("2001-01-01", "2002-01-01", "9000-01-01")):
        values = [day if name == "at" else f"v{number}" for name in names]
        target.run(f"INSERT INTO log VALUES ({', '.join(map(repr, values))})")
    session = connect(target.path)
    (step,) = plan(session, CLEANUP, "log").steps
    assert f"WHERE ({key}) IN (SELECT {key} FROM" in step.statements[0]
    done(session, CLEANUP, step)
    assert target.ask("SELECT at FROM log") == [("9000-01-01",)]


def test_a_table_without_anything_that_tells_its_rows_apart_is_left_alone(target: TargetFile, connect: Connect) -> None:
    target.run("CREATE TABLE log (rowid, _rowid_, oid, at)", "INSERT INTO log VALUES (1, 1, 1, '2001-01-01')")
    assert "it has no primary key" in plan(connect(target.path), CLEANUP, "log").notes[0]


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL", "SET DEFAULT"])
def test_foreign_keys_that_change_other_tables_are_obeyed_only_where_that_is_allowed(
    shop: TargetFile, session: Session, action: str
) -> None:
    shop.run(f"CREATE TABLE line (id INTEGER, log_id INTEGER REFERENCES log ON DELETE {action})")
    shop.run("INSERT INTO line VALUES (1, 10), (2, 1)")
    made = plan(session, CLEANUP, "log")
    assert made.steps == ()
    assert f"line ON DELETE {action}" in made.notes[0]
    (step,) = plan(session, CLEANUP, "log", allow_cascade=True).steps
    done(session, CLEANUP, step)
    left = [(1, None), (2, 1)] if action != "CASCADE" else [(2, 1)]
    assert shop.ask("SELECT id, log_id FROM line ORDER BY id") == left


def test_rows_that_others_refer_to_stay_and_the_batch_says_so(shop: TargetFile, session: Session) -> None:
    shop.run("CREATE TABLE line (log_id INTEGER REFERENCES log)", "INSERT INTO line VALUES (10)")
    create, move = plan(session, ARCHIVE, "log").steps
    assert move.evidence["refers"] == ["line"]
    assert move.after == (create.key,)
    done(session, ARCHIVE, create)
    error = session.execute(move).error
    assert error is not None
    assert (error.error_class, error.message) == (ErrorClass.PERMANENT, "FOREIGN KEY constraint failed")
    assert CONCERNS[ARCHIVE].explain(move, error) is None
    assert CONCERNS[ARCHIVE].state_left(session, move).kind is LeftBehind.CLEAN
    assert (len(ids(shop)), ids(shop, "log_archive")) == (10, [])


def test_rows_are_moved_with_their_batch_and_come_back(shop: TargetFile, session: Session) -> None:
    shop.run("CREATE TABLE other AS SELECT * FROM log", "DROP TABLE log")
    shop.run(
        "CREATE TABLE log (id INTEGER PRIMARY KEY, at DATETIME NOT NULL, text TEXT UNIQUE CHECK (text <> ''),"
        " loud TEXT GENERATED ALWAYS AS (upper(text)) STORED, shy TEXT AS (lower(text)))"
    )
    shop.run("INSERT INTO log (id, at, text) SELECT id, at, text FROM other")
    made = plan(session, ARCHIVE, "log", batch_rows=4)
    create, first, last = made.steps
    day = create.check["cutoff_on"]
    assert create.statements == (
        'CREATE TABLE "main"."log_archive" AS SELECT "id", "at", "text", "loud", "shy", CAST(NULL AS TEXT) AS "archive_batch"'
        ' FROM "main"."log" WHERE 0',
        'CREATE INDEX "main"."log_archive_archive_batch" ON "log_archive" ("archive_batch")',
    )
    assert (create.is_destructive, create.undo, create.undo_note) == (
        False,
        (),
        "The archive stays, empty; drop it by hand.",
    )
    assert (first.after, last.after) == ((create.key,), (first.key,))
    before = shop.ask("SELECT * FROM log ORDER BY id")
    for step in made.steps:
        outcome = done(session, ARCHIVE, step)
    assert outcome.meters.rows == 2
    moved = shop.ask("SELECT * FROM log_archive ORDER BY id")
    assert [row[:-1] for row in moved] == before[4:]
    assert {row[-1] for row in moved} == {f"{day}T00:00:00Z/1", f"{day}T00:00:00Z/2"}
    assert not CONCERNS[ARCHIVE].is_needed(session, last).is_needed
    for step in (last.reversal(), first.reversal()):
        assert CONCERNS[ARCHIVE].is_needed(session, step).is_needed
        assert not CONCERNS[ARCHIVE].verify_undo(session, step).ok
        assert session.execute(step).error is None
        assert CONCERNS[ARCHIVE].verify_undo(session, step).ok
        assert not CONCERNS[ARCHIVE].is_needed(session, step).is_needed
    assert shop.ask("SELECT * FROM log ORDER BY id") == before
    assert ids(shop, "log_archive") == []


def test_batches_of_a_second_run_on_the_same_day_have_numbers_of_their_own(shop: TargetFile, session: Session) -> None:
    for step in plan(session, ARCHIVE, "log", batch_rows=2, max_objects=2).steps:
        done(session, ARCHIVE, step)
    shop.run("INSERT INTO log_archive (archive_batch) VALUES ('typed by hand')")
    (step,) = plan(session, ARCHIVE, "log", batch_rows=2, max_objects=2).steps
    assert step.check["label"].endswith("/3")
    done(session, ARCHIVE, step)
    assert ids(shop) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("CREATE TABLE log_archive (id, text, archive_batch)", "the archive log_archive lacks at"),
        ("CREATE TABLE log_archive (id, at, text)", "the archive log_archive lacks archive_batch"),
        ("ALTER TABLE log ADD COLUMN Archive_Batch TEXT", "it has a column archive_batch of its own"),
    ],
)
def test_an_archive_that_cannot_take_the_rows_is_named_and_left_to_people(
    shop: TargetFile, session: Session, statement: str, words: str
) -> None:
    made = plan(session, ARCHIVE, "log") if shop.run(statement) else None
    assert made is not None
    assert made.steps == ()
    assert words in made.notes[0]


def test_another_archive_may_be_named(shop: TargetFile, session: Session) -> None:
    shop.run("CREATE TABLE attic (ID, AT, TEXT, ARCHIVE_BATCH, more)")
    (step,) = plan(session, ARCHIVE, "log", archive_table="ATTIC").steps
    done(session, ARCHIVE, step)
    assert ids(shop, "attic") == [5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize(
    ("table", "typed", "words"),
    [
        ("ALL", {}, "ALL cannot be worked on: name one table."),
        (" all_tables", {}, "all_tables cannot be worked on: name one table."),
        ("log", {"age_column": " "}, "age_column: name the column that says how old a row is."),
        ("log", {"age_column": "born"}, "age_column: log has no column born."),
        ("nothing", {}, "nothing is no table of this file"),
        ("sqlite_master", {}, "sqlite_master is no table of this file"),
        ("log_by_age", {}, "log_by_age is no table of this file"),
    ],
)
@pytest.mark.parametrize("strategy", [CLEANUP, ARCHIVE])
def test_what_is_not_named_or_not_there_is_refused(
    shop: TargetFile, session: Session, strategy: str, table: str, typed: dict[str, Any], words: str
) -> None:
    shop.run("CREATE INDEX log_by_age ON log (at)")
    with pytest.raises(ObjectUnknown, match=words.replace(".", r"\.")):
        plan(session, strategy, table, **typed)


def test_a_table_is_not_its_own_archive(session: Session) -> None:
    with pytest.raises(ObjectUnknown, match="a table cannot be its own archive"):
        plan(session, ARCHIVE, "log", archive_table="LOG")


@pytest.mark.parametrize("strategy", [CLEANUP, ARCHIVE])
def test_the_portals_own_tables_are_left_alone(session: Session, strategy: str) -> None:
    session.longest_hold_seconds = 30.0
    made = plan(session, strategy, "log")
    assert made.steps == ()
    assert "the portal's own database" in made.notes[0]


@pytest.mark.parametrize("strategy", [CLEANUP, ARCHIVE])
def test_tables_of_a_portal_are_left_alone_under_whichever_name_it_is_registered(
    shop: TargetFile, session: Session, strategy: str
) -> None:
    shop.run("CREATE TABLE Portal_Strategy_Version AS SELECT * FROM log", "CREATE TABLE portal_installation (id)")
    assert plan(session, strategy, "portal_strategy_version").steps, "one of the two marks is none"
    shop.run("CREATE TABLE django_migrations (id)")
    made = plan(session, strategy, "portal_strategy_version")
    assert (made.steps, made.notes[0].endswith(OF_A_PORTAL)) == ((), True)
    assert plan(session, strategy, "log").steps, "others beside them are no portal's"


def test_a_table_that_is_gone_needs_nothing_any_more(shop: TargetFile, session: Session) -> None:
    (step,) = plan(session, CLEANUP, "log").steps
    shop.run("ALTER TABLE log RENAME COLUMN at TO born")
    assert CONCERNS[CLEANUP].is_needed(session, step).why == "log or its column is gone."
    assert not CONCERNS[CLEANUP].verify(session, step, None).ok


def test_what_lies_in_the_archive_when_it_is_gone_cannot_come_back(shop: TargetFile, session: Session) -> None:
    create, move = plan(session, ARCHIVE, "log").steps
    done(session, ARCHIVE, create)
    done(session, ARCHIVE, move)
    shop.run("DROP TABLE log_archive")
    assert not CONCERNS[ARCHIVE].is_needed(session, move.reversal()).is_needed
    assert CONCERNS[ARCHIVE].verify_undo(session, move.reversal()).message == "The archive is gone."
    assert not CONCERNS[ARCHIVE].verify(session, move, None).ok
