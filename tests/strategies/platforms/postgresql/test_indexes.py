from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import ErrorClass, LeftBehind
from strategies.platforms.base import ObjectUnknown, PlatformError, Session
from strategies.platforms.postgresql.bloat import Widths, expected_bytes
from strategies.platforms.postgresql.indexes import CONCERN
from strategies.routines.index_maintenance import IndexParameters
from tests.servers import RunningServer
from tests.strategies.platforms.postgresql.conftest import done

Sql = Callable[..., list[tuple[Any, ...]]]
FLUSH = "SELECT pg_stat_force_next_flush()"
PARAMETERS = IndexParameters(lock_wait_seconds=1, bloat_megabytes=0.5)


def assess(session: Session, target_object: str = "ALL", parameters: IndexParameters = PARAMETERS) -> Assessment:
    return CONCERN.assess(session, parameters, target_object)


def kinds(session: Session) -> list[tuple[str, str]]:
    return sorted((finding.kind, finding.object) for finding in assess(session).findings)


def mend(session: Session, parameters: IndexParameters = PARAMETERS) -> list[str]:
    """Carry out the whole plan as the runner does; the objects it worked on."""
    steps = CONCERN.steps(assess(session, parameters=parameters).findings, parameters)
    for step in steps:
        assert CONCERN.is_needed(session, step).is_needed, step.object
        outcome = done(session.execute(step))
        checked = CONCERN.verify(session, step, outcome)
        assert checked.ok, checked.message
    return [step.object for step in steps]


def invalid_index(sql: Sql, connect: Callable[[], psycopg.Connection[Any]], table: str = "t", name: str = "u") -> None:
    """As a build leaves it that failed over two equal keys, which are gone by now."""
    sql(f"CREATE TABLE {table} (a int, x text)", f"INSERT INTO {table} SELECT i, 'x' FROM generate_series(1, 500) i")
    sql(f"INSERT INTO {table} VALUES (1, 'again')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        connect().execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} (a)".encode())
    sql(f"DELETE FROM {table} WHERE x = 'again'")


def leftover(sql: Sql, connect: Callable[[], psycopg.Connection[Any]], name: str = "ra") -> None:
    """As a rebuild leaves it that gave up waiting for an older transaction."""
    sql("CREATE TABLE r (a int)", "INSERT INTO r SELECT generate_series(1, 500)", f"CREATE INDEX {name} ON r (a)")
    old = connect()
    old.execute("BEGIN")
    old.execute("INSERT INTO r VALUES (0)")
    rebuilding = connect()
    rebuilding.execute("SET lock_timeout = '100ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        rebuilding.execute(f"REINDEX INDEX CONCURRENTLY {name}".encode())
    old.execute("COMMIT")


def bloated(sql: Sql, name: str = "b") -> None:
    """Nine of ten entries deleted, spread over all pages."""
    sql(f"CREATE TABLE {name} (a int, x text)")
    sql(f"INSERT INTO {name} SELECT i, md5(i::text) FROM generate_series(1, 60000) i")
    sql(
        f"CREATE INDEX {name}_x ON {name} (x)",
        f"DELETE FROM {name} WHERE a % 10 <> 0",
        FLUSH,
        f"VACUUM (ANALYZE) {name}",
    )


def test_planted_faults_are_found_mended_and_not_found_again(
    session: Session, sql: Sql, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    invalid_index(sql, connect)
    leftover(sql, connect)
    bloated(sql)
    assert kinds(session) == [
        ("bloated_index", "public.b_x"),
        ("invalid_index", "public.u"),
        ("leftover_copy", "public.ra_ccnew"),
    ]
    assert mend(session) == ["public.u", "public.ra_ccnew", "public.b_x"]
    assert kinds(session) == []
    assert sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]


def test_a_healthy_database_gives_no_finding(session: Session, sql: Sql) -> None:
    sql(
        "CREATE TABLE t (a int PRIMARY KEY, few int, x text, n numeric, ts timestamptz, b boolean, nul text)",
        "INSERT INTO t SELECT i, i % 7, md5(i::text), i / 3.0, now() + i * interval '1 s', i % 2 = 0,"
        " CASE WHEN i % 3 = 0 THEN 'x' || i END FROM generate_series(1, 80000) i",
        "CREATE INDEX t_few ON t (few)",
        "CREATE INDEX t_x ON t (x)",
        "CREATE INDEX t_xn ON t (x, n)",
        "CREATE INDEX t_ts ON t (ts) WITH (fillfactor = 70)",
        "CREATE INDEX t_lower ON t (lower(x))",
        "CREATE INDEX t_nul ON t (nul)",
        "CREATE INDEX t_inc ON t (few) INCLUDE (x)",
        "CREATE INDEX t_b ON t (b) WITH (deduplicate_items = off)",
        "VACUUM ANALYZE t",
    )
    strict = IndexParameters(bloat_percent=15, bloat_megabytes=0)
    assert assess(session, parameters=strict).findings == ()


def test_whether_an_index_is_bloated_is_not_guessed_from_stale_or_missing_statistics(
    session: Session, sql: Sql
) -> None:
    bloated(sql)
    sql("INSERT INTO b SELECT i, md5(i::text) FROM generate_series(1, 20000) i", FLUSH)
    seen = assess(session)
    assert seen.findings == ()
    assert any("stale statistics" in note for note in seen.notes)
    sql("CREATE TABLE n AS SELECT i, md5(i::text) x FROM generate_series(1, 30000) i", "CREATE INDEX nx ON n (x)")
    notes = assess(session).notes
    assert any("without visible column statistics" in note or "never analysed" in note for note in notes), notes


def test_where_pgstattuple_is_there_the_real_density_decides(session: Session, sql: Sql, server: RunningServer) -> None:
    if not sql("SELECT 1 FROM pg_available_extensions WHERE name = 'pgstattuple'"):
        assert server.major != 15
        return
    sql("CREATE SCHEMA tools", "CREATE EXTENSION pgstattuple SCHEMA tools")
    bloated(sql)
    (finding,) = assess(session).findings
    assert finding.evidence["method"] == "measured with pgstatindex"
    assert finding.evidence["wasted_percent"] > 60


@pytest.mark.parametrize(
    "part", ["Robert'); DROP TABLE x;--", 'sp ace "quoted"', "select", "naïve 表", "100%", "%s %(x)s", "x" * 59]
)
def test_hostile_names_stay_quoted(
    session: Session, sql: Sql, connect: Callable[[], psycopg.Connection[Any]], part: str
) -> None:
    name = '"' + part.replace('"', '""') + '"'
    sql(f"CREATE SCHEMA {name}")
    invalid_index(sql, connect, f"{name}.{name}", name[:-1] + '_i"')
    (finding,) = assess(session).findings
    assert assess(session, finding.object).findings == (finding,)
    assert mend(session) == [finding.object]
    assert assess(session).findings == ()


def test_one_object_can_be_named_and_an_unknown_one_is_refused(
    session: Session, sql: Sql, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    invalid_index(sql, connect)
    invalid_index(sql, connect, "other", "v")
    for name in ("u", "public.u", '"public"."u"', "t"):
        assert [finding.object for finding in assess(session, name).findings] == ["public.u"]
    for name in ("nothing", "no.such", 'bad"quote', "", "a.b.c.d", "other_database.public.u", "x\x00y"):
        with pytest.raises(ObjectUnknown):
            assess(session, name)


def test_a_rebuild_does_not_start_behind_an_old_transaction(
    session: Session, sql: Sql, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    invalid_index(sql, connect)
    (step,) = CONCERN.steps(assess(session).findings, PARAMETERS)
    old = connect()
    old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    old.execute("SELECT 1 FROM t")
    assert CONCERN.is_needed(session, step).is_needed
    with pytest.raises(PlatformError) as refusal:
        CONCERN.is_needed(session, replace(step, check={**step.check, "oldest_minutes": 0}))
    assert refusal.value.error.error_class is ErrorClass.LOCK
    assert str(old.info.backend_pid) in str(refusal.value)


def test_a_step_that_is_no_longer_needed_says_why(
    session: Session, sql: Sql, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    invalid_index(sql, connect)
    leftover(sql, connect)
    bloated(sql)
    steps = {step.object: step for step in CONCERN.steps(assess(session).findings, PARAMETERS)}
    sql("REINDEX INDEX u", "DROP INDEX ra_ccnew", "REINDEX INDEX b_x")
    assert {name: CONCERN.is_needed(session, step).why for name, step in steps.items()} == {
        "public.u": "it is valid now.",
        "public.ra_ccnew": "the index is gone.",
        "public.b_x": "it was rebuilt meanwhile.",
    }


def test_a_rebuild_that_did_not_happen_is_called_failed_although_no_error_came(
    session: Session, sql: Sql, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    invalid_index(sql, connect)
    bloated(sql)
    for step in CONCERN.steps(assess(session).findings, PARAMETERS):
        outcome = done(session.execute(replace(step, statements=("SELECT 1",))))
        assert not CONCERN.verify(session, step, outcome).ok
        assert not CONCERN.verify(session, step, None).ok


def test_what_a_rebuild_that_gave_up_left_behind_is_named_and_cleaned_before_the_next_attempt(
    session: Session, sql: Sql, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    bloated(sql)
    (step,) = CONCERN.steps(assess(session).findings, PARAMETERS)
    old = connect()
    old.execute("BEGIN")
    old.execute("INSERT INTO b VALUES (0, 'x')")
    outcome = session.execute(step)
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.LOCK
    left = CONCERN.state_left(session, step)
    assert left.kind is LeftBehind.NEEDS_CLEANUP
    assert "b_x_ccnew" in left.message
    old.execute("COMMIT")
    (clean,) = CONCERN.clean_up(session, step)
    done(session.execute(clean))
    assert CONCERN.verify(session, clean, None).ok
    assert CONCERN.state_left(session, step).kind is LeftBehind.CLEAN
    done(session.execute(step))
    assert CONCERN.verify(session, step, None).ok


def test_an_index_of_an_exclusion_constraint_is_reported_and_not_planned(session: Session, sql: Sql) -> None:
    sql(
        "CREATE TABLE e (r int4range, EXCLUDE USING gist (r WITH &&))",
        "INSERT INTO e VALUES (int4range(1, 5))",
        "UPDATE pg_index SET indisvalid = false WHERE indrelid = 'e'::regclass",
    )
    (finding,) = assess(session).findings
    assert "cannot be rebuilt online" in finding.advice
    assert CONCERN.steps([finding], PARAMETERS) == []


def test_an_account_without_the_right_is_told_what_it_lacks(
    sql: Sql,
    server: RunningServer,
    open_session: Callable[..., Session],
    connect: Callable[[], psycopg.Connection[Any]],
) -> None:
    invalid_index(sql, connect)
    sql("DROP ROLE IF EXISTS weak", "CREATE ROLE weak LOGIN")
    weak = open_session("weak")
    missing, sight = CONCERN.missing_rights(weak, PARAMETERS)
    assert missing.blocks
    assert not sight.blocks
    assert sight.grant == 'GRANT pg_monitor TO "weak";'
    assert "how long transactions of other accounts are open" in sight.needed_for
    sql("GRANT pg_monitor TO weak")
    assert ("pg_maintain" in missing.grant) == (server.major >= 17)
    (finding,) = assess(weak).findings
    assert CONCERN.steps([finding], PARAMETERS) == []
    if server.major >= 17:
        sql("GRANT pg_maintain TO weak")
        assert CONCERN.missing_rights(weak, PARAMETERS) == []
        assert mend(weak) == ["public.u"]
    else:
        sql("ALTER TABLE t OWNER TO weak", "GRANT CREATE ON SCHEMA public TO weak")
        assert CONCERN.missing_rights(weak, PARAMETERS) == []
        assert mend(weak) == ["public.u"]
    sql("DROP OWNED BY weak CASCADE")


def finding(kind: str, **values: Any) -> Finding:
    evidence = {
        "table": "s.t", "size_bytes": 9, "schema_name": "s", "index_name": 'I "x"', "index_oid": 1, "filenode": 2,
        "copies": {}, "original": "s.o", "original_is_valid": True, "can_plan": True, **values,
    }  # fmt: skip
    return Finding(kind, 's."I ""x"""', "INDEX", Severity.WARNING, "why", "what", evidence)


REBUILD = 'REINDEX (VERBOSE) INDEX CONCURRENTLY "s"."I ""x"""'


@pytest.mark.parametrize(
    ("findings", "statements"),
    [
        ([finding("invalid_index")], [REBUILD]),
        ([finding("bloated_index")], [REBUILD]),
        ([finding("leftover_copy")], ['DROP INDEX CONCURRENTLY "s"."I ""x"""']),
        (
            [
                finding("bloated_index", index_name="b"),
                finding("leftover_copy", index_name="l"),
                finding("invalid_index", index_name="i"),
            ],
            [
                'REINDEX (VERBOSE) INDEX CONCURRENTLY "s"."i"',
                'DROP INDEX CONCURRENTLY "s"."l"',
                'REINDEX (VERBOSE) INDEX CONCURRENTLY "s"."b"',
            ],
        ),
        ([finding("invalid_index", can_plan=False)], []),
        ([finding("leftover_copy", original_is_valid=False)], []),
        ([finding("invalid_index"), finding("leftover_copy", original_is_valid=False)], [REBUILD]),
        (
            [
                finding("leftover_copy", index_name="l", original='s."I ""x"""', original_is_valid=False),
                finding("invalid_index"),
            ],
            [REBUILD, 'DROP INDEX CONCURRENTLY "s"."l"'],
        ),
        ([finding("invalid_index", index_name="100%")], ['REINDEX (VERBOSE) INDEX CONCURRENTLY "s"."100%"']),
    ],
)
def test_each_situation_gives_exactly_these_statements(findings: list[Finding], statements: list[str]) -> None:
    steps = CONCERN.steps(findings, IndexParameters(lock_wait_seconds=7))
    assert [statement for step in steps for statement in step.statements] == statements
    assert all(step.settings == ("SET lock_timeout = '7s'", "SET statement_timeout = 0") for step in steps)
    assert all(step.undo == () and step.undo_note for step in steps)


def test_the_estimate_follows_the_page_layout() -> None:
    """100,000 entries of 8 header + 8 key + 4 pointer bytes fill 272 leaves of 8152 × 90 %."""
    index = Widths(100_000, 8, has_nulls=False, fillfactor=90, may_deduplicate=False, n_distinct=None)
    assert expected_bytes(index) == (273 + 3 + 1) * 8192
    assert expected_bytes(replace(index, may_deduplicate=True, n_distinct=10)) < expected_bytes(index) / 2
    assert expected_bytes(replace(index, entries=0)) == 3 * 8192


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("by_a", ["public.highest_a_idx", "public.low_a_idx"]),
        ("high_a_idx", ["public.highest_a_idx"]),
        ("low_a_idx", ["public.low_a_idx"]),
        ("parent", ["public.highest_a_idx", "public.low_a_idx"]),
        ("high", ["public.highest_a_idx"]),
    ],
)
def test_what_is_partitioned_stands_for_its_partitions(
    session: Session, sql: Sql, target: str, meant: list[str]
) -> None:
    sql(
        "CREATE TABLE parent (a int) PARTITION BY RANGE (a)",
        "CREATE INDEX by_a ON parent (a)",
        "CREATE TABLE low PARTITION OF parent FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE high PARTITION OF parent FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (a)",
        "CREATE TABLE highest PARTITION OF high FOR VALUES FROM (15) TO (20)",
        "UPDATE pg_index SET indisvalid = false WHERE indrelid IN ('low'::regclass, 'highest'::regclass)",
    )
    assert [found.object for found in assess(session, target).findings] == meant
