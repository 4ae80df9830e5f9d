"""check_audit: compute the chain of seals over the audit anew, and say what does not hold."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from maintenance_portal.cli import BadInput, Exit, PortalCommand, add_json
from strategies import sealing
from strategies.models import AuditSeal


class Command(PortalCommand):
    help = (
        "Compute the digests of all sealed audit entries anew. Ends with 1 where one was changed or is gone. Keep the last number and "
        "digest elsewhere: with them a chain that was computed anew as a whole is found out, too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from", dest="start", type=int, default=1, help="The first seal to look at, by its number."
        )
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        start = options["start"]
        if start < 1:
            raise BadInput("--from", "seals are numbered from 1")
        broken = [found for found in sealing.check(start) if isinstance(found, sealing.Broken)]
        last = AuditSeal.objects.first()
        told = {
            "from": start,
            "last": last.number if last else 0,
            "digest": last.digest if last else None,
            "waiting": sealing.unsealed(),
            "broken": [{"number": one.number, "why": one.why} for one in broken],
        }
        if options["json"]:
            self.answer(told)
        else:
            for one in broken:
                self.say(f"Seal {one.number}: {one.why}.")
            end = f"up to number {told['last']:,}, whose digest is {told['digest']}" if last else "none"
            self.say(
                f"Seals {'do not hold' if broken else 'hold'}: {end}. {told['waiting']:,} entries wait for theirs."
            )
        if broken:
            raise CommandError(f"{len(broken):,} seals do not hold.", returncode=Exit.BAD)
