"""Watches over one run while its statements block: sign of life, wishes to stop, the deadline, progress for the page."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from strategies import targets
from strategies.models import JobRun, Stop
from strategies.platforms.base import NotSupported, PlatformError, Session

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
FORCE_AFTER_SECONDS = 10.0


class Wish(StrEnum):
    """Why a run is to stop. All but AFTER_STEP also cancel the statement that runs (SHUTDOWN only after its grace)."""

    AFTER_STEP = "after_step"
    SHUTDOWN = "shutdown"
    DEADLINE = "deadline"
    CANCEL = "cancel"
    NOT_OURS = "not_ours"  # somebody else took the run: nothing of ours may be written any more


class Watch(threading.Thread):
    """A thread with its own database connection. It never changes what the run is; it keeps the lease and asks sessions to stop."""

    def __init__(self, run: JobRun, session: Session, *, now: Callable[[], datetime] = timezone.now) -> None:
        super().__init__(name=f"watch-run-{run.pk}", daemon=True)
        self._run, self._session, self._now = run, session, now
        self._wish: Wish | None = None
        self._over = threading.Event()
        self._wished = threading.Event()
        self._is_executing = False
        self._cancel_asked_at: datetime | None = None

    @property
    def wish(self) -> Wish | None:
        return self._wish

    def sleep(self, seconds: float) -> None:
        """Wait, but not longer than until somebody wishes the run to stop."""
        self._wished.wait(seconds)

    def use(self, session: Session) -> None:
        """Watch another session, after the first one was lost."""
        self._session = session

    def executing(self, is_executing: bool) -> None:
        """Told by the runner around each statement: only then is there something to cancel."""
        self._is_executing = is_executing
        if not is_executing:
            self._cancel_asked_at = None

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
        """One look: say that we live, read what is wished, act on it. Trouble with the portal's own database passes."""
        try:
            self._beat()
        except DatabaseError:
            log.warning("run %s: no sign of life could be written", self._run.pk, exc_info=True)
            connection.close()
        if self._now() >= self._deadline:
            self._set(Wish.DEADLINE)
        if self._is_executing and self._cancels():
            self._cancel()

    @property
    def _deadline(self) -> datetime:
        return self._run.deadline_at or datetime.max.replace(tzinfo=self._now().tzinfo)

    def _beat(self) -> None:
        run, now = self._run, self._now()
        progress = self._session.progress() if self._is_executing else None
        values = {} if progress is None else {"step_fraction": progress.fraction, "step_phase": progress.phase[:200]}
        lease_until = now + timedelta(seconds=settings.PORTAL_LEASE_SECONDS)
        if not JobRun.objects.beat(run.pk, run.fencing_token, moment=now, lease_until=lease_until, **values):
            self._set(Wish.NOT_OURS)
            return
        stop, asked_at = JobRun.objects.values_list("stop", "stop_asked_at").get(pk=run.pk)
        self._stop_asked_at = asked_at
        if stop == Stop.CANCEL:
            self._set(Wish.CANCEL)
        elif stop == Stop.AFTER_STEP:
            self._set(Wish.AFTER_STEP)
        elif stop == Stop.SHUTDOWN:
            self._set(Wish.SHUTDOWN)

    _stop_asked_at: datetime | None = None
    _ORDER = (None, Wish.SHUTDOWN, Wish.AFTER_STEP, Wish.DEADLINE, Wish.CANCEL, Wish.NOT_OURS)

    def _set(self, wish: Wish) -> None:
        if self._ORDER.index(wish) > self._ORDER.index(self._wish):
            self._wish = wish
            self._wished.set()

    def _cancels(self) -> bool:
        if self._wish is Wish.SHUTDOWN and self._stop_asked_at is not None:
            return self._now() >= self._stop_asked_at + timedelta(seconds=settings.PORTAL_GRACE_SECONDS)
        return self._wish in (Wish.DEADLINE, Wish.CANCEL, Wish.NOT_OURS)

    def _cancel(self) -> None:
        """Ask the session to stop, again each time; one that does not end is ended through another session."""
        self._cancel_asked_at = self._cancel_asked_at or self._now()
        try:
            if self._now() < self._cancel_asked_at + timedelta(seconds=FORCE_AFTER_SECONDS):
                self._session.cancel()
            else:
                self._end_by_force()
        except PlatformError:
            log.warning("run %s: the target did not take the cancel; asking again", self._run.pk, exc_info=True)

    def _end_by_force(self) -> None:
        platform = targets.platform_of(self._run.target)
        try:
            with targets.session(self._run.target, "cancel") as other:
                for remote in platform.our_sessions(other, targets.tag("run", self._run.pk)):
                    platform.end_session(other, remote, force=True)
        except NotSupported:
            self._session.cancel()
