"""The operation log of the portal's own runs: a row before each step and its ending after, by fixed SQL and committed at once.

The ORM would cost two to four times as much per row. Call these outside transactions: a row that can be rolled back proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from strategies.models import OperationLog, OperationStatus
from strategies.plans import Meters, TargetError

_BEGIN = """
INSERT INTO generic_operation_log
  (strategy_name, operation_type, job_name, target_object, target_type, status, operation_time, user_name, session_id,
   sql_text, strategy_context, target_id, run_id, step_key, attempt)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_END = """
UPDATE generic_operation_log
   SET status = %s, message = %s, duration_ms = %s, error_code = %s, error_message = %s, cpu_time_ms = %s,
       memory_used_mb = %s, io_operations = %s, rows_processed = %s, objects_affected = %s, ended_at = %s,
       strategy_context = %s
 WHERE operation_id = %s AND status IN ('STARTED', 'RUNNING')
"""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is known before a step runs."""

    strategy_name: str
    operation_type: str
    target_object: str
    target_type: str
    sql_text: str
    user_name: str
    session_id: str
    target_id: int
    run_id: int
    step_key: str
    attempt: int = 1
    job_name: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended. `context` replaces that of the beginning: it holds reason and evidence before and after."""

    status: OperationStatus
    message: str
    duration_ms: int | None
    error: TargetError | None = None
    meters: Meters = Meters()
    objects_affected: int | None = None
    context: Mapping[str, Any] = field(default_factory=dict)


def begin(row: Beginning, moment: datetime) -> int:
    """Write the row of a step that is about to start; the operation's id."""
    values = (
        row.strategy_name, row.operation_type, row.job_name, _clip(row.target_object, 500), row.target_type,
        OperationStatus.STARTED.value, _time(moment), row.user_name, row.session_id, _clean(row.sql_text),
        json.dumps(row.context, default=str), row.target_id, row.run_id, row.step_key, row.attempt,
    )  # fmt: skip
    returning, variables = connection.ops.return_insert_columns([OperationLog._meta.pk])  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(f"{_BEGIN} {returning}", (*values, *variables))
        (operation_id,) = connection.ops.fetch_returned_insert_columns(cursor, variables)  # type: ignore[attr-defined]
    return int(operation_id)


def end(operation_id: int, row: Ending, moment: datetime) -> bool:
    """Write how a step ended. False = the row had an ending already, which stays."""
    error = row.error
    values = (
        row.status.value, _clip(row.message, 2000), row.duration_ms, error.code[:50] if error else None,
        _clip(error.message, 2000) if error else None, row.meters.cpu_ms, row.meters.memory_mb,
        row.meters.io_operations, row.meters.rows, row.objects_affected, _time(moment),
        json.dumps(row.context, default=str), operation_id,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_END, values)
        return bool(cursor.rowcount == 1)


def _time(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _clean(text: str) -> str:
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _clip(text: str, length: int) -> str:
    text = _clean(text)
    return text if len(text) <= length else text[: length - 1] + "…"
