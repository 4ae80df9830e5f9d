"""Looks at a target and builds the exact steps of a run. What it gives is a value; `runs` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from strategies import registry, targets
from strategies.models import Target
from strategies.plans import Assessment, Limits, Plan


def make_plan(
    target: Target, strategy: str, target_object: str, parameters: Mapping[str, Any], limits: Limits | None = None,
    *, limit_seconds: float | None = None,
) -> Plan:  # fmt: skip
    """Assess the target, for so long at most, and build the plan, every step within `limits`.

    Raises PlatformError, NotSupported, ObjectUnknown, ParametersRefused.
    """
    routine = registry.routines()[strategy]
    typed = routine.read_parameters(parameters)
    settings = targets.platform_of(target).limit_settings(limits or Limits())
    seen = look(target, strategy, target_object, parameters, limit_seconds=limit_seconds)
    plan = routine.plan(
        platform=target.platform,
        target=target.name,
        concern=registry.concern(target.platform, strategy),
        parameters=typed,
        assessment=seen,
    )
    return replace(plan, steps=tuple(replace(step, settings=(*settings, *step.settings)) for step in plan.steps))


def look(
    target: Target,
    strategy: str,
    target_object: str,
    parameters: Mapping[str, Any],
    *,
    limit_seconds: float | None = None,
) -> Assessment:
    """What the target needs of one strategy; a look that takes longer is stopped.

    Raises PlatformError, NotSupported, ObjectUnknown, ParametersRefused.
    """
    routine = registry.routines()[strategy]
    concern = registry.concern(target.platform, strategy)
    with targets.session(target, "assess") as session, session.at_work(limit_seconds=limit_seconds):
        return routine.assess(session, concern, routine.read_parameters(parameters), target_object)
