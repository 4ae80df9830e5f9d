"""SPACE_MAINTENANCE: dead rows, old rows and bloat are found by evidence, met and proved; what stands in the way is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import ErrorClass, LeftBehind, Locks, Outcome, Step
from strategies.platforms.base import ObjectUnknown, PlatformError, Session
from strategies.platforms.postgresql import space, table_bloat, table_space
from strategies.platforms.postgresql.names import postgresql_query
from strategies.platforms.postgresql.space import CONCERN
from strategies.platforms.postgresql.table_findings import bloat_finding, holder_of, kept_rows, steps, vacuum_finding
from strategies.routines.space_maintenance import SpaceParameters
from tests.servers import RunningServer
from tests.strategies.platforms.postgresql.conftest import done

Sql = Callable[..., list[tuple[Any, ...]]]
Connect = Callable[[], psycopg.Connection[Any]]
FLUSH = "SELECT pg_stat_force_next_flush()"
SMALL = SpaceParameters(reclaim_megabytes=1, lock_wait_seconds=1)
BLOCKING = SMALL.model_copy(update={"allow_blocking": True})
HOSTILE = ["Robert'); DROP TABLE x;--", 'sp ace "quoted"', "table", "naïve 表", "100%", "x" * 63]


@pytest.fixture(autouse=True)
def _counters_of_these_servers_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 15 a VACUUM that has ended is in the counters at once, so that nothing need be waited for."""
    monkeypatch.setattr(space, "_FLUSH_SECONDS", 0.3)


def assess(session: Session, parameters: SpaceParameters = SMALL, target: str = "ALL") -> Assessment:
    return CONCERN.assess(session, parameters, target)


def kinds(session: Session, parameters: SpaceParameters = SMALL) -> list[tuple[str, str]]:
    return sorted((finding.kind, finding.object) for finding in assess(session, parameters).findings)


def planned(session: Session, parameters: SpaceParameters = SMALL) -> list[Step]:
    """The steps as a runner has them, back from JSON."""
    built = CONCERN.steps(assess(session, parameters).findings, parameters)
    return [Step.from_json(json.loads(json.dumps(step.as_json()))) for step in built]


def mend(session: Session, parameters: SpaceParameters = SMALL) -> list[str]:
    met = []
    for step in planned(session, parameters):
        assert CONCERN.is_needed(session, step).is_needed
        assert not CONCERN.verify(session, step, None).ok, "a step that did not run must not count as done"
        outcome = done(session.execute(step))
        checked = CONCERN.verify(session, step, outcome)
        assert checked.ok, checked.message
        assert not CONCERN.is_needed(session, step).is_needed
        met.append(step.statements[0])
    return met


def with_dead_rows(sql: Sql, name: str = "t", rows: int = 20_000) -> None:
    """Half of the rows are dead, and nobody vacuums but the test."""
    sql(
        f"CREATE TABLE {name} (a int, x text) WITH (autovacuum_enabled = off)",
        f"INSERT INTO {name} SELECT i, repeat('x', 200) FROM generate_series(1, {rows}) i",
        f"DELETE FROM {name} WHERE a % 2 = 0",
        FLUSH,
    )


def with_free_space(sql: Sql, name: str = "t") -> None:
    """Nine of ten rows are gone, and their space is free."""
    with_dead_rows(sql, name)
    sql(f"DELETE FROM {name} WHERE a % 10 <> 1", FLUSH, f"VACUUM (ANALYZE, TRUNCATE false) {name}", FLUSH)


def test_dead_rows_are_found_removed_and_not_found_again(session: Session, sql: Sql) -> None:
    with_dead_rows(sql)
    with_dead_rows(sql, "little", rows=900)
    sql("CREATE TABLE healthy AS SELECT generate_series(1, 5000) a", FLUSH)
    assert kinds(session) == [("dead_rows", "public.t")]
    assert mend(session) == ['VACUUM (VERBOSE) "public"."t"']
    assert kinds(session) == []


def test_a_materialized_view_and_partitions_are_vacuumed_their_parent_is_not_a_table_of_its_own(
    session: Session, sql: Sql
) -> None:
    sql(
        "CREATE TABLE parent (a int) PARTITION BY RANGE (a)",
        "CREATE TABLE child PARTITION OF parent FOR VALUES FROM (0) TO (100000) WITH (autovacuum_enabled = off)",
        "INSERT INTO parent SELECT generate_series(1, 5000)",
        "DELETE FROM parent WHERE a > 2000",
        FLUSH,
    )
    with_dead_rows(sql)
    assert kinds(session) == [("dead_rows", "public.child"), ("dead_rows", "public.t")]
    sql("CREATE INDEX by_a ON parent (a)")
    for meant in ("parent", "by_a", "child", "child_a_idx"):
        assert [finding.object for finding in assess(session, target=meant).findings] == ["public.child"], meant
    ((of_t,),) = sql("SELECT reltoastrelid::regclass::text FROM pg_class WHERE relname = 't'")
    assert [finding.object for finding in assess(session, target=of_t).findings] == ["public.t"]
    mend(session)
    assert kinds(session) == []


def test_dead_rows_that_an_open_transaction_may_read_are_named_and_nothing_is_planned(
    session: Session, sql: Sql, connect: Connect
) -> None:
    with_dead_rows(sql)
    holder = connect()
    holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    holder.execute("SELECT 1")
    assert len(planned(session)) == 1, "what died before it came can be removed"
    sql("DELETE FROM t WHERE a < 5000", "VACUUM t", FLUSH)
    (finding,) = assess(session).findings
    assert CONCERN.steps([finding], SMALL) == []
    assert f"the transaction of session {holder.info.backend_pid} of postgres may still read them" in finding.advice
    holder.execute("COMMIT")
    mend(session)
    assert kinds(session) == []


def test_a_vacuum_that_removed_nothing_is_called_failed_and_says_who_is_in_the_way(
    session: Session, sql: Sql, connect: Connect
) -> None:
    holder = connect()
    holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    holder.execute("SELECT 1")
    with_dead_rows(sql)
    (step,) = planned(session)
    checked = CONCERN.verify(session, step, done(session.execute(step)))
    assert not checked.ok
    assert (
        f"10,000 dead rows could not be removed: the transaction of session {holder.info.backend_pid}"
        in checked.message
    )
    holder.execute("COMMIT")


def test_a_vacuum_that_the_server_skipped_with_a_mere_warning_is_called_failed(
    session: Session, sql: Sql, open_session: Callable[..., Session]
) -> None:
    with_dead_rows(sql)
    sql("DROP ROLE IF EXISTS space_nobody", "CREATE ROLE space_nobody LOGIN")
    (step,) = planned(session)
    weak = open_session("space_nobody")
    outcome = weak.execute(step)
    assert outcome.error is None
    checked = CONCERN.verify(weak, step, outcome)
    assert not checked.ok
    assert checked.message.startswith("The table was not vacuumed. The server said: WARNING ")


def test_an_account_without_the_right_is_told_what_it_lacks(
    sql: Sql, server: RunningServer, open_session: Callable[..., Session]
) -> None:
    with_dead_rows(sql)
    sql("DROP ROLE IF EXISTS space_weak", "CREATE ROLE space_weak LOGIN")
    weak = open_session("space_weak")
    (right,) = CONCERN.missing_rights(weak, SMALL)
    assert right.blocks
    (finding,) = assess(weak).findings
    assert "may not vacuum this table" in finding.advice
    assert CONCERN.steps([finding], SMALL) == []
    sql("GRANT pg_maintain TO space_weak" if server.major >= 17 else "ALTER TABLE t OWNER TO space_weak")
    assert CONCERN.missing_rights(weak, SMALL) == []
    assert mend(weak) == ['VACUUM (VERBOSE) "public"."t"']
    sql("DROP OWNED BY space_weak CASCADE")


def test_a_table_that_others_hold_is_busy_and_left_as_it_was(session: Session, sql: Sql, connect: Connect) -> None:
    with_dead_rows(sql)
    (step,) = planned(session)
    holder = connect()
    holder.execute("BEGIN")
    holder.execute("LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE")
    outcome = session.execute(step)
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.LOCK
    assert CONCERN.state_left(session, step).kind is LeftBehind.CLEAN
    holder.execute("COMMIT")
    assert session.execute(step).error is None


def test_rows_about_to_be_frozen_by_force_are_frozen(session: Session, sql: Sql) -> None:
    """Sixty thousand transactions are more than half of the smallest limit that a table may be given."""
    sql(
        "CREATE TABLE old (a int) WITH (autovacuum_enabled = off, autovacuum_freeze_max_age = 100000)",
        "INSERT INTO old SELECT generate_series(1, 100)",
        "CREATE PROCEDURE pass(n int) LANGUAGE plpgsql AS $$ BEGIN"
        " FOR i IN 1..n LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$",
        "SET synchronous_commit = off",
        "CALL pass(60000)",
        FLUSH,
    )
    half = SpaceParameters(freeze_percent=50)
    assert kinds(session, half) == [("rows_near_freezing", "public.old")]
    assert mend(session, half) == ['VACUUM (VERBOSE, FREEZE) "public"."old"']
    assert kinds(session, half) == []


def test_without_leave_a_bloated_table_is_named_and_with_it_rewritten(session: Session, sql: Sql) -> None:
    with_free_space(sql)
    seen = assess(session)
    assert [(found.kind, found.object, found.severity) for found in seen.findings] == [
        ("bloated_table", "public.t", Severity.INFO)
    ]
    assert "Only VACUUM FULL" in seen.findings[0].advice
    assert CONCERN.steps(seen.findings, SMALL) == []
    (note,) = assess(session, BLOCKING).notes
    assert "cannot be asked by SQL" in note
    (before,) = sql("SELECT pg_relation_size('t')")[0]
    assert mend(session, BLOCKING) == ['VACUUM (FULL, VERBOSE) "public"."t"']
    (after,) = sql("SELECT pg_relation_size('t')")[0]
    assert after < 0.3 * before
    assert kinds(session, BLOCKING) == []


def test_where_pgstattuple_is_there_bloat_is_measured(session: Session, sql: Sql, server: RunningServer) -> None:
    if not sql("SELECT 1 FROM pg_available_extensions WHERE name = 'pgstattuple'"):
        assert server.major != 15
        return
    with_free_space(sql)
    (estimated,) = assess(session).findings
    sql("CREATE EXTENSION pgstattuple")
    (measured,) = assess(session).findings
    assert measured.evidence["method"] == "measured with pgstattuple_approx"
    (size,) = sql("SELECT pg_relation_size('t')")[0]
    sql("VACUUM (FULL) t")
    (truth,) = sql("SELECT pg_relation_size('t')")[0]
    for finding in (estimated, measured):
        assert abs(finding.evidence["expected_bytes"] - truth) < 0.05 * size


def test_measuring_ends_at_its_limit_and_a_note_says_so(
    session: Session, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not sql("SELECT 1 FROM pg_available_extensions WHERE name = 'pgstattuple'"):
        return
    with_free_space(sql)
    sql("CREATE EXTENSION pgstattuple")
    monkeypatch.setattr(table_space, "LOOK_SECONDS", 0.0)
    seen = assess(session)
    assert [finding.evidence["method"] for finding in seen.findings] == ["estimate from statistics"]
    assert seen.notes == (
        "The free space of public.t was not measured: measuring may take 0 s in one look. It is judged by the estimate.",
    )


def test_without_fresh_and_visible_statistics_no_bloat_is_claimed(
    session: Session, sql: Sql, open_session: Callable[..., Session]
) -> None:
    with_free_space(sql)
    sql("DROP ROLE IF EXISTS space_blind", "CREATE ROLE space_blind LOGIN")
    assert assess(open_session("space_blind")) == Assessment(
        notes=("1 large table without visible column statistics: bloat cannot be told; gather statistics first.",),
        unchecked=(("bloated_table", "public.t"),),
    )
    sql("INSERT INTO t SELECT i, 'x' FROM generate_series(1, 2000) i", FLUSH)
    assert assess(session).notes == (
        "1 large table with stale statistics: bloat cannot be told; gather statistics first.",
    )


def test_what_alignment_costs_within_rows_is_no_bloat(session: Session, sql: Sql) -> None:
    pairs = [f"b{n} bool, i{n} bigint" for n in range(6)]
    sql(
        f"CREATE TABLE aligned ({', '.join(pairs)}, gone text, x text, n int) WITH (autovacuum_enabled = off)",
        "INSERT INTO aligned SELECT true, i, true, i, true, i, true, i, true, i, true, i, NULL,"
        " repeat('x', i % 9), nullif(i % 3, 0) FROM generate_series(1, 20000) i",
        "ALTER TABLE aligned DROP COLUMN gone",
        FLUSH,
        "ANALYZE aligned",
        FLUSH,
    )
    (size,) = sql("SELECT pg_relation_size('aligned')")[0]
    close = SpaceParameters(reclaim_megabytes=0, reclaim_percent=5)
    assert assess(session, close) == Assessment()
    (row,) = session.rows(postgresql_query("table_widths"), {"tables": [sql("SELECT 'aligned'::regclass::oid")[0][0]]})
    assert abs(table_bloat.expected_bytes(row) - size) < 0.02 * size


def test_a_rewrite_that_wins_nothing_is_no_success(session: Session, sql: Sql) -> None:
    with_free_space(sql)
    (step,) = planned(session, BLOCKING)
    hopeful = replace(step, check={**step.check, "expected_bytes": 1000, "reclaim_megabytes": 0.1})
    checked = CONCERN.verify(session, hopeful, done(session.execute(hopeful)))
    assert not checked.ok
    assert checked.objects_affected == 0
    assert "MB where about 0.0 MB was expected" in checked.message


def test_a_rewrite_is_not_needed_once_new_rows_use_the_space(session: Session, sql: Sql) -> None:
    with_free_space(sql)
    (step,) = planned(session, BLOCKING)
    sql("INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(1, 16000) i", FLUSH)
    need = CONCERN.is_needed(session, step)
    assert not need.is_needed
    assert "would give back no more than" in need.why


def test_a_rewrite_that_would_copy_dead_rows_is_not_planned(session: Session, sql: Sql, connect: Connect) -> None:
    with_free_space(sql)
    holder = connect()
    holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    holder.execute("SELECT 1")
    sql("UPDATE t SET x = x || 'y'", FLUSH, "VACUUM (ANALYZE, TRUNCATE false) t", FLUSH)
    bloated = next(finding for finding in assess(session, BLOCKING).findings if finding.kind == "bloated_table")
    assert f"A rewrite would copy its dead rows: the transaction of session {holder.info.backend_pid}" in bloated.advice
    assert CONCERN.steps([bloated], BLOCKING) == []
    holder.execute("COMMIT")


def test_a_table_that_is_being_vacuumed_already_is_busy(session: Session, sql: Sql, connect: Connect) -> None:
    """A vacuum of ours would have the server cancel its own, and begin it anew."""
    with_dead_rows(sql)
    (step,) = planned(session)
    other = connect()
    other.execute("BEGIN")
    other.execute("LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE")  # as every vacuum does
    with pytest.raises(PlatformError, match=f"session {other.info.backend_pid} is at work on it") as refused:
        CONCERN.is_needed(session, step)
    assert refused.value.error.error_class is ErrorClass.LOCK
    other.execute("COMMIT")
    assert CONCERN.is_needed(session, step).is_needed


@pytest.mark.parametrize("locks", ["LOCK TABLE t IN ACCESS EXCLUSIVE MODE", "REINDEX INDEX by_a"])
def test_a_table_that_somebody_has_locked_holds_no_look_up(
    session: Session, sql: Sql, connect: Connect, locks: str
) -> None:
    with_dead_rows(sql)
    sql("CREATE INDEX by_a ON t (a)")
    sql("VACUUM (ANALYZE) t", "DELETE FROM t WHERE a % 4 = 1", FLUSH)
    other = connect()
    other.execute("BEGIN")
    other.execute(locks.encode())
    with session.at_work(limit_seconds=10):
        (finding,) = assess(session, SpaceParameters()).findings
    assert finding.evidence["size_bytes"] > 0
    other.execute("COMMIT")


def test_rows_that_died_since_do_not_make_a_vacuum_fail(session: Session, sql: Sql) -> None:
    with_dead_rows(sql)
    (step,) = planned(session)
    outcome = done(session.execute(step))
    sql("DELETE FROM t WHERE a < 8000", FLUSH)
    checked = CONCERN.verify(session, step, outcome)
    assert checked.ok, checked.message
    assert checked.evidence["dead_rows"] >= 3900


def test_the_portals_own_tables_are_not_rewritten(session: Session, sql: Sql) -> None:
    with_free_space(sql)
    session.longest_hold_seconds = 15
    (finding,) = assess(session, BLOCKING).findings
    assert "Stop the portal" in finding.advice
    assert CONCERN.steps([finding], BLOCKING) == []


def test_a_rewrite_that_gives_up_leaves_the_table_as_it_was(session: Session, sql: Sql, connect: Connect) -> None:
    with_free_space(sql)
    (step,) = planned(session, BLOCKING)
    holder = connect()
    holder.execute("BEGIN")
    holder.execute("SELECT count(*) FROM t")
    outcome = session.execute(step)
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.LOCK
    assert not CONCERN.verify(session, step, outcome).ok
    assert CONCERN.state_left(session, step).kind is LeftBehind.CLEAN
    holder.execute("COMMIT")


@pytest.mark.parametrize("part", HOSTILE)
def test_hostile_names_stay_quoted(session: Session, sql: Sql, part: str) -> None:
    name = '"' + part.replace('"', '""') + '"'
    sql(f"CREATE SCHEMA {name}")
    with_dead_rows(sql, f"{name}.{name}", rows=4000)
    (finding,) = assess(session).findings
    assert [seen.object for seen in assess(session, target=finding.object).findings] == [finding.object]
    mend(session)
    assert kinds(session) == []
    with pytest.raises(ObjectUnknown):
        assess(session, target="no_such_thing")


def test_a_step_is_not_needed_once_the_table_was_vacuumed_rewritten_or_dropped(session: Session, sql: Sql) -> None:
    with_dead_rows(sql)
    (step,) = planned(session)
    sql("VACUUM t", FLUSH)
    assert CONCERN.is_needed(session, step).why == "it was vacuumed meanwhile."
    sql("VACUUM (FULL) t")
    assert CONCERN.is_needed(session, step).why == "it was written anew meanwhile."
    sql("DROP TABLE t")
    assert CONCERN.is_needed(session, step).why == "the table is gone."
    assert not CONCERN.verify(session, step, Outcome(0)).ok


AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
ROW = {
    "table_oid": 1, "schema_name": "s", "table_name": "T x", "object": 's."T x"', "filenode": 7, "live_rows": 8000,
    "dead_rows": 2000, "size_bytes": 100 * 2**20, "total_bytes": 150 * 2**20, "vacuumed_at": AT, "row_age": 10,
    "multi_age": 0, "freeze_max_age": 200_000_000, "multi_max_age": 400_000_000, "is_heap": True, "owner": "app",
    "is_owner_superuser": False, "can_grant_maintain": False, "may_maintain": True, "may_use_schema": True,
}  # fmt: skip
HOLDER = {
    "holder": "the transaction of session 9 of app",
    "since": AT - timedelta(hours=1),
    "is_idle_slot": False,
    "row_age": 5,
}
SLOT = {"holder": "the replication slot s, which nobody uses", "since": None, "is_idle_slot": True, "row_age": 5}


@pytest.mark.parametrize(
    ("change", "holders", "kind", "can_plan"),
    [
        ({}, [], "dead_rows", True),
        ({"dead_rows": 999}, [], None, None),
        ({"live_rows": 8001}, [], None, None),
        ({"live_rows": 0, "dead_rows": 0}, [], None, None),
        ({}, [HOLDER], "dead_rows", False),
        ({}, [{**HOLDER, "since": AT + timedelta(seconds=1)}], "dead_rows", True),
        ({"vacuumed_at": None}, [HOLDER, SLOT], "dead_rows", True),
        ({}, [SLOT], "dead_rows", False),
        ({}, [{**HOLDER, "since": None}], "dead_rows", True),
        ({"may_maintain": False}, [], "dead_rows", False),
        ({"row_age": 190_000_000}, [], "rows_near_freezing", True),
        ({"row_age": 189_999_999, "dead_rows": 0}, [], None, None),
        ({"multi_age": 380_000_000}, [], "rows_near_freezing", True),
        ({"row_age": 190_000_000}, [HOLDER], "rows_near_freezing", True),
        ({"row_age": 1_300_000_000, "freeze_max_age": 2_000_000_000}, [], "rows_near_freezing", True),
        ({"row_age": 1_299_999_999, "freeze_max_age": 2_000_000_000, "dead_rows": 0}, [], None, None),
        ({"row_age": 190_000_000}, [{**SLOT, "row_age": 190_000_000}], "rows_near_freezing", False),
    ],
)
def test_a_table_is_judged_by_its_figures_and_by_who_is_in_the_way(
    change: dict[str, Any], holders: list[dict[str, Any]], kind: str | None, can_plan: bool | None
) -> None:
    finding = vacuum_finding({**ROW, **change}, holders, SpaceParameters())
    assert (finding.kind if finding else None) == kind
    assert (finding.evidence["can_plan"] if finding else None) == can_plan


@pytest.mark.parametrize(
    ("notices", "kept"),
    [
        (["INFO tuples: 1 removed, 9 remain, 7 are dead but not yet removable", "INFO 0 are dead but not yet removable"], 7),
        (['INFO "t": found 3 removable row versions. 2 dead row versions cannot be removed yet, oldest xmin: 9'], 2),
        (["INFO Vacuum von »t« beendet"], None),
        ([], None),
    ],
)  # fmt: skip
def test_a_vacuum_says_what_it_had_to_leave(notices: list[str], kept: int | None) -> None:
    assert kept_rows(notices) == kept


@pytest.mark.parametrize(
    ("layout", "size"),
    [
        ([], 0),
        ([(4, 4, 4, 0)], 8),
        ([(1, 1, 1, 0), (8, 8, 8, 0), (1, 1, 1, 0), (8, 8, 8, 0)], 32),
        ([(8, 8, 8, 0), (8, 8, 8, 0), (1, 1, 1, 0), (1, 1, 1, 0)], 24),
        ([(2, 2, 2, 0), (4, 4, 4, 0), (8, 8, 8, 0)], 16),
        ([(8, 8, 8, 1), (4, 4, 4, 0)], 8),  # a column that is NULL everywhere
        ([(8, 8, 8, 0.5)], 4 + 3.5),
        ([(-1, 4, 5, 0)], 5 + 3.5),
        ([(-1, 4, 5, 0), (8, 8, 8, 0)], 5 + 3.5 + 8),  # where it begins is not known
        ([(-1, 4, 5, 0), (4, 4, 4, 0), (8, 8, 8, 0)], 5 + 1.5 + 4 + 2 + 8),
        ([(1, 1, 1, 0), (-1, 4, 200, 0)], 1 + 3 + 200 + 3.5),  # a long value is aligned
        ([(1, 1, 1, 0), (-1, 4, 20, 0)], 1 + 20 + 3.5),
    ],
)
def test_the_columns_of_a_row_stand_where_their_alignment_puts_them(layout: list[Any], size: float) -> None:
    assert table_bloat.content_bytes(layout) == size


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({"row_age": 399_999_999}, Severity.WARNING),
        ({"row_age": 400_000_000}, Severity.CRITICAL),
        ({"row_age": 1_400_000_000, "freeze_max_age": 2_000_000_000}, Severity.CRITICAL),
        ({"multi_age": 1_400_000_000, "multi_max_age": 2_000_000_000}, Severity.CRITICAL),
        ({"row_age": 1_399_999_999, "freeze_max_age": 2_000_000_000}, Severity.WARNING),
    ],
)
def test_how_near_the_end_of_transaction_numbers_is_counts_whatever_the_server_is_set_to(
    change: dict[str, Any], severity: Severity
) -> None:
    finding = vacuum_finding({**ROW, **change}, [], SpaceParameters())
    assert finding is not None
    assert finding.severity is severity


def test_the_oldest_holder_that_was_there_before_the_last_vacuum_is_the_one() -> None:
    assert holder_of(ROW, [{**HOLDER, "since": AT + timedelta(hours=1)}, HOLDER, SLOT]) is HOLDER


def test_bloat_needs_both_limits() -> None:
    def found(expected_mb: float, **limits: Any) -> Finding | None:
        return bloat_finding(ROW, round(expected_mb * 2**20), SpaceParameters(allow_blocking=True, **limits), "m")

    assert found(36) is not None
    assert found(37) is None
    assert found(69.9, reclaim_megabytes=1) is not None
    assert found(70.1, reclaim_megabytes=1) is None
    assert found(200, reclaim_megabytes=0) is None


def test_a_table_that_is_rewritten_is_not_vacuumed_as_well() -> None:
    parameters = SpaceParameters(allow_blocking=True, lock_wait_seconds=7)
    dead = vacuum_finding(ROW, [], parameters)
    bloat = bloat_finding(ROW, 10 * 2**20, parameters, "m")
    assert dead is not None
    assert bloat is not None
    (alone,) = steps([dead], parameters)
    (step,) = steps([dead, bloat], parameters)
    assert (alone.sql, alone.locks) == (
        "SET lock_timeout = '7s';\nSET statement_timeout = 0;\nVACUUM (VERBOSE) \"s\".\"T x\";", Locks.DDL,
    )  # fmt: skip
    assert (step.sql, step.locks) == (
        "SET lock_timeout = '7s';\nSET statement_timeout = 0;\nVACUUM (FULL, VERBOSE) \"s\".\"T x\";", Locks.ALL,
    )  # fmt: skip
    assert not step.is_destructive
