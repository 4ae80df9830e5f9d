"""Carries out the steps of a claimed run, one by one, with a row in the operation log before and after each."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta

from django.utils import timezone

from strategies import durations, endings, registry, runs, targets
from strategies.endings import Finish
from strategies.execution import verification
from strategies.execution.journal import Journal
from strategies.execution.tally import StepEnd, Tally
from strategies.execution.watch import Watch, Wish
from strategies.gate import Reason
from strategies.models import JobRun, OperationStatus, Origin, RunStatus
from strategies.plans import (
    Assessment,
    ErrorClass,
    LeftBehind,
    Need,
    Outcome,
    Plan,
    StateLeft,
    Step,
    StepRole,
    TargetError,
    Verification,
)
from strategies.platforms.base import ObjectUnknown, PlatformError, Session

log = logging.getLogger(__name__)

_ENDS_RUN = (ErrorClass.AUTHENTICATION,)  # nothing further on this target can work
_ASK_AGAIN_AFTER = timedelta(seconds=60)  # a run whose prerequisites did not hold


def carry_out(run: JobRun, *, now: Callable[[], datetime] = timezone.now) -> Assessment | None:
    """Carry out a run that this process has claimed, until it is over, paused, or somebody else's.

    Gives what the second look at the end saw; None where it did not come to one.
    """
    try:
        with targets.session(run.target, "run", run.pk) as session:
            return Runner(run, session, now=now).go()
    except PlatformError as refusal:
        _could_not_begin(run, refusal.error, now())
        return None
    except Exception as bug:
        log.exception("run %s failed inside the portal", run.pk)
        left = StateLeft(LeftBehind.UNKNOWN, "The portal itself failed; look at the database before going on.")
        endings.finish(
            run,
            run.fencing_token,
            Finish(RunStatus.FAILED, f"The portal itself failed: {type(bug).__name__}.", None, left),
            now(),
        )
        raise


def _could_not_begin(run: JobRun, error: TargetError, moment: datetime) -> None:
    if error.error_class.may_pass:
        targets.keep_check_error(
            run.target, str(error), moment
        )  # so that the gate knows, and asks again at its own pace
        reason = Reason(
            "unreachable", f"{run.target} could not be reached: {error}", "This clears when it can be reached again."
        )
        endings.back_to_gate(run, run.fencing_token, reason, moment)
        return
    left = StateLeft(LeftBehind.CLEAN, "Nothing was changed: the run could not begin.")
    endings.finish(
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
        self._journal = Journal(run, now=now)
        self._tally = Tally()
        self._seen: Assessment | None = None
        self._later_sessions = ExitStack()

    def go(self) -> Assessment | None:
        self._watch.start()
        try:
            if (reason := self._prerequisite()) is not None:  # a stop that was asked for meanwhile counts there
                endings.back_to_gate(self._run, self._run.fencing_token, reason, self._now(), wait=_ASK_AGAIN_AFTER)
                return None
            self._steps()
            self._finish()
            return self._seen
        finally:
            self._watch.end()
            self._later_sessions.close()

    def _prerequisite(self) -> Reason | None:
        """The first of the job's checks that does not hold now; None = the run may begin, or has begun before."""
        if not self._run.prechecks or self._run.operations.exists():
            return None
        checks = targets.platform_of(self._run.target).prechecks
        for name in self._run.prechecks:
            try:
                with self._watch.at_work():
                    problem = checks[name].ask(self._session)
            except PlatformError as refusal:
                problem = f"it could not be asked: {refusal.error}"
            if problem:
                return Reason("prerequisite", f"{name} does not hold: {problem}", "It is asked again each minute.")
        return None

    def _steps(self) -> None:
        done = runs.done_keys(self._run) & {step.key for step in self._plan.steps}
        self._tally.ends = dict.fromkeys(done, StepEnd.DONE)
        for number, step in enumerate(self._plan.steps, 1):
            if step.key in done:
                continue
            if self._watch.wish is not None:
                return
            self._tally.ends[step.key] = self._step(number, step)
            if self._tally.error is not None and self._tally.error.error_class in _ENDS_RUN:
                return

    def _is_ours(self, number: int) -> bool:
        """Say which step is at hand. False = somebody else has taken the run over: nothing more is sent or written."""
        rows = JobRun.objects.filter(pk=self._run.pk, fencing_token=self._run.fencing_token)
        if rows.update(step_number=number, step_started_at=self._now(), step_fraction=None, step_phase="") == 1:
            return True
        self._watch.give_up()
        return False

    def _step(self, number: int, step: Step) -> StepEnd:
        unmet = [key for key in step.after if self._tally.ends.get(key) not in (StepEnd.DONE, StepEnd.NOT_NEEDED)]
        if unmet:
            text = f"Skipped: it comes after {', '.join(unmet)}, which was not done."
            self._journal.note(step, OperationStatus.WARNING, text, self._session.session_id)
            return StepEnd.SKIPPED
        attempt = 1
        while self._is_ours(number):
            end, error = self._attempt(step, attempt)
            if error is None or self._watch.wish is not None or attempt > self._parameters.retries:
                return end
            if not error.error_class.may_pass:
                return end
            delay = self._parameters.retry_delay_seconds * 2 ** (attempt - 1)
            attempt += 1
            self._watch.sleep(delay, f"attempt {attempt} begins {delay} s after the one before")
            if self._watch.wish is not None:
                break
        return StepEnd.STOPPED

    def _attempt(self, step: Step, attempt: int) -> tuple[StepEnd, TargetError | None]:
        """One attempt, recorded. The error is None when the step is done, not needed, or failed beyond retrying by itself."""
        if attempt == 1 and self._was_begun_before:
            self._clear_leftovers(step)
        need = self._need(step)
        if isinstance(need, TargetError):  # it could not even be asked, or is not in a state for this step now
            operation = self._journal.begin(step, attempt, self._session.session_id)
            return self._judge(step, operation, Outcome(0, need))
        if not need.is_needed:
            text = f"Not needed any more: {need.why}"
            self._journal.note(step, OperationStatus.INFO, text, self._session.session_id)
            return StepEnd.NOT_NEEDED, None
        operation = self._journal.begin(step, attempt, self._session.session_id)
        with self._watch.at_work():
            outcome = self._session.execute(step)
        return self._judge(step, operation, outcome)

    @property
    def _was_begun_before(self) -> bool:
        """Whether an earlier attempt at this work was cut off, which clears nothing: this goes on after a pause, or resumes a run."""
        return self._run.worked_ms > 0 or self._run.origin == Origin.RESUME

    def _need(self, step: Step) -> Need | TargetError:
        try:
            with self._watch.at_work():
                return self._concern.is_needed(self._session, step)
        except PlatformError as refusal:
            return refusal.error

    def _judge(self, step: Step, operation: int, outcome: Outcome) -> tuple[StepEnd, TargetError | None]:
        """Success is what the target says, not that no error came."""
        error = outcome.error
        if error is not None and error.error_class is ErrorClass.LOST:
            self._reconnect()
        with self._watch.at_work():
            checked = verification.ask(self._concern, self._session, step, outcome)
        if checked is not None and checked.ok and (error is None or error.error_class is ErrorClass.LOST):
            self._journal.end(operation, step, OperationStatus.SUCCESS, checked.message, outcome, None, checked)
            durations.remember(self._run.target, self._run.strategy_name, step.key, outcome.duration_ms, self._now())
            return StepEnd.DONE, None
        if error is None:
            error = checked.error if checked is not None else None
        if error is None:
            message = checked.message if checked else "The target could not be asked whether it helped."
            error = TargetError(ErrorClass.PERMANENT, "verification", message)
        return self._not_done(step, operation, outcome, error, checked)

    def _not_done(
        self, step: Step, operation: int, outcome: Outcome, error: TargetError, checked: Verification | None
    ) -> tuple[StepEnd, TargetError | None]:
        end, status = self._kind_of_end(error)
        self._journal.end(operation, step, status, error.message, outcome, error, checked)
        self._clear_leftovers(step)
        left = verification.state_left(self._concern, self._session, step)
        self._tally.state_left = verification.worse(self._tally.state_left, left)
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
            for clean_up in self._concern.clean_up(self._session, step):
                operation = self._journal.begin(clean_up, 1, self._session.session_id)
                with self._watch.at_work():
                    outcome = self._session.execute(clean_up)
                self._judge(clean_up, operation, outcome)
        except PlatformError:
            log.warning("run %s: leftovers of %s could not be cleared", self._run.pk, step.object, exc_info=True)

    def _reconnect(self) -> None:
        """A new session, once the lost one no longer works on the target; where that fails, asking it will say so."""
        try:
            self._session = self._later_sessions.enter_context(targets.session(self._run.target, "run", self._run.pk))
            self._watch.use(self._session)
            verification.wait_until_alone(self._run, self._session, self._watch)
        except PlatformError:
            log.warning("run %s: no new connection to %s", self._run.pk, self._run.target, exc_info=True)

    def _finish(self) -> None:
        total, wish = len(self._plan.steps), self._watch.wish
        if wish is Wish.NOT_OURS:
            return
        if wish is Wish.SHUTDOWN and self._tally.done < total:
            self._pause(self._tally.progress(total))
        elif verdict := self._tally.verdict(wish, total, self._run.timeout_seconds, self._stopped_by):
            self._end_run(*verdict)
        else:
            self._look_again(self._tally.progress(total))

    def _pause(self, progress: str) -> None:
        text = f"Paused because its worker was shut down. {progress}"
        left = self._tally.state_left or endings.NOTHING_LEFT
        endings.pause(self._run, self._run.fencing_token, text, self._now(), left)

    def _stopped_by(self) -> str:
        return JobRun.objects.values_list("stop_asked_by", flat=True).get(pk=self._run.pk) or "request"

    def _look_again(self, progress: str) -> None:
        """All steps are done: one more look at the target must not find the same needs again."""
        run = self._run
        JobRun.objects.move(
            run.pk, leaving=(RunStatus.RUNNING, RunStatus.STOPPING), to=RunStatus.VERIFYING, token=run.fencing_token
        )
        routine = registry.routines()[run.strategy_name]
        try:
            with self._watch.at_work():
                seen = routine.assess(self._session, self._concern, self._parameters, run.target_object)
        except (PlatformError, ObjectUnknown) as refusal:
            self._not_seen_again(progress, refusal)
            return
        self._seen = seen
        if still := verification.still_found(self._plan, seen):
            self._end_run(RunStatus.WARNING, f"{progress} A second look still finds: {'; '.join(still[:5])}")
        elif self._plan.steps:
            self._end_run(
                RunStatus.SUCCEEDED, f"{progress} A second look at the target finds nothing left of this plan."
            )
        else:
            self._end_run(RunStatus.SUCCEEDED, runs.NOTHING_TO_DO)

    def _not_seen_again(self, progress: str, refusal: PlatformError | ObjectUnknown) -> None:
        """The second look did not come to its end; what the steps did stands all the same."""
        was_stopped = isinstance(refusal, PlatformError) and refusal.error.error_class is ErrorClass.CANCELLED
        wish = self._watch.wish if was_stopped else None
        if wish is Wish.NOT_OURS:
            return
        if wish is Wish.SHUTDOWN:
            self._pause(progress)
        elif wish is Wish.DEADLINE:
            text = f"{progress} The second look was stopped at the limit of {self._run.timeout_seconds} s."
            self._end_run(RunStatus.WARNING, text)
        elif wish is not None:
            self._end_run(RunStatus.WARNING, f"{progress} The second look was stopped by {self._stopped_by()}.")
        else:
            self._end_run(RunStatus.WARNING, f"{progress} The second look itself failed: {refusal}")

    def _end_run(self, status: RunStatus, message: str) -> None:
        is_good = status is RunStatus.SUCCEEDED
        left = None if is_good else self._tally.state_left or endings.NOTHING_LEFT
        error = None if is_good or status is RunStatus.CANCELLED else self._tally.error
        endings.finish(self._run, self._run.fencing_token, Finish(status, message, error, left), self._now())
