from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from strategies.assessments import Assessment, Severity
from strategies.plans import Locks
from strategies.platforms.oracle import index_bloat, index_findings, index_steps
from strategies.platforms.oracle.index_findings import How, Room
from strategies.platforms.oracle.stated import Edition, Stated
from strategies.routines.index_maintenance import IndexParameters
from tests.strategies.platforms.oracle.dictionary import ENTERPRISE, STANDARD, index, part, row_of

DEFAULTS = IndexParameters()
BLOCKING = IndexParameters(allow_blocking=True)
Row = Mapping[str, Any]


def judge(
    rows: Sequence[Row] = (), parts: Sequence[Row] = (), *, parameters: IndexParameters = DEFAULTS, stated: Stated = ENTERPRISE,
    room: Mapping[str, Room] | None = None,
) -> Assessment:  # fmt: skip
    return index_findings.broken(rows, parts, parameters, stated, room or {})


def statements(assessment: Assessment, parameters: IndexParameters = DEFAULTS) -> list[str]:
    return [text for step in index_steps.steps(assessment.findings, parameters) for text in step.statements]


@pytest.mark.parametrize(
    ("rows", "parts", "parameters", "stated", "expected"),
    [
        pytest.param([index(status="UNUSABLE")], [], DEFAULTS, ENTERPRISE,
                     ['ALTER INDEX "SALES"."ORDERS_IX" REBUILD ONLINE'], id="an index"),
        pytest.param([], [part(status="UNUSABLE")], DEFAULTS, ENTERPRISE,
                     ['ALTER INDEX "SALES"."ORDERS_LX" REBUILD PARTITION "P1" ONLINE'], id="a partition"),
        pytest.param([], [part("SUBPARTITION", "SP1", status="UNUSABLE")], DEFAULTS, ENTERPRISE,
                     ['ALTER INDEX "SALES"."ORDERS_LX" REBUILD SUBPARTITION "SP1" ONLINE'], id="a subpartition"),
        pytest.param([index("Order Ix ü", owner="select", status="UNUSABLE")], [], DEFAULTS, ENTERPRISE,
                     ['ALTER INDEX "select"."Order Ix ü" REBUILD ONLINE'], id="hostile names"),
        pytest.param([index("A'B;--", status="UNUSABLE")], [], DEFAULTS, ENTERPRISE,
                     ['ALTER INDEX "SALES"."A\'B;--" REBUILD ONLINE'], id="a name like a statement"),
        pytest.param([index(status="UNUSABLE", index_type="FUNCTION-BASED NORMAL")], [], DEFAULTS, ENTERPRISE,
                     ['ALTER INDEX "SALES"."ORDERS_IX" REBUILD ONLINE'], id="a function-based index"),
        pytest.param([index(status="UNUSABLE")], [], DEFAULTS, Stated(Edition.FREE),
                     ['ALTER INDEX "SALES"."ORDERS_IX" REBUILD ONLINE'], id="the free edition"),
        pytest.param([index(status="UNUSABLE")], [], DEFAULTS, STANDARD, [], id="standard edition without consent"),
        pytest.param([index(status="UNUSABLE")], [], DEFAULTS, Stated(), [], id="no edition stated"),
        pytest.param([index(status="UNUSABLE")], [], BLOCKING, STANDARD,
                     ['ALTER INDEX "SALES"."ORDERS_IX" REBUILD'], id="standard edition with consent"),
        pytest.param([index(status="UNUSABLE", index_type="BITMAP")], [], DEFAULTS, ENTERPRISE, [], id="a bitmap index"),
        pytest.param([index(status="UNUSABLE", index_type="BITMAP")], [], BLOCKING, ENTERPRISE,
                     ['ALTER INDEX "SALES"."ORDERS_IX" REBUILD'], id="a bitmap index with consent"),
        pytest.param([index(status="UNUSABLE", join_index="YES", index_type="BITMAP")], [], BLOCKING, ENTERPRISE,
                     ['ALTER INDEX "SALES"."ORDERS_IX" REBUILD'], id="a bitmap join index with consent"),
        pytest.param([index(status="UNUSABLE", index_type="CLUSTER", table_type="CLUSTER")], [], DEFAULTS, ENTERPRISE, [],
                     id="a cluster index"),
        pytest.param([index(status="UNUSABLE", index_type="IOT - TOP")], [], BLOCKING, ENTERPRISE, [],
                     id="an index-organized table"),
        pytest.param([index(status="UNUSABLE", index_type="DOMAIN")], [], BLOCKING, ENTERPRISE, [], id="a domain index"),
        pytest.param([index(status="UNUSABLE", temporary="Y")], [], BLOCKING, ENTERPRISE, [], id="a temporary table"),
        pytest.param([index(status="VALID", funcidx_status="DISABLED", index_type="FUNCTION-BASED NORMAL")], [], BLOCKING,
                     ENTERPRISE, [], id="a disabled function-based index"),
        pytest.param([index(index_type="DOMAIN", domidx_opstatus="FAILED", domidx_status="VALID")], [], BLOCKING, ENTERPRISE,
                     [], id="a failed domain index"),
        pytest.param([], [part(status="UNUSABLE")], BLOCKING, Stated(Edition.ENTERPRISE), [], id="Partitioning not stated"),
        pytest.param([index(orphaned_entries="YES")], [], DEFAULTS, ENTERPRISE,
                     ['ALTER INDEX "SALES"."ORDERS_IX" COALESCE CLEANUP'], id="orphaned entries of an index"),
        pytest.param([index(orphaned_entries="YES", partitioned="YES", status="N/A")],
                     [part(index_name="ORDERS_GX", orphaned_entries="YES")], DEFAULTS, ENTERPRISE,
                     ['ALTER INDEX "SALES"."ORDERS_GX" MODIFY PARTITION "P1" COALESCE CLEANUP'],
                     id="orphaned entries of a partitioned index"),
        pytest.param([index(orphaned_entries="YES")], [], DEFAULTS, STANDARD, [], id="orphaned entries, nothing stated"),
        pytest.param([index(status="UNUSABLE", degree="4")], [], IndexParameters(rebuild_degree=8), ENTERPRISE,
                     ['ALTER INDEX "SALES"."ORDERS_IX" REBUILD ONLINE PARALLEL 8', 'ALTER INDEX "SALES"."ORDERS_IX" PARALLEL 4'],
                     id="in parallel, and the degree put back"),
        pytest.param([index(status="UNUSABLE")], [], IndexParameters(rebuild_degree=8, allow_blocking=True), STANDARD,
                     ['ALTER INDEX "SALES"."ORDERS_IX" REBUILD'], id="never in parallel on Standard Edition"),
        pytest.param([index(status="UNUSABLE", degree="4", instances="2")], [], IndexParameters(rebuild_degree=8), ENTERPRISE,
                     ['ALTER INDEX "SALES"."ORDERS_IX" REBUILD ONLINE'], id="serially where the degree could not be put back"),
    ],
)  # fmt: skip
def test_each_situation_has_exactly_its_statements(
    rows: list[Row], parts: list[Row], parameters: IndexParameters, stated: Stated, expected: list[str]
) -> None:
    assessment = judge(rows, parts, parameters=parameters, stated=stated)
    assert len(assessment.findings) == 1, "each is found, whether something is planned or not"
    assert statements(assessment, parameters) == expected
    assert bool(expected) is assessment.findings[0].evidence["can_plan"]


def test_an_index_of_a_closed_partition_stays_unusable() -> None:
    closed = part(status="UNUSABLE", indexing="PARTIAL", part_indexing="OFF")
    assessment = judge(parts=[closed, {**closed, "part_name": "P2"}])
    assert assessment.findings == ()
    (note,) = assessment.notes
    assert note == "SALES.ORDERS_LX: partitions that the table leaves out of its partial indexes stay unusable (2)."


@pytest.mark.parametrize(("indexing", "part_indexing"), [("PARTIAL", "ON"), ("FULL", "OFF"), ("FULL", None)])
def test_an_index_of_an_open_partition_is_rebuilt(indexing: str, part_indexing: str | None) -> None:
    assessment = judge(parts=[part(status="UNUSABLE", indexing=indexing, part_indexing=part_indexing)])
    assert statements(assessment) == ['ALTER INDEX "SALES"."ORDERS_LX" REBUILD PARTITION "P1" ONLINE']


def test_usable_indexes_and_the_parents_of_partitions_are_no_finding() -> None:
    assert judge([index(), index(status="N/A", partitioned="YES")], [part()]) == Assessment()


def test_a_name_with_a_double_quote_is_left_out_and_counted() -> None:
    assessment = judge([index('A"B', status="UNUSABLE")], [part(name='P"', status="UNUSABLE")])
    assert assessment.findings == ()
    assert assessment.notes == ("Left out, since no statement can name them: names that hold a double quote (2).",)


def test_an_unusable_index_that_enforces_a_key_is_worse_than_another() -> None:
    rows = [index("A", status="UNUSABLE", uniqueness="UNIQUE"), index("B", status="UNUSABLE", constraints_backed=1)]
    findings = judge([*rows, index("C", status="UNUSABLE")], [part(status="UNUSABLE", constraints_backed=1)]).findings
    expected = [Severity.CRITICAL, Severity.CRITICAL, Severity.WARNING, Severity.CRITICAL]
    assert [finding.severity for finding in findings] == expected
    assert (
        findings[0].summary
        == "Index SALES.A on SALES.ORDERS is unusable: it enforces a key, so writes to its table fail."
    )


@pytest.mark.parametrize("made", [index, part])
@pytest.mark.parametrize(
    ("values", "is_planned"), [({}, False), ({"uniqueness": "UNIQUE"}, True), ({"constraints_backed": 1}, True)]
)
def test_an_index_that_somebody_seems_to_be_retiring_is_left_to_them(
    made: Any, values: dict[str, Any], is_planned: bool
) -> None:
    """Unusable and invisible: the usual way to drop one. One that enforces a key is needed for every write."""
    row = made(status="UNUSABLE", visibility="INVISIBLE", **values)
    assessment = judge([row], []) if made is index else judge([], [row])
    assert bool(statements(assessment)) is is_planned
    assert is_planned or assessment.findings[0].advice.startswith("Left alone: it is invisible as well")
    assert is_planned or assessment.findings[0].severity is Severity.INFO


def test_a_rebuild_that_would_not_fit_is_found_and_not_planned() -> None:
    row, megabyte = index(status="UNUSABLE"), 1_048_576
    tight = judge([row], room={"SALES.ORDERS_IX": Room(500 * megabyte, 499 * megabyte)})
    assert statements(tight) == []
    assert "needs about 500 MB beside the old copy" in tight.findings[0].advice
    for enough in (Room(500 * megabyte, 500 * megabyte), Room(None, 1), Room(500 * megabyte, None)):
        assert len(statements(judge([row], room={"SALES.ORDERS_IX": enough}))) == 1


def test_what_was_not_asked_for_is_not_found() -> None:
    rows = [index(status="UNUSABLE"), index("B", orphaned_entries="YES")]
    assert [f.object for f in judge(rows, parameters=IndexParameters(repair_invalid=False)).findings] == ["SALES.B"]
    assert [f.object for f in judge(rows, parameters=IndexParameters(remove_leftovers=False)).findings] == [
        "SALES.ORDERS_IX"
    ]


def test_an_offline_rebuild_says_that_writes_wait() -> None:
    for parameters, stated, locks in ((DEFAULTS, ENTERPRISE, Locks.DDL), (BLOCKING, STANDARD, Locks.WRITES)):
        (step,) = index_steps.steps(
            judge([index(status="UNUSABLE")], parameters=parameters, stated=stated).findings, parameters
        )
        assert step.locks is locks
        assert step.settings == ("ALTER SESSION SET ddl_lock_timeout = 5",)


def journal(**values: Any) -> Row:
    plain = {
        "journal_owner": "SALES", "journal_name": "SYS_JOURNAL_700", "journal_object_id": 900, "owner": "SALES",
        "index_name": "ORDERS_IX", "table_owner": "SALES", "table_name": "ORDERS", "table_type": "TABLE", "object_id": 700,
        "table_object_id": 600,
    }  # fmt: skip
    return row_of("index_journals", **plain | values)


def lock(**values: Any) -> Row:
    plain = {"inst_id": 1, "sid": 42, "username": "APP", "lock_type": "TM", "object_id": 600, "lmode": 3}
    return row_of("index_locks", **plain | values)


def test_an_interrupted_build_is_cleaned_up_before_its_index_is_rebuilt() -> None:
    unusable = judge([index(status="UNUSABLE")]).findings
    left = index_findings.interrupted(journal(), locks=[])
    clean, rebuild = index_steps.steps([*unusable, left], DEFAULTS)
    assert "ONLINE_INDEX_CLEAN(700, SYS.DBMS_REPAIR.LOCK_NOWAIT)" in clean.statements[0]
    assert rebuild.statements == ('ALTER INDEX "SALES"."ORDERS_IX" REBUILD ONLINE',)
    assert rebuild.after == (clean.key,)


@pytest.mark.parametrize("locks", [None, [lock()]])
def test_a_build_that_may_still_run_is_never_cleaned_up(locks: list[Row] | None) -> None:
    finding = index_findings.interrupted(journal(), locks=locks)
    assert index_steps.steps([finding], DEFAULTS) == []


def test_a_finding_names_who_is_in_the_way_and_since_when() -> None:
    locks = [lock(sid=1), lock(sid=42, transaction_minutes=75)]
    assert index_findings.held_by(locks) == "session 42 of APP, with a transaction open for 75 minutes"
    assert (
        index_findings.held_by([lock(username=None, program="oracle@host (SMON)")])
        == "session 42 of oracle@host (SMON)"
    )


def test_an_unused_index_is_hidden_and_never_dropped() -> None:
    row = row_of(
        "unused_indexes", owner="SALES", index_name="Old ix", table_owner="SALES", table_name="ORDERS", created_on="2020-01-01",
        accesses=0, object_id=700,
    )  # fmt: skip
    finding = index_findings.unused(row, DEFAULTS, is_sampled=True)
    assert "never used as far as the database has counted; the database counts by samples" in finding.summary
    (step,) = index_steps.steps([finding], DEFAULTS)
    assert step.statements == ('ALTER INDEX "SALES"."Old ix" INVISIBLE',)
    assert step.undo == ('ALTER INDEX "SALES"."Old ix" VISIBLE',)
    assert step.reversal().begin == ""


def widths(**values: Any) -> dict[str, Any]:
    """100,000 entries of 20 bytes in a plain index, in 10,000 blocks of 8 kB where about 430 would do."""
    plain = {
        **{name: value for name, value in index().items() if name in row_of("index_widths")}, "leaf_blocks": 10_000,
        "num_rows": 100_000, "pct_free": 10, "ini_trans": 2, "block_size": 8192, "last_analyzed": "2026-11-01 22:00:05",
        "columns_counted": 2, "columns_known": 2, "width_bytes": 20, "table_rows": 100_000, "table_partitioned": "NO",
        "stale_stats": "NO", "changed_rows": 0,
    }  # fmt: skip
    return row_of("index_widths", **plain | values)


@pytest.mark.parametrize(
    ("values", "blocks"),
    [
        pytest.param(
            {}, 429, id="100,000 × (20 + 11) bytes in blocks of 8192 - 113 - 2 × 24 bytes that are filled to 90 %"
        ),
        pytest.param({"uniqueness": "UNIQUE"}, 416, id="the length of a row's address is not kept"),
        pytest.param({"table_partitioned": "YES"}, 485, id="an address of 10 bytes in a global index"),
        pytest.param({"ini_trans": 100}, 607, id="many slots for transactions leave less room"),
        pytest.param({"ini_trans": None, "pct_free": None}, 429, id="nothing told"),
        pytest.param({"num_rows": 60_000}, 369, id="all bytes of the columns lie in the rows that have an entry"),
        pytest.param({"num_rows": 110_000, "table_rows": 100_000}, 472, id="counted at different times"),
        pytest.param({"num_rows": 0, "table_rows": 0}, 1, id="empty"),
    ],
)
def test_the_size_after_a_rebuild_is_estimated_from_the_widths(values: dict[str, Any], blocks: int) -> None:
    assert index_bloat.expected_bytes(widths(**values)) == blocks * 8192


@pytest.mark.parametrize(
    ("values", "is_found"),
    [
        ({}, True),
        ({"leaf_blocks": 429}, False),
        ({"leaf_blocks": 8192 + 429}, True),
        ({"leaf_blocks": 8192 + 428}, False),
        ({"num_rows": 1_500_000}, False),
        ({"leaf_blocks": 100_000, "num_rows": 14_100_000}, False),
        ({"leaf_blocks": 100_000, "num_rows": 13_900_000}, True),
    ],
)
def test_bloat_needs_both_floors(values: dict[str, Any], is_found: bool) -> None:
    finding = index_bloat.bloated(widths(**values), DEFAULTS, How(is_online=True), Room())
    assert (finding is not None) is is_found


def test_a_bloated_index_is_rebuilt_with_its_evidence() -> None:
    finding = index_bloat.bloated(widths(), DEFAULTS, How(is_online=True), Room(429 * 8192, 10**9))
    assert finding is not None
    assert finding.summary == "Index SALES.ORDERS_IX takes 78.1 MB where about 3.4 MB would do (96 % to win)."
    assert finding.evidence["method"] == "estimate from statistics"
    (step,) = index_steps.steps([finding], DEFAULTS)
    assert step.statements == ('ALTER INDEX "SALES"."ORDERS_IX" REBUILD ONLINE',)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, None),
        ({"last_analyzed": None}, "without statistics"),
        ({"num_rows": None}, "without statistics"),
        ({"num_rows": 49_999}, "with entries for fewer than half of the rows"),
        ({"num_rows": 50_000}, None),
        ({"stattype_locked": "ALL"}, "with locked statistics"),
        ({"columns_known": 1}, "without statistics of each column"),
        ({"stale_stats": "YES"}, "with stale statistics"),
        ({"stale_stats": None}, "with stale statistics"),
        ({"truncated": "YES"}, "with stale statistics"),
        ({"changed_rows": 10_001}, "with stale statistics"),
        ({"changed_rows": 10_000}, None),
    ],
)
def test_an_estimate_is_not_made_from_statistics_that_cannot_be_trusted(
    values: dict[str, Any], why: str | None
) -> None:
    assert index_bloat.distrust(widths(**values), 10) == why
