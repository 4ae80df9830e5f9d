"""The process of a cluster that tells its queue what its workers have done; django-q2 calls it the monitor."""

from __future__ import annotations

from contextlib import suppress

import psutil


class Reporter:
    """Watched from outside.

    Killed, it leaves its place at the workers' pipe locked, so that whoever is started in its stead hears nothing. The workers go on,
    but what they have done stays in the queue, and is delivered again and again.
    """

    def __init__(self, cluster: int, workers: int) -> None:
        self._cluster, self._workers = cluster, workers
        self._process: psutil.Process | None = None

    def is_lost(self) -> bool:
        """Whether it ended, although the cluster goes on."""
        with suppress(psutil.Error):
            if self._process is None:
                self._process = self._find()
                return False
            return not self._process.is_running() or self._process.status() == psutil.STATUS_ZOMBIE
        return self._process is not None and psutil.pid_exists(self._cluster)

    def _find(self) -> psutil.Process | None:
        """A cluster starts its workers first, then this one, and last who fetches the wake-ups. None = it has not started them all."""
        sentinel = psutil.Process(self._cluster).children()
        started = sorted(sentinel[0].children(), key=lambda one: (one.create_time(), one.pid)) if sentinel else []
        return started[self._workers] if len(started) == self._workers + 2 else None
