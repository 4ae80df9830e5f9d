"""Wake-ups through a real Redis: they come once, vanish without harm while it is away, and go on when it is back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.conf import Conf
from django_q.signing import SignedPackage

from maintenance_portal import tasks
from strategies import queue
from strategies.models import Pulse
from tests.redis_server import RedisServer, redis_server


@pytest.fixture(scope="module")
def shared() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def server(shared: RedisServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """The portal is told of it, as by PORTAL_REDIS_URL."""
    from strategies import redis_broker

    if shared.process is None:
        shared.start()
    monkeypatch.undo()  # wake-ups are sent
    settings.PORTAL_REDIS = shared.address
    monkeypatch.setattr(Conf, "BROKER_CLASS", "strategies.redis_broker.RedisBroker")
    monkeypatch.setattr(redis_broker, "_reach", redis_broker._Reach())
    monkeypatch.setattr(redis_broker, "_REST_SECONDS", 0.0)
    monkeypatch.setattr(queue._Server, "is_away", False)
    redis_broker._client.cache_clear()
    broker().purge_queue()
    redis_broker._client.cache_clear()
    yield shared
    redis_broker._client.cache_clear()


def broker(cluster: str = queue.DEFAULT) -> Any:
    from strategies.redis_broker import RedisBroker

    return RedisBroker(cluster)


def fetched() -> list[Any]:
    """What a worker is called with, of all that is there."""
    at = broker()
    return [SignedPackage.loads(at.dequeue()[0][1])["args"] for _ in range(at.queue_size())]


def test_a_wake_up_comes_to_its_cluster_once(server: RedisServer) -> None:
    queue._send("maintenance_portal.tasks.assess", 7, queue.DEFAULT)
    assert broker(queue.MAINTENANCE).queue_size() == 0
    assert fetched() == [("maintenance_portal.tasks.assess", 7, "default")]
    assert broker().dequeue() is None


def test_another_installation_on_the_same_server_gets_none_of_them(server: RedisServer, settings: Any) -> None:
    from strategies import redis_broker

    queue._send("maintenance_portal.tasks.assess", 7, queue.DEFAULT)
    redis_broker._installation.cache_clear()
    settings.SECRET_KEY = "another key, of another installation of the portal"
    try:
        assert broker().queue_size() == 0
    finally:
        redis_broker._installation.cache_clear()


@pytest.mark.django_db
def test_while_it_is_away_nothing_fails_and_one_line_says_so(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    now = timezone.now()
    Pulse.objects.create(cluster=queue.DEFAULT, asked_at=now, answered_at=now - timedelta(hours=1))
    queue.look()
    assert queue.is_overdue(now, now, now + timedelta(hours=1))
    server.end()
    for _ in range(3):
        queue.look()
        queue._send("maintenance_portal.tasks.assess", 7, queue.DEFAULT)
        tasks.ask_pulses(now)
    assert not queue.is_overdue(
        now, now, now + timedelta(hours=1)
    )  # or it would wait ever longer when the server is back
    assert not queue.is_overdue(now, None, now)
    assert Pulse.objects.get().asked_at is None  # nobody is to be replaced for want of an answer
    assert broker().dequeue() is None
    server.start()
    for _ in range(3):
        queue.look()
    assert queue.is_overdue(now, now, now + timedelta(hours=1))
    queue._send("maintenance_portal.tasks.assess", 8, queue.DEFAULT)
    assert fetched() == [("maintenance_portal.tasks.assess", 8, "default")]
    ours = [record.getMessage() for record in caplog.records if "Redis" in record.getMessage()]
    assert ours == [
        "Redis takes and gives no wake-ups (ConnectionError); they are sent once it does.",
        "Redis takes and gives wake-ups again.",
    ]
    assert server.password not in caplog.text


def test_a_refused_password_is_trouble_of_the_same_kind_and_is_not_told(
    server: RedisServer, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings.PORTAL_REDIS = {**server.address, "password": "not s3cret"}
    assert not broker().ping()
    queue._send("maintenance_portal.tasks.assess", 7, queue.DEFAULT)
    assert "Redis takes and gives no wake-ups (AuthenticationError)" in caplog.text
    assert "s3cret" not in caplog.text


def test_while_it_is_away_nobody_waits_for_it_again_at_once(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from strategies import redis_broker

    monkeypatch.setattr(redis_broker, "_REST_SECONDS", 600.0)
    server.end()
    assert not broker().ping()
    server.start()
    assert not broker().ping()
    monkeypatch.setattr(redis_broker._reach, "_rests_until", 0.0)
    assert broker().ping()
