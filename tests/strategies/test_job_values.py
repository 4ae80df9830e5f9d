"""What a run of a job would use, and where each value comes from."""

from __future__ import annotations

import pytest

from strategies import job_pages, job_values
from strategies.job_pages import Basis
from strategies.models import MaintenanceJob, Target
from tests.jobs import a_config, a_job, settled

pytestmark = pytest.mark.django_db


def basis_of(job: MaintenanceJob) -> Basis:
    return job_pages.basis(MaintenanceJob.objects.select_related("target").get(pk=job.pk))


def test_each_parameter_says_where_its_value_comes_from(sqlite_target: Target) -> None:
    a_config(sqlite_target, strategy_config={"bloat_percent": 30}, batch_size=25, prerequisite_checks="WRITABLE")
    job = settled(a_job(
        sqlite_target, job_parameters={"retries": 5}, resource_limits={"lock_wait_seconds": 9}, prerequisite_checks="free_space"
    ))  # fmt: skip
    basis = basis_of(job)
    found = {row.title: (row.value, row.source) for row in job_values.parameters_used(basis)}
    assert found["Retries"] == (5, "this job")
    assert found["Bloated from (percent)"] == (30.0, "configuration")
    assert found["At most this many objects"] == (25, "configuration")
    assert found["Wait for locks at most"] == (9, "resource limits")
    assert found["Repair invalid indexes"] == (True, "default")
    checks = [(row.title, row.source) for row in job_values.prechecks_used(basis)]
    assert checks == [("WRITABLE", "configuration"), ("FREE_SPACE", "this job")]
    others = settled(a_job(sqlite_target, "OTHER", target_object="orders"))
    checks = [(row.title, row.source) for row in job_values.prechecks_used(basis_of(others))]
    assert checks == [("WRITABLE", "asked of every run that changes something")]


def test_a_budget_is_shown_by_its_parts_that_have_a_limit(sqlite_target: Target) -> None:
    job = settled(a_job(sqlite_target, resource_limits={"max_database_seconds": 1200, "max_io_operations": 5_000_000}))
    shown = [(line.title, line.limit_words) for line in job_values.budget_used(basis_of(job))]
    assert shown == [("Time on the database", "1,200 s"), ("Reads and writes", "5,000,000")]
    assert job_values.budget_used(basis_of(settled(a_job(sqlite_target, "OTHER")))) == []


def test_a_job_that_cannot_be_carried_out_says_why_and_shows_no_values(sqlite_target: Target) -> None:
    basis = basis_of(settled(a_job(sqlite_target, job_parameters={"retries": 99})))
    assert basis.refusal is not None
    assert (basis.refusal.field, basis.definition) == ("job_parameters", None)
    assert (job_values.parameters_used(basis), job_values.prechecks_used(basis)) == ([], [])
