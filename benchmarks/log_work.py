"""Partitions or prunes an operation log in a process of its own, as the portal's workers are one.

`python -m benchmarks.log_work SOCKET PORT DATABASE WHAT DAYS`; the days are those for which the log is kept when it is pruned.
It says when it is ready, begins when a line comes, and says when it is done, with the seconds that it took.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter


def main(socket: str, port: str, name: str, what: str, kept_days: str) -> None:
    with tempfile.TemporaryDirectory(prefix="portal-benchmarks-") as folder:
        own = {"PORTAL_DATA": str(Path(folder) / "data"), "DATABASE_URL": f"sqlite:///{folder}/unused.sqlite3"}
        os.environ |= {**own, "DJANGO_SETTINGS_MODULE": "maintenance_portal.settings"}
        import django

        django.setup()
        from django.db.utils import ConnectionHandler

        from benchmarks.portals import Database, postgresql

        wrapper = ConnectionHandler({"default": postgresql(socket, port, name)})["default"]
        with Database("postgresql", name, wrapper).use():
            work = _work(what, int(kept_days))
            wrapper.ensure_connection()
            _say("ready")
            sys.stdin.readline()
            began = perf_counter()
            done = work()
            _say(f"{perf_counter() - began} {done}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _work(what: str, kept_days: int) -> Callable[[], int]:
    from django.utils import timezone

    from monitoring import partitioning, partitions, retention

    def partition() -> int:
        partitioning.way(is_undo=False).carry_out(timezone.now(), lambda _: None)
        return len(partitions.of_log())

    def prune() -> int:
        return retention.cleanup_old_logs(timezone.now(), retention_days=kept_days, seconds=3600).rows

    return {"partition": partition, "prune": prune}[what]


if __name__ == "__main__":
    main(*sys.argv[1:])
