"""Keeps the portal running: serves the pages from threads of this process, and looks after its children until it is asked to end."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import get_resolver
from waitress import wasyncore
from waitress.server import create_server

from maintenance_portal import page_pool, processes
from maintenance_portal.children import Beat, ClusterOfWorkers, Say, Service
from maintenance_portal.demo.start import Demo
from strategies import queue

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.5
WEB_THREADS = 8
_TABLES_LOCK = 0x6D706F7274616C  # "mportal"
_REQUESTS_MAY_TAKE = 3.0
_BEAT_MAY_TAKE = 12.0
_AFTER_GRACE = 20.0  # the clusters end by themselves within the grace and ten seconds
_HURRIED = 12.0


class TablesBehind(Exception):
    """The portal's tables are not those of this version, and a start does not change them."""


def migrate() -> bool:
    """Bring the portal's tables up to date; False where they were. Asking is quicker than running the command.

    Raises TablesBehind on Oracle: it commits each statement by itself and gives everybody no lock that outlives that, so portals
    that start at once would make the same tables, and what broke off would stay half made.
    """
    if not _is_behind():
        return False
    if connection.vendor == "oracle":
        raise TablesBehind(
            "The portal's tables are not those of this version. On Oracle a start does not change them: back up, then run "
            "`python3 run.py manage migrate` once."
        )
    with _turn():
        if not _is_behind():
            return False  # another portal, which started at the same moment, was first
        call_command("migrate", verbosity=0, interactive=False)
    return True


def _is_behind() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@contextmanager
def _turn() -> Iterator[None]:
    """One portal at a time changes the tables, where the product has a lock for it. It ends with the connection that holds it."""
    if connection.vendor != "postgresql":
        yield
        return
    holder = connection.copy()
    try:
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TABLES_LOCK])
        yield
    finally:
        holder.close()


class Web:
    """The pages, served by threads; a listening socket is handed in, so that browsers wait instead of being refused."""

    def __init__(self, listener: socket.socket) -> None:
        self._server: Any = create_server(
            WSGIHandler(), sockets=[listener], threads=WEB_THREADS, ident=None, **_believed()
        )
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @staticmethod
    def load_pages() -> None:
        """What the first request would load. Before the other processes want the processor, so that it is not kept waiting."""
        list(get_resolver().url_patterns)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def end(self) -> None:
        """Take no new requests, and let those at work finish for a moment."""
        # Sockets are closed in the thread that waits for them: closed under its hands, it breaks down.
        self._server.trigger.pull_trigger(self._refuse)
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=_REQUESTS_MAY_TAKE)
        self._server.trigger.pull_trigger(self._hang_up)

    def _refuse(self) -> None:
        # The server's own close() takes the trigger along, which the requests at work still need.
        wasyncore.dispatcher.close(self._server)

    def _hang_up(self) -> None:
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()


def _believed() -> dict[str, Any]:
    """Whose headers count, for waitress. What the proxy says of the browser goes into REMOTE_ADDR and the scheme of the
    request; the same headers from anybody else, or where there is no proxy, never reach the pages.
    """
    if not settings.PORTAL_BEHIND_PROXY:
        return {}
    return {
        "trusted_proxy": settings.PORTAL_PROXY_ADDRESS,
        "trusted_proxy_count": 1,  # of X-Forwarded-For the last entry, which the proxy added; browsers may send others
        "trusted_proxy_headers": {"x-forwarded-proto", "x-forwarded-for"},
    }


class Supervisor:
    """Everything that runs, from the first page to the last process.

    Without a listener there are no pages, without `works` neither beat nor workers: others on the same database have them.
    """

    def __init__(self, listener: socket.socket | None, *, works: bool = True, has_demo: bool, say: Say) -> None:
        self._say = say
        self._stop, self._hurry = processes.Flag(), processes.Flag()
        self._web = Web(listener) if listener is not None else None
        self._beats: list[Service] = [Beat(say)] if works else []
        names = (queue.DEFAULT, queue.MAINTENANCE) if works else ()
        self._clusters: list[Service] = [ClusterOfWorkers(name, say) for name in names]
        self._demo = Demo(say) if has_demo else None

    def run(self) -> None:
        """Until a signal asks for the end. Raises GivenUp where a child cannot be kept alive."""
        processes.stop_on_signals(self._stop, self._hurry)
        if self._web is not None:
            page_pool.begin()
            self._web.start()
            self._web.load_pages()
        services = [*self._beats, *self._clusters]
        try:
            for service in services:
                service.start()
            if self._demo is not None:
                self._demo.start()
            while not self._stop.wait(LOOK_EVERY_SECONDS):
                for service in services:
                    service.look(time.monotonic())
                if self._demo is not None:
                    self._demo.look(time.monotonic())
                if self._web is not None and not self._web.is_alive:
                    raise RuntimeError("the web server's thread ended")
        finally:
            self._end()

    def _end(self) -> None:
        """In order: no new requests, nothing new becomes due, runs pause, and the demo's server goes last."""
        self._say("Stopping; a second Ctrl+C hurries.")
        if self._web is not None:
            self._web.end()
        self._end_services(self._beats, _BEAT_MAY_TAKE)
        self._end_services(self._clusters, settings.PORTAL_GRACE_SECONDS + _AFTER_GRACE)
        if self._demo is not None:
            self._demo.end()
        page_pool.end()
        self._say("Stopped.")

    def _end_services(self, services: list[Service], seconds: float) -> None:
        until = time.monotonic() + seconds
        is_hurried = False
        try:
            for service in services:
                service.ask_to_end()
            while not all(service.is_over() for service in services) and time.monotonic() < until:
                if self._hurry.is_set() and not is_hurried:
                    is_hurried, until = True, min(until, time.monotonic() + _HURRIED)
                    for service in services:
                        service.ask_to_end()  # the second time means at once
                time.sleep(0.1)
        finally:
            for service in services:
                service.clear()
