"""prune_operations: delete rows of the operation log that are past their time, or show how many would go."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from maintenance_portal import cli
from maintenance_portal.cli import BadInput, Exit, PortalCommand
from monitoring import retention
from strategies.audit import Actor

A_DAY_SECONDS = 86_400.0


class Command(PortalCommand):
    help = (
        "Delete rows of the operation log that are past their time; rows of open runs, and days not counted yet, stay."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--strategy", default="", help="Only rows of this strategy.")
        parser.add_argument("--days", type=int, help="Keep rows for so many days, whatever the rules say.")
        parser.add_argument("--dry-run", action="store_true", help="Show how many rows would go; delete none.")
        cli.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        narrowed = {"retention_days": options["days"], "strategy_name": options["strategy"]}
        try:
            if options["dry_run"]:
                self._show(narrowed, is_json=options["json"])
            else:
                self._prune(narrowed, is_json=options["json"])
        except ValueError as refusal:
            raise BadInput("--days", str(refusal)) from None
        except retention.Busy as busy:
            raise CommandError(str(busy), returncode=Exit.BAD) from None

    def _show(self, narrowed: dict[str, Any], *, is_json: bool) -> None:
        moment = timezone.now()
        retention.settle(moment)
        shown = retention.preview(moment, **narrowed)
        if is_json:
            strategies = [
                {"strategy": one.strategy, "first_day": one.first, "last_day": one.last, "rows": one.rows}
                for one in shown.strategies
            ]
            self.answer({"rows": shown.rows, "strategies": strategies})
        elif not shown.strategies:
            self.say("No row would go.")
        else:
            rows = [(one.strategy, str(one.first), str(one.last), f"{one.rows:,}") for one in shown.strategies]
            self.say_table(("STRATEGY", "FIRST DAY", "LAST DAY", "ROWS"), rows)

    def _prune(self, narrowed: dict[str, Any], *, is_json: bool) -> None:
        cleaned = retention.cleanup_old_logs(
            timezone.now(), actor=Actor.of_command(), seconds=A_DAY_SECONDS, **narrowed
        )
        if is_json:
            self.answer({"rows": cleaned.rows, "is_complete": cleaned.is_complete})
            return
        self.say(f"{cleaned.rows:,} {'row is' if cleaned.rows == 1 else 'rows are'} pruned.")
        if not cleaned.is_complete:
            self.say("Some days are not counted yet; their rows stay until they are.")
