"""Looks at a target and builds the exact steps of a run. What it gives is a value; `runs` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strategies import registry, targets
from strategies.models import Target
from strategies.plans import Assessment, Plan


def make_plan(target: Target, strategy: str, target_object: str, parameters: Mapping[str, Any]) -> Plan:
    """Assess the target and build the plan. Raises PlatformError, NotSupported, ObjectUnknown, ParametersRefused."""
    routine = registry.routines()[strategy]
    typed = routine.read_parameters(parameters)
    seen = look(target, strategy, target_object, parameters)
    return routine.plan(
        platform=target.platform,
        target=target.name,
        concern=registry.concern(target.platform, strategy),
        parameters=typed,
        assessment=seen,
    )


def look(target: Target, strategy: str, target_object: str, parameters: Mapping[str, Any]) -> Assessment:
    """What the target needs of one strategy. Raises PlatformError, NotSupported, ObjectUnknown, ParametersRefused."""
    routine = registry.routines()[strategy]
    concern = registry.concern(target.platform, strategy)
    with targets.session(target, "assess") as session:
        return routine.assess(session, concern, routine.read_parameters(parameters), target_object)
