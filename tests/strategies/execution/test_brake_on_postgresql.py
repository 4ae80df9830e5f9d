"""A synthetic load on a real PostgreSQL server: the rate of steps falls to nothing within one step, and comes back.

Counted is by looks at the load, of which there is one before each step while all is well: no clock is read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from strategies import runs
from strategies.audit import Actor
from strategies.execution import brake, runner, watch
from strategies.load import Load
from strategies.models import JobRun, OperationLog, OperationStatus, RunStatus, Target
from strategies.platforms.base import Session
from tests.servers import RunningServer
from tests.strategies.execution.conftest import registered

pytestmark = pytest.mark.django_db(transaction=True)

STEPS, BEFORE, LOOKS_UNDER_LOAD = 16, 5, 20
PATIENCE = 60.0


def until(condition: Callable[[], Any], what: str) -> None:
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, f"waited in vain for {what}"
        time.sleep(0.01)


class Crowd:
    """Sessions of an application, all at work until they are sent home."""

    def __init__(self, server: RunningServer, database: str, size: int) -> None:
        self._server, self._database, self._size = server, database, size
        self._sessions: list[psycopg.Connection[Any]] = []
        self._threads: list[threading.Thread] = []

    def come(self) -> None:
        for _ in range(self._size):
            session = self._server.connect(self._database, application_name="crowd")
            thread = threading.Thread(target=self._work, args=(session,))
            thread.start()
            self._sessions.append(session)
            self._threads.append(thread)
        with self._server.connect() as seen:
            query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'crowd' AND state = 'active'"
            until(lambda: seen.execute(query).fetchone() == (self._size,), "the crowd")

    def _work(self, session: psycopg.Connection[Any]) -> None:
        with suppress(psycopg.errors.QueryCanceled):
            session.execute("SELECT pg_sleep(600)")

    def go(self) -> None:
        while self._sessions:
            self._sessions.pop().cancel_safe()
        for thread in self._threads:
            thread.join(PATIENCE)


@pytest.fixture
def crowd(server: RunningServer, database: str) -> Iterator[Crowd]:
    found = Crowd(server, database, 4)
    yield found
    found.go()


@pytest.fixture
def target(server: RunningServer, database: str) -> Target:
    """Tables without statistics: a step for each."""
    with server.connect(database) as connection:
        for number in range(STEPS):
            connection.execute(f"CREATE TABLE t{number:02} AS SELECT i FROM generate_series(1, 200) i")
    found = registered("postgresql", server.url(database), "shop")
    Target.objects.filter(pk=found.pk).update(load_limit=3)
    found.refresh_from_db()
    return found


@contextmanager
def at_work(run: JobRun) -> Iterator[None]:
    def work() -> None:
        try:
            runner.carry_out(run)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join(PATIENCE)
    assert not thread.is_alive()
    run.refresh_from_db()


def test_under_a_load_the_rate_of_steps_falls_to_nothing_within_one_step_and_comes_back(
    target: Target, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brake, "LOOK_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(watch, "EVERY_SECONDS", 0.02)
    real, looks = brake.Brake._look, list[float]()

    def look(self: brake.Brake, session: Session) -> Load | None:
        if len(looks) == BEFORE:  # between two steps, when five are done
            crowd.come()
        load = real(self, session)
        assert load is not None
        looks.append(load.figure)
        return load

    monkeypatch.setattr(brake.Brake, "_look", look)
    run = runs.ask(Actor("anna"), target, "STATISTICS_MAINTENANCE", timezone.now(), wake=False)
    assert runs.plan(run, timezone.now()), run.message
    assert run.steps_total == STEPS
    assert runs.release(run, Actor("anna"), run.plan_digest, timezone.now())
    taken = runs.claim(run.pk, "host/1/2/3.00", timezone.now())
    assert taken is not None

    def done() -> int:
        return OperationLog.objects.filter(run=run, status=OperationStatus.SUCCESS).count()

    with at_work(taken):
        try:
            until(lambda: len(looks) >= BEFORE + LOOKS_UNDER_LOAD, "looks under load")
            until(lambda: JobRun.objects.get(pk=run.pk).step_phase.startswith("waits, since"), "the words on the page")
            done_under_load, said = done(), JobRun.objects.get(pk=run.pk).step_phase
        finally:
            crowd.go()
    looks_under_load = sum(figure > 3 for figure in looks)
    assert looks[:BEFORE] == [0] * BEFORE
    assert done_under_load == BEFORE, "a look before each step, and none begins from the first look under load on"
    assert looks_under_load >= LOOKS_UNDER_LOAD
    assert said == "waits, since the database is busy (4 active sessions, limit 3)"
    assert (taken.status, done()) == (RunStatus.SUCCEEDED, STEPS)
    after = looks[BEFORE + looks_under_load :]
    assert 0 < after.count(0) <= STEPS - BEFORE, "the rate is what it was: one look lets one step begin"
