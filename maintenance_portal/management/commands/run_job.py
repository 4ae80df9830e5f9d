"""run_job: carry out a maintenance job now, in this process, as its row says; it does not wait for what it depends on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from maintenance_portal import at_once, cli, run_report
from maintenance_portal.cli import BadInput, PortalCommand
from maintenance_portal.foreground import Attendant, StopAsked
from strategies.audit import Actor
from strategies.job_definitions import JobRefused
from strategies.models import MaintenanceJob
from strategies.platforms.base import ObjectUnknown


class Command(PortalCommand):
    help = (
        "Carry out a job now in this process. Ends with 0 done, 1 not done, 2 bad input, 3 may not start now, "
        "4 goes on in the next window."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="Its name, or its number.")
        parser.add_argument("--strategy", help="Where jobs of several strategies have the name.")
        cli.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        job = _job(options["name"], options["strategy"])
        with Attendant(self.stderr) as attendant:
            try:
                run = at_once.run_job(attendant, Actor.of_command(), job)
            except JobRefused as refusal:
                raise BadInput("NAME", f"job {job.pk} cannot run: {refusal.field}: {refusal}") from None
            except ObjectUnknown as refusal:
                raise BadInput("NAME", f"job {job.pk} cannot run: target_object: {refusal}") from None
            except StopAsked:
                return run_report.end_stopped(self, is_json=options["json"])
        return run_report.end(self, run, is_json=options["json"])


def _job(name: str, strategy: str | None) -> MaintenanceJob:
    """The one job that is meant. Raises BadInput where there is none, or more than one."""
    rows = MaintenanceJob.objects.select_related("target")
    found = rows.filter(job_name=name)
    if strategy is not None:
        found = found.filter(strategy__strategy_name=strategy)
    if not found and strategy is None and name.isascii() and name.isdigit() and len(name) < 19:
        found = rows.filter(pk=int(name))
    jobs = list(found.order_by("pk")[:11])
    if not jobs:
        of = f" of {strategy}" if strategy is not None else ""
        names = MaintenanceJob.objects.values_list("job_name", flat=True)
        cli.refuse_word("NAME", f"no job{of} is named '{name}'", name, names)
    if len(jobs) > 1:
        told = ", ".join(f"{job.pk} ({job.strategy_id} on {job.target.name if job.target else 'home'})" for job in jobs)
        raise BadInput("NAME", f"several jobs are named '{name}': {told}; give the number, or --strategy")
    return jobs[0]
