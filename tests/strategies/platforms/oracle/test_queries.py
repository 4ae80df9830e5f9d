"""What query files make of rows that Oracle's dictionary holds, where a wrong join or a NULL would be seen on a server alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.strategies.platforms.oracle.views import NOW, Views, asked

EVERYTHING = {"owner": None, "index_name": None, "table_name": None}
DAY = 86_400.0
Rows = Sequence[Mapping[str, Any]]


def index(name: str = "ORDERS_IX", **values: Any) -> dict[str, Any]:
    """A plain index of 8,000 leaf blocks on SALES.ORDERS."""
    plain = {
        "owner": "SALES", "index_name": name, "table_owner": "SALES", "table_name": "ORDERS", "table_type": "TABLE",
        "index_type": "NORMAL", "uniqueness": "NONUNIQUE", "status": "VALID", "compression": "DISABLED", "partitioned": "NO",
        "temporary": "N", "visibility": "VISIBLE", "secondary": "N", "tablespace_name": "USERS", "leaf_blocks": 8000, "num_rows": 100,
        "ini_trans": 2, "pct_free": 10,
    }  # fmt: skip
    return plain | values


def table(**values: Any) -> dict[str, Any]:
    return {"owner": "SALES", "table_name": "ORDERS", "partitioned": "NO", "num_rows": 100, "temporary": "N", **values}


def column(name: str = "ID", **values: Any) -> dict[str, Any]:
    return {"owner": "SALES", "table_name": "ORDERS", "column_name": name, "avg_col_len": 5, **values}


def database(*indexes: Mapping[str, Any], **views: Rows) -> Views:
    """SALES.ORDERS with these indexes, each on the column ID."""
    objects = [{"owner": "SALES", "object_name": "ORDERS", "object_type": "TABLE", "object_id": 600}]
    objects += [
        {
            "owner": each["owner"], "object_name": each["index_name"], "object_type": "INDEX", "object_id": 700 + at,
            "created": NOW - 1000,
        }
        for at, each in enumerate(indexes)
    ]  # fmt: skip
    on_id = [
        {
            "index_owner": each["owner"], "index_name": each["index_name"], "table_owner": "SALES", "table_name": "ORDERS",
            "column_name": "ID", "column_position": 1,
        }
        for each in indexes
    ]  # fmt: skip
    usual: dict[str, Rows] = {
        "dba_users": [{"username": "SALES", "oracle_maintained": "N"}], "dba_indexes": indexes, "dba_objects": objects,
        "dba_tables": [table()], "dba_ind_columns": on_id, "dba_tab_col_statistics": [column()],
        "dba_tablespaces": [{"tablespace_name": "USERS", "block_size": 8192, "status": "ONLINE", "contents": "PERMANENT"}],
        "dba_tab_statistics": [
            {"owner": "SALES", "table_name": "ORDERS", "object_type": "TABLE", "num_rows": 100, "stale_stats": "NO"}
        ],
    }  # fmt: skip
    return {**usual, **views}


def key(**values: Any) -> dict[str, Any]:
    """A primary key. Oracle leaves INDEX_OWNER empty where the index belongs to the owner of the constraint."""
    plain = {
        "owner": "SALES",
        "table_name": "ORDERS",
        "constraint_name": "PK",
        "constraint_type": "P",
        "index_name": "ORDERS_IX",
    }
    return {**plain, **values}


@pytest.mark.parametrize("owner", [None, "SALES"])
def test_an_index_that_backs_a_constraint_is_seen_to_whether_its_owner_is_told_or_not(owner: str | None) -> None:
    views = database(index(status="UNUSABLE"), dba_constraints=[key(index_owner=owner)])
    (row,) = asked("indexes", views, **EVERYTHING, everything=0)
    assert row["constraints_backed"] == 1
    parts = [
        {
            "index_owner": "SALES",
            "index_name": "ORDERS_IX",
            "partition_name": "P",
            "status": "UNUSABLE",
            "composite": "NO",
        }
    ]
    (part,) = asked("index_parts", {**views, "dba_ind_partitions": parts}, **EVERYTHING, part_name=None, everything=0)
    assert part["constraints_backed"] == 1
    assert asked("unused_indexes", views | {"dba_indexes": [index()]}, **EVERYTHING, days=90) == []


def test_a_constraint_of_another_schema_backs_no_index_of_the_same_name() -> None:
    views = database(index(), dba_constraints=[key(owner="OTHER")])
    assert [row["index_name"] for row in asked("unused_indexes", views, **EVERYTHING, days=90)] == ["ORDERS_IX"]


def test_indexes_that_oracle_made_for_its_own_use_are_never_called_unused() -> None:
    views = database(index("DR$TEXT$X", secondary="Y"), index("SYS_AI_4fs8pcs2cbvqv"), index("SYSTEM_IX"))
    assert [row["index_name"] for row in asked("unused_indexes", views, **EVERYTHING, days=90)] == ["SYSTEM_IX"]


@pytest.mark.parametrize(
    ("used_days_ago", "is_unused"), [(None, True), (91, True), (89, False)], ids=["never", "long ago", "lately"]
)
def test_an_index_is_unused_by_its_last_use(used_days_ago: int | None, is_unused: bool) -> None:
    usage = [] if used_days_ago is None else [{"object_id": 700, "last_used": NOW - used_days_ago}]
    rows = asked("unused_indexes", database(index(), dba_index_usage=usage), **EVERYTHING, days=90)
    assert bool(rows) is is_unused


def test_an_index_that_begins_with_a_column_of_a_foreign_key_is_never_called_unused() -> None:
    views = database(
        index(),
        dba_constraints=[key(constraint_name="FK", constraint_type="R", index_name=None)],
        dba_cons_columns=[{"owner": "SALES", "constraint_name": "FK", "table_name": "ORDERS", "column_name": "ID"}],
    )
    assert asked("unused_indexes", views, **EVERYTHING, days=90) == []


@pytest.mark.parametrize(("created", "days"), [([NOW - 12.5], 12), ([], None)])
def test_use_may_have_been_counted_since_the_view_of_it_is_there(created: list[float], days: int | None) -> None:
    objects = [
        {"owner": "SYS", "object_name": "DBA_INDEX_USAGE", "object_type": "VIEW", "created": at} for at in created
    ]
    objects += [{"owner": "SALES", "object_name": "DBA_INDEX_USAGE", "object_type": "TABLE", "created": NOW - 99}]
    told = [{"index_stats_enabled": 1, "index_stats_collection_type": 1}]
    rows = asked("index_usage_tracking", {"dba_objects": objects, "v$index_usage_info": told})
    assert rows == [{"is_enabled": 1, "collection_type": 1, "countable_days": days}]


@pytest.mark.parametrize(
    ("updated_seconds_ago", "opname"), [(61, None), (60, "Sort Output"), (3, "Sort Output"), (None, None)]
)
def test_progress_is_that_of_the_statement_that_runs(updated_seconds_ago: int | None, opname: str | None) -> None:
    """Operations of an earlier one that was refused or cancelled stay listed, unfinished."""
    one = {"inst_id": 1, "sid": 7, "serial#": 9}
    operation = {**one, "opname": "Sort Output", "sofar": 3, "totalwork": 4}
    listed = [] if updated_seconds_ago is None else [{**operation, "last_update_time": NOW - updated_seconds_ago / DAY}]
    views = {"gv$session": [{**one, "state": "WAITING", "last_call_et": 60.0}], "gv$session_longops": listed}
    (row,) = asked("progress", views, instance=1, sid=7, serial=9)
    assert (row["state"], row["opname"]) == ("WAITING", opname)


def journals(*objects: Mapping[str, Any]) -> list[dict[str, Any]]:
    views = database(index(), index("ORDERS_LX", partitioned="YES"))
    more = [{"owner": "SALES", **each} for each in objects]
    return asked("index_journals", {**views, "dba_objects": [*views["dba_objects"], *more]}, **EVERYTHING)


def test_a_journal_belongs_to_the_index_or_the_part_whose_number_it_bears() -> None:
    part = {"object_name": "ORDERS_LX", "subobject_name": "P1", "object_type": "INDEX PARTITION", "object_id": 810}
    rows = journals(
        part,
        {"object_name": "SYS_JOURNAL_700", "object_type": "TABLE", "object_id": 900},
        {"object_name": "SYS_JOURNAL_810", "object_type": "TABLE", "object_id": 901},
        {"object_name": "SYS_JOURNAL_600", "object_type": "TABLE", "object_id": 902},  # of a table that is moved online
        {"object_name": "SYS_JOURNAL_OF_MINE", "object_type": "TABLE", "object_id": 903},
        {"object_name": "SYSXJOURNALX700", "object_type": "TABLE", "object_id": 904},
    )
    assert {(row["journal_name"], row["index_name"], row["part_level"], row["part_name"], row["object_id"]) for row in rows} == {
        ("SYS_JOURNAL_700", "ORDERS_IX", None, None, 700), ("SYS_JOURNAL_810", "ORDERS_LX", "PARTITION", "P1", 810),
    }  # fmt: skip


@pytest.mark.parametrize(("locality", "part_indexing"), [("LOCAL", "OFF"), ("GLOBAL", None)])
def test_only_a_part_of_a_local_index_follows_its_part_of_the_table(locality: str, part_indexing: str | None) -> None:
    """Partitions of both are numbered alike, whatever they are called."""
    of_index = {
        "index_owner": "SALES",
        "index_name": "ORDERS_IX",
        "partition_name": "IP",
        "composite": "NO",
        "partition_position": 2,
    }
    of_table = {"table_owner": "SALES", "table_name": "ORDERS"}
    views = database(
        index(partitioned="YES", status="N/A"),
        dba_part_indexes=[{"owner": "SALES", "index_name": "ORDERS_IX", "locality": locality}],
        dba_ind_partitions=[{**of_index, "status": "UNUSABLE"}],
        dba_tab_partitions=[
            {**of_table, "partition_name": "A", "partition_position": 1, "indexing": "ON"},
            {**of_table, "partition_name": "B", "partition_position": 2, "indexing": "OFF"},
        ],
    )
    (row,) = asked("index_parts", views, **EVERYTHING, part_name=None, everything=0)
    assert (row["part_name"], row["part_indexing"]) == ("IP", part_indexing)


def widths(views: Views) -> list[dict[str, Any]]:
    return asked("index_widths", views, **EVERYTHING, least_bytes=1)


def test_the_width_of_an_index_is_that_of_its_columns() -> None:
    (row,) = widths(database(index(), dba_tables=[table(partitioned="YES")]))
    assert (row["width_bytes"], row["columns_counted"], row["columns_known"]) == (5, 1, 1)
    assert (row["table_rows"], row["table_partitioned"], row["ini_trans"]) == (100, "YES", 2)


def test_figures_that_oracle_added_by_itself_neither_double_an_index_nor_widen_it() -> None:
    views = database(index())
    added = {"owner": "SALES", "table_name": "ORDERS", "object_type": "TABLE", "num_rows": 120}
    (row,) = widths({
        **views, "dba_tab_statistics": [*views["dba_tab_statistics"], added],
        "dba_tab_col_statistics": [column(), column(notes="STATS_ON_CONVENTIONAL_DML")],
    })  # fmt: skip
    assert (row["width_bytes"], row["columns_counted"], row["stale_stats"]) == (5, 1, "NO")


@pytest.mark.parametrize("iot_type", ["IOT", "IOT_OVERFLOW"])
def test_entries_of_an_index_on_an_index_organized_table_hold_more_than_their_columns_and_are_not_measured(
    iot_type: str,
) -> None:
    assert widths(database(index(), dba_tables=[table(iot_type=iot_type)])) == []


def test_a_tablespace_whose_use_is_not_measured_is_listed_without_its_room() -> None:
    tablespaces = [
        {"tablespace_name": name, "status": status, "contents": contents, "block_size": 8192}
        for name, status, contents in (
            ("A", "ONLINE", "PERMANENT"),
            ("B", "OFFLINE", "PERMANENT"),
            ("T", "ONLINE", "TEMPORARY"),
        )
    ]
    measured = [{"tablespace_name": "A", "tablespace_size": 1000, "used_space": 900}]
    rows = asked("tablespace_room", {"dba_tablespaces": tablespaces, "dba_tablespace_usage_metrics": measured})
    assert rows == [
        {"tablespace_name": "A", "status": "ONLINE", "free_bytes": 819_200},
        {"tablespace_name": "B", "status": "OFFLINE", "free_bytes": None},
    ]


@pytest.mark.parametrize(("uniqueness", "is_measured"), [("NONUNIQUE", False), ("UNIQUE", True)])
def test_an_index_that_somebody_hid_is_not_measured_unless_it_still_enforces_a_key(
    uniqueness: str, is_measured: bool
) -> None:
    assert bool(widths(database(index(visibility="INVISIBLE", uniqueness=uniqueness)))) is is_measured


def statistics_of(**values: Any) -> dict[str, Any]:
    return {
        "owner": "SALES",
        "table_name": "ORDERS",
        "object_type": "TABLE",
        "scope": "SHARED",
        "last_analyzed": 45_000,
        **values,
    }


@pytest.mark.parametrize(
    ("told", "is_found"),
    [
        ({}, True),
        ({"temporary": "Y"}, False),
        ({"external": "YES"}, False),
        ({"dropped": "YES"}, False),
        ({"iot_name": "ORDERS_IOT"}, False),
    ],
    ids=["a table", "temporary", "external", "in the recycle bin", "the overflow of an index-organized table"],
)
def test_only_tables_that_keep_their_rows_are_looked_at_for_statistics(told: dict[str, Any], is_found: bool) -> None:
    views = database(dba_tables=[table(**told)], dba_tab_statistics=[statistics_of(last_analyzed=None)])
    assert bool(asked("table_statistics", views, owner=None, table_name=None, everything=0)) is is_found


def test_changes_are_those_of_the_part_that_a_row_is_about() -> None:
    parts = [("TABLE", None, None), ("PARTITION", "P1", None), ("SUBPARTITION", "P1", "S1")]
    views = database(
        dba_tables=[table(partitioned="YES")],
        dba_tab_statistics=[
            statistics_of(object_type=level, partition_name=part, subpartition_name=sub, stale_stats="NO")
            for level, part, sub in parts
        ],
        dba_tab_modifications=[
            {
                "table_owner": "SALES",
                "table_name": "ORDERS",
                "partition_name": part,
                "subpartition_name": sub,
                "inserts": at,
            }
            for at, (_, part, sub) in enumerate(parts)
        ],
    )
    rows = asked("table_statistics", views, owner=None, table_name=None, everything=0)
    assert {(row["part_level"], row["part_name"]): row["inserts"] for row in rows} == {
        ("TABLE", None): 0, ("PARTITION", "P1"): 1, ("SUBPARTITION", "S1"): 2,
    }  # fmt: skip


def datafile(number: int, enabled: str = "READ WRITE") -> dict[str, Any]:
    return {"file#": number, "creation_change#": 100 + number, "enabled": enabled}


def backup(number: int, hours_ago: float, change: int | None = None) -> dict[str, Any]:
    change = 100 + number if change is None else change
    return {"file#": number, "creation_change#": change, "completion_time": NOW - hours_ago / 24}


def test_the_age_of_backups_is_that_of_the_file_whose_newest_is_the_oldest() -> None:
    views = {
        "v$datafile": [datafile(1), datafile(2), datafile(3, "READ ONLY")],
        "v$backup_datafile": [backup(1, 5.5), backup(1, 90.5), backup(2, 30.5), backup(3, 999)],
    }
    assert asked("backup_age", views) == [{"files": 2, "without_backup": 0, "hours": 30}]


def test_a_backup_of_an_earlier_file_of_the_same_number_is_none() -> None:
    views = {"v$datafile": [datafile(1), datafile(2)], "v$backup_datafile": [backup(1, 5.5), backup(2, 2.5, change=1)]}
    assert asked("backup_age", views) == [{"files": 2, "without_backup": 1, "hours": 5}]
    assert asked("backup_age", {"v$datafile": [datafile(1)]}) == [{"files": 1, "without_backup": 1, "hours": None}]


def test_undo_is_judged_by_the_last_hour_of_all_instances() -> None:
    rows = [
        {"end_time": NOW - minutes / 24 / 60, "nospaceerrcnt": errors, "ssolderrcnt": 2 * errors}
        for minutes, errors in ((0, 1), (59, 2), (61, 40))
    ]
    assert asked("undo_errors", {"gv$undostat": rows}) == [{"without_room": 3, "too_old": 6}]
    assert asked("undo_errors", {}) == [{"without_room": 0, "too_old": 0}]


def test_only_standbys_that_are_to_get_redo_are_asked_whether_they_do() -> None:
    kinds = [("STANDBY", "VALID"), ("STANDBY", "DEFERRED"), ("PRIMARY", "VALID"), ("STANDBY", "ERROR")]
    views = {
        "v$archive_dest": [{"dest_id": at, "target": target} for at, (target, _) in enumerate(kinds)],
        "v$archive_dest_status": [
            {"dest_id": at, "dest_name": f"D{at}", "status": status} for at, (_, status) in enumerate(kinds)
        ],
    }
    assert [row["dest_name"] for row in asked("standby_destinations", views)] == ["D0", "D3"]


def test_invalid_is_what_is_not_so_by_design_and_not_of_oracles_own() -> None:
    part = {"index_owner": "SALES", "partition_name": "P", "status": "UNUSABLE"}
    views = database(
        index("A", status="UNUSABLE"), index("B", partitioned="YES", indexing="FULL"),
        index("C", partitioned="YES", indexing="PARTIAL"),
        dba_ind_partitions=[{**part, "index_name": name} for name in "BC"],
        dba_ind_subpartitions=[{**part, "index_name": "B", "subpartition_name": "S"}],
    )  # fmt: skip
    objects = [
        {"owner": owner, "object_name": name, "object_type": "VIEW", "status": "INVALID"}
        for owner, name in (("SALES", "V"), ("SYS", "V"), ("SALES", "BIN$x"))
    ]
    rows = asked("invalid_state", {**views, "dba_objects": objects})
    assert rows == [{"invalid_objects": 1, "unusable_indexes": 3}]


@pytest.mark.parametrize(
    ("session", "counts"),
    [
        ({}, True),
        ({"state": "WAITING", "wait_class": "Idle"}, False),
        ({"state": "WAITING", "wait_class": "Application"}, True),
        ({"state": "WAITED SHORT TIME", "wait_class": "Idle"}, True),
        ({"status": "INACTIVE"}, False),
        ({"type": "BACKGROUND"}, False),
        ({"client_info": "mportal:1a2b3c4d run:9"}, False),
        ({"client_info": "mportal:99999999 run:9"}, True),
        ({"sid": 123}, False),
        ({"sid": 123, "inst_id": 2}, True),
    ],
)
def test_the_load_is_what_others_do(session: dict[str, Any], counts: bool) -> None:
    plain = {"inst_id": 1, "sid": 7, "type": "USER", "status": "ACTIVE", "state": "WAITED KNOWN TIME"}
    plain["wait_class"] = "User I/O"
    assert asked("load", {"gv$session": [{**plain, **session}]}) == [{"active": int(counts)}]
