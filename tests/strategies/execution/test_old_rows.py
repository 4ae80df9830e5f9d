"""Old rows through the portal: archived by a run and brought back by its undo; what deletes for good waits for somebody to agree."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from strategies import runs, successors, targets
from strategies.audit import Actor
from strategies.execution import runner
from strategies.models import JobRun, OperationLog, OperationStatus, RunStatus, Target
from tests.jobs import a_job, settled

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")
KEEP = {"age_column": "placed", "keep_days": 35, "batch_rows": 4}


@pytest.fixture
def shop(sqlite_target: Target) -> Target:
    """Ten orders, each ten days older than the one before."""
    ask(sqlite_target, "DELETE FROM orders")
    ask(
        sqlite_target,
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9)"
        " INSERT INTO orders (customer, placed) SELECT 'c' || i, date('now', '-' || (i * 10) || ' days') FROM n",
    )
    assert targets.check(sqlite_target, timezone.now()), sqlite_target.check_error
    return sqlite_target


def ask(target: Target, statement: str) -> list[Any]:
    path = Path("/" + target.url.removeprefix("sqlite:///").lstrip("/"))
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement).fetchall()


def planned(target: Target, strategy: str, **parameters: Any) -> JobRun:
    asked = {**KEEP, **parameters}
    run = runs.ask(ANNA, target, strategy, timezone.now(), target_object="orders", parameters=asked, wake=False)
    assert runs.plan(run, timezone.now()), run.message
    return run


def carried_out(run: JobRun) -> JobRun:
    claimed = runs.claim(run.pk, "host/1/2/3.00", timezone.now())
    assert claimed is not None
    runner.carry_out(claimed)
    claimed.refresh_from_db()
    return claimed


def test_a_run_archives_and_its_undo_brings_everything_back(shop: Target) -> None:
    before = ask(shop, "SELECT * FROM orders ORDER BY id")
    run = planned(shop, "ARCHIVE_MAINTENANCE")
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    run = carried_out(run)
    assert run.status == RunStatus.SUCCEEDED, run.message
    assert len(ask(shop, "SELECT * FROM orders")) == 4
    assert len(ask(shop, "SELECT * FROM orders_archive")) == 6
    logged = OperationLog.objects.filter(run=run, status=OperationStatus.SUCCESS)
    assert sorted(logged.values_list("operation_type", "rows_processed")) == [
        ("ARCHIVE", 2),
        ("ARCHIVE", 4),
        ("CREATE", None),
    ]
    back = successors.undo(run, ANNA, timezone.now())
    assert runs.release(back, ANNA, back.plan_digest, timezone.now())
    back = carried_out(back)
    assert back.status in (RunStatus.SUCCEEDED, RunStatus.ROLLED_BACK), back.message
    assert ask(shop, "SELECT * FROM orders ORDER BY id") == before
    assert ask(shop, "SELECT * FROM orders_archive") == []


def test_a_batch_that_fails_stops_those_behind_it(shop: Target) -> None:
    ask(shop, "CREATE TABLE bills (order_id INTEGER REFERENCES orders)")
    ask(shop, "INSERT INTO bills SELECT max(id) FROM orders")
    run = planned(shop, "ARCHIVE_MAINTENANCE", retries=0)
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    run = carried_out(run)
    assert run.status == RunStatus.FAILED
    assert "FOREIGN KEY constraint failed" in (run.message or "")
    assert ask(shop, "SELECT count(*) FROM orders") == [(10,)]
    skipped = OperationLog.objects.get(run=run, step_key="archive:orders:2")
    assert "it comes after archive:orders:1" in str(skipped.message)


def test_what_is_left_for_the_next_run_is_told(shop: Target) -> None:
    run = planned(shop, "ARCHIVE_MAINTENANCE", max_objects=1)
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    run = carried_out(run)
    assert run.status == RunStatus.WARNING
    assert "2 rows of orders are from before" in (run.message or "")


def test_a_clean_up_waits_until_somebody_has_agreed(shop: Target) -> None:
    run = planned(shop, "CLEANUP_MAINTENANCE")
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    assert runs.claim(run.pk, "host/1/2/3.00", timezone.now()) is None
    run.refresh_from_db()
    assert "It waits for the approval of 1 approver." in str(run.reasons)
    assert ask(shop, "SELECT count(*) FROM orders") == [(10,)]


@pytest.mark.parametrize(
    ("target_object", "parameters", "field", "words"),
    [
        ("ALL", {"age_column": "placed"}, "target_object", "target_object: name one table"),
        ("orders", {}, "job_parameters", "age_column: name the column that says how old a row is"),
    ],
)
def test_a_job_that_names_no_table_or_no_column_is_set_aside(
    shop: Target, target_object: str, parameters: dict[str, Any], field: str, words: str
) -> None:
    typed = {"strategy_id": "CLEANUP_MAINTENANCE", "target_object": target_object, "schedule_value": "02:00"}
    job = settled(a_job(shop, **typed, job_parameters=parameters), timezone.now())
    assert str(job.quarantine_reason).startswith(f"{field}: ")
    assert words in str(job.quarantine_reason)
