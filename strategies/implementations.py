"""Which strategies a database can have done: by routines of the portal, and by packages that were seen in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strategies import registry
from strategies.in_database import PackageRoutine
from strategies.models import Target


def packages_in(target: Target) -> dict[str, str]:
    """Strategy → OWNER.PACKAGE, as the last check saw them."""
    found: dict[str, str] = (target.facts or {}).get("packages", {})
    return found


def names(target: Target) -> list[str]:
    """Strategies that this database can have done, by name."""
    if target.platform not in registry.platforms():
        return []
    here = {name for name in registry.routines() if registry.supports(target.platform, name)}
    return sorted(here | packages_in(target).keys())


def why_not(target: Target, strategy: str, values: Mapping[str, Any]) -> str:
    """Why this database cannot have the strategy done with these parameters, in a sentence; empty = it can."""
    product = registry.platforms().get(target.platform)
    if product is None:
        return f"This version of the portal has no platform {target.platform}."
    if isinstance(registry.routine_of(strategy, values), PackageRoutine):
        return _why_no_package(target, strategy)
    return "" if registry.supports(target.platform, strategy) else f"{strategy} is not available on {product.label}."


def _why_no_package(target: Target, strategy: str) -> str:
    none_here = "" if strategy in registry.routines() else f"There is no implementation of {strategy} here"
    product = registry.platforms()[target.platform]
    if not product.has_packages:
        return f"{none_here}." if none_here else f"No package can do {strategy} on {product.label}."
    if strategy in packages_in(target):
        return ""
    not_seen = f"no package {strategy}_PKG that the portal may call was seen on {target.name} when it was checked last."
    return f"{none_here}, and {not_seen}" if none_here else f"{not_seen[0].upper()}{not_seen[1:]}"
