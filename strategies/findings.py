"""The findings of targets, brought up to date by what looks saw and what the checks of runs found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from strategies import runs
from strategies.assessments import Assessment
from strategies.assessments import Finding as Need
from strategies.models import Assessment as Looks
from strategies.models import Finding, JobRun, OperationLog, OperationStatus, Target
from strategies.plans import Step
from strategies.platforms.base import EVERYTHING

_SETTLED = (OperationStatus.SUCCESS, OperationStatus.INFO)  # done, or no longer needed by what the target says
_SEEN = ("object_type", "severity", "summary", "advice", "evidence", "first_seen_at", "last_seen_at", "gone_at")


def is_everything(target_object: str) -> bool:
    """Whether a look that was asked for with this object was at all there is."""
    return target_object.strip().upper() in EVERYTHING


def key_of(need: Need) -> tuple[str, str]:
    """What tells one finding of a target's strategy from another, as it is kept: its kind and its object."""
    return need.kind, need.object[:500]


def keep_seen(target: Target, strategy: str, target_object: str, seen: Assessment, moment: datetime) -> bool:
    """Bring the findings of a target up to date: new ones, ones seen again, and (after a look at everything) ones gone.

    `moment` is when the look began; where a later one at everything has been kept already, that one stands.
    False = the target has another address by now: what was seen is of another database.
    What only a check can tell is not gone because a look does not see it, as long as what was checked is there; nor is what
    the account may no longer see.
    """
    stands = {*map(key_of, seen.checks), *((kind, name[:500]) for kind, name in seen.unchecked)}
    with transaction.atomic():
        if not _is_there(target):
            return False
        later = Looks.objects.answered().filter(target=target, strategy_name=strategy, started_at__gt=moment)
        if later.filter(target_object__in=EVERYTHING).exists():
            return True
        unseen = _keep(target, strategy, seen.findings, moment)
        if is_everything(target_object):
            gone = [
                row.pk
                for row in unseen
                if row.gone_at is None and stands.isdisjoint({(row.kind, row.object), (row.kind, "")})
            ]
            _set_gone(gone, moment)
    return True


def _is_there(target: Target) -> bool:
    """Whether its address is the one that was used. Of two that keep what they saw at once, one waits here for the other."""
    now = Target.objects.select_for_update().get(pk=target.pk)
    return (now.platform, now.url) == (target.platform, target.url)


def _set_gone(keys: Sequence[int], moment: datetime) -> None:
    for start in range(0, len(keys), 500):  # Oracle takes at most 1000 expressions in a list
        Finding.objects.filter(pk__in=keys[start : start + 500], gone_at=None).update(gone_at=moment)


def _keep(target: Target, strategy: str, found: Sequence[Need], moment: datetime) -> list[Finding]:
    """Write these findings; the rows of all others."""
    known = {(row.kind, row.object): row for row in Finding.objects.filter(target=target, strategy_name=strategy)}
    new, again = [], []
    for finding in found:
        row = known.pop(key_of(finding), None)
        if row is None:
            row = Finding(
                target=target,
                strategy_name=strategy,
                kind=finding.kind,
                object=finding.object[:500],
                first_seen_at=moment,
            )
            new.append(row)
        else:
            if row.gone_at is not None:
                row.gone_at, row.first_seen_at = None, moment
            again.append(row)
        row.object_type, row.severity, row.last_seen_at = finding.object_type, finding.severity.value, moment
        row.summary, row.advice = finding.summary[:1000], finding.advice[:1000]
        row.evidence = dict(finding.evidence)
    Finding.objects.bulk_create(new, batch_size=500)
    Finding.objects.bulk_update(again, _SEEN, batch_size=100)
    return list(known.values())


def keep_checked(run: JobRun, moment: datetime) -> set[tuple[str, str]]:
    """Keep what the checks of a run found, by its rows in the log; a check that was clean ends what one no more thorough found.

    Returns what its steps have settled, by kind and object: told by a check, clean or not, or met.
    """
    steps = {step.key: step for step in runs.plan_of(run).steps}
    rows = run.operations.filter(step_key__isnull=False).order_by("operation_id")
    last = {row.step_key: row for row in rows if row.step_key in steps}
    ended = [(steps[key], row.status) for key, row in last.items() if row.status in _SETTLED]
    found = [finding for row in last.values() if (finding := _found(row)) is not None]
    if any(step.is_check for step in steps.values()):
        _keep_told(run, found, [(step, status) for step, status in ended if step.is_check], moment)
    return {*(_finding_of(step) for step, _ in ended), *map(key_of, found)}


def _keep_told(run: JobRun, found: Sequence[Need], ended: Sequence[tuple[Step, str]], moment: datetime) -> None:
    with transaction.atomic():
        if not _is_there(run.target):
            return
        _keep(run.target, run.strategy_name, found, moment)
        open_ = Finding.objects.current().filter(target=run.target, strategy_name=run.strategy_name)
        current = {(row.kind, row.object): row for row in open_}
        checked = ((step, status, current.get(_finding_of(step))) for step, status in ended)
        _set_gone([row.pk for step, status, row in checked if row is not None and _is_over(row, step, status)], moment)


def _finding_of(step: Step) -> tuple[str, str]:
    """Kind and object of the finding that a check may bring, or that a step is to meet."""
    return step.check.get("finds") or step.check.get("kind", ""), step.object[:500]


def _is_over(finding: Finding, step: Step, status: str) -> bool:
    """Whether what was found before is over, by how a check ended: its object is gone, or it was clean and no less thorough."""
    if status == OperationStatus.INFO:
        return True
    looked_at = finding.evidence.get("looks_at") if isinstance(finding.evidence, dict) else None
    return not isinstance(looked_at, list) or set(map(str, looked_at)) <= set(step.check.get("looks_at", ()))


def _found(row: OperationLog) -> Need | None:
    """None where nothing was found, or where somebody typed over it."""
    try:
        return Need.from_json(row.strategy_context["found"])
    except (KeyError, TypeError, ValueError):
        return None
