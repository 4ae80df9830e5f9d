"""check_target: connect to a database now, and show what it says of itself and which rights are missing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from maintenance_portal import at_once
from maintenance_portal.cli import Exit, PortalCommand, add_json, target_named
from maintenance_portal.foreground import Attendant, StopAsked
from strategies import account_rights
from strategies.account_rights import CapabilityRights
from strategies.audit import Actor
from strategies.models import Target


class Command(PortalCommand):
    help = "Connect to a database now; show what it says of itself and which rights are missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        target = target_named("NAME", options["name"])
        with Attendant(self.stderr) as attendant:
            try:
                at_once.check(attendant, Actor.of_command(), target)
                error = target.check_error
            except StopAsked:
                error = "Stopped before there was an answer."
        if options["json"]:
            self.answer(
                {
                    "target": target.name,
                    "ok": not error,
                    "facts": None if error else target.facts,
                    "missing_rights": [] if error else target.missing_rights,
                    "capabilities": [] if error else [one.as_json() for one in account_rights.by_capability(target)],
                    "error": error or None,
                }
            )
        else:
            self._tell(target, error)
        return self.end(Exit.BAD if error else Exit.GOOD)

    def _tell(self, target: Target, error: str) -> None:
        if error:
            self.stderr.write(f"{target.name} could not be reached: {error}")
            return
        facts = target.facts or {}
        self.say(f"{target.name} answers: {facts.get('product')} {facts.get('version')}, {facts.get('role')}.")
        size = facts.get("size_bytes")
        rows = [
            ("database", str(facts.get("database", ""))),
            ("user", str(facts.get("user", ""))),
            ("takes changes", "yes" if facts.get("is_writable") else "no"),
            ("size", "not measured" if size is None else f"{size / 1_048_576:,.1f} MB"),
            *((label, str(text)) for label, text in (facts.get("details") or {}).items()),
        ]
        for label, text in rows:
            self.say(f"  {label}: {text}")
        for one in account_rights.by_capability(target):
            self.say(f"  {one.title}: {_rights(one)}")
        if not target.missing_rights:
            self.say("No right is missing.")
        for right in target.missing_rights:
            effect = "needed" if right.get("blocks", True) else "useful"
            self.say(f"Missing: {right['right']}, {effect} for {right['needed_for']}. Grant it with: {right['grant']}")


def _rights(one: CapabilityRights) -> str:
    """complete; or how many rights runs wait for, and how many more would help."""
    if not one.missing:
        return "complete"
    needed = f"{one.needed_count} missing, runs wait" if one.needed_count else "enough"
    return needed + (f"; {one.useful_count} more would help" if one.useful_count else "")
