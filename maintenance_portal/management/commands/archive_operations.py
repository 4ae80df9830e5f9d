"""archive_operations: move rows of the operation log to a table beside it, or to a file in the data folder."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from maintenance_portal import cli
from maintenance_portal.cli import BadInput, Exit, PortalCommand
from monitoring import archives, retention
from monitoring.archive_files import ArchiveRefused, NotWhole
from strategies.audit import Actor

_ARGUMENTS = {"archive_table": "--table", "file_name": "--file", "start_date": "--from", "end_date": "--until"}


class Command(PortalCommand):
    help = "Move ended rows of the operation log to an archive: copied, looked at again, and only then deleted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--table", default="", help="A table in the portal's database; made where there is none.")
        parser.add_argument("--file", default="", metavar="NAME.jsonl.gz", help="A new file in data/archives.")
        parser.add_argument("--from", dest="first", metavar="DATE", help="The first day (UTC).")
        parser.add_argument(
            "--until", dest="last", metavar="DATE", help="The last day (default: those past their time)."
        )
        parser.add_argument("--strategy", default="", help="Only rows of this strategy.")
        cli.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            archived = archives.archive_logs(
                timezone.now(),
                actor=Actor.of_command(),
                archive_table=options["table"],
                file_name=options["file"],
                start_date=cli.day("--from", options["first"]),
                end_date=cli.day("--until", options["last"]),
                strategy_name=options["strategy"],
            )
        except ArchiveRefused as refusal:
            raise BadInput(_ARGUMENTS[refusal.about], str(refusal)) from None
        except (NotWhole, OSError, retention.Busy) as trouble:
            raise CommandError(str(trouble), returncode=Exit.BAD) from None
        if options["json"]:
            self.answer({"rows": archived.rows, "to": archived.where if archived.rows else None})
        elif archived.rows:
            self.say(f"{archived.rows:,} {'row is' if archived.rows == 1 else 'rows are'} moved to {archived.where}.")
        else:
            self.say("There was no row to move.")
