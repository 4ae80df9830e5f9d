"""Wake-ups are sent again, but not without bound; what killed workers had fetched comes again; old traces go."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from django_q.models import OrmQ, Task

from strategies import queue
from strategies.models import Pulse


def sent(hours: float) -> list[int]:
    """After how many seconds a row that nobody takes up is woken again, asked each second."""
    since = woken_at = timezone.now()
    found = []
    for second in range(int(hours * 3600)):
        moment = since + timedelta(seconds=second, milliseconds=1)
        if queue.is_overdue(since, woken_at, moment):
            woken_at = moment
            found.append(second)
    return found


def test_a_row_is_woken_again_after_some_seconds_and_then_ever_less_often() -> None:
    assert sent(0.1) == [5, 11, 23, 47, 95, 191]


def test_a_row_that_waits_its_turn_for_hours_does_not_fill_the_queue() -> None:
    seconds = sent(8)
    assert 40 < len(seconds) < 60
    assert max(after - before for before, after in pairwise(seconds)) <= 601


def test_a_row_that_was_never_woken_is_woken_and_one_with_no_beginning_after_the_first_distance() -> None:
    now = timezone.now()
    assert queue.is_overdue(now, None, now)
    assert not queue.is_overdue(None, now, now + timedelta(seconds=5))
    assert queue.is_overdue(None, now, now + timedelta(seconds=6))


@pytest.mark.django_db
def test_wake_ups_are_taken_with_signs_of_life_and_the_pulse_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # these are queued
    queue._send("maintenance_portal.tasks.assess", 7, queue.DEFAULT)
    queue._send(queue.ANSWER_PULSE, queue.MAINTENANCE, queue.MAINTENANCE)
    called = [(row.key, row.task["func"], row.task["args"]) for row in OrmQ.objects.order_by("pk")]
    assert called == [
        ("default", queue.TAKE, ("maintenance_portal.tasks.assess", 7, "default")),
        ("maintenance", queue.ANSWER_PULSE, ("maintenance",)),
    ]


@pytest.mark.django_db
def test_what_the_cluster_before_had_fetched_is_delivered_to_the_one_that_starts() -> None:
    now = timezone.now()
    in_a_month = now + timedelta(days=30)
    fetched = OrmQ.objects.create(key=queue.MAINTENANCE, payload="", lock=in_a_month)
    of_another = OrmQ.objects.create(key=queue.DEFAULT, payload="", lock=in_a_month)
    Pulse.objects.create(cluster=queue.MAINTENANCE, asked_at=now, answered_at=now)
    queue.take_over(queue.MAINTENANCE)
    fetched.refresh_from_db()
    of_another.refresh_from_db()
    assert now <= fetched.lock <= timezone.now()
    assert of_another.lock == in_a_month
    assert Pulse.objects.get().asked_at is None


def failed(number: int, age: timedelta) -> None:
    at = timezone.now() - age
    Task.objects.bulk_create(
        Task(id=f"{number}-{age.days}-{n}", name="x", func=queue.TAKE, started=at, stopped=at, success=False)
        for n in range(number)
    )


@pytest.mark.django_db
def test_traces_of_failed_tasks_are_kept_for_a_month_and_go_in_batches() -> None:
    failed(2, timedelta(days=29))
    failed(501, timedelta(days=31))
    assert [queue.prune(timezone.now()) for _ in range(3)] == [500, 1, 0]
    assert Task.objects.count() == 2
