"""What targets need: assessments asked for and carried out, and what they found, counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.utils import timezone

from strategies import audit, findings, planner, queue, registry
from strategies.assessments import Assessment as Seen
from strategies.assessments import Finding as Need
from strategies.assessments import Severity
from strategies.audit import PORTAL, Actor
from strategies.models import Assessment, Finding, JobRun, Target
from strategies.plans import Step
from strategies.platforms.base import NotSupported, ObjectUnknown, PlatformError


class TargetNotReady(ValueError):
    """Looking at this target now could only fail; the text says why, and what comes first."""


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


def ask_assessments(actor: Actor, target: Target, strategies: Sequence[str], moment: datetime) -> list[Assessment]:
    """Ask for each of these strategies that is not waiting for an answer already. Raises TargetNotReady."""
    if not target.is_active:
        raise TargetNotReady(f"{target.name} is switched off in the portal; switch it on first.")
    if target.stopped_at is not None:
        raise TargetNotReady(f"{target.name} refused the sign-in; correct the account, then check it again first.")
    with transaction.atomic():
        open_ = set(target.assessments.filter(finished_at=None).values_list("strategy_name", flat=True))
        return [ask_assessment(actor, target, name, moment) for name in strategies if name not in open_]


def assess(assessment: Assessment, *, limit_seconds: float | None = None) -> Seen | None:
    """Carry out an assessment, for so long at most, and keep its findings.

    None = the target could not be looked at; the assessment says why.
    """
    now = timezone.now()
    won = Assessment.objects.filter(pk=assessment.pk, started_at__isnull=True).update(started_at=now)
    if not won:
        return None
    target = assessment.target
    try:
        seen = planner.look(
            target,
            assessment.strategy_name,
            assessment.target_object,
            assessment.parameters,
            limit_seconds=limit_seconds,
        )
    except (PlatformError, NotSupported, ObjectUnknown) as refusal:
        keep_error(assessment, str(refusal), timezone.now())
        return None
    except Exception as bug:
        keep_error(assessment, f"The portal itself failed: {type(bug).__name__}.", timezone.now())
        raise
    with transaction.atomic():
        is_kept = findings.keep_seen(target, assessment.strategy_name, assessment.target_object, seen, now)
        if is_kept:
            Assessment.objects.filter(pk=assessment.pk).update(
                finished_at=timezone.now(),
                notes=list(seen.notes),
                found=len(seen.findings),
                checks_left=len(seen.checks),
            )
    if not is_kept:
        keep_error(assessment, "Its address was changed while it was looked at. Ask again.", timezone.now())
        return None
    assessment.refresh_from_db()
    return seen


def notes(given: Sequence[str], checks_left: int) -> list[str]:
    """The notes of a look, with how much it leaves to a run, so that no findings do not read as proof."""
    if not checks_left:
        return list(given)
    due = "1 check is" if checks_left == 1 else f"{checks_left} checks are"
    return [*given, f"{due} left to a run: only reading everything tells whether it is sound."]


def keep_error(assessment: Assessment, error: str, moment: datetime) -> bool:
    """The assessment ended without a result. False = it had ended already."""
    rows = Assessment.objects.filter(pk=assessment.pk, finished_at=None)
    won = rows.update(finished_at=moment, error=error[:2000]) == 1
    assessment.refresh_from_db()
    return won


def keep_look(run: JobRun, seen: Seen, settled: Collection[tuple[str, str]], moment: datetime) -> None:
    """Keep what a run saw at its end as an assessment, if it looked at everything with the parameters that assessments have.

    `settled` is what its own steps have checked or met, by kind and object of the finding: that is not left to another run, and
    what was found of it before does not stand because a look cannot tell.
    """
    known = registry.routines().get(run.strategy_name)
    defaults = known.read_parameters({}).model_dump(mode="json") if known is not None else None
    if not findings.is_everything(run.target_object) or run.parameters != defaults:
        return
    seen = replace(seen, unchecked=tuple(one for one in seen.unchecked if one not in settled))
    left = {findings.key_of(check) for check in seen.checks}.difference(settled)
    with transaction.atomic():
        if findings.keep_seen(run.target, run.strategy_name, run.target_object, seen, moment):
            Assessment.objects.create(
                target=run.target, strategy_name=run.strategy_name, target_object=run.target_object.strip().upper(),
                asked_by=PORTAL.name, asked_at=moment, started_at=moment, finished_at=moment, notes=list(seen.notes),
                found=len(seen.findings), checks_left=len(left),
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class TargetNeeds:
    """A target, with how many open findings it has of each severity.

    `is_assessed` says whether a look at it ever came to its end: without one, no findings say nothing.
    """

    target: Target
    critical: int = 0
    warning: int = 0
    info: int = 0
    is_assessed: bool = False

    @property
    def count(self) -> int:
        return self.critical + self.warning + self.info

    @property
    def sentence(self) -> str:
        """Like `2 critical, 1 warning`."""
        warnings = "warning" if self.warning == 1 else "warnings"
        counts = ((self.critical, "critical"), (self.warning, warnings), (self.info, "for information"))
        none = "no open findings" if self.is_assessed else "not assessed yet"
        return ", ".join(f"{n} {words}" for n, words in counts if n) or none


def is_assessed() -> Exists:
    """A condition on targets: a look at the database that it is now came to its end, with whatever strategy."""
    return Exists(Assessment.objects.answered().of_this_database().filter(target=OuterRef("pk")))


def needs_of(targets: Sequence[Target]) -> list[TargetNeeds]:
    """What these targets need, in their order; two queries, whatever the number of findings."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    current = Finding.objects.current().order_by().filter(target__in=targets)
    for target, severity, n in current.values_list("target", "severity").annotate(n=Count("pk")):
        found[target][severity] = n
    rows = Target.objects.filter(is_assessed(), pk__in=[target.pk for target in targets])
    assessed = set(rows.order_by().values_list("pk", flat=True))
    return [TargetNeeds(target, **found[target.pk], is_assessed=target.pk in assessed) for target in targets]


def remedy(finding: Finding) -> tuple[Step, ...] | None:
    """What a run would do about this finding alone, as it was seen: () = a person has to decide, None = that cannot be told.

    Pure but for what is loaded already: the finding's target.
    """
    try:
        concern = registry.concern(finding.target.platform, finding.strategy_name)
        parameters = registry.routines()[finding.strategy_name].read_parameters({})
        need = Need(
            finding.kind, finding.object, finding.object_type, Severity(finding.severity), finding.summary, finding.advice,
            finding.evidence,
        )  # fmt: skip
        return tuple(concern.steps([need], parameters))
    except (NotSupported, KeyError, TypeError, ValueError):  # seen by another version of the portal
        return None
