"""Files of anybody: what a healthy schema may hold is read and maintained, and a hostile one does no harm."""

from __future__ import annotations

import sqlite3

import pytest

from strategies.plans import ErrorClass
from strategies.platforms.base import PlatformError
from strategies.platforms.queries import Query
from strategies.platforms.sqlite.indexes import CONCERN as INDEXES
from strategies.platforms.sqlite.statistics import CONCERN as STATISTICS
from strategies.routines.index_maintenance import IndexParameters
from strategies.routines.statistics_maintenance import StatisticsParameters
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile

SCHEMAS = {
    "CHECK with JSON": ("CREATE TABLE t(a TEXT CHECK (json_valid(a) OR a IS NULL), b)", "CREATE INDEX i ON t(b)"),
    "CHECK as Django writes it": (
        'CREATE TABLE t(a text NOT NULL CHECK ((JSON_VALID("a") OR "a" IS NULL)), b)', "CREATE INDEX i ON t(b)",
    ),
    "generated column": ("CREATE TABLE t(a, b, c AS (json_extract(a, '$.n')))", "CREATE INDEX i ON t(c)"),
    "stored column": ("CREATE TABLE t(a, b, c TEXT AS (upper(b)) STORED)", "CREATE INDEX i ON t(c)"),
    "index on JSON": ("CREATE TABLE t(a, b)", "CREATE INDEX i ON t(json_extract(a, '$.n'))"),
    "index on an arrow": ("CREATE TABLE t(a, b)", "CREATE INDEX i ON t(a ->> 'n')"),
    "index on a text function": ("CREATE TABLE t(a, b)", "CREATE INDEX i ON t(lower(b), length(a))"),
    "index on part of JSON": ("CREATE TABLE t(a, b)", "CREATE INDEX i ON t(b) WHERE json_type(a, '$.n') = 'integer'"),
    "default, view and trigger": (
        "CREATE TABLE t(a DEFAULT (json_object('n', 1)), b)", "CREATE INDEX i ON t(b)",
        "CREATE VIEW v AS SELECT json_extract(a, '$.n') AS n FROM t",
        "CREATE TRIGGER r AFTER INSERT ON t WHEN json_valid(new.a) = 0 BEGIN SELECT raise(ABORT, 'no'); END",
    ),
}  # fmt: skip


@pytest.fixture(params=SCHEMAS.values(), ids=SCHEMAS.keys())
def healthy(request: pytest.FixtureRequest, target: TargetFile) -> TargetFile:
    return target.run(*request.param).fill("t(a, b)", 300, "json_object('n', n)", "'text ' || n")


def test_a_healthy_schema_is_read_and_its_statistics_gathered(connect: Connect, healthy: TargetFile) -> None:
    session = connect(healthy.path)
    assert session.facts().is_writable
    indexes = INDEXES.assess(session, IndexParameters(bloat_megabytes=0), "ALL")
    assert (indexes.findings, indexes.notes) == ((), ())
    seen = STATISTICS.assess(session, StatisticsParameters(minimum_rows=1), "ALL")
    assert [finding.object for finding in seen.findings] == ["t"]
    (step,) = STATISTICS.steps(seen.findings, StatisticsParameters())
    assert STATISTICS.verify(session, step, session.execute(step)).ok


def test_a_fault_in_such_a_schema_is_found_and_mended(connect: Connect, healthy: TargetFile) -> None:
    (whole,) = healthy.ask("SELECT sql FROM sqlite_master WHERE name = 'i'")[0]
    healthy.redefine("i", "CREATE INDEX i ON t(b) WHERE b IS NULL").run("REINDEX i").redefine("i", str(whole))
    session = connect(healthy.path)
    (finding,) = INDEXES.assess(session, IndexParameters(), "ALL").findings
    assert (finding.kind, finding.object) == ("corrupt_index", "i")
    (step,) = INDEXES.steps([finding], IndexParameters())
    assert INDEXES.is_needed(session, step).is_needed
    assert INDEXES.verify(session, step, session.execute(step)).ok


def hostile(target: TargetFile, call: str) -> TargetFile:
    """A table whose rows cannot be checked without the call."""
    target.run("CREATE TABLE t(a)", "CREATE INDEX i ON t(a)", "INSERT INTO t VALUES (1)")
    return target.redefine("t", f"CREATE TABLE t(a, CHECK ({call} IS NOT NULL))")


@pytest.mark.parametrize(
    "call", ["fts3_tokenizer('mine', x'4141414141414141')", "fts3_tokenizer('simple')", "load_extension('/tmp/evil')"]
)
@pytest.mark.skipif(sqlite3.sqlite_version_info >= (3, 41), reason="refused with the whole schema, as below")
def test_what_could_run_the_files_own_code_is_never_called(connect: Connect, target: TargetFile, call: str) -> None:
    session = connect(hostile(target, call).path)
    assessment = INDEXES.assess(session, IndexParameters(), "ALL")
    assert assessment.findings == ()
    assert assessment.notes[0].startswith("t could not be checked")
    with pytest.raises(PlatformError):
        session.rows(Query("q", "SELECT fts3_tokenizer('mine')", "", "", "", ""))


@pytest.mark.skipif(sqlite3.sqlite_version_info < (3, 41), reason="older versions read such a schema")
def test_a_schema_that_could_load_code_is_refused(connect: Connect, target: TargetFile) -> None:
    with pytest.raises(PlatformError, match="unsafe use of load_extension"):
        connect(hostile(target, "load_extension('/tmp/evil')").path)


def test_full_text_tables_are_read_all_the_same(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE VIRTUAL TABLE notes USING fts4(body, tokenize=porter)", "INSERT INTO notes VALUES ('running')")
    found = Query("q", "SELECT body FROM notes WHERE notes MATCH 'runs'", "", "", "", "")
    assert connect(target.path).rows(found) == [{"body": "running"}]


def test_a_schema_of_a_newer_sqlite_is_not_simply_called_damaged(connect: Connect, target: TargetFile) -> None:
    target.run("CREATE TABLE t(a)").redefine("t", "CREATE TABLE t(a) WITH TOMORROW'S SYNTAX")
    with pytest.raises(PlatformError) as refusal:
        connect(target.path)
    assert refusal.value.error.error_class is ErrorClass.PERMANENT
    assert f"written for another SQLite than {sqlite3.sqlite_version}" in refusal.value.error.message
