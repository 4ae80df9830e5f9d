"""Rows of jobs that are new or were changed: what was due stays due, what is planned follows the change, a wrong row harms no other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from maintenance_portal import tasks
from strategies import endings, holds, jobs, settling
from strategies.batches import Budget
from strategies.models import AuditEntry, JobRun, JobState, MaintenanceJob, RunStatus, StrategyConfig, Target
from tests import jobs as rows
from tests import scripted
from tests.budgets import SpentAfter
from tests.jobs import DAY, HOUR, MINUTE, NIGHT, NOON, SECOND, settled, until_somebody_waits
from tests.nightly import ANNA, nightly, scripted_target, the_run
from tests.scripted import World

pytestmark = pytest.mark.django_db(transaction=True)
READ = timedelta(milliseconds=5)  # so long after its instant the tick looks


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Target:
    scripted.install(monkeypatch, World(needs={"a"}))
    return scripted_target()


def a_job(target: Target | None, name: str = "NIGHTLY", **values: Any) -> MaintenanceJob:
    """As SQL would type it: nothing is computed yet."""
    known = {"strategy_id": "CLEANUP_MAINTENANCE", "schedule_value": "02:00", **values}
    return rows.a_job(target, name, **known)


def a_config(target: Target | None, **values: Any) -> StrategyConfig:
    return rows.a_config(target, **{"strategy_id": "CLEANUP_MAINTENANCE"} | values)


def hourly(target: Target, name: str = "HOURLY", **values: Any) -> MaintenanceJob:
    job = a_job(target, name, kind="CUSTOM", schedule_value="0 * * * *", **values)
    return settled(job, NOON + MINUTE)


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def changed(job: MaintenanceJob, **values: Any) -> None:
    MaintenanceJob.objects.filter(pk=job.pk).update(**values)


def ticked(*moments: datetime) -> None:
    for moment in moments:
        tasks.tick(moment)


def told(job: MaintenanceJob) -> list[tuple[datetime, str]]:
    """The runs of a job by their instant."""
    return list(JobRun.objects.filter(job=job).order_by("due_at", "pk").values_list("due_at", "status"))


def withdrawn(job: MaintenanceJob) -> list[str]:
    return list(JobRun.objects.filter(job=job, status=RunStatus.CANCELLED).values_list("message", flat=True))


# A change within the minute in which the next run is planned already.


def test_a_change_just_before_its_instant_costs_no_run_and_the_run_is_of_the_changed_job(target: Target) -> None:
    job = nightly(target)
    ticked(NIGHT - 50 * SECOND)
    changed(job, job_parameters={"retries": 3})
    ticked(NIGHT - 40 * SECOND, NIGHT + READ)
    assert told(job) == [(NIGHT, RunStatus.CANCELLED), (NIGHT, RunStatus.PLANNED)]
    assert withdrawn(job) == ["Withdrawn before it began: the job was changed."]
    assert the_run(job).parameters["retries"] == 3
    job.refresh_from_db()
    assert (job.next_run, job.last_due) == (NIGHT + DAY, NIGHT)


@pytest.mark.parametrize(
    "change", [{"job_name": "OTHER_NAME"}, {"schedule_value": "2:00"}, {"job_parameters": {}}, {"next_run": None}]
)
def test_a_change_that_leaves_the_run_as_it_is_leaves_it_alone(target: Target, change: dict[str, Any]) -> None:
    job = nightly(target)
    ticked(NIGHT - 50 * SECOND)
    planned = the_run(job)
    changed(job, **change)
    ticked(NIGHT - 40 * SECOND, NIGHT + READ)
    assert told(job) == [(NIGHT, RunStatus.PLANNED)]
    assert the_run(job) == planned


def test_a_configuration_of_another_database_or_object_changes_nothing_here(target: Target) -> None:
    job = nightly(target)
    ticked(NIGHT - 50 * SECOND)
    a_config(scripted_target("other"))
    a_config(target, target_object="orders")
    job.refresh_from_db()
    assert job.is_settled
    ticked(NIGHT - 40 * SECOND, NIGHT + READ)
    assert told(job) == [(NIGHT, RunStatus.PLANNED)]


def test_its_own_configuration_typed_just_before_its_instant_counts_for_this_night(target: Target) -> None:
    job = nightly(target)
    ticked(NIGHT - 50 * SECOND, NIGHT - SECOND)
    a_config(target, priority_level=9, batch_size=7)
    ticked(NIGHT + READ)
    run = the_run(job)
    assert (run.due_at, run.status, run.priority_level, run.parameters["max_objects"]) == (
        NIGHT,
        RunStatus.PLANNED,
        9,
        7,
    )
    assert len(withdrawn(job)) == 1


def test_a_job_that_was_switched_off_and_on_again_before_its_instant_runs(target: Target) -> None:
    job = nightly(target)
    ticked(NIGHT - 50 * SECOND)
    changed(job, is_active=False)
    ticked(NIGHT - 40 * SECOND)
    assert told(job) == [(NIGHT, RunStatus.CANCELLED)]
    changed(job, is_active=True)
    ticked(NIGHT - 30 * SECOND, NIGHT + READ)
    assert told(job) == [(NIGHT, RunStatus.CANCELLED), (NIGHT, RunStatus.PLANNED)]


def test_a_job_that_was_wrong_for_a_moment_before_its_instant_runs(target: Target) -> None:
    job = nightly(target)
    ticked(NIGHT - 50 * SECOND)
    changed(job, job_parameters={"retries": 99})
    ticked(NIGHT - 40 * SECOND)
    assert withdrawn(job) == ["Withdrawn before it began: the job was set aside."]
    changed(job, job_parameters=None)
    ticked(NIGHT - 30 * SECOND, NIGHT + READ)
    assert told(job) == [(NIGHT, RunStatus.CANCELLED), (NIGHT, RunStatus.PLANNED)]


def test_a_run_that_a_person_cancelled_is_not_begun_again_by_a_change(target: Target) -> None:
    job = nightly(target)
    ticked(NIGHT - 50 * SECOND)
    endings.ask_stop(the_run(job), ANNA, endings.Stop.CANCEL, NIGHT - 45 * SECOND)
    changed(job, job_parameters={"retries": 3})
    ticked(NIGHT - 40 * SECOND, NIGHT + READ)
    assert told(job) == [(NIGHT, RunStatus.CANCELLED)]


def test_a_run_whose_instant_is_over_keeps_waiting_as_it_was_planned(target: Target) -> None:
    job = nightly(target)
    holds.place(ANNA, NOON, "Quarter close", target=target)
    ticked(NIGHT - 50 * SECOND, NIGHT + READ)
    waiting = the_run(job)
    changed(job, job_parameters={"retries": 3}, schedule_value="05:00")
    ticked(NIGHT + MINUTE)
    assert told(job) == [(NIGHT, RunStatus.PLANNED)]
    assert the_run(job) == waiting
    changed(job, schedule_value="26:00")
    ticked(NIGHT + 2 * MINUTE)
    assert told(job) == [(NIGHT, RunStatus.PLANNED)]


def test_of_a_job_that_is_left_to_people_nothing_begins_any_more(target: Target) -> None:
    job = nightly(target)
    holds.place(ANNA, NOON, "Quarter close", target=target)
    ticked(NIGHT)
    a_config(target, execution_mode="MANUAL")
    ticked(NIGHT + MINUTE)
    assert withdrawn(job) == ["Withdrawn before it began: its configuration leaves starting to people."]


def test_two_beats_of_which_one_has_an_older_list_are_as_safe_as_one(target: Target) -> None:
    job = a_job(target)
    older = list(MaintenanceJob.objects.unsettled().values_list("pk", flat=True))
    ticked(NIGHT - 40 * SECOND)
    assert settling._settle(older, Target.objects.get(is_home=True), NIGHT - 40 * SECOND) == 0
    assert told(job) == [(NIGHT, RunStatus.PLANNED)]


# What was due under the old schedule.


@pytest.mark.parametrize("change", [{"job_name": "OTHER_NAME"}, {"start_within_minutes": 31}])
def test_what_passed_while_the_portal_was_off_is_recorded_though_the_job_was_changed_meanwhile(
    target: Target, change: dict[str, Any]
) -> None:
    job = hourly(target, start_within_minutes=30)
    changed(job, **change)
    ticked(NOON + 3 * HOUR + 10 * MINUTE)
    assert told(job) == [
        (NOON + HOUR, RunStatus.MISSED), (NOON + 2 * HOUR, RunStatus.MISSED), (NOON + 3 * HOUR, RunStatus.PLANNED),
    ]  # fmt: skip
    job.refresh_from_db()
    assert job.next_run == NOON + 4 * HOUR


@pytest.mark.parametrize("change", [{"job_parameters": {"retries": 3}}, {"schedule_value": "30 * * * *"}])
def test_what_was_planned_ahead_of_an_outage_is_missed_once_though_the_job_was_changed_meanwhile(
    target: Target, change: dict[str, Any]
) -> None:
    job = hourly(target, start_within_minutes=5)
    ticked(NOON + 59 * MINUTE + 30 * SECOND)
    changed(job, **change)
    ticked(NOON + 2 * HOUR + 20 * MINUTE)
    assert told(job) == [(NOON + HOUR, RunStatus.MISSED), (NOON + 2 * HOUR, RunStatus.MISSED)]
    assert AuditEntry.objects.get(action="job.missed").after["recorded"] == 2


def test_after_an_outage_a_new_schedule_counts_from_now_and_the_old_one_until_then(target: Target) -> None:
    job = hourly(target, start_within_minutes=30)
    changed(job, schedule_value="15 */6 * * *")
    ticked(NOON + 3 * HOUR + 40 * MINUTE)
    assert told(job) == [(NOON + n * HOUR, RunStatus.MISSED) for n in (1, 2, 3)]
    told_audit = AuditEntry.objects.get(action="job.missed")
    assert (told_audit.after["missed"], told_audit.after["recorded"]) == (3, 3)
    job.refresh_from_db()
    assert (job.next_run, job.last_due) == (NOON + 6 * HOUR + 15 * MINUTE, NOON + 3 * HOUR)


def test_what_was_due_under_the_old_schedule_and_is_within_its_bound_runs(target: Target) -> None:
    job = hourly(target, start_within_minutes=30)
    changed(job, schedule_value="15 */6 * * *", job_parameters={"retries": 3})
    ticked(NOON + HOUR + 10 * MINUTE)
    assert told(job) == [(NOON + HOUR, RunStatus.PLANNED)]
    assert the_run(job).parameters["retries"] == 3, "as the job is now"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"is_active": False}, "switched off"),
        ({"schedule_value": "26:00"}, "schedule_value: "),
        ({"start_within_minutes": 0}, "0"),
    ],
)
def test_what_passed_before_a_job_was_switched_off_or_went_wrong_is_missed_and_does_not_start(
    target: Target, change: dict[str, Any], why: str
) -> None:
    job = nightly(target, start_within_minutes=300)
    ticked(NIGHT - 30 * SECOND)
    changed(job, **change)
    ticked(NIGHT + 3 * HOUR)
    assert told(job) == [(NIGHT, RunStatus.MISSED)]
    run = the_run(job)
    assert (why in run.message, run.awaits_handling) == (True, True)
    assert AuditEntry.objects.filter(action="job.missed").count() == 1
    changed(job, is_active=True, schedule_value="02:00", start_within_minutes=300)
    ticked(NIGHT + 3 * HOUR + MINUTE)
    job.refresh_from_db()
    assert (told(job), job.next_run) == ([(NIGHT, RunStatus.MISSED)], NIGHT + DAY)


def test_a_schedule_that_was_moved_away_just_before_its_instant_does_not_run_then(target: Target) -> None:
    job = nightly(target)
    ticked(NIGHT - 30 * SECOND, NIGHT - SECOND)
    changed(job, schedule_value="05:00")
    ticked(NIGHT + READ)
    assert told(job) == [(NIGHT, RunStatus.CANCELLED)]
    job.refresh_from_db()
    assert job.next_run == NIGHT + 3 * HOUR


def test_a_schedule_that_is_typed_just_before_its_instant_runs_then(target: Target) -> None:
    moved, new = nightly(target, "MOVED", schedule_value="05:00"), a_job(target, "NEW")
    changed(moved, schedule_value="02:00")
    ticked(NIGHT + READ)
    assert told(moved) == told(new) == [(NIGHT, RunStatus.PLANNED)]


def test_a_next_run_that_somebody_typed_counts_also_beside_a_change(target: Target) -> None:
    first, second, third = (nightly(target, name) for name in ("FIRST", "SECOND", "THIRD"))
    typed = "2026-11-25 18:30:00+00:00" if connection.vendor == "postgresql" else "2026-11-25 18:30:00"
    sql("UPDATE generic_maintenance_jobs SET next_run = %s WHERE job_id = %s", typed, first.pk)
    sql(
        "UPDATE generic_maintenance_jobs SET schedule_value = '05:00', next_run = %s WHERE job_id = %s",
        typed,
        second.pk,
    )
    sql("UPDATE generic_maintenance_jobs SET schedule_value = '05:00' WHERE job_id = %s", third.pk)
    sql("UPDATE generic_maintenance_jobs SET next_run = %s WHERE job_id = %s", typed, third.pk)
    ticked(NOON + SECOND)
    assert set(MaintenanceJob.objects.values_list("next_run", flat=True)) == {NOON + 6 * HOUR + 30 * MINUTE}
    ticked(NOON + 6 * HOUR + 30 * MINUTE)
    assert list(MaintenanceJob.objects.order_by("pk").values_list("next_run", flat=True)) == [
        NIGHT, NIGHT + 3 * HOUR, NIGHT + 3 * HOUR,
    ]  # fmt: skip


# Trouble that passes, and rows that are wrong for good.


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("name", ["_move_on", "_prepare"])
def test_trouble_of_the_database_costs_no_due_instant(
    target: Target, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    job = nightly(target)
    with monkeypatch.context() as locked:
        locked.setattr(jobs, name, failing(OperationalError("database is locked")))
        ticked(NIGHT - 30 * SECOND)
        if name == "_move_on":
            ticked(NIGHT)
    ticked(NIGHT + SECOND)
    assert told(job) == [(NIGHT, RunStatus.PLANNED)]
    job.refresh_from_db()
    assert (job.state, job.next_run) == (JobState.SCHEDULED, NIGHT + DAY)
    assert not AuditEntry.objects.filter(action="job.quarantined").exists()


def test_trouble_of_the_database_sets_no_row_aside_that_is_being_read(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job(target)
    with monkeypatch.context() as locked:
        locked.setattr(settling.job_definitions, "configurations", failing(OperationalError("deadlock detected")))
        ticked(NOON)
    job.refresh_from_db()
    assert job.state == JobState.UNSETTLED
    assert settled(job, NOON + SECOND).next_run == NIGHT


def test_a_job_on_which_the_portal_fails_when_it_is_due_stays_aside_and_its_instant_is_told(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = nightly(target)
    monkeypatch.setattr(jobs, "_move_on", failing(ZeroDivisionError()))
    ticked(NIGHT, *(NIGHT + n * SECOND for n in range(1, 4)))
    job.refresh_from_db()
    assert (job.state, job.next_run, job.quarantined_at) == (JobState.QUARANTINED, None, NIGHT)
    assert told(job) == [(NIGHT, RunStatus.MISSED)]
    assert AuditEntry.objects.filter(action="job.quarantined").count() == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("start_within_minutes", 0),
        ("start_within_minutes", 10_081),
        ("start_within_minutes", 2**31 - 1),
        ("max_parallel_degree", 65),
    ],
)
def test_a_figure_that_nobody_can_keep_to_sets_the_job_aside_within_a_tick(
    target: Target, column: str, value: int
) -> None:
    new, old = a_job(target, "NEW", **{column: value}), nightly(target, "OLD")
    changed(old, **{column: value})
    ticked(NOON)
    for job in (new, old):
        job.refresh_from_db()
        assert str(job.quarantine_reason).startswith(f"{column}: Takes a whole number from 1 to ")
    ticked(NIGHT)
    assert not JobRun.objects.exists()


@pytest.mark.parametrize(("column", "value"), [("parallel_degree", 0), ("parallel_degree", 999), ("batch_size", 0)])
def test_a_figure_of_its_configuration_is_named_by_its_column(target: Target, column: str, value: int) -> None:
    job = nightly(target)
    a_config(target, **{column: value})
    assert str(settled(job).quarantine_reason).startswith(f"{column}: ")


def test_a_row_that_cannot_even_be_read_is_set_aside_and_keeps_no_other_waiting(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = a_job(target, "WRONG")
    a_job(target, "WELL")
    due_wrong, due_well = (nightly(target, f"DUE_{name}", schedule_value="13:00") for name in ("WRONG", "WELL"))
    MaintenanceJob.objects.filter(pk__in=[wrong.pk, due_wrong.pk]).update(job_parameters={"retries": 1})
    MaintenanceJob.objects.filter(pk=due_wrong.pk).update(is_settled=True)
    field = MaintenanceJob._meta.get_field("job_parameters")

    def read(self: Any, value: str | None, *_: object) -> Any:
        return 1 / 0 if value is not None else None

    monkeypatch.setattr(type(field), "from_db_value", read)
    ticked(NOON + HOUR, NOON + HOUR + SECOND)
    monkeypatch.undo()
    reasons = dict(MaintenanceJob.objects.values_list("job_name", "quarantine_reason"))
    assert reasons == {
        "WRONG": "job_parameters: What stands there cannot be read.", "WELL": None,
        "DUE_WRONG": "job_parameters: What stands there cannot be read.", "DUE_WELL": None,
    }  # fmt: skip
    assert told(due_well) == [(NOON + HOUR, RunStatus.PLANNED)]
    assert told(due_wrong) == [(NOON + HOUR, RunStatus.MISSED)]


def test_what_was_due_of_a_changed_row_on_which_the_portal_fails_is_missed_and_nothing_of_it_stays_open(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = nightly(target, "AHEAD", schedule_value="15:00")
    ticked(NOON + 3 * HOUR - 30 * SECOND)
    past = hourly(target, "PAST")
    for job in (past, ahead):
        changed(job, job_parameters={"retries": 3})
    monkeypatch.setattr(settling.job_definitions, "read", failing(ZeroDivisionError()))
    ticked(NOON + 3 * HOUR - 20 * SECOND)
    assert told(past) == [(NOON + n * HOUR, RunStatus.MISSED) for n in (1, 2)]
    assert told(ahead) == [(NOON + 3 * HOUR, RunStatus.CANCELLED)]
    for job in (past, ahead):
        job.refresh_from_db()
        assert (job.state, job.next_run) == (JobState.QUARANTINED, None)
        assert "portal itself failed" in str(job.quarantine_reason)
    assert AuditEntry.objects.filter(action="job.quarantined").count() == 2


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"schedule_value": "26:00"}, {"start_within_minutes": 0}], ids=str
)
def test_what_was_due_of_a_row_without_a_clock_is_told_though_it_was_switched_off_or_went_wrong(
    target: Target, change: dict[str, Any]
) -> None:
    job = nightly(target)
    changed(job, clock=None, **change)
    ticked(NIGHT + HOUR)
    assert told(job) == [(NIGHT, RunStatus.MISSED)]


@pytest.mark.parametrize("trouble", [IntegrityError("refused"), OperationalError("integer overflow")], ids=str)
def test_rows_that_fail_for_good_keep_no_others_waiting_however_many_they_are(
    target: Target, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    monkeypatch.setattr(settling, "AT_ONCE", 2)
    for number in range(4):
        a_job(target, f"WRONG{number}")
    well = a_job(target, "WELL")
    settle_one = settling._settle_one

    def settle(job: MaintenanceJob, *rest: Any) -> None:
        if job.job_name.startswith("WRONG"):
            raise trouble
        settle_one(job, *rest)

    monkeypatch.setattr(settling, "_settle_one", settle)
    ticked(*(NOON + n * SECOND for n in range(3)))
    well.refresh_from_db()
    assert well.next_run == NIGHT
    assert MaintenanceJob.objects.unsettled().count() == 4


# Rings.


def test_two_jobs_that_wait_for_each_other_are_read_once_and_not_for_ever(target: Target) -> None:
    one = a_job(target, "ONE")
    two = a_job(target, "TWO", depends_on_jobs=str(one.pk))
    changed(one, depends_on_jobs=str(two.pk))
    ticked(NOON, NOON + SECOND)
    changed(one, job_name="OTHER_NAME")
    read = [settling.settle(NOON + n * SECOND) for n in range(2, 6)]
    assert read == [1, 0, 0, 0]
    assert not MaintenanceJob.objects.unsettled().exists()


def test_a_ring_that_is_opened_anywhere_lets_all_of_it_in_again(target: Target) -> None:
    first = a_job(target, "FIRST")
    second = a_job(target, "SECOND", depends_on_jobs=str(first.pk))
    third = a_job(target, "THIRD", depends_on_jobs=str(second.pk))
    ticked(NOON)
    changed(first, depends_on_jobs=str(third.pk))
    ticked(NOON + SECOND)
    first.refresh_from_db()
    assert "→" in str(first.quarantine_reason)
    changed(third, depends_on_jobs="")
    ticked(NOON + 2 * SECOND, NOON + 3 * SECOND)
    assert set(MaintenanceJob.objects.values_list("next_run", flat=True)) == {NIGHT}


def test_strategies_that_waited_for_each_other_are_let_in_when_one_of_them_no_longer_does(target: Target) -> None:
    configs = [
        a_config(target, strategy_id=name, depends_on_strategies=other)
        for name, other in (("CLEANUP_MAINTENANCE", "INDEX_MAINTENANCE"), ("INDEX_MAINTENANCE", "CLEANUP_MAINTENANCE"))
    ]
    job = nightly(target)
    assert "→" in str(job.quarantine_reason)
    StrategyConfig.objects.filter(pk=configs[1].pk).update(depends_on_strategies="")
    a_job(target, "ANOTHER", target_object="orders")
    ticked(NOON + SECOND, NOON + 2 * SECOND)
    job.refresh_from_db()
    assert job.next_run == NIGHT


# However many there are.


def test_a_batch_is_read_with_the_same_few_questions_however_long_the_chain_of_jobs(target: Target) -> None:
    def queries(count: int, name: str) -> int:
        before = ""
        for number in range(count):
            before = str(a_job(target, f"{name}{number}", depends_on_jobs=before).pk)
        with CaptureQueriesContext(connection) as captured:
            assert settling.settle(NOON) == count
        return len(captured) - count  # one statement keeps what each row means

    assert queries(40, "LONG") == queries(5, "SHORT")


def test_a_job_is_judged_with_the_same_few_questions_however_long_the_way_behind_it(target: Target) -> None:
    def queries(count: int, name: str) -> int:
        before = ""
        for number in range(count):
            job = a_job(target, f"{name}{number}", depends_on_jobs=before)
            before = str(job.pk)
        with CaptureQueriesContext(connection) as captured:
            settling.judge(job)
        return len(captured)

    assert queries(60, "LONG") == queries(8, "SHORT") <= 7


@pytest.mark.parametrize("length", [2, 3, 5, 30])
def test_a_ring_of_any_length_is_told_whole(target: Target, length: int) -> None:
    jobs_ = [a_job(target, f"JOB{number}") for number in range(length)]
    for job, before in zip(jobs_, jobs_[-1:] + jobs_[:-1], strict=True):
        changed(job, depends_on_jobs=str(before.pk))
    ring = MaintenanceJob.objects.get(pk=jobs_[0].pk)
    with pytest.raises(settling.JobRefused, match="wait for each other") as refusal:
        settling.judge(ring)
    assert str(refusal.value).count(" → ") == length


def test_the_configurations_are_read_once_for_a_batch(target: Target) -> None:
    for number in range(20):
        a_job(target, f"JOB{number}", target_object=f"t{number}")
        a_config(target, target_object=f"t{number}")
    with CaptureQueriesContext(connection) as captured:
        settling.settle(NOON)
    asked = [query["sql"] for query in captured if 'FROM "generic_strategy_config"' in query["sql"]]
    assert len(asked) == 1


def test_what_does_not_fit_into_the_time_has_its_turn_in_the_next_tick_what_is_due_first_comes_first(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling.batches, "SIZE", 1)
    late, soon = nightly(target, "LATE", schedule_value="05:00"), nightly(target, "SOON")
    MaintenanceJob.objects.update(job_parameters={"retries": 1})
    a_job(target, "NEW")
    spent = iter([False, True, True])
    budget = Budget(60)
    monkeypatch.setattr(Budget, "is_spent", property(lambda _: next(spent)))
    assert settling.settle(NOON, budget) == 1
    for job in (late, soon):
        job.refresh_from_db()
    assert (soon.is_settled, late.is_settled) == (True, False)


def test_the_time_is_kept_within_a_batch_too_and_what_was_read_by_then_counts(target: Target) -> None:
    for number in range(4):
        a_job(target, f"JOB{number}")
    assert settling.settle(NOON, SpentAfter(2)) == 2, "asked before the batch, and before each row but the first"
    assert list(MaintenanceJob.objects.unsettled().values_list("job_name", flat=True)) == ["JOB2", "JOB3"]
    assert settling.settle(NOON, SpentAfter(1)) == 1
    assert settling.settle(NOON) == 1


def test_jobs_that_were_set_aside_for_others_are_looked_at_again_within_the_time_and_the_rest_later(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = a_job(target, "FIRST")
    waiting = [settled(a_job(target, f"W{number}", depends_on_jobs=str(first.pk + 4))) for number in range(3)]
    assert [job.state for job in waiting] == [JobState.QUARANTINED] * 3
    late = a_job(target, "LATE")
    assert late.pk == first.pk + 4
    monkeypatch.setattr(settling.batches, "SIZE", 1)
    settling.settle(NOON, SpentAfter(2))  # once before the row, and once before the first that waits
    assert MaintenanceJob.objects.unsettled().count() == 1
    settling.settle(NOON, SpentAfter(1))
    settling.settle(NOON)
    settling.settle(NOON)
    assert set(MaintenanceJob.objects.values_list("next_run", flat=True)) == {NIGHT}


def test_a_job_on_which_the_portal_fails_keeps_no_other_from_being_looked_at_again(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = a_job(target, "FIRST")
    broken, well = (settled(a_job(target, name, depends_on_jobs=str(first.pk + 3))) for name in ("BROKEN", "WELL"))
    a_job(target, "LATE")
    read = settling.job_definitions.read
    monkeypatch.setattr(
        settling.job_definitions, "read", lambda job, *rest: 1 / 0 if job.pk == broken.pk else read(job, *rest)
    )
    assert settled(well).state == JobState.UNSETTLED
    assert settled(well, NOON + SECOND).next_run == NIGHT
    broken.refresh_from_db()
    assert broken.state == JobState.QUARANTINED


# Home.


@pytest.mark.parametrize("names_home", [True, False])
def test_home_is_one_place_whether_a_row_names_it_or_names_none(names_home: bool) -> None:
    home = Target.objects.get(is_home=True)
    job = settled(rows.a_job(home if names_home else None, strategy_id="STATISTICS_MAINTENANCE"))
    assert job.next_run == NIGHT
    config = rows.a_config(
        None if names_home else home,
        strategy_id="STATISTICS_MAINTENANCE",
        priority_level=9,
        schedule_timezone="Europe/Berlin",
    )
    assert settled(job).next_run == NIGHT - HOUR, "02:00 in Berlin"
    ticked(NIGHT - HOUR)
    assert (the_run(job).priority_level, the_run(job).config) == (9, config)


def test_strategies_of_home_that_wait_for_each_other_are_found_however_it_is_named() -> None:
    home = Target.objects.get(is_home=True)
    names = ("STATISTICS_MAINTENANCE", "INDEX_MAINTENANCE")
    for place, name, other in ((None, *names), (home, *reversed(names))):
        rows.a_config(place, strategy_id=name, depends_on_strategies=other)
    job = settled(rows.a_job(home, strategy_id=names[0]))
    assert "The strategies wait for each other" in str(job.quarantine_reason)


# Side by side.


@pytest.mark.database
@pytest.mark.skipif(connection.vendor != "postgresql", reason="only there two write at once")
@pytest.mark.parametrize("is_settled", [False, True])
def test_who_ends_a_run_and_who_reads_its_job_never_stand_in_each_others_way(target: Target, is_settled: bool) -> None:
    job = nightly(target, kind="CUSTOM", schedule_value="0 * * * *")
    changed(job, next_run=NIGHT)
    ticked(NIGHT - 30 * SECOND)
    run = the_run(job)
    if not is_settled:
        changed(job, is_active=False)
    read: list[object] = []
    beat = threading.Thread(target=lambda: read.append(_read_beside(NIGHT + 3 * HOUR)))
    with transaction.atomic():
        assert JobRun.objects.filter(pk=run.pk).update(reasons=[])
        beat.start()
        until_somebody_waits()
        assert MaintenanceJob.objects.filter(pk=job.pk).update(last_status="SUCCESS")  # as the end of a run
    beat.join(30)
    assert read == [None]
    missed = [(NIGHT + n * HOUR, RunStatus.MISSED) for n in range(3)]
    assert told(job) == (missed if not is_settled else [*missed, (NIGHT + 3 * HOUR, RunStatus.PLANNED)])


def _read_beside(moment: datetime) -> Exception | None:
    try:
        settling.settle(moment)
        jobs.plan_due(moment)
    except Exception as error:
        return error
    finally:
        connection.close()
    return None
