"""deploy_strategy: bring a kept version of a strategy into use, by one run for its package and one for its rows, in this process."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from maintenance_portal import at_once, cli, run_report
from maintenance_portal.cli import BadInput, Exit, PortalCommand
from maintenance_portal.foreground import Attendant, StopAsked
from strategies import deployments, versions
from strategies.audit import Actor
from strategies.models import GOOD, JobRun, StrategyVersion, Target
from strategies.platforms.base import ObjectUnknown
from strategies.routines.strategy_deployment import ROUTINE


class Command(PortalCommand):
    help = (
        "Deploy a version of a strategy: its package to the database that it is for (Oracle), its jobs and configurations to home. "
        "Ends with 0 done, 1 not done, 2 bad input, 3 may not start now, 4 goes on in the next window."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("strategy", metavar="NAME")
        parser.add_argument(
            "--version", type=int, default=0, dest="number", metavar="N", help="Its number (default: the newest)."
        )
        parser.add_argument("--target", help="The database that its jobs are to work on (default: home).")
        cli.add_json(parser)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Django's own --version would stand in the way of ours."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def handle(self, *args: Any, **options: Any) -> None:
        version = _version(options["strategy"], options["number"])
        home = Target.objects.select_related("tenant").get(is_home=True)
        place = cli.target_named("--target", options["target"]) if options["target"] else home
        given = {"strategy": version.strategy_name, "version": version.number}
        work = [(home, {**given, "target": "" if place.is_home else place.name})]
        if not place.is_home and deployments.has_package_for(version, place):
            work.insert(0, (place, given))  # before the jobs that have it run
        made: list[JobRun] = []
        about = {"strategy": version.strategy_name, "version": version.number, "target": place.name}
        with Attendant(self.stderr) as attendant:
            try:
                for target, parameters in work:
                    actor = Actor.of_command()
                    made.append(at_once.run(attendant, actor, target, ROUTINE.name, "ALL", parameters))
                    if made[-1].status not in GOOD:
                        break
            except ObjectUnknown as refusal:
                if made:  # what was done is done, and is told first
                    run_report.tell_all(self, made, is_json=options["json"], **about)
                raise BadInput("NAME", str(refusal)) from None
            except StopAsked:
                if not made:
                    return run_report.end_stopped(self, is_json=options["json"])
                run_report.tell_all(self, made, is_json=options["json"], **about)
                self.stderr.write(f"Stopped before there was a run on {work[len(made)][0].name}.")
                return self.end(Exit.BAD)
        return run_report.end_all(self, made, is_json=options["json"], **about)


def _version(strategy: str, number: int) -> StrategyVersion:
    """Raises BadInput."""
    if number < 0:
        raise BadInput("--version", "expected the number of a version, from 1 on")
    try:
        return versions.get(strategy, number)
    except versions.VersionUnknown as unknown:
        names = StrategyVersion.objects.order_by().values_list("strategy_name", flat=True).distinct()
        known = strategy in set(names)
        if known:
            raise BadInput("--version", str(unknown)) from None
        return cli.refuse_word("NAME", str(unknown).rstrip("."), strategy, names)
