"""Index and statistics maintenance through the session itself, down to what the driver is given."""

from __future__ import annotations

from typing import Any

from strategies.plans import ErrorClass, LeftBehind
from strategies.platforms.oracle import indexes, statistics
from strategies.platforms.oracle.stated import Stated
from strategies.routines.index_maintenance import IndexParameters
from strategies.routines.statistics_maintenance import StatisticsParameters
from tests.strategies.platforms.oracle.dictionary import ENTERPRISE, STANDARD, account, index, row_of
from tests.strategies.platforms.oracle.test_index_findings import journal
from tests.strategies.platforms.oracle.test_session import a_session, sent
from tests.strategies.platforms.oracle.test_statistics import changed, clock
from tests.strategies.platforms.oracle.transport import Connection, oracle_error

MEGABYTES = 1_048_576
INDEXES, STATISTICS = IndexParameters(rebuild_degree=2), StatisticsParameters()


def unusable(**more: Any) -> Connection:
    return Connection({
        **account(), "indexes": [index(status="UNUSABLE", degree=" DEFAULT", instances=" DEFAULT")],
        "index_segments": [row_of("index_segments", tablespace_name="USERS", bytes=100 * MEGABYTES)],
        "tablespace_room": [row_of("tablespace_room", tablespace_name="USERS", status="ONLINE", free_bytes=900 * MEGABYTES)], **more,
    })  # fmt: skip


def test_an_edition_that_is_stated_in_the_address_decides_how_an_index_is_rebuilt() -> None:
    for stated, expected in ((ENTERPRISE, 1), (STANDARD, 0), (Stated(), 0)):
        session = a_session(unusable(), stated=stated)
        assert len(indexes.CONCERN.steps(indexes.CONCERN.assess(session, INDEXES, "ALL").findings, INDEXES)) == expected


def test_a_rebuild_that_an_interrupted_build_refuses_is_cleaned_up_and_tried_again() -> None:
    refused = oracle_error(8104, "this index object 700 is being online built or rebuilt")
    connection = unusable(**{"~REBUILD ONLINE PARALLEL 2": refused})
    session = a_session(connection, stated=ENTERPRISE)
    (step,) = indexes.CONCERN.steps(indexes.CONCERN.assess(session, INDEXES, "ALL").findings, INDEXES)
    error = session.execute(step).error
    assert error is not None
    assert error.error_class is ErrorClass.LOCK, "it may pass: SMON cleans up by itself"
    connection.answers["index_journals"] = [journal()]
    assert indexes.CONCERN.state_left(session, step).kind is LeftBehind.NEEDS_CLEANUP
    (clean_up,) = indexes.CONCERN.clean_up(session, step)
    connection.sent.clear()
    assert session.execute(clean_up).error is None
    assert sent(connection) == ["ALTER SESSION SET ddl_lock_timeout = 5", clean_up.statements[0]]
    connection.answers |= {"index_journals": [], "~REBUILD ONLINE PARALLEL 2": []}
    assert indexes.CONCERN.is_needed(session, step).is_needed
    connection.sent.clear()
    assert session.execute(step).error is None
    assert sent(connection) == [
        "ALTER SESSION SET ddl_lock_timeout = 5",
        'ALTER INDEX "SALES"."ORDERS_IX" REBUILD ONLINE PARALLEL 2',
        'ALTER INDEX "SALES"."ORDERS_IX" PARALLEL',
    ]
    connection.answers["indexes"] = [index(data_object_id=701, degree=" DEFAULT", instances=" DEFAULT")]
    assert indexes.CONCERN.verify(session, step, None).ok


def test_a_clean_up_that_was_refused_is_an_error_of_the_step() -> None:
    raised = oracle_error(
        20001, "The interrupted build could not be cleaned up: its table is in use.\nORA-06512: at line 3"
    )
    connection = unusable(indexes=[], index_journals=[journal()], **{"~ONLINE_INDEX_CLEAN": raised})
    session = a_session(connection, stated=ENTERPRISE)
    (step,) = indexes.CONCERN.steps(indexes.CONCERN.assess(session, INDEXES, "ALL").findings, INDEXES)
    error = session.execute(step).error
    assert error is not None
    assert str(error) == "ORA-20001: The interrupted build could not be cleaned up: its table is in use."


def test_statistics_are_gathered_and_restored_through_the_session() -> None:
    refused = oracle_error(20000, "Unable to flush: insufficient privileges")
    connection = Connection({
        **account(), "table_statistics": [changed(updates=5000)], "statistics_clock": [clock()],
        "automatic_statistics": oracle_error(942, "table or view does not exist"), "~FLUSH_DATABASE_MONITORING_INFO": refused,
    })  # fmt: skip
    session = a_session(connection, stated=STANDARD)
    seen = statistics.CONCERN.assess(session, STATISTICS, "ALL")
    assert ["may not be counted" in seen.notes[0], "cannot be seen" in seen.notes[1]] == [True, True]
    (step,) = statistics.CONCERN.steps(seen.findings, STATISTICS)
    connection.sent.clear()
    assert session.execute(step).error is None
    assert session.execute(step.reversal()).error is None
    assert sent(connection) == [*step.statements, *step.undo], "each block by itself: nothing opens a transaction"
