"""import_partition_framework: take the older, partition-specific framework over, from a database or from CSV files."""

from __future__ import annotations

import zoneinfo
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from maintenance_portal.cli import BadInput, Exit, PortalCommand, add_json, target_named
from maintenance_portal.foreground import Attendant
from strategies.audit import Actor
from strategies.models import FrameworkImport, Target
from strategies.partition_framework import files as csv_files
from strategies.partition_framework import imports
from strategies.partition_framework.files import Files
from strategies.partition_framework.imports import Asked
from strategies.partition_framework.report import Report
from strategies.partition_framework.tables import ImportRefused

SHOWN = 50  # remarks; all that are kept stand in the JSON and on the page


class Command(PortalCommand):
    help = "Take the older, partition-specific framework over: configurations, jobs (switched off) and the history."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="The database that it looks after.")
        parser.add_argument(
            "--schema", default="", help="Whose tables they are (default: the only ones that are seen)."
        )
        parser.add_argument(
            "--files", metavar="PATH", help="A folder or ZIP with three CSV files, instead of the database."
        )
        parser.add_argument("--time-zone", help="Of times that name none (default: that of the database).")
        parser.add_argument("--dry-run", action="store_true", help="Show what would become of each row; keep nothing.")
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        target = target_named("NAME", options["name"])
        zone = options["time_zone"] or target.time_zone
        if zone not in zoneinfo.available_timezones():
            raise BadInput("--time-zone", f"'{zone}' is no IANA time zone like Europe/Vienna")
        with ExitStack() as stack:
            files = None
            if options["files"] is not None:
                files = _files(options["files"], stack)
            row = self._import(target, options, zone, files)
        report = Report.of(row.report)
        if options["json"]:
            self.answer(_answer(row, report))
        else:
            self._tell(row, report)
        self.end(Exit.BAD if row.error else Exit.GOOD)

    def _import(self, target: Target, options: dict[str, Any], zone: str, files: Files | None) -> FrameworkImport:
        try:
            schema = imports.schema_of(target, options["schema"].strip(), is_of_files=files is not None)
        except ImportRefused as refusal:
            raise BadInput("--schema", str(refusal)) from None
        asked = Asked(target, schema, zone, options["dry_run"], options["files"] or "")
        try:
            row = imports.ask(Actor.of_command(), asked, timezone.now(), wake=False)
        except ImportRefused as refusal:
            raise BadInput("NAME", str(refusal)) from None
        with Attendant(self.stderr) as attendant:
            attendant.wait(
                lambda: imports.carry_out(row, timezone.now, files=files, is_asked_to_stop=lambda: attendant.is_asked),
                progress=lambda: f"Reading {target.name}: {_read(row):,} rows",
                stop=lambda: True,  # the import itself ends before its next batch
            )
        row.refresh_from_db()
        return row

    def _tell(self, row: FrameworkImport, report: Report) -> None:
        self.say(f"{row.target}, {row.file_name or 'read from the database'}, schema {row.schema or 'not found'}:")
        counts = [
            (name, *(f"{n:,}" for n in (one.read, one.added, one.changed, one.same, one.left, one.gone, one.left_out)))
            for name, _, one in report.rows
        ]
        self.say_table(("TABLE", "READ", "ADDED", "CHANGED", "SAME", "LEFT", "GONE", "LEFT OUT"), counts)
        if report.remarks:
            listed = [(one.table, one.row, one.column, one.what, one.why) for one in report.remarks[:SHOWN]]
            self.say_table(("TABLE", "ROW", "COLUMN", "WHAT", "WHY"), listed)
        if (more := report.remark_count - min(len(report.remarks), SHOWN)) > 0:
            self.say(f"And {more:,} more; see --json, or the page of import {row.pk}.")
        for sentence in report.sentences:
            self.say(sentence)
        if row.error:
            self.stderr.write(row.error)
        elif row.is_dry:
            self.say("Nothing was kept: this was a dry run.")


def _files(typed: str, stack: ExitStack) -> Files:
    """Raises BadInput."""
    path = Path(typed)
    try:
        is_folder = path.is_dir()
        found = csv_files.in_folder(path) if is_folder else csv_files.in_archive(stack.enter_context(path.open("rb")))
        found.check()
    except OSError as error:
        raise BadInput("--files", f"{typed} cannot be read: {error.strerror or 'it is no file'}") from None
    except ImportRefused as refusal:
        raise BadInput("--files", str(refusal)) from None
    return found


def _read(row: FrameworkImport) -> int:
    """How many rows so far, as the work keeps it."""
    return Report.of(FrameworkImport.objects.values_list("report", flat=True).get(pk=row.pk)).totals.read


def _answer(row: FrameworkImport, report: Report) -> dict[str, Any]:
    return {
        "import_id": row.pk,
        "target": row.target.name,
        "schema": row.schema,
        "from": row.file_name or "database",
        "is_dry_run": row.is_dry,
        "error": row.error or None,
        "tables": {name: asdict(tally) for name, _, tally in report.rows},
        "remarks": [asdict(remark) for remark in report.remarks],
        "remark_count": report.remark_count,
        "active_jobs": report.active_jobs,
        "past_retention": report.past_retention,
        "retention_days": report.retention_days,
    }
