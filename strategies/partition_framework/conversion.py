"""From a row of the older framework to the columns of this portal's tables, with what had to be decided about it. Pure.

Every converted row says where it came from. A row that cannot be one raises RowRefused; what was taken otherwise than it stands
there is a note.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from strategies.partition_framework import words
from strategies.partition_framework.cells import Cells, RowRefused
from strategies.partition_framework.schedules import translate
from strategies.partition_framework.tables import CONFIGS, JOBS, LOG, STRATEGY, OldRow, Table

PARALLEL = (1, 64)  # what this portal takes of a degree
SWITCHED_OFF = "It was active. It arrives switched off: switch it on once its plan was seen, and the older framework starts it no more."
_WHOLE_TABLES = frozenset({"ALL", "*", "%", "ALL_TABLES", "ALL_PARTITIONED_TABLES"})
_OWN_COLUMNS = frozenset({
    "config_id", "table_name", "auto_maintenance", "parallel_degree", "migration_status", "migration_started", "migration_completed",
    "rollback_available", "is_active", "created_date", "created_by", "last_modified", "last_modified_by",
})  # fmt: skip
_LENGTHS = {"message": 2000, "error_message": 2000, "user_name": 150, "session_id": 100, "error_code": 50}


@dataclass(frozen=True, slots=True)
class Ground:
    """What rows are converted by: the schema that they are of, and the zone of instants and schedules that name none."""

    schema: str
    zone: str


@dataclass(frozen=True, slots=True)
class Converted:
    """`values` by column of ours; `notes` are columns of the older row with a sentence each."""

    number: int
    values: Mapping[str, Any]
    notes: tuple[tuple[str, str], ...] = ()
    was_active: bool = False

    @property
    def digest(self) -> str:
        return digest(self.values)


def digest(values: Mapping[str, Any]) -> str:
    """The same for the same values, whichever way they came; an empty text is none, as Oracle has it."""
    text = json.dumps({name: _said(value) for name, value in values.items()}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _said(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return None if value == "" else value


def convert(table: Table, row: OldRow, ground: Ground) -> Converted:
    """Raises RowRefused."""
    cells = Cells(row.cells, ground.zone)
    return _HOW[table.name](number_of(table, cells), cells, ground)


def number_of(table: Table, cells: Cells) -> int:
    """Raises RowRefused for what numbers no row."""
    number = cells.whole(table.key)
    if number is None:
        raise RowRefused(table.key, "It is empty, so that this row could not be known again.")
    return number


@dataclass(slots=True)
class _Notes:
    said: list[tuple[str, str]] = field(default_factory=list)

    def add(self, column: str, sentence: str) -> None:
        self.said.append((column, sentence))


def _config(number: int, cells: Cells, ground: Ground) -> Converted:
    notes = _Notes()
    started, completed = cells.instant("migration_started"), cells.instant("migration_completed")
    values = {
        "strategy_id": STRATEGY, "target_object": _object(cells), "target_type_id": "TABLE", "strategy_type": "MAINTENANCE",
        "strategy_config": _others(cells, _OWN_COLUMNS),
        "execution_mode": "AUTOMATIC" if cells.flag("auto_maintenance", False) else "MANUAL",
        "parallel_degree": _degree(cells, notes), "deployment_status_id": _deployment(cells, notes), "deployment_started": started,
        "deployment_completed": completed, "rollback_available": cells.flag("rollback_available", False),
        "is_active": cells.flag("is_active", True), "description": f"Imported: {ground.schema}.{CONFIGS.name} {number}.",
        **_written(cells),
    }  # fmt: skip
    return Converted(number, values, tuple(notes.said))


def _others(cells: Cells, known: frozenset[str]) -> dict[str, Any]:
    """What stands in all columns but these."""
    return {name: told for name in sorted(cells.values.keys() - known) if (told := cells.plain(name)) is not None}


def _object(cells: Cells) -> str:
    name = cells.needed("table_name")
    if name.upper() in _WHOLE_TABLES:
        return "ALL_PARTITIONED_TABLES"
    if len(name) > 128:
        raise RowRefused("table_name", "It is longer than the 128 characters of a name.")
    return name


def _degree(cells: Cells, notes: _Notes) -> int:
    given = cells.whole("parallel_degree")
    least, most = PARALLEL
    taken = least if given is None else min(max(given, least), most)
    if given is not None and taken != given:
        notes.add("parallel_degree", f"{given} is not between {least} and {most}: {taken} was taken.")
    return taken


def _deployment(cells: Cells, notes: _Notes) -> str:
    word = cells.word("migration_status")
    if word is not None and word not in words.DEPLOYMENT:
        notes.add("migration_status", f"“{word[:60]}” is no status of a deployment here: PENDING was taken.")
    return words.DEPLOYMENT.get(word or "", "PENDING")


def _written(cells: Cells) -> dict[str, Any]:
    """Who wrote the row, and when, as far as that is told."""
    found: dict[str, Any] = {
        "created_by": _clipped(cells.text("created_by"), 128), "last_modified": cells.instant("last_modified"),
        "last_modified_by": _clipped(cells.text("last_modified_by"), 128),
    }  # fmt: skip
    if (created := cells.instant("created_date")) is not None:
        found["created_date"] = created
    return found


def _job(number: int, cells: Cells, ground: Ground) -> Converted:
    notes = _Notes()
    old_type, word = cells.needed("job_type"), cells.word("job_type") or ""
    if word not in words.JOB_TYPES:
        notes.add("job_type", f"“{word[:60]}” is no type of job here: MAINTENANCE was taken.")
    schedule = translate(cells.word("schedule_type"), cells.text("schedule_value"))
    if schedule.problem:
        notes.add("schedule_value", f"{schedule.problem} Its schedule has to be mended before it can be due.")
    was_active = cells.flag("is_active", True)
    if was_active:
        notes.add("is_active", SWITCHED_OFF)
    table = _object(cells)
    values = {
        "strategy_id": STRATEGY, "job_name": f"{table}: {old_type[:40]} ({number})"[:128],
        "job_type_id": words.JOB_TYPES.get(word, "MAINTENANCE"),
        "schedule_type_id": schedule.kind.value, "schedule_value": schedule.value, "target_object": table, "target_type_id": "TABLE",
        "schedule_timezone": ground.zone, "is_active": False, "last_run": cells.instant("last_run"),
        "execution_count": cells.figure("execution_count") or 0, "avg_duration_ms": cells.figure("avg_duration_ms"),
        "last_duration_ms": cells.figure("last_duration_ms"), "last_status": _last_status(cells, notes),
        "error_count": cells.figure("error_count") or 0, "last_error": _clipped(cells.text("last_error"), 2000), **_written(cells),
    }  # fmt: skip
    return Converted(number, values, tuple(notes.said), was_active)


def _last_status(cells: Cells, notes: _Notes) -> str | None:
    word = cells.word("last_status")
    if word is None or word in words.STATUS:
        return words.STATUS[word] if word else None
    notes.add("last_status", f"“{word[:60]}” is no status here: it was kept as it stands.")
    return word[:20]


def _operation(number: int, cells: Cells, ground: Ground) -> Converted:
    notes = _Notes()
    began = cells.instant("operation_time")
    if began is None:
        raise RowRefused("operation_time", "It is empty, so that this row would belong to no day.")
    status, duration = _status(cells, notes), cells.figure("duration_ms")
    if cells.word("operation_type") is None:
        notes.add("operation_type", "It is empty: UNKNOWN was taken.")
    partition, table = cells.text("partition_name"), cells.text("table_name")
    texts = {name: cells.text(name) for name in _LENGTHS}
    too_long = {name: text for name, text in texts.items() if text is not None and len(text) > _LENGTHS[name]}
    source = {"schema": ground.schema, "table": LOG.name, "operation_id": number, "status": cells.text("status")}
    context: dict[str, Any] = {"source": source, "table_name": table, "partition_name": partition}
    if more := _others(cells, frozenset(LOG.columns)):
        context["other_columns"] = more
    if too_long:
        context["in_full"] = too_long
    values = {
        "strategy_name": STRATEGY, "operation_type": _clipped(cells.word("operation_type"), 50) or "UNKNOWN",
        "target_object": _clipped(".".join(part for part in (table, partition) if part) or None, 500),
        "target_type": "PARTITION" if partition else "TABLE" if table else None, "status": status, "duration_ms": duration,
        "operation_time": began, "ended_at": _ended(began, duration, status), "sql_text": cells.text("sql_text"),
        "strategy_context": context, **{name: _clipped(text, _LENGTHS[name]) for name, text in texts.items()},
    }  # fmt: skip
    return Converted(number, values, tuple(notes.said))


def _status(cells: Cells, notes: _Notes) -> str:
    word = cells.word("status")
    if word is not None and word in words.STATUS:
        return words.STATUS[word]
    has_error = cells.text("error_code") is not None or cells.text("error_message") is not None
    taken = "ERROR" if has_error else "INFO"
    said = "It is empty" if word is None else f"“{word[:60]}” is no status here"
    notes.add("status", f"{said}: {taken} was taken{', since the row has an error' if has_error else ''}.")
    return taken


def _ended(began: datetime, duration_ms: int | None, status: str) -> datetime | None:
    """None while it has no end, or one that lies beyond the calendar."""
    if status in words.UNFINISHED:
        return None
    try:
        ended = began + timedelta(milliseconds=duration_ms or 0)
    except OverflowError:
        return began
    return ended if ended.year < 9999 else began


def _clipped(text: str | None, length: int) -> str | None:
    return text if text is None or len(text) <= length else text[: length - 1] + "…"


_HOW: Mapping[str, Callable[[int, Cells, Ground], Converted]] = {
    CONFIGS.name: _config, JOBS.name: _job, LOG.name: _operation,
}  # fmt: skip
