"""runs: list runs, the newest first."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from maintenance_portal import answers
from maintenance_portal.cli import PortalCommand, add_json, one_of, target_named
from maintenance_portal.printing import duration, local
from strategies.models import JobRun, RunStatus

SHOWN = 50


class Command(PortalCommand):
    help = "List runs, the newest first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--target", help="Only those on this database.")
        parser.add_argument("--status", help=", ".join(RunStatus.values))
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        rows = JobRun.objects.select_related("target").defer("plan").order_by("-id")
        if options["target"] is not None:
            rows = rows.filter(target=target_named("--target", options["target"]))
        if options["status"] is not None:
            rows = rows.filter(status=one_of("--status", options["status"], RunStatus.values))
        if options["json"]:
            self.answer({"runs": [answers.of_run(run) for run in rows.iterator()]})
            return
        shown = list(rows[:SHOWN])
        if not shown:
            self.say("There are no such runs.")
            return
        self.say_table(
            ("RUN", "STATUS", "STRATEGY", "TARGET", "OBJECT", "ASKED", "DURATION", "MESSAGE"),
            [
                (
                    str(run.pk),
                    run.status,
                    run.strategy_name,
                    run.target.name,
                    run.target_object,
                    local(run.created_at),
                    duration(run.duration_ms),
                    run.message,
                )
                for run in shown
            ],
        )
        if len(shown) == SHOWN and (more := rows.count() - SHOWN) > 0:
            self.say(f"... and {more} older ones; --json lists all of them.")
