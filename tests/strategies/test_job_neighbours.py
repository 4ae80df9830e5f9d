"""What stands before and after a job: two steps each way, only jobs that the reader may see, the same few queries."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from strategies import settling
from strategies.dependencies import On
from strategies.job_neighbours import neighbours
from strategies.models import JobDependency, MaintenanceJob, StrategyConfig, Target
from tests.jobs import NOON, a_config, a_job

pytestmark = pytest.mark.django_db


def edges(job: MaintenanceJob, config: StrategyConfig | None = None) -> set[tuple[str, str, str]]:
    settling.settle(NOON)
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
    settling.settle(NOON)
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


@pytest.mark.parametrize("names_home", [True, False])
def test_home_is_the_same_database_whether_a_row_names_it_or_none(names_home: bool) -> None:
    home = Target.objects.get(is_home=True)
    a_config(None if names_home else home, depends_on_strategies="STATISTICS_MAINTENANCE")
    statistics = a_job(home if names_home else None, "STATS", strategy_id="STATISTICS_MAINTENANCE")
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
        settling.settle(NOON)
        with CaptureQueriesContext(connection) as queries:
            found = neighbours(job, None, MaintenanceJob.objects.all())
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert (len(found.boxes), found.more) == (13, 51)


def test_of_very_many_jobs_only_those_are_read_that_can_be_shown(sqlite_target: Target) -> None:
    before = a_job(sqlite_target, "BEFORE")
    hub = a_job(sqlite_target, "HUB", depends_on_jobs=str(before.pk))
    like = a_job(sqlite_target, "LIKE")
    fields = {field.attname: getattr(like, field.attname) for field in MaintenanceJob._meta.concrete_fields}
    del fields["job_id"]
    MaintenanceJob.objects.bulk_create(
        MaintenanceJob(**fields | {"job_name": f"AFTER_{n:03}", "depends_on_jobs": f"{hub.pk}:always"})
        for n in range(250)
    )
    settling.settle(NOON)
    hub.refresh_from_db()
    with CaptureQueriesContext(connection) as queries:
        found = neighbours(hub, None, MaintenanceJob.objects.all())
    assert found.more == 251 - 12
    assert not any('"depends_on_jobs" LIKE' in query["sql"] for query in queries)
    assert len(queries) <= 8


# How what waits for what is kept.


def kept() -> set[tuple[int, int]]:
    return set(JobDependency.objects.values_list("job", "upstream"))


def test_what_a_job_waits_for_is_kept_as_it_was_last_read(sqlite_target: Target) -> None:
    one, two = a_job(sqlite_target, "ONE"), a_job(sqlite_target, "TWO")
    job = a_job(sqlite_target, "AFTER", depends_on_jobs=f"{one.pk}, {two.pk}:failure, 4711")
    settling.settle(NOON)
    assert kept() == {(job.pk, one.pk), (job.pk, two.pk), (job.pk, 4711)}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE generic_maintenance_jobs SET depends_on_jobs = %s WHERE job_id = %s", [str(two.pk), job.pk]
        )
    settling.settle(NOON)
    assert kept() == {(job.pk, two.pk)}
    MaintenanceJob.objects.filter(pk=job.pk).update(depends_on_jobs="anything")
    settling.settle(NOON)
    assert kept() == set()


def test_a_job_that_is_deleted_in_sql_waits_for_nothing_more(sqlite_target: Target) -> None:
    one = a_job(sqlite_target, "ONE")
    job = a_job(sqlite_target, "AFTER", depends_on_jobs=str(one.pk))
    assert edges(one) == {("ONE", "AFTER", On.SUCCESS)}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM generic_maintenance_jobs WHERE job_id = %s", [job.pk])
    assert edges(one) == set()
