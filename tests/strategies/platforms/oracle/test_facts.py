from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from strategies.platforms.base import PlatformError
from strategies.platforms.oracle import facts
from strategies.platforms.oracle.stated import Edition, Stated
from tests.strategies.platforms.oracle.test_session import a_session
from tests.strategies.platforms.oracle.transport import Connection, oracle_error

# The driver gives a DATE as it stands in the database, without a zone.
STARTED, EXPIRES = datetime(2026, 11, 1, 4, 5), datetime(2027, 1, 2, 3, 4)  # noqa: DTZ001
OWN = {
    "CONTAINER_ID": "3", "CONTAINER": "SALESPDB", "UNIQUE_NAME": "cdb1_site", "DATABASE_ROLE": "PRIMARY", "SERVICE": "sales",
    "INSTANCE": "cdb1", "HOST": "db1.example", "ACCOUNT": "PORTAL", "PROXY_ACCOUNT": None, "SCHEMA_NAME": "PORTAL",
}  # fmt: skip
DATABASE = {
    "NAME": "CDB1", "OPEN_MODE": "READ WRITE", "DATABASE_ROLE": "PRIMARY", "LOG_MODE": "ARCHIVELOG", "FLASHBACK_ON": "NO",
    "FORCE_LOGGING": "YES", "CDB": "YES",
}  # fmt: skip
ALL: dict[str, Any] = {
    "facts_session": [OWN],
    "facts_instance": [{
        "VERSION_FULL": "19.22.0.0.0", "STATUS": "OPEN", "LOGINS": "ALLOWED",
        "STARTUP_TIME": STARTED, "HOST_NAME": "db1",
    }],
    "facts_banner": [{"BANNER": "Oracle Database 19c Enterprise Edition\nVersion 19.22.0.0.0"}],
    "facts_database": [DATABASE],
    "facts_container": [{"OPEN_MODE": "READ WRITE", "RESTRICTED": "NO"}],
    "facts_options": [{"NAME": "Partitioning"}, {"NAME": "Online Index Build"}],
    "facts_character_set": [{"CHARACTER_SET": "AL32UTF8"}],
    "facts_size": [{"SIZE_BYTES": 12_884_901_888}],
    "facts_account": [{"ACCOUNT_STATUS": "OPEN", "EXPIRY_DATE": EXPIRES}],
}  # fmt: skip


def seen(**changed: Any) -> dict[str, Any]:
    return {**ALL, **changed}


def test_a_database_says_what_it_is() -> None:
    session = a_session(Connection(seen()), stated=Stated(Edition.ENTERPRISE, frozenset({"partitioning"})))
    found = session.facts()
    assert (found.product, found.version, found.version_number) == ("Oracle Database", "19.22.0.0.0", 192200)
    assert (found.database, found.role, found.user, found.is_writable) == ("SALESPDB", "primary", "PORTAL", True)
    assert found.size_bytes == 12_884_901_888
    assert found.details == {
        "Edition": "Enterprise Edition, as stated; Partitioning",
        "Calls itself": "Oracle Database 19c Enterprise Edition Version 19.22.0.0.0",
        "Container": "SALESPDB, a pluggable database",
        "Unique name": "cdb1_site",
        "Service": "sales",
        "Instance": "cdb1 on db1.example",
        "Started": "2026-11-01 04:05 by the clock of the server",
        "Open mode": "read write",
        "Archives its logs": "yes",
        "Flashback": "no",
        "Options linked in": "Partitioning, Online Index Build",
        "Character set": "AL32UTF8",
        "Schema": "PORTAL",
        "Password expires": "2027-01-02 03:04 by the clock of the server",
    }


def test_a_right_that_is_missing_hides_only_its_own_answer_and_is_named() -> None:
    refused = {name: oracle_error(942, "table or view does not exist") for name in ALL if name != "facts_session"}
    found = a_session(Connection({**seen(), **refused})).facts()
    assert (found.version, found.is_writable, found.size_bytes) == ("19.22.0.0.0", True, None)
    assert found.details["Open mode"] == "no right to see it (needs SELECT ON SYS.V_$DATABASE)"
    assert found.details["Started"] == "no right to see it (needs SELECT ON SYS.V_$INSTANCE)"
    assert found.details["Options linked in"] == "no right to see it (needs SELECT ON SYS.V_$OPTION)"
    assert found.details["Data files"] == "no right to see it (needs SELECT ON SYS.DBA_DATA_FILES)"
    assert found.details["Container"] == "SALESPDB, a pluggable database"


def test_trouble_that_is_no_missing_right_is_trouble() -> None:
    session = a_session(Connection(seen(facts_size=oracle_error(1555, "snapshot too old"))))
    with pytest.raises(PlatformError, match="ORA-01555"):
        session.facts()


@pytest.mark.parametrize(
    ("own", "database", "container", "is_writable"),
    [
        ({}, [{**DATABASE, "OPEN_MODE": "READ WRITE"}], [], True),
        ({}, [{**DATABASE, "OPEN_MODE": "READ ONLY WITH APPLY"}], [], False),
        ({}, [{**DATABASE, "OPEN_MODE": "READ WRITE"}], [{"OPEN_MODE": "READ ONLY", "RESTRICTED": "NO"}], False),
        ({"DATABASE_ROLE": "PHYSICAL STANDBY"}, oracle_error(942, "x"), oracle_error(942, "x"), False),
        ({"DATABASE_ROLE": "LOGICAL STANDBY"}, oracle_error(942, "x"), oracle_error(942, "x"), True),
    ],
)
def test_whether_it_takes_changes_goes_by_what_can_be_seen(
    own: dict[str, str], database: Any, container: Any, is_writable: bool
) -> None:
    answers = seen(facts_session=[{**OWN, **own}], facts_database=database, facts_container=container)
    assert a_session(Connection(answers)).facts().is_writable is is_writable


@pytest.mark.parametrize(
    ("container_id", "words"),
    [
        ("0", "none: a database of its own"),
        ("1", "the root of a container database"),
        ("5", "SALESPDB, a pluggable database"),
    ],
)
def test_the_container_is_told(container_id: str, words: str) -> None:
    answers = seen(facts_session=[{**OWN, "CONTAINER_ID": container_id}])
    assert a_session(Connection(answers)).facts().details["Container"] == words


def test_restricted_logins_a_proxy_and_a_warning_at_sign_in_are_told() -> None:
    connection = Connection(
        seen(
            facts_session=[{**OWN, "PROXY_ACCOUNT": "PORTAL", "ACCOUNT": "APP_OWNER"}],
            facts_container=[{"OPEN_MODE": "READ WRITE", "RESTRICTED": "YES"}],
        )
    )
    connection.warning = oracle_error(28002, "the password will expire within 7 days").args[0]
    details = a_session(connection).facts().details
    assert details["Open mode"] == "read write, restricted to accounts with RESTRICTED SESSION"
    assert details["Signed in through"] == "PORTAL"
    assert details["At sign-in"] == "the password will expire within 7 days."


@pytest.mark.parametrize(
    ("version", "number"),
    [((19, 22, 0, 0, 0), 192200), ((23, 26, 1, 0, 0), 232601), ((21,), 210000)],
)
def test_versions_are_comparable(version: tuple[int, ...], number: int) -> None:
    assert facts.number(version) == number
