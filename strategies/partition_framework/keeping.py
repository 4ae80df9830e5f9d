"""Keeps converted rows: what is new is added, what is known by its number there is changed unless people changed it here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from typing import Any

from django.db import models
from django.db.models import QuerySet

from strategies import audit
from strategies.audit import Actor
from strategies.models import FrameworkSource, ImportedRow, MaintenanceJob, OperationLog, StrategyConfig, Target
from strategies.partition_framework import report as reports
from strategies.partition_framework.cells import RowRefused
from strategies.partition_framework.conversion import Converted, Ground, convert, digest
from strategies.partition_framework.report import Report, Tally
from strategies.partition_framework.tables import CONFIGS, JOBS, LOG, OldRow, Table
from strategies.partition_framework.words import UNFINISHED

_MODELS: Mapping[str, type[models.Model]] = {
    CONFIGS.name: StrategyConfig, JOBS.name: MaintenanceJob, LOG.name: OperationLog,
}  # fmt: skip
CHANGED_HERE = "It was changed there and here since it was imported: what stands here stays."
REASON = "imported from the partition framework"


@dataclass(frozen=True, slots=True)
class Days:
    """From which day (UTC) on the log keeps rows, and those that have not ended; and which one it is."""

    kept: date
    unfinished: date
    today: date

    def is_past(self, values: Mapping[str, Any]) -> bool:
        day = values["operation_time"].astimezone(UTC).date()
        return bool(day < (min(self.kept, self.unfinished) if values["status"] in UNFINISHED else self.kept))


@dataclass(frozen=True, slots=True)
class Keeper:
    """Deals with the rows of one source, a batch at a time, and counts in the report; where it `is_dry` nothing is kept."""

    actor: Actor
    target: Target
    source: FrameworkSource | None  # None = nothing of it was ever kept, and nothing is to be
    table: Table
    ground: Ground
    days: Days
    report: Report
    is_dry: bool
    seen: set[int] = field(
        default_factory=set
    )  # of files, which may hold a number in two places; a database is read in order
    active: dict[tuple[str, str], int] = field(default_factory=dict)  # of a trial: what it would keep as active
    is_of_files: bool = False

    @property
    def _tally(self) -> Tally:
        return self.report.tables[self.table.name]

    def take(self, rows: Sequence[OldRow]) -> None:
        """In the caller's transaction, who holds the row of the source."""
        converted = self._converted(rows)
        known = self._known(converted)
        new = [one for number, one in converted.items() if number not in known]
        for number, row in known.items():
            self._renew(row, converted[number])
        self._tally.added += len(new)
        for one in new:
            self._came(one)
        if self.is_dry or self.source is None or not new:
            for one in new if self.table is CONFIGS else ():
                self._row(one)
            return
        added = self._add_operations(self.source, new) if self.table is LOG else [self._add(one) for one in new]
        ImportedRow.objects.bulk_create(
            ImportedRow(source=self.source, old_id=one.number, row_id=pk, digest=one.digest)
            for one, pk in zip(new, added, strict=True)
        )

    def _converted(self, rows: Sequence[OldRow]) -> dict[int, Converted]:
        """By their numbers there; what cannot be taken over is told."""
        found: dict[int, Converted] = {}
        for row in rows:
            self._tally.read += 1
            try:
                one = convert(self.table, row, self.ground)
                if one.number in found or one.number in self.seen:
                    raise RowRefused(self.table.key, f"{one.number} is the number of another row, too.")
            except RowRefused as refusal:
                self._tally.left_out += 1
                named = row.where or f"row {row.cells.get(self.table.key)}"[:60]
                self.report.tell(self.table.name, named, refusal.column, reports.LEFT_OUT, str(refusal))
                continue
            found[one.number] = one
        if self.is_of_files:
            self.seen.update(found)
        return found

    def _known(self, converted: Mapping[int, Converted]) -> dict[int, ImportedRow]:
        if self.source is None:
            return {}
        return {row.old_id: row for row in ImportedRow.objects.filter(source=self.source, old_id__in=list(converted))}

    def _renew(self, known: ImportedRow, one: Converted) -> None:
        if known.digest == one.digest:
            self._tally.same += 1
            return
        here: QuerySet[Any] = _MODELS[self.table.name]._default_manager.filter(pk=known.row_id)
        stands = here.values(*one.values).first()
        if stands is None:
            self._tally.gone += 1
        elif digest(stands) != known.digest:
            self._tally.left += 1
            self.report.tell(self.table.name, f"row {one.number}", "", reports.LEFT, CHANGED_HERE)
        else:
            self._tally.changed += 1
            self._came(one)
            if self.is_dry:
                return
            here.update(**one.values)
            ImportedRow.objects.filter(pk=known.pk).update(digest=one.digest)
            if self.table is JOBS:
                audit.record(self.actor, "job.changed", here.get(), reason=REASON, target=self.target)

    def _came(self, one: Converted) -> None:
        """Tell what was decided about a row that is taken over."""
        self._tally.noted += bool(one.notes)
        for column, sentence in one.notes:
            self.report.tell(self.table.name, f"row {one.number}", column, reports.NOTED, sentence)
        self.report.active_jobs += one.was_active
        if self.table is LOG:
            day = one.values["operation_time"].astimezone(UTC).date()
            self.report.came(day)
            self.report.ahead += day > self.days.today
            self.report.unfinished += one.values["status"] in UNFINISHED
            self.report.past_retention += self.days.is_past(one.values)

    def _row(self, one: Converted) -> MaintenanceJob | StrategyConfig:
        """What is to be kept of it; that one arrives switched off is told, in a trial too."""
        made = StrategyConfig if self.table is CONFIGS else MaintenanceJob
        row: MaintenanceJob | StrategyConfig = made(**one.values, target=self.target)
        if isinstance(row, StrategyConfig) and row.is_active and (rival := self._rival(row, one.number)):
            row.is_active = False
            why = f"There is a configuration of it here already, {rival}: this one arrives switched off."
            self.report.tell(self.table.name, f"row {one.number}", "is_active", reports.NOTED, why)
        return row

    def _add(self, one: Converted) -> int:
        row = self._row(one)
        row.save(force_insert=True)
        if isinstance(row, MaintenanceJob):
            told = {
                "schedule": f"{row.schedule_type_id} {row.schedule_value or ''}".strip(),
                "was_active": one.was_active,
            }
            audit.record(self.actor, "job.added", row, after=told, reason=REASON, target=self.target)
        return int(row.pk)

    def _rival(self, row: StrategyConfig, number: int) -> str:
        """Of several that are active the oldest would count, so that this one might be taken for what holds."""
        rows = StrategyConfig.objects.filter(
            target=self.target, strategy__strategy_name=row.strategy_id, target_object=row.target_object,
            target_type__target_type=row.target_type_id, is_active=True,
        )  # fmt: skip
        if (other := rows.order_by("pk").values_list("pk", flat=True).first()) is not None:
            return f"number {other}"
        if not self.is_dry:
            return ""  # what is kept is found above
        first = self.active.setdefault((row.target_object, row.target_type_id), number)
        return f"that of row {first}" if first != number else ""

    def _add_operations(self, source: FrameworkSource, new: Sequence[Converted]) -> list[int]:
        """The keys of the rows that were added, in their order."""
        prefix = f"import:{source.pk}:"
        rows = OperationLog.objects.bulk_create(
            OperationLog(**one.values, target=self.target, step_key=f"{prefix}{one.number}") for one in new
        )
        if all(row.pk is not None for row in rows):
            return [row.pk for row in rows]
        # Oracle gives no keys back for many rows at once; these are found by the index on target and time
        times = [one.values["operation_time"] for one in new]
        found = OperationLog.objects.filter(
            target=self.target, operation_time__range=(min(times), max(times)), step_key__in=[row.step_key for row in rows]
        )  # fmt: skip
        keys = dict(found.order_by().values_list("step_key", "pk"))
        return [keys[row.step_key] for row in rows]
