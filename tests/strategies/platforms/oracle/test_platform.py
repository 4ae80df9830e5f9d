from __future__ import annotations

from typing import Any

import pytest

from strategies.plans import ErrorClass, Limits
from strategies.platforms.base import NotSupported, PlatformError, RemoteSession
from strategies.platforms.oracle.platform import PLATFORM, ending
from tests.strategies.platforms.oracle.test_session import a_session, sent
from tests.strategies.platforms.oracle.transport import TAG, Connection, oracle_error

_REMOTE = RemoteSession("9,77,@2", True, "", None)


def a_row(**more: Any) -> dict[str, Any]:
    return {
        "INST_ID": 2, "SID": 9, "SERIAL#": 77, "STATUS": "ACTIVE", "SQL_ID": "0sd6a1", "EVENT": "enq: TX", "STATE": "WAITING",
        "WORKING_SECONDS": 12, **more,
    }  # fmt: skip


def test_our_sessions_are_found_by_tag_in_every_instance() -> None:
    connection = Connection({
        "our_sessions": [
            a_row(),
            a_row(SID=10, STATUS="INACTIVE", WORKING_SECONDS=None, SQL_ID=None, STATE="WAITED SHORT TIME"),
            a_row(SID=11, STATUS="KILLED", WORKING_SECONDS=None),
        ]
    })  # fmt: skip
    found = PLATFORM.our_sessions(a_session(connection), TAG)
    assert [(remote.session_id, remote.is_working, remote.working_seconds) for remote in found] == [
        ("9,77,@2", True, 12.0),
        ("10,77,@2", False, None),
        ("11,77,@2", True, None),
    ]
    assert found[0].statement == "SQL 0sd6a1, enq: TX"
    assert found[1].statement == "SQL unknown, on CPU"
    assert connection.binds == [{"tag": "mportal:1a2b3c4d run:17", "module": "mportal:1a2b3c4d", "action": "run:17"}]


@pytest.mark.parametrize(
    ("force", "statement"),
    [(False, "ALTER SYSTEM CANCEL SQL '9, 77, @2'"), (True, "ALTER SYSTEM KILL SESSION '9,77,@2' IMMEDIATE")],
)
def test_a_session_is_cancelled_or_ended_by_number(force: bool, statement: str) -> None:
    connection = Connection()
    assert PLATFORM.end_session(a_session(connection), _REMOTE, force=force)
    assert sent(connection) == [statement]


@pytest.mark.parametrize("name", ["9,77", "9,77,@2'; DROP", "9, 77,@2", "", "a,b,@c"])
def test_only_numbers_reach_the_statement(name: str) -> None:
    with pytest.raises(ValueError, match="no session"):
        ending(name, force=True)


@pytest.mark.parametrize(
    ("number", "accepted"),
    [(30, False), (26, False), (31, True)],
)
def test_a_session_that_is_gone_or_marked_to_be_ended_is_told(number: int, accepted: bool) -> None:
    connection = Connection({"~ALTER SYSTEM": oracle_error(number, "User session ID does not exist.")})
    assert PLATFORM.end_session(a_session(connection), _REMOTE, force=True) is accepted


def test_an_account_that_may_not_end_sessions_hears_what_helps() -> None:
    connection = Connection({"~ALTER SYSTEM": oracle_error(1031, "insufficient privileges")})
    with pytest.raises(PlatformError, match="Grant ALTER SYSTEM") as refused:
        PLATFORM.end_session(a_session(connection), _REMOTE, force=True)
    assert refused.value.error.error_class is ErrorClass.PERMANENT


def test_an_idle_session_that_may_not_be_ended_holds_nobody_up() -> None:
    connection = Connection({"~ALTER SYSTEM": oracle_error(1031, "insufficient privileges")})
    idle = RemoteSession("9,77,@2", False, "", None)
    assert not PLATFORM.end_session(a_session(connection), idle, force=True)


def test_trouble_while_ending_a_session_is_trouble() -> None:
    connection = Connection({"~ALTER SYSTEM": oracle_error(20, "maximum number of processes exceeded")})
    with pytest.raises(PlatformError, match="ORA-00020"):
        PLATFORM.end_session(a_session(connection), _REMOTE, force=True)


def test_a_degree_of_one_is_held_and_what_cannot_be_is_named() -> None:
    assert PLATFORM.limit_settings(Limits()) == ()
    assert PLATFORM.limit_settings(Limits(parallel_degree=1)) == (
        "ALTER SESSION DISABLE PARALLEL DDL",
        "ALTER SESSION DISABLE PARALLEL DML",
        "ALTER SESSION DISABLE PARALLEL QUERY",
    )
    for limits, name in ((Limits(parallel_degree=4), "parallel_degree"), (Limits(memory_mb=64), "memory_mb")):
        with pytest.raises(NotSupported, match=name):
            PLATFORM.limit_settings(limits)
