"""Events that people and programs announce: each job that listens runs once for it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from strategies import audit, batches, due_runs, job_definitions, settling
from strategies.audit import Actor
from strategies.batches import PASSING
from strategies.job_definitions import Definition, JobRefused
from strategies.models import Event, JobRun, MaintenanceJob, Origin, StrategyConfig, Target
from strategies.recurrence import Kind, event_name

log = logging.getLogger(__name__)

_FAILED = "The portal itself failed on this row; its log says where."
_GAVE_WAY = "The portal's database gave way before its turn: start it by hand."


@dataclass(slots=True)
class Emitted:
    """What an announcement led to: the runs that begin, and the jobs that listen but do not run for it, with the reason.

    Of those jobs only the name and the number are read.
    """

    event: Event
    runs: list[JobRun] = field(default_factory=list)
    left: list[tuple[MaintenanceJob, str]] = field(default_factory=list)


def emit(actor: Actor, name: str, moment: datetime) -> Emitted:
    """Announce an event: each job that listens to it runs once for it, whatever becomes of the others.

    They begin a batch at a time, so that others may write between. Where the database gives way in the first one, nothing is
    announced, and its error is raised; later, those that are not begun are told.
    """
    key, home = event_name(name), Target.objects.get(is_home=True)
    listening = _listening(key)
    with transaction.atomic():
        Event.objects.filter(name=key).delete()
        event = Event.objects.create(name=key, emitted_by=actor.name, emitted_at=moment)
        audit.record(actor, "event.emitted", event)  # each run is told by itself, to those who see its database
        emitted = _begin_each(actor, event, listening[: batches.SIZE], home)
    for start in range(batches.SIZE, len(listening), batches.SIZE):
        some = listening[start : start + batches.SIZE]
        try:
            with transaction.atomic():
                more = _begin_each(actor, event, some, home)
        except PASSING:
            log.exception("the event %s did not reach all that listen to it", key)
            emitted.left += [(job, _GAVE_WAY) for job in listening[start:]]
            break
        emitted.runs += more.runs
        emitted.left += more.left
    return emitted


def announced_at(name: str | None) -> datetime | None:
    """When this event was announced last; None = never."""
    return Event.objects.filter(name=event_name(name)).values_list("emitted_at", flat=True).first()


def _listening(key: str) -> list[MaintenanceJob]:
    """What people typed is compared here: no database compares it as they mean it, with capitals and spaces as they come."""
    rows = MaintenanceJob.objects.filter(schedule_type__schedule_type=Kind.EVENT_DRIVEN, is_active=True)
    return [
        job for job in rows.only("job_name", "schedule_value").order_by("pk") if event_name(job.schedule_value) == key
    ]


def _begin_each(actor: Actor, event: Event, jobs: Sequence[MaintenanceJob], home: Target) -> Emitted:
    """Raises the trouble of the database that spares none of them; it is told of those that it meets else."""
    emitted, is_one_spared = Emitted(event), False
    trouble: Exception | None = None
    for job in jobs:
        try:
            with transaction.atomic():
                emitted.runs.append(_begin(actor, event, job.pk, home))
        except PASSING as error:
            if transaction.get_rollback():  # what was begun before is lost with it
                raise
            trouble = error
            emitted.left.append((job, _GAVE_WAY))
            continue
        except JobRefused as refusal:
            emitted.left.append((job, f"{refusal.field}: {refusal}" if refusal.field else str(refusal)))
        except Exception:
            log.exception("job %s could not be begun for the event %s", job.pk, event.name)
            emitted.left.append((job, _FAILED))
        is_one_spared = True
    if trouble is not None and not is_one_spared:
        raise trouble
    return emitted


def _begin(actor: Actor, event: Event, pk: int, home: Target) -> JobRun:
    """Raises JobRefused for a job that cannot run."""
    job = MaintenanceJob.objects.select_related("target").filter(pk=pk, is_active=True).first()
    if job is None:
        raise JobRefused("", "It was switched off or deleted at this moment.")
    config, definition = _read(job, home)
    if definition.is_manual:
        raise JobRefused("", "Its configuration leaves starting to people (execution mode MANUAL).")
    at = event.emitted_at
    run = due_runs.run_of(job, config, definition, Origin.EVENT, f"event:{event.pk}:{job.pk}", at, at)
    run.asked_by = actor.name
    found = due_runs.begin(actor, run)
    MaintenanceJob.objects.filter(pk=job.pk).update(last_due=at)
    return found


def _read(job: MaintenanceJob, home: Target) -> tuple[StrategyConfig | None, Definition]:
    """What the job means. A row that no tick has read yet is judged here as the tick will. Raises JobRefused."""
    if not job.is_settled:
        ground = settling.Ground.of([job], home)
        return ground.configs.get(job.pk), ground.judge(job)
    if job.quarantined_at is not None:
        raise JobRefused("", job.quarantine_reason or "It was set aside.")
    config = job_definitions.configurations([job]).get(job.pk)
    return config, job_definitions.read(job, config, home)
