"""INTEGRITY_VALIDATION on servers whose files are damaged for real, and what can be told of a database without a check."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import ErrorClass, Locks, Step, TargetError, Verification
from strategies.platforms.base import ObjectUnknown, Session
from strategies.platforms.postgresql import checks, constraints
from strategies.platforms.postgresql.integrity import CONCERN
from strategies.platforms.postgresql.names import postgresql_query
from strategies.platforms.postgresql.platform import PLATFORM
from strategies.routines.integrity_validation import ROUTINE, IntegrityParameters
from tests.servers import RunningServer
from tests.strategies.platforms.postgresql.conftest import TAG

Sql = Callable[..., list[tuple[Any, ...]]]
PARAMETERS = IntegrityParameters(lock_wait_seconds=1)
VALIDATING = IntegrityParameters(validate_constraints=True, lock_wait_seconds=1)
FILLED = (
    "CREATE TABLE {0} (a int, x text)",
    "INSERT INTO {0} SELECT i, 'x' FROM generate_series(1, 5000) i",
    "CREATE INDEX ON {0} (a)",
)
HOSTILE = ["Robert'); DROP TABLE x;--", 'sp ace "quoted"', "table", "naïve 表", "100%", r"back\slash"]
PAGE = 8192


def planned(
    session: Session, parameters: IntegrityParameters = PARAMETERS, target: str = "ALL"
) -> tuple[list[Step], Assessment]:
    """The steps as a runner has them, back from JSON, and what the look saw."""
    seen = ROUTINE.assess(session, CONCERN, parameters, target)
    plan = ROUTINE.plan(platform="postgresql", target="t", concern=CONCERN, parameters=parameters, assessment=seen)
    return [Step.from_json(json.loads(json.dumps(step.as_json()))) for step in plan.steps], seen


def made(session: Session, step: Step) -> Verification:
    assert CONCERN.is_needed(session, step).is_needed
    outcome = session.execute(step)
    told = CONCERN.explain(step, outcome.error) if outcome.error else CONCERN.verify(session, step, outcome)
    assert told is not None, outcome.error
    return told


def checked(session: Session, parameters: IntegrityParameters = PARAMETERS) -> dict[str, Verification]:
    return {step.object: made(session, step) for step in planned(session, parameters)[0]}


@pytest.fixture
def amcheck(sql: Sql) -> None:
    if not sql("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'"):
        pytest.skip("this server comes without amcheck")
    sql("CREATE EXTENSION amcheck")


@contextmanager
def damaged_copy(
    server: RunningServer,
    statements: list[str],
    relation: str,
    damage: Callable[[bytearray], None],
    extension: str = "amcheck",
) -> Iterator[Session]:
    """A database whose file of one relation was overwritten before any session has read it."""
    source, copy = (f"t_{secrets.token_hex(4)}" for _ in range(2))
    with server.connect() as admin:
        if not admin.execute("SELECT FROM pg_available_extensions WHERE name = %s", [extension]).fetchall():
            pytest.skip(f"this server comes without {extension}")
        admin.execute(f"CREATE DATABASE {source}")
        with server.connect(source) as filling:
            for statement in [f"CREATE EXTENSION IF NOT EXISTS {extension}", *statements]:
                filling.execute(statement.encode())
            asked = "SELECT pg_relation_filenode(%s::regclass), current_setting('data_directory')"
            node, folder = filling.execute(asked, [relation]).fetchall()[0]
        admin.execute(f"CREATE DATABASE {copy} TEMPLATE {source} STRATEGY file_copy")
        (number,) = admin.execute("SELECT oid FROM pg_database WHERE datname = %s", [copy]).fetchall()[0]
    path = Path(folder, "base", str(number), str(node))
    content = bytearray(path.read_bytes())
    damage(content)
    path.write_bytes(content)
    try:
        with PLATFORM.connect(PLATFORM.address(server.url(copy)), None, TAG) as session:
            yield session
    finally:
        with server.connect() as admin:
            admin.execute(f"DROP DATABASE {copy} WITH (FORCE)")
            admin.execute(f"DROP DATABASE {source} WITH (FORCE)")


def filled(*names: str) -> list[str]:
    return [statement.format(name) for name in names for statement in FILLED]


def overwrite(at: int, data: bytes) -> Callable[[bytearray], None]:
    def damage(content: bytearray) -> None:
        content[at : at + len(data)] = data

    return damage


def test_an_overwritten_page_of_a_table_is_found_and_the_other_objects_are_checked_all_the_same(
    server: RunningServer,
) -> None:
    with damaged_copy(server, filled("good", "bad"), "bad", overwrite(3 * PAGE, b"\xff" * 64)) as session:
        told = checked(session)
    assert told["public.bad"].message.startswith("public.bad is damaged: invalid page in block 3 of relation base/")
    assert told["public.bad"].error is not None
    assert (told["public.bad"].error.code, told["public.bad"].error.error_class) == ("XX001", ErrorClass.PERMANENT)
    assert told["public.good"].ok
    assert told["public.good_a_idx"].ok
    finding = told["public.bad"].finding
    assert finding is not None
    assert (finding.severity, finding.object_type) == (Severity.CRITICAL, "TABLE")


def test_damaged_row_headers_are_told_block_by_block(server: RunningServer) -> None:
    def damage(content: bytearray) -> None:
        content[PAGE + PAGE - 40 : PAGE + PAGE] = b"\x7f" * 40  # the first row of the second page

    with damaged_copy(server, filled("bad"), "bad", damage) as session:
        told = checked(session)["public.bad"]
    assert not told.ok
    assert told.message.startswith("public.bad is damaged: block 1: ")
    assert told.finding is not None
    assert told.finding.evidence["problems"] >= 1


def test_an_overwritten_entry_of_an_index_is_found_and_its_table_is_sound(server: RunningServer) -> None:
    key = (
        PAGE + PAGE - 16 - 50 * 16 + 8
    )  # a key in the middle of the first leaf: entries of 16 bytes before the 16 at the end
    with damaged_copy(server, filled("t"), "t_a_idx", overwrite(key, b"\xff\xff\xff\x7f")) as session:
        told = checked(session)
    assert told["public.t"].ok
    index = told["public.t_a_idx"]
    assert index.error is not None
    assert index.error.code == "XX002"
    assert index.message.startswith("public.t_a_idx is damaged: high key invariant violated")
    assert index.finding is not None
    assert "REINDEX INDEX CONCURRENTLY" in index.finding.advice


def test_rows_that_an_index_lacks_are_found_by_comparing_only(server: RunningServer) -> None:
    def hide(content: bytearray) -> None:
        """The table gets a value that the index does not have: the last bytes of the row's number."""
        at = content.index((1).to_bytes(4, "little") + b"\x05x", PAGE - 64)
        content[at : at + 4] = (9_999_999).to_bytes(4, "little")

    with damaged_copy(server, filled("t"), "t", hide) as session:
        told = checked(session)["public.t_a_idx"]
        quick = checked(session, IntegrityParameters(compare_indexes=False))["public.t_a_idx"]
    assert "lacks matching index tuple" in told.message
    assert quick.ok


def test_sound_tables_and_indexes_pass_with_their_long_values(session: Session, sql: Sql, amcheck: None) -> None:
    sql(*filled("t"), "CREATE MATERIALIZED VIEW v AS SELECT a FROM t")
    parameters = IntegrityParameters(check_toast=True, skip_frozen=True)
    told = checked(session, parameters)
    assert all(verification.ok for verification in told.values()), told
    assert {"public.t", "public.v", "public.t_a_idx"} < told.keys()
    toast = [name for name in told if name.startswith("pg_toast.")]
    assert len(toast) == 2, "the table of long values of t, and its index"


def test_the_largest_comes_first_and_one_table_can_be_named_with_what_belongs_to_it(
    session: Session, sql: Sql, amcheck: None
) -> None:
    sql(*filled("small"), "CREATE TABLE large AS SELECT i, repeat('x', 500) x FROM generate_series(1, 9000) i")
    assert planned(session)[0][0].object == "public.large"
    objects = [step.object for step in planned(session, target="small")[0]]
    assert objects[:2] == ["public.small", "public.small_a_idx"]
    assert all(name.startswith("pg_toast.") for name in objects[2:])
    with pytest.raises(ObjectUnknown):
        planned(session, target="nothing")


PARTITIONED = (
    "CREATE TABLE parent (a int) PARTITION BY RANGE (a)",
    "CREATE INDEX by_a ON parent (a)",
    "CREATE TABLE low PARTITION OF parent FOR VALUES FROM (0) TO (10)",
    "CREATE TABLE high PARTITION OF parent FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (a)",
    "CREATE TABLE highest PARTITION OF high FOR VALUES FROM (15) TO (20)",
)


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("by_a", {"public.low_a_idx", "public.highest_a_idx"}),
        ("high_a_idx", {"public.highest_a_idx"}),
        ("low_a_idx", {"public.low_a_idx"}),
        ("high", {"public.highest", "public.highest_a_idx"}),
        ("parent", {"public.low", "public.low_a_idx", "public.highest", "public.highest_a_idx"}),
    ],
)
def test_what_is_partitioned_stands_for_its_partitions(
    session: Session, sql: Sql, target: str, meant: set[str]
) -> None:
    sql(*PARTITIONED)
    seen = planned(session, target=target)[1]
    assert {check.object for check in seen.checks} | {name for _, name in seen.unchecked} == meant


def test_the_constraints_of_partitions_are_those_of_their_table(session: Session, sql: Sql) -> None:
    sql(*PARTITIONED, "ALTER TABLE highest ADD CONSTRAINT c CHECK (a > 0) NOT VALID")
    assert [found.object for found in planned(session, target="parent")[1].findings] == ["public.highest, constraint c"]
    assert planned(session, target="low")[1].findings == ()


def test_a_check_keeps_nobody_from_writing_or_reading(session: Session, sql: Sql, amcheck: None) -> None:
    sql(*filled("t"))
    steps, seen = planned(session)
    assert {step.locks for step in steps} == {Locks.NONE}
    assert seen.findings == ()
    for step in steps:
        assert "parent_check" not in step.sql
        sql("BEGIN", "LOCK TABLE t IN ROW EXCLUSIVE MODE")  # as somebody who writes
        assert made(session, step).ok
        sql("COMMIT")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_checked(session: Session, sql: Sql, amcheck: None, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    sql(f"CREATE TABLE {quoted} (a int PRIMARY KEY)", f"INSERT INTO {quoted} VALUES (1)")
    told = checked(session)
    assert len(told) == 2
    assert all(verification.ok for verification in told.values()), told


def test_without_amcheck_a_note_says_how_to_get_it(session: Session, sql: Sql) -> None:
    sql(*filled("t"))
    steps, seen = planned(session)
    assert steps == []
    note = seen.notes[0]
    assert note.startswith("Tables and indexes are not checked: the extension amcheck is not there;")
    assert {("failed_check", "public.t"), ("failed_check", "public.t_a_idx")} < set(seen.unchecked)


def test_an_account_that_may_not_call_amcheck_is_told_the_grants(
    open_session: Callable[..., Session], server: RunningServer, sql: Sql, amcheck: None
) -> None:
    sql(*filled("t"), "DROP ROLE IF EXISTS looker", "CREATE ROLE looker LOGIN")
    session = open_session("looker")
    missing = CONCERN.missing_rights(session, PARAMETERS)
    assert len(missing) == 2
    assert not any(right.blocks for right in missing)
    steps, seen = planned(session)
    assert steps == []
    assert "the account may not call the functions of amcheck" in seen.notes[0]
    assert ("failed_check", "public.t") in seen.unchecked
    sql(*(right.grant for right in missing))
    assert CONCERN.missing_rights(session, PARAMETERS) == []
    assert all(verification.ok for verification in checked(session).values())
    sql("DROP OWNED BY looker", "DROP ROLE looker")


def test_an_amcheck_that_checks_no_tables_yet_is_said_to_be_old(session: Session, sql: Sql) -> None:
    if not sql("SELECT 1 FROM pg_available_extension_versions WHERE name = 'amcheck' AND version = '1.2'"):
        pytest.skip("this server comes without amcheck")
    sql("CREATE EXTENSION amcheck VERSION '1.2'", "CREATE TABLE t (a int PRIMARY KEY)")
    steps, seen = planned(session)
    assert [step.object for step in steps] == ["public.t_pkey"]
    assert seen.unchecked == (("failed_check", "public.t"),)
    assert seen.notes[0] == (
        "One table is not checked: the extension amcheck of this database is older than 1.3 and checks indexes only; its owner"
        " brings it up to date with ALTER EXTENSION amcheck UPDATE;"
    )
    assert not any("may not call" in note for note in seen.notes)
    sql("ALTER EXTENSION amcheck UPDATE")
    assert planned(session)[1].unchecked == ()


def test_no_limit_of_the_account_ends_a_check_or_a_validation(
    open_session: Callable[..., Session], sql: Sql, server: RunningServer, database: str
) -> None:
    if sql("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'"):
        sql("CREATE EXTENSION amcheck")
    sql(*filled("t"), "ALTER TABLE t ADD CONSTRAINT c CHECK (pg_sleep(0.0001) IS NOT NULL) NOT VALID")
    sql(f"ALTER DATABASE {database} SET statement_timeout = '150ms'")
    if server.major >= 17:
        sql(f"ALTER DATABASE {database} SET transaction_timeout = '200ms'")
    session = open_session()
    session.rows(postgresql_query("limit_statements"), {"limit": "0"})
    steps = planned(session, VALIDATING)[0]
    session.rows(postgresql_query("limit_statements"), {"limit": "250ms"})
    assert steps
    assert all("SET statement_timeout = 0" in step.settings for step in steps)
    assert [session.execute(step).error for step in steps] == [None] * len(steps)


def test_a_table_that_somebody_has_locked_holds_no_look_up_and_is_busy(
    session: Session, sql: Sql, server: RunningServer, database: str, amcheck: None
) -> None:
    sql(*filled("t"), "ANALYZE t")
    with server.connect(database) as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        with session.at_work(limit_seconds=10):
            steps = planned(session)[0]
            assert CONCERN.is_needed(session, steps[0]).is_needed
        table = next(step for step in steps if step.object == "public.t")
        error = session.execute(table).error
        assert error is not None
        assert error.error_class is ErrorClass.LOCK


def test_a_server_without_checksums_is_said_to_be_one(session: Session, sql: Sql) -> None:
    is_off = sql("SHOW data_checksums") == [("off",)]
    assert any("writes no checksums" in note for note in planned(session)[1].notes) == is_off


def test_a_page_whose_checksum_does_not_fit_is_counted_by_the_server_and_found(server: RunningServer) -> None:
    with server.connect() as admin:
        if admin.execute("SHOW data_checksums").fetchall() != [("on",)]:
            pytest.skip("this server was made without checksums")
    with damaged_copy(server, filled("t"), "t", overwrite(3 * PAGE + 4000, b"\xff" * 8), "plpgsql") as session:
        assert planned(session)[1].findings == ()
        name = session.rows(postgresql_query("facts"))[0]["database"]
        with server.connect(name) as reader, pytest.raises(psycopg.errors.DataCorrupted):
            reader.execute("SELECT count(*) FROM t")
        (finding,) = planned(session)[1].findings
    assert (finding.kind, finding.object, finding.severity) == ("checksum_failures", name, Severity.CRITICAL)
    assert finding.evidence["failures"] >= 1


def test_others_write_while_a_constraint_is_validated(session: Session, sql: Sql) -> None:
    sql("CREATE TABLE t (a int)", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID")
    (step,) = [step for step in planned(session, VALIDATING)[0] if not step.is_check]
    assert step.locks is Locks.DDL
    sql("BEGIN", "INSERT INTO t VALUES (1)")
    assert made(session, step).ok
    sql("COMMIT")


def test_a_constraint_that_is_not_validated_is_found_and_validated_only_if_asked_for(
    session: Session, sql: Sql
) -> None:
    sql(
        "CREATE TABLE t (a int)",
        "INSERT INTO t VALUES (1)",
        'ALTER TABLE t ADD CONSTRAINT "c\'x" CHECK (a > 0) NOT VALID',
    )
    steps, seen = planned(session)
    assert [(finding.kind, finding.object) for finding in seen.findings] == [
        ("unvalidated_constraint", 'public.t, constraint "c\'x"')
    ]
    assert steps == []
    (step,) = [step for step in planned(session, VALIDATING)[0] if not step.is_check]
    assert step.statements == ('ALTER TABLE "public"."t" VALIDATE CONSTRAINT "c\'x"',)
    assert not CONCERN.verify(session, step, None).ok, "a step that did not run must not count as done"
    assert made(session, step).message == "Every row keeps it: it is validated."
    assert not CONCERN.is_needed(session, step).is_needed
    assert planned(session)[1].findings == ()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("CHECK (a > 5)", 'check constraint "c" of relation "t" is violated by some row'),
        ("FOREIGN KEY (a) REFERENCES p", "Key (a)=(1) is not present in table"),
    ],
)
def test_rows_that_break_a_constraint_are_named_and_are_no_damage(
    session: Session, sql: Sql, rule: str, words: str
) -> None:
    sql(
        "CREATE TABLE p (a int PRIMARY KEY)", "CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)",
        f"ALTER TABLE t ADD CONSTRAINT c {rule} NOT VALID",
    )  # fmt: skip
    (step,) = [step for step in planned(session, VALIDATING)[0] if not step.is_check]
    told = made(session, step)
    assert not told.ok
    assert words in told.message
    assert told.message.startswith("Nothing is damaged, but rows break a rule: ")
    assert told.finding is None, "the next look finds the constraint itself"


def test_constraints_that_nobody_enforces_and_those_of_others_are_not_planned(
    open_session: Callable[..., Session], session: Session, sql: Sql
) -> None:
    sql("DROP ROLE IF EXISTS other", "CREATE ROLE other LOGIN", "CREATE TABLE t (a int)")
    sql("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID")
    steps, seen = planned(open_session("other"), VALIDATING)
    assert steps == []
    assert "The account may not: it has to be the owner of the table (postgres)" in seen.findings[0].advice
    if getattr(session, "version", 0) >= 180_000:
        sql("ALTER TABLE t DROP CONSTRAINT c", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED")
        assert planned(session)[1].findings == ()
    sql("DROP ROLE other")


def test_a_collation_whose_rules_have_changed_is_found_with_its_indexes(session: Session, sql: Sql) -> None:
    if not sql("SELECT 1 FROM pg_collation WHERE collprovider = 'i' AND collversion IS NOT NULL"):
        pytest.skip("this server comes without ICU")
    sql(
        "CREATE COLLATION german (provider = icu, locale = 'de')", "CREATE TABLE t (x text COLLATE german)",
        "CREATE INDEX by_x ON t (x)", "UPDATE pg_collation SET collversion = '1.1' WHERE collname = 'german'",
    )  # fmt: skip
    (finding,) = planned(session)[1].findings
    assert (finding.kind, finding.object, finding.severity) == ("changed_collation", "public.german", Severity.WARNING)
    assert "an index may still be sorted by the old ones: public.by_x" in finding.summary
    assert "ALTER COLLATION public.german REFRESH VERSION" in finding.advice
    sql("ALTER COLLATION german REFRESH VERSION")
    assert planned(session)[1].findings == ()


def test_a_database_whose_rules_have_changed_is_found(session: Session, sql: Sql, database: str) -> None:
    sql("CREATE TABLE t (x text)", "CREATE INDEX by_x ON t (x)")
    sql(f"UPDATE pg_database SET datcollversion = '1.1' WHERE datname = '{database}'")
    found = planned(session)[1].findings
    actual = sql(f"SELECT pg_database_collation_actual_version(oid) FROM pg_database WHERE datname = '{database}'")[0][
        0
    ]
    assert [(finding.object, finding.evidence["indexes"]) for finding in found] == [(database, ["public.by_x"])]
    assert "and, where partitions are bounded by text" in found[0].advice
    assert f"from version 1.1 to {actual or 'one that is not known'}" in found[0].summary


ROW = {
    "oid": 7,
    "object": "s.i",
    "object_type": "INDEX",
    "table_object": "s.t",
    "size_bytes": 8192,
    "schema_name": "s",
    "name": "i",
    "may_use_schema": True,
}
FUNCTIONS = {
    name: {"may_call": True, "function_name": f"public.{name}", "arguments": arguments}
    for name, arguments in (("bt_index_check", 3), ("verify_heapam", 6))
}


@pytest.mark.parametrize(
    ("row", "arguments", "parameters", "statement"),
    [
        ({}, 3, {}, """SELECT public.bt_index_check('"s"."i"'::regclass, true, true)"""),
        ({"may_use_schema": False}, 3, {}, "SELECT public.bt_index_check(7::regclass, true, true)"),
        ({}, 2, {}, """SELECT public.bt_index_check('"s"."i"'::regclass, true)"""),
        ({}, 3, {"compare_indexes": False}, """SELECT public.bt_index_check('"s"."i"'::regclass, false, false)"""),
        (
            {"object_type": "TABLE"}, 6, {"skip_frozen": True},
            """SELECT blkno, offnum, attnum, msg FROM public.verify_heapam('"s"."i"'::regclass, on_error_stop => false,"""
            """ check_toast => false, skip => 'all-frozen') LIMIT 100""",
        ),
    ],
)  # fmt: skip
def test_a_check_is_exactly_this_statement(row: dict, arguments: int, parameters: dict, statement: str) -> None:
    functions = {name: {**function, "arguments": arguments} for name, function in FUNCTIONS.items()}
    due = checks.due({**ROW, **row}, functions, ())
    assert due is not None
    assert checks.step(due, IntegrityParameters(**parameters)).statements == (statement,)


def test_what_is_suspected_is_checked_first_and_says_so() -> None:
    rows = [ROW, {**ROW, "oid": 8, "object": "s.large", "size_bytes": 10**9}]
    assert [row["oid"] for row in checks.in_order(rows, ())] == [8, 7]
    assert [row["oid"] for row in checks.in_order(rows, {7})] == [7, 8]
    due = checks.due(ROW, FUNCTIONS, {7})
    assert due is not None
    assert due.summary.endswith("It is suspected: its rules of sorting have changed.")


@pytest.mark.parametrize("code", ["XX001", "XX002", "58P01", "58030"])
def test_what_cannot_be_read_is_damaged(code: str) -> None:
    due = checks.due(ROW, FUNCTIONS, ())
    assert due is not None
    told = checks.explain(checks.step(due, PARAMETERS), TargetError(ErrorClass.PERMANENT, code, "could not read"))
    assert told is not None
    assert told.finding is not None
    assert told.finding.evidence["looks_at"] == ["rows of the table"]


def test_other_errors_say_it_all_and_what_was_found_is_for_people() -> None:
    due = checks.due(ROW, FUNCTIONS, ())
    assert due is not None
    step = checks.step(due, PARAMETERS)
    assert checks.explain(step, TargetError(ErrorClass.LOCK, "55P03", "busy")) is None
    assert constraints.explain(step, TargetError(ErrorClass.LOCK, "55P03", "busy")) is None
    damage = checks.explain(step, TargetError(ErrorClass.PERMANENT, "XX002", "out of order"))
    assert damage is not None
    assert isinstance(damage.finding, Finding)
    assert CONCERN.steps([damage.finding], PARAMETERS) == []
