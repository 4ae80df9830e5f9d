"""Reads jobs that are new or were changed, by whatever way: computes when they are due, or sets them aside with the reason."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from strategies import audit, endings, job_definitions
from strategies.audit import PORTAL
from strategies.dependencies import cycle, parse_jobs, parse_names
from strategies.job_definitions import JobRefused
from strategies.job_facts import BY_ITSELF
from strategies.models import MaintenanceJob, StrategyConfig, Target

log = logging.getLogger(__name__)

AT_ONCE = 500  # jobs dealt with in one tick; the rest has its turn in the next


def settle(moment: datetime) -> int:
    """Read rows that are new or were changed: compute when they are due, or set them aside with the reason. How many."""
    rows = list(MaintenanceJob.objects.unsettled().order_by("pk")[:AT_ONCE])
    if not rows:
        return 0
    home = Target.objects.get(is_home=True)
    for job in rows:
        try:
            _settle(job.pk, home, moment)
        except Exception:
            log.exception("job %s could not be settled", job.pk)
            quarantine(job, "The portal itself failed on this row; its log says where.", moment)
    reconsider(Q(depends_on_jobs__isnull=False) & ~Q(pk__in=[job.pk for job in rows]))
    return len(rows)


def _settle(pk: int, home: Target, moment: datetime) -> None:
    with transaction.atomic():
        job = MaintenanceJob.objects.select_for_update(of=("self",)).select_related("target").get(pk=pk)
        _withdraw_planned(job, moment)
        config = job_definitions.configurations([job]).get(job.pk)
        try:
            definition = job_definitions.read(job, config, home)
            refuse_cycles(job, config)
        except JobRefused as refusal:
            quarantine(job, f"{refusal.field}: {refusal}", moment)
            return
        next_run = job.next_run if job.is_active else None
        if job.is_active and next_run is None and not definition.is_manual:
            next_run = definition.recurrence.next_due(moment)
        MaintenanceJob.objects.filter(pk=job.pk).update(
            is_settled=True, next_run=next_run, prepared_for=None, quarantined_at=None, quarantine_reason=None
        )
        if job.quarantined_at is not None:
            audit.record(PORTAL, "job.readmitted", job, before={"reason": job.quarantine_reason}, target=job.target)


def _withdraw_planned(job: MaintenanceJob, moment: datetime) -> None:
    """What was planned ahead was planned for what the job was before; of one that was switched off nothing begins any more."""
    waiting = job.runs.filter(origin__in=BY_ITSELF, started_at=None, finished_at=None)
    if job.is_active:
        waiting = waiting.filter(due_at__gt=moment)
    for run in waiting.select_related("target"):
        endings.withdraw(run, "the job was changed." if job.is_active else "the job was switched off.", moment)


def quarantine(job: MaintenanceJob, reason: str, moment: datetime) -> None:
    """Set a job aside: nothing of it starts by itself until its row is changed, or the portal starts anew."""
    with transaction.atomic():
        MaintenanceJob.objects.filter(pk=job.pk).update(
            is_settled=True, next_run=None, prepared_for=None, quarantine_reason=reason[:1000],
            quarantined_at=job.quarantined_at or moment,
        )  # fmt: skip
        if job.quarantine_reason != reason[:1000]:
            audit.record(PORTAL, "job.quarantined", job, reason=reason[:500], target=job.target)


def reconsider(which: Q | None = None) -> int:
    """Have jobs that were set aside looked at again by the next tick: what they lacked may be there now."""
    rows = MaintenanceJob.objects.filter(which or Q(), is_settled=True, quarantined_at__isnull=False)
    return rows.update(is_settled=False)


def refuse_cycles(job: MaintenanceJob, config: StrategyConfig | None) -> None:
    """Raises JobRefused where the job depends on itself, by whatever way, or on a job that there is not."""
    known: dict[int | str, Sequence[int | str]] = {}

    def nexts(node: int | str) -> Sequence[int | str]:
        if node == job.pk:
            return [entry.job for entry in parse_jobs(job.depends_on_jobs)]
        if node not in known:
            text = MaintenanceJob.objects.filter(pk=node).values_list("depends_on_jobs", flat=True).first()
            try:
                known[node] = [entry.job for entry in parse_jobs(text)]
            except ValueError:
                known[node] = []
        return known[node]

    wanted = [entry.job for entry in parse_jobs(job.depends_on_jobs)]
    there = set(MaintenanceJob.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if missing := [number for number in wanted if number not in there]:
        raise JobRefused("depends_on_jobs", f"There is no job {missing[0]}.")
    if way := cycle(job.pk, nexts):
        raise JobRefused("depends_on_jobs", f"The jobs wait for each other: {' → '.join(map(str, way))}.")
    if config is not None:
        _refuse_cycle_of_strategies(config)


def _refuse_cycle_of_strategies(config: StrategyConfig) -> None:
    """On one database a strategy must not wait for itself."""
    if not parse_names(config.depends_on_strategies):
        return
    edges: dict[int | str, list[int | str]] = {}
    for other in StrategyConfig.objects.filter(is_active=True, target=config.target_id):
        edges.setdefault(other.strategy_id, []).extend(parse_names(other.depends_on_strategies))
    if way := cycle(config.strategy_id, lambda node: edges.get(node, [])):
        raise JobRefused("depends_on_strategies", f"The strategies wait for each other: {' → '.join(map(str, way))}.")
