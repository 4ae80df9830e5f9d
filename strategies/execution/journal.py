"""Writes what a run does into the operation log: a row before each attempt of a step, and its ending after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from strategies import operation_log
from strategies.cut_off import once_it_answers
from strategies.models import UNFINISHED, JobRun, OperationLog, OperationStatus
from strategies.operation_log import Beginning, Ending
from strategies.plans import Outcome, Step, TargetError, Verification


class Journal:
    """The rows of one run."""

    def __init__(self, run: JobRun, *, now: Callable[[], datetime]) -> None:
        self._run, self._now = run, now
        self._job_name = run.job.job_name if run.job else None
        self._begun: dict[int, datetime] = {}

    def begin(self, step: Step, attempt: int, session_id: str) -> int:
        """The row of an attempt that is about to be made; the operation's id."""

        def write() -> int:
            moment = self._now()
            operation = operation_log.begin(row, moment)
            self._begun[operation] = moment
            return operation

        def write_unless_kept() -> int:
            mine = OperationLog.objects.filter(run=self._run, step_key=step.key, attempt=attempt)
            kept = (
                mine.filter(status__in=UNFINISHED, session_id=session_id).order_by("-pk").values_list("pk", flat=True)
            )
            return kept[0] if kept else write()

        row = self._beginning(step, attempt, session_id)
        return once_it_answers(write, write_unless_kept)

    def _beginning(self, step: Step, attempt: int, session_id: str) -> Beginning:
        return Beginning(
            strategy_name=self._run.strategy_name,
            operation_type=step.operation_type,
            target_object=step.object,
            target_type=step.object_type,
            sql_text=step.sql,
            user_name=self._run.asked_by,
            session_id=session_id,
            target_id=self._run.target_id,
            run_id=self._run.pk,
            step_key=step.key,
            attempt=attempt,
            job_name=self._job_name,
            context={"reason": step.reason, "before": dict(step.evidence)},
        )

    def end(
        self, operation: int, step: Step, status: OperationStatus, message: str, outcome: Outcome,
        error: TargetError | None, checked: Verification | None,
    ) -> None:  # fmt: skip
        """How the attempt ended, with what was measured and what the target said afterwards."""
        context: dict[str, Any] = {
            "reason": step.reason,
            "before": dict(step.evidence),
            "notices": list(outcome.notices),
        }
        if checked is not None:
            context["after"] = dict(checked.evidence)
            if checked.finding is not None:
                context["found"] = checked.finding.as_json()
        if error is not None:
            context["error_class"] = error.error_class.value
        affected = checked.objects_affected if checked is not None and status is OperationStatus.SUCCESS else None
        ending = Ending(status, message, outcome.duration_ms, error, outcome.meters, affected, context)
        self._end(operation, ending)

    def note(self, step: Step, status: OperationStatus, message: str, session_id: str) -> None:
        """A row for a step that was not sent to the target."""
        operation = self.begin(step, 1, session_id)
        self._end(operation, Ending(status, message, 0, context={"reason": step.reason}))

    def _end(self, operation: int, ending: Ending) -> None:
        """`began`, where it is known, finds the row in one partition."""
        began = self._begun.pop(operation, None)
        once_it_answers(lambda: operation_log.end(operation, ending, self._now(), began))
