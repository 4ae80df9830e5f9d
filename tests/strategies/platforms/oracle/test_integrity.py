"""INTEGRITY_VALIDATION on Oracle: dictionary rows in, exact statements out; damage is told by its number. No server was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import ErrorClass, Locks, Outcome, Step, TargetError
from strategies.platforms.base import ObjectUnknown
from strategies.platforms.oracle import integrity_findings
from strategies.platforms.oracle.integrity import CONCERN
from strategies.routines.integrity_validation import ROUTINE, IntegrityParameters
from tests.strategies.platforms.oracle.dictionary import ON_OTHERS, Answer, Dictionary, account, no_right, row_of
from tests.strategies.platforms.oracle.views import asked

PARAMETERS = IntegrityParameters(lock_wait_seconds=7)
COMPILING = IntegrityParameters(compile_invalid=True)
HOSTILE = ["lower", "Two Words", "SELECT", "naïve 表", "A$B#C", "it's", "a;DROP TABLE t--", "100%", "{x}", ":name"]
BLOCKS = row_of(
    "corrupt_blocks", file_id=7, first_block=120, blocks=8, corruption_type="CHECKSUM", con_id=3, is_here="YES"
)


def table(name: str = "ORDERS", **values: Any) -> dict[str, Any]:
    return row_of("validatable_tables", owner="SALES", table_name=name, size_bytes=65536) | values


def invalid(object_type: str, name: str = "PRICES") -> dict[str, Any]:
    return row_of("invalid_objects", owner="SALES", object_name=name, object_type=object_type)


def constraint(**values: Any) -> dict[str, Any]:
    plain = {
        "owner": "SALES", "table_name": "ORDERS", "constraint_name": "ORDERS_FK", "constraint_type": "R", "status": "ENABLED",
        "validated": "NOT VALIDATED",
    }  # fmt: skip
    return row_of("weak_constraints", **plain | values)


def scripted(**answers: Answer) -> Dictionary:
    return Dictionary({"find_table_or_index": [{"owner": "SALES", "object_type": "TABLE"}], **answers})


def planned(
    session: Dictionary, parameters: IntegrityParameters = PARAMETERS, target: str = "ALL"
) -> tuple[list[Step], Assessment]:
    """The steps as a runner has them, back from JSON, and what the look saw."""
    seen = ROUTINE.assess(session, CONCERN, parameters, target)
    plan = ROUTINE.plan(platform="oracle", target="t", concern=CONCERN, parameters=parameters, assessment=seen)
    return [Step.from_json(json.loads(json.dumps(step.as_json()))) for step in plan.steps], seen


def test_a_table_is_validated_with_its_indexes_while_others_write() -> None:
    steps, seen = planned(scripted(validatable_tables=[table()]))
    (step,) = steps
    assert step.statements == ('ANALYZE TABLE "SALES"."ORDERS" VALIDATE STRUCTURE CASCADE ONLINE',)
    assert step.settings == ("ALTER SESSION SET ddl_lock_timeout = 7",)
    assert (step.locks, step.operation_type, step.is_check) == (Locks.NONE, "VALIDATE", True)
    assert seen.findings == ()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_quoted(name: str) -> None:
    (step,) = planned(scripted(validatable_tables=[table(name)]))[0]
    assert step.statements == (f'ANALYZE TABLE "SALES"."{name}" VALIDATE STRUCTURE CASCADE ONLINE',)


def test_a_name_that_no_statement_can_hold_is_left_out_and_said_so() -> None:
    steps, seen = planned(scripted(validatable_tables=[table('a"b')]))
    assert steps == []
    assert "cannot be written in a statement" in seen.notes[0]


def test_what_is_left_out_is_counted() -> None:
    left = row_of("tables_left_out", partitioned=3, clustered=0, index_organized=1, external=2, nested=1, of_objects=1)
    notes = planned(scripted(tables_left_out=[left]))[1].notes
    assert notes == (
        "3 partitioned tables are not checked: that needs a table of the account to list misplaced rows in.",
        "1 index-organized table is not checked.",
        "2 external tables are not checked: what they read lies outside of the database.",
        "1 nested table is not checked.",
        "1 object table is not checked: tables of XMLType count among them.",
    )


@pytest.mark.parametrize(
    "code", ["ORA-01115", "ORA-01499", "ORA-08102", "ORA-01578", "ORA-00600", "ORA-26040", "ORA-01498"]
)
def test_damage_is_told_by_its_number_and_kept(code: str) -> None:
    (step,) = planned(scripted(validatable_tables=[table()]))[0]
    told = CONCERN.explain(step, TargetError(ErrorClass.PERMANENT, code, "table/index cross reference failure"))
    assert told is not None
    assert told.message == f"SALES.ORDERS is damaged: {code}: table/index cross reference failure."
    assert told.error == TargetError(ErrorClass.PERMANENT, code, told.message)
    assert told.finding is not None
    assert (told.finding.severity, told.finding.object) == (Severity.CRITICAL, "SALES.ORDERS")
    assert CONCERN.steps([told.finding], COMPILING) == [], "nothing is repaired by itself"


def test_other_errors_are_no_damage() -> None:
    (step,) = planned(scripted(validatable_tables=[table()]))[0]
    assert CONCERN.explain(step, TargetError(ErrorClass.LOCK, "ORA-00054", "busy")) is None
    assert CONCERN.explain(step, TargetError(ErrorClass.PERMANENT, "ORA-01031", "no right")) is None


def test_a_check_that_ended_without_an_error_is_clean_and_one_that_was_cut_off_is_not() -> None:
    session = scripted(validatable_tables=[table()])
    (step,) = planned(session)[0]
    assert CONCERN.is_needed(session, step).is_needed
    assert CONCERN.verify(session, step, Outcome(1)).ok
    assert not CONCERN.verify(session, step, None).ok
    assert not CONCERN.is_needed(scripted(), step).is_needed


def test_known_bad_blocks_are_told_with_their_segment_and_how_fresh_that_is() -> None:
    segment = row_of(
        "owners_of_blocks", owner="SALES", segment_name="ORDERS", partition_name="P1", segment_type="TABLE PARTITION"
    )
    session = scripted(corrupt_blocks=[BLOCKS], owners_of_blocks=[segment])
    (finding,) = planned(session)[1].findings
    assert (finding.severity, finding.object) == (Severity.CRITICAL, "SALES.ORDERS.P1 (file 7, blocks 120 to 127)")
    assert "as fresh as the last backup or validation with RMAN" in finding.advice
    assert ("owners_of_blocks", {"file_id": 7, "first_block": 120, "last_block": 127}) in session.asked


@pytest.mark.parametrize(
    ("free", "severity", "words"),
    [
        ([(100, 100)], Severity.WARNING, "Blocks in free space are damaged"),
        ([(100, 24), (124, 8)], Severity.WARNING, "Blocks in free space are damaged"),
        ([(100, 24)], Severity.CRITICAL, "belong to no segment and are not free"),
        ([], Severity.CRITICAL, "belong to no segment and are not free"),
        (no_right("DBA_FREE_SPACE"), Severity.CRITICAL, "whose they are cannot be seen"),
    ],
)
def test_bad_blocks_of_no_segment_matter_less_only_where_they_are_known_to_be_free(
    free: Any, severity: Severity, words: str
) -> None:
    """The header of a file and the map of its space belong to no segment either."""
    rows = (
        [row_of("free_blocks", first_block=first, blocks=blocks) for first, blocks in free]
        if isinstance(free, list)
        else free
    )
    session = scripted(corrupt_blocks=[BLOCKS], free_blocks=rows)
    (finding,) = planned(session)[1].findings
    assert (finding.severity, finding.object) == (severity, "file 7, blocks 120 to 127")
    assert words in finding.summary
    assert ("free_blocks", {"file_id": 7, "first_block": 120, "last_block": 127}) in session.asked


def test_bad_blocks_whose_segments_cannot_be_seen_matter_all_the_same() -> None:
    seen = planned(scripted(corrupt_blocks=[BLOCKS], owners_of_blocks=no_right("DBA_EXTENTS")))[1]
    assert seen.findings[0].severity is Severity.CRITICAL
    assert "whose they are cannot be seen" in seen.findings[0].summary
    assert "Whose the damaged blocks are cannot be seen" in seen.notes[0]


def test_bad_blocks_of_another_container_are_not_taken_for_free_space() -> None:
    session = scripted(corrupt_blocks=[{**BLOCKS, "is_here": "NO", "con_id": 5}])
    (finding,) = planned(session)[1].findings
    assert finding.severity is Severity.CRITICAL
    assert "they belong to another container (CON_ID 5)" in finding.summary
    assert "owners_of_blocks" not in dict(session.asked)


def test_blocks_that_both_views_know_are_told_once() -> None:
    session = scripted(corrupt_blocks=[BLOCKS, BLOCKS], nonlogged_blocks=[{**BLOCKS, "corruption_type": "NOLOGGING"}])
    (finding,) = planned(session)[1].findings
    assert "CHECKSUM" in finding.summary


def test_only_the_first_bad_blocks_are_mapped() -> None:
    session = scripted(corrupt_blocks=[{**BLOCKS, "first_block": 1000 * n} for n in range(30)])
    seen = planned(session)[1]
    assert len(seen.findings) == 20
    assert seen.notes == ("30 ranges of damaged blocks are known; only the first 20 are told here.",)
    assert seen.unchecked == (("corrupt_blocks", ""),), "those that are not told here are not gone"


@pytest.mark.parametrize(
    ("object_type", "statement"),
    [
        ("VIEW", 'ALTER VIEW "SALES"."PRICES" COMPILE'),
        ("MATERIALIZED VIEW", 'ALTER MATERIALIZED VIEW "SALES"."PRICES" COMPILE'),
        ("FUNCTION", 'ALTER FUNCTION "SALES"."PRICES" COMPILE REUSE SETTINGS'),
        ("PROCEDURE", 'ALTER PROCEDURE "SALES"."PRICES" COMPILE REUSE SETTINGS'),
        ("TRIGGER", 'ALTER TRIGGER "SALES"."PRICES" COMPILE REUSE SETTINGS'),
        ("PACKAGE", 'ALTER PACKAGE "SALES"."PRICES" COMPILE SPECIFICATION REUSE SETTINGS'),
        ("PACKAGE BODY", 'ALTER PACKAGE "SALES"."PRICES" COMPILE BODY REUSE SETTINGS'),
        ("TYPE", 'ALTER TYPE "SALES"."PRICES" COMPILE SPECIFICATION REUSE SETTINGS'),
        ("TYPE BODY", 'ALTER TYPE "SALES"."PRICES" COMPILE BODY REUSE SETTINGS'),
    ],
)
def test_an_invalid_object_is_compiled_only_if_asked_for(object_type: str, statement: str) -> None:
    session = scripted(invalid_objects=[invalid(object_type)])
    assert planned(session)[0] == []
    (step,) = planned(session, COMPILING)[0]
    assert step.statements == (statement,)
    assert CONCERN.is_needed(session, step).is_needed
    assert not CONCERN.verify(session, step, Outcome(1)).ok
    assert CONCERN.verify(scripted(), step, Outcome(1)).ok
    assert not CONCERN.is_needed(scripted(), step).is_needed


def test_what_others_need_is_compiled_first_and_other_kinds_are_left_to_people() -> None:
    rows = [invalid(kind) for kind in ("TRIGGER", "PACKAGE BODY", "JAVA CLASS", "SYNONYM", "PACKAGE", "TYPE")]
    assert [step.object_type for step in planned(scripted(invalid_objects=rows), COMPILING)[0]] == [
        "TYPE", "PACKAGE", "PACKAGE BODY", "TRIGGER",
    ]  # fmt: skip
    can_plan = {row["object_type"]: integrity_findings.invalid_object(row).evidence["can_plan"] for row in rows}
    assert [kind for kind, can in can_plan.items() if not can] == ["JAVA CLASS", "SYNONYM"]
    assert not integrity_findings.invalid_object(invalid("VIEW", 'a"b')).evidence["can_plan"]


def test_a_package_and_its_body_are_two_findings() -> None:
    seen = planned(scripted(invalid_objects=[invalid("PACKAGE"), invalid("PACKAGE BODY")]))[1]
    assert len({(finding.kind, finding.object) for finding in seen.findings}) == 2


@pytest.mark.parametrize(
    ("values", "kind", "severity", "how"),
    [
        ({}, "unvalidated_constraint", Severity.WARNING, 'MODIFY CONSTRAINT "ORDERS_FK" VALIDATE'),
        (
            {"status": "DISABLED"}, "disabled_constraint", Severity.WARNING,
            'MODIFY CONSTRAINT "ORDERS_FK" ENABLE NOVALIDATE, and then ALTER TABLE',
        ),
        ({"rely": "RELY"}, "unvalidated_constraint", Severity.INFO, "It is declared RELY, so this may be meant."),
    ],
)  # fmt: skip
def test_a_weak_constraint_is_told_with_what_a_person_can_do(
    values: dict, kind: str, severity: Severity, how: str
) -> None:
    finding = integrity_findings.weak_constraint(constraint(**values))
    assert (finding.kind, finding.severity, finding.object) == (kind, severity, "SALES.ORDERS, constraint ORDERS_FK")
    assert how in finding.advice


@pytest.mark.parametrize(
    ("kind", "index", "builds"), [("P", None, True), ("U", None, True), ("U", "I", False), ("R", None, False)]
)
def test_switching_a_key_on_builds_an_index_where_there_is_none(kind: str, index: str | None, builds: bool) -> None:
    row = constraint(status="DISABLED", constraint_type=kind, index_name=index)
    assert ("writers wait until its index is built" in integrity_findings.weak_constraint(row).advice) == builds


def test_a_disabled_trigger_is_only_for_information() -> None:
    row = row_of("disabled_triggers", owner="SALES", trigger_name="AUDIT", table_owner="SALES", table_name="ORDERS")
    (finding,) = planned(scripted(disabled_triggers=[row]))[1].findings
    assert (finding.severity, finding.summary) == (
        Severity.INFO,
        "The trigger SALES.AUDIT of SALES.ORDERS is switched off.",
    )


def test_one_table_is_looked_at_alone_and_an_index_is_none() -> None:
    session = scripted(validatable_tables=[table()])
    planned(session, target="sales.orders")
    binds = dict(session.asked)
    assert binds["validatable_tables"] == {"owner": "SALES", "table_name": "ORDERS"}
    assert "corrupt_blocks" not in binds
    only_index = scripted(find_table_or_index=[{"owner": "SALES", "object_type": "INDEX"}])
    with pytest.raises(ObjectUnknown, match="is checked with its table"):
        planned(only_index, target="sales.orders_ix")


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("corrupt_blocks", {"corrupt_blocks"}),
        ("nonlogged_blocks", {"corrupt_blocks"}),
        ("invalid_objects", {"invalid_object", "invalid_body"}),
        ("weak_constraints", {"disabled_constraint", "unvalidated_constraint"}),
        ("disabled_triggers", {"disabled_trigger"}),
    ],
)
def test_what_was_found_of_what_cannot_be_seen_any_more_stands(query: str, kinds: set[str]) -> None:
    session = Dictionary({query: no_right(query)})
    assert set(planned(session)[1].unchecked) == {(kind, "") for kind in kinds}


def test_what_the_account_may_not_see_is_noted_and_the_checks_go_on() -> None:
    session = scripted(validatable_tables=[table()], invalid_objects=no_right("DBA_OBJECTS"))
    steps, seen = planned(session)
    assert len(steps) == 1
    assert seen.notes[0].startswith("Which objects are invalid cannot be seen (ORA-00942")


@pytest.mark.parametrize("own", [[], [row_of("own_tables", table_name="T")]])
def test_the_right_to_analyze_is_missed_by_who_owns_no_tables(own: list[dict[str, Any]]) -> None:
    session = scripted(own_tables=own, **account(privileges=()))
    missing = {right.right: right.blocks for right in CONCERN.missing_rights(session, PARAMETERS)}
    assert missing["ANALYZE ANY"] is (own == [])
    assert "ALTER ANY PROCEDURE" not in missing
    compiling = {right.right: right.blocks for right in CONCERN.missing_rights(session, COMPILING)}
    assert compiling["ALTER ANY PROCEDURE"] is False


def test_tables_of_others_that_the_account_may_not_validate_are_counted_in_one_note_and_what_was_found_stands() -> None:
    others = [table(name) for name in ("ORDERS", "LINES")]
    session = scripted(validatable_tables=[*others, table(owner="ME")], **account(name="ME", privileges=()))
    steps, seen = planned(session)
    assert [step.object for step in steps] == ["ME.ORDERS"]
    assert seen.notes == (
        "2 tables of other accounts are not checked: that needs ANALYZE ANY, or to be the owner itself.",
    )
    assert seen.unchecked == (("failed_check", "SALES.ORDERS"), ("failed_check", "SALES.LINES"))


@pytest.mark.parametrize(
    ("object_type", "privilege"),
    [
        ("VIEW", "ALTER ANY TABLE"), ("MATERIALIZED VIEW", "ALTER ANY MATERIALIZED VIEW"), ("FUNCTION", "ALTER ANY PROCEDURE"),
        ("PROCEDURE", "ALTER ANY PROCEDURE"), ("PACKAGE", "ALTER ANY PROCEDURE"), ("PACKAGE BODY", "ALTER ANY PROCEDURE"),
        ("TYPE", "ALTER ANY TYPE"), ("TYPE BODY", "ALTER ANY TYPE"), ("TRIGGER", "ALTER ANY TRIGGER"),
    ],
)  # fmt: skip
def test_what_others_own_is_compiled_only_with_the_right_for_its_kind(object_type: str, privilege: str) -> None:
    rows = [invalid(object_type), {**invalid(object_type), "owner": "ME"}]
    others = [right for right in ON_OTHERS if right != privilege]
    session = scripted(invalid_objects=rows, **account(name="ME", privileges=others))
    steps, seen = planned(session, COMPILING)
    assert [step.object for step in steps] == ["ME.PRICES"]
    advice = {finding.object: finding.advice for finding in seen.findings}
    assert advice["SALES.PRICES"] == f"Left alone: the account needs {privilege}, or to be SALES itself."
    told = {finding.object: finding.advice for finding in planned(session)[1].findings}
    assert told["SALES.PRICES"] == told["ME.PRICES"] == advice["ME.PRICES"], "nothing was to be compiled"
    session.answers["system_privileges"] = [row_of("system_privileges", privilege=privilege)]
    assert len(planned(session, COMPILING)[0]) == 2


def test_a_compilation_does_not_count_as_a_check() -> None:
    (step,) = planned(scripted(invalid_objects=[invalid("VIEW")]), COMPILING)[0]
    assert not step.is_check
    assert CONCERN.explain(step, TargetError(ErrorClass.PERMANENT, "ORA-00600", "x")) is None
    assert isinstance(integrity_findings.invalid_object(invalid("VIEW")), Finding)


def test_a_free_extent_counts_where_it_meets_the_blocks() -> None:
    extents = [(7, 100, 20), (7, 115, 5), (7, 128, 8), (8, 120, 8), (7, 112, 9), (7, 127, 1)]
    rows = [dict(zip(("file_id", "block_id", "blocks"), extent, strict=True)) for extent in extents]
    found = asked("free_blocks", {"dba_free_space": rows}, file_id=7, first_block=120, last_block=127)
    assert [(row["first_block"], row["blocks"]) for row in found] == [(112, 9), (127, 1)]


def test_each_table_that_is_left_out_is_counted_once() -> None:
    plain = {"owner": "SALES", "temporary": "N", "partitioned": "NO", "external": "NO", "nested": "NO", "dropped": "NO"}
    kinds: list[dict[str, Any]] = [
        {}, {"partitioned": "YES"}, {"partitioned": "YES", "external": "YES"}, {"external": "YES"}, {"nested": "YES"},
        {"iot_type": "IOT"}, {"iot_type": "IOT_OVERFLOW"}, {"partitioned": "YES", "iot_type": "IOT"}, {"cluster_name": "C"},
        {"temporary": "Y", "nested": "YES"},
    ]  # fmt: skip
    tables = [{**plain, **kind, "table_name": f"T{n}"} for n, kind in enumerate(kinds)]
    of_objects = [
        {"owner": owner, "table_name": name, "temporary": temporary, "dropped": dropped}
        for owner, name, temporary, dropped in (
            ("SALES", "O1", "N", "NO"), ("SALES", "O2", "N", None), ("SALES", "O3", "Y", "NO"), ("SALES", "O4", "N", "YES"),
            ("XDB", "O5", "N", "NO"),
        )
    ]  # fmt: skip
    users = [{"username": "SALES", "oracle_maintained": "N"}, {"username": "XDB", "oracle_maintained": "Y"}]
    views = {"dba_tables": tables, "dba_object_tables": of_objects, "dba_users": users}
    assert asked("tables_left_out", views, owner=None, table_name=None) == [
        {"partitioned": 2, "clustered": 1, "index_organized": 1, "external": 2, "nested": 1, "of_objects": 2}
    ]
    (one,) = asked("tables_left_out", views, owner="SALES", table_name="O1")
    assert (one["partitioned"], one["of_objects"]) == (0, 1)
