"""Refuses rows of the operation log with a figure or an instant that nobody can read, for each database of the portal.

New ones only: rows that were there before are not looked at, so that none of them keeps an installation from its update. In
SQLite a CHECK could not be added without writing the table anew, and would look at every row then; hence triggers there.
"""

from __future__ import annotations

from typing import Any

from strategies.models.readable import IS_INSTANT, IS_NUMBER, refusals

_LOG = "generic_operation_log"
_INSTANTS = ("operation_time", "ended_at")
_FIGURES = (
    "duration_ms", "cpu_time_ms", "memory_used_mb", "io_operations", "rows_processed", "objects_affected", "target_id", "run_id",
    "attempt",
)  # fmt: skip
_TEXTS = (
    "strategy_name", "operation_type", "job_name", "target_object", "target_type", "status", "message", "user_name", "session_id",
    "sql_text", "error_code", "error_message", "step_key",
)  # fmt: skip
_KINDS = dict.fromkeys(_INSTANTS, IS_INSTANT["sqlite"]), _FIGURES, _TEXTS


def _checks(vendor: str) -> list[str]:
    is_instant, name = IS_INSTANT[vendor], "ALTER TABLE {} ADD CONSTRAINT {} CHECK ({}) {}"
    checks = {f"gol_{column}_readable": is_instant.format(column) for column in _INSTANTS}
    if vendor == "postgresql":
        checks["gol_memory_used_is_number"] = IS_NUMBER.format("memory_used_mb")
    unseen = "NOT VALID" if vendor == "postgresql" else "ENABLE NOVALIDATE"
    return [name.format(_LOG, constraint, condition, unseen) for constraint, condition in checks.items()]


INSTALL = {
    "sqlite": [
        f"CREATE TRIGGER gol_unreadable_new BEFORE INSERT ON {_LOG} BEGIN {refusals(*_KINDS, is_change=False)}; END",
        f"CREATE TRIGGER gol_unreadable_change BEFORE UPDATE OF {', '.join((*_INSTANTS, *_FIGURES, *_TEXTS))} ON {_LOG} "
        f"BEGIN {refusals(*_KINDS, is_change=True)}; END",
    ],
    "postgresql": _checks("postgresql"),
    "oracle": _checks("oracle"),
}
REMOVE = {
    "sqlite": [f"DROP TRIGGER IF EXISTS gol_unreadable_{event}" for event in ("new", "change")],
    "postgresql": [
        f"ALTER TABLE {_LOG} DROP CONSTRAINT IF EXISTS {name}"
        for name in ("gol_operation_time_readable", "gol_ended_at_readable", "gol_memory_used_is_number")
    ],
    "oracle": [
        f"ALTER TABLE {_LOG} DROP CONSTRAINT {name}"
        for name in ("gol_operation_time_readable", "gol_ended_at_readable")
    ],
}


def install(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, INSTALL)


def remove(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, REMOVE)


def _run(connection: Any, statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
