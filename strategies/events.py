"""Events that people and programs announce: each job that listens runs once for it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from strategies import audit, batches, due_runs, job_definitions, settling
from strategies.audit import Actor
from strategies.batches import PASSING, Budget
from strategies.job_definitions import Definition, JobRefused
from strategies.models import Event, JobRun, MaintenanceJob, Origin, StrategyConfig, Target
from strategies.recurrence import Kind, event_name

log = logging.getLogger(__name__)

_FAILED = "The portal itself failed on this row; its log says where."
_GAVE_WAY = "The portal's database gave way before its turn: start it by hand."
_LATER = "It has its turn within minutes, by the portal's clock."
# So long whoever announced an event is thought to be at it still; then the tick goes on with the jobs that are left.
_IS_LEFT_AFTER = timedelta(minutes=1)


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
    announced, and its error is raised; later, or where this process dies, the tick goes on with those that are left.
    """
    key, home = event_name(name), Target.objects.get(is_home=True)
    listening = _listening(key)
    with transaction.atomic():
        Event.objects.filter(name=key).delete()
        event = Event.objects.create(name=key, emitted_by=actor.name, emitted_at=moment)
        audit.record(actor, "event.emitted", event)  # each run is told by itself, to those who see its database
        some, later = listening[: batches.SIZE], listening[batches.SIZE :]
        emitted = _begin_each(actor, event, some, home)
        _leave(event, later)
    event.first_left = _first(later)
    emitted.left += [(job, _LATER) for job in _begin_left(actor, event, later, home, emitted)]
    return emitted


def go_on(moment: datetime, budget: Budget | None = None) -> int:
    """Begin what listened to events whose announcement was broken off, and is left. How many jobs had their turn."""
    count = 0
    for event in Event.objects.filter(first_left__isnull=False, emitted_at__lte=moment - _IS_LEFT_AFTER).order_by("pk"):
        jobs = [job for job in _listening(event.name) if (event.first_left or 0) <= job.pk <= (event.last_left or 0)]
        if not jobs:
            _leave(event, [])
            continue
        log.warning("the event %s did not reach %s jobs at once; they have their turn now", event.name, len(jobs))
        emitted = Emitted(event)
        _begin_left(Actor(event.emitted_by), event, jobs, Target.objects.get(is_home=True), emitted, budget)
        for job, why in emitted.left:
            log.warning("job %s does not run for the event %s: %s", job.pk, event.name, why)
        count += len(emitted.runs) + len(emitted.left)
    return count


def _begin_left(
    actor: Actor, event: Event, jobs: Sequence[MaintenanceJob], home: Target, emitted: Emitted, budget: Budget | None = None
) -> Sequence[MaintenanceJob]:  # fmt: skip
    """Give the jobs that are left their turn, a batch at a time, until somebody else does or the time is spent; the rest of them."""
    for start in range(0, len(jobs), batches.SIZE):
        end = start + batches.SIZE
        try:
            with transaction.atomic():
                if batches.is_spent(budget) or not _leave(event, jobs[end:]):
                    return jobs[start:]
                more = _begin_each(actor, event, jobs[start:end], home)
            event.first_left = _first(jobs[end:])
        except PASSING:
            log.exception("the event %s did not reach all that listen to it", event.name)
            return jobs[start:]
        emitted.runs += more.runs
        emitted.left += more.left
    return ()


def _leave(event: Event, jobs: Sequence[MaintenanceJob]) -> bool:
    """Note which jobs are left, before the others begin; whether nobody else was quicker. Kept only with what begins."""
    rows = Event.objects.filter(pk=event.pk, first_left=event.first_left)
    return bool(rows.update(first_left=_first(jobs), last_left=jobs[-1].pk if jobs else None))


def _first(jobs: Sequence[MaintenanceJob]) -> int | None:
    return jobs[0].pk if jobs else None


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
