"""register_target: make a database known to the portal. Nothing connects to it."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.management.base import CommandParser

from maintenance_portal.cli import BadInput, PortalCommand, one_of, refuse_word
from strategies import registry, secrets, targets
from strategies.audit import Actor
from strategies.forms.target import TargetForm
from strategies.models import Environment, Tenant
from strategies.reference_rows import FIRST_TENANT
from strategies.targets import NameTaken

_ARGUMENTS = {
    "name": "NAME",
    "url": "URL",
    "secret_reference": "--secret",
    "environment": "--environment",
    "tenant": "--tenant",
    "tags": "--tag",
}


class Command(PortalCommand):
    help = "Make a database known to the portal. Nothing connects to it; check_target does."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="What people call the database.")
        parser.add_argument(
            "url", metavar="URL",
            help="Without a password: " + " or ".join(p.url_example for p in registry.platforms().values()),
        )  # fmt: skip
        parser.add_argument(
            "--secret", metavar="env:NAME|file:PATH",
            help="Where the password stands. Without it you are asked, on a terminal; otherwise there is none.",
        )  # fmt: skip
        parser.add_argument("--environment", default=Environment.DEVELOPMENT.value, help=", ".join(Environment.values))
        parser.add_argument("--tenant", default=FIRST_TENANT, help=f"Whose it is (default: {FIRST_TENANT}).")
        parser.add_argument(
            "--tag", action="append", default=[], dest="tags", help="A group it belongs to; repeatable."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        form = _form(options)
        try:
            target = targets.register(Actor.of_command(), form.values(_password(form, options["secret"])))
        except NameTaken as refusal:
            raise BadInput("NAME", str(refusal)) from None
        platform = registry.platforms()[target.platform]
        self.say(
            f"{target.name} is registered: {platform.label}, {target.environment}, tenant {target.tenant}, {target.url}"
        )
        if platform.takes_secret:
            self.say(f"Its secret: {secrets.describe(target.secret)}.")
        self.say(f"Look at it with: manage.py check_target '{target.name}'")


def _form(options: dict[str, Any]) -> TargetForm:
    """What was typed, through the same form as on the page. Raises BadInput for the first argument that it refuses."""
    tenants, tenant = Tenant.objects.all(), options["tenant"]
    if not tenants.filter(name=tenant).exists():
        refuse_word("--tenant", f"no tenant is named '{tenant}'", tenant, tenants.values_list("name", flat=True))
    if options["secret"] == "":
        raise BadInput("--secret", "expected env:NAME or file:/absolute/path")
    typed = {
        "name": options["name"],
        "url": options["url"],
        "secret_reference": options["secret"] or "",
        "environment": one_of("--environment", options["environment"], Environment.values),
        "tenant": tenant,
        "tags": ", ".join(options["tags"]),
    }
    form = TargetForm(typed, tenants=tenants)
    for field, argument in _ARGUMENTS.items():
        if field in form.errors:
            raise BadInput(argument, " ".join(map(str, form.errors[field])))
    if form.errors:
        raise BadInput("NAME", " ".join(str(text) for texts in form.errors.values() for text in texts))
    return form


def _password(form: TargetForm, reference: str | None) -> str:
    """Asked for on a terminal, where the platform takes one and none was named; empty = none. Raises BadInput."""
    password = "" if reference is not None or not form.takes_secret or not sys.stdin.isatty() else _asked(form)
    if not password and not reference and form.needs_secret:
        raise BadInput(
            "--secret", "this product signs in with a password: name where it stands, env:NAME or file:/path"
        )
    return password


def _asked(form: TargetForm) -> str:
    try:
        return getpass.getpass(f"Password for {form.cleaned_data['url']} (empty = none): ", stream=sys.stderr)
    except (EOFError, KeyboardInterrupt):
        raise BadInput("--secret", "no password was given; nothing was registered") from None
