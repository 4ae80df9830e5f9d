from __future__ import annotations

from typing import Any

import pytest

from strategies.platforms.oracle.prechecks import PRECHECKS, long_transaction
from strategies.platforms.postgresql.prechecks import PRECHECKS as OF_POSTGRESQL
from tests.strategies.platforms.oracle.test_facts import DATABASE, OWN, seen
from tests.strategies.platforms.oracle.test_session import a_session
from tests.strategies.platforms.oracle.transport import Connection


def said(name: str, **answers: Any) -> str:
    return PRECHECKS[name].ask(a_session(Connection({**seen(), **answers})))


def test_what_means_the_same_has_the_same_name_on_every_platform() -> None:
    assert set(PRECHECKS) == set(OF_POSTGRESQL)


def test_a_database_that_takes_changes_is_writable() -> None:
    assert said("WRITABLE") == ""
    standby = {"facts_session": [{**OWN, "DATABASE_ROLE": "PHYSICAL STANDBY"}], "facts_container": []}
    assert "takes no changes" in said("WRITABLE", **standby, facts_database=[{**DATABASE, "OPEN_MODE": "READ ONLY"}])


@pytest.mark.parametrize(
    ("waiting", "words"), [(0, ""), (1, "1 session waits for a lock."), (3, "3 sessions wait for locks.")]
)
def test_sessions_that_wait_are_counted(waiting: int, words: str) -> None:
    assert said("NO_WAITING_SESSIONS", waiting_sessions=[{"WAITING": waiting}]) == words


def test_an_old_transaction_is_told_with_its_session() -> None:
    row = {"MINUTES": 31, "SESSION_NAME": "9,77,@2", "ACCOUNT": "SALES"}
    words = "the transaction of session 9,77,@2 of SALES has been open for 31 minutes."
    assert said("NO_LONG_TRANSACTIONS", open_transactions=[row]) == words
    assert said("NO_LONG_TRANSACTIONS", open_transactions=[]) == ""


@pytest.mark.parametrize(("minutes", "is_long"), [(29, False), (30, True)])
def test_thirty_minutes_are_long(minutes: int, is_long: bool) -> None:
    assert bool(long_transaction(minutes, "9,77,@1", None)) is is_long
