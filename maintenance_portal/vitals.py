"""Whether the portal itself works: its clock ticks, its workers answer. What the pages and the health check say of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max

from strategies import queue
from strategies.models import ACTIVE, JobRun, Portal, Pulse

CLOCK_IS_LATE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Vitals:
    """`clock_at` and `workers_at` are the last signs of life, None = never; `problem` is a sentence, empty when all is well."""

    clock_at: datetime | None
    workers_at: datetime | None
    problem: str = ""

    @property
    def is_well(self) -> bool:
        return not self.problem


def vitals(moment: datetime) -> Vitals:
    """Three queries. As the supervisor judges: only where every worker has a run do the runs speak for them."""
    clock_at = Portal.objects.values_list("beat_at", flat=True).filter(pk=1).first()
    answered: dict[str, datetime | None] = {queue.DEFAULT: None, queue.MAINTENANCE: None}
    answered.update(Pulse.objects.values_list("cluster", "answered_at"))
    held = JobRun.objects.filter(status__in=ACTIVE).aggregate(n=Count("pk"), at=Max("heartbeat_at"))
    heard = held["at"] if held["n"] >= settings.PORTAL_RUN_WORKERS else None
    runs_at = max((at for at in (answered[queue.MAINTENANCE], heard) if at is not None), default=None)
    signs = [at for at in (answered[queue.DEFAULT], runs_at) if at is not None]
    workers_at = min(signs) if len(signs) == 2 else None
    return Vitals(clock_at, workers_at, _problem(clock_at, workers_at, moment))


def _problem(clock_at: datetime | None, workers_at: datetime | None, moment: datetime) -> str:
    if clock_at is None or moment - clock_at > CLOCK_IS_LATE:
        return "The portal's clock does not tick: nothing new starts."
    if workers_at is None or moment - workers_at > timedelta(seconds=settings.PORTAL_PULSE_SECONDS) + CLOCK_IS_LATE:
        return "The workers do not answer: nothing new starts."
    return ""
