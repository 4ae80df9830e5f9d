"""A portal that was off for days: what is later than its bound is missed, is said once, and is never started outside its window."""

from __future__ import annotations

from datetime import datetime

import pytest

from maintenance_portal import tasks
from strategies import runs
from strategies.models import AuditEntry, JobRun, MaintenanceJob, MaintenanceWindow, RunStatus, Target, WhenLate
from strategies.workers import WorkerIdentity
from tests import nightly, scripted
from tests.jobs import DAY, HOUR, MINUTE, NIGHT, SECOND
from tests.scripted import World

pytestmark = pytest.mark.django_db(transaction=True)

BACK = NIGHT + 4 * DAY + 8 * HOUR  # on Monday at ten, after a long weekend
IN_THE_WINDOW = NIGHT + 5 * DAY


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(needs={"a"})
    scripted.install(monkeypatch, world)
    return world


@pytest.fixture
def target(world: World) -> Target:
    """It may be worked on from 02:00 to 03:00."""
    found = nightly.scripted_target()
    MaintenanceWindow.objects.create(
        name="Nights",
        starts="2026-11-20T02:00",
        minutes=60,
        time_zone="UTC",
        rule="FREQ=DAILY",
        target=found,
        owner="anna",
    )
    return found


def ticks(*moments: datetime) -> None:
    """The beat, a worker that plans what is to be planned, and one that tries to start whatever the gate lets in."""
    for moment in moments:
        Target.objects.update(checked_at=moment)
        tasks.tick(moment)
        for run in JobRun.objects.select_related("target").filter(status=RunStatus.PLANNED, planned_at=None):
            runs.plan(run, moment)
        tasks.tick(moment + SECOND)
        for pk in JobRun.objects.filter(status=RunStatus.READY).values_list("pk", flat=True):
            runs.claim(pk, WorkerIdentity.current().text, moment + SECOND)


def by_due(job: MaintenanceJob) -> list[tuple[datetime, str]]:
    return list(JobRun.objects.filter(job=job).order_by("due_at", "pk").values_list("due_at", "status"))


def prepared(target: Target, **values: object) -> MaintenanceJob:
    """Its run of the first night is planned and waits when the portal stops."""
    job = nightly.nightly(target, start_within_minutes=60, **values)
    ticks(NIGHT - 30 * SECOND)
    assert by_due(job) == [(NIGHT, RunStatus.WAITING)]
    return job


def test_after_a_weekend_all_that_was_due_is_missed_and_said_once(target: Target) -> None:
    job = prepared(target)
    ticks(BACK, BACK + MINUTE, BACK + HOUR)
    assert by_due(job) == [(NIGHT + days * DAY, RunStatus.MISSED) for days in range(5)]
    (told,) = AuditEntry.objects.filter(action="job.missed")
    assert told.after["missed"] == 5
    assert not AuditEntry.objects.filter(action="run.started").exists()


def test_the_next_night_goes_on_as_ever(target: Target, world: World) -> None:
    job = prepared(target)
    ticks(BACK, IN_THE_WINDOW - 30 * SECOND)
    assert by_due(job)[5:] == [(IN_THE_WINDOW, RunStatus.WAITING)]
    ticks(IN_THE_WINDOW)
    assert by_due(job)[5:] == [(IN_THE_WINDOW, RunStatus.RUNNING)]


def test_what_is_run_once_for_all_of_them_waits_for_its_window_too_and_is_missed_within_its_bound(
    target: Target,
) -> None:
    job = prepared(target, when_late=WhenLate.RUN_ONCE)
    ticks(BACK, BACK + MINUTE)
    assert by_due(job)[5:] == [(BACK, RunStatus.WAITING)]
    run = JobRun.objects.get(job=job, due_at=BACK)
    assert [reason["code"] for reason in run.reasons] == ["window_closed"]
    ticks(BACK + HOUR, BACK + HOUR + MINUTE)
    run.refresh_from_db()
    assert run.status == RunStatus.MISSED
    assert "is worked on in its windows only" in run.message
    assert AuditEntry.objects.filter(action="run.missed", object_id=str(run.pk)).count() == 1
    assert not AuditEntry.objects.filter(action="run.started").exists()


def test_a_run_that_was_let_in_before_the_portal_stopped_is_not_started_when_it_is_back(target: Target) -> None:
    """Its worker never took it up; the wake-up is delivered days later, before the first beat."""
    job = prepared(target)
    Target.objects.update(checked_at=NIGHT)
    tasks.tick(NIGHT)
    run = JobRun.objects.get(job=job)
    assert run.status == RunStatus.READY
    Target.objects.update(checked_at=BACK)
    assert runs.claim(run.pk, WorkerIdentity.current().text, BACK) is None
    run.refresh_from_db()
    assert [reason["code"] for reason in run.reasons] == ["late"]
    ticks(BACK)
    run.refresh_from_db()
    assert run.status == RunStatus.MISSED
    assert "windows" not in run.message, "that its window is closed by now is not what kept it"
