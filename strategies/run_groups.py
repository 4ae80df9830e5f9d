"""Groups of runs that pages count and list, each told once, so that a number and the list that it leads to are the same runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q

from strategies.models import BAD, GOOD, OCCUPYING, OPEN, Approval, ApprovalState, JobRun, RunStatus

LATELY = timedelta(hours=24)
_LET_WAIT = (RunStatus.WAITING, RunStatus.READY)
WENT_WRONG = (
    RunStatus.FAILED,
    RunStatus.TIMED_OUT,
    RunStatus.LOST,
    RunStatus.ROLLED_BACK,
)  # they began, and did not do their work
_NOT_GOOD = tuple(status for status in RunStatus if status not in GOOD)


class RunGroup(NamedTuple):
    """What a list calls it, and the condition on runs."""

    label: str
    condition: Q


def _unhandled() -> Q:
    """By its own index whatever else is asked of the runs: SQLite searches it for IN (1), and not for the bare column."""
    return _by_index(awaits_handling__in=(True,))


def ended_since(moment: datetime) -> Q:
    """Runs that ended after that, by the index on their ends: else SQLite reads all runs of the databases that somebody sees."""
    return _by_index(finished_at__gt=moment)


def ended_within(since: datetime | None, until: datetime | None) -> Q:
    """Runs that ended in this time, its end not included, by the same index; None = no bound on that side."""
    bounds = {"finished_at__gte": since, "finished_at__lt": until}
    return _by_index(**{name: moment for name, moment in bounds.items() if moment is not None})


def _not_approved() -> Q:
    """Runs about which people are asked, or that they sent back, or whose approval counts no more."""
    is_given = Exists(Approval.objects.filter(run=OuterRef("pk"), state=ApprovalState.APPROVED))
    return Q(status__in=_LET_WAIT, needs_approval=True, started_at=None) & ~Q(is_given)


def _by_index(**condition: Any) -> Q:
    return Q(pk__in=JobRun.objects.filter(**condition).order_by().values_list("pk", flat=True))


def run_groups(moment: datetime) -> dict[str, RunGroup]:
    """By the name that stands in addresses."""
    lately = ended_since(moment - LATELY)
    # Whether it was asked for by a person, who releases it later, or by its job: both wait for their plan
    is_kept_from_plan = Q(status=RunStatus.PLANNED, planned_at=None, planning_at=None, reasons_at__isnull=False)
    return {
        "at_work": RunGroup("At work", Q(status__in=OCCUPYING)),
        # What is not due yet waits for nobody, unless people are to say yes to it before
        "waiting": RunGroup(
            "Waiting: due, or for approval",
            Q(due_at__lte=moment) & (Q(status__in=_LET_WAIT) | is_kept_from_plan) | _not_approved(),
        ),
        "unreleased": RunGroup(
            "Plans not released", Q(status=RunStatus.PLANNED, is_released=False, planned_at__isnull=False)
        ),
        "unhandled": RunGroup("Failed or missed, not handled", _unhandled()),
        "failed_lately": RunGroup("Failed or missed in 24 hours", Q(status__in=BAD) & lately),
        # Nearly all runs: asked for by what they are not, they are read in the order of the list, and not gathered and sorted
        "succeeded_lately": RunGroup("Succeeded in 24 hours", ~Q(status__in=_NOT_GOOD) & lately),
        "went_wrong": RunGroup("Failed, timed out, lost or rolled back", Q(status__in=WENT_WRONG)),
        "ended": RunGroup("Ended", ~Q(status__in=OPEN)),
    }
