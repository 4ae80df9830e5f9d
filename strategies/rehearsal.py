"""Carries out a routine on a database without the portal around it: for tests of a strategy, on databases made for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from strategies import registry
from strategies.plans import Plan, Step, Verification
from strategies.platforms.base import Session, SessionTag
from strategies.routines.base import Routine

_TAG = SessionTag(portal="00000000", purpose="rehearsal")


@dataclass(frozen=True, slots=True)
class Done:
    """A step, and what the database said of it afterwards."""

    step: Step
    told: Verification


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`done` are the steps that were still needed when their turn came."""

    plan: Plan
    done: tuple[Done, ...]

    @property
    def failures(self) -> list[str]:
        return [f"{one.step.key}: {one.told.message}" for one in self.done if not one.told.ok]


def rehearse(
    routine: Routine[Any], platform: str, url: str, target_object: str = "ALL", parameters: Mapping[str, Any] | None = None,
    *, secret: str | None = None,
) -> Rehearsal:  # fmt: skip
    """Assess, plan, do and verify. Raises ParametersRefused, AddressRefused, ObjectUnknown, NotSupported, PlatformError."""
    concern, typed = registry.concern_of(platform, routine), routine.read_parameters(parameters or {})
    with _session(platform, url, secret) as session:
        seen = routine.assess(session, concern, typed, target_object)
        plan = routine.plan(platform=platform, target=url, concern=concern, parameters=typed, assessment=seen)
        done = [
            _do(session, routine, platform, step) for step in plan.steps if concern.is_needed(session, step).is_needed
        ]
    return Rehearsal(plan, tuple(done))


def take_back(routine: Routine[Any], platform: str, url: str, plan: Plan, *, secret: str | None = None) -> Rehearsal:
    """Undo the steps of a plan that can be undone, the last first, and verify. Raises AddressRefused, NotSupported, PlatformError."""
    steps = [step.reversal() for step in reversed(plan.steps) if step.is_reversible]
    with _session(platform, url, secret) as session:
        return Rehearsal(plan, tuple(_do(session, routine, platform, step) for step in steps))


@contextmanager
def _session(platform: str, url: str, secret: str | None) -> Iterator[Session]:
    product = registry.platforms()[platform]
    with product.connect(product.address(url), secret, _TAG) as session:
        yield session


def _do(session: Session, routine: Routine[Any], platform: str, step: Step) -> Done:
    concern = registry.concern_of(platform, routine)
    outcome = session.execute(step)
    if outcome.error is not None:
        told = concern.explain(step, outcome.error) or Verification(False, str(outcome.error), error=outcome.error)
    elif step.is_reversal:
        told = concern.verify_undo(session, step)
    else:
        told = concern.verify(session, step, outcome)
    return Done(step, told)
