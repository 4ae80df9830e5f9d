"""What time does to open questions of approval: people are reminded, managers may step in, and in the end it is too late."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from strategies import approvals, audit, batches, endings
from strategies.approval_rules import ESCALATE_BEFORE, next_reminder
from strategies.audit import PORTAL
from strategies.batches import Budget
from strategies.models import Approval, ApprovalState, JobRun, RunStatus
from strategies.plans import UNREADABLE, Plan

log = logging.getLogger(__name__)

MOST = 200  # rows that one tick deals with of each kind; the others have their turn in the next
_ASKED = Approval.objects.filter(state=ApprovalState.ASKED)


def expire(moment: datetime, budget: Budget | None = None) -> int:
    """Nobody said yes in time: nothing starts on that any more. How many."""
    return _each(_ASKED.filter(not_after__lt=moment), _expire, moment, budget)


def remind(moment: datetime, budget: Budget | None = None) -> int:
    """So long before the start, and before it is too late, whoever is asked is reminded. How many."""
    due = _ASKED.filter(remind_at__lte=moment, not_after__gte=moment)
    return _each(due, _remind, moment, budget)


def escalate(moment: datetime, budget: Budget | None = None) -> int:
    """Time is short, and people are still asked: from now on a manager's word counts for theirs. How many.

    Short is the time before the start, where the question was asked well before that; else before it is too late.
    """
    soon = moment + ESCALATE_BEFORE
    starts_soon = Q(not_before__lte=soon, not_before__gte=F("asked_at") + ESCALATE_BEFORE)
    late = _ASKED.filter(starts_soon | Q(not_after__lte=soon), is_escalated=False, not_after__gte=moment)
    return _each(late, _escalate, moment, budget)


def ask_undecided(moment: datetime, budget: Budget | None = None) -> int:
    """Runs that waited before anybody was asked, and have not begun: whether they need people is found out. How many."""
    rows = JobRun.objects.filter(
        status__in=(RunStatus.WAITING, RunStatus.READY), needs_approval=None, started_at=None, planned_at__isnull=False
    )
    return _each(rows, _decide, moment, budget)


def _each(
    rows: QuerySet[Any], deal_with: Callable[[int, datetime], bool], moment: datetime, budget: Budget | None
) -> int:
    """One by one, each in a transaction of its own: a row that cannot be dealt with keeps none of the others from it."""

    def work(some: Sequence[int]) -> int:
        return sum(deal_with(pk, moment) for pk in some)

    def fail(pk: int, error: Exception) -> None:
        log.error("%s of row %s failed: %s", deal_with.__name__, pk, error)

    pks = list(rows.order_by("pk").values_list("pk", flat=True)[:MOST])
    return batches.in_batches(pks, work, fail, budget)


def _row(pk: int) -> Approval:
    return Approval.objects.select_related("run__target").defer("sealed", "risk", "run__plan").get(pk=pk)


def _expire(pk: int, moment: datetime) -> bool:
    row = _row(pk)
    why = f"Nobody approved it until {row.not_after.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
    with transaction.atomic():
        won = Approval.objects.move(
            pk, leaving=(ApprovalState.ASKED,), to=ApprovalState.EXPIRED, decided_at=moment, why=why
        )
        if won:
            audit.record(PORTAL, "approval.expired", row, reason=why, target=row.run.target)
    return won


def _remind(pk: int, moment: datetime) -> bool:
    """Once for all reminders that were due while the portal was off."""
    row = _row(pk)
    after = next_reminder(row.asked_at, row.not_before, row.not_after, moment)
    rows = Approval.objects.filter(pk=pk, state=ApprovalState.ASKED, remind_at=row.remind_at, remind_at__lte=moment)
    with transaction.atomic():
        won = rows.update(remind_at=after, reminded=F("reminded") + 1, reminded_at=moment) == 1
        if won:
            who = f"It is asked of {approvals.in_words(row)}."
            audit.record(
                PORTAL, "approval.reminded", row, after={"number": row.reminded + 1}, reason=who, target=row.run.target
            )
    return won


def _escalate(pk: int, moment: datetime) -> bool:
    row = _row(pk)
    with transaction.atomic():
        won = Approval.objects.filter(pk=pk, state=ApprovalState.ASKED, is_escalated=False).update(is_escalated=True)
        if won:
            why = f"Time is short, and it waits for {approvals.in_words(row)}: managers may give the word now."
            audit.record(PORTAL, "approval.escalated", row, reason=why, target=row.run.target)
    return won == 1


def _decide(pk: int, moment: datetime) -> bool:
    with transaction.atomic():
        rows = JobRun.objects.select_for_update().filter(pk=pk, needs_approval=None, started_at=None)
        run = next(iter(rows), None)
        if run is None or run.status not in (RunStatus.WAITING, RunStatus.READY):
            return False
        try:
            plan = Plan.from_json(run.plan or {})
        except UNREADABLE:
            endings.fail_unreadable(run, moment)
        else:
            approvals.ask(run, plan, moment)
    return True
