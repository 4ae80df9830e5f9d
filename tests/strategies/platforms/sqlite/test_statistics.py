"""STATISTICS_MAINTENANCE: missing and stale statistics are found, gathered, proved, and put back."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import LeftBehind, Locks, Outcome, Step
from strategies.platforms.base import ObjectUnknown
from strategies.platforms.sqlite.names import display
from strategies.platforms.sqlite.recorded import Recorded, Situation
from strategies.platforms.sqlite.session import SqliteSession
from strategies.platforms.sqlite.statistics import CONCERN, judge_result, need
from strategies.routines.statistics_maintenance import StatisticsParameters
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile

DEFAULTS = StatisticsParameters()
HOSTILE = [
    "two words",
    'we"ird',
    "select",
    "größe ☃",
    "50%",
    "it's; --",
    "main.x",
    "ALL",
    "x" * 300,
    "2024_x",
    "{table}",
]


def assess(session: SqliteSession, parameters: StatisticsParameters = DEFAULTS, target: str = "ALL") -> Assessment:
    return CONCERN.assess(session, parameters, target)


def kinds(assessment: Assessment) -> list[tuple[str, str]]:
    return [(finding.kind, finding.object) for finding in assessment.findings]


def planned(session: SqliteSession, parameters: StatisticsParameters = DEFAULTS) -> list[Step]:
    """The steps as a runner gets them, through JSON."""
    steps = CONCERN.steps(assess(session, parameters).findings, parameters)
    return [Step.from_json(json.loads(json.dumps(step.as_json()))) for step in steps]


def mend(session: SqliteSession, parameters: StatisticsParameters = DEFAULTS) -> list[Outcome]:
    outcomes = []
    for step in planned(session, parameters):
        assert CONCERN.is_needed(session, step).is_needed
        assert not CONCERN.verify(session, step, Outcome(0)).ok, (
            "statistics that were not gathered must not count as done"
        )
        outcomes.append(session.execute(step))
        assert outcomes[-1].error is None
        verification = CONCERN.verify(session, step, outcomes[-1])
        assert verification.ok, verification.message
        assert not CONCERN.is_needed(session, step).is_needed
    return outcomes


def shop(target: TargetFile, rows: int = 3000) -> TargetFile:
    target.run("CREATE TABLE orders(id INTEGER PRIMARY KEY, customer)", "CREATE INDEX by_customer ON orders(customer)")
    return target.fill("orders", rows, "n", "n % 50")


def test_missing_statistics_are_found_and_gathered(connect: Connect, target: TargetFile) -> None:
    session = connect(shop(target).path)
    assert kinds(assess(session)) == [("missing_statistics", "orders")]
    assert "never gathered" in assess(session).findings[0].summary
    (outcome,) = mend(session)
    assert outcome.meters.rows == 3000
    assert target.ask("SELECT tbl, idx, stat FROM sqlite_stat1") == [("orders", "by_customer", "3000 60")]
    assert assess(session) == Assessment()


def test_one_row_is_not_told_in_the_plural(connect: Connect, target: TargetFile) -> None:
    session = connect(shop(target, rows=1).path)
    assert assess(session).findings[0].summary.startswith("1 row, and statistics were never gathered")


def test_a_table_without_any_index_gets_its_row_count(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE plain(a)", "CREATE TABLE bare(a)", "INSERT INTO plain VALUES (1), (2)")
    session = connect(target.path)
    assert kinds(assess(session)) == [("missing_statistics", "plain")]
    mend(session)
    assert target.ask("SELECT tbl, idx, stat FROM sqlite_stat1") == [("plain", None, "2")]
    assert assess(session) == Assessment()


def test_a_table_without_rowid_is_known_by_its_key(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID").fill("w", 10, "n", "n")
    session = connect(target.path)
    mend(session)
    assert target.ask("SELECT tbl, idx FROM sqlite_stat1") == [("w", "w")]
    assert assess(session) == Assessment()


def test_an_index_that_came_later_has_no_statistics(connect: Connect, target: TargetFile) -> None:
    shop(target).run("ANALYZE", "CREATE INDEX later ON orders(id, customer)")
    session = connect(target.path)
    assert kinds(assess(session)) == [("missing_statistics", "orders")]
    assert assess(session).findings[0].summary == "No statistics for later (3,000 rows)."
    mend(session)
    assert assess(session) == Assessment()


def test_an_empty_partial_index_lacks_nothing_and_a_filled_one_does(connect: Connect, target: TargetFile) -> None:
    shop(target).run("CREATE INDEX none ON orders(customer) WHERE id < 0", "ANALYZE")
    session = connect(target.path)
    assert assess(session) == Assessment()
    target.run("CREATE INDEX few ON orders(customer) WHERE id < 10")
    assert kinds(assess(session)) == [("missing_statistics", "orders")]
    mend(session)
    assert assess(session) == Assessment()


def test_a_table_with_partial_indexes_alone_is_judged_by_all_its_rows(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t(a)", "CREATE INDEX few ON t(a) WHERE a < 10").fill("t", 5000, "n")
    session = connect(target.path)
    mend(session)
    assert assess(session) == Assessment()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("DELETE FROM orders WHERE id > 2000", [("stale_statistics", "orders")]),
        ("DELETE FROM orders WHERE id > 2001", []),
        ("INSERT INTO orders(customer) SELECT customer FROM orders LIMIT 1000", [("stale_statistics", "orders")]),
        ("INSERT INTO orders(customer) SELECT customer FROM orders LIMIT 999", []),
        ("UPDATE orders SET customer = id", []),  # SQLite cannot show it, and nothing is guessed
        ("DELETE FROM orders", []),
    ],
)
def test_stale_is_what_changed_by_rows_and_percent(
    connect: Connect, target: TargetFile, change: str, found: list[tuple[str, str]]
) -> None:
    shop(target).run("ANALYZE", change)
    session = connect(target.path)
    assert kinds(assess(session)) == found
    mend(session)
    assert assess(session) == Assessment()


@pytest.mark.parametrize("limit", [1, 100, 1000])
def test_with_a_limit_the_second_look_finds_nothing(connect: Connect, target: TargetFile, limit: int) -> None:
    target.run("CREATE TABLE t(a, b)", "CREATE INDEX i ON t(a)", "CREATE INDEX p ON t(b) WHERE b < 100")
    target.run("CREATE TABLE w(k TEXT PRIMARY KEY) WITHOUT ROWID", "CREATE TABLE plain(a)")
    target.fill("t", 30_000, "n % 100", "n").fill("w", 20_000, "n").fill("plain", 20_000, "n")
    parameters = StatisticsParameters(analysis_limit=limit, stale_rows=1, stale_percent=0.1)
    session = connect(target.path)
    assert len(mend(session, parameters)) == 3
    assert assess(session, parameters) == Assessment()
    assert target.ask("SELECT DISTINCT CAST(stat AS INTEGER) FROM sqlite_stat1 WHERE idx = 'i'") == [(30_000,)]
    assert target.ask("SELECT CAST(stat AS INTEGER) <= 30000 FROM sqlite_stat1 WHERE idx = 'p'") == [(1,)]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("limit", [0, 10])
def test_hostile_names_are_found_gathered_and_put_back(
    connect: Connect, target: TargetFile, name: str, limit: int
) -> None:
    table, index = (text.replace('"', '""') for text in (name, f"{name} i"))
    target.run(f'CREATE TABLE "{table}"(a)', f'CREATE INDEX "{index}" ON "{table}"(a)').fill(f'"{table}"', 50, "n")
    parameters = StatisticsParameters(analysis_limit=limit)
    session = connect(target.path)
    assert kinds(assess(session, parameters, display(name))) == [("missing_statistics", display(name))]
    assert kinds(assess(session, parameters, display(f"{name} i"))) == [("missing_statistics", display(name))]
    (step,) = planned(session, parameters)
    mend(session, parameters)
    assert target.ask("SELECT tbl, idx FROM sqlite_stat1") == [(name, f"{name} i")]
    assert session.execute(step.reversal()).error is None
    assert target.ask("SELECT count(*) FROM sqlite_stat1") == [(0,)]
    assert CONCERN.verify_undo(session, step).ok


def test_an_undo_brings_back_the_very_rows(connect: Connect, target: TargetFile) -> None:
    shop(target).run("CREATE TABLE other(a)", "INSERT INTO other VALUES (1)", "ANALYZE")
    target.run("DELETE FROM orders WHERE id > 500")
    _with_samples(target)
    everything = "SELECT 1, tbl, idx, stat, NULL, NULL, NULL FROM sqlite_stat1 UNION ALL SELECT 4, * FROM sqlite_stat4 ORDER BY 1, 2, 3"
    before = target.ask(everything)
    session = connect(target.path)
    (step,) = planned(session)
    assert session.execute(step).error is None
    assert target.ask(everything) != before
    undo = step.reversal()
    assert CONCERN.is_needed(session, undo).is_needed
    assert not CONCERN.verify_undo(session, undo).ok
    outcome = session.execute(undo)
    assert (outcome.error, outcome.meters.rows) == (None, None)
    assert target.ask(everything) == before
    assert CONCERN.verify_undo(session, undo).ok
    assert "already" in CONCERN.is_needed(session, undo).why
    assert kinds(assess(session)) == [("stale_statistics", "orders")]


def _with_samples(target: TargetFile) -> None:
    """As a program with SQLITE_ENABLE_STAT4 leaves it behind."""
    connection = sqlite3.connect(target.path, isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("CREATE TABLE sqlite_stat4(tbl, idx, neq, nlt, ndlt, sample)")
    connection.execute(
        "INSERT INTO sqlite_stat4 VALUES ('orders', 'by_customer', '60 1', '0 0', '0 0', x'030001001027')"
    )
    connection.close()


def test_a_plan_uses_the_statistics_that_an_undo_brought_back(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t(a, b)", "CREATE INDEX ia ON t(a)", "CREATE INDEX ib ON t(b)").fill("t", 5000, "1", "n")
    target.run("ANALYZE", "UPDATE t SET a = b, b = 1", "INSERT INTO t SELECT a + 5000, 1 FROM t LIMIT 2000")
    plan = "EXPLAIN QUERY PLAN SELECT * FROM t WHERE a = 1 AND b = 3"
    session = connect(target.path)
    (step,) = planned(session)
    assert "ib" in str(target.ask(plan))
    assert session.execute(step).error is None
    assert "ia" in str(target.ask(plan))
    assert session.execute(step.reversal()).error is None
    assert "ib" in str(target.ask(plan))


def test_a_table_that_is_too_small_is_left_alone(connect: Connect, target: TargetFile) -> None:
    session = connect(shop(target, 9).path)
    assert assess(session, StatisticsParameters(minimum_rows=10)) == Assessment()
    assert len(assess(session, StatisticsParameters(minimum_rows=9)).findings) == 1


def test_each_kind_can_be_left_out(connect: Connect, target: TargetFile) -> None:
    shop(target).run(
        "ANALYZE", "DELETE FROM orders WHERE id > 500", "CREATE TABLE fresh(a)", "INSERT INTO fresh VALUES (1)"
    )
    session = connect(target.path)
    assert kinds(assess(session, StatisticsParameters(gather_missing=False))) == [("stale_statistics", "orders")]
    assert kinds(assess(session, StatisticsParameters(gather_stale=False))) == [("missing_statistics", "fresh")]


def test_tables_that_cannot_be_analysed_here_are_noted(connect: Connect, target: TargetFile) -> None:
    owner = sqlite3.connect(target.path, isolation_level=None)
    owner.create_collation("german", lambda a, b: (a > b) - (a < b))
    for statement in (
        "CREATE TABLE people(name, age)", "CREATE INDEX by_age ON people(age)",
        "CREATE INDEX by_name ON people(name COLLATE german)", "INSERT INTO people VALUES ('Ä', 1)",
    ):  # fmt: skip
        owner.execute(statement)
    owner.close()
    assessment = assess(connect(shop(target).path))
    assert kinds(assessment) == [("missing_statistics", "orders")]
    assert assessment.notes == ("people cannot be analysed: no such collation sequence: german.",)


def test_tables_of_sqlite_and_of_modules_are_left_alone(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE VIRTUAL TABLE notes USING fts5(body)", "INSERT INTO notes VALUES ('x')")
    target.run("CREATE VIRTUAL TABLE boxes USING rtree(id, a, b)", "INSERT INTO boxes VALUES (1, 2, 3)")
    session = connect(target.path)
    assert assess(session) == Assessment()
    with pytest.raises(ObjectUnknown):
        assess(session, target="notes_data")


def test_a_dropped_table_needs_nothing_and_is_no_success(connect: Connect, target: TargetFile) -> None:
    session = connect(shop(target).path)
    (step,) = planned(session)
    target.run("DROP TABLE orders")
    assert "no longer exists" in CONCERN.is_needed(session, step).why
    assert not CONCERN.is_needed(session, step.reversal()).is_needed
    assert not CONCERN.verify(session, step, None).ok


def test_a_refused_step_leaves_the_old_statistics(connect: Connect, target: TargetFile) -> None:
    shop(target).run("ANALYZE", "DELETE FROM orders WHERE id > 500")
    session = connect(target.path)
    (step,) = planned(session)
    with session.at_work():
        session.cancel()
        assert session.execute(step).error is not None
    left = CONCERN.state_left(session, step)
    assert (left.kind, "those from before" in left.message) == (LeftBehind.CLEAN, True)
    assert "still the old ones" in CONCERN.verify(session, step, None).message


def test_rows_that_change_while_statistics_are_gathered_are_no_failure(connect: Connect, target: TargetFile) -> None:
    session = connect(shop(target).path)
    (step,) = planned(session)
    outcome = session.execute(step)
    target.fill("orders", 5000, "n", "n", start=10_000)
    verification = CONCERN.verify(session, step, outcome)
    assert verification.ok
    assert "3,000 rows recorded, 8,000 are there now" in verification.message


@pytest.mark.parametrize(
    ("situation", "kind"),
    [
        (Situation("t", 0, None), None),
        (Situation("t", 1, None), "missing_statistics"),
        (Situation("t", 100_000, 100_000, ("i",)), "missing_statistics"),
        (Situation("t", 100_000, 91_000), None),
        (Situation("t", 100_000, 90_000), "stale_statistics"),
        (Situation("t", 100_000, 110_000), "stale_statistics"),
        (Situation("t", 1_000, 0), "stale_statistics"),
        (Situation("t", 999, 0), None),
    ],
)
def test_a_situation_is_judged_by_the_limits(situation: Situation, kind: str | None) -> None:
    assert need(situation, DEFAULTS) == kind


@pytest.mark.parametrize(
    ("stat", "rows"), [("3000 60", 3000), ("12", 12), ("7 1 unordered", 7), ("", None), (None, None), ("x", None)]
)
def test_the_first_number_of_a_record_is_its_rows(stat: str | None, rows: int | None) -> None:
    assert Recorded("t", None, stat).rows == rows


def finding(previous: dict[str, Any], table: str = "orders", indexes: tuple[str, ...] = ("by_customer",)) -> Finding:
    evidence = {"table": table, "full_indexes": list(indexes), "previous": previous}
    return Finding("stale_statistics", display(table), "TABLE", Severity.WARNING, "It is stale.", "Gather.", evidence)


NOTHING: dict[str, Any] = {"statistics": [], "samples": None}


@pytest.mark.parametrize(
    ("found", "limit", "statements", "undo"),
    [
        (
            finding(NOTHING), 0,
            ('ANALYZE "main"."orders"',),
            ("DELETE FROM \"main\".\"sqlite_stat1\" WHERE tbl = 'orders'", "ANALYZE sqlite_master"),
        ),
        (
            finding({"statistics": [["by_customer", "10 2"], [None, "10"]], "samples": [["by_customer", "1", "0", "0", "0AFF"]]}), 0,
            ('ANALYZE "main"."orders"',),
            (
                "DELETE FROM \"main\".\"sqlite_stat1\" WHERE tbl = 'orders'",
                'INSERT INTO "main"."sqlite_stat1" (tbl, idx, stat) '
                "VALUES ('orders', 'by_customer', '10 2'), ('orders', NULL, '10')",
                "DELETE FROM \"main\".\"sqlite_stat4\" WHERE tbl = 'orders'",
                'INSERT INTO "main"."sqlite_stat4" (tbl, idx, neq, nlt, ndlt, sample) '
                "VALUES ('orders', 'by_customer', '1', '0', '0', X'0aff')",
                "ANALYZE sqlite_master",
            ),
        ),
        (
            finding(NOTHING, "it's", ('"i"',)), 400,
            (
                'ANALYZE "main"."it\'s"',
                'UPDATE "main"."sqlite_stat1" '
                "SET stat = (SELECT count(*) FROM \"main\".\"it's\") || substr(stat, instr(stat || ' ', ' ')) "
                "WHERE tbl = 'it''s' AND (idx IS NULL OR idx IN ('it''s', '\"i\"'))",
            ),
            ("DELETE FROM \"main\".\"sqlite_stat1\" WHERE tbl = 'it''s'", "ANALYZE sqlite_master"),
        ),
    ],
)  # fmt: skip
def test_a_situation_gives_exactly_these_statements(
    found: Finding, limit: int, statements: tuple[str, ...], undo: tuple[str, ...]
) -> None:
    (step,) = CONCERN.steps([found], StatisticsParameters(analysis_limit=limit, lock_wait_seconds=3))
    assert (step.statements, step.undo) == (statements, undo)
    assert step.settings == ("PRAGMA busy_timeout = 3000", f"PRAGMA analysis_limit = {limit}")
    assert (step.begin, step.locks, step.key) == ("BEGIN IMMEDIATE", Locks.WRITES, f"analyze:{found.object}")
    assert step.is_reversible


def test_old_statistics_that_are_still_there_are_a_failure() -> None:
    (step,) = CONCERN.steps([finding(NOTHING)], DEFAULTS)
    assert not judge_result(Situation("orders", 5000, 100), step, is_unchanged=True).ok
    assert judge_result(Situation("orders", 5000, 100), step, is_unchanged=False).ok
    assert not judge_result(Situation("orders", 5000, None), step, is_unchanged=False).ok
