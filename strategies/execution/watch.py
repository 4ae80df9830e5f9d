"""Watches over one run while its statements block: sign of life, wishes to stop, the deadline, progress for the page."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from strategies import targets
from strategies.models import JobRun, Stop
from strategies.platforms.base import NotSupported, Session

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
FORCE_AFTER_SECONDS = 10.0


class Wish(StrEnum):
    """Why a run is to stop. All but AFTER_STEP also cancel what runs on the target (SHUTDOWN and WINDOW only after their grace)."""

    AFTER_STEP = "after_step"
    SHUTDOWN = "shutdown"
    WINDOW = "window"  # its window is over, or the next step would outlast it
    DEADLINE = "deadline"
    CANCEL = "cancel"
    NOT_OURS = "not_ours"  # somebody else took the run: nothing of ours may be done or written any more


_ORDER = (None, Wish.WINDOW, Wish.SHUTDOWN, Wish.AFTER_STEP, Wish.DEADLINE, Wish.CANCEL, Wish.NOT_OURS)
_WISHES = {Stop.CANCEL: Wish.CANCEL, Stop.AFTER_STEP: Wish.AFTER_STEP, Stop.SHUTDOWN: Wish.SHUTDOWN}


class Watch(threading.Thread):
    """A thread with its own database connection. It never changes what the run is; it keeps the lease and asks sessions to stop."""

    def __init__(self, run: JobRun, session: Session, *, now: Callable[[], datetime] = timezone.now) -> None:
        super().__init__(name=f"watch-run-{run.pk}", daemon=True)
        self._run, self._session, self._now = run, session, now
        self._wish: Wish | None = None
        self._stop_asked_at: datetime | None = None
        self._window_ends_at = run.window_ends_at
        self._grace = run.grace
        self._over = threading.Event()
        self._wished = threading.Event()
        self._is_at_work = False
        self._cancel_asked_at: datetime | None = None
        self._progress: dict[str, Any] = {}
        self._resting: dict[str, Any] = {}

    @property
    def wish(self) -> Wish | None:
        return self._wish

    def sleep(self, seconds: float, phase: str) -> None:
        """Wait, but not longer than until somebody wishes the run to stop. `phase` is what pages say meanwhile."""
        self._resting = {"step_fraction": None, "step_phase": phase[:200]}
        self._wished.wait(seconds)
        self._resting = {}

    def use(self, session: Session) -> None:
        """Watch another session, after the first one was lost."""
        self._session = session

    @property
    def time_left(self) -> timedelta | None:
        """Of the window in which the run began; None = it needs none."""
        return None if self._window_ends_at is None else self._window_ends_at - self._now()

    def close_window(self) -> None:
        """The runner found that the next step would outlast the window."""
        self._set(Wish.WINDOW)

    def give_up(self) -> None:
        """The runner found that somebody else has the run."""
        self._set(Wish.NOT_OURS)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """What the target does meanwhile is cancelled when somebody wishes the run to stop."""
        self._is_at_work = True
        try:
            with self._session.at_work():
                yield
        finally:
            self._is_at_work, self._cancel_asked_at = False, None

    def end(self) -> None:
        self._over.set()
        self.join(timeout=30)

    def run(self) -> None:
        try:
            while not self._over.wait(EVERY_SECONDS):
                self.look()
        finally:
            connection.close()

    def look(self) -> None:
        """One look. Trouble in one part (the portal's own database, a hung target) stops neither the others nor the next look."""
        for part in (self._beat, self._heed_deadline, self._heed_window, self._cancel_if_wished, self._ask_progress):
            try:
                part()
            except Exception:
                log.warning("run %s: %s failed; the next look follows", self._run.pk, part.__name__, exc_info=True)
                connection.close()

    def _beat(self) -> None:
        """The sign of life comes first: whatever else hangs, it was given."""
        run, now = self._run, self._now()
        lease_until = now + timedelta(seconds=settings.PORTAL_LEASE_SECONDS)
        if not JobRun.objects.beat(run.pk, run.fencing_token, moment=now, lease_until=lease_until, **self._progress):
            self._set(Wish.NOT_OURS)
            return
        said = JobRun.objects.values_list("stop", "stop_asked_at", "window_ends_at").get(pk=run.pk)
        stop, self._stop_asked_at, self._window_ends_at = said  # an extension counts from now on
        if stop:
            self._set(_WISHES[Stop(stop)])

    def _heed_deadline(self) -> None:
        if self._run.deadline_at is not None and self._now() >= self._run.deadline_at:
            self._set(Wish.DEADLINE)

    def _heed_window(self) -> None:
        if self._window_ends_at is not None and self._now() >= self._window_ends_at:
            self._set(Wish.WINDOW)

    def _ask_progress(self) -> None:
        progress = self._session.progress() if self._is_at_work else None
        self._progress = (
            self._resting
            if progress is None
            else {"step_fraction": progress.fraction, "step_phase": progress.phase[:200]}
        )

    def _set(self, wish: Wish) -> None:
        if _ORDER.index(wish) > _ORDER.index(self._wish):
            self._wish = wish
            self._wished.set()

    def _cancel_if_wished(self) -> None:
        """Ask the session to stop, again at each look; one that does not end is ended through another session."""
        if not self._is_at_work or not self._cancels():
            return
        self._cancel_asked_at = self._cancel_asked_at or self._now()
        if self._now() < self._cancel_asked_at + timedelta(seconds=FORCE_AFTER_SECONDS):
            self._session.cancel()
        else:
            self._end_by_force()

    def _cancels(self) -> bool:
        """At the end of its window and the grace after it also what was asked to stop in a milder way."""
        if self._window_ends_at is not None and self._now() >= self._window_ends_at + self._grace:
            return True
        if self._wish is Wish.SHUTDOWN and self._stop_asked_at is not None:
            return self._now() >= self._stop_asked_at + timedelta(seconds=settings.PORTAL_GRACE_SECONDS)
        return self._wish in (Wish.DEADLINE, Wish.CANCEL, Wish.NOT_OURS)

    def _end_by_force(self) -> None:
        platform = targets.platform_of(self._run.target)
        try:
            with targets.session(self._run.target, "cancel") as other:
                for remote in platform.our_sessions(other, targets.tag("run", self._run.pk)):
                    platform.end_session(other, remote, force=True)
        except NotSupported:
            self._session.cancel()
