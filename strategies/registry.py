"""Finds what there is: one module per routine, one folder per platform, one module per concern in it. Nothing is listed by hand."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from strategies import composed, plug_ins
from strategies import platforms as platforms_package
from strategies import routines as routines_package
from strategies.composed import Composed, ComposedConcern, Work
from strategies.in_database import PackageRoutine, wants_package
from strategies.platforms.base import Change, Concern, NotSupported, Platform
from strategies.routines.base import Routine


@cache
def own_routines() -> dict[str, Routine[Any]]:
    """Those of the portal itself by strategy name, in the order of their names."""
    found: dict[str, Routine[Any]] = {}
    for module in pkgutil.iter_modules(routines_package.__path__):
        if module.name != "base":
            routine = import_module(f"{routines_package.__name__}.{module.name}").ROUTINE
            found[routine.name] = routine
    return dict(sorted(found.items()))


@cache
def installed() -> plug_ins.PlugIns:
    """What packages that are installed beside the portal bring, and what of it cannot be used."""
    return plug_ins.installed(own_routines())


@cache
def routines() -> dict[str, Routine[Any]]:
    """All routines by strategy name, in the order of their names."""
    return dict(sorted({**own_routines(), **installed().routines}.items()))


@cache
def platforms() -> dict[str, Platform]:
    """All platforms by name."""
    found: dict[str, Platform] = {}
    for module in pkgutil.iter_modules(platforms_package.__path__):
        if module.ispkg:
            platform = import_module(f"{platforms_package.__name__}.{module.name}.platform").PLATFORM
            found[platform.name] = platform
    return dict(sorted(found.items()))


@cache
def concern(platform: str, routine: str) -> Concern[Any]:
    """How one platform does what the routine of this name asks for. Raises NotSupported."""
    return concern_of(platform, routines()[routine])


def concern_of(platform: str, routine: Routine[Any]) -> Concern[Any]:
    """How one platform does what a routine asks for, also one that is not installed. Raises NotSupported."""
    if isinstance(routine, Composed):
        works = (Work(part, own_routines()[part.routine], concern(platform, part.routine)) for part in routine.parts)
        return ComposedConcern(tuple(works))
    name = f"{platforms_package.__name__}.{platform}.{routine.concern}"
    try:
        module = import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            raise
        raise NotSupported(f"{routine.title} is not available on {platforms()[platform].label}.") from None
    found: Concern[Any] = module.CONCERN
    return found


@dataclass(frozen=True, slots=True)
class Implementation:
    """Who does the work of a strategy on a platform: the routine that plans it, and the concern that knows how."""

    routine: Routine[Any]
    concern: Concern[Any]


def routine_of(strategy: str, values: Mapping[str, Any]) -> Routine[Any]:
    """The routine of this name, or the package in the database where there is none, or where these parameters ask for it."""
    known = routines().get(strategy)
    return PackageRoutine(strategy) if known is None or wants_package(values) else known


def require(routine: Routine[Any], parameters: Any, target_object: str) -> None:
    """Raises ParametersRefused where no target could be looked at with these parameters."""
    if isinstance(routine, Composed):
        composed.require(((part, own_routines()[part.routine]) for part in routine.parts), parameters, target_object)
    else:
        routine.require(parameters, target_object)


def implementation(platform: str, strategy: str, values: Mapping[str, Any]) -> Implementation:
    """Who does it, by what was typed or stored as its parameters. Raises NotSupported."""
    routine = routine_of(strategy, values)
    if isinstance(routine, PackageRoutine):
        return Implementation(routine, platforms()[platform].package_concern(strategy))
    return Implementation(routine, concern(platform, strategy))


def changes_of(platform: str, strategy: str) -> tuple[Change, ...]:
    """The kinds of changing statements that a strategy may send to this platform, each once."""
    asked = routines()[strategy]
    names = [part.routine for part in asked.parts] if isinstance(asked, Composed) else [strategy]
    found = (change for name in names for change in changes(platform, own_routines()[name].concern))
    return tuple(dict.fromkeys(found))


def changes(platform: str, concern_module: str) -> tuple[Change, ...]:
    """The kinds of changing statements that a module of a platform builds; "" = those of its sessions."""
    declared = import_module(f"{platforms_package.__name__}.{platform}.changes").CHANGES
    found: tuple[Change, ...] = declared.get(concern_module, ())
    return found


def supports(platform: str, routine: str) -> bool:
    """Whether this platform has the concern that the routine asks for."""
    try:
        concern(platform, routine)
    except NotSupported:
        return False
    return True


def seen_as_a_whole(platform: str) -> list[str]:
    """Strategies that can look at a database of this platform without being told at which table, by name."""
    return [name for name, routine in routines().items() if supports(platform, name) and not routine.is_of_one_table]
