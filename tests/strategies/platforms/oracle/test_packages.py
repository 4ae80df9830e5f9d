"""A strategy whose work a package does: one step that calls it, and its own answers before and after, through the portal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.utils import timezone

from maintenance_portal import tasks
from strategies import implementations, registry, runs, settling, signing, targets
from strategies.audit import Actor
from strategies.in_database import LONGEST_BYTES, PackageRoutine
from strategies.models import (
    Approval,
    JobRun,
    MaintenanceJob,
    OperationLog,
    Origin,
    Role,
    RunStatus,
    StrategyConfig,
    StrategyType,
    Target,
    User,
)
from strategies.plans import Outcome, Step
from strategies.platforms.base import NotSupported, ObjectUnknown, PlatformError
from strategies.platforms.oracle import sign_in
from strategies.platforms.oracle.packages import Package, judge
from strategies.routines.base import ParametersRefused
from tests.oracle import plsql
from tests.oracle.recorder import Recorder
from tests.strategies.platforms.oracle.test_facts import seen
from tests.strategies.platforms.oracle.test_session import a_session
from tests.strategies.platforms.oracle.transport import Connection, oracle_error

ANNA = Actor("anna")
OWN = {"OWNER": "APP", "PACKAGE_NAME": "MY_STRATEGY_PKG", "STATUS": "VALID", "IS_OWN": 1}
STATE = [
    {"KIND": "PACKAGE", "STATUS": "VALID", "COMPILED_AT": "2026-11-01 08:00:00"},
    {"KIND": "PACKAGE BODY", "STATUS": "VALID", "COMPILED_AT": "2026-11-02 09:30:00"},
]
WELL = [{"OBJECT_NAME": "ORDERS", "STATUS": "SUCCESS", "MESSAGE": "3 partitions kept"}]
BLOCK = """BEGIN
  -- as compiled on 2026-11-02 09:30:00
  "APP"."MY_STRATEGY_PKG".execute_strategy(p_target_object => 'ORDERS', p_parameters => '{"operation": "MAINTAIN", "why": "it''s"}');
END;"""


def world(**answers: Any) -> Connection:
    usual = {
        "facts_packages": [OWN], "package_state": STATE, "~validate_target": [{"ANSWER": 1}], "~get_strategy_status": WELL,
    }  # fmt: skip
    return Connection(seen(**{**usual, **answers}))


def a_step(connection: Connection, values: Mapping[str, Any] | None = None, target_object: str = "ORDERS") -> Step:
    routine, concern = PackageRoutine("MY_STRATEGY"), Package("MY_STRATEGY")
    session, typed = a_session(connection), routine.read_parameters(values or {})
    seen_ = routine.assess(session, concern, typed, target_object)
    (step,) = routine.plan(platform="oracle", target="sales", concern=concern, parameters=typed, assessment=seen_).steps
    return step


# The step.


def test_the_plan_is_one_call_with_the_parameters_that_are_the_packages_own(statements_for_oracle: Recorder) -> None:
    step = a_step(world(), {"operation": "MAINTAIN", "why": "it's", "retries": 0, "implementation": "package"})
    assert step.statements == (BLOCK,)
    assert step.settings == ("ALTER SESSION SET ddl_lock_timeout = 5",)
    assert (step.is_destructive, step.is_reversible, step.locks.value) == (True, False, "all")
    assert a_step(world()).statements[0].endswith("p_parameters => NULL);\nEND;")
    statements_for_oracle.seen(BLOCK)


def test_a_hostile_name_stays_one_text() -> None:
    step = a_step(world(), {"x": "'); DROP TABLE t; --"}, "ORDERS'); EXECUTE IMMEDIATE '")
    assert plsql.bare(step.statements[0]).count(";") == 2  # of the call, and of the block


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"facts_packages": []}, "MY_STRATEGY_PKG is not one package with execute_strategy"),
        ({"facts_packages": [{**OWN, "IS_OWN": 0}, {**OWN, "IS_OWN": 0, "OWNER": "B"}]}, "is not one package"),
        (
            {"package_state": [{**STATE[0]}, {**STATE[1], "STATUS": "INVALID"}]},
            "The package body APP.MY_STRATEGY_PKG does not compile",
        ),
        ({"~validate_target": [{"ANSWER": 0}]}, "Its validate_target refuses ORDERS"),
        ({"~validate_target": [{"ANSWER": None}]}, "Its validate_target refuses ORDERS"),
    ],
)
def test_what_stands_against_it_is_no_empty_plan(answers: dict[str, Any], words: str) -> None:
    with pytest.raises(ObjectUnknown, match=words):
        a_step(world(**answers))


def test_the_own_schemas_package_goes_first() -> None:
    own = a_step(world(facts_packages=[OWN, {**OWN, "OWNER": "OTHER", "IS_OWN": 0}]))
    assert '"APP"."MY_STRATEGY_PKG"' in own.statements[0]
    assert "OTHER" not in own.statements[0]


def test_a_package_that_was_compiled_anew_is_not_what_was_shown() -> None:
    step = a_step(world())
    concern, now = Package("MY_STRATEGY"), [{**row, "COMPILED_AT": "2026-11-24 11:00:00"} for row in STATE]
    assert concern.is_needed(a_session(world()), step).is_needed
    with pytest.raises(PlatformError, match="was compiled on 2026-11-24 11:00:00, after the plan was made"):
        concern.is_needed(a_session(world(package_state=now)), step)
    with pytest.raises(PlatformError, match=r"validate_target of APP\.MY_STRATEGY_PKG refuses ORDERS"):
        concern.is_needed(a_session(world(**{"~validate_target": [{"ANSWER": 0}]})), step)


def test_of_a_call_whose_end_nobody_saw_its_status_is_no_proof() -> None:
    step, concern = a_step(world()), Package("MY_STRATEGY")
    assert concern.verify(a_session(world()), step, Outcome(5)).ok
    lost = concern.verify(a_session(world()), step, None)
    assert (lost.ok, lost.message.split(".")[0]) == (False, "Whether the call came to its end is not known")


STATUSES: dict[str, tuple[list[dict[str, Any]], bool, str]] = {
    "well": ([{"object_name": "A", "status": "SUCCESS", "message": None}], True, "The package says: A SUCCESS."),
    "small letters, and a warning": (
        [{"object_name": "A", "status": "warning", "message": "3 left."}], True, "The package says: A WARNING: 3 left.",
    ),
    "one of two": (
        [{"object_name": "A", "status": "SUCCESS", "message": ""}, {"object_name": "B", "status": "ERROR", "message": "ORA-00054"}],
        False, "The package says of 1 of 2: B ERROR: ORA-00054.",
    ),
    "still at work": ([{"object_name": "A", "status": "RUNNING", "message": ""}], False, "A RUNNING (not ended)"),
    "a word of its own": ([{"object_name": "A", "status": "FINE", "message": ""}], False, "A FINE"),
    "no word": ([{"object_name": "A", "status": None, "message": ""}], False, "A NO STATUS"),
    "nothing": ([], False, "names no object, so that nothing was verified"),
    "other columns": ([{"object_name": "A", "state": "SUCCESS"}], False, "gives no message, status"),
    "many": (
        [{"object_name": f"T{n}", "status": "SUCCESS", "message": ""} for n in range(7)], True, "T4 SUCCESS; and 2 more.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STATUSES)
def test_what_the_package_says_of_its_objects_is_the_verdict(name: str) -> None:
    rows, is_ok, words = STATUSES[name]
    found = judge(rows)
    assert (found.ok, words in found.message) == (is_ok, True), found.message
    assert found.ok is False or found.objects_affected == len(rows)


def test_parameters_beyond_one_literal_are_refused() -> None:
    with pytest.raises(ParametersRefused, match=f"{LONGEST_BYTES:,} bytes"):
        PackageRoutine("S").read_parameters({"text": "x" * LONGEST_BYTES})
    with pytest.raises(ParametersRefused, match="implementation"):
        PackageRoutine("S").read_parameters({"implementation": "magic"})
    with pytest.raises(ParametersRefused, match="retries"):
        PackageRoutine("S").read_parameters({"retries": 99})


def test_the_parameter_chooses_where_there_are_both() -> None:
    name = "INDEX_MAINTENANCE"
    assert not isinstance(registry.routine_of(name, {}), PackageRoutine)
    assert not isinstance(registry.routine_of(name, {"implementation": "python"}), PackageRoutine)
    assert isinstance(registry.routine_of(name, {"implementation": "package"}), PackageRoutine)
    typed = registry.routine_of(name, {"implementation": "python"}).read_parameters({"implementation": "python"})
    assert "implementation" not in typed.model_dump()
    with pytest.raises(NotSupported, match="No package can do INDEX_MAINTENANCE on SQLite"):
        registry.implementation("sqlite", name, {"implementation": "package"})


# Through the portal.


@pytest.fixture
def job(sales: Target) -> MaintenanceJob:
    """As the framework's own statement types it."""
    StrategyType.objects.create(strategy_name="MY_STRATEGY", strategy_type="MAINTENANCE", category="DATABASE")
    return MaintenanceJob.objects.create(
        strategy_id="MY_STRATEGY", job_name="EXECUTE_MAINTENANCE", job_type_id="MAINTENANCE", schedule_type_id="ON_DEMAND",
        target_object="ORDERS", target_type_id="TABLE", job_parameters={"operation": "MAINTAIN", "why": "it's"}, target=sales,
    )  # fmt: skip


def settled(job: MaintenanceJob) -> str | None:
    settling.settle(timezone.now())
    job.refresh_from_db()
    return job.quarantine_reason


pytest_db = pytest.mark.django_db(transaction=True)


@pytest_db
def test_a_job_waits_until_its_package_is_seen(
    job: MaintenanceJob, sales: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settled(job) == (
        "strategy_name: There is no implementation of MY_STRATEGY here, and no package MY_STRATEGY_PKG that the portal may call"
        " was seen on sales when it was checked last."
    )
    always(monkeypatch)
    assert targets.check(sales, timezone.now()), sales.check_error
    assert implementations.packages_in(sales) == {"MY_STRATEGY": "APP.MY_STRATEGY_PKG"}
    assert sales.facts is not None
    assert sales.facts["details"]["Strategies in packages"] == "APP.MY_STRATEGY_PKG"
    assert settled(job) is None


def always(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> list[Connection]:
    """Each connection is a new one that answers so; they are kept."""
    made: list[Connection] = []

    def connect(**_: Any) -> Connection:
        made.append(world(**answers))
        return made[-1]

    monkeypatch.setattr(sign_in.oracledb, "connect", connect)
    return made


def carried_out(job: MaintenanceJob, person: Callable[..., User]) -> JobRun:
    """Checked, planned, released, approved by somebody else, and run."""
    assert job.target is not None
    assert targets.check(job.target, timezone.now())
    assert settled(job) is None
    run = runs.ask(
        ANNA, job.target, job.strategy_id, timezone.now(), target_object=job.target_object, parameters=job.job_parameters,
        origin=Origin.PAGE, wake=False,
    )  # fmt: skip
    assert runs.plan(run, timezone.now())
    run.refresh_from_db()
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    tasks.open_gate(timezone.now())
    signing.approve(
        Approval.objects.get(run=run).pk, person("dora", Role.APPROVER), Actor("dora"), 0, "", timezone.now()
    )
    tasks.open_gate(timezone.now())
    tasks.run_job(run.pk)
    run.refresh_from_db()
    return run


@pytest_db
def test_a_run_calls_it_once_and_ends_by_its_own_word(
    job: MaintenanceJob, person: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = always(monkeypatch)
    run = carried_out(job, person)
    assert (run.status, run.message.split(".")[0]) == (RunStatus.SUCCEEDED, "1 of 1 steps are done"), run.message
    (operation,) = OperationLog.objects.filter(run=run)
    assert (operation.status, operation.operation_type, operation.message) == (
        "SUCCESS", "EXECUTE", "The package says: ORDERS SUCCESS: 3 partitions kept.",
    )  # fmt: skip
    assert [connection.sent.count(BLOCK) for connection in made if BLOCK in connection.sent] == [1]
    assert {bind["object"] for connection in made for bind in connection.binds if "answer" in bind} == {"ORDERS"}


@pytest_db
@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (
            {"~get_strategy_status": [{"OBJECT_NAME": "ORDERS", "STATUS": "ERROR", "MESSAGE": "2 left"}]},
            "ORDERS ERROR: 2 left",
        ),
        ({"~execute_strategy": oracle_error(20001, "It failed inside.")}, "ORA-20001"),
    ],
)
def test_a_package_that_fails_fails_the_run(
    job: MaintenanceJob,
    person: Callable[..., User],
    answers: dict[str, Any],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    always(monkeypatch, **answers)
    run = carried_out(job, person)
    assert run.status == RunStatus.FAILED
    (operation,) = OperationLog.objects.filter(run=run)
    assert operation.status == "ERROR"
    assert words in f"{operation.error_code} {operation.message}"
    assert "only it can tell" in run.state_left_message


@pytest_db
def test_a_job_of_a_strategy_that_is_here_takes_the_package_where_its_parameter_says_so(
    sales: Target,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = MaintenanceJob.objects.create(
        strategy_id="INDEX_MAINTENANCE", job_name="BOTH", job_type_id="MAINTENANCE", schedule_type_id="ON_DEMAND",
        target_object="ORDERS", target_type_id="TABLE", job_parameters={"implementation": "package", "own": 1}, target=sales,
    )  # fmt: skip
    assert "No package INDEX_MAINTENANCE_PKG" in str(settled(job))
    always(monkeypatch, facts_packages=[{**OWN, "PACKAGE_NAME": "INDEX_MAINTENANCE_PKG"}])
    assert targets.check(sales, timezone.now())
    assert settled(job) is None
    StrategyConfig.objects.create(
        strategy_id="INDEX_MAINTENANCE", target_object="ORDERS", target_type_id="TABLE", strategy_type="MAINTENANCE",
        strategy_config={"implementation": "python"}, execution_mode="AUTOMATIC", target=sales,
    )  # fmt: skip
    MaintenanceJob.objects.filter(pk=job.pk).update(job_parameters=None)
    assert settled(job) is None
