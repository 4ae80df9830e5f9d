"""What commands that carry out a run say of it at its end, to people or as JSON, and with which state they leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from maintenance_portal import answers
from maintenance_portal.cli import Exit, PortalCommand
from maintenance_portal.printing import duration, measured
from strategies.models import GOOD, JobRun, RunStatus
from strategies.sentences import sentences

_COLUMNS = ("OPERATION", "OBJECT", "STATUS", "DURATION", "ROWS", "MESSAGE")
_STOPPED = "Stopped before there was a run. Nothing was changed."


def end(command: PortalCommand, run: JobRun, *, is_json: bool) -> None:
    """Say how the run went, and leave."""
    result = answers.of_result(run)
    if is_json:
        command.answer(result)
    else:
        _tell(command, run, result)
    command.end(_state(run))


def end_all(command: PortalCommand, runs: Sequence[JobRun], *, is_json: bool, **about: Any) -> None:
    """Say how runs went that belong together, and leave as the last of them would."""
    tell_all(command, runs, is_json=is_json, **about)
    command.end(_state(runs[-1]))


def tell_all(command: PortalCommand, runs: Sequence[JobRun], *, is_json: bool, **about: Any) -> None:
    """Say how runs went that belong together. `about` stands beside them in the JSON."""
    results = [answers.of_result(run) for run in runs]
    if is_json:
        command.answer({**about, "runs": results})
    else:
        for run, result in zip(runs, results, strict=True):
            command.say(f"On {run.target.name}:")
            _tell(command, run, result)


def end_stopped(command: PortalCommand, *, is_json: bool) -> None:
    """Somebody asked for an end before there was a run."""
    if is_json:
        command.answer(answers.of_no_run(_STOPPED))
    else:
        command.stderr.write(_STOPPED)
    command.end(Exit.BAD)


def tell_reasons(command: PortalCommand, opening: str, reasons: list[dict[str, str]]) -> None:
    if reasons:
        command.say(opening)
    for reason in reasons:
        command.say(f"  - {sentences(reason['sentence'], reason['cleared_by'])}")


def _tell(command: PortalCommand, run: JobRun, result: dict[str, Any]) -> None:
    command.say(sentences(f"Run {run.pk}: {run.get_status_display().lower()}", run.message))
    tell_reasons(command, "It may not start now, and was cancelled:", result["reasons"])
    if run.state_left_message and run.status not in GOOD:
        command.say(run.state_left_message)
    rows = [
        (
            row["operation_type"],
            row["object"] or "",
            row["status"],
            duration(row["duration_ms"]),
            measured(row["rows_processed"]),
            row["message"] or "",
        )
        for row in result["operations"]
    ]
    if rows:
        command.say_table(_COLUMNS, rows)
    for note in result["plan"]["notes"]:
        command.say(f"Note: {note}")
    if result["goes_on_as"] is not None:
        command.say(
            f"What is left is run {result['goes_on_as']}: the portal's workers start it by themselves as soon as it may."
        )


def _state(run: JobRun) -> Exit:
    if run.status in GOOD:
        return Exit.GOOD
    if run.status == RunStatus.CONTINUED:
        return Exit.GOES_ON
    return Exit.WAITING if run.status == RunStatus.CANCELLED and run.reasons else Exit.BAD
