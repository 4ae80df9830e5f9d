"""Looks at a target and builds the exact steps of a run. What it gives is a value; `runs` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from strategies import durations, registry, targets
from strategies.models import Target
from strategies.plans import Assessment, Finding, Limits, Plan
from strategies.platforms.base import Concern

_NEVER = datetime.min.replace(tzinfo=UTC)


def make_plan(
    target: Target, strategy: str, target_object: str, parameters: Mapping[str, Any], limits: Limits | None = None,
    *, limit_seconds: float | None = None,
) -> Plan:  # fmt: skip
    """Assess the target, for so long at most, and build the plan, every step within `limits`.

    Of its checks come first those that were not made for longest, so that runs which end before all of them make each in turn.

    Raises PlatformError, NotSupported, ObjectUnknown, ParametersRefused.
    """
    routine = registry.routines()[strategy]
    concern, typed = registry.concern(target.platform, strategy), routine.read_parameters(parameters)
    settings = targets.platform_of(target).limit_settings(limits or Limits())
    seen = look(target, strategy, target_object, parameters, limit_seconds=limit_seconds)
    if seen.checks:
        seen = replace(seen, checks=_in_turn(seen.checks, concern, typed, durations.last(target, strategy)))
    plan = routine.plan(
        platform=target.platform, target=target.name, concern=concern, parameters=typed, assessment=seen
    )  # fmt: skip
    return replace(plan, steps=tuple(replace(step, settings=(*settings, *step.settings)) for step in plan.steps))


def _in_turn(
    checks: tuple[Finding, ...], concern: Concern[Any], parameters: Any, last: Mapping[str, datetime]
) -> tuple[Finding, ...]:
    """Those that were never begun in the order in which the concern wants them, then the others, the longest ago first. Pure."""

    def begun_at(check: Finding) -> datetime:
        return max((last.get(step.key[:500], _NEVER) for step in concern.steps([check], parameters)), default=_NEVER)

    return tuple(sorted(checks, key=begun_at))


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
