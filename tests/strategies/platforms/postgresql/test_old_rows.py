"""CLEANUP_MAINTENANCE and ARCHIVE_MAINTENANCE on real PostgreSQL: what is old goes batch by batch, and nothing else does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from strategies import registry
from strategies.plans import ErrorClass, LeftBehind, Locks, Outcome, Plan, Step
from strategies.platforms.base import ObjectUnknown, Session
from strategies.platforms.old_rows import OF_A_PORTAL
from strategies.platforms.postgresql import archive, cleanup

Sql = Callable[..., list[tuple[Any, ...]]]
CLEANUP, ARCHIVE = "CLEANUP_MAINTENANCE", "ARCHIVE_MAINTENANCE"
CONCERNS: dict[str, Any] = {CLEANUP: cleanup.CONCERN, ARCHIVE: archive.CONCERN}
HOSTILE = ['we"ird', "Two Words", "select", "it's 100% {x} %(name)s", "a;DROP TABLE t--", "x" * 55]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def plan(session: Session, strategy: str, table: str = "log", **typed: Any) -> Plan:
    """As it is kept: through JSON."""
    routine = registry.routines()[strategy]
    parameters = routine.read_parameters({"age_column": "at", "keep_days": 35, **typed})
    seen = routine.assess(session, CONCERNS[strategy], parameters, table)
    made = routine.plan(
        platform="postgresql", target="t", concern=CONCERNS[strategy], parameters=parameters, assessment=seen
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
def log(sql: Sql) -> Sql:
    """Ten rows, each ten days older than the one before: of 0 to 90 days ago."""
    sql(
        "CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz, text text NOT NULL,"
        " loud text GENERATED ALWAYS AS (upper(text)) STORED)",
        "INSERT INTO log (at, text) SELECT now() - n * interval '10 days', 'row ' || n FROM generate_series(0, 9) n",
    )
    return sql


def ids(sql: Sql, table: str = "log") -> list[int]:
    return [row[0] for row in sql(f"SELECT id FROM {quoted(table)} ORDER BY id")]


def test_old_rows_are_deleted_oldest_first_and_batch_by_batch(log: Sql, session: Session) -> None:
    first, last = plan(session, CLEANUP, batch_rows=4).steps
    cutoff = f"TIMESTAMPTZ '{first.check['cutoff_on']} 00:00:00+00'"
    chosen = f'SELECT ctid FROM "public"."log" WHERE "at" < {cutoff} AND isfinite("at") ORDER BY "at" LIMIT 4'
    assert first.statements == last.statements == (
        f'DELETE FROM "public"."log" AS t WHERE t.ctid = ANY (ARRAY ({chosen})) AND t."at" < {cutoff} AND isfinite(t."at")',
    )  # fmt: skip
    assert (first.settings, first.begin) == (("SET lock_timeout = '5s'", "SET statement_timeout = 0"), "")
    assert (first.is_destructive, first.is_reversible, first.locks) == (True, False, Locks.ROWS)
    assert last.after == (first.key,)
    assert done(session, CLEANUP, first).meters.rows == 4
    assert ids(log) == [1, 2, 3, 4, 5, 6]
    assert done(session, CLEANUP, last).meters.rows == 2
    assert ids(log) == [1, 2, 3, 4]
    assert not CONCERNS[CLEANUP].is_needed(session, last).is_needed
    assert plan(session, CLEANUP).steps == ()


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
@pytest.mark.parametrize("strategy", [CLEANUP, ARCHIVE])
def test_every_type_of_instants_is_compared_as_its_own(sql: Sql, session: Session, strategy: str, kind: str) -> None:
    """Neither what has no age, nor what was put before all time, is old."""
    sql(
        f"CREATE DOMAIN age AS {kind}", "CREATE TABLE log (id int, at age)", "CREATE INDEX ON log (at)",
        "INSERT INTO log SELECT n, now() - n * interval '10 days' FROM generate_series(0, 9) n",
        "INSERT INTO log VALUES (20, NULL), (21, '-infinity'), (22, 'infinity')",
    )  # fmt: skip
    for step in plan(session, strategy).steps:
        assert step.evidence.get("has_index", True)
        done(session, strategy, step)
    assert ids(sql) == [0, 1, 2, 3, 20, 21, 22]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_may_be_that_of_a_table_its_schema_and_its_columns(sql: Sql, session: Session, name: str) -> None:
    table, column = quoted(name), quoted(f"{name} at")
    sql(
        f"CREATE SCHEMA {table}", f"CREATE TABLE {table}.{table} (id int, {column} date)",
        f"INSERT INTO {table}.{table} VALUES (1, '2001-01-01'), (2, '9000-01-01'), (3, '2001-01-01')",
    )  # fmt: skip
    shown = f"{table}.{table}"
    create, moved = plan(session, ARCHIVE, shown, age_column=column).steps
    for step in (create, moved):
        done(session, ARCHIVE, step)
    archived = f"{table}.{quoted(name + '_archive')}"
    assert sql(f"SELECT id FROM {archived} ORDER BY id") == [(1,), (3,)]
    back = moved.reversal()
    assert session.execute(back).error is None
    assert CONCERNS[ARCHIVE].verify_undo(session, back).ok
    (gone,) = plan(session, CLEANUP, shown, age_column=f"{name} at").steps
    done(session, CLEANUP, gone)
    assert sql(f"SELECT id FROM {shown}") == [(2,)]


def test_rows_are_moved_with_their_batch_and_come_back(log: Sql, session: Session) -> None:
    made = plan(session, ARCHIVE, batch_rows=4)
    create, first, last = made.steps
    day = create.check["cutoff_on"]
    assert create.statements == (
        'CREATE TABLE "public"."log_archive" AS SELECT "id", "at", "text", "loud", CAST(NULL AS text) COLLATE "C" AS "archive_batch"'
        ' FROM "public"."log" WITH NO DATA',
        'CREATE INDEX ON "public"."log_archive" ("archive_batch")',
    )
    assert (first.after, last.after) == ((create.key,), (first.key,))
    before = log("SELECT * FROM log ORDER BY id")
    for step in made.steps:
        outcome = done(session, ARCHIVE, step)
    assert outcome.meters.rows == 2
    moved = log("SELECT * FROM log_archive ORDER BY id")
    assert [row[:-1] for row in moved] == before[4:]
    assert {row[-1] for row in moved} == {f"{day}T00:00:00Z/1", f"{day}T00:00:00Z/2"}
    assert not CONCERNS[ARCHIVE].is_needed(session, last).is_needed
    for step in (last.reversal(), first.reversal()):
        assert CONCERNS[ARCHIVE].is_needed(session, step).is_needed
        assert not CONCERNS[ARCHIVE].verify_undo(session, step).ok
        assert session.execute(step).error is None
        assert CONCERNS[ARCHIVE].verify_undo(session, step).ok
    assert log("SELECT * FROM log ORDER BY id") == before
    assert ids(log, "log_archive") == []
    log(f"INSERT INTO log_archive (archive_batch) VALUES ('typed by hand'), ('{day}T00:00:00Z/7')")
    (again,) = plan(session, ARCHIVE).steps
    assert again.check["label"] == f"{day}T00:00:00Z/8"


@pytest.mark.parametrize("strategy", [CLEANUP, ARCHIVE])
def test_of_partitions_and_of_tables_that_inherit_the_right_rows_go(sql: Sql, session: Session, strategy: str) -> None:
    """Rows of different partitions have the same place in their own."""
    sql(
        "CREATE TABLE log (id int, at date) PARTITION BY LIST (id)",
        *(f"CREATE TABLE log_{n} PARTITION OF log FOR VALUES IN ({n}, {n + 10})" for n in range(3)),
        "INSERT INTO log VALUES (0, '2001-01-01'), (10, '9000-01-01'), (1, '9000-01-01'), (11, '2001-01-02'), (2, '2001-01-03')",
        "CREATE TABLE old (id int, at date)", "CREATE TABLE young () INHERITS (old)",
        "INSERT INTO old VALUES (1, '2001-01-01'), (2, '9000-01-01')", "INSERT INTO young VALUES (3, '9000-01-01'), (4, '2001-01-01')",
    )  # fmt: skip
    first, *others = (step for step in plan(session, strategy, batch_rows=2).steps if step.operation_type != "CREATE")
    if strategy == ARCHIVE:
        done(session, strategy, plan(session, strategy).steps[0])
    assert done(session, strategy, first).meters.rows == 2
    assert ids(sql) == [1, 2, 10]
    for step in others:
        done(session, strategy, step)
    assert ids(sql) == [1, 10]
    for step in plan(session, strategy, "old").steps:
        done(session, strategy, step)
    assert ids(sql, "old") == [2, 3]


def test_a_row_that_becomes_young_in_the_same_moment_stays(
    log: Sql, session: Session, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    """The batch waits for whoever changes the row, and then looks at it again."""
    (step,) = plan(session, CLEANUP).steps
    other = connect()
    other.autocommit = False
    other.execute("UPDATE log SET at = now() WHERE id = 10")
    outcomes: list[Outcome] = []
    batch = threading.Thread(target=lambda: outcomes.append(session.execute(step)))
    batch.start()
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = " + session.session_id
    while log(waiting) == [(0,)] and batch.is_alive():
        time.sleep(0.01)
    other.commit()
    batch.join()
    assert outcomes[0].error is None
    assert ids(log) == [1, 2, 3, 4, 10]
    assert CONCERNS[CLEANUP].verify(session, step, outcomes[0]).ok, "fewer rows than planned, and none is left that old"


def test_a_row_that_others_hold_is_waited_for_no_longer_than_allowed(
    log: Sql, session: Session, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    (step,) = plan(session, CLEANUP, lock_wait_seconds=1).steps
    other = connect()
    other.autocommit = False
    other.execute("SELECT FROM log WHERE id = 10 FOR UPDATE")
    error = session.execute(step).error
    other.rollback()
    assert error is not None
    assert (error.error_class, len(ids(log))) == (ErrorClass.LOCK, 10)


def test_a_trigger_that_keeps_rows_fails_the_batch_and_copies_none(log: Sql, session: Session) -> None:
    log(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE TRIGGER keep_all BEFORE DELETE ON log FOR EACH ROW EXECUTE FUNCTION keep()",
    )
    (step,) = plan(session, CLEANUP).steps
    assert step.evidence["delete_triggers"] == ["keep_all"]
    for outcome in (session.execute(step), None):
        assert not CONCERNS[CLEANUP].verify(session, step, outcome).ok
    create, move = plan(session, ARCHIVE).steps
    done(session, ARCHIVE, create)
    assert not CONCERNS[ARCHIVE].verify(session, move, session.execute(move)).ok
    assert (len(ids(log)), ids(log, "log_archive")) == (10, [])


SKIPS = (
    "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN IF NEW.id {which} THEN RETURN NULL; END IF; RETURN NEW; END $$"
)


@pytest.mark.parametrize("which", ["> 0", "= 7"])
def test_rows_that_the_archive_does_not_take_stay(log: Sql, session: Session, which: str) -> None:
    create, move = plan(session, ARCHIVE).steps
    done(session, ARCHIVE, create)
    log(
        SKIPS.format(which=which),
        "CREATE TRIGGER skip BEFORE INSERT ON log_archive FOR EACH ROW EXECUTE FUNCTION skip()",
    )
    assert_unequal(session, move)
    assert (len(ids(log)), ids(log, "log_archive")) == (10, [])


@pytest.mark.parametrize("which", ["> 0", "= 7"])
def test_an_undo_that_a_trigger_keeps_from_one_row_changes_nothing(log: Sql, session: Session, which: str) -> None:
    for step in plan(session, ARCHIVE).steps:
        done(session, ARCHIVE, step)
    log(
        SKIPS.format(which=which),
        "CREATE TRIGGER skip BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION skip()",
    )
    assert_unequal(session, step.reversal())
    assert (ids(log), ids(log, "log_archive")) == ([1, 2, 3, 4], [5, 6, 7, 8, 9, 10])
    assert not CONCERNS[ARCHIVE].verify_undo(session, step.reversal()).ok


def assert_unequal(session: Session, step: Step) -> None:
    error = session.execute(step).error
    assert error is not None
    told = CONCERNS[ARCHIVE].explain(step, error)
    assert told.error.message.startswith("Not every row arrived where it was to go")


def test_a_batch_that_moved_nothing_is_not_done_because_nothing_old_is_left(log: Sql, session: Session) -> None:
    create, move = plan(session, ARCHIVE).steps
    done(session, ARCHIVE, create)
    log("DELETE FROM log WHERE id > 4")
    outcome = session.execute(move)
    assert (outcome.error, outcome.meters.rows) == (None, 0)
    assert not CONCERNS[ARCHIVE].verify(session, move, outcome).ok


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL", "SET DEFAULT"])
def test_foreign_keys_that_change_other_tables_are_obeyed_only_where_that_is_allowed(
    log: Sql, session: Session, action: str
) -> None:
    log(f"CREATE TABLE line (id int, log_id bigint REFERENCES log ON DELETE {action})", "INSERT INTO line VALUES (1, 10)")  # fmt: skip
    made = plan(session, CLEANUP)
    assert made.steps == ()
    assert f"public.line ON DELETE {action}" in made.notes[0]
    (step,) = plan(session, CLEANUP, allow_cascade=True).steps
    done(session, CLEANUP, step)
    assert log("SELECT log_id FROM line") == ([] if action == "CASCADE" else [(None,)])


def test_rows_that_others_refer_to_stay_and_the_batch_says_so(log: Sql, session: Session) -> None:
    log("CREATE TABLE line (log_id bigint REFERENCES log)", "INSERT INTO line VALUES (10)")
    create, move = plan(session, ARCHIVE).steps
    assert move.evidence["refers"] == ["public.line"]
    done(session, ARCHIVE, create)
    error = session.execute(move).error
    assert error is not None
    assert (error.error_class, error.code) == (ErrorClass.PERMANENT, "23503")
    assert CONCERNS[ARCHIVE].state_left(session, move).kind is LeftBehind.CLEAN
    assert (len(ids(log)), ids(log, "log_archive")) == (10, [])


@pytest.mark.parametrize(
    ("statements", "strategy", "typed", "words"),
    [
        (["ALTER TABLE log ADD archive_batch int"], ARCHIVE, {}, "it has a column archive_batch of its own"),
        (["CREATE TABLE log_archive (id int, at date, text text, archive_batch text)"], ARCHIVE, {}, "public.log_archive lacks loud"),
        (["CREATE VIEW log_archive AS SELECT *, '' AS archive_batch FROM log"], ARCHIVE, {}, "public.log_archive is no table"),
        ([], CLEANUP, {"age_column": "text"}, "text is of the type text, and neither a date nor a timestamp"),
        (["CREATE RULE keep AS ON DELETE TO log DO INSTEAD NOTHING"], CLEANUP, {}, "a rule (CREATE RULE) rewrites"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_and_left_to_people(
    log: Sql, session: Session, statements: list[str], strategy: str, typed: dict[str, Any], words: str
) -> None:
    log(*statements, "SELECT 1")
    made = plan(session, strategy, **typed)
    assert made.steps == ()
    assert words in made.notes[0]


@pytest.mark.parametrize(
    ("table", "typed", "words"),
    [
        ("ALL", {}, "ALL cannot be worked on: name one table."),
        ("log", {"age_column": ""}, "age_column: name the column"),
        ("log", {"age_column": "ctid"}, "age_column: public.log has no column ctid."),
        ("log_pkey", {}, "log_pkey is no table that rows can be taken from."),
        ("pg_catalog.pg_class", {"age_column": "relname"}, "pg_catalog.pg_class is no table"),
        ("nothing", {}, "nothing is neither a table nor an index"),
    ],
)
def test_what_is_not_named_or_not_there_is_refused(
    log: Sql, session: Session, table: str, typed: dict[str, Any], words: str
) -> None:
    with pytest.raises(ObjectUnknown, match=words.replace(".", r"\.")):
        plan(session, CLEANUP, table, **typed)


@pytest.mark.parametrize("name", ["log", "x" * 64])
def test_an_archive_has_a_name_of_its_own_that_fits(log: Sql, session: Session, name: str) -> None:
    with pytest.raises(ObjectUnknown, match="archive_table: "):
        plan(session, ARCHIVE, archive_table=name)


def test_a_right_that_is_lacking_is_told_with_the_statement_that_gives_it(
    log: Sql, open_session: Callable[..., Session]
) -> None:
    log("DROP ROLE IF EXISTS sweeper", "CREATE ROLE sweeper LOGIN", "GRANT USAGE ON SCHEMA public TO sweeper")
    log("REVOKE CREATE ON SCHEMA public FROM public")
    session = open_session("sweeper")
    try:
        (note,) = plan(session, CLEANUP).notes
        _, _, statement = note.partition("lacks a right. ")
        assert statement == 'GRANT SELECT, DELETE ON public.log TO "sweeper";'
        log(statement)
        (note,) = plan(session, ARCHIVE).notes
        assert 'GRANT CREATE ON SCHEMA "public" TO "sweeper";' in note
        (step,) = plan(session, CLEANUP).steps
        done(session, CLEANUP, step)
    finally:
        log("DROP OWNED BY sweeper", "DROP ROLE sweeper")


def test_the_portals_own_tables_are_left_alone(log: Sql, session: Session) -> None:
    session.longest_hold_seconds = 30.0
    assert "the portal's own database" in plan(session, CLEANUP).notes[0]


@pytest.mark.parametrize("strategy", [CLEANUP, ARCHIVE])
def test_tables_of_a_portal_are_left_alone_under_whichever_name_it_is_registered(
    log: Sql, session: Session, strategy: str
) -> None:
    log("CREATE TABLE portal_strategy_version AS SELECT * FROM log", "CREATE TABLE portal_installation (id int)")
    log("CREATE SCHEMA other", "CREATE TABLE other.django_migrations (id int)")
    assert plan(session, strategy, "portal_strategy_version").steps, "the two marks do not lie together"
    log("ALTER TABLE other.django_migrations SET SCHEMA public")
    made = plan(session, strategy, "portal_strategy_version")
    assert (made.steps, made.notes[0].endswith(OF_A_PORTAL)) == ((), True)
    assert plan(session, strategy).steps, "others beside them are no portal's"
