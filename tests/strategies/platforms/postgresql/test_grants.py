"""The script of grants is run by psql as it stands, and the account then lacks nothing that it gives."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strategies.capabilities import capabilities, script
from strategies.platforms.base import Session
from strategies.platforms.postgresql import indexes, integrity, space, statistics
from strategies.platforms.postgresql.platform import PLATFORM
from strategies.routines.index_maintenance import IndexParameters
from strategies.routines.integrity_validation import IntegrityParameters
from strategies.routines.space_maintenance import SpaceParameters
from strategies.routines.statistics_maintenance import StatisticsParameters
from tests.servers import RunningServer, available_servers

Sql = Callable[..., list[tuple[Any, ...]]]
ACCOUNT = "o'w\\n \"%s :x"


@pytest.fixture
def shop(sql: Sql) -> Iterator[None]:
    """Tables of a plain role in a schema of its own."""
    quoted = ACCOUNT.replace('"', '""')
    sql(
        "DROP ROLE IF EXISTS shop_owner",
        "CREATE ROLE shop_owner",
        f'DROP ROLE IF EXISTS "{quoted}"',
        f'CREATE ROLE "{quoted}" LOGIN',
    )
    sql(
        'CREATE SCHEMA "Shop" AUTHORIZATION shop_owner',
        'CREATE TABLE "Shop".t AS SELECT i AS a FROM generate_series(1, 5000) i',
    )
    sql('CREATE INDEX t_a ON "Shop".t (a)', 'ALTER TABLE "Shop".t OWNER TO shop_owner')
    yield
    sql(
        f'DROP OWNED BY "{quoted}"', f'DROP ROLE "{quoted}"', "DROP OWNED BY shop_owner CASCADE", "DROP ROLE shop_owner"
    )


def psql(server: RunningServer, database: str, text: str) -> str:
    tool = next(
        path for binaries in reversed(available_servers()) if (path := Path(binaries.home / "bin" / "psql")).exists()
    )
    done = subprocess.run(
        [tool, "-X", "-v", "ON_ERROR_STOP=1", "-h", server.socket, "-p", str(server.port), "-U", "postgres", "-d", database, "-At"],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def lacking(session: Session) -> list[str]:
    found = [
        *PLATFORM.missing_rights(session),
        *indexes.CONCERN.missing_rights(session, IndexParameters()),
        *statistics.CONCERN.missing_rights(session, StatisticsParameters()),
        *space.CONCERN.missing_rights(session, SpaceParameters()),
        *integrity.CONCERN.missing_rights(session, IntegrityParameters()),
    ]
    return [right.right for right in found]


def test_psql_runs_the_script_and_nothing_is_missing_any_more(
    shop: None, server: RunningServer, database: str, sql: Sql, open_session: Callable[..., Session]
) -> None:
    has_amcheck = bool(sql("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'"))
    if has_amcheck:
        sql("CREATE EXTENSION amcheck")
    assert len(lacking(open_session(ACCOUNT))) >= (6 if has_amcheck else 4)
    text = "\n".join(script(PLATFORM, capabilities("postgresql"), ACCOUNT, with_optional=True))
    if not has_amcheck:
        text = text.replace("CREATE EXTENSION IF NOT EXISTS", "-- where the server has it: CREATE EXTENSION")
    said = psql(server, database, f"{text}\n")
    if server.major < 17:  # owners are for the administrator to decide on
        to_decide = [line for line in said.splitlines() if line.startswith("GRANT shop_owner TO")]
        assert to_decide, said
        psql(server, database, to_decide[0])
    assert lacking(open_session(ACCOUNT)) == []


def test_without_what_is_optional_only_that_is_missing(
    shop: None, server: RunningServer, database: str, open_session: Callable[..., Session]
) -> None:
    said = psql(server, database, "\n".join(script(PLATFORM, capabilities("postgresql"), ACCOUNT)) + "\n")
    for line in said.splitlines():
        if line.startswith("GRANT shop_owner TO"):
            psql(server, database, line)
    assert {right.split(":")[0] for right in lacking(open_session(ACCOUNT))} == {"pg_monitor"}


@pytest.mark.parametrize(
    ("extension", "called", "others"),
    [
        ("pgstattuple", ("pgstatindex",), ("pgstattuple", "pg_relpages")),
        # bt_index_parent_check keeps others from writing for as long as it reads
        ("amcheck", ("bt_index_check", "verify_heapam"), ("bt_index_parent_check",)),
    ],
)
def test_of_an_extension_only_the_functions_that_are_called_are_granted(
    sql: Sql, server: RunningServer, database: str, extension: str, called: tuple[str, ...], others: tuple[str, ...]
) -> None:
    if not sql(f"SELECT 1 FROM pg_available_extensions WHERE name = '{extension}'"):
        pytest.skip("this server has no extension to try it with")
    sql(f"CREATE EXTENSION {extension}", "DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN")
    for function in called:
        psql(
            server,
            database,
            PLATFORM.grant(f"EXECUTE ON FUNCTION {function} OF EXTENSION {extension}", "reader") + "\n",
        )
    allowed = sql(
        "SELECT DISTINCT p.proname::text, has_function_privilege('reader', p.oid, 'EXECUTE') FROM pg_proc p"
        f" WHERE p.proname = ANY (string_to_array('{','.join((*called, *others))}', ','))"
    )
    sql("DROP OWNED BY reader", "DROP ROLE reader")
    assert set(allowed) == {(name, name in called) for name in (*called, *others)}


def test_the_rights_of_checks_name_the_functions_that_checks_call() -> None:
    named = {right.privilege for right in integrity.CONCERN.rights if right.privilege.startswith("EXECUTE")}
    assert named == {
        "EXECUTE ON FUNCTION bt_index_check OF EXTENSION amcheck",
        "EXECUTE ON FUNCTION verify_heapam OF EXTENSION amcheck",
    }
