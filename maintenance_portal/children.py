"""The long-lived children of the supervisor: each is looked at every moment, and replaced when it ends or hangs."""

from __future__ import annotations

import logging
import signal
import socket
import time
from collections.abc import Callable

from django.conf import settings
from django.db import Error, close_old_connections, connection

from maintenance_portal.held_runs import HeldRuns, kill_hung_worker
from maintenance_portal.processes import Child, own_command
from maintenance_portal.reporter import Reporter
from maintenance_portal.silence import PassedOver, Silence
from strategies import queue
from strategies.models import Portal, Pulse

log = logging.getLogger(__name__)
Say = Callable[[str], None]

LIVED_WELL_SECONDS = 30.0  # who lived as long and then ended is started again at once
GIVE_UP_AFTER_DEATHS = 6  # quick ones in a row: with the waits between them about a minute
BEAT_HANGS_SECONDS = 30.0


class GivenUp(Exception):
    """The sentence to show: the portal cannot work like this."""


class Service:
    """One child that is to run all the time."""

    def __init__(self, name: str, say: Say) -> None:
        self.name, self.say = name, say
        self.child: Child | None = None
        self._quick_deaths = 0
        self._start_at = 0.0

    def launch(self) -> Child:
        raise NotImplementedError

    def start(self) -> None:
        self.child = self.launch()

    def look(self, now: float) -> None:
        """Replace the child if it has ended. Raises GivenUp."""
        if self.child is None:
            if now >= self._start_at:
                self.start()
        elif not self.child.is_running:
            self._bury(self.child, now)
        else:
            self.look_closer(self.child, now)

    def look_closer(self, child: Child, now: float) -> None:
        """It runs; whether it also works is for each service to say."""

    def _bury(self, child: Child, now: float) -> None:
        self.child = None
        self.take_leave_of(child)
        lived_well = now - child.started >= LIVED_WELL_SECONDS
        self._quick_deaths = 0 if lived_well else self._quick_deaths + 1
        if self._quick_deaths >= GIVE_UP_AFTER_DEATHS:
            raise GivenUp(
                f"The {self.name} ended {self._quick_deaths} times soon after its start; the lines above say why."
            )
        wait = 0 if lived_well else 2 ** (self._quick_deaths - 1)
        self._start_at = now + wait
        self.say(f"The {self.name} ended by itself ({_how(child.exit_code)}); it is started again.")

    def take_leave_of(self, child: Child) -> None:
        """The child has ended; what it left in its group must not live on."""
        child.clear()

    def replace(self, why: str) -> None:
        """Kill a child that hangs, and start another."""
        if self.child is not None:
            self.say(f"The {self.name} {why}; it is replaced.")
            self.child.clear()
            self.start()

    def ask_to_end(self) -> None:
        if self.child is not None and self.child.is_running:
            self.child.send(signal.SIGTERM)

    def is_over(self) -> bool:
        return self.child is None or not self.child.is_running

    def clear(self) -> None:
        """The last word at the end of the portal: nothing of the service is left."""
        if self.child is not None:
            self.child.clear()


def _how(code: int | None) -> str:
    return f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"


class Beat(Service):
    """The clock of the portal. One that lives but does not tick is replaced."""

    def __init__(self, say: Say) -> None:
        super().__init__("beat", say)
        self._silence = Silence()

    def launch(self) -> Child:
        self._silence.forget()
        return Child(own_command("beat"))

    def look_closer(self, child: Child, now: float) -> None:
        try:
            close_old_connections()
            beat_at = Portal.objects.values_list("beat_at", flat=True).get(pk=1)
        except Error:
            self._silence.forget()
            connection.close()
            return
        if self._silence.seconds(beat_at, now) > BEAT_HANGS_SECONDS:
            self.replace(f"has not ticked for {BEAT_HANGS_SECONDS:.0f} seconds")


class Leaver:
    """A cluster whose place another has taken. It is ended when it holds no run whose worker still gives signs of life.

    With `pauses`, its main process is dead, so its workers learn only from the table of runs that they are to stop.
    """

    def __init__(self, child: Child, held: HeldRuns, *, patience: float, pauses: bool) -> None:
        self._child, self._held, self._pauses = child, held, pauses
        self._not_before = time.monotonic() + patience
        self._not_after = time.monotonic() + settings.PORTAL_GRACE_SECONDS + 15 if pauses else float("inf")

    def is_over(self, now: float) -> bool:
        """Look, and end it if its time has come. Raises django.db.Error."""
        if self._child.is_running or self._child.group():
            if self._pauses:
                self._held.ask_to_pause()
            heard, _ = self._held.look(now)
            if now < self._not_before or (heard and now < self._not_after):
                return False
        self._child.clear()
        return True

    def hurry(self) -> None:
        if self._child.is_running:
            self._child.send(signal.SIGTERM)
        self._held.ask_to_pause()

    def clear(self) -> None:
        self._child.clear()


class ClusterOfWorkers(Service):
    """Workers that take wake-ups from one queue. Alive proves nothing: a worker killed while idle locks the queue for all."""

    def __init__(self, cluster: str, say: Say) -> None:
        super().__init__(f"cluster of workers {cluster!r}", say)
        self._cluster = cluster
        self._workers = settings.PORTAL_RUN_WORKERS if cluster == queue.MAINTENANCE else None
        self._silence = Silence()
        self._leavers: list[Leaver] = []
        self._held: HeldRuns | None = None
        self._passed_over: PassedOver | None = None
        self._reporter: Reporter | None = None

    def launch(self) -> Child:
        self._silence.forget()
        child = Child(own_command("worker", self._cluster), {"Q_CLUSTER_NAME": self._cluster})
        self._watch(child)
        return child

    def _watch(self, child: Child) -> None:
        self._held = HeldRuns(child.pid)
        self._reporter = Reporter(child.pid, self._workers or settings.PORTAL_SHORT_WORKERS)
        own = f"{socket.gethostname()}/{child.pid}/"
        self._passed_over = PassedOver(own, at_least=3 * float(settings.PORTAL_PULSE_SECONDS))

    def look(self, now: float) -> None:
        self._see_off(now)
        super().look(now)

    def look_closer(self, child: Child, now: float) -> None:
        held = self._held
        if held is None:
            return  # set by launch
        try:
            close_old_connections()
            for run in held.look(now)[1]:
                if (pid := kill_hung_worker(run, child.pid)) is not None:
                    self.say(f"Worker {pid} gave no sign of life while it had run {run.pk}; it was killed.")
            if (why := self._is_of_no_use(held, now)) is not None:
                self._replace_beside(child, held, why)
        except Error:
            log.warning("the pulse of %s could not be read", self.name, exc_info=True)
            self._forget()
            held.forget()
            connection.close()

    def _forget(self) -> None:
        self._silence.forget()
        if self._passed_over is not None:
            self._passed_over.forget()

    def _is_of_no_use(self, held: HeldRuns, now: float) -> str | None:
        """Why it is to be replaced, if it is. One leaver at a time is enough."""
        if self._leavers:
            self._forget()
            return None
        if self._reporter is not None and self._reporter.is_lost():
            return "lost the process that tells what its workers have done"
        return self._takes_no_wake_ups(held, now)

    def _takes_no_wake_ups(self, held: HeldRuns, now: float) -> str | None:
        """Asked, no sign of life for a while, and not because every worker has a run.

        Workers with a short task give signs meanwhile, those with a run do not: they would hide that the others are locked.
        """
        pulse = Pulse.objects.filter(cluster=self._cluster).first()
        is_full = self._workers is not None and held.count() >= self._workers
        if pulse is None or is_full:
            self._forget()
            return None
        over = self._passed_over
        if over is not None and over.is_so(pulse.answered_at, pulse.answered_by, now):
            return "took no wake-ups while those of other portals took many"
        if pulse.asked_at is None:
            self._silence.forget()
            return None
        is_silent = self._silence.seconds(pulse.answered_at, now) > float(settings.PORTAL_PULSE_SECONDS)
        return f"took no wake-ups for {settings.PORTAL_PULSE_SECONDS} seconds" if is_silent else None

    def _replace_beside(self, child: Child, held: HeldRuns, why: str) -> None:
        self.say(f"The {self.name} {why}; another takes its place.")
        child.send(signal.SIGUSR1)
        # Short tasks cannot be seen from here; they end by themselves within their time limit.
        patience = 10.0 if self._workers is not None else float(settings.Q_CLUSTER["timeout"]) + 10
        self._leavers.append(Leaver(child, held, patience=patience, pauses=False))
        self.start()

    def take_leave_of(self, child: Child) -> None:
        """Its main process is gone. Its workers may be in the middle of runs that are well: those pause and go on elsewhere."""
        if self._held is not None:
            self._leavers.append(Leaver(child, self._held, patience=0, pauses=True))

    def _see_off(self, now: float) -> None:
        try:
            self._leavers = [leaver for leaver in self._leavers if not leaver.is_over(now)]
        except Error:
            connection.close()  # nothing is killed while nothing is known

    def ask_to_end(self) -> None:
        super().ask_to_end()
        for leaver in self._leavers:
            leaver.hurry()

    def is_over(self) -> bool:
        self._see_off(time.monotonic())
        return super().is_over() and not self._leavers

    def clear(self) -> None:
        super().clear()
        for leaver in self._leavers:
            leaver.clear()
