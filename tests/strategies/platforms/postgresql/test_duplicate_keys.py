from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from strategies.assessments import Finding
from strategies.plans import ErrorClass, LeftBehind
from strategies.platforms.base import Row, Session
from strategies.platforms.postgresql import duplicate_keys
from strategies.platforms.postgresql.indexes import CONCERN
from strategies.platforms.queries import Query
from tests.servers import RunningServer
from tests.strategies.platforms.postgresql.conftest import a_step, done
from tests.strategies.platforms.postgresql.test_indexes import PARAMETERS, assess

Sql = Callable[..., list[tuple[Any, ...]]]


def failed_build(sql: Sql, definition: str, *rows: str, table: str = "t", columns: str = "a int, b text") -> None:
    """As a build leaves an index that met rows with equal keys, which are still there."""
    sql(f"CREATE TABLE {table} ({columns})", *(f"INSERT INTO {table} VALUES ({row})" for row in rows))
    with pytest.raises(psycopg.errors.UniqueViolation):
        sql(f"CREATE UNIQUE INDEX CONCURRENTLY {definition}")


def only(session: Session) -> Finding:
    (finding,) = assess(session).findings
    return finding


@pytest.mark.parametrize(
    ("definition", "rows"),
    [
        ("u ON t (a)", ("1, 'x'", "1, 'y'", "NULL, 'z'")),
        ("u ON t (b, a) INCLUDE (a)", ("1, 'x'", "2, 'y'", "1, 'x'")),
        ("u ON t (b text_pattern_ops, a)", ("1, 'x'", "1, 'x'")),
        ('u ON t (b COLLATE "C")', ("1, 'x'", "2, 'x'")),
    ],
)
def test_rows_that_share_a_key_are_told_beforehand_and_no_rebuild_is_planned(
    session: Session, sql: Sql, definition: str, rows: tuple[str, ...]
) -> None:
    failed_build(sql, definition, *rows)
    finding = only(session)
    if "pattern_ops" in definition:  # may mean something else by equal than a SELECT does
        assert finding.kind == "invalid_index"
        return
    assert (finding.kind, finding.object, finding.severity) == ("duplicate_rows", "public.u", "critical")
    assert "Decide which rows stay, remove the others" in finding.advice
    assert CONCERN.steps([finding], PARAMETERS) == []
    assert len(sql(finding.evidence["query"])) == 1
    sql("DELETE FROM t WHERE ctid <> (SELECT min(ctid) FROM t)")
    finding = only(session)
    assert (finding.kind, finding.advice) == ("invalid_index", "Rebuild it online.")
    (step,) = CONCERN.steps([finding], PARAMETERS)
    done(session.execute(step))
    assert assess(session).findings == ()


def test_nulls_share_a_key_only_where_the_index_says_so(session: Session, sql: Sql, server: RunningServer) -> None:
    failed_build(sql, "u ON t (a)", "NULL, 'x'", "NULL, 'y'", "1, 'x'", "1, 'y'")
    sql("DELETE FROM t WHERE a = 1")
    assert only(session).kind == "invalid_index"
    sql("DROP INDEX u")
    if server.major >= 15:
        with pytest.raises(psycopg.errors.UniqueViolation):
            sql("CREATE UNIQUE INDEX CONCURRENTLY u ON t (a) NULLS NOT DISTINCT")
        assert only(session).kind == "duplicate_rows"


def test_a_collation_that_takes_two_texts_for_equal_counts(session: Session, sql: Sql, server: RunningServer) -> None:
    if server.major != 15:  # the servers from the wheel are built without ICU
        return
    sql(
        'CREATE SCHEMA "c%s"',
        "CREATE COLLATION \"c%s\".ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
    )
    failed_build(sql, 'u ON t (b COLLATE "c%s".ci)', "1, 'x'", "2, 'X'")
    assert only(session).kind == "duplicate_rows"


@pytest.mark.parametrize(
    "part", ["Robert'); DROP TABLE x;--", 'sp ace "quoted"', "{columns} {known}", "100%", "%s %(x)s", "表"]
)
def test_hostile_names_stay_quoted(session: Session, sql: Sql, part: str) -> None:
    name = '"' + part.replace('"', '""') + '"'
    sql(f"CREATE SCHEMA {name}")
    index = f'"{part.replace(chr(34), chr(34) * 2)} i"'
    failed_build(sql, f"{index} ON {name}.{name} ({name})", "1", "1", table=f"{name}.{name}", columns=f"{name} int")
    finding = only(session)
    assert finding.kind == "duplicate_rows"
    assert sql(finding.evidence["query"]) == [("(1)", 2)]


def test_rows_of_heirs_do_not_count(session: Session, sql: Sql) -> None:
    failed_build(sql, "u ON t (a)", "1, 'x'", "1, 'y'")
    sql("DELETE FROM t WHERE b = 'y'", "CREATE TABLE heir () INHERITS (t)", "INSERT INTO heir VALUES (1, 'z')")
    assert only(session).kind == "invalid_index"


def test_nobodys_code_is_run_to_find_out(session: Session, sql: Sql) -> None:
    """An expression, a condition and a policy could hold functions of whoever made them."""
    sql(
        "CREATE TABLE ran (a int)",
        "CREATE FUNCTION f(x int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN x; END $$",
    )
    failed_build(sql, "u ON t (f(a))", "1, 'x'", "1, 'y'")
    with pytest.raises(psycopg.errors.UniqueViolation):
        sql("CREATE UNIQUE INDEX CONCURRENTLY v ON t (a) WHERE f(a) > 0")
    sql(
        "CREATE OR REPLACE FUNCTION f(x int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO ran VALUES (1); RETURN x; END $$"
    )
    for finding in assess(session).findings:
        assert finding.kind == "invalid_index"
        assert "which could not be told beforehand" in finding.advice
    assert sql("SELECT * FROM ran") == []


def test_what_the_account_may_not_read_or_only_in_part_is_planned(
    sql: Sql, open_session: Callable[..., Session]
) -> None:
    failed_build(sql, "u ON t (a)", "1, 'x'", "1, 'y'")
    sql("DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN")
    reader = open_session("reader")
    assert only(reader).kind == "invalid_index"
    sql("GRANT SELECT (a) ON t TO reader")
    assert only(reader).kind == "duplicate_rows"
    sql("ALTER TABLE t ENABLE ROW LEVEL SECURITY")
    assert only(reader).kind == "invalid_index"
    sql("DROP OWNED BY reader")


def test_looking_ends_at_its_limit_and_the_rebuild_is_planned(
    session: Session, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicate_keys, "LOOK_SECONDS", 0.5)
    failed_build(sql, "u ON t (a)", "1, 'x'", "1, 'y'")
    before = sql("SHOW statement_timeout")
    real = session.rows

    def rows(query: Query, parameters: Any = None) -> list[Row]:
        if query.name == "duplicate_keys":
            query = Query("slow", f"SELECT pg_sleep(30) FROM ({query.sql}) q", "", "", "", "")
        return real(query, parameters)

    monkeypatch.setattr(session, "rows", rows)
    began = time.monotonic()
    finding = only(session)
    assert time.monotonic() - began < 10
    assert finding.kind == "invalid_index"
    assert "which could not be told beforehand" in finding.advice
    assert real(Query("show", "SHOW statement_timeout", "", "", "", "")) == [{"statement_timeout": before[0][0]}]


def test_a_rebuild_that_meets_shared_keys_says_what_to_do_and_what_is_left(session: Session, sql: Sql) -> None:
    failed_build(sql, "u ON t ((a + 0))", "1, 'x'", "1, 'y'")
    (step,) = CONCERN.steps([only(session)], PARAMETERS)
    error = session.execute(step).error
    assert error is not None
    assert (error.error_class, error.code) == (ErrorClass.PERMANENT, "23505")
    assert error.message == (
        'could not create unique index "u_ccnew". DETAIL: Key ((a + 0))=(1) is duplicated. Rows share a key that this unique'
        " index must hold only once. Decide which rows stay, remove the others, and run it again."
    )
    (clean,) = CONCERN.clean_up(session, step)
    assert clean.object == "public.u_ccnew"
    assert "(public.u_ccnew)" in CONCERN.state_left(session, step).message
    assert CONCERN.verify(session, step, None).evidence["leftovers"] == ["public.u_ccnew"]
    done(session.execute(clean))
    left = CONCERN.state_left(session, step)
    assert left.kind is LeftBehind.CLEAN
    assert left.message == "Nothing was left behind. The index is invalid, as it was before."


def test_equal_names_in_the_catalogue_are_no_rows_of_anybody(session: Session) -> None:
    error = session.execute(a_step("INSERT INTO pg_namespace SELECT * FROM pg_namespace LIMIT 1")).error
    assert error is not None
    assert error.code == "23505"
    assert "Decide" not in error.message


def test_one_look_asks_as_often_for_many_indexes_as_for_few(
    session: Session, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = session.rows

    def rows(query: Query, parameters: Any = None) -> list[Row]:
        asked.append(query.name)
        return real(query, parameters)

    def questions() -> list[str]:
        asked.clear()
        assess(session)
        return list(asked)

    monkeypatch.setattr(session, "rows", rows)
    sql("CREATE TABLE many (a int)", "CREATE INDEX m0 ON many (a)")
    few = questions()
    sql("DO $$ BEGIN FOR i IN 1..300 LOOP EXECUTE format('CREATE UNIQUE INDEX m%s ON many (a)', i); END LOOP; END $$")
    assert questions() == few
    sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'm7'::regclass")
    assert [name for name in questions() if name not in few] == [
        "unique_keys", "limit_statements", "duplicate_keys", "limit_statements",
    ]  # fmt: skip
    sql("UPDATE pg_index SET indisvalid = false WHERE indrelid = 'many'::regclass AND indisunique")
    monkeypatch.setattr(duplicate_keys, "MOST_INDEXES", 5)
    assert questions().count("duplicate_keys") == 5
