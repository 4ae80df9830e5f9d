"""Wake-ups through Redis, for django-q2. A server that is away, or has lost what it held, costs time and nothing else: the tick
sends again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import redis
from django.conf import settings
from django.utils.crypto import salted_hmac
from django_q.brokers import Broker
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)
T = TypeVar("T")

_ANSWERS_WITHIN_SECONDS = 2.0  # twice that is what a page that wakes somebody waits at most
_REST_SECONDS = 3.0
_WAIT_SECONDS = 1  # for the next wake-up, in one go: then whoever waits hears that it is to end


class RedisBroker(Broker):  # type: ignore[misc]
    """One list for each cluster. Portals with the same PORTAL_SECRET_KEY share them; others on the same server do not."""

    @property
    def key(self) -> str:
        return f"maintenance-portal:{_installation()}:{self.list_key}"

    @staticmethod
    def get_connection(list_key: str | None = None) -> redis.Redis:
        return _client()

    def enqueue(self, task: str) -> int | None:
        """None = it has vanished, as wake-ups may."""
        return _reach.ask(lambda: int(self.connection.rpush(self.key, task)), None)

    def dequeue(self) -> list[tuple[None, bytes]] | None:
        """The next wake-up, which is gone from the server then. Trouble does not leave here: it would end who asks."""
        found = _reach.ask(lambda: self.connection.blpop([self.key], timeout=_WAIT_SECONDS), None)
        if _reach.is_away:
            time.sleep(_WAIT_SECONDS)
        return [(None, found[1])] if found else None

    def ping(self) -> bool:
        """Whether the server answers."""
        return _reach.ask(lambda: bool(self.connection.ping()), False)

    def queue_size(self) -> int:
        return int(self.connection.llen(self.key))

    def lock_size(self) -> int:
        return 0

    def purge_queue(self) -> int:
        return int(self.connection.delete(self.key))

    def delete_queue(self) -> int:
        return self.purge_queue()

    def info(self) -> str:
        return "Redis"


class _Reach:
    """Whether this process reaches the server. That it does not is said once, and that it does again: not each time it is asked.

    While it does not, nobody waits for it again before some seconds are over.
    """

    def __init__(self) -> None:
        self.is_away = False
        self._rests_until = 0.0

    def ask(self, question: Callable[[], T], without: T) -> T:
        """The server's answer, or what holds `without` one."""
        if self.is_away and time.monotonic() < self._rests_until:
            return without
        try:
            answer = question()
        except redis.RedisError as trouble:
            if not self.is_away:  # of the trouble its kind alone: texts of others may say more than they should
                log.warning(
                    "Redis takes and gives no wake-ups (%s); they are sent once it does.", type(trouble).__name__
                )
            self.is_away, self._rests_until = True, time.monotonic() + _REST_SECONDS
            return without
        if self.is_away:
            log.warning("Redis takes and gives wake-ups again.")
        self.is_away = False
        return answer


_reach = _Reach()


@cache
def _client() -> redis.Redis:
    """One for each process. Tried twice: a connection that was open before the server was started anew is of no use any more."""
    return redis.Redis(
        **settings.PORTAL_REDIS, socket_connect_timeout=_ANSWERS_WITHIN_SECONDS,
        socket_timeout=_ANSWERS_WITHIN_SECONDS + _WAIT_SECONDS, retry=Retry(NoBackoff(), 1),
    )  # fmt: skip


@cache
def _installation() -> str:
    return salted_hmac("maintenance_portal.wake_ups", "lists", algorithm="sha256").hexdigest()[:16]
