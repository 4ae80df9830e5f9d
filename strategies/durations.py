"""How long work usually takes, and when it was last begun, from its own past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import quantiles

from django.db import transaction

from strategies.models import Duration, Target
from strategies.models.duration import KEPT

WHOLE_RUN = "-"


Times = list[int]  # durations in ms, the oldest first


@dataclass(frozen=True, slots=True)
class Usual:
    """The usual duration in ms (p50, p90) of `n` times; with one time both are that time."""

    p50_ms: int
    p90_ms: int
    n: int


def remember(target: Target, strategy: str, step_key: str, duration_ms: int, moment: datetime) -> None:
    """Add one duration (ms). Two writers at once may lose one of their figures; no decision rests on a single one."""
    row, _ = Duration.objects.get_or_create(
        target=target, strategy_name=strategy, step_key=step_key[:500], defaults={"updated_at": moment}
    )
    Duration.objects.filter(pk=row.pk).update(recent_ms=[*row.recent_ms, duration_ms][-KEPT:], updated_at=moment)


def remember_all(target: Target, strategy: str, times: Mapping[str, tuple[int, datetime]]) -> None:
    """Add a duration (ms) and when the work was done, by step key, for all of them in one transaction."""
    if not times:
        return
    with transaction.atomic():
        known = {row.step_key: row for row in Duration.objects.filter(target=target, strategy_name=strategy)}
        again, new = [], []
        for step_key, (duration_ms, moment) in times.items():
            row = known.get(step_key[:500])
            if row is None:
                row = known[step_key[:500]] = Duration(target=target, strategy_name=strategy, step_key=step_key[:500])
                new.append(row)
            elif row.pk is not None:
                again.append(row)
            row.recent_ms, row.updated_at = [*row.recent_ms, duration_ms][-KEPT:], moment
        Duration.objects.bulk_create(new, batch_size=500)
        Duration.objects.bulk_update(again, ["recent_ms", "updated_at"], batch_size=100)


def begun(target: Target, strategy: str, step_key: str, moment: datetime) -> None:
    """Keep that this work was begun, whatever becomes of it."""
    rows = Duration.objects.filter(target=target, strategy_name=strategy, step_key=step_key[:500])
    if not rows.update(begun_at=moment):
        Duration.objects.get_or_create(
            target=target, strategy_name=strategy, step_key=step_key[:500],
            defaults={"updated_at": moment, "begun_at": moment},
        )  # fmt: skip


def last(target: Target, strategy: str) -> dict[str, datetime]:
    """When each piece of work of this strategy was last begun or done, by step key (its first 500 characters)."""
    rows = Duration.objects.filter(target=target, strategy_name=strategy)
    told = rows.values_list("step_key", "updated_at", "begun_at")
    return {key: max(updated_at, begun_at or updated_at) for key, updated_at, begun_at in told}


def past(target_ids: list[int], step_key: str | None = WHOLE_RUN) -> dict[tuple[int, str, str], Times]:
    """Durations by (target id, strategy, step key), never an empty list; one query. `step_key` None = of every step."""
    rows = Duration.objects.filter(target_id__in=target_ids)
    if step_key is not None:
        rows = rows.filter(step_key=step_key)
    return {(row.target_id, row.strategy_name, row.step_key): row.recent_ms for row in rows if row.recent_ms}


def usual_by_step(target: Target, strategy: str, *, at_least: int) -> dict[str, tuple[int, int]]:
    """p50 and p90 in ms of each step that was done so often, by its key; one query."""
    rows = Duration.objects.filter(target=target, strategy_name=strategy).exclude(step_key=WHOLE_RUN)
    found = ((row.step_key, usual(row.recent_ms, at_least=at_least)) for row in rows)
    return {key: (times.p50_ms, times.p90_ms) for key, times in found if times is not None}


def usual(times: Sequence[int], *, without: int | None = None, at_least: int = 1) -> Usual | None:
    """p50 and p90; `without` is left out once, where it is among them. None = fewer than `at_least` (1 or more) are left.

    The quantile at p(n + 1) is outlasted by the next time with a chance of 1 - p, whatever the times are spread like (Hyndman and
    Fan, *Sample Quantiles in Statistical Packages*, The American Statistician 50, 1996, definition 6). At p(n - 1) + 1, the usual
    choice, 14 of 100 would outlast the p90 of 20 times. Of fewer than 9 times the p90 is the longest.
    """
    left = list(times)
    if without in left:
        left.remove(without)
    if len(left) < at_least:
        return None
    if len(left) == 1:
        return Usual(left[0], left[0], 1)
    cuts = quantiles(left, n=10, method="exclusive")
    return Usual(round(cuts[4]), min(round(cuts[8]), max(left)), len(left))
