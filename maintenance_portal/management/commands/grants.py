"""grants: the rights that an account needs for what the portal sends, as a script for an administrator to read and run."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from maintenance_portal.cli import BadInput, Exit, PortalCommand, add_json, one_of
from strategies import capabilities, registry
from strategies.capabilities import Capability
from strategies.platforms.base import NotSupported, Platform


class Command(PortalCommand):
    help = "Print the script that grants an account what the portal needs: nothing is sent anywhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("platform", metavar="PLATFORM", help="oracle or postgresql")
        parser.add_argument(
            "--capability", action="append", default=[], metavar="NAME",
            help="monitoring, or a strategy; may be repeated (default: all of them)",
        )  # fmt: skip
        parser.add_argument("--user", default="portal", metavar="NAME", help="the account (default: portal)")
        parser.add_argument("--optional", action="store_true", help="grant also what the portal can do without")
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        name = one_of("PLATFORM", options["platform"], registry.platforms())
        product = registry.platforms()[name]
        chosen = _chosen(capabilities.capabilities(name), options["capability"])
        try:
            account = product.account(options["user"])
            lines = list(capabilities.script(product, chosen, account, with_optional=options["optional"]))
            told = [_told(product, capability, account) for capability in chosen]
        except NotSupported as none:
            raise BadInput("PLATFORM", str(none)) from None
        except ValueError as refusal:
            raise BadInput("--user", str(refusal)) from None
        if options["json"]:
            self.answer({"platform": name, "user": account, "capabilities": told})
        else:
            for line in lines:
                self.stdout.write(line)
        return self.end(Exit.GOOD)


def _chosen(known: tuple[Capability, ...], typed: list[str]) -> list[Capability]:
    """Those of these names, in the order of the script. Raises BadInput."""
    names = {one_of("--capability", text, [one.name for one in known]) for text in typed}
    return [one for one in known if one.name in names or not names]


def _told(product: Platform, capability: Capability, account: str) -> dict[str, Any]:
    return {
        "name": capability.name,
        "title": capability.title,
        "rights": [
            {
                "privilege": right.privilege,
                "needed_for": right.needed_for,
                "is_optional": right.is_optional,
                "grant": product.grant(right.privilege, account),
            }
            for right in capability.rights
        ],
    }
