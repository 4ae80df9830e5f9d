"""The list of jobs: paged by name, with states that the database and the row call the same."""

from __future__ import annotations

from datetime import datetime
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from strategies import job_list
from strategies.models import JobRun, JobState, MaintenanceJob, RunStatus, Target
from tests.jobs import DAY, HOUR, NOON, a_job, settled
from tests.pages import ended_run, step

pytestmark = pytest.mark.django_db


def names(query: dict[str, str], size: int = 4) -> tuple[list[str], job_list.JobPage]:
    page = job_list.page(MaintenanceJob.objects.all(), query, size)
    return [job.job_name for job in page.jobs], page


def test_pages_follow_each_other_by_name_and_lead_back(sqlite_target: Target) -> None:
    for name in ("D", "A", "C", "B", "C", "C", "E"):  # three of one name: their numbers tell them apart
        a_job(sqlite_target, name)
    first, page = names({})
    assert (first, page.before) == (["A", "B", "C", "C"], "")
    second, after = names({"after": page.after})
    assert (second, after.after) == (["C", "D", "E"], "")
    back, before = names({"before": after.before})
    assert (back, before.before, bool(before.after)) == (first, "", True)
    assert [job.pk for job in before.jobs] == [job.pk for job in page.jobs]


def test_rows_that_arrive_meanwhile_shift_nothing(sqlite_target: Target) -> None:
    for number in range(8):
        a_job(sqlite_target, f"JOB_{number}")
    _, page = names({})
    a_job(sqlite_target, "AAA")
    assert names({"after": page.after})[0] == [f"JOB_{number}" for number in range(4, 8)]


@pytest.mark.parametrize("key", ["", "x", "1", ":A", "-1:A", "9" * 30 + ":A", "1:\x00", "٣:A", "1e9:A"])
def test_whatever_is_no_key_gives_the_first_page(sqlite_target: Target, key: str) -> None:
    a_job(sqlite_target, "A")
    assert names({"after": key})[0] == ["A"]
    assert names({"before": key})[0] == ["A"]


@pytest.mark.parametrize("state", JobState)
def test_the_database_and_the_row_agree_on_every_state(sqlite_target: Target, state: JobState) -> None:
    flags = (False, True)
    for settled_, aside, active, due in product(flags, flags, flags, flags):
        job = a_job(sqlite_target)
        MaintenanceJob.objects.filter(pk=job.pk).update(is_active=active)
        MaintenanceJob.objects.filter(pk=job.pk).update(
            is_settled=settled_, quarantined_at=NOON if aside else None, next_run=NOON if due else None
        )
    found = set(MaintenanceJob.objects.filter(job_list.in_state(state)))
    assert found == {job for job in MaintenanceJob.objects.all() if job.state is state}
    assert found


def test_a_row_shows_its_last_run_and_the_one_at_work(sqlite_target: Target) -> None:
    job = settled(a_job(sqlite_target))
    ends = ((RunStatus.FAILED, NOON - DAY), (RunStatus.SUCCEEDED, NOON - 2 * DAY))
    ids = {status: _run(job, sqlite_target, status, due) for status, due in ends}
    withdrawn = _run(job, sqlite_target, RunStatus.CANCELLED, NOON)
    JobRun.objects.filter(pk=withdrawn).update(started_at=None)
    (row,) = job_list.rows_of([job], JobRun.objects.all(), NOON)
    assert row.last is not None
    assert (row.last.pk, row.present) == (ids[RunStatus.FAILED], None)
    ahead = JobRun.objects.create(
        job=job, due_key="k", target=sqlite_target, strategy_name="X", origin="schedule", due_at=NOON + HOUR
    )
    assert job_list.rows_of([job], JobRun.objects.all(), NOON)[0].present is None, "planned ahead of its time"
    assert job_list.rows_of([job], JobRun.objects.all(), NOON + HOUR)[0].present == ahead
    assert job_list.rows_of([job], JobRun.objects.none(), NOON + HOUR)[0].last is None, "of another tenant"


def _run(job: MaintenanceJob, target: Target, status: RunStatus, due: datetime) -> int:
    run = ended_run(target, status, step(1))
    JobRun.objects.filter(pk=run.pk).update(job=job, due_at=due)
    return run.pk


def test_the_schedule_is_in_words_or_as_it_was_typed(sqlite_target: Target) -> None:
    rows = [a_job(sqlite_target, "A"), a_job(None, "B", "WEEKLY", schedule_value="SOMEDAY 02:00")]
    found = job_list.rows_of(rows, JobRun.objects.all(), NOON)
    assert [row.schedule for row in found] == ["Every day at 02:00", "WEEKLY SOMEDAY 02:00"]
    assert [row.job.database_name for row in found] == ["shop", "home"]


def test_those_set_aside_last_come_first_and_are_counted(
    sqlite_target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_list, "SET_ASIDE", 2)
    for number in range(3):
        settled(a_job(sqlite_target, f"BAD_{number}", schedule_value="26:00"), NOON + number * HOUR)
    settled(a_job(sqlite_target, "WELL"))
    found, count = job_list.set_aside(MaintenanceJob.objects.all())
    assert ([job.job_name for job in found], count) == (["BAD_2", "BAD_1"], 3)


def test_the_rows_cost_the_same_queries_however_many_there_are(sqlite_target: Target) -> None:
    counts = []
    for number in (2, 20):
        for n in range(number):
            job = a_job(sqlite_target, f"JOB_{number}_{n}")
            _run(job, sqlite_target, RunStatus.SUCCEEDED, NOON)
        rows = list(MaintenanceJob.objects.select_related("target"))
        with CaptureQueriesContext(connection) as queries:
            job_list.rows_of(rows, JobRun.objects.all(), NOON)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_page_of_the_list_reads_its_rows_by_the_index_on_the_name(sqlite_target: Target) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("plans are read on SQLite")
    for number in range(5):
        a_job(sqlite_target, f"JOB_{number}")
    with CaptureQueriesContext(connection) as queries:
        job_list.page(MaintenanceJob.objects.all(), {})
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + queries[0]["sql"])
        plan = " ".join(str(row[-1]) for row in cursor.fetchall())
    assert "gmj_by_name" in plan, plan
