"""Carries out the steps of a claimed run, one by one, with a row in the operation log before and after each."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils import timezone

from strategies import durations, operation_log, registry, runs, targets
from strategies.execution import verification
from strategies.execution.watch import Watch, Wish
from strategies.gate import Reason
from strategies.models import JobRun, OperationStatus, RunStatus
from strategies.operation_log import Beginning, Ending
from strategies.plans import ErrorClass, LeftBehind, Outcome, Plan, StateLeft, Step, TargetError, Verification
from strategies.platforms.base import PlatformError, Session
from strategies.runs import Finish

log = logging.getLogger(__name__)

_RETRIED = (ErrorClass.TRANSIENT, ErrorClass.LOCK, ErrorClass.LOST)
_ENDS_RUN = (ErrorClass.AUTHENTICATION,)  # nothing further on this target can work


class StepEnd(StrEnum):
    DONE = "done"
    NOT_NEEDED = "not needed"
    SKIPPED = "skipped"
    BUSY = "busy"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(slots=True)
class _Tally:
    """How the steps of this run ended so far."""

    ends: dict[str, StepEnd] = field(default_factory=dict)
    error: TargetError | None = None
    state_left: StateLeft | None = None

    def count(self, *ends: StepEnd) -> int:
        return sum(end in ends for end in self.ends.values())

    @property
    def done(self) -> int:
        return self.count(StepEnd.DONE, StepEnd.NOT_NEEDED)


def carry_out(run: JobRun, *, now: Callable[[], datetime] = timezone.now) -> None:
    """Carry out a run that this process has claimed, until it is over, paused, or somebody else's."""
    try:
        with targets.session(run.target, "run", run.pk) as session:
            Runner(run, session, now=now).go()
    except PlatformError as refusal:
        _could_not_begin(run, refusal.error, now())
    except Exception as bug:
        log.exception("run %s failed inside the portal", run.pk)
        left = StateLeft(LeftBehind.UNKNOWN, "The portal itself failed; look at the database before going on.")
        runs.finish(
            run,
            run.fencing_token,
            Finish(RunStatus.FAILED, f"The portal itself failed: {type(bug).__name__}.", None, left),
            now(),
        )
        raise


def _could_not_begin(run: JobRun, error: TargetError, moment: datetime) -> None:
    if error.error_class in _RETRIED:
        reason = Reason(
            "unreachable", f"{run.target} could not be reached: {error}", "This clears when it can be reached again."
        )
        runs.back_to_gate(run, run.fencing_token, reason, moment)
        return
    left = StateLeft(LeftBehind.CLEAN, "Nothing was changed: the run could not begin.")
    runs.finish(
        run, run.fencing_token, Finish(RunStatus.FAILED, f"The run could not begin. {error}", error, left), moment
    )


class Runner:
    """The steps of one run in one session; after a lost connection in a new one."""

    def __init__(self, run: JobRun, session: Session, *, now: Callable[[], datetime]) -> None:
        self._run, self._session, self._now = run, session, now
        self._plan: Plan = runs.plan_of(run)
        self._concern = registry.concern(run.target.platform, run.strategy_name)
        self._parameters = registry.routines()[run.strategy_name].read_parameters(run.parameters)
        self._watch = Watch(run, session, now=now)
        self._tally = _Tally()
        self._later_sessions = ExitStack()

    def go(self) -> None:
        self._watch.start()
        try:
            self._steps()
            self._finish()
        finally:
            self._watch.end()
            self._later_sessions.close()

    def _steps(self) -> None:
        done = runs.done_keys(self._run)
        self._tally.ends = dict.fromkeys(done, StepEnd.DONE)
        for number, step in enumerate(self._plan.steps, 1):
            if step.key in done:
                continue
            if self._watch.wish is not None:
                return
            self._announce(number)
            self._tally.ends[step.key] = self._step(step)
            if self._tally.error is not None and self._tally.error.error_class in _ENDS_RUN:
                return

    def _announce(self, number: int) -> None:
        JobRun.objects.filter(pk=self._run.pk, fencing_token=self._run.fencing_token).update(
            step_number=number, step_started_at=self._now(), step_fraction=None, step_phase=""
        )

    def _step(self, step: Step) -> StepEnd:
        unmet = [key for key in step.after if self._tally.ends.get(key) not in (StepEnd.DONE, StepEnd.NOT_NEEDED)]
        if unmet:
            self._note(
                step, OperationStatus.WARNING, f"Skipped: it comes after {', '.join(unmet)}, which was not done."
            )
            return StepEnd.SKIPPED
        for attempt in range(1, self._parameters.retries + 2):
            end, error = self._attempt(step, attempt)
            if error is None or self._watch.wish is not None or attempt > self._parameters.retries:
                return end
            if error.error_class not in _RETRIED:
                return end
            self._watch.sleep(self._parameters.retry_delay_seconds * 2 ** (attempt - 1))
            if self._watch.wish is not None:
                return StepEnd.STOPPED
        raise AssertionError("unreachable: the last attempt returns")

    def _attempt(self, step: Step, attempt: int) -> tuple[StepEnd, TargetError | None]:
        """One attempt, recorded. The error is None when the step is done, not needed, or failed beyond retrying by itself."""
        try:
            need = self._concern.is_needed(self._session, step)
        except PlatformError as refusal:
            return self._refused(step, attempt, refusal.error)
        if not need.is_needed:
            self._note(step, OperationStatus.INFO, f"Not needed any more: {need.why}")
            return StepEnd.NOT_NEEDED, None
        operation = self._begin(step, attempt)
        outcome = self._execute(step)
        return self._judge(step, operation, outcome)

    def _clear_leftovers(self, step: Step) -> None:
        """What a failed attempt left behind goes at once, as an operation of its own: each retry would add another copy.

        Not while somebody wishes the run to stop: then the run's page says what was left, and the next run removes it.
        """
        if self._watch.wish is not None or step.is_clean_up:
            return
        try:
            for clean_up in self._concern.clean_up(self._session, step):
                operation = self._begin(clean_up, 1)
                self._judge(clean_up, operation, self._execute(clean_up))
        except PlatformError:
            log.warning("run %s: leftovers of %s could not be cleared", self._run.pk, step.object, exc_info=True)

    def _execute(self, step: Step) -> Outcome:
        self._watch.executing(True)
        try:
            return self._session.execute(step)
        finally:
            self._watch.executing(False)

    def _refused(self, step: Step, attempt: int, error: TargetError) -> tuple[StepEnd, TargetError | None]:
        """The target could not even be asked, or is not in a state for this step now."""
        operation = self._begin(step, attempt)
        return self._judge(step, operation, Outcome(0, error))

    def _judge(self, step: Step, operation: int, outcome: Outcome) -> tuple[StepEnd, TargetError | None]:
        """Success is what the target says, not that no error came."""
        error = outcome.error
        if error is not None and error.error_class is ErrorClass.LOST:
            self._reconnect()
        checked = verification.ask(self._concern, self._session, step, outcome)
        if checked is not None and checked.ok and (error is None or error.error_class is ErrorClass.LOST):
            return self._done(step, operation, outcome, checked)
        if error is None:
            message = checked.message if checked else "The target could not be asked whether it helped."
            error = TargetError(ErrorClass.PERMANENT, "verification", message)
        return self._not_done(step, operation, outcome, error, checked)

    def _done(
        self, step: Step, operation: int, outcome: Outcome, checked: Verification
    ) -> tuple[StepEnd, TargetError | None]:
        moment = self._now()
        message = (
            checked.message
            if outcome.error is None
            else f"The connection was lost, but the target shows: {checked.message}"
        )
        self._end(operation, step, OperationStatus.SUCCESS, message, outcome, None, checked)
        durations.remember(self._run.target, self._run.strategy_name, step.key, outcome.duration_ms, moment)
        return StepEnd.DONE, None

    def _not_done(
        self, step: Step, operation: int, outcome: Outcome, error: TargetError, checked: Verification | None
    ) -> tuple[StepEnd, TargetError | None]:
        end, status = self._kind_of_end(error)
        self._clear_leftovers(step)
        left = verification.state_left(self._concern, self._session, step)
        self._tally.state_left = verification.worse(self._tally.state_left, left)
        if end is not StepEnd.BUSY or self._tally.error is None:
            self._tally.error = error
        self._end(operation, step, status, f"{error.message} {left.message}", outcome, error, checked)
        return end, error

    def _kind_of_end(self, error: TargetError) -> tuple[StepEnd, OperationStatus]:
        if self._watch.wish is Wish.DEADLINE and error.error_class in (ErrorClass.CANCELLED, ErrorClass.LOST):
            return StepEnd.STOPPED, OperationStatus.TIMEOUT
        if self._watch.wish is not None and error.error_class in (ErrorClass.CANCELLED, ErrorClass.LOST):
            return StepEnd.STOPPED, OperationStatus.CANCELLED
        if error.error_class is ErrorClass.LOCK:
            return StepEnd.BUSY, OperationStatus.WARNING
        return StepEnd.FAILED, OperationStatus.ERROR

    def _reconnect(self) -> None:
        """A new session, once the lost one no longer works on the target; where that fails, asking it will say so."""
        try:
            self._session = self._later_sessions.enter_context(targets.session(self._run.target, "run", self._run.pk))
            self._watch.use(self._session)
            verification.wait_until_alone(self._run, self._session, self._watch)
        except PlatformError:
            log.warning("run %s: no new connection to %s", self._run.pk, self._run.target, exc_info=True)

    def _begin(self, step: Step, attempt: int) -> int:
        return operation_log.begin(
            Beginning(
                strategy_name=self._run.strategy_name,
                operation_type=step.operation_type,
                target_object=step.object,
                target_type=step.object_type,
                sql_text=step.sql,
                user_name=self._run.asked_by,
                session_id=self._session.session_id,
                target_id=self._run.target_id,
                run_id=self._run.pk,
                step_key=step.key,
                attempt=attempt,
                job_name=self._run.job.job_name if self._run.job else None,
                context={"reason": step.reason, "before": dict(step.evidence)},
            ),
            self._now(),
        )

    def _end(
        self, operation: int, step: Step, status: OperationStatus, message: str, outcome: Outcome,
        error: TargetError | None, checked: Verification | None,
    ) -> None:  # fmt: skip
        context: dict[str, Any] = {
            "reason": step.reason,
            "before": dict(step.evidence),
            "notices": list(outcome.notices),
        }
        if checked is not None:
            context["after"] = dict(checked.evidence)
        if error is not None:
            context["error_class"] = error.error_class.value
        affected = checked.objects_affected if checked is not None and status is OperationStatus.SUCCESS else None
        ending = Ending(status, message, outcome.duration_ms, error, outcome.meters, affected, context)
        operation_log.end(operation, ending, self._now())

    def _note(self, step: Step, status: OperationStatus, message: str) -> None:
        """A row for a step that was not sent to the target."""
        operation = self._begin(step, 1)
        operation_log.end(operation, Ending(status, message, 0, context={"reason": step.reason}), self._now())

    def _finish(self) -> None:
        run, tally, wish = self._run, self._tally, self._watch.wish
        total = len(self._plan.steps)
        progress = f"{tally.done} of {total} steps are done."
        remaining = total - tally.done
        if wish is Wish.NOT_OURS:
            return
        if wish is Wish.SHUTDOWN and remaining:
            runs.pause(run, run.fencing_token, f"Paused because its worker was shut down. {progress}", self._now())
            return
        if wish is Wish.DEADLINE and remaining:
            self._end_run(RunStatus.TIMED_OUT, f"Stopped at its limit of {run.timeout_seconds} s. {progress}")
        elif wish in (Wish.CANCEL, Wish.AFTER_STEP) and remaining:
            self._end_run(RunStatus.CANCELLED, f"Stopped by {self._stopped_by()}. {progress}")
        elif tally.count(StepEnd.FAILED, StepEnd.STOPPED):
            self._end_run(RunStatus.FAILED, f"{str(tally.error).rstrip('. ')}. {progress}")
        elif tally.count(StepEnd.BUSY, StepEnd.SKIPPED):
            self._end_run(RunStatus.WARNING, f"Some objects were busy and left alone. {progress}")
        else:
            self._look_again(progress)

    def _stopped_by(self) -> str:
        return JobRun.objects.values_list("stop_asked_by", flat=True).get(pk=self._run.pk) or "request"

    def _look_again(self, progress: str) -> None:
        """All steps are done: one more look at the target must not find the same needs again."""
        JobRun.objects.move(
            self._run.pk,
            leaving=(RunStatus.RUNNING, RunStatus.STOPPING),
            to=RunStatus.VERIFYING,
            token=self._run.fencing_token,
        )
        still = verification.still_found(self._run, self._session, self._concern, self._plan, self._parameters)
        if still:
            self._end_run(RunStatus.WARNING, f"{progress} A second look still finds: {'; '.join(still[:5])}")
        else:
            self._end_run(
                RunStatus.SUCCEEDED, f"{progress} A second look at the target finds nothing left of this plan."
            )

    def _end_run(self, status: RunStatus, message: str) -> None:
        is_good = status is RunStatus.SUCCEEDED
        left = None if is_good else self._tally.state_left or StateLeft(LeftBehind.CLEAN, "Nothing half-done was left.")
        error = None if is_good or status is RunStatus.CANCELLED else self._tally.error
        runs.finish(self._run, self._run.fencing_token, Finish(status, message, error, left), self._now())
