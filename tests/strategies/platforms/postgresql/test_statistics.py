from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest

from strategies.assessments import Assessment
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
    assert checked.message.startswith("The table was not analysed. The server said: WARNING ")
    assert checked.message.endswith(".")


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


AT = datetime(2026, 11, 25, 3, 49, 25, 60103, tzinfo=timezone(timedelta(hours=1)))
ROW = {
    "schema_name": "s", "table_name": "T x", "object": 's."T x"', "kind": "r", "known_rows": 10_000.0, "live_rows": 10_000,
    "changed_rows": 0, "arrived_rows": 0, "size_bytes": 8192, "analysed_at": None, "has_statistics": True,
    "owner": "app", "can_grant_maintain": False, "may_maintain": True, "may_use_schema": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({}, None),
        ({"known_rows": -1.0, "has_statistics": False}, "missing_statistics"),
        ({"known_rows": -1.0, "has_statistics": None}, "missing_statistics"),
        ({"has_statistics": None}, None),
        ({"has_statistics": None, "arrived_rows": 10_000}, "missing_statistics"),
        ({"has_statistics": None, "arrived_rows": 9_999, "changed_rows": 9_999}, "stale_statistics"),
        ({"has_statistics": None, "arrived_rows": 10_000, "analysed_at": AT}, None),
        ({"arrived_rows": 10_000}, None),
        ({"kind": "p", "has_statistics": None, "arrived_rows": 10_000}, None),
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


def test_a_table_that_only_lacks_statistics_is_left_alone_where_missing_ones_are_not_to_be_gathered() -> None:
    row = {**ROW, "known_rows": -1.0, "has_statistics": False, "changed_rows": 50_000}
    assert judge(row, StatisticsParameters(gather_missing=False)) is None


def test_evidence_names_instants_to_the_second_and_a_step_still_knows_them_exactly() -> None:
    found = judge({**ROW, "analysed_at": AT, "changed_rows": 190_000}, PARAMETERS)
    assert found is not None
    assert found.summary == (
        's."T x": 190,000 changes to its 10,000 rows (1,900 %) since its statistics were gathered.'
    )
    (step,) = CONCERN.steps([replace(found, evidence=json.loads(json.dumps(found.evidence)))], PARAMETERS)
    assert found.evidence["analysed_at"] == step.evidence["analysed_at"] == "2026-11-25T02:49:25Z"
    assert step.check["analysed_at"] == "2026-11-25T02:49:25.060103+00:00"


def test_rows_that_nobody_counted_are_not_called_none() -> None:
    found = judge({**ROW, "known_rows": -1.0, "live_rows": 0, "has_statistics": False}, PARAMETERS)
    assert found is not None
    assert "rows" not in found.evidence
    assert len(CONCERN.steps([found], PARAMETERS)) == 1


def refilled(sql: Sql, connect: Callable[[], psycopg.Connection[Any]]) -> None:
    """Never analysed, 40,000 rows; its counters say 0 rows, since those of the DELETE come after those of the VACUUM."""
    sql("CREATE TABLE big AS SELECT generate_series(1, 400000) a", FLUSH)
    pipeline = connect()
    pipeline.execute("BEGIN")
    pipeline.execute("DELETE FROM big WHERE a > 40000")
    pipeline.execute("COMMIT")
    pipeline.execute("VACUUM big")
    pipeline.execute(FLUSH)


def test_who_sees_no_statistics_tells_a_table_without_any_as_well_as_a_superuser(
    session: Session, sql: Sql, connect: Callable[[], psycopg.Connection[Any]], open_session: Callable[..., Session]
) -> None:
    refilled(sql, connect)
    sql("DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN")
    stranger = open_session("stranger")
    for account, words in (
        (session, "public.big has no statistics"),
        (stranger, "public.big was never analysed, as far as the account can see"),
    ):
        (found,) = assess(account).findings
        assert found.kind == "missing_statistics"
        assert found.summary == f"{words}: queries on it are planned by guesswork."
        assert found.evidence["rows"] == 40_000
    sql("ANALYZE big")
    assert kinds(stranger) == []
    sql("UPDATE big SET a = a + 1", FLUSH)
    (found,) = assess(stranger).findings
    assert found.summary == "public.big: 40,000 changes to its 40,000 rows (100 %) since its statistics were gathered."


def test_where_the_counters_were_lost_too_nothing_is_said_of_when_statistics_were_gathered(
    sql: Sql, open_session: Callable[..., Session]
) -> None:
    sql("CREATE TABLE t AS SELECT generate_series(1, 5000) a", "CREATE TABLE p (a int) PARTITION BY RANGE (a)")
    sql("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9999)", "INSERT INTO p SELECT generate_series(1, 3000)")
    sql("DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN", FLUSH, "ANALYZE", "SELECT pg_stat_reset()", FLUSH)
    stranger = open_session("stranger")
    assert kinds(stranger) == []
    sql("UPDATE t SET a = a + 1", FLUSH)
    (found,) = assess(stranger).findings
    assert found.kind == "stale_statistics"
    assert found.summary == (
        "public.t: 5,000 changes to its 5,000 rows (100 %) and no ANALYZE since the server began to count; whether it has"
        " statistics, and how old they are, cannot be seen."
    )


def test_statistics_hidden_by_a_policy_for_rows_are_not_called_missing(
    sql: Sql, open_session: Callable[..., Session]
) -> None:
    sql("CREATE TABLE t AS SELECT generate_series(1, 5000) a", FLUSH, "ANALYZE t", "SELECT pg_stat_reset()", FLUSH)
    sql("DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN", "ALTER TABLE t ENABLE ROW LEVEL SECURITY")
    sql("GRANT SELECT ON t TO stranger")
    assert kinds(open_session("stranger")) == []
    sql("DROP OWNED BY stranger")


def test_counters_that_were_lost_while_a_step_waits_do_not_pass_for_an_analyze(session: Session, sql: Sql) -> None:
    sql("CREATE TABLE t AS SELECT generate_series(1, 5000) a", FLUSH, "ANALYZE t", "UPDATE t SET a = a + 1", FLUSH)
    (step,) = CONCERN.steps(assess(session).findings, PARAMETERS)
    sql("SELECT pg_stat_reset()", FLUSH)
    assert CONCERN.is_needed(session, step).is_needed
    assert not CONCERN.verify(session, step, None).ok


def test_the_owner_of_the_database_may_analyse_what_is_not_his(
    sql: Sql, database: str, open_session: Callable[..., Session]
) -> None:
    sql("CREATE TABLE t AS SELECT generate_series(1, 5000) a", "DROP ROLE IF EXISTS dbo", "CREATE ROLE dbo LOGIN")
    sql(f"ALTER DATABASE {database} OWNER TO dbo", FLUSH)
    owner = open_session("dbo")
    assert CONCERN.missing_rights(owner, PARAMETERS) == []
    assert mend(owner) == ["public.t"]
    sql(f"ALTER DATABASE {database} OWNER TO postgres")
