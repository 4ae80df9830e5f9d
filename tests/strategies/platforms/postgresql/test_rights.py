from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from strategies.plans import MissingRight
from strategies.platforms.base import Session
from strategies.platforms.postgresql import indexes, statistics
from strategies.routines.index_maintenance import IndexParameters
from strategies.routines.statistics_maintenance import StatisticsParameters
from tests.servers import RunningServer
from tests.strategies.platforms.postgresql.conftest import a_step

Sql = Callable[..., list[tuple[Any, ...]]]
HOSTILE = 'o"w\nDROP TABLE public.kept; -- %s'


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.fixture
def weak(sql: Sql, open_session: Callable[..., Session]) -> Iterator[Session]:
    """Owns nothing, beside tables of two plain roles and of two superusers; one of each has a hostile name."""
    owners = {"app": "", HOSTILE: "", f"{HOSTILE} too": "SUPERUSER", "postgres": None}
    for name, kind in owners.items():
        if kind is not None:
            sql(f"DROP ROLE IF EXISTS {quoted(name)}", f"CREATE ROLE {quoted(name)} {kind}")
    sql("CREATE TABLE kept (a int)", "DROP ROLE IF EXISTS weak", "CREATE ROLE weak LOGIN")
    for number, name in enumerate(owners):
        table = f"t{number}"
        sql(f"CREATE TABLE {table} AS SELECT i AS a, 'x'::text AS x FROM generate_series(1, 5000) i")
        sql(f"CREATE UNIQUE INDEX {table}_a ON {table} (a)", f"ALTER TABLE {table} OWNER TO {quoted(name)}")
    yield open_session("weak")
    for name, kind in owners.items():
        if kind is not None:
            sql(f"DROP OWNED BY {quoted(name)} CASCADE", f"DROP ROLE {quoted(name)}")


def missing(session: Session) -> dict[str, MissingRight]:
    return {
        "table": statistics.CONCERN.missing_rights(session, StatisticsParameters())[0],
        "index": indexes.CONCERN.missing_rights(session, IndexParameters())[0],
    }


@pytest.mark.parametrize("noun", ["table", "index"])
def test_the_grants_can_be_run_as_they_stand_and_give_the_right_wherever_no_superuser_owns(
    weak: Session, sql: Sql, server: RunningServer, noun: str
) -> None:
    right = missing(weak)[noun]
    assert right.blocks
    if server.major >= 17:
        assert right.grant == 'GRANT pg_maintain TO "weak";'
    sql(right.grant)  # several statements in one text, as they are pasted
    assert sql("SELECT 1 FROM pg_class WHERE relname = 'kept'") == [(1,)]
    if server.major >= 17:
        assert noun not in {name for name, left in missing_now(weak).items() if left}
        return
    assert '\nGRANT "app" TO "weak";\nGRANT "o""w\nDROP TABLE public.kept; -- %s" TO "weak";' in f"\n{right.grant}"
    assert "postgres" not in [name for (name,) in sql("SELECT roleid::regrole::text FROM pg_auth_members")]
    left = missing(weak)[noun]
    assert not left.blocks
    assert {line[:3] for line in left.grant.splitlines()} == {"-- "}
    assert '"postgres" owns ' in left.grant
    assert "is a superuser" in left.grant


def missing_now(session: Session) -> dict[str, list[MissingRight]]:
    return {
        "table": statistics.CONCERN.missing_rights(session, StatisticsParameters()),
        "index": [r for r in indexes.CONCERN.missing_rights(session, IndexParameters()) if "pg_monitor" not in r.right],
    }


def test_the_example_is_never_the_index_of_a_toast_table(weak: Session) -> None:
    for right in missing(weak).values():
        assert "such as public." in right.right
        assert "pg_toast" not in right.right + right.grant


def test_a_finding_says_whose_right_it_is_in_this_version(weak: Session, sql: Sql, server: RunningServer) -> None:
    sql(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't0_a'::regclass",
        "SELECT pg_stat_force_next_flush()",
    )
    (index,) = indexes.CONCERN.assess(weak, IndexParameters(), "t0_a").findings
    (table,) = statistics.CONCERN.assess(weak, StatisticsParameters(), "t0").findings
    for finding in (index, table):
        assert not finding.evidence["can_plan"]
        if server.major >= 17:
            assert "needs MAINTAIN on public.t0, which pg_maintain gives" in finding.advice
        else:
            assert 'only the owner "app", members of that role' in finding.advice
    assert ("the owner of the database" in table.advice) == (server.major < 17)
    assert "the owner of the database" not in index.advice


def test_without_usage_on_its_schema_an_index_is_reported_and_not_planned(
    sql: Sql, open_session: Callable[..., Session]
) -> None:
    sql(
        "DROP ROLE IF EXISTS app",
        "CREATE ROLE app LOGIN",
        "CREATE SCHEMA closed",
        "CREATE TABLE closed.t (a int, x text)",
    )
    sql("CREATE INDEX t_a ON closed.t (a)", "ALTER TABLE closed.t OWNER TO app")
    (toast,) = sql("SELECT reltoastrelid::regclass::text FROM pg_class WHERE oid = 'closed.t'::regclass")[0]
    sql(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'closed.t_a'::regclass"
        f" OR indrelid = '{toast}'::regclass"
    )
    owner = open_session("app")
    refusal = owner.execute(a_step(f"REINDEX INDEX CONCURRENTLY {toast}_index")).error
    assert refusal is not None
    assert refusal.code == "42501"
    findings = indexes.CONCERN.assess(owner, IndexParameters(), "ALL").findings
    assert [finding.advice for finding in findings] == [
        'The account may not rebuild this index: it needs USAGE on the schema "closed".',
        'The account may not rebuild this index: it needs USAGE on the schema "pg_toast".',
    ]
    assert indexes.CONCERN.steps(findings, IndexParameters()) == []
    sql("GRANT USAGE ON SCHEMA closed, pg_toast TO app", "GRANT CREATE ON SCHEMA closed TO app")
    findings = indexes.CONCERN.assess(owner, IndexParameters(), "ALL").findings
    assert len(indexes.CONCERN.steps(findings, IndexParameters())) == 2
    sql("DROP OWNED BY app CASCADE")
