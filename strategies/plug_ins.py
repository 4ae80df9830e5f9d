"""Routines that installed packages bring by an entry point. One that cannot be used is named, and stops no other."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from strategies.composed import Composed
from strategies.manual import NoManual, manual
from strategies.routines.base import Parameters, Routine

GROUP = "maintenance_portal.strategies"
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,49}")
_SAID = ("title", "version", "category", "icon")
log = logging.getLogger(__name__)


class Unusable(Exception):
    """What an entry point brings is no strategy; the text says why."""


@dataclass(frozen=True, slots=True)
class PlugIns:
    """`faults` are sentences, each naming the entry point and the package that it comes from."""

    routines: Mapping[str, Routine[Any]]
    faults: tuple[str, ...]


def installed(own: Mapping[str, Routine[Any]]) -> PlugIns:
    """What the packages of this environment bring, beside the portal's own routines. Runs their code, as importing does."""
    routines: dict[str, Routine[Any]] = {}
    faults: list[str] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        try:
            routines[entry.name] = _usable(entry, own, routines)
        except (Exception, SystemExit) as trouble:  # whatever happens within it
            source = f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else entry.value
            reason = str(trouble) if isinstance(trouble, Unusable) else f"{type(trouble).__name__}: {trouble}"
            faults.append(f"Strategy {entry.name} of the package {source} cannot be used: {reason}")
            log.error("%s", faults[-1])
    return PlugIns(routines, tuple(faults))


def _usable(entry: EntryPoint, own: Mapping[str, Routine[Any]], others: Mapping[str, Routine[Any]]) -> Routine[Any]:
    """Raises Unusable, and whatever loading it raises."""
    if entry.name in own:
        raise Unusable("the portal itself has a strategy of this name.")
    if entry.name in others:
        raise Unusable("another package has brought one of this name.")
    routine = entry.load()
    if not isinstance(routine, Composed):
        raise Unusable("it is not put together from parts (strategies.composed.Composed).")
    if getattr(routine, "name", "") != entry.name:
        raise Unusable(f"it calls itself {getattr(routine, 'name', 'nothing')}.")
    if not _NAME.fullmatch(entry.name):
        raise Unusable("its name is not one of capitals, digits and underscores.")
    if unknown := sorted({part.routine for part in routine.parts} - own.keys()):
        raise Unusable(f"it is made of {', '.join(unknown)}, and this version of the portal has no such routine.")
    if whole := sorted(part.routine for part in routine.parts if not own[part.routine].can_be_part):
        raise Unusable(f"{', '.join(whole)} cannot be a part of another strategy.")
    if not routine.parts:
        raise Unusable("it has no parts.")
    if len({part.operation for part in routine.parts}) < len(routine.parts):
        raise Unusable("two of its parts have the same operation.")
    if lacking := [name for name in _SAID if not isinstance(getattr(routine, name, None), str)]:
        raise Unusable(f"it does not say its {', '.join(lacking)}.")
    try:
        manual(routine.__doc__)
    except NoManual as lack:
        raise Unusable(f"its docstring is no manual page: {lack}.") from None
    _reads_defaults(routine, own)
    return routine


def _reads_defaults(routine: Composed[Any], own: Mapping[str, Routine[Any]]) -> None:
    """That what each part is handed are parameters of its routine. Raises Unusable, ParametersRefused."""
    whole = routine.read_parameters({})
    if not isinstance(whole, Parameters):
        raise Unusable("its parameters are not of strategies.routines.base.Parameters.")
    for part in routine.parts:
        fields = own[part.routine].parameters.model_fields
        if foreign := [name for name in (*part.settings, *part.fixed) if name not in fields]:
            raise Unusable(f"{', '.join(foreign)} is no parameter of {part.routine}.")
        if absent := [name for name in part.settings if name not in type(whole).model_fields]:
            raise Unusable(f"{', '.join(absent)} is no parameter of its own, and {part.operation} is to get it.")
        fixed_and_asked = {**{name: getattr(whole, name) for name in part.settings}, **part.fixed}
        own[part.routine].read_parameters(fixed_and_asked)
