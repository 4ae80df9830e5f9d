"""Figure 13: 10,000 messages that wait are delivered at a steady rate, and pages are no slower meanwhile.

A whole portal, started as people start it, delivers by a webhook to a receiver in this process. The rate of the slowest tenth of the
messages is told against that of all; and a page that is asked for once a second, while they are delivered and while nothing is.
"""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median

from django.conf import settings
from django.test import Client
from django.utils import timezone

from benchmarks.bench import Bench, reader
from benchmarks.measuring import Figure, at_least, at_most
from monitoring.models import ITSELF, Delivery, Notification, NotificationChannel
from strategies import secrets
from tests.maintenance_portal.started import StartedPortal, start, wait_for
from tests.monitoring.notifications.receivers import Receiver

MESSAGES = 10_000
TENTHS = 10
ASKED_EVERY_SECONDS = 1.0
LOOKS = 20
LONGEST_SECONDS = 1800.0


def measure(bench: Bench) -> Iterator[Figure]:
    many = 100 if bench.is_small else MESSAGES
    folder = bench.portals.folder / "notifying"
    folder.mkdir(mode=0o700)
    database = bench.portals.sqlite("notifying/portal")
    own = {
        "DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite3'}", "PORTAL_SECRET_KEY": settings.SECRET_KEY,
        "PORTAL_ENCRYPTION_KEYS": settings.PORTAL_ENCRYPTION_KEYS[0],
    }  # fmt: skip
    with database.use(), Receiver() as receiver:
        cookie = _signed_in()
        database.wrapper.close()
        with start(folder, "--no-demo", command=(), **own) as portal:
            wait_for(lambda: portal.answers("default"), "the workers")
            idle = [_look(portal, cookie) for _ in range(LOOKS)]
            _wait_for_delivery(receiver, many)
            busy = _looks_until_all_are_delivered(portal, cookie, many)
    with database.use():
        ended = (
            Notification.objects.filter(state=Delivery.DELIVERED)
            .order_by("ended_at")
            .values_list("ended_at", flat=True)
        )
        whole, slowest = _rates([moment for moment in ended if moment is not None])
    repeated = len(receiver.requests) - len({request.headers["webhook-id"] for request in receiver.requests})
    note = f"{whole:,.0f} a second; {repeated} sent more than once"
    yield Figure(
        "rate of the slowest tenth of the messages, of that of all",
        slowest / whole,
        at_least(0.5),
        "×",
        many,
        note=note,
    )
    ratio = median(busy) / median(idle)
    note = f"median {median(busy) * 1000:.0f} ms against {median(idle) * 1000:.0f} ms"
    yield Figure(
        "Home while they are delivered, of its time while nothing is", ratio, at_most(2), "×", len(busy), note=note
    )


def _signed_in() -> str:
    client = Client()
    client.force_login(reader())
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _look(portal: StartedPortal, cookie: str) -> float:
    """Seconds until Home is there."""
    request = urllib.request.Request(portal.url, headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"})  # noqa: S310 (our own)
    began = time.perf_counter()
    with urllib.request.urlopen(request) as response:  # noqa: S310
        if b"Running now" not in response.read():
            raise RuntimeError("Home did not open")
    return time.perf_counter() - began


def _wait_for_delivery(receiver: Receiver, many: int) -> None:
    channel = NotificationChannel.objects.create(
        name="benchmark", kind="webhook", settings={"url": receiver.url}, secret=secrets.encrypt("a-secret-of-the-benchmark")
    )  # fmt: skip
    now = timezone.now()
    Notification.objects.bulk_create(
        [
            Notification(
                key=f"benchmark-{number}", channel=channel, recipient=ITSELF, event="run.failed", subject=f"Run {number} failed",
                body="It failed.\n\n" * 5, created_at=now, waits_since=now, next_at=now,
            )
            for number in range(many)
        ],
        batch_size=500,
    )  # fmt: skip


def _looks_until_all_are_delivered(portal: StartedPortal, cookie: str, many: int) -> list[float]:
    took, until = [], time.monotonic() + LONGEST_SECONDS
    while Notification.objects.filter(state=Delivery.DELIVERED).count() < many:
        if time.monotonic() > until:
            raise RuntimeError("they were not all delivered")
        took.append(_look(portal, cookie))
        time.sleep(ASKED_EVERY_SECONDS)
    return took


def _rates(ended: Sequence[datetime]) -> tuple[float, float]:
    """Messages a second: over all of them, and of the tenth that took longest."""
    size = max(1, len(ended) // TENTHS)
    marks = [*ended[::size][:TENTHS], ended[-1]]
    longest = max((after - before).total_seconds() for before, after in pairwise(marks))
    return (len(ended) - 1) / max(1e-9, (ended[-1] - ended[0]).total_seconds()), size / max(1e-9, longest)
