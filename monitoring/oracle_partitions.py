"""The operation log's partitions in Oracle: made online with an interval of a month, dropped by their instants, packed by name.

Written by the manual and held to a grammar and to Oracle's dictionary in tests; none of it has run on an Oracle server.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection

from monitoring.partition_plans import PartitionRefused, Proposal
from monitoring.partitions import LOG, Partition, next_month
from strategies.licences import stated_of_home

ONLINE_SINCE = (12, 2)
NO_WAY_BACK = (
    "Oracle has no statement that makes a partitioned table one without partitions again: use DBMS_REDEFINITION, or"
    " restore a backup."
)
NO_LICENCE = (
    "Partitioning is not stated as licensed for the portal's own database (edition=EE&licensed=partitioning in its address):"
    " the log stays one table, and rows past their time go in batches."
)
_INDEXES = "SELECT index_name, uniqueness FROM user_indexes WHERE table_name = UPPER(%s) AND index_type = 'NORMAL' ORDER BY index_name"
_SIZE = "SELECT SUM(bytes) FROM user_segments WHERE segment_name = UPPER(%s)"


def check_licence() -> None:
    """Raises PartitionRefused."""
    if not stated_of_home().has_partitioning:
        raise PartitionRefused(NO_LICENCE)


def propose(moment: datetime) -> Proposal:
    """What would be done now. Raises PartitionRefused."""
    check_licence()
    version = tuple(getattr(connection, "oracle_version", ()))
    if version[:2] < ONLINE_SINCE:
        raise PartitionRefused("Oracle partitions a table online from 12.2 on.")
    rows, size = _one(f"SELECT COUNT(*) FROM {_log()}"), _one(_SIZE, [LOG])  # noqa: S608
    known = (
        f"The log has {rows:,} rows and {size / 1e6:,.0f} MB without its indexes.",
        "Oracle copies the table while everybody works. It needs as much room again for table and indexes, undo and redo for"
        " it, and at its end an exclusive lock for a moment, for which it waits until all transactions on the log are over.",
        "The statement commits by itself. If it fails, the table stays as it was.",
        f"{NO_WAY_BACK} Have a backup.",
        "The statistics of the table are left to you: gather them afterwards.",
    )
    title = "The operation log becomes a table with a partition for each month."
    return Proposal(title, known, (statement(moment),), ())


def statement(moment: datetime) -> str:
    """A unique index does not hold the time, and stays global; each other one gets a part for each partition."""
    upper = next_month(moment.astimezone(UTC).date())
    indexes = ", ".join(
        f"{_quoted(name)} {'GLOBAL' if uniqueness == 'UNIQUE' else 'LOCAL'}"
        for name, uniqueness in _rows(_INDEXES, [LOG])
    )
    return (
        f"ALTER TABLE {_log()} MODIFY PARTITION BY RANGE ({_quoted('operation_time')}) INTERVAL (NUMTOYMINTERVAL(1, 'MONTH')) "
        f"(PARTITION {_quoted('p_first')} VALUES LESS THAN ({_instant(upper)})) ONLINE UPDATE INDEXES ({indexes})"
    )


def carry_out(moment: datetime, tell: Callable[[str], None]) -> None:
    """Have it done. Raises PartitionRefused and DatabaseError."""
    check_licence()
    text = statement(moment)
    tell(text)
    send(text)


def drop(partition: Partition) -> None:
    """Its rows with it. Oracle commits what was done before; a partition that is in use is refused at once (ORA-00054)."""
    assert partition.lower is not None  # noqa: S101 (no other is dropped)
    send(f"ALTER TABLE {_log()} DROP PARTITION FOR ({_instant(partition.lower.date())}) UPDATE GLOBAL INDEXES")


def lock(partition: Partition) -> None:
    """Nobody writes there until what follows is committed; all may read. One that is in use is refused at once (ORA-00054)."""
    send(f"LOCK TABLE {_log()} PARTITION ({_quoted(partition.name)}) IN SHARE MODE NOWAIT")


def compression(partition: Partition) -> str:
    """The statement that packs one: with Advanced Compression if that is stated, else as every Enterprise Edition can."""
    how = "ADVANCED" if "advanced_compression" in stated_of_home().licensed else "BASIC"
    return (
        f"ALTER TABLE {_log()} MOVE PARTITION {_quoted(partition.name)} ROW STORE COMPRESS {how} ONLINE UPDATE INDEXES"
    )


def send(text: str) -> None:
    """One statement, which commits by itself."""
    with connection.cursor() as cursor:
        cursor.execute(text)


def _instant(day: date) -> str:
    return f"TIMESTAMP '{day.isoformat()} 00:00:00'"


def _log() -> str:
    return _quoted(LOG)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _rows(sql: str, values: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _one(sql: str, values: Any = None) -> int:
    ((found,),) = _rows(sql, values)
    return int(found or 0)
