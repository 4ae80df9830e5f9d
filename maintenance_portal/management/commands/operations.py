"""operations: list the operation log, the newest first."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Q
from django.utils import timezone

from maintenance_portal import answers
from maintenance_portal.cli import PortalCommand, add_json, one_of, since, target_named
from maintenance_portal.printing import duration, local, measured
from strategies.models import OperationLog, OperationStatus

SHOWN = 50


class Command(PortalCommand):
    help = "List the operation log, the newest first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--target", help="Only those on this database.")
        parser.add_argument("--status", help=", ".join(OperationStatus.values))
        parser.add_argument("--since", metavar="TIME", help="Begun since then: 2026-11-24T06:00 (UTC: add Z), 24h, 7d.")
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        rows = OperationLog.objects.select_related("target").order_by("-operation_time", "-operation_id")
        if options["target"] is not None:
            target = target_named("--target", options["target"])
            rows = rows.filter(Q(target=target) | Q(target=None) if target.is_home else Q(target=target))
        if options["status"] is not None:
            rows = rows.filter(status=one_of("--status", options["status"], OperationStatus.values))
        if options["since"] is not None:
            rows = rows.filter(operation_time__gte=since("--since", options["since"], timezone.now()))
        if options["json"]:
            self.answer({"operations": [answers.of_operation(row) for row in rows.iterator()]})
            return
        shown = list(rows[:SHOWN])
        if not shown:
            self.say("There are no such operations.")
            return
        self.say_table(
            ("ID", "RUN", "STATUS", "WHAT", "OBJECT", "TARGET", "BEGUN", "DURATION", "ROWS", "MESSAGE"),
            [
                (
                    str(row.pk),
                    str(row.run_id or ""),
                    row.status,
                    row.operation_type,
                    row.target_object or "",
                    row.target.name if row.target else "home",
                    local(row.operation_time),
                    duration(row.duration_ms),
                    measured(row.rows_processed),
                    row.message or "",
                )
                for row in shown
            ],
        )
        if len(shown) == SHOWN and (more := rows.count() - SHOWN) > 0:
            self.say(f"... and {more} older ones; --json lists all of them.")
