"""The three tables of the older framework, in the order in which they are taken over, and what they are asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

STRATEGY = "PARTITION_MAINTENANCE"


@dataclass(frozen=True, slots=True)
class Table:
    """`key` numbers its rows; without the `required` columns it is not this table; the others may be missing."""

    name: str
    key: str
    required: tuple[str, ...]
    others: tuple[str, ...]
    query: str  # that reads it, on each platform
    noun: str  # what its rows become

    @property
    def file_name(self) -> str:
        return f"{self.name}.csv"

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.key, *self.required, *self.others)

    def missing(self, columns: Iterable[str]) -> list[str]:
        """Which columns it cannot do without are not among these."""
        there = {name.lower() for name in columns}
        return [name for name in (self.key, *self.required) if name not in there]


_WRITTEN = ("is_active", "created_date", "created_by", "last_modified", "last_modified_by")
CONFIGS = Table(
    "partition_strategy_config", "config_id", ("table_name",),
    (
        "strategy_type", "partition_column", "interval_value", "tablespace_prefix", "retention_days", "auto_maintenance",
        "subpartition_type", "subpartition_column", "partition_count", "subpartition_count", "compression_type", "parallel_degree",
        "online_operations", "migration_status", "migration_started", "migration_completed", "migration_duration_ms",
        "rollback_available", "performance_score", "last_analyzed", *_WRITTEN,
    ),
    "framework_configs", "configuration",
)  # fmt: skip
JOBS = Table(
    "partition_maintenance_jobs", "job_id", ("table_name", "job_type", "schedule_type"),
    (
        "schedule_value", "last_run", "next_run", "execution_count", "avg_duration_ms", "last_duration_ms", "last_status",
        "error_count", "last_error", *_WRITTEN,
    ),
    "framework_jobs", "job",
)  # fmt: skip
LOG = Table(
    "partition_operation_log", "operation_id", ("operation_type", "status", "operation_time"),
    (
        "table_name", "partition_name", "message", "duration_ms", "user_name", "session_id", "sql_text", "error_code",
        "error_message",
    ),
    "framework_log", "operation",
)  # fmt: skip
TABLES = (CONFIGS, JOBS, LOG)
BY_NAME: Mapping[str, Table] = {table.name: table for table in TABLES}


class ImportRefused(ValueError):
    """What cannot be imported as a whole; the text is the sentence to show. Nothing was saved of it."""


@dataclass(frozen=True, slots=True)
class OldRow:
    """A row as it was read, by small names of its columns; `where` says where, as in `line 7`, empty = its number does."""

    cells: Mapping[str, Any]
    where: str = ""
