"""A portal with real processes for tests: started as people start it, asked over HTTP, ended by its pid."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests import installed
from tests.installed import ROOT, environment

GENEROUS = 90.0


def wait_for(condition: Callable[[], Any], what: str, seconds: float = GENEROUS) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


def free_port() -> int:
    """Not of those that the system hands out itself, so that nobody is given it before the portal takes it."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class StartedPortal:
    def __init__(self, process: subprocess.Popen[str], data: Path) -> None:
        self.process, self.data = process, data
        self.lines: list[str] = []
        self.groups: set[int] = set()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def said(self, pattern: str) -> re.Match[str] | None:
        return next((found for line in list(self.lines) if (found := re.search(pattern, line))), None)

    @property
    def url(self) -> str:
        return str(wait_for(lambda: self.said(r"http://\S+/"), "the address")[0])

    def page(self) -> int:
        """The status of the first page, or 0 where nobody answers."""
        with suppress(OSError), urllib.request.urlopen(self.url + "admin/login/", timeout=30) as answer:
            return int(answer.status)
        return 0

    def children(self) -> dict[str, int]:
        """Pids by command, as in "worker default"."""
        found = {}
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children():
                with suppress(psutil.Error):
                    words = child.cmdline()
                    self.groups.add(child.pid)
                    if "manage.py" in " ".join(words):
                        found[" ".join(words[words.index(next(w for w in words if w.endswith("manage.py"))) + 1 :])] = (
                            child.pid
                        )
                    else:
                        found["guard"] = child.pid
        return found

    def left(self) -> list[int]:
        """Processes of the children's groups that still live."""
        found = []
        for process in psutil.process_iter():
            with suppress(ProcessLookupError, psutil.Error):
                if os.getpgid(process.pid) in self.groups and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.pid)
        return found

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.data / "portal.sqlite3", timeout=30)
        try:
            with connection:
                return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def answers(self, cluster: str) -> str | None:
        """When a worker of the cluster last answered."""
        rows = self.rows(f"SELECT answered_at FROM portal_pulse WHERE cluster = '{cluster}'")
        return rows[0][0] if rows else None

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.children()
        self.process.send_signal(number)
        return self.process.wait(GENEROUS)


def install(data: Path) -> Path:
    """Make this data folder one of a portal that is installed already."""
    shutil.copytree(installed.folder(), data)
    return data


@contextmanager
def start(data: Path, *options: str, command: tuple[str, ...] = (), **more: str) -> Iterator[StartedPortal]:
    begin = command or (sys.executable, str(ROOT / "manage.py"), "portal")
    process = subprocess.Popen(
        [*begin, "--port", str(free_port()), *options], env=environment(data, **more), cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    portal = StartedPortal(process, data)
    try:
        yield portal
    finally:
        if process.poll() is None:
            portal.children()
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(GENEROUS)
        if process.poll() is None:
            process.kill()
            process.wait()
        with suppress(AssertionError):
            wait_for(lambda: not portal.left(), "the children's end")
        for pid in portal.left():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
