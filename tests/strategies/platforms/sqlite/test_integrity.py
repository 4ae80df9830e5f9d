"""INTEGRITY_VALIDATION on files that are damaged for real: each object is checked, what is damaged is named, nothing is changed."""

from __future__ import annotations

import json
import sqlite3

import pytest

from strategies.assessments import Assessment, Severity
from strategies.plans import ErrorClass, Locks, Step, TargetError, Verification
from strategies.platforms.base import ObjectUnknown, PlatformError
from strategies.platforms.sqlite.integrity import CONCERN
from strategies.platforms.sqlite.session import SqliteSession
from strategies.routines.integrity_validation import ROUTINE, IntegrityParameters
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile

PARAMETERS = IntegrityParameters(lock_wait_seconds=1)
WHOLE = IntegrityParameters(whole_file=True)
HOSTILE = ["it's", 'a "b"', "SELECT", "naïve 表", "%s", "{table}", "a;DROP TABLE t--"]


def planned(
    session: SqliteSession, parameters: IntegrityParameters = PARAMETERS, target: str = "ALL"
) -> tuple[list[Step], Assessment]:
    """The steps as a runner has them, back from JSON, and what the look saw."""
    seen = ROUTINE.assess(session, CONCERN, parameters, target)
    plan = ROUTINE.plan(platform="sqlite", target="t", concern=CONCERN, parameters=parameters, assessment=seen)
    return [Step.from_json(json.loads(json.dumps(step.as_json()))) for step in plan.steps], seen


def checked(
    session: SqliteSession, parameters: IntegrityParameters = PARAMETERS, target: str = "ALL"
) -> dict[str, Verification]:
    """What each check said, by the key of its step."""
    told = {}
    for step in planned(session, parameters, target)[0]:
        assert CONCERN.is_needed(session, step).is_needed
        outcome = session.execute(step)
        explained = CONCERN.explain(step, outcome.error) if outcome.error else CONCERN.verify(session, step, outcome)
        assert explained is not None, outcome.error
        told[step.key] = explained
    return told


def good_and_bad(target: TargetFile) -> TargetFile:
    for table in ("good", "bad"):
        target.run(f"CREATE TABLE {table}(a, b)", f"CREATE INDEX {table}_a ON {table}(a)").fill(table, 500, "n", "-n")
    return target


def root_page(target: TargetFile, name: str) -> int:
    return int(str(target.ask(f"SELECT rootpage FROM sqlite_master WHERE name = '{name}'")[0][0]))


def test_a_sound_file_is_checked_table_by_table_and_not_changed(connect: Connect, target: TargetFile) -> None:
    good_and_bad(target)
    before = target.path.read_bytes()
    told = checked(connect(target.path), WHOLE)
    assert list(told) == ["failed_check:bad", "failed_check:good", "failed_check:target.db"]
    assert all(verification.ok and verification.finding is None for verification in told.values()), told
    assert target.path.read_bytes() == before


def test_checks_are_no_findings(connect: Connect, target: TargetFile) -> None:
    _, seen = planned(connect(good_and_bad(target).path))
    assert seen.findings == ()
    assert [(check.kind, check.object, check.severity) for check in seen.checks] == [
        ("failed_check", "bad", Severity.INFO),
        ("failed_check", "good", Severity.INFO),
    ]


def test_overwritten_bytes_in_a_page_are_found_and_only_their_table_is_blamed(
    connect: Connect, target: TargetFile
) -> None:
    good_and_bad(target)
    session = connect(target.path)
    target.smash(root_page(target, "bad"), 0, b"\xff" * 64)
    told = checked(session)
    damage = told["failed_check:bad"]
    assert not damage.ok
    assert damage.message.startswith("bad is damaged: ")
    assert damage.finding is not None
    assert (damage.finding.severity, damage.finding.object) == (Severity.CRITICAL, "bad")
    assert ".recover" in damage.finding.advice
    assert told["failed_check:good"].ok


def test_entries_that_an_index_lacks_are_found_by_comparing_and_not_by_the_quick_check(
    connect: Connect, target: TargetFile
) -> None:
    good_and_bad(target).redefine("bad_a", "CREATE INDEX bad_a ON bad(b)")
    damage = checked(connect(target.path))["failed_check:bad"]
    assert not damage.ok
    assert "bad is damaged: row 1 missing from index bad_a" in damage.message
    assert "or more" in damage.message, "SQLite stops at the 100th problem"
    quick = checked(connect(target.path), IntegrityParameters(compare_indexes=False))
    assert quick["failed_check:bad"].ok


def test_rows_that_refer_to_nothing_are_no_damage(connect: Connect, target: TargetFile) -> None:
    target.run(
        "CREATE TABLE parent(id INTEGER PRIMARY KEY)",
        "CREATE TABLE child(a REFERENCES parent)",
        "PRAGMA foreign_keys = OFF",
        "INSERT INTO child VALUES (7), (8)",
    )
    told = checked(connect(target.path))
    assert told["failed_check:child"].ok
    broken = told["broken_references:child"]
    assert not broken.ok
    assert broken.message == ("Rows of child refer to rows that do not exist (2); the first: row 1 refers to parent.")
    assert broken.finding is not None
    assert broken.finding.severity is Severity.WARNING
    target.run("INSERT INTO parent VALUES (7), (8)")
    assert checked(connect(target.path))["broken_references:child"].ok


def test_rows_without_a_number_are_told_too(connect: Connect, target: TargetFile) -> None:
    target.run(
        "CREATE TABLE parent(id INTEGER PRIMARY KEY)",
        "CREATE TABLE child(k PRIMARY KEY, a REFERENCES parent) WITHOUT ROWID",
        "INSERT INTO child VALUES (1, 7)",
    )
    broken = checked(connect(target.path))["broken_references:child"]
    assert broken.message.endswith("rows that do not exist (1); the first: a row refers to parent.")


def test_foreign_keys_that_cannot_hold_are_named(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE p(a)", "CREATE TABLE c(x REFERENCES p(a))", "INSERT INTO c VALUES (1)")
    told = checked(connect(target.path))["broken_references:c"]
    assert told.finding is not None
    assert told.finding.severity is Severity.WARNING
    assert told.message == 'The foreign keys of c cannot be checked: foreign key mismatch - "c" referencing "p".'
    assert "needs a PRIMARY KEY or a UNIQUE constraint" in told.finding.advice


def test_a_part_of_the_file_that_the_system_cannot_read_is_damage(connect: Connect, target: TargetFile) -> None:
    (step, _) = planned(connect(good_and_bad(target).path))[0]
    told = CONCERN.explain(step, TargetError(ErrorClass.PERMANENT, "SQLITE_IOERR_READ", "disk I/O error"))
    assert told is not None
    assert told.message == "bad is damaged: the check itself stopped (disk I/O error)."
    assert CONCERN.explain(step, TargetError(ErrorClass.PERMANENT, "SQLITE_IOERR_LOCK", "disk I/O error")) is None


def test_virtual_tables_are_said_to_be_left_out(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE VIRTUAL TABLE f USING fts5(body)", "CREATE TABLE t(a)")
    steps, seen = planned(connect(target.path))
    assert [step.object for step in steps] == ["t"]
    assert seen.notes == (
        "f is a virtual table and is not checked by itself: what it keeps is read where the whole file is checked, and its own"
        " module tells whether that fits together.",
    )


def test_foreign_keys_are_left_alone_where_that_is_asked_for(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE p(id INTEGER PRIMARY KEY)", "CREATE TABLE c(a REFERENCES p)")
    parameters = IntegrityParameters(check_references=False)
    assert list(checked(connect(target.path), parameters)) == ["failed_check:c", "failed_check:p"]


def test_rows_that_break_their_own_tables_rules_are_no_damage(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t(a CHECK (a > 0))", "PRAGMA ignore_check_constraints = ON", "INSERT INTO t VALUES (-1)")
    told = checked(connect(target.path))["failed_check:t"]
    assert told.message == "Rows of t break the table's own rules (1): CHECK constraint failed in t."
    assert told.finding is not None
    assert told.finding.severity is Severity.WARNING


def owned(target: TargetFile, *statements: str) -> None:
    """By a program that has a function of its own."""
    connection = sqlite3.connect(target.path, isolation_level=None)
    connection.create_function("ours", 1, lambda _: 1, deterministic=True)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_table_that_needs_a_function_of_its_program_is_left_out_and_said_so(
    connect: Connect, target: TargetFile
) -> None:
    owned(target, "CREATE TABLE t(a CHECK (ours(a)))", "CREATE TABLE u(a)")
    steps, seen = planned(connect(target.path))
    assert [step.object for step in steps] == ["u"]
    assert seen.notes == ("t cannot be checked from here: unknown function: ours().",)


@pytest.mark.parametrize("target_object", ["ALL", "target.db"])
def test_a_file_that_needs_a_function_of_its_program_is_not_checked_as_a_whole_and_said_so(
    connect: Connect, target: TargetFile, target_object: str
) -> None:
    owned(target, "CREATE TABLE t(a)", "CREATE INDEX i ON t(ours(a))", "CREATE TABLE u(a)")
    steps, seen = planned(connect(target.path), WHOLE, target_object)
    assert [step.object for step in steps] == (["u"] if target_object == "ALL" else [])
    assert "target.db cannot be checked from here: unknown function: ours()." in seen.notes
    assert ("failed_check", "target.db") in seen.unchecked


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_checked_and_blamed_alone(connect: Connect, target: TargetFile, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    target.run(f"CREATE TABLE {quoted}(a)", f'CREATE INDEX "i" ON {quoted}(a)', "CREATE TABLE other(a)")
    target.fill(quoted, 20, "n")
    session = connect(target.path)
    assert all(verification.ok for verification in checked(session).values())
    target.redefine("i", f'CREATE INDEX "i" ON {quoted}(-a)')
    told = checked(connect(target.path))
    assert [key for key, verification in told.items() if not verification.ok] == [
        next(key for key in told if key != "failed_check:other")
    ]


def test_a_name_that_looks_like_a_number_is_not_checked_by_itself_and_said_so(
    connect: Connect, target: TargetFile
) -> None:
    target.run('CREATE TABLE "2024"(a)', "CREATE TABLE t(a)")
    steps, seen = planned(connect(target.path))
    assert [step.object for step in steps] == ["t"]
    assert seen.notes == ('"2024" is not checked by itself: SQLite takes such a name for a number.',)


def test_one_table_an_index_of_it_or_the_file_can_be_named(connect: Connect, target: TargetFile) -> None:
    session = connect(good_and_bad(target).path)
    assert [step.object for step in planned(session, target="bad")[0]] == ["bad"]
    assert [step.object for step in planned(session, target="good_a")[0]] == ["good"]
    (step,) = planned(session, target="target.db")[0]
    assert step.statements == ("SELECT \"integrity_check\" AS message FROM pragma_integrity_check(100, 'main')",)
    with pytest.raises(ObjectUnknown, match=r"nothing is neither a table nor an index of this file"):
        planned(session, target="nothing")


def test_in_wal_mode_nobody_waits_and_else_writers_do(connect: Connect, target: TargetFile) -> None:
    session = connect(good_and_bad(target).path)
    assert {step.locks for step in planned(session)[0]} == {Locks.WRITES}
    session.longest_hold_seconds = 3.0
    assert {step.check["longest_hold_seconds"] for step in planned(session)[0]} == {3.0}
    target.run("PRAGMA journal_mode = wal")
    session = connect(target.path)
    session.longest_hold_seconds = 3.0
    assert {(step.locks, step.check["longest_hold_seconds"]) for step in planned(session)[0]} == {(Locks.NONE, None)}


def test_others_write_while_a_table_is_checked_in_wal_mode(connect: Connect, target: TargetFile) -> None:
    good_and_bad(target).run("PRAGMA journal_mode = wal")
    session = connect(target.path)
    session._connection.execute("BEGIN")
    (step,) = planned(session, target="bad")[0]
    session._connection.execute("SELECT count(*) FROM bad").fetchall()  # reads as the check does
    target.run("INSERT INTO bad VALUES (0, 0)")
    session._connection.execute("COMMIT")
    assert CONCERN.verify(session, step, session.execute(step)).ok


def test_a_check_that_was_cut_off_has_to_be_made_again(connect: Connect, target: TargetFile) -> None:
    session = connect(good_and_bad(target).path)
    step = planned(session)[0][0]
    assert not CONCERN.verify(session, step, None).ok
    target.run("DROP TABLE bad")
    assert CONCERN.is_needed(session, step).why == "bad no longer exists."


@pytest.mark.parametrize(("at", "code"), [(0, "SQLITE_NOTADB"), (100, "SQLITE_CORRUPT")])
def test_a_file_whose_first_page_is_damaged_says_so_before_anything_is_checked(
    connect: Connect, target: TargetFile, at: int, code: str
) -> None:
    good_and_bad(target).smash(1, at, b"\xff" * 32)
    with pytest.raises(PlatformError) as refused:
        planned(connect(target.path))
    assert refused.value.error.code == code


def test_what_a_check_has_found_is_for_people(connect: Connect, target: TargetFile) -> None:
    good_and_bad(target).redefine("bad_a", "CREATE INDEX bad_a ON bad(b)")
    damage = checked(connect(target.path))["failed_check:bad"].finding
    assert damage is not None
    assert CONCERN.steps([damage], PARAMETERS) == []
