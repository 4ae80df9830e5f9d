"""Brings the demo up beside the running portal, so that it never delays a page: people and SQLite first, then the server."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection

from maintenance_portal import processes
from maintenance_portal.children import GivenUp, Say, Service
from maintenance_portal.demo import postgresql
from maintenance_portal.demo.people import sign_ins
from maintenance_portal.processes import Child

_SERVER_MAY_TAKE = 60.0
_SERVER_ENDS_WITHIN = 12.0


class DemoServer(Service):
    """The demo's PostgreSQL."""

    def __init__(self, folder: Path, say: Say) -> None:
        super().__init__("demo's PostgreSQL server", say)
        self._folder = folder

    def launch(self) -> Child:
        return Child(postgresql.command(self._folder))


class Demo:
    """Its own thread makes the databases; the supervisor's looks after the server."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._folder = Path(settings.PORTAL_DEMO)
        self._server = DemoServer(self._folder, say)
        self._is_kept = False
        self._is_ending = threading.Event()
        self._seeding: Child | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._make, name="demo", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def look(self, now: float) -> None:
        if self._is_kept:
            try:
                self._server.look(now)
            except GivenUp as reason:
                self._is_kept = False
                self._say(f"{reason} The portal goes on without it.")

    def end(self) -> None:
        self._is_ending.set()
        with self._lock:
            if self._seeding is not None:
                self._seeding.clear()
        self._server.ask_to_end()
        until = time.monotonic() + _SERVER_ENDS_WITHIN
        while not self._server.is_over() and time.monotonic() < until:
            time.sleep(0.1)
        self._server.clear()

    def _make(self) -> None:
        try:
            self._seed()
            for name, password in sign_ins():
                self._say(f"Demo sign-in: {name}  {password}")
            if self._start_server():
                self._seed()
        except (OSError, subprocess.CalledProcessError) as refusal:
            self._say(f"Note: the demo is not complete: {refusal}")
        finally:
            connection.close()

    def _seed(self) -> None:
        """In a process of its own: it is heavy, and threads of this one serve the pages."""
        with self._lock:
            if self._is_ending.is_set():
                return
            child = self._seeding = Child(
                processes.guarded(processes.own_command("seed_demo")), output=subprocess.DEVNULL
            )
        code = child.process.wait()
        with self._lock:
            child.clear()
            self._seeding = None
        if code != 0 and not self._is_ending.is_set():
            self._say("Note: the demo's databases could not be made; manage.py seed_demo says why.")

    def _start_server(self) -> bool:
        """True once it answers."""
        if reason := postgresql.available():
            self._say(f"Note: the demo has no PostgreSQL: {reason}")
            return False
        postgresql.ensure_cluster(self._folder)
        with self._lock:
            if self._is_ending.is_set():
                return False
            self._server.start()
            self._is_kept = True
        until = time.monotonic() + _SERVER_MAY_TAKE
        while time.monotonic() < until and self._is_kept and not self._is_ending.wait(0.2):
            try:
                psycopg.connect(postgresql.url(self._folder, "postgres"), connect_timeout=5).close()
                return True
            except psycopg.OperationalError:
                continue
        return False
