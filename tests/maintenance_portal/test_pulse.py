"""Workers with work in hand are not taken for dead, and those that hang are."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone
from django.utils.module_loading import import_string

from maintenance_portal import pulse, tasks
from strategies import queue
from strategies.models import Pulse
from tests.maintenance_portal.started import wait_for

LONG_AGO = timezone.now() - timedelta(hours=8)


@pytest.fixture
def pulses(transactional_db: None) -> Iterator[None]:
    for cluster in (queue.DEFAULT, queue.MAINTENANCE):
        Pulse.objects.create(cluster=cluster, asked_at=LONG_AGO, answered_at=LONG_AGO)
    yield
    for thread in threading.enumerate():
        if thread.name == "signs":
            thread.join(30)


def heard(cluster: str) -> datetime:
    answered_at = Pulse.objects.values_list("answered_at", flat=True).get(cluster=cluster)
    assert answered_at is not None
    return answered_at


def does(monkeypatch: pytest.MonkeyPatch, work: Any) -> None:
    monkeypatch.setattr(tasks, "assess", work)


def take(cluster: str = queue.DEFAULT) -> None:
    pulse.take("maintenance_portal.tasks.assess", 7, cluster)


def test_the_table_of_paths_names_what_workers_call() -> None:
    assert import_string(queue.TAKE) is pulse.take
    assert import_string(queue.ANSWER_PULSE) is pulse.answer


@pytest.mark.parametrize("cluster", [queue.DEFAULT, queue.MAINTENANCE])
def test_a_worker_gives_a_sign_when_it_takes_a_task_and_when_it_is_free_again(
    cluster: str, pulses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work: list[datetime] = []
    does(monkeypatch, lambda pk: at_work.append(heard(cluster)))
    take(cluster)
    assert LONG_AGO < at_work[0] < heard(cluster)


def test_a_sign_is_no_answer_to_the_question_that_waits_in_the_queue(
    pulses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    does(monkeypatch, lambda pk: None)
    take()
    assert Pulse.objects.get(cluster=queue.DEFAULT).asked_at == LONG_AGO
    pulse.answer(queue.DEFAULT)
    assert Pulse.objects.get(cluster=queue.DEFAULT).asked_at is None


def test_a_short_task_that_takes_its_time_gives_signs_all_the_while(
    pulses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "SIGN_EVERY_SECONDS", 0.05)
    seen: set[datetime] = set()

    def work(pk: int) -> None:
        wait_for(lambda: seen.add(heard(queue.DEFAULT)) or len(seen) > 3, "signs")

    does(monkeypatch, work)
    take()


def test_a_run_gives_no_signs_for_the_workers_beside_it(pulses: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "SIGN_EVERY_SECONDS", 0.01)

    def work(pk: int) -> None:
        before = heard(queue.MAINTENANCE)
        time.sleep(0.2)
        assert heard(queue.MAINTENANCE) == before

    does(monkeypatch, work)
    take(queue.MAINTENANCE)


def test_signs_end_once_no_task_may_take_so_long(pulses: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "SIGN_EVERY_SECONDS", 0.05)
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "timeout": 0.1}

    def work(pk: int) -> None:
        wait_for(lambda: all(thread.name != "signs" for thread in threading.enumerate()), "the last sign")

    does(monkeypatch, work)
    take()


def test_a_task_that_fails_ends_its_signs_and_fails(pulses: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(pk: int) -> None:
        raise SystemExit  # as the queue ends a task that takes too long

    does(monkeypatch, work)
    with pytest.raises(SystemExit):
        take()
    assert all(thread.name != "signs" for thread in threading.enumerate())


def test_trouble_with_a_sign_does_not_keep_a_worker_from_its_task(
    pulses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object) -> None:
        raise DatabaseError

    done: list[int] = []
    does(monkeypatch, done.append)
    monkeypatch.setattr(Pulse, "objects", type("Broken", (), {"filter": lambda *_, **__: broken(None)})())
    take()
    assert done == [7]


@pytest.mark.parametrize("is_away", [True, False])
def test_a_task_whose_database_is_away_ends_without_trouble_and_other_trouble_is_told(
    pulses: None, monkeypatch: pytest.MonkeyPatch, is_away: bool
) -> None:
    def work(pk: int) -> None:
        raise DatabaseError("DPY-4011")

    does(monkeypatch, work)
    monkeypatch.setattr(pulse, "is_cut_off", lambda error: is_away and isinstance(error, DatabaseError))
    with nullcontext() if is_away else pytest.raises(DatabaseError):
        take()
