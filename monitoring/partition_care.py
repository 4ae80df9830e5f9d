"""Looks after the partitions of the operation log: months ahead have theirs before their first row comes, old ones are packed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime

from django.db import DatabaseError, connection

from monitoring import oracle_partitions, partitions, postgresql_switch
from monitoring.expiry import start_of
from monitoring.partition_plans import PartitionRefused
from monitoring.partitions import LOG, Partition, bound, month_of, name_of, next_month
from monitoring.postgresql_log import Table, ask, impatient, quoted, read
from strategies.models import OperationLog

log = logging.getLogger(__name__)

MOST_MOVED = 20_000  # rows that came before their partition; while they are moved nobody reads where they were


def keep_ahead(moment: datetime) -> tuple[str, ...]:
    """Make the partitions of this month and the next ones where they are missing; their names. Never raises.

    Oracle makes its own as rows come. Where the log is one table, what a switch left behind that did not come is taken away.
    """
    if connection.vendor != "postgresql":
        return ()
    try:
        found = partitions.of_log()
        if not found:
            postgresql_switch.clear_up()
            return ()
        missing = partitions.missing(found, moment.astimezone(UTC).date())
        return tuple(name_of(month) for month in missing if _make(month))
    except DatabaseError as trouble:
        log.warning("the partitions of the log are looked after later: %s", trouble)
        return ()


def _make(month: date) -> bool:
    """Whether this process made it. Rows of the month that came before, and lie with the rest, move."""
    with impatient():
        table = read()
        ask(f"LOCK TABLE {table.named(LOG)} IN SHARE UPDATE EXCLUSIVE MODE")  # of two that want to, one after the other
        found = partitions.of_log()
        if any(part.meets(month) for part in found):
            return False
        rest = next((part for part in found if part.is_rest), None)
        if rest is not None and not _may_move(table, rest, month):
            return False
        made, whole = table.named(name_of(month)), table.named(LOG)
        ask(
            f"CREATE TABLE {made} (LIKE {whole} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION)"
        )
        if rest is not None:
            _move(table, rest, month)
        ask(
            f"ALTER TABLE {whole} ATTACH PARTITION {made} FOR VALUES FROM ({bound(month)}) TO ({bound(next_month(month))})"
        )
    return True


def _may_move(table: Table, rest: Partition, month: date) -> bool:
    """Locks the partition of the rest: attaching another has to look through it anyway."""
    ask(f"LOCK TABLE {table.named(rest.name)} IN ACCESS EXCLUSIVE MODE")
    there = len(ask(f"SELECT 1 FROM {table.named(rest.name)} WHERE {_within(month)} LIMIT {MOST_MOVED + 1}"))  # noqa: S608
    if there > MOST_MOVED:
        log.warning("%s holds over %s rows of %s: they are not moved by themselves", rest.name, MOST_MOVED, month)
    return there <= MOST_MOVED


def _move(table: Table, rest: Partition, month: date) -> None:
    columns = ", ".join(quoted(str(field.column)) for field in OperationLog._meta.concrete_fields)
    ask(
        f"WITH moved AS (DELETE FROM {table.named(rest.name)} WHERE {_within(month)} RETURNING {columns}) "  # noqa: S608
        f"INSERT INTO {table.named(name_of(month))} ({columns}) SELECT {columns} FROM moved"
    )


def _within(month: date) -> str:
    return f"operation_time >= {bound(month)} AND operation_time < {bound(next_month(month))}"


# Packing.

NO_COMPRESSION = "{} does not pack tables that hold rows already: the log's partitions stay as they are."


def compress_log_partitions(
    moment: datetime, *, partition_name: str = "", tell: Callable[[str], None] = log.info
) -> tuple[str, ...]:
    """Pack the partition of this name, or each that is over and not packed yet; their names. Raises PartitionRefused.

    Only Oracle can. Rows that are written into a packed partition afterwards are not packed.
    """
    chosen = to_compress(moment, partition_name=partition_name)
    for statement in chosen.values():
        tell(statement)
        oracle_partitions.send(statement)
    return tuple(chosen)


def to_compress(moment: datetime, *, partition_name: str = "") -> dict[str, str]:
    """The same, but only what would be sent for each of them. Raises PartitionRefused."""
    if connection.vendor != "oracle":
        raise PartitionRefused(NO_COMPRESSION.format(connection.display_name))
    oracle_partitions.check_licence()
    over = start_of(month_of(moment.astimezone(UTC).date()))
    found = [part for part in partitions.of_log() if part.upper is not None and part.upper <= over]
    named = [part for part in found if part.name.upper() == partition_name.strip().upper()]
    if partition_name and not named:
        raise PartitionRefused(f"The log has no partition {partition_name} that is over.")
    chosen = named if partition_name else [part for part in found if not part.is_compressed]
    return {part.name: oracle_partitions.compression(part) for part in chosen}
