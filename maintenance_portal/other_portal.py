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
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from maintenance_portal.processes import Child, guarded, own_command

_OURS = ("PORTAL_", "DATABASE_", "DJANGO_", "Q_")  # how the settings of a portal begin
_LOOK_EVERY_SECONDS = 0.2
_END_WITHIN_SECONDS = 60
_TOLD_LINES = 6


class CommandFailed(Exception):
    """The sentence to show, with the last lines that the command said."""


class Portal(Protocol):
    """What the trial asks of it."""

    @property
    def folder(self) -> Path: ...
    def run(self, *words: str, seconds: float = ...) -> str: ...
    def started(self, *words: str) -> Any: ...
    def heed(self) -> None: ...
    def last_lines(self) -> str: ...


class OtherPortal:
    """Its passwords are in the environment of its processes, and nowhere else. To be closed.

    None of its processes outlives this one: each has a guard that holds the end of a pipe.
    """

    def __init__(self, url: str, *, password: str = "", wallet_password: str = "") -> None:
        self._given = {"DATABASE_URL": url, "DATABASE_PASSWORD": password, "DATABASE_WALLET_PASSWORD": wallet_password}
        self._is_cancelled = threading.Event()

    @cached_property
    def folder(self) -> Path:
        """Made when it is needed first."""
        return Path(tempfile.mkdtemp(prefix="portal-trial-"))

    def run(self, *words: str, seconds: float = 300.0) -> str:
        """What a command of manage.py answered; what it said beside, where it answered nothing.

        Raises CommandFailed where it did not end with 0 in time.
        """
        until = time.monotonic() + seconds
        with self._child(*words) as child:
            while child.is_running:
                self.heed()
                if time.monotonic() > until:
                    raise CommandFailed(f"{words[0]} had not ended in time. {self.last_lines()}".strip())
                time.sleep(_LOOK_EVERY_SECONDS)
        if child.exit_code:
            raise CommandFailed(f"{words[0]} ended with {child.exit_code}: {self.last_lines() or 'it said nothing.'}")
        return self._said("answer").strip() or self._said("errors").strip()

    @contextmanager
    def started(self, *words: str) -> Iterator[Child]:
        """What goes on until it is asked to end, as afterwards. Raises CommandFailed where it does not end well."""
        with self._child(*words) as child:
            yield child
            _end(child)
            if child.exit_code:
                raise CommandFailed(f"{' '.join(words)} ended with {child.exit_code}. {self.last_lines()}".strip())

    def heed(self) -> None:
        """Raises CommandFailed once somebody asked for an end."""
        if self._is_cancelled.is_set():
            raise CommandFailed("Stopped on request.")

    def cancel(self) -> None:
        """Whatever runs is ended, and nothing more is begun; called from another thread."""
        self._is_cancelled.set()

    def close(self) -> None:
        if "folder" in self.__dict__:
            shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def _child(self, *words: str) -> Iterator[Child]:
        """With all of its family it is gone afterwards."""
        self.heed()
        settings = _settings(self._given, self.folder)
        with (self.folder / "answer").open("wb") as answer, (self.folder / "errors").open("wb") as errors:
            command = guarded(_command(settings, *words), "--grace", str(_END_WITHIN_SECONDS))
            child = Child(command, settings, output=answer.fileno(), errors=errors.fileno())
        try:
            yield child
        finally:
            _end(child)
            child.clear()

    def _said(self, what: str) -> str:
        return (self.folder / what).read_text(encoding="utf-8", errors="replace")

    def last_lines(self) -> str:
        """What the latest command said last, in one line."""
        said = f"{self._said('answer')}\n{self._said('errors')}"
        return " / ".join([line.strip() for line in said.splitlines() if line.strip()][-_TOLD_LINES:])


def _end(child: Child) -> None:
    """Asked first, so that its own children end in order; the guard kills what does not."""
    if child.is_running:
        child.send(signal.SIGTERM)
        try:
            child.process.wait(_END_WITHIN_SECONDS + 10)
        except subprocess.TimeoutExpired:
            return


def _command(settings: Mapping[str, str], *words: str) -> list[str]:
    """Without what this process was told: an empty setting is not the same as none."""
    told = [name for name in os.environ if name.startswith(_OURS) and name not in settings]
    return ["env", *(part for name in told for part in ("-u", name)), *own_command(*words)]


def _settings(given: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    """Each as it is, and no file that would hold others."""
    data = {"PORTAL_DATA": str(folder / "data"), "PORTAL_DEMO": str(folder / "demo")}
    whole = {**given, **data}
    return {**whole, **{f"{name}_FILE": "" for name in whole}, "PORTAL_ENV_FILE": ""}
