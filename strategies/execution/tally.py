"""How the steps of a run ended so far, and what that makes of the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from strategies.assessments import Finding
from strategies.budgets import Used
from strategies.execution.watch import Wish
from strategies.models import RunStatus
from strategies.plans import StateLeft, TargetError
from strategies.sentences import sentences

_TOLD = 5  # findings that the sentence on a run's end names


class StepEnd(StrEnum):
    DONE = "done"
    NOT_NEEDED = "not needed"
    SKIPPED = "skipped"
    BUSY = "busy"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(slots=True)
class Tally:
    """`ends` by the key of the step; `error` and `state_left` are those that people must hear of first.

    `found` is what checks have found; `took` is how long (ms) each step took that is done, and when it was; `used` is what all
    attempts of the run used of the database.
    """

    ends: dict[str, StepEnd] = field(default_factory=dict)
    error: TargetError | None = None
    state_left: StateLeft | None = None
    found: list[Finding] = field(default_factory=list)
    took: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    used: Used = field(default_factory=Used)

    def count(self, *ends: StepEnd) -> int:
        return len(self.keys(*ends))

    def keys(self, *ends: StepEnd) -> set[str]:
        """Of the steps that ended so."""
        return {key for key, end in self.ends.items() if end in ends}

    @property
    def done(self) -> int:
        return self.count(StepEnd.DONE, StepEnd.NOT_NEEDED)

    def progress(self, total: int) -> str:
        return f"{self.done} of {total} steps are done."

    def _told_of_found(self) -> list[str]:
        """Each thing that was found, in a sentence; of many the first ones, and how many more there are."""
        told = [finding.summary for finding in self.found[:_TOLD]]
        more = len(self.found) - len(told)
        return [*told, f"{more} more are in the log of operations"] if more else told

    def verdict(
        self, wish: Wish | None, total: int, limit_seconds: int, stopped_by: Callable[[], str], *, spent: str = ""
    ) -> tuple[RunStatus, str] | None:
        """How the run ends, and the sentence for it; None = every step is done and found nothing, and only a second look can tell.

        `spent` names what of its budget is used up.
        """
        found, progress, remains = self._told_of_found(), self.progress(total), self.done < total
        if wish is Wish.DEADLINE and remains:
            return RunStatus.TIMED_OUT, sentences(*found, f"Stopped at its limit of {limit_seconds} s", progress)
        if wish in (Wish.CANCEL, Wish.AFTER_STEP) and remains:
            return RunStatus.CANCELLED, sentences(*found, f"Stopped by {stopped_by()}", progress)
        at_budget = [f"Stopped at its budget: {spent}"] if spent and remains else []
        if self.count(StepEnd.FAILED, StepEnd.STOPPED):
            return RunStatus.FAILED, sentences(*(found or [str(self.error or "")]), *at_budget, progress)
        if at_budget:
            return RunStatus.CANCELLED, sentences(*found, *at_budget, progress, "What is left can be resumed")
        if self.count(StepEnd.BUSY):
            return RunStatus.WARNING, sentences(*found, "Some objects were busy and left alone", progress)
        if self.count(StepEnd.SKIPPED):
            return RunStatus.WARNING, sentences(*found, "Some steps were left out", progress)
        return (RunStatus.WARNING, sentences(*found, progress)) if found else None
