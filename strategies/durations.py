"""How long work usually takes, from its own past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import quantiles

from strategies.models import Duration, Target
from strategies.models.duration import KEPT

WHOLE_RUN = "-"


@dataclass(frozen=True, slots=True)
class Usual:
    """The usual duration in ms (p50, p90) of `n` earlier times; with one time both are that time."""

    p50_ms: int
    p90_ms: int
    n: int


def remember(target: Target, strategy: str, step_key: str, duration_ms: int, moment: datetime) -> None:
    """Add one duration (ms). Two writers at once may lose one of their figures; no decision rests on a single one."""
    row, _ = Duration.objects.get_or_create(
        target=target, strategy_name=strategy, step_key=step_key[:500], defaults={"updated_at": moment}
    )
    Duration.objects.filter(pk=row.pk).update(recent_ms=[*row.recent_ms, duration_ms][-KEPT:], updated_at=moment)


def usual(target_ids: list[int], step_key: str | None = WHOLE_RUN) -> dict[tuple[int, str, str], Usual]:
    """Usual durations by (target id, strategy, step key); one query. `step_key` None = of every step."""
    rows = Duration.objects.filter(target_id__in=target_ids)
    if step_key is not None:
        rows = rows.filter(step_key=step_key)
    return {(row.target_id, row.strategy_name, row.step_key): of(row.recent_ms) for row in rows if row.recent_ms}


def of(durations_ms: list[int]) -> Usual:
    """p50 and p90 of at least one duration."""
    if len(durations_ms) == 1:
        return Usual(durations_ms[0], durations_ms[0], 1)
    cuts = quantiles(durations_ms, n=10, method="inclusive")
    return Usual(round(cuts[4]), round(cuts[8]), len(durations_ms))
