"""What a row means: a database that is not there is never taken for another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from strategies import job_definitions, jobs, settling
from strategies.job_definitions import JobRefused
from strategies.models import AuditEntry, JobRun, JobState, MaintenanceJob, Origin, Target
from tests.jobs import DAY, NIGHT, NOON, SECOND, a_config, a_job, settled
from tests.nightly import ANNA

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="the others keep to their foreign keys"),
]
NOWHERE = 999


@pytest.fixture
def typed_away() -> Iterator[Callable[[MaintenanceJob], MaintenanceJob]]:
    """As the shell of SQLite writes it, which has no foreign keys."""

    def write(job: MaintenanceJob) -> MaintenanceJob:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE generic_maintenance_jobs SET target_id = %s WHERE job_id = %s", [NOWHERE, job.pk]
            )  # fmt: skip
        return MaintenanceJob.objects.select_related("target").get(pk=job.pk)

    assert connection.disable_constraint_checking()
    yield write
    MaintenanceJob.objects.filter(target_id=NOWHERE).update(target=None)
    connection.enable_constraint_checking()


def test_a_job_of_a_database_that_is_not_there_is_set_aside_and_begins_nowhere(
    sqlite_target: Target, typed_away: Callable[[MaintenanceJob], MaintenanceJob]
) -> None:
    job = typed_away(a_job(sqlite_target))
    settled(job)
    assert (job.state, job.quarantine_reason) == (JobState.QUARANTINED, "target: There is no database 999.")
    assert AuditEntry.objects.filter(action="job.quarantined", object_id=job.pk, target=None).exists()
    jobs.plan_due(NIGHT + SECOND)
    with pytest.raises(JobRefused, match="no database 999"):
        jobs.ask_run(ANNA, MaintenanceJob.objects.select_related("target").get(pk=job.pk), NOON)
    assert not JobRun.objects.exists()


def test_no_list_calls_a_database_that_is_not_there_home(
    sqlite_target: Target, typed_away: Callable[[MaintenanceJob], MaintenanceJob]
) -> None:
    job = typed_away(a_job(sqlite_target))
    assert job.database_name == "database 999, which is not there"
    assert a_job(sqlite_target, "B").database_name == "shop"
    assert a_job(None, "C").database_name == "home"


def test_what_is_for_home_is_not_for_a_database_that_is_not_there(
    sqlite_target: Target, typed_away: Callable[[MaintenanceJob], MaintenanceJob]
) -> None:
    a_config(None)
    a_config(Target.objects.get(is_home=True))
    job = typed_away(a_job(sqlite_target))
    assert job_definitions.place_of(job) == NOWHERE
    assert job_definitions.configurations([job]) == {}


def test_what_was_due_of_it_is_told_by_the_audit_and_recorded_on_no_other_database(
    sqlite_target: Target, typed_away: Callable[[MaintenanceJob], MaintenanceJob]
) -> None:
    job = typed_away(settled(a_job(sqlite_target)))
    settling.settle(NIGHT + DAY + SECOND)
    job.refresh_from_db()
    assert (job.state, job.last_due, job.last_status) == (JobState.QUARANTINED, NIGHT + DAY, "MISSED")
    entry = AuditEntry.objects.get(action="job.missed", object_id=job.pk)
    assert entry.after is not None
    assert (entry.after["missed"], entry.after["recorded"], entry.target) == (2, 0, None)
    assert not JobRun.objects.filter(origin=Origin.SCHEDULE).exists()
