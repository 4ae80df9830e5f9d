"""Has the operation log partitioned by month, or made one table again, where the portal's database can do so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from django.db import connection

from monitoring import oracle_partitions, partitions, postgresql_switch, postgresql_undo
from monitoring.partition_plans import PartitionRefused, Proposal

Tell = Callable[[str], None]


class Way(Protocol):
    """How one change is made in one database: shown first, then carried out."""

    def propose(self, moment: datetime) -> Proposal: ...

    def carry_out(self, moment: datetime, tell: Tell) -> None: ...


_SQLITE = "SQLite has no partitions: the log stays one table, and rows past their time go in batches."


def way(*, is_undo: bool) -> Way:
    """How the log is partitioned, or made one table again. Raises PartitionRefused where it cannot be, or is so already."""
    if connection.vendor == "sqlite":
        raise PartitionRefused(_SQLITE)
    if connection.vendor == "oracle":
        oracle_partitions.check_licence()
    if bool(partitions.of_log()) != is_undo:
        raise PartitionRefused("The log is not partitioned." if is_undo else "The log is partitioned already.")
    if connection.vendor == "oracle":
        if is_undo:
            raise PartitionRefused(oracle_partitions.NO_WAY_BACK)
        return oracle_partitions
    return postgresql_undo if is_undo else postgresql_switch
