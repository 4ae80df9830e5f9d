"""The partitions of the operation log, as the portal's own database tells of them, and the months that they are made for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db import DatabaseError, connection, transaction

from monitoring.expiry import start_of
from strategies.models import OperationLog

LOG = str(OperationLog._meta.db_table)
FIRST, OTHER = f"{LOG}_first", f"{LOG}_other"
AHEAD = 2  # months after this one that have their partition; the care for the log comes each night

_LIST = {
    "postgresql": """
SELECT part.relname, pg_get_expr(part.relpartbound, part.oid), part.reltuples, pg_total_relation_size(part.oid)
  FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid
 WHERE inhparent = to_regclass(%s)""",
    "oracle": """
SELECT part.partition_name, part.high_value, part.num_rows,
       (SELECT SUM(size_of.bytes) FROM user_segments size_of
         WHERE size_of.segment_name = part.table_name AND size_of.partition_name = part.partition_name),
       part.interval, part.compression
  FROM user_tab_partitions part
 WHERE part.table_name = UPPER(%s)
 ORDER BY part.partition_position""",
}
_BOUNDS = re.compile(r"FROM \((?:MINVALUE|'([^']+)')\) TO \((?:MAXVALUE|'([^']+)')\)")
_HIGH_VALUE = re.compile(r"TIMESTAMP\s*'\s*(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)?'")
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Partition:
    """Rows whose time is `lower` or later and before `upper` (None = open at that end); those of no other one if `is_rest`.

    `rows` is the database's own estimate; None = it has not looked. One that is not `has_whole_drop` may lose rows in batches only.
    """

    name: str
    lower: datetime | None
    upper: datetime | None
    rows: int | None = None
    size_bytes: int | None = None
    is_rest: bool = False
    has_whole_drop: bool = True
    is_compressed: bool = False

    def meets(self, month: date) -> bool:
        """Whether rows of this month may belong to it, as to no other."""
        first, after = start_of(month), start_of(next_month(month))
        return (
            not self.is_rest and (self.lower is None or self.lower < after) and (self.upper is None or self.upper > first)
        )  # fmt: skip


def of_log() -> tuple[Partition, ...]:
    """The oldest first, that of the rest last; none where the log is one table. One query, in SQLite none."""
    if connection.vendor not in _LIST:
        return ()
    with connection.cursor() as cursor:
        cursor.execute(_LIST[connection.vendor], [LOG])
        rows = cursor.fetchall()
    return _from_oracle(rows) if connection.vendor == "oracle" else _from_postgresql(rows)


def shown() -> tuple[Partition, ...] | None:
    """The same for a page; None where the database does not say."""
    if connection.vendor not in _LIST:
        return ()
    try:
        with transaction.atomic():
            return of_log()
    except DatabaseError:
        return None


def _from_postgresql(rows: Iterable[tuple[Any, ...]]) -> tuple[Partition, ...]:
    found = []
    for name, bounds, estimate, size in rows:
        is_rest, limits = bounds == "DEFAULT", _BOUNDS.search(bounds)
        lower, upper = (_instant(limits[1]), _instant(limits[2])) if limits else (None, None)
        rows_there = int(estimate) if estimate >= 0 else None
        found.append(Partition(name, lower, upper, rows_there, size, is_rest, has_whole_drop=limits is not None))
    return tuple(sorted(found, key=lambda part: (part.is_rest, part.lower or _EARLIEST)))


def _from_oracle(rows: Iterable[tuple[Any, ...]]) -> tuple[Partition, ...]:
    """In the order of their places. Those before the first interval stay: Oracle does not drop the last of them (ORA-14758)."""
    found, lower = [], None
    for name, high_value, estimate, size, by_interval, compression in rows:
        limit = _HIGH_VALUE.search(str(high_value))
        upper = datetime.fromisoformat(limit[1]).replace(tzinfo=UTC) if limit else None
        if by_interval == "YES" and upper is not None:
            lower = start_of(_month_before(upper.date()))  # months without rows have no partition
        found.append(
            Partition(
                name, lower, upper, None if estimate is None else int(estimate), None if size is None else int(size),
                has_whole_drop=by_interval == "YES" and upper is not None, is_compressed=compression == "ENABLED",
            )
        )  # fmt: skip
        lower = upper
    return tuple(found)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


# Months, each by its first day.


def month_of(day: date) -> date:
    return day.replace(day=1)


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _month_before(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def months_ahead(today: date) -> tuple[date, ...]:
    """This month, and those after it that are to have their partition."""
    months = [month_of(today)]
    while len(months) <= AHEAD:
        months.append(next_month(months[-1]))
    return tuple(months)


def missing(found: Iterable[Partition], today: date) -> tuple[date, ...]:
    """Months that no partition is for, though they are to have one."""
    parts = tuple(found)
    return tuple(month for month in months_ahead(today) if not any(part.meets(month) for part in parts))


def name_of(month: date) -> str:
    return f"{LOG}_{month:%Y_%m}"


def bound(day: date) -> str:
    """As PostgreSQL is given it: whole days of UTC, whatever the session's zone."""
    return f"'{day.isoformat()} 00:00:00+00'"
