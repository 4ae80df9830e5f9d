"""approve: give the word of whoever types it for a run that waits for people, or send it back; four eyes hold here as well."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from maintenance_portal import answers
from maintenance_portal.cli import BadInput, Exit, PortalCommand, add_json
from strategies import signing
from strategies.audit import Actor
from strategies.models import Approval, ApprovalState, User
from strategies.refused import Refused


class Command(PortalCommand):
    help = (
        "Approve the question with this number (see `approvals`) as the login of your name here, or send it back. "
        "Ends with 0 done, 1 refused, 2 bad input."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", metavar="NUMBER", type=int)
        parser.add_argument(
            "--level", type=int, help="The level that you mean, counted from 1 (default: the one asked now)."
        )
        parser.add_argument("--comment", default="", help="What the others read of it.")
        parser.add_argument("--send-back", metavar="REASON", help="Do not approve it; this is why.")
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        actor = Actor.of_command()
        user = User.objects.filter(username=actor.person, is_active=True).first()
        if user is None:
            self.stderr.write(
                f"No active login of the portal is named '{actor.person}': nobody else's word can be given here."
            )
            return self.end(Exit.BAD)
        is_key = 0 < options["number"] < 2**63
        row = Approval.objects.visible_to(user).filter(pk=options["number"]).first() if is_key else None
        if row is None:
            raise BadInput("NUMBER", f"there is no approval {options['number']} among those that {user.username} sees")
        level = row.level if options["level"] is None else options["level"] - 1
        try:
            if options["send_back"] is not None:
                row = signing.send_back(row.pk, user, actor, level, options["send_back"], timezone.now())
            else:
                row = signing.approve(row.pk, user, actor, level, options["comment"], timezone.now())
        except Refused as refusal:
            self.stderr.write(str(refusal))
            return self.end(Exit.BAD)
        if options["json"]:
            self.answer(answers.of_approval(row))
        else:
            self.say(self._told(row))
        return None

    def _told(self, row: Approval) -> str:
        if row.state == ApprovalState.APPROVED:
            return f"Run {row.run_id} is approved: it starts as soon as nothing else stands in its way."
        if row.state == ApprovalState.SENT_BACK:
            return f"Run {row.run_id} was sent back with your reason."
        return f"Your word for run {row.run_id} is noted; level {row.level + 1} of {len(row.levels)} is asked now."
