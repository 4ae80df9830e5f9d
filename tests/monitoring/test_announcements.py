"""The maintenance of systems is announced as it is: by the true states of jobs and runs, each step once, with one end."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring import announcements, foreseen, subscriptions, system_state
from monitoring.deliveries import WELCOMED
from monitoring.models import AnnouncedWork, Announcement, Audience, Notification, Stage, Subscription, System
from strategies import jobs, settling
from strategies.models import AuditEntry, Hold, JobRun, MaintenanceJob, MaintenanceWindow, RunStatus, Target, Tenant
from tests import scripted
from tests.jobs import DAY, HOUR, MINUTE, NIGHT, NOON, SECOND, a_job, settled
from tests.long import IS_ALL
from tests.monitoring.stakeholders import look, read_on, steps, subscriber, system_of, the_announcement, told
from tests.monitoring.told import hook_channel, mail_channel, rule
from tests.nightly import carried_out, nightly, scripted_target, the_run
from tests.scripted import World

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.PORTAL_PLAN_AHEAD_SECONDS = 600
    scripted.install(monkeypatch, World(needs={"a"}))
    mail_channel()
    read_on(NOON)
    read_on(NOON)


def changed(job: MaintenanceJob, moment: datetime, **values: object) -> None:
    """As SQL changes a row; the next tick reads it."""
    MaintenanceJob.objects.filter(pk=job.pk).update(is_settled=False, **values)
    settling.settle(moment)


def weekly(target: Target, **values: object) -> MaintenanceJob:
    """Due on Thursdays at 02:00 only, so that one maintenance stands alone."""
    return nightly(target, **{"kind": "CUSTOM", "schedule_value": "0 2 * * 4", **values})


def during(run: JobRun, status: RunStatus, moment: datetime) -> None:
    values = {"started_at": NIGHT, "claimed_at": NIGHT} if status != RunStatus.WAITING else {}
    JobRun.objects.filter(pk=run.pk).update(status=status, **values)


def under_way() -> JobRun:
    """The run of the one job there is, which its one subscriber was told of: planned and begun."""
    shop = scripted_target()
    subscriber(system_of(shop))
    job = weekly(shop)
    assert steps(NOON) == ["planned"]
    jobs.plan_due(NIGHT - MINUTE)
    run = the_run(job)
    during(run, RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + MINUTE) == ["started"]
    return run


def test_a_life_from_its_plan_to_its_end_by_the_true_states_of_a_run() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    job = weekly(shop)
    assert steps(NOON) == ["planned"]
    assert steps(NOON + MINUTE) == []
    assert the_announcement().starts_at == NIGHT
    assert steps(NIGHT - HOUR) == ["reminder"]
    jobs.plan_due(NIGHT - 10 * MINUTE)
    run = the_run(job)
    assert steps(NIGHT - 9 * MINUTE) == []
    assert the_announcement().works.get().run_id == run.pk
    during(run, RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + 10 * SECOND) == ["started"]
    during(run, RunStatus.VERIFYING, NIGHT)
    assert steps(NIGHT + MINUTE) == ["verifying"]
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.SUCCEEDED, finished_at=NIGHT + 2 * MINUTE)
    assert steps(NIGHT + 3 * MINUTE) == ["done"]
    row = the_announcement()
    assert (row.stage, row.starts_at, row.ends_at) == (Stage.DONE, NIGHT, NIGHT + 2 * MINUTE)
    MaintenanceJob.objects.filter(pk=job.pk).update(is_active=False)
    assert steps(NIGHT + 4 * MINUTE) == []


def test_a_run_that_was_carried_out_between_two_looks_is_told_by_its_end_alone() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    job = weekly(shop)
    steps(NOON)
    jobs.plan_due(NIGHT - MINUTE)
    carried_out(the_run(job), NIGHT, NIGHT + 5 * SECOND)
    MaintenanceJob.objects.filter(pk=job.pk).update(is_active=False)
    assert steps(NIGHT + 10 * SECOND) == ["done"]
    note = Notification.objects.latest("pk")
    assert note.subject == "Maintenance is over: Billing, of Thu 26 Nov 02:00 UTC"
    assert "It lasted less than a minute (Thu 26 Nov 02:00 UTC)." in note.body


@pytest.mark.parametrize(
    ("status", "step"),
    [
        (RunStatus.WARNING, "done"), (RunStatus.FAILED, "unfinished"), (RunStatus.TIMED_OUT, "unfinished"),
        (RunStatus.LOST, "unfinished"), (RunStatus.ROLLED_BACK, "unfinished"), (RunStatus.CANCELLED, "unfinished"),
        (RunStatus.CONTINUED, "unfinished"),
    ],
)  # fmt: skip
def test_what_began_ends_as_it_ended(status: RunStatus, step: str) -> None:
    run = under_way()
    JobRun.objects.filter(pk=run.pk).update(status=status, finished_at=NIGHT + 2 * MINUTE)
    assert steps(NIGHT + 3 * MINUTE) == [step]


@pytest.mark.parametrize("status", [RunStatus.CANCELLED, RunStatus.MISSED, RunStatus.FAILED])
def test_what_never_began_does_not_take_place(status: RunStatus) -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    job = weekly(shop)
    steps(NOON)
    jobs.plan_due(NIGHT - MINUTE)
    JobRun.objects.filter(pk=the_run(job).pk).update(status=status, finished_at=NIGHT)
    MaintenanceJob.objects.filter(pk=job.pk).update(is_active=False)
    assert steps(NIGHT + 3 * MINUTE) == ["cancelled"]
    assert "that was planned for Thu 26 Nov 02:00 UTC does not take place" in Notification.objects.latest("pk").body


def test_a_job_that_is_switched_off_cancels_what_was_announced_and_a_new_time_changes_it() -> None:
    shop = scripted_target()
    subscriber(system_of(shop, ahead_hours=72))
    job = weekly(shop)
    assert steps(NOON) == ["planned"]
    changed(job, NOON + MINUTE, schedule_value="30 4 * * 4")
    assert steps(NOON + 2 * MINUTE) == ["changed"]
    note = Notification.objects.latest("pk")
    assert "planned for Thu 26 Nov 02:00 UTC is now planned for Thu 26 Nov 04:30 UTC" in note.body
    assert steps(NOON + 3 * MINUTE) == []
    changed(job, NOON + 4 * MINUTE, is_active=False)
    assert steps(NOON + 5 * MINUTE) == ["cancelled"]
    changed(job, NOON + 6 * MINUTE, is_active=True)
    assert steps(NOON + 7 * MINUTE) == ["planned"]


def test_a_row_that_is_being_read_changes_nothing() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    job = weekly(shop)
    steps(NOON)
    MaintenanceJob.objects.filter(pk=job.pk).update(is_settled=False)
    assert steps(NOON + MINUTE) == []


def test_a_run_that_its_job_takes_back_and_plans_anew_is_the_same_maintenance() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    job = weekly(shop)
    steps(NOON)
    jobs.plan_due(NIGHT - 5 * MINUTE)
    before = the_run(job)
    assert steps(NIGHT - 5 * MINUTE + SECOND) == []
    changed(job, NIGHT - 4 * MINUTE, start_within_minutes=90)
    before.refresh_from_db()
    assert before.status == RunStatus.CANCELLED
    assert steps(NIGHT - 4 * MINUTE + SECOND) == []
    jobs.plan_due(NIGHT - 3 * MINUTE)
    after = the_run(job)
    assert after.pk != before.pk
    during(after, RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + MINUTE) == ["started"]


def test_a_run_that_somebody_cancels_is_not_told_to_come_two_weeks_later() -> None:
    shop = scripted_target()
    subscriber(system_of(shop, ahead_hours=24))
    job = nightly(shop)
    assert steps(NOON) == ["planned"]
    jobs.plan_due(NIGHT - MINUTE)
    JobRun.objects.filter(pk=the_run(job).pk).update(status=RunStatus.CANCELLED, finished_at=NIGHT)
    assert [step for step in steps(NIGHT + MINUTE) if step != "planned"] == ["cancelled"]


def test_windows_say_when_work_is_expected() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    MaintenanceWindow.objects.create(
        name="late",
        target=shop,
        starts="2026-11-26T02:30",
        minutes=60,
        rule="FREQ=DAILY",
        owner="anna",
        time_zone="UTC",
    )
    weekly(shop)
    assert steps(NOON) == ["planned"]
    row = the_announcement()
    assert (row.starts_at, row.ends_at) == (NIGHT + 30 * MINUTE, NIGHT + 90 * MINUTE)
    MaintenanceWindow.objects.update(starts="2026-11-26T02:50")
    assert steps(NOON + MINUTE) == ["changed"]
    assert the_announcement().starts_at == NIGHT + 50 * MINUTE


def test_work_of_one_night_is_one_maintenance_and_of_two_nights_two() -> None:
    shop, books = scripted_target(), scripted_target("books")
    subscriber(system_of(shop, books, ahead_hours=48))
    first = weekly(shop)
    second = weekly(books, name="BOOKS", schedule_value="20 2 * * 4")
    weekly(books, name="FRIDAY", schedule_value="0 2 * * 5")
    assert steps(NOON) == ["planned", "planned"]  # Thursday and Friday
    jobs.plan_due(NIGHT - MINUTE)
    during(the_run(first), RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + MINUTE) == ["started"]
    JobRun.objects.filter(job=first).update(status=RunStatus.SUCCEEDED, finished_at=NIGHT + 5 * MINUTE)
    assert steps(NIGHT + 6 * MINUTE) == []
    jobs.plan_due(NIGHT + 19 * MINUTE)
    during(the_run(second), RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + 21 * MINUTE) == []
    JobRun.objects.filter(job=second).update(status=RunStatus.SUCCEEDED, finished_at=NIGHT + 25 * MINUTE)
    assert steps(NIGHT + 26 * MINUTE) == ["done"]


@pytest.mark.parametrize(("status", "step"), [(RunStatus.MISSED, "unfinished"), (RunStatus.CANCELLED, "done")])
def test_where_a_part_could_not_begin_not_all_of_it_was_done(status: RunStatus, step: str) -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    first, second = weekly(shop), weekly(shop, name="SECOND", schedule_value="10 2 * * 4")
    steps(NOON)
    jobs.plan_due(NIGHT - MINUTE)
    during(the_run(first), RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + MINUTE) == ["started"]
    JobRun.objects.filter(job=first).update(status=RunStatus.SUCCEEDED, finished_at=NIGHT + 5 * MINUTE)
    jobs.plan_due(NIGHT + 9 * MINUTE)
    JobRun.objects.filter(job=second).update(status=status, finished_at=NIGHT + HOUR)
    assert steps(NIGHT + HOUR) == [step]


def test_what_goes_on_in_the_next_window_is_a_maintenance_of_its_own() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    MaintenanceWindow.objects.create(
        name="short",
        target=shop,
        starts="2026-11-26T02:00",
        minutes=60,
        rule="FREQ=DAILY",
        owner="anna",
        time_zone="UTC",
    )
    job = weekly(shop)
    steps(NOON)
    jobs.plan_due(NIGHT - MINUTE)
    run = the_run(job)
    JobRun.objects.filter(pk=run.pk).update(window_ends_at=NIGHT + HOUR)
    during(run, RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + MINUTE) == ["started"]
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.CONTINUED, finished_at=NIGHT + HOUR)
    rest = JobRun.objects.create(
        due_key="rest", job=job, strategy_name=run.strategy_name, target=shop, origin="continue", asked_by="portal", parent=run,
        due_at=NIGHT + HOUR, status=RunStatus.WAITING, is_released=True,
    )  # fmt: skip
    assert steps(NIGHT + HOUR + MINUTE) == ["unfinished", "planned"]
    body = Notification.objects.latest("pk").body
    assert "planned for Fri 27 Nov 02:00 UTC, until 03:00 UTC at the latest." in body, (
        "when its window closes is only a bound"
    )
    JobRun.objects.filter(pk=rest.pk).update(
        status=RunStatus.SUCCEEDED, started_at=NIGHT + DAY, finished_at=NIGHT + DAY + MINUTE
    )
    assert steps(NIGHT + DAY + 2 * MINUTE)[-1] == "done"
    assert Announcement.objects.filter(stage=Stage.DONE).count() == 1


def test_what_another_run_carries_on_at_once_is_one_maintenance_that_is_all_done() -> None:
    run = under_way()
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.CONTINUED, finished_at=NIGHT + 5 * MINUTE)
    rest = JobRun.objects.create(
        due_key="rest", job=run.job, strategy_name=run.strategy_name, target=run.target, origin="continue", asked_by="portal",
        parent=run,
        due_at=NIGHT + 5 * MINUTE, status=RunStatus.WAITING, is_released=True,
    )  # fmt: skip
    assert steps(NIGHT + 6 * MINUTE) == []
    JobRun.objects.filter(pk=rest.pk).update(
        status=RunStatus.SUCCEEDED, started_at=NIGHT + 7 * MINUTE, finished_at=NIGHT + 8 * MINUTE
    )
    assert steps(NIGHT + 9 * MINUTE) == ["done"]


def test_a_start_that_is_late_is_said_once() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    job = weekly(shop, start_within_minutes=600)
    steps(NOON)
    jobs.plan_due(NIGHT - MINUTE)
    during(the_run(job), RunStatus.WAITING, NIGHT)
    assert [steps(NIGHT + minutes * MINUTE) for minutes in (5, 14, 16, 40, 90)] == [[], [], ["changed"], [], []]
    assert "Nobody knows at present when the maintenance of Billing begins" in Notification.objects.latest("pk").body
    during(the_run(job), RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + 100 * MINUTE) == ["started"]


def test_what_is_started_by_hand_is_told_when_it_begins_and_what_only_looks_is_not() -> None:
    shop = scripted_target()
    row = system_of(shop)
    subscriber(row)
    subscriber(row, "main@example.org", steps="main")
    for status, is_read_only, count in (
        (RunStatus.RUNNING, False, 2), (RunStatus.RUNNING, True, 2), (RunStatus.RUNNING, False, 0), (RunStatus.PLANNED, False, 2),
    ):  # fmt: skip
        JobRun.objects.create(
            due_key=f"hand:{status}:{is_read_only}:{count}", steps_total=count, strategy_name="INDEX_MAINTENANCE", target=shop,
            origin="page", asked_by="anna",
            due_at=NOON, status=status, is_released=status == RunStatus.RUNNING, is_read_only=is_read_only, planned_at=NOON,
            started_at=NOON if status == RunStatus.RUNNING else None,
        )  # fmt: skip
    assert told(NOON + SECOND) == [("cleo@example.org", "started"), ("main@example.org", "started")]
    assert AnnouncedWork.objects.count() == 1


def test_who_wants_little_hears_of_plan_change_and_end() -> None:
    shop = scripted_target()
    subscriber(system_of(shop), steps="main")
    job = weekly(shop)
    assert steps(NOON) == ["planned"]
    assert steps(NIGHT - HOUR) == []
    jobs.plan_due(NIGHT - MINUTE)
    during(the_run(job), RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + MINUTE) == []
    JobRun.objects.update(status=RunStatus.SUCCEEDED, finished_at=NIGHT + 2 * MINUTE)
    assert steps(NIGHT + 3 * MINUTE) == ["done"]


def test_who_wants_little_and_comes_after_the_plan_hears_of_the_begin_instead() -> None:
    shop = scripted_target()
    row = system_of(shop)
    job = weekly(shop)
    steps(NOON)
    subscriber(row, steps="main")
    jobs.plan_due(NIGHT - MINUTE)
    during(the_run(job), RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + MINUTE) == ["started"]
    JobRun.objects.update(status=RunStatus.SUCCEEDED, finished_at=NIGHT + 2 * MINUTE)
    assert steps(NIGHT + 3 * MINUTE) == ["done"]


def test_only_work_that_a_system_tells_of_is_told() -> None:
    shop = scripted_target()
    row = system_of(shop, strategies=["STATISTICS_MAINTENANCE"])
    subscriber(row)
    weekly(shop)
    assert steps(NOON) == []
    System.objects.update(strategies=[])
    assert steps(NOON + MINUTE) == ["planned"]
    System.objects.update(strategies=["STATISTICS_MAINTENANCE"])
    assert steps(NOON + 2 * MINUTE) == ["withdrawn"]


def test_a_database_that_leaves_its_system_takes_what_has_not_begun_along() -> None:
    shop, books = scripted_target(), scripted_target("books")
    row = system_of(shop, books)
    subscriber(row)
    weekly(shop)
    steps(NOON)
    row.targets.set([books])
    assert steps(NOON + MINUTE) == ["withdrawn"]
    Target.objects.filter(pk=books.pk).update(tenant=Tenant.objects.create(name="Other"))
    weekly(books, name="BOOKS")
    assert steps(NOON + 2 * MINUTE) == [], "a database of another tenant is told to nobody of this one"


@pytest.mark.parametrize(
    ("schedule", "is_told"), [("*/5 * * * *", False), ("0 */2 * * *", False), ("0 */4 * * *", True)]
)
def test_what_is_due_all_day_long_is_everyday_work_and_told_to_nobody(schedule: str, is_told: bool) -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    job = nightly(shop, kind="CUSTOM", schedule_value=schedule)
    assert bool(steps(NOON)) is is_told
    jobs.plan_due(NIGHT)
    during(the_run(job), RunStatus.RUNNING, NIGHT)
    assert ("started" in steps(NIGHT + MINUTE)) is is_told


def test_an_instant_whose_run_is_over_is_never_announced_again() -> None:
    shop = scripted_target(environment="production")
    subscriber(system_of(shop, ahead_hours=24))
    job = nightly(shop)
    steps(NOON)
    jobs.plan_to_ask(NOON)
    JobRun.objects.filter(pk=the_run(job).pk).update(status=RunStatus.CANCELLED, finished_at=NOON + MINUTE)
    assert steps(NOON + MINUTE) == ["cancelled"]
    changed(job, NOON + 2 * MINUTE, next_run=NOON + 6 * HOUR)
    told_of = [steps(NOON + seconds * SECOND) for seconds in range(180, 600, 30)]
    assert "cancelled" not in [step for told_ in told_of for step in told_]


def test_work_past_the_end_of_its_window_is_said_to_take_longer_once() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    job = weekly(shop)
    steps(NOON)
    jobs.plan_due(NIGHT - MINUTE)
    run = the_run(job)
    JobRun.objects.filter(pk=run.pk).update(window_ends_at=NIGHT + HOUR)
    during(run, RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + MINUTE) == ["started"]
    seen = [steps(NIGHT + HOUR + 31 * MINUTE + seconds * SECOND) for seconds in range(0, 60, 10)]
    assert seen == [["changed"], [], [], [], [], []]
    assert "takes longer than was planned" in Notification.objects.latest("pk").body


def test_work_that_was_put_back_and_waits_is_said_to_take_longer_once() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    job = weekly(shop)
    steps(NOON)
    jobs.plan_due(NIGHT - MINUTE)
    run = the_run(job)
    JobRun.objects.filter(pk=run.pk).update(predicted={"p50_ms": 60_000, "p90_ms": 300_000, "firsts_p90_ms": []})
    during(run, RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + MINUTE) == ["started"]
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.WAITING)
    seen = [step for minutes in range(2, 602, 4) for step in steps(NIGHT + minutes * MINUTE)]
    assert [step for step in seen if step == "changed"] == ["changed"]


def test_a_job_that_moves_to_another_database_of_the_system_is_the_same_maintenance() -> None:
    shop, books = scripted_target(), scripted_target("books")
    subscriber(system_of(shop, books))
    job = weekly(shop)
    assert steps(NOON) == ["planned"]
    changed(job, NOON + MINUTE, target=books)
    assert [steps(NOON + minutes * MINUTE) for minutes in (1, 2, 3)] == [[], [], []]
    assert the_announcement().works.get().target_id == books.pk


def test_a_run_that_the_clock_makes_while_the_portal_looks_is_the_same_maintenance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    weekly(shop)
    assert steps(NOON) == ["planned"]
    runs_of = foreseen._runs

    def overtaken(*all_: Any) -> Any:
        jobs.plan_due(NIGHT + SECOND)
        return runs_of(*all_)

    monkeypatch.setattr(foreseen, "_runs", overtaken)
    assert steps(NIGHT + SECOND) == []
    assert the_announcement().works.get().run_id is not None


def test_where_nothing_starts_now_no_begin_is_promised() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    weekly(shop)
    Target.objects.filter(pk=shop.pk).update(is_active=False)
    assert steps(NOON) == []
    Target.objects.filter(pk=shop.pk).update(is_active=True)
    assert steps(NOON + MINUTE) == ["planned"]
    hold = Hold.objects.create(target=shop, reason="r", placed_by="anna", placed_at=NOON)
    assert [steps(NIGHT - HOUR - MINUTE), steps(NIGHT - HOUR), steps(NIGHT - 50 * MINUTE)] == [[], ["changed"], []]
    assert "Nobody knows at present when" in Notification.objects.latest("pk").body
    Hold.objects.filter(pk=hold.pk).update(lifted_at=NOON)
    assert steps(NIGHT - 30 * MINUTE) == ["changed"]
    assert "now planned for Thu 26 Nov 02:00 UTC" in Notification.objects.latest("pk").body


def test_a_run_that_its_job_catches_up_with_comes_in_the_place_of_the_missed_one() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    weekly(shop, when_late="RUN_ONCE", start_within_minutes=60)
    assert steps(NOON) == ["planned"]
    jobs.plan_due(NIGHT + 3 * HOUR)
    assert JobRun.objects.filter(due_key__startswith="catch-up:").exists()
    assert "cancelled" not in steps(NIGHT + 3 * HOUR + SECOND)


def test_the_run_of_a_job_that_only_looks_is_told_to_nobody() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    job = weekly(shop)
    JobRun.objects.create(
        due_key="before", job=job, strategy_name=job.strategy_id, target=shop, origin="schedule", asked_by="portal", due_at=NOON - DAY,
        status=RunStatus.SUCCEEDED, planned_at=NOON - DAY, steps_total=2, is_read_only=True, finished_at=NOON - DAY,
    )  # fmt: skip
    assert steps(NOON) == []
    jobs.plan_due(NIGHT - MINUTE)
    during(the_run(job), RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + MINUTE) == []


def test_work_whose_end_is_not_known_goes_on_until_now_at_least() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    first = weekly(shop)
    steps(NOON)
    jobs.plan_due(NIGHT - MINUTE)
    during(the_run(first), RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + MINUTE) == ["started"]
    JobRun.objects.create(
        due_key="hand", strategy_name="INDEX_MAINTENANCE", target=shop, origin="page", asked_by="anna", due_at=NIGHT + HOUR,
        status=RunStatus.RUNNING, is_released=True, started_at=NIGHT + HOUR, planned_at=NIGHT, steps_total=1,
    )  # fmt: skip
    assert steps(NIGHT + HOUR + MINUTE) == []
    JobRun.objects.filter(due_key="hand").update(status=RunStatus.SUCCEEDED, finished_at=NIGHT + HOUR + 2 * MINUTE)
    assert steps(NIGHT + HOUR + 3 * MINUTE) == []


def test_one_piece_of_work_that_cannot_be_read_stops_no_other() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    weekly(shop)
    JobRun.objects.create(
        due_key="broken", strategy_name="INDEX_MAINTENANCE", target=shop, origin="page", asked_by="anna", due_at=NOON,
        status=RunStatus.WAITING, is_released=True, not_before=datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
        predicted={"p90_ms": 10**9, "p50_ms": 1, "firsts_p90_ms": []},
    )  # fmt: skip
    assert steps(NOON) == ["planned"]


def test_what_was_done_stays_done_when_the_system_tells_less() -> None:
    shop = scripted_target()
    row = system_of(shop)
    subscriber(row)
    first, second = weekly(shop), weekly(shop, name="SECOND", schedule_value="10 2 * * 4")
    steps(NOON)
    jobs.plan_due(NIGHT - MINUTE)
    during(the_run(first), RunStatus.RUNNING, NIGHT)
    assert steps(NIGHT + MINUTE) == ["started"]
    JobRun.objects.filter(job=first).update(status=RunStatus.SUCCEEDED, finished_at=NIGHT + 5 * MINUTE)
    assert steps(NIGHT + 6 * MINUTE) == []
    System.objects.update(strategies=["STATISTICS_MAINTENANCE"])
    assert steps(NIGHT + 7 * MINUTE) == ["done"]
    assert set(AnnouncedWork.objects.filter(job=second).values_list("doing", flat=True)) == {"dropped"}


def test_what_would_be_missed_is_not_planned_and_what_nobody_heard_of_is_not_shown_as_cancelled() -> None:
    shop = scripted_target()
    row = system_of(shop, ahead_hours=24)
    subscriber(row)
    MaintenanceWindow.objects.create(
        name="late",
        target=shop,
        starts="2026-11-26T09:00",
        minutes=60,
        rule="FREQ=DAILY",
        owner="anna",
        time_zone="UTC",
    )
    job = weekly(shop)
    assert steps(NOON) == []
    assert not Announcement.objects.exists(), "it must begin by 03:00, and its window opens at 09:00"
    MaintenanceWindow.objects.all().delete()
    assert steps(NOON + MINUTE) == ["planned"]
    changed(job, NOON + 2 * MINUTE, is_active=False)
    assert steps(NOON + 3 * MINUTE) == ["cancelled"]
    assert Announcement.objects.filter(stage=Stage.CANCELLED).count() == 2
    shown = system_state.states([row], NOON + 4 * MINUTE)[0].past
    assert [one.starts_at for one in shown] == [NIGHT], "not that of next week"


def test_each_system_is_looked_after_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    shop, books = scripted_target(), scripted_target("books")
    broken = system_of(shop, name="Shop")
    subscriber(broken)
    subscriber(system_of(books, name="Books"))
    weekly(shop)
    weekly(books, name="BOOKS")
    follow_one = announcements._follow

    def failing(system: System, *rest: object) -> None:
        if system.pk == broken.pk:
            raise ValueError("nobody foresaw this")
        follow_one(system, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(announcements, "_follow", failing)
    assert steps(NOON) == ["planned"]
    broken.refresh_from_db()
    assert broken.look_at > NOON


def test_two_beats_announce_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    weekly(shop)
    follow_one, been = announcements._follow, []

    def overtaken(*all_: object) -> None:
        if not been:
            been.append(1)
            announcements.follow(NOON)
        follow_one(*all_)  # type: ignore[arg-type]

    monkeypatch.setattr(announcements, "_follow", overtaken)
    assert steps(NOON) == ["planned"]
    assert AuditEntry.objects.filter(action="maintenance.planned").count() == 1


def test_dbas_are_told_the_same_in_technical_words() -> None:
    shop = scripted_target()
    subscriber(system_of(shop, notice="Invoices can be read meanwhile."))
    rule(hook_channel(), events=["systems"])
    job = weekly(shop)
    look(NOON)
    read_on(NOON)
    plain, technical = (
        Notification.objects.get(audience=audience) for audience in (Audience.PLAIN, Audience.TECHNICAL)
    )
    assert plain.subject == technical.subject == "Maintenance planned: Billing, Thu 26 Nov 02:00 UTC"
    assert "Invoices can be read meanwhile." in plain.body
    assert "On shop: Cleanup maintenance." in technical.body
    assert "shop" not in plain.body
    assert job.job_name not in plain.body
    row = the_announcement()
    facts = {"title", "said", "system", "notice", "starts", "ends", "was", "begun", "bound", "over", "ids"}
    assert set(plain.facts) == facts
    assert technical.facts["starts"] == "2026-11-26T02:00:00+00:00", "programs read instants, and lists"
    assert technical.facts["ids"] == {"announcement": row.pk, "system": row.system_id}
    assert (technical.facts["database"], technical.facts["strategies"]) == (["shop"], ["CLEANUP_MAINTENANCE"])
    assert (technical.facts["runs"], technical.facts["was"], technical.facts["begun"]) == ([], None, False)


def test_dbas_read_what_was_not_done_and_what_was_to_be(django_user_model: type) -> None:
    shop = scripted_target()
    system_of(shop, name="Shop")
    rule(hook_channel(), events=["systems"])
    anna = django_user_model.objects.create_user("anna", "anna@example.org", time_zone="Asia/Kolkata")  # type: ignore[attr-defined]
    anna.tenants.add(shop.tenant)
    anna.groups.add(*_group("DBA"))
    rule(mail_channel("Staff"), events=["systems"], role="DBA")
    job = weekly(shop)
    look(NOON)
    read_on(NOON)
    staff, hook = (Notification.objects.get(channel__name=name) for name in ("Staff", "Hook"))
    assert "Planned for Thu 26 Nov 07:30 IST" in staff.body, "in the zone of their account"
    assert "Planned for Thu 26 Nov 02:00 UTC" in hook.body
    changed(job, NOON + MINUTE, is_active=False)
    look(NOON + MINUTE)
    read_on(NOON + MINUTE)
    gone = Notification.objects.filter(channel__name="Hook").latest("pk")
    assert gone.subject == "Maintenance cancelled: Shop, was to be Thu 26 Nov 02:00 UTC"
    assert gone.body == (
        "Maintenance of Shop: it does not take place.\n\n"
        "It was announced for Thu 26 Nov 02:00 UTC.\nOn shop: Cleanup maintenance."
    )


def test_what_failed_is_named_apart_from_what_was_done() -> None:
    run = under_way()
    rule(hook_channel(), events=["systems"])
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.FAILED, finished_at=NIGHT + HOUR)
    look(NIGHT + HOUR)
    read_on(NIGHT + HOUR)
    note = Notification.objects.filter(channel__name="Hook").latest("pk")
    assert "It lasted from Thu 26 Nov 02:00 UTC until 03:00 UTC." in note.body
    assert "Not done, or not all of it: Cleanup maintenance on shop." in note.body
    assert note.facts["undone"] == ["Cleanup maintenance on shop"]


def test_what_nobody_knows_when_keeps_the_begin_by_which_people_know_it() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    job = weekly(shop)
    steps(NOON)
    Target.objects.filter(pk=shop.pk).update(is_active=False)
    assert steps(NIGHT - 30 * MINUTE) == ["changed"]
    unknown = Notification.objects.latest("pk")
    assert unknown.subject == "Maintenance changed: Billing, was to be Thu 26 Nov 02:00 UTC"
    assert (
        "Nobody knows at present when the maintenance of Billing begins that was planned for Thu 26 Nov 02:00"
        in unknown.body
    )
    changed(job, NIGHT - 20 * MINUTE, is_active=False)
    assert steps(NIGHT - 20 * MINUTE) == ["cancelled"]
    gone = Notification.objects.latest("pk")
    assert gone.body == "The maintenance of Billing that was planned for Thu 26 Nov 02:00 UTC does not take place."


def test_who_says_yes_while_it_is_under_way_hears_how_it_stands_and_of_its_one_end() -> None:
    """Also where steps that were recorded before the yes are read on after it: they stood in the first message."""
    run = under_way()
    Subscription.objects.all().delete()
    row = subscriber(System.objects.get(), "dan@example.org", confirmed_at=None)
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.VERIFYING)
    look(NIGHT + 20 * MINUTE)
    assert subscriptions.confirm(row, NIGHT + 20 * MINUTE, "")
    read_on(NIGHT + 20 * MINUTE)
    note = Notification.objects.get(recipient="dan@example.org")
    assert (note.event, "– under way since Thu 26 Nov 02:00 UTC, and being checked now" in note.body) == (
        WELCOMED,
        True,
    )
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.SUCCEEDED, finished_at=NIGHT + HOUR)
    assert told(NIGHT + HOUR) == [("dan@example.org", "done")]
    assert told(NIGHT + 2 * HOUR) == []


def test_steps_after_the_yes_are_told_to_who_heard_of_it_in_the_first_message() -> None:
    shop = scripted_target()
    row = subscriber(system_of(shop), "dan@example.org", confirmed_at=None)
    job = weekly(shop)
    told(NOON)
    assert subscriptions.confirm(row, NOON, "")
    assert "– Thu 26 Nov 02:00 UTC" in Notification.objects.get().body
    changed(job, NOON + MINUTE, schedule_value="0 5 * * 4")
    assert told(NOON + MINUTE) == [("dan@example.org", "changed")]
    changed(job, NOON + 2 * MINUTE, is_active=False)
    assert told(NOON + 2 * MINUTE) == [("dan@example.org", "cancelled")]


def test_the_first_message_names_the_begin_that_was_told_or_says_that_nobody_knows() -> None:
    shop = scripted_target()
    system = system_of(shop)
    weekly(shop)
    told(NOON)
    row = the_announcement()
    for told_at, words in (
        (NIGHT + 5 * MINUTE, "– Thu 26 Nov 02:05 UTC"),
        (None, "– nobody knows at present when it begins, it was planned for"),
    ):
        Announcement.objects.filter(pk=row.pk).update(told_starts_at=told_at)
        one = subscriber(system, f"{told_at}@example.org", confirmed_at=None)
        assert subscriptions.confirm(one, NOON, "")
        assert words in Notification.objects.latest("pk").body


def test_whether_the_portal_looked_and_when_is_known() -> None:
    row = system_of(scripted_target())
    assert row.looked_at is None
    look(NOON)
    row.refresh_from_db()
    assert row.looked_at == NOON
    assert [system_state.states([row], NOON + minutes * MINUTE)[0].is_stale for minutes in (1, 9, 11)] == [
        False,
        False,
        True,
    ]


def test_times_are_told_in_the_zone_of_the_reader_and_else_of_the_system(django_user_model: type) -> None:
    shop = scripted_target()
    row = system_of(shop, time_zone="Europe/Vienna")
    subscriber(row)
    subscriber(row, "anna@example.org")
    anna = django_user_model.objects.create_user("anna", "anna@example.org", time_zone="Asia/Kolkata")  # type: ignore[attr-defined]
    anna.tenants.add(shop.tenant)
    anna.groups.add(*_group("stakeholder"))
    weekly(shop)
    told(NOON)
    bodies = dict(Notification.objects.values_list("recipient", "body"))
    assert "Thu 26 Nov 03:00 CET" in bodies["cleo@example.org"]
    assert "Thu 26 Nov 07:30 IST" in bodies["anna@example.org"]


def _group(name: str) -> list[object]:
    return [Group.objects.get_or_create(name=name)[0]]


def test_who_has_an_account_that_may_not_see_the_system_is_told_nothing(django_user_model: type) -> None:
    shop = scripted_target()
    subscriber(system_of(shop), "anna@example.org")
    django_user_model.objects.create_user("anna", "anna@example.org")  # type: ignore[attr-defined]
    weekly(shop)
    told(NOON)
    note = Notification.objects.get()
    assert (note.state, note.said) == ("dropped", "anna may not see this system.")
    MaintenanceJob.objects.update(is_active=False)
    assert steps(NOON + MINUTE) == []


def test_the_cost_of_a_look_is_the_same_for_one_system_and_for_many() -> None:
    def queries(moment: datetime) -> int:
        System.objects.update(look_at=moment)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            announcements.follow(moment)
        return len(seen)

    shop = scripted_target("shop0")
    system_of(shop, name="System 0")
    weekly(shop, name="J0")
    look(NOON)
    few = queries(NOON + MINUTE)
    for number in range(1, announcements.AT_ONCE):
        shop = scripted_target(f"shop{number}")
        system_of(shop, name=f"System {number}")
        weekly(shop, name=f"J{number}")
    look(NOON + 2 * MINUTE)
    more = queries(NOON + 3 * MINUTE)
    assert more - few == 3 * (announcements.AT_ONCE - 1), "of each no more than that it was looked at, in a transaction"


def test_what_was_over_long_ago_is_forgotten_in_batches() -> None:
    row = system_of(scripted_target())
    for days in (1, 399, 401, 500):
        Announcement.objects.create(
            system=row, starts_at=NOON, created_at=NOON, stage=Stage.DONE, closed_at=NOON - timedelta(days=days)
        )
    assert announcements.prune(NOON) == 2
    assert announcements.prune(NOON) == 0


def test_what_begins_and_ends_before_anybody_reads_on_is_told_from_first_to_last() -> None:
    shop = scripted_target()
    subscriber(system_of(shop))
    job = weekly(shop)
    look(NOON)
    changed(job, NOON + MINUTE, is_active=False)
    assert steps(NOON + 2 * MINUTE) == ["planned", "cancelled"]


@pytest.mark.parametrize("seed", range(30 if IS_ALL else 3))
def test_whoever_got_the_first_message_gets_exactly_one_closing_message(seed: int) -> None:
    """Random lives: jobs come, move and go, runs take any way, people join and leave, looks come whenever they come."""
    dice, moment = random.Random(seed), NOON
    targets = [scripted_target(name) for name in ("a", "b")]
    systems = [system_of(targets[0], name="One"), system_of(*targets, name="Two")]
    people = [subscriber(dice.choice(systems), f"p{number}@example.org") for number in range(4)]
    made: list[MaintenanceJob] = []
    for turn in range(60):
        moment += timedelta(minutes=dice.choice([1, 7, 30, 120]))
        _happen(dice, turn, moment, targets, systems, people, made)
        if dice.random() < 0.7:
            look(moment)
        if dice.random() < 0.4:
            read_on(moment)
    for job in made:
        changed(job, moment, is_active=False)
    JobRun.objects.filter(status__in=("planned", "waiting", "ready")).update(
        status=RunStatus.CANCELLED, finished_at=moment
    )
    JobRun.objects.filter(status__in=("running", "verifying", "paused")).update(
        status=RunStatus.FAILED, finished_at=moment
    )
    for _ in range(3):
        moment += MINUTE
        told(moment)
    assert not Announcement.objects.filter(stage__in=("planned", "started", "verifying")).exists()
    _judge_ends()


def _happen(
    dice: random.Random, turn: int, moment: datetime, targets: list[Target], systems: list[System], people: list[object],
    made: list[MaintenanceJob],
) -> None:  # fmt: skip
    what = dice.random()
    open_ = JobRun.objects.filter(status__in=("planned", "waiting", "ready", "running", "paused", "verifying"))
    if what < 0.2 or not made:
        at = f"{dice.randrange(60)} {dice.randrange(24)} * * *"
        job = a_job(
            dice.choice(targets), f"J{turn}", kind="CUSTOM", schedule_value=at, strategy_id="CLEANUP_MAINTENANCE"
        )  # fmt: skip
        made.append(settled(job, moment))
    elif what < 0.35:
        at = f"{dice.randrange(60)} {dice.randrange(24)} * * {dice.choice('*1234')}"
        changed(dice.choice(made), moment, schedule_value=at, is_active=dice.random() < 0.8)
    elif what < 0.5:
        jobs.plan_due(moment)
    elif what < 0.85:
        for run in open_:
            if dice.random() < 0.5:
                _go_on(dice, run, moment)
    elif what < 0.92:
        people.append(subscriber(dice.choice(systems), f"q{turn}@example.org", confirmed_at=moment))
    else:
        from monitoring import subscriptions

        subscriptions.leave(dice.choice(people), moment, "")  # type: ignore[arg-type]


def _go_on(dice: random.Random, run: JobRun, moment: datetime) -> None:
    if run.started_at is None:
        begin = {"status": RunStatus.RUNNING, "started_at": moment, "claimed_at": moment}
        never = {"status": dice.choice([RunStatus.CANCELLED, RunStatus.MISSED]), "finished_at": moment}
        JobRun.objects.filter(pk=run.pk).update(**(begin if dice.random() < 0.8 else never))
        return
    status = dice.choice([
        RunStatus.VERIFYING, RunStatus.PAUSED, RunStatus.RUNNING, RunStatus.SUCCEEDED, RunStatus.WARNING, RunStatus.FAILED,
        RunStatus.CANCELLED, RunStatus.LOST,
    ])  # fmt: skip
    over = {"finished_at": moment} if status not in ("verifying", "paused", "running") else {}
    JobRun.objects.filter(pk=run.pk).update(status=status, **over)


def _judge_ends() -> None:
    ends = {f"maintenance.{step}" for step in ("done", "unfinished", "cancelled", "withdrawn")}
    heard = Notification.objects.filter(audience=Audience.PLAIN, announcement__isnull=False).select_related(
        "subscription"
    )
    assert heard.exists()
    lives: dict[tuple[int | None, str], list[str]] = {}
    left = {}
    for note in heard.order_by("pk"):
        of = (note.announcement_id, note.recipient)
        lives.setdefault(of, []).append(note.event)
        assert note.subscription is not None
        left[of] = note.subscription.left_at is not None
    for of, events in lives.items():
        closing = [event for event in events if event in ends]
        if left[of]:
            assert len(closing) <= 1, (of, events)
        else:
            assert len(closing) == 1, (of, events)
            assert len(events) > 1, "nobody hears only of an end"
        assert not closing or events[-1] == closing[0], (of, events)
