"""The rest of a run's plan as a run of its own: what was left when a window closed, or when a run ended otherwise."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from strategies import endings, runs
from strategies.audit import PORTAL, Actor
from strategies.endings import Finish
from strategies.models import GOES_ON, OPEN, JobRun, Origin
from strategies.plans import Plan, Step
from strategies.runs import done_keys, plan_of


def steps_left(run: JobRun, done: set[str]) -> tuple[Step, ...]:
    """The steps of an ended run that were not done: what a resumed run would do. Empty while the run is open."""
    if run.status in OPEN or run.plan is None:
        return ()
    rest = [step for step in plan_of(run).steps if step.key not in done]
    kept = {step.key for step in rest}
    return tuple(replace(step, after=tuple(key for key in step.after if key in kept)) for step in rest)


def begin_with(run: JobRun, actor: Actor, moment: datetime, origin: Origin, frozen: Plan) -> JobRun:
    """Asked and planned in one: nobody must find the run without the plan that it is for, and plan it anew."""
    with transaction.atomic():
        begun = runs.begin(actor, successor(run, actor, moment, origin), wake=None)
        runs.keep_plan(begun, frozen, moment)
    return begun


def successor(run: JobRun, actor: Actor, moment: datetime, origin: Origin) -> JobRun:
    return JobRun(
        due_key=f"{origin}:{run.pk}:{uuid.uuid4()}", strategy_name=run.strategy_name, target=run.target, place=run.place,
        job=run.job, config=run.config, target_object=run.target_object, parameters=run.parameters, limits=run.limits,
        prechecks=run.prechecks, timeout_seconds=run.timeout_seconds, priority_level=run.priority_level, origin=origin,
        asked_by=actor.name, due_at=moment, parent=run, woken_at=moment, is_released=origin == Origin.CONTINUE,
        used=run.used if origin == Origin.CONTINUE else None,
        is_undo=origin == Origin.UNDO or (origin in GOES_ON and run.is_undo),
    )  # fmt: skip


def carry_over(run: JobRun, ending: Finish, failed: set[str], moment: datetime) -> JobRun | None:
    """Its window is over: the run ends, and what is left of its plan waits for the next window. None = it is no longer this worker's.

    Both in one: what is left is neither forgotten nor done twice. Steps that have `failed`, by their keys, or were passed over are
    not left, nor is what was to come after them.
    """
    with transaction.atomic():
        if not endings.finish(run, run.fencing_token, ending, moment):
            return None
        rest = steps_left(run, done_keys(run) | with_followers(plan_of(run).steps, failed))
        return begin_with(run, PORTAL, moment, Origin.CONTINUE, replace(plan_of(run), steps=rest)) if rest else None


def with_followers(steps: Sequence[Step], failed: set[str]) -> set[str]:
    """These steps, and those that come after one of them by name, or after one that does."""
    keys = set(failed)
    for step in steps:
        if not keys.isdisjoint(step.after):
            keys.add(step.key)
    return keys
