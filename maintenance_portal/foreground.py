"""Lets a command work in its own process: the work in a thread, progress on the terminal, and Ctrl+C heard all the while."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Generic, TypeVar

from django.core.management.base import OutputWrapper
from django.db import Error, connection, connections

from maintenance_portal.printing import printable

T = TypeVar("T")

LOOK_EVERY_SECONDS = 0.5
_LEFT_AT_ONCE = 1


class StopAsked(Exception):
    """Somebody asked the command to end before its work was done, and the work need not be waited for."""


class Attendant:
    """Stands by while work goes on. Ctrl+C, SIGTERM and a closed terminal ask for an end; a second time means at once."""

    def __init__(self, stderr: OutputWrapper) -> None:
        self._stderr = stderr
        self._is_terminal = stderr.isatty()
        self._shown = 0
        self._is_asked = False  # a lock has no place in a signal's handler
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Attendant:
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.show("")
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self._is_asked:
            os._exit(_LEFT_AT_ONCE)  # whatever runs is looked after by the portal, as that of any lost worker
        self._is_asked = True

    @property
    def is_asked(self) -> bool:
        """Whether somebody asked for an end."""
        return self._is_asked

    def say(self, text: str) -> None:
        """A line that stays, on standard error."""
        self.show("")
        self._write(f"{printable(text)}\n")

    def show(self, text: str) -> None:
        """The one line that is written over; nothing where nobody watches."""
        if not self._is_terminal or not (text or self._shown):
            return
        line = printable(text)[: shutil.get_terminal_size().columns - 1]
        self._write("\r" + line.ljust(self._shown) + ("" if line else "\r"))
        self._shown = len(line)

    def _write(self, text: str) -> None:
        self._stderr.write(text, str, "")
        self._stderr.flush()

    def wait(self, work: Callable[[], T], *, progress: Callable[[], str], stop: Callable[[], bool]) -> T:
        """What `work` gives, done in a thread. `stop` is called when an end is asked for; it says whether to wait still.

        Raises StopAsked where it need not, and whatever `work` raises.
        """
        job = _Job(work)
        job.start()
        is_told = False
        while not job.over.wait(LOOK_EVERY_SECONDS):
            try:
                if self.is_asked and not is_told:
                    if not stop():
                        raise StopAsked
                    is_told = True
                if self._is_terminal:
                    self.show(progress())
            except Error:  # the portal's own database is busy: the work goes on, and we try again
                connection.close()
        return job.result()


class _Job(threading.Thread, Generic[T]):
    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(name="work", daemon=True)  # a look at a target that nobody waits for must not hold the process
        self._work = work
        self._given: list[T] = []
        self._error: BaseException | None = None
        self.over = threading.Event()

    def run(self) -> None:
        try:
            self._given.append(self._work())
        except BaseException as error:
            self._error = error
        finally:
            connections.close_all()
            self.over.set()

    def result(self) -> T:
        self.join()
        if self._error is not None:
            raise self._error
        return self._given[0]
