"""INDEX_MAINTENANCE: planted faults are found, mended and proved; what a rebuild cannot mend is not touched."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import ErrorClass, LeftBehind, Locks, Outcome, Step
from strategies.platforms.base import ObjectUnknown, PlatformError
from strategies.platforms.sqlite.indexes import CONCERN
from strategies.platforms.sqlite.names import display
from strategies.platforms.sqlite.session import SqliteSession
from strategies.routines.index_maintenance import IndexParameters
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile

ANY_BLOAT = IndexParameters(bloat_megabytes=0)
HOSTILE = [
    "two words", 'we"ird', "select", "größe ☃", "50%", "a;DROP TABLE t", "'quoted'", "main.x", "ALL", "x" * 300, "2024_x",
    "{table}", "-1", "a\nb", ":name ?1",
]  # fmt: skip


def assess(session: SqliteSession, parameters: IndexParameters = ANY_BLOAT, target: str = "ALL") -> Assessment:
    return CONCERN.assess(session, parameters, target)


def kinds(assessment: Assessment) -> list[tuple[str, str]]:
    return [(finding.kind, finding.object) for finding in assessment.findings]


def mend(session: SqliteSession, assessment: Assessment, parameters: IndexParameters = ANY_BLOAT) -> list[Outcome]:
    """Run the plan as a runner would, through JSON, and let each step prove itself."""
    outcomes = []
    for planned in CONCERN.steps(assessment.findings, parameters):
        step = Step.from_json(json.loads(json.dumps(planned.as_json())))
        assert CONCERN.is_needed(session, step).is_needed
        assert not CONCERN.verify(session, step, Outcome(0)).ok, "a rebuild that did not run must not count as done"
        outcomes.append(session.execute(step))
        assert outcomes[-1].error is None
        verification = CONCERN.verify(session, step, outcomes[-1])
        assert verification.ok, verification.message
        assert not CONCERN.is_needed(session, step).is_needed
    return outcomes


def shop(target: TargetFile, rows: int = 500) -> TargetFile:
    target.run(
        "CREATE TABLE orders(id INTEGER PRIMARY KEY, customer, placed)", "CREATE INDEX by_customer ON orders(customer)"
    )
    return target.fill("orders", rows, "n", "n % 50", "n * 10")


def without_entries_after(target: TargetFile, row: int) -> TargetFile:
    """An index that misses the rows after `row`, as a power failure on a lying disk leaves it."""
    whole = "CREATE INDEX by_customer ON orders(customer)"
    return (
        target.redefine("by_customer", f"{whole} WHERE id <= {row}")
        .run("REINDEX by_customer")
        .redefine("by_customer", whole)
    )


def test_a_healthy_file_needs_nothing(connect: Connect, target: TargetFile) -> None:
    assessment = assess(connect(shop(target).path))
    assert assessment == Assessment()


def test_an_index_that_misses_rows_is_found_and_mended(connect: Connect, target: TargetFile) -> None:
    without_entries_after(shop(target), 490)
    assert target.ask("SELECT count(*) FROM orders INDEXED BY by_customer WHERE customer = 49") == [(9,)]
    session = connect(target.path)
    assessment = assess(session)
    assert kinds(assessment) == [("corrupt_index", "by_customer")]
    assert assessment.findings[0].severity is Severity.CRITICAL
    assert assessment.findings[0].evidence["problems"] == 11  # ten rows, and the count of entries
    (outcome,) = mend(session, assessment)
    assert outcome.meters.rows == 500
    assert target.ask("SELECT count(*) FROM orders INDEXED BY by_customer WHERE customer = 49") == [(10,)]
    assert assess(session) == Assessment()


def test_an_index_over_another_column_than_it_says_is_found_and_mended(connect: Connect, target: TargetFile) -> None:
    shop(target).redefine("by_customer", "CREATE INDEX by_customer ON orders(placed)")
    session = connect(target.path)
    assert kinds(assess(session)) == [("corrupt_index", "by_customer")]
    mend(session, assess(session))
    assert assess(session) == Assessment()


def test_a_bad_index_does_not_hide_the_next_one(connect: Connect, target: TargetFile) -> None:
    shop(target).run("CREATE INDEX late ON orders(placed) WHERE id < 495")
    target.redefine("late", "CREATE INDEX late ON orders(placed)").redefine(
        "by_customer", "CREATE INDEX by_customer ON orders(id)"
    )
    session = connect(target.path)
    assessment = assess(session)
    assert kinds(assessment) == [("corrupt_index", "by_customer"), ("corrupt_index", "late")]
    mend(session, assessment)
    assert assess(session) == Assessment()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_found_and_mended(connect: Connect, target: TargetFile, name: str) -> None:
    table, index = (text.replace('"', '""') for text in (name, f"{name} i"))
    target.run(f'CREATE TABLE "{table}"(a, b)', f'CREATE INDEX "{index}" ON "{table}"(a)')
    target.fill(f'"{table}"', 20, "n", "-n").redefine(f"{name} i", f'CREATE INDEX "{index}" ON "{table}"(b)')
    session = connect(target.path)
    for wanted in ("ALL", display(name), display(f"{name} i")):
        assert kinds(assess(session, target=wanted)) == [("corrupt_index", display(f"{name} i"))]
    mend(session, assess(session))
    assert assess(session) == Assessment()


def test_automatic_and_expression_and_partial_indexes_and_tables_without_rowid_are_mended(
    connect: Connect, target: TargetFile
) -> None:
    target.run(
        "CREATE TABLE t(a UNIQUE, b)", "CREATE INDEX e ON t(a + b)", "CREATE INDEX p ON t(b) WHERE a > 10",
        "CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID", "CREATE INDEX wv ON w(v)",
    )  # fmt: skip
    target.fill("t", 30, "n", "n * 2").fill("w", 30, "n", "n * 3")
    target.redefine("e", "CREATE INDEX e ON t(a - b)").redefine("p", "CREATE INDEX p ON t(b) WHERE a > 5")
    target.redefine("wv", "CREATE INDEX wv ON w(k)").run("PRAGMA user_version = 1")
    session = connect(target.path)
    assessment = assess(session)
    assert kinds(assessment) == [("corrupt_index", "e"), ("corrupt_index", "p"), ("corrupt_index", "wv")]
    mend(session, assessment)
    assert assess(session) == Assessment()
    (step,) = CONCERN.steps([_corrupt("sqlite_autoindex_t_1", "t")], ANY_BLOAT)
    assert session.execute(step).error is None


def test_a_step_is_not_needed_once_somebody_mended_or_dropped_the_index(connect: Connect, target: TargetFile) -> None:
    session = connect(without_entries_after(shop(target), 400).path)
    (step,) = CONCERN.steps(assess(session).findings, ANY_BLOAT)
    target.run("REINDEX by_customer")
    assert "nothing wrong" in CONCERN.is_needed(session, step).why
    target.run("DROP INDEX by_customer")
    assert "no longer exists" in CONCERN.is_needed(session, step).why
    assert not CONCERN.verify(session, step, None).ok
    target.run("DROP TABLE orders")
    assert not CONCERN.is_needed(session, step).is_needed


def test_rows_that_share_a_unique_key_are_no_work_for_a_rebuild(connect: Connect, target: TargetFile) -> None:
    target.run(
        "CREATE TABLE t(a, b)",
        "CREATE INDEX u ON t(a)",
        "INSERT INTO t VALUES (1, 1), (1, 2), (2, 3), (NULL, 4), (NULL, 5)",
    )
    session = connect(target.redefine("u", "CREATE UNIQUE INDEX u ON t(a)").path)
    (finding,) = assess(session).findings
    assert (finding.kind, finding.severity) == ("duplicate_rows", Severity.CRITICAL)
    assert session.execute(_reindex("u")).error is not None
    assert target.ask(finding.evidence["query"]) == [(1,)]
    assert CONCERN.steps([finding], ANY_BLOAT) == []
    target.run("DELETE FROM t WHERE b = 2")
    assert assess(connect(target.path)) == Assessment()


def test_doubled_entries_of_which_the_rows_know_nothing_are_mended(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t(a, b)", "CREATE INDEX u ON t(a)", "INSERT INTO t VALUES (1, 10), (1, 20)")
    session = connect(target.redefine("u", "CREATE UNIQUE INDEX u ON t(b)").path)
    assert kinds(assess(session)) == [("corrupt_index", "u")]
    mend(session, assess(session))
    assert assess(session) == Assessment()


def test_where_rows_cannot_be_asked_a_shared_key_is_not_rebuilt_blindly(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t(a)", "CREATE INDEX u ON t(abs(a))", "INSERT INTO t VALUES (1), (-1)")
    session = connect(target.redefine("u", "CREATE UNIQUE INDEX u ON t(abs(a))").path)
    (finding,) = assess(session).findings
    assert (finding.kind, finding.evidence["query"]) == ("duplicate_rows", "")
    assert "perhaps the rows" in finding.summary


@pytest.mark.parametrize(("offset", "data"), [(0, bytes(4096)), (8, b"\xff" * 300), (3800, b"\x55" * 200)])
def test_damaged_pages_are_reported_and_nothing_of_that_table_is_rebuilt(
    connect: Connect, target: TargetFile, offset: int, data: bytes
) -> None:
    shop(target, 3000).run("CREATE INDEX by_day ON orders(placed)")
    session = connect(target.path)
    before = _corrupt("by_customer", "orders")
    page = target.ask("SELECT pageno FROM dbstat WHERE name = 'by_customer' AND pagetype = 'leaf'")[3][0]
    assert isinstance(page, int)
    session.close()
    session = connect(target.smash(page, offset, data).path)
    assessment = assess(session)
    assert kinds(assessment) == [("damaged_pages", "orders")]
    assert "backup" in assessment.findings[0].advice
    assert CONCERN.steps(assessment.findings, ANY_BLOAT) == []
    (planned_before,) = CONCERN.steps([before], ANY_BLOAT)
    with pytest.raises(PlatformError, match="could make it worse"):
        CONCERN.is_needed(session, planned_before)
    assert not CONCERN.verify(session, planned_before, None).ok


def test_values_that_break_the_rules_of_their_table_are_noted(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t(a)", "CREATE INDEX i ON t(a)", "INSERT INTO t VALUES (NULL)")
    target.redefine("t", "CREATE TABLE t(a NOT NULL)")
    assessment = assess(connect(target.path))
    assert assessment.findings == ()
    assert "t: 1 values break the table's own rules" in assessment.notes[0]


def test_an_index_with_a_collation_or_function_of_the_application_is_noted(
    connect: Connect, target: TargetFile
) -> None:
    owner = sqlite3.connect(target.path, isolation_level=None)
    owner.create_collation("german", lambda a, b: (a > b) - (a < b))
    owner.create_function("soundslike", 1, lambda value: value, deterministic=True)
    owner.execute("CREATE TABLE people(name)")
    owner.execute("CREATE INDEX by_name ON people(name COLLATE german)")
    owner.execute("CREATE TABLE words(word)")
    owner.execute("CREATE INDEX by_sound ON words(soundslike(word))")
    owner.close()
    shop(target)
    assessment = assess(connect(without_entries_after(target, 1).path))
    assert kinds(assessment) == [("corrupt_index", "by_customer")]
    assert assessment.notes == (
        "people could not be checked: no such collation sequence: german.",
        "words could not be checked: unknown function: soundslike().",
    )


def test_tables_that_other_modules_manage_are_left_alone(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE VIRTUAL TABLE notes USING fts4(body)", "INSERT INTO notes VALUES ('x')")
    target.run("CREATE TABLE notes_archive(body)", "CREATE INDEX na ON notes_archive(body)")
    session = connect(target.path)
    for shadow in ("notes", "notes_segdir", "sqlite_autoindex_notes_segdir_1", "sqlite_master"):
        with pytest.raises(ObjectUnknown):
            assess(session, target=shadow)
    assert assess(session, target="notes_archive") == Assessment()


@pytest.mark.parametrize(
    "wanted", ["ALL", "ALL_INDEXES", "all_tables", "by_customer", "BY_CUSTOMER", "orders", '"orders"', 'main."orders"']
)
def test_a_target_object_is_everything_a_table_or_an_index(connect: Connect, target: TargetFile, wanted: str) -> None:
    session = connect(without_entries_after(shop(target), 1).path)
    assert kinds(assess(session, target=wanted)) == [("corrupt_index", "by_customer")]


def test_one_index_alone_is_judged_when_one_is_meant(connect: Connect, target: TargetFile) -> None:
    without_entries_after(shop(target), 1).run("CREATE INDEX fine ON orders(placed)")
    assert assess(connect(target.path), target="fine").findings == ()


def test_an_unknown_object_is_refused_by_name(connect: Connect, target: TargetFile) -> None:
    with pytest.raises(ObjectUnknown, match="nonsense"):
        assess(connect(shop(target).path), target="nonsense")


def bloated(target: TargetFile) -> TargetFile:
    """An index filled in random order, of which most rows then went."""
    target.run("CREATE TABLE events(id INTEGER PRIMARY KEY, token)", "CREATE INDEX by_token ON events(token)")
    target.fill("events", 20_000, "n", "'token ' || (n * 7919 % 20011) || ' of some length'")
    return target.run("DELETE FROM events WHERE id % 10 > 0")


def test_a_bloated_index_is_found_and_mended(connect: Connect, target: TargetFile) -> None:
    session = connect(bloated(target).path)
    assessment = assess(session)
    assert kinds(assessment) == [("bloated_index", "by_token")]
    evidence = assessment.findings[0].evidence
    size = target.path.stat().st_size
    (outcome,) = mend(session, assessment)
    after = target.ask("SELECT count(*) FROM dbstat WHERE name = 'by_token'")[0][0]
    assert isinstance(after, int)
    assert abs(after - evidence["pages_after_rebuild"]) <= 1
    assert evidence["pages"] > 1.5 * after
    assert outcome.meters.rows == 2000
    assert target.path.stat().st_size == size, "the pages go to the free list, as the advice says"
    assert assess(session) == Assessment()


def test_below_either_limit_an_index_is_left_alone(connect: Connect, target: TargetFile) -> None:
    session = connect(bloated(target).path)
    assert assess(session, IndexParameters()) == Assessment()
    assert assess(session, IndexParameters(bloat_megabytes=0, bloat_percent=99)) == Assessment()
    assert assess(session, IndexParameters(bloat_megabytes=0, rebuild_bloated=False)) == Assessment()


def test_an_index_both_corrupt_and_bloated_is_rebuilt_once(connect: Connect, target: TargetFile) -> None:
    bloated(target).redefine("by_token", "CREATE INDEX by_token ON events(id)")
    session = connect(target.path)
    assert kinds(assess(session)) == [("corrupt_index", "by_token")]
    assert kinds(assess(session, IndexParameters(bloat_megabytes=0, repair_invalid=False))) == [
        ("bloated_index", "by_token")
    ]


def test_without_dbstat_bloat_is_noted_as_unknown(connect: Connect, target: TargetFile) -> None:
    session = connect(bloated(target).run("CREATE TABLE dbstat(a)").path)
    assessment = assess(session)
    assert assessment.findings == ()
    assert "Bloat cannot be told" in assessment.notes[0]
    assert "not known" in session.facts().details["Space per index"]


def test_a_cancelled_rebuild_leaves_everything_as_it_was(connect: Connect, target: TargetFile) -> None:
    without_entries_after(shop(target, 400_000), 399_990)
    session = connect(target.path)
    (step,) = CONCERN.steps(assess(session).findings, ANY_BLOAT)
    stopper = threading.Thread(target=_cancel_when_working, args=(session,))
    stopper.start()
    outcome = session.execute(step)
    stopper.join()
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.CANCELLED
    left = CONCERN.state_left(session, step)
    assert (left.kind, "as it was before" in left.message) == (LeftBehind.CLEAN, True)
    assert not CONCERN.verify(session, step, outcome).ok
    assert session.execute(step).error is None
    assert CONCERN.verify(session, step, None).ok


def _cancel_when_working(session: SqliteSession) -> None:
    while not session.progress():
        time.sleep(0.001)
    time.sleep(0.02)
    session.cancel()


def _corrupt(index: str, table: str, journal_mode: str = "delete") -> Finding:
    evidence = {"index": index, "table": table, "journal_mode": journal_mode}
    return Finding(
        "corrupt_index", display(index), "INDEX", Severity.CRITICAL, "It misses rows.", "Rebuild it.", evidence
    )


def _bloated(index: str, table: str, journal_mode: str) -> Finding:
    evidence = {"index": index, "table": table, "journal_mode": journal_mode, "pages": 10}
    return Finding("bloated_index", display(index), "INDEX", Severity.WARNING, "It is large.", "Rebuild it.", evidence)


def _reindex(index: str) -> Step:
    return CONCERN.steps([_corrupt(index, "t")], ANY_BLOAT)[0]


@pytest.mark.parametrize(
    ("finding", "key", "statement", "locks", "check"),
    [
        (
            _corrupt("by_customer", "orders"), "reindex:by_customer", 'REINDEX "main"."by_customer"', Locks.ALL,
            {"kind": "corrupt_index", "index": "by_customer", "table": "orders", "rows_query": "index_entries"},
        ),
        (
            _bloated('we"ird; --', "t", "wal"), 'reindex:"we""ird; --"', 'REINDEX "main"."we""ird; --"', Locks.WRITES,
            {
                "kind": "bloated_index", "index": 'we"ird; --', "table": "t", "rows_query": "index_entries",
                "bloat_percent": 40.0, "bloat_megabytes": 64.0,
            },
        ),
    ],
)  # fmt: skip
def test_a_situation_gives_exactly_these_statements(
    finding: Finding, key: str, statement: str, locks: Locks, check: Mapping[str, Any]
) -> None:
    (step,) = CONCERN.steps([finding], IndexParameters(lock_wait_seconds=7))
    assert (step.key, step.statements, step.settings) == (key, (statement,), ("PRAGMA busy_timeout = 7000",))
    assert step.begin
    assert (step.locks, step.check, step.reason) == (locks, check, finding.summary)
    assert (step.undo, step.is_destructive, step.object_type, step.operation_type) == ((), False, "INDEX", "REBUILD")
    assert step.undo_note
