"""Who said yes or no to work in the days of a report: approvals, standing ones that were used, and break-glass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.db.models import Count, QuerySet, Window

from monitoring.grounds import Chosen
from monitoring.report_rows import Consents, Glass, Question, Said, Some, Span
from strategies.glass import VALID_FOR
from strategies.models import Approval, ApprovalState, ApprovalWord, BreakGlass, Target, User, Verdict
from strategies.sentences import sentences

T = TypeVar("T")


def consents(user: User, chosen: Chosen, span: Span, most: int) -> Consents:
    """The latest `most` of each. Five queries."""
    return Consents(
        given=_some(words(user, chosen, span, Verdict.APPROVE).order_by("-given_at", "-pk"), said, most),
        sent_back=_some(words(user, chosen, span, Verdict.SEND_BACK).order_by("-given_at", "-pk"), said, most),
        expired=_some(expired(user, chosen, span).order_by("-decided_at", "-pk"), unanswered, most),
        standing=_some(standing(user, chosen, span).order_by("-asked_at", "-pk"), given_ahead, most),
        glasses=_some(glasses(user, chosen, span).order_by("-used_at", "-pk"), broken, most),
    )


def _some(rows: QuerySet[Any], told: Callable[[Any], T], most: int) -> Some[T]:
    found = list(rows.annotate(of=Window(Count("pk")))[:most])
    return Some(tuple(told(row) for row in found), found[0].of if found else 0)


# What each list has, also as a whole. What lies in the days is found by its own index.


def words(user: User, chosen: Chosen, span: Span, verdict: Verdict) -> QuerySet[ApprovalWord]:
    within = ApprovalWord.objects.filter(given_at__gte=span.since, given_at__lt=span.until)
    rows = ApprovalWord.objects.filter(pk__in=_keys(within), verdict=verdict)
    rows = rows.filter(approval__run__target__in=_targets(user, chosen)).select_related("approval__run__target")
    return rows.defer("approval__sealed", "approval__run__plan", "approval__run__target__facts")


def expired(user: User, chosen: Chosen, span: Span) -> QuerySet[Approval]:
    within = Approval.objects.filter(decided_at__gte=span.since, decided_at__lt=span.until)
    return _approvals(user, chosen, within).filter(state=ApprovalState.EXPIRED)


def standing(user: User, chosen: Chosen, span: Span) -> QuerySet[Approval]:
    """Runs for which a standing approval was taken in these days, also where it came to nothing."""
    within = Approval.objects.filter(asked_at__gte=span.since, asked_at__lt=span.until)
    return _approvals(user, chosen, within).filter(standing__isnull=False).select_related("standing")


def glasses(user: User, chosen: Chosen, span: Span) -> QuerySet[BreakGlass]:
    """Those on which a run started in these days: by the index on their ends, since each ends some hours after it was asked for."""
    within = BreakGlass.objects.filter(
        ends_at__gte=span.since, ends_at__lt=span.until + VALID_FOR + timedelta(seconds=1)
    )
    rows = BreakGlass.objects.filter(pk__in=_keys(within), used_at__gte=span.since, used_at__lt=span.until)
    return rows.filter(run__target__in=_targets(user, chosen)).select_related("run__target").defer("run__plan")


def _approvals(user: User, chosen: Chosen, within: QuerySet[Approval]) -> QuerySet[Approval]:
    rows = Approval.objects.filter(pk__in=_keys(within), run__target__in=_targets(user, chosen))
    return rows.select_related("run__target").defer("sealed", "run__plan", "run__target__facts")


def _targets(user: User, chosen: Chosen) -> QuerySet[Target, Any]:
    return chosen.targets(user).order_by().values("pk")


def _keys(rows: QuerySet[Any]) -> QuerySet[Any, Any]:
    return rows.order_by().values("pk")


# What is told of each.


def said(word: ApprovalWord) -> Said:
    approval = word.approval
    run = approval.run
    return Said(
        word.person, word.instead_of, word.given_at, word.level + 1, max(len(approval.levels), word.level + 1), approval.pk, run.pk,
        run.strategy_name, run.target.name, word.comment,
    )  # fmt: skip


def unanswered(approval: Approval) -> Question:
    run = approval.run
    return Question(
        approval.pk, approval.decided_at or approval.not_after, run.pk, run.strategy_name, run.target.name
    )  # fmt: skip


def given_ahead(approval: Approval) -> Question:
    run = approval.run
    who = approval.standing.granted_by if approval.standing is not None else ""
    return Question(approval.pk, approval.asked_at, run.pk, run.strategy_name, run.target.name, who)


def broken(glass: BreakGlass) -> Glass:
    run = glass.run
    overrode = tuple(sentences(reason["sentence"]) for reason in glass.overrode)
    used_at = glass.used_at or glass.ends_at
    return Glass(
        run.pk, run.strategy_name, run.target.name, used_at, glass.asked_by, glass.second, glass.reason, overrode
    )
