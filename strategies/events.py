"""Events that people and programs announce: each job that listens runs once for it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from strategies import audit, due_runs, job_definitions, settling
from strategies.audit import Actor
from strategies.batches import PASSING
from strategies.job_definitions import JobRefused
from strategies.models import Event, JobRun, MaintenanceJob, Origin, StrategyConfig, Target
from strategies.recurrence import Kind, event_name

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Emitted:
    """What an announcement led to: the runs that begin, and the jobs that listen but cannot run, with the reason."""

    event: Event
    runs: tuple[JobRun, ...]
    left: tuple[tuple[MaintenanceJob, str], ...]


def emit(actor: Actor, name: str, moment: datetime) -> Emitted:
    """Announce an event: each job that listens to it runs once for it, whatever becomes of the others."""
    settling.settle(moment)
    key = event_name(name)
    listening = _listening(key)
    home, configs = Target.objects.get(is_home=True), job_definitions.configurations(listening)
    begun, left = [], []
    with transaction.atomic():
        Event.objects.filter(name=key).delete()
        event = Event.objects.create(name=key, emitted_by=actor.name, emitted_at=moment)
        audit.record(actor, "event.emitted", event)  # each run is told by itself, to those who see its database
        for job in listening:
            try:
                with transaction.atomic():
                    begun.append(_begin(actor, event, job, configs.get(job.pk), home))
            except JobRefused as refusal:
                left.append((job, f"{refusal.field}: {refusal}" if refusal.field else str(refusal)))
            except PASSING:
                raise
            except Exception:
                log.exception("job %s could not be begun for the event %s", job.pk, key)
                left.append((job, "The portal itself failed on this row; its log says where."))
    return Emitted(event, tuple(begun), tuple(left))


def announced_at(name: str | None) -> datetime | None:
    """When this event was announced last; None = never."""
    return Event.objects.filter(name=event_name(name)).values_list("emitted_at", flat=True).first()


def _listening(key: str) -> list[MaintenanceJob]:
    """What people typed is compared here: no database compares it as they mean it, with capitals and spaces as they come."""
    rows = MaintenanceJob.objects.filter(schedule_type__schedule_type=Kind.EVENT_DRIVEN, is_active=True)
    found = [pk for pk, value in rows.values_list("pk", "schedule_value") if event_name(value) == key]
    by_key = MaintenanceJob.objects.select_related("target").in_bulk(found)
    return [by_key[pk] for pk in sorted(by_key)]


def _begin(
    actor: Actor, event: Event, job: MaintenanceJob, config: StrategyConfig | None, home: Target
) -> JobRun:  # fmt: skip
    """Raises JobRefused for a job that cannot run."""
    if job.quarantined_at is not None:
        raise JobRefused("", job.quarantine_reason or "It was set aside.")
    definition = job_definitions.read(job, config, home)
    if definition.is_manual:
        raise JobRefused("", "Its configuration leaves starting to people (execution mode MANUAL).")
    at = event.emitted_at
    run = due_runs.run_of(job, config, definition, Origin.EVENT, f"event:{event.pk}:{job.pk}", at, at)
    run.asked_by = actor.name
    found = due_runs.begin(actor, run)
    MaintenanceJob.objects.filter(pk=job.pk).update(last_due=at)
    return found
