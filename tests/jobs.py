"""What tests of jobs need: rows as SQL would type them, and their state after a tick has read them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from strategies import settling
from strategies.models import JobType, MaintenanceJob, ScheduleType, StrategyConfig, Target, TargetType

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{name: 1}) for name in ("seconds", "minutes", "hours", "days"))


def a_job(target: Target | None, name: str = "NIGHTLY", kind: str = "DAILY", **values: Any) -> MaintenanceJob:
    """A row of which nothing is computed yet."""
    known = {"strategy_id": "INDEX_MAINTENANCE", "target_object": "ALL", "created_date": NOON - DAY, **values}
    return MaintenanceJob.objects.create(
        job_name=name,
        target=target,
        job_type=JobType.objects.get(job_type="MAINTENANCE"),
        schedule_type=ScheduleType.objects.get(schedule_type=kind),
        target_type=TargetType.objects.get(target_type="TABLE"),
        **known,
    )


def a_config(target: Target | None, **values: Any) -> StrategyConfig:
    known = {"strategy_id": "INDEX_MAINTENANCE", "target_object": "ALL", **values}
    return StrategyConfig.objects.create(
        target=target, target_type=TargetType.objects.get(target_type="TABLE"), **known
    )


def settled(job: MaintenanceJob, moment: datetime = NOON) -> MaintenanceJob:
    settling.settle(moment)
    job.refresh_from_db()
    return job


def until_somebody_waits() -> None:
    """Of PostgreSQL: go on when another connection waits for a lock."""
    for _ in range(1000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
            if cursor.fetchone():
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


class Beside(threading.Thread):
    """Something that is done by another connection, and what went wrong with it."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self._work = work
        self.errors: list[Exception] = []

    def run(self) -> None:
        try:
            self._work()
        except Exception as error:
            self.errors.append(error)
        finally:
            connection.close()


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[Beside]:
    thread = Beside(work)
    try:
        yield thread
    finally:
        thread.join(30)
