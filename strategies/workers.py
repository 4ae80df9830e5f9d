"""Which process works on a run, and whether it still lives."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class WorkerIdentity:
    """A process: host, its process group (one per cluster of workers), pid, and when it began (a pid alone is reused)."""

    host: str
    group: int
    pid: int
    created: float

    @classmethod
    def current(cls) -> WorkerIdentity:
        pid = os.getpid()
        return cls(socket.gethostname(), _group(pid), pid, round(psutil.Process(pid).create_time(), 2))

    @classmethod
    def parse(cls, text: str) -> WorkerIdentity:
        """Read `.text`. Raises ValueError."""
        host, group, pid, created = text.rsplit("/", 3)
        return cls(host, int(group), int(pid), float(created))

    @property
    def text(self) -> str:
        return f"{self.host}/{self.group}/{self.pid}/{self.created:.2f}"

    def is_alive(self) -> bool | None:
        """Whether this very process still runs; None for a process of another host, which cannot be asked."""
        if self.host != socket.gethostname():
            return None
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.created) < 1
            return is_same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def _group(pid: int) -> int:
    return os.getpgid(pid) if hasattr(os, "getpgid") else pid
