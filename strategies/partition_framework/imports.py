"""Imports from the older framework: asked for, carried out in portions that each stand by themselves, and told in a report.

Whoever is killed half-way loses the batch at hand and nothing else: the next import knows what was taken over already.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from strategies import audit, log_policies, queue, registry
from strategies.audit import Actor
from strategies.models import FrameworkFile, FrameworkImport, FrameworkSource, StrategyType, Target
from strategies.partition_framework import files as csv_files
from strategies.partition_framework import reading
from strategies.partition_framework.conversion import Ground
from strategies.partition_framework.files import Files
from strategies.partition_framework.keeping import Days, Keeper
from strategies.partition_framework.report import LEFT_OUT, Report
from strategies.partition_framework.tables import BY_NAME, STRATEGY, TABLES, ImportRefused, OldRow, Table
from strategies.platforms.base import NotSupported, PlatformError

LEASE = timedelta(minutes=5)
FILES_KEPT = timedelta(days=3)
UNFINISHED_KEPT = timedelta(days=31)  # as long rows of the log without an end stay, whatever their strategy's time
CUT_OFF = "Cut off: its worker was lost. What was taken over by then stays; import again, and it goes on from there."


class TakenOver(Exception):
    """The lease passed, and the import was given up."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants imported; `schema` as `schema_of` gives it. `file_name` is empty where it is to be read from the database."""

    target: Target
    schema: str
    time_zone: str
    is_dry: bool
    file_name: str = ""
    content: bytes | None = None  # of an archive that workers are to read


def ask(
    actor: Actor, asked: Asked, moment: datetime, *, file: FrameworkFile | None = None, wake: bool = True
) -> FrameworkImport:
    """Have the older framework of a target imported; with `wake` a worker does it, else the caller, who holds it already.

    Raises ImportRefused.
    """
    target = asked.target
    _refuse_unready(asked)
    with transaction.atomic():
        Target.objects.select_for_update().get(pk=target.pk)  # of two at once one is told of the other
        if target.framework_imports.open().exists():
            raise ImportRefused(f"An import from {target.name} is under way; wait until it has ended.")
        if asked.content is not None:
            file = FrameworkFile.objects.create(name=asked.file_name[:200], content=asked.content, created_at=moment)
        row = FrameworkImport.objects.create(
            target=target, schema=asked.schema, file=file, file_name=asked.file_name[:500], time_zone=asked.time_zone,
            is_dry=asked.is_dry, asked_by=actor.name, asked_at=moment, woken_at=moment,
            started_at=None if wake else moment, busy_until=None if wake else moment + LEASE,
        )  # fmt: skip
        told = {"from": asked.file_name or "the database", "schema": asked.schema, "is_trial": asked.is_dry}
        audit.record(actor, "import.asked", row, after=told, target=target)
        if wake:
            queue.enqueue("import_framework", row.pk)
    return row


def schema_of(target: Target, typed: str, *, is_of_files: bool) -> str:
    """The schema that was typed, as the database holds its name; "" = the only one that has the tables. Raises ImportRefused."""
    platform = registry.platforms().get(target.platform)
    if platform is None or not platform.framework_queries:
        raise ImportRefused(f"From {target.name} nothing can be imported: its platform is not known here.")
    if not typed and is_of_files:
        if platform.name != "sqlite":
            raise ImportRefused("Name the schema that the files are from, so that the same rows are known again.")
        return "main"
    try:
        schema = platform.schema_named(typed) if typed else ""
    except ValueError as refusal:
        raise ImportRefused(f"{str(refusal).rstrip('.')}.") from None
    if len(schema) > 128 or "\0" in schema:
        raise ImportRefused("A schema's name has at most 128 characters, and no control characters.")
    return schema


def _refuse_unready(asked: Asked) -> None:
    """Raises ImportRefused where a database could not be read; files can be whatever its state."""
    target = asked.target
    if asked.file_name:
        return
    if not target.is_active:
        raise ImportRefused(f"{target.name} is switched off in the portal; switch it on first.")
    if target.stopped_at is not None:
        raise ImportRefused(f"{target.name} refused the sign-in; correct the account, then check it again first.")


def take(pk: int, moment: datetime) -> FrameworkImport | None:
    """Take up an import that nobody holds; None = it is over, or somebody does."""
    free = FrameworkImport.objects.open().filter(Q(busy_until=None), pk=pk)
    if not free.update(busy_until=moment + LEASE):
        return None
    FrameworkImport.objects.filter(pk=pk, started_at=None).update(started_at=moment)
    return FrameworkImport.objects.select_related("target", "file").get(pk=pk)


def carry_out(
    row: FrameworkImport,
    now: Callable[[], datetime],
    *,
    files: Files | None = None,
    limit_seconds: float | None = None,
    is_asked_to_stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Work on an import that the caller holds, for about so long. True = it is over; False = the rest has its turn later."""
    actor = Actor(row.asked_by)
    try:
        if row.file_name and files is None:
            if row.file is None:
                raise ImportRefused("The archive is no longer kept: send it again.")
            files = csv_files.in_archive(io.BytesIO(bytes(row.file.content)))
        work = _Work(row, actor, now, limit_seconds, is_asked_to_stop)
        with reading.opened(row, files, limit_seconds) as (schema, rows_of, counts):
            is_over = work.go_on(schema, rows_of, counts)
    except (PlatformError, NotSupported, ImportRefused) as refusal:
        keep_error(row, actor, str(refusal), now())
        return True
    except TakenOver:
        return True
    except Exception as bug:
        keep_error(row, actor, f"The portal itself failed: {type(bug).__name__}.", now())
        raise
    if is_over:
        _finish(row, actor, work.report, now())
    else:
        FrameworkImport.objects.filter(pk=row.pk, busy_until=row.busy_until).update(busy_until=None, woken_at=now())
    return is_over


class _Work:
    """One turn at an import: its position and report are written with each batch."""

    def __init__(
        self,
        row: FrameworkImport,
        actor: Actor,
        now: Callable[[], datetime],
        limit_seconds: float | None,
        is_asked_to_stop: Callable[[], bool],
    ) -> None:
        self.row, self.actor, self.now, self.is_asked_to_stop = row, actor, now, is_asked_to_stop
        self.report = Report.of(row.report)
        self.until = None if limit_seconds is None else now() + timedelta(seconds=limit_seconds / 2)
        today = now().astimezone(UTC).date()
        self.report.retention_days = log_policies.get_log_retention_days(STRATEGY)
        self.report.has_routine = STRATEGY in registry.routines()
        self.days = Days(today - timedelta(days=self.report.retention_days), today - UNFINISHED_KEPT, today)

    def go_on(self, schema: str, rows_of: reading.RowsOf, counts: reading.Counts) -> bool:
        """Whether all tables have been dealt with. Raises TakenOver, ImportRefused, PlatformError."""
        self.row.schema = schema
        ground = Ground(schema, self.row.time_zone)
        if not self.row.is_dry:
            _register(self.actor)
        first = self.row.position.get("table", TABLES[0].name)
        for table in TABLES[TABLES.index(BY_NAME[first]) :]:
            if self.row.position.get("table") != table.name:
                self.row.position = {"table": table.name, "after": None, "there": counts(table)}
            if not self._table(table, ground, rows_of):
                return False
        return True

    def _table(self, table: Table, ground: Ground, rows_of: reading.RowsOf) -> bool:
        keeper = Keeper(
            self.actor, self.row.target, self._source(table), table, ground, self.days, self.report, self.row.is_dry,
            is_of_files=bool(self.row.file_name),
        )  # fmt: skip
        for portion in rows_of(table, self.row.position["after"]):
            if self.is_asked_to_stop():
                raise ImportRefused(f"Stopped by {self.actor.name}. What was taken over by then stays.")
            with transaction.atomic():
                if keeper.source is not None:
                    FrameworkSource.objects.select_for_update().get(pk=keeper.source.pk)
                keeper.take(portion)
                self._keep(table, portion)
            if self.until is not None and self.now() >= self.until:
                return False
        self._tell_unread(table)
        return True

    def _source(self, table: Table) -> FrameworkSource | None:
        named: dict[str, Any] = {"target": self.row.target, "schema": self.row.schema, "table_name": table.name}
        if self.row.is_dry:
            return FrameworkSource.objects.filter(**named).first()
        return FrameworkSource.objects.get_or_create(**named)[0]

    def _keep(self, table: Table, portion: list[OldRow]) -> None:
        """Write down how far it came, and renew the lease. Raises TakenOver."""
        self.row.position["after"] = reading.reached(table, portion, self.row)
        held, self.row.busy_until = self.row.busy_until, self.now() + LEASE
        kept = FrameworkImport.objects.filter(pk=self.row.pk, busy_until=held, finished_at=None).update(
            position=self.row.position, report=self.report.as_json(), busy_until=self.row.busy_until, schema=self.row.schema
        )  # fmt: skip
        if not kept:
            raise TakenOver

    def _tell_unread(self, table: Table) -> None:
        """Rows without a number cannot be asked for; how many there are is known all the same."""
        there, tally = self.row.position["there"], self.report.tables[table.name]
        unread = 0 if there is None else there - tally.read
        if unread > 0:
            tally.read += unread
            tally.left_out += unread
            why = f"{unread:,} of its rows have no number of their own there, and could not be read in order."
            self.report.tell(table.name, "", table.key, LEFT_OUT, why)


def _register(actor: Actor) -> None:
    """The strategy that everything imported belongs to: a reference row, which people may have deleted."""
    row, is_new = StrategyType.objects.get_or_create(
        strategy_name=STRATEGY, defaults={"category": "DATABASE", "description": "Keeps partitions ahead of the data."}
    )
    if is_new:
        audit.record(actor, "strategytype.added", row, reason="imported from the partition framework")


def _finish(row: FrameworkImport, actor: Actor, report: Report, moment: datetime) -> None:
    with transaction.atomic():
        won = FrameworkImport.objects.filter(pk=row.pk, busy_until=row.busy_until, finished_at=None).update(
            finished_at=moment, report=report.as_json(), schema=row.schema
        )
        if won:
            told = {"schema": row.schema, **report.counts()}
            audit.record(actor, "import.tried" if row.is_dry else "import.done", row, after=told, target=row.target)
            if not row.is_dry and row.file_id is not None:
                _forget(FrameworkFile.objects.filter(pk=row.file_id))
    row.refresh_from_db()


def keep_error(row: FrameworkImport, actor: Actor, error: str, moment: datetime) -> bool:
    """The import ended before its end; what was kept by then stays, and is told. False = it had ended already."""
    with transaction.atomic():
        won = FrameworkImport.objects.open().filter(pk=row.pk).update(finished_at=moment, error=error[:2000]) == 1
        row.refresh_from_db()
        if won:
            told = {"schema": row.schema, **Report.of(row.report).counts()}
            audit.record(actor, "import.failed", row, after=told, reason=row.error, target=row.target)
    return won


def give_up_cut_off(moment: datetime) -> None:
    """Imports whose worker, or command, was killed."""
    for row in FrameworkImport.objects.open().filter(busy_until__lt=moment).select_related("target"):
        keep_error(row, Actor(row.asked_by), CUT_OFF, moment)


def prune(moment: datetime) -> int:
    """Forget archives that nobody imported for some days; how many."""
    old = FrameworkFile.objects.filter(created_at__lt=moment - FILES_KEPT)
    at_work = FrameworkImport.objects.open().filter(file__isnull=False).values_list("file", flat=True)
    return _forget(old.exclude(pk__in=list(at_work)))


def _forget(files: QuerySet[FrameworkFile]) -> int:
    """Without reading what is in them; the imports stay."""
    pks = list(files.values_list("pk", flat=True))
    FrameworkImport.objects.filter(file__in=pks).update(file=None)
    return FrameworkFile.objects.only("pk").filter(pk__in=pks).delete()[0]
