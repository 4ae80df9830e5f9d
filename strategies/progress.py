"""How far runs are, and when they will be done: their plan beside what the operation log says of it. Pure but for `past`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from strategies import durations
from strategies.durations import WHOLE_RUN, Times, Usual
from strategies.models import ACTIVE, GOOD, JobRun, OperationLog, OperationStatus
from strategies.plans import Plan, Step

SHOWN_STEPS = 100
SLOW_FACTOR = 1.5  # times the p90 of earlier runs
ENOUGH = 5  # earlier runs before one is called slower than usual
SHOWN_FROM = 3  # earlier times before a duration is called usual: fewer say nothing of what is usual
Past = Mapping[tuple[int, str, str], Times]


@dataclass(frozen=True, slots=True)
class Estimate:
    """`percent` 0..100, None = not known. `ends_at` None = too little is known.

    `usual` is that of the whole run, None while there are too few others.
    """

    percent: int | None = None
    ends_at: datetime | None = None
    usual: Usual | None = None
    is_slow: bool = False


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of the plan and what became of it. `state` None = not begun; `usual` counts other runs, None = too few."""

    number: int
    step: Step
    state: OperationStatus | None
    is_current: bool
    usual: Usual | None
    attempts: Sequence[OperationLog] = ()

    @property
    def last(self) -> OperationLog | None:
        return self.attempts[-1] if self.attempts else None


def estimate(run: JobRun, plan: Plan | None, past: Past, moment: datetime) -> Estimate:
    """From the target's own progress where it tells, else from what the same steps took before, else from those done so far."""
    times = past.get((run.target_id, run.strategy_name, WHOLE_RUN), []) if run.is_whole else []
    whole = durations.usual(times, without=run.duration_ms, at_least=SHOWN_FROM)
    if run.status in GOOD:
        return Estimate(100, None, whole)
    if run.status not in ACTIVE or run.started_at is None or plan is None or not plan.steps:
        return Estimate(None, None, whole)
    known = {step.key: _expected_ms(run, step, past) for step in plan.steps}
    done, current, rest = _parts(run, plan.steps)
    in_step = _ms(run.step_started_at or moment, moment)
    fraction = run.step_fraction
    if fraction is None and current and known[current.key]:
        fraction = min(0.95, in_step / float(known[current.key] or 1))
    left = _left_ms(run, known, current, rest, in_step, fraction)
    share = (len(done) + (fraction or 0.0)) / len(plan.steps)
    is_slow = whole is not None and whole.n >= ENOUGH and _ms(run.started_at, moment) > SLOW_FACTOR * whole.p90_ms
    return Estimate(
        percent=min(99, round(share * 100)),
        ends_at=None if left is None else moment + timedelta(milliseconds=left),
        usual=whole,
        is_slow=is_slow,
    )


def _parts(run: JobRun, steps: Sequence[Step]) -> tuple[Sequence[Step], Step | None, Sequence[Step]]:
    at = run.step_number
    return steps[: max(0, at - 1)], (steps[at - 1] if 0 < at <= len(steps) else None), steps[at:]


def _expected_ms(run: JobRun, step: Step, past: Past) -> int | None:
    usual = durations.usual(past.get((run.target_id, run.strategy_name, step.key), []))
    return usual.p50_ms if usual else step.expected_ms


def _left_ms(
    run: JobRun, known: Mapping[str, int | None], current: Step | None, rest: Sequence[Step], in_step: float,
    fraction: float | None,
) -> float | None:  # fmt: skip
    """Milliseconds until the end; None where a step to come is like none before it."""
    mean = None
    if run.step_number > 1 and run.started_at and run.step_started_at:
        mean = _ms(run.started_at, run.step_started_at) / (run.step_number - 1)
    left = 0.0
    if current is not None:
        expected = known[current.key] if known[current.key] is not None else mean
        if run.step_fraction is not None and run.step_fraction > 0.02:
            left += in_step * (1 - run.step_fraction) / run.step_fraction
        elif expected is not None:
            left += max(0.0, expected - in_step)
        else:
            return None
    for step in rest:
        expected = known[step.key] if known[step.key] is not None else mean
        if expected is None:
            return None
        left += expected
    return left


def _ms(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds() * 1000)


def past(runs: Sequence[JobRun]) -> Past:
    """What the work of these runs, and each of its steps, took before; one query."""
    return durations.past(sorted({run.target_id for run in runs}), None)


def step_rows(run: JobRun, plan: Plan, operations: Sequence[OperationLog], past: Past) -> list[StepRow]:
    """The steps around the one that runs (at most SHOWN_STEPS) with their attempts, oldest first."""
    attempts: dict[str, list[OperationLog]] = defaultdict(list)
    for operation in operations:
        attempts[operation.step_key or ""].append(operation)
    first = first_shown(run, len(plan.steps))
    rows = []
    for number, step in enumerate(plan.steps[first : first + SHOWN_STEPS], first + 1):
        mine = attempts.get(step.key, [])
        times = past.get((run.target_id, run.strategy_name, step.key), [])
        own = mine[-1].duration_ms if mine else None
        rows.append(
            StepRow(
                number, step, mine[-1].state if mine else None, run.is_active and number == run.step_number,
                durations.usual(times, without=own, at_least=SHOWN_FROM), mine,
            )
        )  # fmt: skip
    return rows


def first_shown(run: JobRun, total: int) -> int:
    """Index of the first step shown: a long plan is shown around the step that runs."""
    return max(0, min(run.step_number - SHOWN_STEPS // 4, total - SHOWN_STEPS))
