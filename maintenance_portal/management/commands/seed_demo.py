"""seed_demo: make the demo's people and databases; what is there already is left as it is."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from maintenance_portal.cli import Exit, PortalCommand
from maintenance_portal.demo import people
from maintenance_portal.demo.seed import seed
from strategies.audit import Actor
from strategies.models import Target


class Command(PortalCommand):
    help = "Make the demo's people and databases. What is there already is left as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            notes = seed(Actor.of_command())
        except OSError as refusal:
            raise CommandError(f"The demo cannot be made: {refusal}", returncode=Exit.BAD) from None
        for target in Target.objects.filter(is_demo=True):
            self.say(f"Database {target.name}: {target.url}")
        names = ", ".join(people.marked().order_by("pk").values_list("username", flat=True))
        self.say(f"People: {names}. Their passwords stand in {people.password_file()}.")
        for note in notes:
            self.say(f"Note: {note}")
