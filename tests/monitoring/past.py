"""What tests of the rollups need: a random past in the operation log, and the same counted straight from the log."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from strategies import log_guard
from strategies.models import JobRun, MaintenanceJob, OperationLog, OperationStatus, RunStatus, Target, Tenant

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
STRATEGIES = ("INDEX_MAINTENANCE", "STATISTICS_MAINTENANCE", "LEGACY")
ENDED = ("SUCCESS", "WARNING", "ERROR", "TIMEOUT", "CANCELLED")
FAILED = ("ERROR", "TIMEOUT")


def at(day: date, hour: float = 12) -> datetime:
    return datetime.combine(day, time.min, UTC) + timedelta(hours=hour)


def target(name: str = "shop", tenant: str = "Main") -> Target:
    owner = Tenant.objects.get_or_create(name=tenant)[0]
    return Target.objects.get_or_create(
        name=name, defaults={"platform": "sqlite", "url": f"sqlite:////nowhere/{name}.db", "tenant": owner}
    )[0]


def operation(day: date = TODAY, status: str = "SUCCESS", hour: float = 12, **values: Any) -> OperationLog:
    """A row of the log, not saved."""
    return OperationLog(
        **{
            "strategy_name": "INDEX_MAINTENANCE", "operation_type": "REBUILD", "operation_time": at(day, hour), "status": status,
            "duration_ms": 1000,
        }
        | values
    )  # fmt: skip


def log(*rows: OperationLog) -> list[OperationLog]:
    return OperationLog.objects.bulk_create(rows)


def run(target: Target, status: str = RunStatus.SUCCEEDED, day: date = TODAY, **values: Any) -> JobRun:
    return JobRun.objects.create(
        **{
            "due_key": f"test:{random.random()}", "strategy_name": "INDEX_MAINTENANCE", "target": target, "origin": "schedule",
            "asked_by": "test", "status": status, "due_at": at(day), "finished_at": at(day), "duration_ms": 2000,
        }
        | values
    )  # fmt: skip


def job(name: str = "nightly", target: Target | None = None, **values: Any) -> MaintenanceJob:
    return MaintenanceJob.objects.create(
        **{
            "strategy_id": "INDEX_MAINTENANCE", "job_name": name, "job_type_id": "MAINTENANCE", "schedule_type_id": "DAILY",
            "target_object": "ALL", "target_type_id": "DATABASE", "target": target,
        }
        | values
    )  # fmt: skip


def random_past(seed: int, targets: Iterable[Target | None], rows: int, days: int) -> None:
    """Rows of all kinds: every word and unknown ones, figures that were not measured, no target, no job."""
    chance = random.Random(seed)
    places = list(targets)

    def some(largest: int) -> int | None:
        return chance.choice((None, 0, 1, chance.randrange(50), chance.randrange(largest)))

    log(
        *(
            operation(
                TODAY - timedelta(days=chance.randrange(days)),
                chance.choice((*OperationStatus.values, *ENDED, "SUCCESS", "DANCING", "success")),
                chance.choice((0, 12, 23.9999)),
                strategy_name=chance.choice(STRATEGIES),
                operation_type=chance.choice(("REBUILD", "ANALYZE", "OWN")),
                job_name=chance.choice((None, "", "nightly", "weekly")),
                target=chance.choice(places),
                duration_ms=some(10_000_000),
                cpu_time_ms=some(9000),
                memory_used_mb=chance.choice((None, Decimal("12.5"))),
                io_operations=some(10**6),
                rows_processed=some(10**9),
            )
            for _ in range(rows)
        )
    )


@contextmanager
def unguarded() -> Iterator[None]:
    """The log as it was before it refused rows that nobody can read."""
    editor = connection.schema_editor()
    log_guard.remove(None, editor)
    try:
        yield
    finally:
        log_guard.install(None, editor)


def typed(**values: str) -> int:
    """A row as SQL types it; its key."""
    with connection.cursor() as cursor:
        columns, given = ", ".join(values), ", ".join(values.values())
        cursor.execute(f"INSERT INTO generic_operation_log ({columns}) VALUES ({given}) RETURNING operation_id")
        return int(cursor.fetchone()[0])
