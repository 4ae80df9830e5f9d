"""`manage.py beat`: the beat as a process of its own."""

from __future__ import annotations

import threading
import time
from typing import Any

from django.core.management.base import BaseCommand

from maintenance_portal import beat, processes

_TICK_MAY_TAKE = 10.0  # seconds, once the end was asked for


class Command(BaseCommand):
    help = "Run the beat: what is due, overdue or silent is seen to each second. A second beat does no harm."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        stop = processes.Flag()
        processes.lead_group()
        processes.stop_on_signals(stop)
        processes.watch_parent(stop.set)
        threading.Thread(target=_insist, args=(stop,), daemon=True).start()
        beat.run(stop)


def _insist(stop: processes.Flag) -> None:
    """A tick that hangs (a database that does not answer) does not keep the process from ending."""
    stop.wait()
    time.sleep(_TICK_MAY_TAKE)
    processes.end_own_group()
