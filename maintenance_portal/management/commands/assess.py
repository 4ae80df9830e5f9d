"""assess: look at a database now and show what it needs; what was found is kept, as if a worker had looked."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from maintenance_portal import answers, at_once
from maintenance_portal.cli import Exit, PortalCommand, add_json, strategy_named, target_named
from maintenance_portal.foreground import Attendant, StopAsked
from strategies import needs, registry
from strategies.assessments import Assessment
from strategies.audit import Actor
from strategies.models import Target


class Command(PortalCommand):
    help = "Look at a database now and show what it needs. Nothing is changed there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--strategy", help="Look with this strategy only (default: all that look at the whole database)."
        )
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        target = target_named("NAME", options["name"])
        if options["strategy"] is not None:
            strategies = [strategy_named("--strategy", options["strategy"], target)]
        else:
            is_known = target.platform in registry.platforms()
            strategies = registry.seen_as_a_whole(target.platform) if is_known else []
        seen, errors = self._look(target, strategies)
        if options["json"]:
            self.answer(
                {
                    "target": target.name,
                    "findings": [answers.of_finding(name, f) for name, look in seen.items() for f in look.findings],
                    "notes": {name: needs.notes(look.notes, len(look.checks)) for name, look in seen.items()},
                    "errors": errors,
                }
            )
        else:
            self._tell(target, seen, errors)
        self.end(Exit.BAD if errors else Exit.GOOD)

    def _look(self, target: Target, strategies: list[str]) -> tuple[dict[str, Assessment], dict[str, str]]:
        """What each strategy saw, and why others saw nothing."""
        seen: dict[str, Assessment] = {}
        errors: dict[str, str] = {}
        with Attendant(self.stderr) as attendant:
            for name in strategies:
                try:
                    assessment, look = at_once.assess(attendant, Actor.of_command(), target, name)
                except StopAsked:
                    errors[name] = "Stopped before it was over."
                    break
                if look is None:
                    errors[name] = assessment.error
                else:
                    seen[name] = look
        return seen, errors

    def _tell(self, target: Target, seen: dict[str, Assessment], errors: dict[str, str]) -> None:
        rows = [(f.severity.value, name, f.object, f.summary) for name, look in seen.items() for f in look.findings]
        if rows:
            self.say(f"{target.name}: {len(rows)} {'finding' if len(rows) == 1 else 'findings'}.")
            self.say_table(("SEVERITY", "STRATEGY", "OBJECT", "WHAT WAS SEEN"), rows)
        notes = {name: needs.notes(look.notes, len(look.checks)) for name, look in seen.items()}
        if not rows and (sure := [name for name in seen if not notes[name]]):
            self.say(f"{target.name} needs nothing of {', '.join(sure)}.")
        if not rows and (unsure := [name for name in seen if notes[name]]):
            self.say(f"{target.name}: nothing found of {', '.join(unsure)}, which could not tell everything.")
        for name, note in ((name, note) for name, given in notes.items() for note in given):
            self.say(f"Note ({name}): {note}")
        for name, error in errors.items():
            self.stderr.write(f"{name}: {error}")
        for name in {row[1]: None for row in rows}:
            self.say(f"See the exact steps: manage.py run_strategy {name} --target {target.name} --dry-run")
