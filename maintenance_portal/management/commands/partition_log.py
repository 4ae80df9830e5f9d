"""partition_log: have the operation log partitioned by month, or made one table again; says what it will do, and asks first."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from maintenance_portal import printing
from maintenance_portal.cli import Exit, PortalCommand
from monitoring import partition_care, partitioning, partitions
from monitoring.partition_plans import PartitionRefused, Proposal
from strategies import audit, log_policies
from strategies.audit import Actor


class Command(PortalCommand):
    help = (
        "Have the operation log partitioned by month (PostgreSQL, and Oracle with Partitioning). Shows what it will do, and asks"
        " first. Ends with 0 where it is done, 1 where it was not done, 2 bad input."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="Begin without asking.")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--undo", action="store_true", help="Make the log one table again (PostgreSQL).")
        what.add_argument(
            "--compress", nargs="?", const="", metavar="PARTITION",
            help="Pack partitions that are over, or the one of this name (Oracle).",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["compress"] is not None:
                self._compress(options["compress"], is_sure=options["yes"])
            else:
                self._change(is_undo=options["undo"], is_sure=options["yes"])
        except PartitionRefused as refusal:
            raise CommandError(printing.printable(str(refusal)), returncode=Exit.BAD) from None
        except DatabaseError as trouble:
            text = f"The database refused, and the log is as it was: {str(trouble).strip()}"
            raise CommandError(printing.printable(text), returncode=Exit.BAD) from None

    def _change(self, *, is_undo: bool, is_sure: bool) -> None:
        way = partitioning.way(is_undo=is_undo)
        self._show(way.propose(timezone.now()))
        if not self._may_begin(is_sure):
            return
        way.carry_out(timezone.now(), self._tell)
        row, after = log_policies.general_row(), {"partitions": len(partitions.of_log())}
        audit.record(Actor.of_command(), "log.partitions_undone" if is_undo else "log.partitioned", row, after=after)
        self.say("The operation log is one table again." if is_undo else "The operation log is partitioned by month.")

    def _compress(self, name: str, *, is_sure: bool) -> None:
        chosen = partition_care.to_compress(timezone.now(), partition_name=name)
        for statement in chosen.values():
            self.say(f"  {statement}")
        if not chosen:
            self.say("No partition that is over waits to be packed.")
        elif self._may_begin(is_sure):
            packed = partition_care.compress_log_partitions(timezone.now(), partition_name=name, tell=self._tell)
            audit.record(
                Actor.of_command(), "log.partitions_packed", log_policies.general_row(), after={"partitions": packed}
            )
            self.say(f"{len(packed)} {'partition is' if len(packed) == 1 else 'partitions are'} packed.")

    def _show(self, proposal: Proposal) -> None:
        self.say(proposal.title)
        for sentence in proposal.known:
            self.say(f"- {sentence}")
        for title, statements in (
            ("While everybody works:", proposal.beside),
            ("In one transaction:", proposal.at_once),
        ):
            if statements:
                self.say(title)
            for statement in statements:
                self.say(f"  {statement};")

    def _may_begin(self, is_sure: bool) -> bool:
        """Where nobody can be asked, what was shown is all; that is no success."""
        if is_sure:
            return True
        if not sys.stdin.isatty():
            self.stderr.write("Nothing was done: nobody can be asked here; say --yes to begin.")
            self.end(Exit.BAD)
        self.stderr.write("Begin? (yes/no) ", ending="")
        self.stderr.flush()
        try:
            is_wanted = sys.stdin.readline().strip().lower() in ("y", "yes")
        except KeyboardInterrupt:
            is_wanted = False
        if not is_wanted:
            self.stderr.write("Nothing was done.")
            self.end(Exit.BAD)
        return is_wanted

    def _tell(self, statement: str) -> None:
        self.stderr.write(printing.printable(f"> {statement}"))
