"""What bounds the start of a run, what does so no more once it has begun, and the words of what was missed."""

from __future__ import annotations

from typing import Any

import pytest

from maintenance_portal import tasks
from strategies import endings, jobs, runs
from strategies.endings import why_missed
from strategies.models import JobRun, MaintenanceJob, RunStatus, Stop, Target
from strategies.plans import LeftBehind, StateLeft
from tests import scripted
from tests.jobs import DAY, HOUR, MINUTE, NIGHT, SECOND
from tests.nightly import ANNA, claimed, nightly, scripted_target, the_run
from tests.scripted import World

pytestmark = pytest.mark.django_db(transaction=True)

HELD = {"code": "hold", "sentence": "New work is held on shop: Quarter close.", "cleared_by": "x"}
NOT_DUE = {"code": "not_due", "sentence": "It is due at 2026-11-26 02:00 UTC.", "cleared_by": "x"}
LATE = {"code": "late", "sentence": "It was to start by 2026-11-26 03:00 UTC.", "cleared_by": "x"}


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch, db: None) -> Target:
    scripted.install(monkeypatch, World(needs={"a"}))
    return scripted_target()


def paused(job: MaintenanceJob, left: StateLeft = endings.NOTHING_LEFT) -> JobRun:
    """Begun at its time, and given up by its worker ninety minutes later."""
    jobs.plan_due(NIGHT)
    run = claimed(the_run(job), NIGHT)
    assert endings.pause(run, run.fencing_token, "Paused. 0 of 1 steps are done.", NIGHT + 90 * MINUTE, left)
    return run


# Of a run that has begun.


def test_a_run_that_was_paused_after_its_bound_goes_on_and_is_not_missed(target: Target) -> None:
    run = paused(nightly(target, start_within_minutes=60))
    back = NIGHT + 90 * MINUTE + SECOND
    Target.objects.update(checked_at=back)
    tasks.tick(back)
    run.refresh_from_db()
    assert (run.status, run.reasons) == (RunStatus.READY, [])
    jobs.miss_late(back)
    taken = runs.claim(run.pk, "w/1/1/1.00", back)
    assert taken is not None
    assert (taken.started_at, taken.worked_ms) == (NIGHT, 90 * 60 * 1000)


@pytest.mark.parametrize("part", ["miss_late", "open_plans"])
def test_a_run_that_the_portal_fails_on_keeps_none_of_the_others_waiting(
    target: Target, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = nightly(target, "FIRST")
    later = [nightly(target, name, depends_on_jobs=str(first.pk)) for name in ("BROKEN", "WELL")]
    jobs.plan_due(NIGHT)
    broken, well = (the_run(job) for job in later)
    does = {"miss_late": (endings, "miss"), "open_plans": (runs, "keep_reasons")}[part]
    real = getattr(*does)

    def fail(run: JobRun, *more: Any) -> Any:
        if run.pk == broken.pk:
            raise ZeroDivisionError
        return real(run, *more)

    monkeypatch.setattr(*does, fail)
    getattr(jobs, part)(NIGHT + DAY)
    broken.refresh_from_db()
    well.refresh_from_db()
    if part == "miss_late":
        assert (broken.status, well.status) == (RunStatus.PLANNED, RunStatus.MISSED)
    else:
        assert ([reason["code"] for reason in well.reasons], broken.reasons) == (["dependency"], [])


@pytest.mark.parametrize("change", [{"is_active": False}, {"depends_on_jobs": "OTHER:failure"}])
def test_a_run_that_was_paused_asks_neither_its_job_nor_other_jobs_again(
    target: Target, change: dict[str, Any]
) -> None:
    other, job = nightly(target, "OTHER"), nightly(target)
    run = paused(job)
    JobRun.objects.filter(job=other).update(status=RunStatus.SUCCEEDED, finished_at=NIGHT, started_at=NIGHT)
    if "depends_on_jobs" in change:
        change = {"depends_on_jobs": f"{other.pk}:failure"}
    MaintenanceJob.objects.filter(pk=job.pk).update(**change)
    back = NIGHT + 91 * MINUTE
    Target.objects.update(checked_at=back)
    tasks.tick(back)
    run.refresh_from_db()
    assert (run.status, run.reasons) == (RunStatus.READY, [])


def test_one_that_is_put_back_before_anything_of_it_was_done_keeps_its_bound(target: Target) -> None:
    job = nightly(target, start_within_minutes=60)
    jobs.plan_due(NIGHT)
    run = claimed(the_run(job), NIGHT)
    endings.back_to_gate(run, run.fencing_token, endings.Reason("unreachable", "It is away.", "x"), NIGHT + MINUTE)
    tasks.tick(NIGHT + 61 * MINUTE)
    run.refresh_from_db()
    assert (run.status, run.started_at) == (RunStatus.MISSED, None)


@pytest.mark.parametrize("goes_on", [True, False])
def test_cancelled_in_its_pause_it_says_how_long_it_worked_and_what_it_left(target: Target, goes_on: bool) -> None:
    left = StateLeft(LeftBehind.NEEDS_CLEANUP, "An index that is not valid.")
    job = nightly(target)
    run = paused(job, left)
    if goes_on:
        assert runs.carry_on(run)
    assert endings.ask_stop(run, ANNA, Stop.CANCEL, NIGHT + 2 * HOUR)
    assert (run.status, run.message) == (RunStatus.CANCELLED, "Cancelled by anna while it was paused.")
    assert (run.duration_ms, run.state_left) == (90 * 60 * 1000, LeftBehind.NEEDS_CLEANUP.value)
    job.refresh_from_db()
    assert (job.execution_count, job.last_status) == (1, "CANCELLED")


def test_what_a_pause_left_is_said_no_more_once_it_goes_on(target: Target) -> None:
    run = paused(nightly(target), StateLeft(LeftBehind.NEEDS_CLEANUP, "An index that is not valid."))
    runs.carry_on(run)
    again = claimed(run, NIGHT + 2 * HOUR)
    assert (again.state_left, again.state_left_message) == ("", "")


# Words of what was missed.


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": RunStatus.WAITING, "planned_at": NIGHT, "reasons": [HELD]}, HELD["sentence"]),
        ({"status": RunStatus.WAITING, "planned_at": NIGHT, "reasons": [HELD, LATE]}, HELD["sentence"]),
        (
            {"status": RunStatus.WAITING, "planned_at": NIGHT, "reasons": [HELD, NOT_DUE]},
            "the portal did not come to it",
        ),
        ({"status": RunStatus.WAITING, "planned_at": NIGHT, "reasons": []}, "the portal did not come to it"),
        ({"status": RunStatus.WAITING, "planned_at": NIGHT, "reasons": [LATE]}, "the portal did not come to it"),
        ({"status": RunStatus.READY, "planned_at": NIGHT}, "no worker took it up"),
        ({"status": RunStatus.PLANNED}, "Nobody had begun to plan it."),
        ({"status": RunStatus.PLANNED, "planning_at": NIGHT}, "It was still being planned."),
        ({"status": RunStatus.PLANNED, "reasons": [HELD]}, HELD["sentence"]),
    ],
)
def test_what_was_missed_says_what_kept_it_while_there_was_time(values: dict[str, Any], words: str) -> None:
    assert words in why_missed(JobRun(**values))


def test_after_an_outage_a_run_is_not_said_to_have_waited_for_what_came_later(target: Target) -> None:
    job = nightly(target, start_within_minutes=60)
    tasks.tick(NIGHT - 30 * SECOND)
    assert runs.plan(the_run(job), NIGHT - 29 * SECOND)
    tasks.tick(NIGHT - 28 * SECOND)  # and then the portal is off
    tasks.tick(NIGHT + 3 * HOUR)
    run = the_run(job)
    assert run.status == RunStatus.MISSED
    assert not any(words in run.message for words in ("was last checked", "It is due at", "to start by"))


def test_a_run_that_waited_in_its_time_is_missed_for_that_reason(target: Target) -> None:
    job = nightly(target, start_within_minutes=60)
    tasks.tick(NIGHT - 30 * SECOND)
    assert runs.plan(the_run(job), NIGHT - 29 * SECOND)
    Target.objects.update(is_active=False)
    tasks.tick(NIGHT + SECOND)
    Target.objects.update(is_active=True)
    tasks.tick(NIGHT + HOUR + SECOND)
    assert the_run(job).message == "It did not start in time. shop is switched off in the portal."
