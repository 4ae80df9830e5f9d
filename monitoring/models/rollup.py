"""One day of the operation log (or of the runs) in one row for each strategy, job or kind of operation on each target."""

from __future__ import annotations

from datetime import date
from operator import add
from typing import Any, ClassVar

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce

from monitoring.histogram import LONGEST_TEXT, from_text
from monitoring.sums import ADDED, COUNTED, Sums, least, most
from strategies.models import MaintenanceJob, Role, Target, User
from strategies.models.target import visible_rows

CHUNK = 500


class Grain(models.TextChoices):
    """What one row is about. `name` is empty, or the job's name, or the type of operation."""

    ROW = "row"  # rows of a strategy, whatever they say; only `count` is used
    STRATEGY = "strategy"  # operations of a strategy
    JOB = "job"  # operations of a job
    OPERATION = "operation"  # operations of one type
    RUN = "run"  # runs: of a job, or (empty name) those that no job began


class RollupQuerySet(models.QuerySet["Rollup"]):
    def visible_to(self, user: User) -> RollupQuerySet:
        return visible_rows(self, user, Role.DBA, Role.AUDITOR)

    def with_titles(self) -> Any:  # a RollupQuerySet; no type can tell of the column that is added
        """With `title`: what a job of this database is called today; of one that is gone from it, what it was called then."""
        is_here = Q(job__target=F("target")) | Q(job__target__isnull=True, target__is_home=True)
        return self.annotate(title=Coalesce(Case(When(is_here, then="job__job_name")), "name"))

    def summed(self, *keys: str, meters: bool = True) -> dict[tuple[Any, ...], Sums]:
        """These rows added up by the columns named; one query. Without `meters` theirs are left at nought, which is quicker.

        Added here, since a database cannot add histograms, and to read the rows a second time for them costs more.
        """
        names = ADDED if meters else COUNTED
        rows = self.order_by().values_list("shortest_ms", "longest_ms", "histogram", *names, *keys)
        found: dict[tuple[Any, ...], tuple[list[int], int | None, int | None]] = {}
        for shortest, longest, text, *rest in rows.iterator(CHUNK):
            key, numbers = tuple(rest[len(names) :]), [from_text(text), *rest[: len(names)]]
            if known := found.get(key):
                numbers = list(map(add, known[0], numbers))
                shortest, longest = least(known[1], shortest), most(known[2], longest)
            found[key] = numbers, shortest, longest
        return {key: Sums(shortest, longest, *numbers) for key, (numbers, shortest, longest) in found.items()}


class Rollup(models.Model):
    """Days are UTC. `histogram` is that of the durations as text (see monitoring/histogram.py).

    A job is told by its number, since its name may change: `name` is what it was called when the day was counted, and tells of
    jobs that are gone, and of those that only rows typed in SQL name. The meters are sums over the `…_n` rows that were
    measured, so that *not measured* never counts as nought.
    """

    day = models.DateField()
    grain = models.CharField(max_length=10, choices=Grain.choices)
    strategy_name = models.CharField(max_length=50)
    name = models.CharField(max_length=128, blank=True, default="")
    target = models.ForeignKey(Target, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    job = models.ForeignKey(
        MaintenanceJob, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+", db_index=False
    )
    count = models.PositiveIntegerField()
    succeeded = models.PositiveIntegerField()
    warned = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    cancelled = models.PositiveIntegerField()
    missed = models.PositiveIntegerField(default=0)
    duration_n = models.PositiveIntegerField(default=0)
    duration_ms = models.BigIntegerField(default=0)
    shortest_ms = models.BigIntegerField(null=True)
    longest_ms = models.BigIntegerField(null=True)
    histogram = models.CharField(max_length=LONGEST_TEXT, blank=True, default="")
    cpu_n = models.PositiveIntegerField(default=0)
    cpu_ms = models.BigIntegerField(default=0)
    memory_n = models.PositiveIntegerField(default=0)
    memory_mb = models.FloatField(default=0)
    io_n = models.PositiveIntegerField(default=0)
    io_operations = models.BigIntegerField(default=0)
    rows_n = models.PositiveIntegerField(default=0)
    rows_processed = models.BigIntegerField(default=0)

    objects: ClassVar[RollupQuerySet] = RollupQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_rollup"
        ordering = ["day"]
        indexes = [
            models.Index(fields=["grain", "day"], name="portal_rollup_by_day"),
            models.Index(fields=["target", "grain", "day"], name="portal_rollup_by_target"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.strategy_name} {self.name}".strip()


Counts = dict[str, int]  # how many rows of the log on each day, the day in ISO 8601


class RollupMark(models.Model):
    """What was seen of the log at the last look (pk 1), so that only days with news are read again; see monitoring/rollups.py.

    Identifiers are given out before their rows are committed: those between `operation_id` and the next one are counted
    again at each look, so that a row which was committed late is found.
    """

    operation_id = models.BigIntegerField(default=0, help_text="Rows up to this one have had their time to arrive.")
    next_operation_id = models.BigIntegerField(default=0, help_text="What becomes of it when these have had theirs.")
    next_at = models.DateTimeField(null=True, help_text="When that one was seen.")
    arrived: models.JSONField[Counts, Counts] = models.JSONField(default=dict, help_text="Rows above, by day.")
    unfinished: models.JSONField[Counts, Counts] = models.JSONField(default=dict, help_text="Rows not ended, by day.")
    waiting_days: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    sealed_before = models.DateField(null=True, help_text="Rows of days before it may have been pruned.")
    looked_at = models.DateTimeField(null=True)
    woken_at = models.DateTimeField(null=True, help_text="When a worker was last asked to look.")
    took_ms = models.PositiveIntegerField(default=0)
    busy_until = models.DateTimeField(null=True, help_text="The lease of the worker that is at it.")

    class Meta:
        db_table = "portal_rollup_mark"

    def __str__(self) -> str:
        return f"up to {self.operation_id}"

    @property
    def waiting(self) -> set[date]:
        return {date.fromisoformat(day) for day in self.waiting_days}
