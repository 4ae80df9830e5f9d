"""Databases whose address takes calls and says nothing, or swallows them: given up in time, and nobody else waits for them."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from maintenance_portal import tasks
from strategies import registry, runs, secrets, targets
from strategies.audit import Actor
from strategies.models import JobRun, RunStatus, Target, Tenant
from strategies.workers import WorkerIdentity
from tests.strategies.platforms.oracle.listener import a_black_hole, a_listener

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")
STRATEGY = "STATISTICS_MAINTENANCE"
URLS = {
    "oracle": "oracle://portal@127.0.0.1:{port}/sales",
    "postgresql": "postgresql://portal@127.0.0.1:{port}/sales",
}
PATIENCE = 60.0  # until what must happen has happened; nothing waits for so long


@contextmanager
def a_silent_port() -> Iterator[int]:
    with a_listener() as listener:
        yield listener.port


def silent(platform: str, port: int) -> Target:
    tenant = Tenant.objects.get(name="Main")
    return Target.objects.create(
        name="sales", platform=platform, url=URLS[platform].format(port=port), tenant=tenant, secret=secrets.encrypt("hunter2")
    )  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Target:
    """A database that answers, with a table that was never analysed."""
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE orders(id INTEGER PRIMARY KEY, name)")
        connection.execute("CREATE INDEX by_name ON orders(name)")
        connection.executemany("INSERT INTO orders(name) VALUES (?)", ((f"n{n}",) for n in range(2000)))
    tenant = Tenant.objects.get(name="Main")
    return Target.objects.create(name="shop", platform="sqlite", url=f"sqlite:///{path}", tenant=tenant)


def given_up_after(monkeypatch: pytest.MonkeyPatch, platform: str, seconds: float) -> None:
    kind = type(registry.platforms()[platform])
    real = kind.connect
    monkeypatch.setattr(
        kind, "connect", lambda self, address, secret, tag: real(self, address, secret, tag, timeout_seconds=seconds)
    )


def until(condition: Callable[[], Any], what: str) -> None:
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, f"waited in vain for {what}"
        time.sleep(0.01)


def looked_at_and_mended(shop: Target) -> None:
    """All that a database goes through, from the check to the end of a run."""
    assert targets.check(shop, timezone.now()), shop.check_error
    run = runs.ask(ANNA, shop, STRATEGY, timezone.now(), is_released=True, wake=False)
    assert runs.plan(run, timezone.now()), run.reasons
    runs.ask_gate([run], timezone.now(), wake=False)
    claimed = runs.claim(run.pk, WorkerIdentity.current().text, timezone.now())
    assert claimed is not None
    tasks.carry_out(claimed)
    run.refresh_from_db()
    assert (run.status, run.steps_total) == (RunStatus.SUCCEEDED, 1), run.message


@pytest.mark.parametrize("place", [a_silent_port, a_black_hole], ids=["says nothing", "swallows packets"])
@pytest.mark.parametrize("platform", URLS)
def test_an_address_that_never_answers_is_given_up_and_asked_again_later(
    platform: str, place: Callable[[], Any], shop: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up_after(monkeypatch, platform, 1)
    with place() as port:
        sales = silent(platform, port)
        assert not targets.check(sales, timezone.now())
        assert sales.check_error
        assert "hunter2" not in sales.check_error
        assert sales.stopped_at is None, "nobody refused the account"
        run = runs.ask(ANNA, sales, STRATEGY, timezone.now(), is_released=True, wake=False)
        tasks.tick(timezone.now())
        run.refresh_from_db()
        assert [reason["code"] for reason in run.reasons] == ["unreachable"]
        assert run.status == RunStatus.PLANNED
        looked_at_and_mended(shop)


@pytest.mark.parametrize("work", ["check", "plan"])
@pytest.mark.parametrize("platform", URLS)
def test_while_one_database_hangs_the_others_are_checked_planned_and_mended(
    platform: str, work: str, shop: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hangs until the test lets it go; were anything to wait for it, this would never end."""
    given_up_after(monkeypatch, platform, 10 * PATIENCE)
    with a_listener() as listener:
        sales = silent(platform, listener.port)
        run = runs.ask(ANNA, sales, STRATEGY, timezone.now(), is_released=True, wake=False)
        if work == "check":
            targets.ask_check(sales, ANNA, timezone.now(), wake=False)

        def hang() -> None:
            try:
                tasks.check_target(sales.pk) if work == "check" else tasks.plan_run(run.pk)
            finally:
                connections.close_all()

        worker = threading.Thread(target=hang)
        worker.start()
        try:
            until(lambda: listener.connections == 1, "the call")
            tasks.tick(timezone.now())
            looked_at_and_mended(shop)
            second = runs.ask(ANNA, sales, STRATEGY, timezone.now(), is_released=True, wake=False)
            assert not runs.plan(second, timezone.now()), "another worker does not hang as well"
            assert [reason["code"] for reason in second.reasons] == ["plan_turn"]
            assert worker.is_alive()
            assert listener.connections == 1
        finally:
            listener.close()
            worker.join(PATIENCE)
    assert not worker.is_alive()
    if work == "check":
        sales.refresh_from_db()
        assert sales.check_error
    else:
        assert JobRun.objects.get(pk=run.pk).reasons[0]["code"] == "not_planned"
