"""remove_demo: take the demo's people and databases away; nothing else, and never an audit entry."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from maintenance_portal.cli import Exit, PortalCommand
from maintenance_portal.demo.removal import DemoBusy, remove
from strategies.audit import Actor


class Command(PortalCommand):
    help = "Take the demo's people and databases away, with what was recorded of them; stop the portal first. Audit entries stay."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            notes = remove(Actor.of_command())
        except DemoBusy as busy:
            raise CommandError(str(busy), returncode=Exit.BAD) from None
        except OSError as refusal:
            raise CommandError(f"The demo's files could not all be removed: {refusal}", returncode=Exit.BAD) from None
        self.say("The demo is removed. A start of the portal without --no-demo makes it again.")
        for note in notes:
            self.say(f"Note: {note}")
