"""What stands before and after a job: two steps each way, only jobs that the reader may see, the same few queries."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from strategies.dependencies import On
from strategies.job_neighbours import neighbours
from strategies.models import MaintenanceJob, StrategyConfig, Target
from tests.jobs import a_config, a_job

pytestmark = pytest.mark.django_db


def edges(job: MaintenanceJob, config: StrategyConfig | None = None) -> set[tuple[str, str, str]]:
    found = neighbours(job, config, MaintenanceJob.objects.all())
    return {(first.name, later.name, edge.on) for first, edge, later in found.rows}


def test_a_diamond_is_found_whole_from_both_ends(sqlite_target: Target) -> None:
    top = a_job(sqlite_target, "TOP")
    left = a_job(sqlite_target, "LEFT", depends_on_jobs=str(top.pk))
    right = a_job(sqlite_target, "RIGHT", depends_on_jobs=f"{top.pk}:failure")
    end = a_job(sqlite_target, "END", depends_on_jobs=f"{left.pk}, {right.pk}:always")
    diamond = {
        ("TOP", "LEFT", On.SUCCESS), ("TOP", "RIGHT", On.FAILURE), ("LEFT", "END", On.SUCCESS), ("RIGHT", "END", On.ALWAYS),
    }  # fmt: skip
    assert edges(top) == diamond
    assert edges(end) == diamond
    assert edges(left) == {("TOP", "LEFT", On.SUCCESS), ("LEFT", "END", On.SUCCESS)}


def test_a_number_that_is_part_of_another_is_no_dependency(sqlite_target: Target) -> None:
    seven, longer = a_job(sqlite_target, "SEVEN", job_id=7), a_job(sqlite_target, "SEVENTY_ONE", job_id=71)
    a_job(sqlite_target, "AFTER", depends_on_jobs="71", job_id=80)
    assert edges(seven) == set()
    assert edges(longer) == {("SEVENTY_ONE", "AFTER", On.SUCCESS)}


def test_jobs_that_the_reader_does_not_see_have_a_number_and_no_name(sqlite_target: Target) -> None:
    hidden = a_job(sqlite_target, "SECRET")
    job = a_job(sqlite_target, "SEEN", depends_on_jobs=str(hidden.pk))
    visible = MaintenanceJob.objects.exclude(pk=hidden.pk)
    found = neighbours(job, None, visible)
    before = next(box.node for box in found.boxes if not box.is_this)
    assert (before.name, before.is_known) == (f"Job {hidden.pk}", False)
    assert neighbours(hidden, None, MaintenanceJob.objects.none()).rows == [], "nor what waits for it"


def test_strategies_on_the_same_database_stand_in_the_picture(sqlite_target: Target) -> None:
    config = a_config(sqlite_target, depends_on_strategies="STATISTICS_MAINTENANCE")
    job = a_job(sqlite_target)
    assert edges(job, config) == {("STATISTICS_MAINTENANCE", "NIGHTLY", On.SUCCESS)}
    statistics = a_job(sqlite_target, "STATS", strategy_id="STATISTICS_MAINTENANCE")
    assert edges(statistics) == {("STATS", "INDEX_MAINTENANCE", On.SUCCESS)}


def test_a_list_that_cannot_be_read_leaves_the_picture_empty(sqlite_target: Target) -> None:
    job = a_job(sqlite_target, depends_on_jobs="first")
    a_job(sqlite_target, "OTHER", depends_on_jobs=f"{job.pk} and more")
    assert edges(job) == set()


def test_jobs_that_wait_for_each_other_are_drawn(sqlite_target: Target) -> None:
    one = a_job(sqlite_target, "ONE")
    two = a_job(sqlite_target, "TWO", depends_on_jobs=str(one.pk))
    MaintenanceJob.objects.filter(pk=one.pk).update(depends_on_jobs=str(two.pk))
    one.refresh_from_db()
    assert edges(one) == {("ONE", "TWO", On.SUCCESS), ("TWO", "ONE", On.SUCCESS)}


def test_many_jobs_cost_no_more_queries_and_are_counted(sqlite_target: Target) -> None:
    job = a_job(sqlite_target, "HUB")
    counts = []
    for number in (3, 60):
        for n in range(number):
            a_job(sqlite_target, f"AFTER_{number}_{n}", depends_on_jobs=str(job.pk))
        with CaptureQueriesContext(connection) as queries:
            found = neighbours(job, None, MaintenanceJob.objects.all())
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert (len(found.boxes), found.more) == (13, 51)
