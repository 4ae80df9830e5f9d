"""What a job's page rests on: its next due instants with what stands in their way, its past, and its live part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from strategies import durations, holds, jobs
from strategies.audit import Actor
from strategies.job_pages import LivePage, live_page
from strategies.models import (
    Calendar,
    CalendarEntry,
    CalendarScope,
    Event,
    JobRun,
    MaintenanceJob,
    MaintenanceWindow,
    Portal,
    RunStatus,
    Target,
)
from tests import scripted
from tests.jobs import DAY, HOUR, MINUTE, NIGHT, NOON, SECOND, a_config, a_job, settled
from tests.pages import ended_run, step

pytestmark = pytest.mark.django_db
ANNA = Actor("anna")


@pytest.fixture
def target(sqlite_target: Target) -> Target:
    facts = {"is_writable": True}
    Target.objects.filter(pk=sqlite_target.pk).update(checked_at=NOON, facts=facts)
    Portal.objects.filter(pk=1).update(beat_at=NOON)
    sqlite_target.refresh_from_db()
    return sqlite_target


def page(job: MaintenanceJob, moment: datetime = NOON) -> LivePage:
    fresh = MaintenanceJob.objects.select_related("target").get(pk=job.pk)
    return live_page(fresh, JobRun.objects.all(), moment, jobs=MaintenanceJob.objects.all())


def blocks(job: MaintenanceJob, moment: datetime = NOON) -> set[tuple[str, ...]]:
    return {tuple(due.blocks) for due in page(job, moment).due}


# When it is due.


def test_the_next_twenty_due_instants_are_shown_with_nothing_in_their_way(target: Target) -> None:
    found = page(settled(a_job(target)))
    assert [due.time.at for due in found.due] == [NIGHT + n * DAY for n in range(20)]
    assert blocks(found.basis.job) == {()}
    assert (found.lasting, found.is_live) == ([], False)


def test_the_days_on_which_the_clock_changes_have_their_note(target: Target) -> None:
    job = a_job(target, schedule_value="02:30", schedule_timezone="Europe/Berlin")
    spring = datetime(2027, 3, 20, 12, tzinfo=UTC)
    Target.objects.filter(pk=target.pk).update(checked_at=spring)
    notes = {due.time.local.day: due.time.note for due in page(settled(job, spring), spring).due if due.time.note}
    assert notes == {28: "The clock goes forward: 02:30 does not exist that day, and it runs at 03:00."}


def test_a_schedule_that_cannot_be_read_has_no_due_instants_and_another_fault_leaves_them(target: Target) -> None:
    assert page(settled(a_job(target, "A", schedule_value="26:00"))).due == []
    wrong = settled(a_job(target, "B", job_parameters={"x": 1}))
    assert len(page(wrong).due) == 20
    assert blocks(wrong) == {("job set aside",)}


# What would stand in its way.


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"is_active": False}, "database switched off"),
        ({"stopped_at": NOON, "stopped_why": "28P01"}, "sign-in refused"),
        ({"check_error": "no route"}, "database not reachable"),
        ({"facts": {"is_writable": False}}, "database read-only"),
        ({"missing_rights": [{"right": "write", "blocks": True, "strategy": "INDEX_MAINTENANCE"}]}, "a right is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_database_stands_at_each_instant_and_as_a_sentence(
    target: Target, values: dict[str, Any], word: str
) -> None:
    job = settled(a_job(target))
    Target.objects.filter(pk=target.pk).update(**values)
    assert blocks(job) == {(word,)}
    (reason,) = page(job).lasting
    assert reason.cleared_by


def test_holds_the_switch_and_the_configuration_stand_at_each_instant(target: Target) -> None:
    job = settled(a_job(target))
    hold = holds.place(ANNA, NOON, "Quarter close", target=target)
    assert blocks(job) == {("held",)}
    assert "Quarter close" in page(job).lasting[0].sentence
    holds.lift(hold, ANNA, NOON)
    MaintenanceJob.objects.filter(pk=job.pk).update(is_active=False)
    assert blocks(settled(job)) == {("job switched off",)}
    MaintenanceJob.objects.filter(pk=job.pk).update(is_active=True)
    a_config(target, execution_mode="MANUAL")
    assert blocks(settled(job)) == {("left to people",)}
    assert page(job).beside == [], "the cause says it already"


def test_what_passes_by_itself_is_no_block(target: Target) -> None:
    job = settled(a_job(target, depends_on_jobs=str(settled(a_job(target, "FIRST")).pk)))
    Target.objects.filter(pk=target.pk).update(checked_at=NOON - 2 * DAY)
    assert blocks(job) == {()}


def test_a_prepared_run_that_nobody_has_approved_would_not_start_at_its_instant(target: Target) -> None:
    job = settled(a_job(target))
    reason = {"code": "not_approved", "sentence": "It was sent back.", "cleared_by": "A DBA asks again."}
    run = JobRun.objects.create(
        job=job, due_key="night", target=target, strategy_name="X", origin="schedule", due_at=NIGHT,
        status=RunStatus.WAITING, planned_at=NOON, reasons=[reason],
    )  # fmt: skip
    assert [list(due.blocks) for due in page(job).due][:2] == [["not approved"], []]
    JobRun.objects.filter(pk=run.pk).update(reasons=[{**reason, "code": "approved_later"}])
    assert blocks(job) == {()}


def test_work_that_usually_takes_longer_than_the_interval_is_said_of_each_but_the_first(target: Target) -> None:
    job = settled(a_job(target, kind="CUSTOM", schedule_value="*/5 * * * *"))
    for minutes in (1, 1, 7):
        durations.remember(target, "INDEX_MAINTENANCE", durations.WHOLE_RUN, minutes * 60_000, NOON)
    found = page(job)
    assert found.usual is not None
    assert (found.usual.n, found.usual.p90_ms > 5 * 60_000) == (3, True)
    slow = ["the one before usually takes longer"]
    assert [list(due.blocks) for due in found.due] == [[], *[slow] * 19]
    MaintenanceJob.objects.filter(pk=job.pk).update(last_due=NOON)
    assert list(page(job).due[0].blocks) == slow


@pytest.mark.parametrize(
    ("opens", "hours", "is_too_late"), [("02:00", 0, False), ("01:30", 0, False), ("03:00", 1, False), ("09:00", 7, True)]
)  # fmt: skip
def test_it_is_said_when_windows_let_it_begin_and_whether_that_is_too_late(
    target: Target, opens: str, hours: int, is_too_late: bool
) -> None:
    MaintenanceWindow.objects.create(
        name="late", target=target, starts=f"2026-11-24T{opens}", minutes=60, rule="FREQ=DAILY", owner="anna"
    )
    job = settled(a_job(target, start_within_minutes=120))
    for due in page(job).due:
        assert due.opens_at == (due.time.at + hours * HOUR if hours else None)
        assert due.is_too_late is is_too_late


def test_a_freeze_is_waited_for_and_where_nothing_opens_it_would_be_missed(target: Target) -> None:
    freezes = Calendar.objects.create(name="Freezes", kind="freeze", owner="anna")
    CalendarScope.objects.create(calendar=freezes)
    CalendarEntry.objects.create(calendar=freezes, name="short", starts="2026-11-26T01:00", minutes=90)
    job = settled(a_job(target, start_within_minutes=120))
    first, second = page(job).due[:2]
    assert (first.opens_at, first.is_too_late) == (NIGHT + 30 * MINUTE, False)
    assert (second.opens_at, second.is_too_late) == (None, False)
    MaintenanceWindow.objects.create(name="once", target=target, starts="2026-11-20T02:00", minutes=60, owner="anna")
    due = page(job).due[1]
    assert (due.opens_at, due.is_too_late) == (None, True)


# Its past, and what is live.


def test_each_run_says_how_late_it_started(target: Target) -> None:
    job = settled(a_job(target))
    for days, late in ((1, 2 * SECOND), (2, MINUTE), (3, None)):
        run = ended_run(target, RunStatus.SUCCEEDED if late else RunStatus.MISSED, step(days))
        due = NIGHT - days * DAY
        JobRun.objects.filter(pk=run.pk).update(job=job, due_at=due, started_at=due + late if late else None)
    found = page(job)
    assert [row.late for row in found.runs] == [2 * SECOND, MINUTE, None]
    assert [row.late_seconds for row in found.runs] == [2.0, 60.0, None]
    assert found.unhandled == 1


def test_only_the_latest_twenty_runs_are_shown(target: Target) -> None:
    job = settled(a_job(target))
    JobRun.objects.bulk_create(
        JobRun(job=job, due_key=str(n), target=target, strategy_name="X", origin="schedule", due_at=NOON - n * HOUR,
               status=RunStatus.SUCCEEDED, finished_at=NOON)
        for n in range(40)
    )  # fmt: skip
    assert [row.run.due_key for row in page(job).runs] == [str(n) for n in range(20)]


def test_it_follows_by_itself_while_a_run_is_open_or_soon_due_or_the_row_is_read(target: Target) -> None:
    job = a_job(target)
    assert page(job).is_live, "not read yet"
    settled(job)
    assert not page(job).is_live
    assert not page(job, NIGHT - timedelta(minutes=2, seconds=1)).is_live
    assert page(job, NIGHT - 2 * MINUTE).is_live
    jobs.plan_due(NIGHT - 30 * SECOND)
    assert page(job, NOON).present is not None
    assert page(job, NOON).is_live


def test_of_several_open_runs_the_furthest_is_the_present_one(target: Target) -> None:
    job = settled(a_job(target))
    for number, status in enumerate((RunStatus.PLANNED, RunStatus.RUNNING, RunStatus.WAITING)):
        JobRun.objects.create(
            job=job, due_key=str(number), target=target, strategy_name="X", origin="page", due_at=NOON, status=status
        )
    found = page(job)
    assert found.present is not None
    assert (found.present.status, found.causes) == (RunStatus.RUNNING, [])


def test_an_event_says_when_it_was_announced_last(target: Target) -> None:
    job = settled(a_job(target, kind="EVENT_DRIVEN", schedule_value=" load_done"))
    Event.objects.create(name="LOAD_DONE", emitted_by="anna", emitted_at=NOON - DAY)
    Event.objects.create(name="OTHER", emitted_by="anna", emitted_at=NOON)
    (cause,) = page(job).causes
    assert (cause.at, "load_done" in cause.sentence) == (NOON - DAY, True)


# What this version cannot carry out.


def test_a_strategy_without_an_implementation_has_a_page(target: Target) -> None:
    found = page(settled(a_job(target, strategy_id="COMPLIANCE_MAINTENANCE")))
    assert "There is no implementation" in found.causes[0].sentence
    assert blocks(found.basis.job) == {("no implementation", "job set aside")}


def test_a_platform_that_this_version_does_not_know_has_a_page(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted.install(monkeypatch, scripted.World())
    job = settled(a_job(target))
    Target.objects.filter(pk=target.pk).update(platform="informix")
    assert page(settled(job)).basis.definition is None
