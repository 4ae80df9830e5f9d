"""approvals: list the runs that wait for people, the most urgent first."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from maintenance_portal import answers
from maintenance_portal.cli import PortalCommand, add_json, one_of
from maintenance_portal.printing import local
from strategies import approvals
from strategies.models import Approval, ApprovalState

SHOWN = 50


class Command(PortalCommand):
    help = "List the questions whether a run may start: those that are asked now, or of another state."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--state", default=ApprovalState.ASKED.value, help=", ".join(ApprovalState.values))
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        state = one_of("--state", options["state"], ApprovalState.values)
        rows = Approval.objects.filter(state=state).select_related("run__target").defer("run__plan")
        is_asked = state == ApprovalState.ASKED
        rows = rows.order_by("not_after", "pk") if is_asked else rows.order_by("-pk")
        if options["json"]:
            self.answer({"approvals": [answers.of_approval(row) for row in rows.iterator()]})
            return
        shown = list(rows.defer("sealed", "risk", "run__plan")[:SHOWN])
        if not shown:
            self.say("Nobody is asked for anything." if is_asked else "There are no such approvals.")
            return
        self.say_table(
            ("APPROVAL", "RUN", "STRATEGY", "TARGET", "RISK", "LEVEL", "WANTED BY", "NOT AFTER", "ASKED"),
            [
                (
                    str(row.pk), str(row.run_id), row.run.strategy_name, row.run.target.name, str(row.score),
                    f"{row.level + 1}/{len(row.levels)}", row.asked_by, local(row.not_after),
                    approvals.in_words(row) if is_asked else row.why,
                )
                for row in shown
            ],
        )  # fmt: skip
        if len(shown) == SHOWN and (more := rows.count() - SHOWN) > 0:
            self.say(f"... and {more} more; --json lists all of them.")
        if is_asked:
            self.say(f"As of {local(timezone.now())}. `approve NUMBER` approves one, in the name of who types it.")
