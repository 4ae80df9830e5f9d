"""A child process that does not outlive its parent, and the two ends of the pipe that this rests on.

The parent holds the only writing end; the child reads. However the parent ends, the child sees the end of the pipe and ends
its own process group: in order, and by SIGKILL where that takes too long.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

PIPE = "PORTAL_PARENT_PIPE"  # in the environment of a child: its standard input is the pipe
ASKS_TO_END = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
ROOT = Path(__file__).resolve().parent.parent


def own_command(*words: str) -> list[str]:
    """One of manage.py's commands, with this very Python."""
    return [sys.executable, str(ROOT / "manage.py"), *words]


def guarded(command: Sequence[str], *options: str) -> list[str]:
    """A program that knows nothing of its parent, under somebody who does."""
    return [sys.executable, "-m", "maintenance_portal.guard", *options, *command]


class Child:
    """The parent's view of one process, which leads a process group of its own."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None, *, output: int | None = None,
        errors: int | None = None,
    ) -> None:  # fmt: skip
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 (our own commands)
            list(command), stdin=subprocess.PIPE, stdout=output, stderr=errors, cwd=ROOT, start_new_session=True,
            env={**os.environ, **(environment or {}), PIPE: "1"},
        )  # fmt: skip
        self.pid = self.process.pid
        self._is_cleared = False

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self.process.poll()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def group(self) -> list[int]:
        """Who of its group still lives."""
        return group_members(self.pid)

    def clear(self) -> None:
        """End whatever is left of the group, at once."""
        if self._is_cleared:
            return  # its number may be somebody else's by now
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        self._is_cleared = True


def group_members(group: int) -> list[int]:
    import psutil  # not at the top: guard.py does with the standard library

    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def watch_parent(gone: Callable[[], None]) -> None:
    """In a child: call `gone` once the parent has ended. Started by hand, without the pipe, it does nothing."""
    if os.environ.pop(PIPE, None) is None:
        return
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)

    def wait() -> None:
        while os.read(pipe, 1):
            pass
        gone()

    threading.Thread(target=wait, name="parent", daemon=True).start()


def lead_group() -> None:
    """Have this process lead its own group, so that ending the group never hits whoever started it."""
    if os.getpgid(0) != os.getpid():
        os.setpgid(0, 0)


def end_own_group() -> None:
    """End this process and its whole group, at once."""
    os.killpg(os.getpgid(0), signal.SIGKILL)


class Flag:
    """Set once, for good, and a signal's handler may set it.

    threading.Event is not fit for that: the thread that the handler interrupts may hold its lock, and then waits for itself.
    Here a plain lock is a gate that is shut until the flag is set; whoever comes through opens it for the next.
    """

    _AT_MOST = 1.0  # seconds in one go: a signal that comes just before the waiting begins is heard only after it

    def __init__(self) -> None:
        self._is_set = False
        self._gate = threading.Lock()
        self._gate.acquire()

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        self._open()

    def _open(self) -> None:
        with suppress(RuntimeError):  # it was open
            self._gate.release()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it is set, at the latest after so many seconds; without a number, wait until it is."""
        until = math.inf if seconds is None else time.monotonic() + seconds
        while not self._is_set and (left := until - time.monotonic()) > 0:
            if self._gate.acquire(timeout=min(left, self._AT_MOST)):
                self._open()
        return self._is_set


def stop_on_signals(stop: Flag, hurry: Flag | None = None) -> None:
    """SIGTERM, Ctrl+C and a closed terminal set `stop`; a second one sets `hurry`."""

    def heard(*_: object) -> None:
        if stop.is_set() and hurry is not None:
            hurry.set()
        stop.set()

    for number in ASKS_TO_END:
        signal.signal(number, heard)


@contextmanager
def signals_held() -> Iterator[None]:
    """What asks for the end waits meanwhile; no process may be started here, it would never hear them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ASKS_TO_END)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
