"""`manage.py portal`: the whole portal in one command."""

from __future__ import annotations

import os
import socket
from typing import Any, TextIO

from django.conf import settings
from django.core import checks
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from maintenance_portal import installation, ports, supervisor
from maintenance_portal.children import GivenUp
from maintenance_portal.cli import Exit
from monitoring.notifications.base import is_loopback
from strategies.models import User


class Command(BaseCommand):
    help = "Start the portal: pages, beat, workers and the demo. Ctrl+C ends everything."
    requires_system_checks: list[str] = []  # those of the portal are made here; all of them take a second

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-demo", action="store_true")

    def handle(self, *args: Any, host: str, port: int, no_demo: bool, **options: Any) -> None:
        with self._occupied_folder() as lock:
            listener = self._prepare(host, port)
            address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
            if not settings.PORTAL_URL and is_loopback(host):  # nobody reaches it by another address
                settings.PORTAL_URL = address.rstrip("/")
                os.environ["PORTAL_URL"] = settings.PORTAL_URL  # for the processes that it starts
            print(address, file=lock, flush=True)  # for whoever tries to start another one
            self._say(f"The portal: {address}   (Ctrl+C ends it)")
            self._run(listener, no_demo=no_demo)

    def _run(self, listener: socket.socket, *, no_demo: bool) -> None:
        if no_demo and not User.objects.exists():
            where = "" if settings.PORTAL_DATA == settings.BASE_DIR / "data" else f"PORTAL_DATA={settings.PORTAL_DATA} "
            self._say(f"Nobody can sign in yet; make the first account: {where}python3 run.py manage createsuperuser")
        try:
            supervisor.Supervisor(listener, has_demo=not no_demo, say=self._say).run()
        except GivenUp as reason:
            raise CommandError(str(reason)) from None

    def _occupied_folder(self) -> TextIO:
        """From here on no other portal starts on the data folder. Raises CommandError."""
        try:
            installation.check_data_folder(settings.PORTAL_DATA)
            return installation.occupy(settings.PORTAL_DATA)
        except installation.AlreadyRuns as refusal:
            raise CommandError(str(refusal), returncode=Exit.BAD_INPUT) from None
        except installation.DataFolderRefused as refusal:
            raise CommandError(str(refusal)) from None

    def _prepare(self, host: str, port: int) -> socket.socket:
        """Everything else that may be refused, the quick things first. Raises CommandError."""
        try:
            listener = ports.listen(host, port)
            if wrong := [found for found in checks.run_checks(tags=["portal"]) if found.is_serious()]:
                raise CommandError(f"{wrong[0].msg} {wrong[0].hint or ''} ({wrong[0].id})")
            if supervisor.migrate():
                self._say("The portal's tables are up to date.")
            return listener
        except ports.PortRefused as refusal:
            raise CommandError(str(refusal)) from None
        except DatabaseError as refusal:
            first = (str(refusal).splitlines() or [type(refusal).__name__])[0]
            raise CommandError(f"The portal's own database cannot be used: {first}") from None

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
