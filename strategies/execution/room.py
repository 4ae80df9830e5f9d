"""Whether what a run does next fits into what is left of its window, by how long it took before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cached_property

from strategies import durations, predictions, timetables
from strategies.execution.tally import Tally
from strategies.execution.watch import Watch
from strategies.gate_values import FreezeInForce
from strategies.models import JobRun
from strategies.plans import Step

_TOLD = 5  # in the message of one run


class Room:
    """`passed_over` has the keys of steps for which the whole window is too short: what stands behind them would wait for ever."""

    def __init__(
        self, run: JobRun, steps: Sequence[Step], watch: Watch, tally: Tally, *, now: Callable[[], datetime]
    ) -> None:
        self.passed_over: set[str] = set()
        self._run, self._plan, self._watch, self._tally, self._now = run, steps, watch, tally, now
        self._p90_ms: dict[str, int] = {}
        if run.window_ends_at is not None:
            usual = durations.usual_by_step(run.target, run.strategy_name, at_least=predictions.ENOUGH)
            self._p90_ms = {key: p90 for key, (_, p90) in usual.items()}

    def fits(self, number: int) -> bool:
        """Whether what belongs together from this step on stays within the window 9 of 10 times; True where that is not known."""
        left = self._watch.time_left
        if left is None:
            return True
        if left <= timedelta(0):  # the watch looks but once a second
            return False
        return self.is_in_piece(self._plan[number - 1]) or not predictions.is_longer(self._takes_ms(number), left)

    def pass_over(self, number: int) -> str:
        """Why what belongs together from this step on is passed over, as a sentence; empty = it is not."""
        step, starts_at, left = self._plan[number - 1], self._run.window_starts_at, self._watch.time_left
        if starts_at is None or left is None or left <= timedelta(0) or self.is_in_piece(step):
            return ""
        takes_ms, length = self._takes_ms(number), self._now() + left - starts_at
        if takes_ms is None or not predictions.is_longer(takes_ms, length):
            return ""
        self.passed_over.add(step.key)
        minutes, whole = takes_ms // 60_000, length // timedelta(minutes=1)
        return f"9 of 10 times it took up to {minutes} min, and the whole window has {whole} min."

    def is_in_piece(self, step: Step) -> bool:
        """Whether what belongs together with this step has begun: it is not split."""
        return any(key in self._tally.took for key in step.after)

    @property
    def is_over(self) -> str:
        """Why no further step begins, as a sentence; `goes_on` says when the rest does."""
        if freeze := self._freeze:
            return f"{freeze.name} of the calendar {freeze.calendar} freezes the database."
        return "A freeze begins." if self._run.window_starts_at is None else "Its window is over."

    @property
    def goes_on(self) -> str:
        return "after it" if self._freeze or self._run.window_starts_at is None else "in the next window"

    @cached_property
    def _freeze(self) -> FreezeInForce | None:
        """What ended it, if not its window; asked once, at the end."""
        return next(iter(timetables.freezes_on(self._run.target, self._now())), None)

    @property
    def told(self) -> str:
        """What was passed over, as a sentence; empty = nothing."""
        few = ", ".join(sorted(self.passed_over)[:_TOLD])
        others = " and others" if len(self.passed_over) > _TOLD else ""
        return f"The whole window is too short for {few}{others}." if few else ""

    def _takes_ms(self, number: int) -> int | None:
        return predictions.piece_ms(self._plan[number - 1 :], self._p90_ms)
