from __future__ import annotations

from typing import Any

import pytest

from strategies.platforms.oracle.precheck_answers import lag_seconds, long_transaction
from strategies.platforms.oracle.prechecks import PRECHECKS
from strategies.platforms.postgresql.prechecks import PRECHECKS as OF_POSTGRESQL
from tests.strategies.platforms.oracle.test_facts import DATABASE, OWN, seen
from tests.strategies.platforms.oracle.test_session import a_session
from tests.strategies.platforms.oracle.transport import Connection


def said(name: str, **answers: Any) -> str:
    """What it says; what is only noted has (noted) behind it."""
    problem = PRECHECKS[name].ask(a_session(Connection({**seen(), **answers})))
    return "" if problem is None else f"{problem}{'' if problem.blocks else ' (noted)'}"


def test_what_means_the_same_has_the_same_name_on_every_platform() -> None:
    """The room of a server's disk, undo and temporary tablespaces are nothing that PostgreSQL tells of."""
    assert set(PRECHECKS) - set(OF_POSTGRESQL) == {"FREE_SPACE", "UNDO_TEMP"}
    assert set(OF_POSTGRESQL) <= set(PRECHECKS)
    assert {name: check.unasked for name, check in OF_POSTGRESQL.items()}.items() <= {
        name: check.unasked for name, check in PRECHECKS.items()
    }.items()


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


GB = 1_073_741_824


def tablespace(name: str, percent: float) -> dict[str, Any]:
    return {
        "TABLESPACE_NAME": name, "BIGFILE": "NO", "BLOCK_SIZE": 8192, "USED_BYTES": int(percent * 40 * GB / 100) + 1,
        "MAX_BYTES": 40 * GB, "ALLOCATED_BYTES": 40 * GB, "LIMIT_BYTES": 40 * GB, "FILES": 1, "GROWING_FILES": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("percents", "words"),
    [
        ([], ""),
        ([84.9], ""),
        ([85], "a tablespace is nearly full: T0 (85 % of 40.0 GB). (noted)"),
        ([50, 97], "a tablespace is nearly full: T1 (97 % of 40.0 GB)."),
        ([90, 99], "2 tablespaces are nearly full: T1 (99 % of 40.0 GB), T0 (90 % of 40.0 GB)."),
        (
            [90, 91, 92, 93, 94],
            "5 tablespaces are nearly full: T4 (94 % of 40.0 GB), T3 (93 % of 40.0 GB), T2 (92 % of 40.0 GB) and 2 more. (noted)",
        ),
    ],
)
def test_tablespaces_are_full_by_what_they_can_grow_to(percents: list[float], words: str) -> None:
    rows = [tablespace(f"T{at}", percent) for at, percent in enumerate(percents)]
    assert said("FREE_SPACE", tablespaces=rows) == words


def test_a_tablespace_whose_most_is_not_told_is_not_called_full() -> None:
    assert said("FREE_SPACE", tablespaces=[{**tablespace("T", 50), "MAX_BYTES": None}]) == ""


@pytest.mark.parametrize(
    ("without_room", "too_old", "temp", "words"),
    [
        (0, 0, 50, ""),
        (2, 5, 99, "undo had no room for 2 changes within the last hour (ORA-30036)."),
        (0, 1, 98, "a temporary tablespace is nearly full: TEMP (98 % of 40.0 GB)."),
        (0, 1, 90, "undo was too short for 1 query within the last hour (ORA-01555). (noted)"),
        (0, 0, 90, "a temporary tablespace is nearly full: TEMP (90 % of 40.0 GB). (noted)"),
    ],
)
def test_of_undo_and_temporary_room_what_stops_statements_comes_first(
    without_room: int, too_old: int, temp: float, words: str
) -> None:
    undo = [{"WITHOUT_ROOM": without_room, "TOO_OLD": too_old}]
    assert said("UNDO_TEMP", undo_errors=undo, temporary_tablespaces=[tablespace("TEMP", temp)]) == words


def destination(**values: Any) -> dict[str, Any]:
    return {
        "DB_UNIQUE_NAME": "DR", "DEST_NAME": "LOG_ARCHIVE_DEST_2", "STATUS": "VALID", "GAP_STATUS": "NO GAP", "ERROR": None, **values
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, ""),
        ({"GAP_STATUS": None}, ""),
        ({"GAP_STATUS": "RESOLVABLE GAP"}, "the standby DR lacks redo (resolvable gap)."),
        (
            {"STATUS": "ERROR", "ERROR": "ORA-12541: TNS:no listener\n"},
            "the standby DR gets no redo: ORA-12541: TNS:no listener.",
        ),
        ({"STATUS": "DISABLED", "DB_UNIQUE_NAME": "NONE"}, "the standby LOG_ARCHIVE_DEST_2 gets no redo: DISABLED."),
    ],
)
def test_a_primary_is_told_which_of_its_standbys_lacks_redo(told: dict[str, Any], words: str) -> None:
    assert said("REPLICA_LAG", standby_destinations=[destination(**told)], standby_lag=[]) == words


def test_a_database_without_standbys_has_none_behind() -> None:
    assert said("REPLICA_LAG", standby_destinations=[], standby_lag=[]) == ""


@pytest.mark.parametrize(
    ("apply", "transport", "words"),
    [
        ("+00 00:00:29", "+00 00:00:00", ""),
        ("+00 00:00:30", "+00 00:00:00", "this standby is 30 seconds behind in applying redo. (noted)"),
        ("+00 00:01:00", "+00 00:05:00", "this standby is 300 seconds behind in receiving redo."),
        (None, None, ""),
    ],
)
def test_a_standby_tells_the_longer_of_its_lags(apply: str | None, transport: str | None, words: str) -> None:
    lags = [{"NAME": "apply lag", "VALUE": apply}, {"NAME": "transport lag", "VALUE": transport}]
    assert said("REPLICA_LAG", standby_destinations=[], standby_lag=lags) == words


@pytest.mark.parametrize(
    ("text", "seconds"), [("+00 00:05:12", 312), ("+01 01:00:00.5", 90_000), ("", 0), (None, 0), ("unknown", 0)]
)
def test_a_lag_is_read_from_the_text_that_oracle_writes(text: str | None, seconds: int) -> None:
    assert lag_seconds(text) == seconds


@pytest.mark.parametrize(
    ("hours", "without", "words"),
    [
        (25, 0, ""),
        (26, 0, "the newest backup of a data file is 26 hours old. (noted)"),
        (50, 1, "the newest backup of a data file is 50 hours old."),
        (3, 2, "the control file knows no backup of 2 of 9 data files. (noted)"),
        (None, 9, "the control file knows no backup of 9 of 9 data files. (noted)"),
    ],
)
def test_a_backup_that_is_not_known_is_noted_and_an_old_one_is_in_the_way(
    hours: int | None, without: int, words: str
) -> None:
    row = {"FILES": 9, "WITHOUT_BACKUP": without, "HOURS": hours}
    assert said("BACKUP_AGE", backup_age=[row]) == words


@pytest.mark.parametrize(
    ("indexes", "objects", "words"),
    [
        (0, 0, ""),
        (1, 4, "1 index, or a part of one, is unusable."),
        (3, 0, "3 indexes, or parts of them, are unusable."),
        (0, 1, "1 object is invalid. (noted)"),
        (0, 7, "7 objects are invalid. (noted)"),
    ],
)
def test_unusable_indexes_are_in_the_way_and_invalid_objects_are_noted(indexes: int, objects: int, words: str) -> None:
    row = {"UNUSABLE_INDEXES": indexes, "INVALID_OBJECTS": objects}
    assert said("NO_INVALID_STATE", invalid_state=[row]) == words
