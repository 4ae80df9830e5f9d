"""install_plsql: the packages of strategies inside an Oracle database: those they call, and the one that generates them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from maintenance_portal import cli
from maintenance_portal.cli import Exit, PortalCommand
from strategies import definitions, installing
from strategies.audit import Actor
from strategies.generator.library import LibraryRefused
from strategies.generator.masters import MasterBroken
from strategies.installing import Installation, LogNotCollected
from strategies.models import Target
from strategies.platforms.base import NotSupported, PlatformError
from strategies.platforms.packages import DoesNotCompile
from strategies.plsql.scripts import Place, Unit, script, tables


class Command(PortalCommand):
    help = "Install the PL/SQL packages that strategies in a database call: shows what it will do, and asks."

    def add_arguments(self, parser: CommandParser) -> None:
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--target", help="This database, with tables of its own; without it the portal's own one.")
        where.add_argument(
            "--print", nargs="?", const=Place.TARGET.value, choices=[place.value for place in Place], dest="printed",
            help="Print the script for SQL*Plus instead: for a database with tables of its own, or for the portal's own one.",
        )  # fmt: skip
        parser.add_argument(
            "--generator", action="store_true",
            help="Also what generates strategies inside the database: STRATEGY_IMPLEMENTATION_GENERATOR_PKG and the tables below it.",
        )  # fmt: skip
        parser.add_argument("--uninstall", action="store_true", help="Remove what is ours, and nothing else.")
        parser.add_argument("--yes", action="store_true", help="Begin without asking.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["uninstall"] and options["generator"]:
            raise cli.BadInput("--generator", "what is there is removed as a whole, the generator with it")
        if options["printed"]:
            if options["uninstall"]:
                raise cli.BadInput("--uninstall", "what is there decides what is removed; it is not printed")
            place = Place(options["printed"])
            return self.stdout.write(script(place, _generator(place) if options["generator"] else ()))
        name = options["target"]
        target = cli.target_named("--target", name) if name else Target.objects.get(is_home=True)
        more = _generator(installing.place_of(target)) if options["generator"] else ()
        try:
            opened = installing.removal(target) if options["uninstall"] else installing.installation(target, more)
            with opened as found:
                return self._offer(found, is_agreed=options["yes"])
        except NotSupported as why:
            if name:
                raise cli.BadInput("--target", f"{target.name}: {why}") from None
            raise CommandError(f"The portal's own database takes none: {why}", returncode=Exit.BAD_INPUT) from None
        except DoesNotCompile as refusal:
            self.stderr.write(f"Installed on {target.name}, and does not compile:")
            for line in refusal.errors:
                self.stderr.write(f"  {line}")
        except (PlatformError, LogNotCollected) as refusal:
            self.stderr.write(f"{target.name}: {refusal}")
        return self.end(Exit.BAD)

    def _offer(self, found: Installation, *, is_agreed: bool) -> None:
        verb = "removed from" if found.is_removal else "installed on"
        for refusal in found.work.refusals:
            self.stderr.write(refusal)
        if found.work.refusals:
            self.stderr.write("Nothing was done.")
            return self.end(Exit.BAD)
        if not found.work.units:
            return self.say(f"Nothing of ours is on {found.target.name}.")
        self.say(f"This is {verb} {found.target.name} ({targets_words(found)}):")
        for unit in found.work.units:
            self.say(f"  {unit.kind} {unit.name}{_note(found, unit)}")
        if not self.is_agreed(is_agreed):
            self.stderr.write("Nothing was done.")
            return self.end(Exit.BAD)
        found.carry_out(Actor.of_command(), timezone.now())
        return self.say(f"{len(found.work.units)} are {verb} {found.target.name}; all of it compiles." if not found.is_removal
                        else f"{len(found.work.units)} are {verb} {found.target.name}.")  # fmt: skip


def _generator(place: Place) -> tuple[Unit, ...]:
    try:
        return definitions.units_in_oracle(place)
    except (LibraryRefused, MasterBroken) as broken:
        raise CommandError(f"The generator cannot be installed: {broken}.", returncode=Exit.BAD) from None


def targets_words(found: Installation) -> str:
    return "the portal's own database, beside its tables" if found.target.is_home else "with tables of its own"


def _note(found: Installation, unit: Unit) -> str:
    if not found.is_removal or unit.kind != "TABLE":
        return ""
    is_collected = unit.name in tables(installing.place_of(found.target))
    return " and all its rows, once the portal has collected them" if is_collected else " and all its rows"
