"""How risky a plan is: a score from nought to a hundred, and the factors that it is made of. Pure.

Each factor only adds, and grows with what it counts: of two plans that differ in one thing alone, the worse one never has the
lower score. The weights are the portal's own, chosen so that what drops data, and what makes a production database wait, stand
above everything that only takes long.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from strategies.plans import Locks, Plan, Step

MOST = 100
DESTRUCTIVE = 40  # something is dropped or deleted
_LOCKS = {Locks.NONE: 0, Locks.DDL: 5, Locks.ROWS: 10, Locks.WRITES: 20, Locks.ALL: 30}
_ENVIRONMENTS = {"development": 0, "test": 0, "staging": 10, "production": 25}
_UNKNOWN_ENVIRONMENT = 25  # what nobody has said may be production
_IRREVERSIBLE = 5
_WORKING_HOURS = 10
_SIZES = ((10**12, 15), (10**11, 12), (10**10, 8), (10**9, 4))  # bytes in all, and what so many add
_ROWS = ((10**9, 10), (10**8, 7), (10**7, 4), (10**6, 2))
_STEPS = ((1000, 5), (100, 3), (20, 1))


@dataclass(frozen=True, slots=True)
class Factor:
    """`words` is a sentence for the page."""

    name: str
    points: int
    words: str


@dataclass(frozen=True, slots=True)
class Risk:
    factors: tuple[Factor, ...] = ()
    changes_data: bool = True  # what only reads needs nobody; a change may have no factor either, and yet need somebody

    @property
    def score(self) -> int:
        return min(MOST, sum(factor.points for factor in self.factors))

    def has(self, name: str) -> bool:
        return any(factor.name == name for factor in self.factors)


def risk(plan: Plan, environment: str, local: datetime | None) -> Risk:
    """`local` is when it is to start, on the clock of the people who use the database; None = at once, whenever that is."""
    if plan.is_read_only:
        return Risk(changes_data=False)
    return Risk(tuple(factor for factor in _factors(plan.steps, environment, local) if factor.points))


def _factors(steps: tuple[Step, ...], environment: str, local: datetime | None) -> Iterator[Factor]:
    destructive = [step for step in steps if step.is_destructive]
    if destructive:
        yield Factor("destructive", DESTRUCTIVE, f"{_steps(len(destructive))} drops or deletes something.")
    locks = max((step.locks for step in steps), key=list(Locks).index)
    yield Factor("locks", _LOCKS[locks], locks.sentence)
    for_good = [step for step in steps if not step.is_reversible and not step.is_check]
    if for_good:
        yield Factor("irreversible", _IRREVERSIBLE, f"{_steps(len(for_good))} cannot be taken back.")
    size, rows = (_sum(steps, name) for name in ("size_bytes", "live_rows"))
    yield Factor("size", _at_least(size, _SIZES), f"{size / 10**9:,.0f} GB are worked on.")
    yield Factor("rows", _at_least(rows, _ROWS), f"{rows / 10**6:,.0f} million rows are worked on.")
    yield Factor("steps", _at_least(len(steps), _STEPS), f"It has {_steps(len(steps))}.")
    points = _ENVIRONMENTS.get(environment, _UNKNOWN_ENVIRONMENT)
    yield Factor(
        "environment",
        points,
        f"It is on a {environment} database." if environment else "Nobody said which environment it is.",
    )
    if local is None or (local.weekday() < 5 and 8 <= local.hour < 18):
        when = "It may start at any hour." if local is None else "It is to start in working hours."
        yield Factor("hour", _WORKING_HOURS, when)


def _steps(n: int) -> str:
    return "1 step" if n == 1 else f"{n:,} steps"


def _sum(steps: tuple[Step, ...], name: str) -> int:
    figures = (step.evidence.get(name) for step in steps)
    return sum(int(figure) for figure in figures if isinstance(figure, (int, float)) and figure > 0)


def _at_least(figure: int, stairs: tuple[tuple[int, int], ...]) -> int:
    return next((points for least, points in stairs if figure >= least), 0)
