"""The beat: calls the story's `tick` each second. Trouble in one tick is logged, and the next one comes all the same."""

from __future__ import annotations

import logging
import time

from django.db import close_old_connections, connection
from django.utils import timezone

from maintenance_portal import tasks
from maintenance_portal.processes import Flag

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0


def run(stop: Flag) -> None:
    """Beat until `stop` is set."""
    tasks.begin()
    while not stop.is_set():
        try:
            close_old_connections()
            tasks.tick(timezone.now())
        except Exception:
            log.exception("a tick failed; the next one follows")
            connection.close()
        stop.wait(EVERY_SECONDS - time.time() % EVERY_SECONDS)  # just after each whole second, when things fall due
