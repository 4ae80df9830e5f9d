from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from strategies.plans import Assessment
from strategies.platforms.base import ObjectUnknown, Session
from strategies.platforms.postgresql.statistics import CONCERN, judge
from strategies.routines.statistics_maintenance import StatisticsParameters
from tests.servers import RunningServer
from tests.strategies.platforms.postgresql.conftest import done

Sql = Callable[..., list[tuple[Any, ...]]]
FLUSH = "SELECT pg_stat_force_next_flush()"
PARAMETERS = StatisticsParameters(lock_wait_seconds=1)


def assess(session: Session, target_object: str = "ALL") -> Assessment:
    return CONCERN.assess(session, PARAMETERS, target_object)


def kinds(session: Session) -> list[tuple[str, str]]:
    return sorted((finding.kind, finding.object) for finding in assess(session).findings)


def mend(session: Session) -> list[str]:
    steps = CONCERN.steps(assess(session).findings, PARAMETERS)
    for step in steps:
        assert CONCERN.is_needed(session, step).is_needed
        outcome = done(session.execute(step))
        checked = CONCERN.verify(session, step, outcome)
        assert checked.ok, checked.message
        assert not CONCERN.is_needed(session, step).is_needed
    return [step.object for step in steps]


def test_planted_faults_are_found_mended_and_not_found_again(session: Session, sql: Sql) -> None:
    sql(
        "CREATE TABLE never AS SELECT generate_series(1, 5000) a",
        "CREATE TABLE indexed AS SELECT generate_series(1, 5000) a",
        "CREATE INDEX ON indexed (a)",
        "CREATE TABLE stale AS SELECT generate_series(1, 20000) a",
        "CREATE TABLE fresh AS SELECT generate_series(1, 5000) a",
        FLUSH,
        "ANALYZE stale",
        "UPDATE stale SET a = a + 1 WHERE a <= 4000",
        "ANALYZE fresh",
        "UPDATE fresh SET a = 1 WHERE a < 400",
        "CREATE TABLE empty (a int)",
        "CREATE MATERIALIZED VIEW view AS SELECT * FROM never",
        "CREATE TABLE parent (a int) PARTITION BY RANGE (a)",
        "CREATE TABLE child PARTITION OF parent FOR VALUES FROM (0) TO (100000)",
        "INSERT INTO parent SELECT generate_series(1, 3000)",
        FLUSH,
    )
    assert kinds(session) == [
        ("missing_statistics", "public.child"),
        ("missing_statistics", "public.indexed"),
        ("missing_statistics", "public.never"),
        ("missing_statistics", "public.parent"),
        ("missing_statistics", "public.view"),
        ("stale_statistics", "public.stale"),
    ]
    assert len(mend(session)) == 6
    assert kinds(session) == []


def test_an_analyze_that_the_server_skipped_with_a_mere_warning_is_called_failed(
    session: Session, sql: Sql, open_session: Callable[..., Session]
) -> None:
    sql("CREATE TABLE t AS SELECT generate_series(1, 5000) a", "DROP ROLE IF EXISTS nobody", "CREATE ROLE nobody LOGIN")
    (step,) = CONCERN.steps(assess(session).findings, PARAMETERS)
    weak = open_session("nobody")
    outcome = weak.execute(step)
    assert outcome.error is None
    checked = CONCERN.verify(weak, step, outcome)
    assert not checked.ok
    assert "WARNING" in checked.message


def test_an_account_without_the_right_is_told_what_it_lacks(
    sql: Sql, server: RunningServer, open_session: Callable[..., Session]
) -> None:
    sql("CREATE SCHEMA closed", "CREATE TABLE closed.t AS SELECT generate_series(1, 5000) a")
    sql("DROP ROLE IF EXISTS weak2", "CREATE ROLE weak2 LOGIN")
    weak = open_session("weak2")
    right, usage = CONCERN.missing_rights(weak, PARAMETERS)
    assert right.blocks
    assert "such as closed.t" in right.right
    assert usage.grant == 'GRANT USAGE ON SCHEMA "closed" TO "weak2";'
    assert CONCERN.steps(assess(weak).findings, PARAMETERS) == []
    sql("GRANT USAGE ON SCHEMA closed TO weak2")
    sql("GRANT pg_maintain TO weak2" if server.major >= 17 else "ALTER TABLE closed.t OWNER TO weak2")
    assert CONCERN.missing_rights(weak, PARAMETERS) == []
    assert mend(weak) == ["closed.t"]
    sql("DROP OWNED BY weak2 CASCADE")


def test_after_the_counters_were_reset_tables_with_statistics_are_not_missing_any(session: Session, sql: Sql) -> None:
    sql("CREATE TABLE t AS SELECT generate_series(1, 5000) a", FLUSH, "ANALYZE t", "SELECT pg_stat_reset()", FLUSH)
    assert kinds(session) == []


@pytest.mark.parametrize(
    "part", ["Robert'); DROP TABLE x;--", 'sp ace "quoted"', "table", "naïve 表", "100%", "x" * 63]
)
def test_hostile_names_stay_quoted(session: Session, sql: Sql, part: str) -> None:
    name = '"' + part.replace('"', '""') + '"'
    sql(f"CREATE SCHEMA {name}", f"CREATE TABLE {name}.{name} AS SELECT generate_series(1, 2000) a")
    (finding,) = assess(session).findings
    assert assess(session, finding.object).findings == (finding,)
    assert mend(session) == [finding.object]
    with pytest.raises(ObjectUnknown):
        assess(session, "no_such_thing")


ROW = {
    "schema_name": "s", "table_name": "T x", "object": 's."T x"', "kind": "r", "known_rows": 10_000.0, "live_rows": 10_000,
    "changed_rows": 0, "size_bytes": 8192, "analysed_at": None, "has_statistics": True, "may_maintain": True,
    "may_use_schema": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({}, None),
        ({"known_rows": -1.0, "has_statistics": False}, "missing_statistics"),
        ({"known_rows": -1.0, "has_statistics": None}, "missing_statistics"),
        ({"has_statistics": None}, None),
        ({"known_rows": -1.0, "has_statistics": False, "live_rows": 0, "size_bytes": 0}, None),
        ({"changed_rows": 1000}, "stale_statistics"),
        ({"changed_rows": 999}, None),
        ({"changed_rows": 1500, "known_rows": 20_000.0, "live_rows": 20_000}, None),
        ({"kind": "p", "live_rows": 12_000, "changed_rows": 0}, "stale_statistics"),
    ],
)
def test_each_situation_gives_this_judgement(change: dict[str, Any], kind: str | None) -> None:
    found = judge({**ROW, **change}, PARAMETERS)
    assert (found.kind if found else None) == kind
    if found:
        (step,) = CONCERN.steps([found], PARAMETERS)
        assert step.sql == 'SET lock_timeout = \'1s\';\nSET statement_timeout = 0;\nANALYZE (VERBOSE) "s"."T x";'
