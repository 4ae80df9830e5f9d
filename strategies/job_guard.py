"""Refuses jobs and configurations with an instant or a figure that nobody can read, for each database of the portal.

SQLite takes any text in any column, and an instant without an end is one to PostgreSQL: a single row like that would keep the
tick and the pages from reading all the others. In SQLite the refusals are triggers, since a CHECK means to write the table anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strategies.models.readable import IS_INSTANT, IS_NUMBER, refusals

# A next run lies so near that a schedule which goes on from there stays within the calendar.
_FARTHEST = {
    "sqlite": "'9900-01-01'", "postgresql": "'9900-01-01 00:00:00+00'", "oracle": "TIMESTAMP '9900-01-01 00:00:00'",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Table:
    """A table into which people type. `kept` are figures that the portal keeps, with what stands for one that cannot be read."""

    name: str
    prefix: str
    instants: tuple[str, ...]
    kept: Mapping[str, str]
    figures: tuple[str, ...]
    texts: tuple[str, ...]


_JOBS = _Table(
    "generic_maintenance_jobs", "gmj",
    instants=("next_run", "last_run", "created_date", "last_modified", "quarantined_at", "prepared_for", "last_due"),
    kept={
        "execution_count": "0", "error_count": "0", "avg_duration_ms": "NULL", "last_duration_ms": "NULL",
        "duration_total_ms": "NULL", "durations_counted": "NULL",
    },
    figures=("target_id", "start_within_minutes", "max_parallel_degree"),
    texts=(
        "strategy_name", "job_name", "job_type", "schedule_type", "schedule_value", "schedule_timezone", "target_object",
        "target_type", "created_by", "last_modified_by", "last_status", "last_error", "job_parameters", "depends_on_jobs",
        "prerequisite_checks", "resource_limits", "notification_recipients", "quarantine_reason", "clock",
    ),
)  # fmt: skip
_CONFIGS = _Table(
    "generic_strategy_config", "gsc",
    instants=(
        "created_date", "last_modified", "last_execution", "last_success", "last_failure", "deployment_started",
        "deployment_completed",
    ),
    kept={
        "execution_count": "0", "success_count": "0", "failure_count": "0", "avg_duration_ms": "NULL",
        "duration_total_ms": "NULL", "durations_counted": "NULL",
    },
    figures=("target_id", "parallel_degree", "batch_size", "timeout_seconds", "priority_level"),
    texts=(
        "strategy_name", "target_object", "target_type", "strategy_type", "strategy_config", "execution_mode",
        "resource_limits", "schedule_expression", "schedule_timezone", "depends_on_strategies", "prerequisite_checks",
        "created_by", "last_modified_by", "version", "description", "tags", "deployment_status", "alert_thresholds",
        "notification_config",
    ),
)  # fmt: skip
_TABLES = (_JOBS, _CONFIGS)


def _instants(table: _Table, vendor: str) -> dict[str, str]:
    """The condition of each, as in IS_INSTANT."""
    bound = f" AND {{0}} < {_FARTHEST[vendor]}"
    return {
        name: f"{IS_INSTANT[vendor]}{bound}" if name.endswith("next_run") else IS_INSTANT[vendor]
        for name in table.instants
    }


def _triggers(table: _Table) -> list[str]:
    kinds = _instants(table, "sqlite"), (*table.kept, *table.figures), table.texts
    return [
        f"CREATE TRIGGER {table.prefix}_unreadable_new BEFORE INSERT ON {table.name} "
        f"BEGIN {refusals(*kinds, is_change=False)}; END",
        f"CREATE TRIGGER {table.prefix}_unreadable_change BEFORE UPDATE ON {table.name} "
        f"BEGIN {refusals(*kinds, is_change=True)}; END",
    ]


def _checks(table: _Table, vendor: str) -> dict[str, str]:
    return {f"{table.prefix}_{name}_ok": condition.format(name) for name, condition in _instants(table, vendor).items()}


def _install(vendor: str) -> list[str]:
    if vendor == "sqlite":
        return [statement for table in _TABLES for statement in _triggers(table)]
    return [
        f"ALTER TABLE {table.name} ADD CONSTRAINT {name} CHECK ({condition})"
        for table in _TABLES
        for name, condition in _checks(table, vendor).items()
    ]


def _remove(vendor: str) -> list[str]:
    if vendor == "sqlite":
        return [
            f"DROP TRIGGER IF EXISTS {table.prefix}_unreadable_{event}" for table in _TABLES for event in ("new", "change")
        ]  # fmt: skip
    return [f"ALTER TABLE {table.name} DROP CONSTRAINT {name}" for table in _TABLES for name in _checks(table, vendor)]


def _clear(vendor: str) -> list[str]:
    """What the portal keeps itself, and nobody can read, is not known."""
    wrong = "({}) IS NOT TRUE" if vendor == "sqlite" else "NOT ({})"
    cleared = [
        f"UPDATE {table.name} SET {name} = {'CURRENT_TIMESTAMP' if name == 'created_date' else 'NULL'} "  # noqa: S608
        f"WHERE {name} IS NOT NULL AND {wrong.format(condition.format(name))}"
        for table in _TABLES
        for name, condition in _instants(table, vendor).items()
    ]
    if vendor == "sqlite":
        cleared += [
            f"UPDATE {table.name} SET {name} = {value} WHERE {name} IS NOT NULL AND NOT {IS_NUMBER.format(name)}"  # noqa: S608
            for table in _TABLES
            for name, value in table.kept.items()
        ]
    if vendor == "postgresql":  # a row written twice waits for its foreign keys, and keeps its table from being altered
        cleared.append("SET CONSTRAINTS ALL IMMEDIATE")
    return cleared


def install(apps: Any, schema_editor: Any) -> None:
    vendor = schema_editor.connection.vendor
    _run(schema_editor.connection, [*_clear(vendor), *_install(vendor)])


def remove(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, _remove(schema_editor.connection.vendor))


def _run(connection: Any, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
