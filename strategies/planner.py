"""Looks at a target and builds the exact steps of a run. What it gives is a value; `runs` keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from strategies import deployments, durations, registry, targets
from strategies.assessments import Assessment, Finding
from strategies.models import Target
from strategies.plans import Limits, Plan
from strategies.platforms.base import Concern
from strategies.registry import Implementation

A_ROUND = timedelta(days=30)  # within which every object has its turn before any has another
_NEVER = datetime.min.replace(tzinfo=UTC)


def make_plan(
    target: Target, strategy: str, target_object: str, parameters: Mapping[str, Any], limits: Limits | None = None,
    *, moment: datetime, limit_seconds: float | None = None,
) -> Plan:  # fmt: skip
    """Assess the target, for so long at most, and build the plan, every step within `limits`.

    Runs that end before all of it is done come to everything in turn: of the checks come first those that were not made for longest,
    of the findings those that had no turn for a month.

    Raises PlatformError, NotSupported, ObjectUnknown, ParametersRefused.
    """
    found = registry.implementation(target.platform, strategy, parameters)
    routine, concern, typed = found.routine, found.concern, found.routine.read_parameters(parameters)
    settings = targets.platform_of(target).limit_settings(limits or Limits())
    typed = deployments.filled(typed, target)
    seen = _look(target, found, typed, target_object, limit_seconds)
    if seen.checks or seen.findings:
        last = _Last(durations.last(target, strategy), concern, typed)
        findings = findings_in_turn(seen.findings, last.begun_at, moment)
        seen = replace(seen, checks=tuple(sorted(seen.checks, key=last.begun_at)), findings=findings)
    plan = routine.plan(
        platform=target.platform, target=target.name, concern=concern, parameters=typed, assessment=seen
    )  # fmt: skip
    return replace(plan, steps=tuple(replace(step, settings=(*settings, *step.settings)) for step in plan.steps))


class _Last:
    """When what meets a finding, or makes a check, was begun last."""

    def __init__(self, by_step: Mapping[str, datetime], concern: Concern[Any], parameters: Any) -> None:
        self._by_step, self._concern, self._parameters = by_step, concern, parameters

    def begun_at(self, found: Finding) -> datetime:
        if not self._by_step:
            return _NEVER
        steps = self._concern.steps([found], self._parameters)
        return max((self._by_step.get(step.key[:500], _NEVER) for step in steps), default=_NEVER)


def findings_in_turn(
    findings: Sequence[Finding], begun_at: Callable[[Finding], datetime], moment: datetime
) -> tuple[Finding, ...]:
    """Those that had no turn for a month in the order given, then the others, the longest ago first. Pure.

    So what comes back every night, however severe it is, keeps nothing from its turn for longer than a month.
    """

    def place(found: Finding) -> datetime:
        begun = begun_at(found)
        return begun if begun > moment - A_ROUND else _NEVER

    return tuple(sorted(findings, key=place))


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
    found = registry.implementation(target.platform, strategy, parameters)
    typed = deployments.filled(found.routine.read_parameters(parameters), target)
    return _look(target, found, typed, target_object, limit_seconds)


def _look(
    target: Target, found: Implementation, typed: Any, target_object: str, limit_seconds: float | None
) -> Assessment:
    with targets.session(target, "assess") as session, session.at_work(limit_seconds=limit_seconds):
        return found.routine.assess(session, found.concern, typed, target_object)
