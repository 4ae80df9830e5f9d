"""run_strategy: plan a run, ask the gate, and carry it out in this process; neither beat nor worker is needed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from maintenance_portal import answers, at_once, cli, run_report
from maintenance_portal.cli import BadInput, Exit, PortalCommand
from maintenance_portal.foreground import Attendant, StopAsked
from strategies.audit import Actor
from strategies.models import Target
from strategies.platforms.base import NotSupported, ObjectUnknown, PlatformError


class Command(PortalCommand):
    help = (
        "Plan a run and carry it out in this process. Ends with 0 done, 1 not done, 2 bad input, 3 may not start now, "
        "4 goes on in the next window."
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
                return run_report.end_stopped(self, is_json=options["json"])
        return run_report.end(self, run, is_json=options["json"])

    def _look(
        self, attendant: Attendant, target: Target, strategy: str, target_object: str, parameters: dict[str, Any],
        is_json: bool,
    ) -> None:  # fmt: skip
        try:
            made, reasons = at_once.look(attendant, target, strategy, target_object, parameters)
        except (PlatformError, NotSupported) as refusal:
            if is_json:
                self.answer(answers.of_no_run(f"Planning failed. {refusal}"))
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
        run_report.tell_reasons(self, "A run would have to wait now:", result["reasons"])
        if plan["steps"]:
            self.say(f"Digest: {plan['digest']}")
