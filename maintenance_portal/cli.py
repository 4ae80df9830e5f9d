"""What the portal's commands have in common: how arguments are read and refused, where output goes, and with what they end."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, OperationalError, ProgrammingError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from maintenance_portal import printing
from strategies import registry
from strategies.models import Target
from strategies.routines.base import ParametersRefused


class Exit(IntEnum):
    """The states with which commands end. Scripts rely on them."""

    GOOD = 0  # succeeded, or succeeded with a warning
    BAD = 1
    BAD_INPUT = 2
    WAITING = 3  # the gate did not let it start
    GOES_ON = 4  # its window is over; what is left goes on by itself in the next one


class BadInput(CommandError):
    """What was typed cannot be done; the text is one line that begins with the argument's name."""

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(printing.printable(f"{argument}: {problem}"), returncode=Exit.BAD_INPUT)


class _Parser(CommandParser):
    """Refuses in one line that names the argument; how the command is called stands behind --help."""

    def error(self, message: str) -> NoReturn:
        text = printing.printable(message.removeprefix("argument "))
        if self.called_from_command_line:
            self.exit(Exit.BAD_INPUT, f"{text}\n")
        raise CommandError(text, returncode=Exit.BAD_INPUT)


class PortalCommand(BaseCommand):
    """A command whose standard output holds its answer and nothing else."""

    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.__class__ = _Parser  # Django names the class itself and leaves no other way
        parser.allow_abbrev = False
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        _keep_going_on_narrow_terminals()
        try:
            _refuse_undecodable(options)
            with redirect_stdout(sys.stderr):  # what libraries print is no answer
                return super().execute(*args, **options)
        except BadInput as refusal:
            if not getattr(self, "_called_from_command_line", False):
                raise
            self.stderr.write(str(refusal))
            raise SystemExit(refusal.returncode) from None
        except (OperationalError, ProgrammingError) as error:
            raise _portal_database(error) from error
        except BrokenPipeError:  # whoever read our output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
            raise SystemExit(Exit.BAD) from None

    def answer(self, value: dict[str, Any]) -> None:
        """The one JSON object on standard output."""
        self.stdout.write(printing.as_json(value))

    def say(self, text: str = "") -> None:
        """A line for people."""
        self.stdout.write(printing.printable(text))

    def say_table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        for line in printing.table(headers, rows):
            self.stdout.write(line)

    def is_agreed(self, is_sure: bool) -> bool:
        """Whether to begin with what was said: by `--yes`, or by a person at the terminal. Raises BadInput where none can be asked."""
        if is_sure:
            return True
        if not sys.stdin.isatty():
            raise BadInput("--yes", "nobody can be asked here; say --yes to begin")
        self.stderr.write("Begin? (yes/no) ", ending="")
        self.stderr.flush()
        try:
            return sys.stdin.readline().strip().lower() in ("y", "yes")
        except KeyboardInterrupt:
            return False

    def end(self, state: Exit) -> None:
        """Leave with this state; returns for GOOD, so that a caller inside Python goes on."""
        if state is not Exit.GOOD:
            self.stdout.flush()
            raise SystemExit(int(state))


def _keep_going_on_narrow_terminals() -> None:
    """A terminal without Unicode gets `?` for what it cannot show, instead of an error half-way."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _refuse_undecodable(options: dict[str, Any]) -> None:
    for name, value in options.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and re.search("[\ud800-\udfff\x00]", text):
                raise BadInput(name, "holds bytes that are no text")


def _portal_database(error: DatabaseError) -> CommandError:
    return CommandError(
        f"The portal's own database cannot be used: {str(error).strip()} (Was `python manage.py migrate` run?)",
        returncode=Exit.BAD,
    )


def add_json(parser: CommandParser) -> None:
    parser.add_argument("--json", action="store_true", help="Write one JSON object instead of text.")


def target_named(argument: str, name: str) -> Target:
    """Raises BadInput."""
    target = Target.objects.select_related("tenant").filter(name=name).first()
    if target is None:
        refuse_word(argument, f"no target is named '{name}'", name, Target.objects.values_list("name", flat=True))
    return target


def strategy_named(argument: str, name: str, target: Target) -> str:
    """A strategy that can run on this target. Raises BadInput."""
    if name not in registry.routines():
        known = ", ".join(registry.routines())
        refuse_word(argument, f"no strategy is named '{name}'; there are {known}", name, registry.routines())
    if target.platform not in registry.platforms():
        raise BadInput(argument, f"this version of the portal does not know the platform of {target.name}")
    if not registry.supports(target.platform, name):
        label = registry.platforms()[target.platform].label
        raise BadInput(argument, f"{name} is not available on {label}")
    return name


def object_named(text: str) -> str:
    """What may be the name of an object on a target; whether it is there, the target says. Raises BadInput."""
    if not text.strip():
        raise BadInput("--object", "expected ALL or the name of an object")
    if len(text) > 500:
        raise BadInput("--object", "names have at most 500 characters")
    return text


def parameters(strategy: str, typed: Iterable[str]) -> dict[str, Any]:
    """The values of `--set key=value`, typed and checked by the routine. Raises BadInput naming each wrong key."""
    values: dict[str, str] = {}
    for text in typed:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not key:
            raise BadInput("--set", f"expected key=value, not '{text}'")
        if key in values:
            raise BadInput(f"--set {key}", "is given twice")
        values[key] = value
    routine = registry.routines()[strategy]
    try:
        read: dict[str, Any] = routine.read_parameters(values).model_dump(mode="json")
        return read
    except ParametersRefused as refusal:
        known = list(routine.parameters.model_fields)
        first, *others = (
            f"--set {key}: {reason}" + ("" if key in known else _meant(key, known))
            for key, reason in refusal.problems.items()
        )
        argument, _, problem = "; ".join((first, *others)).partition(": ")
        raise BadInput(argument, problem) from None


def one_of(argument: str, value: str, known: Iterable[str]) -> str:
    """The known word that was typed, in whatever case. Raises BadInput."""
    words = {word.lower(): word for word in known}
    if value.lower() not in words:
        raise BadInput(argument, f"'{value}' is not one of {', '.join(words.values())}")
    return words[value.lower()]


_SPAN = re.compile(r"(\d{1,6})\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def since(argument: str, text: str, now: datetime) -> datetime:
    """An instant: ISO 8601 (without a zone: the portal's), or how long ago (`30m`, `24h`, `7d`, `2w`). Raises BadInput."""
    try:
        if span := _SPAN.fullmatch(text.strip().lower()):
            return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
        moment = parse_datetime(text.strip())
        if moment is None and (day := parse_date(text.strip())):
            moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001 (gets its zone below)
        if moment is not None:
            aware = (
                timezone.make_aware(moment, timezone.get_default_timezone()) if timezone.is_naive(moment) else moment
            )
            return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadInput(argument, f"'{text}' is neither a date and time (2026-11-24T06:00) nor a span like 24h or 7d")


def day(argument: str, text: str | None) -> date | None:
    """A day written 2026-11-24, where one was given. Raises BadInput."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(argument, f"'{text}' is no day like 2026-11-24") from None


def refuse_word(argument: str, problem: str, typed: str, known: Iterable[str]) -> NoReturn:
    """Raises BadInput, with the word that was perhaps meant."""
    raise BadInput(argument, problem + _meant(typed, known))


def _meant(typed: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(typed, list(known), n=1, cutoff=0.75)
    return f" (did you mean {close[0]}?)" if close else ""
