"""export_operations: write rows of the operation log as CSV; they stay in the log."""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import QuerySet

from maintenance_portal import cli
from maintenance_portal.cli import BadInput, PortalCommand
from monitoring.expiry import start_of
from monitoring.exports import export_logs_to_csv
from strategies.models import OperationLog, OperationStatus


class Command(PortalCommand):
    help = "Write rows of the operation log as CSV, oldest first, to standard output or a new file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", help="A new file; without it, standard output.")
        parser.add_argument("--from", dest="first", metavar="DATE", help="The first day (UTC).")
        parser.add_argument("--until", dest="last", metavar="DATE", help="The last day (UTC).")
        parser.add_argument("--strategy", help="Only rows of this strategy.")
        parser.add_argument("--status", help=", ".join(OperationStatus.values))

    def handle(self, *args: Any, **options: Any) -> None:
        rows = _between(cli.day("--from", options["first"]), cli.day("--until", options["last"]))
        if options["strategy"] is not None:
            rows = rows.filter(strategy_name=options["strategy"])
        if options["status"] is not None:
            rows = rows.filter(status=cli.one_of("--status", options["status"], OperationStatus.values))
        if options["file"] is None:
            export_logs_to_csv(rows, self.stdout)
            return
        try:
            new = os.open(options["file"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as refusal:
            raise BadInput("--file", refusal.strerror or str(refusal)) from None
        with open(new, "w", encoding="utf-8", newline="") as stream:
            count = export_logs_to_csv(rows, stream)
        self.say(f"{count:,} {'row is' if count == 1 else 'rows are'} written to {options['file']}.")


def _between(first: date | None, last: date | None) -> QuerySet[OperationLog]:
    rows = OperationLog.objects.all()
    if first is not None:
        rows = rows.filter(operation_time__gte=start_of(first))
    return rows if last is None else rows.filter(operation_time__lt=start_of(last + timedelta(days=1)))
