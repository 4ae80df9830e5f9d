"""windows: list the maintenance windows, those that are open first."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from maintenance_portal import answers
from maintenance_portal.cli import PortalCommand, add_json
from maintenance_portal.printing import local
from strategies.models import MaintenanceWindow
from strategies.window_pages import WindowRow, opened_first, window_rows


class Command(PortalCommand):
    help = "List the maintenance windows, those that are open first, then by when they open."

    def add_arguments(self, parser: CommandParser) -> None:
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        rows = MaintenanceWindow.objects.select_related("target", "tag", "tenant")
        moment = timezone.now()
        found = sorted(window_rows(rows, moment), key=opened_first)
        if options["json"]:
            self.answer({"windows": [answers.of_window(told) for told in found]})
            return
        if not found:
            self.say("There are no windows: databases may be worked on at any time outside freezes.")
            return
        self.say_table(
            ("WINDOW", "NAME", "COVERS", "TIME ZONE", "NOW", "UNTIL", "OPENS NEXT", "OWNER"),
            [
                (
                    str(told.row.pk), told.row.name, told.row.scope, told.row.time_zone, _now(told),
                    local(told.opening.slot.ends_at if told.opening else None),
                    local(told.next.slot.starts_at if told.next else None), told.row.owner,
                )
                for told in found
            ],
        )  # fmt: skip


def _now(told: WindowRow) -> str:
    if not told.row.is_active:
        return "off"
    if told.is_broken:
        return "cannot be read"
    return "open" if told.opening is not None else "closed"
