"""Moves rows of the operation log to another table or to a file: copied, looked at again, and only then deleted from the log.

A process that is killed in the middle loses no row and doubles none: a table gets each batch in the transaction that deletes
it from the log; how that is so with files stands in monitoring/archive_files.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from monitoring import archive_files, expiry, partitions, retention, rollups
from monitoring.archive_files import ArchiveRefused, NotWhole
from monitoring.expiry import start_of
from monitoring.retention import Turn
from strategies import audit, log_policies
from strategies.audit import PORTAL, Actor
from strategies.models import UNFINISHED, OperationLog

_TABLE = re.compile(r"[a-z][a-z0-9_]{2,}")
COLUMNS = tuple(str(field.column) for field in OperationLog._meta.concrete_fields)


@dataclass(frozen=True, slots=True)
class Archived:
    """How many rows were moved, and where to: the name of a table, or the path of a file."""

    rows: int
    where: str


def archive_logs(
    moment: datetime,
    *,
    actor: Actor = PORTAL,
    archive_table: str = "",
    file_name: str = "",
    start_date: date | None = None,
    end_date: date | None = None,
    strategy_name: str = "",
) -> Archived:
    """Move ended rows of these days (UTC, both included) into a table, or into a file of the data folder.

    Without an end the rows that are past their time are moved. Rows of open runs, and rows that have not ended, stay.
    Raises ArchiveRefused, retention.Busy, and NotWhole where a copy is not what it should be.
    """
    if bool(archive_table) == bool(file_name):
        raise ArchiveRefused("archive_table", "Name either a table or a file.")
    path = archive_files.path_of(file_name) if file_name else Path()
    if archive_table:
        _check_table(archive_table)
    with retention.turn(moment) as at_work:
        archive_files.finish_left_over(at_work)
        rows, before = _rows(moment, start_date, end_date, strategy_name)
        where = archive_table or str(path)
        if not (found := rows.count()):
            return Archived(0, where)
        after = {"rows": found, "to": where, "strategy": strategy_name or "all"}
        # Before it is done: this process may be killed
        audit.record(actor, "log.archived", log_policies.general_row(), after=after)
        rollups.seal(before)
        moved = _to_table(rows, archive_table, at_work) if archive_table else archive_files.move(rows, path, at_work)
    return Archived(moved, where)


def finish_left_over(moment: datetime) -> None:
    """Look after what killed processes left of archives in files. Raises retention.Busy."""
    with retention.turn(moment) as at_work:
        archive_files.finish_left_over(at_work)


def _rows(
    moment: datetime, first: date | None, last: date | None, strategy: str
) -> tuple[QuerySet[OperationLog], date]:  # fmt: skip
    """What is to be moved, and the day before which it lies. Only days whose rollups are up to date."""
    limit = retention.settle(moment)
    if limit is None:
        raise ArchiveRefused("end_date", "The rollups are not up to date; try again once the log has been counted.")
    if last is None:
        expired = expiry.in_force(moment, strategy_name=strategy).before(limit)
        rows, before = expiry.past_their_time(expired), expired.latest or limit
    else:
        before = last + timedelta(days=1)
        if before > limit:
            raise ArchiveRefused(
                "end_date", f"Only days before {limit} can be archived: later ones are still being counted."
            )
        rows = expiry.without_open_runs(OperationLog.objects.readable().filter(operation_time__lt=start_of(before)))
        rows = rows.filter(strategy_name=strategy) if strategy else rows
    if first is not None:
        if first >= before:
            raise ArchiveRefused("start_date", f"The first day, {first}, does not come before {before}.")
        rows = rows.filter(operation_time__gte=start_of(first))
    return rows.exclude(status__in=UNFINISHED), before


# To a table.


def _check_table(name: str) -> bool:
    """Whether a table of this name is there already, and an archive of the log. Raises ArchiveRefused."""
    longest = _longest_name()
    if not _TABLE.fullmatch(name) or len(name) > longest:
        raise ArchiveRefused(
            "archive_table",
            f"A table's name has 3 to {longest} small letters, digits and underscores, and begins with a letter.",
        )
    if any(part.name == name for part in partitions.of_log()):
        raise ArchiveRefused("archive_table", f"{name} is a partition of the log itself.")
    look = connection.introspection
    with connection.cursor() as cursor:
        if name not in look.table_names(cursor, include_views=True):
            return False
        columns = [str(look.identifier_converter(column.name)) for column in look.get_table_description(cursor, name)]
    if name in look.django_table_names() or sorted(columns) != sorted(COLUMNS):
        raise ArchiveRefused("archive_table", f"There is a table {name} already, and it is no archive of the log.")
    return True


def _longest_name() -> int:
    return min(connection.ops.max_name_length() or 60, 60)


def _make_table(name: str) -> None:
    """A table with the log's columns, in which no operation can stand twice."""
    is_there = _check_table(name)
    with connection.cursor() as cursor:
        if not is_there:
            cursor.execute(f"CREATE TABLE {_quoted(name)} AS SELECT {_columns()} FROM {_log()} WHERE 1 = 0")  # noqa: S608
        keys = connection.introspection.get_constraints(cursor, name).values()
        if not any(key["unique"] and key["columns"] == ["operation_id"] for key in keys):
            index = _quoted(f"{name[: _longest_name() - 3]}_pk")
            cursor.execute(f"CREATE UNIQUE INDEX {index} ON {_quoted(name)} ({_quoted('operation_id')})")


def _to_table(rows: QuerySet[OperationLog], table: str, at_work: Turn) -> int:
    _make_table(table)
    moved = 0
    for batch in retention.batches(rows):
        at_work.go_on()
        try:
            moved += _move(rows, list(batch), table)
        except IntegrityError:
            raise ArchiveRefused(
                "archive_table", f"{table} holds some of these operations already; nothing of them was deleted."
            ) from None
    return moved


def _move(rows: QuerySet[OperationLog], keys: list[int], table: str) -> int:
    """One batch, in one transaction: locked, copied, counted, deleted."""
    with transaction.atomic():
        batch = list(rows.select_for_update().filter(pk__in=keys).values_list("pk", flat=True))
        for start in range(0, len(batch), 500):
            some = batch[start : start + 500]
            among = f"{_quoted('operation_id')} IN ({', '.join(['%s'] * len(some))})"
            with connection.cursor() as cursor:
                copy = f"INSERT INTO {_quoted(table)} ({_columns()}) SELECT {_columns()} FROM {_log()} WHERE {among}"  # noqa: S608
                cursor.execute(copy, some)
                cursor.execute(f"SELECT COUNT(*) FROM {_quoted(table)} WHERE {among}", some)  # noqa: S608
                (copied,) = cursor.fetchone()
            if copied != len(some):
                raise NotWhole(f"Only {copied} of {len(some)} rows came into {table}.")
        _delete(batch)
    return len(batch)


def _delete(keys: list[int]) -> None:
    gone, _ = OperationLog.objects.filter(pk__in=keys).delete()
    if gone != len(keys):
        raise NotWhole(f"{gone} of {len(keys)} rows were there to be deleted.")


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _log() -> str:
    return _quoted(OperationLog._meta.db_table)


def _columns() -> str:
    return ", ".join(map(_quoted, COLUMNS))
