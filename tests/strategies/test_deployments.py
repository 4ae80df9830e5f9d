"""Versions of strategies are brought to the portal's own tables by runs: found different, mended, taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from strategies import deployments, needs, registry, runs, settling
from strategies.execution import lost, runner
from strategies.models import (
    Deployment,
    Finding,
    JobRun,
    MaintenanceJob,
    OperationLog,
    Origin,
    RunStatus,
    StrategyConfig,
    StrategyType,
    Target,
    Tenant,
)
from strategies.plans import Plan
from strategies.platforms.registering import Registering
from strategies.platforms.row_statements import REFERRING
from strategies.plug_ins import PlugIns
from strategies.successors import resume
from tests.generated import (
    ANNA,
    DEPLOYMENT,
    NAME,
    carried_out,
    deployed,
    home,
    job,
    kept,
    planned,
    registration,
    taken_back,
)

pytestmark = pytest.mark.django_db(transaction=True)


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def there() -> dict[str, Any]:
    """All that the portal's own tables have of the strategy."""
    return {
        "strategy": StrategyType.objects.filter(strategy_name=NAME).values_list("description", flat=True).first(),
        "configurations": {
            row.target_object: row.strategy_config for row in StrategyConfig.objects.filter(strategy=NAME)
        },
        "jobs": {
            row.job_name: (row.schedule_type_id, row.is_active) for row in MaintenanceJob.objects.filter(strategy=NAME)
        },
    }


def version_for(target: Target) -> int | None:
    """That with which a run of the strategy works there."""
    empty = Plan(strategy=NAME, version="1", platform=target.platform, target=target.name, parameters={})
    return deployments.number_for(JobRun(strategy_name=NAME, target=target), empty)


NOTHING = {"strategy": None, "configurations": {}, "jobs": {}}


@pytest.mark.database
def test_a_version_is_brought_in_the_order_in_which_rows_need_each_other() -> None:
    kept()
    run = deployed(home(), strategy=NAME)
    assert run.status == RunStatus.SUCCEEDED, run.message
    steps = [(step.operation_type, step.object_type) for step in runs.plan_of(run).steps]
    assert steps == [("CREATE", "STRATEGY"), ("CREATE", "CONFIGURATION"), ("CREATE", "JOB"), ("CREATE", "JOB")]
    first, second = MaintenanceJob.objects.filter(strategy=NAME).order_by("pk")
    assert (first.job_name, second.job_name, second.depends_on_jobs) == ("first", "second", str(first.pk))
    (config,) = StrategyConfig.objects.filter(strategy=NAME)
    told = (
        config.strategy_config,
        config.version,
        config.deployment_status_id,
        config.rollback_available,
        config.target_id,
    )
    assert told == ({"most": 3}, "1", "COMPLETED", True, None)
    assert config.deployment_started is not None
    assert abs(timezone.now() - config.deployment_completed).total_seconds() < 60
    assert settling.settle(timezone.now()) == 2
    first.refresh_from_db()
    assert first.quarantine_reason == f"strategy_name: There is no implementation of {NAME} here."


def test_a_version_that_is_there_needs_nothing() -> None:
    kept()
    target = home()
    deployed(target, strategy=NAME)
    again = deployed(target, strategy=NAME)
    assert (again.status, again.steps_total, again.message) == (RunStatus.SUCCEEDED, 0, runs.NOTHING_TO_DO)
    assert Deployment.objects.count() == 1


@pytest.mark.database
def test_what_somebody_changed_is_found_by_name_and_put_back_and_nothing_else_is_touched() -> None:
    kept()
    target = home()
    deployed(target, strategy=NAME)
    sql("UPDATE generic_maintenance_jobs SET schedule_type = 'DAILY', notify_on_success = 'Y' WHERE job_name = 'first'")
    sql("UPDATE generic_maintenance_jobs SET depends_on_jobs = NULL, is_active = 'N' WHERE job_name = 'second'")
    sql("UPDATE generic_strategy_config SET strategy_config = '{\"most\": 4}', execution_count = 7")
    sql("DELETE FROM generic_maintenance_jobs WHERE job_name = 'nobody'")
    assessment = needs.ask_assessment(ANNA, target, DEPLOYMENT, timezone.now(), wake=False)
    assert needs.assess(assessment) is not None, assessment.error
    found = {row.object: row.evidence["differs"] for row in Finding.objects.current()}
    assert found == {
        f"configuration of {NAME} on ALL (DATABASE)": ['strategy_config: {"most": 4} instead of {"most": 3}'],
        f"job first of {NAME}": ["schedule_type: DAILY instead of ON_DEMAND"],
        f"job second of {NAME}": ["depends_on_jobs: nothing instead of first"],
    }
    assert {row.kind for row in Finding.objects.current()} == {"strategy_drift"}
    assert assessment.notes == [f"job second of {NAME} is switched off, which a deployment leaves as it is."]
    run = deployed(target)
    assert (run.status, run.steps_total, run.strategy_version) == (RunStatus.SUCCEEDED, 3, None)
    second = MaintenanceJob.objects.get(job_name="second")
    first = MaintenanceJob.objects.get(job_name="first")
    assert (second.depends_on_jobs, second.is_active, first.schedule_type_id) == (str(first.pk), False, "ON_DEMAND")
    config = StrategyConfig.objects.get(strategy=NAME)
    assert (first.notify_on_success, config.execution_count, config.strategy_config) == (True, 7, {"most": 3})
    assert not Finding.objects.current().exists() or needs.assess(
        needs.ask_assessment(ANNA, target, DEPLOYMENT, timezone.now(), wake=False)
    )
    assert not Finding.objects.current().exists()


def test_what_is_gone_and_what_is_no_part_of_the_version_are_told_apart() -> None:
    kept()
    target = home()
    deployed(target, strategy=NAME)
    sql("DELETE FROM generic_maintenance_jobs WHERE job_name = 'first'")
    own = job("of its own")
    MaintenanceJob.objects.create(
        strategy_id=NAME, job_name=own["job_name"], job_type_id="MAINTENANCE", schedule_type_id="ON_DEMAND", target_object="ALL",
        target_type_id="DATABASE",
    )  # fmt: skip
    run = planned(target, strategy=NAME)
    plan = runs.plan_of(run)
    assert [(step.operation_type, step.object) for step in plan.steps] == [
        ("CREATE", f"job first of {NAME}"), ("UPDATE", f"job second of {NAME}"),
    ]  # fmt: skip
    assert plan.steps[1].after == (plan.steps[0].key,)
    assert plan.notes == (f"Job of its own of {NAME} is not part of version 1, and is left alone.",)
    carried_out(run)
    first = MaintenanceJob.objects.get(job_name="first")
    assert MaintenanceJob.objects.get(job_name="second").depends_on_jobs == str(first.pk)
    assert MaintenanceJob.objects.filter(strategy=NAME).count() == 3


def test_the_undo_of_a_first_version_leaves_nothing() -> None:
    kept()
    run = deployed(home(), strategy=NAME)
    back = taken_back(run)
    assert back.status == RunStatus.SUCCEEDED, back.message
    assert there() == NOTHING
    assert [(row.status, row.number) for row in Deployment.objects.order_by("pk")] == [
        ("COMPLETED", 1),
        ("ROLLED_BACK", None),
    ]


def test_two_versions_and_back() -> None:
    kept()
    target = home()
    deployed(target, strategy=NAME)
    before = there()
    changed = registration(
        strategy={"strategy_name": NAME, "description": "Looks after more."},
        jobs=[job("first", schedule_type="DAILY"), job("third")],
    )
    assert kept(changed).number == 2
    run = deployed(target, strategy=NAME)
    assert run.status == RunStatus.SUCCEEDED, run.message
    assert run.strategy_version == 2
    after = there()
    assert after["jobs"] == {"first": ("DAILY", True), "second": ("ON_DEMAND", True), "third": ("ON_DEMAND", True)}
    assert after["strategy"] == "Looks after more."
    assert StrategyConfig.objects.get(strategy=NAME).version == "2"
    back = taken_back(run)
    assert back.status == RunStatus.SUCCEEDED, back.message
    assert there() == before
    config = StrategyConfig.objects.get(strategy=NAME)
    assert (config.version, config.deployment_status_id, config.rollback_available) == ("1", "ROLLED_BACK", False)
    assert version_for(target) == 1
    assert deployed(target, strategy=NAME, version=2).status == RunStatus.SUCCEEDED
    assert (
        deployed(target, strategy=NAME, version=1).steps_total == 3
    )  # the registry, its configuration and the job that both have
    assert version_for(target) == 1


def test_the_undo_of_a_run_that_put_something_back_leaves_the_version_that_is_there() -> None:
    kept()
    target = home()
    deployed(target, strategy=NAME)
    sql("UPDATE generic_maintenance_jobs SET schedule_type = 'DAILY' WHERE job_name = 'first'")
    again = deployed(target, strategy=NAME)
    assert again.steps_total == 1
    assert taken_back(again).status == RunStatus.SUCCEEDED
    assert there()["jobs"]["first"] == ("DAILY", True)
    assert version_for(target) == 1
    assert planned(target).steps_total == 1  # it differs again


def test_an_undo_switches_off_what_has_run_since_and_the_next_deployment_switches_it_on() -> None:
    kept()
    target = home()
    run = deployed(target, strategy=NAME)
    first = MaintenanceJob.objects.get(job_name="first")
    JobRun.objects.create(
        due_key="x", job=first, strategy_name=NAME, target=target, origin=Origin.PAGE, asked_by="anna", due_at=timezone.now(),
        status=RunStatus.SUCCEEDED,
    )  # fmt: skip
    back = taken_back(run)
    assert back.status == RunStatus.SUCCEEDED, back.message
    assert there() == {"strategy": "Looks after tables.", "configurations": {}, "jobs": {"first": ("ON_DEMAND", False)}}
    told = {row.target_object: row.message for row in OperationLog.objects.filter(run=back)}
    assert (
        told[f"strategy {NAME}"]
        == f"Not needed any more: strategy {NAME} is still there, since something refers to it."
    )
    assert deployed(target, strategy=NAME).status == RunStatus.SUCCEEDED
    assert there()["jobs"] == {"first": ("ON_DEMAND", True), "second": ("ON_DEMAND", True)}


def test_every_table_that_refers_to_a_job_or_a_configuration_is_asked_before_it_is_deleted() -> None:
    """Else the database would refuse the whole undo at its end."""
    for model, key in (
        (MaintenanceJob, "generic_maintenance_jobs"),
        (StrategyConfig, "generic_strategy_config"),
        (StrategyType, "generic_strategy_types"),
    ):
        held = {
            (other._meta.db_table, field.column)
            for other in apps.get_models()
            for field in other._meta.local_concrete_fields
            if field.related_model is model and field.db_constraint
        }
        assert held == {(table, column) for table, column, _ in REFERRING[key]}


def test_a_row_that_was_changed_after_the_plan_was_made_is_left_alone() -> None:
    kept()
    target = home()
    deployed(target, strategy=NAME)
    sql("UPDATE generic_maintenance_jobs SET schedule_type = 'DAILY' WHERE job_name = 'first'")
    run = planned(target, strategy=NAME)
    sql("UPDATE generic_maintenance_jobs SET schedule_type = 'WEEKLY' WHERE job_name = 'first'")
    carried_out(run)
    assert run.status == RunStatus.FAILED
    told = f"job first of {NAME} was changed (schedule_type) since the plan was made; have the run planned anew."
    assert OperationLog.objects.get(run=run).error_message == told
    assert MaintenanceJob.objects.get(job_name="first").schedule_type_id == "WEEKLY"
    assert Deployment.objects.first().status == "FAILED"  # of this one; the version from before counts
    assert version_for(target) == 1


def test_an_undo_does_not_take_back_what_somebody_changed_since() -> None:
    kept()
    target = home()
    run = deployed(target, strategy=NAME)
    sql("UPDATE generic_maintenance_jobs SET schedule_type = 'DAILY' WHERE job_name = 'second'")
    back = taken_back(run)
    assert back.status == RunStatus.FAILED
    assert (
        "was changed after it was deployed (schedule_type)"
        in OperationLog.objects.get(run=back, status="ERROR").error_message
    )
    assert MaintenanceJob.objects.get(job_name="second").schedule_type_id == "DAILY"


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("notification_recipients = 'dba@example.org'", "notification_recipients"),
        ("when_late = 'RUN_ONCE'", "when_late"),
        ("start_within_minutes = 5", "start_within_minutes"),
        ("notify_on_failure = 'N'", "notify_on_failure"),
    ],
)
def test_an_undo_deletes_no_new_job_for_which_somebody_has_set_anything(change: str, column: str) -> None:
    kept()
    run = deployed(home(), strategy=NAME)
    sql(f"UPDATE generic_maintenance_jobs SET {change} WHERE job_name = 'second'")
    back = taken_back(run)
    assert back.status == RunStatus.FAILED
    told = OperationLog.objects.get(run=back, status="ERROR").error_message
    assert f"job second of {NAME} was changed after it was deployed ({column})" in told
    assert MaintenanceJob.objects.filter(job_name="second", is_active=True).exists()


@pytest.fixture
def at_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Somebody else's statement comes between the look at the row of a step and what the step sends."""

    def arrange(statement: str) -> None:
        real, left = Registering.is_needed, [statement]

        def looked(self: Any, session: Any, step: Any) -> Any:
            found = real(self, session, step)
            if found.is_needed and left and step.object == f"job first of {NAME}":
                sql(left.pop())
            return found

        monkeypatch.setattr(Registering, "is_needed", looked)

    return arrange


MOMENT = "Somebody wrote it at the same moment, which was left as it is; have the run planned anew."


@pytest.mark.database
def test_what_somebody_writes_at_the_moment_of_a_step_is_left_and_the_step_says_so(
    at_the_same_moment: Callable[[str], None],
) -> None:
    kept()
    target = home()
    deployed(target, strategy=NAME)
    sql("UPDATE generic_maintenance_jobs SET schedule_type = 'DAILY', job_parameters = '{}' WHERE job_name = 'first'")
    at_the_same_moment("UPDATE generic_maintenance_jobs SET job_parameters = '{\"a\": 1}' WHERE job_name = 'first'")
    run = deployed(target, strategy=NAME)
    assert run.status == RunStatus.FAILED
    told = f"job first of {NAME} does not have what version 1 has: schedule_type, job_parameters. {MOMENT}"
    assert OperationLog.objects.get(run=run, status="ERROR").error_message == told
    first = MaintenanceJob.objects.get(job_name="first")
    assert (first.schedule_type_id, first.job_parameters) == ("DAILY", {"a": 1})


def test_a_row_that_somebody_makes_at_the_moment_of_a_step_is_not_made_twice(
    at_the_same_moment: Callable[[str], None],
) -> None:
    kept()
    at_the_same_moment(
        "INSERT INTO generic_maintenance_jobs (strategy_name, job_name, job_type, schedule_type, target_object, target_type)"
        f" VALUES ('{NAME}', 'first', 'MAINTENANCE', 'WEEKLY', 'ALL', 'DATABASE')"
    )
    run = deployed(home(), strategy=NAME)
    assert run.status == RunStatus.FAILED
    assert MOMENT in OperationLog.objects.get(run=run, status="ERROR").error_message
    assert MaintenanceJob.objects.get(job_name="first").schedule_type_id == "WEEKLY"


@pytest.mark.parametrize("is_new", [True, False])
def test_what_somebody_writes_at_the_moment_of_an_undo_is_left(
    is_new: bool, at_the_same_moment: Callable[[str], None]
) -> None:
    kept()
    target = home()
    run = deployed(target, strategy=NAME)
    if not is_new:
        sql("UPDATE generic_maintenance_jobs SET schedule_type = 'DAILY' WHERE job_name = 'first'")
        run = deployed(target, strategy=NAME)
    at_the_same_moment("UPDATE generic_maintenance_jobs SET schedule_type = 'WEEKLY' WHERE job_name = 'first'")
    back = taken_back(run)
    assert back.status == RunStatus.FAILED
    assert (
        f"(schedule_type){', and switched on' if is_new else ''}. {MOMENT}"
        in OperationLog.objects.get(run=back, status="ERROR").error_message
    )
    first = MaintenanceJob.objects.get(job_name="first")
    assert (first.schedule_type_id, first.is_active) == ("WEEKLY", True)


def test_a_run_stays_with_its_database_although_another_has_its_name_by_now() -> None:
    target = home()
    main = Tenant.objects.get(name="Main")
    shop = Target.objects.create(name="shop", platform="sqlite", url="sqlite:////x.db", tenant=main)
    kept()
    run = planned(target, strategy=NAME, target="shop")
    Target.objects.filter(pk=shop.pk).update(name="old shop")
    Target.objects.create(name="shop", platform="sqlite", url="sqlite:////y.db", tenant=main)
    carried_out(run)
    assert run.status == RunStatus.SUCCEEDED, run.message
    assert Deployment.objects.get().place == shop
    assert taken_back(run).place == shop
    assert {row.place for row in Deployment.objects.all()} == {shop}


HOSTILE = [
    "'; DROP TABLE generic_maintenance_jobs; --",
    'a "quoted" \\ back\\\\slash\nand a line, %s %(x)s :bind {brace}',
    "naïve — 数据库 🛢 \u202e",
    "x" * 128,
]


@pytest.mark.parametrize("text", [pytest.param(HOSTILE[1], marks=pytest.mark.database), *HOSTILE[:1], *HOSTILE[2:]])
def test_any_text_comes_as_it_is_and_goes_again(text: str) -> None:
    target = home()
    one = registration(
        strategy={"strategy_name": NAME, "description": text},
        configurations=[
            {"target_object": text, "target_type": "TABLE", "strategy_config": {text: [text * 20]}, "tags": text}
        ],
        jobs=[job(text, target_object=text, job_parameters={"a": text}), job("other", depends_on=[text])],
    )
    kept(one)
    run = deployed(target, strategy=NAME)
    assert run.status == RunStatus.SUCCEEDED, run.message
    found = MaintenanceJob.objects.get(job_name=text)
    assert (found.target_object, found.job_parameters) == (text, {"a": text})
    config = StrategyConfig.objects.get(strategy=NAME)
    assert (config.target_object, config.tags, config.strategy_config) == (text, text, {text: [text * 20]})
    assert MaintenanceJob.objects.get(job_name="other").depends_on_jobs == str(found.pk)
    two = {**one, "strategy": {"strategy_name": NAME, "description": "plain"}}
    two["jobs"] = [job(text, target_object=text, job_parameters={"b": 1}), job("other", depends_on=[text])]
    kept(two)
    second = deployed(target, strategy=NAME)
    assert second.status == RunStatus.SUCCEEDED, second.message
    assert taken_back(second).status == RunStatus.SUCCEEDED
    found.refresh_from_db()
    assert found.job_parameters == {"a": text}
    assert taken_back(run).status == RunStatus.SUCCEEDED
    assert there() == NOTHING


def test_rows_for_another_database_are_its_own() -> None:
    target = home()
    shop = Target.objects.create(
        name="shop", platform="sqlite", url="sqlite:////x.db", tenant=Tenant.objects.get(name="Main")
    )
    kept()
    deployed(target, strategy=NAME)
    run = deployed(target, strategy=NAME, target="shop")
    assert run.status == RunStatus.SUCCEEDED, run.message
    assert [step.object for step in runs.plan_of(run).steps] == [
        f"configuration of {NAME} on ALL (DATABASE) for shop", f"job first of {NAME} for shop", f"job second of {NAME} for shop",
    ]  # fmt: skip
    assert StrategyConfig.objects.filter(strategy=NAME, target=shop).count() == 1
    first, second = MaintenanceJob.objects.filter(target=shop).order_by("pk")
    assert second.depends_on_jobs == str(first.pk)
    assert version_for(shop) == 1
    sql("UPDATE generic_maintenance_jobs SET schedule_type = 'DAILY' WHERE job_name = 'first'")  # of both
    assert planned(target).steps_total == 2
    assert taken_back(run).status == RunStatus.FAILED  # for that was somebody's change
    sql("UPDATE generic_maintenance_jobs SET schedule_type = 'ON_DEMAND'")
    assert MaintenanceJob.objects.filter(strategy=NAME, target=None).count() == 2


def test_of_two_versions_for_two_databases_the_newer_says_what_the_registry_has() -> None:
    target = home()
    main = Tenant.objects.get(name="Main")
    Target.objects.create(name="shop", platform="sqlite", url="sqlite:////x.db", tenant=main)
    kept()
    deployed(target, strategy=NAME, target="shop")
    kept(registration(strategy={"strategy_name": NAME, "description": "Looks after more."}))
    deployed(target, strategy=NAME)
    assert planned(target).steps_total == 0
    sql("UPDATE generic_strategy_types SET description = 'mine' WHERE strategy_name = %s", NAME)
    (step,) = runs.plan_of(planned(target)).steps
    assert "SET description = 'Looks after more.'" in step.sql


def test_a_row_that_would_name_a_word_that_is_gone_is_refused_by_the_database() -> None:
    kept()
    target = home()
    sql("UPDATE generic_job_types SET job_type = 'CARE' WHERE job_type = 'REPORTING'")
    kept(registration(jobs=[job("one", job_type="CARE")]))
    run = planned(target, strategy=NAME)
    sql("UPDATE generic_job_types SET job_type = 'REPORTING' WHERE job_type = 'CARE'")
    carried_out(run)
    assert run.status == RunStatus.FAILED
    assert "foreign key" in OperationLog.objects.get(run=run, status="ERROR").error_message.lower()
    assert not MaintenanceJob.objects.filter(strategy=NAME).exists()


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"strategy": "NOBODY"}, "There is no version of NOBODY."),
        ({"strategy": NAME, "version": 9}, f"There is no version 9 of {NAME}."),
        ({"strategy": NAME, "target": "nowhere"}, "There is no database nowhere."),
    ],
)
def test_what_is_not_there_is_refused_with_the_plan(parameters: dict[str, Any], why: str) -> None:
    kept()
    run = planned(home(), **parameters)
    assert (run.status, run.message) == (RunStatus.FAILED, f"Planning failed. {why}")


def test_a_database_to_which_nothing_of_it_belongs_is_refused(tmp_path: Any) -> None:
    kept()
    (tmp_path / "shop.db").touch()
    main = Tenant.objects.get(name="Main")
    shop = Target.objects.create(name="shop", platform="sqlite", url=f"sqlite:///{tmp_path}/shop.db", tenant=main)
    assert "has nothing for shop" in planned(shop, strategy=NAME).message
    empty = planned(shop)
    assert (empty.planned_at is not None, empty.steps_total) == (True, 0)


def test_one_object_is_deployed_where_it_is_named_as_findings_name_it() -> None:
    kept()
    found = planned(home(), strategy=NAME)
    name = Plan.from_json(found.plan).steps[-1].object
    run = runs.ask(
        ANNA, home(), DEPLOYMENT, timezone.now(), target_object=name, parameters={"strategy": NAME}, wake=False
    )
    assert runs.plan(run, timezone.now())
    run.refresh_from_db()
    assert [step.object for step in Plan.from_json(run.plan).steps] == [name]
    other = runs.ask(
        ANNA, home(), DEPLOYMENT, timezone.now(), target_object="orders", parameters={"strategy": NAME}, wake=False
    )
    assert not runs.plan(other, timezone.now())
    assert "orders is nothing that is deployed here" in other.message


def test_a_run_says_with_which_version_it_worked() -> None:
    kept()
    target = home()
    assert planned(target, strategy=NAME).strategy_version == 1
    assert planned(target).strategy_version is None
    unversioned = runs.ask(ANNA, target, "STATISTICS_MAINTENANCE", timezone.now(), wake=False)
    assert runs.plan(unversioned, timezone.now())
    assert unversioned.strategy_version is None
    kept(registration("STATISTICS_MAINTENANCE", configurations=[], jobs=[job("nightly statistics")]))
    deployed(target, strategy="STATISTICS_MAINTENANCE")
    later = runs.ask(ANNA, target, "STATISTICS_MAINTENANCE", timezone.now(), wake=False)
    assert runs.plan(later, timezone.now())
    assert later.strategy_version == 1


def test_the_version_of_a_plan_stays_although_a_newer_one_is_made_meanwhile() -> None:
    kept()
    target = home()
    run = planned(target, strategy=NAME)
    kept(registration(jobs=[]))
    carried_out(run)
    assert run.status == RunStatus.SUCCEEDED, run.message  # the second look is at version 1, too
    assert (run.strategy_version, version_for(target)) == (1, 1)
    second = deployed(target, strategy=NAME)
    kept(registration(configurations=[]))
    back = taken_back(second)
    assert (back.strategy_version, version_for(target)) == (2, 1)


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> JobRun:
    """A deployment whose worker was killed: one step is done and known, one is done and has no end in the log."""
    kept()
    run = planned(home(), strategy=NAME)
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    claimed = runs.claim(run.pk, "host/1/2/3.00", timezone.now())
    assert claimed is not None
    real = runner.Attempts._judge
    done: list[str] = []

    class Killed(BaseException):
        pass

    def judged(self: Any, step: Any, operation: int, outcome: Any) -> Any:
        done.append(step.key)
        if len(done) == 2:
            raise Killed
        return real(self, step, operation, outcome)

    monkeypatch.setattr(runner.Attempts, "_judge", judged)
    with pytest.raises(Killed):
        runner.carry_out(claimed)
    monkeypatch.undo()
    return claimed


@pytest.mark.database
def test_a_deployment_that_was_killed_is_judged_by_the_tables_and_goes_on(cut_off: JobRun) -> None:
    late = timezone.now()
    JobRun.objects.filter(pk=cut_off.pk).update(lease_until=late)
    later = late + timedelta(hours=1)
    cut_off.refresh_from_db()
    lost.look_after(cut_off, later)
    cut_off.refresh_from_db()
    assert cut_off.status == RunStatus.LOST, cut_off.message
    assert "2 of 4 steps are done, as the target shows." in cut_off.message
    assert Deployment.objects.get().status == "FAILED"
    rest = carried_out(resume(cut_off, ANNA, timezone.now()))
    assert rest.status == RunStatus.SUCCEEDED, rest.message
    assert there()["jobs"] == {"first": ("ON_DEMAND", True), "second": ("ON_DEMAND", True)}
    assert [row.status for row in Deployment.objects.order_by("pk")] == ["FAILED", "COMPLETED"]


def test_what_a_finding_keeps_is_enough_to_show_what_a_run_would_do() -> None:
    kept()
    target = home()
    deployed(target, strategy=NAME)
    sql("UPDATE generic_strategy_types SET description = 'mine' WHERE strategy_name = %s", NAME)
    assessment = needs.ask_assessment(ANNA, target, DEPLOYMENT, timezone.now(), wake=False)
    assert needs.assess(assessment) is not None
    (finding,) = Finding.objects.current()
    (step,) = needs.remedy(finding) or ()
    assert "SET description = 'Looks after tables.' WHERE strategy_type_id = " in step.sql
    assert json.loads(json.dumps(finding.evidence)) == finding.evidence


def test_what_people_switch_off_stays_off() -> None:
    kept()
    deployed(home(), strategy=NAME)
    MaintenanceJob.objects.update(is_active=False)
    run = planned(home(), strategy=NAME)
    assert run.steps_total == 0
    assert any("is switched off, which a deployment leaves as it is" in note for note in run.plan["notes"])


def test_a_package_of_another_definition_is_named_in_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    kept()

    class Installed:
        version = "1.0+000000000000"

    monkeypatch.setattr(registry, "installed", lambda: PlugIns({NAME: Installed()}, ()))  # type: ignore[dict-item]
    run = planned(home(), strategy=NAME)
    assert any("that is installed is 1.0+000000000000" in note for note in run.plan["notes"])
