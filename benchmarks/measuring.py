"""How figures are taken: side by side, in turns, as the median over pairs; and what is said of each."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

ENOUGH_PAIRS = 5  # with fewer, one moment of other work on the machine decides


class Goal(NamedTuple):
    """What a figure is to reach."""

    sign: str  # "≥" or "≤"
    bound: float

    def is_met_by(self, value: float) -> bool:
        return value >= self.bound if self.sign == "≥" else value <= self.bound


def at_least(bound: float) -> Goal:
    return Goal("≥", bound)


def at_most(bound: float) -> Goal:
    return Goal("≤", bound)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `value` None = not measured, and `note` says why; `goal` None = told, and not judged.

    `size` is how many rows (or runs, jobs, points) it was taken with; `spread` is the lowest and highest of the pairs.
    """

    what: str
    value: float | None
    goal: Goal | None = None
    unit: str = "×"
    size: int | None = None
    spread: tuple[float, float] | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """None = nothing to judge."""
        return None if self.goal is None or self.value is None else self.goal.is_met_by(self.value)

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what, "value": self.value, "unit": self.unit, "goal": self.goal and f"{self.goal.sign} {self.goal.bound:g}",
            "is_met": self.is_met, "size": self.size, "spread": self.spread, "note": self.note,
        }  # fmt: skip


def not_measured(what: str, why: str, goal: Goal | None = None) -> Figure:
    return Figure(what, None, goal, note=why)


class Compared(NamedTuple):
    """Two ways beside each other: the median time of each, and the second's time ÷ the first's, pair by pair."""

    first_ms: float
    second_ms: float
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        return min(self.ratios), max(self.ratios)

    @property
    def times(self) -> str:
        return f"{shown_ms(self.first_ms)} against {shown_ms(self.second_ms)}"


def side_by_side(
    first: Callable[[], object], second: Callable[[], object], pairs: int, *, calls: tuple[int, int] = (1, 1),
    prepare: Callable[[], object] | None = None,
) -> Compared:  # fmt: skip
    """Time both in turns, after a round that does not count. `calls` are how often each is called for one measurement.

    `prepare` is called before each measurement, and its time does not count.
    """
    timed: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs + 1):
        order = (0, 1) if number % 2 else (1, 0)  # who comes second may find caches that the other has filled
        for which in order:
            if prepare is not None:
                prepare()
            took = _milliseconds((first, second)[which], calls[which])
            if number:
                timed[which].append(took)
    ratios = tuple(theirs / ours for ours, theirs in zip(*timed, strict=True))
    return Compared(median(timed[0]), median(timed[1]), ratios)


def _milliseconds(work: Callable[[], object], calls: int) -> float:
    began = perf_counter()
    for _ in range(calls):
        work()
    return (perf_counter() - began) * 1000 / calls


def shown_ms(ms: float) -> str:
    """To three figures that matter: `4.61 ms`, `1.79 s`, `28 µs`."""
    if ms >= 1000:
        return f"{ms / 1000:.3g} s"
    return f"{ms:.3g} ms" if ms >= 0.1 else f"{ms * 1000:.3g} µs"


def p95(values: list[float]) -> float:
    """By nearest rank."""
    return sorted(values)[-(-95 * len(values) // 100) - 1]


def machine(postgresql: str | None) -> dict[str, Any]:
    """What it was measured on; `load` is that of the last minute, per core, before anything was begun."""
    cores = os.cpu_count() or 1
    return {
        "cores": cores, "load": round(os.getloadavg()[0] / cores, 2), "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "postgresql": postgresql,
    }  # fmt: skip
