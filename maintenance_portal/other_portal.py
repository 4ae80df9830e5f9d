"""A portal on another database, driven by its commands; nothing of this one's settings, keys or data reaches it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from maintenance_portal.processes import Child, guarded, own_command

_OURS = ("PORTAL_", "DATABASE_", "DJANGO_", "Q_")  # how the settings of a portal begin
_LOOK_EVERY_SECONDS = 0.2
_END_WITHIN_SECONDS = 60.0
_TOLD_LINES = 6


class CommandFailed(Exception):
    """The sentence to show, with the last lines that the command said."""


class OtherPortal:
    """Its passwords are in the environment of its processes, and nowhere else. To be closed."""

    def __init__(self, url: str, *, password: str = "", wallet_password: str = "") -> None:
        self._folder = tempfile.mkdtemp(prefix="portal-trial-")
        self._settings = _settings(url, password, wallet_password, self._folder)
        self._is_cancelled = threading.Event()

    def run(self, *words: str, seconds: float = 300.0) -> str:
        """What a command of manage.py answered. Raises CommandFailed where it did not end with 0 in time."""
        self._heed()
        child = Child(self._command(*words), self._settings, output=subprocess.PIPE, errors=subprocess.PIPE)
        try:
            said, errors = self._wait(child, words[0], time.monotonic() + seconds)
        finally:
            child.clear()
        if child.exit_code:
            raise CommandFailed(f"{words[0]} ended with {child.exit_code}: {_last_lines(said, errors)}")
        return said.strip()

    @contextmanager
    def started(self, *words: str) -> Iterator[Child]:
        """What goes on until it is asked to end, as afterwards. Raises CommandFailed where it does not end well."""
        self._heed()
        child = Child(guarded(self._command(*words), "--grace", f"{_END_WITHIN_SECONDS:.0f}"), self._settings)
        try:
            yield child
            child.send(signal.SIGTERM)
            try:
                code = child.process.wait(_END_WITHIN_SECONDS + 10)
            except subprocess.TimeoutExpired:
                code = None
            if code != 0:
                how = "did not end when it was asked to" if code is None else f"ended with {code}"
                raise CommandFailed(f"{' '.join(words)} {how}.")
        finally:
            child.clear()

    def cancel(self) -> None:
        """Whatever runs is ended, and nothing more is begun; called from another thread."""
        self._is_cancelled.set()

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _command(self, *words: str) -> list[str]:
        """Without what this process was told: an empty setting is not the same as none."""
        told = [name for name in os.environ if name.startswith(_OURS) and name not in self._settings]
        return ["env", *(part for name in told for part in ("-u", name)), *own_command(*words)]

    def _wait(self, child: Child, name: str, until: float) -> tuple[str, str]:
        while True:
            try:
                said, errors = child.process.communicate(timeout=_LOOK_EVERY_SECONDS)
            except subprocess.TimeoutExpired:
                self._heed()
                if time.monotonic() > until:
                    raise CommandFailed(f"{name} had not ended in time.") from None
            else:
                return str(said, "utf-8", "replace"), str(errors, "utf-8", "replace")

    def _heed(self) -> None:
        if self._is_cancelled.is_set():
            raise CommandFailed("Stopped on request.")


def _settings(url: str, password: str, wallet_password: str, folder: str) -> Mapping[str, str]:
    """Each as it is, whatever `.env` says, also of files that hold it. Redis could be that of a portal at work."""
    given = {
        "DATABASE_URL": url, "DATABASE_PASSWORD": password, "DATABASE_WALLET_PASSWORD": wallet_password,
        "PORTAL_DATA": folder, "PORTAL_REDIS_URL": "", "PORTAL_URL": "",
    }  # fmt: skip
    return {**given, **{f"{name}_FILE": "" for name in given}}


def _last_lines(*said: str) -> str:
    lines = [line.strip() for text in said for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-_TOLD_LINES:]) or "it said nothing."
