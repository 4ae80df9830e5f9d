"""Keeps the seed's counters, averages and `last_…` columns of jobs and configurations true after every run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce

from strategies.models import GOOD, JobRun, MaintenanceJob, RunStatus, StrategyConfig

# The seed's words for how a run ended.
_WORDS = {
    RunStatus.SUCCEEDED: "SUCCESS",
    RunStatus.WARNING: "WARNING",
    RunStatus.CANCELLED: "CANCELLED",
    RunStatus.TIMED_OUT: "TIMEOUT",
}


def count(run: JobRun) -> None:
    """Add an ended run to its job and to its configuration. What was cancelled before it started, or missed, was not executed."""
    status, ended = RunStatus(run.status), run.finished_at
    if ended is None or (status is RunStatus.CANCELLED and run.started_at is None):
        return
    with transaction.atomic():
        if run.job_id is not None:
            if status is RunStatus.MISSED:
                count_missed(run.job_id, run.message)
            else:
                _count_job(run, run.job_id, status, ended)
        if status is not RunStatus.MISSED:
            _count_configs(run, status, ended)


def count_missed(job_id: int, message: str) -> None:
    """A due instant of the job passed without a start."""
    MaintenanceJob.objects.filter(pk=job_id).update(last_status="MISSED", last_error=message[:2000])


def _count_job(run: JobRun, job_id: int, status: RunStatus, ended: datetime) -> None:
    values: dict[str, Any] = {
        "execution_count": F("execution_count") + 1,
        "last_run": run.started_at or ended,
        "last_status": _WORDS.get(status, "ERROR"),
        **_average(run),
    }
    if run.duration_ms is not None:
        values["last_duration_ms"] = run.duration_ms
    if status not in (*GOOD, RunStatus.CANCELLED):
        values |= {"error_count": F("error_count") + 1, "last_error": run.message}
    MaintenanceJob.objects.filter(pk=job_id).update(**values)


def _count_configs(run: JobRun, status: RunStatus, ended: datetime) -> None:
    if run.config_id is not None:
        rows = StrategyConfig.objects.filter(pk=run.config_id)
    else:
        place = Q(target=run.target) | (Q(target__isnull=True) if run.target.is_home else Q(pk__in=()))
        rows = StrategyConfig.objects.filter(
            place, strategy__strategy_name=run.strategy_name, target_object=run.target_object, is_active=True
        )
    values: dict[str, Any] = {
        "execution_count": F("execution_count") + 1,
        "last_execution": run.started_at or ended,
        **_average(run),
    }
    if status in GOOD:
        values |= {"success_count": F("success_count") + 1, "last_success": ended}
    elif status is not RunStatus.CANCELLED:
        values |= {"failure_count": F("failure_count") + 1, "last_failure": ended}
    rows.update(**values)


def _average(run: JobRun) -> dict[str, Any]:
    """The average over all runs so far, this one included; it stays where this one's duration is not known."""
    if run.duration_ms is None:
        return {}
    mean = (Coalesce(F("avg_duration_ms"), Value(run.duration_ms)) * F("execution_count") + run.duration_ms) / (
        F("execution_count") + 1
    )
    return {"avg_duration_ms": Case(When(execution_count=0, then=Value(run.duration_ms)), default=mean)}
