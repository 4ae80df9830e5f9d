"""The JSON forms of runs, plans, operations and findings. Their names are a contract with people's scripts: add, never rename."""

from __future__ import annotations

from typing import Any

from maintenance_portal.printing import utc
from strategies import approvals
from strategies.assessments import Finding
from strategies.models import Approval, ApprovalState, JobRun, MaintenanceJob, OperationLog, Origin
from strategies.plans import Plan
from strategies.window_pages import WindowRow


def of_run(run: JobRun) -> dict[str, Any]:
    """A run in a list."""
    return {
        "run_id": run.pk,
        "target": run.target.name,
        "strategy": run.strategy_name,
        "object": run.target_object,
        "status": run.status,
        "message": run.message,
        "reasons": run.reasons,
        "origin": run.origin,
        "job_id": run.job_id,
        "due_at": utc(run.due_at),
        "asked_by": run.asked_by,
        "created_at": utc(run.created_at),
        "started_at": utc(run.started_at),
        "finished_at": utc(run.finished_at),
        "duration_ms": run.duration_ms,
        "steps_total": run.steps_total,
        "plan_digest": run.plan_digest or None,
        "strategy_version": run.strategy_version,
        "error_code": run.error_code or None,
        "error_class": run.error_class or None,
        "state_left": run.state_left or None,
        "state_left_message": run.state_left_message or None,
    }


def of_result(run: JobRun) -> dict[str, Any]:
    """A run that a command has carried out, with its plan and its operations in the order in which they were done.

    `goes_on_as` is the run that does what is left, in the next window.
    """
    operations = OperationLog.objects.filter(run=run).select_related("target").order_by("operation_id")
    return {
        "run_id": run.pk,
        "status": run.status,
        "message": run.message,
        "reasons": run.reasons,
        "precheck_notes": run.precheck_notes,
        "used": run.used,
        "plan": _of_kept_plan(run.plan),
        "operations": [of_operation(operation) for operation in operations],
        "goes_on_as": run.children.filter(origin=Origin.CONTINUE).values_list("pk", flat=True).first(),
    }


def of_dry_run(made: Plan, reasons: list[dict[str, Any]], message: str) -> dict[str, Any]:
    """What a run would do, and what would keep it waiting now."""
    plan = _of_kept_plan(made.as_json())
    return {
        "run_id": None,
        "status": "planned",
        "message": message,
        "reasons": reasons,
        "precheck_notes": [],
        "used": None,
        "plan": plan,
        "operations": [],
        "goes_on_as": None,
    }


def of_no_run(message: str) -> dict[str, Any]:
    """There is neither a run nor a plan."""
    plan = _of_kept_plan(None)
    return {
        "run_id": None,
        "status": "failed",
        "message": message,
        "reasons": [],
        "precheck_notes": [],
        "used": None,
        "plan": plan,
        "operations": [],
        "goes_on_as": None,
    }


def _of_kept_plan(plan: dict[str, Any] | None) -> dict[str, Any]:
    """As it is kept; a run that was never planned has no digest and no steps."""
    return {name: (plan or {}).get(name, empty) for name, empty in (("digest", None), ("notes", []), ("steps", []))}


def of_job(job: MaintenanceJob) -> dict[str, Any]:
    """A job in a list. `state` is scheduled, unclocked, off, quarantined or unsettled; `next_run` is null where no clock starts it."""
    return {
        "job_id": job.pk,
        "name": job.job_name,
        "strategy": job.strategy_id,
        "job_type": job.job_type_id,
        "target": job.database_name,
        "object": job.target_object,
        "schedule_type": job.schedule_type_id,
        "schedule_value": job.schedule_value,
        "state": job.state.value,
        "quarantine_reason": job.quarantine_reason,
        "next_run": utc(job.next_run),
        "last_run": utc(job.last_run),
        "last_status": job.last_status,
        "last_duration_ms": job.last_duration_ms,
        "avg_duration_ms": job.avg_duration_ms,
        "execution_count": job.execution_count,
        "error_count": job.error_count,
    }


def of_approval(row: Approval) -> dict[str, Any]:
    """A question whether a run may start. `level` is the one that is asked now, counted from 1."""
    return {
        "approval_id": row.pk,
        "run_id": row.run_id,
        "state": row.state,
        "target": row.run.target.name,
        "strategy": row.run.strategy_name,
        "risk": row.score,
        "risk_factors": row.risk,
        "levels": row.levels,
        "level": row.level + 1,
        "asked": approvals.in_words(row) if row.state == ApprovalState.ASKED else None,
        "requesters": row.requesters,
        "asked_at": utc(row.asked_at),
        "not_before": utc(row.not_before),
        "not_after": utc(row.not_after),
        "is_escalated": row.is_escalated,
        "decided_at": utc(row.decided_at),
        "why": row.why or None,
        "seal": row.seal,
    }


def of_operation(operation: OperationLog) -> dict[str, Any]:
    """A row of the operation log. Meters that were not measured are null."""
    memory = operation.memory_used_mb
    return {
        "operation_id": operation.pk,
        "run_id": operation.run_id,
        "target": operation.target.name if operation.target else None,
        "strategy": operation.strategy_name,
        "operation_type": operation.operation_type,
        "object": operation.target_object,
        "object_type": operation.target_type,
        "status": operation.status,
        "message": operation.message,
        "sql": operation.sql_text,
        "attempt": operation.attempt,
        "started_at": utc(operation.operation_time),
        "ended_at": utc(operation.ended_at),
        "duration_ms": operation.duration_ms,
        "rows_processed": operation.rows_processed,
        "objects_affected": operation.objects_affected,
        "cpu_time_ms": operation.cpu_time_ms,
        "memory_used_mb": None if memory is None else float(memory),
        "io_operations": operation.io_operations,
        "error_code": operation.error_code or None,
        "error_message": operation.error_message or None,
        "user": operation.user_name,
    }


def of_finding(strategy: str, finding: Finding) -> dict[str, Any]:
    return {"strategy": strategy, **finding.as_json()}


def of_window(told: WindowRow) -> dict[str, Any]:
    """A window in a list, with the slot that is open now and the start of the next."""
    row, slot = told.row, told.opening.slot if told.opening is not None else None
    return {
        "window_id": row.pk,
        "name": row.name,
        "scope": row.scope,
        "is_active": row.is_active,
        "is_broken": told.is_broken,
        "starts": row.starts,
        "minutes": row.minutes,
        "time_zone": row.time_zone,
        "rule": row.rule,
        "capacity": row.capacity,
        "owner": row.owner,
        "is_open": slot is not None,
        "open_since": utc(slot.starts_at) if slot is not None else None,
        "open_until": utc(slot.ends_at) if slot is not None else None,
        "opens_next": utc(told.next.slot.starts_at) if told.next is not None else None,
    }
