"""A run of measures: its log has every figure, and what is beyond a limit ends it with a warning until a later measure is within it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from maintenance_portal import tasks
from strategies import needs, runs, successors
from strategies.assessments import Finding as Found
from strategies.assessments import Severity
from strategies.audit import Actor
from strategies.execution.tally import StepEnd, Tally
from strategies.execution.watch import Wish
from strategies.models import Environment, Finding, JobRun, OperationLog, OperationStatus, RunStatus, Target
from strategies.workers import WorkerIdentity
from tests.strategies.execution.conftest import registered

pytestmark = pytest.mark.django_db(transaction=True)
ANNA = Actor("anna")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    changed(path, "PRAGMA journal_mode = wal", "CREATE TABLE orders(at)", "CREATE TABLE small(at)")
    changed(path, "INSERT INTO orders VALUES (datetime('now')), (datetime('now')), (datetime('now'))")
    return path


@pytest.fixture
def target(path: Path) -> Target:
    return registered("sqlite", f"sqlite:///{path}", "shop")


def changed(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def carried_out(target: Target, strategy: str = "MONITORING_MAINTENANCE", **values: Any) -> JobRun:
    run = runs.ask(ANNA, target, strategy, timezone.now(), wake=False, **values)
    assert runs.plan(run, timezone.now())
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    taken = runs.claim(run.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None
    tasks.carry_out(taken)
    run.refresh_from_db()
    return run


def current(target: Target) -> list[tuple[str, str]]:
    return list(Finding.objects.current().filter(target=target).values_list("kind", "object"))


def test_what_is_beyond_a_limit_ends_the_run_with_a_warning_until_a_later_measure_is_within_it(
    target: Target, path: Path
) -> None:
    run = carried_out(target, parameters={"most_rows": 2})
    assert run.status == RunStatus.WARNING
    assert run.message == "orders has 3 rows, beyond the limit of 2 rows. 2 of 2 steps are done."
    assert run.is_read_only
    rows = {row.target_object: row for row in OperationLog.objects.filter(run=run)}
    assert {name: (row.operation_type, row.status, row.message) for name, row in rows.items()} == {
        "orders": ("MONITOR", "WARNING", "orders has 3 rows, beyond the limit of 2 rows."),
        "small": ("MONITOR", "SUCCESS", "small has 0 rows; the limit is 2 rows."),
    }
    assert rows["small"].strategy_context["after"] == {"rows": 0, "limit_rows": 2, "method": "counted"}
    assert rows["orders"].error_code is None, "the measure itself was good"
    assert current(target) == [("too_many_rows", "orders")]

    assert carried_out(target, parameters={"age_column": "at"}, target_object="orders").status == RunStatus.SUCCEEDED
    look = needs.ask_assessment(ANNA, target, "MONITORING_MAINTENANCE", timezone.now(), wake=False)
    assert needs.assess(look) is not None
    assert current(target) == [("too_many_rows", "orders")], "neither has asked for rows"

    changed(path, "DELETE FROM orders WHERE rowid = 1")
    assert carried_out(target, parameters={"most_rows": 2}).status == RunStatus.SUCCEEDED
    assert current(target) == []


def test_a_measure_that_gives_no_figure_fails_its_run(target: Target, path: Path) -> None:
    changed(path, "INSERT INTO small VALUES ('soon')")
    run = carried_out(target, parameters={"age_column": "at"})
    assert run.status == RunStatus.FAILED
    assert "The newest value in at of small cannot be read as an instant: soon." in run.message
    assert current(target) == []


def test_measures_need_nobody_s_approval_on_production_and_a_copy_does(target: Target, path: Path) -> None:
    Target.objects.filter(pk=target.pk).update(environment=Environment.PRODUCTION)
    target.refresh_from_db()
    assert carried_out(target, parameters={"most_rows": 9}).status == RunStatus.SUCCEEDED
    copy = runs.ask(ANNA, target, "BACKUP_MAINTENANCE", timezone.now(), target_object="orders", wake=False)
    assert runs.plan(copy, timezone.now())
    assert runs.release(copy, ANNA, copy.plan_digest, timezone.now())
    assert runs.claim(copy.pk, WorkerIdentity.current().text, timezone.now()) is None


def test_a_table_is_copied_by_a_run_and_the_copy_dropped_by_its_undo(target: Target, path: Path) -> None:
    run = carried_out(target, "BACKUP_MAINTENANCE", target_object="orders")
    assert (run.status, run.steps_total) == (RunStatus.SUCCEEDED, 1)
    (row,) = OperationLog.objects.filter(run=run)
    assert (row.operation_type, row.status, row.rows_processed) == ("BACKUP", OperationStatus.SUCCESS, 3)
    undo = successors.undo(run, ANNA, timezone.now())
    assert runs.release(undo, ANNA, undo.plan_digest, timezone.now())
    taken = runs.claim(undo.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None
    tasks.carry_out(taken)
    undo.refresh_from_db()
    assert undo.status == RunStatus.SUCCEEDED, undo.message
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (2,)


def test_a_strategy_of_one_table_refuses_all_of_them(target: Target) -> None:
    run = runs.ask(ANNA, target, "BACKUP_MAINTENANCE", timezone.now(), wake=False)
    assert not runs.plan(run, timezone.now())
    run.refresh_from_db()
    assert (run.status, run.message) == (
        RunStatus.FAILED,
        "Planning failed. Copies are made of one table: name it instead of ALL.",
    )


@pytest.mark.parametrize(
    ("ends", "wish", "spent", "status", "words"),
    [
        ((StepEnd.DONE,), None, "", RunStatus.WARNING, "t is large. 1 of 1 steps are done."),
        ((StepEnd.DONE, StepEnd.BUSY), None, "", RunStatus.WARNING,
         "t is large. Some objects were busy and left alone. 1 of 2 steps are done."),
        ((StepEnd.DONE, StepEnd.SKIPPED), None, "", RunStatus.WARNING,
         "t is large. Some steps were left out. 1 of 2 steps are done."),
        ((StepEnd.DONE,), None, "time", RunStatus.CANCELLED,
         "t is large. Stopped at its budget: time. 1 of 2 steps are done. What is left can be resumed."),
    ],
)  # fmt: skip
def test_what_was_found_is_told_however_the_run_ends(
    ends: tuple[StepEnd, ...], wish: Wish | None, spent: str, status: RunStatus, words: str
) -> None:
    tally = Tally(ends={f"s{n}": end for n, end in enumerate(ends)})
    tally.found = [Found("too_large", "t", "TABLE", Severity.WARNING, "t is large.", "")]
    total = len(ends) + bool(spent)
    assert tally.verdict(wish, total, 60, lambda: "anna", spent=spent) == (status, words)
