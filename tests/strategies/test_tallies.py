"""The seed's counters and averages after many runs, runs that resume, and runs that take back."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import endings, runs, successors, tallies
from strategies.endings import Finish
from strategies.models import Duration, JobRun, MaintenanceJob, Origin, RunStatus, StrategyConfig, Target
from strategies.tallies import Figures
from tests import jobs as rows
from tests import scripted
from tests.jobs import MINUTE, NIGHT
from tests.nightly import ANNA, nightly, scripted_target
from tests.scripted import World


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch, db: None) -> Target:
    scripted.install(monkeypatch, World(needs={"a"}))
    return scripted_target()


@pytest.fixture
def config(target: Target) -> StrategyConfig:
    return rows.a_config(target, strategy_id="CLEANUP_MAINTENANCE")


@pytest.fixture
def job(target: Target, config: StrategyConfig) -> MaintenanceJob:
    return nightly(target)


def run_of(job: MaintenanceJob, config: StrategyConfig, **values: Any) -> JobRun:
    known = {"origin": Origin.SCHEDULE, "due_at": NIGHT, "steps_total": 1, "is_released": True, **values}
    return JobRun.objects.create(
        due_key=f"t:{JobRun.objects.count()}", job=job, config=config, target=job.target, asked_by="portal",
        strategy_name="CLEANUP_MAINTENANCE", **known,
    )  # fmt: skip


def ended(run: JobRun, status: RunStatus, minutes: float, moment: Any = NIGHT) -> JobRun:
    JobRun.objects.filter(pk=run.pk).update(
        status=RunStatus.RUNNING, started_at=moment, claimed_at=moment, fencing_token=1, steps_total=1
    )
    run.refresh_from_db()
    assert endings.finish(run, 1, Finish(status, f"It is {status}."), moment + timedelta(minutes=minutes))
    return run


def followed(run: JobRun, origin: Origin) -> JobRun:
    successor = successors._successor(run, ANNA, NIGHT, origin)
    successor.save()
    return successor


def figures(row: MaintenanceJob | StrategyConfig, *names: str) -> tuple[Any, ...]:
    row.refresh_from_db()
    return tuple(getattr(row, name) for name in names)


# Averages.


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=60))
def test_an_average_is_the_rounded_mean_of_all_durations(durations: list[int]) -> None:
    kept = Figures()
    for duration in durations:
        kept = kept.and_run(duration, is_first=True)
    mean = sum(durations) / len(durations)
    assert kept.mean is not None
    assert abs(kept.mean - mean) <= 0.5


@pytest.mark.django_db
def test_after_thousands_of_runs_the_average_is_still_true(job: MaintenanceJob, config: StrategyConfig) -> None:
    dice, total = random.Random(1), 0
    run = run_of(job, config, status=RunStatus.SUCCEEDED, started_at=NIGHT, finished_at=NIGHT)
    for _ in range(600):
        run.duration_ms = dice.randint(700, 1300)
        total += run.duration_ms
        tallies.count(run)
    assert figures(job, "avg_duration_ms", "execution_count") == (round(total / 600), 600)
    assert figures(config, "avg_duration_ms", "execution_count") == (round(total / 600), 600)


@pytest.mark.django_db
def test_a_run_whose_duration_is_not_known_counts_and_leaves_the_average_alone(
    job: MaintenanceJob, config: StrategyConfig
) -> None:
    run = run_of(job, config, status=RunStatus.SUCCEEDED, started_at=NIGHT, finished_at=NIGHT)
    for duration in (1000, None, None, 3000):
        run.duration_ms = duration
        tallies.count(run)
    assert figures(job, "execution_count", "avg_duration_ms", "durations_counted") == (4, 2000, 2)


@pytest.mark.django_db
def test_an_average_that_was_typed_in_sql_goes_on_with_its_weight(job: MaintenanceJob, config: StrategyConfig) -> None:
    MaintenanceJob.objects.filter(pk=job.pk).update(execution_count=9, avg_duration_ms=1000)
    ended(run_of(job, config), RunStatus.SUCCEEDED, 2000 / 60_000)
    assert figures(job, "execution_count", "avg_duration_ms") == (10, 1100)
    MaintenanceJob.objects.filter(pk=job.pk).update(execution_count=0, avg_duration_ms=None)
    ended(run_of(job, config), RunStatus.SUCCEEDED, 500 / 60_000)
    assert figures(job, "execution_count", "avg_duration_ms") == (1, 500)


# Runs that take back, and runs that resume.


@pytest.mark.django_db
def test_an_undo_changes_no_figure_of_the_job_nor_how_long_its_work_usually_takes(
    job: MaintenanceJob, config: StrategyConfig
) -> None:
    run = ended(run_of(job, config), RunStatus.FAILED, 10)
    names = ("execution_count", "avg_duration_ms", "last_duration_ms", "last_status", "last_run", "error_count")
    before = figures(job, *names)
    undo = ended(followed(run, Origin.UNDO), RunStatus.FAILED, 5)
    ended(followed(undo, Origin.RESUME), RunStatus.SUCCEEDED, 5)
    assert figures(job, *names) == before
    assert figures(config, "execution_count", "failure_count", "success_count") == (1, 1, 0)
    assert not Duration.objects.filter(step_key="-").exists()


@pytest.mark.django_db
def test_a_run_and_what_resumed_it_are_one_execution(job: MaintenanceJob, config: StrategyConfig) -> None:
    ended(run_of(job, config), RunStatus.SUCCEEDED, 20)
    failed = ended(run_of(job, config), RunStatus.FAILED, 10)
    assert figures(job, "execution_count", "avg_duration_ms", "error_count") == (2, 15 * 60_000, 1)
    again = ended(followed(failed, Origin.RESUME), RunStatus.FAILED, 2)
    assert figures(job, "execution_count", "last_status", "error_count") == (2, "ERROR", 1)
    ended(followed(again, Origin.RESUME), RunStatus.SUCCEEDED, 4, NIGHT + 20 * MINUTE)
    assert figures(job, "execution_count", "last_status", "error_count") == (2, "SUCCESS", 1)
    assert figures(job, "last_duration_ms", "avg_duration_ms") == (16 * 60_000, 18 * 60_000)
    assert figures(job, "last_run", "last_error") == (NIGHT + 20 * MINUTE, "It is failed.")
    assert figures(config, "execution_count", "success_count", "failure_count") == (2, 2, 1)
    assert Duration.objects.get(step_key="-").recent_ms == [20 * 60_000], "what was left of a run is no usual duration"


@pytest.mark.django_db
def test_a_run_that_goes_on_with_one_that_never_began_is_an_execution_of_its_own(
    job: MaintenanceJob, config: StrategyConfig
) -> None:
    run = run_of(job, config, status=RunStatus.CANCELLED, finished_at=NIGHT)
    tallies.count(run)
    assert figures(job, "execution_count") == (0,)
    ended(followed(run, Origin.RESUME), RunStatus.SUCCEEDED, 3)
    assert figures(job, "execution_count", "avg_duration_ms") == (1, 3 * 60_000)


@pytest.mark.django_db
def test_planned_anew_it_is_another_execution(job: MaintenanceJob, config: StrategyConfig) -> None:
    failed = ended(run_of(job, config), RunStatus.FAILED, 10)
    ended(followed(failed, Origin.RETRY), RunStatus.SUCCEEDED, 20)
    assert figures(job, "execution_count", "error_count", "last_status") == (2, 1, "SUCCESS")
    assert runs.done_keys(failed) == set()
