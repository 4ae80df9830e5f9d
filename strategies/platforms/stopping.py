"""Stops what a connection does while somebody is at work with it, on request or at a limit, and nothing that is asked afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from strategies.plans import ErrorClass, TargetError
from strategies.platforms.base import PlatformError

_AGAIN_AFTER_SECONDS = 0.5


@dataclass(slots=True)
class _Work:
    why: TargetError | None = None


class Stops:
    """Why the work at hand is to stop, remembered from when it is known until that work ends.

    `interrupt` reaches only what the target runs at that very moment; what comes next asks `why`. `code` is the target's
    own for work that was stopped. Used by one thread, while `ask` may be called from another.
    """

    def __init__(self, interrupt: Callable[[], None], *, code: str) -> None:
        self._interrupt = interrupt
        self._on_request = TargetError(ErrorClass.CANCELLED, code, "stopped on request")
        self._works: list[_Work] = []
        self._turn = threading.Lock()  # held while interrupting: no interrupt outlives the work it was meant for

    @property
    def why(self) -> TargetError | None:
        """Why the work at hand is to stop; None = it may go on. SQLite asks thousands of times a second: no lock."""
        return next((work.why for work in self._works if work.why is not None), None)

    def heed(self) -> None:
        """Raises PlatformError (class CANCELLED) where the work at hand is to stop."""
        if (why := self.why) is not None:
            raise PlatformError(why)

    def ask(self) -> None:
        """Stop all the work at hand. Without any this does nothing: nobody waits for what runs then to end early."""
        with self._turn:
            if self._works:
                self._stop(self._works[0], self._on_request)

    @contextmanager
    def at_work(self, limit_seconds: float | None = None, what: str = "the look") -> Iterator[None]:
        """One piece of work, which may stand inside another. With a limit it is stopped once that many seconds have passed."""
        work, is_over = _Work(), threading.Event()
        self._works.append(work)
        if limit_seconds is not None:
            threading.Thread(
                target=self._stop_at_limit, args=(work, limit_seconds, is_over, what), name="time limit", daemon=True
            ).start()
        try:
            yield
        finally:
            is_over.set()
            with self._turn:
                self._works.pop()

    def _stop_at_limit(self, work: _Work, seconds: float, is_over: threading.Event, what: str) -> None:
        """Again and again: an interrupt that comes just before a statement begins is lost."""
        error = TargetError(ErrorClass.CANCELLED, "time_limit", f"{what} took longer than {seconds:,g} seconds")
        while not is_over.wait(seconds):
            with self._turn:
                if is_over.is_set():
                    return
                self._stop(work, error)
            seconds = _AGAIN_AFTER_SECONDS

    def _stop(self, work: _Work, error: TargetError) -> None:
        work.why = work.why or error
        self._interrupt()
