"""run_strategy: plan a run, ask the gate, and carry it out in this process; neither beat nor worker is needed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from maintenance_portal import answers, at_once, cli
from maintenance_portal.cli import BadInput, Exit, PortalCommand
from maintenance_portal.foreground import Attendant, StopAsked
from maintenance_portal.printing import duration, measured
from strategies.audit import Actor
from strategies.models import GOOD, JobRun, RunStatus, Target
from strategies.platforms.base import NotSupported, ObjectUnknown, PlatformError

_COLUMNS = ("OPERATION", "OBJECT", "STATUS", "DURATION", "ROWS", "MESSAGE")


class Command(PortalCommand):
    help = (
        "Plan a run and carry it out in this process. Ends with 0 done, 1 not done, 2 bad input, 3 may not start now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("strategy", metavar="STRATEGY")
        parser.add_argument("--target", required=True, help="The database to work on.")
        parser.add_argument("--object", default="ALL", help="One object of it (default: ALL).")
        parser.add_argument(
            "--set", action="append", default=[], dest="values", metavar="KEY=VALUE",
            help="A parameter of the strategy; repeatable.",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="Show the exact steps; start nothing.")
        cli.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        target = cli.target_named("--target", options["target"])
        strategy = cli.strategy_named("STRATEGY", options["strategy"], target)
        target_object = cli.object_named(options["object"])
        parameters = cli.parameters(strategy, options["values"])
        with Attendant(self.stderr) as attendant:
            try:
                if options["dry_run"]:
                    return self._look(attendant, target, strategy, target_object, parameters, options["json"])
                run = at_once.run(attendant, Actor.of_command(), target, strategy, target_object, parameters)
            except ObjectUnknown as refusal:
                raise BadInput("--object", str(refusal)) from None
            except StopAsked:
                attendant.say("Stopped before there was a run. Nothing was changed.")
                return self.end(Exit.BAD)
        result = answers.of_result(run)
        if options["json"]:
            self.answer(result)
        else:
            self._tell(run, result)
        return self.end(_state(run))

    def _look(
        self, attendant: Attendant, target: Target, strategy: str, target_object: str, parameters: dict[str, Any],
        is_json: bool,
    ) -> None:  # fmt: skip
        try:
            made, reasons = at_once.look(attendant, target, strategy, target_object, parameters)
        except (PlatformError, NotSupported) as refusal:
            if is_json:
                self.answer(answers.of_failed_dry_run(f"Planning failed. {refusal}"))
            else:
                self.stderr.write(f"Planning failed. {refusal}")
            return self.end(Exit.BAD)
        steps = len(made.steps)
        message = f"{steps} {'step' if steps == 1 else 'steps'}; nothing was started." if steps else "Nothing to do."
        result = answers.of_dry_run(made, reasons, message)
        if is_json:
            self.answer(result)
        else:
            self._tell_plan(target, result)
        return None

    def _tell(self, run: JobRun, result: dict[str, Any]) -> None:
        self.say(f"Run {run.pk}: {run.get_status_display().lower()}. {run.message}")
        self._tell_reasons("It may not start now, and was cancelled:", result["reasons"])
        if run.state_left_message and run.status not in GOOD:
            self.say(run.state_left_message)
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
            self.say_table(_COLUMNS, rows)
        for note in result["plan"]["notes"]:
            self.say(f"Note: {note}")

    def _tell_plan(self, target: Target, result: dict[str, Any]) -> None:
        plan = result["plan"]
        self.say(f"{target.name}: {result['message']}")
        for number, step in enumerate(plan["steps"], 1):
            self.say(f"{number}. {step['operation_type']} {step['object']}: {step['reason']}")
            for line in step["sql"].splitlines():
                self.say(f"     {line}")
            self.say(f"     Undo: {'; '.join(step['undo']) or step['undo_note']}")
        for note in plan["notes"]:
            self.say(f"Note: {note}")
        self._tell_reasons("A run would have to wait now:", result["reasons"])
        if plan["steps"]:
            self.say(f"Digest: {plan['digest']}")

    def _tell_reasons(self, opening: str, reasons: list[dict[str, str]]) -> None:
        if reasons:
            self.say(opening)
        for reason in reasons:
            self.say(f"  - {reason['sentence']} {reason['cleared_by']}")


def _state(run: JobRun) -> Exit:
    if run.status in GOOD:
        return Exit.GOOD
    return Exit.WAITING if run.status == RunStatus.CANCELLED and run.reasons else Exit.BAD
