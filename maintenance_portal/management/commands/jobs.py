"""jobs: list the maintenance jobs, those that are due next first."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db.models import F

from maintenance_portal import answers
from maintenance_portal.cli import PortalCommand, add_json
from maintenance_portal.printing import local
from strategies.models import MaintenanceJob


class Command(PortalCommand):
    help = "List the maintenance jobs, those that are due next first."

    def add_arguments(self, parser: CommandParser) -> None:
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        order = (F("next_run").asc(nulls_last=True), "job_name", "pk")
        rows = MaintenanceJob.objects.select_related("target").order_by(*order)
        if options["json"]:
            self.answer({"jobs": [answers.of_job(job) for job in rows.iterator()]})
            return
        found = [
            (
                str(job.pk), job.job_name, job.strategy_id, job.database_name, job.target_object,
                f"{job.schedule_type_id} {job.schedule_value or ''}".strip(), local(job.next_run), job.last_status or "",
                job.quarantine_reason or job.state.label,
            )
            for job in rows
        ]  # fmt: skip
        if not found:
            self.say("There are no jobs.")
            return
        columns = ("JOB", "NAME", "STRATEGY", "TARGET", "OBJECT", "SCHEDULE", "NEXT RUN", "LAST", "STATE")
        self.say_table(columns, found)
