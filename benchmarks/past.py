"""A past of two years for a portal: operations, their runs and the audit of these, written by SQL, the same each time.

Twenty databases with three jobs each. Every run has five operations and five audit entries; of fifty runs one fails. However
many rows there are, they cover the same time and the same jobs: more rows are a busier past, not a longer one.
"""

# ruff: noqa: S608 (every name and expression is of this file or of our models)

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models, transaction

from monitoring import rollups
from monitoring.models import RollupMark
from strategies.models import (
    AuditEntry,
    JobRun,
    MaintenanceJob,
    OperationLog,
    OperationStatus,
    Origin,
    RunStatus,
    StrategyType,
    Target,
    Tenant,
)
from strategies.plans import Locks, Plan, Step

DAYS = 730
TARGETS = 20
JOBS_EACH = 3
STEPS = 5  # operations, and audit entries, of a run
UNHANDLED = 500  # the latest runs: those of them that failed wait for somebody
_FAILS = "i / 5 %% 50 = 7 AND i %% 5 = 4"  # by the number of the operation, from 0: the last one of such a run


@dataclass(frozen=True, slots=True)
class Past:
    """What was written. `job` and `run` are keys of rows in the midst of it, `target` that of their database."""

    rows: int
    first: date
    last: date
    job: int
    run: int
    target: int


def write(rows: int, moment: datetime, days: int = DAYS) -> Past:
    """Fill the portal's database with `rows` operations up to `moment`, as many audit entries, and their rollups."""
    moment = moment.astimezone(UTC).replace(microsecond=0)
    runs = max(1, rows // STEPS)
    with _without_journal(), transaction.atomic():
        first_job = _jobs(moment)
        clock = Clock(moment - timedelta(days=days - 1), moment, runs)
        _runs(runs, first_job, clock)
        _operations(runs * STEPS, first_job, clock)
        _audit(runs * STEPS, clock)
    past = Past(runs * STEPS, clock.first.date(), moment.date(), first_job, runs // 2 + 1, _target_of(first_job))
    roll_up(past, moment)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # which it does by itself before long; SQLite never does
            cursor.execute("CHECKPOINT")
    os.sync()  # what is measured next must not wait for all that was written
    return past


@contextmanager
def _without_journal() -> Iterator[None]:
    """SQLite would write everything twice; afterwards it is as it was. A past that was broken off is thrown away."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode = OFF")
    yield
    connection.close()  # the next one begins with the settings' own pragmas


def roll_up(past: Past, moment: datetime) -> None:
    """Count every day, and say that everything up to now was seen."""
    rollups.rebuild(past.first, past.last)
    RollupMark.objects.filter(pk=1).update(
        operation_id=past.rows, next_operation_id=past.rows, next_at=moment, looked_at=moment
    )


def _target_of(job: int) -> int:
    return int(MaintenanceJob.objects.values_list("target_id", flat=True).get(pk=job) or 0)


def _jobs(moment: datetime) -> int:
    """Databases and their jobs; the number of the first job, the others follow."""
    tenant = Tenant.objects.get(name="Main")
    targets = Target.objects.bulk_create(
        Target(name=f"db-{number:02}", platform="sqlite", url=f"sqlite:////nowhere/{number}.db", tenant=tenant, checked_at=moment)
        for number in range(TARGETS)
    )  # fmt: skip
    names = list(islice(StrategyType.objects.order_by("strategy_name").values_list("strategy_name", flat=True), 10))
    jobs = [
        MaintenanceJob(
            strategy_id=names[(number + place) % len(names)], job_name=f"job-{number:02}-{place}", job_type_id="MAINTENANCE",
            schedule_type_id="DAILY", schedule_value="02:00", target_object="ALL", target_type_id="DATABASE", target=target,
            is_settled=True, next_run=moment + timedelta(hours=8), created_date=moment,
        )
        for number, target in enumerate(targets)
        for place in range(JOBS_EACH)
    ]  # fmt: skip
    return int(min(job.pk for job in MaintenanceJob.objects.bulk_create(jobs)))


@dataclass(frozen=True, slots=True)
class Clock:
    """Run r of `runs`, from 0, begins in its turn between `first` and `last`."""

    first: datetime
    last: datetime
    runs: int

    def at(self, run: str, seconds: str = "0") -> str:
        """The instant, as SQL, of an expression for r, and seconds after that."""
        begin, span = int(self.first.timestamp()), int((self.last - self.first).total_seconds()) - 60 * STEPS
        epoch = f"({begin} + {run} * {span} / {self.runs} + {seconds})"
        if connection.vendor == "postgresql":
            return f"to_timestamp({epoch})"
        return f"strftime('%%Y-%%m-%%d %%H:%%M:%%S', {epoch}, 'unixepoch')"


def scattered(expression: str, salt: int, below: int) -> str:
    """A number from 0 that looks like chance, and is the same each time: Knuth's multiplicative method."""
    return f"((({expression}) * 2654435761 + {salt * 40_503}) %% 4294967296 / 65536 %% {below})"


def _runs(runs: int, first_job: int, clock: Clock) -> None:
    failed = "r %% 50 = 7"
    plan = _plan()
    like = JobRun(
        origin=Origin.SCHEDULE, asked_by="portal", is_released=True, parameters={"max_objects": 100}, steps_total=STEPS,
        plan=plan.as_json(), plan_digest=plan.digest,
    )  # fmt: skip
    end = clock.at("r", str(60 * STEPS))
    columns = {
        "id": "i", "due_key": "'past:' || i", "job_id": "j.job_id", "strategy_name": "j.strategy_name", "target_id": "j.target_id",
        "status": f"CASE WHEN {failed} THEN '{RunStatus.FAILED}' ELSE '{RunStatus.SUCCEEDED}' END",
        "created_at": clock.at("r"), "due_at": clock.at("r"), "started_at": clock.at("r"), "finished_at": end,
        "duration_ms": f"1000 + {scattered('r', 1, 300_000)}",
        "handled_at": f"CASE WHEN {failed} AND i <= {runs - UNHANDLED} THEN {end} END",
        "awaits_handling": f"({failed}) AND i > {runs - UNHANDLED}",
    }  # fmt: skip
    insert(like, runs, columns, f"(SELECT i, i - 1 AS r FROM n) AS n {_of_job('r', first_job)}")


def _plan() -> Plan:
    """One step stands for all: what a page costs that shows a plan does not depend on the past."""
    step = Step(
        key="rebuild:0", operation_type="REBUILD", object="orders_0", object_type="INDEX", locks=Locks.WRITES,
        statements=("REINDEX INDEX orders_0",), reason="orders_0 is bloated.", undo_note="Nothing to undo.",
    )  # fmt: skip
    return Plan(
        strategy="INDEX_MAINTENANCE", version="1.0", platform="sqlite", target="db-00", parameters={}, steps=(step,)
    )


def _operations(rows: int, first_job: int, clock: Clock) -> None:
    like = OperationLog(
        operation_type="REBUILD", target_type="INDEX", user_name="portal", session_id="4711", memory_used_mb=Decimal("12.5"),
        sql_text="REINDEX INDEX orders_by_customer", strategy_context={"reason": "orders_by_customer is bloated."},  # type: ignore[misc]
        objects_affected=1, attempt=1, message="Rebuilt: 5 of 12 MB were given back.",
    )  # fmt: skip
    # Each job has its own usual duration, from 20 ms to a second, of which a step takes from 1 to 200 times as much.
    spread = " * ".join(f"(20 + {scattered('i', salt, 100)})" for salt in (2, 3, 4))
    duration = f"(20 * (1 + j.job_id %% 7) * (1 + j.job_id %% 7) * ({spread}) / 8000)"
    columns = {
        "operation_id": "i + 1", "strategy_name": "j.strategy_name", "job_name": "j.job_name", "target_id": "j.target_id",
        "target_object": f"'orders_' || {scattered('i', 5, 400)}", "run_id": "r + 1", "step_key": "'rebuild:' || (i %% 5)",
        "operation_time": clock.at("r", "i %% 5 * 60"), "ended_at": clock.at("r", f"i %% 5 * 60 + {duration} / 1000"),
        "duration_ms": duration, "cpu_time_ms": f"{duration} / 2", "io_operations": scattered("i", 6, 9000),
        "rows_processed": scattered("i", 7, 60_000),
        "status": f"CASE WHEN {_FAILS} THEN '{OperationStatus.ERROR}' ELSE '{OperationStatus.SUCCESS}' END",
        "error_code": f"CASE WHEN {_FAILS} THEN '55P0' || (r %% 4) END",
        "error_message": f"CASE WHEN {_FAILS} THEN 'canceling statement due to lock timeout of process ' || r END",
    }  # fmt: skip
    insert(like, rows, columns, f"(SELECT i - 1 AS i, (i - 1) / {STEPS} AS r FROM n) AS n {_of_job('r', first_job)}")


def _audit(rows: int, clock: Clock) -> None:
    like = AuditEntry(actor="portal", object_type="JobRun", after={"message": "5 of 5 steps are done."})
    actions = ("run.asked", "run.planned", "run.released", "run.started", "run.succeeded")
    action = " ".join(f"WHEN {number} THEN '{action}'" for number, action in enumerate(actions))
    columns = {
        "id": "i + 1", "at": clock.at("r", "i %% 5"), "action": f"CASE i %% 5 {action} END",
        "object_id": "CAST(r + 1 AS varchar(40))", "object_name": "'Run ' || (r + 1)", "target_id": "t.target_id",
    }  # fmt: skip
    source = f"(SELECT i - 1 AS i, (i - 1) / {STEPS} AS r FROM n) AS n JOIN portal_job_run AS t ON t.id = r + 1"
    insert(like, rows, columns, source)


def _of_job(run: str, first_job: int) -> str:
    jobs = TARGETS * JOBS_EACH
    return f"JOIN generic_maintenance_jobs AS j ON j.job_id = {first_job} + {scattered(run, 8, jobs)}"


def insert(like: models.Model, rows: int, columns: Mapping[str, str], source: str) -> None:
    """Write so many rows: `columns` by expressions over `source`, which takes the numbers i = 1 … rows from n; the rest as `like`."""
    fixed: dict[str, Any] = {
        str(field.column): field.get_db_prep_save(getattr(like, field.attname), connection)
        for field in like._meta.concrete_fields
        if field.column not in columns
        and not isinstance(getattr(like, field.attname), models.expressions.DatabaseDefault)
    }
    names = ", ".join([*columns, *fixed])
    values = ", ".join([*columns.values(), *["%s"] * len(fixed)])
    into, select = f"INSERT INTO {like._meta.db_table} ({names})", f"SELECT {values} FROM {source}"
    with connection.cursor() as cursor:
        cursor.execute(f"{into} WITH RECURSIVE {_numbers(rows)} {select}", list(fixed.values()))
        for statement in connection.ops.sequence_reset_sql(no_style(), [type(like)]):
            cursor.execute(statement)


def _numbers(rows: int) -> str:
    if connection.vendor == "postgresql":
        return f"n(i) AS (SELECT generate_series(1::bigint, {rows}))"
    return f"n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"
