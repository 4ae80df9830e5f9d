"""BACKUP_MAINTENANCE on Oracle: dictionary rows in, exact statements out; what cannot be copied is said. No server was asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from strategies.plans import ErrorClass, LeftBehind, Locks, Step, TargetError
from strategies.platforms.base import ObjectUnknown, PlatformError
from strategies.platforms.copies import copy_name, mark
from strategies.platforms.oracle.backup import CONCERN
from strategies.routines.backup_maintenance import BackupParameters
from tests.strategies.platforms.oracle.dictionary import Answer, Dictionary, account, no_right, row_of
from tests.strategies.platforms.oracle.views import asked

MB = 2**20
PARAMETERS = BackupParameters(lock_wait_seconds=7, keep_copies=1)
TODAY_BEFORE = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
TABLE = row_of(
    "copy_source", owner="SALES", table_name="ORDERS", default_tablespace="USERS", temporary="N", size_bytes=3 * MB,
    long_columns=0, nested_tables=0, encrypted_columns=0, read_policies=0,
)  # fmt: skip
EVERYTHING = ("CREATE TABLE", "SELECT ANY TABLE", "CREATE ANY TABLE", "COMMENT ANY TABLE", "DROP ANY TABLE")
HOSTILE = [
    "lower",
    "Two Words",
    "SELECT",
    "naïve 表",
    "A$B#C",
    "it's",
    "a;DROP TABLE t--",
    "100%",
    "{x}",
    ":name",
    "X" * 128,
]
DAYS = {"before": "ORDERS_B202611280200", "today": "ORDERS_B202611290200"}


def copied(name: str, table: str = "ORDERS", owner: str = "SALES") -> dict[str, Any]:
    return row_of("copies", table_name=name, comments=mark(f'"{owner}"."{table}"', f'"{owner}"."{name}"'))


def scripted(privileges: tuple[str, ...] = EVERYTHING, name: str = "PORTAL", **answers: Answer) -> Dictionary:
    return Dictionary(
        {
            **account(name=name, privileges=privileges),
            "find_table_or_index": [{"owner": "SALES", "object_type": "TABLE"}], "copy_source": [TABLE],
            "copy_columns": [{"column_name": "ID"}, {"column_name": "Two Words"}], "clock": [{"now_utc": "2026-11-29 02:00:31"}],
            "tablespace_room": [row_of("tablespace_room", tablespace_name="USERS", status="ONLINE", free_bytes=90 * MB)],
            **answers,
        }
    )  # fmt: skip


def planned(session: Dictionary, parameters: BackupParameters = PARAMETERS, target: str = "sales.orders") -> list[Step]:
    built = CONCERN.steps(CONCERN.assess(session, parameters, target).findings, parameters)
    return [Step.from_json(json.loads(json.dumps(step.as_json()))) for step in built]


def test_a_table_is_copied_by_its_columns_marked_and_then_an_old_copy_is_dropped() -> None:
    copy, drop = planned(scripted(copies=[copied(DAYS["before"])]))
    assert copy.settings == ("ALTER SESSION SET ddl_lock_timeout = 7",)
    assert copy.statements == (
        'CREATE TABLE "SALES"."ORDERS_B202611290200" AS SELECT "ID", "Two Words" FROM "SALES"."ORDERS"',
        'COMMENT ON TABLE "SALES"."ORDERS_B202611290200" IS \'Copy of "SALES"."ORDERS": "SALES"."ORDERS_B202611290200", made by'
        " BACKUP_MAINTENANCE of the Maintenance Portal. Renamed, it is kept for good.'",
    )
    assert copy.undo == ('DROP TABLE "SALES"."ORDERS_B202611290200"',)
    assert (copy.operation_type, copy.locks, copy.is_destructive, copy.begin) == ("BACKUP", Locks.DDL, False, "")
    assert copy.evidence == {
        "size_bytes": 3 * MB, "tablespace_free_bytes": 90 * MB, "copy": "ORDERS_B202611290200",
    }  # fmt: skip
    assert drop.statements == ('DROP TABLE "SALES"."ORDERS_B202611280200"',)
    assert (drop.is_destructive, drop.after, drop.undo) == (True, (copy.key,), ())


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_only_names(name: str) -> None:
    table = {**TABLE, "table_name": name}
    copy, drop = planned(scripted(copy_source=[table], copies=[copied(copy_name(name, TODAY_BEFORE, 128), name)]))
    assert len(copy_name(name, TODAY_BEFORE, 128).encode()) <= 128
    assert copy.statements[0].endswith(f' FROM "SALES"."{name}"')
    assert drop.is_destructive


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"temporary": "Y"}, "SALES.ORDERS is a temporary table: its rows belong to sessions."),
        ({"long_columns": 1}, "SALES.ORDERS has a LONG column, which no query can copy."),
        ({"nested_tables": 1}, "SALES.ORDERS has a nested table, which is kept in a table of its own."),
        ({"encrypted_columns": 1}, "SALES.ORDERS has encrypted columns, which a copy would hold in clear."),
        (
            {"read_policies": 1},
            "A policy may hide rows of SALES.ORDERS from the account: only one with EXEMPT ACCESS POLICY would copy all of them.",
        ),
        ({"size_bytes": 91 * MB}, "USERS can take 90 MB, and a copy of SALES.ORDERS needs about 91 MB."),
        ({"table_name": 'A"B'}, "A name with a double quote cannot be written in a statement."),
    ],
)
def test_what_cannot_be_copied_is_said_and_no_step_meets_it(changes: dict[str, Any], why: str) -> None:
    session = scripted(copy_source=[{**TABLE, **changes}])
    (finding,) = CONCERN.assess(session, PARAMETERS, "sales.orders").findings
    assert (finding.kind, finding.advice) == ("no_fresh_copy", why)
    assert planned(session) == []


def test_a_policy_hides_nothing_from_an_account_that_is_exempt() -> None:
    session = scripted((*EVERYTHING, "EXEMPT ACCESS POLICY"), copy_source=[{**TABLE, "read_policies": 1}])
    assert len(planned(session)) == 1


@pytest.mark.parametrize(
    ("name", "privileges", "lacking"),
    [
        ("SALES", ("CREATE TABLE",), ""),
        ("SALES", (), "The account lacks CREATE TABLE to copy SALES.ORDERS."),
        (
            "PORTAL",
            ("CREATE TABLE",),
            "The account lacks SELECT ANY TABLE, CREATE ANY TABLE, COMMENT ANY TABLE to copy SALES.ORDERS.",
        ),
        ("PORTAL", EVERYTHING[:-1], ""),
    ],
)
def test_own_tables_need_no_any_privilege(name: str, privileges: tuple[str, ...], lacking: str) -> None:
    (finding,) = CONCERN.assess(scripted(privileges, name), PARAMETERS, "sales.orders").findings
    assert finding.evidence["can_plan"] is not bool(lacking)
    assert (finding.advice == lacking) is bool(lacking)


def test_copies_that_the_account_may_not_drop_stay() -> None:
    session = scripted(EVERYTHING[:-1], copies=[copied(DAYS["before"])])
    assert [step.is_destructive for step in planned(session)] == [False]
    assert CONCERN.assess(session, PARAMETERS, "sales.orders").notes == (
        "Old copies of SALES.ORDERS stay: dropping them needs DROP ANY TABLE.",
    )


def test_room_that_cannot_be_seen_is_said_and_stops_nothing() -> None:
    session = scripted(tablespace_room=no_right("DBA_TABLESPACE_USAGE_METRICS"))
    assert (
        CONCERN.assess(session, PARAMETERS, "sales.orders")
        .notes[0]
        .startswith("Whether there is room for a copy cannot be seen")
    )
    assert len(planned(session)) == 1
    broken = scripted(tablespace_room=PlatformError(TargetError(ErrorClass.LOST, "DPY-4011", "gone")))
    with pytest.raises(PlatformError):
        CONCERN.assess(broken, PARAMETERS, "sales.orders")


def test_a_copy_is_proved_by_its_mark_and_its_columns() -> None:
    (step,) = planned(scripted())
    made = scripted(copies=[copied(DAYS["today"])])
    assert CONCERN.is_needed(scripted(), step).is_needed
    told = CONCERN.verify(made, step, None)
    assert (told.ok, told.message) == (True, "SALES.ORDERS_B202611290200 is there, with all columns and its mark.")
    assert CONCERN.is_needed(made, step).why == "the copy ORDERS_B202611290200 is there."
    made.answers["copy_columns"] = [{"column_name": "ID"}]
    assert not CONCERN.verify(made, step, None).ok
    made.answers["copies"] = []
    told = CONCERN.verify(made, step, None)
    assert told.message == "SALES.ORDERS_B202611290200 carries no mark: nothing drops it by itself."
    made.answers["find_table_or_index"] = []
    assert CONCERN.verify(made, step, None).message == "SALES.ORDERS_B202611290200 is not there."
    assert CONCERN.is_needed(made, step).why == "SALES.ORDERS is gone."


def test_a_copy_that_was_cut_off_before_its_mark_is_left_to_people() -> None:
    (step,) = planned(scripted())
    left = CONCERN.state_left(scripted(), step)
    assert left.kind is LeftBehind.NEEDS_CLEANUP
    assert left.message.endswith(f"drop it, or mark it with {step.statements[1]}.")
    assert CONCERN.state_left(scripted(find_table_or_index=[]), step).kind is LeftBehind.CLEAN
    assert CONCERN.state_left(scripted(copies=[copied(DAYS["today"])]), step).kind is LeftBehind.CLEAN


def test_a_drop_is_made_only_while_newer_copies_are_left_and_the_mark_is_there() -> None:
    _, drop = planned(scripted(copies=[copied(DAYS["before"])]))
    both = [copied(DAYS["before"]), copied(DAYS["today"])]
    assert CONCERN.is_needed(scripted(copies=both), drop).is_needed
    assert CONCERN.is_needed(scripted(copies=both[:1]), drop).why == "only 0 newer copies are left, and 1 are kept."
    assert CONCERN.is_needed(scripted(copies=both[1:]), drop).why.startswith("it is gone")
    gone = scripted(find_table_or_index=[])
    assert CONCERN.verify(gone, drop, None).ok
    assert not CONCERN.verify(scripted(), drop, None).ok


def test_an_undo_drops_what_carries_the_mark() -> None:
    (step,) = planned(scripted())
    undo = step.reversal()
    assert undo.statements == ('DROP TABLE "SALES"."ORDERS_B202611290200"',)
    assert CONCERN.is_needed(scripted(copies=[copied(DAYS["today"])]), undo).is_needed
    assert not CONCERN.is_needed(scripted(), undo).is_needed
    assert CONCERN.verify_undo(scripted(find_table_or_index=[]), undo).ok


def test_only_a_table_that_is_named_is_copied() -> None:
    with pytest.raises(ObjectUnknown, match="name it instead of ALL"):
        CONCERN.assess(scripted(), PARAMETERS, "all_tables")
    for answers in (
        {"find_table_or_index": [{"owner": "SALES", "object_type": "INDEX"}]}, {"copy_source": []},
    ):  # fmt: skip
        with pytest.raises(ObjectUnknown, match="ORDERS is no table that can be copied"):
            CONCERN.assess(scripted(**answers), PARAMETERS, "SALES.ORDERS")


def test_the_dictionary_is_asked_for_what_keeps_a_table_from_being_copied() -> None:
    views = {
        "dba_tables": [{"owner": "S", "table_name": "T", "temporary": "N", "nested": "NO"}],
        "dba_users": [{"username": "S", "oracle_maintained": "N", "default_tablespace": "U"}],
        "dba_segments": [
            {"owner": "S", "segment_name": "T", "bytes": 5}, {"owner": "S", "segment_name": "LOB", "bytes": 7},
            {"owner": "X", "segment_name": "T", "bytes": 100},
        ],
        "dba_lobs": [{"owner": "S", "table_name": "T", "segment_name": "LOB"}],
        "dba_tab_cols": [
            {"owner": "S", "table_name": "T", "data_type": "LONG RAW"}, {"owner": "S", "table_name": "T", "data_type": "NUMBER"},
        ],
        "dba_nested_tables": [{"owner": "S", "parent_table_name": "T"}],
        "dba_encrypted_columns": [{"owner": "S", "table_name": "T"}],
        "dba_policies": [
            {"object_owner": "S", "object_name": "T", "sel": "YES", "enable": "YES"},
            {"object_owner": "S", "object_name": "T", "sel": "NO", "enable": "YES"},
            {"object_owner": "S", "object_name": "T", "sel": "YES", "enable": "NO"},
        ],
    }  # fmt: skip
    (row,) = asked("copy_source", views, owner="S", table_name="T")
    assert row == {
        "owner": "S", "table_name": "T", "default_tablespace": "U", "temporary": "N", "size_bytes": 12, "long_columns": 1,
        "nested_tables": 1, "encrypted_columns": 1, "read_policies": 1,
    }  # fmt: skip
    views["dba_users"][0]["oracle_maintained"] = "Y"
    assert asked("copy_source", views, owner="S", table_name="T") == []
