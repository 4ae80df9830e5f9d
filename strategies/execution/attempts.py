"""One step of a run on its target: is it still needed, sending it, asking whether it helped, clearing what a failed attempt left."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime

from strategies import durations, registry, runs, targets
from strategies.execution import verification
from strategies.execution.journal import Journal
from strategies.execution.tally import StepEnd, Tally
from strategies.execution.watch import Watch, Wish
from strategies.models import GOES_ON, JobRun, OperationStatus
from strategies.plans import ErrorClass, Need, Outcome, Step, StepRole, TargetError, Verification
from strategies.platforms.base import PlatformError, Session

log = logging.getLogger(__name__)

_LONG_SECONDS = 1.0  # for one row of the log: its database was away


class Attempts:
    """Attempts at the steps of one run, each recorded. After a lost connection `session` is another one."""

    def __init__(
        self, run: JobRun, session: Session, watch: Watch, tally: Tally, *, now: Callable[[], datetime]
    ) -> None:
        self.session = session
        self._run, self._watch, self._tally, self._now = run, watch, tally, now
        self._concern = registry.implementation(run.target.platform, run.strategy_name, run.parameters).concern
        self._journal = Journal(run, now=now)
        self._later_sessions = ExitStack()

    def close(self) -> None:
        self._later_sessions.close()

    def skip(self, step: Step, why: str) -> StepEnd:
        self._journal.note(step, OperationStatus.WARNING, f"Skipped: {why}", self.session.session_id)
        return StepEnd.SKIPPED

    def make(self, step: Step, attempt: int) -> tuple[StepEnd, TargetError | None]:
        """One attempt, recorded. The error is None when the step is done, not needed, or failed beyond retrying by itself."""
        if attempt == 1 and self._was_begun_before:
            self._clear_leftovers(step)
        need = self._need(step)
        if (
            isinstance(need, TargetError) and need.error_class is ErrorClass.LOST
        ):  # nothing was sent: a new session asks again
            self._reconnect()
            need = self._need(step)
        if isinstance(need, TargetError):  # it could not even be asked, or is not in a state for this step now
            operation = self._journal.begin(step, attempt, self.session.session_id)
            return self._judge(step, operation, Outcome(0, need))
        if not need.is_needed:
            text = f"Not needed any more: {need.why}"
            self._journal.note(step, OperationStatus.INFO, text, self.session.session_id)
            return StepEnd.NOT_NEEDED, None
        began = time.monotonic()
        operation = self._journal.begin(step, attempt, self.session.session_id)
        if time.monotonic() - began > _LONG_SECONDS and not self._is_still_ours():
            text = "Not sent: another worker had taken the run over."
            self._journal.end(operation, step, OperationStatus.CANCELLED, text, Outcome(0), None, None)
            return StepEnd.STOPPED, None
        if step.is_check:  # also one that will not come to its end is behind the others next time
            durations.begun(self._run.target, self._run.strategy_name, step.key, self._now())
        with self._watch.at_work():
            outcome = self.session.execute(step)
        end, error = self._judge(step, operation, outcome)
        # Reading damage may end the session that reads it, or the whole server: not again in the same run.
        is_too_much = step.is_check and error is not None and error.error_class is ErrorClass.LOST
        return end, None if is_too_much else error

    def _is_still_ours(self) -> bool:
        """Asked after the portal's own database was away: the lease may have passed meanwhile."""
        if JobRun.objects.filter(pk=self._run.pk, fencing_token=self._run.fencing_token).exists():
            return True
        self._watch.give_up()
        return False

    @property
    def _was_begun_before(self) -> bool:
        """Whether an earlier attempt at this work was cut off, which clears nothing: this goes on after a pause, or resumes a run."""
        return self._run.worked_ms > 0 or self._run.origin in GOES_ON

    def _need(self, step: Step) -> Need | TargetError:
        try:
            with self._watch.at_work():
                return self._concern.is_needed(self.session, step)
        except PlatformError as refusal:
            return refusal.error

    def _judge(self, step: Step, operation: int, outcome: Outcome) -> tuple[StepEnd, TargetError | None]:
        """Success is what the target says, not that no error came."""
        self._tally.used = self._tally.used.plus(step.locks, outcome)
        error = outcome.error
        if error is not None and error.error_class is ErrorClass.LOST:
            self._reconnect()
        with self._watch.at_work():
            checked = verification.ask(self._concern, self.session, step, outcome)
        if checked is not None and checked.ok and (error is None or error.error_class is ErrorClass.LOST):
            status = OperationStatus.SUCCESS
            if checked.finding is not None:  # it came to its end, and what it told is beyond a limit
                status = OperationStatus.WARNING
                self._tally.found.append(checked.finding)
            self._journal.end(operation, step, status, checked.message, outcome, None, checked)
            self._tally.took[step.key] = outcome.duration_ms, self._now()
            return StepEnd.DONE, None
        if checked is not None and (error is None or error.error_class is not ErrorClass.LOST):
            error = checked.error or error
        if error is None and checked is not None and checked.finding is not None:
            error = TargetError(ErrorClass.PERMANENT, runs.DAMAGED, checked.message)
        elif error is None:
            message = checked.message if checked else "The target could not be asked whether it helped."
            error = TargetError(ErrorClass.PERMANENT, "verification", message)
        return self._not_done(step, operation, outcome, error, checked)

    def _not_done(
        self, step: Step, operation: int, outcome: Outcome, error: TargetError, checked: Verification | None
    ) -> tuple[StepEnd, TargetError | None]:
        end, status = self._kind_of_end(error)
        self._journal.end(operation, step, status, error.message, outcome, error, checked)
        self._clear_leftovers(step)
        left = verification.state_left(self._concern, self.session, step)
        self._tally.state_left = verification.worse(self._tally.state_left, left)
        if checked is not None and checked.finding is not None:
            self._tally.found.append(checked.finding)
        if end is not StepEnd.BUSY or self._tally.error is None:
            self._tally.error = error
        return end, error

    def _kind_of_end(self, error: TargetError) -> tuple[StepEnd, OperationStatus]:
        was_stopped = error.error_class in (ErrorClass.CANCELLED, ErrorClass.LOST)
        if was_stopped and self._watch.wish is Wish.DEADLINE:
            return StepEnd.STOPPED, OperationStatus.TIMEOUT
        if was_stopped and self._watch.wish is not None:
            return StepEnd.STOPPED, OperationStatus.CANCELLED
        if error.error_class is ErrorClass.LOCK:
            return StepEnd.BUSY, OperationStatus.WARNING
        return StepEnd.FAILED, OperationStatus.ERROR

    def _clear_leftovers(self, step: Step) -> None:
        """What a failed attempt left behind goes at once, as an operation of its own: each retry would add another copy.

        Not while somebody wishes the run to stop: then the run's page says what was left, and the next run removes it.
        """
        if self._watch.wish is not None or step.role is StepRole.CLEAN_UP:
            return
        try:
            for clean_up in self._concern.clean_up(self.session, step):
                operation = self._journal.begin(clean_up, 1, self.session.session_id)
                with self._watch.at_work():
                    outcome = self.session.execute(clean_up)
                self._judge(clean_up, operation, outcome)
        except PlatformError:
            log.warning("run %s: leftovers of %s could not be cleared", self._run.pk, step.object, exc_info=True)

    def _reconnect(self) -> None:
        """A new session, once the lost one no longer works on the target; where that fails, asking it will say so."""
        try:
            self.session = self._later_sessions.enter_context(targets.session(self._run.target, "run", self._run.pk))
            self._watch.use(self.session)
            verification.wait_until_alone(self._run, self.session, self._watch)
        except PlatformError:
            log.warning("run %s: no new connection to %s", self._run.pk, self._run.target, exc_info=True)
