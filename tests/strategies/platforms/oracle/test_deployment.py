"""The package of a strategy in an Oracle schema, and rows of the registry where Oracle is home: situation → exact statements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from strategies.assessments import Assessment
from strategies.plans import LeftBehind, Outcome, Step, StepRole
from strategies.platforms.base import PlatformError
from strategies.platforms.oracle.deployment import CONCERN, DIALECT
from strategies.registrations import Content, Registration
from strategies.routines.strategy_deployment import ROUTINE, DeploymentParameters
from tests.generated import BODY, NAME, SPECIFICATION, job, registration
from tests.strategies.platforms.oracle.dictionary import Dictionary, account, row_of

PACKAGE = {"name": "TABLE_CARE_PKG", "specification": SPECIFICATION, "body": BODY}
HEAD = "CREATE OR REPLACE "
SPEC_SOURCE, BODY_SOURCE = SPECIFICATION.removeprefix(HEAD), BODY.removeprefix(HEAD)
MAY = account(privileges=("CREATE PROCEDURE",))


def there(sources: Mapping[str, str], *, invalid: tuple[str, ...] = ()) -> dict[str, Any]:
    """A package as the dictionary has it."""
    states = [
        row_of("deployed_package", kind=kind, status="INVALID" if kind in invalid else "VALID") for kind in sources
    ]
    lines = [
        row_of("deployed_source", kind=kind, line=number, text=f"{text}\n")
        for kind, source in sources.items()
        for number, text in enumerate(source.splitlines(), 1)
    ]
    return {**MAY, "deployed_package": states, "deployed_source": lines}


WHOLE = {"PACKAGE": SPEC_SOURCE, "PACKAGE BODY": BODY_SOURCE}


def wanting(**values: Any) -> DeploymentParameters:
    content = Content(
        3, Registration.read(registration(package=PACKAGE)), place=7, place_name="sales", brings_rows=False,
        brings_package=True, **values,
    )  # fmt: skip
    return ROUTINE.read_parameters({"strategy": NAME}).bringing((content,))


def assessed(answers: Mapping[str, Any]) -> Assessment:
    return ROUTINE.assess(Dictionary(answers), CONCERN, wanting(), "ALL")


def steps(answers: Mapping[str, Any]) -> list[Step]:
    return CONCERN.steps(assessed(answers).findings, wanting())


def test_a_package_that_is_not_there_is_made_and_dropped_by_the_undo() -> None:
    (finding,) = assessed(MAY).findings
    assert (finding.kind, finding.object) == ("strategy_missing", "TABLE_CARE_PKG")
    (step,) = steps(MAY)
    assert step.statements == (SPECIFICATION, BODY)
    assert step.undo == ('DROP PACKAGE "TABLE_CARE_PKG"',)
    assert step.settings == ("ALTER SESSION SET ddl_lock_timeout = 5",)
    assert (step.operation_type, step.is_destructive) == ("CREATE", False)


@pytest.mark.parametrize(
    "sources",
    [
        WHOLE,
        {"PACKAGE": SPEC_SOURCE.replace(" AS\n", " AS  \t\n"), "PACKAGE BODY": f"{BODY_SOURCE}\n\n"},
        {
            "PACKAGE": SPEC_SOURCE.replace("PACKAGE TABLE_CARE_PKG", 'package  "TABLE_CARE_PKG"'),
            "PACKAGE BODY": BODY_SOURCE,
        },
    ],
)
def test_the_same_source_is_no_drift_whatever_blanks_end_its_lines(sources: dict[str, str]) -> None:
    assert assessed(there(sources)).findings == ()


def test_another_source_is_replaced_and_comes_back_by_the_undo() -> None:
    has = {"PACKAGE": SPEC_SOURCE, "PACKAGE BODY": BODY_SOURCE.replace("NULL", "COMMIT")}
    (finding,) = assessed(there(has)).findings
    assert (finding.kind, finding.evidence["differs"]) == ("strategy_drift", ["the body has another source"])
    (step,) = steps(there(has))
    assert step.statements == (SPECIFICATION, BODY)
    assert step.undo == (SPECIFICATION, BODY.replace("NULL", "COMMIT"))
    assert (step.operation_type, step.is_destructive) == ("UPDATE", True)
    assert "sessions that have used it lose its state" in step.reason


def test_a_body_that_is_missing_is_dropped_by_the_undo() -> None:
    (step,) = steps(there({"PACKAGE": SPEC_SOURCE}))
    assert step.undo == (SPECIFICATION, 'DROP PACKAGE BODY "TABLE_CARE_PKG"')


def test_a_part_that_does_not_compile_is_found() -> None:
    (finding,) = assessed(there(WHOLE, invalid=("PACKAGE BODY",))).findings
    assert finding.summary == "Package TABLE_CARE_PKG differs from version 3: the body does not compile."


def test_without_the_right_it_is_found_and_left_with_the_grant() -> None:
    lacking = account(privileges=("CREATE SESSION",))
    plan = ROUTINE.plan(
        platform="oracle", target="sales", concern=CONCERN, parameters=wanting(), assessment=assessed(lacking)
    )
    assert plan.steps == ()
    assert "The account lacks CREATE PROCEDURE; a DBA grants it" in plan.notes[0]
    (missing,) = CONCERN.missing_rights(Dictionary(lacking), ROUTINE.read_parameters({}))
    assert (missing.right, missing.blocks) == ("CREATE PROCEDURE", False)


def is_needed(step: Step, answers: Mapping[str, Any]) -> bool | str:
    try:
        return CONCERN.is_needed(Dictionary(answers), step).is_needed
    except PlatformError as refusal:
        return refusal.error.code


def test_what_somebody_made_of_it_meanwhile_is_never_overwritten() -> None:
    former = {"PACKAGE": SPEC_SOURCE, "PACKAGE BODY": BODY_SOURCE.replace("NULL", "COMMIT")}
    other = {"PACKAGE": SPEC_SOURCE, "PACKAGE BODY": BODY_SOURCE.replace("NULL", "ROLLBACK")}
    (step,) = steps(there(former))
    assert [is_needed(step, there(has)) for has in (former, WHOLE, other)] == [True, False, "changed"]
    back = step.reversal()
    assert [is_needed(back, there(has)) for has in (WHOLE, former, other)] == [True, False, "changed"]
    assert CONCERN.clean_up(Dictionary(there(other)), step) == []


def test_a_version_that_does_not_compile_is_told_by_line_and_taken_back() -> None:
    former = {"PACKAGE": SPEC_SOURCE, "PACKAGE BODY": BODY_SOURCE.replace("NULL", "COMMIT")}
    (step,) = steps(there(former))
    error = row_of(
        "visible_compile_errors",
        type="PACKAGE BODY",
        line=4,
        position=9,
        text="PLS-00201: identifier\n must be declared",
    )
    broken = there(WHOLE, invalid=("PACKAGE BODY",)) | {"visible_compile_errors": [error]}
    told = CONCERN.verify(Dictionary(broken), step, Outcome(1))
    assert told.message == (
        "Of TABLE_CARE_PKG the body does not compile: PACKAGE BODY, line 4: PLS-00201: identifier must be declared."
    )
    assert not told.ok
    (clean,) = CONCERN.clean_up(Dictionary(broken), step)
    assert (clean.statements, clean.role) == (step.undo, StepRole.CLEAN_UP)
    assert CONCERN.verify(Dictionary(there(former)), clean, Outcome(1)).ok
    assert not CONCERN.verify(Dictionary(broken), clean, Outcome(1)).ok
    assert CONCERN.state_left(Dictionary(broken), step).kind is LeftBehind.NEEDS_CLEANUP
    assert CONCERN.state_left(Dictionary(there(former)), step).kind is LeftBehind.CLEAN


def test_a_worker_that_was_lost_leaves_what_the_dictionary_says() -> None:
    (step,) = steps(MAY)
    assert CONCERN.verify(Dictionary(there(WHOLE)), step, None).ok
    half = CONCERN.verify(Dictionary(there({"PACKAGE": SPEC_SOURCE})), step, None)
    assert half.message == "Of TABLE_CARE_PKG the body is missing."
    assert is_needed(step, there({"PACKAGE": SPEC_SOURCE})) is True  # the rest of what it had begun
    assert CONCERN.verify_undo(Dictionary(MAY), step).ok
    assert not CONCERN.verify_undo(Dictionary(there(WHOLE)), step).ok


# Where Oracle is home.


def rows_wanted(**values: Any) -> DeploymentParameters:
    content = Content(3, Registration.read(registration(**values)), home=1)
    return ROUTINE.read_parameters({"strategy": NAME}).bringing((content,))


def test_rows_are_written_in_oracles_words() -> None:
    parameters = rows_wanted(
        configurations=[], jobs=[job("it's", job_parameters={"a": "x" * 1000}), job("b", depends_on=["it's"])]
    )
    made = CONCERN.steps(CONCERN.assess(Dictionary(), parameters, "ALL").findings, parameters)
    assert {step.begin for step in made} == {"SET TRANSACTION READ WRITE"}
    strategy, first, second = made
    assert strategy.statements == (
        "INSERT INTO generic_strategy_types (strategy_name, strategy_type, description, category) SELECT 'TABLE_CARE', 'MAINTENANCE',"
        " 'Looks after tables.', 'DATABASE' FROM dual WHERE NOT EXISTS (SELECT 1 FROM generic_strategy_types WHERE strategy_name ="
        " 'TABLE_CARE')",
    )
    assert 'TO_NCLOB(\'{"a": "xxx' in first.statements[0]
    assert (
        "TO_CHAR((SELECT MIN(job_id) FROM generic_maintenance_jobs WHERE strategy_name = 'TABLE_CARE' AND job_name = 'it''s' AND"
        " (target_id IS NULL OR target_id = 1)))"
    ) in second.statements[0]
    assert second.after == (strategy.key, first.key)
    unchanged = first.undo[1].split("created_by = 'STRATEGY_DEPLOYMENT' AND ", 1)[1]
    assert 'DBMS_LOB.COMPARE(TO_NCLOB(job_parameters), TO_NCLOB(TO_NCLOB(\'{"a": "xxx' in unchanged
    others = re.sub(r"DBMS_LOB\.COMPARE\(TO_NCLOB\(job_parameters\), .+?\) = 0", "…", unchanged)
    assert others == (
        "target_object = 'ALL' AND target_type = 'DATABASE' AND job_type = 'MAINTENANCE' AND schedule_type = 'ON_DEMAND' AND"
        " schedule_value IS NULL AND schedule_timezone IS NULL AND … AND depends_on_jobs IS NULL AND prerequisite_checks IS NULL AND"
        " max_parallel_degree = 1 AND resource_limits IS NULL AND notify_on_success = 'N' AND notify_on_failure = 'Y' AND"
        " notification_recipients IS NULL AND start_within_minutes = 60 AND when_late = 'SKIP'"
    )
    assert first.undo == (
        "DELETE FROM generic_maintenance_jobs WHERE strategy_name = 'TABLE_CARE' AND job_name = 'it''s' AND (target_id IS NULL OR"
        " target_id = 1) AND created_by = 'STRATEGY_DEPLOYMENT' AND "
        + unchanged
        + " AND NOT EXISTS (SELECT 1 FROM portal_job_run r WHERE r.job_id ="
        " generic_maintenance_jobs.job_id) AND NOT EXISTS (SELECT 1 FROM portal_announced_work r WHERE r.job_id ="
        " generic_maintenance_jobs.job_id)",
        "UPDATE generic_maintenance_jobs SET is_active = 'N', last_modified = SYS_EXTRACT_UTC(SYSTIMESTAMP), last_modified_by ="
        " 'STRATEGY_DEPLOYMENT' WHERE strategy_name = 'TABLE_CARE' AND job_name = 'it''s' AND (target_id IS NULL OR target_id = 1)"
        " AND created_by = 'STRATEGY_DEPLOYMENT' AND " + unchanged,
    )


def test_rows_that_differ_are_changed_by_their_numbers() -> None:
    row = row_of(
        "registered_strategy",
        strategy_type_id=5,
        strategy_type="MAINTENANCE",
        description="mine",
        category="DATABASE",
        is_active="Y",
    )
    config = row_of(
        "registered_configurations", config_id=9, is_active="Y", version="2", target_object="ALL", target_type="DATABASE",
        strategy_type="MAINTENANCE", strategy_config='{ "most":3 }', execution_mode="MANUAL", parallel_degree=1, batch_size=1000,
        timeout_seconds=3600, priority_level=5, schedule_timezone="UTC",
    )  # fmt: skip
    parameters = rows_wanted(jobs=[])
    home = Dictionary({"registered_strategy": [row], "registered_configurations": [config]})
    strategy, configuration = CONCERN.steps(CONCERN.assess(home, parameters, "ALL").findings, parameters)
    assert (strategy.statements, strategy.undo) == (
        (
            "UPDATE generic_strategy_types SET description = 'Looks after tables.' WHERE strategy_type_id = 5 AND description = 'mine'",
        ),
        (
            "UPDATE generic_strategy_types SET description = 'mine' WHERE strategy_type_id = 5 AND description = 'Looks after tables.'",
        ),
    )
    assert configuration.statements[0].startswith(
        "UPDATE generic_strategy_config SET version = '3', deployment_status = 'COMPLETED'"
    )
    assert configuration.undo[0].startswith(
        "UPDATE generic_strategy_config SET version = '2', deployment_status = 'ROLLED_BACK'"
    )


@pytest.mark.parametrize("text", ["'; DROP TABLE x; --", "a :bind and &more\nand a line", "数据库 'q' \\", "x" * 128])
def test_any_text_is_a_literal_that_the_grammar_reads(text: str) -> None:
    parameters = rows_wanted(
        configurations=[{"target_object": text, "target_type": "TABLE", "strategy_config": {text: text * 20}}],
        jobs=[job(text, job_parameters={text: [text]})],
    )
    made = CONCERN.steps(CONCERN.assess(Dictionary(), parameters, "ALL").findings, parameters)
    assert len(made) == 3
    assert DIALECT.literal(text) in made[1].statements[0]


def test_rows_come_in_the_order_in_which_they_need_each_other_whatever_was_seen_first() -> None:
    parameters = rows_wanted()
    findings = CONCERN.assess(Dictionary(), parameters, "ALL").findings
    expected = CONCERN.steps(findings, parameters)
    assert [step.object_type for step in expected] == ["STRATEGY", "CONFIGURATION", "JOB", "JOB"]
    assert CONCERN.steps(findings[::-1], parameters) == expected


def test_packages_come_before_the_rows_that_have_them_run() -> None:
    content = replace(wanting().contents[0], brings_rows=True, place=None, home=1)
    parameters = ROUTINE.read_parameters({"strategy": NAME}).bringing((content,))
    made = CONCERN.steps(CONCERN.assess(Dictionary(MAY), parameters, "ALL").findings, parameters)
    assert [step.object_type for step in made] == ["PACKAGE", "STRATEGY", "CONFIGURATION", "JOB", "JOB"]
