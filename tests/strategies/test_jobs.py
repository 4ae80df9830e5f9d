"""Jobs by the clock, played through in frozen time on a target that does what the test scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from maintenance_portal import tasks
from strategies import due_runs, endings, holds, jobs, runs, successors
from strategies.audit import Actor
from strategies.models import (
    AuditEntry,
    JobRun,
    MaintenanceJob,
    RunStatus,
    Stop,
    StrategyConfig,
    Target,
    Tenant,
)
from strategies.workers import WorkerIdentity
from tests import jobs as rows
from tests import scripted
from tests.budgets import SpentAfter
from tests.jobs import DAY, HOUR, MINUTE, NIGHT, NOON, SECOND, settled
from tests.scripted import World

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(needs={"a"})
    scripted.install(monkeypatch, world)
    return world


@pytest.fixture
def target(world: World) -> Target:
    main = Tenant.objects.get(name="Main")
    return Target.objects.create(
        name="shop", platform="scripted", url="scripted://x", tenant=main, checked_at=NIGHT, max_parallel_runs=9
    )


@pytest.fixture
def a_job(target: Target) -> Callable[..., MaintenanceJob]:
    """Make a job as SQL would: nothing is computed yet."""

    def make(name: str = "NIGHTLY", **values: Any) -> MaintenanceJob:
        return typed(
            {"target": target, "strategy_id": "CLEANUP_MAINTENANCE", "schedule_value": "02:00", "name": name} | values
        )

    return make


def typed(values: dict[str, Any]) -> MaintenanceJob:
    return rows.a_job(values.pop("target"), **values)


def changed(job: MaintenanceJob, **values: Any) -> MaintenanceJob:
    MaintenanceJob.objects.filter(pk=job.pk).update(**values)
    job.refresh_from_db()
    return job


def carried_out(run: JobRun, moment: datetime) -> JobRun:
    """Plan, gate, claim and work of one run, at this moment."""
    from strategies.execution import runner

    Target.objects.filter(pk=run.target_id).update(checked_at=moment)
    run = JobRun.objects.select_related("target", "job", "config").get(pk=run.pk)
    jobs.open_plans(moment)
    run.refresh_from_db()
    if run.planned_at is None:
        runs.plan(run, moment)
    runs.ask_gate([run], moment)
    taken = runs.claim(run.pk, WorkerIdentity.current().text, moment)
    assert taken is not None, run.reasons
    runner.carry_out(taken, now=lambda: moment)
    taken.refresh_from_db()
    return taken


def the_run(job: MaintenanceJob) -> JobRun:
    return JobRun.objects.select_related("target", "job", "config").filter(job=job).latest("pk")


# Rows that are new or changed.


def test_a_row_typed_in_sql_is_scheduled_by_the_next_tick(target: Target) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO generic_maintenance_jobs (strategy_name, job_name, job_type, schedule_type, target_object,"
            " target_type, job_parameters, target_id) VALUES ('CLEANUP_MAINTENANCE', 'TYPED', 'MAINTENANCE', 'DAILY',"
            " 'ALL', 'TABLE', '{\"retries\": 3}', %s)",
            [target.pk],
        )
    tasks.tick(NOON)
    job = MaintenanceJob.objects.get(job_name="TYPED")
    assert (job.is_settled, job.next_run, job.quarantine_reason) == (True, NIGHT, None)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            {"strategy_id": "COMPLIANCE_MAINTENANCE"},
            "strategy_name: There is no implementation of COMPLIANCE_MAINTENANCE here.",
        ),
        (
            {"strategy_id": "BACKUP_MAINTENANCE", "target_object": "all_tables"},
            "target_object: name one table, it cannot work on all.",
        ),
        ({"schedule_value": "26:00"}, "schedule_value: "),
        ({"schedule_timezone": "Nowhere/City"}, "schedule_timezone: "),
        ({"job_parameters": {"retries": 99}}, "job_parameters: retries: "),
        ({"job_parameters": {"operation": "MAINTAIN"}}, "job_parameters: operation: is not a parameter"),
        ({"job_parameters": [1]}, "job_parameters: Expected a JSON object"),
        ({"resource_limits": {"cpu": 1}}, "resource_limits: cpu is no limit"),
        ({"resource_limits": {"max_duration_seconds": "long"}}, "resource_limits: max_duration_seconds takes"),
        ({"resource_limits": {"max_database_seconds": 0}}, "resource_limits: max_database_seconds takes"),
        ({"resource_limits": {"max_io_operations": 10**13}}, "resource_limits: max_io_operations takes"),
        ({"resource_limits": {"max_lock_seconds": 1.5}}, "resource_limits: max_lock_seconds takes"),
        ({"resource_limits": {"memory_mb": 64}}, "resource_limits: memory_mb cannot be held"),
        ({"max_parallel_degree": 0}, "max_parallel_degree: "),
        ({"depends_on_jobs": "4711"}, "depends_on_jobs: There is no job 4711."),
        ({"depends_on_jobs": "first"}, "depends_on_jobs: "),
        ({"prerequisite_checks": "ROOM, MOON_PHASE"}, "prerequisite_checks: MOON_PHASE is no check"),
        ({"target_object": " "}, "target_object: "),
    ],
)
def test_a_wrong_row_is_set_aside_with_its_column_and_reason_and_the_others_go_on(
    a_job: Callable[..., MaintenanceJob], values: dict[str, Any], reason: str
) -> None:
    wrong, well = a_job("WRONG", **values), a_job("WELL")
    assert settled(wrong).quarantine_reason is not None
    assert str(wrong.quarantine_reason).startswith(reason)
    assert (wrong.next_run, settled(well).next_run) == (None, NIGHT)
    assert AuditEntry.objects.filter(action="job.quarantined", object_id=str(wrong.pk)).count() == 1
    settled(changed(wrong, job_name="STILL_WRONG"))
    assert AuditEntry.objects.filter(action="job.quarantined", object_id=str(wrong.pk)).count() == 1


def test_a_row_that_was_mended_in_sql_is_readmitted(a_job: Callable[..., MaintenanceJob]) -> None:
    job = settled(a_job(schedule_value="26:00"))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE generic_maintenance_jobs SET schedule_value = '03:00' WHERE job_id = %s", [job.pk])
    assert settled(job).next_run == NIGHT + HOUR
    assert (job.quarantined_at, job.quarantine_reason) == (None, None)
    assert AuditEntry.objects.filter(action="job.readmitted").count() == 1


def test_an_error_of_our_own_on_one_row_sets_that_row_aside(
    a_job: Callable[..., MaintenanceJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, well = a_job("BROKEN"), a_job("WELL")
    real = jobs.job_definitions.read
    monkeypatch.setattr(
        jobs.job_definitions, "read", lambda job, *rest: 1 / 0 if job.job_name == "BROKEN" else real(job, *rest)
    )
    assert "portal itself failed" in str(settled(broken).quarantine_reason)
    assert settled(well).next_run == NIGHT


def test_jobs_that_wait_for_each_other_are_set_aside_and_told_the_ring(a_job: Callable[..., MaintenanceJob]) -> None:
    one = a_job("ONE")
    two = a_job("TWO", depends_on_jobs=str(one.pk))
    changed(one, depends_on_jobs=f"{two.pk}:always")
    assert f"{one.pk} → {two.pk} → {one.pk}" in str(settled(one).quarantine_reason)
    assert f"{two.pk} → {one.pk} → {two.pk}" in str(settled(two).quarantine_reason)
    changed(one, depends_on_jobs="")
    settled(one)
    assert settled(two).next_run == NIGHT, "what the other waits for is in order again"


def test_a_job_whose_upstream_comes_later_is_readmitted_by_itself(a_job: Callable[..., MaintenanceJob]) -> None:
    first = a_job("FIRST")
    waiting = settled(a_job("WAITING", depends_on_jobs=str(first.pk + 2)))
    assert waiting.quarantined_at is not None
    late = a_job("LATE")
    assert late.pk == first.pk + 2
    settled(late)
    assert settled(waiting).next_run == NIGHT


def test_strategies_that_wait_for_each_other_on_one_database_are_set_aside(
    a_job: Callable[..., MaintenanceJob], target: Target
) -> None:
    for name, other in (("CLEANUP_MAINTENANCE", "INDEX_MAINTENANCE"), ("INDEX_MAINTENANCE", "CLEANUP_MAINTENANCE")):
        a_config(target, strategy_id=name, depends_on_strategies=other)
    assert "CLEANUP_MAINTENANCE → INDEX_MAINTENANCE" in str(settled(a_job()).quarantine_reason)


def test_a_job_that_was_switched_off_is_not_due(a_job: Callable[..., MaintenanceJob]) -> None:
    job = settled(changed(settled(a_job()), is_active=False))
    assert job.next_run is None
    jobs.plan_due(NIGHT)
    assert not JobRun.objects.exists()


def test_a_job_that_was_set_aside_is_read_anew_when_the_portal_starts(
    a_job: Callable[..., MaintenanceJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(jobs.job_definitions.registry, "routines", dict)
        job = settled(a_job())
    assert job.quarantined_at is not None
    tasks.tick(NOON)
    job.refresh_from_db()
    assert job.quarantined_at is not None
    tasks.begin()
    tasks.tick(NOON)
    job.refresh_from_db()
    assert (job.quarantined_at, job.next_run) == (None, NIGHT)


# Configurations.


def a_config(target: Target, **values: Any) -> StrategyConfig:
    return rows.a_config(target, **{"strategy_id": "CLEANUP_MAINTENANCE"} | values)


def test_a_job_takes_its_parameters_limits_zone_and_rank_from_its_configuration(
    a_job: Callable[..., MaintenanceJob], target: Target
) -> None:
    a_config(
        target, strategy_config={"retries": 1, "retry_delay_seconds": 7}, batch_size=25, timeout_seconds=900,
        priority_level=9, schedule_timezone="Europe/Berlin", parallel_degree=4, prerequisite_checks="room",
        resource_limits={"lock_wait_seconds": 3, "max_duration_seconds": 600},
    )  # fmt: skip
    job = settled(a_job(job_parameters={"retries": 5}, max_parallel_degree=2))
    assert job.next_run == NIGHT - HOUR, "02:00 in Berlin"
    jobs.plan_due(NIGHT - HOUR)
    run = the_run(job)
    assert run.parameters == {
        "max_objects": 25, "retries": 5, "retry_delay_seconds": 7, "lock_wait_seconds": 3,
    }  # fmt: skip
    assert (run.timeout_seconds, run.priority_level, run.limits) == (600, 9, {"parallel_degree": 2})
    assert run.prechecks == ["ROOM"]
    run = carried_out(run, NIGHT - HOUR)
    assert run.plan is not None
    assert run.plan["steps"][0]["sql"].startswith("degree 2;")


def test_a_run_has_the_budget_of_its_job_and_of_what_that_leaves_open_of_its_configuration(
    a_job: Callable[..., MaintenanceJob], target: Target
) -> None:
    a_config(target, resource_limits={"max_io_operations": 9, "max_lock_seconds": 60})
    job = settled(a_job(resource_limits={"max_lock_seconds": 30}))
    jobs.plan_due(NIGHT)
    assert the_run(job).limits == {"max_io_operations": 9, "max_lock_seconds": 30, "parallel_degree": 1}


def test_another_budget_replaces_a_run_that_is_planned_ahead(a_job: Callable[..., MaintenanceJob]) -> None:
    job = settled(a_job(resource_limits={"max_database_seconds": 60}))
    jobs.plan_due(NIGHT - 30 * SECOND)
    before = the_run(job)
    settled(changed(job, resource_limits={"max_database_seconds": 600}), NIGHT - 20 * SECOND)
    jobs.plan_due(NIGHT - 10 * SECOND)
    before.refresh_from_db()
    assert (before.status, the_run(job).limits["max_database_seconds"]) == (RunStatus.CANCELLED, 600)


def test_a_manual_configuration_leaves_starting_to_people(a_job: Callable[..., MaintenanceJob], target: Target) -> None:
    job = settled(a_job())
    config = a_config(target, execution_mode="MANUAL")
    assert settled(job).next_run is None
    config.delete()
    assert settled(job).next_run == NIGHT


def test_the_counters_of_job_and_configuration_stay_true(a_job: Callable[..., MaintenanceJob], target: Target) -> None:
    config = a_config(target)
    other = a_config(target, target_object="orders")
    job = settled(a_job())
    jobs.plan_due(NIGHT)
    carried_out(the_run(job), NIGHT)
    for row in (job, config, other):
        row.refresh_from_db()
    assert (job.execution_count, job.last_status, job.error_count, job.last_run) == (1, "SUCCESS", 0, NIGHT)
    assert (config.execution_count, config.success_count, config.last_success) == (1, 1, NIGHT)
    assert other.execution_count == 0
    assert job.next_run == NIGHT + DAY


# Due.


def test_a_run_is_planned_ahead_and_starts_at_its_very_moment(
    a_job: Callable[..., MaintenanceJob], target: Target, wake_ups: list[Any]
) -> None:
    job = settled(a_job())
    tasks.tick(NIGHT - 61 * SECOND)
    assert not JobRun.objects.exists()
    for second in range(60, 0, -1):
        tasks.tick(NIGHT - second * SECOND)
    run = the_run(job)
    assert wake_ups.count(("plan_run", run.pk)) >= 1
    assert JobRun.objects.count() == 1
    runs.plan(run, NIGHT - 50 * SECOND)
    tasks.tick(NIGHT - SECOND)
    run.refresh_from_db()
    job.refresh_from_db()
    assert (run.status, run.reasons[0]["code"], job.next_run) == (RunStatus.WAITING, "not_due", NIGHT)
    tasks.tick(NIGHT)
    run.refresh_from_db()
    job.refresh_from_db()
    assert (run.status, job.next_run, job.last_due) == (RunStatus.READY, NIGHT + DAY, NIGHT)
    assert ("run_job", run.pk) in wake_ups
    assert JobRun.objects.count() == 1


def test_an_empty_plan_made_ahead_ends_when_it_is_due_with_a_look_of_that_moment(
    a_job: Callable[..., MaintenanceJob], world: World
) -> None:
    world.needs = set()
    job = settled(a_job())
    jobs.plan_due(NIGHT - 30 * SECOND)
    run = the_run(job)
    runs.plan(run, NIGHT - 30 * SECOND)
    assert run.status == RunStatus.WAITING
    ended = carried_out(run, NIGHT)
    assert (ended.status, ended.message, ended.finished_at) == (RunStatus.SUCCEEDED, runs.NOTHING_TO_DO, NIGHT)


def test_two_beats_make_one_run_of_each_due_instant(a_job: Callable[..., MaintenanceJob]) -> None:
    job = settled(a_job())
    seen = MaintenanceJob.objects.get(pk=job.pk)
    jobs.plan_due(NIGHT)
    definition = jobs.job_definitions.read(seen, None, Target.objects.get(is_home=True))
    jobs._move_on(seen, None, definition, NIGHT)
    jobs.plan_due(NIGHT)
    assert JobRun.objects.count() == 1


def test_a_row_that_fails_has_no_other_planned_a_whole_period_ahead(
    a_job: Callable[..., MaintenanceJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    well, broken = [settled(a_job(f"WELL{number}")) for number in range(3)], settled(a_job("BROKEN"))
    real = jobs.job_definitions.read
    monkeypatch.setattr(
        jobs.job_definitions, "read", lambda job, *rest: 1 / 0 if job.job_name == "BROKEN" else real(job, *rest)
    )
    jobs.plan_due(NIGHT + SECOND)
    assert sorted(JobRun.objects.values_list("job", "due_at", "status")) == [
        *((job.pk, NIGHT, RunStatus.PLANNED) for job in well), (broken.pk, NIGHT, RunStatus.MISSED),
    ]  # fmt: skip
    assert not MaintenanceJob.objects.filter(prepared_for__isnull=False).exists()


def test_a_row_that_was_dealt_with_since_its_key_was_read_is_left_alone(a_job: Callable[..., MaintenanceJob]) -> None:
    moved, prepared = settled(a_job("MOVED")), settled(a_job("PREPARED", schedule_value="02:01"))
    home = Target.objects.get(is_home=True)
    jobs.plan_due(NIGHT)
    assert jobs._plan(jobs._wanted(NIGHT), [moved.pk, prepared.pk], home, NIGHT, None) == 0
    assert JobRun.objects.count() == 2


def test_what_was_planned_ahead_is_withdrawn_when_the_job_is_changed(a_job: Callable[..., MaintenanceJob]) -> None:
    job = settled(a_job())
    jobs.plan_due(NIGHT - 30 * SECOND)
    changed(job, schedule_value="05:00")
    settled(job, NIGHT - 20 * SECOND)
    assert the_run(job).status == RunStatus.CANCELLED
    assert job.next_run == NIGHT + 3 * HOUR
    jobs.plan_due(NIGHT)
    assert JobRun.objects.count() == 1


def test_what_waits_already_is_withdrawn_when_the_job_is_switched_off(
    a_job: Callable[..., MaintenanceJob], target: Target
) -> None:
    job = settled(a_job())
    holds.place(ANNA, NOON, "Quarter close", target=target)
    jobs.plan_due(NIGHT)
    settled(changed(job, is_active=False), NIGHT + MINUTE)
    run = the_run(job)
    assert (run.status, run.message) == (RunStatus.CANCELLED, "Withdrawn before it began: the job was switched off.")


def test_an_outage_of_years_costs_no_more_than_one_of_a_month(a_job: Callable[..., MaintenanceJob]) -> None:
    job = settled(a_job())
    jobs.plan_due(NIGHT + 1000 * DAY)
    assert 30 <= JobRun.objects.filter(job=job, status=RunStatus.MISSED).count() <= 31


def test_a_schedule_that_breaks_when_it_is_due_is_set_aside(
    a_job: Callable[..., MaintenanceJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, well = settled(a_job("BROKEN")), settled(a_job("WELL"))
    real = jobs._move_on
    monkeypatch.setattr(jobs, "_move_on", lambda job, *rest: 1 / 0 if job.job_name == "BROKEN" else real(job, *rest))
    jobs.plan_due(NIGHT)
    broken.refresh_from_db()
    assert broken.quarantined_at == NIGHT
    assert [run.status for run in JobRun.objects.filter(job=well)] == [RunStatus.PLANNED]
    assert [run.status for run in JobRun.objects.filter(job=broken)] == [RunStatus.MISSED]


# Late and missed.


def test_a_scheduler_that_stood_still_for_three_hours_leaves_a_record_of_each_instant_and_starts_nothing_late(
    a_job: Callable[..., MaintenanceJob],
) -> None:
    often = settled(a_job("OFTEN", kind="CUSTOM", schedule_value="*/5 * * * *", start_within_minutes=3))
    nightly = settled(a_job("NIGHTLY", start_within_minutes=30))
    MaintenanceJob.objects.filter(pk=often.pk).update(next_run=NIGHT - HOUR)
    back = NIGHT + 2 * HOUR + 4 * MINUTE
    tasks.tick(back)
    missed = JobRun.objects.filter(job=often, status=RunStatus.MISSED)
    assert [run.due_at for run in missed.order_by("due_at")] == [NIGHT - HOUR + n * 5 * MINUTE for n in range(37)]
    assert JobRun.objects.filter(job=nightly).values_list("status", flat=True).get() == RunStatus.MISSED
    assert JobRun.objects.exclude(status=RunStatus.MISSED).exclude(due_at__gt=back).count() == 0
    for job in (often, nightly):
        assert AuditEntry.objects.filter(action="job.missed", object_id=str(job.pk)).count() == 1
        job.refresh_from_db()
        assert job.last_status == "MISSED"
    assert often.next_run == NIGHT + 2 * HOUR + 5 * MINUTE
    assert nightly.next_run == NIGHT + DAY


@pytest.mark.parametrize("is_planned", [False, True])
@pytest.mark.parametrize(("bound", "starts"), [(30, 0), (300, 1)])
def test_what_was_planned_ahead_of_an_outage_is_one_of_the_instants_and_no_second_late_start(
    a_job: Callable[..., MaintenanceJob], bound: int, starts: int, is_planned: bool
) -> None:
    job = settled(a_job(kind="CUSTOM", schedule_value="0 * * * *", start_within_minutes=bound), NIGHT - 2 * MINUTE)
    other = settled(a_job("OTHER", start_within_minutes=30))
    tasks.tick(NIGHT - 30 * SECOND)
    ahead = the_run(job)
    if is_planned:
        runs.plan(ahead, NIGHT - 20 * SECOND)
    back = NIGHT + 3 * HOUR + 40 * MINUTE
    Target.objects.update(checked_at=back)
    tasks.tick(back)
    tasks.tick(back + SECOND)
    found = JobRun.objects.filter(job=job).order_by("due_at")
    assert [run.due_at for run in found] == [NIGHT + n * HOUR for n in range(4)], "one record for each instant"
    assert [run.status for run in found] == [RunStatus.MISSED] * (4 - starts) + [RunStatus.PLANNED] * starts
    ahead.refresh_from_db()
    assert (ahead.status, ahead.awaits_handling, ahead.finished_at) == (RunStatus.MISSED, True, back)
    assert JobRun.objects.get(job=other).status == RunStatus.MISSED
    told = AuditEntry.objects.filter(action__endswith=".missed").values_list(
        "object_type", "object_id", "after__missed", "after__recorded"
    )
    assert sorted(told) == sorted(
        [("MaintenanceJob", str(job.pk), 4 - starts, 4 - starts), ("MaintenanceJob", str(other.pk), 1, 1)]
    )


def test_an_instant_whose_run_was_cancelled_by_a_person_is_not_told_as_missed(
    a_job: Callable[..., MaintenanceJob],
) -> None:
    job = settled(a_job(kind="CUSTOM", schedule_value="0 * * * *", start_within_minutes=30), NIGHT - 2 * MINUTE)
    tasks.tick(NIGHT - 30 * SECOND)
    endings.ask_stop(the_run(job), ANNA, Stop.CANCEL, NIGHT - 20 * SECOND)
    tasks.tick(NIGHT + 2 * HOUR + 40 * MINUTE)
    found = list(JobRun.objects.filter(job=job).order_by("due_at").values_list("status", flat=True))
    assert found == [RunStatus.CANCELLED, RunStatus.MISSED, RunStatus.MISSED]
    after = AuditEntry.objects.get(action="job.missed").after
    assert (after["missed"], after["recorded"], after["first"]) == (2, 2, (NIGHT + HOUR).isoformat())


def test_the_shortest_bound_is_a_minute_and_lets_a_run_start_in_the_second_in_which_it_is_due(
    a_job: Callable[..., MaintenanceJob],
) -> None:
    job = settled(a_job(start_within_minutes=1))
    tasks.tick(NIGHT - 30 * SECOND)
    runs.plan(the_run(job), NIGHT - 20 * SECOND)
    tasks.tick(NIGHT + SECOND / 200)
    assert the_run(job).status == RunStatus.READY


def test_jobs_with_a_long_past_keep_none_waiting_whose_turn_is_now(a_job: Callable[..., MaintenanceJob]) -> None:
    past = settled(a_job("PAST", kind="CUSTOM", schedule_value="30 * * * *"))
    now = settled(a_job("NOW"))
    assert jobs.plan_due(NIGHT, SpentAfter(1)) == 1
    assert the_run(now).due_at == NIGHT
    assert not JobRun.objects.filter(job=past).exists()


def test_within_its_bound_the_latest_instant_is_run_late_and_those_before_it_are_missed(
    a_job: Callable[..., MaintenanceJob],
) -> None:
    job = settled(a_job(kind="CUSTOM", schedule_value="0 * * * *", start_within_minutes=30))
    MaintenanceJob.objects.filter(pk=job.pk).update(next_run=NIGHT)
    jobs.plan_due(NIGHT + 2 * HOUR + 10 * MINUTE)
    found = list(JobRun.objects.order_by("due_at").values_list("due_at", "status"))
    assert found == [
        (NIGHT, RunStatus.MISSED), (NIGHT + HOUR, RunStatus.MISSED), (NIGHT + 2 * HOUR, RunStatus.PLANNED),
    ]  # fmt: skip


def test_a_job_may_ask_to_be_run_once_for_all_that_was_missed(a_job: Callable[..., MaintenanceJob]) -> None:
    job = settled(a_job(start_within_minutes=30, when_late="RUN_ONCE"))
    back = NIGHT + 2 * DAY + 5 * HOUR
    jobs.plan_due(back)
    found = list(JobRun.objects.filter(job=job).order_by("due_at").values_list("due_at", "status"))
    assert found == [
        *((NIGHT + n * DAY, RunStatus.MISSED) for n in range(3)), (back, RunStatus.PLANNED),
    ]  # fmt: skip


def test_a_run_that_is_held_past_its_bound_is_missed_with_the_reason(
    a_job: Callable[..., MaintenanceJob], target: Target
) -> None:
    job = settled(a_job(start_within_minutes=60))
    holds.place(ANNA, NOON, "Quarter close", target=target)
    jobs.plan_due(NIGHT)
    run = the_run(job)
    runs.plan(run, NIGHT)
    tasks.tick(NIGHT + 60 * MINUTE)
    run.refresh_from_db()
    assert run.status == RunStatus.WAITING
    tasks.tick(NIGHT + 60 * MINUTE + SECOND)
    run.refresh_from_db()
    assert run.status == RunStatus.MISSED
    assert "Quarter close" in run.message


def test_the_claim_itself_refuses_a_start_after_the_bound(a_job: Callable[..., MaintenanceJob]) -> None:
    job = settled(a_job(start_within_minutes=1))
    jobs.plan_due(NIGHT)
    run = the_run(job)
    runs.plan(run, NIGHT)
    runs.ask_gate([JobRun.objects.select_related("target").get(pk=run.pk)], NIGHT)
    assert runs.claim(run.pk, "w/1/1/1.00", NIGHT + 61 * SECOND) is None
    run.refresh_from_db()
    assert run.reasons[0]["code"] == "late"


def test_a_very_long_outage_leaves_a_bounded_number_of_records_and_says_how_many_more(
    a_job: Callable[..., MaintenanceJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_runs, "MOST_MISSED", 20)
    job = settled(a_job(kind="CUSTOM", schedule_value="0-9 * * * *", start_within_minutes=1))
    MaintenanceJob.objects.filter(pk=job.pk).update(next_run=NIGHT)
    jobs.plan_due(NIGHT + 6 * HOUR - MINUTE)
    assert JobRun.objects.count() == 20
    after = AuditEntry.objects.get(action="job.missed").after
    assert (after["missed"], after["recorded"]) == (60, 20)


# Dependencies.


def test_a_job_waits_for_the_success_of_another_of_the_same_night_and_is_planned_after_it(
    a_job: Callable[..., MaintenanceJob], world: World, wake_ups: list[Any]
) -> None:
    first = a_job("FIRST")
    second = a_job("SECOND", depends_on_jobs=str(first.pk))
    settled(first)
    settled(second)
    tasks.tick(NIGHT)
    waiting = the_run(second)
    assert f"after job {first.pk} has succeeded" in waiting.reasons[0]["sentence"]
    assert ("plan_run", waiting.pk) not in wake_ups
    tasks.tick(NIGHT + 30 * SECOND)
    assert ("plan_run", waiting.pk) not in wake_ups
    carried_out(the_run(first), NIGHT + 40 * SECOND)
    tasks.tick(NIGHT + 41 * SECOND)
    assert ("plan_run", waiting.pk) in wake_ups
    world.needs = {"a"}
    assert carried_out(waiting, NIGHT + MINUTE).status == RunStatus.SUCCEEDED


def test_last_nights_success_does_not_count_for_tonight(a_job: Callable[..., MaintenanceJob]) -> None:
    first = a_job("FIRST")
    second = a_job("SECOND", depends_on_jobs=str(first.pk))
    settled(first)
    settled(second)
    for night in (NIGHT, NIGHT + DAY):
        jobs.plan_due(night)
        waiting = the_run(second)
        jobs.open_plans(night)
        waiting.refresh_from_db()
        assert waiting.plans_late
        runs.plan(the_run(first), night)  # the second night it finds nothing to do, which is a success
        if the_run(first).is_open:
            carried_out(the_run(first), night)
        jobs.open_plans(night + MINUTE)
        waiting.refresh_from_db()
        assert not waiting.plans_late
        runs.plan(waiting, night + MINUTE)


def test_a_clean_up_that_runs_only_after_a_failure_is_left_out_after_a_success(
    a_job: Callable[..., MaintenanceJob],
) -> None:
    first = a_job("FIRST")
    after = a_job("AFTER", depends_on_jobs=f"{first.pk}:failure")
    last = a_job("LAST", depends_on_jobs=str(after.pk))
    for job in (first, after, last):
        settled(job)
    jobs.plan_due(NIGHT)
    carried_out(the_run(first), NIGHT)
    jobs.open_plans(NIGHT + SECOND)
    jobs.open_plans(NIGHT + 2 * SECOND)
    assert (the_run(after).status, the_run(last).status) == (RunStatus.CANCELLED, RunStatus.CANCELLED)
    assert "Left out" in the_run(last).message
    after.refresh_from_db()
    assert (after.execution_count, after.error_count) == (0, 0)


def test_a_failed_upstream_that_was_mended_in_time_lets_the_next_job_go(
    a_job: Callable[..., MaintenanceJob], world: World
) -> None:
    first = a_job("FIRST")
    second = a_job("SECOND", depends_on_jobs=str(first.pk))
    settled(first)
    settled(second)
    jobs.plan_due(NIGHT)
    world.silent = {"a"}
    failed = carried_out(the_run(first), NIGHT)
    assert failed.status == RunStatus.FAILED
    world.silent = set()
    jobs.open_plans(NIGHT)
    waiting = the_run(second)
    assert f"run {failed.pk} of it did not succeed" in waiting.reasons[0]["sentence"]
    again = successors.try_again(failed, ANNA, NIGHT + MINUTE)
    runs.plan(again, NIGHT + MINUTE)
    runs.release(again, ANNA, again.plan_digest, NIGHT + MINUTE)
    carried_out(again, NIGHT + MINUTE)
    world.needs = {"a"}
    assert carried_out(waiting, NIGHT + 2 * MINUTE).status == RunStatus.SUCCEEDED


def test_who_starts_a_job_by_hand_does_not_wait_for_what_it_depends_on(a_job: Callable[..., MaintenanceJob]) -> None:
    first = a_job("FIRST")
    second = settled(a_job("SECOND", depends_on_jobs=str(first.pk)))
    run = jobs.ask_run(ANNA, second, NOON)
    runs.plan(run, NOON)
    runs.release(run, ANNA, run.plan_digest, NOON)
    assert carried_out(run, NOON).status == RunStatus.SUCCEEDED


def test_the_gate_asks_for_dependencies_with_the_same_queries_however_many_wait(
    a_job: Callable[..., MaintenanceJob],
) -> None:
    first = settled(a_job("FIRST", schedule_value="01:00"))
    for number in range(30):
        settled(a_job(f"JOB{number}", depends_on_jobs=str(first.pk)))
    jobs.plan_due(NIGHT)
    JobRun.objects.filter(status=RunStatus.PLANNED).update(status=RunStatus.WAITING, steps_total=1)
    counts = []
    for n in (3, 30):
        waiting = list(JobRun.objects.select_related("target", "job", "config").exclude(job=first)[:n])
        with CaptureQueriesContext(connection) as queries:
            runs.Gatehouse(NIGHT, waiting, counts_ready=True)
        counts.append(len(queries))
    assert counts[0] == counts[1]
