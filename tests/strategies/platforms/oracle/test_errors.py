from __future__ import annotations

import socket

import oracledb
import pytest
from oracledb import errors as driver

from strategies.plans import ErrorClass
from strategies.platforms.oracle.errors import connect_error, is_hidden, target_error
from tests.strategies.platforms.oracle.transport import driver_error, oracle_error

_BUSY = (54, 60, 2049, 4021, 8104, 8106, 14403)
_MAY_PASS = (1555, 8103, 1410, 18, 20, 2391, 12516, 12519, 12520, 12514, 12541, 1033, 1034, 1090)
_LOST = (
    28, 602, 603, 1012, 1041, 1089, 1092, 2392, 2394, 2396, 2399, 3113, 3114, 3135, 12153, 12537, 12547, 12570, 12583, 28511,
)  # fmt: skip
_SPACE = (1652, 1653, 1654, 1658, 1688, 1691, 30036, 1536, 257, 19809, 19815, 12954)
_REFUSED = (1017, 28000, 28001, 1005, 28009, 1045)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        *((number, ErrorClass.LOCK) for number in _BUSY),
        *((number, ErrorClass.TRANSIENT) for number in _MAY_PASS),
        *((number, ErrorClass.LOST) for number in _LOST),
        *((number, ErrorClass.PERMANENT) for number in _SPACE),
        *((number, ErrorClass.PERMANENT) for number in (1031, 942, 41900, 1950, 439, 14086, 10631, 38029, 600, 1578, 1499, 8102)),
        *((number, ErrorClass.AUTHENTICATION) for number in _REFUSED),
        (1013, ErrorClass.CANCELLED),
    ],
)  # fmt: skip
def test_what_may_be_done_next_goes_by_the_number(number: int, expected: ErrorClass) -> None:
    error = target_error(oracle_error(number, "some words"))
    assert (error.error_class, error.code) == (expected, f"ORA-{number:05d}")
    assert error.message.startswith("some words.")


@pytest.mark.parametrize("number", [54, 1017, 1653, 28000])
def test_the_drivers_classes_of_exceptions_tell_none_of_this(number: int) -> None:
    assert type(oracle_error(number, "x")) is oracledb.DatabaseError


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1653, "Space has to be added or freed"),
        (942, "lacks a right, or the object is not there"),
        (439, "This edition or its options do not have"),
        (600, "a person has to look"),
    ],
)
def test_the_message_says_what_a_person_may_do(number: int, words: str) -> None:
    assert words in target_error(oracle_error(number, "some words")).message


def test_the_error_that_another_one_wraps_is_what_counts() -> None:
    parallel = oracle_error(
        12801, "error signaled in parallel query server P001\nORA-01652: unable to extend temp segment"
    )
    recursive = oracle_error(
        604, "error occurred at recursive SQL level 1\nORA-00054: resource busy\nORA-06512: at line 2"
    )
    assert (target_error(parallel).error_class, target_error(parallel).code) == (ErrorClass.PERMANENT, "ORA-01652")
    assert (target_error(recursive).error_class, target_error(recursive).code) == (ErrorClass.LOCK, "ORA-00054")
    assert target_error(recursive).message == "resource busy."
    assert target_error(oracle_error(604, "error occurred at recursive SQL level 1")).code == "ORA-00604"


@pytest.mark.parametrize(
    ("words", "is_right"),
    [
        ("PLS-00201: identifier 'SYS.DBMS_REPAIR' must be declared", True),
        ("PLS-00904: insufficient privilege to access object SYS.DBMS_REPAIR", True),
        ("PLS-00306: wrong number or types of arguments in call", False),
    ],
)
def test_a_package_that_the_account_may_not_call_is_a_right_that_is_missing(words: str, is_right: bool) -> None:
    error = target_error(
        oracle_error(6550, f"line 2, column 10:\n{words}\nORA-06550: line 2, column 3:\nPL/SQL: Statement ignored")
    )
    assert (error.error_class, error.code) == (ErrorClass.PERMANENT, "ORA-06550")
    assert ("checking the database tells which grant is missing" in error.message) is is_right


def test_a_message_is_one_line_without_links_stacks_and_the_code_itself() -> None:
    error = target_error(oracle_error(20001, 'The table is in use.\nORA-06512: at "SYS.X", line 5'))
    assert error.message == "The table is in use."
    assert str(error) == "ORA-20001: The table is in use."
    assert target_error(oracle_error(54, "resource busy")).message == "resource busy."


def test_a_lost_connection_shows_oracles_own_words_and_not_those_that_the_driver_puts_before_them() -> None:
    error = target_error(oracle_error(3113, "end-of-file on communication channel"))
    assert str(error) == "ORA-03113: end-of-file on communication channel."


@pytest.mark.parametrize(
    "error",
    [
        driver_error(driver.ERR_CONNECTION_CLOSED),
        driver_error(driver.ERR_NOT_CONNECTED),
        driver_error(driver.ERR_EXCEEDED_IDLE_TIME),
        driver_error(driver.ERR_CALL_TIMEOUT_EXCEEDED, timeout=0),
        ConnectionResetError(104, "Connection reset by peer"),
        TimeoutError(110, "Connection timed out"),
    ],
)
def test_a_connection_that_breaks_leaves_an_unknown_outcome(error: oracledb.Error | OSError) -> None:
    assert target_error(error).error_class is ErrorClass.LOST


def test_an_error_that_the_driver_raises_without_parts_is_still_told() -> None:
    assert target_error(oracledb.DatabaseError("out of luck")).message == "out of luck."


@pytest.mark.parametrize(("number", "hidden"), [(942, True), (1031, True), (41900, True), (54, False)])
def test_what_may_not_be_seen_is_told_from_other_refusals(number: int, hidden: bool) -> None:
    assert is_hidden(target_error(oracle_error(number, "x"))) is hidden


@pytest.mark.parametrize(
    ("error", "expected", "code"),
    [
        (oracle_error(1017, "invalid credential"), ErrorClass.AUTHENTICATION, "ORA-01017"),
        (oracle_error(28000, "The account is locked."), ErrorClass.AUTHENTICATION, "ORA-28000"),
        (oracle_error(28001, "The account has expired."), ErrorClass.AUTHENTICATION, "ORA-28001"),
        (oracle_error(1045, "user lacks CREATE SESSION"), ErrorClass.AUTHENTICATION, "ORA-01045"),
        (oracle_error(20100, "raised by a logon trigger"), ErrorClass.AUTHENTICATION, "ORA-20100"),
        (oracle_error(18, "maximum number of sessions exceeded"), ErrorClass.TRANSIENT, "ORA-00018"),
        (oracle_error(2391, "exceeded SESSIONS_PER_USER"), ErrorClass.TRANSIENT, "ORA-02391"),
        (oracle_error(1033, "initialization or shutdown in progress"), ErrorClass.TRANSIENT, "ORA-01033"),
        (oracle_error(1089, "immediate shutdown in progress"), ErrorClass.TRANSIENT, "ORA-01089"),
        (oracle_error(1109, "database not open"), ErrorClass.TRANSIENT, "ORA-01109"),
        (oracle_error(1219, "database or pluggable database not open: queries allowed on fixed tables or views only"),
         ErrorClass.TRANSIENT, "ORA-01219"),
        (oracle_error(3113, "end-of-file on communication channel"), ErrorClass.TRANSIENT, "ORA-03113"),
        (oracle_error(257, "archiver error"), ErrorClass.PERMANENT, "ORA-00257"),
        (driver_error(driver.ERR_NO_CREDENTIALS), ErrorClass.AUTHENTICATION, "DPY-4001"),
        (driver_error(driver.ERR_UNSUPPORTED_VERIFIER_TYPE, verifier_type=0x939), ErrorClass.AUTHENTICATION, "DPY-3015"),
        (driver_error(driver.ERR_CONNECTION_CLOSED), ErrorClass.TRANSIENT, "DPY-4011"),
        (driver_error(driver.ERR_SERVER_VERSION_NOT_SUPPORTED), ErrorClass.PERMANENT, "DPY-3010"),
        (driver_error(driver.ERR_FEATURE_NOT_SUPPORTED, feature="x", driver_type="thick"), ErrorClass.PERMANENT, "DPY-3001"),
        (socket.gaierror(-2, "Name or service not known"), ErrorClass.TRANSIENT, "network"),
        (ConnectionRefusedError(111, "Connection refused"), ErrorClass.TRANSIENT, "network"),
    ],
)  # fmt: skip
def test_a_failed_attempt_to_connect_is_read_so_that_no_account_gets_locked(
    error: oracledb.Error | OSError, expected: ErrorClass, code: str
) -> None:
    found = connect_error(error)
    assert (found.error_class, found.code) == (expected, code)
