"""oracle_smoke: try on a real Oracle server what the portal relies on, with objects of its own, and write down what it did."""

from __future__ import annotations

import os
import secrets as randomness
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from maintenance_portal import own_trial, printing
from maintenance_portal.cli import BadInput, Exit, PortalCommand, add_json
from maintenance_portal.foreground import Attendant
from maintenance_portal.other_portal import OtherPortal
from maintenance_portal.own_trial import OwnTrial
from strategies import registry, secrets
from strategies.platforms.base import Address, AddressRefused
from strategies.platforms.oracle.platform import PLATFORM
from strategies.platforms.oracle.sign_in import secret_parts
from strategies.platforms.oracle.smoke import catalogue, ground, reporting, statements
from strategies.platforms.oracle.smoke.items import Item, Report, State
from strategies.platforms.oracle.smoke.reading import Tried
from strategies.platforms.oracle.smoke.running import trial
from strategies.platforms.oracle.smoke.stage import Stage

MB = 1_048_576


class Command(PortalCommand):
    help = (
        "Try on a real Oracle server what the portal relies on, with objects of its own that are removed again, and write a"
        " report. Ends with 0 all is well, 1 something failed, was left behind or could not be tried, 2 bad input."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", metavar="URL", help=f"the address, as in {PLATFORM.url_example}")
        parser.add_argument(
            "--secret", required=True, metavar="REFERENCE", help="where the password stands: env:NAME or file:/path"
        )
        parser.add_argument("--report", metavar="FILE", help="write the report there: JSON for a .json, else Markdown")
        parser.add_argument("--yes", action="store_true", help="begin without asking")
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        address, secret = _address(options["url"]), _secret(options["secret"])
        file = _file(options["report"])
        stage = Stage(PLATFORM, address, secret, token=randomness.token_hex(4))
        with closing(other_portal(stage)) as portal:
            items = every_item(portal)
            self._announce(items, stage, is_json=options["json"])
            if not self.is_agreed(options["yes"]):
                self.stderr.write("Nothing was tried.")
                return self.end(Exit.BAD)
            report = self._try(items, stage, portal)
        is_written = file is None or self._write(file, report)
        self._tell(report, file, is_json=options["json"])
        return self.end(Exit.GOOD if report.is_good and is_written else Exit.BAD)

    def _announce(self, items: Sequence[Item], stage: Stage, *, is_json: bool) -> None:
        """Standard output holds the answer alone where that is JSON."""
        lines = [
            f"On {stage.address.url} this is tried, one after the other:",
            *(f"  {item.title}{' (with objects of its own)' if item.changes else ''}" for item in items),
            f"Objects are made in the account's own schema only. Their names begin with {stage.prefix}, and each is removed"
            " after its item; those of the portal's own database have the portal's names, are made only where the schema holds"
            " nothing, and are removed in the end. Sessions of the trial's own are cancelled and killed; nobody else's are."
            " Counters of changes that lie in memory are written down (DBMS_STATS.FLUSH_DATABASE_MONITORING_INFO). Nothing else"
            " is changed.",
            f"It may take half an hour. It needs CREATE TABLE and a quota of {ground.NEEDED_BYTES // MB} MB, for the portal's own"
            f" database {own_trial.NEEDED_BYTES // MB} MB; names with {statements.PREFIX} are its own.",
        ]
        for line in lines:
            if is_json:
                self.stderr.write(printing.printable(line))
            else:
                self.say(line)

    def _try(self, items: Sequence[Item], stage: Stage, portal: OtherPortal) -> Report:
        stopped, now = threading.Event(), [""]

        def stop() -> bool:
            stopped.set()
            self.stderr.write("Stopping: what was made is removed. Ctrl+C once more leaves it behind.")
            portal.cancel()
            stage.cancel()
            return True

        def tell(title: str) -> None:
            now[0] = title

        with Attendant(self.stderr) as attendant:
            return attendant.wait(
                lambda: trial(items, stage, stop=stopped, tell=tell), progress=lambda: now[0], stop=stop
            )

    def _write(self, file: Path, report: Report) -> bool:
        is_json = file.suffix.lower() == ".json"
        text = printing.as_json(reporting.as_json(report)) + "\n" if is_json else reporting.as_markdown(report)
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as refusal:
            self.stderr.write(f"The report could not be written to {file}: {refusal.strerror}")
            return False
        return True

    def _tell(self, report: Report, file: Path | None, *, is_json: bool) -> None:
        if is_json:
            return self.answer(reporting.as_json(report))
        if file is None:
            for line in reporting.as_markdown(report).splitlines():
                self.say(line)
            return None
        self.say(reporting.summary(report))
        if report.cut_short:
            self.stderr.write(printing.printable(report.cut_short))
        for result in report.results:
            if result.state is State.FAILED:
                self.say(f"Failed: {result.name}: {result.words}")
        for text in report.left:
            self.stderr.write(printing.printable(f"Left behind: {text}"))
        return self.say(f"The report is in {file}.")


def other_portal(stage: Stage) -> OtherPortal:
    """A portal whose own database is where that stage stands."""
    password, of_wallet = secret_parts(stage.secret or "", stage.address.options)
    return OtherPortal(stage.address.url, password=password, wallet_password=of_wallet or "")


def every_item(portal: OtherPortal) -> tuple[Item, ...]:
    """What is tried with a database that is maintained, and then what is tried with the portal's own."""
    strategies = tried()
    return *catalogue.items(strategies), *OwnTrial(portal, strategies).items()


def tried() -> tuple[Tried, ...]:
    """Every strategy of the portal's own that Oracle has, with the parameters that it has by itself."""
    return tuple(
        Tried(name, registry.concern(PLATFORM.name, name), routine.read_parameters({}), routine.is_of_one_table)
        for name, routine in registry.own_routines().items()
        if registry.supports(PLATFORM.name, name)
    )


def _address(url: str) -> Address:
    try:
        return PLATFORM.address(url)
    except AddressRefused as refusal:
        raise BadInput("URL", str(refusal)) from None


def _secret(reference: str) -> str | None:
    try:
        return secrets.resolve(secrets.reference(reference))
    except (secrets.SecretRefused, secrets.SecretMissing) as refusal:
        raise BadInput("--secret", str(refusal)) from None


def _file(name: str | None) -> Path | None:
    """A file that can be written; found out before anything is tried, and without making it."""
    if name is None:
        return None
    file = Path(name).absolute()
    if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
        raise BadInput("--report", f"{name} cannot be written")
    return file
