"""The seed's counters and averages after many runs, runs that resume, and runs that take back."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from strategies import continuing, endings, runs, tallies
from strategies.endings import Finish
from strategies.models import Duration, JobRun, MaintenanceJob, Origin, RunStatus, StrategyConfig, Target
from strategies.tallies import Figures
from tests import jobs as rows
from tests import scripted
from tests.jobs import MINUTE, NIGHT, beside, until_somebody_waits
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
    successor = continuing.successor(run, ANNA, NIGHT, origin)
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


# Side by side.


@pytest.mark.django_db
def test_a_tally_that_gave_way_to_another_is_made_again_and_counts_once(
    job: MaintenanceJob, config: StrategyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = tallies._count_job, list[int]()

    def give_way(execution: Any, job_id: int) -> None:
        asked.append(job_id)
        real(execution, job_id)
        if len(asked) == 1:
            raise OperationalError("deadlock detected")

    monkeypatch.setattr(tallies, "_count_job", give_way)
    ended(run_of(job, config), RunStatus.SUCCEEDED, 10)
    assert asked == [job.pk, job.pk]
    for row in (job, config):
        assert figures(row, "execution_count", "avg_duration_ms") == (1, 10 * 60_000)


@pytest.mark.database
@pytest.mark.skipif(connection.vendor != "postgresql", reason="only there two write at once")
@pytest.mark.django_db(transaction=True)
def test_who_counts_a_run_and_who_changes_its_configuration_never_stand_in_each_others_way(
    job: MaintenanceJob, config: StrategyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "_count", given_up_never_again(tallies._count))
    run = run_of(job, config, status=RunStatus.SUCCEEDED, started_at=NIGHT, finished_at=NIGHT, duration_ms=1000)
    with beside(lambda: tallies.count(run)) as told, transaction.atomic():
        StrategyConfig.objects.filter(pk=config.pk).update(description="x")
        told.start()
        until_somebody_waits()
        StrategyConfig.objects.filter(pk=config.pk).update(batch_size=7)
    assert told.errors == []
    assert (figures(job, "execution_count", "is_settled"), figures(config, "execution_count")) == ((1, False), (1,))


@pytest.mark.database
@pytest.mark.skipif(connection.vendor != "postgresql", reason="only there two write at once")
@pytest.mark.django_db(transaction=True)
def test_while_a_run_is_counted_another_of_the_same_job_and_configuration_can_begin(
    job: MaintenanceJob, config: StrategyConfig
) -> None:
    run = run_of(job, config, status=RunStatus.SUCCEEDED, started_at=NIGHT, finished_at=NIGHT, duration_ms=1000)
    with transaction.atomic():
        tallies.count(run)
        with beside(lambda: run_of(job, config)) as other:
            other.start()
            other.join(30)
            assert not other.is_alive()
    assert other.errors == []


@pytest.mark.database
@pytest.mark.skipif(connection.vendor != "postgresql", reason="only there two write at once")
@pytest.mark.django_db(transaction=True)
def test_a_change_of_a_configuration_takes_its_jobs_in_the_order_of_who_reads_them(
    target: Target, config: StrategyConfig
) -> None:
    second = nightly(target, "SECOND", job_id=1_000_000)  # stored before the first
    first = nightly(target, "FIRST")
    rows = MaintenanceJob.objects.select_for_update()
    change = StrategyConfig.objects.filter(pk=config.pk)
    with beside(lambda: change.update(batch_size=7)) as changing, transaction.atomic():
        assert rows.get(pk=first.pk)
        changing.start()
        until_somebody_waits()
        assert rows.get(pk=second.pk)
    assert changing.errors == []


def given_up_never_again(count: Callable[[Any], None]) -> Callable[[Any], None]:
    """A tally that is not made again when it gave way: so it is seen that it need not give way."""
    asked = list[Any]()

    def once(execution: Any) -> None:
        asked.append(execution)
        assert len(asked) == 1, "it gave way"
        count(execution)

    return once
