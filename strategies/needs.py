"""What targets need: assessments asked for and carried out, and the findings that they keep up to date."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from strategies import audit, planner, queue
from strategies.audit import Actor
from strategies.models import Assessment, Finding, Target
from strategies.plans import Assessment as Seen
from strategies.platforms.base import NotSupported, ObjectUnknown, PlatformError


def ask_assessment(
    actor: Actor, target: Target, strategy: str, moment: datetime, *, target_object: str = "ALL", wake: bool = True
) -> Assessment:
    """Have a target looked at with one strategy and its default parameters; with `wake` a worker does it."""
    with transaction.atomic():
        assessment = Assessment.objects.create(
            target=target, strategy_name=strategy, target_object=target_object, asked_by=actor.name, asked_at=moment,
            woken_at=moment,
        )  # fmt: skip
        audit.record(actor, "assessment.asked", assessment, after={"strategy": strategy}, target=target)
        if wake:
            queue.enqueue("assess", assessment.pk)
    return assessment


def assess(assessment: Assessment) -> Seen | None:
    """Carry out an assessment and keep its findings. None = the target could not be looked at; the assessment says why."""
    now = timezone.now()
    won = Assessment.objects.filter(pk=assessment.pk, started_at__isnull=True).update(started_at=now)
    if not won:
        return None
    target = assessment.target
    try:
        seen = planner.look(target, assessment.strategy_name, assessment.target_object, assessment.parameters)
    except (PlatformError, NotSupported, ObjectUnknown) as refusal:
        keep_error(assessment, str(refusal), timezone.now())
        return None
    except Exception as bug:
        keep_error(assessment, f"The portal itself failed: {type(bug).__name__}.", timezone.now())
        raise
    keep_findings(target, assessment.strategy_name, assessment.target_object, seen, timezone.now())
    Assessment.objects.filter(pk=assessment.pk).update(
        finished_at=timezone.now(), notes=list(seen.notes), found=len(seen.findings)
    )
    assessment.refresh_from_db()
    return seen


def keep_error(assessment: Assessment, error: str, moment: datetime) -> bool:
    """The assessment ended without a result. False = it had ended already."""
    rows = Assessment.objects.filter(pk=assessment.pk, finished_at=None)
    won = rows.update(finished_at=moment, error=error[:2000]) == 1
    assessment.refresh_from_db()
    return won


def keep_findings(target: Target, strategy: str, target_object: str, seen: Seen, moment: datetime) -> None:
    """Bring the findings of a target up to date: new ones, ones seen again, and (after a look at everything) ones gone."""
    with transaction.atomic():
        known = {(row.kind, row.object): row for row in Finding.objects.filter(target=target, strategy_name=strategy)}
        for finding in seen.findings:
            values: dict[str, Any] = {
                "object_type": finding.object_type, "severity": finding.severity.value, "summary": finding.summary[:1000],
                "advice": finding.advice[:1000], "evidence": dict(finding.evidence), "last_seen_at": moment,
            }  # fmt: skip
            row = known.pop((finding.kind, finding.object[:500]), None)
            if row is None:
                Finding.objects.create(
                    target=target, strategy_name=strategy, kind=finding.kind, object=finding.object[:500],
                    first_seen_at=moment, **values,
                )  # fmt: skip
                continue
            if row.gone_at is not None:
                values |= {"gone_at": None, "first_seen_at": moment}
            Finding.objects.filter(pk=row.pk).update(**values)
        if target_object.upper().startswith("ALL"):
            gone = [row.pk for row in known.values() if row.gone_at is None]
            for start in range(0, len(gone), 500):  # Oracle takes at most 1000 expressions in a list
                Finding.objects.filter(pk__in=gone[start : start + 500]).update(gone_at=moment)
