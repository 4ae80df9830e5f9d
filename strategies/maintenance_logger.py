"""The calls with which strategies written in Python log what they do: the names of the framework, and rows that no rollback takes back.

What writes never breaks its caller: it commits by itself and raises nothing, but for a call inside a transaction of SQLite, whose
file takes one writer at a time. Reports, retention and archives stand in `monitoring`; docs/plsql.md shows all of them beside PL/SQL.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from strategies import audit
from strategies.audit import Actor
from strategies.models import UNFINISHED, OperationLog, OperationStatus, StrategyType, Target
from strategies.operation_log import as_json, clean, clip

log = logging.getLogger(__name__)

EXECUTE = "EXECUTE"  # the operation type of a strategy or a job as a whole
_CODE = re.compile(r"[A-Z]{2,4}-[0-9]{4,5}")
_FAILED = (OperationStatus.ERROR, OperationStatus.TIMEOUT)
_METRICS = ("duration_ms", "cpu_time_ms", "memory_used_mb", "io_operations", "rows_processed", "objects_affected")
_LENGTHS = {"strategy_type": 20, "description": 200, "category": 30}
_SILENCED = """
SELECT COUNT(*) FROM generic_log_policy p
 WHERE p.is_enabled = 'N' AND (COALESCE(LENGTH(p.strategy_name), 0) = 0 OR p.strategy_name = %(strategy_name)s)
"""
_BEGIN = """
INSERT INTO generic_operation_log
  (strategy_name, operation_type, job_name, target_object, target_type, status, operation_time, user_name, session_id, sql_text,
   strategy_context, target_id)
VALUES
  (%(strategy_name)s, %(operation_type)s, %(job_name)s, %(target_object)s, %(target_type)s, %(status)s, %(operation_time)s,
   %(user_name)s, %(session_id)s, %(sql_text)s, %(strategy_context)s, %(target_id)s)
"""
_BEGAN = "SELECT operation_time FROM generic_operation_log WHERE operation_id = %(operation_id)s"
_END = """
UPDATE generic_operation_log
   SET status = %(status)s, message = %(message)s, duration_ms = %(duration_ms)s, error_code = %(error_code)s,
       error_message = %(error_message)s, cpu_time_ms = %(cpu_time_ms)s, memory_used_mb = %(memory_used_mb)s,
       io_operations = %(io_operations)s, rows_processed = %(rows_processed)s, objects_affected = %(objects_affected)s,
       ended_at = %(ended_at)s
 WHERE operation_id = %(operation_id)s AND run_id IS NULL AND status IN ('STARTED', 'RUNNING', 'PENDING')
"""
_MEASURE = """
UPDATE generic_operation_log
   SET cpu_time_ms = COALESCE(%(cpu_time_ms)s, cpu_time_ms), memory_used_mb = COALESCE(%(memory_used_mb)s, memory_used_mb),
       io_operations = COALESCE(%(io_operations)s, io_operations), rows_processed = COALESCE(%(rows_processed)s, rows_processed),
       objects_affected = COALESCE(%(objects_affected)s, objects_affected)
 WHERE operation_id = %(operation_id)s AND run_id IS NULL
"""


class InsideTransaction(RuntimeError):
    """The caller's transaction holds the only right to write that SQLite gives: log before it or after it."""


# The registry.


def register_strategy(
    strategy_name: str, strategy_type: str = "MAINTENANCE", description: str = "", category: str = "DATABASE", *,
    actor: Actor | None = None,
) -> StrategyType:  # fmt: skip
    """Make a strategy known, or change what is said of it; it is active afterwards. Raises ValueError, naming the field."""
    name = strategy_name.strip()
    if not 1 <= len(name) <= 50:
        raise ValueError("strategy_name: a strategy's name has 1 to 50 characters.")
    values = {"strategy_type": strategy_type, "description": description, "category": category}
    for field, text in values.items():
        if len(text) > _LENGTHS[field]:
            raise ValueError(f"{field}: it has at most {_LENGTHS[field]} characters.")
    with transaction.atomic():
        row, _ = StrategyType.objects.update_or_create(strategy_name=name, defaults={**values, "is_active": True})
        audit.record(actor or Actor.of_command(), "strategytype.registered", row, after=values)
    return row


def unregister_strategy(strategy_name: str, *, actor: Actor | None = None) -> None:
    """It stays in the registry, since the log and jobs name it, and is inactive. Raises ValueError."""
    with transaction.atomic():
        rows = StrategyType.objects.filter(strategy_name=strategy_name.strip())
        if not rows.update(is_active=False):
            raise ValueError("strategy_name: no strategy of this name is registered.")
        audit.record(actor or Actor.of_command(), "strategytype.unregistered", rows.get())


# Writing.


def log_strategy_start(
    strategy_name: str, target_object: str = "", target_type: str = "", strategy_context: Mapping[str, Any] | None = None, *,
    target: Target | None = None, moment: datetime | None = None,
) -> int | None:  # fmt: skip
    """A strategy begins its work on an object; the operation's id, None where nothing was written."""
    return log_start_operation(
        strategy_name,
        EXECUTE,
        target_object,
        target_type,
        strategy_context=strategy_context,
        target=target,
        moment=moment,
    )


def log_strategy_end(
    operation_id: int | None, status: str = OperationStatus.SUCCESS, message: str = "",
    performance_metrics: Mapping[str, Any] | None = None, *, moment: datetime | None = None,
) -> bool:  # fmt: skip
    """How it ended; whether that was written. `performance_metrics` may hold duration_ms, cpu_time_ms, memory_used_mb,
    io_operations, rows_processed and objects_affected.
    """
    measured: dict[str, Any] = {name: (performance_metrics or {}).get(name) for name in _METRICS}
    return log_end_operation(operation_id, status, message, **measured, moment=moment)


def log_start_operation(
    strategy_name: str, operation_type: str, target_object: str = "", target_type: str = "", sql_text: str = "",
    strategy_context: Mapping[str, Any] | None = None, job_name: str | None = None, *, target: Target | None = None,
    moment: datetime | None = None,
) -> int | None:  # fmt: skip
    """An operation begins; its id, None where its logging is switched off or it could not be written. Too long texts end in "…"."""
    connection = _own_connection()
    try:
        name = clip(strategy_name, 50)
        with connection.cursor() as cursor:
            cursor.execute(_SILENCED, {"strategy_name": name})
            if cursor.fetchone()[0]:
                return None
        values = {
            "strategy_name": name, "operation_type": clip(operation_type, 50), "job_name": _or_none(job_name, 128),
            "target_object": _or_none(target_object, 500), "target_type": _or_none(target_type, 30),
            "status": OperationStatus.STARTED.value, "operation_time": _adapted(connection, moment or timezone.now()),
            "user_name": clip(Actor.of_command().person, 150), "session_id": clip(f"{socket.gethostname()},{os.getpid()}", 100),
            "sql_text": clean(sql_text), "strategy_context": as_json(strategy_context or {}),
            "target_id": target.pk if target is not None else None,
        }  # fmt: skip
        returning, variables = connection.ops.return_insert_columns([OperationLog._meta.pk])  # type: ignore[attr-defined]
        if variables:  # Oracle hands the id over in one of its own
            returning, values["returned"] = returning.replace("%s", "%(returned)s"), variables[0]
        with connection.cursor() as cursor:
            cursor.execute(_BEGIN + returning, values)
            (operation_id,) = connection.ops.fetch_returned_insert_columns(cursor, variables)  # type: ignore[attr-defined]
    except Exception:  # whatever a strategy hands over: it is not to fail because of what it says of itself
        log.exception("a row of %s could not be written into the operation log", strategy_name)
        return None
    _started()[int(operation_id)] = time.thread_time()
    return int(operation_id)


def log_end_operation(
    operation_id: int | None, status: str = OperationStatus.SUCCESS, message: str = "", error_code: str = "",
    error_message: str = "", duration_ms: int | None = None, cpu_time_ms: int | None = None,
    memory_used_mb: float | None = None, io_operations: int | None = None, rows_processed: int | None = None,
    objects_affected: int | None = None, *, moment: datetime | None = None,
) -> bool:  # fmt: skip
    """The first end of an operation counts; False where it had one already, or none could be written.

    Without a duration it is the time since its beginning, without a CPU time that of this thread since then, where it began here.
    An error without a code gets that of its message.
    """
    if operation_id is None:  # its beginning was not written
        return False
    began, now, connection = _started().pop(operation_id, None), moment or timezone.now(), _own_connection()
    try:
        error, code = error_message, error_code
        if status in _FAILED:
            error = error or message
            code = code or (found[0] if (found := _CODE.search(error)) else "")
        if cpu_time_ms is None and began is not None:
            cpu_time_ms = round(1000 * (time.thread_time() - began))
        if duration_ms is None:
            duration_ms = _ms_since(connection, operation_id, now)
        values = {
            "status": clip(str(status).upper(), 20), "message": _or_none(message, 2000), "duration_ms": duration_ms,
            "error_code": _or_none(code, 50), "error_message": _or_none(error, 2000), "cpu_time_ms": cpu_time_ms,
            "memory_used_mb": memory_used_mb, "io_operations": io_operations, "rows_processed": rows_processed,
            "objects_affected": objects_affected, "ended_at": _adapted(connection, now), "operation_id": operation_id,
        }  # fmt: skip
        return _changed(connection, _END, values)
    except Exception:
        log.exception("the end of operation %s could not be written into the operation log", operation_id)
        return False


def log_operation(
    strategy_name: str, operation_type: str, target_object: str = "", target_type: str = "",
    status: str = OperationStatus.SUCCESS, message: str = "", duration_ms: int | None = None, sql_text: str = "",
    error_code: str = "", error_message: str = "", strategy_context: Mapping[str, Any] | None = None,
    cpu_time_ms: int | None = None, memory_used_mb: float | None = None, io_operations: int | None = None,
    rows_processed: int | None = None, objects_affected: int | None = None, job_name: str | None = None, *,
    target: Target | None = None, moment: datetime | None = None,
) -> int | None:  # fmt: skip
    """Begin and end at once, `moment` being the end; the operation's id."""
    now = moment or timezone.now()
    operation_id = log_start_operation(
        strategy_name, operation_type, target_object, target_type, sql_text, strategy_context, job_name, target=target,
        moment=now - _span(duration_ms),
    )  # fmt: skip
    if operation_id is None:
        return None
    del _started()[operation_id]  # it took place before
    if status in UNFINISHED:
        return operation_id
    log_end_operation(
        operation_id, status, message, error_code, error_message, duration_ms, cpu_time_ms, memory_used_mb, io_operations,
        rows_processed, objects_affected, moment=now,
    )  # fmt: skip
    return operation_id


def log_job_execution(
    strategy_name: str, job_name: str, status: str = OperationStatus.SUCCESS, message: str = "", duration_ms: int | None = None,
    target_object: str = "", target_type: str = "", error_code: str = "", error_message: str = "",
    strategy_context: Mapping[str, Any] | None = None, *, target: Target | None = None, moment: datetime | None = None,
) -> int | None:  # fmt: skip
    """A job that is started elsewhere has come to its end; the operation's id."""
    return log_operation(
        strategy_name, EXECUTE, target_object, target_type, status, message, duration_ms, "", error_code, error_message,
        strategy_context, job_name=job_name, target=target, moment=moment,
    )  # fmt: skip


def log_performance_metrics(
    operation_id: int | None, cpu_time_ms: int | None = None, memory_used_mb: float | None = None,
    io_operations: int | None = None, rows_processed: int | None = None, objects_affected: int | None = None,
) -> bool:  # fmt: skip
    """What an operation has cost; what is None stays as it was. Whether there is such an operation."""
    connection = _own_connection()
    values = {
        "cpu_time_ms": cpu_time_ms, "memory_used_mb": memory_used_mb, "io_operations": io_operations,
        "rows_processed": rows_processed, "objects_affected": objects_affected, "operation_id": operation_id,
    }  # fmt: skip
    try:
        return _changed(connection, _MEASURE, values)
    except Exception:
        log.exception("the metrics of operation %s could not be written into the operation log", operation_id)
        return False


# The connection.

_of_thread = threading.local()


def close() -> None:
    """Close this thread's own connection, if it has one; the next call that needs it opens another."""
    connection: BaseDatabaseWrapper | None = getattr(_of_thread, "connection", None)
    if connection is not None:
        connection.close()


def _own_connection() -> BaseDatabaseWrapper:
    """The usual one while it commits each statement; inside a transaction one of this thread's own. Raises InsideTransaction."""
    usual = connections[DEFAULT_DB_ALIAS]
    if not usual.in_atomic_block:
        return usual
    if usual.vendor == "sqlite":
        raise InsideTransaction(
            "SQLite takes one writer at a time: log before the transaction begins, or after it has ended."
        )
    own: BaseDatabaseWrapper | None = getattr(_of_thread, "connection", None)
    if own is None or own.settings_dict["NAME"] != usual.settings_dict["NAME"]:
        own = _of_thread.connection = usual.copy()
    own.close_if_unusable_or_obsolete()
    if own.connection is None and own.vendor == "postgresql":
        with own.cursor() as cursor:  # what the caller itself has locked is never let go while this waits for it
            cursor.execute("SET lock_timeout = '2s'")
    return own


def _started() -> dict[int, float]:
    """The thread's CPU time (s) at the beginning of the operations that began in it and have not ended."""
    if not hasattr(_of_thread, "started"):
        _of_thread.started = {}
    found: dict[int, float] = _of_thread.started
    return found


def _changed(connection: BaseDatabaseWrapper, statement: str, values: Mapping[str, Any]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return bool(cursor.rowcount == 1)


def _ms_since(connection: BaseDatabaseWrapper, operation_id: int, now: datetime) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(_BEGAN, {"operation_id": operation_id})
        row = cursor.fetchone()
    if row is None:
        return None
    began = datetime.fromisoformat(row[0]) if isinstance(row[0], str) else row[0]
    began = began if timezone.is_aware(began) else began.replace(tzinfo=now.tzinfo)
    return max(0, round((now - began) / timedelta(milliseconds=1)))


def _adapted(connection: BaseDatabaseWrapper, moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _or_none(text: str | None, length: int) -> str | None:
    return clip(text, length) if text else None


def _span(duration_ms: int | None) -> timedelta:
    try:
        return timedelta(milliseconds=max(0, duration_ms or 0))
    except (OverflowError, TypeError):  # refused where it is written
        return timedelta(0)
