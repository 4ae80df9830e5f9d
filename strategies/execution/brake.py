"""Keeps a run from being a burden: between its steps it waits while its target is too busy, and rests where it nearly is."""

from __future__ import annotations

import logging

from strategies import targets
from strategies.execution.watch import Watch
from strategies.load import Load, Pace, busy, decide
from strategies.models import JobRun, Target
from strategies.platforms.base import NotSupported, PlatformError, Session

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 2.0


class Brake:
    """The pace of one run. Its window, its limit of time and wishes to stop count while it waits."""

    def __init__(self, run: JobRun, watch: Watch) -> None:
        self._run, self._watch = run, watch
        self._limit = run.target.load_limit

    def heed(self, session: Session, step_ms: int) -> None:
        """Before a step: return once it may begin, or as soon as a stop is wished. The step before took `step_ms`."""
        rested = 0.0
        while self._limit is not None and self._watch.wish is None:
            load = self._look(session)
            pace = Pace.GO if load is None else decide(load, self._limit)
            left = step_ms / 1000 - rested
            if load is None or pace is Pace.GO or (pace is Pace.SLOW and left <= 0):
                return
            seconds = min(LOOK_EVERY_SECONDS, left) if pace is Pace.SLOW else LOOK_EVERY_SECONDS
            does = "rests before the next step" if pace is Pace.SLOW else "waits"
            self._watch.sleep(seconds, f"{does}, since the database is {busy(load, self._limit)}")
            rested += seconds
            self._limit = Target.objects.values_list("load_limit", flat=True).get(pk=self._run.target_id)

    def _look(self, session: Session) -> Load | None:
        """None = it does not tell; a lost connection is met by the step that comes next."""
        try:
            with self._watch.at_work():
                return targets.platform_of(self._run.target).load(session)
        except (NotSupported, PlatformError) as refusal:
            log.info("run %s: how busy %s is could not be asked: %s", self._run.pk, self._run.target, refusal)
            return None
