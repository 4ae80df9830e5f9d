"""`manage.py portal`: the whole portal in one command."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from typing import Any, TextIO

from django.conf import settings
from django.core import checks
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, Error, connection

from maintenance_portal import installation, ports, supervisor
from maintenance_portal.checks import PORTAL
from maintenance_portal.children import GivenUp
from maintenance_portal.cli import Exit
from maintenance_portal.database_checks import first_line
from monitoring.notifications.base import is_loopback
from strategies.models import User

PAGES, WORK = "pages", "work"


class Command(BaseCommand):
    help = "Start the portal: pages, beat, workers and the demo. Ctrl+C ends everything."
    requires_system_checks: list[str] = []  # those of the portal are made here; all of them take a second

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-demo", action="store_true")
        parser.add_argument(
            "--only", choices=(PAGES, WORK),
            help="One half, where several portals share a database: the pages, or beat and workers. Without the demo.",
        )  # fmt: skip

    def handle(self, *args: Any, host: str, port: int, no_demo: bool, only: str | None, **options: Any) -> None:
        with self._occupied_folder() as lock:
            listener = self._prepare(host, port, has_pages=only != WORK)
            if listener is None:
                self._say("The portal's beat and workers, without pages   (Ctrl+C ends them)")
            else:
                self._tell_address(host, port, lock)
            if (no_demo or only) and not User.objects.exists():
                self._tell_first_account()
            try:
                supervisor.Supervisor(
                    listener, works=only != PAGES, has_demo=not no_demo and only is None, say=self._say
                ).run()
            except GivenUp as reason:
                raise CommandError(str(reason)) from None

    def _tell_address(self, host: str, port: int, lock: TextIO) -> None:
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        if not settings.PORTAL_URL and is_loopback(host):  # nobody reaches it by another address
            settings.PORTAL_URL = address.rstrip("/")
            os.environ["PORTAL_URL"] = settings.PORTAL_URL  # for the processes that it starts
        print(address, file=lock, flush=True)  # for whoever tries to start another one
        self._say(f"The portal: {address}   (Ctrl+C ends it)")

    def _tell_first_account(self) -> None:
        where = "" if settings.PORTAL_DATA == settings.BASE_DIR / "data" else f"PORTAL_DATA={settings.PORTAL_DATA} "
        self._say(f"Nobody can sign in yet; make the first account: {where}python3 run.py manage createsuperuser")

    def _occupied_folder(self) -> TextIO:
        """From here on no other portal starts on the data folder. Raises CommandError."""
        try:
            installation.check_data_folder(settings.PORTAL_DATA)
            return installation.occupy(settings.PORTAL_DATA)
        except installation.AlreadyRuns as refusal:
            raise CommandError(str(refusal), returncode=Exit.BAD_INPUT) from None
        except installation.DataFolderRefused as refusal:
            raise CommandError(str(refusal)) from None

    def _prepare(self, host: str, port: int, *, has_pages: bool) -> socket.socket | None:
        """Everything else that may be refused, the quick things first. Raises CommandError."""
        try:
            listener = ports.listen(host, port) if has_pages else None
            _refuse_serious(checks.run_checks(tags=[PORTAL]))
            if connection.vendor != "sqlite":  # there is nothing to be asked that would not show by itself
                _refuse_serious(checks.run_checks(tags=[checks.Tags.database], databases=[DEFAULT_DB_ALIAS]))
            if supervisor.migrate():
                self._say("The portal's tables are up to date.")
            return listener
        except (ports.PortRefused, supervisor.TablesBehind) as refusal:
            raise CommandError(str(refusal)) from None
        except Error as refusal:
            raise CommandError(f"The portal's own database cannot be used: {first_line(refusal)}") from None

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()


def _refuse_serious(found: Iterable[checks.CheckMessage]) -> None:
    for one in found:
        if one.is_serious():
            raise CommandError(f"{one.msg} {one.hint or ''} ({one.id})")
