"""Groups of runs that pages count and list, each told once, so that a number and the list that it leads to are the same runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q

from strategies.models import BAD, GOOD, OCCUPYING, TERMINAL, RunStatus

LATELY = timedelta(hours=24)


class RunGroup(NamedTuple):
    """What a list calls it, and the condition on runs."""

    label: str
    condition: Q


def run_groups(moment: datetime) -> dict[str, RunGroup]:
    """By the name that stands in addresses."""
    lately = Q(finished_at__gt=moment - LATELY)
    is_kept_from_plan = Q(
        status=RunStatus.PLANNED, is_released=True, planned_at=None, planning_at=None, reasons_at__isnull=False
    )
    return {
        "at_work": RunGroup("At work", Q(status__in=OCCUPYING)),
        # What is not due yet waits for nobody
        "waiting": RunGroup(
            "Due and waiting",
            Q(due_at__lte=moment) & (Q(status__in=(RunStatus.WAITING, RunStatus.READY)) | is_kept_from_plan),
        ),
        "unreleased": RunGroup(
            "Plans not released", Q(status=RunStatus.PLANNED, is_released=False, planned_at__isnull=False)
        ),
        "unhandled": RunGroup("Failed or missed, not handled", Q(awaits_handling=True)),
        "failed_lately": RunGroup("Failed or missed in 24 hours", Q(status__in=BAD) & lately),
        "succeeded_lately": RunGroup("Succeeded in 24 hours", Q(status__in=GOOD) & lately),
        "ended": RunGroup("Ended", Q(status__in=TERMINAL)),
    }
