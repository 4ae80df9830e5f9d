"""emit: announce an event; each job that listens to it is run once by the portal."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from maintenance_portal import cli
from maintenance_portal.cli import BadInput, PortalCommand
from strategies import events
from strategies.audit import Actor
from strategies.recurrence import event_name

LONGEST = 100


class Command(PortalCommand):
    help = "Announce an event: each event-driven job whose schedule value is its name is run once, by the portal's workers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("event", metavar="EVENT")
        cli.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["event"]
        if not name.isprintable() or not 1 <= len(event_name(name)) <= LONGEST:
            raise BadInput("EVENT", f"expected a name in one line, of at most {LONGEST} characters")
        emitted = events.emit(Actor.of_command(), name, timezone.now())
        if options["json"]:
            self.answer(
                {
                    "event": name,
                    "runs": [{"run_id": run.pk, "job_id": run.job_id} for run in emitted.runs],
                    "left": [{"job_id": job.pk, "reason": why} for job, why in emitted.left],
                }
            )
            return
        for run in emitted.runs:
            self.say(f"Run {run.pk} of job {run.job_id} ({run.job.job_name if run.job else ''}) begins.")
        for job, why in emitted.left:
            self.say(f"Job {job.pk} ({job.job_name}) cannot run: {why}")
        if not emitted.runs and not emitted.left:
            self.say(f"No active job listens to {name}.")
