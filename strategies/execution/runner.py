"""Carries out a claimed run: its prerequisites, its steps one by one and again where they may succeed later, and how it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import QuerySet
from django.utils import timezone

from strategies import budgets, consents, continuing, deployments, durations, endings, registry, runs, targets
from strategies.assessments import Assessment
from strategies.budgets import Budget, Used
from strategies.cut_off import is_cut_off, once_it_answers
from strategies.endings import Finish
from strategies.execution import readiness, verification
from strategies.execution.attempts import Attempts
from strategies.execution.brake import Brake
from strategies.execution.room import Room
from strategies.execution.tally import StepEnd, Tally
from strategies.execution.watch import Watch, Wish
from strategies.gate_values import FAILED, Reason
from strategies.models import JobRun, OperationLog, OperationStatus, Origin, RunStatus
from strategies.plans import ErrorClass, LeftBehind, Plan, StateLeft, Step, TargetError
from strategies.platforms.base import ObjectUnknown, PlatformError, Session
from strategies.routines.base import damage_of
from strategies.sentences import sentences

log = logging.getLogger(__name__)

_TOLD = 5  # in the message of one run
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
        if is_cut_off(bug):  # nothing can be written down: its lease passes, and who looks after it asks the target
            raise
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
    """One run, from its claim to its end."""

    def __init__(self, run: JobRun, session: Session, *, now: Callable[[], datetime]) -> None:
        self._run, self._now = run, now
        self._plan: Plan = runs.plan_of(run)
        found = registry.implementation(run.target.platform, run.strategy_name, run.parameters)
        self._routine, self._concern = found.routine, found.concern
        self._parameters = found.routine.read_parameters(run.parameters)
        self._watch = Watch(run, session, now=now)
        self._brake = Brake(run, self._watch)
        self._budget, self._spent = Budget.of(run.limits), ""
        self._tally = Tally(used=Used.of(run.used))
        self._attempts = Attempts(run, session, self._watch, self._tally, now=now)
        self._room = Room(run, self._plan.steps, self._watch, self._tally, now=now)
        self._seen: Assessment | None = None

    def go(self) -> Assessment | None:
        self._watch.start()
        try:
            reason = readiness.ask(self._run, self._attempts.session, self._watch)
            if reason is not None:
                self._put_back(reason)
                return None
            self._steps()
            self._remember_durations()
            self._finish()
            return self._seen
        finally:
            self._watch.end()
            self._attempts.close()

    def _put_back(self, reason: Reason) -> None:
        """A stop that was asked for meanwhile counts all the same."""
        if reason.code == FAILED:
            consents.check_failed(self._run, reason.sentence, self._now())
        endings.back_to_gate(self._run, self._run.fencing_token, reason, self._now(), wait=_ASK_AGAIN_AFTER)

    def _remember_durations(self) -> None:
        """All at once: a transaction for each would cost a short step as much as its rows in the log.

        What was tried has had its turn.
        """
        tried = self._tally.keys(StepEnd.FAILED, StepEnd.BUSY, StepEnd.STOPPED)
        if self._watch.wish is Wish.NOT_OURS:
            tried = set()
        try:
            self._rows().update(used=self._tally.used.as_json())
            durations.remember_all(self._run.target, self._run.strategy_name, self._tally.took)
            for key in sorted(tried):
                durations.begun(self._run.target, self._run.strategy_name, key, self._now())
        except DatabaseError:
            log.warning("run %s: the durations of its steps could not be kept", self._run.pk, exc_info=True)

    def _steps(self) -> None:
        done = runs.done_keys(self._run) & {step.key for step in self._plan.steps}
        self._tally.ends = dict.fromkeys(done, StepEnd.DONE)
        step_ms = 0
        for number, step in enumerate(self._plan.steps, 1):
            if step.key in done:
                continue
            spent = budgets.spent(self._budget, self._tally.used)
            if spent and not self._room.is_in_piece(step):
                self._spent = spent
                return
            if why := self._room.pass_over(number):
                self._tally.ends[step.key] = self._attempts.skip(step, why)
                continue
            self._brake.heed(self._attempts.session, step_ms)
            if not self._room.fits(number):
                self._watch.close_window()
            if self._watch.wish is not None:
                return
            before_ms = self._tally.used.database_ms
            self._tally.ends[step.key] = self._step(number, step)
            step_ms = self._tally.used.database_ms - before_ms
            if self._tally.error is not None and self._tally.error.error_class in _ENDS_RUN:
                return

    def _rows(self) -> QuerySet[JobRun]:
        """The run, as long as it is ours."""
        return JobRun.objects.filter(pk=self._run.pk, fencing_token=self._run.fencing_token)

    def _is_ours(self, number: int) -> bool:
        """Say which step is at hand. False = somebody else has taken the run over: nothing more is sent or written."""
        at_hand: dict[str, Any] = {
            "step_number": number,
            "step_started_at": self._now(),
            "used": self._tally.used.as_json(),
        }
        if once_it_answers(lambda: self._rows().update(**at_hand, step_fraction=None, step_phase="")) == 1:
            return True
        self._watch.give_up()
        return False

    def _step(self, number: int, step: Step) -> StepEnd:
        unmet = [key for key in step.after if self._tally.ends.get(key) not in (StepEnd.DONE, StepEnd.NOT_NEEDED)]
        if unmet:
            return self._attempts.skip(step, f"it comes after {', '.join(unmet)}, which was not done.")
        attempt = 1
        while self._is_ours(number):
            end, error = self._attempts.make(step, attempt)
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

    def _finish(self) -> None:
        total, wish = len(self._plan.steps), self._watch.wish
        if wish is Wish.NOT_OURS:
            return
        if wish is Wish.SHUTDOWN and self._tally.done < total:
            self._pause(self._tally.progress(total))
        elif wish is Wish.WINDOW and self._tally.done < total:
            self._carry_over(self._tally.progress(total))
        elif verdict := self._tally.verdict(
            wish, total, self._run.timeout_seconds, self._stopped_by, spent=self._spent
        ):
            self._end_run(verdict[0], sentences(verdict[1], self._room.told))
        else:
            self._look_again(self._tally.progress(total))

    def _pause(self, progress: str) -> None:
        text = f"Paused because its worker was shut down. {progress}"
        left = self._tally.state_left or endings.NOTHING_LEFT
        once_it_answers(lambda: endings.pause(self._run, self._run.fencing_token, text, self._now(), left))

    def _carry_over(self, progress: str) -> None:
        """The window closes: what is left waits for the next one. A step that failed by itself has failed."""
        too_long = self._cut_off_again()
        failed = self._tally.keys(StepEnd.FAILED) | too_long
        told = [f"{key} was cut off by the end of its window for the second time" for key in sorted(too_long)]
        rest = {step.key for step in self._plan.steps} - self._tally.keys(StepEnd.DONE, StepEnd.NOT_NEEDED)
        rest -= continuing.with_followers(self._plan.steps, failed | self._room.passed_over)
        status = RunStatus.FAILED if failed else RunStatus.CONTINUED if rest else RunStatus.WARNING
        goes_on = f"What is left goes on {self._room.goes_on}" if rest else ""
        text = sentences(self._room.is_over, *told, progress, goes_on, self._room.told)
        error = TargetError(ErrorClass.PERMANENT, "outlasts_window", sentences(*told)) if told else self._tally.error
        left = self._tally.state_left or endings.NOTHING_LEFT
        ending = Finish(status, text, error if failed else None, left)
        given_up = failed | self._room.passed_over
        once_it_answers(lambda: continuing.carry_over(self._run, ending, given_up, self._now()))

    def _cut_off_again(self) -> set[str]:
        """What the end of the window before this one cut off, too: tried at the head of each, it would never let the others pass."""
        stopped = self._tally.keys(StepEnd.STOPPED)
        if not stopped or self._run.origin != Origin.CONTINUE:
            return set()
        before = OperationLog.objects.filter(run=self._run.parent_id, status=OperationStatus.CANCELLED)
        return stopped & set(before.values_list("step_key", flat=True))

    def _stopped_by(self) -> str:
        return JobRun.objects.values_list("stop_asked_by", flat=True).get(pk=self._run.pk) or "request"

    def _look_again(self, progress: str) -> None:
        """All steps are done: one more look at the target must not find the same needs again."""
        run = self._run
        leaving = RunStatus.RUNNING, RunStatus.STOPPING
        once_it_answers(
            lambda: JobRun.objects.move(run.pk, leaving=leaving, to=RunStatus.VERIFYING, token=run.fencing_token)
        )
        try:
            wanted = deployments.filled(self._parameters, run.target, run)
            with self._watch.at_work():
                seen = self._routine.assess(self._attempts.session, self._concern, wanted, run.target_object)
        except (PlatformError, ObjectUnknown) as refusal:
            self._not_seen_again(progress, refusal)
            return
        self._seen = seen
        if damage := damage_of(seen, self._concern):
            self._tally.error = TargetError(ErrorClass.PERMANENT, runs.DAMAGED, sentences(*damage))
            self._end_run(RunStatus.FAILED, sentences(*damage[:_TOLD], progress))
        elif still := verification.still_found(self._plan, seen):
            self._end_run(RunStatus.WARNING, f"{progress} A second look still finds: {'; '.join(still[:_TOLD])}")
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
        elif wish is Wish.WINDOW:
            self._end_run(RunStatus.WARNING, f"{progress} The second look was stopped at the end of its window.")
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
        ending = Finish(status, message, error, left)
        once_it_answers(lambda: endings.finish(self._run, self._run.fencing_token, ending, self._now()))
