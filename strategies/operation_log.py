"""The operation log of the portal's own runs: a row before each step and its ending after, by fixed SQL and committed at once.

The ORM would cost two to four times as much per row. Call these outside transactions: a row that can be rolled back proves nothing.
Rows that strategies write themselves come through strategies/maintenance_logger.py, which obeys the switches of log_policies.py.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import DEFAULT_DB_ALIAS, connections

from strategies.models import OperationLog, OperationStatus
from strategies.plans import Meters, TargetError

log = logging.getLogger(__name__)

_BEGIN = """
INSERT INTO generic_operation_log
  (strategy_name, operation_type, job_name, target_object, target_type, status, operation_time, user_name, session_id,
   sql_text, strategy_context, target_id, run_id, step_key, attempt)
VALUES
  (%(strategy_name)s, %(operation_type)s, %(job_name)s, %(target_object)s, %(target_type)s, %(status)s, %(operation_time)s,
   %(user_name)s, %(session_id)s, %(sql_text)s, %(strategy_context)s, %(target_id)s, %(run_id)s, %(step_key)s, %(attempt)s)
"""
_CHANGE = """
UPDATE generic_operation_log
   SET status = %(status)s, message = %(message)s, duration_ms = %(duration_ms)s, error_code = %(error_code)s,
       error_message = %(error_message)s, cpu_time_ms = %(cpu_time_ms)s, memory_used_mb = %(memory_used_mb)s,
       io_operations = %(io_operations)s, rows_processed = %(rows_processed)s, objects_affected = %(objects_affected)s,
       ended_at = %(ended_at)s, strategy_context = %(strategy_context)s
"""
_END = f"{_CHANGE} WHERE operation_id = %(operation_id)s AND status IN ('STARTED', 'RUNNING')"
# Where the log is partitioned, its time says in which partition a row is: else all of them are looked through, and locked.
_END_THERE = f"{_CHANGE} WHERE operation_time = %(begun_at)s AND operation_id = %(operation_id)s AND status IN ('STARTED', 'RUNNING')"


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
    database = connections[DEFAULT_DB_ALIAS]  # once: the name `connection` is looked up at each use
    values = {
        "strategy_name": row.strategy_name, "operation_type": row.operation_type, "job_name": row.job_name,
        "target_object": clip(row.target_object, 500), "target_type": row.target_type, "status": OperationStatus.STARTED.value,
        "operation_time": database.ops.adapt_datetimefield_value(moment), "user_name": row.user_name, "session_id": row.session_id,
        "sql_text": clean(row.sql_text), "strategy_context": as_json(row.context), "target_id": row.target_id, "run_id": row.run_id,
        "step_key": row.step_key, "attempt": row.attempt,
    }  # fmt: skip
    returning, variables = database.ops.return_insert_columns([OperationLog._meta.pk])  # type: ignore[attr-defined]
    if variables:  # Oracle hands the id over in one of its own
        returning, values["returned"] = returning.replace("%s", "%(returned)s"), variables[0]
    with database.cursor() as cursor:
        cursor.execute(_BEGIN + returning, values)
        (operation_id,) = database.ops.fetch_returned_insert_columns(cursor, variables)  # type: ignore[attr-defined]
    return int(operation_id)


def end(operation_id: int, row: Ending, moment: datetime, begun_at: datetime | None = None) -> bool:
    """Write how a step ended. False = the row had an ending already, which stays.

    `begun_at`, what `begin` was told, finds the row faster; who changed the time of a row meanwhile loses nothing.
    """
    error, meters, database = row.error, row.meters, connections[DEFAULT_DB_ALIAS]
    values = {
        "status": row.status.value, "message": clip(row.message, 2000), "duration_ms": row.duration_ms,
        "error_code": error.code[:50] if error else None, "error_message": clip(error.message, 2000) if error else None,
        "cpu_time_ms": meters.cpu_ms, "memory_used_mb": meters.memory_mb, "io_operations": meters.io_operations,
        "rows_processed": meters.rows, "objects_affected": row.objects_affected,
        "ended_at": database.ops.adapt_datetimefield_value(moment), "strategy_context": as_json(row.context),
        "operation_id": operation_id,
    }  # fmt: skip
    with database.cursor() as cursor:
        if begun_at is not None and database.vendor != "sqlite":  # which has no partitions
            cursor.execute(_END_THERE, {"begun_at": database.ops.adapt_datetimefield_value(begun_at), **values})
            if cursor.rowcount == 1:
                return True
        cursor.execute(_END, values)
        return bool(cursor.rowcount == 1)


_any_json = json.JSONEncoder(default=str).encode


def as_json(context: Mapping[str, Any]) -> str:
    """What orjson does not take (keys that are no text, numbers beyond 64 bits) is written the slower way."""
    try:
        return orjson.dumps(context, default=str, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()
    except TypeError:
        return _any_json(context)


def clean(text: str) -> str:
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def clip(text: str, length: int) -> str:
    text = clean(text)
    return text if len(text) <= length else text[: length - 1] + "…"
