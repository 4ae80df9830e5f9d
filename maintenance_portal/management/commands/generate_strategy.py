"""generate_strategy: a whole strategy from its definition, as a folder and as a version that can be deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from maintenance_portal.cli import BadInput, Exit, PortalCommand, add_json
from strategies import definitions, versions
from strategies.audit import Actor
from strategies.generator.definition import DefinitionRefused
from strategies.generator.implementation import Implementation, remarks
from strategies.generator.library import LibraryRefused
from strategies.generator.masters import MasterBroken
from strategies.generator.texts import read_text
from strategies.models import StrategyVersion

_LISTS = ("targets", "operations", "jobs")


class Command(PortalCommand):
    help = "Generate a strategy: PL/SQL package, Python package, tests, manual, scripts, registration. Nothing of it is loaded."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", nargs="?", help="Its name, like NIGHTLY_TIDY.")
        parser.add_argument("--definition", metavar="FILE", help="JSON or YAML; what is typed beside it comes first.")
        parser.add_argument(
            "--type", help="The template, like MAINTENANCE, CLEANUP, ARCHIVE, BACKUP, VALIDATION, MONITORING."
        )
        parser.add_argument("--category", help="Where the registry lists it, like DATABASE.")
        parser.add_argument("--description", help="One sentence on what it is for.")
        for name in _LISTS:
            parser.add_argument(f"--{name}", metavar="A,B", help=f"Its {name}, with commas between them.")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help="A parameter; may be repeated. Values are JSON or text.",
        )
        parser.add_argument("--output", metavar="DIR", help="The folder to write, which is new or empty.")
        parser.add_argument(
            "--force",
            action="store_true",
            help="Also write into a folder that holds files: those of the same names are replaced.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what would be written; write and keep nothing.")
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["output"] and not options["dry_run"]:
            raise BadInput("--output", "names the folder to write; --dry-run writes none")
        made = self._generate(_values(options))
        folder = Path(options["output"]) if options["output"] else None
        if folder is not None:
            _refuse_folder(folder, is_forced=options["force"])
        version = None
        if not options["dry_run"] and folder is not None:
            _write(folder, made)
            version = versions.keep(
                Actor.of_command(), made.definition.as_json(), made.files, made.registration, timezone.now()
            )
        if options["json"]:
            self.answer(_answer(made, folder, version))
        else:
            self._tell(made, folder, version)

    def _generate(self, values: dict[str, Any]) -> Implementation:
        try:
            return definitions.implementation(values)
        except DefinitionRefused as refusal:
            for fault in refusal.faults:
                self.stderr.write(str(fault))
            raise SystemExit(Exit.BAD_INPUT) from None
        except (LibraryRefused, MasterBroken) as broken:
            raise CommandError(f"No strategy can be generated: {broken}.", returncode=Exit.BAD) from None

    def _tell(self, made: Implementation, folder: Path | None, version: StrategyVersion | None) -> None:
        self.say_table(("FILE", "LINES"), [(path, f"{text.count(chr(10)):,}") for path, text in made.files.items()])
        for remark in remarks(made.definition, definitions.known().library):
            self.say(remark)
        if version is None:
            self.say("Nothing was written or kept: this was a dry run.")
            return
        self.say(f"{made.definition.name} was written to {folder}, and kept as version {version.number}.")
        self.say(f"Next: read {folder}/README.md; deploy_strategy {made.definition.name} plans what makes it known.")


def _values(options: dict[str, Any]) -> dict[str, Any]:
    """What was typed, the file first and the options over it. Raises BadInput, DefinitionRefused."""
    values: dict[str, Any] = {}
    if options["definition"]:
        values = _from_file(Path(options["definition"]))
    typed = {key: options[key] for key in ("name", "type", "category", "description", *_LISTS)}
    values |= {key: value for key, value in typed.items() if value is not None}
    if parameters := dict(_parameters(options["set"])):
        given = values.get("parameters")
        values["parameters"] = {**(given if isinstance(given, dict) else {}), **parameters}
    return values


def _from_file(path: Path) -> dict[str, Any]:
    try:
        found = read_text(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput("--definition", f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput("--definition", f"{path} is no text in UTF-8") from None
    except DefinitionRefused as refusal:
        raise BadInput("--definition", f"{path} {refusal.faults[0].reason}") from None
    if not isinstance(found, dict):
        raise BadInput("--definition", f"{path} holds no object with a name, a type, and so on")
    return found


def _parameters(typed: list[str]) -> Iterator[tuple[str, Any]]:
    for one in typed:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise BadInput("--set", f"'{one}' is not KEY=VALUE")
        read: Any = value
        with suppress(ValueError):
            read = json.loads(value)
        yield name.strip(), read


def _refuse_folder(folder: Path, *, is_forced: bool) -> None:
    """Raises BadInput."""
    try:
        if folder.exists() and not folder.is_dir():
            raise BadInput("--output", f"{folder} is no folder")
        if not is_forced and folder.is_dir() and any(folder.iterdir()):
            raise BadInput("--output", f"{folder} holds files already; --force replaces those of the same names")
    except OSError as error:
        raise BadInput("--output", f"{folder} cannot be used: {error.strerror}") from None


def _write(folder: Path, made: Implementation) -> None:
    """Raises BadInput where the folder cannot be written; what was written until then stays."""
    try:
        for path, text in made.files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise BadInput("--output", f"{error.filename or folder} cannot be written: {error.strerror}") from None


def _answer(made: Implementation, folder: Path | None, version: StrategyVersion | None) -> dict[str, Any]:
    return {
        "strategy": made.definition.name,
        "digest": made.definition.digest,
        "version": version.number if version else None,
        "output": str(folder) if version else None,
        "files": list(made.files),
    }
