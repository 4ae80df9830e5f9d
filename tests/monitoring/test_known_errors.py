"""What is said of error codes is of one mind with what the platforms make of them, in every way in which a code is written."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import psycopg
import pytest
from oracledb import errors as driver_errors
from psycopg import errors as psycopg_errors

from monitoring import known_errors
from monitoring.known_errors import oracle, portal, postgresql, sqlite
from monitoring.known_errors.entry import Entry
from strategies.plans import ErrorClass
from strategies.platforms.oracle import errors as of_oracle
from strategies.platforms.oracle import integrity_steps
from strategies.platforms.postgresql import errors as of_postgresql
from strategies.platforms.sqlite import errors as of_sqlite
from tests.strategies.platforms.oracle.transport import oracle_error

ROOT = Path(__file__).resolve().parents[2]
TABLES = {
    "oracle": oracle.ERRORS, "driver": oracle.DRIVER_ERRORS, "postgresql": postgresql.ERRORS, "classes": postgresql.CLASSES,
    "sqlite": sqlite.ERRORS, "portal": portal.ERRORS,
}  # fmt: skip
ENTRIES = [(f"{name} {code}", entry) for name, table in TABLES.items() for code, entry in table.items()]


@pytest.mark.parametrize(("name", "entry"), ENTRIES, ids=[name for name, _ in ENTRIES])
def test_cause_and_remedy_are_sentences(name: str, entry: Entry) -> None:
    for text in (entry.cause, entry.remedy):
        assert text[0].isupper() or text.startswith("DBMS_"), text
        assert text.endswith("."), text


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("ORA-00054", "ORA-00054"), ("ORA-54", "ORA-00054"), ("ora-00054", "ORA-00054"), ("-54", "ORA-00054"),
        (" ORA-01555: snapshot too old", "ORA-01555"), ("DPY-4011", "DPY-4011"), ("PLS-00201", "PLS-00201"),
        ("23505", "23505"), ("42p01", "42P01"), ("22008", "22"), ("SQLITE_BUSY", "SQLITE_BUSY"),
        ("SQLITE_IOERR_FSYNC", "SQLITE_IOERR"), ("SQLITE_BUSY_SNAPSHOT", "SQLITE_BUSY_SNAPSHOT"), ("worker_lost", "worker_lost"),
    ],
)  # fmt: skip
def test_a_code_is_known_however_it_is_written(code: str, known: str) -> None:
    found = known_errors.known(code)
    assert found is not None
    assert found.code == known
    assert found.is_class == (code in ("22008", "SQLITE_IOERR_FSYNC"))


@pytest.mark.parametrize(
    "code", ["", "ORA-99999", "DPY-9999", "99999", "SQLITE_DANCING", "E", "-", "💥", "-99999", "oops"]
)
def test_what_is_not_known_is_not_guessed(code: str) -> None:
    assert known_errors.known(code) is None


def test_without_a_code_the_message_may_have_one() -> None:
    found = known_errors.known("", "step failed: ORA-01653: unable to extend table")
    assert found is not None
    assert found.code == "ORA-01653"
    assert known_errors.known("", "it did not work") is None
    assert known_errors.known("E42", "ORA-01653") is None  # what has a code of its own is not another error


@pytest.mark.parametrize("state", sorted({*postgresql.ERRORS} - {"08001", "08004"}))
def test_postgresql_means_what_the_platform_makes_of_it(state: str) -> None:
    error = psycopg_errors.lookup(state)("words")
    found = of_postgresql.target_error(error, is_connected=state != "25P03")  # with which the server ends the session
    assert found.error_class is postgresql.ERRORS[state].error_class


@pytest.mark.parametrize(
    ("state", "answer"), [("08001", "Connection refused"), ("08004", "session is read-only"), ("28P01", "")]
)
def test_so_do_attempts_to_connect(state: str, answer: str) -> None:
    words = (
        f'connection to server at "db", port 5432 failed: {answer}'
        if answer
        else "FATAL:  password authentication failed"
    )
    found = of_postgresql.connect_refusal(psycopg.OperationalError(words)).error
    assert found.error_class is postgresql.ERRORS[state].error_class


@pytest.mark.parametrize("name", sqlite.ERRORS)
def test_sqlite_means_what_the_platform_makes_of_it(name: str) -> None:
    error = sqlite3.DatabaseError("words")
    error.sqlite_errorname = name
    assert of_sqlite.target_error(error).error_class is sqlite.ERRORS[name].error_class


@pytest.mark.parametrize("code", [code for code in oracle.ERRORS if code.startswith("ORA-")])
def test_oracle_means_what_the_platform_makes_of_it(code: str) -> None:
    found = of_oracle.target_error(oracle_error(int(code.removeprefix("ORA-")), "words"))
    assert (found.error_class, found.code) == (oracle.ERRORS[code].error_class, code)


@pytest.mark.parametrize("code", [code for code in oracle.DRIVER_ERRORS if code.startswith("DPY-")])
def test_so_does_oracles_driver(code: str) -> None:
    """Those with a 6 are of attempts to connect; that of several addresses is about whatever came last."""
    words = "[Errno 113] No route to host" if code == "DPY-6005" else "words"
    made = driver_errors._Error(f"{code}: {words}")
    read = of_oracle.connect_error if code.startswith("DPY-6") else of_oracle.target_error
    found = read(made.exc_type(made))
    assert (found.error_class, found.code) == (oracle.DRIVER_ERRORS[code].error_class, code)


def test_what_is_damage_to_a_check_is_explained() -> None:
    assert {code for code in integrity_steps.DAMAGE if known_errors.known(code) is None} == set()


def test_every_code_that_the_portal_gives_out_itself_is_known() -> None:
    given = set()
    for path in (ROOT / "strategies").rglob("*.py"):
        given |= set(re.findall(r'TargetError\(\s*ErrorClass\.\w+,\s*"([^"]+)"', path.read_text()))
    assert given >= {"verification", "worker_lost", "secret"}
    assert {code for code in given if known_errors.known(code) is None} == set()


def test_each_known_error_says_where_it_is_described_and_what_its_class_means() -> None:
    for code in (*oracle.ERRORS, *oracle.DRIVER_ERRORS, *postgresql.ERRORS, *sqlite.ERRORS):
        found = known_errors.known(code)
        assert found is not None
        assert found.source.startswith("https://")
        assert found.means
    assert set(known_errors.CLASSES) == set(ErrorClass)
    busy = known_errors.known("SQLITE_BUSY")
    assert busy is not None
    assert busy.source == "https://www.sqlite.org/rescode.html#busy"
