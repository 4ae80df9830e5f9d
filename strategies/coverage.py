"""How much of its objects a strategy has come to in the nights of a window: the round it is in, and what waits for longest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Q

from strategies.models import GOES_ON, Duration, JobRun, MaintenanceWindow, User

SHOWN = 20  # pairs of database and strategy, those with the latest run first
_PLURALS = {
    "INDEX": "indexes",
    "TABLE": "tables",
    "DATABASE": "databases",
    "SEGMENT": "segments",
    "PARTITION": "partitions",
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """`done` of `total` objects of the latest plan, in `nights` slots of windows. `never` were not done ever; of the others that which
    waits for longest was last done at `oldest_at`.
    """

    database: str
    strategy: str
    what: str
    done: int
    total: int
    nights: int
    oldest_at: datetime | None
    never: int

    def sentence(self, moment: datetime) -> str:
        """`214 of 230 indexes in 6 nights, oldest 5 days.`"""
        nights = "1 night" if self.nights == 1 else f"{self.nights} nights"
        never = f"; {self.never:,} never done" if self.never else ""
        if self.oldest_at is None:
            return f"{self.done:,} of {self.total:,} {self.what} in {nights}{never}."
        days = (moment - self.oldest_at).days
        age = "less than a day" if days < 1 else "1 day" if days == 1 else f"{days} days"
        return f"{self.done:,} of {self.total:,} {self.what} in {nights}, oldest {age}{never}."


@dataclass(frozen=True, slots=True)
class Round:
    """Pure: the plan of a round, by step keys, with when each was last done; and the slots in which its runs were at work."""

    keys: Sequence[str]
    since: datetime
    last_done: Mapping[str, datetime]
    slots: Collection[datetime]

    def told(self, database: str, strategy: str, what: str) -> Coverage:
        times = [self.last_done.get(key[:500]) for key in self.keys]
        known = [at for at in times if at is not None]
        return Coverage(
            database=database, strategy=strategy, what=what, done=sum(at >= self.since for at in known), total=len(times),
            nights=len(self.slots), oldest_at=min(known, default=None), never=len(times) - len(known),
        )  # fmt: skip


def coverage(window: MaintenanceWindow, user: User) -> list[Coverage]:
    """Of each strategy that was at work in this window, on the databases that the reader sees: four queries, whatever there is."""
    seen = JobRun.objects.visible_to(user).filter(started_at__isnull=False, planned_at__isnull=False)
    pairs = _pairs(seen, window)
    if not pairs:
        return []
    of_pairs = Q(target__in={target for target, _ in pairs}, strategy_name__in={strategy for _, strategy in pairs})
    whole = seen.filter(of_pairs, is_undo=False).exclude(origin__in=GOES_ON)
    latest = whole.order_by().values("target", "strategy_name").annotate(last=Max("pk")).values_list("last", flat=True)
    roots = {
        (run.target_id, run.strategy_name): run
        for run in JobRun.objects.filter(pk__in=list(latest)).select_related("target")
    }
    slots = _slots(seen.filter(of_pairs, is_undo=False), roots)
    done = _last_done(of_pairs)
    return [_round(roots[pair], done[pair], slots[pair]) for pair in pairs if pair in roots and roots[pair].plan]


def _pairs(seen: Any, window: MaintenanceWindow) -> list[tuple[int, str]]:
    rows = seen.filter(window=window).order_by().values("target", "strategy_name").annotate(last=Max("pk"))
    return list(rows.order_by("-last").values_list("target", "strategy_name")[:SHOWN])


def _slots(rows: Any, roots: Mapping[tuple[int, str], JobRun]) -> dict[tuple[int, str], set[datetime]]:
    """When the slots began in which the runs of a round were at work; a run outside of windows counts by its own start."""
    found: dict[tuple[int, str], set[datetime]] = defaultdict(set)
    first = min((run.pk for run in roots.values()), default=0)
    columns = ("pk", "target", "strategy_name", "window_starts_at", "started_at")
    for pk, target, strategy, slot, started_at in rows.filter(pk__gte=first).values_list(*columns):
        root = roots.get((target, strategy))
        if root is not None and pk >= root.pk:
            found[target, strategy].add(slot or started_at)
    return found


def _last_done(of_pairs: Q) -> dict[tuple[int, str], dict[str, datetime]]:
    found: dict[tuple[int, str], dict[str, datetime]] = defaultdict(dict)
    rows = Duration.objects.filter(of_pairs)
    for row in rows.only("target_id", "strategy_name", "step_key", "updated_at", "recent_ms"):
        if row.recent_ms:
            found[row.target_id, row.strategy_name][row.step_key] = row.updated_at
    return found


def _round(root: JobRun, done: Mapping[str, datetime], slots: Collection[datetime]) -> Coverage:
    steps = (root.plan or {}).get("steps", [])
    kinds = {str(step.get("object_type", "")) for step in steps}
    what = _PLURALS.get(kinds.pop(), "objects") if len(kinds) == 1 else "objects"
    since = root.started_at or root.created_at
    found = Round([step["key"] for step in steps], since, done, slots)
    return found.told(root.target.name, root.strategy_name, what)
