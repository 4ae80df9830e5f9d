"""SPACE_MAINTENANCE on Oracle: dictionary rows in, exact statements out; what stands in the way is said. No server was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from strategies.assessments import Finding, Severity
from strategies.plans import ErrorClass, LeftBehind, Locks, Step, TargetError
from strategies.platforms.base import ObjectUnknown, PlatformError
from strategies.platforms.oracle.space import CONCERN
from strategies.platforms.oracle.space_findings import dropped_finding, segment_finding, wasted_bytes
from strategies.platforms.oracle.stated import Edition, Stated
from strategies.platforms.oracle.tablespaces import tablespace_finding
from strategies.routines.space_maintenance import SpaceParameters
from tests.strategies.platforms.oracle.dictionary import ON_OTHERS, Answer, Dictionary, account, no_right, row_of

MB, GB = 2**20, 2**30
PARAMETERS = SpaceParameters(lock_wait_seconds=7)
MOVING = SpaceParameters(move_online=True)
EE, SE2 = Stated(Edition.ENTERPRISE, frozenset({"partitioning"})), Stated(Edition.STANDARD)
ADVICE = {
    "owner": "SALES", "segment_name": "ORDERS", "segment_type": "TABLE", "partition_name": None,
    "allocated_bytes": 1000 * MB, "used_bytes": 400 * MB, "reclaimable_bytes": 600 * MB,
}  # fmt: skip
SEGMENT = {
    "owner": "SALES", "table_name": "ORDERS", "partition_name": None, "segment_type": "TABLE", "tablespace_name": "USERS",
    "size_bytes": 1000 * MB, "row_movement": "DISABLED", "iot_type": None, "cluster_name": None,
    "segment_space_management": "AUTO", "compression_state": "DISABLED", "data_object_id": 77, "long_columns": 0,
    "securefile_lobs": 0, "function_indexes": 0, "join_indexes": 0, "domain_indexes": 0, "unusable_indexes": 0,
    "on_commit_views": 0, "rowid_logs": 0, "tablespace_status": "ONLINE", "object_columns": 0,
}  # fmt: skip
TABLESPACE = {
    "tablespace_name": "USERS", "bigfile": "NO", "block_size": 8192, "used_bytes": 90 * GB, "max_bytes": 100 * GB,
    "allocated_bytes": 92 * GB, "limit_bytes": 100 * GB, "files": 4, "growing_files": 4,
}  # fmt: skip
DROPPED = {
    "owner": "SALES", "object_name": "BIN$a+b/c==$0", "original_name": "OLD ORDERS", "dropped_text": "2026-01-01:00:00:00",
    "age_days": 40, "size_bytes": 5 * MB,
}  # fmt: skip
SEGMENTS = (("shrinkable_segment", ""), ("movable_segment", ""), ("large_segment", ""))
HOSTILE = ["lower", "Two Words", "SELECT", "naïve 表", "A$B#C", "it's", "a;DROP TABLE t--", "100%", "{x}", ":name"]


def scripted(**answers: Answer) -> Dictionary:
    return Dictionary(
        {
            "find_table_or_index": [{"owner": "SALES", "object_type": "TABLE"}], "segment_advisor": [{"status": "ENABLED"}],
            **answers,
        }
    )  # fmt: skip


def found(
    parameters: SpaceParameters = PARAMETERS,
    *,
    stated: Stated = EE,
    version: tuple[int, ...] = (19, 22),
    **changes: Any,
) -> Finding | None:
    advice = {name: changes.pop(name) for name in list(changes) if name in ("used_bytes", "reclaimable_bytes")}
    return segment_finding({**ADVICE, **advice}, {**SEGMENT, **changes}, parameters, stated, version)


def step_of(finding: Finding | None, parameters: SpaceParameters = PARAMETERS) -> Step:
    assert finding is not None
    (step,) = CONCERN.steps([finding], parameters)
    return Step.from_json(json.loads(json.dumps(step.as_json())))


@pytest.mark.parametrize(
    ("changes", "statements"),
    [
        (
            {},
            (
                'ALTER TABLE "SALES"."ORDERS" ENABLE ROW MOVEMENT',
                'ALTER TABLE "SALES"."ORDERS" SHRINK SPACE COMPACT',
                'ALTER TABLE "SALES"."ORDERS" SHRINK SPACE',
                'ALTER TABLE "SALES"."ORDERS" DISABLE ROW MOVEMENT',
            ),
        ),
        (
            {"row_movement": "ENABLED"},
            ('ALTER TABLE "SALES"."ORDERS" SHRINK SPACE COMPACT', 'ALTER TABLE "SALES"."ORDERS" SHRINK SPACE'),
        ),
        (
            {"row_movement": "ENABLED", "partition_name": "P 1", "segment_type": "TABLE PARTITION"},
            (
                'ALTER TABLE "SALES"."ORDERS" MODIFY PARTITION "P 1" SHRINK SPACE COMPACT',
                'ALTER TABLE "SALES"."ORDERS" MODIFY PARTITION "P 1" SHRINK SPACE',
            ),
        ),
        (
            {"partition_name": "S1", "segment_type": "TABLE SUBPARTITION"},
            (
                'ALTER TABLE "SALES"."ORDERS" ENABLE ROW MOVEMENT',
                'ALTER TABLE "SALES"."ORDERS" MODIFY SUBPARTITION "S1" SHRINK SPACE COMPACT',
                'ALTER TABLE "SALES"."ORDERS" MODIFY SUBPARTITION "S1" SHRINK SPACE',
                'ALTER TABLE "SALES"."ORDERS" DISABLE ROW MOVEMENT',
            ),
        ),
    ],
)
def test_a_segment_is_shrunk_and_row_movement_is_as_it_was(
    changes: dict[str, Any], statements: tuple[str, ...]
) -> None:
    step = step_of(found(**changes))
    assert step.settings == ("ALTER SESSION SET ddl_lock_timeout = 7",)
    assert step.statements == statements
    assert (step.begin, step.locks, step.is_destructive, step.undo) == ("", Locks.WRITES, False, ())


OBSTACLES: list[tuple[dict[str, Any], str, bool]] = [
    (
        {"segment_space_management": "MANUAL"},
        "its tablespace USERS does not manage the space of segments automatically",
        True,
    ),
    ({"cluster_name": "C"}, "it lies in a cluster", False),
    ({"iot_type": "IOT_OVERFLOW"}, "it belongs to an index-organized table", False),
    ({"compression_state": "ENABLED"}, "it is compressed", True),
    ({"long_columns": 1}, "it has a LONG column", False),
    ({"function_indexes": 1}, "it has a function-based index", True),
    ({"join_indexes": 1}, "it has a bitmap join index", False),
    ({"domain_indexes": 1}, "it has a domain index", False),
    ({"tablespace_status": "READ ONLY"}, "its tablespace USERS is read only", False),
    ({"on_commit_views": 1}, "a materialized view that is refreshed on commit reads it", False),
    ({"rowid_logs": 1}, "materialized views may read it by rowid", False),
    ({"securefile_lobs": 1}, "it has SecureFile LOBs, which can be shrunk from 21c on", True),
]


@pytest.mark.parametrize(("changes", "why", "can_move"), OBSTACLES)
def test_what_cannot_be_shrunk_is_told_why_and_moved_only_where_that_is_allowed_and_possible(
    changes: dict[str, Any], why: str, can_move: bool
) -> None:
    finding = found(**changes)
    assert finding is not None
    assert (finding.kind, finding.severity) == ("large_segment", Severity.INFO)
    assert finding.advice.startswith(f"It cannot be shrunk: {why}.")
    assert CONCERN.steps([finding], PARAMETERS) == []
    moved = found(MOVING, **changes)
    assert moved is not None
    assert (moved.kind == "movable_segment") == can_move
    if can_move:
        assert step_of(moved).statements == ('ALTER TABLE "SALES"."ORDERS" MOVE ONLINE',)
        assert step_of(moved).locks is Locks.DDL


def test_securefiles_are_no_obstacle_from_21c_on() -> None:
    finding = found(securefile_lobs=1, version=(21, 3))
    assert finding is not None
    assert finding.kind == "shrinkable_segment"


def test_nothing_is_moved_online_unless_enterprise_edition_is_stated() -> None:
    for stated in (SE2, Stated()):
        finding = found(MOVING, stated=stated, compression_state="ENABLED")
        assert finding is not None
        assert finding.advice.endswith(
            "It cannot be moved online either: MOVE ONLINE needs Enterprise Edition, which the address does not state."
        )
        assert CONCERN.steps([finding], MOVING) == []


@pytest.mark.parametrize("segment_type", ["TABLE PARTITION", "TABLE SUBPARTITION"])
@pytest.mark.parametrize("stated", [Stated(Edition.ENTERPRISE), SE2, Stated()])
def test_a_part_is_neither_shrunk_nor_moved_unless_partitioning_is_stated(stated: Stated, segment_type: str) -> None:
    part: dict[str, Any] = {"partition_name": "P1", "segment_type": segment_type}
    finding = found(MOVING, stated=stated, **part)
    assert finding is not None
    cannot, cannot_either = finding.advice.removesuffix(".").split(". ")
    assert cannot == "It cannot be shrunk: it is a part of a table, and the address does not state Partitioning"
    assert "either: it is a part of a table, and the address does not state Partitioning" in cannot_either
    assert CONCERN.steps([finding], MOVING) == []
    whole, licensed = found(MOVING, stated=stated), found(MOVING, stated=Stated(Edition.FREE), **part)
    assert whole is not None
    assert licensed is not None
    assert whole.kind == licensed.kind == "shrinkable_segment"


@pytest.mark.parametrize(
    ("changes", "statement"),
    [
        ({"partition_name": "P1", "segment_type": "TABLE PARTITION"}, 'ALTER TABLE "SALES"."ORDERS" MOVE PARTITION "P1" ONLINE'),
        ({"partition_name": "S1", "segment_type": "TABLE SUBPARTITION"}, 'ALTER TABLE "SALES"."ORDERS" MOVE SUBPARTITION "S1" ONLINE'),
    ],
)  # fmt: skip
def test_of_a_partitioned_table_the_part_is_moved(changes: dict[str, Any], statement: str) -> None:
    assert step_of(found(MOVING, compression_state="ENABLED", **changes)).statements == (statement,)


def test_a_part_of_a_table_with_object_types_is_not_moved_online() -> None:
    part = {
        "partition_name": "P1",
        "segment_type": "TABLE PARTITION",
        "compression_state": "ENABLED",
        "object_columns": 1,
    }
    finding = found(MOVING, **part)
    assert finding is not None
    assert finding.advice.endswith(
        "It cannot be moved online either: it is a part of a table with columns of object types."
    )
    whole = found(MOVING, compression_state="ENABLED", object_columns=1)
    assert whole is not None
    assert whole.kind == "movable_segment"


def test_what_finds_no_room_for_its_copy_is_not_moved() -> None:
    room = [{"tablespace_name": "USERS", "status": "ONLINE", "free_bytes": 399 * MB}]
    session = scripted(
        segment_advice=[ADVICE], table_segment=[{**SEGMENT, "compression_state": "ENABLED"}], tablespace_room=room
    )
    (finding,) = CONCERN.assess(session, MOVING, "ALL").findings
    assert finding.kind == "large_segment"
    assert finding.advice.endswith(
        "It cannot be moved online either: its tablespace USERS has room for 399.0 MB, and its copy needs about 400.0 MB."
    )
    room[0]["free_bytes"] = 400 * MB
    assert CONCERN.assess(session, MOVING, "ALL").findings[0].kind == "movable_segment"
    session.answers["tablespace_room"] = no_right("DBA_TABLESPACE_USAGE_METRICS")
    assert CONCERN.assess(session, MOVING, "ALL").findings[0].kind == "movable_segment", (
        "what is not known keeps nobody from it"
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_quoted(name: str) -> None:
    step = step_of(found(owner=name, table_name=name, partition_name=name, segment_type="TABLE PARTITION"))
    assert step.statements[1] == f'ALTER TABLE "{name}"."{name}" MODIFY PARTITION "{name}" SHRINK SPACE COMPACT'
    purge = step_of(dropped_finding({**DROPPED, "owner": name, "object_name": name}))
    assert purge.statements == (f'PURGE TABLE "{name}"."{name}"',)
    advice = tablespace_finding({**TABLESPACE, "tablespace_name": name, "bigfile": "YES"}, PARAMETERS)
    assert advice is not None
    assert f'ALTER TABLESPACE "{name}" AUTOEXTEND' in advice.advice


def test_names_with_a_double_quote_are_left_out_with_a_note() -> None:
    session = scripted(segment_advice=[{**ADVICE, "segment_name": 'A"B'}], table_segment=[SEGMENT])
    seen = CONCERN.assess(session, PARAMETERS, "ALL")
    assert seen.findings == ()
    assert "a name with a double quote cannot be written in a statement" in seen.notes[0]


@pytest.mark.parametrize(
    ("change", "wasted"),
    [
        ({}, 600 * MB),
        ({"size_bytes": 700 * MB}, 300 * MB),  # shrunk since the advisor looked
        ({"size_bytes": 300 * MB}, 0),
        ({"size_bytes": 5000 * MB}, 600 * MB),  # grown since
    ],
)
def test_the_size_now_has_the_last_word_over_old_advice(change: dict[str, Any], wasted: int) -> None:
    assert wasted_bytes(ADVICE, {**SEGMENT, **change}) == wasted


def test_both_limits_must_be_passed() -> None:
    assert found() is not None
    assert found(SpaceParameters(reclaim_percent=61)) is None
    assert found(SpaceParameters(reclaim_megabytes=601)) is None
    assert found(SpaceParameters(reclaim_megabytes=0), reclaimable_bytes=0) is None


@pytest.mark.parametrize(
    ("used", "severity"), [(84, None), (85, Severity.WARNING), (94, Severity.WARNING), (95, Severity.CRITICAL)]
)
def test_a_tablespace_is_judged_against_what_it_can_grow_to(used: int, severity: Severity | None) -> None:
    finding = tablespace_finding({**TABLESPACE, "used_bytes": used * GB}, PARAMETERS)
    assert (finding.severity if finding else None) is severity
    if finding is not None:
        assert finding.evidence["max_percent"] == used
        assert finding.evidence["allocated_percent"] == round(100 * used / 92, 1)
        assert CONCERN.steps([finding], PARAMETERS) == []


@pytest.mark.parametrize(
    ("change", "is_temporary", "statement"),
    [
        ({}, False, 'ALTER TABLESPACE "USERS" ADD DATAFILE SIZE 1G AUTOEXTEND ON NEXT 256M MAXSIZE 32767M'),
        ({}, True, 'ALTER TABLESPACE "USERS" ADD TEMPFILE SIZE 1G AUTOEXTEND ON NEXT 256M MAXSIZE 32767M'),
        ({"bigfile": "YES"}, False, 'ALTER TABLESPACE "USERS" AUTOEXTEND ON NEXT 256M MAXSIZE 128000M'),
        ({"bigfile": "YES"}, True, 'ALTER TABLESPACE "USERS" AUTOEXTEND ON NEXT 256M MAXSIZE 128000M'),
        ({"block_size": 2048}, False, "MAXSIZE 8191M"),
        ({"block_size": 4096}, False, "MAXSIZE 16383M"),
        ({"block_size": 16384}, False, "MAXSIZE 65535M"),
    ],
)
def test_the_statement_that_gives_room_is_told_and_never_planned(
    change: dict[str, Any], is_temporary: bool, statement: str
) -> None:
    finding = tablespace_finding({**TABLESPACE, **change}, PARAMETERS, is_temporary=is_temporary)
    assert finding is not None
    assert statement in finding.advice
    assert finding.kind == ("temporary_tablespace_full" if is_temporary else "tablespace_full")
    assert finding.evidence["can_plan"] is False


@pytest.mark.parametrize("bigfile", ["YES", "NO"])
def test_where_the_disk_is_what_is_full_no_statement_is_told(bigfile: str) -> None:
    """DBA_TABLESPACE_USAGE_METRICS takes what is free on the disk, and MAX_PDB_STORAGE, into account."""
    finding = tablespace_finding({**TABLESPACE, "bigfile": bigfile, "limit_bytes": 400 * GB}, PARAMETERS)
    assert finding is not None
    assert "ALTER" not in finding.advice
    assert "Its files may grow to 400.0 GB" in finding.advice
    assert "MAX_PDB_STORAGE" in finding.advice


def test_a_tablespace_whose_size_is_not_told_is_no_finding() -> None:
    assert tablespace_finding({**TABLESPACE, "max_bytes": None}, PARAMETERS) is None


def test_everything_is_looked_at_and_the_recycle_bin_only_where_that_was_asked_for() -> None:
    session = scripted(
        tablespaces=[TABLESPACE], temporary_tablespaces=[{**TABLESPACE, "tablespace_name": "TEMP"}],
        segment_advice=[ADVICE], table_segment=[SEGMENT], recycle_bin=[DROPPED],
    )  # fmt: skip
    kinds = [finding.kind for finding in CONCERN.assess(session, PARAMETERS, "ALL").findings]
    assert kinds == ["tablespace_full", "temporary_tablespace_full", "shrinkable_segment"]
    assert "recycle_bin" not in [name for name, _ in session.asked]
    seen = CONCERN.assess(session, SpaceParameters(purge_after_days=30), "ALL")
    assert session.asked[-1] == ("recycle_bin", {"owner": None, "object_name": None, "days": 30})
    steps = CONCERN.steps(seen.findings, PARAMETERS)
    assert [step.statements[0] for step in steps] == [
        'PURGE TABLE "SALES"."BIN$a+b/c==$0"', 'ALTER TABLE "SALES"."ORDERS" ENABLE ROW MOVEMENT',
    ]  # fmt: skip
    assert (steps[0].is_destructive, steps[0].undo) == (True, ())
    assert "gone" in steps[0].undo_note


def test_of_one_table_only_its_segments_are_looked_at() -> None:
    session = scripted(tablespaces=[TABLESPACE], segment_advice=[ADVICE], table_segment=[SEGMENT])
    seen = CONCERN.assess(session, PARAMETERS, "sales.orders")
    assert [finding.object for finding in seen.findings] == ["SALES.ORDERS"]
    assert ("segment_advice", {"owner": "SALES", "table_name": "ORDERS"}) in session.asked
    assert "tablespaces" not in [name for name, _ in session.asked]
    session.answers["find_table_or_index"] = [{"owner": "SALES", "object_type": "INDEX"}]
    with pytest.raises(ObjectUnknown, match="is an index"):
        CONCERN.assess(session, PARAMETERS, "sales.orders_i")


@pytest.mark.parametrize(
    ("table", "part"), [("ORDERS", "P1"), ("ORDERS", "p 1"), ("a partition B", "P1"), ("ORDERS", "x partition y")]
)
def test_a_part_is_found_again_by_the_name_that_its_finding_has(table: str, part: str) -> None:
    parts = [
        {**ADVICE, "segment_name": table, "segment_type": "TABLE PARTITION", "partition_name": name}
        for name in (part, "P9")
    ]
    segment = {**SEGMENT, "table_name": table, "partition_name": part, "segment_type": "TABLE PARTITION"}
    session = scripted(segment_advice=parts, table_segment=[segment])
    finding = found(table_name=table, partition_name=part, segment_type="TABLE PARTITION")
    assert finding is not None
    seen = CONCERN.assess(session, PARAMETERS, finding.object)
    assert [one.object for one in seen.findings] == [finding.object]
    assert ("find_table_or_index", {"owner": "SALES", "name": table}) in session.asked


def test_of_several_recommendations_for_one_segment_the_most_modest_counts() -> None:
    session = scripted(
        segment_advice=[ADVICE, {**ADVICE, "reclaimable_bytes": 500 * MB}, ADVICE], table_segment=[SEGMENT]
    )
    (finding,) = CONCERN.assess(session, PARAMETERS, "ALL").findings
    assert finding.evidence["wasted_bytes"] == 500 * MB


@pytest.mark.parametrize(("rows", "status"), [([{"status": "DISABLED"}], "disabled"), ([], "not there")])
def test_where_the_advisor_says_nothing_a_note_says_whether_it_is_on(rows: list[dict[str, Any]], status: str) -> None:
    seen = CONCERN.assess(scripted(segment_advisor=rows), PARAMETERS, "ALL")
    (note,) = seen.notes
    assert f"(auto space advisor) is {status}:" in note
    assert seen.unchecked == SEGMENTS, "what it told while it was on stands"
    assert CONCERN.assess(scripted(), PARAMETERS, "ALL").unchecked == (), "it has looked, and recommends nothing"
    hidden = scripted(segment_advisor=no_right("DBA_AUTOTASK_CLIENT"))
    assert CONCERN.assess(hidden, PARAMETERS, "ALL").unchecked == SEGMENTS


def test_what_may_not_be_read_is_a_note_with_the_grant_and_hides_nothing_else() -> None:
    session = scripted(
        tablespaces=no_right("DBA_TABLESPACE_USAGE_METRICS"), segment_advice=[ADVICE], table_segment=[SEGMENT]
    )
    seen = CONCERN.assess(session, PARAMETERS, "ALL")
    assert [finding.kind for finding in seen.findings] == ["shrinkable_segment"]
    assert "SELECT ON SYS.DBA_TABLESPACE_USAGE_METRICS" in seen.notes[0]
    assert seen.unchecked == (("tablespace_full", ""),), "what was found of it before stands"
    session.answers["table_segment"] = no_right("DBA_TABLES")
    seen = CONCERN.assess(session, PARAMETERS, "ALL")
    assert (len(seen.findings), len(seen.notes)) == (0, 2)
    session.answers["tablespaces"] = PlatformError(TargetError(ErrorClass.LOST, "DPY-4011", "gone"))
    with pytest.raises(PlatformError):
        CONCERN.assess(session, PARAMETERS, "ALL")


@pytest.mark.parametrize("query", ["tablespaces", "segment_advice", "segment_advisor", "recycle_bin"])
def test_a_fault_of_the_database_is_not_taken_for_a_missing_right(query: str) -> None:
    fault = PlatformError(TargetError(ErrorClass.PERMANENT, "ORA-00600", "internal error code"))
    with pytest.raises(PlatformError):
        CONCERN.assess(scripted(**{query: fault}), SpaceParameters(purge_after_days=30), "ALL")


@pytest.mark.parametrize("missing", ["used_bytes", "reclaimable_bytes"])
def test_advice_without_figures_is_passed_over(missing: str) -> None:
    rows = [{**ADVICE, missing: None}, {**ADVICE, missing: None}, {**ADVICE, "segment_name": "LINES"}]
    lines = {**SEGMENT, "table_name": "LINES"}
    session = scripted(segment_advice=rows, table_segment=[lines])
    seen = CONCERN.assess(session, SpaceParameters(reclaim_megabytes=0), "ALL")
    assert [finding.object for finding in seen.findings] == ["SALES.LINES"]


@pytest.mark.parametrize(
    ("name", "privileges", "left"),
    [
        ("PORTAL", ON_OTHERS, set()),
        ("PORTAL", ("ANALYZE ANY", "DROP ANY TABLE"), {"ALTER ANY TABLE"}),
        ("PORTAL", ("ANALYZE ANY", "ALTER ANY TABLE"), {"DROP ANY TABLE"}),
        ("SALES", ("ANALYZE ANY",), set()),
    ],
)
def test_what_others_own_is_left_alone_where_the_account_may_not_change_it(
    name: str, privileges: tuple[str, ...], left: set[str]
) -> None:
    session = scripted(
        segment_advice=[ADVICE], table_segment=[SEGMENT], recycle_bin=[DROPPED],
        **account(name=name, privileges=privileges),
    )  # fmt: skip
    purging = SpaceParameters(purge_after_days=30)
    findings = CONCERN.assess(session, purging, "ALL").findings
    whys = {f"Left alone: the account needs {privilege}, or to be SALES itself." for privilege in left}
    assert {finding.advice for finding in findings if finding.advice.startswith("Left alone")} == whys
    assert len(CONCERN.steps(findings, purging)) == 2 - len(left)


def test_an_owner_of_tables_sees_advice_on_them_and_is_told_that_there_may_be_more() -> None:
    session = scripted(segment_advice=[ADVICE], table_segment=[SEGMENT], **account(name="SALES", privileges=()))
    seen = CONCERN.assess(session, PARAMETERS, "ALL")
    assert len(CONCERN.steps(seen.findings, PARAMETERS)) == 1
    assert seen.notes == ("The segment advisor may not tell of all segments: the account lacks ANALYZE ANY.",)
    assert seen.unchecked == SEGMENTS
    own = CONCERN.assess(session, PARAMETERS, "sales.orders")
    assert (own.notes, own.unchecked) == ((), ())


def test_a_shrink_is_needed_while_the_segment_is_as_it_was_planned() -> None:
    step = step_of(found())
    assert CONCERN.is_needed(scripted(table_segment=[SEGMENT]), step).is_needed
    assert CONCERN.is_needed(scripted(), step).why == "it is gone."
    small = scripted(table_segment=[{**SEGMENT, "size_bytes": 410 * MB}])
    assert CONCERN.is_needed(small, step).why == "it takes only 410.0 MB by now."
    planned_on = step_of(found(row_movement="ENABLED"))
    assert "was switched off" in CONCERN.is_needed(scripted(table_segment=[SEGMENT]), planned_on).why


@pytest.mark.parametrize("size", [1000, 410])
def test_a_shrink_goes_on_where_an_attempt_could_not_switch_row_movement_off_again(size: int) -> None:
    """The table was busy at the shrink, or after it, and at each DISABLE: to call the step done would leave row movement on."""
    step = step_of(found())
    left_on = {**SEGMENT, "row_movement": "ENABLED", "size_bytes": size * MB}
    assert CONCERN.is_needed(scripted(table_segment=[left_on]), step).is_needed
    assert step.statements[-1] == 'ALTER TABLE "SALES"."ORDERS" DISABLE ROW MOVEMENT'
    assert not CONCERN.verify(scripted(table_segment=[left_on]), step, None).ok
    off = {**left_on, "row_movement": "DISABLED", "size_bytes": 410 * MB}
    assert CONCERN.verify(scripted(table_segment=[off]), step, None).ok


@pytest.mark.parametrize(
    ("change", "is_ok", "words"),
    [
        ({"size_bytes": 420 * MB}, True, "1,000.0 MB before, 420.0 MB now."),
        ({"size_bytes": 1000 * MB}, False, "It still takes 1,000.0 MB."),
        (
            {"size_bytes": 420 * MB, "row_movement": "ENABLED"},
            False,
            "Row movement is ENABLED, which it was not before.",
        ),
        (
            {"size_bytes": 420 * MB, "unusable_indexes": 2},
            False,
            "2 of its indexes have become unusable: rebuild them.",
        ),
    ],
)
def test_a_shrink_is_proved_by_the_dictionary(change: dict[str, Any], is_ok: bool, words: str) -> None:
    checked = CONCERN.verify(scripted(table_segment=[{**SEGMENT, **change}]), step_of(found()), None)
    assert (checked.ok, checked.message) == (is_ok, words)


def test_a_move_is_proved_by_its_new_segment() -> None:
    step = step_of(found(MOVING, compression_state="ENABLED"), MOVING)
    old = CONCERN.verify(scripted(table_segment=[{**SEGMENT, "size_bytes": 420 * MB}]), step, None)
    assert (old.ok, old.message) == (False, "It was not moved: it is still the old segment.")
    new = {**SEGMENT, "size_bytes": 420 * MB, "data_object_id": 78}
    assert CONCERN.verify(scripted(table_segment=[new]), step, None).ok


def test_row_movement_that_a_stopped_shrink_left_on_is_seen_and_switched_off() -> None:
    step, session = step_of(found()), scripted(table_segment=[{**SEGMENT, "row_movement": "ENABLED"}])
    left = CONCERN.state_left(session, step)
    assert left.kind is LeftBehind.NEEDS_CLEANUP
    assert 'ALTER TABLE "SALES"."ORDERS" DISABLE ROW MOVEMENT' in left.message
    (clean_up,) = CONCERN.clean_up(session, step)
    assert clean_up.statements == ('ALTER TABLE "SALES"."ORDERS" DISABLE ROW MOVEMENT',)
    assert not CONCERN.verify(session, clean_up, None).ok
    session.answers["table_segment"] = [SEGMENT]
    assert CONCERN.verify(session, clean_up, None).ok
    assert CONCERN.clean_up(session, step) == []
    assert CONCERN.state_left(session, step).kind is LeftBehind.CLEAN


def test_row_movement_that_was_on_before_stays_on() -> None:
    step = step_of(found(row_movement="ENABLED"))
    session = scripted(table_segment=[{**SEGMENT, "row_movement": "ENABLED"}])
    assert CONCERN.clean_up(session, step) == []
    assert CONCERN.state_left(session, step).kind is LeftBehind.CLEAN


def test_a_purge_is_needed_and_proved_by_the_recycle_bin() -> None:
    step, session = step_of(dropped_finding(DROPPED)), scripted(recycle_bin=[DROPPED])
    assert CONCERN.is_needed(session, step).is_needed
    assert session.asked[-1] == ("recycle_bin", {"owner": "SALES", "object_name": "BIN$a+b/c==$0", "days": 0})
    assert not CONCERN.verify(session, step, None).ok
    session.answers["recycle_bin"] = []
    assert not CONCERN.is_needed(session, step).is_needed
    assert CONCERN.verify(session, step, None).ok


def test_missing_rights_come_with_their_grants_and_dropping_is_asked_for_only_where_it_is_done() -> None:
    session = scripted(
        facts_session=[row_of("facts_session", account="PORTAL")],
        object_privileges=[],
        system_privileges=[{"privilege": "CREATE SESSION"}, {"privilege": "SELECT ANY DICTIONARY"}],
    )
    missing = {right.right: right for right in CONCERN.missing_rights(session, PARAMETERS)}
    assert sorted(missing) == ["ALTER ANY TABLE", "ANALYZE ANY", "EXECUTE ON SYS.DBMS_SPACE"]
    assert missing["ALTER ANY TABLE"].grant == 'GRANT ALTER ANY TABLE TO "PORTAL";'
    assert all(right.blocks for right in missing.values()), "it owns nothing that it could shrink without"
    purging = {
        right.right: right.blocks for right in CONCERN.missing_rights(session, SpaceParameters(purge_after_days=30))
    }
    assert purging["DROP ANY TABLE"]
    session.answers["own_tables"] = [row_of("own_tables", table_name="T")]
    owner = {
        right.right: right.blocks for right in CONCERN.missing_rights(session, SpaceParameters(purge_after_days=30))
    }
    assert {right for right, blocks in owner.items() if blocks} == {"EXECUTE ON SYS.DBMS_SPACE"}
    assert owner.keys() == purging.keys()
