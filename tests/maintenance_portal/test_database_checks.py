"""What is missing in the portal's own database is named before anything starts there: real PostgreSQL, and an Oracle that answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.checks import CheckMessage, Tags, run_checks
from django.db import connections
from django.db.backends.base import base
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from maintenance_portal import database_checks, own_database, supervisor
from tests.oracle import dictionary, portal, transport
from tests.servers import RunningServer, newest_server, start_server

Ask = Callable[[BaseDatabaseWrapper], list[CheckMessage]]


def database(url: str, password: str = "") -> BaseDatabaseWrapper:
    return ConnectionHandler({"default": own_database.read(url, password=password).entry})["default"]


@pytest.fixture
def ask(django_db_blocker: Any) -> Ask:
    """What the checks say of this database, as the portal's own."""

    def told(wrapper: BaseDatabaseWrapper) -> list[CheckMessage]:
        own = connections["default"]
        connections["default"] = wrapper
        try:
            with django_db_blocker.unblock():
                return list(run_checks(tags=[Tags.database], databases=["default"]))
        finally:
            connections["default"] = own
            wrapper.close()

    return told


def found(messages: list[CheckMessage]) -> set[str | None]:
    assert all(message.hint for message in messages)
    return {message.id for message in messages}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with start_server(newest_server()) as running:
        with running.connect() as connection:
            for statement in (
                "CREATE ROLE owner LOGIN PASSWORD 's3cret'", "CREATE ROLE guest LOGIN PASSWORD 's3cret'",
                "CREATE ROLE standby LOGIN PASSWORD 's3cret'",
                "ALTER ROLE standby SET default_transaction_read_only = on", "CREATE DATABASE portal OWNER owner",
                "CREATE DATABASE ascii OWNER owner ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
            ):  # fmt: skip
                connection.execute(statement)
        with running.connect("portal") as connection:
            connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        yield running


def test_a_new_database_lacks_only_the_tables(server: RunningServer, ask: Ask) -> None:
    assert found(ask(database(server.tcp_url("portal", "owner"), "s3cret"))) == {"portal.W003"}


def test_an_account_without_the_right_to_make_tables_is_told_the_grant(server: RunningServer, ask: Ask) -> None:
    (message,) = ask(database(server.tcp_url("portal", "guest"), "s3cret"))
    assert (message.id, message.msg) == ("portal.E012", "guest may make no tables in the schema public.")
    assert str(message.hint).endswith("GRANT USAGE, CREATE ON SCHEMA public TO guest")
    with server.connect("portal") as connection:
        connection.execute("GRANT USAGE, CREATE ON SCHEMA public TO guest")
    assert found(ask(database(server.tcp_url("portal", "guest"), "s3cret"))) == {"portal.W003"}


def test_an_account_whose_tables_are_there_needs_to_make_none(
    server: RunningServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_checks, "_waits_for_migrations", lambda _: False)
    with server.connect("portal") as connection:
        connection.execute("REVOKE CREATE ON SCHEMA public FROM guest")
    assert found(ask(database(server.tcp_url("portal", "guest"), "s3cret"))) == set()


def test_a_database_that_keeps_bytes_and_one_that_takes_no_changes_are_refused(server: RunningServer, ask: Ask) -> None:
    assert "portal.E010" in found(ask(database(server.tcp_url("ascii", "owner"), "s3cret")))
    assert "portal.E011" in found(ask(database(server.tcp_url("portal", "standby"), "s3cret")))


def test_one_that_is_too_old_or_cannot_be_reached_is_one_sentence_without_the_password(
    server: RunningServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "RAN_DB_VERSION_CHECK", set())  # Django asks once in a process
    too_old = database(server.tcp_url("portal", "owner"), "s3cret")
    too_old.features.minimum_database_version = (server.major + 1,)  # type: ignore[assignment]
    (message,) = ask(too_old)
    assert message.id == "portal.E008"
    assert f"PostgreSQL {server.major + 1} or later is required" in message.msg
    for wrapper in (
        database(server.tcp_url("portal", "owner"), "not s3cret"),
        database("postgresql://owner@127.0.0.1:1/portal", "not s3cret"),
        database("oracle://owner@127.0.0.1:1/portal", "not s3cret"),
    ):
        (message,) = ask(wrapper)
        assert message.id == "portal.E009"
        assert "s3cret" not in f"{message.msg}{message.hint}"
        assert "\n" not in message.msg


def test_without_being_asked_for_a_database_nothing_connects() -> None:
    assert database_checks.own_database() == []
    assert database_checks.own_database(databases=["other"]) == []


WELL: dict[str, list[transport.Row]] = {
    "SELECT COUNT(*)": [(1,)], "NLS_CHARACTERSET": [("AL32UTF8",)], "DATABASE_ROLE": [("PRIMARY",)],
    "SESSION_PRIVS": [("CREATE TABLE",), ("CREATE SEQUENCE",), ("CREATE TRIGGER",)],
}  # fmt: skip


@contextmanager
def oracle(version: str, answers: dict[str, list[transport.Row]]) -> Iterator[BaseDatabaseWrapper]:
    """What was asked exists there, and is what it understands."""
    wrapper: Any = transport.database(version)
    wrapper.connection.answers = answers
    sent = wrapper.connection.sent
    yield wrapper
    by_hand = [one for one in sent if "PORTAL" not in one and "django_migrations" not in one.lower()]
    assert by_hand
    for statement in by_hand:
        assert portal.faults(statement, version) == ()
        assert dictionary.faults(statement) == ()


@pytest.mark.parametrize("version", transport.VERSIONS)
@pytest.mark.parametrize(
    ("answers", "identity", "words"),
    [
        ({}, "portal.W003", "The portal's tables are not those of this version."),
        ({"SESSION_PRIVS": [("CREATE TABLE",)]}, "portal.E012", "PORTAL has no right to CREATE SEQUENCE and CREATE TRIGGER."),
        ({"SELECT COUNT(*)": [(0,)]}, "portal.E013", "PORTAL has no room left in its default tablespace."),
        ({"DATABASE_ROLE": [("PHYSICAL STANDBY",)]}, "portal.E011",
         "The portal's database takes no changes: it is a standby, or read-only."),
    ],
)  # fmt: skip
def test_an_oracle_says_what_it_lacks(
    version: str, answers: dict[str, list[transport.Row]], identity: str, words: str, ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(database_checks, "_waits_for_migrations", lambda _: True)
    with oracle(version, {**WELL, **answers}) as wrapper:
        (message,) = ask(wrapper)
    assert (message.id, message.msg) == (identity, words)
    assert "start of the portal" not in str(message.hint)  # which makes no tables there


def test_of_an_oracle_with_another_character_set_and_without_bounds_only_that_is_told(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_checks, "_waits_for_migrations", lambda _: False)
    rights = [("UNLIMITED TABLESPACE",)]
    answers = {**WELL, "NLS_CHARACTERSET": [("WE8MSWIN1252",)], "SELECT COUNT(*)": [(0,)], "SESSION_PRIVS": rights}
    with oracle("19c", answers) as wrapper:
        (message,) = ask(wrapper)
    assert (message.id, "WE8MSWIN1252" in message.msg) == ("portal.W004", True)


def test_a_start_changes_no_tables_on_an_oracle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Portals that start at once would make the same tables: there is no lock there that outlives a statement's own commit."""
    wrapper: Any = transport.database("19c")
    monkeypatch.setattr(supervisor, "connection", wrapper)
    monkeypatch.setattr(supervisor, "_is_behind", lambda: True)
    with pytest.raises(supervisor.TablesBehind, match="manage migrate"):
        supervisor.migrate()
    assert wrapper.connection.sent == []


@pytest.mark.parametrize("privilege", database_checks._ORACLE_NEEDS)
def test_the_rights_that_are_asked_for_exist(privilege: str) -> None:
    assert privilege in dictionary.SYSTEM_PRIVILEGES
