from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from strategies.plans import ErrorClass, LeftBehind, Outcome, Step, StepRole, TargetError
from strategies.platforms.base import ObjectUnknown, PlatformError
from strategies.platforms.oracle.indexes import CONCERN
from strategies.routines.index_maintenance import IndexParameters
from tests.strategies.platforms.oracle.dictionary import (
    STANDARD,
    Answer,
    Dictionary,
    account,
    index,
    no_right,
    part,
    row_of,
)
from tests.strategies.platforms.oracle.test_index_findings import journal, lock, widths

MB = 1_048_576
DEFAULTS = IndexParameters()
PARALLEL = IndexParameters(rebuild_degree=4)


def segment(part_name: str | None = None, megabytes: int = 100) -> Mapping[str, Any]:
    return row_of("index_segments", part_name=part_name, tablespace_name="USERS", bytes=megabytes * MB)


def room(megabytes: int, status: str = "ONLINE") -> Mapping[str, Any]:
    return row_of("tablespace_room", tablespace_name="USERS", status=status, free_bytes=megabytes * MB)


def database(**answers: Answer) -> Dictionary:
    """With one unusable index of 100 MB, and room for it."""
    usual: dict[str, Answer] = {
        "indexes": [index(status="UNUSABLE")], "index_segments": [segment()], "tablespace_room": [room(1000)],
    }  # fmt: skip
    return Dictionary({**usual, **answers})


def the_step(session: Dictionary, parameters: IndexParameters = DEFAULTS) -> Step:
    (step,) = CONCERN.steps(CONCERN.assess(session, parameters, "ALL").findings, parameters)
    return step


def rebuilt(**values: Any) -> Mapping[str, Any]:
    return index(**{"status": "VALID", "data_object_id": 701, **values})


def verdict(step: Step, session: Dictionary) -> tuple[bool, str]:
    checked = CONCERN.verify(session, step, Outcome(1))
    return checked.ok, checked.message


def test_an_unusable_index_is_found_rebuilt_and_seen_to_be_usable() -> None:
    session = database()
    step = the_step(session)
    assert CONCERN.is_needed(session, step).is_needed
    session.execute(step)
    assert session.sent == ["ALTER SESSION SET ddl_lock_timeout = 5", 'ALTER INDEX "SALES"."ORDERS_IX" REBUILD ONLINE']
    session.answers |= {"indexes": [rebuilt()], "index_segments": [segment(megabytes=40)]}
    assert verdict(step, session) == (True, "Usable and new: 100.0 MB before, 40.0 MB now.")
    assert not CONCERN.is_needed(session, step).is_needed


def test_without_an_edition_stated_nothing_is_planned() -> None:
    session = database()
    session.stated = STANDARD
    assert CONCERN.steps(CONCERN.assess(session, DEFAULTS, "ALL").findings, DEFAULTS) == []


@pytest.mark.parametrize(
    ("typed", "owner", "name"),
    [
        ("orders", None, "ORDERS"),
        ("sales.orders", "SALES", "ORDERS"),
        ('"Sales"."Order lines"', "Sales", "Order lines"),
    ],
)
def test_an_object_is_looked_up_as_oracle_reads_its_name(typed: str, owner: str | None, name: str) -> None:
    session = database(find_table_or_index=[row_of("find_table_or_index", owner=owner or "ME", object_type="TABLE")])
    CONCERN.assess(session, DEFAULTS, typed)
    assert session.asked[0] == ("find_table_or_index", {"owner": owner, "name": name})
    assert session.asked[1][1] | {"everything": 0} == {
        "owner": owner or "ME", "index_name": name, "table_name": name, "everything": 0,
    }  # fmt: skip


@pytest.mark.parametrize("typed", ["nothing_here", "a.b.c", '"', "", 'SALES."A\0"'])
def test_a_name_that_is_none_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(ObjectUnknown, match=r"no name|neither a table nor an index"):
        CONCERN.assess(Dictionary(), DEFAULTS, typed)


def test_room_that_cannot_be_read_is_a_note_and_no_reason_to_do_nothing() -> None:
    session = database(tablespace_room=no_right("DBA_TABLESPACE_USAGE_METRICS"))
    seen = CONCERN.assess(session, DEFAULTS, "ALL")
    assert len(CONCERN.steps(seen.findings, DEFAULTS)) == 1
    assert "How much room the tablespaces have cannot be read" in seen.notes[0]


def test_a_lost_connection_is_not_taken_for_a_missing_right() -> None:
    lost = PlatformError(TargetError(ErrorClass.LOST, "DPY-4011", "the connection was closed"))
    for name in ("tablespace_room", "indexes"):
        with pytest.raises(PlatformError):
            CONCERN.assess(database(**{name: lost}), DEFAULTS, "ALL")


def test_room_that_has_gone_since_stops_the_step_before_anything_is_sent() -> None:
    session = database()
    step = the_step(session)
    session.answers["tablespace_room"] = [room(99)]
    with pytest.raises(PlatformError, match="needs about 100 MB") as refusal:
        CONCERN.is_needed(session, step)
    assert refusal.value.error.error_class is ErrorClass.PERMANENT


def test_nothing_is_rebuilt_in_a_tablespace_that_takes_no_writes() -> None:
    session = database(index_segments=[], tablespace_room=[room(1000, "READ ONLY")])
    seen = CONCERN.assess(session, DEFAULTS, "ALL")
    assert seen.findings[0].advice == "Its tablespace is read only, and a rebuild writes a new copy there."
    assert CONCERN.steps(seen.findings, DEFAULTS) == []
    session.answers["tablespace_room"] = [row_of("tablespace_room", tablespace_name="USERS", status="ONLINE")]
    step = the_step(session)
    session.answers["tablespace_room"] = [room(1000, "OFFLINE")]
    with pytest.raises(PlatformError, match="Its tablespace is offline"):
        CONCERN.is_needed(session, step)


def test_a_rebuild_does_not_queue_behind_an_old_transaction() -> None:
    session = database()
    step = the_step(session)
    session.answers["index_locks"] = [lock(transaction_minutes=29)]
    assert CONCERN.is_needed(session, step).is_needed
    session.answers["index_locks"] = [lock(transaction_minutes=30)]
    with pytest.raises(PlatformError, match="session 42 of APP, with a transaction open for 30 minutes") as refusal:
        CONCERN.is_needed(session, step)
    assert refusal.value.error.error_class is ErrorClass.LOCK


def test_transactions_that_cannot_be_seen_are_a_note() -> None:
    session = database(index_locks=no_right("GV_$LOCK"))
    (note,) = CONCERN.assess(session, DEFAULTS, "ALL").notes
    assert note.startswith("Transactions of others cannot be seen")
    assert CONCERN.is_needed(session, the_step(session)).is_needed
    told = IndexParameters.model_fields["oldest_transaction_minutes"].description or ""
    assert "on Oracle it starts, and the plan says so" in told
    assert CONCERN.assess(database(indexes=[], index_locks=no_right("GV_$LOCK")), DEFAULTS, "ALL").notes == ()


def test_a_key_that_is_too_long_for_an_online_rebuild_is_explained() -> None:
    step = the_step(database())
    refused = TargetError(ErrorClass.PERMANENT, "ORA-01450", "maximum key length (3215) exceeded")
    explained = CONCERN.explain(step, refused)
    assert explained is not None
    assert explained.error is not None
    assert not explained.ok
    assert explained.error.error_class is ErrorClass.PERMANENT
    assert explained.message.startswith("maximum key length (3215) exceeded. Online")
    assert CONCERN.explain(step, TargetError(ErrorClass.LOCK, "ORA-00054", "resource busy")) is None
    offline = the_step(
        database(indexes=[index(status="UNUSABLE", index_type="BITMAP")]), IndexParameters(allow_blocking=True)
    )
    assert CONCERN.explain(offline, refused) is None


def test_an_index_that_is_gone_needs_nothing() -> None:
    session = database()
    step = the_step(session)
    session.answers["indexes"] = []
    assert not CONCERN.is_needed(session, step).is_needed
    assert verdict(step, session) == (False, "The index is gone.")
    assert CONCERN.state_left(session, step).kind is LeftBehind.CLEAN
    assert CONCERN.clean_up(session, step) == []


@pytest.mark.parametrize(
    ("now", "message"),
    [
        (rebuilt(status="UNUSABLE"), "The index is still unusable."),
        (rebuilt(degree="4"), "It was rebuilt, and its parallel degree is 4 now: it was 1."),
        (rebuilt(), "Usable and new: 100.0 MB before, 100.0 MB now."),
    ],
)
def test_success_is_what_the_dictionary_says(now: Mapping[str, Any], message: str) -> None:
    session = database()
    step = the_step(session, PARALLEL)
    session.answers["indexes"] = [now]
    assert verdict(step, session)[1] == message


def test_a_degree_that_stays_is_seen_and_set_back() -> None:
    session = database()
    step = the_step(session, PARALLEL)
    assert step.statements == (
        'ALTER INDEX "SALES"."ORDERS_IX" REBUILD ONLINE PARALLEL 4', 'ALTER INDEX "SALES"."ORDERS_IX" NOPARALLEL',
    )  # fmt: skip
    session.answers["indexes"] = [rebuilt(degree="4")]
    left = CONCERN.state_left(session, step)
    assert left.kind is LeftBehind.NEEDS_CLEANUP
    assert "parallel degree of the index is 4, it was 1" in left.message
    assert left.message.endswith('ALTER INDEX "SALES"."ORDERS_IX" NOPARALLEL sets it back.')
    (clean_up,) = CONCERN.clean_up(session, step)
    assert clean_up.statements == ('ALTER INDEX "SALES"."ORDERS_IX" NOPARALLEL',)
    assert clean_up.role is StepRole.CLEAN_UP
    assert not verdict(clean_up, session)[0]
    session.answers["indexes"] = [rebuilt()]
    assert verdict(clean_up, session) == (True, "The index has its degree back.")


def test_a_degree_that_somebody_else_set_is_left_to_them() -> None:
    session = database()
    step = the_step(session)
    session.answers["indexes"] = [rebuilt(degree="4")]
    assert verdict(step, session)[0]
    assert CONCERN.clean_up(session, step) == []


def test_the_journal_of_a_cancelled_rebuild_is_cleaned_up_for_its_index_alone() -> None:
    session = database()
    step = the_step(session)
    session.answers["index_journals"] = [journal()]
    left = CONCERN.state_left(session, step)
    assert left.kind is LeftBehind.NEEDS_CLEANUP
    assert "SALES.SYS_JOURNAL_700" in left.message
    (clean_up,) = CONCERN.clean_up(session, step)
    assert "ONLINE_INDEX_CLEAN(700, SYS.DBMS_REPAIR.LOCK_NOWAIT)" in clean_up.statements[0]
    assert verdict(clean_up, session) == (False, "The journal of the interrupted build is still there.")
    session.answers["index_journals"] = []
    assert verdict(clean_up, session) == (True, "The journal of the interrupted build is gone.")


def test_an_index_that_was_just_being_created_goes_with_its_journal() -> None:
    """A clean-up undoes an interrupted CREATE INDEX ONLINE as a whole; after an interrupted rebuild the old index stays."""
    session = database(indexes=[], index_journals=[journal()])
    (finding,) = CONCERN.assess(session, DEFAULTS, "ALL").findings
    assert finding.advice.endswith("and an index that was just being created goes as a whole.")
    step = the_step(session)
    session.answers["index_journals"] = []
    assert verdict(step, session) == (True, "The unfinished index is gone with its journal.")


@pytest.mark.parametrize("locks", [[lock()], no_right("GV_$LOCK")], ids=["others at work", "cannot be seen"])
def test_nothing_is_cleaned_up_while_another_build_may_run(locks: Answer) -> None:
    session = database()
    step = the_step(session)
    session.answers |= {"index_journals": [journal()], "index_locks": locks}
    assert CONCERN.clean_up(session, step) == []
    with pytest.raises(PlatformError, match="Not now"):
        CONCERN.is_needed(session, step)


def test_a_rebuild_waits_for_the_clean_up_of_an_interrupted_build() -> None:
    session = database()
    step = the_step(session)
    session.answers["index_journals"] = [journal()]
    with pytest.raises(PlatformError, match="is cleaned up first") as refusal:
        CONCERN.is_needed(session, step)
    assert refusal.value.error.error_class is ErrorClass.LOCK, "so that it is tried again, after the clean-up"


def test_an_interrupted_build_is_found_but_one_at_work_is_only_noted() -> None:
    session = database(indexes=[], index_journals=[journal()])
    assert [finding.kind for finding in CONCERN.assess(session, DEFAULTS, "ALL").findings] == ["interrupted_build"]
    step = the_step(session)
    session.answers |= {"indexes": [index()]}
    assert CONCERN.is_needed(session, step).is_needed
    refused = TargetError(ErrorClass.PERMANENT, "ORA-20001", "The interrupted build could not be cleaned up.")
    explained = CONCERN.explain(step, refused)
    assert explained is not None
    assert explained.error == TargetError(ErrorClass.LOCK, "ORA-20001", refused.message), "so that it is tried again"
    assert CONCERN.explain(the_step(database()), refused) is None
    session.answers["index_locks"] = [lock(lock_type="OD")]
    seen = CONCERN.assess(session, DEFAULTS, "ALL")
    assert seen.findings == ()
    assert "session 42 of APP works on its table" in seen.notes[0]
    assert seen.unchecked == (("interrupted_build", "SALES.ORDERS_IX"),), "what was found of it before stands"


def test_without_the_right_to_clean_up_that_is_left_to_oracle() -> None:
    session = database(index_journals=[journal()], **account(packages=[]))
    kinds = {finding.kind: finding for finding in CONCERN.assess(session, DEFAULTS, "ALL").findings}
    found = kinds["interrupted_build"]
    assert (
        found.advice
        == "Left to Oracle, which cleans up by itself, later: the account lacks EXECUTE ON SYS.DBMS_REPAIR."
    )
    (rebuild,) = CONCERN.steps(list(kinds.values()), DEFAULTS)
    assert CONCERN.clean_up(session, rebuild) == []


def test_the_journal_of_a_partition_belongs_to_that_partition() -> None:
    local = index("ORDERS_LX", status="N/A", partitioned="YES")
    session = database(
        indexes=lambda binds: [local] if binds["everything"] else [],
        index_parts=[part(status="UNUSABLE")],
        index_segments=[segment("P1"), segment("P2", 7)],
    )
    step = the_step(session)
    assert step.object == "SALES.ORDERS_LX partition P1"
    session.answers["index_journals"] = [journal(index_name="ORDERS_LX", part_name="P2", part_level="PARTITION")]
    assert CONCERN.is_needed(session, step).is_needed
    session.answers |= {"index_parts": [part(data_object_id=802)], "index_journals": []}
    assert verdict(step, session) == (True, "Usable and new: 100.0 MB before, 100.0 MB now.")


def test_a_bloated_index_must_be_another_one_afterwards() -> None:
    session = database(indexes=lambda binds: [index()] if binds["everything"] else [], index_widths=[widths()])
    step = the_step(session)
    assert CONCERN.is_needed(session, step).is_needed
    assert verdict(step, session) == (False, "The index is still the old one: it was not rebuilt.")
    session.answers["indexes"] = [rebuilt()]
    assert verdict(step, session)[0]
    assert not CONCERN.is_needed(session, step).is_needed


def test_only_indexes_that_can_pass_the_floor_are_looked_at() -> None:
    session = database()
    CONCERN.assess(session, IndexParameters(bloat_megabytes=10), "ALL")
    assert dict(session.asked)["index_widths"]["least_bytes"] == 10 * MB
    session.asked.clear()
    CONCERN.assess(session, IndexParameters(rebuild_bloated=False, remove_leftovers=False), "ALL")
    assert {name for name, _ in session.asked}.isdisjoint({"index_widths", "index_journals", "unused_indexes"})


def test_large_indexes_whose_statistics_cannot_be_trusted_are_counted() -> None:
    session = database(
        indexes=[], index_widths=[widths(stale_stats="YES"), widths(stale_stats="YES"), widths(num_rows=None)]
    )
    seen = CONCERN.assess(session, DEFAULTS, "ALL")
    assert set(seen.unchecked) == {("bloated_index", "SALES.ORDERS_IX")}, "what was found of it before stands"
    assert seen.notes == (
        "2 large indexes with stale statistics: bloat cannot be told; gather statistics first.",
        "1 large index without statistics: bloat cannot be told; gather statistics first.",
    )
    session = database(indexes=[], index_widths=[widths(num_rows=1000)])
    assert CONCERN.assess(session, DEFAULTS, "ALL").notes == (
        "1 large index with entries for fewer than half of the rows: bloat cannot be told.",
    )


UNUSED = row_of(
    "unused_indexes", owner="SALES", index_name="ORDERS_IX", table_owner="SALES", table_name="ORDERS", created_on="2020-01-01",
    accesses=0, object_id=700,
)  # fmt: skip


def tracking(*, is_enabled: int = 1, collection_type: int = 0, countable_days: int | None = 400) -> Mapping[str, Any]:
    return row_of(
        "index_usage_tracking", is_enabled=is_enabled, collection_type=collection_type, countable_days=countable_days
    )


def test_unused_indexes_are_only_looked_for_when_asked() -> None:
    session = database(indexes=[], unused_indexes=[UNUSED], index_usage_tracking=[tracking()])
    assert CONCERN.assess(session, DEFAULTS, "ALL").findings == ()
    (finding,) = CONCERN.assess(session, IndexParameters(hide_unused=True, unused_days=30), "ALL").findings
    assert finding.kind == "unused_index"
    assert dict(session.asked)["unused_indexes"]["days"] == 30


@pytest.mark.parametrize("rows", [[], [tracking(is_enabled=0)]])
def test_where_use_is_not_counted_no_index_is_called_unused(rows: list[Mapping[str, Any]]) -> None:
    session = database(indexes=[], unused_indexes=[UNUSED], index_usage_tracking=rows)
    seen = CONCERN.assess(session, IndexParameters(hide_unused=True), "ALL")
    assert (seen.findings, seen.notes, seen.unchecked) == (
        (),
        ("The database does not count the use of indexes, so unused ones cannot be told.",),
        (("unused_index", ""),),
    )


@pytest.mark.parametrize(("countable_days", "is_told"), [(90, True), (89, False), (None, False)])
def test_no_index_is_called_unused_before_its_use_could_be_counted_for_so_long(
    countable_days: int | None, is_told: bool
) -> None:
    """A database that was upgraded from before 12.2 knows of no use before that day."""
    session = database(
        indexes=[], unused_indexes=[UNUSED], index_usage_tracking=[tracking(countable_days=countable_days)]
    )
    seen = CONCERN.assess(session, IndexParameters(hide_unused=True, unused_days=90), "ALL")
    assert bool(seen.findings) is is_told
    assert is_told or seen.notes == (
        "The database has not been able to count the use of indexes for 90 days, so unused ones cannot be told yet.",
    )
    told = IndexParameters.model_fields["hide_unused"].description or ""
    assert "has been able to count their use for so long; whether it always did is not known" in told


def test_an_index_is_hidden_and_an_undo_shows_it_again() -> None:
    parameters = IndexParameters(hide_unused=True)
    session = database(
        indexes=lambda binds: [index()] if binds["everything"] else [],
        unused_indexes=[UNUSED],
        index_usage_tracking=[tracking()],
    )
    step = the_step(session, parameters)
    assert CONCERN.is_needed(session, step).is_needed
    assert verdict(step, session) == (False, "The index is still visible.")
    session.answers["indexes"] = [index(visibility="INVISIBLE")]
    assert verdict(step, session) == (True, "The index is invisible.")
    assert not CONCERN.is_needed(session, step).is_needed
    back = step.reversal()
    assert CONCERN.is_needed(session, back).is_needed
    assert not CONCERN.verify_undo(session, back).ok
    session.answers["indexes"] = [index()]
    assert CONCERN.verify_undo(session, back).ok
    assert not CONCERN.is_needed(session, back).is_needed


def test_orphaned_entries_are_gone_when_the_dictionary_says_so() -> None:
    session = database(indexes=[index(orphaned_entries="YES")])
    step = the_step(session)
    assert CONCERN.is_needed(session, step).is_needed
    assert verdict(step, session) == (False, "It still holds orphaned entries.")
    session.answers["indexes"] = [index()]
    assert verdict(step, session) == (True, "The orphaned entries are gone.")


def test_without_any_privilege_only_what_the_account_owns_is_worked_on() -> None:
    rows = [index("A", status="UNUSABLE"), index("B", owner="me", status="UNUSABLE")]
    session = database(indexes=rows, **account(name="me", privileges=["CREATE SESSION"]))
    findings = CONCERN.assess(session, DEFAULTS, "ALL").findings
    assert [step.object for step in CONCERN.steps(findings, DEFAULTS)] == ['"me".B']
    assert findings[0].advice == "Left alone: the account needs ALTER ANY INDEX, or to be SALES itself."


def blocking(session: Dictionary, parameters: IndexParameters = DEFAULTS) -> set[str]:
    return {right.right for right in CONCERN.missing_rights(session, parameters) if right.blocks}


def test_rights_are_asked_for_as_far_as_they_are_needed() -> None:
    weak = database(**account(privileges=["CREATE SESSION", "SELECT ANY DICTIONARY"], packages=[]))
    assert blocking(weak) == {"ALTER ANY INDEX"}
    missing = {right.right: right for right in CONCERN.missing_rights(weak, DEFAULTS)}
    assert missing["EXECUTE ON SYS.DBMS_REPAIR"].grant == 'GRANT EXECUTE ON SYS.DBMS_REPAIR TO "PORTAL";'
    weak.answers["own_tables"] = [row_of("own_tables", table_name="T")]
    assert blocking(weak) == set(), "it can maintain what it owns"
    blind = database(**account(privileges=["CREATE SESSION", "ALTER ANY INDEX"]))
    assert "SELECT ON SYS.DBA_INDEXES" in blocking(blind)
    assert "SELECT ON SYS.GV_$LOCK" not in blocking(blind), "without it nothing is cleaned up, and that is said"
    assert "SELECT ON SYS.DBA_INDEX_USAGE" not in blocking(blind)
    assert "SELECT ON SYS.DBA_INDEX_USAGE" in blocking(blind, IndexParameters(hide_unused=True))


def test_a_step_is_kept_as_json_and_read_back() -> None:
    session = database(indexes=[index(status="UNUSABLE")], index_widths=[widths(index_name="OTHER")])
    for step in CONCERN.steps(CONCERN.assess(session, PARALLEL, "ALL").findings, PARALLEL):
        assert Step.from_json(step.as_json()) == step
